"""The invented example package: a few records of everything, by which every rule is shown at work.

All names, dates and figures are made up. Schemas and codelists are the shipped ones.
"""

from __future__ import annotations

import copy
import json
from functools import cache
from pathlib import Path

from iraq_coalition_data.curation.files import describe, descriptor_bytes, table_bytes
from iraq_coalition_data.package import shipped
from iraq_coalition_data.reading import Row, Tables, read_rows
from iraq_coalition_data.resolution.derive import derive
from iraq_coalition_data.resolution.ledger import claim_id
from iraq_coalition_data.schemas import load_schema
from iraq_coalition_data.validation.rule import Edit
from iraq_coalition_data.validation.state import State

SCHEMAS = {name: load_schema(shipped(), name) for name in shipped().resources}
FORCE, GROUP, BRAND = "act-example-force-a", "act-example-group-c", "act-example-brand"
STATE_A, STATE_B, WIRE = "act-example-government-a", "act-example-government-b", "act-example-wire"
OFFICIAL, CATEGORY = "act-example-official", "act-example-armed-category"
COUNTRY, BASE, TOWN = "loc-example-country", "loc-example-base", "loc-example-town"


def _row(table: str, *cells: str, **named: str) -> Row:
    """Return a row from its first cells in order and from named ones."""
    return dict.fromkeys(SCHEMAS[table].names, "") | dict(zip(SCHEMAS[table].names, cells, strict=False)) | named


class _Maker:
    def __init__(self) -> None:
        self.tables: Tables = {name: [] for name in SCHEMAS}
        for name in SCHEMAS:
            if name.startswith("codelist_"):
                self.tables[name] = read_rows(shipped(), [name])[name]

    def add(self, table: str, *cells: str, **named: str) -> None:
        self.tables[table].append(_row(table, *cells, **named))

    def say(self, record: str, by: str, source: str, basis: str, says: dict[str, str], **named: str) -> None:
        """Add one claim per path."""
        day = next(row["published_on"] for row in self.tables["sources"] if row["source_id"] == source)
        for field, value in says.items():
            row = {
                "claim_id": claim_id(record, field, value, by, source),
                "record_id": record,
                "field": field,
                "value": value,
                "modifier": "exact",
                "stance": "asserts",
                "claimant_id": by,
                "basis": basis,
                "source_id": source,
                "reported_on": day,
                "status": "live",
                "recorded_in": "0.1.0",
            }
            self.add("claims", **row | named)

    def end(self, old: tuple[str, ...], new: tuple[str, ...], status: str, reason: str) -> None:
        """Let one claim, named by the parts of its hash, take the place of another."""
        for row in self.tables["claims"]:
            if row["claim_id"] == claim_id(*old):
                row |= {"status": status, "status_reason": reason, "superseded_by": claim_id(*new)}


def _reference_rows(x: _Maker) -> None:
    for cells in (
        (STATE_A, "Government A", "government", "us", STATE_A),
        (FORCE, "Force A", "armed_force", "us", STATE_A),
        (STATE_B, "Government B", "government", "iraq_federal", STATE_B),
        (GROUP, "Example Armed Group C", "armed_group", "iraq_armed_group", GROUP),
        (BRAND, "Example Brand", "facade_brand", "iraq_armed_group", BRAND),
        (CATEGORY, "Unnamed armed category", "anonymous_category", "iraq_armed_group", CATEGORY),
        (OFFICIAL, "Unnamed official", "anonymous_category", "us", OFFICIAL),
        (WIRE, "Example Wire", "media_outlet", "media", WIRE),
    ):
        placeholder = str(cells[0] in (CATEGORY, OFFICIAL)).lower()
        x.add("actors", *cells, is_placeholder=placeholder, is_brand=str(cells[0] == BRAND).lower())
    x.add("actor_names", GROUP, "Example Resistance Front", "en", "self_name", "src-2001-0002")
    x.add("actor_names", GROUP, "Exemplary Armed Group C", "en", "exonym", "src-2001-0003")
    x.add("locations", COUNTRY, "Example Country", kind="country", country="iq", tz="Asia/Baghdad")
    site = {"admin1": "iq-baghdad", "country": "iq", "parent_id": COUNTRY, "tz": "Asia/Baghdad"}
    x.add("locations", BASE, "Example Base", kind="base", lat="33.4", lon="44.02", **site)
    x.add("locations", TOWN, "Example Town", kind="town", lat="33.31", lon="44.37", **site)
    for key, name, kind, actor in (
        ("pub-example-force-a", "Force A", "armed_forces", FORCE),
        ("pub-example-government-a", "Government A", "government", STATE_A),
        ("pub-example-government-b", "Government B", "government", STATE_B),
        ("pub-example-group-c", "Group C Channel", "armed_group_media", GROUP),
        ("pub-example-wire", "Example Wire", "wire", WIRE),
    ):
        x.add("publishers", key, name, kind=kind, actor_id=actor)
    for number, publisher, kind, day, lang in (
        (1, "force-a", "press_release", "2001-02-04", "en"),
        (2, "group-c", "group_statement", "2001-02-03", "ar"),
        (3, "wire", "wire_story", "2001-02-05", "en"),
        (4, "force-a", "press_release", "2001-02-08", "en"),
        (5, "force-a", "press_release", "2001-02-11", "en"),
        (6, "group-c", "group_statement", "2001-02-20", "ar"),
        (7, "wire", "wire_story", "2001-02-22", "en"),
        (8, "group-c", "group_statement", "2001-03-02", "ar"),
        (9, "wire", "wire_story", "2001-03-03", "en"),
        (10, "government-a", "press_release", "2001-03-06", "en"),
        (11, "government-b", "press_release", "2001-03-06", "ar"),
        (12, "government-a", "joint_statement", "2001-03-10", "en"),
        (13, "government-b", "joint_statement", "2001-03-10", "ar"),
        (14, "group-c", "group_statement", "2001-04-02", "ar"),
        (15, "wire", "wire_story", "2001-04-10", "en"),
        (16, "force-a", "press_release", "2001-05-15", "en"),
        (17, "government-b", "press_release", "2001-05-15", "ar"),
        (18, "wire", "wire_story", "2001-02-20", "en"),
    ):
        source = f"src-2001-{number:04d}"
        url = f"https://example.org/{publisher}/{number}"
        x.add(
            "sources", source, f"pub-example-{publisher}", kind, f"Document {number}", url, f"https://archive.example.org/{number}",
            day, retrieved_on="2001-06-01", lang=lang, access="open",
        )  # fmt: skip


def _attacks(x: _Maker) -> None:
    first, second, third = "evt-2001-0001", "evt-2001-0002", "evt-2001-0003"
    text = (
        "Rockets were fired at Example Base. Force A said five were injured; Example Armed Group C claimed the launch."
    )
    x.add("events", first, "armed_action", "Rockets fired at Example Base", text, scope_reason="I1", unit_rule="salvo")
    x.say(first, GROUP, "src-2001-0002", "own_act", {
        "date": "2001-02-03", "time_local": "21:40", "location_id": BASE, f"actors/initiator/{GROUP}": "self_claimed",
    })  # fmt: skip
    x.say(first, GROUP, "src-2001-0002", "own_act", {"munitions/rocket/launched": "10"}, modifier="about")
    x.say(first, FORCE, "src-2001-0001", "own_harm", {
        "date": "2001-02-03", "location_id": BASE, "outcome": "impact_damage", "tags/mode/rocket": "true",
        "tags/target/military_base": "true", f"actors/target/{FORCE}": "stated",
        f"actors/initiator/{CATEGORY}": "attributed_by_target", "casualties/us_military/killed": "0",
    })  # fmt: skip
    x.say(first, FORCE, "src-2001-0001", "own_harm", {"munitions/rocket/impacted": "1"}, modifier="at_least")
    injured = "casualties/us_military/injured"
    x.say(
        first,
        FORCE,
        "src-2001-0001",
        "own_harm",
        {injured: "2"},
        modifier="at_least",
        value_as_stated="at least two",
        lang="en",
    )
    x.say(first, FORCE, "src-2001-0004", "own_harm", {injured: "5"})
    x.end(
        (first, injured, "2", FORCE, "src-2001-0001"),
        (first, injured, "5", FORCE, "src-2001-0004"),
        "superseded",
        "newer_statement",
    )
    x.add("event_tags", first, "context", "mission_end")

    text = "The Example Brand claimed rocket fire on a convoy in Example Town; Force A was the stated target."
    x.add("events", second, "armed_action", "Rockets fired in Example Town", text, scope_reason="I1", unit_rule="salvo")
    x.say(second, BRAND, "src-2001-0006", "own_act", {
        "date": "2001-02-20", "location_id": TOWN, f"actors/initiator/{BRAND}": "brand_claimed",
        f"actors/target/{FORCE}": "stated", "tags/mode/rocket": "true",
    })  # fmt: skip
    mortar = "tags/mode/mortar"
    x.say(second, WIRE, "src-2001-0018", "relayed_named", {"outcome": "impact_no_damage", mortar: "true"})
    x.say(second, WIRE, "src-2001-0007", "relayed_named", {mortar: "true"}, stance="denies")
    x.end(
        (second, mortar, "true", WIRE, "src-2001-0018"),
        (second, mortar, "true", WIRE, "src-2001-0007"),
        "retracted",
        "withdrawn_by_claimant",
    )

    x.say(second, GROUP, "src-2001-0014", "own_act", {f"actors/initiator/{GROUP}": "denied_by_named"}, stance="denies")

    text = "Force A said it struck a site of Example Armed Group C near Example Town and killed two of its members."
    x.add("events", third, "armed_action", "Strike near Example Town", text, scope_reason="I3", unit_rule="salvo")
    x.say(third, FORCE, "src-2001-0005", "own_act", {
        "date": "2001-02-10", "location_id": TOWN, "outcome": "impact_damage", f"actors/target/{GROUP}": "stated",
        f"actors/initiator/{FORCE}": "acknowledged_own_act",
    })  # fmt: skip
    x.say(third, FORCE, "src-2001-0005", "adversary", {"casualties/armed_group/killed": "2"})
    x.say(
        third,
        WIRE,
        "src-2001-0007",
        "relayed_named",
        {"date": "2001-02-10", "location_id": TOWN, "tags/mode/manned_aircraft": "true"},
    )
    x.add("event_links", third, "curator_linked_response_to", first)

    fourth, fifth = "evt-2001-0004", "evt-2001-0005"
    x.add(
        "events", fourth, "suspension_declared", "Group declares a halt",
        "Example Armed Group C said it halted attacks.", scope_reason="I1", unit_rule="single_act",
    )  # fmt: skip
    said = {"date": "2001-03-02", "location_id": COUNTRY, f"actors/announcer/{GROUP}": "stated"}
    x.say(fourth, GROUP, "src-2001-0008", "own_plan", said | {"outcome": "concluded"})
    x.say(fourth, WIRE, "src-2001-0009", "relayed_named", said)
    x.add(
        "events", fifth, "suspension_ended", "Group ends its halt",
        "Example Armed Group C said that its halt was over.", scope_reason="I1", unit_rule="single_act",
    )  # fmt: skip
    said = {"date": "2001-04-02", "location_id": COUNTRY, f"actors/announcer/{GROUP}": "stated"}
    linked = {f"links/ends_suspension/{fourth}": "true", f"links/stated_response_to/{third}": "true"}
    x.say(fifth, GROUP, "src-2001-0014", "own_plan", said | linked)
    x.say(fifth, WIRE, "src-2001-0015", "relayed_named", said)


def _talks(x: _Maker) -> None:
    sixth, seventh, eighth = "evt-2001-0006", "evt-2001-0007", "evt-2001-0008"
    x.add("processes", "prc-example-talks", "Talks of A and B on the mission", party_a_id=STATE_A, party_b_id=STATE_B)
    act = {"scope_reason": "I4", "unit_rule": "single_act"}
    text = "Government A and Government B said their delegations met."
    x.add("events", sixth, "negotiation_round", "First round of talks", text, process_id="prc-example-talks", **act)
    for actor, source in ((STATE_A, "src-2001-0010"), (STATE_B, "src-2001-0011")):
        said = {
            "date": "2001-03-05",
            "location_id": TOWN,
            f"actors/negotiator/{actor}": "stated",
            "outcome": "concluded",
        }
        x.say(sixth, actor, source, "own_act", said)
    text = "Government A and Government B announced that the mission ends by 30 June 2002."
    x.add("events", seventh, "communique", "Joint statement of A and B", text, **act)
    agreement, statement = "agr-example-statement", "mst-example-mission-end-v01"
    x.add(
        "agreements",
        agreement,
        label="Joint statement of 2001",
        stage="pre_negotiation",
        text_source_id="src-2001-0012",
    )
    x.add(
        "milestones", "mst-example-mission-end", "End of the mission", "mission_ends", COUNTRY, agreement,
        outcome_rule="A party says that the mission has ended.",
    )  # fmt: skip
    x.add(
        "milestone_statements",
        statement,
        "mst-example-mission-end",
        STATE_A,
        STATE_B,
        "joint_official",
        "2001-03-10",
        event_id=seventh,
    )
    for actor, source in ((STATE_A, "src-2001-0012"), (STATE_B, "src-2001-0013")):
        x.say(
            seventh,
            actor,
            source,
            "own_act",
            {"date": "2001-03-10", "location_id": TOWN, f"actors/announcer/{actor}": "stated"},
        )
        x.say(agreement, actor, source, "document_text", {
            "form": "joint_statement", "announced": "2001-03-10", f"parties/announcer/{actor}": "true",
            f"events/announced_by/{seventh}": "true",
        })  # fmt: skip
        x.say(statement, actor, source, "document_text", {"target": "../2002-06-30", "qualifier": "no_later_than"})

    x.add(
        "milestones", "mst-example-handover", "Hand-over of Example Base", "site_handover", BASE,
        outcome_rule="A party says that Government B holds the base.", outcome_event_id=eighth,
    )  # fmt: skip
    x.add(
        "milestone_statements",
        "mst-example-handover-v01",
        "mst-example-handover",
        OFFICIAL,
        "",
        "official_unnamed",
        "2001-04-10",
    )
    x.say(
        "mst-example-handover-v01",
        OFFICIAL,
        "src-2001-0015",
        "relayed_anonymous",
        {"target": "2001-05", "qualifier": "within"},
    )
    text = "Force A and Government B said that Example Base was handed over."
    x.add(
        "events", eighth, "site_handover", "Example Base handed over", text, scope_reason="I5", unit_rule="single_act"
    )
    x.add("location_status", "lst-0001", BASE, "hosts_coalition", FORCE)
    x.add("location_status", "lst-0002", BASE, "transferred", STATE_B)
    for actor, source, role in (
        (FORCE, "src-2001-0016", "departing_force"),
        (STATE_B, "src-2001-0017", "receiving_force"),
    ):
        said = {"date": "2001-05-15", "location_id": BASE, "outcome": "concluded", f"actors/{role}/{actor}": "stated"}
        x.say(eighth, actor, source, "own_act", said)
        x.say("lst-0002", actor, source, "own_act", {"start": "2001-05-15"})
    x.say("lst-0001", FORCE, "src-2001-0016", "own_act", {"start": "2001-01-10", "end": "2001-05-14"})


def _figures(x: _Maker) -> None:
    x.add("actor_relations", "rel-0001", BRAND, "facade_of", GROUP)
    x.say("rel-0001", STATE_A, "src-2001-0010", "adversary", {"exists": "true"})
    x.add("actor_relations", "rel-0002", FORCE, "part_of", STATE_A)
    x.say("rel-0002", STATE_A, "src-2001-0010", "own_act", {"exists": "true", "start": "1990"})
    x.add("force_levels", "frc-2001-0001", FORCE, COUNTRY, "publicly_disclosed", "military")
    x.say("frc-2001-0001", FORCE, "src-2001-0016", "document_text", {"start": "2001-03-15", "end": "2001-03-15"})
    x.say("frc-2001-0001", FORCE, "src-2001-0016", "document_text", {"count": "2500"}, modifier="about")
    for key, end, source in (
        ("tly-2001-0001", "2001-02-28", "src-2001-0016"),
        ("tly-2001-0002", "2001-04-30", "src-2001-0016"),
    ):
        x.add("reported_tallies", key, FORCE, "attacks_on_us_coalition", COUNTRY, "2001-01-01", end, "Asia/Baghdad")
        x.say(key, FORCE, source, "document_text", {"count": "2"})
    for row in x.tables["codelist_coverage_family"]:
        for start, end in (("2001-01-01", "2001-03-31"), ("2001-04-01", "2001-12-31")):
            if row["code"] == "attacks":
                x.add("coverage", row["code"], COUNTRY, start, end, "dense")
        if row["code"] != "attacks":
            x.add("coverage", row["code"], COUNTRY, "2001-01-01", "2001-12-31", "tier1_only")
    x.add("retired_ids", "evt-2001-9001", "evt-2001-0001", "merged", "0.1.0")


@cache
def _tables() -> Tables:
    maker = _Maker()
    _reference_rows(maker)
    _attacks(maker)
    _talks(maker)
    _figures(maker)
    state = State({}, SCHEMAS, maker.tables)
    return maker.tables | derive(maker.tables, {name: SCHEMAS[name] for name in state.data_tables}, state.grammar)


def example_state(*, with_previous: bool = True) -> State:
    """Return a fresh state of the example package, which may be edited."""
    tables = copy.deepcopy(_tables())
    previous = copy.deepcopy(tables) if with_previous else None
    return State(shipped().descriptor, SCHEMAS, tables, previous=previous)


@cache
def example_files() -> dict[str, bytes]:
    """Return the files of the example package by path, byte by byte as a release would have them."""
    files: dict[str, bytes] = {}
    for name, resource in shipped().resources.items():
        if resource.is_codelist:
            files[resource.path] = shipped().read(resource.path)
        else:
            files[resource.path] = table_bytes(SCHEMAS[name], _tables()[name])
        files[resource.schema_path] = shipped().read(resource.schema_path)
    return files | {"datapackage.json": descriptor_bytes(describe(shipped().descriptor, files, SCHEMAS))}


def write_example(folder: Path) -> Path:
    """Write the example package to a folder."""
    for path, data in example_files().items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return folder


def apply_to_state(state: State, edit: Edit) -> None:
    """Make one change to the rows of a state."""
    table = edit.table
    if edit.row:
        state.tables[table].append(_row(table, **dict(edit.row)))
        return
    row = next(row for row in state.tables[table] if is_named(table, row, edit.key))
    if edit.column:
        assert edit.column in row, f"{table} has no column {edit.column}"
        row[edit.column] = edit.value
    else:
        state.tables[table] = [other for other in state.tables[table] if other is not row]


def is_named(table: str, row: Row, key: str) -> bool:
    """Return whether an edit means this row by its key."""
    if table == "claims":
        text = " ".join(row[c] for c in ("record_id", "field", "claimant_id", "value", "source_id"))
        return (text + " ").startswith(key + " ")
    return key == " ".join(row[part] for part in SCHEMAS[table].primary_key)


def apply_to_folder(folder: Path, edit: Edit) -> None:
    """Make one change to a file of a written package."""
    target = folder / edit.path
    if not edit.old:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(edit.new, encoding="utf-8", newline="")
        return
    text = target.read_bytes().decode("utf-8")
    assert edit.old in text, f"{edit.path} does not hold {edit.old!r}"
    target.write_bytes(text.replace(edit.old, edit.new, 1).encode("utf-8"))


def descriptor_of(folder: Path) -> dict[str, object]:
    """Return the descriptor of a written package."""
    return json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
