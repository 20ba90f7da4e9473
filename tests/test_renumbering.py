"""Two people count up from the same number; the one who merges second moves out of the way."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curating import ATTACK, DATA_SCHEMAS, META, URL, add, contents, event, planned, rows, source
from example import example_state, write_example
from iraq_coalition_data.cli import main
from iraq_coalition_data.curation.differences import difference
from iraq_coalition_data.curation.renumbering import new_numbers, renumber_checkout, renumbered
from iraq_coalition_data.package import DataPackage
from iraq_coalition_data.reading import Tables, read_rows
from iraq_coalition_data.validation.finding import ERROR
from iraq_coalition_data.validation.runner import recheck, validate_package

BASE = example_state(with_previous=False)
FIRST = "evt-2001-0001"


def strike(
    name: str, day: str = "2001-02-13", more: str = "", *, url: str = "", handle: str = "", meta: str = META
) -> str:
    """Return a bundle of one event with a source of its own."""
    said = ATTACK.replace("2001-02-13", day) + more
    return event(source(url or f"https://example.org/new/{name}", said, meta=meta), handle=handle, title=name)


RELATION = (
    "table: actor_relations\n"
    "record: {actor_id: act-example-brand, relation: part_of, other_actor_id: act-example-force-a}\n"
    "sources:\n" + source("https://example.org/page", "exists: true", day="2001-03-07")
)
STATEMENT = (
    "table: milestone_statements\n"
    "record: {milestone_id: mst-example-mission-end, stated_by_id: act-example-government-a, "
    "authority: joint_official, stated_on: 2001-04-20, supersedes_id: mst-example-mission-end-v01, event_id: '@a'}\n"
    "sources:\n"
    + source("https://example.org/say", "target: ../2002-09-30\nqualifier: no_later_than", day="2001-04-20")
)
OURS = [
    strike("ours", "2001-02-12", f"links/stated_response_to/{FIRST}: true\n", handle="a"),
    strike(
        "ours too", "2001-02-13", "links/same_operation/@a: true\nlinks/stated_response_to/@a: true\n", url=f"{URL}/b"
    ),
    RELATION,
    STATEMENT,
]
THEIRS = [strike("theirs", "2001-02-11")]
MOVED = {"evt-2001-9002": "evt-2001-9003", "evt-2001-9003": "evt-2001-9004"}


# Tables


def added(*texts: str) -> Tables:
    return planned(BASE, *texts).tables


def test_numbers_that_are_taken_move_on_and_keep_their_order() -> None:
    mapping = new_numbers(added(*OURS), added(*THEIRS), BASE.tables)
    assert {old: new for old, new in mapping.items() if old.startswith("evt")} == MOVED
    assert not any(old.startswith(("rel", "mst")) for old in mapping), "nothing of these was added there"


def test_where_nothing_collides_nothing_moves() -> None:
    assert new_numbers(added(*OURS), BASE.tables, BASE.tables) == {}
    assert new_numbers(BASE.tables, added(*THEIRS), BASE.tables) == {}
    other_year = strike(
        "theirs", "2002-02-11", meta=META.replace("DAY", "2002-02-11").replace("2001-06-01", "2002-06-01")
    )
    assert new_numbers(added(*OURS), added(other_year), BASE.tables) == {}


def test_statements_and_relations_move_as_well() -> None:
    mapping = new_numbers(added(*OURS), added(RELATION, STATEMENT.replace("'@a'", FIRST)), BASE.tables)
    assert mapping["rel-0003"] == "rel-0004"
    assert mapping["mst-example-mission-end-v02"] == "mst-example-mission-end-v03"


def test_a_retired_number_counts_as_taken() -> None:
    theirs = added(*THEIRS)
    theirs["retired_ids"] = [*theirs["retired_ids"], theirs["retired_ids"][0] | {"old_id": "evt-2001-9003"}]
    mapping = new_numbers(added(*OURS), theirs, BASE.tables)
    assert (mapping["evt-2001-9002"], mapping["evt-2001-9003"]) == ("evt-2001-9004", "evt-2001-9005")
    theirs["events"] = BASE.tables["events"]
    assert new_numbers(added(*OURS), theirs, BASE.tables)["evt-2001-9003"] == "evt-2001-9005"


def test_a_source_of_both_takes_the_identifier_it_has_there() -> None:
    shared_page = strike("ours", url="https://example.org/page")
    theirs = added(strike("one", "2001-02-11"), strike("two", "2001-02-12", url="https://example.org/page/", meta=META))
    (there,) = [row["source_id"] for row in theirs["sources"] if row["url"].startswith("https://example.org/page")]
    ours = added(shared_page)
    mapping = new_numbers(ours, theirs, BASE.tables)
    assert mapping["src-2001-0019"] == there
    moved = renumbered(ours, mapping, DATA_SCHEMAS)
    assert {row["source_id"] for row in rows(moved, "claims", record_id=mapping["evt-2001-9002"])} == {there}


def test_every_reference_path_and_hash_follows() -> None:
    ours = added(*OURS)
    ours["retired_ids"] = [
        *ours["retired_ids"],
        ours["retired_ids"][0] | {"old_id": "evt-2001-9001", "new_id": "evt-2001-9002"},
    ]
    ours["sources"][0] |= {"derives_from": "src-2001-0019"}
    mapping = new_numbers(ours, added(*THEIRS), BASE.tables)
    assert "src-2001-0019" in mapping
    moved = renumbered(ours, mapping, DATA_SCHEMAS)
    words = {
        word for table in DATA_SCHEMAS for row in moved[table] for cell in row.values() for word in cell.split("/")
    }
    assert words.isdisjoint(mapping.keys() - set(mapping.values()))
    assert moved["sources"][0]["derives_from"] == mapping["src-2001-0019"]
    assert moved["retired_ids"][-1]["new_id"] == "evt-2001-9003"
    assert rows(moved, "milestone_statements", event_id="evt-2001-9003")
    assert rows(
        moved, "event_links", from_event_id="evt-2001-9004", link="stated_response_to", to_event_id="evt-2001-9003"
    )
    assert rows(moved, "event_links", from_event_id="evt-2001-9003", link="same_operation", to_event_id="evt-2001-9004")


def test_a_successor_follows_the_new_hash() -> None:
    revised = strike("ours", handle="a"), (
        "update: '@a'\nsources:\n"
        + source("https://example.org/new/more", "casualties/us_military/injured: 7", day="2001-02-28")
    )  # fmt: skip
    ours = added(*revised)
    moved = renumbered(ours, new_numbers(ours, added(*THEIRS), BASE.tables), DATA_SCHEMAS)
    (old,) = rows(moved, "claims", record_id="evt-2001-9003", status="superseded")
    (new,) = rows(moved, "claims", claim_id=old["superseded_by"])
    assert (old["value"], new["value"], new["record_id"]) == ("2", "7", "evt-2001-9003")


def test_what_was_renumbered_is_in_order_and_would_have_been_added_so() -> None:
    ours = added(*OURS)
    moved = renumbered(ours, new_numbers(ours, added(*THEIRS), BASE.tables), DATA_SCHEMAS)
    in_order = {n: sorted(t, key=lambda r, n=n: [r[k] for k in DATA_SCHEMAS[n].primary_key]) for n, t in moved.items()}
    assert [finding for finding in recheck(BASE, in_order) if finding.severity == ERROR] == []


NAMES = st.lists(st.sampled_from(["p", "q", "r", "s", "t"]), unique=True, max_size=4)


@settings(max_examples=40, deadline=None)
@given(NAMES, NAMES, NAMES)
def test_after_renumbering_nothing_collides_and_what_was_released_is_untouched(
    released: list[str], mine: list[str], yours: list[str]
) -> None:
    def on(before: Tables, names: list[str]) -> Tables:
        state = example_state(with_previous=False)
        state.tables = state.tables | before
        texts = [strike(name, f"2001-02-1{'pqrst'.index(name)}") for name in names if name not in released]
        return planned(state, *texts).tables if texts else {n: before.get(n, state.tables[n]) for n in DATA_SCHEMAS}

    shared = added(*(strike(name, f"2001-02-1{'pqrst'.index(name)}") for name in released)) if released else BASE.tables
    ours, theirs = on(shared, mine), on(shared, [name for name in yours if name not in mine])
    mapping = new_numbers(ours, theirs, shared)
    old = {row["event_id"] for row in shared["events"]} | {row["source_id"] for row in shared["sources"]}
    assert old.isdisjoint(mapping)
    assert len(set(mapping.values())) == len(mapping)
    moved = renumbered(ours, mapping, DATA_SCHEMAS)
    for table, key in (("events", "event_id"), ("sources", "source_id"), ("claims", "claim_id")):
        before = {row[key] for row in shared[table]}
        assert {row[key] for row in moved[table]} & {row[key] for row in theirs[table]} == before
        assert len(moved[table]) == len(ours[table])
    assert [row["title"] for row in moved["events"]] == [row["title"] for row in ours["events"]]
    assert new_numbers(moved, theirs, shared) == {}


# Clones


def git(folder: Path, *arguments: str) -> str:
    who = [
        "-c",
        "user.name=A",
        "-c",
        "user.email=a@example.org",
        "-c",
        "init.defaultBranch=main",
        "-c",
        "commit.gpgsign=false",
    ]
    done = subprocess.run(["git", "-C", str(folder), *who, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def commit(clone: Path, *texts: str) -> None:
    _, changed = add(clone, *texts)
    assert changed
    git(clone, "commit", "-qam", "More")


@pytest.fixture(scope="session")
def two_clones(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a shared repository and two clones that both went on from it; mine has fetched."""
    folder = tmp_path_factory.mktemp("clones")
    origin = write_example(folder / "origin")
    (origin / ".gitattributes").write_bytes((Path(__file__).parents[1] / ".gitattributes").read_bytes())
    git(origin, "init", "-q")
    git(origin, "add", ".")
    git(origin, "commit", "-qm", "Release")
    git(origin, "config", "receive.denyCurrentBranch", "ignore")
    for name in ("mine", "yours"):
        git(folder, "clone", "-q", "origin", name)
    commit(folder / "yours", *THEIRS)
    git(folder / "yours", "push", "-q")
    commit(folder / "mine", *OURS)
    git(folder / "mine", "fetch", "-q")
    return folder


@pytest.fixture
def mine(two_clones: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    clone = shutil.copytree(two_clones / "mine", tmp_path / "mine")
    monkeypatch.chdir(clone)
    return clone


def merge(clone: Path) -> list[str]:
    """Merge as git does where both sides' lines are kept, and return the codes of what the validator finds."""
    git(clone, "-c", "merge.default=union", "merge", "-q", "origin/main")
    git(clone, "checkout", "-q", "origin/main", "--", "datapackage.json")
    main(["fmt"])
    return sorted({f.code for f in validate_package(DataPackage(clone)) if f.severity == ERROR})


def test_a_collision_is_found_by_the_validator(mine: Path) -> None:
    assert "ICD104" in merge(mine)


def test_renumbered_before_the_merge_both_additions_stand(mine: Path, two_clones: Path, capsys) -> None:
    assert main(["renumber", "--onto", "origin/main"]) == 0
    out = capsys.readouterr().out
    assert "evt-2001-9002 is now evt-2001-9003\n" in out
    assert [f for f in validate_package(DataPackage(mine)) if f.severity == ERROR] == []
    git(mine, "commit", "-qam", "Renumber")
    assert main(["renumber", "--onto", "origin/main"]) == 0
    assert "No identifier collides." in capsys.readouterr().out
    assert merge(mine) == []
    tables = read_rows(DataPackage(mine), DATA_SCHEMAS)
    titles = {row["event_id"]: row["title"] for row in tables["events"]}
    assert titles["evt-2001-9002"] == "theirs"
    assert (titles["evt-2001-9003"], titles["evt-2001-9004"]) == ("ours", "ours too")
    yours = read_rows(DataPackage(two_clones / "yours"), DATA_SCHEMAS)
    for before in (BASE.tables, yours):
        found = difference(before, tables, {n: s for n, s in DATA_SCHEMAS.items() if n != "events"})
        assert (found.removed, found.changed) == ([], []), "what was released or pushed is as it was"


def test_only_tables_and_descriptor_change_and_nothing_is_committed(mine: Path) -> None:
    head, before = git(mine, "rev-parse", "HEAD"), contents(mine)
    renumber_checkout(DataPackage(mine), "origin/main")
    assert git(mine, "rev-parse", "HEAD") == head
    changed = {path for path, data in contents(mine).items() if data != before[path]}
    assert "datapackage.json" in changed
    assert changed - {"datapackage.json"} <= {f"data/{table}.csv" for table in DATA_SCHEMAS}


def test_a_source_that_both_described_stands_as_they_described_it(two_clones: Path, tmp_path: Path) -> None:
    page = "https://example.org/page"
    for name, title, texts in (("yours", "Their title", THEIRS), ("mine", "My title", [])):
        clone = tmp_path / name
        git(tmp_path, "clone", "-q", str(two_clones / "origin"), name)
        git(clone, "reset", "-q", "--hard", git(clone, "rev-list", "--max-parents=0", "HEAD").strip())
        commit(clone, *texts, strike(f"of {name}", "2001-02-13", url=page, meta=META.replace("Statement", title)))
    git(tmp_path / "mine", "fetch", "-q", str(tmp_path / "yours"), "HEAD:yours")
    mapping = renumber_checkout(DataPackage(tmp_path / "mine"), "yours")
    theirs = rows(read_rows(DataPackage(tmp_path / "yours"), ["sources"]), "sources", url=page)
    ours = read_rows(DataPackage(tmp_path / "mine"), ["sources", "claims"])
    assert rows(ours, "sources", url=page) == theirs
    assert mapping["src-2001-0019"] == theirs[0]["source_id"] == "src-2001-0020"
    assert {row["source_id"] for row in rows(ours, "claims", record_id=mapping["evt-2001-9002"])} == {"src-2001-0020"}


@pytest.mark.parametrize("ref", ["no-such-branch", "--output=x", ""])
def test_an_unknown_branch_is_an_error_that_names_it(mine: Path, ref: str, capsys) -> None:
    before = contents(mine)
    assert main(["renumber", f"--onto={ref}"]) == 2
    assert f"{ref!r}" in capsys.readouterr().err
    assert contents(mine) == before


def test_outside_of_git_nothing_is_renumbered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.chdir(write_example(tmp_path))
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert main(["renumber", "--onto", "main"]) == 2
    assert "git cannot read 'main'" in capsys.readouterr().err


def test_the_descriptor_follows(mine: Path) -> None:
    renumber_checkout(DataPackage(mine), "origin/main")
    resources = {r["name"]: r for r in json.loads((mine / "datapackage.json").read_bytes())["resources"]}
    assert resources["events"]["bytes"] == (mine / "data/events.csv").stat().st_size
