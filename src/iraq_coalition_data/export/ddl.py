"""Table Schema to SQL: types, keys and checks, so that a database refuses what the schemas refuse."""

from __future__ import annotations

from collections.abc import Iterable

from ..schemas import Field, Schema

_SQLITE = {"integer": "INTEGER", "year": "INTEGER", "boolean": "INTEGER", "number": "REAL"}
_DUCKDB = {
    "integer": "BIGINT",
    "year": "SMALLINT",
    "boolean": "BOOLEAN",
    "number": "DOUBLE",
    "date": "DATE",
    "datetime": "TIMESTAMP",
}


def quoted(name: str) -> str:
    """Return an SQL identifier, quoted."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """Return an SQL string, quoted."""
    return "'" + value.replace("'", "''") + "'"


def create_table(schema: Schema, dialect: str) -> str:
    """Return the statement that creates one table.

    Parameters
    ----------
    schema : Schema
        The table.
    dialect : {"sqlite", "duckdb"}
        SQLite keeps booleans as 0 and 1 and days as text, and gets foreign keys; DuckDB has types for all of them.
        Neither knows the patterns of text columns.

    Examples
    --------
    >>> from iraq_coalition_data.schemas import shipped_schema
    >>> create_table(shipped_schema("event_tags"), "duckdb").splitlines()[0]
    'CREATE TABLE "event_tags" ('
    """
    lines = [f"  {_column(field, dialect)}" for field in schema.fields]
    lines.append(f"  PRIMARY KEY ({', '.join(map(quoted, schema.primary_key))})")
    if dialect == "sqlite":
        lines += [f"  {_foreign_key(f.name, *f.reference)}" for f in schema.fields if f.reference]
    return f"CREATE TABLE {quoted(schema.name)} (\n" + ",\n".join(lines) + "\n)"


def _foreign_key(column: str, table: str, key: str) -> str:
    # Deferred, because rows of one table refer to each other.
    target = f"{quoted(table)} ({quoted(key)})"
    return f"FOREIGN KEY ({quoted(column)}) REFERENCES {target} DEFERRABLE INITIALLY DEFERRED"


def _column(field: Field, dialect: str) -> str:
    kind = (_SQLITE if dialect == "sqlite" else _DUCKDB).get(field.type, "TEXT" if dialect == "sqlite" else "VARCHAR")
    parts = [quoted(field.name), kind]
    if field.required:
        parts.append("NOT NULL")
    if field.unique:
        parts.append("UNIQUE")
    checks = list(_checks(field, dialect))
    if checks:
        parts.append(f"CHECK ({' AND '.join(checks)})")
    return " ".join(parts)


def _checks(field: Field, dialect: str) -> Iterable[str]:
    name = quoted(field.name)
    numeric = field.type in ("integer", "year", "number")
    for bound, sign in ((field.minimum, ">="), (field.maximum, "<=")):
        if bound is not None:
            yield f"{name} {sign} {bound if numeric else literal(str(bound))}"
    if field.enum is not None:
        values = field.enum if numeric else map(literal, field.enum)
        yield f"{name} IN ({', '.join(map(str, values))})"
    if field.type == "boolean" and dialect == "sqlite":
        yield f"{name} IN (0, 1)"
