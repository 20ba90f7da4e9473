"""Findings as text for people: in a terminal, and as Markdown on a page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from textwrap import fill

from .exchange import as_github, as_json, as_junit, as_sarif
from .finding import ERROR, MEASURE, WARNING, Finding
from .report import MAX_PER_CODE, Report, counted, place_of, title_of, visible, wording_of
from .state import did_you_mean

_WIDTH = 80
_COLOURS = {ERROR: "31", WARNING: "33", MEASURE: "36"}
_MARKUP = re.compile(r"[\\`*_{}\[\]<>()#!|~&]")


def render(findings: Sequence[Finding], style: str = "text", *, colour: bool = False) -> str:
    """Return findings as one text; see `render_report`."""
    return render_report(Report(findings), style, colour=colour)


def render_report(report: Report, style: str = "text", *, colour: bool = False) -> str:
    """Return what a run of the validator says as one text.

    Parameters
    ----------
    report : Report
        What was found.
    style : str
        One of `STYLES`. ``text`` and ``markdown`` group findings by rule and show at most 20 of
        each; the others hold all.
    colour : bool
        Whether ``text`` may colour headings, for a terminal.

    Raises
    ------
    ValueError
        For any other style.
    """
    if style not in STYLES:
        hint = did_you_mean(style, STYLES)
        raise ValueError(f"there is no report style {style!r}; expected one of {', '.join(STYLES)}. {hint or ''}")
    return _as_text(report, colour=colour) if style == "text" else STYLES[style](report)


def _by_rule(report: Report) -> Iterator[tuple[str, list[Finding], int]]:
    """Yield every code with the findings to show and the number of the rest."""
    for code, group in groupby(report.findings, key=lambda finding: finding.code):
        members = list(group)
        yield code, members[:MAX_PER_CODE], max(len(members) - MAX_PER_CODE, 0)


def _as_text(report: Report, *, colour: bool = False) -> str:
    blocks = []
    for code, shown, n_more in _by_rule(report):
        blocks.append(_heading(code, shown[0].severity, colour=colour))
        blocks += [_entry(finding) for finding in shown]
        if n_more:
            blocks.append(f"  … and {n_more:,} more of {code}; icd validate --format json lists all.")
        if shown[0].severity != MEASURE:
            blocks.append(f"  More: icd explain {code}")
        blocks.append("")
    for sentence in (_not_checked(report), report.remainder):
        if sentence:
            blocks += [fill(sentence, _WIDTH), ""]
    return "\n".join([*blocks, report.totals])


def _heading(code: str, severity: str, *, colour: bool) -> str:
    text = fill(f"{severity} {code}  {title_of(code)}", _WIDTH, subsequent_indent=" " * 8)
    return f"\x1b[1;{_COLOURS[severity]}m{text}\x1b[0m" if colour else text


def _entry(finding: Finding) -> str:
    where = "  ".join(visible(part) for part in (place_of(finding), finding.record, finding.column) if part)
    lines = [f"  {where}"] if where else []
    return "\n".join([*lines, fill(wording_of(finding), _WIDTH, initial_indent="    ", subsequent_indent="    ")])


def _not_checked(report: Report) -> str:
    codes = report.unchecked
    if not codes:
        return ""
    shown = f" ({', '.join(codes)})" if len(codes) <= 5 else ""
    until = "because of errors that are left out here" if report.hides_a_cause else "until these are mended"
    return f"Not checked {until}: {counted(len(codes), 'rule')} that look at whole tables or records{shown}."


def _as_markdown(report: Report) -> str:
    blocks = [f"**{report.totals}**"]
    for code, shown, n_more in _by_rule(report):
        lines = [f"### {shown[0].severity} {code}: {markdown_text(title_of(code))}", ""]
        lines += ["| place | record | column | what |", "|---|---|---|---|"]
        lines += [
            f"| {' | '.join(markdown_text(c or '') for c in (place_of(f), f.record, f.column, wording_of(f)))} |"
            for f in shown
        ]
        if n_more:
            lines += ["", f"… and {n_more:,} more of {code}."]
        blocks.append("\n".join(lines))
    blocks += [sentence for sentence in (_not_checked(report), report.remainder) if sentence]
    return "\n\n".join(blocks) + "\n"


def markdown_text(text: str) -> str:
    """Return a text that Markdown shows as it is, and in which nobody is mentioned."""
    return _MARKUP.sub(r"\\\g<0>", visible(text)).replace("@", "@<!-- -->")


STYLES: dict[str, Callable[[Report], str]] = {
    "text": _as_text,
    "markdown": _as_markdown,
    "json": as_json,
    "github": as_github,
    "sarif": as_sarif,
    "junit": as_junit,
}
