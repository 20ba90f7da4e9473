"""The tables that rules look at, with the place of every row."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ..package import CODELIST_PREFIX, data_path
from ..reading import Row, Tables
from ..resolution.derive import derive
from ..resolution.grammar import Grammar, compile_grammar
from ..resolution.ledger import Ledger
from ..schemas import Schema
from .finding import Finding


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
    """

    descriptor: Mapping[str, Any]
    schemas: Mapping[str, Schema]
    tables: Tables
    lines: Mapping[str, Any] = field(default_factory=dict)
    previous: Tables | None = None

    @cached_property
    def data_tables(self) -> list[str]:
        """Names of the data tables."""
        return [name for name in self.schemas if not name.startswith(CODELIST_PREFIX)]

    @cached_property
    def _positions(self) -> dict[int, tuple[str, int]]:
        return {
            id(row): (name, self.lines[name][i] if name in self.lines else i + 2)
            for name, rows in self.tables.items()
            for i, row in enumerate(rows)
        }

    @cached_property
    def codes(self) -> dict[str, list[str]]:
        """Codes of every codelist, in codelist order."""
        prefix = CODELIST_PREFIX
        return {
            n.removeprefix(prefix): [r["code"] for r in rows] for n, rows in self.tables.items() if n.startswith(prefix)
        }

    @cached_property
    def by_id(self) -> dict[str, dict[str, Row]]:
        """Rows by identifier, for every table with a key of one column."""
        return {
            name: {row[schema.primary_key[0]]: row for row in self.tables[name]}
            for name, schema in self.schemas.items()
            if len(schema.primary_key) == 1
        }

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
        line = self._positions.get(id(row), (table, 0))[1] if row is not None else None
        return Finding(
            code=code,
            severity=severity,
            message=message,
            file=data_path(table),
            line=line or None,
            table=table,
            record=self.key(table, row) if row is not None else None,
            column=column,
            value=row[column] if row is not None and column is not None else None,
            expected=expected,
            suggestion=suggestion,
            fixable=fixable,
        )


def nearest(value: str, known: Iterable[str]) -> str | None:
    """Return the nearest known word, or None where none is near."""
    found = difflib.get_close_matches(value, list(known), n=1, cutoff=0.7)
    return found[0] if found else None


def did_you_mean(value: str, known: Iterable[str]) -> str | None:
    """Return a suggestion that names the nearest known word, or None."""
    near = nearest(value, known)
    return f"Did you mean {near!r}?" if near else None
