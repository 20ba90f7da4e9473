"""What the command line shows: the package at a glance, one record whole, and search."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from textwrap import shorten
from typing import Any

from .package import shipped
from .reading import Row, is_released
from .resolution.queries import history
from .resolution.store import Store, shipped_store

_TEXT_COLUMNS = (
    "name",
    "name_ar",
    "name_ku",
    "name_local",
    "title",
    "label",
    "summary",
    "note",
    "value_as_stated",
    "condition",
)
_CHILDREN = (
    "event_actors",
    "event_casualties",
    "event_munitions",
    "event_tags",
    "agreement_parties",
    "agreement_events",
)


def summary() -> dict[str, Any]:
    """Return version, integrity, tables, coverage and events per month as plain values."""
    package = shipped()
    store = shipped_store()
    edited = [r.path for r in package.resources.values() if not is_released(package.read(r.path), r.sha256)]
    months = Counter(row["date_start"][:7] for row in store.tables["events"])
    claims = store.tables["claims"]
    return {
        "version": package.version,
        "title": package.descriptor["title"],
        "edited_files": edited,
        "tables": [
            {"table": name, "rows": len(store.tables[name]), "what": _clause(store.schemas[name].description)}
            for name in package.table_names
        ],
        "claims": {"live": sum(row["status"] == "live" for row in claims), "all": len(claims)},
        "newest_report": store.ledger.newest,
        "coverage": [
            {key: row[key] for key in ("family", "area_id", "date_start", "date_end", "completeness")}
            for row in store.tables["coverage"]
        ],
        "events_per_month": dict(sorted(months.items())),
    }


def _clause(description: str) -> str:
    """Return the beginning of a description, short enough for one line of a listing."""
    return shorten(re.split(r"[.:;]", description)[0], 48, placeholder=" …")


def card(identifier: str) -> dict[str, Any]:
    """Return one record with its child rows, its evidence and how its figures changed.

    Raises
    ------
    UnknownIdError
        If there is no such record.
    """
    store = shipped_store()
    record_id = store.resolve_id(identifier)
    table, row = store.records[record_id]
    fields = store.ledger.by_record.get(record_id, {})
    return {
        "id": record_id,
        "table": table,
        "name": store.name(record_id),
        "record": {k: v for k, v in row.items() if v},
        "names": {k: store.name(v) for k, v in row.items() if v in store.records and v != record_id},
        "children": {name: rows for name in _CHILDREN if (rows := _child_rows(store, name, record_id))},
        "links": _links(store, record_id),
        "claims": [_claim(store, claim.row) for claims in fields.values() for claim in claims],
        "histories": {path: _history(record_id, path) for path, claims in sorted(fields.items()) if _changed(claims)},
        "related": _related(store, record_id),
    }


def _child_rows(store: Store, name: str, record_id: str) -> list[Row]:
    column = store.schemas[name].primary_key[0]
    return [
        row | {f"{k}_name": store.name(v) for k, v in row.items() if k.endswith("_id") and k != column}
        for row in store.tables[name]
        if row[column] == record_id
    ]


def _links(store: Store, record_id: str) -> list[dict[str, str]]:
    found = []
    for row in store.tables["event_links"]:
        if record_id in (row["from_event_id"], row["to_event_id"]):
            found.append(row | {"from": store.name(row["from_event_id"]), "to": store.name(row["to_event_id"])})
    return found


def _claim(store: Store, row: Row) -> dict[str, str]:
    source = store.records[row["source_id"]][1]
    return row | {
        "claimant": store.name(row["claimant_id"]),
        "publisher": store.name(source["publisher_id"]),
        "source_title": source["title"],
        "url": source["url"],
    }


def _changed(claims: list[Any]) -> bool:
    return len({claim.value for claim in claims}) > 1


def _history(record_id: str, path: str) -> list[dict[str, str]]:
    frame = history(record_id, path)
    return [
        {"value": str(row.value), "known_from": f"{row.known_from:%Y-%m-%d}"} for row in frame.itertuples(index=False)
    ]


def _related(store: Store, record_id: str) -> dict[str, list[str]]:
    """Return identifiers of records that refer to this one, by table."""
    found: dict[str, list[str]] = {}
    for name in (
        "events",
        "milestone_statements",
        "agreements",
        "milestones",
        "force_levels",
        "reported_tallies",
        "actor_relations",
    ):
        schema = store.schemas[name]
        references = [field.name for field in schema.fields if field.reference and not field.codelist]
        ids = [r[schema.primary_key[0]] for r in store.tables[name] if record_id in [r[c] for c in references]]
        if ids:
            found[name] = ids
    return found


def find(text: str) -> list[dict[str, str]]:
    """Return the records in which every word of `text` occurs, titles first.

    Accents and case are ignored; names in Arabic and Kurdish are searched as well.
    """
    words = [_plain(word) for word in text.split()]
    store = shipped_store()
    hits: list[tuple[int, dict[str, str]]] = []
    for name, schema in store.schemas.items():
        for row in store.tables[name]:
            cells = [(column, row[column]) for column in schema.names if column in _TEXT_COLUMNS and row[column]]
            cells.append((schema.primary_key[0], " ".join(row[k] for k in schema.primary_key)))
            whole = _plain(" ".join(cell for _, cell in cells))
            if not words or not all(word in whole for word in words):
                continue
            column, cell = max(cells, key=lambda c: sum(word in _plain(c[1]) for word in words))
            identifier = row["record_id"] if name == "claims" else row[schema.primary_key[0]]
            rank = 0 if column in ("name", "title", "label") else 1 if column == "summary" else 2
            hits.append(
                (
                    rank,
                    {
                        "id": identifier,
                        "table": name,
                        "name": store.name(identifier),
                        "column": column,
                        "text": _snippet(cell, words),
                    },
                )
            )
    hits.sort(key=lambda hit: hit[0])
    return [hit for _, hit in hits]


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def _snippet(cell: str, words: list[str], width: int = 70) -> str:
    position = max(
        0, min((m.start() for word in words for m in re.finditer(re.escape(word), _plain(cell))), default=0) - 20
    )
    cut = cell[position : position + width]
    return ("…" if position else "") + cut + ("…" if position + width < len(cell) else "")


def columns(table: str | None, field: str | None) -> list[dict[str, Any]]:
    """Return the tables, the columns of one table, or one column, as the codebook describes them.

    Raises
    ------
    UnknownTableError
        With the nearest name.
    """
    from .loading import codebook, tables

    frame = tables() if table is None else codebook(table, field)
    return [
        {key: value for key, value in row.items() if value == value}
        for row in frame.astype(object).where(frame.notna(), None).to_dict("records")
    ]
