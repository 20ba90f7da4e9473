"""The strict reader: CSV bytes to cells with their line, and every lexical error.

Standard library only. A cell never holds a line break, so the number of a record is the number of
its line, and a line without a quotation mark is canonical as it stands. Values are judged once per
distinct value; memory stays flat but for key sets.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, BinaryIO

from .schemas import Field, Schema

# No longer than the csv module's own limit on a cell, so that no cell of a line that was let in is over it.
MAX_LINE_BYTES = 131_072
MAX_ERRORS_PER_KIND = 1_000
_BLOCK_BYTES = 1 << 20
_MAX_REMEMBERED = 50_000
# Spreadsheets of some languages take the wide forms for the narrow ones.
FORMULA_STARTS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
# Letters, marks and symbols of which nothing is seen: fillers, joiners, variation selectors, the empty braille cell.
_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0") | frozenset(
    map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
)
# The zero-width non-joiner is part of Kurdish and Persian spelling, after a letter of that script.
STRAY_JOINER = re.compile("(?<![\u0620-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufefc])\u200c")


@dataclass(frozen=True, slots=True)
class CellError:
    """One lexical defect at one place of a file."""

    code: str
    path: str
    line: int
    column: str | None
    value: str | None
    message: str
    expected: str | None = None
    fixable: bool = False


@dataclass(slots=True)
class Table:
    """The rows of one file as text, with the line of each."""

    schema: Schema
    path: str
    rows: list[tuple[str, ...]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    errors: list[CellError] = field(default_factory=list)

    @property
    def usable(self) -> bool:
        """False where header or encoding defects left no rows to speak of."""
        return not any(error.code in ("ICD001", "ICD102") and error.line <= 1 for error in self.errors)


def read_table(
    data: bytes | BinaryIO, schema: Schema, path: str, codes: Mapping[str, frozenset[str]], *, in_order: bool = True
) -> Table:
    """Read and check one table.

    Parameters
    ----------
    data : bytes or binary file
        Content of the file.
    schema : Schema
        What the table must look like.
    path : str
        Path to name in errors.
    codes : mapping of str to frozenset of str
        Codes of the codelists that the schema refers to; a codelist that is absent is not checked.
    in_order : bool
        Whether rows must be sorted by primary key. Codelists keep an order of their own.

    Returns
    -------
    Table
        All well-formed rows and all errors, in the order of their lines.
    """
    reader = Reader(schema, path, codes, in_order=in_order)
    table = Table(schema, path)
    for first, rows in reader.blocks(io.BytesIO(data) if isinstance(data, bytes) else data):
        table.rows.extend(rows)
        table.lines.extend(first)
    table.errors = sorted(reader.errors, key=lambda error: (error.line, error.column or ""))
    return table


class Reader:
    """Checks a stream block by block; see `read_table`."""

    def __init__(
        self, schema: Schema, path: str, codes: Mapping[str, frozenset[str]], *, in_order: bool = True
    ) -> None:
        self.schema = schema
        self.path = path
        self.errors: list[CellError] = []
        self._kinds: dict[tuple[str, str | None], int] = {}
        self._in_order = in_order
        self._good: list[set[str]] = [set() for _ in schema.fields]
        self._codes = [codes.get(f.codelist) if f.codelist else None for f in schema.fields]
        self._key = [schema.names.index(name) for name in schema.primary_key]
        # A key of one column is kept as text, one of several as a tuple.
        self._seen_keys: dict[Any, int] = {}
        self._last_key: Any = None
        self._order_reported = False
        self._unique: dict[int, dict[str, int]] = {
            i: {} for i, f in enumerate(schema.fields) if f.unique and schema.primary_key != (f.name,)
        }

    def blocks(self, stream: BinaryIO) -> Iterator[tuple[Sequence[int], list[tuple[str, ...]]]]:
        """Yield the well-formed rows of each block with their line numbers."""
        line = 1
        header = True
        last = b""
        for raw in iter(lambda: stream.readlines(_BLOCK_BYTES), []):
            last = raw[-1]
            lines = self._decode(raw, line)
            numbers: Sequence[int] = range(line, line + len(raw))
            line += len(raw)
            if header:
                header = False
                if not self._check_header(lines[0]):
                    return
                lines, numbers = lines[1:], numbers[1:]
            rows, numbers = self._split(lines, numbers)
            if rows:
                refused = self._check_columns(rows, numbers)
                self._check_keys(rows, numbers, refused)
                yield numbers, rows
        if header:
            self._add("ICD102", 1, None, None, "The file is empty.", "a header line: " + ",".join(self.schema.names))
        elif not last.endswith(b"\n"):
            self._add("ICD001", line - 1, None, None, "The last line has no line end.", "a final newline", fixable=True)

    def _add(
        self,
        code: str,
        line: int,
        column: str | None,
        value: str | None,
        message: str,
        expected: str | None = None,
        *,
        fixable: bool = False,
    ) -> None:
        seen = self._kinds[code, column] = self._kinds.get((code, column), 0) + 1
        if seen <= MAX_ERRORS_PER_KIND:
            value = value if value is None or len(value) <= 200 else value[:200] + "…"
            self.errors.append(CellError(code, self.path, line, column, value, message, expected, fixable))

    def _decode(self, raw: list[bytes], first: int) -> list[str | None]:
        """Return one text per line, None where the line cannot be used."""
        if first == 1 and raw[0].startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            self._add("ICD001", 1, None, None, "The file is UTF-16.", "UTF-8 text")
            return [None]
        if first == 1 and raw[0].startswith(b"\xef\xbb\xbf"):
            self._add(
                "ICD001", 1, None, None, "The file begins with a byte order mark.", "UTF-8 without one", fixable=True
            )
            raw[0] = raw[0][3:]
        try:
            if max(map(len, raw)) > MAX_LINE_BYTES:
                raise ValueError
            text = b"".join(raw).decode("utf-8")
            if "\r" in text or "\0" in text:
                raise ValueError
            return text.removesuffix("\n").split("\n")  # type: ignore[return-value]
        except ValueError:
            return [self._decode_line(entry, first + offset) for offset, entry in enumerate(raw)]

    def _decode_line(self, entry: bytes, line: int) -> str | None:
        if len(entry) > MAX_LINE_BYTES:
            self._add("ICD001", line, None, None, f"The line has {len(entry):,} bytes.", f"at most {MAX_LINE_BYTES:,}")
            return None
        try:
            text = entry.decode("utf-8").removesuffix("\n")
        except UnicodeDecodeError as error:
            context = entry[max(0, error.start - 10) : error.start + 10]
            self._add(
                "ICD001",
                line,
                None,
                repr(context)[2:-1],
                f"Byte {error.start + 1} of the line is not UTF-8.",
                "UTF-8 text",
            )
            return None
        if "\0" in text:
            self._add("ICD002", line, None, None, "The line holds a NUL character.", "printable text")
            return None
        if "\r" in text.rstrip("\r"):
            message = "The line holds a carriage return."
            self._add("ICD001", line, None, None, message, "LF line ends", fixable=line == 1)
            return None
        if "\r" in text:
            if not self._kinds.get(("ICD001", None)):
                self._add(
                    "ICD001", line, None, None, "The line ends with a carriage return.", "LF line ends", fixable=True
                )
            text = text.rstrip("\r")
        return text

    def _check_header(self, text: str | None) -> bool:
        if text is None:
            return False
        try:
            names = next(csv.reader([text], strict=True), [])
        except csv.Error:
            names = text.split(",")
        expected = list(self.schema.names)
        if names == expected:
            if text != _write_row(expected):
                self._add(
                    "ICD004",
                    1,
                    None,
                    None,
                    "The header is quoted.",
                    "column names without quotation marks",
                    fixable=True,
                )
            return True
        missing = [name for name in expected if name not in names]
        extra = [name for name in names if name not in expected]
        if missing or extra:
            parts = [f"missing: {', '.join(missing)}"] if missing else []
            if extra:
                shown = ", ".join(repr(name[:40]) for name in extra[:5])
                parts.append(
                    f"not in the schema: {shown}" + (f" and {len(extra) - 5:,} more" if len(extra) > 5 else "")
                )
            message = "The header does not match the schema; " + "; ".join(parts) + "."
        elif len(names) != len(expected):
            message = "A column stands twice in the header."
        else:
            message = "The columns are not in the order of the schema."
        self._add("ICD102", 1, None, extra[0] if extra else None, message, ",".join(expected))
        return False

    def _split(self, lines: list[str | None], numbers: Sequence[int]) -> tuple[list[tuple[str, ...]], Sequence[int]]:
        width = len(self.schema.fields)
        rows: list[tuple[str, ...]] = []
        kept: list[int] = []
        for number, text in zip(numbers, lines, strict=True):
            if text is None:
                continue
            row = text.split(",") if '"' not in text else _split_quoted(text) or self._parse_quoted(text, number)
            if row is None:
                continue
            if len(row) != width:
                if text == "":
                    self._add("ICD004", number, None, None, "The line is blank.", "a record", fixable=True)
                else:
                    self._add(
                        "ICD004",
                        number,
                        None,
                        None,
                        f"The line has {len(row)} cells.",
                        f"{width} cells, as in the header",
                    )
                continue
            rows.append(tuple(row))
            kept.append(number)
        return rows, kept

    def _parse_quoted(self, text: str, number: int) -> list[str] | None:
        try:
            row = next(csv.reader([text], strict=True))
        except csv.Error:
            self._add(
                "ICD004",
                number,
                None,
                text[:80],
                "The quotation marks of the line do not pair up.",
                'cells such as "a ""b"" c"',
            )
            return None
        if _write_row(row) != text:
            self._add(
                "ICD004",
                number,
                None,
                None,
                "The line is quoted in another way than the canonical one.",
                "quotes only where a cell holds a comma or a quotation mark",
                fixable=True,
            )
        return row

    def _check_columns(self, rows: list[tuple[str, ...]], numbers: Sequence[int]) -> set[int]:
        """Judge every cell, and return the lines whose key cannot be trusted."""
        refused: set[int] = set()
        for index, column in enumerate(zip(*rows, strict=True)):
            good = self._good[index]
            new = set(column).difference(good) if good else set(column)
            if not new:
                continue
            if len(good) > _MAX_REMEMBERED:
                good.clear()
            field, codes = self.schema.fields[index], self._codes[index]
            bad = {}
            if not _all_sound(field, new, codes):
                bad = {value: error for value in new if (error := self._judge(field, value, codes)) is not None}
            if 2 * len(new) < len(column):
                # Values that hardly repeat, such as texts, are not worth remembering.
                good |= new.difference(bad)
            if bad:
                for number, value in zip(numbers, column, strict=True):
                    if value in bad:
                        code, message, expected, fixable = bad[value]
                        self._add(code, number, field.name, value, message, expected, fixable=fixable)
                        if index in self._key:
                            refused.add(number)
        return refused

    @staticmethod
    def _judge(column: Field, value: str, codes: frozenset[str] | None) -> tuple[str, str, str, bool] | None:
        hygiene = untidy(value, is_text=column.type == "string")
        if hygiene is not None:
            return hygiene
        verdict = column.judge(value)
        if verdict is not None:
            code, expected = verdict
            message = "The cell is empty." if value == "" else f"{value[:200]!r} does not fit the column."
            return code, message, expected, False
        if codes is not None and value != "" and value not in codes:
            return (
                "ICD203",
                f"{value[:200]!r} is not a code of the codelist {column.codelist}.",
                f"a code of data/codelists/{column.codelist}.csv",
                False,
            )
        return None

    def _check_keys(self, rows: list[tuple[str, ...]], numbers: Sequence[int], refused: set[int]) -> None:
        if refused:
            # A key that has a defect of its own is neither out of order nor a double.
            rows = [row for row, number in zip(rows, numbers, strict=True) if number not in refused]
            numbers = [number for number in numbers if number not in refused]
        keys: list[Any]
        if len(self._key) == 1:
            keys = [row[self._key[0]] for row in rows]
        else:
            keys = [tuple([row[i] for i in self._key]) for row in rows]
        if self._are_new_and_in_order(keys):
            self._seen_keys.update(zip(keys, numbers, strict=True))
            self._last_key = keys[-1] if keys else self._last_key
        else:
            for key, number in zip(keys, numbers, strict=True):
                self._check_key(key, number)
        for index, seen in self._unique.items():
            for row, key, number in zip(rows, keys, numbers, strict=True):
                first = seen.setdefault(row[index], number)
                # A whole row that stands twice has been reported by its key.
                if row[index] and first not in (number, self._seen_keys[key]):
                    self._add(
                        "ICD104",
                        number,
                        self.schema.fields[index].name,
                        row[index],
                        f"The value stands on line {first} already.",
                        "a value that no other row has",
                    )

    def _are_new_and_in_order(self, keys: list[Any]) -> bool:
        if len(set(keys)) < len(keys) or not self._seen_keys.keys().isdisjoint(keys):
            return False
        if not self._in_order:
            return True
        return keys == sorted(keys) and (self._last_key is None or not keys or self._last_key < keys[0])

    def _check_key(self, key: Any, number: int) -> None:
        shown = key if isinstance(key, str) else ", ".join(key)
        column = self.schema.primary_key[0]
        first = self._seen_keys.setdefault(key, number)
        if first != number:
            message = f"The key {shown!r} stands on line {first} already."
            self._add("ICD104", number, column, shown, message, "a key of its own")
        elif self._in_order:
            if self._last_key is not None and key < self._last_key and not self._order_reported:
                self._order_reported = True
                message = "The row is out of order."
                self._add("ICD005", number, column, shown, message, "rows sorted by primary key", fixable=True)
            self._last_key = key


def untidy(value: str, *, is_text: bool = True) -> tuple[str, str, str, bool] | None:
    """Return what no cell may hold, whatever its column: code, message, what was expected, whether it can be mended.

    Parameters
    ----------
    value : str
        The cell.
    is_text : bool
        Whether the column is one of text, in which a spreadsheet would run a formula.

    Examples
    --------
    >>> untidy("=SUM(A1:A9)")[0]
    'ICD007'
    >>> untidy("-5", is_text=False)
    """
    if value.isascii() and value.isprintable():
        if "  " in value or value != value.strip():
            return "ICD003", "The cell has a leading, trailing or doubled space.", "single spaces between words", True
    else:
        for character in value:
            if is_invisible(character) or _is_private(character):
                what = "private" if _is_private(character) else "invisible"
                return (
                    "ICD002",
                    f"The cell holds the {what} character U+{ord(character):04X}.",
                    "printable text",
                    what == "invisible",
                )
        if STRAY_JOINER.search(value):
            return "ICD002", "The cell holds a zero-width non-joiner out of place.", "printable text", True
        if not unicodedata.is_normalized("NFC", value):
            return "ICD002", "The cell is not in Unicode normal form C.", "composed characters", True
        if "  " in value or value != value.strip() or any(unicodedata.category(c) == "Zs" and c != " " for c in value):
            return (
                "ICD003",
                "The cell has a leading, trailing, doubled or no-break space.",
                "single spaces between words",
                True,
            )
    if is_text and value.startswith(FORMULA_STARTS):
        return (
            "ICD007",
            "A spreadsheet would run this cell as a formula.",
            "text that does not begin with = + - @",
            False,
        )
    return None


@lru_cache(maxsize=4_096)
def is_invisible(character: str) -> bool:
    """Return whether nothing of a character is seen, wherever it stands, so that it may be taken out without loss."""
    return character in _UNSEEN or (
        unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp") and character != "\u200c"
    )


@lru_cache(maxsize=4_096)
def _is_private(character: str) -> bool:
    """Return whether a character means nothing, or something else to everyone."""
    code = ord(character)
    return unicodedata.category(character) == "Co" or code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF


def _all_sound(field: Field, values: set[str], codes: frozenset[str] | None) -> bool:
    """Return True only if no value has a defect: one look at all of them costs a third of one at each."""
    text = "".join(values)
    first, last = {value[:1] for value in values}, {value[-1:] for value in values}
    if not (text.isascii() and text.isprintable()) or "  " in text or " " in first or " " in last:
        return False
    if field.type == "string" and not first.isdisjoint(FORMULA_STARTS):
        return False
    if codes is not None and values.difference(codes, ("",)):
        return False
    return field.accepts_all(values)


def _split_quoted(text: str) -> list[str] | None:
    """Return the cells of a line with canonical quotes and none within a cell, or None: the csv module takes longer."""
    row: list[str] = []
    outside = True
    *parts, last = text.split('"')
    for part in parts:
        if not outside:
            if "," not in part:
                return None
            row.append(part)
        elif part:
            # Before and after a quoted cell stands a comma, or the line begins there.
            if part[-1] != "," or (row and part[0] != ","):
                return None
            if part != ",":
                row += part[1 if row else 0 : -1].split(",")
            elif not row:
                row.append("")
        elif row:
            return None
        outside = not outside
    if not outside or (last and last[0] != ","):
        return None
    return row + last[1:].split(",") if last else row


def _write_row(row: Sequence[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="").writerow(row)
    return buffer.getvalue()


def write_table(schema: Schema, rows: Sequence[Sequence[str]]) -> bytes:
    """Return the canonical bytes of a table; the caller has sorted the rows."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(schema.names)
    writer.writerows(rows)
    return buffer.getvalue().encode("utf-8")
