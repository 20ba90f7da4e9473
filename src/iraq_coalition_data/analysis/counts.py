"""Events counted: by week, around anchors, by who is said to have done them, by governorate or grid cell."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from ..loading import load
from .view import View, dense_windows, events_of, is_dense, places_within, require

if TYPE_CHECKING:
    import pandas as pd

_PERIODS = {"day": "D", "week": "W-SUN", "month": "M"}
_UNITS = ("event", "day_site")
_CLAIMED = ("acknowledged_own_act", "self_claimed", "brand_claimed")
_NONE = "none"


def weekly_counts(
    family: str = "attacks",
    area: str = "loc-region",
    *,
    by: Sequence[str] = (),
    freq: str = "week",
    event_types: Collection[str] | None = None,
    unit: str = "event",
    start: str | date | None = None,
    end: str | date | None = None,
    as_of: str | date | None = None,
    policy: str = "balanced",
    min_verification: str | None = None,
) -> pd.DataFrame:
    """Count events per week, with bounds for uncertain dates and no false zeros.

    Question: how many attacks (or strikes, or steps of the talks) were there, week by week?

    Parameters
    ----------
    family : {"attacks", "state_force", "negotiation", "posture", "context"}
        What to count: events whose scope reason belongs to this family of searches.
    area : str
        A place; events count that lie inside it.
    by : sequence of str
        Break down by any of ``event_type``, ``verification``, ``outcome``, ``country``, ``admin1``, ``lethality``,
        ``initiator``, ``side`` (of the initiator), ``attribution``.
    freq : {"week", "month", "day"}
        Weeks begin on Monday.
    event_types : collection of str, optional
        Codes of ``event_type``; by default those that count as attacks, or use force, where `family` is
        ``attacks`` or ``state_force``, else all.
    unit : {"event", "day_site"}
        ``day_site`` counts a day at a site once, for comparison with data sets that do so (C6).
    start, end : str or datetime.date, optional
        First and last day; by default from the first to the last event or dense search.
    as_of, policy
        As in `load`.
    min_verification : str, optional
        Weakest verification that counts; contested events then drop out too.

    Returns
    -------
    pandas.DataFrame
        One row per period and group: ``period_start``, the columns of `by`, ``low``, ``best``, ``high`` (events) and
        ``covered``. An event counts in ``best`` in the period of its first possible day, in ``high`` in each period
        it may belong to, in ``low`` only if it lies wholly inside. Where nothing was found and the search was not
        dense (``covered`` false), the three are missing, not zero. ``attrs`` tell the number of events dropped.

    Raises
    ------
    ValueError
        For an unknown choice, with the nearest.

    Examples
    --------
    >>> weeks = weekly_counts(start="2024-07-01", end="2024-09-30")
    >>> bool(weeks["covered"].all()), int(weeks["best"].sum()) >= 5
    (True, True)
    """
    import pandas as pd

    require("frequency", [freq], _PERIODS)
    require("unit", [unit], _UNITS)
    require("breakdown", by, _BREAKDOWNS)
    view = View(as_of, policy)
    events = events_of(view, family, area, event_types=event_types, min_verification=min_verification)
    for column in by:
        events[column] = _BREAKDOWNS[column](view, events)
    if unit == "day_site":
        events = _one_per_day_and_site(events, list(by))
    windows = dense_windows(family, area)
    first, last = _range(events, windows, view, start, end)
    outside = (events["date_end"] < first) | (events["date_start"] > last)
    view.drop("outside the days asked for", int(outside.sum()))
    events = events[~outside]
    periods = pd.period_range(first, last, freq=_PERIODS[freq])
    counted = _bounds(events, periods, list(by))
    dense = {p: is_dense(windows, max(p.start_time, first), min(p.end_time.normalize(), last)) for p in periods}
    counted["covered"] = counted["period"].map(dense).astype("boolean")
    unknown = ~counted["covered"] & (counted["high"] == 0)
    counted[["low", "best", "high"]] = counted[["low", "best", "high"]].mask(unknown)
    counted.insert(0, "period_start", counted["period"].dt.start_time.astype("datetime64[us]"))
    counted = counted.drop(columns="period")
    return view.sign(counted, "weekly_counts", family=family, area=area, freq=freq, unit=unit)


def _range(
    events: pd.DataFrame,
    windows: list[tuple[pd.Timestamp, pd.Timestamp]],
    view: View,
    start: str | date | None,
    end: str | date | None,
) -> tuple[pd.Timestamp, pd.Timestamp]:
    import pandas as pd

    firsts = [*events["date_start"].tolist(), *(window[0] for window in windows)]
    lasts = [*events["date_end"].tolist(), *(window[1] for window in windows)]
    if not firsts and (start is None or end is None):
        raise ValueError("there is no event and no dense search here; pass start= and end=")
    first = pd.Timestamp(start) if start is not None else min(firsts)
    last = pd.Timestamp(end) if end is not None else max(lasts)
    if view.last_day is not None:
        last = min(last, view.last_day)
    if first > last:
        raise ValueError(f"the first day {first:%Y-%m-%d} comes after the last {last:%Y-%m-%d}")
    return first, last


def _bounds(events: pd.DataFrame, periods: pd.PeriodIndex, by: list[str]) -> pd.DataFrame:
    """Return low, best and high for every period and every group that occurs."""
    import pandas as pd

    begins = events["date_start"].dt.to_period(periods.freq)
    ends = events["date_end"].dt.to_period(periods.freq)
    marks = [
        events[by].assign(period=begins, low=(begins == ends).astype(int), best=1, high=1),
    ]
    for offset in range(1, max(((ends - begins).map(lambda gap: gap.n)).max(), 0) + 1) if len(events) else ():
        reaches = ends >= begins + offset
        marks.append(events.loc[reaches, by].assign(period=begins[reaches] + offset, low=0, best=0, high=1))
    long = pd.concat(marks)
    sums = long.groupby([*by, "period"], observed=True)[["low", "best", "high"]].sum()
    groups = events[by].drop_duplicates().sort_values(by) if by else pd.DataFrame(index=[0])
    grid = groups.merge(pd.DataFrame({"period": periods}), how="cross")
    merged = grid.merge(sums.reset_index(), on=[*by, "period"], how="left")
    merged[["low", "best", "high"]] = merged[["low", "best", "high"]].fillna(0).astype("Int64")
    return merged.sort_values(["period", *by]).reset_index(drop=True)


def _one_per_day_and_site(events: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    groups = events.groupby(["date_start", "location_id", *by], observed=True, dropna=False)
    return groups.agg(date_end=("date_end", "max")).reset_index()


def _initiators(view: View, events: pd.DataFrame) -> pd.DataFrame:
    """Return the best-attested initiators of the events, with name and side."""
    actors = view["event_actors"]
    best = actors[actors["is_best"].fillna(False) & actors["event_id"].isin(events["event_id"])]
    known = load("actors")[["actor_id", "name", "side"]]
    return best[["event_id", "actor_id", "attribution"]].merge(known, on="actor_id").astype(str)


def _of_initiators(column: str) -> Callable[[View, pd.DataFrame], Any]:
    def values(view: View, events: pd.DataFrame) -> Any:
        rows = _initiators(view, events).sort_values(["event_id", column])
        joined = rows.groupby("event_id")[column].agg(lambda cells: "; ".join(dict.fromkeys(cells)))
        return events["event_id"].astype(str).map(joined).fillna(_NONE)

    return values


def _lethality(view: View, events: pd.DataFrame) -> Any:
    """Return lethal, injuring, harmless or unknown, from the best figures of all groups."""
    import pandas as pd

    harm = view["event_casualties"]
    known = harm[harm["outcome"].astype(str).isin(("killed", "injured"))]
    totals = known.assign(outcome=known["outcome"].astype(str)).pivot_table(
        index="event_id", columns="outcome", values="low", aggfunc="sum", observed=True
    )
    by_event = totals.reindex(events["event_id"]).reindex(columns=["killed", "injured"])
    kind = pd.Series("unknown", index=by_event.index)
    kind[by_event.notna().any(axis=1)] = "harmless"
    kind[by_event["injured"].fillna(0) > 0] = "injuring"
    kind[by_event["killed"].fillna(0) > 0] = "lethal"
    return kind.to_numpy()


def _column(name: str) -> Callable[[View, pd.DataFrame], Any]:
    def values(view: View, events: pd.DataFrame) -> Any:
        cells = events[name].astype(object)
        return cells.where(cells.notna(), _NONE).astype(str)

    return values


_BREAKDOWNS: dict[str, Callable[[View, pd.DataFrame], Any]] = {
    **{name: _column(name) for name in ("event_type", "verification", "outcome", "country", "admin1")},
    "lethality": _lethality,
    "initiator": _of_initiators("name"),
    "side": _of_initiators("side"),
    "attribution": _of_initiators("attribution"),
}


def around(
    anchors: str | Sequence[str] = "negotiation_round",
    family: str = "attacks",
    area: str = "loc-region",
    *,
    weeks: int = 4,
    event_types: Collection[str] | None = None,
    as_of: str | date | None = None,
    policy: str = "balanced",
    min_verification: str | None = None,
) -> pd.DataFrame:
    """Count events in the weeks before and after anchor events.

    Question: did attacks become more or fewer around each round of talks (or suspension, or strike)?

    Parameters
    ----------
    anchors : str or sequence of str
        A code of ``event_type``, or event identifiers.
    family, area, event_types, as_of, policy, min_verification
        What is counted, as in `weekly_counts`.
    weeks : int
        How many weeks on either side.

    Returns
    -------
    pandas.DataFrame
        One row per anchor and week: ``anchor_id``, ``anchor_date``, ``offset`` (weeks; 0 begins on the anchor's
        first day), ``low``, ``best``, ``high`` (events) and ``covered``, as in `weekly_counts`.

    Raises
    ------
    ValueError
        If an anchor is unknown, with the nearest.

    Examples
    --------
    >>> rounds = around("negotiation_round", weeks=2)
    >>> sorted(rounds["offset"].unique().tolist())
    [-2, -1, 0, 1]
    """
    import pandas as pd

    view = View(as_of, policy)
    events = events_of(view, family, area, event_types=event_types, min_verification=min_verification)
    every = view["events"]
    if isinstance(anchors, str):
        require("event type", [anchors], load("codelist_event_type")["code"].astype(str).tolist())
        chosen = every[every["event_type"].astype(str) == anchors]
    else:
        require("event", anchors, every["event_id"].astype(str).tolist())
        chosen = every[every["event_id"].isin(list(anchors))]
    windows = dense_windows(family, area)
    rows = []
    for anchor in chosen.sort_values("date_start").itertuples():
        for offset in range(-weeks, weeks):
            first = anchor.date_start + pd.Timedelta(weeks=offset)
            last = first + pd.Timedelta(days=6)
            touching = (events["date_start"] <= last) & (events["date_end"] >= first)
            inside = (events["date_start"] >= first) & (events["date_end"] <= last)
            begun = events["date_start"].between(first, last)
            covered = is_dense(windows, first, last)
            found = [int((mask & (events["event_id"] != anchor.event_id)).sum()) for mask in (inside, begun, touching)]
            counts = found if covered or found[-1] else [pd.NA] * 3
            rows.append((str(anchor.event_id), anchor.date_start, offset, *counts, covered))
    columns = ["anchor_id", "anchor_date", "offset", "low", "best", "high", "covered"]
    frame = pd.DataFrame(rows, columns=columns).astype(
        {"low": "Int64", "best": "Int64", "high": "Int64", "covered": "boolean"}
    )
    return view.sign(frame, "around", anchors=anchors, family=family, area=area, weeks=weeks)


def attribution_matrix(
    area: str = "loc-region",
    *,
    freq: str = "month",
    as_of: str | date | None = None,
    policy: str = "balanced",
) -> pd.DataFrame:
    """Set claims of responsibility beside attributions, denials and acknowledgements of attacks.

    Question: how far apart are the attacks that a group claims and those that the affected side acknowledges?

    Parameters
    ----------
    area, freq, as_of, policy
        As in `weekly_counts`.

    Returns
    -------
    pandas.DataFrame
        One row per period and actor named as initiator: ``period_start``, ``actor_id``, ``actor``, ``is_brand`` and,
        in events, ``named`` (by anyone), ``claimed`` (by the actor or its brand), ``attributed`` (by others),
        ``denied``, ``acknowledged`` (attacks that the affected side acknowledged, whoever did them) and
        ``claimed_only`` (claimed, and acknowledged by nobody). An event counts under every actor named for it, so
        rows must not be added up over actors.

    Examples
    --------
    >>> matrix = attribution_matrix()
    >>> bool((matrix["claimed"] <= matrix["named"]).all())
    True
    """
    require("frequency", [freq], _PERIODS)
    view = View(as_of, policy)
    events = events_of(view, "attacks", area)
    actors = view["event_actors"]
    named = actors[actors["role"].astype(str).isin(("initiator", "co_initiator", "claimant"))]
    rows = events[["event_id", "date_start", "verification"]].merge(
        named[["event_id", "actor_id", "attribution"]], on="event_id"
    )
    code = rows["attribution"].astype(str)
    acknowledged = rows["verification"].astype(str).isin(("acknowledged_one", "acknowledged_both"))
    flags = rows.assign(
        period_start=rows["date_start"].dt.to_period(_PERIODS[freq]).dt.start_time.astype("datetime64[us]"),
        claimed=code.isin(_CLAIMED),
        attributed=code.str.startswith("attributed_"),
        denied=code.str.startswith("denied_"),
        acknowledged=acknowledged,
        claimed_only=code.isin(_CLAIMED) & ~acknowledged,
    )
    # One event may name an actor several times, once per code.
    kinds = ["claimed", "attributed", "denied", "acknowledged", "claimed_only"]
    per_event = flags.groupby(["period_start", "actor_id", "event_id"], observed=True)[kinds].any().reset_index()
    counted = per_event.groupby(["period_start", "actor_id"], observed=True).agg(
        named=("event_id", "nunique"), **{kind: (kind, "sum") for kind in kinds}
    )
    known = load("actors")[["actor_id", "name", "is_brand"]].rename(columns={"name": "actor"})
    frame = counted.astype("Int64").reset_index().merge(known, on="actor_id", how="left")
    frame = frame[["period_start", "actor_id", "actor", "is_brand", "named", *kinds]]
    return view.sign(
        frame.sort_values(["period_start", "actor_id"], ignore_index=True), "attribution_matrix", area=area
    )


def panel(
    family: str = "attacks",
    area: str = "loc-iraq",
    *,
    unit: str = "admin1",
    freq: str = "week",
    start: str | date | None = None,
    end: str | date | None = None,
    as_of: str | date | None = None,
    policy: str = "balanced",
    min_verification: str | None = None,
) -> pd.DataFrame:
    """Count events by unit of space and time, ready to be joined with other data.

    Question: which governorates (or PRIO-GRID cells) saw attacks in which weeks?

    Parameters
    ----------
    family, area, freq, start, end, as_of, policy, min_verification
        As in `weekly_counts`.
    unit : {"admin1", "prio_grid"}
        Governorates as they existed at the start of the period; or cells of half a degree, numbered as in
        PRIO-GRID (Tollefsen, Strand and Buhaug 2012), of which only those with events appear.

    Returns
    -------
    pandas.DataFrame
        One row per unit and period: ``admin1`` or ``gid``, ``period_start``, ``low``, ``best``, ``high``, ``covered``,
        as in `weekly_counts`. Events whose place is larger than a unit are dropped, and counted in ``attrs``.

    Examples
    --------
    >>> rows = panel(start="2024-07-01", end="2024-07-28")
    >>> rows["period_start"].nunique(), bool(rows["best"].notna().all())
    (4, True)
    """
    import pandas as pd

    require("unit", [unit], ("admin1", "prio_grid"))
    require("frequency", [freq], _PERIODS)
    view = View(as_of, policy)
    events = events_of(view, family, area, min_verification=min_verification)
    windows = dense_windows(family, area)
    first, last = _range(events, windows, view, start, end)
    events = events[(events["date_end"] >= first) & (events["date_start"] <= last)]
    column = "admin1" if unit == "admin1" else "gid"
    if unit == "prio_grid":
        events = events.assign(gid=_grid_cell(events["lat"], events["lon"]))
    placed = events[events[column].notna()]
    view.drop(f"place larger than a unit ({unit})", len(events) - len(placed))
    placed = placed.assign(**{column: placed[column].astype(str if unit == "admin1" else "int64")})
    periods = pd.period_range(first, last, freq=_PERIODS[freq])
    counted = _bounds(placed, periods, [column])
    if unit == "admin1":
        counted = (
            _governorates(area)
            .merge(pd.DataFrame({"period": periods}), how="cross")
            .merge(counted, on=[column, "period"], how="left")
        )
        day = counted["period"].dt.start_time
        exists = (counted["valid_from"].isna() | (counted["valid_from"] <= day)) & (
            counted["valid_to"].isna() | (counted["valid_to"] >= day)
        )
        counted = counted[exists].drop(columns=["valid_from", "valid_to"])
        counted[["low", "best", "high"]] = counted[["low", "best", "high"]].fillna(0)
    dense = {p: is_dense(windows, max(p.start_time, first), min(p.end_time.normalize(), last)) for p in periods}
    counted["covered"] = counted["period"].map(dense).astype("boolean")
    unknown = ~counted["covered"] & (counted["high"] == 0)
    counted[["low", "best", "high"]] = counted[["low", "best", "high"]].mask(unknown).astype("Int64")
    counted["period"] = counted["period"].dt.start_time.astype("datetime64[us]")
    frame = counted.rename(columns={"period": "period_start"}).sort_values([column, "period_start"], ignore_index=True)
    return view.sign(frame, "panel", family=family, area=area, unit=unit, freq=freq)


def _grid_cell(lat: Any, lon: Any) -> Any:
    """Return the PRIO-GRID number of a point: rows of 720 half-degree cells, counted from 90 S 180 W, from 1."""
    return ((lat + 90) // 0.5 * 720 + (lon + 180) // 0.5 + 1).astype("Int64")


def _governorates(area: str) -> pd.DataFrame:
    """Return the governorates inside an area with the days between which they exist."""
    units = load("codelist_admin1")[["code", "country", "valid_from", "valid_to"]]
    places = load("locations")
    inside = places[places["location_id"].astype(str).isin(places_within(area))]
    whole = inside.loc[inside["kind"].astype(str) == "country", "country"].astype(str)
    listed = inside["admin1"].dropna().astype(str)
    rows = units[units["country"].astype(str).isin(whole) | units["code"].astype(str).isin(listed)]
    return rows.rename(columns={"code": "admin1"}).drop(columns="country").astype({"admin1": str})
