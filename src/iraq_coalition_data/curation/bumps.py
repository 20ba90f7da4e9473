"""The least part of the version number that must rise from one state of the data to another, and why.

What only a person can judge stays a person's: a reworded definition is named, and counts as the
lesser change. So the result is a lower bound.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..package import CODELIST_PREFIX
from ..schemas import Field, Schema
from ..validation.report import counted
from .differences import Difference
from .states import CLAIMS, RETIRED, DataState

MAJOR, MINOR, PATCH = "major", "minor", "patch"
_PARTS = (MAJOR, MINOR, PATCH)
# What every codelist has; what else a code must state decides how it is used.
_EVERY_CODELIST = frozenset({"code", "label", "definition", "since"})
# So many identifiers that vanished from a table are named.
_NAMED = 3
_IF_ANOTHER_MEANING = "; major, if it now means something else"


@dataclass(frozen=True, slots=True)
class Reason:
    """One change that makes a part of the version number rise."""

    part: str
    what: str


@dataclass(frozen=True, slots=True)
class Bump:
    """The least part of the version number that must rise, with every reason, the weightiest first."""

    part: str
    reasons: tuple[Reason, ...]

    def after(self, version: str) -> str:
        """Return the least version that may follow `version`.

        Examples
        --------
        >>> Bump("minor", ()).after("1.4.2")
        '1.5.0'
        """
        rising = _PARTS.index(self.part)
        numbers = _numbers(version)
        return ".".join(map(str, (*numbers[:rising], numbers[rising] + 1, *([0] * (2 - rising)))))

    def is_met(self, before: str, after: str) -> bool:
        """Return whether a release may go from version `before` to version `after`.

        Examples
        --------
        >>> Bump("minor", ()).is_met("1.4.2", "1.4.3"), Bump("minor", ()).is_met("1.4.2", "2.0.0")
        (False, True)
        """
        return _numbers(after) >= _numbers(self.after(before))


def _numbers(version: str) -> tuple[int, int, int]:
    found = re.fullmatch(r"([0-9]{1,9})\.([0-9]{1,9})\.([0-9]{1,9})", version)
    if not found:
        raise ValueError(f"{version!r} is not a version; expected three numbers such as 0.2.0")
    return int(found[1]), int(found[2]), int(found[3])


def least_bump(before: DataState, after: DataState, rows: Difference) -> Bump:
    """Return the least bump from one state to another.

    Parameters
    ----------
    before, after : DataState
        Two states.
    rows : Difference
        What changed between their rows.
    """
    found = [
        *_tables(before.schemas, after.schemas),
        *_identifiers(before, after),
        *_codes(rows),
        *_redefined_codes(rows, after),
        *_bytes(before, after, rows),
    ]
    if not found:
        found = [Reason(PATCH, "the data are the same bytes; code and documentation alone make a patch release")]
    found.sort(key=lambda reason: _PARTS.index(reason.part))
    return Bump(found[0].part, tuple(found))


def _tables(before: Mapping[str, Schema], after: Mapping[str, Schema]) -> Iterator[Reason]:
    for name in before:
        if name not in after:
            yield Reason(MAJOR, f"the table {name} was removed")
    for name, schema in after.items():
        if name in before:
            yield from _columns(before[name], schema)
        else:
            yield Reason(MINOR, f"the table {name} is new")


def _columns(old: Schema, new: Schema) -> Iterator[Reason]:
    if old.primary_key != new.primary_key:
        keys = " ".join(old.primary_key), " ".join(new.primary_key)
        yield Reason(MAJOR, f"rows of {new.name} were known by {keys[0]} and are now by {keys[1]}")
    for name in old.names:
        if name not in new.names:
            yield Reason(MAJOR, f"the column {new.name}.{name} was removed")
    for field in new.fields:
        if field.name in old.names:
            yield from _column(f"{new.name}.{field.name}", old[field.name], field)
        else:
            yield Reason(MINOR, f"the column {new.name}.{field.name} is new")


def _column(name: str, old: Field, new: Field) -> Iterator[Reason]:
    for aspect in ("type", "kind", "claimable", "claim_path", "unit", "reference"):
        was, now = getattr(old, aspect), getattr(new, aspect)
        if was != now:
            words = aspect.replace("_", " ")
            yield Reason(MAJOR, f"the column {name} was redefined: its {words} was {_shown(was)} and is {_shown(now)}")
    stricter, looser = _constraints(old, new)
    if stricter:
        yield Reason(MAJOR, f"the column {name} allows less than before: {', '.join(stricter)}")
    if looser:
        yield Reason(MINOR, f"the column {name} allows more than before: {', '.join(looser)}")
    if (old.description, old.guideline) != (new.description, new.guideline):
        yield Reason(PATCH, f"the description of {name} was reworded{_IF_ANOTHER_MEANING}")


def _shown(value: object) -> str:
    return "none" if value is None else " ".join(value) if isinstance(value, tuple) else str(value)


def _constraints(old: Field, new: Field) -> tuple[list[str], list[str]]:
    """Return which constraints became stricter, and which looser; of patterns, only dropping one is looser."""
    stricter: list[str] = []
    looser: list[str] = []
    for name in ("required", "unique"):
        if getattr(old, name) != getattr(new, name):
            (stricter if getattr(new, name) else looser).append(name)
    for name, sign in (("minimum", 1), ("maximum", -1)):
        was, now = getattr(old, name), getattr(new, name)
        if was != now:
            is_looser = now is None or (was is not None and (now < was) == (sign > 0))
            (looser if is_looser else stricter).append(name)
    if old.enum != new.enum:
        is_looser = new.enum is None or (old.enum is not None and set(old.enum) <= set(new.enum))
        (looser if is_looser else stricter).append("enum")
    patterns = [field.pattern.pattern if field.pattern else None for field in (old, new)]
    if patterns[0] != patterns[1]:
        (looser if patterns[1] is None else stricter).append("pattern")
    return stricter, looser


def _identifiers(before: DataState, after: DataState) -> Iterator[Reason]:
    """Yield identifiers that lead nowhere any more, or to something else."""
    redirects, earlier = _redirects(after), _redirects(before)
    lost: dict[str, list[str]] = {}
    for identifier in sorted((before.table_of.keys() | earlier.keys()) - after.table_of.keys() - redirects.keys()):
        lost.setdefault(before.table_of.get(identifier, RETIRED), []).append(identifier)
    for table, identifiers in lost.items():
        more = f" and {len(identifiers) - _NAMED:,} more" if len(identifiers) > _NAMED else ""
        lead = "leads" if len(identifiers) == 1 else "lead"
        names = ", ".join(identifiers[:_NAMED]) + more
        yield Reason(MAJOR, f"{names} of {table} {lead} nowhere any more; {RETIRED} says nothing of it")
    for old, new in earlier.items():
        now = redirects.get(old, new)
        # A survivor may itself have been merged since; the old identifier then leads on to the same record.
        if now not in (new, redirects.get(new)):
            yield Reason(MAJOR, f"the identifier {old} led to {new or 'nothing'} and now to {now or 'nothing'}")
    for identifier, table in after.table_of.items():
        old_row, row = before.by_id.get(table, {}).get(identifier, {}), after.by_id[table][identifier]
        for column in _telling_columns(after.schemas[table]):
            was = old_row.get(column, row[column])
            if row[column] not in (was, redirects.get(was)):
                yield Reason(MAJOR, f"the identifier {identifier} stands for something else: {column} was {was}")


def _redirects(state: DataState) -> dict[str, str]:
    return {row["old_id"]: row["new_id"] for row in state.tables.get(RETIRED, [])}


def _telling_columns(schema: Schema) -> list[str]:
    """Return the columns that say which record an identifier means; that of a claim is a hash of them."""
    if schema.name == CLAIMS:
        return []
    return [field.name for field in schema.fields if field.kind == "identity" and field.name not in schema.primary_key]


def _codes(rows: Difference) -> Iterator[Reason]:
    for part, verb, group in ((MAJOR, "was removed", rows.removed), (MINOR, "is new", rows.added)):
        for table, key, _ in group:
            if table.startswith(CODELIST_PREFIX):
                yield Reason(part, f"the code {' '.join(key)} of {table.removeprefix(CODELIST_PREFIX)} {verb}")


def _redefined_codes(rows: Difference, after: DataState) -> Iterator[Reason]:
    for change in rows.changed:
        if not change.table.startswith(CODELIST_PREFIX):
            continue
        code = f"{' '.join(change.key)} of {change.table.removeprefix(CODELIST_PREFIX)}"
        if change.column == "definition":
            yield Reason(MINOR, f"the definition of the code {code} was reworded{_IF_ANOTHER_MEANING}")
        elif change.column not in _EVERY_CODELIST and after.schemas[change.table][change.column].required:
            what = f"{change.column} was {change.old} and is {change.new}"
            yield Reason(MAJOR, f"the code {code} was redefined: {what}")


def _bytes(before: DataState, after: DataState, rows: Difference) -> Iterator[Reason]:
    """Yield a reason for every other byte of data that changed."""
    counts = [
        f"{counted(len(group), noun)} {verb}"
        for noun, verb, group in (
            ("row", "removed", rows.removed),
            ("cell", "changed", rows.changed),
            ("row", "added", rows.added),
        )
        if group
    ]
    if counts:
        yield Reason(MINOR, f"the data changed: {', '.join(counts)}")
    touched = {change.table for change in rows.changed} | {table for table, _, _ in (*rows.removed, *rows.added)}
    for name in sorted(before.schemas.keys() & after.schemas.keys() - touched):
        if before.schemas[name].names != after.schemas[name].names:
            continue
        path = after.package.resources[name].path
        if before.package.read(path) != after.package.read(path):
            yield Reason(MINOR, f"the bytes of {path} changed, though no value did")
