"""Canonical form of every file, and everything that follows from other files made anew."""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..cells import STRAY_JOINER, is_invisible, read_table, write_table
from ..package import CODELIST_PREFIX, DESCRIPTOR, DataPackage, PackageError
from ..reading import Tables
from ..resolution.derive import derive
from ..resolution.grammar import compile_grammar
from ..schemas import Schema, load_schema
from ..validation.report import visible
from ..validation.runner import as_rows
from ..validation.state import State
from .differences import difference, render_text
from .files import describe, descriptor_bytes, exclusive, table_bytes, write_all
from .generated import generated_after


@dataclass(frozen=True, slots=True)
class Change:
    """What was mended in one file, part by part, or why it was left as it is."""

    path: str
    what: str
    is_left: bool = False
    details: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.path}: {'left as it is; ' if self.is_left else ''}{self.what}"


def format_package(package: DataPackage, *, check: bool = False) -> list[Change]:
    """Put every file of a checkout into canonical form.

    Encoding, line ends, quoting, spaces, Unicode form and the order of rows and columns are mended;
    values that follow from claims, the descriptor's generated part and generated files are made
    anew. Nothing that could change meaning is touched: what cannot be mended mechanically is left
    and named. Formatting twice changes nothing.

    Parameters
    ----------
    package : DataPackage
        A checkout.
    check : bool
        Say what would change, and write nothing.

    Returns
    -------
    list of Change
        Empty where every file is in canonical form.
    """
    root = Path(str(package.root))
    with exclusive(root):
        changes, files, schemas = _mend_all(package)
        whole = len(files) == len(package.resources)
        if whole:
            changes += _recompute(files, package, schemas)
            files[DESCRIPTOR] = descriptor_bytes(describe(package.descriptor, files, schemas))
            changes += _stale(package, {DESCRIPTOR: files[DESCRIPTOR]}, "the generated part is out of date")
        if not check:
            write_all(root, files)
        if whole:
            # Made from the files as they are now, so that a second run finds nothing to do.
            pages = generated_after(package, files)
            changes += _stale(package, pages, "a generated file is out of date")
            if not check:
                write_all(root, pages)
    return changes


def _stale(package: DataPackage, files: Mapping[str, bytes], what: str) -> list[Change]:
    found = []
    for path, data in files.items():
        try:
            same = package.read(path) == data
        except PackageError:
            same = False
        if not same:
            found.append(Change(path, what))
    return found


def _mend_all(package: DataPackage) -> tuple[list[Change], dict[str, bytes], dict[str, Schema]]:
    changes: list[Change] = []
    files: dict[str, bytes] = {}
    schemas: dict[str, Schema] = {}
    for name, resource in package.resources.items():
        schemas[name] = load_schema(package, name)
        data = package.read(resource.path)
        mended, problem = mend(data, schemas[name], in_order=not resource.is_codelist)
        if mended is None:
            changes.append(Change(resource.path, problem, is_left=True))
            continue
        files[resource.path] = mended
        if mended != data:
            details = tuple(_mended_parts(data, schemas[name], in_order=not resource.is_codelist))
            changes.append(Change(resource.path, "put into canonical form", details=details))
    return changes, files, schemas


def mend(data: bytes, schema: Schema, *, in_order: bool = True) -> tuple[bytes | None, str]:
    """Return the canonical form of a file, or None and what stands in the way.

    Parameters
    ----------
    data : bytes
        Content of the file.
    schema : Schema
        What the table must look like.
    in_order : bool
        Whether rows are sorted by primary key.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return None, f"byte {error.start + 1} is not UTF-8"
    lines = [line for line in re.split(r"\r\n|\r|\n", text) if line]
    try:
        rows = [next(csv.reader([line], strict=True)) for line in lines]
    except csv.Error:
        return None, "quotation marks do not pair up"
    if not rows:
        return None, "the file is empty"
    header = [mend_cell(cell) for cell in rows[0]]
    if sorted(header) != sorted(schema.names):
        return None, "the header does not match the schema"
    if any(len(row) != len(header) for row in rows):
        return None, "a line has more or fewer cells than the header"
    places = [header.index(name) for name in schema.names]
    cells = [tuple(mend_cell(row[place]) for place in places) for row in rows[1:]]
    if in_order:
        key = [schema.names.index(name) for name in schema.primary_key]
        cells.sort(key=lambda row: tuple(row[i] for i in key))
    return write_table(schema, cells), ""


def _mended_parts(data: bytes, schema: Schema, *, in_order: bool) -> Iterator[str]:
    """Say what was not canonical in a file that could be mended."""
    text = data.decode("utf-8-sig")
    if data.startswith(codecs.BOM_UTF8):
        yield "byte order mark removed"
    if "\r" in text or not text.endswith("\n") or "\n\n" in text:
        yield "line ends and blank lines"
    lines = [(number, line) for number, line in enumerate(re.split(r"\r\n|\r|\n", text), 1) if line]
    header, *rows = [next(csv.reader([line], strict=True)) for _, line in lines]
    names = [mend_cell(name) for name in header]
    for (number, _), row in zip(lines[1:], rows, strict=True):
        for name, cell in zip(names, row, strict=True):
            if cell != mend_cell(cell):
                yield f"line {number}, {name}: {visible(cell)!r} is now {mend_cell(cell)!r}"
    if names != list(schema.names):
        yield "columns put in order"
    keys = [[mend_cell(row[names.index(part)]) for part in schema.primary_key] for row in rows]
    if in_order and keys != sorted(keys):
        yield "rows sorted"
    canonical = io.StringIO(newline="")
    csv.writer(canonical, lineterminator="\n").writerows([header, *rows])
    if canonical.getvalue().removesuffix("\n").split("\n") != [line for _, line in lines]:
        yield "quotation marks only where they are needed"


def mend_cell(cell: str) -> str:
    """Return a cell without invisible characters and superfluous spaces, in normal form C.

    Examples
    --------
    >>> mend_cell(" Ain  al-Asad ")
    'Ain al-Asad'
    """
    if cell.isascii() and cell.isprintable() and "  " not in cell and cell == cell.strip():
        return cell
    # A line break or a tab parts words.
    parted = (" " if unicodedata.category(c) in ("Zs", "Zl", "Zp", "Cc") else c for c in cell)
    spaced = STRAY_JOINER.sub("", "".join(c for c in parted if not is_invisible(c)))
    return unicodedata.normalize("NFC", re.sub(" +", " ", spaced).strip())


def _recompute(files: dict[str, bytes], package: DataPackage, schemas: Mapping[str, Schema]) -> list[Change]:
    """Replace tables by what follows from the claims, where every table is in order."""
    codes: dict[str, frozenset[str]] = {}
    tables: Tables = {}
    for name in sorted(package.resources, key=lambda n: not n.startswith(CODELIST_PREFIX)):
        path = package.resources[name].path
        is_codelist = name.startswith(CODELIST_PREFIX)
        table = read_table(files[path], schemas[name], path, codes, in_order=not is_codelist)
        if is_codelist:
            codes[name.removeprefix(CODELIST_PREFIX)] = frozenset(row[0] for row in table.rows)
        if any(error.code not in ("ICD201", "ICD202", "ICD007") for error in table.errors) or not table.usable:
            return [Change(path, f"{table.errors[0].message} Computed values were not renewed.", is_left=True)]
        tables[name] = as_rows(table)
    missing = State(package.descriptor, schemas, tables).missing
    if missing:
        # What follows from a row that is not there is unknown; it must not be taken for nothing.
        target, identifier = next(iter(missing))
        reason = f"rows refer to {identifier!r}, which is not here. Computed values were not renewed."
        return [Change(package.resources[target].path, reason, is_left=True)]
    data_schemas = {name: schemas[name] for name in package.table_names}
    try:
        derived = derive(tables, data_schemas, compile_grammar(data_schemas))
    except (KeyError, ValueError) as error:
        return [
            Change(
                "data/claims.csv", f"a claim cannot be read ({error}). Computed values were not renewed.", is_left=True
            )
        ]
    changes = []
    for name, schema in data_schemas.items():
        path = package.resources[name].path
        lost = _keys(tables[name], schema) - _keys(derived[name], schema)
        if lost and len(schema.primary_key) == 1:
            changes.append(Change(path, f"no claim supports {', '.join(sorted(lost)[:3])}", is_left=True))
            continue
        data = table_bytes(schema, derived[name])
        if data != files[path]:
            files[path] = data
            found = difference({name: tables[name]}, {name: derived[name]}, {name: schema})
            details = tuple(render_text(found).splitlines())
            changes.append(Change(path, "values that follow from claims renewed", details=details))
    return changes


def _keys(rows: list[dict[str, str]], schema: Schema) -> set[str]:
    return {" ".join(row[part] for part in schema.primary_key) for row in rows}
