"""What a researcher gets from load(), flat() and their neighbours."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

import iraq_coalition_data as icd
from iraq_coalition_data.loading import MissingExtraError, UnknownTableError
from iraq_coalition_data.package import DataPackage, PackageError, shipped
from iraq_coalition_data.reading import InvalidDataError, read_frame


def test_every_table_loads_and_meets_its_contract() -> None:
    for name, frame in icd.load_all(validate=True).items():
        icd.schema(name).validate(frame)
        facts = frame.attrs["iraq_coalition_data"]
        assert facts["table"] == name
        assert facts["version"] == icd.version()
        assert facts["sha256"] == shipped().resources[name].sha256
        assert len(frame) == shipped().resources[name].rows


def test_missing_is_never_zero_and_codes_survive() -> None:
    casualties = icd.load("event_casualties")
    assert str(casualties["best"].dtype) == "Int64"
    assert isinstance(icd.load("events")["event_type"].dtype, pd.CategoricalDtype)
    assert icd.load("events")["date_precision"].cat.ordered


@pytest.mark.parametrize("name", ["event", "evnts", "Events"])
def test_an_unknown_table_is_refused_with_the_nearest_name(name: str) -> None:
    with pytest.raises(UnknownTableError, match="Did you mean 'events'"):
        icd.load(name)


def test_an_unknown_column_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UnknownTableError, match="Did you mean 'verification'"):
        icd.codebook("events", "verifcation")


@pytest.mark.parametrize("day", ["16 August", "2024-13-01", "2024-8-16", 20240816])
def test_a_day_that_is_none_is_refused(day) -> None:
    with pytest.raises(ValueError, match="expected a day such as"):
        icd.load("events", as_of=day)


def test_an_unknown_policy_or_engine_is_refused() -> None:
    with pytest.raises(ValueError, match="balanced"):
        icd.load("events", policy="bold")
    with pytest.raises(ValueError, match="polars"):
        icd.load("events", engine="spark")
    with pytest.raises(LookupError):
        icd.load("events", policy="party(act-nobody-at-all)")


def test_labels_stand_beside_their_codes() -> None:
    frame = icd.load("events", labels=True)
    columns = list(frame.columns)
    assert columns.index("event_type_label") == columns.index("event_type") + 1
    assert frame["event_type_label"].notna().all()


def test_other_engines_hold_the_same_rows() -> None:
    polars = pytest.importorskip("polars")
    frame = icd.load("events")
    assert icd.load("events", engine="polars").get_column("event_id").to_list() == frame["event_id"].tolist()
    assert isinstance(icd.load("events", engine="polars"), polars.DataFrame)
    assert icd.load("events", engine="arrow").column("event_id").to_pylist() == frame["event_id"].tolist()


def test_a_missing_engine_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "polars", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'iraq-coalition-data\[polars\]'"):
        icd.load("events", engine="polars")


# Integrity


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    root = Path(str(shipped().root))
    for part in ("data", "schemas"):
        shutil.copytree(root / part, tmp_path / part)
    shutil.copy(root / "datapackage.json", tmp_path)
    return tmp_path


def test_edited_bytes_that_meet_the_schema_load(copy: Path) -> None:
    path = copy / "data/publishers.csv"
    path.write_bytes(path.read_bytes() + b"pub-zzz-example,Example Paper,,newspaper,,,,\n")
    frame = read_frame("publishers", package=DataPackage(copy))
    assert frame["publisher_id"].iloc[-1] == "pub-zzz-example"


def test_edited_bytes_that_break_the_schema_name_line_and_column(copy: Path) -> None:
    path = copy / "data/publishers.csv"
    lines = path.read_text(encoding="utf-8").count("\n")
    path.write_bytes(path.read_bytes() + b"pub-zzz-example,Example Paper,,newspapr,,,,\n")
    with pytest.raises(InvalidDataError, match=rf"data/publishers.csv:{lines + 1} kind") as refused:
        read_frame("publishers", package=DataPackage(copy))
    assert [(e.code, e.line, e.column) for e in refused.value.errors] == [("ICD203", lines + 1, "kind")]


@pytest.mark.parametrize(
    "path", ["http://127.0.0.1:9/events.csv", "../events.csv", "/etc/passwd", "data/events.csv.gz", ["data/events.csv"]]
)
def test_a_descriptor_that_points_elsewhere_is_refused_and_never_opened(copy: Path, path) -> None:
    descriptor = json.loads((copy / "datapackage.json").read_text(encoding="utf-8"))
    descriptor["resources"][0]["path"] = path
    (copy / "datapackage.json").write_text(json.dumps(descriptor), encoding="utf-8")
    with pytest.raises(PackageError, match="Nothing else is opened"):
        _ = DataPackage(copy).resources


def test_links_are_not_followed(copy: Path) -> None:
    (copy / "data/events.csv").rename(copy / "elsewhere.csv")
    (copy / "data/events.csv").symlink_to(copy / "elsewhere.csv")
    with pytest.raises(PackageError, match="only regular files"):
        read_frame("events", package=DataPackage(copy))


# Views of the shipped data


def test_todays_view_with_hindsight_is_the_stored_one() -> None:
    newest = icd.load("claims")["reported_on"].max().strftime("%Y-%m-%d")
    stored, derived = icd.load_all(), icd.load_all(as_of=newest, hindsight=True)
    for name, frame in stored.items():
        pd.testing.assert_frame_equal(frame, derived[name], check_like=False, obj=name)


@pytest.mark.parametrize("day", ["2024-07-31", "2024-08-05", "2024-08-16", "2024-09-08", "2024-09-27"])
def test_nothing_in_a_view_was_reported_later(day: str) -> None:
    view = icd.load_all(as_of=day)
    assert (view["claims"]["reported_on"] <= day).all()
    assert (view["sources"]["published_on"] <= day).all()
    assert (view["events"]["first_reported_on"] <= day).all()
    assert (view["milestone_statements"]["stated_on"] <= day).all()
    known = set(view["claims"]["record_id"])
    for table, key in (
        ("events", "event_id"),
        ("agreements", "agreement_id"),
        ("milestone_statements", "statement_id"),
    ):
        assert set(view[table][key]) <= known
    assert view["events"]["title"].isna().all()
    assert view["events"]["summary"].isna().all()


def test_references_in_a_view_lead_to_rows_of_the_view() -> None:
    view = icd.load_all(as_of="2024-08-16")
    events = set(view["events"]["event_id"])
    assert set(view["event_actors"]["event_id"]) <= events
    assert set(view["event_links"]["to_event_id"]) <= events
    assert set(view["event_actors"]["actor_id"]) <= set(view["actors"]["actor_id"])
    assert set(view["events"]["location_id"].dropna()) <= set(view["locations"]["location_id"])


def test_the_account_of_one_party_rests_on_its_claims_alone() -> None:
    actors = icd.load("actors").set_index("actor_id")["principal_id"]
    claims = icd.load("claims", policy="party(act-us-government)")
    assert set(claims["claimant_id"].map(actors)) == {"act-us-government"}


def test_flat_events_have_one_row_each_and_never_turn_missing_into_zero() -> None:
    events = icd.flat("events")
    assert events["event_id"].is_unique
    assert len(events) == len(icd.load("events"))
    harm = icd.load("event_casualties")
    without = ~events["event_id"].isin(harm.loc[harm["outcome"] == "injured", "event_id"])
    assert events.loc[without, "injured_best"].isna().all()
    assert (events["n_sources"] >= 1).all()


def test_flat_views_name_what_they_refer_to() -> None:
    assert icd.flat("agreements")["parties"].notna().any()
    assert icd.flat("actors")["principal"].notna().all()
    with pytest.raises(UnknownTableError, match="Did you mean 'events'"):
        icd.flat("event")


def test_a_frame_of_the_user_is_held_against_its_contract() -> None:
    frame = icd.load("force_levels")
    assert icd.validate(frame) == []
    broken = frame.copy()
    broken.attrs = frame.attrs
    broken.loc[0, "best"] = -1
    findings = icd.validate(broken)
    assert [(f.table, f.column, f.line) for f in findings] == [("force_levels", "best", 2)]


# Evidence


def test_every_claim_of_a_record_comes_with_its_page() -> None:
    event = icd.load("claims")["record_id"].iloc[0]
    found = icd.evidence(event)
    assert found["url"].str.startswith("http").all()
    assert len(found) == len(icd.claims(event))


def test_an_unknown_record_is_refused_with_the_nearest_identifier() -> None:
    with pytest.raises(LookupError, match="Did you mean 'act-us-government'"):
        icd.claims("act-us-goverment")


def test_every_claimed_value_can_be_explained() -> None:
    claims = icd.load("claims")
    for record, field in (
        claims[["record_id", "field"]].drop_duplicates().sample(40, random_state=1).itertuples(index=False)
    ):
        text = icd.explain(record, field)
        assert text.startswith(f"{record} · {field} = ")
        assert "http" in text


def test_history_ends_with_todays_value() -> None:
    casualties = icd.load("event_casualties")
    for row in casualties.itertuples(index=False):
        states = icd.history(row.event_id, f"casualties/{row.group}/{row.outcome}")
        last = states.iloc[-1]
        assert pd.isna(last["known_to"])
        assert (last["value"] or None) == (None if pd.isna(row.best) else str(row.best))
