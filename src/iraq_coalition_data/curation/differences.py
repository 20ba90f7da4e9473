"""What changed between two states of the tables, by key and column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..reading import Row, Tables
from ..schemas import Schema

Key = tuple[str, ...]
# Of a long text at least so much is shown, and so much of it before the first difference.
_LEAST_SHOWN, _BEFORE = 16, 6


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
        Columns of the terminal; only where keys are long are lines longer.
    """
    if not found:
        return "No row would change."
    removed = [_cut(f"- {table} {' '.join(key)}", width) for table, key, _ in found.removed]
    changed = [_changed_line(change, width) for change in found.changed]
    added = [_cut(f"+ {table} {' '.join(key)}{_gist(row)}", width) for table, key, row in found.added]
    lines: list[str] = []
    for group in (removed, changed, added):
        lines += group[:limit]
        if len(group) > limit:
            lines.append(f"  and {len(group) - limit:,} more")
    lines.append(f"{len(removed)} rows removed, {len(changed)} cells changed, {len(added)} rows added")
    return "\n".join(lines)


def _changed_line(change: Change, width: int) -> str:
    """Return a line that shows where two values part, however long they are."""
    head = f"~ {change.table} {' '.join(change.key)} {change.column}: "
    room = max((width - len(head) - len(" -> ")) // 2, _LEAST_SHOWN)
    old, new = repr(change.old), repr(change.new)
    parting = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    start = max(parting - _BEFORE, 0) if max(len(old), len(new)) > room else 0
    lead = "…" if start else ""
    return f"{head}{_cut(lead + old[start:], room)} -> {_cut(lead + new[start:], room)}"


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _gist(row: Row) -> str:
    """Return what a person needs to recognise a row."""
    if "record_id" in row:
        return f": {row['record_id']} {row['field']} = {row['value']}"
    for column in ("title", "name", "label"):
        if row.get(column):
            return f": {row[column]}"
    return ""
