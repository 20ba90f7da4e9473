"""The examples for other tools run and give one answer."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

import iraq_coalition_data as icd
from iraq_coalition_data.export import export

ROOT = Path(__file__).parents[1]
GUIDE = ROOT / "docs" / "other-tools.md"

pytestmark = pytest.mark.skipif(not GUIDE.is_file(), reason="an installed package carries no docs")


def example(kind: str) -> str:
    (code,) = re.findall(rf"^```{kind}\n(.*?)^```", GUIDE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    return str(code)


@pytest.fixture(scope="module")
def answer() -> int:
    events = icd.load("events")
    harm = icd.load("event_casualties")
    quarter = events[
        (events["event_type"] == "armed_action") & events["date_start"].between("2024-07-01", "2024-09-30")
    ]
    injured = harm[(harm["group"] == "us_military") & (harm["outcome"] == "injured") & (harm["best"] > 0)]
    found = int(quarter["event_id"].isin(injured["event_id"]).sum())
    assert found > 0
    return found


def test_duckdb(tmp_path, answer):
    duckdb = pytest.importorskip("duckdb")
    path = export(tmp_path / "coalition.duckdb", "duckdb")
    with duckdb.connect(str(path), read_only=True) as base:
        assert base.execute(example("sql duckdb")).fetchone() == (answer,)


def test_sqlite(tmp_path, answer):
    path = export(tmp_path / "coalition.sqlite", "sqlite")
    assert sqlite3.connect(path).execute(example("sql sqlite")).fetchone() == (answer,)


def test_polars(answer):
    pytest.importorskip("polars")
    done = subprocess.run([sys.executable, "-c", example("python")], capture_output=True, text=True, check=True)
    assert int(done.stdout) == answer


def test_r(answer):
    if not shutil.which("Rscript"):
        pytest.skip("R is not here")
    code = f"if (!requireNamespace('frictionless', quietly = TRUE)) quit(status = 77)\n{example('r')}"
    done = subprocess.run(["Rscript", "-e", code], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode == 77:
        pytest.skip("frictionless for R is not here")
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) == answer
