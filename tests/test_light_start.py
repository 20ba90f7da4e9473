"""Starting is cheap: nothing heavy loads before a call needs it, and nothing ever asks the network."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import iraq_coalition_data
from iraq_coalition_data.package import DataPackage, shipped

HEAVY = ("frictionless", "numpy", "pandas", "pandera", "polars", "pyarrow", "rich", "shtab", "yaml")
NETWORK = ("ftplib", "http.client", "requests", "socket", "ssl", "urllib.request")
SOURCE = Path(iraq_coalition_data.__file__).parents[1]

# Any attempt to resolve a name or to open a connection raises, wherever it comes from.
NO_NETWORK = """
import sys
def refuse(event, _):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "urllib.Request"):
        raise AssertionError(event)
sys.addaudithook(refuse)
"""


def run(code: str, folder: Path) -> str:
    """Run `code` in an interpreter of its own, in `folder`, and return what it prints."""
    environment = os.environ | {"PYTHONPATH": str(SOURCE)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def modules_after(code: str, folder: Path) -> set[str]:
    lines = run(f"{code}\nimport sys; print(); print(*sorted(sys.modules))", folder).splitlines()
    return set(lines[-1].split())


def command(*arguments: str) -> str:
    return f"""
from iraq_coalition_data.cli import CANNOT_RUN, main
try:
    assert main({list(arguments)!r}) != CANNOT_RUN
except SystemExit as stop:
    assert not stop.code, stop.code
"""


@pytest.mark.parametrize(
    "code",
    [
        "import iraq_coalition_data; dir(iraq_coalition_data)",
        "import iraq_coalition_data; iraq_coalition_data.version()",
        "from iraq_coalition_data import *",
        command("--help"),
        command("--version"),
        command("add", "--help"),
    ],
)
def test_importing_and_asking_for_help_load_nothing_heavy(code: str, tmp_path: Path) -> None:
    loaded = modules_after(code, tmp_path)
    assert loaded.isdisjoint(HEAVY), loaded.intersection(HEAVY)
    assert loaded.isdisjoint(NETWORK), loaded.intersection(NETWORK)


def test_validating_and_reading_a_record_need_no_pandas(tmp_path: Path) -> None:
    package = shipped()
    assert isinstance(package, DataPackage)
    loaded = modules_after(command("validate", str(package.root)) + command("summary"), tmp_path)
    assert loaded.isdisjoint({"frictionless", "numpy", "pandas", "pandera"})


def test_loading_one_table_does_not_load_the_validators(tmp_path: Path) -> None:
    loaded = modules_after("import iraq_coalition_data as icd; icd.load('events')", tmp_path)
    assert loaded.isdisjoint({"frictionless", "pandera", "yaml"})


@pytest.mark.parametrize(
    "code",
    [
        "import iraq_coalition_data as icd; icd.load_all(); icd.load_all(as_of='2024-08-16')",
        "import iraq_coalition_data as icd; icd.load('events', validate=True); icd.validate()",
        command("validate", "--engine", "both", str(shipped().root)),
        command("cite"),
    ],
)
def test_nothing_asks_the_network(code: str, tmp_path: Path) -> None:
    run(NO_NETWORK + code, tmp_path)


def test_the_guard_against_the_network_works(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"socket\.getaddrinfo"):
        run(NO_NETWORK + "import socket; socket.create_connection(('localhost', 9))", tmp_path)


def test_no_public_name_is_that_of_a_module():
    """Importing a module sets an attribute of its package, which would hide the function of the same name."""
    modules = {path.stem for path in (SOURCE / "iraq_coalition_data").iterdir()}
    assert modules.isdisjoint(iraq_coalition_data.__all__)
