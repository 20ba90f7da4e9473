"""Intervals of days as text: parsing, intersection, hull and width class."""

from __future__ import annotations

import calendar
import re
from datetime import date
from functools import lru_cache

Interval = tuple[str, str]
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
_YEAR = re.compile(r"[0-9]{4}")
_LAST_DAY = "9999-12-31"
_WIDTHS = ((1, "day"), (6, "days_2_6"), (7, "week"), (31, "month"), (92, "quarter"), (366, "year"))


@lru_cache(maxsize=20_000)
def parse_interval(text: str) -> Interval:
    """Return first and last day of `text`; an open side is the empty string.

    Parameters
    ----------
    text : str
        A day, a month, a year, or ``A/B`` with ``..`` for an open side.

    Raises
    ------
    ValueError
        If the text is none of these, or ends before it starts.

    Examples
    --------
    >>> parse_interval("2024-09")
    ('2024-09-01', '2024-09-30')
    >>> parse_interval("../2025-09-30")
    ('', '2025-09-30')
    """
    if "/" in text:
        left, right = text.split("/", 1)
        start = "" if left == ".." else _point(left)[0]
        end = "" if right == ".." else _point(right)[1]
        if not start and not end:
            raise ValueError(f"{text!r} is open on both sides")
    else:
        start, end = _point(text)
    if start and end and start > end:
        raise ValueError(f"{text!r} ends before it starts")
    return start, end


def _point(text: str) -> Interval:
    if _DAY.fullmatch(text):
        date.fromisoformat(text)
        return text, text
    if _MONTH.fullmatch(text):
        year, month = map(int, text.split("-"))
        return f"{text}-01", f"{text}-{calendar.monthrange(year, month)[1]:02d}"
    if _YEAR.fullmatch(text) and text != "0000":
        return f"{text}-01-01", f"{text}-12-31"
    raise ValueError(f"{text!r} is not a day, a month, a year or a span of them")


def intersect(first: Interval, second: Interval) -> Interval | None:
    """Return the days in both intervals, or None where there are none."""
    start = max(first[0], second[0])
    end = min(first[1] or _LAST_DAY, second[1] or _LAST_DAY)
    if start > end:
        return None
    return start, "" if end == _LAST_DAY else end


def hull(first: Interval, second: Interval) -> Interval:
    """Return the narrowest interval that holds both."""
    start = min(first[0], second[0])
    end = "" if not (first[1] and second[1]) else max(first[1], second[1])
    return start, end


@lru_cache(maxsize=20_000)
def width_class(start: str, end: str) -> str:
    """Return the code of `date_precision` for a closed interval, the empty string for an open one.

    Examples
    --------
    >>> width_class("2024-09-01", "2024-09-30")
    'month'
    """
    if not start or not end:
        return ""
    days = (date.fromisoformat(end) - date.fromisoformat(start)).days + 1
    for limit, code in _WIDTHS:
        if days <= limit:
            return code
    return "longer"
