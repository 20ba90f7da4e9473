"""Small invented worlds for tests of resolution and as-of views."""

from __future__ import annotations

from itertools import count

from iraq_coalition_data.curation.adding import claim_id
from iraq_coalition_data.package import shipped
from iraq_coalition_data.reading import read_rows
from iraq_coalition_data.resolution.derive import derive
from iraq_coalition_data.resolution.grammar import grammar
from iraq_coalition_data.resolution.ledger import View
from iraq_coalition_data.schemas import shipped_schema

SCHEMAS = {name: shipped_schema(name) for name in shipped().table_names}
CODELISTS = read_rows(shipped(), [name for name in shipped().resources if name.startswith("codelist_")])

ACTORS = {
    # name: (kind, side, principal, is_placeholder)
    "act-force-a": ("armed_force", "us", "act-force-a", "false"),
    "act-spokesman-a": ("person_public_role", "us", "act-force-a", "false"),
    "act-host": ("government", "iraq_federal", "act-host", "false"),
    "act-group-b": ("armed_group", "iraq_armed_group", "act-group-b", "false"),
    "act-wire": ("media_outlet", "media", "act-wire", "false"),
    "act-paper": ("media_outlet", "media", "act-paper", "false"),
    "act-unnamed": ("anonymous_category", "unknown", "act-unnamed", "true"),
}
PLACES = {"loc-land": "", "loc-north": "loc-land", "loc-base": "loc-north", "loc-camp": "loc-north"}


def row(table: str, **cells: str) -> dict[str, str]:
    """Return a row of `table` with every column, empty where not given."""
    return dict.fromkeys(SCHEMAS[table].names, "") | cells


class World:
    """Tables that are filled claim by claim; every claim has a source of its own unless one is named."""

    def __init__(self) -> None:
        self.tables = {name: [] for name in SCHEMAS} | CODELISTS
        self._numbers = count(1)
        for actor, (kind, side, principal, placeholder) in ACTORS.items():
            self.tables["actors"].append(
                row("actors", actor_id=actor, name=actor, kind=kind, side=side, principal_id=principal,
                    is_placeholder=placeholder, is_brand="false")
            )  # fmt: skip
        for place, parent in PLACES.items():
            kind = "base" if place in ("loc-base", "loc-camp") else "region"
            self.tables["locations"].append(
                row("locations", location_id=place, name=place, kind=kind, parent_id=parent, tz="Asia/Baghdad")
            )
        self.tables["publishers"].append(row("publishers", publisher_id="pub-wire", name="Wire", kind="wire"))

    def event(self, event_id: str = "evt-2001-0001", event_type: str = "armed_action", **cells: str) -> str:
        self.tables["events"].append(
            row("events", event_id=event_id, event_type=event_type, title="Rockets fired at a base",
                summary="Rockets were fired at a base.", scope_reason="I1", unit_rule="salvo", **cells)
        )  # fmt: skip
        return event_id

    def source(self, day: str, derives_from: str = "") -> str:
        source_id = f"src-2001-{next(self._numbers):04d}"
        self.tables["sources"].append(
            row("sources", source_id=source_id, publisher_id="pub-wire", doc_type="wire_story", title="T",
                url=f"https://example.org/{source_id}", published_on=day, retrieved_on=day, lang="en",
                derives_from=derives_from, access="open")
        )  # fmt: skip
        return source_id

    def claim(
        self,
        record: str,
        field: str,
        value: str,
        day: str = "2001-02-03",
        by: str = "act-force-a",
        basis: str = "own_harm",
        source: str | None = None,
        **cells: str,
    ) -> str:
        source = source or self.source(day)
        identifier = claim_id(record, field, value, by, source)
        self.tables["claims"].append(
            row("claims", claim_id=identifier, record_id=record, field=field, value=value,
                **{"modifier": "exact", "stance": "asserts", "status": "live"} | cells,
                claimant_id=by, basis=basis, source_id=source, reported_on=day, recorded_in="0.1.0")
        )  # fmt: skip
        return identifier

    def supersede(self, old: str, new: str, status: str = "superseded", reason: str = "newer_statement") -> None:
        for claim in self.tables["claims"]:
            if claim["claim_id"] == old:
                claim |= {"status": status, "status_reason": reason, "superseded_by": new}

    def reject(self, claim_id: str, reason: str) -> None:
        for claim in self.tables["claims"]:
            if claim["claim_id"] == claim_id:
                claim |= {"status": "rejected", "status_reason": reason}

    def derived(self, as_of: str | None = None, *, hindsight: bool = False, policy: str = "balanced"):
        view = None if as_of is None else View(as_of, hindsight, policy)
        return derive(self.tables, SCHEMAS, grammar(), view)

    def only(self, table: str, as_of: str | None = None, **options):
        rows = self.derived(as_of, **options)[table]
        assert len(rows) == 1, rows
        return rows[0]
