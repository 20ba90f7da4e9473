"""The command line as a person or a script meets it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import iraq_coalition_data as icd
from iraq_coalition_data.cli import main
from iraq_coalition_data.package import shipped

EVENT = icd.load("event_casualties")["event_id"].iloc[-1]


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    streams = capsys.readouterr()
    return code, streams.out, streams.err


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = Path(str(shipped().root))
    for part in ("data", "schemas"):
        shutil.copytree(root / part, tmp_path / part)
    shutil.copy(root / "datapackage.json", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_summary_names_every_table_and_the_coverage(capsys) -> None:
    code, out, _ = run(capsys, "summary")
    assert code == 0
    for table in icd.tables()["table"]:
        assert table in out
    assert icd.version() in out
    assert "dense" in out
    assert max(len(line) for line in out.splitlines()) <= 100


def test_summary_as_json_is_one_document(capsys) -> None:
    _, out, _ = run(capsys, "summary", "--json")
    facts = json.loads(out)
    assert facts["version"] == icd.version()
    assert {row["table"]: row["rows"] for row in facts["tables"]}["events"] == len(icd.load("events"))


def test_show_tells_what_who_and_on_whose_word_within_80_columns(capsys) -> None:
    code, out, _ = run(capsys, "show", EVENT)
    assert code == 0
    for word in ("Actors", "Casualties", "Claims from", "http"):
        assert word in out
    assert all(len(line) <= 80 or "http" in line for line in out.splitlines())


def test_show_an_unknown_record_says_which_is_near(capsys) -> None:
    code, out, err = run(capsys, "show", "act-us-goverment")
    assert (code, out) == (2, "")
    assert "Did you mean 'act-us-government'?" in err


def test_every_record_with_claims_can_be_shown(capsys) -> None:
    for record in icd.load("claims")["record_id"].drop_duplicates().sample(15, random_state=3):
        assert run(capsys, "show", record)[0] == 0


def test_find_searches_names_titles_and_quoted_words(capsys) -> None:
    code, out, _ = run(capsys, "find", "ain", "al-asad")
    assert code == 0
    assert "loc-ain-al-asad" in out
    assert run(capsys, "find", "no such words at all")[0] == 1


def test_find_as_json_gives_identifiers_that_show_accepts(capsys) -> None:
    _, out, _ = run(capsys, "find", "--json", "joint", "statement")
    hits = json.loads(out)
    assert hits
    assert run(capsys, "show", hits[0]["id"])[0] == 0


def test_explain_lists_fields_and_explains_values_and_rules(capsys) -> None:
    assert "date" in run(capsys, "explain", EVENT)[1]
    assert f"{EVENT} · date = " in run(capsys, "explain", EVENT, "date")[1]
    assert "ICD301" in run(capsys, "explain", "icd301")[1]
    assert run(capsys, "explain", EVENT, "dte")[0] == 2
    assert run(capsys, "explain", "ICD999")[0] == 2


def test_codebook_describes_tables_columns_and_one_column(capsys) -> None:
    assert "events" in run(capsys, "codebook")[1]
    assert "verification" in run(capsys, "codebook", "events")[1]
    assert "tier" in run(capsys, "codebook", "events", "tier")[1]
    assert "Did you mean 'events'" in run(capsys, "codebook", "event")[2]


def test_cite_names_the_release_and_the_sources_of_a_record(capsys) -> None:
    _, out, _ = run(capsys, "cite", EVENT, "--style", "text")
    assert icd.version() in out
    assert out.count("http") >= 1
    _, bibtex, _ = run(capsys, "cite", EVENT)
    assert bibtex.count("{") == bibtex.count("}")
    assert bibtex.count("@") >= 2


def test_validate_is_clean_and_says_so(capsys) -> None:
    code, out, _ = run(capsys, "validate")
    assert code == 0, out
    assert "No errors" in out


def test_validate_exits_1_on_findings_and_2_where_there_is_nothing(capsys, checkout: Path, tmp_path_factory) -> None:
    assert run(capsys, "validate", str(checkout))[0] == 0
    path = checkout / "data/events.csv"
    path.write_bytes(path.read_bytes().replace(b"evt-2024-0001", b"evt-24-0001", 1))
    code, out, _ = run(capsys, "validate", str(checkout))
    assert code == 1
    assert "data/events.csv:" in out
    code, out, _ = run(capsys, "validate", str(checkout), "--format", "json")
    assert code == 1
    assert json.loads(out)
    assert "::error file=data/events.csv,line=" in run(capsys, "validate", str(checkout), "--format", "github")[1]
    assert run(capsys, "validate", str(tmp_path_factory.mktemp("empty")))[0] == 2


def test_fmt_mends_and_then_finds_nothing(capsys, checkout: Path) -> None:
    assert run(capsys, "fmt", "--check")[0] == 0
    path = checkout / "data/publishers.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert run(capsys, "fmt", "--check")[0] == 1
    assert "data/publishers.csv" in run(capsys, "fmt")[1]
    assert run(capsys, "fmt", "--check")[0] == 0
    assert path.read_bytes() == shipped().read("data/publishers.csv")


@pytest.mark.parametrize("kind", ["event", "actor", "agreement", "milestone", "source"])
def test_new_prints_a_bundle_to_fill_in(capsys, kind: str) -> None:
    code, out, _ = run(capsys, "new", kind)
    assert code == 0
    assert "meta:" in out or "record:" in out


def test_new_of_an_unknown_kind_says_which_is_near(capsys) -> None:
    code, _, err = run(capsys, "new", "evnt")
    assert code == 2
    assert "Did you mean 'event'?" in err


def test_add_refuses_a_bundle_with_its_file_and_line(capsys, checkout: Path) -> None:
    bundle = checkout / "wrong.yaml"
    bundle.write_text("table: events\nrecord:\n  event_type: armed_acton\n", encoding="utf-8")
    before = {p: p.read_bytes() for p in checkout.rglob("*.csv")}
    code, _, err = run(capsys, "add", str(bundle))
    assert code == 1
    assert "wrong.yaml:" in err
    assert {p: p.read_bytes() for p in checkout.rglob("*.csv")} == before


def test_add_dry_run_prints_the_rows_and_writes_nothing(capsys, checkout: Path) -> None:
    bundle = checkout / "publisher.yaml"
    bundle.write_text(
        "table: publishers\nrecord: {id: pub-example-daily, name: Example Daily, kind: newspaper}\n", encoding="utf-8"
    )
    before = (checkout / "data/publishers.csv").read_bytes()
    code, out, _ = run(capsys, "add", "--dry-run", str(bundle))
    assert code == 0
    assert "+ publishers pub-example-daily: Example Daily" in out
    assert (checkout / "data/publishers.csv").read_bytes() == before
    assert run(capsys, "add", str(bundle))[0] == 0
    assert b"pub-example-daily" in (checkout / "data/publishers.csv").read_bytes()
    assert "no file was changed" in run(capsys, "add", str(bundle))[1]


def test_a_reader_that_stops_early_is_no_error() -> None:
    command = f"{sys.executable} -m iraq_coalition_data.cli codebook --json | head -1"
    done = subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_completion_knows_the_commands(capsys) -> None:
    code, out, _ = run(capsys, "completion", "bash")
    assert code == 0
    assert "validate" in out
