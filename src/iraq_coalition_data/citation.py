"""How to cite the release, and the sources behind given rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date
from typing import TYPE_CHECKING, Any

from .package import shipped
from .reading import Row
from .resolution.store import Store, shipped_store

if TYPE_CHECKING:
    import pandas as pd

STYLES = ("bibtex", "text")
_ID = re.compile(r"(?:evt|act|rel|agr|prc|mst|frc|tly|loc|lst|pub|src|clm)-[^\s;]+")
_ESCAPES = {
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "\\": r"\textbackslash{}",
}


def cite(rows: str | Iterable[str] | pd.DataFrame | None = None, style: str = "bibtex") -> str:
    """Cite the release, and the sources behind exactly the rows used.

    Parameters
    ----------
    rows : str, iterable of str or pandas.DataFrame, optional
        Identifiers, or any frame of this package; without it, only the release is cited. Copies of
        a wire story are credited to their origin where it is in the data.
    style : {"bibtex", "text"}
        Form of the result.

    Returns
    -------
    str
        The release first, then its sources by day of publication.

    Raises
    ------
    UnknownIdError
        If an identifier is not in the data.
    ValueError
        If there is no such style.

    Examples
    --------
    >>> "iraq_coalition_data" in cite()
    True
    """
    if style not in STYLES:
        raise ValueError(f"there is no citation style {style!r}; expected one of {', '.join(STYLES)}")
    store = shipped_store()
    sources = _sources_behind(store, _identifiers(rows))
    release = _release()
    entry: Callable[[dict[str, str]], str] = _bibtex if style == "bibtex" else _plain
    entries = [release, *(_source(store, source) for source in sources)]
    return "\n".join(map(entry, entries))


def _identifiers(rows: Any) -> list[str]:
    if rows is None:
        return []
    if isinstance(rows, str):
        return [rows]
    if hasattr(rows, "columns"):
        cells = (cell for name in rows.columns if name.endswith("_id") for cell in rows[name].dropna().unique())
        found = [cell for cell in cells if isinstance(cell, str) and _ID.fullmatch(cell)]
        own = rows.attrs.get("iraq_coalition_data", {}).get("table", "")
        # Of a frame of records, the records count, and not everything they refer to.
        key = next((name for name in rows.columns if name.endswith("_id")), None)
        if key is not None and not own.startswith(("claims", "sources")):
            found = [cell for cell in rows[key].dropna().unique() if isinstance(cell, str)]
        return found
    return list(rows)


def _sources_behind(store: Store, identifiers: Iterable[str]) -> list[Row]:
    wanted: set[str] = set()
    for identifier in identifiers:
        record = store.resolve_id(identifier)
        table, row = store.records[record]
        if table == "sources":
            wanted.add(record)
        elif table == "claims":
            wanted.add(row["source_id"])
        for claims in store.ledger.by_record.get(record, {}).values():
            wanted.update(claim.root for claim in claims if claim.status == "live")
        if row.get("source_id"):
            wanted.add(row["source_id"])
    rows = [store.records[source][1] for source in wanted]
    return sorted(rows, key=lambda row: (row["published_on"], row["source_id"]))


def _release() -> dict[str, str]:
    package = shipped()
    created = date.fromisoformat(package.descriptor["created"][:10])
    return {
        "key": f"iraq_coalition_data_{package.version}",
        "type": "misc",
        "author": "{The iraq\\_coalition\\_data curators}",
        "title": str(package.descriptor["title"]),
        "publisher": "iraq_coalition_data",
        "version": package.version,
        "date": created.isoformat(),
        "lang": "en",
        "url": "",
        "note": f"iraq_coalition_data, version {package.version}",
    }


def _source(store: Store, row: Row) -> dict[str, str]:
    publisher = store.name(row["publisher_id"])
    return {
        "key": row["source_id"],
        "type": "online",
        "author": "{" + _escape(publisher) + "}",
        "title": row["title"],
        "publisher": publisher,
        "version": "",
        "date": row["published_on"],
        "lang": row["lang"],
        "url": row["archive_url"] or row["url"],
        "note": f"read on {row['retrieved_on']}",
    }


def _escape(text: str) -> str:
    return "".join(_ESCAPES.get(character, character) for character in text)


def _bibtex(entry: dict[str, str]) -> str:
    fields = {
        "author": entry["author"],
        "title": "{" + _escape(entry["title"]) + "}",
        "year": entry["date"][:4],
        "date": entry["date"],
        "version": entry["version"],
        "url": entry["url"],
        "langid": entry["lang"],
        "note": _escape(entry["note"]),
    }
    body = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items() if value)
    return f"@{entry['type']}{{{entry['key']},\n{body}\n}}\n"


def _plain(entry: dict[str, str]) -> str:
    address = f" {entry['url']}" if entry["url"] else ""
    version = f" Version {entry['version']}." if entry["version"] else ""
    author = "The iraq_coalition_data curators" if entry["type"] == "misc" else entry["publisher"]
    return f"{author} ({entry['date']}). {entry['title']}.{version}{address}"
