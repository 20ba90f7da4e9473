"""Writing the tables for other tools, each file whole or not at all."""

from __future__ import annotations

import difflib
import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from ..loading import load, load_all, version
from ..package import MissingExtraError, shipped
from ..schemas import Schema, load_schema
from ..wide import flat
from .ddl import create_table, literal, quoted


def export(target: str | Path, style: str, *, as_of: str | date | None = None, policy: str = "balanced") -> Path:
    """Write all tables, codelists included, in the format of another tool.

    Parameters
    ----------
    target : path
        A file, or a folder for Parquet; it must not exist yet.
    style : {"parquet", "sqlite", "duckdb", "geojson"}
        Parquet: one file per table, descriptions of columns in its metadata. SQLite: keys, foreign keys and checks.
        DuckDB: keys, checks and comments. GeoJSON: the events that have coordinates, with the columns of
        ``flat("events")``.
    as_of, policy
        As in `load`; GeoJSON holds the stored view only.

    Returns
    -------
    pathlib.Path
        What was written.

    Raises
    ------
    ValueError
        If there is no such format, or a view is asked of GeoJSON.
    FileExistsError
        If `target` exists.
    MissingExtraError
        If the extra that the format needs is not installed.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     written = export(f"{folder}/data.sqlite", "sqlite")
    ...     written.stat().st_size > 100_000
    True
    """
    if style not in FORMATS:
        near = difflib.get_close_matches(style, FORMATS, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"there is no format {style!r}{hint} There are: {', '.join(FORMATS)}")
    target = Path(target)
    if target.exists():
        raise FileExistsError(f"{target} exists; remove it or choose another name")
    if style == "geojson" and (as_of is not None or policy != "balanced"):
        raise ValueError("GeoJSON holds the stored view only; export another format for an earlier day or a policy")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".icd-export-") as folder:
        draft = Path(folder) / target.name
        FORMATS[style](draft, as_of, policy)
        os.replace(draft, target)
    return target


def _tables(as_of: str | date | None, policy: str) -> dict[str, tuple[Schema, Any]]:
    """Return schema and frame of every table, those that others refer to first."""
    package = shipped()
    frames = load_all(as_of=as_of, policy=policy)
    names = [name for name in package.resources if name.startswith("codelist_")]
    names += [name for name in package.resources if name not in names]
    return {name: (load_schema(package, name), frames[name] if name in frames else load(name)) for name in names}  # type: ignore[call-overload]


def _rows(frame: Any) -> list[tuple[Any, ...]]:
    """Return the rows of a frame as plain values: days as text, missing as None."""
    import pandas as pd

    columns = []
    for name in frame.columns:
        column = frame[name]
        if isinstance(column.dtype, pd.DatetimeTZDtype):
            column = column.dt.strftime("%Y-%m-%dT%H:%M:%SZ")
        elif column.dtype.kind == "M":
            column = column.dt.strftime("%Y-%m-%d")
        values = column.astype(object)
        columns.append(values.where(column.notna(), None).tolist())
    return list(zip(*columns, strict=True))


def _write_sqlite(path: Path, as_of: str | date | None, policy: str) -> None:
    import sqlite3
    from contextlib import closing

    tables = _tables(as_of, policy)
    with closing(sqlite3.connect(path)) as base, base:
        base.execute("PRAGMA foreign_keys = ON")
        for schema, _ in tables.values():
            base.execute(create_table(_relaxed(schema, as_of, policy), "sqlite"))
        for name, (schema, frame) in tables.items():
            marks = ", ".join("?" * len(schema.names))
            base.executemany(f"INSERT INTO {quoted(name)} VALUES ({marks})", _rows(frame))
        base.execute("CREATE TABLE release (version TEXT NOT NULL, as_of TEXT, policy TEXT NOT NULL)")
        base.execute("INSERT INTO release VALUES (?, ?, ?)", (version(), as_of and str(as_of), policy))


def _relaxed(schema: Schema, as_of: str | date | None, policy: str) -> Schema:
    """Return the schema that a view meets: of an earlier day cells may be empty and sources be named by ID only."""
    if as_of is None and policy == "balanced":
        return schema
    fields = (replace(f, required=f.name in schema.primary_key, reference=None) for f in schema.fields)
    return replace(schema, fields=tuple(fields))


def _write_duckdb(path: Path, as_of: str | date | None, policy: str) -> None:
    try:
        import duckdb
    except ImportError:
        raise MissingExtraError("DuckDB needs: pip install 'iraq-coalition-data[duckdb]'") from None
    import pandas as pd

    with duckdb.connect() as base:
        # Small blocks: by default each of the many short columns would take a quarter of a megabyte.
        base.execute(f"ATTACH {literal(str(path))} AS target (BLOCK_SIZE 16384)")
        base.execute("USE target")
        # Every column of a frame is text to it, and cast to the column that it goes into.
        base.execute("SET pandas_analyze_sample = 0")
        base.execute("BEGIN")
        for name, (schema, frame) in _tables(as_of, policy).items():
            base.execute(create_table(_relaxed(schema, as_of, policy), "duckdb"))
            if rows := _rows(frame):
                # A frame goes in at once; executemany takes ten times as long.
                base.register("incoming", pd.DataFrame(rows, columns=schema.names, dtype=object))
                base.execute(f"INSERT INTO {quoted(name)} SELECT * FROM incoming")
            for field in schema.fields:
                column = f"{quoted(name)}.{quoted(field.name)}"
                base.execute(f"COMMENT ON COLUMN {column} IS {literal(field.description)}")
        base.execute("COMMIT")


def _write_parquet(folder: Path, as_of: str | date | None, policy: str) -> None:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise MissingExtraError("Parquet needs: pip install 'iraq-coalition-data[parquet]'") from None
    folder.mkdir()
    for name, (schema, frame) in _tables(as_of, policy).items():
        table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(
            {"title": schema.title, "description": schema.description, "version": version(), "as_of": str(as_of or "")}
        )
        fields = [column.with_metadata({"description": schema[column.name].description}) for column in table.schema]
        described = pa.schema(fields, metadata=table.schema.metadata)
        pq.write_table(table.cast(described), folder / f"{name}.parquet")


def _write_geojson(path: Path, as_of: str | date | None, policy: str) -> None:
    events = flat("events")
    placed = events[events["lat"].notna()]
    plain = placed.drop(columns=["lat", "lon"])
    properties = [dict(zip(plain.columns, row, strict=True)) for row in _rows(plain)]
    points = zip(placed["lon"], placed["lat"], strict=True)
    features = [
        {
            "type": "Feature",
            "id": values["event_id"],
            "geometry": {"type": "Point", "coordinates": [float(lon), float(lat)]},
            "properties": values,
        }
        for (lon, lat), values in zip(points, properties, strict=True)
    ]
    document = {"type": "FeatureCollection", "features": features}
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


FORMATS: dict[str, Callable[[Path, str | date | None, str], None]] = {
    "parquet": _write_parquet,
    "sqlite": _write_sqlite,
    "duckdb": _write_duckdb,
    "geojson": _write_geojson,
}
