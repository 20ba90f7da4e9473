"""Checks of the folder and its descriptor, before any table is read.

Nothing outside the folder is opened: every file goes through `DataPackage.read`, and the tree is
walked without following links.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..package import CODELIST_PREFIX, DESCRIPTOR, DataPackage, PackageError, data_path, shipped
from ..schemas import Field, Schema, SchemaError, load_schema, shipped_schema
from .finding import ERROR, Finding
from .state import did_you_mean, nearest

DIALECT = {
    "delimiter": ",",
    "lineTerminator": "\n",
    "quoteChar": '"',
    "doubleQuote": True,
    "skipInitialSpace": False,
    "header": True,
}
_FIXED = {
    "type": "table",
    "profile": "tabular-data-resource",
    "format": "csv",
    "mediatype": "text/csv",
    "encoding": "utf-8",
    "dialect": DIALECT,
}
_ENTRY_KEYS = {*_FIXED, "name", "path", "title", "description", "schema", "bytes", "hash", "rows"}
_FOLDERS = ("data", "schemas")
_SUBFOLDERS = ("data/codelists",)
_NAMES_MODULE = "src/iraq_coalition_data/_names.py"


def check_files(package: DataPackage) -> list[Finding]:
    """Check the descriptor, the files of a folder, and that its schemas fit this code.

    Parameters
    ----------
    package : DataPackage
        The folder; nothing outside it is opened.

    Returns
    -------
    list of Finding
        Findings of the rules ICD101, ICD801, ICD802 and ICD806. Those that name a table mean that
        its rows cannot be judged further.
    """
    try:
        descriptor = package.descriptor
    except PackageError as error:
        message = str(error).removeprefix(f"{DESCRIPTOR}: ")
        return [_descriptor_finding(f"The descriptor {message}.", "a JSON document with a list of resources")]
    findings = list(_check_descriptor(descriptor))
    entries, unsound = _entries(descriptor["resources"])
    findings += unsound
    if not unsound:
        missing = [name for name in shipped().resources if name not in entries]
        findings += [
            _descriptor_finding(f"The table {name!r} is not listed.", "every table of this data set", table=name)
            for name in missing
        ]
    refused = list(_check_tree(package.root, _declared(entries), closed=not unsound))
    findings += refused
    findings += _check_bytes(package, entries, {finding.file for finding in refused})
    if not unsound:
        findings += _check_schemas(package)
        findings += _check_names(package, entries)
    return findings


def _descriptor_finding(
    message: str,
    expected: str | None = None,
    *,
    table: str | None = None,
    record: str | None = None,
    suggestion: str | None = None,
    fixable: bool = False,
) -> Finding:
    return Finding(
        "ICD801",
        ERROR,
        message,
        file=DESCRIPTOR,
        table=table,
        record=record,
        expected=expected,
        suggestion=suggestion,
        fixable=fixable,
    )


def _check_descriptor(descriptor: Mapping[str, Any]) -> Iterator[Finding]:
    forms = (
        ("name", r"[a-z0-9-]+", "a name such as iraq-coalition-data"),
        ("version", r"[0-9]+\.[0-9]+\.[0-9]+", "a version such as 0.1.0"),
        ("created", r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z", "the day of the release, such as 2024-08-15T00:00:00Z"),
    )
    for key, form, expected in forms:
        value = descriptor.get(key)
        if not isinstance(value, str) or not re.fullmatch(form, value):
            yield _descriptor_finding(f"{key} is {_shown(value)}.", expected)
    licences = descriptor.get("licenses")
    if (
        not isinstance(licences, list)
        or not licences
        or not all(isinstance(x, dict) and x.get("name") for x in licences)
    ):
        yield _descriptor_finding("The licences are missing or unnamed.", 'a list "licenses" with the name of each')


def _shown(value: object) -> str:
    return "missing" if value is None else f"{value!r:.200}"


def _entries(resources: list[Any]) -> tuple[dict[str, dict[str, Any]], list[Finding]]:
    """Return the sound entries by name, and one finding per unsound one."""
    entries: dict[str, dict[str, Any]] = {}
    findings = []
    for position, entry in enumerate(resources, 1):
        problem = _entry_problem(entry)
        if problem is None and entry["name"] in entries:
            problem = f"{entry['name']!r} is listed twice.", "one entry per table"
        if problem is None:
            entries[entry["name"]] = entry
        else:
            message, expected = problem
            findings.append(_descriptor_finding(f"Resource {position}: {message}", expected, suggestion=_hint(entry)))
    return entries, findings


def _hint(entry: Any) -> str | None:
    """Return a suggestion where an entry has a name that no table has."""
    name = entry.get("name") if isinstance(entry, dict) else None
    if not isinstance(name, str) or name in shipped().resources:
        return None
    return did_you_mean(name, shipped().resources)


def _entry_problem(entry: Any) -> tuple[str, str] | None:
    if not isinstance(entry, dict):
        return f"{_shown(entry)} is no description of a table.", "an object"
    name = entry.get("name")
    if not isinstance(name, str) or not re.fullmatch(r"[a-z][a-z0-9_]{0,99}", name):
        return f"the name is {_shown(name)}.", "lower-case letters, digits and underscores"
    schemas = [f"schemas/{name}.schema.json"]
    if name.startswith(CODELIST_PREFIX):
        schemas.append("schemas/codelist.schema.json")
    if entry.get("path") != data_path(name):
        return f"{name!r} has the path {_shown(entry.get('path'))}.", f"{data_path(name)!r}; nothing else is opened"
    if entry.get("schema") not in schemas:
        return f"{name!r} has the schema {_shown(entry.get('schema'))}.", f"{schemas[0]!r}; nothing else is opened"
    for key, value in _FIXED.items():
        if entry.get(key) != value:
            return f"{key} of {name!r} is {_shown(entry.get(key))}.", f"{value!r}"
    unknown = sorted(map(str, entry.keys() - _ENTRY_KEYS))
    if unknown:
        return f"{name!r} has the key {unknown[0][:80]!r}.", "only " + ", ".join(sorted(_ENTRY_KEYS))
    return None


def _declared(entries: Mapping[str, Mapping[str, Any]]) -> dict[str, str | None]:
    """Return the paths of all declared files with their table; a shared schema belongs to none."""
    declared: dict[str, str | None] = {}
    for name, entry in entries.items():
        declared[entry["path"]] = name
        declared[entry["schema"]] = None if entry["schema"] in declared else name
    return declared


def _check_tree(root: Any, declared: Mapping[str, str | None], *, closed: bool) -> Iterator[Finding]:
    """Look for links, strays and gaps; `closed` means that `declared` is known to be complete."""
    if not isinstance(root, Path):
        return
    present: set[str] = set()
    strays: list[str] = []
    shut: list[str] = []
    queue = list(_FOLDERS)
    while queue:
        folder = queue.pop(0)
        try:
            is_folder = stat.S_ISDIR(os.lstat(root / folder).st_mode)
            names = sorted(os.listdir(root / folder)) if is_folder else []
        except OSError as error:
            shut.append(folder + "/")
            yield _file_finding(folder, f"The folder cannot be read ({error.strerror}).", "a folder")
            continue
        if not is_folder:
            shut.append(folder + "/")
            yield _file_finding(folder, "It is a link or a file; only a folder is walked.", "a folder")
            continue
        for name in names:
            path = f"{folder}/{name}"
            mode = os.lstat(root / path).st_mode
            present.add(path)
            if path in _SUBFOLDERS and not stat.S_ISLNK(mode):
                queue.append(path)
            elif stat.S_ISLNK(mode):
                shut.append(path + "/")
                yield _file_finding(
                    path, "It is a link; only regular files are read.", "a regular file", declared.get(path)
                )
            elif path in declared and not stat.S_ISREG(mode):
                yield _file_finding(path, "It is no regular file.", "a regular file", declared[path])
            elif path not in declared and closed:
                strays.append(path)
    missing = [path for path in declared if path not in present and not path.startswith(tuple(shut))]
    # A missing file and a stray one of nearly its name are one defect.
    renamed = {near: path for path in strays if (near := _nearest_file(path, missing))}
    for path in missing:
        hint = f"Rename {renamed[path]!r}." if path in renamed else None
        yield _file_finding(path, "The file is missing.", f"the file that {DESCRIPTOR} lists", declared[path], hint)
    for path in strays:
        if path not in renamed.values():
            yield _file_finding(path, "The descriptor does not list it.", f"only files that {DESCRIPTOR} lists")


def _nearest_file(path: str, missing: Iterable[str]) -> str | None:
    """Return the missing file of the same folder whose name is nearest."""
    folder, _, name = path.rpartition("/")
    names = {other.rpartition("/")[2]: other for other in missing if other.rpartition("/")[0] == folder}
    return names.get(nearest(name, names) or "")


def _file_finding(
    path: str, message: str, expected: str, table: str | None = None, suggestion: str | None = None
) -> Finding:
    return Finding("ICD101", ERROR, message, file=path, table=table, expected=expected, suggestion=suggestion)


def _check_bytes(
    package: DataPackage, entries: Mapping[str, Mapping[str, Any]], refused: set[str | None]
) -> Iterator[Finding]:
    for name, entry in entries.items():
        path = entry["path"]
        try:
            data = package.read(path)
        except PackageError as error:
            if path not in refused and not isinstance(package.root, Path):
                yield _file_finding(path, f"{error}.", "the file that the descriptor lists", name)
            continue
        facts = {
            "hash": "sha256:" + hashlib.sha256(data).hexdigest(),
            "bytes": len(data),
            "rows": max(data.count(b"\n") - 1, 0),
        }
        wrong = [key for key, value in facts.items() if entry.get(key) != value or isinstance(entry.get(key), bool)]
        if wrong:
            yield _descriptor_finding(
                f"{path} has changed since it was described; its entry differs in {' and '.join(wrong)}.",
                "the hash, bytes and rows of the file as it is",
                record=name,
                suggestion="Run: icd fmt",
                fixable=True,
            )


def _check_schemas(package: DataPackage) -> Iterator[Finding]:
    """Compare the schemas with the shipped ones; their form is judged when they are read."""
    own = shipped()
    is_own = package.root == own.root
    for name, resource in package.resources.items():
        try:
            schema = load_schema(package, name)
        except (SchemaError, PackageError):
            continue
        targets = {f.name: f.reference[0] for f in schema.fields if f.reference}
        strange = {column: target for column, target in targets.items() if target not in package.resources}
        for column, target in strange.items():
            yield _schema_finding(
                "ICD103",
                resource.schema_path,
                name,
                f"{column} refers to the table {target!r}.",
                "a listed table",
                did_you_mean(target, package.resources),
            )
        if is_own or strange:
            continue
        if name not in own.resources:
            yield _schema_finding(
                "ICD806",
                resource.schema_path,
                name,
                f"The table {name!r} is unknown to this version.",
                "a table of this data set",
            )
            continue
        problem = _difference(schema, shipped_schema(name))
        if problem is not None:
            yield _schema_finding(
                "ICD806", resource.schema_path, name, problem, f"what version {own.version} of the code relies on"
            )


def _schema_finding(
    code: str, path: str, table: str, message: str, expected: str, suggestion: str | None = None
) -> Finding:
    return Finding(code, ERROR, message, file=path, table=table, expected=expected, suggestion=suggestion)


def _difference(schema: Schema, known: Schema) -> str | None:
    """Return in words the first difference that code would stumble over."""
    missing = [name for name in known.names if name not in schema.names]
    extra = [name for name in schema.names if name not in known.names]
    if missing:
        return f"The column {missing[0]!r} is missing."
    if extra:
        return f"The column {extra[0]!r} is unknown to this version."
    if schema.names != known.names:
        return "The columns stand in another order."
    if schema.primary_key != known.primary_key:
        return f"The primary key is {', '.join(schema.primary_key)}, not {', '.join(known.primary_key)}."
    for field, expected in zip(schema.fields, known.fields, strict=True):
        for what, value, wanted in zip(_RELIED_ON, _relied_on(field), _relied_on(expected), strict=True):
            if value != wanted:
                return f"{field.name}: {what} is {value!r}, not {wanted!r}."
    return None


_RELIED_ON = ("type", "required", "icd:kind", "icd:claimable", "icd:path", "the reference")


def _relied_on(field: Field) -> tuple[object, ...]:
    return field.type, field.required, field.kind, field.claimable, field.claim_path, field.reference


def _check_names(package: DataPackage, entries: Mapping[str, Any]) -> Iterator[Finding]:
    """Compare the table names that type checkers know with the descriptor, where the folder has both."""
    if not isinstance(package.root, Path) or not (package.root / _NAMES_MODULE).exists():
        return
    try:
        text = package.read(_NAMES_MODULE).decode("utf-8")
    except (PackageError, UnicodeDecodeError):
        text = ""
    if re.findall(r'^ {4}"(\w+)",$', text, re.M) != list(entries):
        yield Finding(
            "ICD802",
            ERROR,
            "The table names in the module are not those of the descriptor.",
            file=_NAMES_MODULE,
            expected=f"the tables of {DESCRIPTOR}, in its order",
            suggestion="Run: icd fmt",
            fixable=True,
        )
