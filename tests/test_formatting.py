"""Mechanical damage of any file is mended, named by --check, and never touches what a table says."""

from __future__ import annotations

import csv
import io
import json
import random
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curating import contents
from example import SCHEMAS, write_example
from iraq_coalition_data.cells import is_invisible, read_table
from iraq_coalition_data.cli import main
from iraq_coalition_data.curation.files import WriteError, exclusive
from iraq_coalition_data.curation.formatting import format_package, mend, mend_cell
from iraq_coalition_data.curation.generated import generated_files
from iraq_coalition_data.package import DataPackage, data_path
from iraq_coalition_data.validation.runner import validate_package

EVENTS, ACTORS, FORCES = "data/events.csv", "data/actors.csv", "data/force_levels.csv"
Damage = Callable[[bytes, random.Random], bytes]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_example(tmp_path / "checkout")


def fmt(root: Path, *, check: bool = False) -> list[str]:
    return [str(change) for change in format_package(DataPackage(root), check=check)]


def named(changes: list[str]) -> set[str]:
    return {change.split(":")[0] for change in changes}


def _cells(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(), newline="")))


def _bytes(cells: list[list[str]], quoting: int = csv.QUOTE_MINIMAL) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\n", quoting=quoting).writerows(cells)
    return buffer.getvalue().encode()


def _in_cells(change: Callable[[str, random.Random], str], share: float = 0.3) -> Damage:
    def damage(data: bytes, chance: random.Random) -> bytes:
        cells = _cells(data)
        return _bytes([[change(cell, chance) if chance.random() < share else cell for cell in row] for row in cells])

    return damage


def _shuffled_rows(data: bytes, chance: random.Random) -> bytes:
    header, *rows = _cells(data)
    chance.shuffle(rows)
    return _bytes([header, *rows])


def _shuffled_columns(data: bytes, chance: random.Random) -> bytes:
    cells = _cells(data)
    order = chance.sample(range(len(cells[0])), len(cells[0]))
    return _bytes([[row[place] for place in order] for row in cells])


def _blank_lines(data: bytes, chance: random.Random) -> bytes:
    return b"".join(line + b"\n" * chance.choice((0, 0, 1, 2)) for line in data.splitlines(keepends=True))


def _doubled_spaces(cell: str, chance: random.Random) -> str:
    return cell.replace(" ", chance.choice(("  ", "\u00a0", " \t", "\u2003")))


def _invisible(cell: str, chance: random.Random) -> str:
    place = chance.randint(0, len(cell))
    return cell[:place] + chance.choice(("\u200b", "\u202e", "\ufeff", "\u00ad", "\u200f")) + cell[place:]


ON_CELLS: dict[str, Damage] = {
    "rows in another order": _shuffled_rows,
    "columns in another order": _shuffled_columns,
    "decomposed letters": _in_cells(lambda cell, _: unicodedata.normalize("NFD", cell), share=1),
    "stray spaces": _in_cells(
        lambda cell, chance: chance.choice((" ", "\t", "\u00a0")) + cell + chance.choice(("", " "))
    ),
    "doubled spaces": _in_cells(_doubled_spaces, share=1),
    "invisible characters": _in_cells(_invisible),
}
ON_BYTES: dict[str, Damage] = {
    "needless quotes": lambda data, _: _bytes(_cells(data), csv.QUOTE_ALL),
    "blank lines": _blank_lines,
    "CRLF": lambda data, _: data.replace(b"\n", b"\r\n"),
    "CR": lambda data, _: data.replace(b"\n", b"\r"),
    "no final newline": lambda data, _: data.rstrip(b"\r\n"),
    "BOM": lambda data, _: b"\xef\xbb\xbf" + data,
}  # fmt: skip
DAMAGES = ON_CELLS | ON_BYTES
# Codelists keep an order of their own, which is part of what they say.
IN_ORDER = {"rows in another order"}


@pytest.fixture(scope="module")
def accented(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return a world with names that have more than one Unicode form, a comma and a quotation mark."""
    root = write_example(tmp_path_factory.mktemp("accents"))
    path = root / ACTORS
    path.write_bytes(path.read_bytes().replace(b"Example Brand", '"Dāʿé, called ""Ö"""'.encode()))
    fmt(root)
    return contents(root)


def written(root: Path, files: dict[str, bytes]) -> Path:
    for path, data in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    return root


def test_the_example_is_in_canonical_form(root: Path) -> None:
    before = contents(root)
    assert fmt(root, check=True) == fmt(root) == []
    assert contents(root) == before


@pytest.mark.parametrize(
    ("table", "kind"),
    [
        *(("actors", kind) for kind in DAMAGES),
        *(("event_tags", kind) for kind in ("rows in another order", "columns in another order", "needless quotes")),
        *(("codelist_side", kind) for kind in ("stray spaces", "columns in another order", "BOM")),
    ],
)
def test_a_damage_is_named_by_check_mended_and_then_gone(
    tmp_path: Path, accented: dict[str, bytes], kind: str, table: str
) -> None:
    root, path, sound = written(tmp_path, accented), data_path(table), accented
    damaged = DAMAGES[kind](sound[path], random.Random(1))
    assert damaged != sound[path]
    (root / path).write_bytes(damaged)
    hurt = contents(root)
    assert path in named(fmt(root, check=True))
    assert contents(root) == hurt
    assert path in named(fmt(root))
    assert contents(root) == sound
    assert fmt(root, check=True) == []


DAMAGED = st.tuples(
    st.sampled_from(["actors", "events", "claims", "sources", "event_tags", "coverage", "codelist_side"]),
    st.sets(st.sampled_from(sorted(ON_CELLS)), max_size=3),
    st.lists(st.sampled_from(sorted(ON_BYTES)), max_size=3, unique=True),
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(DAMAGED, min_size=1, max_size=4), st.integers(0, 99))
def test_any_heap_of_damages_is_mended_to_the_very_bytes(
    tmp_path_factory: pytest.TempPathFactory,
    accented: dict[str, bytes],
    heap: list[tuple[str, set[str], list[str]]],
    seed: int,
) -> None:
    root = tmp_path_factory.getbasetemp() / "damaged"
    written(root, accented)
    sound, chance = accented, random.Random(seed)
    for table, on_cells, on_bytes in heap:
        path = data_path(table)
        data = sound[path]
        for kind in on_cells:
            data = data if kind in IN_ORDER and table.startswith("codelist") else DAMAGES[kind](data, chance)
        # Byte order mark and line ends come last, or the other damages could not be done.
        for kind in sorted(on_bytes, key=list(ON_BYTES).index):
            data = ON_BYTES[kind](data, chance)
        (root / path).write_bytes(data)
    hurt = contents(root)
    told = named(fmt(root, check=True))
    assert contents(root) == hurt
    assert {path for path in sound if sound[path] != hurt[path]} <= told
    assert named(fmt(root)) == told
    assert contents(root) == sound
    assert fmt(root) == []


def test_missing_quotes_around_quotation_marks_are_set(root: Path) -> None:
    path = root / EVENTS
    sound = path.read_bytes().replace(b"Rockets fired at Example Base,", b'"The ""hit"" at Example Base",', 1)
    path.write_bytes(sound.replace(b'"The ""hit"" at Example Base"', b'The "hit" at Example Base'))
    fmt(root)
    assert path.read_bytes() == sound


# What follows from claims and from other files


def _edit(root: Path, path: str, old: bytes, new: bytes) -> bytes:
    """Change a file, and return what it was."""
    was = (root / path).read_bytes()
    assert old in was
    (root / path).write_bytes(was.replace(old, new, 1))
    return was


@pytest.mark.parametrize("table", ["events", "event_casualties", "event_actors", "milestone_statements"])
def test_stale_claimed_and_computed_values_are_made_anew(root: Path, table: str) -> None:
    path, schema = data_path(table), SCHEMAS[table]
    sound = contents(root)
    header, *rows = _cells(sound[path])
    changed = []
    for field in schema.fields:
        if field.kind in ("claimed", "computed") and field.name not in schema.primary_key:
            values = [row[header.index(field.name)] for row in rows]
            other = next((v for v in reversed(values) if v and v != values[0]), None)
            if other:
                rows[0][header.index(field.name)] = other
                changed.append(field.name)
    assert changed
    (root / path).write_bytes(_bytes([header, *rows]))
    assert f"{path}: values that follow from claims renewed" in fmt(root, check=True)
    fmt(root)
    assert contents(root) == sound


def test_a_row_that_no_claim_supports_goes_and_one_that_is_missing_comes(root: Path) -> None:
    path = "data/event_actors.csv"
    sound = (root / path).read_bytes()
    header, first, *rest = sound.splitlines(keepends=True)
    (root / path).write_bytes(b"".join((header, *rest, first.replace(b"evt-2001-0001", b"evt-2001-0002"))))
    assert named(fmt(root)) >= {path}
    assert (root / path).read_bytes() == sound


def test_texts_labels_and_claims_are_never_made_anew(root: Path) -> None:
    for table in ("events", "claims", "sources"):
        path, schema = data_path(table), SCHEMAS[table]
        header, *rows = _cells((root / path).read_bytes())
        kept = [
            f.name
            for f in schema.fields
            if f.kind in ("coded", "descriptive") and f.type == "string" and not f.reference
        ]
        for name in [name for name in kept if not schema[name].pattern or "r" in (rows[0][header.index(name)])][:3]:
            rows[0][header.index(name)] += "x"
        (root / path).write_bytes(_bytes([header, *rows]))
        edited = (root / path).read_bytes()
        fmt(root)
        assert (root / path).read_bytes() == edited


def test_the_descriptor_follows_the_files_and_keeps_what_people_wrote(root: Path) -> None:
    path = root / "datapackage.json"
    document = json.loads(path.read_bytes())
    document["title"] = "Another title"
    for entry in document["resources"]:
        entry |= {"hash": "sha256:0", "rows": 0, "bytes": 1, "title": "?"}
    path.write_text(json.dumps(document), encoding="utf-8")
    assert fmt(root, check=True) == ["datapackage.json: the generated part is out of date"]
    fmt(root)
    assert json.loads(path.read_bytes())["title"] == "Another title"
    assert [f for f in validate_package(DataPackage(root)) if f.severity == "error"] == []


# What cannot be mended

LEFT = [
    (lambda data: data.replace(b"Rockets", b"Rock\xffets", 1), "is not UTF-8"),
    (lambda data: data.replace(b"Rockets", b'"Rockets', 1), "quotation marks do not pair up"),
    (lambda data: data.replace(b"event_type", b"event_tpye", 1), "the header does not match the schema"),
    (lambda data: data.replace(b"event_type,", b"", 1), "the header does not match the schema"),
    (lambda data: data.replace(b"Rockets fired at", b"Rockets, fired at", 1), "more or fewer cells"),
    (lambda data: data.replace(b"Rockets fired at", b'"Rockets\nfired" at', 1), "quotation marks do not pair up"),
    (lambda data: b"", "the file is empty"),
    (lambda data: b"\n\r\n", "the file is empty"),
]  # fmt: skip


@pytest.mark.parametrize(("damage", "reason"), LEFT, ids=[reason for _, reason in LEFT])
def test_what_could_change_meaning_is_left_and_named_while_the_rest_is_mended(
    root: Path, damage: Callable[[bytes], bytes], reason: str
) -> None:
    sound = (root / ACTORS).read_bytes()
    broken = damage((root / EVENTS).read_bytes())
    (root / EVENTS).write_bytes(broken)
    (root / ACTORS).write_bytes(sound.replace(b"\n", b"\r\n"))
    said = fmt(root)
    assert any(line.startswith(f"{EVENTS}: left as it is; ") and reason in line for line in said), said
    assert (root / EVENTS).read_bytes() == broken
    assert (root / ACTORS).read_bytes() == sound


@pytest.mark.parametrize(
    ("path", "old", "new", "reason"),
    [
        (EVENTS, b"armed_action", b"armed_acton", "'armed_acton' is not a code"),
        (EVENTS, b"evt-2001-0002,", b"evt-2001-0001,", "stands on line 2 already"),
        ("data/claims.csv", b",2001-02-03,exact", b",3 Feb,exact", "'3 Feb'"),
    ],
)
def test_values_are_not_renewed_from_what_is_not_in_order(
    root: Path, path: str, old: bytes, new: bytes, reason: str
) -> None:
    _edit(root, path, old, new)
    hurt = contents(root)
    said = fmt(root)
    assert any(reason in line and "Computed values were not renewed" in line for line in said), said
    assert {p for p, data in contents(root).items() if data != hurt[p]} <= {path, "datapackage.json"}
    assert sorted(_cells(contents(root)[path])) == sorted(_cells(hurt[path]))


def test_a_record_without_claims_is_named_and_stays(root: Path) -> None:
    (row,) = [line for line in (root / EVENTS).read_bytes().splitlines(keepends=True) if b"evt-2001-0003," in line]
    with (root / EVENTS).open("ab") as stream:
        stream.write(row.replace(b"evt-2001-0003", b"evt-2001-0022"))
    said = fmt(root)
    assert f"{EVENTS}: left as it is; no claim supports evt-2001-0022" in said
    assert b"evt-2001-0022" in (root / EVENTS).read_bytes()


def test_a_reference_to_nothing_is_named_and_nothing_is_taken_for_gone(root: Path) -> None:
    _edit(root, EVENTS, b"\nevt-2001-0002,", b"\nevt-2001-0022,")
    hurt = contents(root)
    said = fmt(root)
    assert any("'evt-2001-0002'" in line and "Computed values were not renewed" in line for line in said), said
    changed = {path for path, data in contents(root).items() if data != hurt[path]}
    assert changed <= {EVENTS, "datapackage.json"}
    assert sorted(_cells(contents(root)[EVENTS])) == sorted(_cells(hurt[EVENTS]))


# Single cells


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=30))
def test_a_mended_cell_stays_as_it_is_and_passes_the_reader(cell: str) -> None:
    mended = mend_cell(cell)
    assert mend_cell(mended) == mended
    composed = unicodedata.normalize("NFC", cell)
    visible = [c for c in composed if unicodedata.category(c)[0] in "LNP" and not is_invisible(c)]
    assert [c for c in mended if unicodedata.category(c)[0] in "LNP"] == visible or "\u200c" in cell or _is_split(cell)
    if not any(unicodedata.category(c) in ("Co", "Cs", "Cn") for c in mended):
        schema = SCHEMAS["publishers"]
        line = [
            ",".join(schema.names),
            f'pub-x,"{mended.replace(chr(34), chr(34) * 2)}",wire' + "," * (len(schema.names) - 3),
        ]
        errors = read_table("\n".join([*line, ""]).encode(), schema, "p", {}).errors
        assert not {error.code for error in errors} & {"ICD002", "ICD003"}


def _is_split(cell: str) -> bool:
    """Return whether an invisible character stands between characters that compose without it."""
    return any(unicodedata.category(c) in ("Cf", "Cc", "Zs", "Zl", "Zp") for c in cell)


@pytest.mark.parametrize(
    ("cell", "mended"),
    [
        ("كتائب حزب الله", "كتائب حزب الله"),
        ("پێش\u200cمەرگە", "پێش\u200cمەرگە"),
        ("\u202bكتائب\u202c ", "كتائب"),
        ("e\u0301", "é"),
        ("a\u00a0b\tc", "a b c"),
        ("Group\u3164 C\ufe0f", "Group C"),
        ("Al\u200cAsad", "AlAsad"),
        ("=1+1", "=1+1"),
        ("", ""),
    ],
)
def test_what_can_be_seen_of_a_cell_is_kept(cell: str, mended: str) -> None:
    assert mend_cell(cell) == mended


def test_rows_keep_their_order_where_it_carries_meaning() -> None:
    schema = SCHEMAS["codelist_side"]
    data = DataPackage(Path(__file__).parents[1]).read("data/codelists/side.csv")
    turned = b"".join([data.splitlines(keepends=True)[0], *reversed(data.splitlines(keepends=True)[1:])])
    assert mend(turned, schema, in_order=False) == (turned, "")


# The command


def test_files_that_follow_from_schemas_and_codelists_are_made_anew(root: Path) -> None:
    (root / "src/iraq_coalition_data").mkdir(parents=True)
    pages = set(generated_files(DataPackage(root)))
    assert {"src/iraq_coalition_data/_names.py", "docs/codebook.md"} <= pages
    assert named(fmt(root, check=True)) == pages
    assert not (root / "docs").exists()
    assert named(fmt(root)) == pages
    assert fmt(root, check=True) == []
    _edit(root, "data/codelists/side.csv", b"\n", b"\r\n")
    assert named(fmt(root, check=True)) == {"data/codelists/side.csv"}
    _edit(root, "docs/codebook.md", b"\n", b"\nedited\n")
    assert named(fmt(root)) == {"data/codelists/side.csv", "docs/codebook.md"}
    assert fmt(root) == []


def test_the_command_tells_by_its_exit_code(root: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.chdir(root)
    assert main(["fmt", "--check"]) == 0
    _edit(root, ACTORS, b"\n", b"\r\n")
    assert main(["fmt", "--check"]) == 1
    assert f"{ACTORS}: put into canonical form" in capsys.readouterr().out
    assert main(["fmt"]) == 0
    assert main(["fmt", "--check"]) == 0
    assert "Every file is in canonical form." in capsys.readouterr().out


def test_nothing_is_formatted_while_another_command_writes(root: Path) -> None:
    _edit(root, ACTORS, b"\n", b"\r\n")
    before = contents(root)
    with exclusive(root), pytest.raises(WriteError, match="another command"):
        format_package(DataPackage(root))
    assert contents(root) == before
