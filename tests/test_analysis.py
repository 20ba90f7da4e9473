"""What a researcher asks: counts that add up, zeros that are true, lags, drift, and briefs without hindsight."""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import iraq_coalition_data as icd
from iraq_coalition_data import analysis
from iraq_coalition_data.analysis.counts import _bounds, _grid_cell, _one_per_day_and_site
from iraq_coalition_data.cli import main

ORIGIN = "iraq_coalition_data"
COVERED = {"start": "2024-07-01", "end": "2024-09-30"}
DAYS = st.dates(pd.Timestamp("2024-01-01").date(), pd.Timestamp("2024-03-31").date())


def attacks_between(start: str, end: str) -> pd.DataFrame:
    events = icd.load("events")
    in_scope = events["scope_reason"].isin(["I1", "I2"]) & (events["event_type"] == "armed_action")
    return events[in_scope & events["date_start"].between(start, end)]


# -- counts


@pytest.mark.parametrize("freq", ["day", "week", "month"])
def test_counts_add_up_to_the_events_whatever_the_period(freq):
    counts = analysis.weekly_counts(freq=freq, **COVERED)
    assert counts["best"].sum() == len(attacks_between(**COVERED))
    assert (counts["low"] <= counts["best"]).all()
    assert (counts["best"] <= counts["high"]).all()


@pytest.mark.parametrize("column", ["verification", "lethality", "country", "side", "attribution", "event_type"])
def test_a_breakdown_adds_up_to_the_whole(column):
    whole = analysis.weekly_counts(freq="month", **COVERED).set_index("period_start")["best"]
    parts = analysis.weekly_counts(freq="month", by=[column], **COVERED).groupby("period_start")["best"].sum()
    pd.testing.assert_series_equal(parts, whole, check_names=False)


def test_nothing_found_is_zero_only_where_the_search_was_dense():
    weeks = analysis.weekly_counts(start="2024-06-03", end="2024-09-29")
    before = weeks[weeks["period_start"] < "2024-07-01"]
    assert not before["covered"].any()
    assert before["best"].isna().any()
    assert not (before["best"] == 0).any()
    after = weeks[weeks["period_start"] >= "2024-07-01"]
    assert after["covered"].all()
    assert (after["best"] == 0).any()
    assert after["best"].notna().all()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(DAYS, st.integers(0, 30)), min_size=1, max_size=12))
def test_bounds_of_uncertain_dates(intervals):
    events = pd.DataFrame({"date_start": pd.to_datetime([day for day, _ in intervals])})
    events["date_end"] = events["date_start"] + pd.to_timedelta([length for _, length in intervals], unit="D")
    weeks = pd.period_range("2024-01-01", "2024-05-31", freq="W-SUN")
    counted = _bounds(events, weeks, []).set_index("period")
    assert counted["best"].sum() == len(events)
    for week in weeks:
        inside = (events["date_start"] >= week.start_time) & (events["date_end"] <= week.end_time)
        touching = (events["date_start"] <= week.end_time) & (events["date_end"] >= week.start_time)
        assert counted.loc[week, ["low", "high"]].tolist() == [inside.sum(), touching.sum()]


def test_two_attacks_on_one_site_and_day_are_one_day_at_a_site():
    events = pd.DataFrame(
        {
            "date_start": pd.to_datetime(["2024-01-01", "2024-01-01", "2024-01-02"]),
            "date_end": pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-02"]),
            "location_id": ["loc-a", "loc-a", "loc-a"],
        }
    )
    days = _one_per_day_and_site(events, [])
    assert days["date_start"].dt.day.tolist() == [1, 2]
    assert days["date_end"].dt.day.tolist() == [2, 2]


def test_what_a_filter_drops_is_told():
    everything = analysis.weekly_counts(**COVERED)
    strict = analysis.weekly_counts(min_verification="acknowledged_one", **COVERED)
    dropped = strict.attrs[ORIGIN]["dropped"]["verification below acknowledged_one"]
    assert 0 < strict["best"].sum() < everything["best"].sum()
    assert dropped >= everything["best"].sum() - strict["best"].sum()


def test_counts_as_of_a_day_end_on_it():
    early = analysis.weekly_counts(start="2024-07-01", as_of="2024-08-06")
    assert early["period_start"].max() <= pd.Timestamp("2024-08-06")
    assert early["best"].sum() == len(attacks_between("2024-07-01", "2024-08-06"))


def test_around_counts_from_the_anchor_day_on():
    anchor = "negotiation_round"
    rows = analysis.around(anchor, weeks=1)
    events = icd.load("events").set_index("event_id")
    for row in rows[rows["covered"]].itertuples():
        first = events.loc[row.anchor_id, "date_start"] + pd.Timedelta(weeks=row.offset)
        assert row.best == len(attacks_between(first, first + pd.Timedelta(days=6)))


def test_an_event_is_never_counted_around_itself():
    attack = attacks_between(**COVERED).iloc[0]
    rows = analysis.around([attack["event_id"]], weeks=1)
    own_week = rows[rows["offset"] == 0]["high"].item()
    others = attacks_between(attack["date_start"], attack["date_start"] + pd.Timedelta(days=6))
    assert own_week == len(others) - 1


def test_claims_and_acknowledgements_stand_side_by_side():
    matrix = analysis.attribution_matrix()
    revolutionaries = matrix[(matrix["actor_id"] == "act-al-thawriyun") & (matrix["period_start"] == "2024-08-01")]
    assert revolutionaries[["claimed", "acknowledged"]].to_numpy().tolist() == [[1, 1]]
    assert (matrix["claimed_only"] <= matrix["claimed"]).all()


def test_the_panel_is_complete_in_governorates_that_exist():
    rows = analysis.panel(freq="month", start="2025-04-01", end="2025-06-30")
    halabja = rows[rows["admin1"] == "iq-halabja"]["period_start"].dt.month.tolist()
    assert halabja == [6]
    others = rows[rows["admin1"] != "iq-halabja"]
    assert others.groupby("admin1").size().eq(3).all()


def test_grid_cells_are_numbered_from_the_south_west():
    latitudes, longitudes = pd.Series([-89.75, -89.75, 89.75]), pd.Series([-179.75, -179.25, 179.75])
    assert _grid_cell(latitudes, longitudes).tolist() == [1, 2, 259200]


@pytest.mark.parametrize(
    ("call", "hint"),
    [
        (lambda: analysis.weekly_counts("attack"), "attacks"),
        (lambda: analysis.weekly_counts(area="loc-irak"), "loc-iraq"),
        (lambda: analysis.weekly_counts(by=["verificaton"]), "verification"),
        (lambda: analysis.weekly_counts(min_verification="corroborate"), "corroborated"),
        (lambda: analysis.around("negotiation_rounds"), "negotiation_round"),
        (lambda: analysis.milestone_drift("mst-end-date-anouncement"), "mst-end-date-announcement"),
        (lambda: analysis.vintages("casualties/us_militry/injured"), "casualties/us_military/injured"),
        (lambda: analysis.known_on("2024-08-16", "prc-higher-military-comission"), "prc-higher-military-commission"),
    ],
)
def test_a_slip_of_the_pen_is_answered_with_the_nearest_choice(call, hint):
    with pytest.raises(ValueError, match=re.escape(repr(hint))):
        call()


def test_days_in_the_wrong_order_are_refused():
    with pytest.raises(ValueError, match="comes after"):
        analysis.weekly_counts(start="2024-09-30", end="2024-07-01")


# -- sequences


def test_the_strike_of_30_july_answers_the_rockets_of_25_july_after_five_days():
    lags = analysis.response_lags(by=["armed_action"])
    answered = lags[~lags["censored"] & (lags["date_start"] == "2024-07-25")]
    assert answered[["lag_min", "lag_max"]].to_numpy().tolist() == [[5, 5]]
    assert answered["link"].tolist() == ["curator_linked_response_to"]


def test_attacks_without_a_response_are_kept_as_censored():
    lags = analysis.response_lags()
    assert set(lags["event_id"]) == set(attacks_between("2000-01-01", "2100-01-01")["event_id"])
    assert lags.loc[lags["censored"], "lag_max"].isna().all()
    assert (lags.loc[lags["censored"], "lag_min"] >= 0).all()
    day_before_the_strike = analysis.response_lags(as_of="2024-07-29")
    assert day_before_the_strike.loc[day_before_the_strike["date_start"] == "2024-07-25", "censored"].all()


def test_every_figure_keeps_its_vintages():
    states = analysis.vintages()
    rumaylan = states.groupby("record_id")["value"].agg(list)
    assert ["0", "2", "2", "8"] in rumaylan.tolist()
    assert (states.groupby("record_id")["vintage"].max() == states.groupby("record_id").size()).all()


# -- stated dates and knowledge


def test_drift_measures_from_one_stated_end_to_the_next():
    drift = analysis.milestone_drift("mst-coalition-withdrawal-start")
    assert pd.isna(drift["delta_days"].iloc[0])
    summer = drift[drift["stated_on"].between("2024-08-01", "2024-08-20")]
    assert summer["delta_days"].tolist() == [365, -365]
    named = analysis.milestone_drift(min_authority="official_named")
    assert set(named["authority"].astype(str)) <= {"joint_official", "official_named"}
    assert named.attrs[ORIGIN]["dropped"] == {
        "authority below official_named": len(analysis.milestone_drift()) - len(named)
    }


@settings(max_examples=15, deadline=None)
@given(st.dates(pd.Timestamp("2023-08-01").date(), pd.Timestamp("2024-12-31").date()))
def test_a_brief_names_nothing_that_happened_later(day):
    brief = analysis.known_on(day)
    stated_or_happened = re.findall(r"^  (\d{4}-\d\d-\d\d)  ", brief, flags=re.MULTILINE)
    assert all(found <= day.isoformat() for found in stated_or_happened)


def test_the_brief_of_16_august_2024():
    brief = analysis.known_on("2024-08-16")
    assert "2024-08-15  Iraqi Ministry of Foreign Affairs (official_named)" in brief
    assert "pending" in brief
    assert "Sep 2024" not in brief
    assert max(map(len, brief.splitlines())) <= 80


def test_a_brief_keeps_to_its_subject():
    brief = analysis.known_on("2024-08-16", "mst-coalition-withdrawal-start")
    assert "mst-end-date-announcement" not in brief
    assert "Unnamed Iraqi source (official_unnamed)" in brief
    assert analysis.known_on("2001-01-01").endswith("Nothing about it.")


# -- comparison


def test_concepts_of_strength_are_never_mixed():
    with pytest.raises(ValueError, match="must not be mixed"):
        analysis.force_level_series()
    series = analysis.force_level_series(concept="total_with_temporary")
    assert series["best"].tolist() == [2500]
    assert series["best_modifier"].tolist() == ["more_than"]


def test_a_tally_of_days_not_searched_is_not_held_against_us():
    tallies = analysis.reconcile_tallies().set_index("tally_id")
    uncovered = tallies[tallies["covered_share"] < 1]
    assert set(uncovered["verdict"]) <= {"not_covered", "not_counted"}
    assert tallies.loc[tallies["measure"] == "isis_attacks", "ours_best"].isna().all()


def test_our_side_of_a_tally_is_our_count_of_its_window():
    tallies = analysis.reconcile_tallies()
    pentagon = tallies[(tallies["window_end"] == "2024-08-12") & (tallies["area_id"] == "loc-region")].iloc[0]
    assert pentagon["ours_best"] == len(attacks_between("2023-10-01", "2024-08-12"))


def test_the_toll_of_29_august_differs_between_the_partners():
    differences = analysis.compare_accounts()
    raid = differences[differences["field"] == "casualties/isis/killed"]
    assert ("14", "16") in set(zip(raid["one"], raid["other"], strict=True))
    definition = differences.attrs[ORIGIN]["definition"]
    assert 0 < definition["n_both"] <= min(definition["n_one"], definition["n_other"])


def test_sensitivity_runs_every_choice():
    runs = analysis.sensitivity(analysis.weekly_counts, units=["event", "day_site"], **COVERED)
    totals = runs.groupby(["policy", "unit"])["best"].sum()
    assert len(totals) == 4
    assert (totals.xs("day_site", level="unit") <= totals.xs("event", level="unit")).all()


def test_presence_says_where_each_site_is():
    assert {"location", "holder", "lat", "lon"} <= set(analysis.presence_on("2026-02-01").columns)


# -- command line


def test_commands_print_tables_csv_and_json(capsys):
    assert main(["weekly", "--freq", "month", "--format", "csv"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "period_start,low,best,high,covered"
    assert [line[:10] for line in lines[1:]] == ["2024-07-01", "2024-08-01", "2024-09-01"]
    assert main(["drift", "mst-coalition-withdrawal-start", "--format", "json"]) == 0
    assert 365 in [row["delta_days"] for row in json.loads(capsys.readouterr().out)]
    assert main(["timeline", "--start", "2024-08-15", "--end", "2024-08-15"]) == 0
    assert "Iraq postpones announcing the end date" in capsys.readouterr().out
    assert main(["known-on", "2024-08-16"]) == 0
    assert capsys.readouterr().out.startswith("What was publicly known on 16 August 2024")


def test_commands_draw_into_files(tmp_path, capsys):
    for command in ("timeline", "map", "drift"):
        assert main([command, "--plot", str(tmp_path / f"{command}.svg")]) == 0
        assert (tmp_path / f"{command}.svg").stat().st_size > 5_000
    assert main(["map", "--plot", str(tmp_path / "map.txt")]) == 2
    assert "expected .png, .svg or .pdf" in capsys.readouterr().err
    assert not (tmp_path / "map.txt").exists()
