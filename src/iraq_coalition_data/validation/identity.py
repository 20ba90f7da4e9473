"""Rules on identifiers: unique, well formed, never reused, never lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from ..reading import Row
from ..resolution.ledger import claim_id
from .finding import ERROR
from .rule import Edit, Fault, rule
from .state import State, did_you_mean

HASHED = ("record_id", "field", "value", "claimant_id", "source_id")
_STATEMENT = re.compile(r".*-v[0-9]+")


@lru_cache(maxsize=1_000)
def version_key(text: str) -> tuple[int, ...]:
    """Return a version as numbers that compare in order.

    Examples
    --------
    >>> version_key("0.10.0") > version_key("0.9.1")
    True
    """
    return tuple(int(part) for part in re.findall(r"[0-9]+", text)[:3])


@rule(
    "ICD105",
    ERROR,
    "An identifier belongs to one record of one table",
    why="Claims and redirects name a record by its identifier alone; its table is found by membership.",
    fix="Give the newer record another identifier.",
    fails=(Edit("milestones", "mst-example-handover", "milestone_id", "mst-example-mission-end-v01"),),
    passes=(Edit("milestones", "mst-example-handover", "milestone_id", "mst-example-handover-two"),),
)
def _one_record_per_identifier(state: State) -> Iterator[Fault]:
    owner: dict[str, str] = {}
    for table in _identified_tables(state):
        column = state.schemas[table].primary_key[0]
        for row in state.tables[table]:
            first = owner.setdefault(row[column], table)
            if first != table:
                yield Fault(table, row, f"{row[column]!r} is an identifier of the table {first} already.", column)


def _identified_tables(state: State) -> list[str]:
    return [t for t in state.data_tables if len(state.schemas[t].primary_key) == 1 and t != "retired_ids"]


@rule(
    "ICD701",
    ERROR,
    "Identifiers keep to their forms",
    why="Forms keep identifiers apart: a milestone whose name ends in -v01 would look like one of its statements.",
    fix="Choose another name for the milestone; write retired identifiers as they were.",
    fails=(
        Edit("milestones", "mst-example-handover", "milestone_id", "mst-example-handover-v01"),
        Edit("retired_ids", "evt-2001-9001", "old_id", "event 9001"),
    ),
    passes=(Edit("milestones", "mst-example-handover", "milestone_id", "mst-example-handover-v"),),
)
def _identifiers_keep_their_form(state: State) -> Iterator[Fault]:
    for row in state.tables["milestones"]:
        if _STATEMENT.fullmatch(row["milestone_id"]):
            yield Fault(
                "milestones",
                row,
                f"{row['milestone_id']!r} ends like the identifier of a statement.",
                "milestone_id",
                "a name that does not end in -v and a number",
            )
    forms = [state.schemas[table][state.schemas[table].primary_key[0]].pattern for table in _identified_tables(state)]
    for row in state.tables["retired_ids"]:
        for column in ("old_id", "new_id"):
            if row[column] and not any(form and form.fullmatch(row[column]) for form in forms):
                yield Fault(
                    "retired_ids",
                    row,
                    f"{row[column]!r} has the form of no identifier.",
                    column,
                    "one such as evt-2001-0001",
                )


@rule(
    "ICD702",
    ERROR,
    "A claim's identifier is the hash of what it says",
    why="The hash shows that record, field, value, claimant and source are those under which the claim was published.",
    fix="Do not edit a published claim: reject it with the reason coder_error and add the right one. "
    "A claim that was never released may be removed and added again with icd add.",
    fails=(Edit("claims", "evt-2001-0001 outcome", "value", "impact_no_damage"),),
    passes=(Edit("claims", "evt-2001-0001 outcome", "locator", "para 3"),),
)
def _claim_identifiers_are_hashes(state: State) -> Iterator[Fault]:
    before = _previous_by_key(state, "claims")
    for row in state.tables["claims"]:
        # A released claim that was changed is the matter of ICD706.
        if row["claim_id"] in before and any(row[c] != before[row["claim_id"]][c] for c in HASHED):
            continue
        expected = claim_id(*(row[column] for column in HASHED))
        if row["claim_id"] != expected:
            yield Fault(
                "claims",
                row,
                f"{row['claim_id']!r} is not the hash of record, field, value, claimant and source.",
                "claim_id",
                expected,
            )


@rule(
    "ICD703",
    ERROR,
    "No released identifier is lost",
    why="People cite identifiers. One that vanishes without a word breaks their work.",
    fix="Bring the record back, or retire its identifier with icd retire and a reason.",
    fails=(Edit("location_status", "lst-0001"),),
    passes=(Edit("event_links", "evt-2001-0003 curator_linked_response_to evt-2001-0001"),),
)
def _no_identifier_is_lost(state: State) -> Iterator[Fault]:
    if state.previous is None:
        return
    known = state.by_id["retired_ids"].keys() | state.missing_identifiers
    for table in _identified_tables(state):
        column = state.schemas[table].primary_key[0]
        for row in state.previous.get(table, ()):
            if row[column] not in state.by_id[table] and row[column] not in known:
                yield Fault(
                    table,
                    None,
                    f"{row[column]!r} was in the last release, and is neither here nor in retired_ids.",
                    column,
                )


@rule(
    "ICD704",
    ERROR,
    "Retired identifiers are out of use, and redirects end at a live one",
    why="An old identifier must lead to the record that took its place, or to the word that there is none.",
    fix="Point new_id to a record that exists, or leave it empty where the record was removed.",
    fails=(
        Edit("retired_ids", "evt-2001-9001", "new_id", "evt-2001-9999"),
        Edit("retired_ids", "evt-2001-9001", "new_id", "evt-2001-9001"),
        Edit("retired_ids", "evt-2001-9001", "old_id", "evt-2001-0002"),
    ),
    passes=(Edit("retired_ids", "evt-2001-9001", "new_id", ""),),
)
def _redirects_end(state: State) -> Iterator[Fault]:
    targets = {row["old_id"]: row["new_id"] for row in state.tables["retired_ids"]}
    reported = state.missing_identifiers
    for row in state.tables["retired_ids"]:
        if row["old_id"] in state.table_of:
            yield Fault("retired_ids", row, f"{row['old_id']!r} is retired, yet a record has it.", "old_id")
            continue
        seen, step = {row["old_id"]}, row["new_id"]
        while step in targets and step not in seen:
            seen.add(step)
            step = targets[step]
        if step in seen:
            yield Fault("retired_ids", row, f"The redirect of {row['old_id']!r} runs in a circle.", "new_id")
        elif step and step not in state.table_of and step not in reported:
            yield Fault(
                "retired_ids",
                row,
                f"{row['old_id']!r} leads to {step!r}, which is no record.",
                "new_id",
                "a record that exists, or nothing",
                did_you_mean(step, state.table_of),
            )


@rule(
    "ICD705",
    ERROR,
    "Release numbers are not ahead of the package, and do not change once released",
    why="recorded_in says which release first held a claim; it is the third clock of this data set.",
    fix="Write the present version of datapackage.json for new rows, and leave the others alone.",
    fails=(
        Edit("claims", "evt-2001-0001 outcome", "recorded_in", "99.0.0"),
        Edit("claims", "evt-2001-0001 outcome", "recorded_in", "0.0.1"),
        Edit("retired_ids", "evt-2001-9001", "version", "99.0.0"),
    ),
    passes=(Edit("claims", "evt-2001-0001 outcome", "locator", "para 3"),),
)
def _releases_are_not_ahead(state: State) -> Iterator[Fault]:
    current = str(state.descriptor.get("version", ""))
    for table, column in (("claims", "recorded_in"), ("retired_ids", "version")):
        before = _previous_by_key(state, table)
        key = state.schemas[table].primary_key[0]
        for row in state.tables[table]:
            if version_key(row[column]) > version_key(current):
                yield Fault(table, row, f"{row[column]!r} is later than the package.", column, f"at most {current}")
            elif row[key] in before and before[row[key]][column] != row[column]:
                old = before[row[key]][column]
                yield Fault(table, row, f"{row[column]!r} was {old!r} in the last release.", column, old)


def _previous_by_key(state: State, table: str) -> dict[str, Row]:
    key = state.schemas[table].primary_key[0]
    return {row[key]: row for row in (state.previous or {}).get(table, ())}


@rule(
    "ICD706",
    ERROR,
    "What a released claim says does not change",
    why="A claim that people cited must keep saying what it said; a mistake is shown as one.",
    fix="Restore the claim, mark it rejected with the reason coder_error, and add the right one.",
    fails=(Edit("claims", "evt-2001-0001 outcome", "value", "impact_no_damage"),),
    passes=(Edit("claims", "evt-2001-0001 outcome", "note", "The page names no unit."),),
)
def _released_claims_stay(state: State) -> Iterator[Fault]:
    before = _previous_by_key(state, "claims")
    for row in state.tables["claims"]:
        old = before.get(row["claim_id"])
        for column in HASHED if old is not None else ():
            if old is not None and row[column] != old[column]:
                yield Fault(
                    "claims", row, f"{row[column]!r} was {old[column]!r} in the last release.", column, old[column]
                )
