"""Commented record bundles to fill in, made from the schemas so that they never drift."""

from __future__ import annotations

import difflib
from textwrap import wrap

from ..package import shipped
from ..reading import read_codes
from ..resolution.grammar import grammar
from ..schemas import Field, Schema, shipped_schema

_KINDS = {
    "event": "events",
    "actor": "actors",
    "agreement": "agreements",
    "force_level": "force_levels",
    "location": "locations",
    "milestone": "milestones",
    "name": "actor_names",
    "process": "processes",
    "publisher": "publishers",
    "relation": "actor_relations",
    "site_status": "location_status",
    "statement": "milestone_statements",
    "tally": "reported_tallies",
}
_SHOWN_CODES = 30
_WAYS_TO_NAME = {
    "sources": "An identifier or an address",
    **dict.fromkeys(("actors", "locations", "publishers"), "An identifier or a name"),
}
_NUMBERED = ("events", "force_levels", "reported_tallies", "actor_relations", "location_status", "milestone_statements")


_CARRIED = {
    "milestones": "It appears once a statement is made of it, so add one in the same batch: icd new statement.",
    "processes": "It appears once an event belongs to it, so add one in the same batch: icd new event.",
}
# Labels are commented out, or every event that begins as a template would carry them.
_LINK_LINES = [
    "# links:",
    "#   # Context tags are labels; how and against what is said by claims.",
    "#   tags:",
    "#     - {scheme: context, code: mission_end}",
    "#   event_links:",
    "#     - {link: follows_up, to: '', note: ''}",
]


class UnknownKindError(ValueError):
    """There is no bundle of this kind."""


def template(kind: str) -> str:
    """Return a commented bundle to fill in.

    Parameters
    ----------
    kind : str
        ``event``, ``actor``, ``agreement``, ``milestone``, ``statement``, ``source``, …

    Returns
    -------
    str
        YAML; lines that begin with ``#`` explain and may be deleted.

    Raises
    ------
    UnknownKindError
        With the nearest kind.

    Examples
    --------
    >>> template("event").splitlines()[1]
    'table: events'
    """
    if kind == "source":
        return "\n".join(["# Goes under sources: of any bundle.", *_source_lines()]) + "\n"
    if kind not in _KINDS:
        near = difflib.get_close_matches(kind, [*_KINDS, "source"], n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise UnknownKindError(f"there is no bundle of kind {kind!r}.{hint} There are: {', '.join(_KINDS)}, source.")
    table = _KINDS[kind]
    schema = shipped_schema(table)
    about = f"{schema.description} {_CARRIED.get(table, '')}"
    lines = [*(f"# {line}" for line in wrap(about, 108, break_on_hyphens=False)), f"table: {table}"]
    if table in _NUMBERED:
        lines.append('handle: a-short-name  # other bundles of the batch may write "@a-short-name"')
    lines.append("record:")
    lines += _record_lines(schema)
    if table == "events":
        lines += _LINK_LINES
    if table in grammar().slots:
        lines += ["sources:", *_indented(_source_lines(), "  "), *_path_lines(table)]
    return "\n".join(lines) + "\n"


def _record_lines(schema: Schema) -> list[str]:
    codes = read_codes(shipped(), schema)
    lines: list[str] = []
    for field in schema.fields:
        if field.kind in ("claimed", "computed"):
            continue
        is_key = schema.primary_key == (field.name,)
        if is_key and schema.name in _NUMBERED:
            continue
        lines += _comment(field, codes.get(field.codelist or "", []))
        name = "id" if is_key else field.name
        lines.append(f"  {name}: ''" if field.required else f"  # {name}: ''")
    return lines


def _comment(field: Field, codes: list[str]) -> list[str]:
    text = field.description + ("" if field.required else " Optional.")
    if field.guideline:
        text += f" {field.guideline}"
    if codes:
        shown = ", ".join(codes[:_SHOWN_CODES])
        rest = len(codes) - _SHOWN_CODES
        text += f" One of: {shown}" + (f" and {rest} more in data/codelists/{field.codelist}.csv." if rest > 0 else ".")
    elif field.reference:
        what = _WAYS_TO_NAME.get(field.reference[0], "An identifier")
        text += f" {what} of the table {field.reference[0]}."
    return [f"  # {line}" for line in wrap(text, 96, break_on_hyphens=False)]


def _source_lines() -> list[str]:
    schema = shipped_schema("sources")
    codes = read_codes(shipped(), schema)
    lines = [
        "- url: 'https://'",
        "  # archive_url: 'https://'",
        "  # A page that is in the data already needs no meta.",
    ]
    lines.append("  meta:")
    for field in schema.fields:
        if field.name not in ("source_id", "url", "archive_url"):
            lines += [f"  {line}" for line in _comment(field, codes.get(field.codelist or "", []))]
            lines.append(f"    {field.name}: ''" if field.required else f"    # {field.name}: ''")
    lines += [
        "  claims:",
        "    # Who says it, not who prints it; how they would know: see data/codelists/basis.csv.",
        "    - by: ''",
        "      basis: ''",
        "      # reported_on: only where the claimant spoke publicly earlier; then with a note.",
        "      # locator: page or paragraph",
        "      # stance: denies, where the claimant says that it is not so",
        "      # note: remark on these claims",
        "      says:",
        "        # path: value, or with the wording (at most twelve words):",
        "        # path: {value: 5, modifier: at_least, words: 'at least five', lang: en}",
    ]
    return lines


def _path_lines(table: str) -> list[str]:
    """Return the claim paths of a table, the plain ones to fill in and the others as examples."""
    return [f"          {'# ' if '<' in path else ''}{path}: ''" for path in grammar().paths(table) if path != "exists"]


def _indented(lines: list[str], by: str) -> list[str]:
    return [by + line for line in lines]
