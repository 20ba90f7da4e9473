"""How to cite the release, and the sources behind given rows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from .package import shipped
from .reading import Row
from .resolution.store import Store, shipped_store

if TYPE_CHECKING:
    import pandas as pd

Item = dict[str, Any]  # of CSL-JSON, see https://docs.citationstyles.org
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
    style : {"bibtex", "ris", "csl-json", "text"}
        Form of the result: BibTeX (entries ``online`` and ``misc``), RIS, CSL-JSON, or plain text.

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
    return STYLES[style]([_release(), *(_source(store, source) for source in sources)])


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


def _release() -> Item:
    package = shipped()
    return {
        "id": f"iraq_coalition_data_{package.version}",
        "type": "dataset",
        "title": str(package.descriptor["title"]),
        "author": [{"literal": "The iraq_coalition_data curators"}],
        "issued": _date(package.descriptor["created"][:10]),
        "version": package.version,
        "language": "en",
        "note": f"iraq_coalition_data, version {package.version}",
    }


def _source(store: Store, row: Row) -> Item:
    return {
        "id": row["source_id"],
        "type": "webpage",
        "title": row["title"],
        "author": [{"literal": store.name(row["publisher_id"])}],
        "issued": _date(row["published_on"]),
        "accessed": _date(row["retrieved_on"]),
        "URL": row["archive_url"] or row["url"],
        "language": row["lang"],
    }


def _date(day: str) -> dict[str, list[list[int]]]:
    return {"date-parts": [[int(part) for part in day.split("-")]]}


def _day(item: Item, name: str) -> str:
    return date(*item[name]["date-parts"][0]).isoformat() if name in item else ""


def _escape(text: str) -> str:
    return "".join(_ESCAPES.get(character, character) for character in text)


def _as_bibtex(items: Sequence[Item]) -> str:
    return "\n".join(map(_bibtex_entry, items))


def _bibtex_entry(item: Item) -> str:
    fields = {
        "author": "{" + _escape(item["author"][0]["literal"]) + "}",
        "title": "{" + _escape(item["title"]) + "}",
        "year": _day(item, "issued")[:4],
        "date": _day(item, "issued"),
        "version": item.get("version", ""),
        "url": item.get("URL", ""),
        "urldate": _day(item, "accessed"),
        "language": item["language"],
        "note": _escape(item.get("note", "")),
    }
    body = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items() if value)
    kind = "online" if item["type"] == "webpage" else "misc"
    return f"@{kind}{{{item['id']},\n{body}\n}}\n"


def _as_ris(items: Sequence[Item]) -> str:
    return "\n".join(map(_ris_record, items))


def _ris_record(item: Item) -> str:
    tags = [
        ("TY", "ELEC" if item["type"] == "webpage" else "DATA"),
        ("ID", item["id"]),
        ("AU", item["author"][0]["literal"]),
        ("TI", item["title"]),
        ("PY", _day(item, "issued")[:4]),
        ("DA", _day(item, "issued").replace("-", "/")),
        ("ET", item.get("version", "")),
        ("UR", item.get("URL", "")),
        ("Y2", _day(item, "accessed").replace("-", "/")),
        ("LA", item["language"]),
    ]
    return "".join(f"{tag}  - {value}\n" for tag, value in tags if value) + "ER  - \n"


def _as_csl(items: Sequence[Item]) -> str:
    return json.dumps(items, ensure_ascii=False, indent=2)


def _as_text(items: Sequence[Item]) -> str:
    return "\n".join(map(_line, items))


def _line(item: Item) -> str:
    version = f" Version {item['version']}." if "version" in item else ""
    address = f" {item['URL']}" if "URL" in item else ""
    return f"{item['author'][0]['literal']} ({_day(item, 'issued')}). {item['title']}.{version}{address}"


STYLES: dict[str, Callable[[Sequence[Item]], str]] = {
    "bibtex": _as_bibtex,
    "ris": _as_ris,
    "csl-json": _as_csl,
    "text": _as_text,
}
