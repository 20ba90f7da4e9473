"""One column, many cells, three engines: which cells does each of them refuse?"""

from __future__ import annotations

import json
import warnings
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandera.errors

from iraq_coalition_data.cells import read_table, write_table
from iraq_coalition_data.curation.files import DIALECT, PROFILE
from iraq_coalition_data.package import CODELIST_PREFIX, shipped
from iraq_coalition_data.reading import _parse
from iraq_coalition_data.schemas import SCHEMA_PROFILE, Field, Schema, compile_schema, pandera_schema

# The strict reader names at most a thousand defects of one kind.
MAX_CELLS = 1_000
Cells = Sequence[str]
Codes = Mapping[str, Collection[str]]


class Column:
    """A table of one column beside a number of lines, for every engine in its own form."""

    def __init__(self, place: str, entry: Mapping[str, Any], codes: Codes | None = None) -> None:
        self.place = place
        self.document: dict[str, Any] = {
            "$schema": SCHEMA_PROFILE,
            "fields": [{"name": "line", "type": "integer", "constraints": {"required": True}}, entry],
            "missingValues": [""],
            "primaryKey": ["line"],
        }
        self.codes = {name: sorted(values) for name, values in (codes or {}).items()}
        for name in self.codes:
            reference = {"resource": CODELIST_PREFIX + name, "fields": "code"}
            self.document["foreignKeys"] = [{"fields": entry["name"], "reference": reference}]
        self.schema: Schema = compile_schema("rows", self.document)

    @classmethod
    def shipped(cls, table: str, name: str, codes: Codes) -> Column:
        """Return a column of the shipped package, with its codes where it has a codelist."""
        document = shipped().read_json(shipped().resources[table].schema_path)
        entry = next(entry for entry in document["fields"] if entry["name"] == name)
        codelist = compile_schema(table, document)[name].codelist
        return cls(f"{table}.{name}", entry, {codelist: codes[codelist]} if codelist else None)

    @property
    def field(self) -> Field:
        return self.schema.fields[1]

    def bytes(self, cells: Cells) -> bytes:
        return write_table(self.schema, [(str(number), cell) for number, cell in enumerate(cells)])


def refused_by_strict_reader(column: Column, cells: Cells) -> set[int]:
    codes = {name: frozenset(values) for name, values in column.codes.items()}
    refused = set()
    for first in range(0, len(cells), MAX_CELLS):
        part = cells[first : first + MAX_CELLS]
        table = read_table(column.bytes(part), column.schema, "rows.csv", codes, in_order=False)
        assert all(error.column == column.field.name for error in table.errors), table.errors[:3]
        refused |= {first + error.line - 2 for error in table.errors}
    return refused


def refused_by_frictionless(column: Column, cells: Cells, folder: Path) -> set[int]:
    """Ask frictionless as the second opinion does: a whole package, its type given, its dialect fixed."""
    import frictionless

    own = {"type": "table", "format": "csv", "mediatype": "text/csv", "encoding": "utf-8", "dialect": DIALECT}
    resources: list[dict[str, Any]] = [{"name": "rows", "path": "rows.csv", "schema": column.document} | own]
    (folder / "rows.csv").write_bytes(column.bytes(cells))
    for name, codes in column.codes.items():
        schema = {"$schema": SCHEMA_PROFILE, "fields": [{"name": "code", "type": "string"}], "missingValues": [""]}
        (folder / "codes.csv").write_text("code\n" + "\n".join(codes) + "\n", "utf-8")
        resources.append({"name": CODELIST_PREFIX + name, "path": "codes.csv", "schema": schema} | own)
    descriptor = {"$schema": PROFILE, "name": "one-column", "resources": resources}
    (folder / "datapackage.json").write_text(json.dumps(descriptor), "utf-8")
    report = frictionless.validate(str(folder / "datapackage.json"), type="package", limit_errors=10 * MAX_CELLS**2)
    assert len(report.tasks) == len(resources), report.errors
    # Lines are counted from the header, which is the first.
    return {error.row_number - 2 for error in report.tasks[0].errors}


def refused_by_pandera(column: Column, cells: Cells, first: int = 0) -> set[int]:
    """Read the cells with the types of the column, then hold the frame against its contract.

    Where pandas stops at many cells, it is asked about each half.
    """
    # A code that its codelist lacks has to reach the contract; as a category it would not even be read.
    plain = replace(column.schema, fields=tuple(replace(field, reference=None) for field in column.schema.fields))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            frame = _parse(column.bytes(cells), plain, {})
    except (ValueError, TypeError, OverflowError, Warning):
        if len(cells) == 1:
            return {first}
        half = len(cells) // 2
        return refused_by_pandera(column, cells[:half], first) | refused_by_pandera(column, cells[half:], first + half)
    try:
        pandera_schema(column.schema, column.codes).validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as error:
        return {first + int(index) for index in error.failure_cases["index"]}
    return set()
