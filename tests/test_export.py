"""Other tools read back exactly what the tables hold."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest

import iraq_coalition_data as icd
from iraq_coalition_data.cli import main
from iraq_coalition_data.export import FORMATS, export
from iraq_coalition_data.package import shipped

TABLES = shipped().resources


def plain(frame: pd.DataFrame) -> list[list[object]]:
    """Return the cells as Python values that do not depend on the tool: days as text, missing as None."""
    columns = []
    for name in frame.columns:
        column = frame[name]
        if column.dtype.kind == "M":
            form = "%Y-%m-%dT%H:%M:%SZ" if getattr(column.dtype, "tz", None) else "%Y-%m-%d"
            column = column.dt.strftime(form)
        columns.append([None if pd.isna(cell) else cell for cell in column.astype(object)])
    return [list(row) for row in zip(*columns, strict=True)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("export")


@pytest.fixture(scope="module")
def sqlite_file(folder) -> Path:
    return export(folder / "data.sqlite", "sqlite")


def test_sqlite_holds_every_row_and_its_keys(sqlite_file):
    with closing(sqlite3.connect(sqlite_file)) as base:
        for name in TABLES:
            expected = icd.load(name)
            rows = base.execute(f'SELECT * FROM "{name}"').fetchall()
            booleans = [i for i, dtype in enumerate(expected.dtypes) if dtype.name == "boolean"]
            found = [[bool(c) if i in booleans and c is not None else c for i, c in enumerate(row)] for row in rows]
            assert found == plain(expected), name
        assert base.execute("PRAGMA foreign_key_check").fetchall() == []
        assert base.execute("SELECT version FROM release").fetchall() == [(icd.version(),)]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO events SELECT * FROM events LIMIT 1",
        "UPDATE events SET event_type = 'no_such_type'",
        "UPDATE events SET title = NULL",
        "UPDATE locations SET lat = 91 WHERE lat IS NOT NULL",
        "UPDATE event_actors SET is_best = 2",
        "DELETE FROM sources",
    ],
)
def test_sqlite_refuses_what_the_schemas_refuse(sqlite_file, statement):
    with closing(sqlite3.connect(sqlite_file)) as base:
        base.execute("PRAGMA foreign_keys = ON")
        with pytest.raises(sqlite3.IntegrityError), base:
            base.execute(statement)


def test_an_earlier_day_can_be_exported(folder):
    path = export(folder / "early.sqlite", "sqlite", as_of="2024-08-16")
    with closing(sqlite3.connect(path)) as base:
        assert base.execute("SELECT max(stated_on) FROM milestone_statements").fetchone()[0] <= "2024-08-16"
        assert base.execute("SELECT as_of FROM release").fetchall() == [("2024-08-16",)]


def test_duckdb_holds_every_row_with_types_and_comments(folder):
    duckdb = pytest.importorskip("duckdb")
    path = export(folder / "data.duckdb", "duckdb")
    with duckdb.connect(str(path), read_only=True) as base:
        for name in TABLES:
            expected = icd.load(name)
            found = base.execute(f'SELECT * FROM "{name}"').fetchall()
            texts = [[c.isoformat() if hasattr(c, "isoformat") else c for c in row] for row in found]
            wanted = [
                [c.rstrip("Z") if isinstance(c, str) and c[10:11] == "T" else c for c in r] for r in plain(expected)
            ]
            assert texts == wanted, name
        assert base.execute("SELECT year(max(date_start)) FROM events").fetchone()[0] >= 2024
        without = base.execute(
            "SELECT count(*) FROM duckdb_columns() WHERE comment IS NULL AND NOT internal"
        ).fetchone()
        assert without == (0,)


def test_parquet_keeps_types_and_tells_what_columns_mean(folder):
    pq = pytest.importorskip("pyarrow.parquet")
    path = export(folder / "parquet", "parquet")
    assert {file.stem for file in path.iterdir()} == set(TABLES)
    for name in TABLES:
        table = pq.read_table(path / f"{name}.parquet")
        assert plain(table.to_pandas()) == plain(icd.load(name)), name
        described = icd.codebook(name).set_index("field")["description"]
        for column in table.schema:
            assert column.metadata[b"description"].decode() == described[column.name]


def test_geojson_has_a_point_for_every_event_with_coordinates(folder):
    document = json.loads(export(folder / "events.geojson", "geojson").read_text("utf-8"))
    events = icd.flat("events").set_index("event_id")
    placed = events[events["lat"].notna()]
    assert [feature["id"] for feature in document["features"]] == placed.index.tolist()
    first = document["features"][0]
    assert first["geometry"]["coordinates"] == [placed["lon"].iloc[0], placed["lat"].iloc[0]]
    assert first["properties"]["title"] == placed["title"].iloc[0]


@pytest.mark.parametrize("style", FORMATS)
def test_nothing_is_overwritten(folder, style):
    taken = folder / f"taken-{style}"
    taken.write_text("mine", "utf-8")
    with pytest.raises(FileExistsError, match="choose another name"):
        export(taken, style)
    assert taken.read_text("utf-8") == "mine"


def test_a_failed_export_leaves_nothing_behind(folder, monkeypatch):
    def fail(path: Path, as_of: object, policy: str) -> None:
        path.write_text("half", "utf-8")
        raise OSError("disk full")

    monkeypatch.setitem(FORMATS, "sqlite", fail)
    before = sorted(folder.iterdir())
    with pytest.raises(OSError, match="disk full"):
        export(folder / "broken.sqlite", "sqlite")
    assert sorted(folder.iterdir()) == before


def test_slips_are_answered(folder, capsys):
    with pytest.raises(ValueError, match="did you mean 'sqlite'"):
        export(folder / "x", "sqlit")
    with pytest.raises(ValueError, match="stored view only"):
        export(folder / "x", "geojson", as_of="2024-08-16")
    assert main(["export", "geojson", str(folder / "by-command.geojson")]) == 0
    assert "Written" in capsys.readouterr().out
