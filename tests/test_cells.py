"""The strict reader: every lexical defect is found at its line, and nothing sound is refused."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iraq_coalition_data.cells import MAX_LINE_BYTES, Reader, _split_quoted, _write_row, read_table, write_table
from iraq_coalition_data.schemas import compile_schema

DOCUMENT = {
    "$schema": "https://datapackage.org/profiles/2.0/tableschema.json",
    "fields": [
        {"name": "id", "type": "string", "constraints": {"required": True, "pattern": "r-[0-9]+"}},
        {"name": "kind", "type": "string"},
        {"name": "n", "type": "integer", "constraints": {"minimum": 0}},
        {"name": "day", "type": "date"},
        {"name": "yes", "type": "boolean"},
        {"name": "text", "type": "string"},
    ],
    "missingValues": [""],
    "primaryKey": ["id"],
    "foreignKeys": [{"fields": "kind", "reference": {"resource": "codelist_kind", "fields": "code"}}],
}
SCHEMA = compile_schema("rows", DOCUMENT)
CODES = {"kind": frozenset({"good", "better"})}
HEADER = "id,kind,n,day,yes,text\n"
SOUND = HEADER + 'r-1,good,1,2024-02-29,true,"a, ""b"""\nr-2,,,,,\n'


def read(text: str | bytes):
    data = text.encode("utf-8") if isinstance(text, str) else text
    return read_table(data, SCHEMA, "data/rows.csv", CODES)


def test_a_sound_file_has_no_errors_and_keeps_every_cell() -> None:
    table = read(SOUND)
    assert table.errors == []
    assert table.rows[0] == ("r-1", "good", "1", "2024-02-29", "true", 'a, "b"')
    assert table.lines == [2, 3]


def bad(cell: str, value: str) -> str:
    cells = {"id": "r-1", "kind": "good", "n": "1", "day": "2024-01-01", "yes": "true", "text": "x"} | {cell: value}
    return HEADER + ",".join(cells.values()) + "\n"


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        (b"\xef\xbb\xbf" + SOUND.encode(), "ICD001", 1, None),
        (SOUND.replace("\n", "\r\n"), "ICD001", 1, None),
        (SOUND[:-1], "ICD001", 3, None),
        (SOUND.encode("utf-16"), "ICD001", 1, None),
        (HEADER.encode() + b"r-1,good,1,2024-01-01,true,\xff\n", "ICD001", 2, None),
        (SOUND.replace("\n", "\r"), "ICD001", 1, None),
        (bad("text", "a\rb"), "ICD001", 2, None),
        (SOUND.replace("kind", '"kind"'), "ICD004", 1, None),
        (bad("text", "a\0b"), "ICD002", 2, None),
        (bad("text", "a\u202eb"), "ICD002", 2, "text"),
        (bad("text", "e\u0301"), "ICD002", 2, "text"),
        (bad("text", "a\u200bb"), "ICD002", 2, "text"),
        (bad("text", "a\u3164b"), "ICD002", 2, "text"),
        (bad("text", "a\ufe0fb"), "ICD002", 2, "text"),
        (bad("text", "a\ue000b"), "ICD002", 2, "text"),
        (bad("text", "a\uffffb"), "ICD002", 2, "text"),
        (bad("text", "a\u200cb"), "ICD002", 2, "text"),
        (bad("text", "\u200c"), "ICD002", 2, "text"),
        (bad("text", "a  b"), "ICD003", 2, "text"),
        (bad("text", " a"), "ICD003", 2, "text"),
        (bad("text", "a\u00a0"), "ICD003", 2, "text"),
        (bad("text", '"x"'), "ICD004", 2, None),
        (bad("text", '"x'), "ICD004", 2, None),
        (bad("text", 'x"y'), "ICD004", 2, None),
        (SOUND + "\n", "ICD004", 4, None),
        (SOUND + "r-3,good\n", "ICD004", 4, None),
        (HEADER + "r-2,,,,,\nr-1,,,,,\n", "ICD005", 3, "id"),
        (bad("text", "=SUM(A1)"), "ICD007", 2, "text"),
        (bad("text", "@x"), "ICD007", 2, "text"),
        (bad("text", "\uff1dSUM(A1)"), "ICD007", 2, "text"),
        (SOUND.replace("kind", "knd"), "ICD102", 1, None),
        (SOUND.replace("n,day", "day,n"), "ICD102", 1, None),
        ("", "ICD102", 1, None),
        (HEADER + "r-1,,,,,\nr-1,,,,,\n", "ICD104", 3, "id"),
        (bad("id", ""), "ICD201", 2, "id"),
        (bad("n", "1.0"), "ICD201", 2, "n"),
        (bad("n", "007"), "ICD201", 2, "n"),
        (bad("n", "1_000"), "ICD201", 2, "n"),
        (bad("n", "\u0663"), "ICD201", 2, "n"),
        (bad("n", "-1"), "ICD202", 2, "n"),
        (bad("day", "2023-02-29"), "ICD201", 2, "day"),
        (bad("day", "2024-1-2"), "ICD201", 2, "day"),
        (bad("yes", "True"), "ICD201", 2, "yes"),
        (bad("id", "x-1"), "ICD202", 2, "id"),
        (bad("kind", "god"), "ICD203", 2, "kind"),
    ],
)
def test_each_defect_is_one_error_at_its_place(text, code: str, line: int, column: str | None) -> None:
    errors = read(text).errors
    assert [(e.code, e.line, e.column) for e in errors][:1] == [(code, line, column)]
    if not isinstance(text, bytes) or b"\0" not in text:
        assert len(errors) == 1


def test_a_quotation_mark_that_never_closes_does_not_swallow_the_rest() -> None:
    table = read(HEADER + 'r-1,,,,,"oops\nr-2,,,,,\nr-3,,,,,\n')
    assert [row[0] for row in table.rows] == ["r-2", "r-3"]
    assert [error.line for error in table.errors] == [2]


def test_a_missing_column_is_one_error_and_not_one_for_each_cell() -> None:
    lines = [line.rsplit(",", 1)[0] for line in SOUND.replace('"a, ""b"""', "a").splitlines()]
    assert len(read("\n".join(lines) + "\n").errors) == 1


def test_a_defect_in_a_key_is_one_error_and_the_row_after_it_is_not_out_of_order() -> None:
    errors = read(HEADER + "r-1,,,,,\nr-\u200b2,,,,,\nzz,,,,,\nr-3,,,,,\n").errors
    assert [(error.code, error.line) for error in errors] == [("ICD002", 3), ("ICD202", 4)]


def test_a_non_joiner_after_an_arabic_letter_is_spelling() -> None:
    assert read(bad("text", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645")).errors == []


def test_a_huge_line_is_an_error_and_the_others_are_read() -> None:
    table = read(HEADER + "r-1,,,,," + "x" * MAX_LINE_BYTES + "\nr-2,,,,,\n")
    assert [row[0] for row in table.rows] == ["r-2"]
    assert [(error.code, error.line) for error in table.errors] == [("ICD001", 2)]


def test_lines_are_numbered_across_blocks() -> None:
    rows = "".join(f"r-{n},,,,,{'x' * 200}\n" for n in range(10_000, 20_000))
    errors = read(HEADER + rows + "r-9,,x,,,\n").errors
    assert {(error.code, error.line) for error in errors} == {("ICD201", 10_002)}


def test_thousands_of_defects_of_one_kind_do_not_fill_memory() -> None:
    reader = Reader(SCHEMA, "data/rows.csv", CODES)
    text = HEADER + "".join(f"r-{n},,x,,,\n" for n in range(100_000, 105_000))
    for _ in reader.blocks(io.BytesIO(text.encode())):
        pass
    assert len(reader.errors) == 1_000


text = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Cs", "Co", "Zl", "Zp", "Cn")), max_size=12)


@given(st.lists(text, max_size=6))
def test_what_is_written_is_read_back(cells: list[str]) -> None:
    rows = [(f"r-{n}", "good", str(n), "2024-01-01", "false", cell) for n, cell in enumerate(cells)]
    table = read(write_table(SCHEMA, rows))
    assert table.rows == rows
    assert {error.code for error in table.errors} <= {"ICD002", "ICD003", "ICD007"}  # of content, never of form


@given(st.binary(max_size=200))
def test_any_bytes_give_errors_and_never_an_exception(data: bytes) -> None:
    assert read(data).errors


@given(st.text(alphabet='a",', max_size=12).filter(lambda line: '"' in line))
def test_the_quick_way_to_split_a_line_agrees_with_the_csv_module(line: str) -> None:
    cells = _split_quoted(line)
    if cells is not None:
        assert cells == next(csv.reader([line], strict=True))
        assert _write_row(cells) == line


def test_the_quick_way_takes_lines_with_quoted_commas() -> None:
    assert _split_quoted('"a, b",c') == ["a, b", "c"]
    assert _split_quoted(',"a, b","c, d",,e') == ["", "a, b", "c, d", "", "e"]
    assert _split_quoted('x,"a, b"') == ["x", "a, b"]
    assert _split_quoted('"a ""b"", c",d') is None
