"""The tables as frames: as stored today, as known on a day, or under another policy."""

from __future__ import annotations

import difflib
from datetime import date
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Literal, overload

from .package import CODELIST_PREFIX, MissingExtraError, shipped
from .reading import frame_from_rows, read_codes, read_frame
from .schemas import pandera_schema, shipped_schema

if TYPE_CHECKING:
    import pandas as pd
    import pandera.pandas as pa
    import polars as pl
    import pyarrow

    from ._names import TableName

ATTRS = "iraq_coalition_data"


class UnknownTableError(KeyError):
    """There is no table, column or codelist of this name."""

    def __str__(self) -> str:
        return str(self.args[0])


def _known_table(name: str) -> str:
    names = shipped().resources
    if name in names:
        return name
    near = difflib.get_close_matches(str(name), names, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise UnknownTableError(f"there is no table {name!r}.{hint} tables() lists all of them.")


def as_day(value: str | date) -> str:
    """Return a day as ``YYYY-MM-DD``.

    Raises
    ------
    ValueError
        If `value` is not a calendar day.
    """
    if isinstance(value, date):
        return value.strftime("%Y-%m-%d")
    try:
        return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        raise ValueError(f"as_of is {value!r}; expected a day such as '2024-08-16'") from None


@overload
def load(
    table: TableName,
    *,
    as_of: str | date | None = ...,
    hindsight: bool = ...,
    policy: str = ...,
    labels: bool = ...,
    validate: bool | None = ...,
    engine: Literal["pandas"] = ...,
) -> pd.DataFrame: ...
@overload
def load(
    table: TableName,
    *,
    as_of: str | date | None = ...,
    hindsight: bool = ...,
    policy: str = ...,
    labels: bool = ...,
    validate: bool | None = ...,
    engine: Literal["polars"],
) -> pl.DataFrame: ...
@overload
def load(
    table: TableName,
    *,
    as_of: str | date | None = ...,
    hindsight: bool = ...,
    policy: str = ...,
    labels: bool = ...,
    validate: bool | None = ...,
    engine: Literal["arrow"],
) -> pyarrow.Table: ...
def load(
    table: str,
    *,
    as_of: str | date | None = None,
    hindsight: bool = False,
    policy: str = "balanced",
    labels: bool = False,
    validate: bool | None = None,
    engine: str = "pandas",
) -> Any:
    """Load one table.

    Parameters
    ----------
    table : str
        Name of a table, see `tables`, or ``codelist_<name>``.
    as_of : str or datetime.date, optional
        Show only what the public record said on that day, the day included.
    hindsight : bool
        Under `as_of`, whether texts written later (titles, summaries, notes) and judgements made
        later may show. Values stop at `as_of` either way.
    policy : str
        How rival claims are resolved: ``balanced``, ``conservative`` or ``party(<actor id>)``.
    labels : bool
        Add a column ``<column>_label`` beside every coded column.
    validate : bool, optional
        Hold the frame against its pandera schema. By default only when the bytes are not the
        released ones. Has no effect under `as_of` or another policy, whose frames may lack values.
    engine : {"pandas", "polars", "arrow"}
        What kind of frame to return.

    Returns
    -------
    pandas.DataFrame, polars.DataFrame or pyarrow.Table
        Codes are categoricals, dates ``datetime64[us]``, counts nullable integers. The attribute
        ``attrs["iraq_coalition_data"]`` carries table, version, sha256, as_of and policy.

    Raises
    ------
    UnknownTableError
        With the nearest name.
    InvalidDataError
        If the bytes are not the released ones and do not meet the schema.

    Examples
    --------
    >>> events = load("events")
    >>> events.attrs["iraq_coalition_data"]["table"]
    'events'
    >>> early = load("milestone_statements", as_of="2024-08-16")
    >>> bool((early["stated_on"] <= "2024-08-16").all())
    True
    """
    table = _known_table(table)
    if as_of is None and policy == "balanced":
        frame = read_frame(table, validate=validate)
    else:
        frame = _derived(table, as_of, hindsight, policy)
    if labels:
        frame = _with_labels(frame, table)
    return _convert(frame, engine)


def load_all(
    *,
    as_of: str | date | None = None,
    hindsight: bool = False,
    policy: str = "balanced",
    labels: bool = False,
    validate: bool | None = None,
    engine: str = "pandas",
) -> dict[str, Any]:
    """Load every data table.

    Parameters
    ----------
    as_of, hindsight, policy, labels, validate, engine
        As in `load`.

    Returns
    -------
    dict of str to frame
        Keyed by table name, in the order of `tables`.

    Examples
    --------
    >>> then = load_all(as_of="2024-08-16")
    >>> "agr-joint-statement-2024-09" in set(then["agreements"]["agreement_id"])
    False
    """
    return {
        name: load(
            name,  # type: ignore[call-overload]
            as_of=as_of,
            hindsight=hindsight,
            policy=policy,
            labels=labels,
            validate=validate,
            engine=engine,
        )
        for name in shipped().table_names
    }


def _derived(table: str, as_of: str | date | None, hindsight: bool, policy: str) -> pd.DataFrame:
    if table.startswith(CODELIST_PREFIX):
        return read_frame(table)
    day = None if as_of is None else as_day(as_of)
    rows = _view(day, hindsight or day is None, policy)[table]
    schema = shipped_schema(table)
    frame = frame_from_rows(rows, schema, read_codes(shipped(), schema))
    resource = shipped().resources[table]
    frame.attrs[ATTRS] = {
        "table": table,
        "version": shipped().version,
        "sha256": resource.sha256,
        "as_of": day,
        "hindsight": hindsight,
        "policy": policy,
    }
    return frame


@lru_cache(maxsize=8)
def _view(day: str | None, hindsight: bool, policy: str) -> dict[str, list[dict[str, str]]]:
    from .resolution.ledger import View
    from .resolution.store import shipped_store

    store = shipped_store()
    view = View(day or store.ledger.newest, hindsight, policy)
    if view.party:
        actor = store.resolve_id(view.party)
        view = View(view.day, hindsight, f"party({actor})")
    return store.as_of(view)


def _with_labels(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    attrs = dict(frame.attrs)
    for position, field in reversed(list(enumerate(shipped_schema(table).fields))):
        if field.codelist:
            codelist = read_frame(CODELIST_PREFIX + field.codelist)
            names = dict(zip(codelist["code"], codelist["label"], strict=True))
            label = frame[field.name].astype(object).map(names).astype(codelist["label"].dtype)
            frame.insert(position + 1, f"{field.name}_label", label)
    frame.attrs = attrs
    return frame


def _convert(frame: pd.DataFrame, engine: str) -> Any:
    if engine == "pandas":
        return frame
    if engine == "polars":
        try:
            import polars
        except ImportError:
            raise MissingExtraError("engine='polars' needs: pip install 'iraq-coalition-data[polars]'") from None
        return polars.from_pandas(frame)
    if engine == "arrow":
        try:
            import pyarrow
        except ImportError:
            raise MissingExtraError("engine='arrow' needs: pip install 'iraq-coalition-data[parquet]'") from None
        return pyarrow.Table.from_pandas(frame, preserve_index=False)
    raise ValueError(f"there is no engine {engine!r}; expected 'pandas', 'polars' or 'arrow'")


def tables() -> pd.DataFrame:
    """List the data tables.

    Returns
    -------
    pandas.DataFrame
        One row per table: table, title, rows, columns, primary_key, description.

    Examples
    --------
    >>> "claims" in set(tables()["table"])
    True
    """
    import pandas as pd

    rows = []
    for name in shipped().table_names:
        schema = shipped_schema(name)
        rows.append(
            {
                "table": name,
                "title": schema.title,
                "rows": shipped().resources[name].rows,
                "columns": len(schema.fields),
                "primary_key": ", ".join(schema.primary_key),
                "description": schema.description,
            }
        )
    return pd.DataFrame(rows)


def codebook(table: str | None = None, field: str | None = None) -> pd.DataFrame:
    """Describe columns: what the schema says of each.

    Parameters
    ----------
    table : str, optional
        Name of a table; by default all data tables.
    field : str, optional
        Name of a column.

    Returns
    -------
    pandas.DataFrame
        One row per column: table, field, type, required, kind, claimable, path, unit, refers_to,
        description, guideline, since.

    Raises
    ------
    UnknownTableError
        If there is no such table or column, with the nearest name.

    Examples
    --------
    >>> codebook("events", "tier")["type"].tolist()
    ['integer']
    """
    import pandas as pd

    names = shipped().table_names if table is None else (_known_table(table),)
    rows = [
        {
            "table": name,
            "field": column.name,
            "type": column.type,
            "required": column.required,
            "kind": column.kind,
            "claimable": column.claimable,
            "path": column.claim_path if column.claimable else None,
            "unit": column.unit,
            "refers_to": ".".join(column.reference) if column.reference else None,
            "description": column.description,
            "guideline": column.guideline,
            "since": column.since,
        }
        for name in names
        for column in shipped_schema(name).fields
    ]
    frame = pd.DataFrame(rows)
    if field is not None:
        known = set(frame["field"])
        if field not in known:
            near = difflib.get_close_matches(field, known, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise UnknownTableError(f"there is no column {field!r}.{hint}")
        frame = frame[frame["field"] == field].reset_index(drop=True)
    return frame


@cache
def schema(table: str) -> pa.DataFrameSchema:
    """Return the pandera contract of one table, compiled from its Table Schema.

    Parameters
    ----------
    table : str
        Name of a table.

    Returns
    -------
    pandera.pandas.DataFrameSchema
        Strict and ordered; it coerces nothing.

    Raises
    ------
    UnknownTableError
        With the nearest name.

    Examples
    --------
    >>> schema("events").validate(load("events")).shape[1] == len(codebook("events"))
    True
    """
    compiled = shipped_schema(_known_table(table))
    return pandera_schema(compiled, read_codes(shipped(), compiled))


def version() -> str:
    """Return the version of package and data, one number for both.

    Examples
    --------
    >>> version().count(".")
    2
    """
    return shipped().version
