"""Released CSV bytes to rows and typed frames, with the check that they are the released bytes."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from .cells import CellError, read_table
from .package import CODELIST_PREFIX, DataPackage, shipped
from .schemas import ORDERED_CODELISTS, Schema, load_schema, pandera_schema

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, str]
Tables = dict[str, list[Row]]


class InvalidDataError(ValueError):
    """A table does not meet its schema.

    Attributes
    ----------
    errors : list of CellError
        Every defect that was found, with file, line, column and value.
    """

    def __init__(self, message: str, errors: Sequence[CellError]) -> None:
        super().__init__(message)
        self.errors = list(errors)


def read_rows(package: DataPackage, names: Iterable[str]) -> Tables:
    """Return tables as rows of text.

    Raises
    ------
    InvalidDataError
        If bytes that are not the released ones do not meet the schema.
    """
    tables: Tables = {}
    for name in names:
        data = _verified(package, name)
        reader = csv.reader(io.StringIO(data.decode("utf-8"), newline=""))
        header = next(reader)
        tables[name] = [dict(zip(header, row, strict=True)) for row in reader]
    return tables


def read_codes(package: DataPackage, schema: Schema) -> dict[str, list[str]]:
    """Return the codes of every codelist that `schema` refers to, in codelist order."""
    wanted = {field.codelist for field in schema.fields if field.codelist}
    return {name: _codes(package, name) for name in sorted(wanted)}


@cache
def _codes(package: DataPackage, codelist: str) -> list[str]:
    data = package.read(package.resources[CODELIST_PREFIX + codelist].path)
    reader = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    next(reader, None)
    return [row[0] for row in reader if row]


def _verified(package: DataPackage, name: str) -> bytes:
    """Return the bytes of a table once they are known to be the released ones, or to be in order."""
    resource = package.resources[name]
    data = package.read(resource.path)
    if not is_released(data, resource.sha256):
        _raise_errors(package, name, data)
    return data


def is_released(data: bytes, sha256: str | None) -> bool:
    """Return whether `data` has the hash that the descriptor states."""
    return sha256 is not None and hashlib.sha256(data).hexdigest() == sha256


def _raise_errors(package: DataPackage, name: str, data: bytes) -> None:
    schema = load_schema(package, name)
    codes = {key: frozenset(values) for key, values in read_codes(package, schema).items()}
    path = package.resources[name].path
    in_order = not name.startswith(CODELIST_PREFIX)
    errors = read_table(data, schema, path, codes, in_order=in_order).errors
    if errors:
        first = errors[0]
        place = f"{first.path}:{first.line}" + (f" {first.column}" if first.column else "")
        more = f" ({len(errors) - 1} more; run icd validate)" if len(errors) > 1 else ""
        raise InvalidDataError(f"{place}: {first.message} Expected {first.expected}.{more}", errors)


def read_frame(name: str, *, validate: bool | None = None, package: DataPackage | None = None) -> pd.DataFrame:
    """Return one stored table as a typed frame.

    Parameters
    ----------
    name : str
        Name of the table, or ``codelist_<name>``.
    validate : bool, optional
        Whether the frame goes through its pandera schema. By default only when the bytes are not
        the released ones.
    package : DataPackage, optional
        By default the shipped one.

    Raises
    ------
    InvalidDataError
        If the table does not meet its schema.
    """
    package = package or shipped()
    resource = package.resources[name]
    data = package.read(resource.path)
    released = is_released(data, resource.sha256)
    if not released:
        _raise_errors(package, name, data)
    schema = load_schema(package, name)
    codes = read_codes(package, schema)
    frame = _parse(data, schema, codes)
    if validate or (validate is None and not released):
        check_frame(frame, schema, codes, resource.path)
    frame.attrs["iraq_coalition_data"] = {
        "table": name,
        "version": package.version,
        "sha256": hashlib.sha256(data).hexdigest(),
        "as_of": None,
        "policy": "balanced",
    }
    return frame


def check_frame(frame: pd.DataFrame, schema: Schema, codes: Mapping[str, Sequence[str]], path: str) -> None:
    """Hold a typed frame against its pandera schema.

    Raises
    ------
    InvalidDataError
        With one error per failing cell.
    """
    from pandera.errors import SchemaErrors

    try:
        pandera_schema(schema, codes).validate(frame, lazy=True)
    except SchemaErrors as error:
        errors = [
            CellError(
                code="ICD201",
                path=path,
                line=int(case["index"]) + 2 if case["index"] == case["index"] and case["index"] is not None else 1,
                column=str(case["column"]) if case["column"] is not None else None,
                value=str(case["failure_case"]),
                message=f"{case['failure_case']!s} fails the check {case['check']!s}.",
                expected=f"what schemas/{schema.name}.schema.json says",
            )
            for case in error.failure_cases.to_dict("records")
        ]
        first = errors[0]
        raise InvalidDataError(f"{path}:{first.line} {first.column}: {first.message}", errors) from None


def _text_dtype() -> Any:
    import pandas as pd

    return object if int(pd.__version__.split(".")[0]) < 3 else "str"


def _dtypes(schema: Schema, codes: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    import pandas as pd

    text = _text_dtype()
    dtypes: dict[str, Any] = {}
    for field in schema.fields:
        if field.codelist:
            categories = pd.Index(codes[field.codelist], dtype=text)
            dtypes[field.name] = pd.CategoricalDtype(categories, ordered=field.codelist in ORDERED_CODELISTS)
        else:
            dtypes[field.name] = {
                "integer": "Int64",
                "year": "Int64",
                "number": "float64",
                "boolean": "boolean",
            }.get(field.type, text)
    return dtypes


def _parse(data: bytes, schema: Schema, codes: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    import pandas as pd

    # Numbers are read as text first: pandas 2 rounds them wrongly unless told, pandas 3 no longer likes to be told.
    numbers = {field.name: "float64" for field in schema.fields if field.type == "number"}
    frame = pd.read_csv(
        io.BytesIO(data),
        dtype=_dtypes(schema, codes) | dict.fromkeys(numbers, _text_dtype()),
        keep_default_na=False,
        na_values=[""],
        index_col=False,
        skip_blank_lines=False,
        encoding="utf-8",
    )
    return _with_dates(frame.astype(numbers), schema)


def _with_dates(frame: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    import pandas as pd

    for field in schema.fields:
        if field.type == "date":
            days = pd.to_datetime(frame[field.name], format="%Y-%m-%d", exact=True)
            frame[field.name] = days.astype("datetime64[us]")
        elif field.type == "datetime":
            instants = pd.to_datetime(frame[field.name], format="%Y-%m-%dT%H:%M:%SZ", exact=True, utc=True)
            frame[field.name] = instants.astype("datetime64[us, UTC]")
    return frame


def frame_from_rows(rows: Sequence[Row], schema: Schema, codes: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Return rows of text as a frame with the same dtypes as the stored table."""
    import pandas as pd

    dtypes = _dtypes(schema, codes)
    columns = {}
    for field in schema.fields:
        values = [row[field.name] or None for row in rows]
        if field.type == "boolean":
            columns[field.name] = pd.array([None if v is None else v == "true" for v in values], dtype="boolean")
        elif field.type in ("integer", "year"):
            columns[field.name] = pd.array([None if v is None else int(v) for v in values], dtype="Int64")
        elif field.type == "number":
            columns[field.name] = pd.array([float("nan") if v is None else float(v) for v in values], dtype="float64")
        else:
            columns[field.name] = pd.Series(values, dtype=dtypes[field.name])
    return _with_dates(pd.DataFrame(columns, columns=list(schema.names)), schema)
