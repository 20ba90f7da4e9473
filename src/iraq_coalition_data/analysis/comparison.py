"""Our records against published totals, one party's account against another's, one coding choice against the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any

from ..loading import load, load_all
from .view import View, dense_windows, events_of, require

if TYPE_CHECKING:
    import pandas as pd

# Attacks by ISIS are outside our scope; whose dead a total counts, only its definition tells.
_NOT_CARRIED = ("isis_attacks", "killed")
# Persons on the side of US and coalition forces, whose harm official totals count.
_OWN_SIDE = ("us_military", "us_contractor", "us_civilian", "coalition_other_military")
_COMPARED = ("date_start", "date_end", "location_id", "outcome")


def reconcile_tallies(*, as_of: str | date | None = None, policy: str = "balanced") -> pd.DataFrame:
    """Set every published running total beside our own count of the same window, area and measure.

    Question: does this data set hold the attacks, strikes and injured that officials counted?

    Parameters
    ----------
    as_of, policy
        As in `load`.

    Returns
    -------
    pandas.DataFrame
        One row per tally: ``tally_id``, ``claimant``, ``measure``, ``area_id``, ``window_start``, ``window_end``,
        ``reported_low``, ``reported_best``, ``reported_high``, ``ours_low``, ``ours_best``, ``ours_high``,
        ``difference`` (ours less theirs, best figures), ``tolerance`` (the larger of 2 and 5 percent of theirs),
        ``covered_share`` (share of the window's days that we searched densely), ``verdict`` and ``note`` (the
        tally's reconciliation note). Verdicts: ``agrees`` and ``differs`` where the window is covered,
        ``not_covered`` where it is not, ``not_counted`` for measures that our records do not carry. Their definition
        may differ from ours even where the figures agree.

    Examples
    --------
    >>> verdicts = set(reconcile_tallies()["verdict"])
    >>> verdicts <= {"agrees", "differs", "not_covered", "not_counted"}
    True
    """
    import pandas as pd

    view = View(as_of, policy)
    names = load("actors").astype({"actor_id": str}).set_index("actor_id")["name"].to_dict()
    # Of another view, so that events outside one tally's area do not count as dropped by the analysis.
    aside = View(as_of, policy)
    events = cache(lambda family, area: events_of(aside, family, area))
    countable = cache(
        lambda measure, claimant, family, area: _Countable(aside, measure, claimant, events(family, area))
    )
    rows = []
    for tally in view["reported_tallies"].itertuples():
        measure, area = str(tally.measure), str(tally.area_id)
        family = "state_force" if measure == "us_strikes" else "attacks"
        share = _covered_share(family, area, tally.window_start, tally.window_end)
        ours = None
        if measure not in _NOT_CARRIED:
            claimant = str(tally.claimant_id) if measure == "group_claimed_attacks" else ""
            ours = countable(measure, claimant, family, area).within(tally.window_start, tally.window_end)
        theirs = tally.best
        tolerance = pd.NA if pd.isna(theirs) else max(2, round(0.05 * int(theirs)))
        difference = pd.NA if ours is None or pd.isna(theirs) else ours[1] - int(theirs)
        if ours is None:
            verdict = "not_counted"
        elif share < 1 or pd.isna(difference):
            verdict = "not_covered"
        else:
            verdict = "agrees" if abs(difference) <= tolerance else "differs"
        rows.append(
            {
                "tally_id": str(tally.tally_id),
                "claimant": names[str(tally.claimant_id)],
                "measure": measure,
                "area_id": area,
                "window_start": tally.window_start,
                "window_end": tally.window_end,
                **{f"reported_{bound}": getattr(tally, bound) for bound in ("low", "best", "high")},
                **dict(zip(("ours_low", "ours_best", "ours_high"), ours or [pd.NA] * 3, strict=True)),
                "difference": difference,
                "tolerance": tolerance,
                "covered_share": share,
                "verdict": verdict,
                "note": tally.reconciliation_note,
            }
        )
    frame = pd.DataFrame(rows)
    counts = [c for c in frame if c.startswith(("reported_", "ours_")) or c in ("difference", "tolerance")]
    return view.sign(frame.astype(dict.fromkeys(counts, "Int64")), "reconcile_tallies")


def _covered_share(family: str, area: str, start: pd.Timestamp, end: pd.Timestamp) -> float:
    days = int((end - start).days) + 1
    covered: int = sum(
        max(0, (min(end, last) - max(start, first)).days + 1) for first, last in dense_windows(family, area)
    )
    return round(covered / days, 3)


class _Countable:
    """The events that a measure counts, as plain arrays: there are many tallies of the same events."""

    def __init__(self, view: View, measure: str, claimant: str, events: pd.DataFrame) -> None:
        import numpy as np

        if measure == "us_strikes":
            events = events[events["event_type"].astype(str) == "armed_action"]
        if measure == "group_claimed_attacks":
            actors = view["event_actors"]
            own = actors["actor_id"].astype(str).eq(claimant)
            own &= actors["attribution"].astype(str).isin(("self_claimed", "brand_claimed"))
            events = events[events["event_id"].isin(actors.loc[own, "event_id"])]
        self.begin = events["date_start"].to_numpy("datetime64[D]")
        self.finish = events["date_end"].to_numpy("datetime64[D]")
        self.weights = dict.fromkeys(("low", "best", "high"), np.ones(len(events), dtype=int))
        if measure == "injured":
            harm = view["event_casualties"]
            harm = harm[harm["outcome"].astype(str).eq("injured") & harm["group"].astype(str).isin(_OWN_SIDE)]
            for bound in self.weights:
                # Without a figure of its own, a bound falls back on the floor that was stated.
                cells = harm[bound].fillna(harm["low"]).fillna(0).astype(int)
                sums = cells.groupby(harm["event_id"].astype(str)).sum()
                self.weights[bound] = events["event_id"].astype(str).map(sums).fillna(0).to_numpy(int)

    def within(self, first: pd.Timestamp, last: pd.Timestamp) -> list[int]:
        """Return our low, best and high: what happened inside the window, began in it, touches it."""
        start, end = first.to_datetime64(), last.to_datetime64()
        masks = {
            "low": (self.begin >= start) & (self.finish <= end),
            "best": (self.begin >= start) & (self.begin <= end),
            "high": (self.begin <= end) & (self.finish >= start),
        }
        return [int(self.weights[bound][mask].sum()) for bound, mask in masks.items()]


def compare_accounts(
    one: str = "act-us-government", other: str = "act-iraq-government", *, as_of: str | date | None = None
) -> pd.DataFrame:
    """Set one party's account beside another's.

    Question: where do the Iraqi and the US accounts of the same events differ?

    Parameters
    ----------
    one, other : str
        Principals, as in the policy ``party(<actor>)``.
    as_of : str or datetime.date, optional
        As in `load`.

    Returns
    -------
    pandas.DataFrame
        One row per event and value that both parties speak of and state differently: ``event_id``, ``field``
        (a column of ``events``, ``casualties/<group>/<outcome>`` or ``initiators``), ``one``, ``other`` (as text).
        ``attrs["iraq_coalition_data"]["definition"]`` tells how many events each party speaks of and how many both do.

    Raises
    ------
    ValueError
        If an actor is unknown, with the nearest.

    Examples
    --------
    >>> differences = compare_accounts()
    >>> differences.columns.tolist()
    ['event_id', 'field', 'one', 'other']
    """
    import pandas as pd

    require("actor", [one, other], load("actors")["actor_id"].astype(str).tolist())
    accounts = [_account(load_all(as_of=as_of, hindsight=True, policy=f"party({party})")) for party in (one, other)]
    events = [set(account.index.get_level_values("event_id")) for account in accounts]
    both = accounts[0].to_frame("one").join(accounts[1].to_frame("other"), how="inner")
    frame = both[both["one"] != both["other"]].reset_index()
    view = View(as_of)
    definition = {"one": one, "other": other, "n_one": len(events[0]), "n_other": len(events[1])}
    return view.sign(
        pd.DataFrame(frame, columns=["event_id", "field", "one", "other"]),
        "compare_accounts",
        **definition,
        n_both=len(events[0] & events[1]),
    )


def _account(tables: dict[str, pd.DataFrame]) -> pd.Series[str]:
    """Return what one party says as text by event and field."""
    import pandas as pd

    events = tables["events"].astype({"event_id": str}).set_index("event_id")[list(_COMPARED)]
    events = events.astype(object).where(events.notna() & (events != "unknown"))
    parts = [events.rename_axis(columns="field").stack()]
    harm = tables["event_casualties"].astype({"event_id": str, "group": str, "outcome": str})
    field = "casualties/" + harm["group"] + "/" + harm["outcome"]
    figures = harm["best"].astype(object).where(harm["best"].notna(), harm["low"])
    parts.append(pd.Series(figures.to_numpy(), index=pd.MultiIndex.from_arrays([harm["event_id"], field])))
    actors = tables["event_actors"].astype({"event_id": str, "actor_id": str})
    named = actors[actors["is_best"].fillna(False) & (actors["actor_id"] != "act-unknown")].groupby("event_id")[
        "actor_id"
    ]
    who = named.agg(lambda ids: "; ".join(sorted(set(ids))))
    parts.append(pd.Series(who.to_numpy(), index=pd.MultiIndex.from_product([who.index, ["initiators"]])))
    account = pd.concat([part.rename_axis(index=["event_id", "field"]) for part in parts if len(part)]).dropna()
    return account.map(lambda v: f"{v:%Y-%m-%d}" if isinstance(v, pd.Timestamp) else str(v)).sort_index()


def sensitivity(
    function: Callable[..., pd.DataFrame],
    *,
    policies: Sequence[str] = ("balanced", "conservative"),
    units: Sequence[str] = (),
    **options: Any,
) -> pd.DataFrame:
    """Run an analysis under several coding choices.

    Question: do the findings hold under another policy or unit of counting?

    Parameters
    ----------
    function : callable
        An analysis that takes ``policy``, and ``unit`` if `units` are given, such as `weekly_counts`.
    policies : sequence of str
        Policies of `load`.
    units : sequence of str
        Units of counting; by default the function's own.
    **options
        Passed on.

    Returns
    -------
    pandas.DataFrame
        The rows of all runs, with ``policy`` and ``unit`` in front.

    Examples
    --------
    >>> from iraq_coalition_data.analysis import weekly_counts
    >>> runs = sensitivity(weekly_counts, units=("event", "day_site"), start="2024-07-01", end="2024-09-30")
    >>> runs.groupby(["policy", "unit"])["best"].sum().size
    4
    """
    import pandas as pd

    runs = []
    for policy in policies:
        for unit in units or (None,):
            chosen = {} if unit is None else {"unit": unit}
            run = function(policy=policy, **chosen, **options)
            run.insert(0, "policy", policy)
            if unit is not None:
                run.insert(1, "unit", unit)
            runs.append(run)
    name = getattr(function, "__name__", str(function))
    return View().sign(pd.concat(runs, ignore_index=True), "sensitivity", function=name)
