"""Who was where, and how many: status of sites on a day, strengths of one definition."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from ..loading import as_day, load
from .view import View, require

if TYPE_CHECKING:
    import pandas as pd


def presence_on(day: str | date, *, as_of: str | date | None = None, policy: str = "balanced") -> pd.DataFrame:
    """Return which sites had which status on a day.

    Question: which sites hosted the coalition, which had been handed over?

    Parameters
    ----------
    day : str or datetime.date
        The day asked about; `as_of` is the day on which one asks.
    as_of, policy
        As in `load`.

    Returns
    -------
    pandas.DataFrame
        The rows of ``location_status`` that hold on `day`, the latest per site, with ``location`` (name), ``holder``
        (name) and ``lat``, ``lon`` (degrees, WGS 84). A site without a row is one of which no status is coded; that
        says nothing about its use.

    Raises
    ------
    ValueError
        If `day` is not a calendar day.

    Examples
    --------
    >>> "status" in presence_on("2026-02-01").columns
    True
    """
    import pandas as pd

    moment = pd.Timestamp(as_day(day))
    view = View(as_of, policy)
    states = view["location_status"]
    holds = (states["start"] <= moment) & (states["end"].isna() | (states["end"] >= moment))
    latest = states[holds].sort_values("start").drop_duplicates("location_id", keep="last")
    places = load("locations")[["location_id", "name", "lat", "lon"]].rename(columns={"name": "location"})
    actors = load("actors")[["actor_id", "name"]].rename(columns={"actor_id": "holder_id", "name": "holder"})
    text = {"location_id": str, "holder_id": object}
    frame = latest.astype(text).merge(places.astype({"location_id": str}), on="location_id", how="left")
    frame = frame.merge(actors.astype({"holder_id": object}), on="holder_id", how="left")
    return view.sign(frame.sort_values("location", ignore_index=True), "presence_on", day=f"{moment:%Y-%m-%d}")


def force_level_series(
    actor: str = "act-us-armed-forces",
    place: str = "loc-iraq",
    concept: str | None = None,
    *,
    as_of: str | date | None = None,
    policy: str = "balanced",
) -> pd.DataFrame:
    """Return stated strengths of one force in one place by one definition.

    Question: how many troops were there, and by which definition?

    Parameters
    ----------
    actor, place : str
        Whose strength, and where.
    concept : str, optional
        Code of ``force_concept``. May be left out only where a single concept occurs: a cap, a disclosed figure and a
        total with temporary forces are different quantities and never stand in one series.
    as_of, policy
        As in `load`.

    Returns
    -------
    pandas.DataFrame
        ``start``, ``end`` (days for which the figure was stated), ``low``, ``best``, ``high`` (persons),
        ``best_modifier``, ``personnel``, ``n_origins``, ``force_level_id``, by day.

    Raises
    ------
    ValueError
        If several concepts occur and none was chosen, or nothing is found.

    Examples
    --------
    >>> series = force_level_series(concept="media_estimate")
    >>> bool(series["start"].is_monotonic_increasing)
    True
    """
    view = View(as_of, policy)
    levels = view["force_levels"]
    rows = levels[(levels["actor_id"].astype(str) == actor) & (levels["place_id"].astype(str) == place)]
    concepts = sorted(rows["concept"].astype(str).unique())
    if not concepts:
        raise ValueError(f"no strength of {actor} in {place} is coded")
    if concept is None:
        if len(concepts) > 1:
            raise ValueError(f"several concepts occur ({', '.join(concepts)}) and must not be mixed; pass concept=")
        concept = concepts[0]
    require("concept", [concept], concepts)
    columns = ["start", "end", "low", "best", "high", "best_modifier", "personnel", "n_origins", "force_level_id"]
    chosen = rows[rows["concept"].astype(str) == concept].sort_values(["start", "force_level_id"])
    return view.sign(
        chosen[columns].reset_index(drop=True), "force_level_series", actor=actor, place=place, concept=concept
    )
