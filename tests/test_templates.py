"""A printed template says all that may be given and nothing else, and once filled in it can be added."""

from __future__ import annotations

import re

import pytest

from curating import DATA_SCHEMAS, parsed, planned, refusals, rows
from example import SCHEMAS, example_state
from iraq_coalition_data.curation.bundles import parse_bundles
from iraq_coalition_data.curation.templates import UnknownKindError, template
from iraq_coalition_data.package import shipped
from iraq_coalition_data.reading import read_codes
from iraq_coalition_data.resolution.grammar import grammar

STATE = example_state(with_previous=False)
KINDS = {
    "event": "events", "actor": "actors", "agreement": "agreements", "force_level": "force_levels",
    "location": "locations", "milestone": "milestones", "name": "actor_names", "process": "processes",
    "publisher": "publishers", "relation": "actor_relations", "site_status": "location_status",
    "statement": "milestone_statements", "tally": "reported_tallies",
}  # fmt: skip
# Tables whose identifiers are given out; those of the others are chosen.
COUNTED = {"events", "force_levels", "reported_tallies", "actor_relations", "location_status", "milestone_statements"}
# Tables that a bundle of their own never writes: they follow from claims, or have a command of their own.
WITHOUT = {
    "event_actors", "event_casualties", "event_munitions", "event_tags", "event_links", "agreement_parties",
    "agreement_events", "sources", "claims", "retired_ids", "coverage",
}  # fmt: skip
ENTRY = re.compile(r"^(?P<indent> *)(?P<off># )?(?P<name>[\w/<>]+): ''$", re.M)
WORDS = {
    "url": "https://example.org/new/1",
    "by": "act-example-force-a",
    "basis": "own_harm",
    "published_on": "2001-02-14",
    "retrieved_on": "2001-06-01",
    "published_at": "2001-02-14T10:00:00Z",
    "derives_from": "src-2001-0001",
    "edition_of": "src-2001-0002",
    "date": "2001-02-13",
    "time_local": "21:40",
    "target": "../2002-12-31",
    "signed": "2001-02",
    "announced": "2001-02-13",
    "in_force": "2001",
    "ended": "2002-01-01/2002-03-31",
    "start": "2001-02-13",
    "end": "2001-02-13",
    "count": "3",
    "title": "A title",
    "qualifier": "within",
    "exists": "true",
    "location_id": "loc-example-base",
    "lang": "en",
    "wikidata_id": "Q1",
    "pleiades_id": "1",
    "geonames_id": "1",
    "actors/<role>/<actor_id>": "stated",
    "links/<link>/<to_event_id>": "true",
    "replaced_by_id": "mst-example-handover",
    "homepage": "https://example.org",
    "name": "A name",
    "continues_id": "prc-example-talks",
    "replaces_id": "agr-example-statement",
}
# Of what a row is known by, at least one cell must be new.
NEW = {("actor_names", "name")}
PARTS = {
    "role": "target",
    "actor_id": "act-example-force-a",
    "group": "us_military",
    "outcome": "injured",
    "munition": "rocket",
    "measure": "launched",
    "link": "same_operation",
    "to_event_id": "evt-2001-0001",
    "scheme": "mode",
    "code": "rocket",
    "party_role": "announcer",
    "relation": "announced_by",
    "event_id": "evt-2001-0007",
}


def names(kind: str) -> dict[str, bool]:
    """Return the entries under ``record:``, with whether they must be filled in."""
    record = template(kind).partition("record:\n")[2].partition("sources:")[0]
    return {match["name"]: not match["off"] for match in ENTRY.finditer(record)}


def value(table: str, name: str) -> str:
    """Return a word that fits an entry: one of the example, a code, or one of the words above."""
    schema = SCHEMAS[table]
    if name == "id":
        return f"{STATE.tables[table][0][schema.primary_key[0]][:3]}-example-filled"
    if name in schema.names:
        field = schema[name]
        found = [row[name] for row in STATE.tables[table] if row[name]]
        if found and not field.unique and table != "sources" and (table, name) not in NEW:
            return found[0]
        if field.codelist:
            return read_codes(shipped(), schema)[field.codelist][0]
        if field.reference and name not in WORDS:
            return next(iter(STATE.by_id[field.reference[0]]))
        if name not in WORDS:
            return {"date": "2001-02-13", "boolean": "false", "number": "1.5", "integer": "1"}.get(field.type, "Text")
    return WORDS[name]


def fill(kind: str, *, everything: bool) -> str:
    """Fill a template in as a curator would: what it asks for, or also what it offers."""
    table = KINDS[kind]
    head, _, tail = template(kind).partition("sources:\n")

    def entry(match: re.Match[str], of: str) -> str:
        name = match["name"]
        if match["off"] and not everything:
            return ""
        if "<" in name:
            word = WORDS.get(name, "5" if name.startswith(("casualties", "munitions")) else "true")
            name = re.sub(r"<(\w+)>", lambda part: PARTS[part[1]], name)
        else:
            word = value(of, name)
        return f"{match['indent']}{name}: '{word}'"

    meta, says, paths = tail.partition("        says:\n")
    filled = ENTRY.sub(lambda match: entry(match, table), head)
    if tail:
        meta = meta.replace("url: 'https://'", f"url: {WORDS['url']}").replace("by: ''", f"by: {WORDS['by']}")
        filled += "sources:\n" + ENTRY.sub(lambda match: entry(match, "sources"), meta) + says
        filled += ENTRY.sub(lambda match: entry(match, table), paths) + "          exists: true\n" * (
            "exists" in _paths(table)
        )
    return filled


def _paths(table: str) -> list[str]:
    return grammar().paths(table) if table in grammar().slots else []


def test_there_is_a_template_for_every_table_that_takes_bundles() -> None:
    assert set(KINDS.values()) | WITHOUT == set(DATA_SCHEMAS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_template_names_every_column_that_may_be_given_and_no_other(kind: str) -> None:
    schema = SCHEMAS[KINDS[kind]]
    expected = {}
    for field in schema.fields:
        is_key = schema.primary_key == (field.name,)
        if field.kind not in ("claimed", "computed") and not (is_key and schema.name in COUNTED):
            expected["id" if is_key else field.name] = field.required
    assert names(kind) == expected


@pytest.mark.parametrize("kind", KINDS)
def test_a_template_names_every_path_that_may_be_claimed_and_no_other(kind: str) -> None:
    said = template(kind).partition("says:\n")[2]
    found = {match["name"] for match in ENTRY.finditer(said)}
    assert found == set(_paths(KINDS[kind])) - {"exists"}
    assert all(match["off"] for match in ENTRY.finditer(said) if "<" in match["name"])


def test_a_template_names_every_column_of_a_source() -> None:
    meta = template("source").partition("meta:\n")[2].partition("claims:")[0]
    found = {match["name"]: not match["off"] for match in ENTRY.finditer(meta)}
    fields = [f for f in SCHEMAS["sources"].fields if f.name not in ("source_id", "url", "archive_url")]
    assert found == {field.name: field.required for field in fields}


@pytest.mark.parametrize("kind", KINDS)
def test_a_template_explains_every_column_and_lists_its_codes(kind: str) -> None:
    schema, text = SCHEMAS[KINDS[kind]], re.sub(r"\n *# ", " ", template(kind))
    codes = read_codes(shipped(), schema)
    for name in names(kind):
        field = schema[schema.primary_key[0] if name == "id" else name]
        assert field.description in text
        if field.codelist and len(codes[field.codelist]) <= 30:
            assert f"One of: {', '.join(codes[field.codelist])}." in text
        elif field.codelist:
            assert f"more in data/codelists/{field.codelist}.csv" in text


# Records that appear only with another one that belongs to them.
COMPANIONS = {
    "milestone": fill("statement", everything=False).replace("mst-example-handover'", "mst-example-filled'"),
    "process": fill("event", everything=False).replace("record:", "record:\n  process_id: prc-example-filled"),
}


@pytest.mark.parametrize("everything", [False, True], ids=["what it asks for", "all that it offers"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_template_can_be_added_once_it_is_filled_in(kind: str, everything: bool) -> None:
    text, table = fill(kind, everything=everything), KINDS[kind]
    batch = [text, COMPANIONS[kind]] if kind in COMPANIONS else [text]
    assert refusals(STATE, *batch) == []
    (bundle,) = parsed(text)
    cells = {name: cell for name, cell in bundle.record.items() if name != "id"}
    found = rows(planned(STATE, *batch).tables, table, **cells)
    assert len(found) > len(rows(STATE.tables, table, **cells))
    assert set(bundle.record) == {name for name, required in names(kind).items() if required or everything}


@pytest.mark.parametrize("kind", COMPANIONS)
def test_a_template_says_what_else_a_record_needs_to_appear(kind: str) -> None:
    assert "in the same batch: icd new" in template(kind).replace("\n# ", " ")
    assert "so it would not appear" in refusals(STATE, fill(kind, everything=False))[0]


@pytest.mark.parametrize("kind", KINDS)
def test_a_template_that_is_not_filled_in_is_refused(kind: str) -> None:
    assert refusals(STATE, template(kind)) != []


def test_an_event_template_sets_no_label_by_itself() -> None:
    text = fill("event", everything=False)
    (bundle,) = parsed(text)
    assert (bundle.tags, bundle.event_links) == ([], [])
    links = re.sub(r"^# ?", "", text.partition("# links:\n")[2].partition("sources:")[0], flags=re.M).replace(
        "to: ''", "to: x"
    )
    (bundle,) = parsed("table: events\nlinks:\n" + links)
    assert bundle.tags == [{"scheme": "context", "code": "mission_end"}]
    assert bundle.event_links == [{"link": "follows_up", "to": "x", "note": ""}]
    for row, codelist in ((bundle.tags[0]["code"], "event_tag"), (bundle.event_links[0]["link"], "event_link")):
        assert row in STATE.codelist(codelist)


def test_a_source_template_goes_under_sources() -> None:
    text = template("source").replace("url: 'https://'", f"url: {WORDS['url']}").replace("by: ''", "by: x")
    text = text.replace("basis: ''", "basis: own_act").replace("# path: value,", "date: 2001-02-13 #")
    (bundle,) = parse_bundles("table: events\nsources:\n" + text, "b.yaml", [])
    assert bundle.sources[0].claims[0].says[0].value == "2001-02-13"
    required = [f.name for f in SCHEMAS["sources"].fields if f.required and f.name not in ("source_id", "url")]
    assert list(bundle.sources[0].meta) == required


@pytest.mark.parametrize("kind", [*KINDS, "source"])
def test_lines_fit_a_terminal_and_end_without_spaces(kind: str) -> None:
    lines = template(kind).splitlines()
    assert template(kind).endswith("\n")
    assert all(len(line) <= 110 and line == line.rstrip() for line in lines)
    assert not any(ord(character) < 32 for line in lines for character in line)


@pytest.mark.parametrize(
    ("kind", "near"), [("evnt", "event"), ("locaton", "location"), ("sorce", "source"), ("tallly", "tally")]
)
def test_an_unknown_kind_is_refused_with_the_nearest_and_all(kind: str, near: str) -> None:
    with pytest.raises(UnknownKindError, match=f"Did you mean '{near}'") as refusal:
        template(kind)
    assert all(known in str(refusal.value) for known in (*KINDS, "source"))
