"""What changed between two states of the tables, by key and column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from textwrap import shorten

from ..reading import Row, Tables
from ..schemas import Schema

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """One cell that differs."""

    table: str
    key: Key
    column: str
    old: str
    new: str


@dataclass(slots=True)
class Difference:
    """Rows removed, cells changed and rows added, in the order of tables and keys."""

    removed: list[tuple[str, Key, Row]] = field(default_factory=list)
    changed: list[Change] = field(default_factory=list)
    added: list[tuple[str, Key, Row]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.removed or self.changed or self.added)


def difference(before: Tables, after: Tables, schemas: Mapping[str, Schema]) -> Difference:
    """Compare two states row by row.

    Parameters
    ----------
    before, after : dict of str to list of dict
        Rows of text by table.
    schemas : mapping of str to Schema
        The tables to compare.
    """
    found = Difference()
    for name, schema in schemas.items():
        old, new = _by_key(before.get(name, []), schema), _by_key(after.get(name, []), schema)
        found.removed += [(name, key, old[key]) for key in sorted(old.keys() - new.keys())]
        found.added += [(name, key, new[key]) for key in sorted(new.keys() - old.keys())]
        for key in sorted(old.keys() & new.keys()):
            found.changed += [
                Change(name, key, column, old[key][column], new[key][column])
                for column in schema.names
                if old[key][column] != new[key][column]
            ]
    return found


def _by_key(rows: list[Row], schema: Schema) -> dict[Key, Row]:
    return {tuple(row[part] for part in schema.primary_key): row for row in rows}


def render_text(found: Difference, limit: int = 200, width: int = 80) -> str:
    """Return a difference as text: removals first, then changes, then additions.

    Parameters
    ----------
    found : Difference
        What to render.
    limit : int
        How many lines of each kind to show before the count of the rest.
    width : int
        Columns of the terminal.
    """
    if not found:
        return "No row would change."
    removed = [f"- {table} {' '.join(key)}" for table, key, _ in found.removed]
    changed = [f"~ {c.table} {' '.join(c.key)} {c.column}: {c.old!r} -> {c.new!r}" for c in found.changed]
    added = [f"+ {table} {' '.join(key)}{_gist(row)}" for table, key, row in found.added]
    lines: list[str] = []
    for group in (removed, changed, added):
        lines += [shorten(line, width, placeholder=" …") for line in group[:limit]]
        if len(group) > limit:
            lines.append(f"  and {len(group) - limit:,} more")
    lines.append(f"{len(removed)} rows removed, {len(changed)} cells changed, {len(added)} rows added")
    return "\n".join(lines)


def _gist(row: Row) -> str:
    """Return what a person needs to recognise a row."""
    if "record_id" in row:
        return f": {row['record_id']} {row['field']} = {row['value']}"
    for column in ("title", "name", "label"):
        if row.get(column):
            return f": {row[column]}"
    return ""
