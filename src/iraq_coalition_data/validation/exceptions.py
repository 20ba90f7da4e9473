"""Findings that are accepted for a while, listed with the reason in a file beside the descriptor.

An exception covers one rule on one record. It ends with the first release after its last day, so
that the verdict on a release never depends on the day on which somebody asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ..cells import read_table
from ..package import DataPackage, PackageError
from ..reading import Row
from ..schemas import SCHEMA_PROFILE, compile_schema
from .finding import ERROR, MEASURE, Finding
from .rule import EXCEPTIONS, RULES, Edit, reported_elsewhere
from .state import State, did_you_mean

FILE = "validation-exceptions.csv"
_HEADER = "code,record,reason,expires\n"
_SCHEMA = compile_schema(
    "validation_exceptions",
    {
        "$schema": SCHEMA_PROFILE,
        "fields": [
            {"name": "code", "type": "string", "constraints": {"required": True}},
            {"name": "record", "type": "string", "constraints": {"required": True}},
            {"name": "reason", "type": "string", "constraints": {"required": True, "pattern": ".{10,200}"}},
            {"name": "expires", "type": "date", "constraints": {"required": True}},
        ],
        "missingValues": [""],
        "primaryKey": ["code", "record"],
    },
)
_EXCEPTION = "ICD611,pub-example-force-a,The example has few publishers.,"

reported_elsewhere(
    "ICD811",
    ERROR,
    "Every exception names a rule, a record, a reason and a last day",
    by=EXCEPTIONS,
    why="An exception that cannot be read, or that hides a damaged file, lets more through than was meant.",
    fix=f"Write code, record, reason (10 to 200 characters) and expires in {FILE}. Only rules on whole records take "
    "exceptions: defects of bytes, cells and files are mended, measures are no defects, and other rules build on some.",
    fails=(
        Edit(path=FILE, new="code,record,reason\n"),
        Edit(path=FILE, new=_HEADER + "ICD611,pub-example-force-a,short,2999-12-31\n"),
        Edit(path=FILE, new=_HEADER + "ICD999,pub-example-force-a,There is no such rule.,2999-12-31\n"),
        Edit(path=FILE, new=_HEADER + "ICD203,evt-2001-0001,A code that nobody defined.,2999-12-31\n"),
    ),
    passes=(Edit(path=FILE, new=f"{_HEADER}{_EXCEPTION}2999-12-31\n"),),
)
reported_elsewhere(
    "ICD812",
    ERROR,
    "Every exception is still needed",
    by=EXCEPTIONS,
    why="An exception for a defect that is gone would hide the next one.",
    fix=f"Remove the line from {FILE}.",
    fails=(Edit(path=FILE, new=f"{_HEADER}ICD611,pub-example-forces-a,A publisher that is not there.,2999-12-31\n"),),
    passes=(Edit(path=FILE, new=f"{_HEADER}{_EXCEPTION}2999-12-31\n"),),
)
reported_elsewhere(
    "ICD813",
    ERROR,
    "No exception outlives its last day",
    by=EXCEPTIONS,
    why="An exception is a promise to look again.",
    fix="Mend what it covers, or look again and give it a new last day. The day of the release counts.",
    fails=(Edit(path=FILE, new=f"{_HEADER}{_EXCEPTION}2000-12-31\n"),),
    passes=(Edit(path=FILE, new=f"{_HEADER}{_EXCEPTION}2999-12-31\n"),),
)


def read_exceptions(package: DataPackage) -> tuple[dict[int, Row], list[Finding]]:
    """Return the exceptions of a package by line, and a finding for each that cannot be used."""
    if not package.root.joinpath(FILE).is_file():
        return {}, []
    try:
        data = package.read(FILE)
    except PackageError as error:
        return {}, [_finding("ICD811", None, f"{error!s:.200}.")]
    table = read_table(data, _SCHEMA, FILE, {}, in_order=False)
    findings = [_finding("ICD811", e.line, e.message, column=e.column, expected=e.expected) for e in table.errors]
    if not table.usable:
        return {}, findings
    unusable = {error.line for error in table.errors}
    rows = {
        line: dict(zip(_SCHEMA.names, cells, strict=True))
        for line, cells in zip(table.lines, table.rows, strict=True)
        if line not in unusable
    }
    misdirected = {line: finding for line, row in rows.items() if (finding := _misdirected(line, row["code"]))}
    return {line: row for line, row in rows.items() if line not in misdirected}, [*findings, *misdirected.values()]


def _misdirected(line: int, code: str) -> Finding | None:
    """Return a finding where there is no rule of this code, or none that takes exceptions."""
    rule = RULES.get(code)
    if rule is None:
        hint = did_you_mean(code, RULES)
        return _finding("ICD811", line, f"There is no rule {code!r}.", column="code", suggestion=hint)
    built_on = {earlier for other in RULES.values() for earlier in other.after}
    if rule.check is None or rule.severity == MEASURE or code in built_on:
        return _finding("ICD811", line, f"{code} takes no exceptions.", column="code", expected="a rule on records")
    return None


def accepted(findings: Iterable[Finding], state: State) -> list[Finding]:
    """Return the findings that no exception covers."""
    covered = {(row["code"], row["record"]) for row in state.exceptions.values()}
    return [finding for finding in findings if (finding.code, finding.record) not in covered]


def idle_exceptions(findings: Sequence[Finding], state: State, not_checked: Iterable[str]) -> Iterator[Finding]:
    """Yield a finding for every exception that covers nothing, or whose last day is past.

    Parameters
    ----------
    findings : sequence of Finding
        All findings, covered ones included.
    state : State
        With the exceptions and the day of the release.
    not_checked : iterable of str
        Codes of rules that did not run; nothing is known of exceptions to them.
    """
    release, waiting = state.release_day, set(not_checked)
    for line, row in state.exceptions.items():
        records = {finding.record for finding in findings if finding.code == row["code"] and finding.record}
        if row["record"] not in records and row["code"] not in waiting:
            hint = did_you_mean(row["record"], records)
            message = f"{row['code']} finds nothing to object to in {row['record']!r}."
            yield _finding("ICD812", line, message, column="record", suggestion=hint or "Remove the line.")
        elif row["expires"] < release:
            message = f"The exception ended on {row['expires']}, the release is of {release}."
            yield _finding("ICD813", line, message, column="expires")


def _finding(
    code: str,
    line: int | None,
    message: str,
    *,
    column: str | None = None,
    expected: str | None = None,
    suggestion: str | None = None,
) -> Finding:
    return Finding(code, ERROR, message, file=FILE, line=line, column=column, expected=expected, suggestion=suggestion)
