"""Pictures that can stand in a paper: readable in grey, with source line and version. They need the extra ``plot``."""

from __future__ import annotations

import json
from datetime import date
from importlib import resources
from itertools import cycle
from typing import TYPE_CHECKING, Any

from ..loading import ATTRS, as_day, load
from ..package import MissingExtraError
from ..resolution.queries import evidence, history
from .comparison import reconcile_tallies
from .counts import weekly_counts
from .knowledge import milestone_drift
from .view import View, dense_windows, events_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_INK, _SOFT, _FAINT = "#1a1a1a", "#767676", "#d9d9d9"
_SIZE = (8.0, 4.8)
# Authorities differ by shape and by filling, not by colour alone.
_AUTHORITY = {
    "joint_official": ("D", _INK),
    "official_named": ("o", _INK),
    "official_unnamed": ("o", "white"),
    "media_unsourced": ("s", "white"),
    "leaked_text": ("^", "white"),
}
_MARKERS = "os^Dv*phX"


def _figure(size: tuple[float, float] = _SIZE, rows: int = 1, **options: Any) -> tuple[Figure, Any]:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError("plots need: pip install 'iraq-coalition-data[plot]'") from None
    figure = Figure(figsize=size, layout="constrained", dpi=150)
    axes = figure.subplots(rows, 1, **options)
    for axis in axes if rows > 1 else [axes]:
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(labelsize=8, colors=_INK)
    return figure, axes


def _sign(figure: Figure, title: str, view: View, note: str = "") -> Figure:
    origin = view["events"].attrs[ATTRS]
    state = f"as known on {as_day(view.as_of)}" if view.as_of is not None else "as known at release"
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, weight="bold", color=_INK)
    source = f"iraq_coalition_data {origin['version']}, {state}."
    figure.supxlabel(f"{source} {note}".strip(), x=0.01, ha="left", fontsize=7, color=_SOFT, wrap=True)
    return figure


def _days(axis: Axes, which: str = "x", most: int = 8) -> None:
    """Label an axis of days: with the day where it spans months, without where it spans years."""
    from matplotlib.dates import AutoDateLocator, DateFormatter, num2date

    scale = axis.xaxis if which == "x" else axis.yaxis
    first, last = map(num2date, axis.get_xlim() if which == "x" else axis.get_ylim())
    scale.set_major_locator(AutoDateLocator(maxticks=most))  # type: ignore[no-untyped-call]
    form = "%-d %b %Y" if (last - first).days < 150 else "%b %Y"
    scale.set_major_formatter(DateFormatter(form))  # type: ignore[no-untyped-call]


def timeline(
    start: str | date = "2024-07-01", end: str | date = "2024-09-30", *, as_of: str | date | None = None
) -> Figure:
    """Draw talks, attacks and strikes of a period in one picture.

    Parameters
    ----------
    start, end : str or datetime.date
        First and last day.
    as_of : str or datetime.date, optional
        As in `load`.

    Returns
    -------
    matplotlib.figure.Figure
        One row per kind of event; larger marks for events of tier 1; a bar under each row where the search was dense.

    Raises
    ------
    MissingExtraError
        Without matplotlib.

    Examples
    --------
    >>> figure = timeline()
    >>> len(figure.axes)
    1
    """
    import pandas as pd

    view = View(as_of)
    first, last = pd.Timestamp(as_day(start)), pd.Timestamp(as_day(end))
    rows = [
        ("Stated dates and postponements", "negotiation", ["target_date_stated", "postponement"], "D"),
        ("Talks and texts", "negotiation", _talks(), "o"),
        ("Threats and suspensions", "attacks", ["threat_issued", "suspension_declared", "suspension_ended"], "^"),
        ("Attacks on US or coalition forces", "attacks", None, "X"),
        ("Force by the US or the coalition", "state_force", None, "s"),
    ]
    figure, axis = _figure()
    for place, (_, family, types, marker) in enumerate(reversed(rows)):
        for begin, finish in dense_windows(family, "loc-region"):
            axis.hlines(place, max(begin, first), min(finish, last), color="#efefef", linewidth=26, zorder=0)
        events = events_of(view, family, "loc-region", event_types=types)
        shown = events[events["date_start"].between(first, last)]
        height = place + _stack(shown["date_start"], (last - first) / 110)
        axis.hlines(height, shown["date_start"], shown["date_end"], color=_INK, linewidth=1)
        sizes = shown["tier"].astype(float).map({1.0: 60, 2.0: 26, 3.0: 14}).fillna(14)
        axis.scatter(shown["date_start"], height, s=sizes, marker=marker, color=_INK, alpha=0.75, linewidth=0, zorder=3)
    axis.set_yticks(range(len(rows)), [row[0] for row in reversed(rows)])
    axis.set_ylim(-0.6, len(rows) - 0.5)
    axis.set_xlim(first - pd.Timedelta(hours=12), last + pd.Timedelta(hours=36))
    axis.grid(axis="x", color=_FAINT, linewidth=0.6)
    _days(axis)
    note = "Large marks: tier 1. On grey: days searched densely; elsewhere an empty place says nothing."
    return _sign(figure, f"Talks, attacks and force, {first:%-d %b %Y} to {last:%-d %b %Y}", view, note)


def _stack(days: pd.Series[Any], width: pd.Timedelta) -> pd.Series[Any]:
    """Return how far above or below its row each mark goes, so that marks within `width` of each other stay apart."""
    bins = (days - days.min()) // width
    level = bins.groupby(bins).cumcount()
    most = bins.groupby(bins).transform("size") - 1
    return (level - most / 2) * (0.1 if most.max() < 8 else 0.8 / most.max())


def _talks() -> list[str]:
    return [
        "negotiation_round",
        "high_level_meeting",
        "communique",
        "agreement_concluded",
        "agreement_in_force",
        "agreement_ended",
        "legislative_act",
        "executive_act",
        "judicial_act",
        "diplomatic_protest",
    ]


def drift(
    milestones: str | list[str] | None = None, *, since: str | date = "2024-01-01", as_of: str | date | None = None
) -> Figure:
    """Draw how the stated dates of commitments moved.

    Parameters
    ----------
    milestones : str or list of str, optional
        Which to draw, a panel each; by default those with three or more dated statements since `since`.
    since : str or datetime.date
        Statements made earlier are left out.
    as_of : str or datetime.date, optional
        As in `load`.

    Returns
    -------
    matplotlib.figure.Figure
        Day of the statement across, stated end upwards, with the stated span as a line; the form of a mark tells
        the authority; a dotted line is the day of the outcome. Below the diagonal a date would lie in the past.

    Raises
    ------
    ValueError
        If there is nothing to draw.

    Examples
    --------
    >>> figure = drift("mst-coalition-withdrawal-start")
    >>> len(figure.axes)
    1
    """
    import pandas as pd

    view = View(as_of)
    stated = milestone_drift(as_of=as_of)
    stated = stated[stated["target_end"].notna() & (stated["stated_on"] >= pd.Timestamp(as_day(since)))]
    if milestones is None:
        sizes = stated.groupby("milestone_id").size()
        chosen = [str(name) for name in sizes[sizes >= 3].index]
    else:
        chosen = [milestones] if isinstance(milestones, str) else list(milestones)
    stated = stated[stated["milestone_id"].isin(chosen)]
    if stated.empty:
        raise ValueError("there is no dated statement to draw; see milestone_drift()")
    titles = load("milestones").astype({"milestone_id": str}).set_index("milestone_id")["title"]
    figure, axes = _figure((8.0, 1.0 + 2.3 * len(chosen)), len(chosen), sharex=True)
    seen: dict[str, Any] = {}
    outcomes = _outcomes(view)
    for axis, name in zip(axes if len(chosen) > 1 else [axes], chosen, strict=True):
        own = stated[stated["milestone_id"] == name]
        begin = own["target_start"].fillna(own["target_end"])
        axis.vlines(own["stated_on"], begin, own["target_end"], color=_SOFT, linewidth=2)
        # The strongest authority is drawn last, on top.
        for authority in reversed(_AUTHORITY):
            marker, fill = _AUTHORITY[authority]
            rows = own[own["authority"].astype(str) == authority]
            if rows.empty:
                continue
            seen[authority] = axis.scatter(
                rows["stated_on"], rows["target_end"], marker=marker, s=42, facecolor=fill, edgecolor=_INK, zorder=3
            )
        low, high = stated["stated_on"].min(), stated["stated_on"].max()
        axis.plot([low, high], [low, high], color=_FAINT, linewidth=1, linestyle="--")
        top, bottom = own["target_end"].max(), begin.min()
        if name in outcomes.index:
            axis.axhline(outcomes[name], color=_INK, linewidth=1, linestyle=":")
            axis.annotate(
                "outcome",
                (1.0, outcomes[name]),
                xycoords=("axes fraction", "data"),
                ha="right",
                va="bottom",
                fontsize=7,
            )
            top, bottom = max(top, outcomes[name]), min(bottom, outcomes[name])
        axis.set_ylim(top=top + pd.Timedelta(days=60), bottom=bottom - pd.Timedelta(days=60))
        axis.set_title(titles[name], loc="left", fontsize=9, color=_INK)
        axis.grid(color=_FAINT, linewidth=0.6)
        axis.set_xlim(low - pd.Timedelta(days=10), high + pd.Timedelta(days=10))
        _days(axis)
        _days(axis, "y", most=6)
    labels = load("codelist_milestone_authority").astype({"code": str}).set_index("code")["label"]
    order = [name for name in _AUTHORITY if name in seen]
    figure.legend(
        [seen[n] for n in order],
        [labels[n] for n in order],
        loc="outside upper right",
        fontsize=8,
        ncols=3,
        frameon=False,
    )
    note = "Across: day of the statement. Up: stated end, with its span. Dashed: date equals day of statement."
    return _sign(figure, "How stated dates moved", view, note)


def _outcomes(view: View) -> pd.Series[Any]:
    """Return the first day of the event that settled each milestone of a view."""
    settled = view["milestones"].dropna(subset=["outcome_event_id"]).astype({"milestone_id": str})
    days = view["events"].astype({"event_id": str}).set_index("event_id")["date_start"]
    return settled.set_index("milestone_id")["outcome_event_id"].astype(str).map(days).dropna()


def cumulative(
    area: str = "loc-iraq-and-syria",
    *,
    start: str | date = "2023-10-17",
    end: str | date | None = None,
    as_of: str | date | None = None,
) -> Figure:
    """Draw our running number of attacks beside every published total of the same area.

    Parameters
    ----------
    area : str
        Attacks inside it, and totals whose area it is.
    start, end : str or datetime.date
        First day of the count, and the last.
    as_of : str or datetime.date, optional
        As in `load`.

    Returns
    -------
    matplotlib.figure.Figure
        Steps for our count, a mark per total at the end of its window, its form telling who published it. Totals
        that begin more than a fortnight from `start` are left out and counted in the note. Where the count is not
        covered by dense search it is drawn dashed: it is a floor.

    Examples
    --------
    >>> figure = cumulative()
    >>> figure.axes[0].get_ylabel()
    'attacks'
    """
    import pandas as pd

    view = View(as_of)
    counts = weekly_counts("attacks", area, freq="day", start=start, end=end, as_of=as_of)
    running = counts["best"].fillna(0).astype(int).cumsum()
    figure, axis = _figure()
    axis.step(
        counts["period_start"], running, where="post", color=_INK, linestyle="--", linewidth=1, label="ours, a floor"
    )
    covered = running.where(counts["covered"].astype(bool))
    if covered.notna().any():
        axis.step(
            counts["period_start"], covered, where="post", color=_INK, linewidth=2, label="ours, searched densely"
        )
    tallies = reconcile_tallies(as_of=as_of)
    own = tallies[(tallies["measure"] == "attacks_on_us_coalition") & (tallies["area_id"] == area)]
    own = own[own["window_end"] <= counts["period_start"].max()]
    comparable = own["window_start"].sub(pd.Timestamp(as_day(start))).abs() <= pd.Timedelta(days=14)
    left_out = int((~comparable).sum())
    by_claimant = own[comparable].groupby("claimant")
    for marker, (claimant, rows) in zip(cycle(_MARKERS), by_claimant, strict=False):
        totals = rows["reported_best"].astype(float)
        axis.scatter(
            rows["window_end"], totals, marker=marker, s=26, facecolor="white", edgecolor=_INK, zorder=3, label=claimant
        )
    axis.set_ylabel("attacks", fontsize=8)
    axis.set_ylim(bottom=0)
    axis.grid(color=_FAINT, linewidth=0.6)
    axis.legend(fontsize=7, frameon=False, loc="lower right")
    _days(axis)
    name = load("locations").astype({"location_id": str}).set_index("location_id")["name"][area]
    note = "Marks: totals as published, each with its own definition; compare with care."
    if left_out:
        note += f" {left_out} that count from another day are left out."
    return _sign(figure, f"Attacks on US or coalition forces, running number: {name}", view, note)


def toll(record_id: str, field: str = "casualties/us_military/injured") -> Figure:
    """Draw how a figure changed as the public learned more.

    Parameters
    ----------
    record_id, field : str
        As in `history`.

    Returns
    -------
    matplotlib.figure.Figure
        The best figure as a line of steps, its bounds as a band, every claim as a mark.

    Raises
    ------
    ValueError
        If no claim gives a number.

    Examples
    --------
    >>> figure = toll("evt-2024-0107", "casualties/us_military/injured")
    >>> figure.axes[0].get_ylabel()
    'casualties/us_military/injured'
    """
    import pandas as pd

    states = history(record_id, field)
    said = evidence(record_id, field)
    numbers = pd.to_numeric(said["value"], errors="coerce")
    if states.empty or numbers.isna().all():
        raise ValueError(f"{record_id} has no number for {field}; see icd explain {record_id}")
    last = states["known_from"].max() + pd.Timedelta(days=3)
    ends = states["known_to"].fillna(last) + pd.Timedelta(days=1)
    figure, axis = _figure((8.0, 3.6))
    for begin, finish, row in zip(states["known_from"], ends, states.itertuples(), strict=True):
        best = float(row.value) if row.value else float("nan")
        low = best if pd.isna(row.low) else float(row.low)
        high = best if pd.isna(row.high) else float(row.high)
        axis.fill_between([begin, finish], [low, low], [high, high], color=_FAINT, linewidth=4, edgecolor=_FAINT)
        axis.hlines(best, begin, finish, color=_INK, linewidth=2)
    axis.scatter(
        said["reported_on"] + pd.Timedelta(hours=12),
        numbers,
        marker="o",
        s=26,
        facecolor="white",
        edgecolor=_INK,
        zorder=3,
    )
    axis.set_ylabel(field, fontsize=8)
    axis.set_ylim(bottom=min(0.0, float(numbers.min())))
    axis.yaxis.get_major_locator().set_params(integer=True)
    axis.grid(color=_FAINT, linewidth=0.6)
    _days(axis)
    events = load("events").astype({"event_id": str}).set_index("event_id")["title"]
    title = str(events.get(record_id, record_id))
    note = f"{record_id}. Line: best figure of the day; band: its range; circles: claims, by day of report."
    return _sign(figure, title, View(), note)


def incident_map(
    start: str | date = "2024-07-01", end: str | date = "2024-09-30", *, as_of: str | date | None = None
) -> Figure:
    """Draw attacks, and force by the US or the coalition, on a map.

    Parameters
    ----------
    start, end : str or datetime.date
        First and last day.
    as_of : str or datetime.date, optional
        As in `load`.

    Returns
    -------
    matplotlib.figure.Figure
        Circles for attacks and squares for force, larger where there were more; places without published coordinates
        are counted in the note. Borders: Natural Earth (public domain), no statement on their legal status.

    Examples
    --------
    >>> figure = incident_map()
    >>> figure.axes[0].get_xlabel()
    'degrees east'
    """
    import pandas as pd

    view = View(as_of)
    first, last = pd.Timestamp(as_day(start)), pd.Timestamp(as_day(end))
    figure, axis = _figure((7.0, 6.2))
    outlines = json.loads(resources.files(__package__).joinpath("outlines.json").read_text("utf-8"))
    for line in outlines["lines"]:
        axis.plot(*zip(*line, strict=True), color=_SOFT, linewidth=0.7, zorder=1)
    missing = 0
    styles = (("attacks", "o", "white", "attacks"), ("state_force", "s", _INK, "force by the US or the coalition"))
    tallied = []
    for family, marker, fill, label in styles:
        events = events_of(view, family, "loc-region")
        events = events[events["date_start"].between(first, last)]
        missing += int(events["lat"].isna().sum())
        sites = (
            events.dropna(subset=["lat"])
            .groupby(["location_id", "lat", "lon"], observed=True)
            .size()
            .reset_index(name="n")
        )
        axis.scatter(
            sites["lon"],
            sites["lat"],
            s=30 + 20 * sites["n"],
            marker=marker,
            facecolor=fill,
            edgecolor=_INK,
            alpha=0.85,
            zorder=3,
            label=label,
        )
        tallied.append(sites)
    axis.set_xlim(36.5, 49.0)
    axis.set_ylim(28.8, 38.0)
    # One degree of longitude at 33.5 degrees north is 0.83 of one of latitude.
    axis.set_aspect(1 / 0.834)
    axis.set_xlabel("degrees east", fontsize=8)
    axis.set_ylabel("degrees north", fontsize=8)
    legend = axis.legend(fontsize=8, loc="lower left", frameon=True)
    for handle in legend.legend_handles:
        handle.set_sizes([40])
    note = f"{missing} events at places without published coordinates are not drawn. Borders: Natural Earth."
    _sign(figure, f"Attacks and force, {first:%-d %b %Y} to {last:%-d %b %Y}", view, note)
    totals = pd.concat(tallied).groupby(["location_id", "lat", "lon"], observed=True)["n"].sum().reset_index()
    _label_sites(figure, axis, totals, load("locations").astype({"location_id": str}).set_index("location_id")["name"])
    return figure


def _label_sites(figure: Figure, axis: Axes, sites: pd.DataFrame, names: pd.Series[Any]) -> None:
    """Write the name and number of each site beside it, the busiest first; those that would cover another stay bare."""
    figure.draw_without_rendering()
    taken: list[Any] = []
    for site in sites.sort_values("n", ascending=False).itertuples():
        for shift, side in (((9, 3), "left"), ((-9, 3), "right"), ((9, -9), "left"), ((-9, -9), "right")):
            text = axis.annotate(
                f"{names[site.location_id]} ({site.n})",
                (site.lon, site.lat),
                xytext=shift,
                textcoords="offset points",
                ha=side,
                fontsize=7,
                zorder=4,
            )
            box = text.get_window_extent()
            if not any(box.overlaps(other) for other in taken):
                taken.append(box)
                break
            text.remove()
