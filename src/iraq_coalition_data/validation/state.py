"""The tables that rules look at, with the place of every row."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from ..package import CODELIST_PREFIX, data_path
from ..reading import Row, Tables
from ..resolution.derive import derive
from ..resolution.grammar import Grammar, compile_grammar
from ..resolution.ledger import Ledger
from ..schemas import Field, Schema
from .finding import Finding

_T = TypeVar("_T")
_NUMBERED = re.compile(r"-v?[0-9]+$")


@dataclass
class State:
    """All tables of a package as rows of text; rules read it and never a file.

    Attributes
    ----------
    descriptor : dict
        The parsed descriptor.
    schemas : mapping of str to Schema
        Compiled schemas of data tables and codelists.
    tables : dict of str to list of dict
        Rows by table, codelists under ``codelist_<name>``.
    lines : mapping of str to sequence of int
        Line of each row in its file.
    previous : dict of str to list of dict, optional
        The tables of the previous release, where they are known.
    exceptions : dict of int to dict
        Findings that are accepted, by line of their file.
    """

    descriptor: Mapping[str, Any]
    schemas: Mapping[str, Schema]
    tables: Tables
    lines: Mapping[str, Any] = field(default_factory=dict)
    previous: Tables | None = None
    exceptions: Mapping[int, Row] = field(default_factory=dict)

    @property
    def release_day(self) -> str:
        """Day of the release as the descriptor states it, or the empty string."""
        return str(self.descriptor.get("created", ""))[:10]

    @cached_property
    def data_tables(self) -> list[str]:
        """Names of the data tables."""
        return [name for name in self.schemas if not name.startswith(CODELIST_PREFIX)]

    @cached_property
    def codes(self) -> dict[str, list[str]]:
        """Codes of every codelist, in codelist order."""
        names = [name for name in self.schemas if name.startswith(CODELIST_PREFIX)]
        return {name.removeprefix(CODELIST_PREFIX): [row["code"] for row in self.tables[name]] for name in names}

    @cached_property
    def by_id(self) -> dict[str, dict[str, Row]]:
        """Rows by identifier, for every table with a key of one column."""
        return _ByTable(lambda name: {row[self.schemas[name].primary_key[0]]: row for row in self.tables[name]})

    @cached_property
    def _line_of(self) -> dict[str, dict[int, int]]:
        """Line of every row by table; a row is known by its identity, since its key may be the defect."""
        return _ByTable(
            lambda name: {
                id(row): self.lines[name][i] if name in self.lines else i + 2 for i, row in enumerate(self.tables[name])
            }
        )

    @cached_property
    def table_of(self) -> dict[str, str]:
        """Table of every identifier of a data table."""
        return {
            key: name
            for name in self.data_tables
            if len(self.schemas[name].primary_key) == 1 and name != "retired_ids"
            for key in self.by_id[name]
        }

    @cached_property
    def grammar(self) -> Grammar:
        """The claim paths."""
        return compile_grammar({name: self.schemas[name] for name in self.data_tables})

    @cached_property
    def ledger(self) -> Ledger:
        """The claims with their standing."""
        return Ledger(self.tables)

    @cached_property
    def derived(self) -> Tables:
        """The tables as they follow from the claims."""
        return derive(self.tables, {name: self.schemas[name] for name in self.data_tables}, self.grammar)

    @cached_property
    def missing(self) -> dict[tuple[str, str], list[tuple[str, Row, Field]]]:
        """Table and identifier of every row that others refer to and that is not there, with who refers to it."""
        missing: dict[tuple[str, str], list[tuple[str, Row, Field]]] = {}
        for table, schema in self.schemas.items():
            for column in schema.fields:
                # Codes of data tables are checked cell by cell; a codelist may be read before its own.
                if column.reference is None or (column.codelist and not table.startswith(CODELIST_PREFIX)):
                    continue
                known = self.values(column)
                for row in self.tables[table]:
                    value = row[column.name]
                    if value and value not in known:
                        missing.setdefault((column.reference[0], value), []).append((table, row, column))
        return missing

    @cached_property
    def missing_identifiers(self) -> set[str]:
        """The identifiers that ICD301 reports; no other rule repeats them."""
        return {value for _, value in self.missing}

    def values(self, reference: Field) -> Collection[str]:
        """Values that a referring column may have."""
        if reference.reference is None:
            raise ValueError(f"{reference.name} refers to nothing")
        table, column = reference.reference
        if self.schemas[table].primary_key == (column,):
            return self.by_id[table]
        return {row[column] for row in self.tables[table]}

    def codelist(self, name: str) -> dict[str, Row]:
        """Rows of a codelist by code."""
        return self.by_id[CODELIST_PREFIX + name]

    def group(self, table: str, column: str) -> dict[str, list[Row]]:
        """Rows of a table by the value of one column."""
        groups: dict[str, list[Row]] = {}
        for row in self.tables[table]:
            groups.setdefault(row[column], []).append(row)
        return groups

    def key(self, table: str, row: Row) -> str:
        """Return the key of a row as text."""
        return " ".join(row[part] for part in self.schemas[table].primary_key)

    def finding(
        self,
        code: str,
        severity: str,
        table: str,
        row: Row | None,
        message: str,
        *,
        column: str | None = None,
        expected: str | None = None,
        suggestion: str | None = None,
        fixable: bool = False,
    ) -> Finding:
        """Return a finding at a row of a table, or at the table as a whole."""
        line = self._line_of[table].get(id(row)) if row is not None else None
        return Finding(
            code=code,
            severity=severity,
            message=message,
            file=data_path(table),
            line=line,
            table=table,
            record=self.key(table, row) if row is not None else None,
            column=column,
            value=row[column] if row is not None and column is not None else None,
            expected=expected,
            suggestion=suggestion,
            fixable=fixable,
        )


class _ByTable(dict[str, _T]):
    """What is made of one table at a time, when it is first asked for."""

    def __init__(self, make: Callable[[str], _T]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, table: str) -> _T:
        made = self[table] = self._make(table)
        return made


def nearest(value: str, known: Iterable[str]) -> str | None:
    """Return the nearest known word, or None where none is near.

    Of identifiers that end with a number only those with the same number are near: of all the
    events of a year, none is likelier than the next.

    Examples
    --------
    >>> nearest("withdrawl", ["withdrawal", "arrival"])
    'withdrawal'
    >>> nearest("evt-2024-00012", ["evt-2024-0002", "evt-2024-0012"])
    'evt-2024-0012'
    >>> nearest("evt-2024-0003", ["evt-2024-0002", "evt-2024-0012"])
    """
    if _NUMBERED.search(value):
        known = [word for word in known if _numbers(word) == _numbers(value)]
    found = difflib.get_close_matches(value, list(known), n=1, cutoff=0.8)
    return found[0] if found else None


def _numbers(identifier: str) -> list[int]:
    return [int(digits) for digits in re.findall(r"[0-9]+", identifier)]


def did_you_mean(value: str, known: Iterable[str]) -> str | None:
    """Return a suggestion that names the nearest known word, or None."""
    near = nearest(value, known)
    return f"Did you mean {near!r}?" if near else None
