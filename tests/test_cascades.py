"""One defect is one finding: at its place, with the remedy that is nearest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from example import apply_to_folder, write_example
from iraq_coalition_data.curation.formatting import format_package
from iraq_coalition_data.package import DataPackage
from iraq_coalition_data.validation.finding import ERROR, Finding
from iraq_coalition_data.validation.rule import Edit
from iraq_coalition_data.validation.runner import validate_package
from iraq_coalition_data.validation.state import did_you_mean, nearest

Defect = Callable[[Path], None]
ACTORS, EVENTS, CLAIMS = "data/actors.csv", "data/events.csv", "data/claims.csv"
LOCATIONS, LINKS, DESCRIPTOR = "data/locations.csv", "data/event_actors.csv", "datapackage.json"


def replaced(path: str, old: str, new: str) -> Defect:
    return lambda folder: apply_to_folder(folder, Edit(path=path, old=old, new=new))


def everywhere(path: str, old: str, new: str, encoding: str = "utf-8") -> Defect:
    def damage(folder: Path) -> None:
        text = (folder / path).read_bytes().decode("utf-8")
        (folder / path).write_bytes(text.replace(old, new).encode(encoding))

    return damage


def without_lines(path: str, part: str) -> Defect:
    def damage(folder: Path) -> None:
        lines = (folder / path).read_bytes().splitlines(keepends=True)
        kept = [line for line in lines if part.encode() not in line]
        assert len(kept) < len(lines)
        (folder / path).write_bytes(b"".join(kept))

    return damage


def doubled(path: str, part: str) -> Defect:
    def damage(folder: Path) -> None:
        lines = (folder / path).read_bytes().splitlines(keepends=True)
        twice = [line for line in lines for _ in range(1 + line.startswith(part.encode()))]
        (folder / path).write_bytes(b"".join(twice))

    return damage


def renamed(path: str, other: str) -> Defect:
    return lambda folder: (folder / path).rename(folder / other) and None


def removed(path: str) -> Defect:
    return lambda folder: (folder / path).unlink()


def formatted(defect: Defect) -> Defect:
    """Return a defect after which icd fmt was run."""

    def damage(folder: Path) -> None:
        defect(folder)
        format_package(DataPackage(folder))

    return damage


DEFECTS = {
    # name: (defect, code, file, line, suggestion)
    "a misspelt code": (
        replaced(EVENTS, ",armed_action,", ",armed_acton,"), "ICD203", EVENTS, 2, "Did you mean 'armed_action'?"),
    "a day that does not exist": (replaced(EVENTS, ",2001-02-03,", ",2001-02-30,"), "ICD201", EVENTS, 2, None),
    "a required cell that is empty": (replaced(EVENTS, ",2001-02-03,", ",,"), "ICD201", EVENTS, 2, None),
    "a key that stands twice": (replaced(EVENTS, "evt-2001-0001", "evt-2001-0002"), "ICD104", EVENTS, 3, None),
    "a row that stands twice": (doubled(ACTORS, "act-example-group-c,"), "ICD104", ACTORS, 8, None),
    "a row out of order": (
        replaced(EVENTS, "evt-2001-0001", "evt-2001-9999"), "ICD005", EVENTS, 3, f"Run: icd fmt {EVENTS}"),
    "a no-break space": (
        replaced(ACTORS, "Armed Group C", "Armed\u00a0Group C"), "ICD003", ACTORS, 7, f"Run: icd fmt {ACTORS}"),
    "line ends of another system": (
        everywhere(ACTORS, "\n", "\r\n"), "ICD001", ACTORS, 1, f"Run: icd fmt {ACTORS}"),
    "a file in UTF-16": (everywhere(ACTORS, "", "", "utf-16"), "ICD001", ACTORS, 1, None),
    "cells parted by semicolons": (everywhere(ACTORS, ",", ";"), "ICD102", ACTORS, 1, None),
    "a misspelt column": (
        replaced(ACTORS, "actor_id,name,", "actor_id,nam,"), "ICD102", ACTORS, 1, "Did you mean 'name'?"),
    "a column that is missing": (everywhere(ACTORS, "actor_id,name,", "actor_id,"), "ICD102", ACTORS, 1, None),
    "a comma too few": (replaced(ACTORS, "Armed Group C,", "Armed Group C"), "ICD004", ACTORS, 7, None),
    "a quotation mark too few": (replaced(ACTORS, "Example Armed Group C", '"Example'), "ICD004", ACTORS, 7, None),
    "a misspelt identifier": (
        replaced(LINKS, ",act-example-group-c,", ",act-example-gruop-c,"), "ICD301", LINKS, 4,
        "Did you mean 'act-example-group-c'?"),
    "a misspelt place": (
        replaced(EVENTS, "loc-example-base", "loc-exmaple-base"), "ICD301", EVENTS, 2,
        "Did you mean 'loc-example-base'?"),
    "a number that no event has": (replaced(LINKS, "evt-2001-0001", "evt-2000-0001"), "ICD301", LINKS, 2, None),
    "a record that was removed": (without_lines(EVENTS, "evt-2001-0001,"), "ICD301", LINKS, 2, None),
    "an actor that was removed": (without_lines(ACTORS, "act-example-group-c,"), "ICD301", LINKS, 4, None),
    "an actor that was removed, after icd fmt": (
        formatted(without_lines(ACTORS, "act-example-group-c,")), "ICD301", LINKS, 4, None),
    "a place that was removed": (without_lines(LOCATIONS, "loc-example-base,"), "ICD301", EVENTS, 2, None),
    "a source that was removed": (without_lines("data/sources.csv", "src-2001-0001,"), "ICD301", CLAIMS, 23, None),
    "the claims of a record that were removed": (
        without_lines(CLAIMS, ",evt-2001-0001,"), "ICD601", EVENTS, 2, None),
    "a claim that was edited": (replaced(CLAIMS, ",2001-02-03,", ",2001-02-04,"), "ICD702", CLAIMS, 9, None),
    "a value that was edited": (
        replaced(EVENTS, ",impact_damage,", ",unknown,"), "ICD602", EVENTS, 2, "Run: icd fmt"),
    "a loaded word": (replaced(EVENTS, "Rockets were fired", "Terrorists fired"), "ICD901", EVENTS, 2, None),
    "a text that was edited": (
        replaced(EVENTS, "Rockets were fired", "Rockets were launched"), "ICD801", DESCRIPTOR, None, "Run: icd fmt"),
    "a table under another name": (
        replaced(DESCRIPTOR, '"name": "events"', '"name": "event"'), "ICD801", DESCRIPTOR, None,
        "Did you mean 'events'?"),
    "a reference to a table of another name": (
        replaced("schemas/events.schema.json", '"resource": "locations"', '"resource": "location"'), "ICD103",
        "schemas/events.schema.json", None, "Did you mean 'locations'?"),
    "a column of another name": (
        replaced("schemas/events.schema.json", '"name": "time_local"', '"name": "local_time"'), "ICD806",
        "schemas/events.schema.json", None, None),
    "a file under another name": (
        renamed(ACTORS, "data/actor.csv"), "ICD101", ACTORS, None, "Rename 'data/actor.csv'."),
    "a codelist that is missing": (
        removed("data/codelists/role.csv"), "ICD101", "data/codelists/role.csv", None, None),
    "a codelist with line ends of an old system": (
        everywhere("data/codelists/role.csv", "\n", "\r"), "ICD001", "data/codelists/role.csv", 1,
        "Run: icd fmt data/codelists/role.csv"),
    "a code that was removed": (
        without_lines("data/codelists/location_kind.csv", "base,Base"), "ICD203", LOCATIONS, 2, None),
}  # fmt: skip


def errors(folder: Path) -> list[Finding]:
    return [finding for finding in validate_package(DataPackage(folder)) if finding.severity == ERROR]


@pytest.mark.parametrize("name", DEFECTS)
def test_one_defect_is_one_finding(name: str, tmp_path: Path) -> None:
    defect, *expected = DEFECTS[name]
    folder = write_example(tmp_path / "package")
    defect(folder)
    assert [[f.code, f.file, f.line, f.suggestion] for f in errors(folder)] == [expected]


def test_two_defects_are_two_findings(tmp_path: Path) -> None:
    folder = write_example(tmp_path / "package")
    for name in ("a misspelt identifier", "a loaded word"):
        DEFECTS[name][0](folder)
    assert [finding.code for finding in errors(folder)] == ["ICD301", "ICD901"]


def test_a_missing_row_says_how_many_refer_to_it(tmp_path: Path) -> None:
    folder = write_example(tmp_path / "package")
    DEFECTS["a source that was removed"][0](folder)
    assert errors(folder)[0].message == "'src-2001-0001' is not in the table sources; 9 more rows refer to it."


@pytest.mark.parametrize(
    ("word", "known", "near"),
    [
        ("withdrawl", ["withdrawal", "arrival"], "withdrawal"),
        ("Peshmarga", ["Peshmerga", "Pentagon"], "Peshmerga"),
        ("act-us-goverment", ["act-us-government", "act-iraq-government"], "act-us-government"),
        ("src-2024-00012", ["src-2024-0001", "src-2024-0012"], "src-2024-0012"),
        ("mst-misson-end-v02", ["mst-mission-end-v01", "mst-mission-end-v02"], "mst-mission-end-v02"),
        ("evt-2024-0003", ["evt-2024-0001", "evt-2024-0002", "evt-2024-0030"], None),
        ("xyz", ["withdrawal", "arrival"], None),
        ("", ["withdrawal"], None),
        ("act-example-group-c", ["act-example-wire"], None),
    ],
)
def test_a_suggestion_is_near_or_there_is_none(word: str, known: list[str], near: str | None) -> None:
    assert nearest(word, known) == near
    assert did_you_mean(word, known) == (f"Did you mean {near!r}?" if near else None)
