"""Findings that are accepted for a while, and what becomes of such a list."""

from __future__ import annotations

from pathlib import Path

import pytest

from example import apply_to_folder, write_example
from iraq_coalition_data.curation.adding import add_bundles
from iraq_coalition_data.package import DataPackage
from iraq_coalition_data.validation.exceptions import FILE
from iraq_coalition_data.validation.finding import ERROR, MEASURE, Finding
from iraq_coalition_data.validation.rule import RULES, Edit
from iraq_coalition_data.validation.runner import validate_package

LOADED = Edit(path="data/events.csv", old="Rockets were fired at Example Base", new="Terrorists fired at Example Base")
LINE = "ICD901,evt-2001-0001,The word stands in a quotation.,2999-12-31"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_example(tmp_path / "package")


def errors(folder: Path, *lines: str) -> list[Finding]:
    text = "\n".join(("code,record,reason,expires", *lines)) + "\n"
    (folder / FILE).write_text(text, encoding="utf-8", newline="")
    return [finding for finding in validate_package(DataPackage(folder)) if finding.severity == ERROR]


def test_an_exception_covers_its_rule_on_its_record_and_nothing_else(folder: Path) -> None:
    apply_to_folder(folder, LOADED)
    apply_to_folder(folder, Edit(path="data/events.csv", old="The Example Brand", new="The brutal Example Brand"))
    records = {finding.record for finding in errors(folder) if finding.code == "ICD901"}
    assert len(records) == 2
    left = errors(folder, LINE)
    assert {finding.record for finding in left if finding.code == "ICD901"} == records - {"evt-2001-0001"}


def test_an_exception_that_is_no_longer_needed_is_one_finding(folder: Path) -> None:
    found = errors(folder, LINE)
    assert [(f.code, f.file, f.line, f.column, f.suggestion) for f in found] == [
        ("ICD812", FILE, 2, "record", "Remove the line.")
    ]


def test_an_exception_for_a_misspelt_record_names_the_right_one(folder: Path) -> None:
    found = errors(folder, "ICD611,pub-exampel-force-a,The example has few publishers.,2999-12-31")
    assert [(f.code, f.suggestion) for f in found] == [("ICD812", "Did you mean 'pub-example-force-a'?")]


def test_an_expired_exception_is_one_finding_and_the_day_is_that_of_the_release(folder: Path) -> None:
    apply_to_folder(folder, LOADED)
    released = str(DataPackage(folder).descriptor["created"])[:10]
    assert "ICD813" not in {f.code for f in errors(folder, LINE.replace("2999-12-31", released))}
    found = [f for f in errors(folder, LINE.replace("2999-12-31", "2001-01-01")) if f.code != "ICD801"]
    assert [(f.code, f.line, f.column) for f in found] == [("ICD813", 2, "expires")]


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("ICD901,evt-2001-0001,The word stands in a quotation.,soon", "expires"),
        ("ICD901,evt-2001-0001,because,2999-12-31", "reason"),
        ("ICD901,,The word stands in a quotation.,2999-12-31", "record"),
        ("ICD901,evt-2001-0001,The word stands in a quotation.", None),
        ("ICD91,evt-2001-0001,The word stands in a quotation.,2999-12-31", "code"),
        ("=ICD901,evt-2001-0001,The word stands in a quotation.,2999-12-31", "code"),
        (f"{LINE}\n{LINE}", "code"),
    ],
)
def test_a_malformed_exception_is_a_finding_and_covers_nothing(folder: Path, line: str, column: str | None) -> None:
    apply_to_folder(folder, LOADED)
    found = errors(folder, line)
    malformed = [finding for finding in found if finding.code == "ICD811"]
    assert [(finding.file, finding.column) for finding in malformed] == [(FILE, column)]
    assert ("ICD901" in {finding.code for finding in found}) == (line.count("\n") == 0)


def test_an_unknown_code_is_named_with_the_nearest(folder: Path) -> None:
    found = errors(folder, LINE.replace("ICD901", "ICD9O1"))
    assert [(f.code, f.suggestion) for f in found] == [("ICD811", "Did you mean 'ICD901'?")]


def test_defects_of_bytes_cells_and_files_cannot_be_excepted(folder: Path) -> None:
    apply_to_folder(folder, Edit(path="data/events.csv", old=",armed_action,", new=",armed_acton,"))
    found = errors(folder, "ICD203,evt-2001-0001,A code that nobody defined.,2999-12-31")
    assert [finding.code for finding in found] == ["ICD203", "ICD811"]


def test_every_rule_that_others_build_on_is_mended_rather_than_excepted(folder: Path) -> None:
    unfit = {code for code, rule in RULES.items() if rule.check is None or rule.severity == MEASURE}
    unfit |= {earlier for rule in RULES.values() for earlier in rule.after}
    found = errors(folder, *(f"{code},x,There is a good reason.,2999-12-31" for code in sorted(RULES)))
    by_line = {finding.line: finding.code for finding in found}
    assert by_line == {
        line: "ICD811" if code in unfit else "ICD812" for line, code in enumerate(sorted(RULES), start=2)
    }


def test_of_rules_that_did_not_run_no_exception_is_called_idle(folder: Path) -> None:
    apply_to_folder(folder, Edit(path="data/event_actors.csv", old="act-example-group-c", new="act-nobody"))
    found = errors(folder, "ICD602,evt-2001-0001,The value is under review.,2999-12-31")
    assert [finding.code for finding in found] == ["ICD301"]


def test_a_list_that_is_a_link_is_not_followed(folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.csv"
    elsewhere.write_text(f"code,record,reason,expires\n{LINE}\n", encoding="utf-8")
    (folder / FILE).symlink_to(elsewhere)
    found = [finding for finding in validate_package(DataPackage(folder)) if finding.severity == ERROR]
    assert [finding.code for finding in found] == ["ICD811"]
    assert "is a link" in found[0].message


def test_what_is_excepted_does_not_keep_bundles_out(folder: Path, tmp_path: Path) -> None:
    from iraq_coalition_data.curation.formatting import format_package

    apply_to_folder(folder, LOADED)
    format_package(DataPackage(folder))
    bundle = tmp_path / "bundle.yaml"
    bundle.write_text("table: publishers\nrecord: {publisher_id: pub-new, name: New Wire, kind: wire}\n", "utf-8")
    refused, _ = add_bundles(DataPackage(folder), [bundle], dry_run=True)
    assert not refused.is_valid
    (folder / FILE).write_text(f"code,record,reason,expires\n{LINE}\n", encoding="utf-8")
    accepted, _ = add_bundles(DataPackage(folder), [bundle], dry_run=True)
    assert accepted.is_valid
