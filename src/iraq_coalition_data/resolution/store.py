"""The shipped tables as rows, read once, and the lookup of records by identifier."""

from __future__ import annotations

import difflib
from functools import cache

from ..package import DataPackage, shipped
from ..reading import Row, Tables, read_rows
from ..schemas import Schema, load_schema
from .derive import derive
from .grammar import Grammar, compile_grammar
from .ledger import Ledger, View


class UnknownIdError(KeyError):
    """No record has this identifier."""

    def __str__(self) -> str:
        return str(self.args[0])


class Store:
    """All tables of one package, their schemas, and the ledger of their claims."""

    def __init__(self, package: DataPackage) -> None:
        self.package = package
        self.schemas: dict[str, Schema] = {name: load_schema(package, name) for name in package.table_names}
        self.tables: Tables = read_rows(package, package.resources)
        self.grammar: Grammar = compile_grammar(self.schemas)
        self.ledger = Ledger(self.tables)
        self.retired: dict[str, str] = {row["old_id"]: row["new_id"] for row in self.tables["retired_ids"]}
        self.records: dict[str, tuple[str, Row]] = {
            row[schema.primary_key[0]]: (name, row)
            for name, schema in self.schemas.items()
            if len(schema.primary_key) == 1 and name != "retired_ids"
            for row in self.tables[name]
        }

    def resolve_id(self, identifier: str) -> str:
        """Return the identifier in use today, following redirects.

        Raises
        ------
        UnknownIdError
            If the identifier never existed, or its record was removed.
        """
        seen = [identifier]
        while identifier not in self.records:
            if identifier not in self.retired or self.retired[identifier] in seen:
                near = difflib.get_close_matches(identifier, self.records, n=1, cutoff=0.75)
                hint = f" Did you mean {near[0]!r}?" if near else ""
                raise UnknownIdError(f"there is no record {seen[0]!r}.{hint}")
            identifier = self.retired[identifier]
            if not identifier:
                raise UnknownIdError(f"the record {seen[0]!r} was removed")
            seen.append(identifier)
        return identifier

    def name(self, identifier: str) -> str:
        """Return the name or title under which people know a record, or the identifier itself."""
        _, row = self.records.get(identifier, ("", {}))
        for column in ("name", "title", "label"):
            if row.get(column):
                return row[column]
        return identifier

    def as_of(self, view: View) -> Tables:
        """Return all data tables as they follow from the claims in `view`."""
        return derive(self.tables, self.schemas, self.grammar, view)


@cache
def shipped_store() -> Store:
    """Return the store of the shipped package."""
    return Store(shipped())
