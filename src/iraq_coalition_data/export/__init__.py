"""The same tables in the formats of other tools: Parquet, SQLite, DuckDB, GeoJSON. Public: `export`."""

from .formats import FORMATS, export

__all__ = ["FORMATS", "export"]
