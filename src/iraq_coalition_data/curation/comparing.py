"""Two states of the data side by side: what changed in which record, on whose word, and what the version must say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from ..reading import Row
from ..resolution.grammar import grammar
from ..schemas import Schema
from .bumps import Bump, least_bump
from .differences import Change, Difference, Key, difference
from .states import CLAIMS, DataState, open_state

CAME, STAYED, WENT = "came", "stayed", "went"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A claim behind a value: whether it came, went or stayed, in whose words and where it stands.

    A claim that is superseded, retracted or rejected no longer stands behind anything, and went.
    """

    fate: str
    claim: Row
    claimant: str
    publisher: str
    url: str


@dataclass(slots=True)
class RecordPart:
    """What was removed from, changed in, or added to one record and the rows that belong to it."""

    table: str
    record: str
    name: str
    rows: list[tuple[str, Key, Row]] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)


@dataclass(frozen=True)
class Comparison:
    """What changed from one state to another.

    Attributes
    ----------
    before, after : DataState
        The two states.
    rows : Difference
        Rows removed, cells changed and rows added, of tables and codelists.
    bump : Bump
        The least part of the version number that must rise, with the reasons.
    """

    before: DataState
    after: DataState
    rows: Difference
    bump: Bump

    @property
    def least_version(self) -> str:
        """The least version that a release of the later state may have."""
        return self.bump.after(self.before.version)

    @property
    def version_suffices(self) -> bool:
        """Whether the later state says that it is at least `least_version`."""
        return self.bump.is_met(self.before.version, self.after.version)

    @cached_property
    def removed(self) -> list[RecordPart]:
        """Removed rows by record."""
        return _by_record(self.before, self.rows.removed, ())

    @cached_property
    def changed(self) -> list[RecordPart]:
        """Changed cells by record."""
        return _by_record(self.after, (), self.rows.changed)

    @cached_property
    def added(self) -> list[RecordPart]:
        """Added rows by record."""
        return _by_record(self.after, self.rows.added, ())

    @cached_property
    def _live(self) -> tuple[dict[str, dict[str, Row]], dict[str, dict[str, Row]]]:
        """Live claims by record and identifier, before and after."""
        return _live_claims(self.before), _live_claims(self.after)

    def evidence(self, change: Change) -> list[Evidence]:
        """Return the claims behind the old and the new value of a cell.

        Where the cell follows from claims on a path of its own, these are the claims on that path that
        went, came or stayed; for other computed cells, the claims on the record that went or came.
        """
        schema = self.after.schemas[change.table]
        if schema[change.column].kind not in ("claimed", "computed"):
            return []
        record, path = _claimed_under(change, dict(zip(schema.primary_key, change.key, strict=True)))
        old, new = (live.get(record, {}) for live in self._live)
        fates = [(WENT, old, old.keys() - new.keys()), (CAME, new, new.keys() - old.keys())]
        if path:
            fates.append((STAYED, new, old.keys() & new.keys()))
        return [
            self._evidence(fate, claims[identifier])
            for fate, claims, identifiers in fates
            for identifier in sorted(identifiers, key=lambda i: (claims[i]["reported_on"], i))
            if path in ("", claims[identifier]["field"])
        ]

    def on_whose_word(self, part: RecordPart) -> list[tuple[list[Change], list[Evidence]]]:
        """Return the changes of a record and the claims behind them; what the same claims brought stands together."""
        groups: dict[tuple[str, ...], tuple[list[Change], list[Evidence]]] = {}
        for change in part.changes:
            found = self.evidence(change)
            key = tuple(evidence.fate + evidence.claim["claim_id"] for evidence in found)
            groups.setdefault(key, ([], found))[0].append(change)
        return list(groups.values())

    def _evidence(self, fate: str, claim: Row) -> Evidence:
        state = self.before if fate == WENT else self.after
        source = state.by_id.get("sources", {}).get(claim["source_id"], {})
        return Evidence(
            fate,
            claim,
            state.title("actors", claim["claimant_id"]) or claim["claimant_id"],
            state.title("publishers", source.get("publisher_id", "")) or claim["source_id"],
            source.get("url", ""),
        )


def diff(before: str, after: str = ".") -> Comparison:
    """Compare two states of the data.

    Parameters
    ----------
    before, after : str
        A folder, a zip archive or wheel, ``installed``, or a branch, tag or commit of the checkout in
        which this runs; by default the later state is the working directory.

    Returns
    -------
    Comparison
        Removed, changed and added rows by record, the claims behind each change, and the least
        version bump with its reasons.

    Raises
    ------
    PackageError
        If a state cannot be found or read.

    Examples
    --------
    >>> diff("installed", "installed").bump.part
    'patch'
    """
    return compare(open_state(before), open_state(after))


def compare(before: DataState, after: DataState) -> Comparison:
    """Compare two states that have been opened; see `diff`."""
    rows = Difference()
    for name in {**after.schemas, **before.schemas}:
        for old, new, schema in _comparable(before, after, name):
            found = difference({name: old}, {name: new}, {name: schema})
            rows.removed += found.removed
            rows.changed += found.changed
            rows.added += found.added
    return Comparison(before, after, rows, least_bump(before, after, rows))


def _comparable(before: DataState, after: DataState, name: str) -> Iterator[tuple[list[Row], list[Row], Schema]]:
    """Yield rows of a table in both states with the columns that both have.

    Where rows are known by other columns than before, all the earlier ones went and all the later ones came.
    """
    old, new = before.schemas.get(name), after.schemas.get(name)
    if old and new and old.primary_key == new.primary_key:
        shared = tuple(field for field in new.fields if field.name in old.names)
        yield before.tables[name], after.tables[name], replace(new, fields=shared)
        return
    if old:
        yield before.tables[name], [], old
    if new:
        yield [], after.tables[name], new


def _live_claims(state: DataState) -> dict[str, dict[str, Row]]:
    found: dict[str, dict[str, Row]] = {}
    for row in state.tables.get(CLAIMS, []):
        if row["status"] == "live":
            found.setdefault(row["record_id"], {})[row["claim_id"]] = row
    return found


def _claimed_under(change: Change, key: Mapping[str, str]) -> tuple[str, str]:
    """Return the record whose claims a cell follows from, and their path if it is a single one."""
    slots = grammar().slots.get(change.table)
    if slots is not None:
        return change.key[0], next((slot.path for slot in slots.values() if change.column in slot.columns), "")
    for branches in grammar().branches.values():
        for branch in branches.values():
            if branch.table == change.table:
                path = "/".join((branch.prefix, *(key.get(part, "") for part in branch.parts)))
                return key.get(branch.key_column, ""), path
    return "", ""


def _by_record(state: DataState, rows: Iterable[tuple[str, Key, Row]], changes: Iterable[Change]) -> list[RecordPart]:
    parts: dict[tuple[str, str], RecordPart] = {}

    def part(table: str, key: Key) -> RecordPart:
        home, record = state.home(table, key)
        return parts.setdefault((home, record), RecordPart(home, record, state.title(home, record)))

    for table, key, row in rows:
        part(table, key).rows.append((table, key, row))
    for change in changes:
        part(change.table, change.key).changes.append(change)
    order = list(state.schemas)
    return sorted(parts.values(), key=lambda found: (order.index(found.table), found.record))
