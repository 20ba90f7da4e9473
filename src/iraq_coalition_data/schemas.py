"""Table Schema to compiled checks per column, and on to pandera.

The hand-written files in ``schemas/`` are the single source of truth. Only a small subset of Table
Schema is accepted: what no engine would enforce is refused when the schema is read.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from .package import CODELIST_PREFIX, DataPackage, PackageError, shipped

if TYPE_CHECKING:
    import pandas as pd
    import pandera.pandas as pa

KINDS = ("identity", "claimed", "computed", "coded", "descriptive")
SCHEMA_PROFILE = "https://datapackage.org/profiles/2.0/tableschema.json"

# Codelists whose order carries meaning become ordered categoricals.
ORDERED_CODELISTS = frozenset({"date_precision", "geo_precision", "verification", "milestone_authority"})

_SCHEMA_KEYS = {"$schema", "title", "description", "fields", "missingValues", "primaryKey", "foreignKeys"}
_FIELD_KEYS = {
    *("name", "type", "title", "description", "constraints"),
    *("icd:kind", "icd:claimable", "icd:path", "icd:unit", "icd:guideline", "icd:badExamples", "icd:since"),
}
_CONSTRAINTS = {
    "string": {"required", "unique", "pattern", "enum"},
    "integer": {"required", "unique", "minimum", "maximum", "enum"},
    "number": {"required", "unique", "minimum", "maximum"},
    "boolean": {"required"},
    "date": {"required", "unique", "minimum", "maximum"},
    "datetime": {"required", "unique", "minimum", "maximum"},
    "year": {"required", "unique", "minimum", "maximum"},
}
_LEXICAL = {
    "integer": (re.compile(r"0|-?[1-9][0-9]{0,17}"), "a whole number such as 12"),
    "number": (re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,17})?"), "a number such as 33.75"),
    "boolean": (re.compile(r"true|false"), "true or false"),
    "date": (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"), "a day such as 2024-08-15"),
    "datetime": (
        re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"),
        "a UTC instant such as 2024-08-15T12:30:00Z",
    ),
    "year": (re.compile(r"[0-9]{4}"), "a year such as 2024"),
}


class SchemaError(PackageError):
    """A schema steps outside the subset that is enforced."""


@dataclass(frozen=True, slots=True)
class Field:
    """One column: its type, its constraints and what it means."""

    name: str
    type: str
    description: str
    required: bool = False
    unique: bool = False
    pattern: re.Pattern[str] | None = None
    minimum: Any = None
    maximum: Any = None
    enum: tuple[str, ...] | None = None
    kind: str = "coded"
    claimable: bool = False
    path: str | None = None
    unit: str | None = None
    guideline: str | None = None
    bad_examples: tuple[str, ...] = ()
    since: str = ""
    reference: tuple[str, str] | None = None

    @property
    def codelist(self) -> str | None:
        """Name of the codelist that binds the column, if one does."""
        if self.reference and self.reference[0].startswith(CODELIST_PREFIX):
            return self.reference[0].removeprefix(CODELIST_PREFIX)
        return None

    @property
    def claim_path(self) -> str:
        """Path under which claims state this column."""
        return self.path or self.name

    def judge(self, cell: str) -> tuple[str, str] | None:
        """Return the broken rule and what was expected, or None where the cell is in order."""
        if cell == "":
            return ("ICD201", "a value; the column may not be empty") if self.required else None
        if self.type != "string":
            form, words = _LEXICAL[self.type]
            if not form.fullmatch(cell) or not _exists(self.type, cell):
                return "ICD201", words
            value = parse_bound(self.type, cell)
            if self.minimum is not None and value < self.minimum:
                return "ICD202", f"at least {self.minimum}"
            if self.maximum is not None and value > self.maximum:
                return "ICD202", f"at most {self.maximum}"
        if self.pattern is not None and not self.pattern.fullmatch(cell):
            return "ICD202", _pattern_in_words(self)
        if self.enum is not None and cell not in self.enum:
            return "ICD202", "one of " + ", ".join(self.enum)
        return None

    def accepts_all(self, cells: Collection[str]) -> bool:
        """Return whether `judge` finds fault with none of the cells; for text, much faster than one by one."""
        if self.type != "string" or self.enum is not None:
            return all(self.judge(cell) is None for cell in cells)
        if "" in cells:
            return not self.required and self.accepts_all([cell for cell in cells if cell])
        return self.pattern is None or all(map(self.pattern.fullmatch, cells))


def _exists(kind: str, cell: str) -> bool:
    try:
        if kind == "date":
            date.fromisoformat(cell)
        elif kind == "datetime":
            datetime.strptime(cell, "%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        return False
    return True


def parse_bound(kind: str, cell: Any) -> Any:
    """Return `cell` as a value that can be compared with a bound of the same type."""
    if kind == "integer" or kind == "year":
        return int(cell)
    if kind == "number":
        return float(cell)
    return str(cell)


def _pattern_in_words(field: Field) -> str:
    assert field.pattern is not None
    limit = re.fullmatch(r"\[\^\\r\\n\]\{1,([0-9]+)\}", field.pattern.pattern)
    if limit:
        return f"at most {limit[1]} characters"
    if field.unit:
        return field.unit
    return f"the form {field.pattern.pattern}"


@dataclass(frozen=True, slots=True)
class Schema:
    """One table: its columns in order and its keys."""

    name: str
    title: str
    description: str
    fields: tuple[Field, ...]
    primary_key: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(field.name for field in self.fields)

    def __getitem__(self, name: str) -> Field:
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(name)


def compile_schema(name: str, document: Any) -> Schema:
    """Compile a Table Schema document.

    Parameters
    ----------
    name : str
        Name of the table.
    document : dict
        The parsed JSON of the schema file.

    Raises
    ------
    SchemaError
        With every type, constraint or key that is outside the enforced subset (rule ICD103).
    """
    problems: list[str] = []
    if not isinstance(document, dict) or not isinstance(document.get("fields"), list):
        raise SchemaError(f"{name}: the schema has no list of fields")
    problems += [f"unknown key {key!r}" for key in document.keys() - _SCHEMA_KEYS]
    if document.get("$schema") != SCHEMA_PROFILE:
        problems.append(f"$schema is not {SCHEMA_PROFILE}")
    if document.get("missingValues") != [""]:
        problems.append('missingValues is not [""]; the only missing value is the empty field')
    references = _references(document.get("foreignKeys", []), problems)
    fields = [_compile_field(entry, references, problems) for entry in document["fields"]]
    names = [field.name for field in fields]
    problems += [f"field {n!r} is listed twice" for n in sorted({n for n in names if names.count(n) > 1})]
    key = document.get("primaryKey", [])
    key = [key] if isinstance(key, str) else key
    if not isinstance(key, list) or not key:
        problems.append("primaryKey is missing")
        key = []
    for part in key:
        if part not in names:
            problems.append(f"primaryKey names {part!r}, which is no field")
        elif not fields[names.index(part)].required:
            problems.append(f"key field {part!r} is not required")
    problems += [f"foreignKeys names {n!r}, which is no field" for n in references.keys() - set(names)]
    if problems:
        raise SchemaError(f"schema of {name}: " + "; ".join(problems))
    return Schema(
        name=name,
        title=str(document.get("title", name)),
        description=str(document.get("description", "")),
        fields=tuple(fields),
        primary_key=tuple(key),
    )


def _references(entries: Any, problems: list[str]) -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] = {}
    for entry in entries if isinstance(entries, list) else [entries]:
        try:
            column, target = entry["fields"], entry["reference"]
            resource, key = target["resource"], target["fields"]
        except (TypeError, KeyError):
            problems.append("a foreign key is malformed")
            continue
        if not (isinstance(column, str) and isinstance(key, str) and isinstance(resource, str)):
            problems.append("composite foreign keys are not supported")
            continue
        found[column] = (resource, key)
    return found


def _compile_field(entry: Any, references: Mapping[str, tuple[str, str]], problems: list[str]) -> Field:
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        problems.append("a field has no name")
        return Field(name="", type="string", description="")
    name, kind = entry["name"], entry.get("type")
    problems += [f"field {name!r}: unknown key {key!r}" for key in entry.keys() - _FIELD_KEYS]
    if not isinstance(kind, str) or kind not in _CONSTRAINTS:
        problems.append(f"field {name!r}: type {kind!r} is not supported")
        kind = "string"
    constraints = entry.get("constraints", {})
    if not isinstance(constraints, dict):
        problems.append(f"field {name!r}: constraints is not an object")
        constraints = {}
    for key in constraints.keys() - _CONSTRAINTS[kind]:
        problems.append(f"field {name!r}: constraint {key!r} is not enforced on type {kind!r}")
    pattern = None
    if "pattern" in constraints:
        try:
            pattern = re.compile(constraints["pattern"])
        except (re.error, TypeError):
            problems.append(f"field {name!r}: the pattern is not a regular expression")
    bounds = {}
    for key in ("minimum", "maximum"):
        if key in constraints:
            try:
                bounds[key] = parse_bound(kind, constraints[key])
                if isinstance(bounds[key], float) and not math.isfinite(bounds[key]):
                    raise ValueError
            except (TypeError, ValueError):
                problems.append(f"field {name!r}: {key} is not a {kind}")
    bad = entry.get("icd:badExamples", [])
    return Field(
        name=name,
        type=kind,
        description=str(entry.get("description", "")),
        required=constraints.get("required") is True,
        unique=constraints.get("unique") is True,
        pattern=pattern,
        minimum=bounds.get("minimum"),
        maximum=bounds.get("maximum"),
        enum=tuple(map(str, constraints["enum"])) if isinstance(constraints.get("enum"), list) else None,
        kind=str(entry.get("icd:kind", "")),
        claimable=entry.get("icd:claimable") is True,
        path=entry.get("icd:path"),
        unit=entry.get("icd:unit"),
        guideline=entry.get("icd:guideline"),
        bad_examples=tuple(map(str, bad)) if isinstance(bad, list) else (),
        since=str(entry.get("icd:since", "")),
        reference=references.get(name),
    )


def load_schema(package: DataPackage, name: str) -> Schema:
    """Compile the schema of one table of `package`; self-references get the table's own name."""
    compiled = compile_schema(name, package.read_json(package.resources[name].schema_path))
    fields = tuple(
        replace(field, reference=(name, field.reference[1])) if field.reference and not field.reference[0] else field
        for field in compiled.fields
    )
    return replace(compiled, fields=fields)


@cache
def shipped_schema(name: str) -> Schema:
    """Return the compiled schema of one table of the shipped package."""
    return load_schema(shipped(), name)


def pandera_schema(schema: Schema, codes: Mapping[str, Sequence[str]]) -> pa.DataFrameSchema:
    """Compile `schema` into a pandera contract for a typed frame.

    Text and code columns are judged once per distinct value by the same function as the bytes, so
    that both engines agree; nothing is coerced.

    Parameters
    ----------
    schema : Schema
        The compiled Table Schema.
    codes : mapping of str to sequence of str
        The codes of every codelist that the schema refers to.

    Returns
    -------
    pandera.pandas.DataFrameSchema
        Strict and ordered; failure cases carry column and index.
    """
    import pandera.pandas as pa

    columns = {}
    for field in schema.fields:
        checks = []
        dtype = {
            "integer": "Int64",
            "year": "Int64",
            "number": "float64",
            "boolean": "boolean",
            "date": "datetime64[us]",
            "datetime": "datetime64[us, UTC]",
            "string": None,
        }[field.type]
        if field.codelist is not None:
            allowed = frozenset(codes[field.codelist])
            checks.append(pa.Check(_members(allowed), name=f"code of {field.codelist}", ignore_na=False))
        if field.type == "string":
            checks.append(pa.Check(_judged(field), name="text", ignore_na=False))
        elif field.minimum is not None or field.maximum is not None:
            checks.append(_bounds(pa, field))
        if field.unique:
            checks.append(pa.Check(_unrepeated, name="unique"))
        columns[field.name] = pa.Column(dtype, checks=checks, nullable=not field.required)
    key = list(schema.primary_key)
    return pa.DataFrameSchema(
        columns,
        checks=pa.Check(lambda frame: ~frame.duplicated(key, keep=False), name="primary key", ignore_na=False),
        strict=True,
        ordered=True,
        coerce=False,
        name=schema.name,
    )


def _members(allowed: frozenset[str]) -> Any:
    return lambda column: column.isna() | column.isin(allowed)


def _judged(field: Field) -> Any:
    pattern = field.pattern if field.enum is None else None
    whole = f"(?:{pattern.pattern})" if pattern and not pattern.fullmatch("") else None

    def check(column: pd.Series) -> pd.Series:
        rest = column.dropna()
        if whole is not None and getattr(column.dtype, "storage", "") == "pyarrow":
            # Arrow matches a column at once; only what it leaves is worth a look.
            rest = rest[~rest.str.fullmatch(whole).astype(bool)]
        values = rest.drop_duplicates().to_numpy(dtype=object).tolist()
        if set(map(type, values)) <= {str} and field.accepts_all(values):
            # Looking up every row is dear; where all is in order there is nothing to look up.
            return column.isna() | True
        bad = [value for value in values if not isinstance(value, str) or field.judge(value) is not None]
        return ~column.isin(bad)

    return check


def _bounds(pa: Any, field: Field) -> Any:
    low = field.minimum if field.minimum is not None else None
    if field.maximum is None:
        return pa.Check.ge(low)
    if low is None:
        return pa.Check.le(field.maximum)
    return pa.Check.in_range(low, field.maximum)


def _unrepeated(column: pd.Series) -> pd.Series:
    return column.isna() | ~column.duplicated(keep=False)
