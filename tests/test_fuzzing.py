"""Whatever stands in a file: no traceback, no hang, nothing opened outside the folder, nothing run."""

from __future__ import annotations

import colorsys
import importlib
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import fuzzing
from fuzzing import TARGETS, confined

VALIDATING = ("descriptor", "schema", "exceptions")
FAST = dict.fromkeys(TARGETS, 150) | dict.fromkeys(VALIDATING, 15) | {"edited_bundle": 40}
MANY = dict.fromkeys(TARGETS, 20_000) | dict.fromkeys(VALIDATING, 200) | {"edited_bundle": 1_000}
BYTES = st.binary(max_size=120)


def drive(name: str, examples: dict[str, int]) -> None:
    calm = [HealthCheck.too_slow, HealthCheck.data_too_large]
    settings(max_examples=examples[name], deadline=None, database=None, suppress_health_check=calm)(
        given(BYTES)(TARGETS[name])
    )()


@pytest.mark.parametrize("name", TARGETS)
def test_any_bytes_are_read_or_refused(name: str) -> None:
    drive(name, FAST)


@pytest.mark.thorough
@pytest.mark.parametrize("name", TARGETS)
def test_very_many_bytes_are_read_or_refused(name: str) -> None:
    drive(name, MANY)


@pytest.mark.parametrize(
    "deed",
    [
        lambda: Path(sys.executable).open("rb").close(),
        lambda: Path(__file__).with_name("written").touch() or Path(__file__).with_name("written").unlink(),
        lambda: socket.socket().close(),
        lambda: subprocess.run([sys.executable, "-c", "pass"], check=True),
        lambda: importlib.reload(colorsys),
        lambda: eval("1 + 1"),
    ],
    ids=["a file", "a new file", "an address", "a process", "a module", "text that runs"],
)
def test_the_guard_sees(deed: Callable[[], object]) -> None:
    with pytest.raises(AssertionError), confined(Path(__file__).parent):
        deed()


MONSTERS = {
    "quotation marks": "table(b'\"' * 20_000_000)",
    "commas": "table(b',' * 20_000_000)",
    "blank lines": "table(b'\\n' * 2_000_000)",
    "header and blank lines": "table((','.join(SCHEMAS['events'].names)).encode() + b'\\n' * 1_000_000)",
    "broken lines": "table((','.join(SCHEMAS['events'].names)).encode() + b'\\n\\xff\"x' * 500_000)",
    "one line": "table(b'x' * 50_000_000)",
    "NULs": "table(bytes(20_000_000))",
    "deep YAML": "bundle(b'[' * 500_000)",
    "YAML questions": "bundle(b'? ' * 300_000)",
    "YAML dashes": "bundle(b'- ' * 300_000)",
    "YAML documents": "bundle(b'---\\n' * 200_000)",
    "YAML directives": "bundle(b'%TAG ! x\\n' * 100_000)",
    "laughing YAML": "bundle(b'a: &a [x,x]\\n' + b''.join(b'b%d: &b%d [*a,*a]\\n' % (i, i) for i in range(50)))",
    "one YAML scalar": "bundle(b'table: ' + b'x ' * 450_000)",
    "deep JSON": "_validated(DESCRIPTOR, b'[' * 3_000_000)",
    "many resources": "_validated(DESCRIPTOR, b'{\"resources\": [' + b'{},' * 100_000 + b'{}]}')",
    "many names": "_validated(DESCRIPTOR, b'{' + b','.join(b'\"%d\": 1' % (n % 10**5) for n in range(100_001)) + b'}')",
    "a long number": "_validated(DESCRIPTOR, b'{\"resources\": [{\"bytes\": ' + b'9' * 3_000_000 + b'}]}')",
    "exceptions": "exceptions(b'\\xff' + b'code,record,reason,expires\\n' + b'ICD301,x,y,2999-12-31\\n' * 50_000)",
}
LIMITED = """
import resource, sys
sys.path.insert(0, {tests!r})
from fuzzing import *
from fuzzing import _validated
bundle(b""), exceptions(b"")
used = resource.getrusage(resource.RUSAGE_SELF)
resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime) + 40,) * 2)
# Whatever is read may be in memory some times over, but no more than that.
resource.setrlimit(resource.RLIMIT_DATA, (1_500_000_000,) * 2)
{deed}
"""


@pytest.mark.thorough
@pytest.mark.parametrize("name", MONSTERS)
def test_a_monster_is_refused_within_some_seconds_and_some_memory(name: str) -> None:
    script = LIMITED.format(tests=str(Path(fuzzing.__file__).parent), deed=MONSTERS[name])
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2_000:]
