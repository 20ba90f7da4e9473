"""What a rule is: one function with its code, reason, remedy and examples, in one place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..reading import Row
from .finding import Finding
from .state import State

Check = Callable[[State], Iterator[Finding]]

READER = "the strict reader"
FILE_CHECK = "the check of files"
SECOND_ENGINE = "the second engine"
EXCEPTIONS = "the list of exceptions"
_MAX_SHOWN = 90


@dataclass(frozen=True, slots=True)
class Edit:
    """A change to the example package that shows a rule at work.

    ``table`` and ``key`` name a row (the parts of a composite key joined by a blank; a claim is named
    by record, field, claimant, value and source, or the first of these); ``column`` and ``value`` what to set
    there. Without ``column`` the row is removed; without ``key``, ``row`` is
    added. With ``path``, the first ``old`` of that file becomes ``new`` instead; without
    ``old``, the file is written with ``new`` as its text.
    """

    table: str = ""
    key: str = ""
    column: str = ""
    value: str = ""
    row: tuple[tuple[str, str], ...] = ()
    path: str = ""
    old: str = ""
    new: str = ""

    def __str__(self) -> str:
        if self.path:
            new = ascii(self.new[:_MAX_SHOWN]) + ("…" if len(self.new) > _MAX_SHOWN else "")
            return f"{self.path}: {self.old!a} becomes {new}" if self.old else f"{self.path}: holds {new}"
        if self.row:
            return f"{self.table}: a row with " + ", ".join(f"{k} = {v!r}" for k, v in self.row)
        if self.column:
            return f"{self.table} {self.key}: {self.column} = {self.value!r}"
        return f"{self.table} {self.key}: the row is removed"


@dataclass(frozen=True, slots=True)
class Fault:
    """What a check found; code and severity are those of its rule.

    Attributes
    ----------
    table : str
        Table of the fault; empty where it concerns ``file`` as a whole.
    row : dict or None
        The row, taken from the state.
    message : str
        What is wrong, in plain words.
    column, expected, suggestion, fixable, file
        As in `Finding`.
    """

    table: str
    row: Row | None
    message: str
    column: str | None = None
    expected: str | None = None
    suggestion: str | None = None
    fixable: bool = False
    file: str | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One validator rule.

    Attributes
    ----------
    code, severity, title : str
        Stable code, severity of its findings, short title in plain words.
    why, fix : str
        Why it matters and how to mend a finding.
    fails, passes : tuple of Edit
        Single changes to the example package that break the rule, and near ones that do not.
    check : callable or None
        Takes the state, yields findings; None where another part of the validator reports the rule.
    reported_by : str
        That other part; empty where ``check`` reports.
    after : tuple of str
        Codes of rules without whose peace the check would be meaningless; it does not run where
        one of them has findings.
    """

    code: str
    severity: str
    title: str
    why: str
    fix: str
    fails: tuple[Edit, ...]
    passes: tuple[Edit, ...]
    check: Check | None = None
    reported_by: str = ""
    after: tuple[str, ...] = ()


RULES: dict[str, Rule] = {}


def _register(entry: Rule) -> None:
    if entry.code in RULES:
        raise ValueError(f"rule {entry.code} is defined twice")
    RULES[entry.code] = entry


def rule(
    code: str,
    severity: str,
    title: str,
    *,
    why: str,
    fix: str,
    fails: tuple[Edit, ...],
    passes: tuple[Edit, ...] = (),
    after: tuple[str, ...] = (),
) -> Callable[[Callable[[State], Iterator[Fault]]], Callable[[State], Iterator[Fault]]]:
    """Register a check as the rule `code`; its faults become findings of that code and severity."""

    def register(check: Callable[[State], Iterator[Fault]]) -> Callable[[State], Iterator[Fault]]:
        def findings(state: State) -> Iterator[Finding]:
            for fault in check(state):
                yield _as_finding(state, code, severity, fault)

        _register(Rule(code, severity, title, why, fix, fails, passes, check=findings, after=after))
        return check

    return register


def _as_finding(state: State, code: str, severity: str, fault: Fault) -> Finding:
    if not fault.table:
        return Finding(
            code=code,
            severity=severity,
            message=fault.message,
            file=fault.file,
            column=fault.column,
            expected=fault.expected,
            suggestion=fault.suggestion,
            fixable=fault.fixable,
        )
    return state.finding(
        code,
        severity,
        fault.table,
        fault.row,
        fault.message,
        column=fault.column,
        expected=fault.expected,
        suggestion=fault.suggestion,
        fixable=fault.fixable,
    )


def reported_elsewhere(
    code: str,
    severity: str,
    title: str,
    *,
    by: str,
    why: str,
    fix: str,
    fails: tuple[Edit, ...],
    passes: tuple[Edit, ...] = (),
) -> None:
    """Register a rule whose findings another part of the validator reports."""
    _register(Rule(code, severity, title, why, fix, fails, passes, reported_by=by))
