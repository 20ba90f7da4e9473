"""Frictionless agrees with the released package, and sees nothing that our own checks refuse."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from example import apply_to_folder, write_example
from iraq_coalition_data.package import DataPackage, MissingExtraError
from iraq_coalition_data.validation.finding import ERROR, MEASURE
from iraq_coalition_data.validation.rule import Edit
from iraq_coalition_data.validation.second_opinion import second_opinion

pytest.importorskip("frictionless")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_example(tmp_path / "package")


def test_both_engines_find_the_example_in_order(folder: Path) -> None:
    assert second_opinion(DataPackage(folder)) == []


@pytest.mark.parametrize(
    ("edit", "place", "words"),
    [
        (
            Edit(path="data/events.csv", old=",2001-02-03,", new=",2001-02-30,"),
            ("data/events.csv", 2, "date_start"),
            "type",
        ),
        (
            Edit(path="data/events.csv", old=",21:40,", new=",24:40,"),
            ("data/events.csv", 2, "time_local"),
            "constraint",
        ),
        (Edit(path="data/locations.csv", old=",base,", new=",bse,"), ("data/locations.csv", 2, "kind"), "refers to"),
        (Edit(path="data/events.csv", old="evt-2001-0001", new="evt-2001-0002"), ("data/events.csv", 3, None), "key"),
    ],
    ids=str,
)
def test_its_errors_are_told_in_our_words(
    folder: Path, edit: Edit, place: tuple[str, int, str | None], words: str
) -> None:
    apply_to_folder(folder, edit)
    findings = second_opinion(DataPackage(folder))
    assert {(f.code, f.severity) for f in findings} == {("ICD850", ERROR)}
    found = {(f.file, f.line, f.column): f.message for f in findings}
    assert words in found[place]
    assert not any('constraint "' in message or 'is "' in message for message in found.values())


@pytest.mark.parametrize(
    "edit",
    [
        Edit(path="datapackage.json", old='"path": "data/events.csv"', new='"path": "https://example.org/events.csv"'),
        Edit(path="data/events.csv", new="event_id" + ",x" * 20_000 + "\n"),
        Edit(path="data/actors.csv", old="Example Armed Group C", new='"Example Armed Group C'),
    ],
    ids=["an address", "many columns", "an open quotation mark"],
)
def test_it_is_not_asked_about_files_that_are_unfit(folder: Path, edit: Edit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("frictionless.validate", lambda *_, **__: pytest.fail("frictionless was asked"))
    apply_to_folder(folder, edit)
    findings = second_opinion(DataPackage(folder))
    assert [finding.severity for finding in findings] == [MEASURE]
    assert findings[0].message.startswith("frictionless: not asked, because of ICD")


def test_a_link_is_not_followed(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("frictionless.validate", lambda *_, **__: pytest.fail("frictionless was asked"))
    (folder / "data/events.csv").rename(tmp_path / "outside.csv")
    (folder / "data/events.csv").symlink_to(tmp_path / "outside.csv")
    assert [finding.severity for finding in second_opinion(DataPackage(folder))] == [MEASURE]


def test_a_look_at_too_few_tables_is_an_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Nothing:
        errors = ()
        tasks = ()

    monkeypatch.setattr("frictionless.validate", lambda *_, **__: Nothing())
    findings = second_opinion(DataPackage(folder))
    assert [finding.message for finding in findings] == ["frictionless: looked at 0 tables of 72."]


def test_without_the_extra_the_install_line_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "frictionless", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'iraq-coalition-data\[validate\]'"):
        second_opinion(DataPackage(folder))
