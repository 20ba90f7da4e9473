"""Two states side by side: found wherever they lie, told by record, with their claims and the version they need."""

from __future__ import annotations

import csv
import html.parser
import io
import json
import os
import re
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import iraq_coalition_data as icd
from curating import EVENT, add
from example import write_example
from iraq_coalition_data.cli import main
from iraq_coalition_data.curation import states
from iraq_coalition_data.curation.bumps import Bump
from iraq_coalition_data.curation.comparing import diff
from iraq_coalition_data.curation.comparison_report import STYLES, render_comparison, render_history
from iraq_coalition_data.curation.record_history import record_history, release_tags
from iraq_coalition_data.curation.states import StateError, open_state
from iraq_coalition_data.package import PackageError, shipped

FIRST, INJURED = "evt-2001-0001", "casualties/us_military/injured"
LATER = """update: evt-2001-0001
sources:
  - url: https://example.org/force-a/99
    meta: {publisher_id: pub-example-force-a, doc_type: press_release, title: Third statement,
           published_on: 2001-05-20, retrieved_on: 2001-06-01, lang: en, access: open}
    claims:
      - {by: act-example-force-a, basis: own_harm, says: {casualties/us_military/injured: 7}}
"""


@pytest.fixture
def before(tmp_path: Path) -> Path:
    return write_example(tmp_path / "before")


@pytest.fixture
def after(tmp_path: Path) -> Path:
    return write_example(tmp_path / "after")


def edit(root: Path, path: str, old: str, new: str) -> None:
    content = (root / path).read_bytes()
    assert old.encode() in content
    (root / path).write_bytes(content.replace(old.encode(), new.encode(), 1))


def edit_json(root: Path, path: str, change: Callable[[Any], None]) -> None:
    document = json.loads((root / path).read_text(encoding="utf-8"))
    change(document)
    (root / path).write_text(json.dumps(document), encoding="utf-8")


def edit_rows(root: Path, table: str, change: Callable[[list[dict[str, str]]], list[dict[str, str]]]) -> None:
    path = root / f"data/{table}.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    changed = change(rows)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(changed[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(changed)
    path.write_bytes(text.getvalue().encode())


def git(folder: Path, *arguments: str) -> None:
    who = {f"GIT_{role}_{what}": "a@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    subprocess.run(["git", *arguments], cwd=folder, env=os.environ | who, capture_output=True, check=True)


def zipped(root: Path, target: Path, prefix: str = "") -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(root.rglob("*")):
            if path.is_file():
                archive.write(path, prefix + str(path.relative_to(root)))
    return target


# What changed, and on whose word


def test_a_new_figure_is_told_with_the_claims_behind_the_old_and_the_new(before: Path, after: Path) -> None:
    add(after, LATER)
    found = diff(str(before), str(after))
    (part,) = found.changed
    assert (part.table, part.record, part.name) == ("events", FIRST, "Rockets fired at Example Base")
    best = next(c for c in part.changes if c.table == "event_casualties" and c.column == "best" and "injured" in c.key)
    assert (best.old, best.new) == ("5", "7")
    fates = [(e.fate, e.claim["value"], e.claimant, e.publisher, e.url) for e in found.evidence(best)]
    assert fates == [
        ("went", "5", "Force A", "Force A", "https://example.org/force-a/4"),
        ("came", "7", "Force A", "Force A", "https://example.org/force-a/99"),
    ]
    assert found.bump.part == "minor"
    assert found.removed == []
    assert {part.record for part in found.added} == {FIRST, "src-2001-0019"}


def test_claims_that_stayed_are_named_and_a_text_of_ours_has_none(before: Path, after: Path) -> None:
    edit_rows(after, "events", lambda rows: [r | {"date_start": "2001-02-02", "title": "New"} for r in rows])
    found = diff(str(before), str(after))
    part = next(part for part in found.changed if part.record == FIRST)
    by_column = {change.column: found.evidence(change) for change in part.changes}
    assert [evidence.fate for evidence in by_column["date_start"]] == ["stayed", "stayed"]
    assert by_column["title"] == []


def test_rows_stand_under_the_record_to_which_they_belong(before: Path, after: Path) -> None:
    add(after, EVENT)
    found = diff(str(before), str(after))
    event = next(part for part in found.added if part.table == "events")
    tables = [table for table, _, _ in event.rows]
    assert tables[0] == "events"
    assert {"event_actors", "event_casualties", "event_tags", "claims"} <= set(tables)
    assert sum(len(part.rows) for part in found.added) == len(found.rows.added)
    back = diff(str(after), str(before))
    assert [(p.record, p.rows) for p in back.removed] == [(p.record, p.rows) for p in found.added]


def test_one_state_does_not_differ_from_itself(before: Path) -> None:
    found = icd.diff(str(before), str(before))
    assert not found.rows
    assert [reason.part for reason in found.bump.reasons] == ["patch"]
    assert found.version_suffices is False
    assert "same bytes" in render_comparison(found)


# Where states lie


def test_a_state_is_the_same_wherever_it_lies(
    before: Path, after: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(after, LATER)
    wheel = zipped(after, tmp_path / "a.whl", "iraq_coalition_data/_package/")
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr("iraq_coalition_data/_package/docs/old/datapackage.json", "another one")
    release = zipped(after, tmp_path / "b.zip", "iraq-coalition-data-v0.2.0/")
    site = tmp_path / "site"
    (site / "iraq_coalition_data").mkdir(parents=True)
    (site / "iraq_coalition_data/_package").symlink_to(after)
    git(after, "init", "--quiet")
    git(after, "add", ".")
    git(after, "commit", "--quiet", "--message", "data")
    git(after, "tag", "v0.2.0")
    monkeypatch.chdir(after)
    expected = diff(str(before), str(after)).rows
    assert expected
    for name in (str(wheel), str(release), str(site), "v0.2.0", "HEAD", "."):
        assert diff(str(before), name).rows == expected, name
    assert not diff("installed", str(shipped().root)).rows


def test_a_commit_is_compared_as_it_is_stored_and_from_within_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write_example(tmp_path / "repository/nested")
    edit(root, "data/publishers.csv", "Example Wire", "$Format:%H$")
    (root / ".gitattributes").write_text("* export-subst\ndata/events.csv export-ignore\n", encoding="utf-8")
    git(tmp_path / "repository", "init", "--quiet")
    git(tmp_path / "repository", "add", ".")
    git(tmp_path / "repository", "commit", "--quiet", "--message", "data")
    monkeypatch.chdir(root)
    assert not diff("HEAD").rows


@pytest.mark.parametrize(
    "name", ["no-such-thing", "--output=x", "--since=2020", "-h", "", "HEAD:data", "a b", "HEAD^{tree}"]
)
def test_what_is_no_state_is_named(name: str, before: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(before, "init", "--quiet")
    git(before, "add", ".")
    git(before, "commit", "--quiet", "--message", "data")
    monkeypatch.chdir(before)
    with pytest.raises(StateError, match=re.escape(repr(name))):
        open_state(name)


def test_a_link_in_a_commit_is_not_followed(before: Path, after: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (after / "data/events.csv").unlink()
    (after / "data/events.csv").symlink_to(before / "data/events.csv")
    git(after, "init", "--quiet")
    git(after, "add", ".")
    git(after, "commit", "--quiet", "--message", "a link")
    monkeypatch.chdir(after)
    with pytest.raises(PackageError, match=r"data/events\.csv: the file does not exist"):
        diff(str(before), "HEAD")


def test_outside_of_a_checkout_a_reference_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StateError, match="no checkout here"):
        open_state("v0.1.0")
    with pytest.raises(StateError, match=r"holds no datapackage\.json"):
        open_state(".")


@pytest.mark.parametrize(
    ("path", "old", "new", "complaint"),
    [
        ("data/publishers.csv", "publisher_id,", "publisher,", "header of data/publishers.csv"),
        ("data/publishers.csv", "pub-example-wire,", "pub-example-force-a,", "data/publishers.csv:6 repeats the key"),
        ("data/publishers.csv", ",Example Wire", ",Example,Wire", "data/publishers.csv:6 has"),
        ("data/publishers.csv", ",Example Wire", ',"Example" Wire', "not a CSV file"),
    ],
)
def test_tables_that_cannot_be_told_row_by_row_are_named(
    before: Path, after: Path, path: str, old: str, new: str, complaint: str
) -> None:
    edit(after, path, old, new)
    with pytest.raises(StateError, match=re.escape(complaint)):
        diff(str(before), str(after))


# What strangers send


def damaged(name: str, good: bytes, tmp_path: Path) -> Path:
    path = tmp_path / f"{name}.zip"
    path.write_bytes(good)
    with zipfile.ZipFile(path, "a") as archive:
        if name == "twice":
            with pytest.warns(UserWarning, match="Duplicate"):
                archive.writestr("data/events.csv", "x")
        elif name == "bomb":
            archive.writestr("data/bomb.csv", bytes(states.MAX_CONTENT_BYTES + 1), zipfile.ZIP_DEFLATED)
        elif name == "method":
            archive.writestr("data/other.csv", bytes(1000), zipfile.ZIP_LZMA)
        elif name == "many":
            for number in range(states.MAX_FILES):
                archive.writestr(f"data/{number}", "")
    return path


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("twice", "holds data/events.csv twice"),
        ("bomb", "unpacks to more than"),
        ("method", "method that is not read"),
        ("many", "holds more than"),
    ],
)
def test_an_archive_that_means_harm_is_refused(before: Path, tmp_path: Path, name: str, complaint: str) -> None:
    good = zipped(before, tmp_path / "good.zip").read_bytes()
    with pytest.raises(StateError, match=complaint):
        open_state(str(damaged(name, good, tmp_path)))


def test_an_archive_that_lies_about_its_sizes_unpacks_no_further(before: Path, tmp_path: Path) -> None:
    edit(before, "data/publishers.csv", "Example Wire", "Example Wire" + "e" * 5_000_000)
    archive = zipped(before, tmp_path / "a.zip")
    size = struct.pack("<I", (before / "data/publishers.csv").stat().st_size)
    assert archive.read_bytes().count(size) == 2
    archive.write_bytes(archive.read_bytes().replace(size, struct.pack("<I", 1000)))
    with pytest.raises(StateError, match="is not a zip archive that can be read"):
        open_state(str(archive))


def test_nothing_is_read_or_written_outside_of_an_archive(before: Path, after: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("secret", encoding="utf-8")
    path = zipped(after, tmp_path / "a.zip")
    with zipfile.ZipFile(path, "a") as archive:
        for name in ("../escaped.csv", "/tmp/icd-escaped.csv", "data/../../escaped.csv", "..\\escaped.csv"):
            archive.writestr(name, "x")
        link = zipfile.ZipInfo("data/link.csv")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, str(secret))
    inside = sorted(str(p) for p in tmp_path.rglob("*"))
    assert not diff(str(before), str(path)).rows
    assert sorted(str(p) for p in tmp_path.rglob("*")) == inside
    assert not Path("/tmp/icd-escaped.csv").exists()


@pytest.mark.parametrize("place", ["../../secret.csv", "/etc/passwd", "https://example.org/x.csv"])
def test_a_descriptor_cannot_name_another_place(before: Path, after: Path, tmp_path: Path, place: str) -> None:
    edit(after, "datapackage.json", '"data/events.csv"', json.dumps(place))
    for state in (after, zipped(after, tmp_path / "a.zip")):
        with pytest.raises(PackageError, match="Nothing else is opened"):
            diff(str(before), str(state))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"not a zip", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_archive_is_said_to_be_none(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(content)
    with pytest.raises(StateError, match=r"is not a zip archive|holds no datapackage"):
        open_state(str(path))


def test_an_archive_that_is_too_large_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with path.open("wb") as stream:
        stream.truncate(states.MAX_ARCHIVE_BYTES + 1)
    with pytest.raises(StateError, match="is larger than"):
        open_state(str(path))


def test_a_link_in_a_folder_is_not_followed(before: Path, after: Path) -> None:
    (after / "data/events.csv").unlink()
    (after / "data/events.csv").symlink_to(before / "data/events.csv")
    with pytest.raises(PackageError, match="is a link"):
        diff(str(before), str(after))


# The least version


def drop_column(root: Path) -> None:
    edit_json(root, "schemas/locations.schema.json", lambda s: s["fields"].remove(_field(s, "radius_m")))
    edit_rows(root, "locations", lambda rows: [{k: v for k, v in row.items() if k != "radius_m"} for row in rows])


def _field(schema: Any, name: str) -> Any:
    return next(field for field in schema["fields"] if field["name"] == name)


def _schema(table: str, column: str, **changes: Any) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        edit_json(root, f"schemas/{table}.schema.json", lambda s: _field(s, column).update(changes))

    return change


def _rows(table: str, change: Callable[[list[dict[str, str]]], list[dict[str, str]]]) -> Callable[[Path], None]:
    return lambda root: edit_rows(root, table, change)


def _codes(codelist: str, code: str, **changes: str) -> Callable[[Path], None]:
    return _rows(f"codelists/{codelist}", lambda rows: [r | changes if r["code"] == code else r for r in rows])


def add_table(root: Path) -> None:
    (root / "data/moods.csv").write_text("mood_id\nmoo-1\n", encoding="utf-8")
    schema = {
        "$schema": "https://datapackage.org/profiles/2.0/tableschema.json",
        "fields": [{"name": "mood_id", "type": "string", "constraints": {"required": True}, "icd:kind": "identity"}],
        "missingValues": [""],
        "primaryKey": ["mood_id"],
    }
    (root / "schemas/moods.schema.json").write_text(json.dumps(schema), encoding="utf-8")
    entry = {"name": "moods", "path": "data/moods.csv", "schema": "schemas/moods.schema.json"}
    edit_json(root, "datapackage.json", lambda d: d["resources"].append(entry))


def retire(root: Path) -> None:
    path = root / "data/retired_ids.csv"
    path.write_text(path.read_text("utf-8") + "pub-example-wire,,out_of_scope,0.2.0\n", encoding="utf-8")
    edit_rows(root, "publishers", lambda rows: [r for r in rows if r["publisher_id"] != "pub-example-wire"])


MAJOR, MINOR, PATCH = "major", "minor", "patch"
CHANGES = [
    (drop_column, MAJOR, "the column locations.radius_m was removed"),
    (_schema("events", "title", type="integer", constraints={}), MAJOR, "its type was string and is integer"),
    (_schema("events", "title", **{"icd:kind": "coded"}), MAJOR, "its kind was descriptive and is coded"),
    (_schema("locations", "radius_m", **{"icd:unit": "feet"}), MAJOR, "its unit was"),
    (_schema("locations", "radius_m", constraints={"minimum": 5}), MAJOR, "allows less than before: minimum"),
    (_schema("locations", "radius_m", constraints={"minimum": -5}), MINOR, "allows more than before: minimum"),
    (_schema("locations", "lat", constraints={"minimum": -90}), MINOR, "allows more than before: maximum"),
    (_schema("events", "note", constraints={"required": True}), MAJOR, "allows less than before: required"),
    (_schema("events", "title", constraints={"required": True}), MINOR, "allows more than before: pattern"),
    (_schema("events", "note", constraints={"pattern": "x"}), MAJOR, "allows less than before: pattern"),
    (_schema("events", "note", description="Other words."), PATCH, "description of events.note was reworded"),
    (add_table, MINOR, "the table moods is new"),
    (_rows("codelists/outcome", lambda rows: rows[1:]), MAJOR, "the code .* of outcome was removed"),
    (_rows("codelists/outcome", lambda rows: [*rows, rows[0] | {"code": "new"}]), MINOR, "the code new of outcome is"),
    (_codes("event_type", "threat_issued", base_tier="1"), MAJOR, "redefined: base_tier was . and is 1"),
    (_codes("event_type", "threat_issued", definition="Other."), MINOR, "definition of the code threat_issued"),
    (_codes("event_type", "threat_issued", label="Other"), MINOR, "1 cell changed"),
    (_rows("publishers", lambda rows: rows[1:]), MAJOR, "pub-example-force-a of publishers leads nowhere"),
    (retire, MINOR, "1 row removed, 1 row added"),
    (
        _rows("milestones", lambda rows: [r | {"scope": "other"} for r in rows]),
        MAJOR,
        "stands for something else: scope",
    ),
    (_rows("events", lambda rows: [r | {"note": "A note."} for r in rows]), MINOR, "cells changed"),
    (lambda root: edit(root, "data/publishers.csv", "Example Wire", '"Example Wire"'), MINOR, "though no value did"),
    (lambda root: (root / "README.md").write_text("x", encoding="utf-8"), PATCH, "same bytes"),
]


@pytest.mark.parametrize(("change", "part", "reason"), CHANGES, ids=[f"{c[1]}-{c[2]}" for c in CHANGES])
def test_the_least_bump_and_its_reason(
    change: Callable[[Path], object], part: str, reason: str, before: Path, after: Path
) -> None:
    change(after)
    bump = diff(str(before), str(after)).bump
    assert bump.part == part
    assert any(re.search(reason, found.what) and found.part == part for found in bump.reasons), bump.reasons
    assert bump.reasons[0].part == part


def test_identifiers_that_vanish_together_are_one_reason(before: Path, after: Path) -> None:
    edit_rows(after, "sources", lambda rows: rows[:2])
    (reason,) = [reason for reason in diff(str(before), str(after)).bump.reasons if reason.part == MAJOR]
    assert reason.what.startswith("src-2001-0003, src-2001-0004, src-2001-0005 and 13 more of sources lead nowhere")


def test_a_redirect_that_leads_elsewhere_is_a_major_change(before: Path, after: Path) -> None:
    lines = "pub-old,pub-example-wire,duplicate,0.1.0\npub-older,pub-old,duplicate,0.1.0\n"
    for root in (before, after):
        path = root / "data/retired_ids.csv"
        path.write_text(path.read_text("utf-8") + lines, encoding="utf-8")
    edit(after, "data/retired_ids.csv", "pub-older,pub-old", "pub-older,pub-example-wire")
    assert diff(str(before), str(after)).bump.part == MINOR
    edit(after, "data/retired_ids.csv", "pub-old,pub-example-wire", "pub-old,pub-example-force-a")
    reasons = [reason.what for reason in diff(str(before), str(after)).bump.reasons]
    assert "the identifier pub-old led to pub-example-wire and now to pub-example-force-a" in reasons


def test_a_record_that_follows_a_merger_stands_for_the_same(before: Path, after: Path) -> None:
    path = after / "data/retired_ids.csv"
    path.write_text(path.read_text("utf-8") + "act-old,act-example-force-a,duplicate,0.2.0\n", encoding="utf-8")
    edit_rows(before, "force_levels", lambda rows: [row | {"actor_id": "act-old"} for row in rows])
    edit_rows(after, "force_levels", lambda rows: [row | {"actor_id": "act-example-force-a"} for row in rows])
    assert diff(str(before), str(after)).bump.part == MINOR
    edit_rows(after, "force_levels", lambda rows: [row | {"actor_id": "act-example-wire"} for row in rows])
    assert diff(str(before), str(after)).bump.part == MAJOR


def test_the_weightiest_reason_comes_first(before: Path, after: Path) -> None:
    edit_rows(after, "codelists/outcome", lambda rows: [*rows, rows[0] | {"code": "new"}])
    _codes("event_type", "threat_issued", base_tier="1")(after)
    assert [reason.part for reason in diff(str(before), str(after)).bump.reasons] == [MAJOR, MINOR, MINOR]


def test_rows_known_by_other_columns_all_go_and_come(before: Path, after: Path) -> None:
    edit_json(after, "schemas/event_tags.schema.json", lambda s: s.update(primaryKey=["event_id", "code"]))
    found = diff(str(before), str(after))
    assert found.bump.part == MAJOR
    assert len(found.rows.removed) == len(found.rows.added) > 0
    assert found.rows.changed == []


def test_versions_are_counted_up_by_part() -> None:
    assert [Bump(part, ()).after("1.2.3") for part in (MAJOR, MINOR, PATCH)] == ["2.0.0", "1.3.0", "1.2.4"]
    assert Bump(MINOR, ()).is_met("0.9.9", "0.10.0")
    assert not Bump(MAJOR, ()).is_met("0.9.9", "0.10.0")
    with pytest.raises(ValueError, match="is not a version"):
        Bump(MAJOR, ()).after("1.2")


# How it is told


HOSTILE = "<script>alert(1)</script> @everyone [x](javascript:x) | `y` \u202eevil"


@pytest.fixture
def hostile(before: Path, after: Path) -> Any:
    edit_rows(
        after,
        "events",
        lambda rows: [r | {"title": HOSTILE} if r["event_id"] == FIRST else r for r in rows[1:] + rows[:1]],
    )
    add(before, EVENT)
    edit_rows(after, "sources", lambda rows: [r | {"url": "javascript:alert(1)"} for r in rows])
    edit_rows(after, "claims", lambda rows: [r | {"value_as_stated": HOSTILE} for r in rows])
    edit_rows(after, "event_casualties", lambda rows: [r | {"best": "9"} for r in rows])
    return diff(str(before), str(after))


class Parsed(html.parser.HTMLParser):
    """Collects the tags, attributes and addresses of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_a_page_stands_alone_and_runs_nothing(hostile: Any) -> None:
    text = render_comparison(hostile, "html")
    page = Parsed(text)
    assert page.open == []
    assert not {"script", "img", "link", "iframe"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith(("on", "src", "style"))]
    assert all(str(value).startswith("http") for name, value in page.attributes if name == "href")
    assert "&lt;script&gt;" in text
    assert "\u202e" not in text
    assert "default-src 'none'" in text


def test_markdown_mentions_nobody_and_carries_no_markup(hostile: Any) -> None:
    text = render_comparison(hostile, "markdown")
    assert not re.search(r"(?<!\\)<(?!!-- -->)", text)
    assert "@everyone" not in text
    assert "](javascript" not in text
    assert "\u202e" not in text


def test_text_fits_80_columns_and_shows_no_control_characters(hostile: Any) -> None:
    text = render_comparison(hostile, "text")
    assert max(map(len, text.splitlines())) <= 80
    assert "<U+202E>" in text
    assert all(character.isprintable() or character == "\n" for character in text)


def test_names_are_shown_with_the_same_care_as_values(before: Path, after: Path) -> None:
    edit_rows(after, "publishers", lambda rows: [*rows, rows[0] | {"publisher_id": "\x1b[2J<i>@all"}])
    for style in ("text", "markdown", "html"):
        text = render_comparison(diff(str(before), str(after)), style)
        assert "\x1b" not in text
        assert style == "text" or "<i>" not in text
        assert style == "html" or "<U+001B>" in text.replace("\\", "")
        assert style != "markdown" or "@all" not in text


@pytest.mark.parametrize("style", ["text", "markdown", "html"])
def test_removals_come_first_then_changes_then_additions(style: str, hostile: Any) -> None:
    text = render_comparison(hostile, style)
    places = [text.index(f"{heading} (") for heading in ("Removed", "Changed")]
    assert places == sorted(places)
    back = render_comparison(diff(hostile.after.name, hostile.before.name), style)
    assert back.index("Changed (") < back.index("Added (")


@pytest.mark.parametrize("style", ["text", "markdown", "html"])
def test_a_long_list_is_cut_and_counted(style: str, hostile: Any) -> None:
    assert "more record" in render_comparison(hostile, style, limit=1)
    assert FIRST not in render_comparison(hostile, style, limit=0)
    assert "more record" not in render_comparison(hostile, style)


def test_json_holds_every_row_and_cell_whatever_the_limit(hostile: Any) -> None:
    document = json.loads(render_comparison(hostile, "json", limit=0))
    assert document["least_bump"] == hostile.bump.part
    for kind in ("removed", "changed", "added"):
        assert len(document[kind]) == len(getattr(hostile.rows, kind))
    best = next(c for c in document["changed"] if c["column"] == "best" and c["claims"])
    assert best["new"] == "9"
    assert set(best["claims"][0]) == {"fate", "claim", "claimant", "publisher", "url"}


def test_every_way_of_telling_tells_nothing_of_nothing(before: Path) -> None:
    found = diff(str(before), str(before))
    for style in STYLES:
        text = render_comparison(found, style)
        assert "same bytes" in text
        assert "Changed (" not in text
        assert "is still" not in text


# The commands


def test_the_command_fails_on_a_version_that_is_too_low(
    before: Path, after: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add(after, LATER)
    assert main(["diff", str(before), str(after)]) == 0
    assert main(["diff", str(before), str(after), "--check-version"]) == 1
    assert "is still 0.1.0" in " ".join(capsys.readouterr().out.split())
    edit_json(after, "datapackage.json", lambda d: d.update(version="99.0.0"))
    assert main(["diff", str(before), str(after), "--check-version"]) == 0
    assert main(["diff", str(before), "no-such-state"]) == 2


def test_a_dry_run_shows_what_a_bundle_brings_and_nothing_that_was_there(
    before: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    add(before, EVENT)
    bundle = before.parent / "publisher.yaml"
    bundle.write_text("table: publishers\nrecord: {id: pub-new, name: New, kind: newspaper}\n", encoding="utf-8")
    monkeypatch.chdir(before)
    main(["validate"])
    assert "evt-2001-9002" in capsys.readouterr().out
    assert main(["add", "--dry-run", str(bundle)]) == 0
    out = capsys.readouterr().out
    assert "Nothing refers to 'pub-new'." in out
    assert "evt-2001-9002" not in out
    assert out.endswith("+ publishers pub-new: New\n0 rows removed, 0 cells changed, 1 rows added\n")


def test_comparing_needs_neither_pandas_nor_yaml(before: Path) -> None:
    code = (
        f"from iraq_coalition_data.cli import main; main(['diff', {str(before)!r}, 'installed']); import sys; "
        "assert not {'pandas', 'numpy', 'yaml', 'rich'} & set(sys.modules)"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(icd.__file__).parents[1])}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True)


# From release to release


@pytest.fixture
def releases(before: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a checkout with three releases: a figure changes in the second, nothing in the third."""
    git(before, "init", "--quiet")
    for version, bundle in (("0.1.0", ""), ("0.2.0", LATER), ("0.10.0", "")):
        if bundle:
            add(before, bundle)
        edit_json(before, "datapackage.json", lambda d, version=version: d.update(version=version))
        git(before, "add", ".")
        git(before, "commit", "--quiet", "--message", version)
        git(before, "tag", f"v{version}")
    git(before, "tag", "nightly")
    monkeypatch.chdir(before)
    return before


def test_the_releases_are_the_tags_in_the_order_of_their_versions(releases: Path) -> None:
    assert release_tags() == ["v0.1.0", "v0.2.0", "v0.10.0"]


def test_a_record_is_followed_from_release_to_release(releases: Path) -> None:
    steps = record_history(FIRST)
    assert [(step.state.version, step.what) for step in steps] == [
        ("0.1.0", "new"),
        ("0.2.0", "changed"),
        ("0.10.0", "unchanged"),
        ("0.10.0", "unchanged"),
    ]
    text = render_history(steps)
    assert "best: 5 -> 7" in text
    assert f"{INJURED} = 7" in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_record_is_followed_through_its_merger_and_its_end(before: Path, after: Path, tmp_path: Path) -> None:
    def redirect(target: str) -> Callable[[Path], None]:
        def change(root: Path) -> None:
            path = root / "data/retired_ids.csv"
            path.write_text(path.read_text("utf-8") + f"pub-example-wire,{target},duplicate,0.2.0\n", encoding="utf-8")
            edit_rows(root, "publishers", lambda rows: [r for r in rows if r["publisher_id"] != "pub-example-wire"])

        return change

    redirect("pub-example-force-a")(after)
    removed = write_example(tmp_path / "removed")
    redirect("")(removed)
    steps = record_history("pub-example-wire", [str(before), str(after)])
    assert [(s.what, s.record) for s in steps] == [("new", "pub-example-wire"), ("merged", "pub-example-force-a")]
    steps = record_history("pub-example-wire", [str(before), str(removed), str(removed)])
    assert [(s.what, s.record) for s in steps[1:]] == [("removed", ""), ("absent", "")]
    assert [s.what for s in record_history("pub-example-wire", [str(removed), str(before)])] == ["absent", "new"]


def test_a_record_that_no_release_has_says_which_is_near(before: Path) -> None:
    with pytest.raises(StateError, match=r"Did you mean 'evt-2001-0001'\?"):
        record_history("evt-2001-001", [str(before)])


def test_the_history_command_as_text_and_json(releases: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history", FIRST, "v0.1.0", "v0.2.0"]) == 0
    assert "v0.2.0 (0.2.0): changed" in capsys.readouterr().out
    assert main(["history", FIRST, "--json"]) == 0
    steps = json.loads(capsys.readouterr().out)
    assert [step["what"] for step in steps] == ["new", "changed", "unchanged", "unchanged"]
    (part,) = steps[1]["changed"]
    assert {"table": "event_casualties", "column": "best", "old": "5", "new": "7"}.items() <= {
        k: v for change in part["changes"] if change["column"] == "best" for k, v in change.items()
    }.items()
    assert main(["history", "evt-1999-0001"]) == 2
