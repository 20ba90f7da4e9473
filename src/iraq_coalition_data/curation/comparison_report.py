"""A comparison of two states as text, Markdown, HTML or JSON: removals first, then changes, then additions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from html import escape
from textwrap import wrap
from typing import Any

from ..reading import Row
from ..validation.report import counted, visible
from ..validation.reporting import markdown_text
from .bumps import PATCH
from .comparing import CAME, STAYED, WENT, Comparison, Evidence, RecordPart
from .differences import Change, Key
from .record_history import Step
from .states import CLAIMS, DataState

_WIDTH = 80
_MAX_CLAIMS = 8
_SIGNS = {WENT: "-", CAME: "+", STAYED: "="}
_STYLE = """\
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h2 { border-bottom: 1px solid; margin-top: 2.5rem }
h3 { margin-bottom: .3rem }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .2rem .8rem .2rem 0; overflow-wrap: anywhere }
th { font-weight: 600; width: 12rem }
del { color: #b3261e } ins { color: #1b7f3b; text-decoration: none }
@media (prefers-color-scheme: dark) { del { color: #ff8a80 } ins { color: #7fdc9a } }
ul { margin-top: .2rem } code { font-size: .9em }"""


def render_comparison(found: Comparison, style: str = "text", limit: int = 200) -> str:
    """Return a comparison as one text.

    Parameters
    ----------
    found : Comparison
        What to render.
    style : str
        One of `STYLES`; ``json`` holds everything, whatever the limit.
    limit : int
        How many records of each kind to show before the count of the rest.
    """
    return STYLES[style](found, limit)


def _sections(found: Comparison) -> Iterator[tuple[str, str, DataState, list[RecordPart]]]:
    """Yield heading, sign, state and records of every kind of change that there is."""
    for heading, sign, state, parts in (
        ("Removed", "-", found.before, found.removed),
        ("Changed", "~", found.after, found.changed),
        ("Added", "+", found.after, found.added),
    ):
        if parts:
            yield heading, sign, state, parts


def _verdict(found: Comparison) -> str:
    least = f"The least version after {found.before.version} is {found.least_version}: {found.bump.part}."
    if found.version_suffices or found.bump.part == PATCH:
        return least
    return f"{least} The version in {found.after.name} is still {found.after.version}."


def _reasons(found: Comparison, limit: int) -> list[tuple[str, str]]:
    shown = [(reason.part, reason.what) for reason in found.bump.reasons[:limit]]
    rest = found.bump.reasons[limit:]
    return [*shown, (rest[0].part, _rest(len(rest), "reason"))] if rest else shown


def _row_head(part: RecordPart, table: str, key: Key) -> str:
    """Return what tells a row from the others of its record; the record's own row needs nothing."""
    rest = " ".join(cell for cell in key if cell != part.record)
    return f"{table} {rest}" if rest and (table, rest) != (part.table, part.record) else ""


def _row_fields(state: DataState, table: str, row: Row) -> list[tuple[str, str]]:
    """Return the cells that say something of their own: no keys, and nothing that is computed."""
    schema = state.schemas[table]
    if table == CLAIMS:
        who = state.title("actors", row["claimant_id"]) or row["claimant_id"]
        verb = "" if row["stance"] == "asserts" else f"{row['stance']} "
        return [(row["field"], f"{verb}{_worded(row)}"), ("by", f"{who}, {row['reported_on']}")]
    return [
        (field.name, row[field.name])
        for field in schema.fields
        if row[field.name] and field.kind != "computed" and field.name not in schema.primary_key
    ]


def _worded(claim: Row) -> str:
    modifier = "" if claim["modifier"] == "exact" else claim["modifier"].replace("_", " ") + " "
    return f"{modifier}{claim['value']}" + (f" “{claim['value_as_stated']}”" if claim["value_as_stated"] else "")


def _claim_line(evidence: Evidence) -> str:
    claim = evidence.claim
    verb = "" if claim["stance"] == "asserts" else f"{claim['stance']} "
    where = f"({evidence.publisher}, {claim['claim_id']})"
    return f"{claim['reported_on']} {evidence.claimant}: {verb}{claim['field']} = {_worded(claim)} {where}"


def _column(part: RecordPart, change: Change) -> str:
    head = _row_head(part, change.table, change.key)
    return f"{head} {change.column}" if head else change.column


def _rest(number: int, what: str) -> str:
    return f"and {counted(number, f'more {what}')}"


# Text


def _as_text(found: Comparison, limit: int) -> str:
    lines = [*_item(f"{found.before} -> {found.after}", 0), *_item(_verdict(found), 0)]
    for rising, what in _reasons(found, limit):
        lines += _item(f"{rising:5}  {what}", 2)
    for heading, sign, state, parts in _sections(found):
        lines += ["", f"{heading} ({counted(len(parts), 'record')})"]
        for part in parts[:limit]:
            lines += _item(f"{sign} {part.table} {part.record}  {part.name}".rstrip(), 0)
            lines += _part_text(found, state, part)
        if len(parts) > limit:
            lines.append(f"  {_rest(len(parts) - limit, 'record')}")
    return "\n".join(lines)


def _part_text(found: Comparison, state: DataState, part: RecordPart) -> list[str]:
    lines = []
    for table, key, row in part.rows:
        lines += _row_text(_row_head(part, table, key), _row_fields(state, table, row))
    for changes, claims in found.on_whose_word(part):
        for change in changes:
            lines += _change_text(_column(part, change), change.old or "empty", change.new or "empty")
        for evidence in claims[:_MAX_CLAIMS]:
            lines += _item(f"{_SIGNS[evidence.fate]} {_claim_line(evidence)}", 8)
        if len(claims) > _MAX_CLAIMS:
            lines.append(" " * 8 + _rest(len(claims) - _MAX_CLAIMS, "claim"))
    return lines


def render_history(steps: Sequence[Step]) -> str:
    """Return how a record changed from state to state as text, the earliest first."""
    lines = []
    for step in steps:
        name = step.state.title(step.state.table_of.get(step.record, ""), step.record)
        lines += _item(f"{step.state}: {step.what}  {step.record}  {name}".rstrip(), 0)
        if step.comparison:
            for heading, _, state, parts in _sections(step.comparison):
                for part in parts:
                    if part.record == step.record:
                        lines += [f"  {heading.lower()}", *_part_text(step.comparison, state, part)]
    return "\n".join(lines)


def history_json(steps: Sequence[Step]) -> str:
    """Return how a record changed from state to state as JSON."""
    document = [
        {"state": step.state.name, "version": step.state.version, "record": step.record, "what": step.what}
        | {kind: [asdict(part) for part in step.parts(kind)] for kind in ("removed", "changed", "added")}
        for step in steps
    ]
    return json.dumps(document, ensure_ascii=False, indent=2)


def _item(text: str, indent: int) -> list[str]:
    margin = " " * indent
    # Whatever a stranger wrote, a terminal must not obey it.
    shown = visible(text)
    return wrap(shown, _WIDTH, initial_indent=margin, subsequent_indent=margin + "  ", break_on_hyphens=False)


def _row_text(head: str, fields: list[tuple[str, str]]) -> list[str]:
    if head:
        said = ", ".join(f"{name}: {value}" for name, value in fields)
        return _item(f"{head}{' – ' if said else ''}{said}", 4)
    return [line for name, value in fields for line in _item(f"{name}: {value}", 4)]


def _change_text(column: str, old: str, new: str) -> list[str]:
    one_line = _item(f"{column}: {old} -> {new}", 4)
    if len(one_line) == 1:
        return one_line
    return [*_item(f"{column}:", 4), *_item(f"- {old}", 6), *_item(f"+ {new}", 6)]


# Markdown


def _as_markdown(found: Comparison, limit: int) -> str:
    lines = [f"**{markdown_text(_verdict(found))}**", ""]
    lines += [f"- {rising}: {markdown_text(what)}" for rising, what in _reasons(found, limit)]
    for heading, _, state, parts in _sections(found):
        lines += ["", f"### {heading} ({counted(len(parts), 'record')})", ""]
        for part in parts[:limit]:
            names = (markdown_text(name) for name in (part.table, part.record, part.name))
            lines.append("- {} **{}** {}".format(*names).rstrip())
            for table, key, row in part.rows:
                head = _row_head(part, table, key)
                said = ", ".join(f"{name}: {value}" for name, value in _row_fields(state, table, row))
                lines.append(f"  - {markdown_text(': '.join(filter(None, (head, said))))}")
            for changes, claims in found.on_whose_word(part):
                lines += [
                    f"  - {markdown_text(_column(part, c))}: {_marked('~~', c.old)} → {_marked('**', c.new)}"
                    for c in changes
                ]
                lines += [f"    - {e.fate}: {markdown_text(_claim_line(e))}" for e in claims[:_MAX_CLAIMS]]
                if len(claims) > _MAX_CLAIMS:
                    lines.append(f"    - {_rest(len(claims) - _MAX_CLAIMS, 'claim')}")
        if len(parts) > limit:
            lines.append(f"- {_rest(len(parts) - limit, 'record')}")
    return "\n".join(lines) + "\n"


def _marked(mark: str, value: str) -> str:
    return f"{mark}{markdown_text(value)}{mark}" if value else "empty"


# HTML


def _as_html(found: Comparison, limit: int) -> str:
    title = f"{found.before} → {found.after}"
    body = [f"<h1>{_safe(title)}</h1>", f"<p><strong>{_safe(_verdict(found))}</strong></p>"]
    body.append(_list([f"{rising}: {_safe(what)}" for rising, what in _reasons(found, limit)]))
    for heading, _, state, parts in _sections(found):
        body.append(f"<h2>{heading} ({counted(len(parts), 'record')})</h2>")
        for part in parts[:limit]:
            body.append(f"<h3>{_safe(part.table)} <code>{_safe(part.record)}</code> {_safe(part.name)}</h3>")
            for table, key, row in part.rows:
                body.append(f"<h4>{_safe(_row_head(part, table, key))}</h4>" if table != part.table else "")
                body.append(_table((name, _safe(value)) for name, value in _row_fields(state, table, row)))
            for changes, claims in found.on_whose_word(part):
                body.append(
                    _table((_column(part, c), f"{_tagged('del', c.old)} → {_tagged('ins', c.new)}") for c in changes)
                )
                shown = [f"{e.fate}: {_linked(_claim_line(e), e.url)}" for e in claims[:_MAX_CLAIMS]]
                body.append(_list(shown + [_rest(len(claims) - _MAX_CLAIMS, "claim")] * (len(claims) > _MAX_CLAIMS)))
        if len(parts) > limit:
            body.append(f"<p>{_rest(len(parts) - limit, 'record')}</p>")
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{_safe(title)}</title><style>\n{_STYLE}\n</style>"
    )
    lines = ["<!doctype html>", f'<html lang="en"><head>{head}</head><body>', *filter(None, body), "</body></html>"]
    return "\n".join(lines) + "\n"


def _safe(text: str) -> str:
    return escape(visible(text))


def _tagged(tag: str, value: str) -> str:
    return f"<{tag}>{_safe(value)}</{tag}>" if value else "empty"


def _linked(text: str, url: str) -> str:
    # An address in data may be of any kind; only pages are linked.
    return f'<a href="{_safe(url)}">{_safe(text)}</a>' if url.startswith(("https://", "http://")) else _safe(text)


def _list(items: list[str]) -> str:
    return "<ul>" + "".join(f"<li>{item}</li>" for item in items) + "</ul>" if items else ""


def _table(rows: Iterator[tuple[str, str]]) -> str:
    return "<table>" + "".join(f"<tr><th>{_safe(name)}</th><td>{cell}</td></tr>" for name, cell in rows) + "</table>"


# JSON


def _as_json(found: Comparison, _: int) -> str:
    def rows(group: list[tuple[str, Key, Row]]) -> list[dict[str, Any]]:
        return [{"table": table, "key": list(key), "row": row} for table, key, row in group]

    document = {
        "before": {"state": found.before.name, "version": found.before.version},
        "after": {"state": found.after.name, "version": found.after.version},
        "least_bump": found.bump.part,
        "least_version": found.least_version,
        "version_suffices": found.version_suffices,
        "reasons": [asdict(reason) for reason in found.bump.reasons],
        "removed": rows(found.rows.removed),
        "changed": [
            asdict(change) | {"claims": [asdict(evidence) for evidence in found.evidence(change)]}
            for change in found.rows.changed
        ],
        "added": rows(found.rows.added),
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


STYLES: dict[str, Callable[[Comparison, int], str]] = {
    "text": _as_text,
    "markdown": _as_markdown,
    "html": _as_html,
    "json": _as_json,
}
