"""How a stated date moved, and what was publicly known on a day."""

from __future__ import annotations

from datetime import date
from textwrap import fill
from typing import TYPE_CHECKING

from ..loading import as_day, load
from .view import View, require

if TYPE_CHECKING:
    import pandas as pd

_WIDTH = 80


def milestone_drift(
    milestone: str | None = None,
    *,
    min_authority: str | None = None,
    as_of: str | date | None = None,
    policy: str = "balanced",
) -> pd.DataFrame:
    """Return how the stated date of a commitment moved.

    Question: how did the announced end drift, and on whose authority?

    Parameters
    ----------
    milestone : str, optional
        A milestone; by default all of them, one after the other.
    min_authority : str, optional
        Weakest authority that counts, a code of ``milestone_authority`` (``joint_official`` is the strongest).
    as_of, policy
        As in `load`.

    Returns
    -------
    pandas.DataFrame
        One row per statement, by milestone and day: ``milestone_id``, ``statement_id``, ``stated_on``,
        ``authority``, ``stated_by`` (name), ``target_start``, ``target_end``, ``qualifier``, ``delta_days`` (this
        target's end less that of the previous statement with an end; positive where the date moved away),
        ``ahead_days`` (target's end less day of the statement) and ``status`` of the milestone in this view.
        Statements without an end keep their row, with both missing. ``attrs`` tell how many statements
        `min_authority` dropped.

    Raises
    ------
    ValueError
        For an unknown milestone or authority, with the nearest.

    Examples
    --------
    >>> drift = milestone_drift("mst-end-date-announcement", min_authority="official_unnamed")
    >>> bool(drift["stated_on"].is_monotonic_increasing)
    True
    """
    view = View(as_of, policy)
    statements = view["milestone_statements"].astype({"milestone_id": str, "statement_id": str})
    milestones = load("milestones")["milestone_id"].astype(str).tolist()
    if milestone is not None:
        require("milestone", [milestone], milestones)
        statements = statements[statements["milestone_id"] == milestone]
    if min_authority is not None:
        ranks = load("codelist_milestone_authority").set_index("code")["rank"].astype(int)
        require("authority", [min_authority], ranks.index.astype(str).tolist())
        rank = statements["authority"].astype(str).map(ranks.to_dict())
        enough = rank <= ranks[min_authority]
        view.drop(f"authority below {min_authority}", int((~enough).sum()))
        statements = statements[enough]
    rows = statements.sort_values(["milestone_id", "stated_on", "statement_id"], ignore_index=True)
    known_end = rows["target_end"].groupby(rows["milestone_id"]).ffill()
    previous = known_end.groupby(rows["milestone_id"]).shift()
    names = load("actors").astype({"actor_id": str}).set_index("actor_id")["name"].to_dict()
    status = view["milestones"].astype({"milestone_id": str}).set_index("milestone_id")["status"].to_dict()
    rows["stated_by"] = rows["stated_by_id"].astype(str).map(names)
    rows["delta_days"] = (rows["target_end"] - previous).dt.days.astype("Int64")
    rows["ahead_days"] = (rows["target_end"] - rows["stated_on"]).dt.days.astype("Int64")
    rows["status"] = rows["milestone_id"].map(status)
    columns = ["milestone_id", "statement_id", "stated_on", "authority", "stated_by", "target_start", "target_end"]
    columns += ["qualifier", "delta_days", "ahead_days", "status"]
    return view.sign(rows[columns], "milestone_drift", milestone=milestone, min_authority=min_authority)


def known_on(day: str | date, subject: str | None = None) -> str:
    """Return a brief of what the public record said on a day about the talks and the stated dates.

    Question: what could a reader of that day's news know?

    Parameters
    ----------
    day : str or datetime.date
        The day, included.
    subject : str, optional
        A process or milestone to which the brief keeps; by default all of them.

    Returns
    -------
    str
        For each milestone its statements up to that day, with who made them and on what authority; the latest steps
        of the talks; the agreements and their state; the latest figures of strength. Nothing in it rests on a claim
        reported later; titles of events, which we wrote later, stand in square brackets.

    Raises
    ------
    ValueError
        If the subject is unknown, with the nearest.

    Examples
    --------
    >>> print(known_on("2024-08-16", "mst-end-date-announcement").splitlines()[0])
    What was publicly known on 16 August 2024
    """
    import pandas as pd

    view = View(as_day(day))
    moment = pd.Timestamp(as_day(day))
    milestones, events = view["milestones"], view["events"]
    known = [*load("milestones")["milestone_id"].astype(str), *load("processes")["process_id"].astype(str)]
    if subject is not None:
        require("process or milestone", [subject], known)
        in_process = milestones["process_id"].astype(object) == subject
        milestones = milestones[(milestones["milestone_id"].astype(str) == subject) | in_process]
        processes = {subject} if subject.startswith("prc-") else set(milestones["process_id"].dropna().astype(str))
        events = events[events["process_id"].astype(object).isin(processes)]
    steps = events[events["scope_reason"].astype(str) == "I4"].sort_values(["date_start", "event_id"]).tail(8)
    blocks = [f"What was publicly known on {moment:%-d %B %Y}"]
    stated = milestone_drift(as_of=day)
    for milestone in milestones.itertuples():
        own = stated[stated["milestone_id"] == str(milestone.milestone_id)]
        if len(own):
            blocks.append(_milestone(milestone, own))
    if len(steps):
        lines = [
            f"{event.date_start:%Y-%m-%d}  {event.outcome}  {event.event_id}  [{event.title}]"
            for event in steps.itertuples()
        ]
        blocks.append("Latest steps of the talks\n" + "\n".join(_hang(line) for line in lines))
    if subject is None:
        blocks += _agreements(view) + _strengths(view)
    if len(blocks) == 1:
        blocks.append("Nothing about it.")
    return "\n\n".join(blocks)


def _hang(line: str) -> str:
    return fill(line, _WIDTH, initial_indent="  ", subsequent_indent=" " * 14)


def _milestone(milestone: object, statements: pd.DataFrame) -> str:
    title = getattr(milestone, "title", None)
    status = getattr(milestone, "status", None)
    lines = [fill(f"{title} ({getattr(milestone, 'milestone_id', '')}): {status}", _WIDTH, subsequent_indent="  ")]
    for row in statements.itertuples():
        ends = [f"{value:%Y-%m-%d}" if value == value else "" for value in (row.target_start, row.target_end)]
        target = ends[0] if ends[0] == ends[1] else "/".join(end or ".." for end in ends)
        lines.append(
            _hang(f"{row.stated_on:%Y-%m-%d}  {row.stated_by} ({row.authority}): {row.qualifier} {target or 'no date'}")
        )
    return "\n".join(lines)


def _agreements(view: View) -> list[str]:
    agreements = view["agreements"]
    lines = [_hang(f"{row.label}: {row.status}") for row in agreements.itertuples()]
    return ["Agreements and texts\n" + "\n".join(lines)] if lines else []


def _strengths(view: View) -> list[str]:
    levels = view["force_levels"].sort_values("start").drop_duplicates(["actor_id", "place_id", "concept"], keep="last")
    names = load("actors").astype({"actor_id": str}).set_index("actor_id")["name"].to_dict()
    places = load("locations").astype({"location_id": str}).set_index("location_id")["name"].to_dict()
    lines = [
        _hang(
            f"{row.start:%Y-%m-%d}  {names[str(row.actor_id)]} in {places[str(row.place_id)]}: "
            f"{'' if row.best_modifier == 'exact' else f'{row.best_modifier} '}{row.best:,} ({row.concept})"
        )
        for row in levels.itertuples()
    ]
    return ["Stated strengths, the latest of each kind\n" + "\n".join(lines)] if lines else []
