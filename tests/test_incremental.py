"""What is checked after a change is enough: the verdict is that of a full run."""

from __future__ import annotations

import copy
import json
import random
import subprocess
from pathlib import Path

import pytest

from example import SCHEMAS, apply_to_folder, write_example
from iraq_coalition_data.cli import main
from iraq_coalition_data.curation.files import describe, descriptor_bytes, table_bytes
from iraq_coalition_data.package import DataPackage
from iraq_coalition_data.reading import Tables
from iraq_coalition_data.validation import baseline as baselines
from iraq_coalition_data.validation.baseline import Baseline, baseline_since, trace_rules
from iraq_coalition_data.validation.finding import ERROR
from iraq_coalition_data.validation.rule import RULES, Edit
from iraq_coalition_data.validation.runner import examine_package, read_state, run_rules, sort_findings
from iraq_coalition_data.validation.state import State

LOADED = Edit(path="data/events.csv", old="Rockets were fired at Example Base", new="Terrorists fired at Example Base")
MISSPELT = Edit(path="data/events.csv", old="loc-example-base", new="loc-exmaple-base")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_example(tmp_path / "package")


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> State:
    found, _ = read_state(DataPackage(write_example(tmp_path_factory.mktemp("package"))))
    assert found is not None
    return found


def changed_at_random(tables: Tables, chance: random.Random) -> set[str]:
    """Change one or two tables in place, as people do by hand, and return their names."""
    # Codelists are twice as many as data tables, and change seldom.
    kind = chance.random() < 0.1
    filled = [name for name, rows in tables.items() if rows and name.startswith("codelist_") == kind]
    names = chance.sample(filled, chance.randint(1, 2))
    for name in names:
        rows, schema = tables[name], SCHEMAS[name]
        row = chance.choice(rows)
        column = chance.choice(schema.names)
        if name.startswith("codelist_"):
            # What rows are coded with must stay; the reader sees to that before any rule runs.
            row["deprecated"] = chance.choice(("", "0.1.0"))
        elif column in schema.primary_key:
            rows.remove(row)
        elif not schema[column].required and chance.random() < 0.3:
            row[column] = ""
        else:
            row[column] = chance.choice(values_like(tables, name, column))
    return set(names)


def values_like(tables: Tables, table: str, column: str) -> list[str]:
    """Return the values of all columns that have the form of one."""

    def form(table: str, column: str) -> tuple[object, ...]:
        field = SCHEMAS[table][column]
        return field.type, field.codelist, field.pattern, field.reference

    alike = [(t, c) for t in tables for c in SCHEMAS[t].names if form(t, c) == form(table, column)]
    return [row[c] for t, c in alike for row in tables[t] if row[c]] or [""]


@pytest.mark.parametrize("seed", range(20))
def test_after_random_changes_the_verdict_is_that_of_a_full_run(state: State, seed: int) -> None:
    traces = trace_rules(state)
    chance = random.Random(seed)
    for _ in range(15):
        tables = copy.deepcopy(state.tables)
        changed = changed_at_random(tables, chance)
        after = State(state.descriptor, state.schemas, tables)
        known = {code: trace.findings for code, trace in traces.items() if not trace.reads & changed}
        assert run_rules(after, known=known) == run_rules(State(state.descriptor, state.schemas, tables))


def test_traces_find_what_a_plain_run_finds(state: State) -> None:
    traces = trace_rules(state)
    found = [finding for trace in traces.values() for finding in trace.findings]
    assert sort_findings(found) == sort_findings(run_rules(State(state.descriptor, state.schemas, state.tables)))


def test_a_rule_is_known_by_the_tables_it_read(state: State) -> None:
    traces = trace_rules(state)
    assert traces["ICD508"].reads == {"event_munitions"}
    assert traces["ICD512"].reads == {"events", "event_links"}
    # It waits for the rules on references, and so depends on what these read.
    assert traces["ICD602"].reads >= traces["ICD301"].reads | traces["ICD603"].reads


@pytest.mark.parametrize(
    "edit",
    [
        LOADED,
        MISSPELT,
        Edit(path="data/events.csv", old=",armed_action,", new=",armed_acton,"),
        Edit(path="data/events.csv", old="event_id,", new="id,"),
        Edit(path="data/coverage.csv", old="2001-01-01", new="2001-01-02"),
        Edit(path="data/codelists/basis.csv", old="true", new="false"),
        Edit(path="schemas/events.schema.json", old='"Where it happened; may be an area."', new='""'),
        Edit(path="datapackage.json", old='"created": "2', new='"created": "1'),
        Edit(path="datapackage.json", new="{"),
        Edit(path="validation-exceptions.csv", new="code,record,reason,expires\n"),
        Edit(path="data/extra.csv", new="a,b\n"),
    ],
    ids=str,
)
def test_after_an_edit_of_any_file_the_verdict_is_that_of_a_full_run(folder: Path, edit: Edit) -> None:
    before = Baseline.of(DataPackage(folder))
    apply_to_folder(folder, edit)
    assert before.examine(DataPackage(folder)) == examine_package(DataPackage(folder))


@pytest.mark.parametrize("edit", [MISSPELT, Edit(path="data/events.csv", old=",armed_action,", new=",armed_acton,")])
def test_after_a_repair_the_verdict_is_that_of_a_full_run(folder: Path, edit: Edit) -> None:
    apply_to_folder(folder, edit)
    before = Baseline.of(DataPackage(folder))
    apply_to_folder(folder, Edit(path=edit.path, old=edit.new, new=edit.old))
    after = before.examine(DataPackage(folder))
    assert after == examine_package(DataPackage(folder))
    assert not any(finding.severity == ERROR for finding in after)


def test_only_rules_that_a_change_can_affect_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = Baseline.of(DataPackage(folder))
    rows = read_state(DataPackage(folder))[0].tables["event_munitions"]
    rows[0]["best_modifier"] = ""
    publish(folder, {"event_munitions": rows})
    kept: set[str] = set()
    monkeypatch.setattr(
        baselines, "run_rules", lambda state, known: kept.update(known) or run_rules(state, known=known)
    )
    before.examine(DataPackage(folder))
    assert {"ICD105", "ICD208", "ICD403", "ICD514", "ICD702", "ICD905"} <= kept
    assert not {"ICD206", "ICD508", "ICD602", "ICD901"} & kept


def test_nothing_runs_again_where_nothing_changed(folder: Path) -> None:
    assert Baseline.of(DataPackage(folder)).affected(DataPackage(folder)) == set()


def test_another_version_of_the_rules_runs_all_of_them(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = Baseline.of(DataPackage(folder))
    monkeypatch.setattr(baselines, "_code_digest", lambda: "another")
    assert before.affected(DataPackage(folder)) == set(RULES)


def test_a_baseline_survives_being_stored(folder: Path) -> None:
    apply_to_folder(folder, LOADED)
    before = Baseline.of(DataPackage(folder))
    assert Baseline.from_json(before.as_json()) == before


def publish(folder: Path, tables: Tables) -> None:
    """Write tables as a commit would hold them."""
    package = DataPackage(folder)
    for name, rows in tables.items():
        (folder / package.resources[name].path).write_bytes(table_bytes(SCHEMAS[name], rows))
    files = {resource.path: package.read(resource.path) for resource in package.resources.values()}
    (folder / "datapackage.json").write_bytes(descriptor_bytes(describe(package.descriptor, files, SCHEMAS)))


# In a git repository


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)
    return done.stdout.decode()


@pytest.fixture
def checkout(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "First")
    monkeypatch.chdir(folder)
    return folder


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["validate", *arguments])
    streams = capsys.readouterr()
    return code, streams.out, streams.err


def test_what_the_branch_brought_is_shown_and_the_rest_is_counted(checkout: Path, capsys) -> None:
    apply_to_folder(checkout, LOADED)
    git(checkout, "commit", "-q", "-a", "-m", "An old defect")
    git(checkout, "checkout", "-q", "-b", "work")
    apply_to_folder(checkout, Edit(path="data/events.csv", old="The Example Brand", new="The brutal Example Brand"))
    git(checkout, "commit", "-q", "-a", "-m", "A new defect")
    code, out, _ = run(capsys, "--changed-since", "main")
    assert code == 1
    assert "'brutal'" in out
    assert "Terrorists" not in out
    assert "Before this change already: 1 error, 4 warnings (ICD611 4, ICD901 1)." in " ".join(out.split())
    document = json.loads(run(capsys, "--changed-since", "main", "--format", "json")[1])
    assert [finding["record"] for finding in document["findings"]] == ["evt-2001-0002"]
    assert "evt-2001-0001" in [finding["record"] for finding in document["elsewhere"]]


def test_a_line_that_moved_is_not_new(checkout: Path, capsys) -> None:
    apply_to_folder(checkout, LOADED)
    git(checkout, "commit", "-q", "-a", "-m", "An old defect")
    text = (checkout / "data/events.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    before_it = text[1].replace("evt-2001-0001", "evt-2000-0001").replace("Terrorists fired", "Rockets were fired")
    (checkout / "data/events.csv").write_text("".join([text[0], before_it, *text[1:]]), encoding="utf-8")
    out = run(capsys, "--changed-since", "HEAD", "--select", "ICD901")[1]
    assert "evt-2001-0001" not in out
    assert "ICD901 1" in out


def test_what_others_did_since_is_not_brought_by_the_branch(checkout: Path, capsys) -> None:
    git(checkout, "checkout", "-q", "-b", "work")
    git(checkout, "checkout", "-q", "main")
    apply_to_folder(checkout, LOADED)
    git(checkout, "commit", "-q", "-a", "-m", "A defect on main")
    git(checkout, "checkout", "-q", "work")
    code, out, _ = run(capsys, "--changed-since", "main")
    assert code == 0
    assert out.splitlines()[-1] == "No new errors and no new warnings."


def test_old_errors_still_fail_the_run(checkout: Path, capsys) -> None:
    apply_to_folder(checkout, LOADED)
    git(checkout, "commit", "-q", "-a", "-m", "An old defect")
    code, out, _ = run(capsys, "--changed-since", "HEAD")
    assert code == 1
    assert "Before this change already: 1 error" in out


def test_the_verdict_on_a_commit_is_kept_and_no_other_one_is_taken_for_it(checkout: Path) -> None:
    package = DataPackage(checkout)
    first = baseline_since(package, "HEAD")
    store = checkout / ".git/icd-baseline.json"
    assert first.findings == Baseline.of(package).findings
    marked = store.read_text(encoding="utf-8").replace(first.surroundings, "from the store")
    store.write_text(marked, encoding="utf-8")
    assert baseline_since(package, "HEAD").surroundings == "from the store"
    git(checkout, "commit", "-q", "--allow-empty", "-m", "Second")
    assert baseline_since(package, "HEAD") == first
    store.write_text(store.read_text(encoding="utf-8")[:-10], encoding="utf-8")
    assert baseline_since(package, "HEAD") == first


def test_a_data_package_in_a_folder_of_the_repository(tmp_path: Path) -> None:
    write_example(tmp_path / "deep/package")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "First")
    package = DataPackage(tmp_path / "deep/package")
    assert baseline_since(package, "HEAD") == Baseline.of(package)


def test_before_there_was_a_data_package_everything_is_new(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "Nothing")
    package = DataPackage(write_example(tmp_path))
    before = baseline_since(package, "HEAD")
    assert before.affected(package) == set(RULES)
    new, old = before.split(before.examine(package))
    assert {finding.code for finding in new} == {"ICD611"}
    assert {finding.severity for finding in old} == {"measure"}


@pytest.mark.parametrize("ref", ["no-such-branch", "--output=x"])
def test_an_unknown_reference_is_refused_in_words(checkout: Path, capsys, ref: str) -> None:
    code, _, said = run(capsys, f"--changed-since={ref}")
    assert code == 2
    assert ref in said
    assert "Traceback" not in said


def test_a_history_without_a_common_commit_is_refused_in_words(checkout: Path, capsys) -> None:
    git(checkout, "checkout", "-q", "--orphan", "other")
    git(checkout, "commit", "-q", "-m", "Unrelated")
    code, _, said = run(capsys, "--changed-since", "main")
    assert code == 2
    assert "there is no common commit" in said
