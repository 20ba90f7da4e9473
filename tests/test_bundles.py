"""What a curator writes is read strictly: every defect has its file, line, place and remedy, and nothing is run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from curating import ATTACK, EVENT, URL, event, planned, refusals, source
from example import example_state
from iraq_coalition_data.cells import FORMULA_STARTS
from iraq_coalition_data.curation.bundles import (
    MAX_BUNDLE_BYTES,
    BundleError,
    BundleRefused,
    parse_bundles,
    read_bundles,
)
from iraq_coalition_data.validation.runner import recheck

STATE = example_state()
HEAD = "table: events\nrecord: {event_type: communique}\n"


def complaints(text: str) -> list[str]:
    """Return what the reader alone says of a text."""
    errors: list[object] = []
    parse_bundles(text, "b.yaml", errors)
    return [str(error) for error in errors]


def test_a_bundle_in_order_has_no_complaint() -> None:
    assert refusals(STATE, EVENT) == []


def test_every_part_of_a_bundle_is_read() -> None:
    text = event(
        source(URL, 'date: 2001-02-13\ncasualties/x/y: {value: 2, modifier: about, words: "zwei", lang: de}'),
        handle="here",
        links="links:\n  tags: [{scheme: context, code: mission_end}]\n  event_links: [{link: x, to: y, note: z}]\n",
    ).replace("        basis:", "        locator: p. 3\n        stance: denies\n        note: N\n        basis:")
    (bundle,) = parse_bundles(text, "b.yaml", [])
    assert (bundle.table, bundle.handle, bundle.supersede) == ("events", "here", True)
    assert bundle.record["title"] == "Rockets fired"
    assert bundle.tags == [{"scheme": "context", "code": "mission_end"}]
    assert bundle.event_links == [{"link": "x", "to": "y", "note": "z"}]
    (entry,) = bundle.sources
    assert (entry.url, entry.meta["lang"]) == (URL, "en")
    (claim,) = entry.claims
    assert (claim.by, claim.locator, claim.stance, claim.note) == ("act-example-force-a", "p. 3", "denies", "N")
    assert [(s.path, s.value, s.modifier, s.words, s.lang) for s in claim.says] == [
        ("date", "2001-02-13", "exact", "", ""),
        ("casualties/x/y", "2", "about", "zwei", "de"),
    ]


def test_scalars_stay_the_text_that_was_written() -> None:
    (bundle,) = parse_bundles("table: events\nrecord: {a: no, b: 012, c: 2001-02-03, d: ~, e: 1e3}\n", "b", [])
    assert bundle.record == {"a": "no", "b": "012", "c": "2001-02-03", "d": "~", "e": "1e3"}


def test_one_file_may_hold_several_bundles() -> None:
    bundles = parse_bundles(f"{HEAD}---\n{HEAD}---\n", "b.yaml", [])
    assert [(bundle.file, bundle.line) for bundle in bundles][:2] == [("b.yaml", 1), ("b.yaml", 4)]


FORM = [
    ("record: {event_type: x}\n", "b.yaml:1  table: is missing"),
    ("- a\n", "b.yaml:1  : expected a mapping"),
    ("table: [a]\n", "b.yaml:1  table: expected plain text"),
    (HEAD + "recrod: {}\n", "b.yaml:3  recrod: is not a name that belongs here. Did you mean 'record'?"),
    (HEAD + "zzz: 1\n", "b.yaml:3  zzz: is not a name that belongs here. Expected one of: table, "),
    (HEAD + "table: actors\n", "b.yaml:3  table: stands twice"),
    (HEAD + "? [a]\n: b\n", "b.yaml:3  : a name must be plain text"),
    (HEAD + "supersede: flase\n", "b.yaml:3  supersede: is 'flase'; expected true or false"),
    ("table: events\nrecord: abc\n", "b.yaml:2  record: expected a mapping"),
    ("table: events\nrecord: [a, b]\n", "b.yaml:2  record: expected a mapping"),
    ("table: events\nrecord:\n  title: [a]\n", "b.yaml:3  record.title: expected plain text"),
    (HEAD + "links:\n  tgas: []\n", "b.yaml:4  links.tgas: is not a name that belongs here. Did you mean 'tags'?"),
    (HEAD + "links:\n  tags: x\n", "b.yaml:4  links.tags: expected a list"),
    (HEAD + "links:\n  tags:\n    - {shceme: x}\n", "b.yaml:5  links.tags[0].shceme: is not a name"),
    (HEAD + "sources: {url: x}\n", "b.yaml:3  sources: expected a list"),
    (HEAD + "sources:\n  - {id: src-2001-0001}\n  - meta: {}\n", "b.yaml:5  sources[1]: needs either url or id"),
    (HEAD + f"sources:\n  - {{url: {URL}, id: s}}\n", "b.yaml:4  sources[0]: needs either url or id"),
    (HEAD + "sources:\n  - {url: example.org}\n", "b.yaml:4  sources[0].url: 'example.org' is not an address"),
    (HEAD + "sources:\n  - {url: 'http://[x'}\n", "b.yaml:4  sources[0].url: 'http://[x' is not an address"),
    (HEAD + "sources:\n  - {url: 'javascript:alert(1)'}\n", "is not an address"),
    (
        HEAD + f"sources:\n  - url: {URL}\n    clams: []\n",
        "b.yaml:5  sources[0].clams: is not a name that belongs here",
    ),
    (HEAD + f"sources:\n  - url: {URL}\n    meta: x\n", "b.yaml:5  sources[0].meta: expected a mapping"),
    (
        HEAD + f"sources:\n  - url: {URL}\n    claims:\n      - {{basis: x, says: {{date: y}}}}\n",
        "claims[0].by: is miss",
    ),
    (
        HEAD + f"sources:\n  - url: {URL}\n    claims:\n      - {{by: x, says: {{date: y}}}}\n",
        "claims[0].basis: is miss",
    ),
    (
        HEAD + f"sources:\n  - url: {URL}\n    claims:\n      - {{by: x, basis: y}}\n",
        "b.yaml:6  sources[0].claims[0].says",
    ),
    (EVENT.replace("date: 2001-02-13", "date:"), "says.date: has no value"),
    (EVENT.replace("date: 2001-02-13", "date: {words: x}"), "says.date: has no value"),
    (EVENT.replace("modifier:", "modifer:"), "injured.modifer: is not a name that belongs here. Did you mean 'modif"),
    ("table: claims\nclaims:\n  - {claimid: x}\n", "b.yaml:3  claims[0].claimid: is not a name"),
    ("a: [\n", "b.yaml:2  : "),
    ("a: b: c\n", "b.yaml:1  : "),
    ("\x00", "b.yaml:1  : the text is not YAML"),
]


@pytest.mark.parametrize(("text", "message"), FORM, ids=[message for _, message in FORM])
def test_a_defect_of_form_has_file_line_and_place(text: str, message: str) -> None:
    said = complaints(text)
    assert any(message in line for line in said), said
    assert all(line.startswith("b.yaml:") for line in said)


def of(table: str, record: str) -> str:
    return f"table: {table}\nrecord: {{{record}}}\n"


# What is wrong, where it must be said to stand, and what must be said of it.
CONTENT = [
    (of("event", "title: x"), ":1  table: there is no table 'event' that takes bundles. Did you mean 'events'?"),
    (of("claims", "note: x"), ":1  table: there is no table 'claims' that takes bundles."),
    (of("sources", "url: x"), ":1  table: there is no table 'sources' that takes bundles."),
    (EVENT.replace("  title:", "  tilte:"), ":4  record.tilte: is not a column of events. Did you mean 'title'?"),
    (
        EVENT.replace("record:", "record:\n  outcome: unknown"),
        ":3  record.outcome: is not written in a record; state it ",
    ),
    (EVENT.replace("record:", "record:\n  tier: 1"), ":3  record.tier: is not written in a record; it is computed"),
    (
        EVENT.replace("armed_action", "armed_acton"),
        ":3  record.event_type: 'armed_acton' is not a code of event_type. Did you mean 'armed_action'?",
    ),
    (EVENT.replace("  unit_rule: salvo\n", ""), "unit_rule: is ''; expected a value"),
    ("table: events\n" + EVENT[EVENT.index("sources:") :], ":1  event_type: is ''; expected a value"),
    (EVENT.replace("title: Rockets fired", f"title: {'x' * 81}"), "title: is 'xxx"),
    (
        EVENT.replace("location_id:", "loction_id:"),
        ":16  says.loction_id: is not a field of events. Did you mean 'location_id'?",
    ),
    (EVENT.replace("tags/mode/rocket", "tags/mode/rockt"), "is not a code of event_tag. Did you mean 'rocket'?"),
    (EVENT.replace("casualties/us_military/injured", "casualties/us_military"), "is not a field of events."),
    (
        EVENT.replace("impact_damage", "impct_damage"),
        ":17  says.outcome: 'impct_damage' is not a code of outcome. Did you mean 'impact_damage'?",
    ),
    (EVENT.replace("attributed_by_target", "atributed_by_target"), "Did you mean 'attributed_by_target'?"),
    (EVENT.replace("own_harm", "own_hram"), "'own_hram' is not a code of basis. Did you mean 'own_harm'?"),
    (EVENT.replace("at_least", "atleast"), "'atleast' is not a code of modifier. Did you mean 'at_least'?"),
    (EVENT.replace("value: 2", "value: two"), "'two' is not a whole number."),
    (EVENT.replace("rocket: true", "rocket: yes"), "says.tags/mode/rocket: is 'yes'; expected true."),
    (EVENT.replace("date: 2001-02-13", "date: 13 February 2001"), ":15  says.date: '13 February 2001' is not a day"),
    (EVENT.replace("date: 2001-02-13", "date: 2001-02-30"), ":15  says.date: '2001-02-30' is in no calendar"),
    (EVENT.replace("          date: 2001-02-13\n", ""), "no claim states 'date'"),
    (
        EVENT.replace("date: 2001-02-13", "date: 2001-02-13\n          time_local: 9pm"),
        ":16  says.time_local: is '9pm'; expected ",
    ),
    (EVENT.replace("doc_type: press_release", "doc_type: pres_release"), "Did you mean 'press_release'?"),
    (
        EVENT.replace("doc_type:", "doctype:"),
        "sources.meta.doctype: is not a column of sources. Did you mean 'doc_type'?",
    ),
    (
        EVENT.replace("published_on: 2001-02-14", "published_on: 14.2.2001"),
        "published_on: is '14.2.2001'; expected a day",
    ),
    (EVENT.replace("published_on: 2001-02-14, ", ""), "published_on: is ''; expected a value"),
    (EVENT.replace("pub-example-force-a", "pub-example-forc-a"), "Did you mean 'pub-example-force-a'?"),
    (event(source(URL, ATTACK, meta="")), f"{URL} is new, so it needs meta."),
    (
        event(
            links="links:\n  tags:\n    - {scheme: context, code: mission_end}\n    - {scheme: context, code: mision}\n"
        ),
        ":11  links.tags[1]: 'mision' is not a code of event_tag. Did you mean",
    ),
    (
        event(links="links:\n  tags: [{scheme: mode, code: mortar}]\n"),
        "a tag of mode needs a claim; write tags/mode/mortar",
    ),
    (event(links="links:\n  event_links: [{link: same_incdent, to: evt-2001-0001}]\n"), "is not a code of event_link"),
    (
        "table: actors\nlinks:\n  tags: [{scheme: context, code: mission_end}]\nrecord: {id: act-example-wire}\n",
        "links: only events have links",
    ),
    (of("actors", "name: X"), "record: needs an id."),
    (of("actors", "id: Act_X, name: X"), "actor_id: is 'Act_X'; expected "),
    (of("actor_names", "actor_id: act-example-wire, name: W"), ":2  name_kind: is ''; expected a value"),
    (of("event_actors", "event_id: evt-2001-0001"), "is not written in a record; state it as a claim"),
    (of("events", "id: evt-2001-0099"), "record.id: there is no record 'evt-2001-0099'; leave id out"),
    (of("reported_tallies", "claimant_id: act-example-wire"), ":2  record.window_end: '' is not a day"),
    ("update: act-example-wrie\n", ":1  update: 'act-example-wrie' is no record. Did you mean 'act-example-wire'?"),
    ("update: evt-2001-9001\nrecord: {title: x}\n", "'evt-2001-9001' was retired. Did you mean 'evt-2001-0001'?"),
    ("update: evt-2001-0001\ntable: actors\n", ":2  table: is 'actors', but evt-2001-0001 is in events"),
    ("update: evt-2001-0001\nrecord: {event_id: evt-2001-0009}\n", "identifiers never change"),
    (
        "table: claims\nclaims:\n  - {claim_id: clm-000000000000, status: rejected}\n",
        ":3  claims[0]: there is no claim",
    ),
    (of("publishers", "id: pub-x, name: X, kind: wire") + f"sources:\n{source(URL, 'name: Y')}", "take no claims"),
]


@pytest.mark.parametrize(("text", "message"), CONTENT, ids=[message for _, message in CONTENT])
def test_a_defect_of_content_has_file_line_place_and_remedy(text: str, message: str) -> None:
    said = refusals(STATE, text)
    assert any(message in line for line in said), said
    assert all(line.startswith("bundle-0.yaml:") for line in said)
    assert not any("src--" in line or "evt--" in line for line in said)


def test_all_defects_of_a_batch_are_told_at_once() -> None:
    wrong = EVENT.replace("impact_damage", "impct").replace("value: 2", "value: two").replace("salvo", "salv")
    said = refusals(STATE, wrong, of("actors", "name: X"))
    assert [line.split("  ")[0] for line in said] == ["bundle-1.yaml:2"]
    said = refusals(STATE, wrong, of("publishers", "id: pub-x, name: X, kind: wrie"))
    assert sorted(line.split(":")[0] for line in said) == ["bundle-0.yaml"] * 3 + ["bundle-1.yaml"]


TRICKS = [
    "table: &a events\nrecord: {title: *a}\n",
    "table: events\nrecord: &a {title: x}\n",
    "table: !!str events\n",
    "table: ! events\n",
    "!x\ntable: events\n",
    "--- !!python/object/apply:os.system ['touch FILE']\n",
    "table: !!python/object/apply:builtins.open ['FILE', 'w']\n",
    "table: !!python/name:os.getcwd\n",
]


@pytest.mark.parametrize("text", TRICKS)
def test_anchors_aliases_and_tags_are_refused_and_nothing_is_run(text: str, tmp_path: Path) -> None:
    said = complaints(text.replace("FILE", str(tmp_path / "made")))
    assert len(said) == 1
    assert "anchors, aliases and tags are not allowed" in said[0]
    assert list(tmp_path.iterdir()) == []


WHOLE = (
    event(
        source(URL, ATTACK).replace("    meta:", "    archive_url: https://example.org/a\n    meta:", 1),
        handle="here",
        links="links:\n  tags: [{scheme: context, code: mission_end}]\n  event_links: [{link: x, to: y, note: z}]\n",
    ).replace("        basis:", "        locator: p. 3\n        stance: asserts\n        note: Seen\n        basis:")
    + "supersede: true\nclaims:\n  - {claim_id: c, status: rejected, status_reason: r, superseded_by: d, note: n}\n"
)


def values(node: yaml.Node) -> Iterator[yaml.ScalarNode]:
    """Yield every scalar of a YAML document that is not a name."""
    if isinstance(node, yaml.ScalarNode):
        yield node
    for child in node.value if isinstance(node.value, list) else ():
        yield from values(child[1] if isinstance(child, tuple) else child)


# What begins with @ may be a handle, until the column is known.
@pytest.mark.parametrize("start", [start for start in FORMULA_STARTS if start != "@"] + ["\\t="])
def test_no_value_of_a_bundle_may_be_a_formula(start: str) -> None:
    places = list(values(yaml.compose(WHOLE)))
    assert len(places) > 35
    for place in places:
        text = f'{WHOLE[: place.start_mark.index]}"{start}SUM(A1)"{WHOLE[place.end_mark.index :]}'
        errors: list[BundleError] = []
        parse_bundles(text, "b.yaml", errors)
        assert ("ICD007", place.start_mark.line + 1) in {(error.code, error.line) for error in errors}
        assert all(error.path for error in errors)


@pytest.mark.parametrize("formula", ["@SUM(A1)", "-5"])
@pytest.mark.parametrize(
    ("old", "named"),
    [
        ("Rockets fired", "title: "),
        ('"at least two"', "casualties/"),
        ("Statement", "- url: "),
        ("p. 3", "date: "),
        ("Seen", "date: "),
    ],
)
def test_what_might_be_a_handle_or_a_number_is_no_text(old: str, named: str, formula: str) -> None:
    text = event(source(URL, ATTACK)).replace(
        "        basis:", "        locator: p. 3\n        note: Seen\n        basis:"
    )
    text = text.replace(old, f"'{formula}'")
    with pytest.raises(BundleRefused) as refused:
        planned(STATE, text)
    line = next(number for number, line in enumerate(text.splitlines(), 1) if line.strip().startswith(named))
    first = refused.value.errors[0]
    assert {error.code for error in refused.value.errors} == {"ICD007"}
    assert (first.file, first.line) == ("bundle-0.yaml", line)
    assert repr(formula) in first.message


def test_merge_keys_mean_nothing() -> None:
    assert "<<: is not a name that belongs here" in complaints("table: events\n<<: {handle: x}\n")[0]


@pytest.mark.parametrize("unit", ["[", "{", "- ", "? ", "[[\n", "{a,", "{? ", "[a,"])
def test_deep_nesting_is_refused_before_it_costs_anything(unit: str) -> None:
    said = complaints(unit * 100_000)
    assert len(said) == 1
    assert "nested more than 12 levels deep" in said[0]


def test_nesting_may_go_twelve_levels_deep_and_no_deeper() -> None:
    assert "nested" not in complaints(HEAD + "links: " + "[" * 11 + "]" * 11)[0]
    assert "nested" in complaints(HEAD + "links: " + "[" * 12 + "]" * 12)[0]


def test_many_small_documents_and_long_lines_are_read_in_one_go() -> None:
    assert len(complaints("---\n" * 20_000)) >= 20_000
    assert complaints("#" * MAX_BUNDLE_BYTES) == []
    assert len(complaints('"' * MAX_BUNDLE_BYTES)) == 1


def refused(path: Path) -> str:
    with pytest.raises(BundleRefused) as refusal:
        read_bundles([path])
    (error,) = refusal.value.errors
    return str(error)


def test_what_is_no_small_text_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "b.yaml"
    path.write_bytes(b"table: events\n# " + b"x" * MAX_BUNDLE_BYTES)
    assert "at most 1,000,000 bytes" in refused(path)
    path.write_bytes(b"table: \xff\n")
    assert f"{path}:1" in refused(path)
    assert "cannot be read" in refused(tmp_path / "none.yaml")
    assert "cannot be read" in refused(tmp_path)
    assert "cannot be read" in refused(Path(f"{tmp_path}/a\0b"))
    os.mkfifo(tmp_path / "pipe")
    assert "expected a regular file" in refused(tmp_path / "pipe")


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "b.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + EVENT.replace("\n", "\r\n").encode())
    (bundle,) = read_bundles([path])
    assert bundle.record["title"] == "Rockets fired"


MARKS = st.sampled_from(
    [
        *"[]{}:,-?!&*#|>'\"%@`\\ \n\t~",
        "- ",
        ": ",
        "table",
        "record",
        "says",
        "events",
        "url",
        "\u2028",
        "\0",
        "é",
        "\ufeff",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(max_size=80), st.lists(MARKS, max_size=60).map("".join)))
def test_any_text_is_read_or_refused_with_a_line(text: str) -> None:
    for line in complaints(text):
        assert line.split("  ")[0].removeprefix("b.yaml:").isdigit()


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz.yaml"
    path.write_bytes(data)
    errors: list[BundleError] = []
    try:
        read_bundles([path])
    except BundleRefused as refusal:
        errors = refusal.errors
    assert all(error.file == str(path) and error.line >= 1 for error in errors)


WORDS = st.sampled_from(
    [
        "",
        "true",
        "2",
        "2001-02-13",
        "2001/..",
        "../2001",
        "@a",
        "@b",
        "evt-2001-0001",
        "evt-2001-9001",
        "act-example-wire",
        "src-2001-0001",
        "clm-000000000000",
        "http://[x",
        "https://example.org/force-a/1",
        URL,
        "context",
        "mode",
        "rocket",
        "curator_linked_response_to",
        "same_incident",
        "loc-example-base",
        "Example Base",
        "wire",
        "exact",
        "|",
        "a|b",
        "\\",
        "é",
    ]
)
NAMES = st.sampled_from(
    [
        "id",
        "table",
        "title",
        "event_id",
        "actor_id",
        "name",
        "kind",
        "target",
        "date",
        "start",
        "count",
        "exists",
        "text_source_id",
        "milestone_id",
        "window_end",
        "actors/initiator/@a",
        "actors/x",
        "links/same_incident/@b",
        "tags/mode/rocket",
        "casualties/us_military/killed",
        "/",
        "//",
        "publisher_id",
        "published_on",
        "derives_from",
        "lang",
        "scheme",
        "code",
        "link",
        "to",
        "claim_id",
        "status",
        "superseded_by",
        "value",
        "words",
        "modifier",
    ]
)
CELLS = st.dictionaries(NAMES, WORDS, max_size=4)
ANY = st.recursive(
    WORDS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2), max_leaves=4
)
CLAIMS = st.fixed_dictionaries(
    {"by": WORDS, "basis": WORDS, "says": CELLS | ANY}, optional={"stance": WORDS, "reported_on": WORDS, "locator": ANY}
)
SOURCES = st.fixed_dictionaries(
    {},
    optional={
        "url": WORDS,
        "id": WORDS,
        "archive_url": WORDS,
        "meta": CELLS | ANY,
        "claims": st.lists(CLAIMS, max_size=2),
    },
)
LINKS = st.fixed_dictionaries(
    {}, optional={"tags": st.lists(CELLS, max_size=2), "event_links": st.lists(CELLS, max_size=2)}
)
FILLED = st.dictionaries(NAMES, WORDS.filter(bool), min_size=1, max_size=3)
WELL_FORMED = st.fixed_dictionaries(
    {"url": st.sampled_from([URL, "https://example.org/force-a/1"])},
    optional={
        "meta": CELLS,
        "claims": st.lists(
            st.fixed_dictionaries({"by": WORDS.filter(bool), "basis": WORDS.filter(bool), "says": FILLED})
        ),
    },
)
TABLES = st.sampled_from(sorted(STATE.data_tables))
PLANNED = st.fixed_dictionaries(
    {"table": TABLES, "record": CELLS, "sources": st.lists(WELL_FORMED, max_size=2)},
    optional={"handle": st.sampled_from(["a", "b"]), "update": WORDS.filter(bool)},
)
STRUCTURES = st.fixed_dictionaries(
    {},
    optional={
        "table": TABLES,
        "handle": st.sampled_from(["a", "b"]),
        "update": WORDS,
        "record": CELLS | ANY,
        "links": LINKS | ANY,
        "sources": st.lists(SOURCES, max_size=2) | ANY,
        "supersede": WORDS,
        "claims": st.lists(CELLS, max_size=2) | ANY,
    },
)


@settings(max_examples=200, deadline=None)
@given(st.lists(STRUCTURES | PLANNED, min_size=1, max_size=3))
def test_any_structure_is_planned_or_refused(bundles: list[dict[str, object]]) -> None:
    text = yaml.safe_dump_all(bundles, allow_unicode=True, default_style='"').replace('!!null "null"', '""')
    for line in refusals(STATE, text):
        assert line.split("  ")[0].removeprefix("bundle-0.yaml:").isdigit()


LEAVES = [
    "record.event_type",
    "record.title",
    "says.date",
    "says.outcome",
    "says.location_id",
    "meta.published_on",
    "meta.publisher_id",
    "meta.lang",
    "by",
    "basis",
    "url",
    "handle",
    "says.links/same_incident/evt-2001-0001",
    "says.links/stated_response_to/@a",
    "says.actors/initiator/act-example-wire",
    "meta.derives_from",
    "says.casualties/us_military/killed",
    "reported_on",
    "stance",
    "locator",
    "note",
    "record.process_id",
]


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(LEAVES), WORDS), max_size=3), st.booleans())
def test_a_bundle_with_any_other_words_is_judged_by_the_rules_or_refused(
    changes: list[tuple[str, str]], sup: bool
) -> None:
    bundle = yaml.load(EVENT, yaml.BaseLoader)
    entry = bundle["sources"][0]
    parts = {"record": bundle["record"], "meta": entry["meta"], "says": entry["claims"][0]["says"]}
    for place, word in changes:
        head, _, name = place.partition(".")
        part = parts.get(head) if name else {"url": entry, "handle": bundle}.get(head, entry["claims"][0])
        part[name or head] = word
    if not sup:
        bundle["supersede"] = "false"
    text = yaml.safe_dump(bundle, allow_unicode=True)
    if refusals(STATE, text) == []:
        assert all(finding.message for finding in recheck(STATE, planned(STATE, text).tables))


def test_planning_leaves_the_state_as_it_was() -> None:
    before = example_state().tables
    assert refusals(STATE, EVENT) == []
    assert STATE.tables == before
