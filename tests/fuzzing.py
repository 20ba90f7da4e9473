"""Any bytes, wherever a contributor's bytes are read: what they must never bring about.

Every target takes bytes, so that hypothesis and a coverage-guided fuzzer drive the same ones:
`pip install atheris` and `python tests/fuzzing.py edited_table -max_total_time=60 -timeout=10 -rss_limit_mb=2048`.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import yaml  # noqa: F401  loaded before anybody watches

from curating import EVENT
from example import SCHEMAS, example_files, example_state, write_example
from iraq_coalition_data.cells import FORMULA_STARTS, MAX_ERRORS_PER_KIND, read_table, write_table
from iraq_coalition_data.curation.adding import plan
from iraq_coalition_data.curation.bundles import Bundle, BundleRefused, parse_bundles
from iraq_coalition_data.package import DESCRIPTOR, DataPackage, data_path, shipped
from iraq_coalition_data.reading import Row
from iraq_coalition_data.validation.exceptions import FILE as EXCEPTIONS
from iraq_coalition_data.validation.finding import ERROR
from iraq_coalition_data.validation.runner import recheck, validate_package
from iraq_coalition_data.validation.state import State

# What none of the readers has a reason to do: reach out, start something, run text or load a module.
_FORBIDDEN = ("socket.", "subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "urllib.",
              "http.", "ftplib.", "smtplib.", "ctypes.", "pickle.", "marshal.", "exec", "compile", "import",
              "os.remove", "os.rename", "os.mkdir", "os.symlink", "os.link", "shutil.", "tempfile.")  # fmt: skip
_watched: list[tuple[Path, ...]] = []
_caught: list[str] = []


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if not _watched:
        return
    if event in ("open", "os.listdir", "os.scandir"):
        path = arguments[0]
        if isinstance(path, (str, bytes, os.PathLike)):
            place = Path(os.path.realpath(os.fsdecode(path)))
            writes = event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
            if writes or not any(place.is_relative_to(folder) for folder in _watched[-1]):
                _caught.append(f"{event} {place}")
    elif event.startswith(_FORBIDDEN):
        _caught.append(f"{event} {arguments!r:.200}")


sys.addaudithook(_audit)


@contextmanager
def confined(*folders: Path) -> Iterator[None]:
    """Fail if anything but these folders is read, anything is written, run or loaded, or an address is opened."""
    _caught.clear()
    _watched.append(tuple(Path(os.path.realpath(folder)) for folder in folders))
    try:
        yield
    finally:
        _watched.pop()
    assert not _caught, _caught


# Targets


def table(data: bytes) -> None:
    """Bytes in place of a table."""
    _read(data, "events")


def edited_table(data: bytes) -> None:
    """A table in order, with bytes put in here and there."""
    name = shipped().table_names[int.from_bytes(data[:1], "big") % len(shipped().table_names)]
    _read(_edited(example_files()[data_path(name)], data[1:]), name)


def _read(data: bytes, name: str) -> None:
    schema, codes = SCHEMAS[name], _codes()
    with confined():
        read = read_table(data, schema, data_path(name), codes)
    kinds = {(error.code, error.column) for error in read.errors}
    assert len(read.errors) <= len(kinds) * MAX_ERRORS_PER_KIND
    n_lines = data.count(b"\n") + 1
    for error in read.errors:
        assert 1 <= error.line <= n_lines
        assert len(error.message) < 1_000
        assert error.column is None or error.column in schema.names
    if not read.errors:
        # What has no error is canonical to the last byte, and runs in no spreadsheet.
        assert write_table(schema, read.rows) == data
        assert not _formulas(name, [dict(zip(schema.names, row, strict=True)) for row in read.rows])


def bundle(data: bytes) -> None:
    """Bytes in place of a bundle."""
    errors: list[Any] = []
    text = data.decode("utf-8", "replace")
    with confined():
        found = parse_bundles(text, "b.yaml", errors)
    n_lines = len(text.splitlines()) + 2
    assert all(1 <= error.line <= n_lines for error in errors)
    for one in found:
        values = [one.table, one.handle, one.update, *one.record.values()]
        assert all(type(value) is str for value in values)
    if found and not errors:
        _planned(found)


def _planned(bundles: list[Bundle]) -> None:
    """Plan what was read; what would be written runs in no spreadsheet."""
    state = _state()
    with confined():
        try:
            tables = plan(state, bundles).tables
        except BundleRefused:
            return
        is_refused = any(finding.severity == ERROR for finding in recheck(state, tables))
    assert is_refused or not any(_formulas(name, tables[name]) for name in shipped().table_names)


def _formulas(name: str, rows: list[Row]) -> list[str]:
    """Return the texts of a table that a spreadsheet would run."""
    texts = [field.name for field in SCHEMAS[name].fields if field.type == "string"]
    return [row[text] for row in rows for text in texts if row[text].startswith((*FORMULA_STARTS, "\t", "\r"))]


def edited_bundle(data: bytes) -> None:
    """A bundle in order, with bytes put in here and there."""
    bundle(_edited(EVENT.encode("utf-8"), data))


def descriptor(data: bytes) -> None:
    """A descriptor in which some values are others."""
    _validated(DESCRIPTOR, _damaged(example_files()[DESCRIPTOR], data))


def schema(data: bytes) -> None:
    """A schema in which some values are others."""
    names = sorted(path for path in example_files() if path.startswith("schemas/"))
    path = names[int.from_bytes(data[:1], "big") % len(names)]
    _validated(path, _damaged(example_files()[path], data[1:]))


def exceptions(data: bytes) -> None:
    """Bytes in place of the list of exceptions, or one in order with bytes put in."""
    sound = b"code,record,reason,expires\nICD611,pub-example-force-a,The example has few publishers.,2999-12-31\n"
    _validated(EXCEPTIONS, _edited(sound, data[1:]) if data[:1] < b"\x80" else data[1:])


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target for target in (table, edited_table, bundle, edited_bundle, descriptor, schema, exceptions)
}


# Damage


@cache
def _state() -> State:
    return example_state()


@cache
def _codes() -> dict[str, frozenset[str]]:
    return {name: frozenset(codes) for name, codes in _state().codes.items()}


@cache
def _folder() -> Path:
    folder = write_example(Path(mkdtemp(prefix="icd-fuzzing-")))
    atexit.register(shutil.rmtree, folder)
    # What is loaded on first use is loaded before anybody watches.
    validate_package(DataPackage(folder))
    return folder


def _validated(path: str, data: bytes) -> None:
    """Validate the example package with another file in it."""
    target = _folder() / path
    target.write_bytes(data)
    try:
        with confined(_folder(), Path(str(shipped().root))):
            findings = validate_package(DataPackage(_folder()))
    finally:
        if path in example_files():
            target.write_bytes(example_files()[path])
        else:
            target.unlink()
    for finding in findings:
        assert finding.code.startswith("ICD")
        assert len(finding.message) < 2_000


def _edited(sound: bytes, data: bytes) -> bytes:
    """Return the sound bytes with some taken out and others put in: place, length and content come from `data`."""
    made = bytearray(sound)
    while len(data) > 4:
        place, cut, length = int.from_bytes(data[:2], "big"), data[2] % 16, data[3] % 16
        at = place % (len(made) + 1)
        made[at : at + cut] = data[4 : 4 + length]
        data = data[4 + length :]
    return bytes(made)


_OTHERS: tuple[Any, ...] = (
    None, True, 0, -1, 1e308, float("nan"), 10**30, "", "x", "https://example.org/x.json", "file:///etc/passwd",
    "/etc/passwd", "../../../etc/passwd", "~/x", "data/../../x.csv", "\0", "\u202e", "=1+1", "!!python/name:os.system",
    "data/actors.csv", "events", "string", "integer", "list", "(", "[a-z]+", [], {}, [[]], {"$ref": "#"}, ["string"],
    {"name": "x"}, [None] * 100, "x" * 10_000,
)  # fmt: skip


def _damaged(document: bytes, data: bytes) -> bytes:
    """Return a JSON document in which some members are replaced, removed, doubled or renamed."""
    parsed = json.loads(document)
    for i in range(0, len(data) - 3, 4):
        way, other = data[i] % 4, _OTHERS[data[i + 1] % len(_OTHERS)]
        members = list(_members(parsed))
        if not members:
            break
        holder, key = members[int.from_bytes(data[i + 2 : i + 4], "big") % len(members)]
        if way == 0:
            holder[key] = json.loads(json.dumps(other))
        elif way == 1:
            del holder[key]
        elif isinstance(holder, list):
            holder.insert(key, json.loads(json.dumps(holder[key])))
        else:
            holder[other if isinstance(other, str) else "x"] = holder[key]
    return json.dumps(parsed).encode("utf-8")


def _members(node: Any) -> Iterator[tuple[Any, Any]]:
    for key, value in list(enumerate(node)) if isinstance(node, list) else list(node.items()):
        yield node, key
        if isinstance(value, (list, dict)):
            yield from _members(value)


def main() -> None:
    import atheris

    target = TARGETS[sys.argv.pop(1)]
    target(b"")
    atheris.instrument_all()
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
