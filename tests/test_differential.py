"""Three engines on the same cells: they agree on what is refused, or the disagreement has a name."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

pytest.importorskip("frictionless")

from engines import Column, refused_by_frictionless, refused_by_pandera, refused_by_strict_reader
from example import SCHEMAS, example_state
from iraq_coalition_data.cells import FORMULA_STARTS
from iraq_coalition_data.package import CODELIST_PREFIX, shipped
from iraq_coalition_data.reading import read_rows
from iraq_coalition_data.schemas import Field
from mutants import CODES, REAL, Sheet, forbidden_values

SEED = 20_140_808
FRICTIONLESS, PANDERA = "frictionless", "pandera"
ENGINES: dict[str, Callable[[Column, list[str], Path], set[int]]] = {
    FRICTIONLESS: refused_by_frictionless,
    PANDERA: lambda column, cells, folder: refused_by_pandera(column, cells),
}


@dataclass(frozen=True)
class Disagreement:
    """Cells that only the strict reader refuses.

    Attributes
    ----------
    name, why : str
        What the cells have in common, and why another engine takes them.
    accepted_by : mapping of str to (str, str)
        For each engine that takes them, a type of column and such a cell.
    covers : callable
        Whether a cell of a column is one of them.
    """

    name: str
    why: str
    accepted_by: Mapping[str, tuple[str, str]]
    covers: Callable[[Field, str], bool]


def of(kinds: str, form: str) -> Callable[[Field, str], bool]:
    """Return a test for cells of a form in columns of some types."""
    whole = re.compile(form)
    return lambda field, cell: field.type in kinds.split() and whole.fullmatch(cell) is not None


def both(kind: str, cell: str) -> dict[str, tuple[str, str]]:
    return {FRICTIONLESS: (kind, cell), PANDERA: (kind, cell)}


# A digit of any script, an underscore, or what Python strips.
_LOOSE = r"[\d_.\s]"
DISAGREEMENTS = [
    Disagreement(
        "formulas",
        "a spreadsheet would run the text; to a reader of CSV it is text",
        both("string", "=1+1"),
        of("string", f"[{re.escape(''.join(FORMULA_STARTS))}\t].*"),
    ),
    Disagreement(
        "spaces",
        "stray spaces belong to the text",
        both("string", "a  b "),
        of("string", r"\s.*|.*\s|.*\s\s.*|.*\xa0.*"),
    ),
    Disagreement(
        "numbers in other spellings",
        "Python and pandas forget signs, leading zeros and bare points",
        both("integer", "+07"),
        of("integer number", r"[+-]?[0-9]*\.?[0-9]*"),
    ),
    Disagreement(
        "numbers with underscores, spaces and digits of other scripts",
        "int() and float() of Python take all of these",
        both("number", "1_0\u0663"),
        of("integer number", rf"{_LOOSE}*[+-]?{_LOOSE}+"),
    ),
    Disagreement(
        "numbers of many digits",
        "it knows no largest number; 64 bits hold 18 digits",
        {FRICTIONLESS: ("integer", "9" * 19)},
        of("integer number", r"-?[0-9]{19,}(\.[0-9]*)?|-?[0-9]+\.[0-9]{18,}"),
    ),
    Disagreement(
        "whole numbers with a point or an exponent",
        "pandas reads 1e3 and 1.0 as whole numbers",
        {PANDERA: ("integer", "1e3")},
        of("integer", r"[0-9]+(\.0|e[0-9])"),
    ),
    Disagreement("nan", "pandas takes it for a missing value", {PANDERA: ("number", "nan")}, of("number", "nan")),
    Disagreement(
        "truth in other words",
        "0, 1, True and TRUE are read as well",
        both("boolean", "TRUE"),
        of("boolean", r"True|TRUE|0|1"),
    ),
    Disagreement(
        "days of one digit and of other scripts",
        "strptime of Python takes 2024-1-2, and every decimal digit of Unicode",
        both("date", "2024-1-2"),
        of("date", r"\d{4}-\s?\d{1,2}-\s?\d{1,2}"),
    ),
    Disagreement(
        "today and the year 0",
        "pandas has both",
        {PANDERA: ("date", "today")},
        of("date", r"today|0000-[0-9]{2}-[0-9]{2}"),
    ),
    Disagreement(
        "instants in other forms",
        "it takes any zone or none, and anything between day and time",
        {FRICTIONLESS: ("datetime", "2024-02-03 10:00:00+03:00")},
        of("datetime", r"\d{4}-\d{2}-\d{2}.+\d{2}:\d{2}.*"),
    ),
    Disagreement(
        "leap seconds",
        "pandas takes a second 60",
        {PANDERA: ("datetime", "2024-02-03T10:00:60Z")},
        of("datetime", r"\S+:6[01]Z"),
    ),
]

TABLES = read_rows(shipped(), SCHEMAS)
COLUMNS = [
    Column.shipped(name, field.name, CODES)
    for name in SCHEMAS
    for field in SCHEMAS[name].fields
    if not name.startswith(CODELIST_PREFIX)
]


def unexplained(column: Column, cells: list[str], engine: str, strict: set[int], other: set[int]) -> list[str]:
    """Return the cells on which an engine is of another mind for a reason that is not in the table."""
    odd = [f"{column.place}: only {engine} refuses {cells[i]!r}" for i in sorted(other - strict)]
    for i in sorted(strict - other):
        if not any(engine in d.accepted_by and d.covers(column.field, cells[i]) for d in DISAGREEMENTS):
            odd.append(f"{column.place}: {engine} accepts {cells[i]!r}")
    return odd


def sheet_of(column: Column) -> Sheet:
    """Return the rows of the column's table, those of the example where it is empty."""
    table = column.place.partition(".")[0]
    return Sheet(REAL, table, TABLES[table] or example_state().tables[table])


def judge_mutants(columns: list[Column], depth: int, folder: Path) -> tuple[int, list[str]]:
    chance = random.Random(SEED)
    n_cells, odd = 0, []
    for column in columns:
        sheet = sheet_of(column)
        sound = [row[column.field.name] for row in sheet.rows]
        sound = chance.sample(sound, min(10 * depth, len(sound)))
        mutants = [value for _, value, _ in forbidden_values(sheet, sheet.schema[column.field.name], chance, depth)]
        cells = sound + mutants
        strict = refused_by_strict_reader(column, cells)
        assert strict == set(range(len(sound), len(cells))), column.place
        for engine, refused_by in ENGINES.items():
            odd += unexplained(column, cells, engine, strict, refused_by(column, cells, folder))
        n_cells += len(mutants)
    return n_cells, odd


def judge_random_cells(columns: list[Column], count: int, folder: Path) -> tuple[int, list[str]]:
    """Hold the strict reader against frictionless on cells that are almost, or not at all, what a column wants."""
    chance = random.Random(SEED)
    n_refused, odd = 0, []
    for column in columns:
        values = [row[column.field.name] for row in sheet_of(column).rows if row[column.field.name]]
        cells = [damaged(chance.choice(values or ["x"]), chance) for _ in range(-(-count // len(columns)))]
        strict = refused_by_strict_reader(column, cells)
        n_refused += len(strict)
        odd += unexplained(column, cells, FRICTIONLESS, strict, refused_by_frictionless(column, cells, folder))
    return n_refused, odd


def damaged(value: str, chance: random.Random) -> str:
    """Return the value with none to three letters put in, taken out, replaced or doubled."""
    for _ in range(chance.randrange(4)):
        at = chance.randrange(len(value) + 1)
        letter = chance.choice("0123456789-+_ .eTZ:/aZ|é\u0663\u00a0")
        end = chance.choice((value[at:], value[at + 1 :]))
        value = value[:at] + chance.choice((letter, "", value[at : at + 1])) + end
    return value


def distinct(columns: list[Column]) -> list[Column]:
    """Return one column of every type and set of constraints."""
    kinds = {}
    for column in columns:
        kinds.setdefault((str(column.document["fields"][1].get("constraints")), column.field.type), column)
    return list(kinds.values())


def test_the_engines_agree_on_one_column_of_every_kind(tmp_path: Path) -> None:
    n_cells, odd = judge_mutants(distinct(COLUMNS), 1, tmp_path)
    assert odd == []
    assert n_cells > 200
    n_refused, odd = judge_random_cells(distinct(COLUMNS), 4_000, tmp_path)
    assert odd == []
    assert n_refused > 1_000


@pytest.mark.parametrize("disagreement", DISAGREEMENTS, ids=lambda disagreement: disagreement.name)
def test_a_named_disagreement_is_still_one(disagreement: Disagreement, tmp_path: Path) -> None:
    for engine, (kind, cell) in disagreement.accepted_by.items():
        column = Column(kind, {"name": "cell", "type": kind})
        assert disagreement.covers(column.field, cell)
        assert refused_by_strict_reader(column, [cell]) == {0}
        # What an engine has learnt to refuse is struck from the table.
        assert ENGINES[engine](column, [cell], tmp_path) == set()


@pytest.mark.thorough
def test_three_engines_agree_on_the_mutants_of_every_column(tmp_path: Path) -> None:
    n_cells, odd = judge_mutants(COLUMNS, 5, tmp_path)
    print(f"{n_cells:,} mutants of {len(COLUMNS)} columns, judged by three engines")
    assert odd == []


@pytest.mark.thorough
def test_strict_reader_and_frictionless_agree_on_100_000_cells(tmp_path: Path) -> None:
    n_refused, odd = judge_random_cells(COLUMNS, 100_000, tmp_path)
    print(f"100,000 random cells, {n_refused:,} of them refused by the strict reader")
    assert odd == []


@pytest.mark.parametrize("column", [c for c in COLUMNS if c.field.unique], ids=lambda column: column.place)
def test_a_value_that_stands_twice_in_a_unique_column_is_refused_by_all(column: Column, tmp_path: Path) -> None:
    first, second = sorted({row[column.field.name] for row in sheet_of(column).rows})[-2:]
    cells = [first, second, first]
    assert refused_by_strict_reader(column, cells) == {2}
    assert refused_by_frictionless(column, cells, tmp_path) == {2}
    # Pandera names both, since neither is the first in a frame that anyone may sort.
    assert refused_by_pandera(column, cells) == {0, 2}
