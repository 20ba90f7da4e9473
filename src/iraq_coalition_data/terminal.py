"""Tables and sparklines for people: coloured in a terminal, plain when piped."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

WIDTH = 80


def is_terminal() -> bool:
    """Return whether a person is watching."""
    return sys.stdout.isatty()


def show_table(rows: Sequence[Mapping[str, object]], columns: Sequence[str], *, title: str = "") -> None:
    """Print rows as a table that fits the terminal; when piped, every cell in full."""
    cells = [["" if row.get(c) is None else str(row.get(c)) for c in columns] for row in rows]
    if is_terminal():
        from rich.console import Console
        from rich.table import Table

        table = Table(title=title or None, title_justify="left", box=None, pad_edge=False, header_style="bold")
        for name in columns:
            table.add_column(name.replace("_", " "), overflow="fold")
        for line in cells:
            table.add_row(*line)
        Console().print(table)
        return
    if title:
        print(title)
    widths = [max(_columns(line[i]) for line in [list(columns), *cells]) for i in range(len(columns))]
    for line in [list(columns), *cells]:
        print("  ".join(_padded(cell, width) for cell, width in zip(line, widths, strict=True)).rstrip())


def show_frame(frame: pd.DataFrame, style: str) -> None:
    """Print a frame as a table for people, as CSV or as JSON."""
    dates = frame.select_dtypes("datetime").columns
    plain = frame.assign(**{name: frame[name].dt.strftime("%Y-%m-%d") for name in dates}).astype(object)
    plain = plain.where(plain.notna(), None)
    if style == "csv":
        print(plain.to_csv(index=False, lineterminator="\n"), end="")
    elif style == "json":
        print(plain.to_json(orient="records", force_ascii=False, indent=2))
    else:
        show_table(plain.to_dict("records"), [str(name) for name in plain.columns])


def _columns(text: str) -> int:
    """Return how many terminal columns a text takes; combining marks take none."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _columns(text))


def bars(counts: Mapping[str, int], width: int = 48) -> list[str]:
    """Return one line per key with a bar in proportion to its count."""
    top = max(counts.values(), default=0)
    return [f"{key}  {'█' * max(1, round(width * count / top))} {count}" for key, count in counts.items() if top]


def heading(text: str) -> str:
    """Return a heading, bold where a person is watching."""
    return f"\x1b[1m{text}\x1b[0m" if is_terminal() else text
