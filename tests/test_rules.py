"""Every rule fires on what it is for and is silent on what it is not; nothing hostile stops the validator."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from example import SCHEMAS, apply_to_folder, apply_to_state, descriptor_of, example_state, write_example
from iraq_coalition_data.package import DataPackage
from iraq_coalition_data.validation import evidence_rules
from iraq_coalition_data.validation.finding import ERROR, MEASURE, Finding
from iraq_coalition_data.validation.rule import RULES, SECOND_ENGINE, Edit
from iraq_coalition_data.validation.runner import not_checked, run_rules, validate_package

# A share of one publisher means nothing in a package this small.
ALWAYS_FIRES = {"ICD611"} | {code for code, rule in RULES.items() if rule.severity == MEASURE and code != "ICD524"}
NEED_PREVIOUS = {"ICD703", "ICD705", "ICD706"}
FIRING = [(code, edit) for code, rule in sorted(RULES.items()) for edit in rule.fails]
SILENT = [(code, edit) for code, rule in sorted(RULES.items()) for edit in rule.passes]


def name(value: object) -> str:
    return value if isinstance(value, str) else str(value)[:80]


def findings_after(edit: Edit, code: str, tmp_path: Path) -> list[Finding]:
    if edit.path:
        apply_to_folder(write_example(tmp_path), edit)
        package = DataPackage(tmp_path)
        if RULES[code].reported_by == SECOND_ENGINE:
            pytest.importorskip("frictionless")
            from iraq_coalition_data.validation.second_opinion import second_opinion

            return [finding for finding in second_opinion(package) if finding.code == code]
        return [finding for finding in validate_package(package) if finding.code == code]
    state = example_state(with_previous=code in NEED_PREVIOUS)
    apply_to_state(state, edit)
    return run_rules(state, {code})


def test_the_example_is_in_order() -> None:
    findings = run_rules(example_state())
    assert [finding for finding in findings if finding.severity == ERROR] == []
    assert {finding.code for finding in findings} == ALWAYS_FIRES


def test_the_example_is_in_order_as_files(tmp_path: Path) -> None:
    findings = validate_package(DataPackage(write_example(tmp_path)))
    assert {finding.code for finding in findings} == ALWAYS_FIRES


@pytest.mark.parametrize(("code", "edit"), FIRING, ids=name)
def test_a_rule_fires_on_what_breaks_it(code: str, edit: Edit, tmp_path: Path) -> None:
    findings = findings_after(edit, code, tmp_path)
    assert findings
    for finding in findings:
        assert (finding.code, finding.severity) == (code, RULES[code].severity)
        assert finding.message.endswith(".")
        assert finding.file


@pytest.mark.parametrize(("code", "edit"), SILENT, ids=name)
def test_a_rule_is_silent_on_what_keeps_it(code: str, edit: Edit, tmp_path: Path) -> None:
    assert findings_after(edit, code, tmp_path) == []


@pytest.mark.parametrize("code", sorted(RULES))
def test_a_rule_says_what_why_and_what_to_do(code: str) -> None:
    rule = RULES[code]
    assert rule.title
    assert not rule.title.endswith(".")
    assert rule.why.endswith(".")
    assert rule.fix.endswith(".")
    # No change of the data can make resolution depend on the order of rows.
    assert rule.fails or code == "ICD615"
    # A measure always reports its figure.
    assert rule.passes or rule.severity == MEASURE or code == "ICD611"
    assert (rule.check is None) == bool(rule.reported_by)


def test_a_resolution_that_depends_on_row_order_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def first_come(tables, schemas, grammar):
        return {name: [] for name in schemas} | {"events": [{"event_id": tables["claims"][0]["record_id"]}]}

    state = example_state()
    state.derived = first_come(state.tables, SCHEMAS, None)  # what a biased derivation would have given
    monkeypatch.setattr(evidence_rules, "derive", first_come)
    assert [finding.table for finding in run_rules(state, {"ICD615"})] == ["events"]


def test_one_defect_of_a_cell_is_one_finding_and_rules_on_tables_wait(tmp_path: Path) -> None:
    apply_to_folder(write_example(tmp_path), Edit(path="data/locations.csv", old=",base,", new=",bse,"))
    findings = validate_package(DataPackage(tmp_path))
    found = [finding for finding in findings if finding.file == "data/locations.csv"]
    assert [(finding.code, finding.line, finding.record, finding.column) for finding in found] == [
        ("ICD203", 2, "loc-example-base", "kind")
    ]
    assert found[0].suggestion == "Did you mean 'base'?"
    assert "ICD601" in not_checked(findings)


def test_an_unknown_identifier_is_one_finding_with_the_nearest_one() -> None:
    state = example_state()
    apply_to_state(state, Edit("agreements", "agr-example-statement", "text_source_id", "src-2001-00012"))
    findings = [finding for finding in run_rules(state) if finding.severity == ERROR]
    assert [(finding.code, finding.column, finding.value) for finding in findings] == [
        ("ICD301", "text_source_id", "src-2001-00012")
    ]
    assert findings[0].suggestion == "Did you mean 'src-2001-0012'?"


def test_a_claim_that_cannot_be_read_is_reported_and_what_builds_on_it_waits() -> None:
    state = example_state()
    apply_to_state(state, Edit("claims", "evt-2001-0001 date", "value", "3 February 2001"))
    findings = run_rules(state)
    assert {finding.code for finding in findings if finding.severity == ERROR} == {"ICD603", "ICD706"}
    assert not_checked(findings) == ["ICD602", "ICD614", "ICD615", "ICD616"]


def test_a_retired_identifier_in_use_names_its_successor() -> None:
    state = example_state()
    apply_to_state(state, Edit("milestone_statements", "mst-example-mission-end-v01", "event_id", "evt-2001-9001"))
    assert run_rules(state, {"ICD301"})[0].suggestion == "It was retired; use 'evt-2001-0001'."


def test_a_hand_edited_value_is_one_finding_that_fmt_mends() -> None:
    state = example_state()
    apply_to_state(state, Edit("event_casualties", "evt-2001-0001 us_military injured", "high", "50"))
    findings = [finding for finding in run_rules(state) if finding.severity == ERROR]
    assert [(finding.code, finding.column, finding.expected, finding.fixable) for finding in findings] == [
        ("ICD602", "high", "5", True)
    ]
    assert findings[0].message == "high is '50', its claims give '5'."


ODD = {
    "string": "zz-odd",
    "integer": "0",
    "number": "0",
    "boolean": "true",
    "date": "1900-01-01",
    "datetime": "",
    "year": "1900",
}


@pytest.mark.parametrize("table", [name for name in SCHEMAS if not name.startswith("codelist_")])
def test_no_sound_cell_stops_a_rule(table: str) -> None:
    """Whatever the reader lets through, in whatever column, gives findings and no exception."""
    for field in SCHEMAS[table].fields:
        state = example_state()
        codes = state.codes.get(field.codelist or "", [])
        for index, row in enumerate(state.tables[table]):
            row[field.name] = codes[index % len(codes)] if codes else ODD[field.type]
        run_rules(state)
        if not field.required:
            state = example_state()
            for row in state.tables[table]:
                row[field.name] = ""
            run_rules(state)


def test_empty_tables_stop_no_rule() -> None:
    state = example_state(with_previous=False)
    for table in state.data_tables:
        state.tables[table] = []
    assert {finding.severity for finding in run_rules(state)} == {MEASURE}


# Hostile folders


def codes_after(folder: Path) -> set[str]:
    findings = validate_package(DataPackage(folder))
    assert findings
    for finding in findings:
        assert len(finding.message) < 2_000
    return {finding.code for finding in findings if finding.severity == ERROR}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_example(tmp_path / "package")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "ICD102"),
        (b"\n", "ICD102"),
        (b"\0" * 1000, "ICD002"),
        (b"\xff\xfe" + "event_id,event_type\n".encode("utf-16-le"), "ICD001"),
        (b"event_id" + b"," * 1_000_000 + b"\n", "ICD001"),
        (b"a," * 10_000 + b"b\n", "ICD102"),
        (b'"' * 999, "ICD102"),
        (b"\r\n" * 50, "ICD102"),
    ],
    ids=["empty", "blank", "NUL", "UTF-16", "a million columns", "many columns", "quotes", "line ends"],
)
def test_odd_bytes_are_findings(folder: Path, content: bytes, code: str) -> None:
    (folder / "data/events.csv").write_bytes(content)
    assert code in codes_after(folder)


def test_a_cell_of_100_megabytes_is_a_finding(folder: Path) -> None:
    with (folder / "data/actors.csv").open("ab") as stream:
        stream.write(b"act-zz," + b"x" * 100_000_000 + b",state\n")
    assert "ICD001" in codes_after(folder)


@pytest.mark.parametrize("digits", [19, 5_000])
def test_a_number_of_many_digits_is_a_finding(folder: Path, digits: int) -> None:
    apply_to_folder(folder, Edit(path="data/event_munitions.csv", old=",10,10,10,", new=f",{'9' * digits},10,10,"))
    assert "ICD201" in codes_after(folder)


def test_a_missing_table_is_one_finding(folder: Path) -> None:
    (folder / "data/events.csv").unlink()
    findings = validate_package(DataPackage(folder))
    assert [(finding.code, finding.file) for finding in findings if finding.severity == ERROR] == [
        ("ICD101", "data/events.csv")
    ]


def test_a_missing_schema_is_one_finding(folder: Path) -> None:
    (folder / "schemas/events.schema.json").unlink()
    findings = validate_package(DataPackage(folder))
    assert [(finding.code, finding.file) for finding in findings if finding.severity == ERROR] == [
        ("ICD101", "schemas/events.schema.json")
    ]


def test_a_folder_in_place_of_a_file_is_a_finding(folder: Path) -> None:
    (folder / "data/events.csv").unlink()
    (folder / "data/events.csv").mkdir()
    assert codes_after(folder) == {"ICD101"}


def test_a_named_pipe_is_a_finding_and_is_not_opened(folder: Path) -> None:
    (folder / "data/events.csv").unlink()
    os.mkfifo(folder / "data/events.csv")
    assert codes_after(folder) == {"ICD101"}


def test_a_link_is_a_finding_and_what_it_leads_to_is_not_read(folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("password\nhunter2\n", encoding="utf-8")
    (folder / "data/events.csv").unlink()
    (folder / "data/events.csv").symlink_to(secret)
    findings = validate_package(DataPackage(folder))
    assert {finding.code for finding in findings if finding.severity == ERROR} == {"ICD101"}
    assert "hunter2" not in repr(findings)


def test_a_linked_folder_is_one_finding(folder: Path, tmp_path: Path) -> None:
    (folder / "data").rename(tmp_path / "elsewhere")
    (folder / "data").symlink_to(tmp_path / "elsewhere")
    assert "ICD101" in codes_after(folder)


@pytest.mark.parametrize(
    "text",
    [
        *("", "nonsense", "[]", "{}", "[" * 100_000, '{"a":' * 50_000, '{"resources": null}', "9" * 10_000),
        *('"\\ud800"', '{"resources": [], "resources": []}', '{"resources": [], "fields": [], "version": NaN}'),
    ],
    ids=[
        "empty",
        "no JSON",
        "a list",
        "an object",
        "deep list",
        "deep object",
        "no resources",
        "a long number",
        "surrogate",
        "a name twice",
        "no number",
    ],
)
@pytest.mark.parametrize("path", ["datapackage.json", "schemas/events.schema.json"])
def test_odd_documents_are_findings(folder: Path, path: str, text: str) -> None:
    (folder / path).write_text(text, encoding="utf-8")
    assert codes_after(folder) & {"ICD801", "ICD101", "ICD103"}


@pytest.mark.parametrize(
    "change",
    [
        {"path": "https://example.org/events.csv"},
        {"path": "/etc/passwd"},
        {"path": "../events.csv"},
        {"path": ["data/events.csv"]},
        {"path": None},
        {"schema": "https://example.org/events.json"},
        {"schema": {"fields": []}},
        {"dialect": "https://example.org/dialect.json"},
        {"dialect": {"delimiter": ";"}},
        {"name": "../../etc/passwd", "path": "data/../../etc/passwd.csv"},
        {"name": {"a": 1}},
        {"name": "claims"},
        {"extrapaths": ["../x.csv"]},
        {"encoding": "utf-16"},
        {"hash": 7},
        {"hash": None},
        {"bytes": "many"},
        {"rows": True},
        {"rows": -1},
    ],
    ids=lambda change: str(change)[:60],
)
def test_odd_entries_of_the_descriptor_are_findings(folder: Path, change: dict[str, object]) -> None:
    descriptor = descriptor_of(folder)
    descriptor["resources"][0] |= change
    (folder / "datapackage.json").write_text(json.dumps(descriptor), encoding="utf-8")
    assert codes_after(folder) == {"ICD801"}


@pytest.mark.parametrize(
    "field",
    [
        {"name": "x", "type": "integer", "constraints": {"minimum": "low"}},
        {"name": "x", "type": "string", "constraints": {"pattern": "("}},
        {"name": "x", "type": "string", "constraints": 7},
        {"name": "x", "type": ["string"]},
        {"name": 7},
        7,
        {"name": "x", "type": "string"},
    ],
    ids=str,
)
def test_odd_schemas_are_findings(folder: Path, field: object) -> None:
    document = json.loads((folder / "schemas/events.schema.json").read_text(encoding="utf-8"))
    document["fields"].append(field)
    (folder / "schemas/events.schema.json").write_text(json.dumps(document), encoding="utf-8")
    assert codes_after(folder) & {"ICD103", "ICD806"}


def test_an_edited_file_still_has_its_rows_judged(folder: Path) -> None:
    apply_to_folder(folder, Edit(path="data/events.csv", old="Rockets were fired", new="Terrorists fired"))
    assert codes_after(folder) == {"ICD901"}
