"""What the claims on a field come to: DATA_DESIGN section 7, told as cases."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iraq_coalition_data.resolution.intervals import hull, intersect, parse_interval, width_class
from worlds import World

INJURED = "casualties/us_military/injured"


def counted(world: World, **options) -> tuple[str, str, str]:
    found = world.only("event_casualties", **options)
    return found["low"], found["best"], found["high"]


@pytest.fixture
def world() -> World:
    world = World()
    event = world.event()
    world.claim(event, "date", "2001-02-03")
    world.claim(event, "location_id", "loc-base")
    return world


EVENT = "evt-2001-0001"


def test_a_revised_toll_is_history_and_not_a_range(world: World) -> None:
    figures = [("2001-02-08", "0"), ("2001-02-16", "11"), ("2001-02-24", "34"), ("2001-03-10", "109")]
    claims = [world.claim(EVENT, INJURED, value, day) for day, value in figures]
    for old, new in pairwise(claims):
        world.supersede(old, new)
    assert counted(world) == ("109", "109", "109")
    assert counted(world, as_of="2001-02-20") == ("11", "11", "11")


def test_two_outlets_that_relay_one_official_differently_leave_no_best_value(world: World) -> None:
    for value in ("61", "62"):
        world.claim(EVENT, INJURED, value, by="act-unnamed", basis="relayed_named")
    assert counted(world) == ("61", "", "62")


def test_the_own_force_outranks_the_host_state_and_both_span_the_range(world: World) -> None:
    world.claim(EVENT, INJURED, "3", basis="own_harm")
    world.claim(EVENT, INJURED, "5", by="act-host", basis="host_state")
    assert counted(world) == ("3", "3", "5")


def test_an_adversary_cannot_move_the_range_but_is_seen(world: World) -> None:
    world.claim(EVENT, INJURED, "3")
    world.claim(EVENT, INJURED, "40", by="act-group-b", basis="adversary")
    assert counted(world) == ("3", "3", "3")
    assert world.only("event_casualties")["contested"] == "true"


def test_a_floor_alone_leaves_the_upper_bound_open(world: World) -> None:
    world.claim(EVENT, INJURED, "2", modifier="at_least")
    assert counted(world) == ("2", "2", "")
    assert world.only("event_casualties")["best_modifier"] == "at_least"


def test_a_principal_that_speaks_twice_counts_by_its_latest_word(world: World) -> None:
    world.claim(EVENT, INJURED, "3", "2001-02-03")
    world.claim(EVENT, INJURED, "5", "2001-02-05", by="act-spokesman-a")
    assert counted(world) == ("5", "5", "5")


def test_copies_of_one_wire_story_are_one_origin(world: World) -> None:
    origin = world.source("2001-02-03")
    for _ in range(3):
        copy = world.source("2001-02-04", derives_from=origin)
        world.claim(EVENT, "outcome", "impact_damage", "2001-02-04", by="act-wire", basis="relayed_named", source=copy)
    world.claim(EVENT, "outcome", "impact_damage", "2001-02-05", by="act-paper", basis="relayed_named", source=origin)
    assert world.only("events")["n_origins"] == "2"  # Force A, and the wire with everything that copies it


def test_most_origins_decide_between_equal_claimants(world: World) -> None:
    world.claim(EVENT, "outcome", "intercepted", by="act-wire", basis="relayed_named")
    world.claim(EVENT, "outcome", "intercepted", by="act-paper", basis="relayed_named")
    world.claim(EVENT, "outcome", "impact_damage", by="act-unnamed", basis="relayed_named")
    assert world.only("events")["outcome"] == "intercepted"


def test_tied_places_give_their_common_area() -> None:
    world = World()
    event = world.event()
    world.claim(event, "date", "2001-02-03")
    world.claim(event, "location_id", "loc-base", by="act-wire", basis="relayed_named")
    world.claim(event, "location_id", "loc-camp", by="act-paper", basis="relayed_named")
    assert world.only("events")["location_id"] == "loc-north"


def test_nothing_said_of_the_outcome_is_unknown(world: World) -> None:
    assert world.only("events")["outcome"] == "unknown"


def test_a_month_and_a_day_within_it_give_the_day(world: World) -> None:
    world.claim(EVENT, "date", "2001-02", by="act-wire", basis="relayed_named")
    assert world.only("events")["date_start"] == world.only("events")["date_end"] == "2001-02-03"
    assert world.only("events")["date_precision"] == "day"


def test_claimed_attributed_and_denied_are_rows_of_their_own(world: World) -> None:
    path = "actors/initiator/act-group-b"
    world.claim(EVENT, path, "attributed_by_target", basis="adversary")
    world.claim(EVENT, path, "denied_by_named", by="act-group-b", basis="own_act", stance="denies")
    rows = {row["attribution"]: row["is_best"] for row in world.derived()["event_actors"]}
    assert rows == {"attributed_by_target": "true", "denied_by_named": "false"}


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ([("act-group-b", "own_act")], "claimed_only"),
        ([("act-wire", "relayed_named")], "single_origin"),
        ([("act-wire", "relayed_named"), ("act-paper", "relayed_named")], "corroborated"),
        ([("act-force-a", "own_harm")], "acknowledged_one"),
        ([("act-force-a", "own_harm"), ("act-group-b", "own_act")], "acknowledged_both"),
    ],
)
def test_the_verification_ladder(claims: list[tuple[str, str]], expected: str) -> None:
    world = World()
    event = world.event()
    for by, basis in claims:
        world.claim(event, "date", "2001-02-03", by=by, basis=basis)
        world.claim(event, "location_id", "loc-base", by=by, basis=basis)
        world.claim(event, "actors/initiator/act-group-b", "attributed_by_other", by=by, basis=basis)
        world.claim(event, "actors/target/act-force-a", "stated", by=by, basis=basis)
    assert world.only("events")["verification"] == expected


def test_an_event_whose_claims_were_all_rejected_stays_and_is_marked(world: World) -> None:
    for claim in list(world.tables["claims"]):
        world.reject(claim["claim_id"], "source_error_identity")
    assert world.only("events")["verification"] == "discounted"
    assert world.only("events")["date_start"] == "2001-02-03"


def test_a_death_makes_any_event_tier_one(world: World) -> None:
    assert world.only("events")["tier"] == "2"
    world.claim(EVENT, "casualties/us_military/killed", "1")
    assert world.only("events")["tier"] == "1"


def test_conservative_takes_the_lowest_figure_and_only_agreed_codes(world: World) -> None:
    world.claim(EVENT, INJURED, "3")
    world.claim(EVENT, INJURED, "5", by="act-host", basis="host_state")
    world.claim(EVENT, "outcome", "intercepted", basis="own_act")
    world.claim(EVENT, "outcome", "impact_damage", by="act-host", basis="host_state")
    tables = world.derived("2001-12-31", hindsight=True, policy="conservative")
    assert tables["event_casualties"][0]["best"] == "3"
    assert tables["events"][0]["outcome"] == "unknown"


def test_the_account_of_one_party_leaves_out_what_it_never_spoke_of(world: World) -> None:
    world.event("evt-2001-0002")
    world.claim("evt-2001-0002", "date", "2001-02-04", by="act-group-b", basis="own_act")
    world.claim("evt-2001-0002", "location_id", "loc-camp", by="act-group-b", basis="own_act")
    tables = world.derived("2001-12-31", hindsight=True, policy="party(act-force-a)")
    assert [row["event_id"] for row in tables["events"]] == [EVENT]


# As-of


def test_a_day_before_the_first_report_shows_nothing(world: World) -> None:
    tables = world.derived("2001-02-02")
    assert tables["events"] == tables["claims"] == tables["sources"] == []


def test_texts_written_later_do_not_show_without_hindsight(world: World) -> None:
    assert world.only("events", as_of="2001-02-03")["title"] == ""
    assert world.only("events", as_of="2001-02-03", hindsight=True)["title"] != ""


def test_a_judgement_made_later_does_not_change_what_readers_saw(world: World) -> None:
    claim = world.claim(EVENT, INJURED, "61", by="act-wire", basis="relayed_named")
    world.reject(claim, "source_error_number")
    assert counted(world, as_of="2001-02-03") == ("61", "61", "61")
    assert world.derived("2001-02-03", hindsight=True)["event_casualties"] == []
    mistake = world.claim(EVENT, "casualties/us_military/killed", "9", by="act-wire", basis="relayed_named")
    world.reject(mistake, "coder_error")
    assert len(world.derived("2001-02-03")["event_casualties"]) == 1


def statement(world: World, number: int, day: str, target: str, authority: str = "official_named", **cells: str) -> str:
    statement_id = f"mst-end-v{number:02d}"
    from worlds import row

    world.tables["milestone_statements"].append(
        row("milestone_statements", statement_id=statement_id, milestone_id="mst-end", stated_by_id="act-force-a",
            authority=authority, stated_on=day, **cells)
    )  # fmt: skip
    world.claim(statement_id, "target", target, day, basis="own_plan")
    world.claim(statement_id, "qualifier", "by", day, basis="own_plan")
    return statement_id


@pytest.fixture
def milestone() -> World:
    from worlds import row

    world = World()
    world.tables["milestones"].append(
        row("milestones", milestone_id="mst-end", title="End", scope="mission_ends", place_id="loc-land",
            outcome_rule="The mission ends.", outcome_event_id="evt-2001-0009")
    )  # fmt: skip
    statement(world, 1, "2001-01-10", "../2001-03-31")
    statement(world, 2, "2001-03-10", "../2001-09-30")
    return world


def test_a_milestone_is_pending_missed_and_met_late_in_turn(milestone: World) -> None:
    assert milestone.only("milestones", as_of="2001-01-10")["status"] == "pending"
    assert milestone.only("milestones", as_of="2001-10-01")["status"] == "missed"
    event = milestone.event("evt-2001-0009", "mission_change")
    milestone.claim(event, "date", "2001-11-01", "2001-11-02", basis="own_act")
    milestone.claim(event, "location_id", "loc-base", "2001-11-02", basis="own_act")
    assert milestone.only("milestones", as_of="2001-11-02")["status"] == "met_late"
    before = milestone.only("milestones", as_of="2001-10-01")
    assert (before["status"], before["outcome_event_id"]) == ("missed", "")


def test_a_later_statement_is_unknown_before_its_day(milestone: World) -> None:
    rows = milestone.derived("2001-03-09")["milestone_statements"]
    assert [row["target_end"] for row in rows] == ["2001-03-31"]


# Properties


days = st.integers(1, 28).map("2001-02-{:02d}".format)
claimed = st.lists(
    st.tuples(
        days,
        st.sampled_from(["act-force-a", "act-host", "act-group-b", "act-wire", "act-unnamed"]),
        st.sampled_from(["own_harm", "host_state", "adversary", "relayed_named", "relayed_anonymous"]),
        st.integers(0, 9).map(str),
        st.sampled_from(["exact", "at_least", "about", "at_most"]),
    ),
    min_size=1,
    max_size=8,
)


def toll_world(claims: list[tuple[str, str, str, str, str]]) -> World:
    world = World()
    event = world.event()
    world.claim(event, "date", "2001-02-01", "2001-02-01")
    world.claim(event, "location_id", "loc-base", "2001-02-01")
    for day, by, basis, value, modifier in claims:
        world.claim(event, INJURED, value, day, by, basis, modifier=modifier)
    return world


@given(claimed)
def test_low_best_and_high_are_always_in_order(claims) -> None:
    found = toll_world(claims).only("event_casualties")
    bounds = [int(found[k]) for k in ("low", "best", "high") if found[k]]
    assert bounds == sorted(bounds)


@given(claimed, st.randoms(use_true_random=False))
def test_the_order_of_claims_never_matters(claims, rng: random.Random) -> None:
    world = toll_world(claims)
    before = world.derived()
    rng.shuffle(world.tables["claims"])
    assert world.derived() == before


@given(claimed, days)
def test_no_value_rests_on_a_later_claim(claims, day: str) -> None:
    full, cut = toll_world(claims), toll_world([claim for claim in claims if claim[0] <= day])
    for table in ("events", "event_casualties"):
        assert full.derived(day)[table] == cut.derived(day)[table]


@given(claimed, days, days)
def test_a_record_once_public_stays(claims, first: str, second: str) -> None:
    first, second = sorted((first, second))
    world = toll_world(claims)
    early = {row["event_id"] for row in world.derived(first)["events"]}
    assert early <= {row["event_id"] for row in world.derived(second)["events"]}


@given(claimed)
def test_todays_view_is_the_stored_one(claims) -> None:
    world = toll_world(claims)
    newest = max(row["reported_on"] for row in world.tables["claims"])
    assert world.derived(newest, hindsight=True) == world.derived()


spans = st.tuples(st.integers(1, 28), st.integers(0, 40)).map(
    lambda p: f"2001-01-{p[0]:02d}/2001-{3 + p[1] // 20:02d}-{1 + p[1] % 20:02d}"
)


@given(spans, spans)
def test_the_intersection_lies_in_both_and_both_lie_in_the_hull(a: str, b: str) -> None:
    first, second = parse_interval(a), parse_interval(b)
    common, whole = intersect(first, second), hull(first, second)
    assert common is not None
    assert max(first[0], second[0]) == common[0]
    assert common[1] == min(first[1], second[1])
    assert whole[0] <= common[0] <= common[1] <= whole[1]


@pytest.mark.parametrize("text", ["2024-13", "2024-02-30", "../..", "2024-05-02/2024-05-01", "soon", "2024-1-1"])
def test_what_is_no_interval_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"day|open|ends|month|range"):
        parse_interval(text)


def test_width_classes_follow_the_number_of_days() -> None:
    assert width_class("2024-09-01", "2024-09-07") == "week"
    assert width_class("2024-01-01", "2024-12-31") == "year"
    assert width_class("", "2024-12-31") == ""
