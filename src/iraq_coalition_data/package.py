"""Where the Data Package lies, and what its descriptor says.

The root of the repository is the Data Package; an installed wheel carries the same files, in the
same relative layout, under ``_package``.
"""

from __future__ import annotations

import json
import os
import stat
from collections import Counter
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

DESCRIPTOR = "datapackage.json"
CODELIST_PREFIX = "codelist_"
MAX_FILE_BYTES = 1 << 30


class PackageError(Exception):
    """The Data Package, or a file of it, cannot be read safely."""


class MissingExtraError(ImportError):
    """An optional dependency is not installed."""


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a name that stands twice: some programs would take the first value, others the last."""
    members = dict(pairs)
    if len(members) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"{twice[:80]!r} stands twice in one object")
    return members


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number")


@dataclass(frozen=True, slots=True)
class Resource:
    """One table of the Data Package as its descriptor describes it."""

    name: str
    path: str
    schema_path: str
    bytes: int | None
    sha256: str | None
    rows: int | None

    @property
    def is_codelist(self) -> bool:
        """True for a controlled vocabulary, False for a data table."""
        return self.name.startswith(CODELIST_PREFIX)


def data_path(name: str) -> str:
    """Return the only path at which the table `name` may lie."""
    if name.startswith(CODELIST_PREFIX):
        return f"data/codelists/{name.removeprefix(CODELIST_PREFIX)}.csv"
    return f"data/{name}.csv"


class DataPackage:
    """A folder that holds ``datapackage.json``, ``data/`` and ``schemas/``.

    Nothing outside the folder is ever opened, whatever the descriptor says: paths are fixed by the
    name of the table, links are not followed, and an address is refused.
    """

    def __init__(self, root: Path | Traversable) -> None:
        self.root = root

    def read(self, path: str) -> bytes:
        """Return the bytes of one file of the package.

        Raises
        ------
        PackageError
            If the file is missing, is not a regular file inside the package, or is over 1 GiB.
        """
        target = self.root.joinpath(*path.split("/"))
        if isinstance(self.root, Path):
            self._refuse_unsafe(path)
        try:
            return target.read_bytes()
        except OSError as error:
            raise PackageError(f"{path}: cannot be read ({error.strerror or error})") from None

    def _refuse_unsafe(self, path: str) -> None:
        step = Path(self.root)  # type: ignore[arg-type]
        for part in path.split("/"):
            if part in ("", ".", ".."):
                raise PackageError(f"{path}: is not a path inside the package")
            step = step / part
            try:
                mode = os.lstat(step).st_mode
            except (OSError, ValueError):
                raise PackageError(f"{path}: the file does not exist") from None
            if stat.S_ISLNK(mode):
                raise PackageError(f"{path}: is a link; only regular files are read")
        if not stat.S_ISREG(mode):
            raise PackageError(f"{path}: is not a regular file")
        if os.lstat(step).st_size > MAX_FILE_BYTES:
            raise PackageError(f"{path}: is larger than 1 GiB")

    def read_json(self, path: str) -> Any:
        """Return the parsed JSON document at `path`.

        Raises
        ------
        PackageError
            If the file cannot be read, is not JSON, or has a name twice in one object.
        """
        try:
            text = self.read(path).decode("utf-8")
            return json.loads(text, object_pairs_hook=_members, parse_constant=_no_number)
        except (ValueError, RecursionError) as error:
            raise PackageError(f"{path}: is not a JSON document ({error})") from None

    @cached_property
    def descriptor(self) -> dict[str, Any]:
        """The parsed ``datapackage.json``."""
        descriptor = self.read_json(DESCRIPTOR)
        if not isinstance(descriptor, dict) or not isinstance(descriptor.get("resources"), list):
            raise PackageError(f"{DESCRIPTOR}: is not a Data Package descriptor")
        return descriptor

    @property
    def version(self) -> str:
        """Version of data and code alike."""
        return str(self.descriptor.get("version", ""))

    @cached_property
    def resources(self) -> dict[str, Resource]:
        """The resources of the descriptor by name; entries with any other path are refused.

        Raises
        ------
        PackageError
            If an entry names an address, another place than the fixed one, or a second schema form.
        """
        found: dict[str, Resource] = {}
        for entry in self.descriptor["resources"]:
            name = entry.get("name") if isinstance(entry, dict) else None
            if not isinstance(name, str):
                raise PackageError(f"{DESCRIPTOR}: a resource has no name")
            path, schema = entry.get("path"), entry.get("schema")
            if path != data_path(name):
                raise PackageError(
                    f"{DESCRIPTOR}: resource {name!r} points to {str(path)[:200]!r}; "
                    f"expected {data_path(name)!r}. Nothing else is opened."
                )
            own = f"schemas/{name}.schema.json"
            shared = "schemas/codelist.schema.json"
            if schema != own and not (schema == shared and name.startswith(CODELIST_PREFIX)):
                raise PackageError(
                    f"{DESCRIPTOR}: resource {name!r} has the schema {str(schema)[:200]!r}; "
                    f"expected {own!r}. Nothing else is opened."
                )
            if name in found:
                raise PackageError(f"{DESCRIPTOR}: resource {name!r} is listed twice")
            digest = entry.get("hash")
            found[name] = Resource(
                name=name,
                path=path,
                schema_path=schema,
                bytes=entry.get("bytes"),
                sha256=digest.removeprefix("sha256:") if isinstance(digest, str) else None,
                rows=entry.get("rows"),
            )
        return found

    @property
    def table_names(self) -> tuple[str, ...]:
        """Names of the data tables, in the order of the descriptor."""
        return tuple(name for name, entry in self.resources.items() if not entry.is_codelist)

    @property
    def codelist_names(self) -> tuple[str, ...]:
        """Names of the codelists without their prefix, in the order of the descriptor."""
        return tuple(name.removeprefix(CODELIST_PREFIX) for name, entry in self.resources.items() if entry.is_codelist)


@cache
def shipped() -> DataPackage:
    """Return the Data Package that belongs to this code.

    The checkout wins over a packaged copy, because an editable install leaves a stale copy behind.

    Raises
    ------
    PackageError
        If neither is there.
    """
    here = Path(__file__).resolve()
    if here.parents[1].name == "src" and (here.parents[2] / DESCRIPTOR).is_file():
        return DataPackage(here.parents[2])
    packaged = files(__package__).joinpath("_package")
    if packaged.joinpath(DESCRIPTOR).is_file():
        return DataPackage(packaged)
    raise PackageError("the data that belong to this package were not found; install it again")


def checkout(folder: str | Path | None = None) -> DataPackage:
    """Return the Data Package of a folder, by default the nearest one above the working directory.

    Raises
    ------
    PackageError
        If there is no ``datapackage.json``.
    """
    if folder is not None:
        root = Path(folder)
        if not (root / DESCRIPTOR).is_file():
            raise PackageError(f"{root}: holds no {DESCRIPTOR}")
        return DataPackage(root.resolve())
    start = Path.cwd()
    for candidate in (start, *start.parents):
        if (candidate / DESCRIPTOR).is_file() and (candidate / "schemas").is_dir():
            return DataPackage(candidate)
    raise PackageError(f"no {DESCRIPTOR} here or above; run this inside a checkout")
