"""Canonical files: the descriptor's generated part, and writing all tables or none."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..cells import write_table
from ..package import CODELIST_PREFIX, DESCRIPTOR, DataPackage
from ..reading import Row
from ..schemas import Schema
from ..validation.files import DIALECT

PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
_LOCK = ".icd.lock"


class WriteError(OSError):
    """The tables could not be written; nothing was changed."""


def table_bytes(schema: Schema, rows: Sequence[Row]) -> bytes:
    """Return the canonical bytes of rows, sorted by primary key."""
    key = schema.primary_key
    names = schema.names
    ordered = sorted(rows, key=lambda row: tuple([row[part] for part in key]))
    return write_table(schema, [[row[name] for name in names] for row in ordered])


def describe(
    descriptor: Mapping[str, Any], files: Mapping[str, bytes], schemas: Mapping[str, Schema]
) -> dict[str, Any]:
    """Return the descriptor with its generated part made anew.

    Parameters
    ----------
    descriptor : mapping
        The present descriptor; what people wrote in it (title, version, licences, sources, the
        order and names of resources) is kept.
    files : mapping of str to bytes
        Content of every resource by path.
    schemas : mapping of str to Schema
        Compiled schemas by resource name.
    """
    resources = []
    for entry in descriptor["resources"]:
        name = entry["name"]
        data = files[entry["path"]]
        resources.append(
            {
                "name": name,
                "type": "table",
                # What version 1 of the standard called it; frictionless for R reads nothing without.
                "profile": "tabular-data-resource",
                "path": entry["path"],
                "title": _title(name, schemas[name]),
                "description": schemas[name].description,
                "format": "csv",
                "mediatype": "text/csv",
                "encoding": "utf-8",
                "dialect": DIALECT,
                "schema": entry["schema"],
                "bytes": len(data),
                "hash": "sha256:" + hashlib.sha256(data).hexdigest(),
                "rows": sum(1 for _ in csv.reader(io.StringIO(data.decode("utf-8"), newline=""))) - 1,
            }
        )
    return {**descriptor, "resources": resources}


def _title(name: str, schema: Schema) -> str:
    if name.startswith(CODELIST_PREFIX):
        return "Codelist " + name.removeprefix(CODELIST_PREFIX).replace("_", " ")
    return schema.title


def descriptor_bytes(descriptor: Mapping[str, Any]) -> bytes:
    """Return the canonical bytes of a descriptor."""
    return (json.dumps(descriptor, indent=2, ensure_ascii=False) + "\n").encode("utf-8")


def described(package: DataPackage, changed: Mapping[str, bytes], schemas: Mapping[str, Schema]) -> bytes:
    """Return the bytes of ``datapackage.json`` for a package with some files changed."""
    files = {r.path: changed[r.path] if r.path in changed else package.read(r.path) for r in package.resources.values()}
    return descriptor_bytes(describe(package.descriptor, files, schemas))


@contextmanager
def exclusive(root: Path) -> Iterator[None]:
    """Hold the lock of a checkout, so that two commands never write at once.

    Raises
    ------
    WriteError
        If another command holds it.
    """
    lock = root / _LOCK
    try:
        handle = os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    except FileExistsError:
        raise WriteError(f"another command is writing here; if none is, remove {lock.name}") from None
    try:
        yield
    finally:
        os.close(handle)
        lock.unlink(missing_ok=True)


def write_all(root: Path, files: Mapping[str, bytes]) -> list[str]:
    """Write all files or none.

    Returns
    -------
    list of str
        Paths whose content changed.

    Raises
    ------
    WriteError
        If writing failed; everything is as before.
    """
    changed = {p: data for p, data in files.items() if not (root / p).is_file() or (root / p).read_bytes() != data}
    replaced: list[Path] = []
    try:
        for path, data in changed.items():
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.exists():
                shutil.copy2(target, _beside(target, "old"))
            with _beside(target, "new").open("wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
        for path in changed:
            # Each file is whole at every moment: it changes in one step, and its copy waits beside it.
            replaced.append(root / path)
            os.replace(_beside(root / path, "new"), root / path)
    except BaseException as error:
        # An interruption counts as well; what is new has no copy, and goes.
        for target in replaced:
            if _beside(target, "old").exists():
                os.replace(_beside(target, "old"), target)
            else:
                target.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise WriteError(f"nothing was written: {error}") from error
        raise
    finally:
        for path in changed:
            for ending in ("new", "old"):
                _beside(root / path, ending).unlink(missing_ok=True)
    return sorted(changed)


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(f"{path.name}.icd-{ending}")


__all__ = [
    "DESCRIPTOR",
    "PROFILE",
    "WriteError",
    "describe",
    "described",
    "descriptor_bytes",
    "exclusive",
    "table_bytes",
    "write_all",
]
