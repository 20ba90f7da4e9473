"""One wide row per record, with names beside identifiers: what most people want first."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from .loading import ATTRS, UnknownTableError, load
from .reading import Row
from .resolution.store import Store, shipped_store

if TYPE_CHECKING:
    import pandas as pd

_SEPARATOR = "; "


def flat(table: str) -> pd.DataFrame:
    """Return one row per event, actor or agreement, ready to filter, plot or export.

    Parameters
    ----------
    table : {"events", "actors", "agreements"}
        What a row stands for.

    Returns
    -------
    pandas.DataFrame
        ``events``: the columns of the table with place name, coordinates (degrees, WGS 84),
        governorate and country; names and identifiers of the best-attested initiators, of targets
        and of other participants; modes; killed and injured summed over groups as low, best, high
        (persons; missing where nothing is coded, never zero by default); number of sources and the
        first source. ``actors``: names, principal, number of events and claims. ``agreements``:
        parties, dates, status, text and number of sources. Several names in one cell are joined by
        a semicolon and a blank.

    Raises
    ------
    UnknownTableError
        For any other table.

    Examples
    --------
    >>> events = flat("events")
    >>> {"location", "initiators", "injured_best", "n_sources"} <= set(events.columns)
    True
    """
    makers: dict[str, Callable[[Store], list[dict[str, Any]]]] = {
        "events": _events,
        "actors": _actors,
        "agreements": _agreements,
    }
    if table not in makers:
        near = difflib.get_close_matches(str(table), makers, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise UnknownTableError(f"there is no flat view of {table!r}.{hint} There are: events, actors, agreements.")
    frame = load(table)  # type: ignore[call-overload]
    attrs = dict(frame.attrs)
    for position, name, values in _columns(frame, makers[table](shipped_store())):
        frame.insert(position, name, values)
    frame.attrs[ATTRS] = attrs[ATTRS] | {"table": f"flat({table})"}
    return frame


def _columns(frame: pd.DataFrame, rows: list[dict[str, Any]]) -> Iterable[tuple[int, str, Any]]:
    """Yield new columns with their place: right after the identifier they spell out, else last."""
    import pandas as pd

    for name in rows[0] if rows else ():
        values = [row[name] for row in rows]
        if isinstance(next((v for v in values if v is not None), ""), int):
            column: Any = pd.array(values, dtype="Int64")
        elif isinstance(next((v for v in values if v is not None), ""), float):
            column = pd.array([float("nan") if v is None else v for v in values], dtype="float64")
        else:
            column = pd.Series(values, dtype=object if pd.__version__ < "3" else "str")
        anchor = f"{name}_id"
        yield (frame.columns.get_loc(anchor) + 1 if anchor in frame.columns else len(frame.columns)), name, column


def _join(parts: Iterable[str]) -> str | None:
    return _SEPARATOR.join(dict.fromkeys(parts)) or None


def _group(rows: Iterable[Row], column: str) -> dict[str, list[Row]]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row[column], []).append(row)
    return groups


def _sources(store: Store, record_id: str) -> dict[str, Any]:
    fields = store.ledger.by_record.get(record_id, {})
    claims = sorted(
        (c for claims in fields.values() for c in claims if c.status == "live"),
        key=lambda c: (c.reported_on, c.row["source_id"]),
    )
    sources = list(dict.fromkeys(claim.row["source_id"] for claim in claims))
    first = store.records[sources[0]][1]["url"] if sources else None
    return {"n_sources": len(sources), "first_source_url": first}


def _events(store: Store) -> list[dict[str, Any]]:
    actors = _group(store.tables["event_actors"], "event_id")
    tags = _group(store.tables["event_tags"], "event_id")
    harm = _group(store.tables["event_casualties"], "event_id")
    rows = []
    for event in store.tables["events"]:
        event_id = event["event_id"]
        place = store.records[event["location_id"]][1]
        part = actors.get(event_id, [])
        best = [row for row in part if row["is_best"] == "true"]
        targets = [row for row in part if row["role"] in ("target", "victim")]
        others = [r for r in part if r["role"] not in ("initiator", "co_initiator", "target", "victim", "claimant")]
        row: dict[str, Any] = {
            "location": place["name"],
            "admin1": place["admin1"] or None,
            "country": place["country"] or None,
            "lat": float(place["lat"]) if place["lat"] else None,
            "lon": float(place["lon"]) if place["lon"] else None,
            "initiators": _join(store.name(r["actor_id"]) for r in best),
            "initiator_ids": _join(r["actor_id"] for r in best),
            "initiator_attribution": _join(r["attribution"] for r in best),
            "targets": _join(store.name(r["actor_id"]) for r in targets),
            "participants": _join(store.name(r["actor_id"]) for r in others),
            "modes": _join(r["code"] for r in tags.get(event_id, []) if r["scheme"] == "mode"),
        }
        for outcome in ("killed", "injured"):
            coded = [r for r in harm.get(event_id, []) if r["outcome"] == outcome]
            for bound in ("low", "best", "high"):
                cells = [r[bound] for r in coded]
                row[f"{outcome}_{bound}"] = sum(map(int, cells)) if cells and all(cells) else None
        rows.append(row | _sources(store, event_id))
    return rows


def _actors(store: Store) -> list[dict[str, Any]]:
    names = _group(store.tables["actor_names"], "actor_id")
    events = _group(store.tables["event_actors"], "actor_id")
    claims = _group(store.tables["claims"], "claimant_id")
    return [
        {
            "principal": store.name(actor["principal_id"]),
            "other_names": _join(
                row["name"] for row in names.get(actor["actor_id"], []) if row["name"] != actor["name"]
            ),
            "n_events": len({row["event_id"] for row in events.get(actor["actor_id"], [])}),
            "n_claims": len(claims.get(actor["actor_id"], [])),
        }
        for actor in store.tables["actors"]
    ]


def _agreements(store: Store) -> list[dict[str, Any]]:
    parties = _group(store.tables["agreement_parties"], "agreement_id")
    rows = []
    for agreement in store.tables["agreements"]:
        members = parties.get(agreement["agreement_id"], [])
        text = store.records[agreement["text_source_id"]][1]["url"] if agreement["text_source_id"] else None
        rows.append(
            {
                "parties": _join(store.name(row["actor_id"]) for row in members),
                "party_ids": _join(row["actor_id"] for row in members),
                "text_url": text,
            }
            | _sources(store, agreement["agreement_id"])
        )
    return rows
