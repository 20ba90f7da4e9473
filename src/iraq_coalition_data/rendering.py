"""One record as text for a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import wrap
from typing import Any

from .terminal import WIDTH, heading

_HIDDEN = ("title", "summary", "note", "label", "name", "n_claims", "n_origins")


def card_text(card: dict[str, Any]) -> str:
    """Return a record, its child rows, its evidence and its history as text."""
    lines = [heading(line) for line in wrap(f"{card['id']}  {card['name']}", WIDTH)]
    record = card["record"]
    for column in ("summary", "outcome_rule", "condition"):
        if column in record:
            lines += wrap(record[column], WIDTH)
    lines.append("")
    key = next(iter(record))
    for column, value in record.items():
        if column != key and column not in (*_HIDDEN, "outcome_rule", "condition"):
            name = f" ({card['names'][column]})" if column in card["names"] else ""
            lines += wrap(f"{column}: {value}{name}", WIDTH, initial_indent="  ", subsequent_indent="    ")
    for name, rows in card["children"].items():
        lines += ["", heading(name.split("_", 1)[1].capitalize())]
        for row in rows:
            lines += _item(_child(name, row))
    if card["links"]:
        lines += ["", heading("Links")]
        for row in card["links"]:
            lines += _item(f"{row['from_event_id']} {row['link']} {row['to_event_id']}")
    for path, states in card["histories"].items():
        lines += ["", heading(f"History of {path}")]
        lines += [f"  {state['known_from']}  {state['value'] or 'not decidable'}" for state in states]
    lines += _claims(card["claims"])
    for table, ids in card["related"].items():
        lines += [
            "",
            heading(f"Named in {table}"),
            *wrap(", ".join(ids), WIDTH, initial_indent="  ", subsequent_indent="  "),
        ]
    if "note" in record:
        lines += ["", *wrap(f"Note: {record['note']}", WIDTH)]
    return "\n".join(lines)


def _item(text: str) -> list[str]:
    return wrap(text, WIDTH, initial_indent="  ", subsequent_indent="    ")


def _child(table: str, row: dict[str, str]) -> str:
    if table == "event_actors":
        best = "  (best attested)" if row["is_best"] == "true" else ""
        return f"{row['role']}: {row['actor_id_name']} – {row['attribution']}{best}"
    if table in ("event_casualties", "event_munitions"):
        kind = " ".join(value for key, value in list(row.items())[1:3])
        return f"{kind}: {_range(row)}"
    if table == "agreement_parties":
        return f"{row['party_role']}: {row['actor_id_name']}"
    if table == "agreement_events":
        return f"{row['relation']}: {row['event_id']} {row['event_id_name']}"
    return f"{row['scheme']}: {row['code']}"


def _range(row: dict[str, str]) -> str:
    best = row["best"] or "not decidable"
    span = "" if row["low"] == row["best"] == row["high"] else f" ({row['low']} to {row['high'] or 'open'})"
    return best + span + (", contested" if row["contested"] == "true" else "")


def _claims(claims: Iterable[dict[str, str]]) -> list[str]:
    """Return claims grouped by source, so that each page is named once."""
    sources: dict[str, list[dict[str, str]]] = {}
    for claim in sorted(claims, key=lambda c: (c["reported_on"], c["source_id"], c["field"])):
        sources.setdefault(claim["source_id"], []).append(claim)
    lines = ["", heading(f"Claims from {len(sources)} sources")] if sources else []
    for source_id, group in sources.items():
        first = group[0]
        lines += wrap(
            f"{first['publisher']}: {first['source_title']} [{source_id}]",
            WIDTH,
            initial_indent="  ",
            subsequent_indent="  ",
        )
        lines.append(f"  {first['url']}")
        for claim in group:
            state = "" if claim["status"] == "live" else f" [{claim['status']}]"
            verb = "" if claim["stance"] == "asserts" else "denies "
            modifier = "" if claim["modifier"] == "exact" else claim["modifier"].replace("_", " ") + " "
            words = f" “{claim['value_as_stated']}”" if claim["value_as_stated"] else ""
            value = f"{verb}{claim['field']} = {modifier}{claim['value']}{words}{state}"
            text = f"{claim['reported_on']} {claim['claimant']}: {value}"
            lines += wrap(text, WIDTH, initial_indent="    ", subsequent_indent="      ")
    return lines
