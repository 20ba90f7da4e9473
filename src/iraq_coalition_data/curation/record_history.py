"""How one record changed from release to release: the clock of this data set, not that of the public record."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..package import checkout
from .comparing import Comparison, RecordPart, compare
from .states import RETIRED, DataState, StateError, git, open_state

_RELEASE = re.compile(r"v?([0-9]+)\.([0-9]+)\.([0-9]+)")


@dataclass(frozen=True, slots=True)
class Step:
    """What became of a record in one state.

    Attributes
    ----------
    state : DataState
        The state.
    record : str
        The identifier under which the record is known there; empty while or where it is not there.
    what : str
        ``absent``, ``new``, ``changed``, ``unchanged``, ``merged`` or ``removed``.
    comparison : Comparison or None
        What changed since the state before, where the record was in both.
    """

    state: DataState
    record: str
    what: str
    comparison: Comparison | None = None

    def parts(self, kind: str) -> list[RecordPart]:
        """Return what was ``removed`` from, ``changed`` in or ``added`` to the record."""
        parts: list[RecordPart] = getattr(self.comparison, kind, [])
        return [part for part in parts if part.record == self.record]


def record_history(identifier: str, states: Sequence[str] = ()) -> list[Step]:
    """Return how a record changed from one state to the next.

    Parameters
    ----------
    identifier : str
        Any identifier of any of the states; one that was merged leads on to the survivor.
    states : sequence of str
        States in order, as `open_state` takes them; by default every release tag of the checkout in
        which this runs, and then its working directory.

    Returns
    -------
    list of Step
        One per state.

    Raises
    ------
    StateError
        If none of the states has the record, or one cannot be read.

    Examples
    --------
    >>> [step.what for step in record_history("act-us-government", ["installed", "installed"])]
    ['new', 'unchanged']
    """
    opened = [open_state(name) for name in states or [*release_tags(), "."]]
    steps: list[Step] = []
    record = identifier
    for state in opened:
        previous = steps[-1] if steps else None
        found = _survivor(state, record)
        if found in state.table_of:
            steps.append(_present(previous, state, record, found))
            record = found
        else:
            was_there = previous is not None and previous.record
            steps.append(Step(state, "", "removed" if was_there else "absent"))
    if not any(step.record for step in steps):
        near = difflib.get_close_matches(identifier, {name for state in opened for name in state.table_of}, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise StateError(f"{identifier!r} is in none of {', '.join(state.name for state in opened)}.{hint}")
    return steps


def _survivor(state: DataState, record: str) -> str:
    """Return the identifier that a state uses for a record, following its redirects."""
    seen = {record}
    redirects = {row["old_id"]: row["new_id"] for row in state.tables.get(RETIRED, [])}
    while record not in state.table_of and redirects.get(record, record) not in seen:
        record = redirects[record]
        seen.add(record)
    return record


def _present(previous: Step | None, state: DataState, record: str, found: str) -> Step:
    if previous is None or not previous.record:
        return Step(state, found, "new")
    step = Step(state, found, "changed", compare(previous.state, state))
    if found != record:
        return Step(state, found, "merged", step.comparison)
    if not any(step.parts(kind) for kind in ("removed", "changed", "added")):
        return Step(state, found, "unchanged")
    return step


def release_tags() -> list[str]:
    """Return the tags of the checkout here that name a version, oldest version first."""
    tags = git(Path(str(checkout().root)), "tag", "--list").decode("utf-8", "replace").split()
    versions = {tag: tuple(map(int, found.groups())) for tag in tags if (found := _RELEASE.fullmatch(tag))}
    return sorted(versions, key=lambda tag: versions[tag])
