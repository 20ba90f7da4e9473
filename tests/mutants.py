"""Everything that schemas and rules forbid, done to the shipped data one defect at a time.

Mutants are drawn from the schemas and from the failing examples of the rules, not written down: a new column,
constraint or rule brings its own.
"""

from __future__ import annotations

import csv
import io
import random
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import partial

from example import SCHEMAS, apply_to_state, example_files, example_state, is_named
from iraq_coalition_data.cells import FORMULA_STARTS, untidy
from iraq_coalition_data.curation.files import table_bytes
from iraq_coalition_data.package import CODELIST_PREFIX, DESCRIPTOR, data_path, shipped
from iraq_coalition_data.reading import Row, Tables, read_rows
from iraq_coalition_data.schemas import Field, Schema
from iraq_coalition_data.validation import families  # noqa: F401  registers the rules
from iraq_coalition_data.validation.finding import ERROR, MEASURE
from iraq_coalition_data.validation.identity import HASHED
from iraq_coalition_data.validation.rule import RULES, SECOND_ENGINE, Edit, Rule
from iraq_coalition_data.validation.state import State

REAL, EXAMPLE, GRAFTED = "real", "example", "grafted"
Place = tuple[str, int | None, str | None]


@dataclass(frozen=True)
class Mutant:
    """One defect.

    Attributes
    ----------
    family, what : str
        What is forbidden, and in which way it was done.
    path, build : str and callable
        The file, and what gives its bytes.
    codes : collection of str
        The rules that are meant for the defect.
    places : collection of (file, line, column)
        Where a finding may point. Without a line, anywhere in the file, as long as `names` are not missed.
    names : collection of str
        Identifiers of the rows that were changed; a finding points to one of them or to a row that mentions one.
    package : str
        The package that is broken.
    """

    family: str
    what: str
    path: str
    build: Callable[[], bytes] = field(repr=False, compare=False)
    codes: Collection[str] = field(repr=False)
    places: Collection[Place] = field(repr=False)
    names: Collection[str] = field(default=(), repr=False, kw_only=True)
    package: str = field(default=REAL, kw_only=True)

    def __str__(self) -> str:
        return f"{self.family}: {self.what} in {self.path}"


class Sheet:
    """One table of a package as lines and cells."""

    def __init__(self, package: str, name: str, rows: Sequence[Row]) -> None:
        self.package = package
        self.name = name
        self.path = data_path(name)
        self.schema: Schema = SCHEMAS[name]
        self.rows = rows
        self.lines = [line_of(self.schema.names), *(line_of([row[n] for n in self.schema.names]) for row in rows)]

    def bytes(self, lines: Iterable[str] | None = None) -> bytes:
        return "".join(line + "\n" for line in (self.lines if lines is None else lines)).encode("utf-8")

    def with_line(self, number: int, *texts: str) -> bytes:
        """Return the file with other lines in place of one."""
        return self.bytes([*self.lines[: number - 1], *texts, *self.lines[number:]])

    def with_cell(self, number: int, column: str, value: str) -> bytes:
        return self.with_line(number, self.line_with(number, column, value))

    def line_with(self, number: int, column: str, value: str) -> str:
        row = dict(self.rows[number - 2]) | {column: value}
        return line_of([row[name] for name in self.schema.names])

    def sorted_with(self, number: int, column: str, value: str) -> tuple[Callable[[], bytes], int]:
        """Return the file with another cell and its rows in order again, and the line where the row then stands."""
        changed = dict(self.rows[number - 2]) | {column: value}
        rows = [*self.rows[: number - 2], changed, *self.rows[number - 1 :]]
        # Of two rows with one key the later is reported, so the changed one comes last.
        rows.sort(key=lambda row: (_key(self.schema, row), row is changed))
        return partial(table_bytes, self.schema, rows), next(i for i, r in enumerate(rows, 2) if r is changed)

    def draw(
        self, chance: random.Random, depth: int, column: str = "", among: Callable[[Row], bool] = bool
    ) -> list[int]:
        """Return the numbers of some lines of data, of those with a filled cell where there are any."""
        numbers = [n for n, row in enumerate(self.rows, 2) if among(row)]
        numbers = [n for n in numbers if not column or self.rows[n - 2][column]] or numbers
        return chance.sample(numbers, min(depth, len(numbers)))

    def mutant(
        self,
        family: str,
        what: str,
        build: Callable[[], bytes],
        codes: Collection[str],
        line: int | None,
        column: str | None = None,
    ) -> Mutant:
        return Mutant(family, what, self.path, build, codes, [(self.path, line, column)], package=self.package)


def line_of(cells: Iterable[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="").writerow(cells)
    return buffer.getvalue()


# Cells


WRONG_FORMS = {
    "integer": ("1.0", "007", "1_000", "1e3", "0x1F", "+1", "--1", "one", "\u0663", "NaN", "9" * 19, "1,000", "true"),
    "number": ("33,5", ".5", "5.", "1e3", "nan", "inf", "+1.5", "01.5", "\u0663", "33\u00b030'", "9" * 400),
    "boolean": ("True", "TRUE", "1", "0", "yes", "no", "t", "falsch"),
    "date": ("2024-02-30", "2023-02-29", "2024-13-01", "2024-1-2", "02/03/2024", "20240203", "2024-02", "0000-01-01",
             "2024-02-03T00:00:00Z", "today", "2024-W05-3", "\u0662\u0660\u0662\u0664-01-01"),
    "year": ("24", "02024", "2024.0", "+2024", "-2024", "2024-", "\u0662\u0660\u0662\u0664", "MMXXIV"),
    "datetime": ("2024-02-03", "2024-02-03T25:00:00Z", "2024-02-03T10:00:00", "2024-02-03 10:00:00Z",
                 "2024-02-03T10:00:00+03:00", "2024-02-03T10:00Z", "2024-02-30T10:00:00Z", "2024-02-03T10:00:60Z"),
}  # fmt: skip
FORMULAS = (*FORMULA_STARTS, "=cmd|' /C calc'!A0 ", "\t=")
_EDITS = "abzAZ019-_/|.: é"


def cell_mutants(sheet: Sheet, chance: random.Random, depth: int) -> Iterator[Mutant]:
    """Yield a mutant for every constraint of every column."""
    for column in sheet.schema.fields:
        for family, value, codes in forbidden_values(sheet, column, chance, depth):
            number = chance.choice(sheet.draw(chance, 1))
            build = partial(sheet.with_cell, number, column.name, value)
            what = f"{column.name} = {value[:40]!a}"
            yield sheet.mutant(family, what, build, codes, number, column.name)
        if column.unique and len(sheet.rows) > 1:
            for number in sheet.draw(chance, depth):
                for other in [n for n in sheet.draw(chance, 2, column.name) if n != number][:1]:
                    value = sheet.rows[other - 2][column.name]
                    build = partial(sheet.with_cell, number, column.name, value)
                    what = f"{column.name} of line {other} again"
                    yield sheet.mutant("unique", what, build, ("ICD104",), max(number, other), column.name)


def forbidden_values(
    sheet: Sheet, column: Field, chance: random.Random, depth: int
) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    values = [row[column.name] for row in sheet.rows if row[column.name]] or ["x"]
    if column.required:
        yield "required", "", ("ICD201",)
    for value in WRONG_FORMS.get(column.type, ()):
        yield "type", value, ("ICD201",)
    for value in column.bad_examples:
        yield "bad example", value, ("ICD007", "ICD201", "ICD202", "ICD203")
    if column.pattern is not None:
        for value in chance.choices(values, k=2 * depth):
            yield "pattern", unmatched(column.pattern, value, chance), ("ICD202",)
    for family, bound, sign in (("minimum", column.minimum, -1), ("maximum", column.maximum, 1)):
        if bound is not None:
            for value in beyond(column.type, bound, sign):
                yield family, value, ("ICD201", "ICD202")
    if column.enum is not None:
        yield "enum", "|".join(column.enum) + "x", ("ICD202",)
    if column.codelist is not None:
        codes = CODES[column.codelist]
        foreign = {code for other in CODES.values() for code in other if len(code) > 1} - codes
        for value in chance.choices(sorted(codes), k=depth):
            near = {value[:-1], value + "s", value.upper(), value[1:], value.replace("_", "-")} - codes - {""}
            yield "codelist", chance.choice(sorted(near)), ("ICD203", "ICD301")
        yield "codelist", chance.choice(sorted(foreign)), ("ICD203", "ICD301")
    if column.type == "string":
        start = chance.choice(FORMULAS)
        yield "formula", start + chance.choice(values), ("ICD002",) if start[0] == "\t" else ("ICD007",)


def beyond(kind: str, bound: object, sign: int) -> Iterator[str]:
    """Yield the nearest value on the wrong side of a bound, and one far from it."""
    for step in (1, 300):
        if kind in ("date", "datetime"):
            day = date.fromisoformat(str(bound)[:10]) + sign * timedelta(days=step)
            yield day.isoformat() + str(bound)[10:]
        else:
            nearest = step if kind in ("integer", "year") else step / 4
            yield f"{bound + sign * nearest}"  # type: ignore[operator]


def unmatched(pattern: re.Pattern[str], value: str, chance: random.Random) -> str:
    """Return the value with as few changes as make it break the pattern, and no other rule of cells."""
    made = value
    while not made or pattern.fullmatch(made) or untidy(made):
        at = chance.randrange(len(value) + 1)
        made = chance.choice(
            (
                value[:at] + chance.choice(_EDITS) + value[at:],
                value[:at] + chance.choice(_EDITS) + value[at + 1 :],
                value[:at] + value[at + 1 :],
                value.swapcase(),
                f"{value} {value}",
                ("word " * 1_000).strip(),
            )
        )
    return made


# Bytes, lines and headers

_IN_CELLS: Mapping[str, tuple[str, str]] = {
    # name: (what is put into the cell, code)
    "a doubled space": ("  ", "ICD003"),
    "a no-break space": ("\u00a0", "ICD003"),
    "an ideographic space": ("\u3000", "ICD003"),
    "a tab": ("\t", "ICD002"),
    "a line separator": ("\u2028", "ICD002"),
    "a next-line character": ("\u0085", "ICD002"),
    "a zero-width space": ("\u200b", "ICD002"),
    "a zero-width joiner": ("\u200d", "ICD002"),
    "a byte order mark": ("\ufeff", "ICD002"),
    "a soft hyphen": ("\u00ad", "ICD002"),
    "a bidirectional override": ("\u202e", "ICD002"),
    "a bidirectional isolate": ("\u2066", "ICD002"),
    "a private character": ("\ue000", "ICD002"),
    "a noncharacter": ("\uffff", "ICD002"),
    "a filler letter": ("\u3164", "ICD002"),
    "a variation selector": ("\ufe0f", "ICD002"),
    "a grapheme joiner": ("\u034f", "ICD002"),
    # After a letter of Arabic script it would be in its place.
    "a stray non-joiner": ("x\u200c", "ICD002"),
    "a braille blank": ("\u2800", "ICD002"),
    "an escape": ("\x1b[31m", "ICD002"),
    "a decomposed letter": ("e\u0301", "ICD002"),
    "a compatibility letter": ("\u212b", "ICD002"),
}


def byte_mutants(sheet: Sheet, chance: random.Random) -> Iterator[Mutant]:
    """Yield a mutant for every rule on bytes, lines, headers and their order."""
    make = partial(sheet.mutant, "bytes")
    whole = sheet.bytes()
    text = whole.decode("utf-8")
    yield make("a byte order mark", lambda: b"\xef\xbb\xbf" + whole, ("ICD001",), 1)
    yield make("UTF-16", lambda: text.encode("utf-16"), ("ICD001",), 1)
    yield make("carriage returns", lambda: whole.replace(b"\n", b"\r\n"), ("ICD001",), 1)
    yield make("old line ends", lambda: whole.replace(b"\n", b"\r"), ("ICD001",), 1)
    yield make("no final newline", lambda: whole[:-1], ("ICD001",), len(sheet.lines))
    yield make("a blank line at the end", lambda: whole + b"\n", ("ICD004",), len(sheet.lines) + 1)
    yield make("nothing at all", lambda: b"", ("ICD102",), 1)
    yield from _header_mutants(sheet, chance)
    if not sheet.rows:
        return
    yield from _line_mutants(sheet, chance)
    for name, (put, code) in _IN_CELLS.items():
        number, column = _text_cell(sheet, chance)
        value = sheet.rows[number - 2][column]
        at = len(value) // 2
        # A space at either end would be one of its own.
        value = value[:at].rstrip() + put + value[at:].lstrip()
        yield make(name, partial(sheet.with_cell, number, column, value), (code,), number, column)
    for name, form in (
        ("a leading space", " {}"),
        ("a trailing space", "{} "),
        ("a trailing no-break space", "{}\xa0"),
    ):
        number, column = _text_cell(sheet, chance)
        value = form.format(sheet.rows[number - 2][column])
        yield make(name, partial(sheet.with_cell, number, column, value), ("ICD003",), number, column)


def _text_cell(sheet: Sheet, chance: random.Random) -> tuple[int, str]:
    """Return a filled cell of two characters and more."""
    number = chance.choice(sheet.draw(chance, 1))
    return number, chance.choice([name for name, value in sheet.rows[number - 2].items() if len(value) > 1])


def _header_mutants(sheet: Sheet, chance: random.Random) -> Iterator[Mutant]:
    names = list(sheet.schema.names)
    make = partial(sheet.mutant, "header", codes=("ICD102",), line=1)
    at = chance.randrange(len(names))
    for what, changed in (
        ("a misspelt column", [*names[:at], names[at] + "s", *names[at + 1 :]]),
        ("a column in capitals", [*names[:at], names[at].upper(), *names[at + 1 :]]),
        ("a column with a space", [*names[:at], names[at] + " ", *names[at + 1 :]]),
        ("a column too many", [*names, "extra"]),
        ("a column twice", [*names, names[at]]),
        ("a column too few", [*names[:at], *names[at + 1 :]]),
        ("columns in another order", names[::-1]),
    ):
        yield make(what, partial(sheet.with_line, 1, line_of(changed)))
    yield make("no header", partial(sheet.with_line, 1))
    yield make("semicolons", lambda: sheet.bytes().replace(b",", b";"))
    quoted = sheet.lines[0].replace(names[at], f'"{names[at]}"', 1)
    yield replace(make("a quoted column", partial(sheet.with_line, 1, quoted)), codes=("ICD004",))


def _line_mutants(sheet: Sheet, chance: random.Random) -> Iterator[Mutant]:
    number, column = _text_cell(sheet, chance)
    line = sheet.lines[number - 1]
    cells = [sheet.rows[number - 2][name] for name in sheet.schema.names]
    value = sheet.rows[number - 2][column]
    whole = sheet.bytes()
    at = sum(len(text.encode("utf-8")) + 1 for text in sheet.lines[: number - 1])
    make = partial(sheet.mutant, "bytes", line=number)

    def at_cell(new: str) -> Callable[[], bytes]:
        shown = [new if name == column else line_of([c]) for name, c in zip(sheet.schema.names, cells, strict=True)]
        return partial(sheet.with_line, number, ",".join(shown))

    yield make("a byte that is not UTF-8", lambda: whole[:at] + b"\xff" + whole[at:], ("ICD001",))
    yield make("a letter in Latin-1", lambda: whole[:at] + b"caf\xe9" + whole[at:], ("ICD001",))
    yield make("a surrogate", lambda: whole[:at] + b"\xed\xa0\x80" + whole[at:], ("ICD001",))
    yield make("a NUL", lambda: whole[:at] + b"\0" + whole[at:], ("ICD002",))
    yield make("a carriage return within", partial(sheet.with_line, number, f"{line[0]}\r{line[1:]}"), ("ICD001",))
    yield make("a carriage return", partial(sheet.with_line, number, line + "\r"), ("ICD001",))
    yield make("a blank line", partial(sheet.with_line, number, "", line), ("ICD004",))
    yield make("a line of 200,000 bytes", partial(sheet.with_line, number, line + "x" * 200_000), ("ICD001",))
    yield make("a cell too many", partial(sheet.with_line, number, line + ","), ("ICD004",))
    if len(cells) > 1:
        yield make("a cell too few", partial(sheet.with_line, number, line_of(cells[:-1])), ("ICD004",))
    if line_of([value]) == value:
        yield make("a needless quotation", at_cell(f'"{value}"'), ("ICD004",))
    yield make("an open quotation", at_cell(f'"{value}'.replace('""', '"')), ("ICD004",))
    yield make("a bare quotation mark", at_cell(f'{value.replace(",", "")}"'), ("ICD004",))
    yield make("text after a quotation", at_cell(f'"{value}"x'), ("ICD004",))
    if len(cells) > 1:
        yield make("a line that is cut off", lambda: whole[: at + len(cells[0].encode())] + b"\n", ("ICD004",))


# Keys, references and what follows from claims


def key_mutants(sheet: Sheet, chance: random.Random, depth: int) -> Iterator[Mutant]:
    """Yield rows whose key stands twice, and rows out of order."""
    first = sheet.schema.primary_key[0]
    make = partial(sheet.mutant, "primary key", codes=("ICD104",), column=first)
    for number in sheet.draw(chance, depth):
        line = sheet.lines[number - 1]
        yield make(f"line {number} twice", partial(sheet.with_line, number, line, line), line=number + 1)
        again = partial(sheet.bytes, [*sheet.lines, line])
        yield make(f"line {number} again at the end", again, line=len(sheet.lines) + 1)
    # Of one line more than are wanted, one may be the first row.
    later = [number for number in sheet.draw(chance, depth + 1) if number > 2][:depth]
    for number in later:
        key = {part: sheet.rows[number - 3][part] for part in sheet.schema.primary_key}
        other = line_of([(dict(sheet.rows[number - 2]) | key)[name] for name in sheet.schema.names])
        yield make(f"the key of line {number - 1} again", partial(sheet.with_line, number, other), line=number)
    # Codelists keep an order of their own.
    if sheet.name.startswith(CODELIST_PREFIX):
        return
    make = partial(sheet.mutant, "order", codes=("ICD005",), column=first)
    for number in later:
        here, before = sheet.lines[number - 1], sheet.lines[number - 2]
        lines = [*sheet.lines[: number - 2], here, before, *sheet.lines[number:]]
        yield make(f"lines {number - 1} and {number} swapped", partial(sheet.bytes, lines), line=number)
    if later:
        moved = [sheet.lines[0], *sheet.lines[2:], sheet.lines[1]]
        yield make("the first row at the end", partial(sheet.bytes, moved), line=len(sheet.lines))


def reference_mutants(
    sheet: Sheet, tables: Tables, chance: random.Random, depth: int, users: Mapping[tuple[str, str], list[Place]]
) -> Iterator[Mutant]:
    """Yield references to rows that are not there, and rows that are gone while others refer to them."""
    for column in sheet.schema.fields:
        if column.reference is None or column.codelist:
            continue
        target, key = column.reference
        known = {row[key] for row in tables[target]}
        others = [row[SCHEMAS[t].primary_key[0]] for t in ("events", "actors", "sources") if t != target
                  for row in tables[t]]  # fmt: skip
        for number in sheet.draw(chance, depth, column.name):
            value = sheet.rows[number - 2][column.name] or chance.choice(sorted(known))
            near = {value + "9", value[:-1], value.upper(), value.replace("-", "_"), value[:-1] + "x"} - known
            for wrong in (chance.choice(sorted(near)), chance.choice(others)):
                build, line = sheet.sorted_with(number, column.name, wrong)
                what = f"{column.name} = {wrong!r}"
                yield sheet.mutant("foreign key", what, build, ("ICD301",), line, column.name)
        if target == sheet.name and column.name != "principal_id":
            for number in sheet.draw(chance, depth):
                value = sheet.rows[number - 2][key]
                build = partial(sheet.with_cell, number, column.name, value)
                what = f"{column.name} leads to its own row"
                yield sheet.mutant("circle", what, build, ("ICD304",), number, column.name)
    key = sheet.schema.primary_key[0]
    wanted = [n for n, row in enumerate(sheet.rows, 2) if (sheet.name, row[key]) in users]
    for number in chance.sample(wanted, min(depth, len(wanted))) if len(sheet.schema.primary_key) == 1 else ():
        value = sheet.rows[number - 2][key]
        places = [
            (path, line - (path == sheet.path and line > number), column)
            for path, line, column in users[sheet.name, value]
        ]
        codes = ("ICD203", "ICD301")
        build = partial(sheet.with_line, number)
        yield Mutant("removed row", f"{value} is gone", sheet.path, build, codes, places, package=sheet.package)


def users_of(sheets: Iterable[Sheet]) -> dict[tuple[str, str], list[Place]]:
    """Return where every row is referred to, by its table and key."""
    users: dict[tuple[str, str], list[Place]] = {}
    for sheet in sheets:
        for column in sheet.schema.fields:
            for number, row in enumerate(sheet.rows, 2):
                own = column.reference and column.reference[0] == sheet.name and row[column.reference[1]]
                if column.reference and row[column.name] and row[column.name] != own:
                    place = (sheet.path, number, column.name)
                    users.setdefault((column.reference[0], row[column.name]), []).append(place)
    return users


def said_in(claims: Iterable[Row]) -> set[tuple[str, str]]:
    """Return what claims speak of, by record."""
    return {(claim["record_id"], part) for claim in claims for part in claim["field"].split("/")}


def evidence_mutants(
    sheet: Sheet, tables: Tables, chance: random.Random, depth: int, said: Collection[tuple[str, str]]
) -> Iterator[Mutant]:
    """Yield other lawful values than those that follow from the claims, and claims that say something else."""
    for column in sheet.schema.fields:
        if sheet.name == "claims" and column.name in HASHED:
            for number in sheet.draw(chance, depth):
                value = _another(column, sheet.rows[number - 2][column.name], sheet, tables, chance)
                build = partial(sheet.with_cell, number, column.name, value)
                what = f"{column.name} = {value!r}"
                yield sheet.mutant("claim hash", what, build, ("ICD702",), number, "claim_id")
        elif column.kind in ("claimed", "computed"):
            for number in sheet.draw(chance, depth, among=lambda row: _rests_on_claims(sheet.schema, row, said)):
                value = _another(column, sheet.rows[number - 2][column.name], sheet, tables, chance)
                build, line = sheet.sorted_with(number, column.name, value)
                places = [(sheet.path, line, c) for c in (*sheet.schema.names, None)]
                if column.name in sheet.schema.primary_key:
                    # The row that claims give is missing then, and has no line.
                    places.append((sheet.path, None, None))
                yield Mutant(
                    column.kind,
                    f"{column.name} = {value!r}",
                    sheet.path,
                    build,
                    ERROR_CODES,
                    places,
                    names=names_in([sheet.rows[number - 2]]),
                    package=sheet.package,
                )


def _rests_on_claims(schema: Schema, row: Row, said: Collection[tuple[str, str]]) -> bool:
    """Return False for what a curator adds to a record without a claim, such as a tag of context."""
    record, *parts = (row[part] for part in schema.primary_key)
    return all((record, part) in said for part in parts)


def _another(column: Field, value: str, sheet: Sheet, tables: Tables, chance: random.Random) -> str:
    """Return another value that the column may hold."""
    if column.reference is not None:
        table, key = column.reference
        choices = {row[key] for row in tables[table]}
    elif column.type == "boolean":
        choices = {"true", "false"}
    elif column.type == "integer":
        choices = {str(int(value or 0) + 1)} if column.maximum is None else {"1", "2", "3"}
    elif column.type == "date":
        choices = {"2003-03-20", "2019-05-04"}
    else:
        choices = {row[column.name] for row in sheet.rows} | {"17:03" if column.name == "time_local" else "Other words"}
    return chance.choice(sorted(choices - {value, ""}))


# Rules


# Rules on shares and gaps of the whole: one row breaks them in the example, but not among all that is shipped.
OF_THE_WHOLE = {"ICD611", "ICD807"}


def unbreakable(rule: Rule) -> str | None:
    """Return the reason for which no mutant can break a rule, or None."""
    if rule.severity == MEASURE:
        return "a measure forbids nothing"
    if rule.reported_by == SECOND_ENGINE:
        return "frictionless reports it, which the differential suite holds against ours"
    if not rule.fails:
        return "no change of the data breaks it, only one of the code"
    return None


def rule_mutants(grafted: Tables, renamed: Callable[[str], str], chance: random.Random, depth: int) -> Iterator[Mutant]:
    """Yield every failing example of every rule, done to the shipped data wherever that can be."""
    for rule in RULES.values():
        for edit in () if unbreakable(rule) else rule.fails:
            if not edit.path and rule.code in OF_THE_WHOLE:
                yield _row_mutant(rule.code, edit, example_state().tables, EXAMPLE)
            elif not edit.path:
                yield _row_mutant(rule.code, _renamed(edit, renamed), grafted, GRAFTED)
            elif edit.path == DESCRIPTOR or edit.path.startswith("schemas/"):
                drawn = list(_document_mutants(rule.code, edit))
                yield from chance.sample(drawn, min(depth, len(drawn)))
            else:
                yield _file_mutant(rule.code, edit)


def _renamed(edit: Edit, renamed: Callable[[str], str]) -> Edit:
    row = tuple((column, renamed(value)) for column, value in edit.row)
    return replace(edit, key=renamed(edit.key), value=renamed(edit.value), row=row)


def _row_mutant(code: str, edit: Edit, tables: Tables, package: str) -> Mutant:
    """Return a change of a row; what it breaks may show at that line, or at a row that depends on it."""
    table, path = edit.table, data_path(edit.table)
    key = partial(_key, SCHEMAS[table])
    before = [] if edit.row else [next(row for row in tables[table] if is_named(table, row, edit.key))]
    state = State({}, SCHEMAS, {table: [dict(row) for row in before]})
    apply_to_state(state, edit)
    changed = state.tables[table]
    rest = [row for row in tables[table] if row not in before]
    lines = [2 + sum(key(row) < key(other) for row in rest) for other in changed]
    places: list[Place] = [(path, line, column) for line in lines for column in (*SCHEMAS[table].names, None)]
    places += [(data_path(name), None, None) for name in SCHEMAS]
    build = partial(table_bytes, SCHEMAS[table], rest + changed)
    names = names_in(before + changed)
    return Mutant("rule", f"{code} {edit}", path, build, (code,), places, names=names, package=package)


def _key(schema: Schema, row: Row) -> list[str]:
    return [row[part] for part in schema.primary_key]


def names_in(rows: Iterable[Row]) -> set[str]:
    """Return the identifiers and codes that stand in rows, in claim paths too."""
    return {part for row in rows for cell in row.values() if " " not in cell for part in cell.split("/") if part}


def _document_mutants(code: str, edit: Edit) -> Iterator[Mutant]:
    """Yield a change of the descriptor or of the schema of events for every table where it can be done."""
    done = set()
    for name, resource in shipped().resources.items():
        path = edit.path if edit.path == DESCRIPTOR or not edit.old else resource.schema_path
        old, new = (_about(name, text) for text in (edit.old, edit.new))
        text = shipped().read(path).decode("utf-8") if old else ""
        if old in text and (path, old, new) not in done:
            done.add((path, old, new))
            made = replace(edit, path=path, old=old, new=new)
            build = partial(_replaced, text, old, new)
            yield Mutant("rule", f"{code} {made}", path, build, (code,), [(path, None, None)])


def _about(table: str, text: str) -> str:
    """Return a text about the events as one about another table."""
    return re.sub(r"data/events\.csv|events", lambda found: data_path(table) if "/" in found[0] else table, text)


def _replaced(text: str, old: str, new: str) -> bytes:
    return (text.replace(old, new, 1) if old else new).encode("utf-8")


def _file_mutant(code: str, edit: Edit) -> Mutant:
    """Return a change of a file that the example package has, or that none has."""
    text = example_files().get(edit.path, b"").decode("utf-8")
    build = partial(_replaced, text, edit.old, edit.new)
    places = [(edit.path, None, None), (DESCRIPTOR, None, None)]
    return Mutant("rule", f"{code} {edit}", edit.path, build, (code,), places, package=EXAMPLE)


CODES = {
    name.removeprefix(CODELIST_PREFIX): {row["code"] for row in read_rows(shipped(), [name])[name]}
    for name in SCHEMAS
    if name.startswith(CODELIST_PREFIX)
}
ERROR_CODES = frozenset(code for code, rule in RULES.items() if rule.severity == ERROR) - {"ICD801"}
