"""Bundles become rows of every table: identifiers follow on, nothing is doubled, all is written or nothing."""

from __future__ import annotations

import os
import shutil
from itertools import permutations
from pathlib import Path

import pytest

from curating import (
    ACTOR,
    ATTACK,
    DATA_SCHEMAS,
    EVENT,
    META,
    PLACE,
    URL,
    add,
    after,
    contents,
    errors_of,
    event,
    planned,
    refusals,
    rows,
    source,
    write,
)
from example import example_state, write_example
from iraq_coalition_data.cli import main
from iraq_coalition_data.curation import adding, files
from iraq_coalition_data.curation.adding import normal_url
from iraq_coalition_data.curation.bundles import BundleRefused
from iraq_coalition_data.curation.differences import difference
from iraq_coalition_data.curation.files import WriteError
from iraq_coalition_data.package import DataPackage
from iraq_coalition_data.validation.runner import validate_package
from iraq_coalition_data.validation.state import State

FIRST = "evt-2001-0001"
INJURED = "casualties/us_military/injured"


@pytest.fixture
def state() -> State:
    return example_state(with_previous=False)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_example(tmp_path / "checkout")


def update(record: str, *sources: str, head: str = "") -> str:
    return f"update: {record}\n{head}sources:\n" + "".join(sources)


def relation(actor: str, other: str, kind: str = "part_of", says: str = "exists: true") -> str:
    record = f"actor_id: {actor}, relation: {kind}, other_actor_id: {other}"
    return f"table: actor_relations\nrecord: {{{record}}}\nsources:\n" + source(
        "https://example.org/page", says, day="2001-03-07"
    )


def statement(
    milestone: str = "mst-example-mission-end", day: str = "2001-04-20", target: str = "../2002-09-30"
) -> str:
    return (
        f"table: milestone_statements\nrecord: {{milestone_id: '{milestone}', stated_by_id: act-example-government-a, "
        f"authority: joint_official, stated_on: {day}}}\nsources:\n"
        + source("https://example.org/new/2", f"target: {target}\nqualifier: no_later_than", day=day)
    )


MILESTONE = (
    "table: milestones\nhandle: m\nrecord: {id: mst-example-new, title: A new end, scope: mission_ends, "
    "place_id: loc-example-country, outcome_rule: A party says so.}\n"
)
TALLY = (
    "table: reported_tallies\nrecord: {claimant_id: act-example-force-a, measure: attacks_on_us_coalition, area_id: "
    "loc-example-country, window_start: 2001-01-01, window_end: WINDOW, window_tz: Asia/Baghdad}\nsources:\n"
    + source("https://example.org/new/3", "count: 3", day="2002-04-20")
)
STATUS = (
    "table: location_status\nrecord: {location_id: loc-example-town, status: hosts_coalition, "
    "holder_id: act-example-force-a}\nsources:\n" + source("https://example.org/new/4", "start: 2001-01-10")
)
STRENGTH = (
    "table: force_levels\nrecord: {actor_id: act-example-force-a, place_id: loc-example-country, "
    "concept: publicly_disclosed, personnel: military}\nsources:\n"
    + source("https://example.org/new/5", "start: 2002-03-15\nend: 2002-03-15\ncount: 2400", day="2002-04-20")
)


# Identifiers


def new_ids(state: State, *texts: str) -> list[str]:
    """Return the identifiers of the records that bundles would add, in order."""
    found = difference(state.tables, planned(state, *texts).tables, DATA_SCHEMAS)
    return [key[0] for table, key, _ in found.added if len(key) == 1 and table not in ("sources", "claims")]


@pytest.mark.parametrize(
    ("text", "identifier"),
    [
        # The number after a retired one: it is never given again.
        (EVENT, "evt-2001-9002"),
        (EVENT.replace("date: 2001-02-13", "date: 2000-12-30/2001-01-02"), "evt-2000-0001"),
        (relation("act-example-brand", "act-example-force-a"), "rel-0003"),
        (STATUS, "lst-0003"),
        (statement(), "mst-example-mission-end-v02"),
        (STRENGTH, "frc-2002-0001"),
        (TALLY.replace("WINDOW", "2001-12-31"), "tly-2001-0003"),
        (TALLY.replace("WINDOW", "2002-01-31"), "tly-2002-0001"),
        (ACTOR, "act-example-newcomer"),
    ],
)
def test_a_record_gets_the_next_identifier_of_its_kind_and_year(state: State, text: str, identifier: str) -> None:
    assert new_ids(state, text) == [identifier]


def test_identifiers_of_a_batch_follow_on_in_its_order(state: State) -> None:
    second = event(source("https://example.org/new/2", ATTACK.replace("-13", "-12")), title="Earlier one")
    tables = planned(state, EVENT, second).tables
    assert [row["event_id"] for row in rows(tables, "events", title="Rockets fired")] == ["evt-2001-9002"]
    assert [row["event_id"] for row in rows(tables, "events", title="Earlier one")] == ["evt-2001-9003"]


def test_numbers_may_grow_past_four_digits(state: State) -> None:
    state.tables["retired_ids"][0]["old_id"] = "evt-2001-9999"
    assert new_ids(state, EVENT) == ["evt-2001-10000"]


def test_sources_are_numbered_by_their_day_whatever_the_order_of_bundles(state: State) -> None:
    late = event(source("https://example.org/a", ATTACK, day="2001-02-20"))
    early = event(source("https://example.org/b", ATTACK, day="2001-02-15"), title="Another")
    for texts in ((late, early), (early, late)):
        found = planned(state, *texts).tables
        assert rows(found, "sources", source_id="src-2001-0019")[0]["url"] == "https://example.org/b"
        assert rows(found, "sources", source_id="src-2001-0020")[0]["url"] == "https://example.org/a"


def test_claims_carry_hash_day_version_and_wording(state: State) -> None:
    tables = planned(state, EVENT).tables
    (claim,) = rows(tables, "claims", record_id="evt-2001-9002", field=INJURED)
    assert claim["claim_id"].startswith("clm-")
    expected = {
        "value": "2", "modifier": "at_least", "value_as_stated": "at least two", "lang": "en", "stance": "asserts",
        "claimant_id": "act-example-force-a", "basis": "own_harm", "source_id": "src-2001-0019", "status": "live",
        "reported_on": "2001-02-14", "recorded_in": state.descriptor["version"],
    }  # fmt: skip
    assert {name: claim[name] for name in expected} == expected
    (day,) = rows(tables, "claims", record_id="evt-2001-9002", field="date")
    assert (day["modifier"], day["lang"]) == ("exact", "")


# Sources


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/force-a/1",
        "http://example.org/force-a/1",
        "HTTPS://EXAMPLE.ORG/force-a/1/",
        "https://example.org/force-a/1?utm_source=x&fbclid=y",
        "https://example.org/force-a/1#part",
    ],
)
def test_a_source_is_found_again_by_its_address(state: State, url: str) -> None:
    addition = planned(state, update(FIRST, source(url, "casualties/us_military/missing: 0", meta="")))
    assert len(addition.tables["sources"]) == len(state.tables["sources"])
    (claim,) = rows(addition.tables, "claims", field="casualties/us_military/missing")
    assert (claim["source_id"], claim["reported_on"]) == ("src-2001-0001", "2001-02-04")


@pytest.mark.parametrize("end", ["/Force-a/1", "/force-a/1?id=2", "/force-a/11", "/force-a"])
def test_another_address_is_another_source(state: State, end: str) -> None:
    claim = update(FIRST, source(f"https://example.org{end}", "casualties/us_military/missing: 0"))
    assert len(planned(state, claim).tables["sources"]) == len(state.tables["sources"]) + 1


def test_what_two_addresses_of_one_page_have_in_common() -> None:
    assert normal_url("https://A.org/b?ref=1&x=2&utm_campaign=3") == "a.org/b?x=2"
    assert normal_url("http://[broken") == "http://[broken"


def test_a_source_is_not_doubled_within_a_batch(state: State) -> None:
    other = event(source(f"{URL}/", ATTACK.replace("-13", "-12"), meta=""), title="Another")
    for texts in ((EVENT, other), (other, EVENT)):
        assert len(planned(state, *texts).tables["sources"]) == len(state.tables["sources"]) + 1


def test_a_source_may_be_named_by_its_identifier(state: State) -> None:
    text = update(
        FIRST, source("X", "casualties/us_military/missing: 0", meta="").replace("url: X", "id: src-2001-0004")
    )
    (claim,) = rows(planned(state, text).tables, "claims", field="casualties/us_military/missing")
    assert claim["source_id"] == "src-2001-0004"
    assert "there is no source 'src-2001-0044'" in refusals(state, text.replace("0004", "0044"))[0]


def test_other_facts_about_a_known_source_are_refused_with_both_values(state: State) -> None:
    known = META.replace("Statement", "Document 1").replace("DAY", "2001-02-06")
    said = refusals(state, update(FIRST, source("https://example.org/force-a/1", "outcome: unknown", meta=known)))
    assert "known with published_on '2001-02-04', here it is '2001-02-06'" in said[0]
    assert len(said) == 1
    assert "leave it out" in said[0]
    other = event(source(URL, ATTACK, meta=META.replace("lang: en", "lang: ar")), title="Another")
    assert "known with lang 'en', here it is 'ar'" in refusals(state, EVENT, other)[0]


def test_a_copy_fills_a_gap_and_takes_no_other_copys_place(state: State) -> None:
    for known, expected in (("", "https://archive.example.org/new"), ("https://archive.example.org/1",) * 2):
        state.tables["sources"][0]["archive_url"] = known
        entry = source("https://example.org/force-a/1", "casualties/us_military/missing: 0", meta="")
        text = update(
            FIRST, entry.replace("    claims:", "    archive_url: https://archive.example.org/new\n    claims:")
        )
        assert planned(state, text).tables["sources"][0]["archive_url"] == expected


def test_a_copy_of_a_new_source_is_kept_whichever_bundle_names_it(state: State) -> None:
    with_copy = source(URL, ATTACK.replace("-13", "-12"), meta="").replace(
        "    claims:", "    archive_url: https://archive.example.org/new\n    claims:"
    )
    for texts in ((EVENT, event(with_copy, title="Another")), (event(with_copy, title="Another"), EVENT)):
        (row,) = rows(planned(state, *texts).tables, "sources", url=URL)
        assert row["archive_url"] == "https://archive.example.org/new"


def test_an_origin_is_found_in_either_direction(state: State) -> None:
    copy = event(source("https://example.org/copy", ATTACK, meta=META.replace("{", f"{{derives_from: '{URL}', ")))
    origin = event(source(URL, ATTACK.replace("-13", "-12")), title="Another")
    for texts in ((copy, origin), (origin, copy)):
        tables = planned(state, *texts).tables
        (first,) = rows(tables, "sources", url=URL)
        (second,) = rows(tables, "sources", url="https://example.org/copy")
        assert second["derives_from"] == first["source_id"]
    assert "there is no source" in refusals(state, copy)[0]


# Actors and places


@pytest.mark.parametrize(
    "name", ["act-example-group-c", "Example Armed Group C", "example armed group c", "Example Resistance Front"]
)
def test_an_actor_is_found_by_identifier_or_any_known_name(state: State, name: str) -> None:
    claim = source(URL, f"actors/claimant/{name}: self_claimed", by=name, day="2001-02-14")
    (row,) = rows(planned(state, update(FIRST, claim)).tables, "claims", source_id="src-2001-0019")
    assert (row["field"], row["claimant_id"]) == ("actors/claimant/act-example-group-c", "act-example-group-c")


def test_a_place_is_found_by_its_name(state: State) -> None:
    tables = planned(state, EVENT.replace("loc-example-base", "Example Base")).tables
    assert rows(tables, "claims", record_id="evt-2001-9002", field="location_id")[0]["value"] == "loc-example-base"


@pytest.mark.parametrize(
    ("old", "new", "hint"),
    [
        ("by: act-example-force-a", "by: act-example-forcea", "Did you mean 'act-example-force-a'?"),
        ("location_id: loc-example-base", "location_id: loc-exmple-base", "Did you mean 'loc-example-base'?"),
        (
            "actors/target/act-example-force-a",
            "actors/target/act-exampel-force-a",
            "Did you mean 'act-example-force-a'?",
        ),
        ("by: act-example-force-a", "by: Somebody Else Entirely", "Add it in a bundle of its own."),
    ],
)
def test_an_unknown_actor_or_place_is_refused_with_the_nearest(state: State, old: str, new: str, hint: str) -> None:
    said = [line for line in refusals(state, EVENT.replace(old, new)) if "is not in the table" in line]
    assert len(said) >= 1
    assert all(hint in line for line in said)


def test_a_name_of_two_actors_is_not_guessed_at(state: State) -> None:
    state.tables["actor_names"][0] |= {"actor_id": "act-example-brand", "name": "The Front"}
    state.tables["actor_names"][1] |= {"actor_id": "act-example-group-c", "name": "The Front"}
    (said,) = refusals(state, update(FIRST, source(URL, "outcome: unknown", by="The Front")))
    assert "'The Front' is a name of act-example-brand and act-example-group-c. Write the identifier." in said


@pytest.mark.parametrize("actor", ["act-example-newcomer", "The Newcomer", "the newcomer", "@new"])
@pytest.mark.parametrize("place", ["loc-example-camp", "Example Camp"])
def test_the_order_of_the_files_of_a_batch_does_not_matter(state: State, actor: str, place: str) -> None:
    said = ATTACK.replace("loc-example-base", place) + f"actors/claimant/{actor}: self_claimed\n"
    batch = (
        ACTOR.replace("record:", "handle: new\nrecord:"),
        PLACE,
        event(source(URL, said)),
        relation(f"'{actor}'", "act-example-group-c"),
    )
    whole = planned(state, *batch).tables
    assert rows(whole, "event_actors", actor_id="act-example-newcomer", event_id="evt-2001-9002")
    assert rows(whole, "events", location_id="loc-example-camp")
    assert rows(whole, "actor_relations", actor_id="act-example-newcomer")
    for order in permutations(batch):
        assert planned(state, *order).tables == whole


# Rival and revised figures


def standing(state: State, text: str) -> tuple[dict[str, tuple[str, str]], list[str]]:
    """Return status and successor's value of every figure of the injured, and the notes."""
    addition = planned(state, text)
    found = rows(addition.tables, "claims", record_id=FIRST, field=INJURED)
    values = {row["claim_id"]: row["value"] for row in found}
    return {r["value"]: (r["status"], values.get(r["superseded_by"], "")) for r in found}, addition.notes


def figure(value: int, day: str, by: str = "act-example-force-a") -> str:
    return update(FIRST, source(URL, f"{INJURED}: {value}", day=day, by=by))


def test_a_later_figure_takes_the_place_of_the_earlier_one_and_says_so(state: State) -> None:
    found, notes = standing(state, figure(7, "2001-02-28"))
    assert found == {"2": ("superseded", "5"), "5": ("superseded", "7"), "7": ("live", "")}
    (note,) = notes
    assert f"{FIRST} {INJURED} = 5 (2001-02-08) is superseded by 7 (2001-02-28)" in note


def test_another_mouth_of_the_same_principal_counts_as_the_principal(state: State) -> None:
    found, _ = standing(state, figure(7, "2001-02-28", by="act-example-government-a"))
    assert found["5"] == ("superseded", "7")


@pytest.mark.parametrize("by", ["act-example-group-c", "act-example-official"])
def test_another_principal_and_a_placeholder_take_no_ones_place(state: State, by: str) -> None:
    found, notes = standing(state, figure(7, "2001-02-28", by=by))
    assert (found["5"], found["7"], notes) == (("live", ""), ("live", ""), [])


def test_two_unnamed_officials_are_not_taken_for_one(state: State) -> None:
    later = after(state, planned(state, figure(6, "2001-02-20", by="act-example-official")))
    text = figure(8, "2001-02-25", by="act-example-official").replace(URL, f"{URL}/b")
    assert standing(later, text)[0]["6"] == ("live", "")


def test_an_earlier_figure_that_is_found_later_is_history_at_once(state: State) -> None:
    found, _ = standing(state, figure(3, "2001-02-06"))
    assert (found["3"], found["5"]) == (("superseded", "5"), ("live", ""))


def test_on_one_day_and_with_the_same_value_nothing_is_superseded(state: State) -> None:
    assert standing(state, figure(7, "2001-02-08"))[0]["5"] == ("live", "")
    assert standing(state, figure(5, "2001-02-28")) == ({"2": ("superseded", "5"), "5": ("live", "")}, [])


def test_superseding_can_be_turned_off(state: State) -> None:
    found, notes = standing(state, "supersede: false\n" + figure(7, "2001-02-28"))
    assert (found["5"], found["7"], notes) == (("live", ""), ("live", ""), [])


def test_the_resolved_figure_follows_the_newest_claim(state: State) -> None:
    tables = planned(state, figure(7, "2001-02-28")).tables
    (row,) = rows(tables, "event_casualties", event_id=FIRST, group="us_military", outcome="injured")
    assert row["best"] == "7"


# Handles


def linked(handle: str, to: str, url: str, day: str = "2001-02-13", code: str = "stated_response_to") -> str:
    return event(
        source(url, ATTACK.replace("2001-02-13", day) + f"links/{code}/{to}: true\n"), handle=handle, title=handle
    )


def test_a_handle_stands_for_a_record_of_the_batch_in_every_place(state: State) -> None:
    batch = (
        linked("later", "@earlier", "https://example.org/a"),
        event(source(URL, ATTACK.replace("-13", "-12")), handle="earlier", title="earlier"),
        event(
            source("https://example.org/b", ATTACK.replace("-13", "-11")),
            title="third",
            links="links:\n  event_links: [{link: follows_up, to: '@later'}]\n",
        ),
        "update: '@earlier'\nrecord: {title: Renamed}\n",
    )
    for order in permutations(batch):
        addition = planned(state, *order)
        earlier, later = addition.ids["earlier"], addition.ids["later"]
        links = {(r["from_event_id"], r["link"], r["to_event_id"]) for r in addition.tables["event_links"]}
        (third,) = rows(addition.tables, "events", title="third")
        assert {(later, "stated_response_to", earlier), (third["event_id"], "follows_up", later)} <= links
        assert rows(addition.tables, "events", event_id=earlier)[0]["title"] == "Renamed"


def test_a_statement_follows_a_milestone_of_the_batch_by_handle(state: State) -> None:
    for order in permutations((MILESTONE, statement("@m"))):
        assert new_ids(state, *order) == ["mst-example-new", "mst-example-new-v01"]


def test_a_handle_that_nothing_has_is_refused_with_the_nearest(state: State) -> None:
    batch = (linked("later", "@earler", "https://example.org/a"), event(handle="earlier"))
    (said,) = refusals(state, *batch)
    assert "'@earler' is not in the table events. Did you mean '@earlier'?" in said


def test_one_handle_for_two_records_is_refused(state: State) -> None:
    said = refusals(state, event(handle="a"), event(source("https://example.org/a", ATTACK), handle="a"))
    assert any("'a' names two records" in line for line in said)


# Additions to records that are there


def test_update_adds_claims_and_changes_cells_of_a_record(state: State) -> None:
    text = update(FIRST, source(URL, "munitions/rocket/intercepted: 3"), head="record: {title: Another title}\n")
    addition = planned(state, text)
    assert rows(addition.tables, "events", event_id=FIRST)[0]["title"] == "Another title"
    assert rows(addition.tables, "event_munitions", event_id=FIRST, measure="intercepted")[0]["best"] == "3"
    assert len(addition.tables["events"]) == len(state.tables["events"])
    kept = {row["claim_id"] for row in state.tables["claims"]}
    assert kept < {row["claim_id"] for row in addition.tables["claims"]}


def test_a_record_that_is_there_is_not_changed_without_update(state: State) -> None:
    (said,) = refusals(state, "table: actors\nrecord: {id: act-example-wire, name: Example Wire, kind: government}\n")
    assert "act-example-wire is there already with another kind: 'media_outlet'" in said
    assert "write `update: act-example-wire`" in said


@pytest.mark.parametrize(
    "text",
    [MILESTONE, "table: processes\nrecord: {id: prc-x, title: T, party_a_id: Force A, party_b_id: Government B}\n",
     relation("act-example-brand", "act-example-force-a").partition("sources:")[0]],
)  # fmt: skip
def test_a_record_that_nothing_supports_is_refused_and_not_dropped(state: State, text: str) -> None:
    (said,) = refusals(state, text)
    assert said.startswith("bundle-0.yaml:")
    assert "so it would not appear" in said


def test_claims_change_status_by_their_identifier(state: State) -> None:
    claim = rows(state.tables, "claims", record_id=FIRST, field="outcome")[0]["claim_id"]
    text = f"table: claims\nclaims:\n  - {{claim_id: {claim}, status: rejected, status_reason: coder_error}}\n"
    tables = planned(state, text).tables
    (row,) = rows(tables, "claims", claim_id=claim)
    assert (row["status"], row["status_reason"], row["value"]) == ("rejected", "coder_error", "impact_damage")
    assert rows(tables, "events", event_id=FIRST)[0]["outcome"] == "unknown"
    assert "Did you mean 'rejected'?" in refusals(state, text.replace("rejected", "rejcted"))[0]


def test_a_row_without_identifier_keeps_the_cells_that_a_bundle_does_not_name(state: State) -> None:
    key = "family: attacks, area_id: loc-example-country, date_start: 2001-01-01"
    first = planned(state, f"table: coverage\nrecord: {{{key}, note: Read to the end.}}\n")
    (row,) = rows(first.tables, "coverage", family="attacks", date_start="2001-01-01")
    assert (row["completeness"], row["note"]) == ("dense", "Read to the end.")


def test_a_new_event_with_type_day_and_sources_of_an_old_one_is_pointed_at(state: State) -> None:
    later = after(state, planned(state, EVENT))
    again = planned(later, EVENT.replace("value: 2", "value: 3"))
    assert again.notes[-1] == (
        "evt-2001-9003 has the type, dates and sources of evt-2001-9002; if it is the same happening, "
        "write `update: evt-2001-9002` instead"
    )
    assert planned(later, event(source("https://example.org/other", ATTACK))).notes == []


# Twice is once

NAMED = ATTACK.replace("loc-example-base", "example base").replace("act-example-force-a", "Force A")
TWICE = {
    "an event": [EVENT],
    "an event told with names": [event(source(URL, NAMED, by="Force A"))],
    "two events that point at each other": [
        linked("a", "@b", "https://example.org/a"),
        linked("b", "@a", "https://example.org/b"),
    ],
    "events that point at later ones": [
        linked("c", "@b", "https://example.org/c"),
        linked("b", "@a", "https://example.org/b"),
        event(source("https://example.org/a", ATTACK), handle="a"),
    ],
    "a link without direction": [linked("x", FIRST, URL, code="same_operation")],
    "two relations of one page": [
        relation("act-example-brand", "act-example-force-a"),
        relation("act-example-group-c", "act-example-force-a"),
    ],
    "a relation with new actors": [relation("'@new'", "Force A"), ACTOR.replace("record:", "handle: new\nrecord:")],
    "a new milestone and a statement": [MILESTONE, statement("@m"), statement()],
    "figures": [TALLY.replace("WINDOW", "2002-01-31"), STRENGTH, STATUS],
    "a revised figure": [figure(7, "2001-02-28")],
    "a name": ["table: actor_names\nrecord: {actor_id: Force A, name: A, lang: en, name_kind: exonym, "
               "source_id: 'https://example.org/wire/3'}\n"],
    "a label": [event(links="links:\n  tags: [{scheme: context, code: mission_end}]\n"
                            f"  event_links: [{{link: follows_up, to: {FIRST}}}]\n")],
}  # fmt: skip


@pytest.mark.parametrize("texts", TWICE.values(), ids=TWICE)
def test_adding_the_same_bundles_again_changes_nothing(state: State, texts: list[str]) -> None:
    once = planned(state, *texts)
    assert difference(state.tables, once.tables, DATA_SCHEMAS)
    for order in permutations(texts):
        twice = planned(after(state, once), *order)
        assert not difference(once.tables, twice.tables, DATA_SCHEMAS)
        assert twice.ids == once.ids


def test_two_relations_of_one_page_are_two(state: State) -> None:
    first = planned(state, relation("act-example-brand", "act-example-force-a"))
    assert new_ids(after(state, first), relation("act-example-group-c", "act-example-force-a")) == ["rel-0004"]


def test_of_two_events_with_the_same_claims_the_one_of_the_same_title_is_meant(state: State) -> None:
    told_twice = EVENT.replace("tags/mode/rocket: true", "tags/mode/mortar: true")
    both = after(state, planned(state, told_twice.replace("Rockets fired", "Mortars fired"), EVENT))
    again = planned(both, EVENT.replace("          tags/mode/rocket: true\n", ""))
    assert again.notes == ["evt-2001-9003 is there already; only claims that are new are added"]
    renamed = planned(both, EVENT.replace("Rockets fired", "Rockets launched"))
    assert renamed.notes == ["evt-2001-9003 is there already as 'Rockets fired'; only claims that are new are added"]


# Files


def test_what_is_added_is_written_validated_and_described(root: Path) -> None:
    addition, changed = add(root, ACTOR, EVENT)
    assert errors_of(addition) == []
    assert changed == sorted(changed)
    assert {"data/actors.csv", "data/claims.csv", "data/events.csv", "datapackage.json"} <= set(changed)
    assert [f for f in validate_package(DataPackage(root)) if f.severity == "error"] == []
    assert not list(root.rglob("*.icd*"))


def test_adding_twice_leaves_every_byte(root: Path) -> None:
    add(root, EVENT, PLACE)
    before = contents(root)
    addition, changed = add(root, EVENT, PLACE)
    assert (changed, contents(root)) == ([], before)
    assert any("evt-2001-9002 is there already" in note for note in addition.notes)


def test_a_bundle_that_breaks_a_rule_changes_no_byte(root: Path) -> None:
    before = contents(root)
    late = EVENT.replace("date: 2001-02-13", "date: 2001-02-24")
    addition, changed = add(root, ACTOR, late)
    assert {finding.code for finding in errors_of(addition)} == {"ICD405"}
    assert (changed, contents(root)) == ([], before)


def test_one_refused_bundle_of_a_batch_changes_no_byte(root: Path) -> None:
    before = contents(root)
    with pytest.raises(BundleRefused):
        add(root, ACTOR, EVENT.replace("own_harm", "own_hram"))
    assert contents(root) == before


def test_tables_that_are_not_in_order_are_not_added_to(root: Path) -> None:
    path = root / "data/events.csv"
    path.write_bytes(path.read_bytes().replace(b"armed_action", b"armed_acton", 1))
    before = contents(root)
    with pytest.raises(BundleRefused, match="run icd validate first"):
        add(root, ACTOR)
    assert contents(root) == before


@pytest.mark.parametrize(
    "fault", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=["disk full", "Ctrl-C"]
)
@pytest.mark.parametrize("step", [1, 4, 7])
@pytest.mark.parametrize("function", ["replace", "fsync"])
def test_a_write_that_fails_in_the_middle_leaves_every_byte(
    root: Path, monkeypatch: pytest.MonkeyPatch, function: str, step: int, fault: BaseException
) -> None:
    before = contents(root)
    calls = 0
    real = getattr(os, function)

    def failing(*arguments: object) -> object:
        nonlocal calls
        calls += 1
        if calls == step:
            raise fault
        return real(*arguments)

    monkeypatch.setattr(files.os, function, failing)
    with pytest.raises(WriteError if isinstance(fault, OSError) else KeyboardInterrupt):
        add(root, EVENT)
    assert calls >= step
    assert contents(root) == before


def test_a_file_is_whole_at_every_moment_of_writing(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents(root)
    real = os.replace

    def watching(new: Path, target: Path) -> None:
        assert before.keys() <= contents(root).keys()
        real(new, target)

    monkeypatch.setattr(files.os, "replace", watching)
    _, changed = add(root, EVENT)
    assert changed


def test_a_new_file_goes_again_where_a_later_one_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b/old").write_bytes(b"old")
    real = os.replace

    def failing(new: Path, target: Path) -> None:
        if target.name == "old" and new.name.endswith("new"):
            raise OSError("no")
        real(new, target)

    monkeypatch.setattr(files.os, "replace", failing)
    with pytest.raises(WriteError, match="nothing was written"):
        files.write_all(tmp_path, {"a": b"new", "b/old": b"other"})
    assert contents(tmp_path) == {"b/old": b"old"}


def test_of_two_adders_at_once_the_second_is_told_to_wait(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, seen = adding.recheck, []

    def meanwhile(*arguments: object) -> object:
        if not seen:
            seen.append(True)
            with pytest.raises(WriteError, match="another command is writing here"):
                add(root, PLACE)
        return real(*arguments)

    monkeypatch.setattr(adding, "recheck", meanwhile)
    _, changed = add(root, ACTOR)
    assert seen
    assert "data/actors.csv" in changed
    assert b"loc-example-camp" not in (root / "data/locations.csv").read_bytes()
    assert add(root, PLACE)[1], "the lock is gone with its holder"


def test_the_lock_is_gone_after_a_refusal(root: Path) -> None:
    with pytest.raises(BundleRefused):
        add(root, "table: actors\nrecord: {id: act-x}\n")
    assert add(root, ACTOR)[1]


def test_a_dry_run_prints_rows_and_writes_nothing(root: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.chdir(root)
    before = contents(root)
    paths = [str(path) for path in write(root.parent / "bundles", ACTOR, figure(7, "2001-02-28"))]
    assert main(["add", "--dry-run", *paths]) == 0
    out = capsys.readouterr().out
    assert "+ actors act-example-newcomer: The Newcomer" in out
    assert "~ event_casualties evt-2001-0001 us_military injured best: '5' -> '7'" in out
    assert "0 rows removed" in out
    assert contents(root) == before
    shutil.rmtree(root / "data")
    assert main(["add", "--dry-run", *paths]) == 2
