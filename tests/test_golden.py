"""Known history: what the founding story says, and what better sources make of it, each with who says so and where.

The numbers are those of the statements made by the news of 15 August 2024. A fact is looked up by the title of its
record, not by its ID, so that it reads as history.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

import iraq_coalition_data as icd

POSTPONED = "Iraq postpones announcing the end date of the coalition mission"
TIMETABLE = "Iraqi sources give September 2024 start and September 2025 end"
ROCKETS = "Rockets fired at Ain al-Asad air base injure US personnel"
STRIKE = "US air strike in northern Babil kills members of the Popular Mobilization Forces"
HANIYEH = "Ismail Haniyeh killed in Tehran"
GAZA = "War between Israel and Hamas begins"
FIRST_SESSION = "First session of the Higher Military Commission in Baghdad"
WHITE_HOUSE = "Biden and al-Sudani meet at the White House"
COMMITTEE = "Iraq says a bilateral committee will arrange the end of the coalition"
MINISTRY = "act-iraq-ministry-of-foreign-affairs"
COMMISSION = "actors/participant/act-us-iraq-higher-military-commission"


@dataclass(frozen=True)
class Fact:
    """One claim that must be found: the record, the field, the value, who says it in which words, and where printed."""

    statement: str
    record: str
    field: str
    value: str
    claimant: str
    words: str
    publisher: str


FACTS = [
    Fact("1 day", POSTPONED, "date", "2024-08-15", MINISTRY, "said on Thursday", "pub-dunya-news"),
    Fact("1 postponed", POSTPONED, "outcome", "postponed", MINISTRY, "has been postponed", "pub-dunya-news"),
    Fact("2 reason", POSTPONED, "outcome", "postponed", MINISTRY, '"latest developments', "pub-dunya-news"),
    Fact("2 not named", POSTPONED, "outcome", "postponed", "act-reuters", "did not identify", "pub-dunya-news"),
    Fact("3 talks", POSTPONED, COMMISSION, "stated", MINISTRY, "withdrawing advisers from", "pub-dunya-news"),
    Fact("4 advisers", POSTPONED, f"actors/announcer/{MINISTRY}", "stated", MINISTRY, "advisors", "pub-daijiworld"),
    Fact("4 in Arabic", POSTPONED, f"actors/announcer/{MINISTRY}", "stated", MINISTRY, "المستشارين", "pub-ultra-iraq"),
    Fact("5 open", POSTPONED, f"actors/announcer/{MINISTRY}", "stated", "act-reuters", "logistical", "pub-dunya-news"),
    Fact("7 pressure", POSTPONED, "actors/participant/act-iraq-government", "stated", "act-world-policy-hub",
         "pressure on the government", "pub-world-policy-hub"),
    Fact("8 five at least", ROCKETS, "casualties/us_military/injured", "5", "act-anonymous-us-official",
         "at least 5 U.S. personnel", "pub-bno-news"),
    Fact("8 four soldiers", ROCKETS, "casualties/us_military/injured", "4", "act-us-department-of-defense",
         "four U.S. troops and a U.S. contractor", "pub-investing-com"),
    Fact("8 a contractor", ROCKETS, "casualties/us_contractor/injured", "1", "act-us-department-of-defense",
         "four U.S. troops and a U.S. contractor", "pub-investing-com"),
    Fact("9 strike", STRIKE, "actors/initiator/act-us-armed-forces", "acknowledged_own_act", "act-us-central-command",
         "conducted a defensive airstrike", "pub-epoch-times"),
    Fact("10 sources", TIMETABLE, "actors/announcer/act-anonymous-iraqi-source", "stated", "act-anonymous-iraqi-source",
         "four Iraqi sources said", "pub-trt-world"),
    Fact("10 not agreed", TIMETABLE, "outcome", "concluded", "act-anonymous-us-official", "لا يوجد اتفاق رسمي",
         "pub-al-quds-al-arabi"),
    Fact("11 some stay", TIMETABLE, "outcome", "concluded", "act-anonymous-us-official",
         "newly negotiated advise and assist mission", "pub-lbci"),
    Fact("12 as told", WHITE_HOUSE, "actors/participant/act-joe-biden", "stated", "act-sofx",
         "initiated by an April meeting", "pub-sofx"),
    Fact("12 as it was", FIRST_SESSION, "date", "2024-01-27", "act-iraq-prime-minister-office",
         "launch of the first round of bilateral talks", "pub-rudaw"),
    Fact("13 constitution", POSTPONED, "actors/participant/act-iraq-government", "stated", MINISTRY,
         "in accordance with the Iraqi constitution", "pub-the-world-monitor"),
    Fact("14 very close", POSTPONED, "outcome", "postponed", MINISTRY, "كنا قريبين جدا", "pub-sky-news-arabia"),
    Fact("15 killed", HANIYEH, "actors/victim/act-ismail-haniyeh", "stated", "act-irgc", "", "pub-business-today"),
    Fact("15 Iran blames", HANIYEH, "actors/initiator/act-israel-government", "attributed_by_host",
         "act-iran-government", "attributed to Israel", "pub-novinite"),
    Fact("16 war", GAZA, "actors/initiator/act-hamas", "self_claimed", "act-hamas", "", "pub-the-nation-nigeria"),
    Fact("17 calls to end", POSTPONED, f"actors/announcer/{MINISTRY}", "stated", "act-middle-east-monitor",
         "for a definitive end", "pub-middle-east-monitor"),
    Fact("18 sovereignty", COMMITTEE, "actors/decision_maker/act-iraq-government", "stated", "act-sofx",
         "complete national sovereignty", "pub-sofx"),
]  # fmt: skip

# Well-known facts of October 2023 to December 2024, each with a page that states it.
with Path(__file__).with_name("golden_facts.csv").open(encoding="utf-8", newline="") as table:
    PERIOD = list(csv.DictReader(table))


@pytest.fixture(scope="module")
def claims() -> pd.DataFrame:
    """Every claim with the title of its event and the publisher of its source."""
    events = icd.load("events")[["event_id", "title"]]
    sources = icd.load("sources")[["source_id", "publisher_id"]]
    with_titles = icd.load("claims").merge(events, left_on="record_id", right_on="event_id", how="left")
    return with_titles.merge(sources, on="source_id")


def event_id(title: str) -> str:
    events = icd.load("events")
    return str(events.loc[events["title"] == title, "event_id"].item())


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.statement)
def test_the_founding_story_is_found_as_claims(claims, fact):
    found = claims[
        (claims["title"] == fact.record)
        & (claims["field"] == fact.field)
        & (claims["value"] == fact.value)
        & (claims["claimant_id"] == fact.claimant)
        & (claims["publisher_id"] == fact.publisher)
        & claims["value_as_stated"].fillna("").str.contains(fact.words, regex=False)
    ]
    assert len(found) >= 1, fact


@pytest.mark.parametrize("fact", PERIOD, ids=lambda fact: f"{fact['event_id']} {fact['field']}")
def test_the_period_is_told_as_its_sources_tell_it(claims, fact):
    assert event_id(fact["title"]) == fact["event_id"]
    assert icd.history(fact["event_id"], fact["field"])["value"].iloc[-1] == fact["value"]
    columns = ["record_id", "field", "value", "claimant_id", "publisher_id"]
    wanted = [fact["event_id"], *(fact[name] for name in columns[1:])]
    found = claims[(claims[columns] == wanted).all(axis=1) & (claims["status"] == "live")]
    assert fact["words"] in set(found["value_as_stated"].fillna(""))


def test_6_about_2500_us_troops_in_iraq_on_the_day():
    levels = icd.load("force_levels")
    on_the_day = levels[(levels["start"] == pd.Timestamp("2024-08-15")) & (levels["place_id"] == "loc-iraq")]
    assert on_the_day["best"].tolist() == [2500]
    assert on_the_day["concept"].tolist() == ["media_estimate"]


def test_7_attacks_since_october_2023_are_counted_by_several_who_differ():
    tallies = icd.load("reported_tallies")
    counts = tallies[
        (tallies["measure"] == "attacks_on_us_coalition")
        & (tallies["area_id"] == "loc-region")
        & tallies["window_start"].between("2023-10-01", "2023-10-31")
        & tallies["window_end"].between("2024-07-01", "2024-09-30")
    ]
    assert counts["claimant_id"].nunique() >= 4
    assert counts["best"].between(135, 180).all()


def test_8_the_injured_of_5_august_have_a_history_from_several_to_four_soldiers_and_a_contractor():
    rockets = event_id(ROCKETS)
    military = icd.history(rockets, "casualties/us_military/injured")
    assert list(zip(military["value"], military["known_from"].dt.date.astype(str), strict=True)) == [
        ("2", "2024-08-05"),
        ("4", "2024-08-08"),
    ]
    contractors = icd.history(rockets, "casualties/us_contractor/injured")
    assert contractors["value"].tolist() == ["2", "1"]
    explained = icd.explain(rockets, "casualties/us_military/injured")
    for words in ("at least 2", "at least 5", "replaced by a later statement", "four U.S. troops", "Contested"):
        assert words in explained


def test_10_who_gave_september_and_how_firmly():
    stated = icd.load("milestone_statements")
    start = stated[(stated["milestone_id"] == "mst-coalition-withdrawal-start") & (stated["stated_on"] == "2024-07-22")]
    assert start["target_start"].tolist() == [pd.Timestamp("2024-09-01")]
    assert start["authority"].tolist() == ["official_unnamed"]


def test_what_was_stated_by_16_august_2024_and_nothing_later():
    then = icd.load("milestone_statements", as_of="2024-08-16")
    assert then["stated_on"].max() <= pd.Timestamp("2024-08-16")
    assert "mst-end-date-announcement" in set(then["milestone_id"])
    assert "agr-joint-statement-2024-09" not in set(icd.load("agreements", as_of="2024-08-16")["agreement_id"])


@pytest.mark.parametrize(("day", "known"), [("2024-09-26", False), ("2024-09-27", True)])
def test_the_joint_statement_appears_on_its_own_day(day, known):
    assert ("agr-joint-statement-2024-09" in set(icd.load("agreements", as_of=day)["agreement_id"])) is known
    statements = icd.load("milestone_statements", as_of=day)
    joint = statements[statements["authority"] == "joint_official"]
    assert (joint["stated_on"] == pd.Timestamp("2024-09-27")).any() == known


def test_the_postponement_is_cited_by_its_publishers():
    cited = icd.cite(event_id(POSTPONED))
    for publisher in ("Dunya News", "Ultra Iraq", "Daijiworld"):
        assert publisher in cited
