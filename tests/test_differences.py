"""What changed between two states: told whole, apart by kind, and the same in any order of rows."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curating import DATA_SCHEMAS, EVENT, planned
from example import example_state
from iraq_coalition_data.curation.differences import Change, Difference, difference, render_text
from iraq_coalition_data.reading import Row, Tables

SCHEMAS = {name: DATA_SCHEMAS[name] for name in ("publishers", "event_tags", "coverage")}
KEYS = st.sampled_from(["a", "b", "c"])
CELLS = st.sampled_from(["", "x", "y", "ü, \"z\"", "x  y"])  # fmt: skip


@st.composite
def states(draw: st.DrawFn) -> Tables:
    tables: Tables = {}
    for name, schema in SCHEMAS.items():
        keys = draw(st.lists(st.tuples(*(KEYS for _ in schema.primary_key)), unique=True, max_size=5))
        rest = [column for column in schema.names if column not in schema.primary_key]
        tables[name] = [
            dict.fromkeys(schema.names, "")
            | dict(zip(schema.primary_key, key, strict=True))
            | {column: draw(CELLS) for column in rest[:3]}
            for key in keys
        ]
    return tables


def applied(found: Difference, tables: Tables) -> Tables:
    """Return the tables after a difference, which must fit them."""
    state = {name: {_key(name, row): dict(row) for row in rows} for name, rows in tables.items()}
    for table, key, row in found.removed:
        assert state[table].pop(key) == row
    for change in found.changed:
        assert state[change.table][change.key][change.column] == change.old
        state[change.table][change.key][change.column] = change.new
    for table, key, row in found.added:
        assert key not in state[table]
        state[table][key] = dict(row)
    return {name: list(rows.values()) for name, rows in state.items()}


def _key(table: str, row: Row) -> tuple[str, ...]:
    return tuple(row[part] for part in SCHEMAS[table].primary_key)


def as_sets(tables: Tables) -> dict[str, set[tuple[tuple[str, str], ...]]]:
    return {name: {tuple(row.items()) for row in rows} for name, rows in tables.items()}


@settings(max_examples=150, deadline=None)
@given(states(), states())
def test_a_difference_applied_to_the_first_state_gives_the_second(before: Tables, after: Tables) -> None:
    assert as_sets(applied(difference(before, after, SCHEMAS), before)) == as_sets(after)


@settings(max_examples=50, deadline=None)
@given(states(), states(), st.randoms(use_true_random=False))
def test_the_order_of_rows_is_no_difference(before: Tables, after: Tables, chance: random.Random) -> None:
    def turned(tables: Tables) -> Tables:
        return {name: chance.sample(rows, len(rows)) for name, rows in tables.items()}

    assert not difference(before, turned(before), SCHEMAS)
    assert difference(turned(before), turned(after), SCHEMAS) == difference(before, after, SCHEMAS)


@settings(max_examples=50, deadline=None)
@given(states(), states())
def test_there_and_back_are_mirror_images(before: Tables, after: Tables) -> None:
    there, back = difference(before, after, SCHEMAS), difference(after, before, SCHEMAS)
    assert (there.added, there.removed) == (back.removed, back.added)
    assert [(c.old, c.new) for c in there.changed] == [(c.new, c.old) for c in back.changed]
    assert bool(there) == (as_sets(before) != as_sets(after))


def test_removals_changes_and_additions_are_told_apart() -> None:
    before = example_state().tables
    after = example_state().tables
    gone = after["publishers"].pop(0)
    after["publishers"][0]["name"] = "Another name"
    new = gone | {"publisher_id": "pub-new", "name": "New"}
    after["publishers"].append(new)
    found = difference(before, after, DATA_SCHEMAS)
    assert found.removed == [("publishers", ("pub-example-force-a",), gone)]
    assert found.changed == [
        Change("publishers", ("pub-example-government-a",), "name", "Government A", "Another name")
    ]
    assert found.added == [("publishers", ("pub-new",), new)]
    assert render_text(found).splitlines() == [
        "- publishers pub-example-force-a",
        "~ publishers pub-example-government-a name: 'Government A' -> 'Another name'",
        "+ publishers pub-new: New",
        "1 rows removed, 1 cells changed, 1 rows added",
    ]  # fmt: skip


def test_a_changed_key_is_a_removal_and_an_addition() -> None:
    before, after = example_state().tables, example_state().tables
    after["publishers"][0]["publisher_id"] = "pub-renamed"
    found = difference(before, after, DATA_SCHEMAS)
    assert ([len(found.removed), len(found.added)], found.changed) == ([1, 1], [])


def test_a_table_that_only_one_state_has_counts_as_empty() -> None:
    tables = example_state().tables
    rows = len(tables["publishers"])
    assert len(difference({}, tables, {"publishers": SCHEMAS["publishers"]}).added) == rows
    assert len(difference(tables, {}, {"publishers": SCHEMAS["publishers"]}).removed) == rows


def test_no_difference_is_said_in_words() -> None:
    tables = example_state().tables
    assert render_text(difference(tables, tables, DATA_SCHEMAS)) == "No row would change."


def test_rows_are_named_so_that_a_person_knows_them() -> None:
    state = example_state()
    text = render_text(difference(state.tables, planned(state, EVENT).tables, DATA_SCHEMAS), width=200)
    assert "+ events evt-2001-9002: Rockets fired\n" in text
    assert "+ sources src-2001-0019: Statement\n" in text
    assert ": evt-2001-9002 casualties/us_military/injured = 2\n" in text


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ("a" * 90 + " ends", "a" * 90 + " starts", ("ends'", "starts'")),
        ("one  space", "one space", ("'one  space'", "'one space'")),
        ("", "x" * 300, ("''", "'xxx")),
        ("x\u00a0y", "x y", ("\\xa0", "'x y'")),
    ],
)
def test_a_line_fits_the_terminal_and_shows_where_the_values_part(old: str, new: str, shown: tuple[str, str]) -> None:
    found = Difference(changed=[Change("events", ("evt-2001-0001",), "summary", old, new)])
    line = render_text(found, width=80).splitlines()[0]
    assert len(line) <= 80
    left, right = line.split(" -> ")
    assert shown[0] in left
    assert shown[1] in right


def test_a_long_list_is_cut_and_counted_for_each_kind() -> None:
    rows = [("events", (f"evt-2001-{number:04d}",), {}) for number in range(1500)]
    lines = render_text(Difference(removed=rows, added=rows[:3]), limit=2).splitlines()
    assert lines == [
        "- events evt-2001-0000",
        "- events evt-2001-0001",
        "  and 1,498 more",
        "+ events evt-2001-0000",
        "+ events evt-2001-0001",
        "  and 1 more",
        "1500 rows removed, 0 cells changed, 3 rows added",
    ]  # fmt: skip
