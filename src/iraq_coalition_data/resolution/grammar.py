"""Which fields of which records claims can state, compiled from the schemas."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from ..package import shipped
from ..schemas import Field, Schema, shipped_schema

# Tables whose bare existence can be asserted or denied.
_WITH_EXISTENCE = ("events", "actor_relations", "agreements", "milestone_statements", "location_status")
_TEXT_FAMILY = ("agreements", "milestone_statements", "force_levels", "reported_tallies")
# Of the tags only how and against what are claimed; context is a label.
CLAIMED_TAG_SCHEMES = ("mode", "target")


@dataclass(frozen=True, slots=True)
class Slot:
    """A claimable field of a record.

    ``kind`` is exists, interval, start, end, count, code, id or text; ``family`` names the column
    of the codelist *basis* that ranks its claims.
    """

    table: str
    path: str
    kind: str
    family: str
    columns: tuple[str, ...] = ()
    field: Field | None = None
    default: str = ""


@dataclass(frozen=True, slots=True)
class Branch:
    """A child table whose rows follow from claims on its parent.

    ``parts`` are the columns that stand in the path; ``value_column`` takes the claimed value, if
    the rows carry one; ``kind`` is attribution, flag or count.
    """

    table: str
    parent: str
    prefix: str
    parts: tuple[str, ...]
    key_column: str
    value_column: str | None
    kind: str
    family: str


# What a code is where no claim states it, or where rival claims are equally placed.
DEFAULTS = {"outcome": "unknown", "form": "unspecified", "qualifier": "unspecified"}


class PathError(ValueError):
    """A claim path is not legal for its table."""


@dataclass(frozen=True)
class Grammar:
    """All slots and branches."""

    slots: Mapping[str, Mapping[str, Slot]]
    branches: Mapping[str, Mapping[str, Branch]]
    keys: Mapping[str, str]

    def locate(self, table: str, path: str) -> tuple[Slot | Branch, tuple[str, ...]]:
        """Return what `path` means in `table`, with the codes and IDs embedded in it.

        Raises
        ------
        PathError
            If the table has no such path.
        """
        slot = self.slots[table].get(path)
        if slot is not None:
            return slot, ()
        prefix, _, rest = path.partition("/")
        branch = self.branches.get(table, {}).get(prefix)
        parts = tuple(rest.split("/")) if rest else ()
        if branch is None or len(parts) != len(branch.parts) or not all(parts):
            raise PathError(f"{path!r} is not a path of {table}")
        return branch, parts

    def paths(self, table: str) -> list[str]:
        """Return every path of `table`, with placeholders for the embedded parts."""
        found = list(self.slots[table])
        for branch in self.branches.get(table, {}).values():
            found.append("/".join((branch.prefix, *(f"<{part}>" for part in branch.parts))))
        return found


def compile_grammar(schemas: Mapping[str, Schema]) -> Grammar:
    """Compile the grammar from the claimable columns of `schemas`."""
    children: dict[str, dict[str, Branch]] = {}
    slots: dict[str, dict[str, Slot]] = {}
    keys: dict[str, str] = {}
    for schema in schemas.values():
        claimable = [field for field in schema.fields if field.claimable]
        if not claimable:
            continue
        if "/" in claimable[0].claim_path:
            branch = _branch(schema, claimable[0].claim_path)
            children.setdefault(branch.parent, {})[branch.prefix] = branch
        else:
            keys[schema.name] = schema.primary_key[0]
            slots[schema.name] = _slots(schema, claimable)
    return Grammar(slots=slots, branches=children, keys=keys)


def _branch(schema: Schema, path: str) -> Branch:
    prefix = path.split("/")[0]
    parts = tuple(re.findall(r"<(\w+)>", path))
    free = [name for name in schema.primary_key if name not in parts]
    parent = schema[free[0]].reference
    assert parent is not None
    is_count = any(field.name == "best" for field in schema.fields)
    kind = "count" if is_count else "attribution" if len(free) > 1 else "flag"
    family = "rank_harm" if prefix == "casualties" else _family(parent[0])
    return Branch(schema.name, parent[0], prefix, parts, free[0], free[1] if len(free) > 1 else None, kind, family)


def _family(table: str) -> str:
    return "rank_text" if table in _TEXT_FAMILY else "rank_general"


def _slots(schema: Schema, claimable: list[Field]) -> dict[str, Slot]:
    family = _family(schema.name)
    found: dict[str, Slot] = {}
    if schema.name in _WITH_EXISTENCE:
        found["exists"] = Slot(schema.name, "exists", "exists", family)
    groups: dict[str, list[Field]] = {}
    for field in claimable:
        groups.setdefault(field.claim_path, []).append(field)
    for path, fields in groups.items():
        first = fields[0]
        if len(fields) == 3:
            kind = "count"
        elif len(fields) == 2:
            kind = "interval"
        elif first.type == "date":
            kind = first.name
        elif first.codelist:
            kind = "code"
        else:
            kind = "id" if first.reference else "text"
        columns = tuple(field.name for field in fields)
        found[path] = Slot(schema.name, path, kind, family, columns, first, DEFAULTS.get(path, ""))
    return found


@cache
def grammar() -> Grammar:
    """Return the grammar of the shipped schemas."""
    return compile_grammar({name: shipped_schema(name) for name in shipped().table_names})
