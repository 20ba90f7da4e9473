"""What every analysis starts from: the tables of one view, the events that count, and an account of those dropped."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any

from ..loading import ATTRS, as_day, load

if TYPE_CHECKING:
    import pandas as pd

# From the weakest to the strongest; a contested event has no place among them, as its accounts exclude each other.
VERIFICATION = ("claimed_only", "single_origin", "corroborated", "acknowledged_one", "acknowledged_both")


@dataclass(frozen=True)
class View:
    """The tables as stored, as known on a day, or under a policy.

    Attributes
    ----------
    as_of, policy
        As in `load`.
    dropped : dict of str to int
        Events left out, by reason; filled while an analysis selects.
    """

    as_of: str | date | None = None
    policy: str = "balanced"
    dropped: dict[str, int] = field(default_factory=dict)
    _loaded: dict[str, pd.DataFrame] = field(default_factory=dict, init=False, repr=False)

    def __getitem__(self, table: str) -> pd.DataFrame:
        if table not in self._loaded:
            # Labels such as event links and titles written later belong to an analysis; values stop at the day.
            self._loaded[table] = load(  # type: ignore[call-overload]
                table, as_of=self.as_of, hindsight=True, policy=self.policy
            )
        return self._loaded[table]

    @property
    def last_day(self) -> pd.Timestamp | None:
        """Day after which nothing may be expected in this view."""
        import pandas as pd

        return None if self.as_of is None else pd.Timestamp(as_day(self.as_of))

    def drop(self, reason: str, number: int) -> None:
        """Account for events that a filter left out."""
        if number:
            self.dropped[reason] = self.dropped.get(reason, 0) + int(number)

    def sign(self, frame: pd.DataFrame, name: str, **definition: Any) -> pd.DataFrame:
        """Write into the frame's ``attrs`` where it comes from and what it leaves out."""
        origin = self["events"].attrs[ATTRS]
        frame.attrs[ATTRS] = {
            **{key: origin[key] for key in ("version", "as_of", "policy")},
            "table": f"analysis.{name}",
            "definition": definition,
            "dropped": dict(self.dropped),
        }
        return frame


@cache
def families() -> dict[str, str]:
    """Return the family of searches to which each reason of scope belongs."""
    reasons = load("codelist_scope_reason")
    return dict(zip(reasons["code"].astype(str), reasons["family"].astype(str), strict=True))


@cache
def _parents() -> dict[str, str]:
    places = load("locations")
    known = places[places["parent_id"].notna()]
    return dict(zip(known["location_id"].astype(str), known["parent_id"].astype(str), strict=True))


def ancestors(place: str) -> list[str]:
    """Return a place and the areas around it, from the inside out."""
    chain = [place]
    while chain[-1] in _parents():
        chain.append(_parents()[chain[-1]])
    return chain


def places_within(area: str) -> set[str]:
    """Return an area and every place inside it.

    Raises
    ------
    ValueError
        If there is no such place, with the nearest.
    """
    known = load("locations")["location_id"].astype(str).tolist()
    require("place", [area], known)
    return {place for place in known if area in ancestors(place)}


def require(what: str, given: Iterable[str], known: Collection[str]) -> None:
    """Raise ValueError, with the nearest valid choice, for the first of `given` that is not `known`."""
    for value in given:
        if value not in known:
            near = difflib.get_close_matches(str(value), known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(sorted(known))}"
            raise ValueError(f"there is no {what} {value!r}; {hint}")


def _usual_types(family: str) -> list[str]:
    types = load("codelist_event_type")
    flag = {"attacks": "counts_as_attack", "state_force": "uses_force"}.get(family)
    chosen = types if flag is None else types[types[flag].fillna(False)]
    return [str(code) for code in chosen["code"]]


def events_of(
    view: View,
    family: str,
    area: str,
    *,
    event_types: Collection[str] | None = None,
    min_verification: str | None = None,
) -> pd.DataFrame:
    """Return the events that an analysis counts, with country, governorate and coordinates of their place.

    Discounted events never count. An event whose place is not known to lie inside `area` is dropped.
    """
    events = view["events"]
    require("family", [family], set(families().values()))
    codes = load("codelist_event_type")["code"].astype(str).tolist()
    chosen = _usual_types(family) if event_types is None else list(event_types)
    require("event type", chosen, codes)
    in_family = events["scope_reason"].astype(str).map(families()).eq(family)
    events = events[in_family & events["event_type"].astype(str).isin(chosen)]

    def keep(mask: pd.Series[bool], reason: str) -> None:
        nonlocal events
        view.drop(reason, int((~mask).sum()))
        events = events[mask]

    keep(events["verification"].astype(str) != "discounted", "discounted")
    if min_verification is not None:
        require("verification", [min_verification], VERIFICATION)
        enough = VERIFICATION[VERIFICATION.index(min_verification) :]
        keep(events["verification"].astype(str).isin(enough), f"verification below {min_verification}")
    keep(events["date_start"].notna() & events["date_end"].notna(), "no date")
    keep(events["location_id"].astype(str).isin(places_within(area)), f"not inside {area}")
    places = load("locations")[["location_id", "country", "admin1", "lat", "lon"]]
    keyed = events.assign(location_id=events["location_id"].astype(str))
    return keyed.merge(places.assign(location_id=places["location_id"].astype(str)), on="location_id", how="left")


@cache
def dense_windows(family: str, area: str) -> list[tuple[pd.Timestamp, pd.Timestamp]]:
    """Return the stretches of days for which this data set says that it searched densely, from and to included."""
    coverage = load("coverage")
    around = ancestors(area)
    rows = coverage[
        coverage["family"].astype(str).eq(family)
        & coverage["completeness"].astype(str).eq("dense")
        & coverage["area_id"].astype(str).isin(around)
    ]
    return sorted(zip(rows["date_start"], rows["date_end"], strict=True))


def is_dense(windows: list[tuple[pd.Timestamp, pd.Timestamp]], first: pd.Timestamp, last: pd.Timestamp) -> bool:
    """Return whether every day from `first` to `last` lies in one of the windows."""
    import pandas as pd

    day = first
    for start, end in windows:
        if start <= day <= end:
            day = end + pd.Timedelta(days=1)
    return bool(day > last)
