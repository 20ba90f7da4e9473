"""Findings as text for people, as JSON for programs, and as annotations for GitHub."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Sequence
from itertools import groupby
from textwrap import fill

from .finding import ERROR, MEASURE, WARNING, Finding
from .rule import RULES
from .runner import not_checked, sort_findings

_WIDTH = 80
_MAX_PER_CODE = 20
_MAX_VALUE = 200
_LEVELS = {ERROR: "error", WARNING: "warning", MEASURE: "notice"}
_COLOURS = {ERROR: "31", WARNING: "33", MEASURE: "36"}


def render(findings: Sequence[Finding], style: str = "text", *, colour: bool = False) -> str:
    """Return findings as one text.

    Parameters
    ----------
    findings : sequence of Finding
        In any order.
    style : {"text", "json", "github"}
        ``text`` groups findings by rule and shows at most 20 of each; the others show all.
    colour : bool
        Whether ``text`` may colour headings, for a terminal.

    Raises
    ------
    ValueError
        For any other style.
    """
    renderers: dict[str, Callable[[Sequence[Finding]], str]] = {
        "text": lambda ordered: _as_text(ordered, colour=colour),
        "json": _as_json,
        "github": _as_github,
    }
    if style not in renderers:
        raise ValueError(f"there is no report style {style!r}; expected 'text', 'json' or 'github'")
    return renderers[style](sort_findings(findings))


def visible(text: str) -> str:
    r"""Return a text in which characters that cannot be seen are named.

    Examples
    --------
    >>> visible("Peshmerga\u00a0")
    'Peshmerga<U+00A0>'
    """
    return "".join(
        c if (c.isprintable() and unicodedata.category(c) != "Zs") or c == " " else f"<U+{ord(c):04X}>" for c in text
    )


def _as_text(findings: Sequence[Finding], *, colour: bool) -> str:
    blocks = []
    for code, group in groupby(findings, key=lambda finding: finding.code):
        members = list(group)
        blocks.append(_heading(code, members, colour=colour))
        blocks += [_entry(finding) for finding in members[:_MAX_PER_CODE]]
        if len(members) > _MAX_PER_CODE:
            rest = len(members) - _MAX_PER_CODE
            blocks.append(f"  … and {rest:,} more of {code}; icd validate --format json lists all.")
        if members[0].severity != MEASURE:
            blocks.append(f"  More: icd explain {code}")
        blocks.append("")
    unchecked = not_checked(findings)
    if unchecked:
        why = (
            f"Not checked until these are mended: {_count(len(unchecked), 'rule')} that look at whole tables or records"
        )
        shown = f" ({', '.join(unchecked)})" if len(unchecked) <= 5 else ""
        blocks += [fill(f"{why}{shown}.", _WIDTH), ""]
    return "\n".join([*blocks, _summary(findings)])


def _heading(code: str, members: Sequence[Finding], *, colour: bool) -> str:
    title = RULES[code].title if code in RULES else ""
    severity = members[0].severity
    text = fill(f"{severity} {code}  {title}", _WIDTH, subsequent_indent=" " * 8)
    return f"\x1b[1;{_COLOURS[severity]}m{text}\x1b[0m" if colour else text


def _entry(finding: Finding) -> str:
    place = finding.file or ""
    if finding.line:
        place += f":{finding.line}"
    where = "  ".join(part for part in (place, finding.record, finding.column) if part)
    lines = [f"  {visible(where)}"] if where else []
    body = [visible(finding.message)]
    if finding.expected:
        body.append(f"Expected {visible(finding.expected)[:_MAX_VALUE]}.")
    if finding.suggestion:
        body.append(visible(finding.suggestion))
    lines.append(fill(" ".join(body), _WIDTH, initial_indent="    ", subsequent_indent="    "))
    return "\n".join(lines)


def _summary(findings: Sequence[Finding]) -> str:
    counts = {severity: sum(f.severity == severity for f in findings) for severity in _LEVELS}
    if not counts[ERROR] and not counts[WARNING]:
        return "No errors and no warnings."
    parts = [_count(counts[ERROR], ERROR) if counts[ERROR] else "No errors"]
    if counts[WARNING]:
        parts.append(_count(counts[WARNING], WARNING))
    fixable = sum(finding.fixable for finding in findings)
    return ", ".join(parts) + (f"; {fixable} of them icd fmt mends." if fixable else ".")


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def _as_json(findings: Sequence[Finding]) -> str:
    counts = {severity: sum(f.severity == severity for f in findings) for severity in _LEVELS}
    document = {"counts": counts, "not_checked": not_checked(findings), "findings": [f.as_dict() for f in findings]}
    # Lone surrogates and the like stay escaped, so that the text can always be written.
    return json.dumps(document, indent=2, ensure_ascii=True)


def _as_github(findings: Sequence[Finding]) -> str:
    return "\n".join(_annotation(finding) for finding in findings)


def _annotation(finding: Finding) -> str:
    properties = []
    if finding.file:
        properties.append(f"file={_escaped_property(visible(finding.file))}")
    if finding.line:
        properties.append(f"line={finding.line}")
    where = " ".join(part for part in (finding.code, finding.record, finding.column) if part)
    properties.append(f"title={_escaped_property(visible(where))}")
    text = visible(finding.message)
    if finding.expected:
        text += f" Expected {visible(finding.expected)[:_MAX_VALUE]}."
    if finding.suggestion:
        text += f" {visible(finding.suggestion)}"
    return f"::{_LEVELS[finding.severity]} {','.join(properties)}::{_escaped(text)}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escaped_property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
