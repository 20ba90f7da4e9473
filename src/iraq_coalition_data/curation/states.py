"""States of the data to compare: a folder, an installed copy, a commit, or a zip archive such as a wheel.

What an archive or a commit holds was written by strangers. Nothing is unpacked: the few files that
count are read into memory, up to a fixed size, and nothing else is opened.
"""

from __future__ import annotations

import csv
import io
import subprocess
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from ..package import DESCRIPTOR, DataPackage, PackageError, checkout, shipped
from ..reading import Row, Tables
from ..schemas import Schema, load_schema

INSTALLED, CLAIMS, RETIRED = "installed", "claims", "retired_ids"
MAX_ARCHIVE_BYTES = 32_000_000
MAX_CONTENT_BYTES = 256_000_000
MAX_FILES = 10_000
# Where a wheel, or a folder of installed packages, keeps the data.
_PACKAGED = "iraq_coalition_data/_package"


class StateError(PackageError):
    """A state cannot be found or read."""


class _Held(DataPackage):
    """A package whose files are in memory."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        super().__init__(Path())
        self._files = files

    def read(self, path: str) -> bytes:
        try:
            return self._files[path]
        except KeyError:
            raise PackageError(f"{path}: the file does not exist") from None


@dataclass(frozen=True)
class DataState:
    """One state of the data.

    Attributes
    ----------
    name : str
        What was asked for: a reference, a path, or ``installed``.
    package : DataPackage
        Its files.
    """

    name: str
    package: DataPackage

    @property
    def version(self) -> str:
        """The version that its descriptor states."""
        return self.package.version

    @cached_property
    def schemas(self) -> dict[str, Schema]:
        """Compiled schemas of all tables and codelists."""
        return {name: load_schema(self.package, name) for name in self.package.resources}

    @cached_property
    def tables(self) -> Tables:
        """Rows of all tables and codelists; they need not be valid, but keys must tell rows apart.

        Raises
        ------
        StateError
            If a file is no table of its schema, or a key stands twice.
        """
        return {name: self._rows(name, schema) for name, schema in self.schemas.items()}

    @property
    def data_tables(self) -> list[str]:
        """Names of the tables that are no codelists."""
        return list(self.package.table_names)

    @cached_property
    def by_id(self) -> dict[str, dict[str, Row]]:
        """Rows by identifier or code, for every table with a key of one column."""
        keys = {name: schema.primary_key[0] for name, schema in self.schemas.items() if len(schema.primary_key) == 1}
        return {name: {row[key]: row for row in self.tables[name]} for name, key in keys.items()}

    @cached_property
    def table_of(self) -> dict[str, str]:
        """Table of every identifier that stands for a record; retired ones do not."""
        tables = [name for name in self.data_tables if name in self.by_id and name != RETIRED]
        return {identifier: name for name in tables for identifier in self.by_id[name]}

    def title(self, table: str, identifier: str) -> str:
        """Return the words under which people know a record or code, or the empty string."""
        row = self.by_id.get(table, {}).get(identifier, {})
        return next((row[column] for column in ("name", "title", "label") if row.get(column)), "")

    def home(self, table: str, key: tuple[str, ...]) -> tuple[str, str]:
        """Return table and identifier of the record to which a row belongs: its own, or that of its parent."""
        if table == CLAIMS:
            record = self.by_id[table][key[0]]["record_id"]
            return self.table_of.get(record, table), record
        first = self.schemas[table][self.schemas[table].primary_key[0]]
        if len(key) > 1 and first.reference and not first.codelist:
            return first.reference[0], key[0]
        return table, " ".join(key)

    def __str__(self) -> str:
        return f"{self.name} ({self.version})" if self.version not in ("", self.name) else self.name

    def _rows(self, name: str, schema: Schema) -> list[Row]:
        path = self.package.resources[name].path
        try:
            lines = list(csv.reader(io.StringIO(self.package.read(path).decode("utf-8"), newline=""), strict=True))
        except (UnicodeDecodeError, csv.Error) as error:
            raise StateError(f"{self.name}: {path} is not a CSV file in UTF-8 ({error})") from None
        if not lines or sorted(lines[0]) != sorted(schema.names):
            raise StateError(f"{self.name}: the header of {path} is not that of its schema; run icd validate there")
        rows: dict[tuple[str, ...], Row] = {}
        for number, line in enumerate(lines[1:], 2):
            if len(line) != len(lines[0]):
                raise StateError(f"{self.name}: {path}:{number} has {len(line)} cells; expected {len(lines[0])}")
            row = dict(zip(lines[0], line, strict=True))
            key = tuple(row[part] for part in schema.primary_key)
            if key in rows:
                raise StateError(
                    f"{self.name}: {path}:{number} repeats the key {' '.join(key)}; run icd validate there"
                )
            rows[key] = row
        return list(rows.values())


def open_state(name: str) -> DataState:
    """Return a state of the data.

    Parameters
    ----------
    name : str
        A folder that holds ``datapackage.json`` or an installed ``iraq_coalition_data``, a zip archive
        or wheel, ``installed`` for the data that belong to this code, or else a branch, tag or commit
        of the checkout in which the command runs.

    Raises
    ------
    StateError
        If there is no such state, or it is too large or damaged.

    Examples
    --------
    >>> open_state("installed").data_tables[0]
    'events'
    """
    if name == INSTALLED:
        return DataState(name, shipped())
    path = Path(name)
    if name and path.is_dir():
        return DataState("this folder" if name == "." else name, _folder(path))
    if path.is_file():
        return DataState(name, _Held(_archive_files(path)))
    return DataState(name, _Held(_commit_files(name)))


def _folder(path: Path) -> DataPackage:
    for root in (path, path / _PACKAGED, path / PurePosixPath(_PACKAGED).name):
        if (root / DESCRIPTOR).is_file():
            return DataPackage(root.resolve())
    raise StateError(f"{path}: holds no {DESCRIPTOR}")


def _belongs(path: str) -> bool:
    """Return whether a file within a package is one that is ever read."""
    return path == DESCRIPTOR or path.startswith(("data/", "schemas/"))


def _archive_files(path: Path) -> dict[str, bytes]:
    if path.stat().st_size > MAX_ARCHIVE_BYTES:
        raise StateError(f"{path}: is larger than {MAX_ARCHIVE_BYTES:,} bytes")
    try:
        with ZipFile(path) as archive:
            members = _members(path, archive)
            return {name: archive.read(member) for name, member in members.items()}
    except (BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise StateError(f"{path}: is not a zip archive that can be read ({error})") from None


def _members(path: Path, archive: ZipFile) -> dict[str, ZipInfo]:
    """Return the entries that count, by their path within the package, once none of them can do harm."""
    entries = archive.infolist()
    if len(entries) > MAX_FILES:
        raise StateError(f"{path}: holds more than {MAX_FILES:,} files")
    descriptors = [entry.filename for entry in entries if PurePosixPath(entry.filename).name == DESCRIPTOR]
    if not descriptors:
        raise StateError(f"{path}: holds no {DESCRIPTOR}")
    # A release archive has one folder around everything; a wheel keeps the package within the code.
    prefix = min(descriptors, key=lambda name: name.count("/")).removesuffix(DESCRIPTOR)
    members: dict[str, ZipInfo] = {}
    for entry in entries:
        name = entry.filename.removeprefix(prefix)
        if not entry.filename.startswith(prefix) or not _belongs(name):
            continue
        if name in members:
            raise StateError(f"{path}: holds {entry.filename} twice")
        # Other methods can unpack without bound; the length of these two is cut at what the entry states.
        if entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            raise StateError(f"{path}: {entry.filename} is packed by a method that is not read")
        members[name] = entry
    if sum(member.file_size for member in members.values()) > MAX_CONTENT_BYTES:
        raise StateError(f"{path}: unpacks to more than {MAX_CONTENT_BYTES:,} bytes")
    return members


def _commit_files(ref: str) -> dict[str, bytes]:
    """Return the files of a commit as they are stored: no filter, attribute or link changes them."""
    try:
        root = Path(str(checkout().root))
    except PackageError:
        raise StateError(
            f"{ref!r} is no folder and no archive, and there is no checkout here to look it up in"
        ) from None
    if ref.startswith("-") or not (
        commit := git(root, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}").strip()
    ):
        raise StateError(f"{ref!r} is no folder, no archive, and no branch, tag or commit of {root}")
    listing = git(root, "ls-tree", "-rlz", commit.decode(), "--", DESCRIPTOR, "data", "schemas")
    blobs: dict[str, bytes] = {}
    total = 0
    for entry in listing.split(b"\0")[:-1]:
        head, _, path = entry.partition(b"\t")
        mode, _, blob, length = head.split()
        if mode.startswith(b"100"):
            blobs[path.decode("utf-8", "replace")] = blob
            total += int(length)
    if total > MAX_CONTENT_BYTES or len(blobs) > MAX_FILES:
        raise StateError(f"{ref}: holds more than {MAX_CONTENT_BYTES:,} bytes or {MAX_FILES:,} files of data")
    contents = io.BytesIO(git(root, "cat-file", "--batch", given=b"\n".join([*blobs.values(), b""])))
    files: dict[str, bytes] = {}
    for name in blobs:
        length = contents.readline().split()[2]
        files[name] = contents.read(int(length))
        contents.read(1)
    return files


def git(root: Path, *arguments: str, given: bytes = b"") -> bytes:
    """Return what git prints in a folder; nothing where it fails."""
    done = subprocess.run(["git", "-C", str(root), *arguments], input=given, capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else b""
