"""What followed what: responses to attacks, suspensions and whether they held, figures and their revisions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import TYPE_CHECKING

from ..loading import as_day, load
from .view import View, dense_windows, events_of, families, is_dense, require

if TYPE_CHECKING:
    import pandas as pd

_RESPONSES = ("stated_response_to", "curator_linked_response_to")


def timeline(start: str | date, end: str | date, *, as_of: str | date | None = None) -> pd.DataFrame:
    """Return talks, attacks, force and what else is recorded of a period, by day.

    Question: what happened, in order?

    Parameters
    ----------
    start, end : str or datetime.date
        First and last day.
    as_of : str or datetime.date, optional
        As in `load`.

    Returns
    -------
    pandas.DataFrame
        ``date_start``, ``date_end``, ``family``, ``event_type``, ``event_id``, ``title`` of every event that touches
        the period and is not discounted.

    Examples
    --------
    >>> "postponement" in timeline("2024-08-15", "2024-08-15")["event_type"].tolist()
    True
    """
    import pandas as pd

    view = View(as_of)
    events = view["events"]
    touching = (events["date_start"] <= pd.Timestamp(as_day(end))) & (events["date_end"] >= pd.Timestamp(as_day(start)))
    shown = events[touching & (events["verification"].astype(str) != "discounted")]
    shown = shown.assign(family=shown["scope_reason"].astype(str).map(families()))
    columns = ["date_start", "date_end", "family", "event_type", "event_id", "title"]
    frame = shown.sort_values(["date_start", "event_id"])[columns].reset_index(drop=True)
    return view.sign(frame, "timeline", start=as_day(start), end=as_day(end))


def response_lags(
    family: str = "attacks",
    area: str = "loc-region",
    *,
    links: Sequence[str] = _RESPONSES,
    by: Collection[str] | None = None,
    as_of: str | date | None = None,
    policy: str = "balanced",
    min_verification: str | None = None,
) -> pd.DataFrame:
    """Measure the time from an attack to what answered it.

    Question: how long after an attack did a response come, and how often did none?

    Parameters
    ----------
    family, area, as_of, policy, min_verification
        Which events are answered, as in `weekly_counts`.
    links : sequence of str
        Codes of ``event_link`` that make a response, the more trusted first: stated by the one who responds, then
        inferred by the coder.
    by : collection of str, optional
        Event types that count as responses; by default all.

    Returns
    -------
    pandas.DataFrame
        One row per event and response, and one for each event without: ``event_id``, ``date_start``,
        ``response_id``, ``response_type``, ``link`` (the first of `links` that joins the pair), ``lag_min`` and
        ``lag_max`` (days, from the uncertain dates) and ``censored``. For censored rows ``lag_min`` is the number of
        days through which no response is recorded, up to the end of the data or of the view, and ``lag_max`` is
        missing, as survival analysis expects.

    Raises
    ------
    ValueError
        For an unknown link or type, with the nearest.

    Examples
    --------
    >>> lags = response_lags()
    >>> bool((lags.loc[~lags["censored"], "lag_max"] >= 0).all())
    True
    """
    import pandas as pd

    require("link", links, load("codelist_event_link")["code"].astype(str).tolist())
    require("event type", by or (), load("codelist_event_type")["code"].astype(str).tolist())
    view = View(as_of, policy)
    events = events_of(view, family, area, min_verification=min_verification)[["event_id", "date_start", "date_end"]]
    every = view["events"][["event_id", "event_type", "date_start", "date_end"]].astype({"event_type": str})
    if by is not None:
        every = every[every["event_type"].isin(list(by))]
    found = view["event_links"][["from_event_id", "link", "to_event_id"]].astype(str)
    found = found[found["link"].isin(list(links))]
    priority = {code: position for position, code in enumerate(links)}
    found = found.sort_values("link", key=lambda codes: codes.map(priority))
    found = found.drop_duplicates(["from_event_id", "to_event_id"])
    answers = found.merge(every.add_prefix("response_"), left_on="from_event_id", right_on="response_event_id")
    rows = events.merge(answers, left_on="event_id", right_on="to_event_id", how="left")
    censored = rows["response_event_id"].isna()
    days = {
        "lag_min": (rows["response_date_start"] - rows["date_end"]).dt.days.clip(lower=0),
        "lag_max": (rows["response_date_end"] - rows["date_start"]).dt.days,
    }
    last = view.last_day if view.last_day is not None else view["events"]["date_end"].max()
    days["lag_min"] = days["lag_min"].mask(censored, (last - rows["date_end"]).dt.days)
    frame = pd.DataFrame(
        {
            "event_id": rows["event_id"],
            "date_start": rows["date_start"],
            "response_id": rows["response_event_id"],
            "response_type": rows["response_event_type"],
            "link": rows["link"],
            **{name: values.astype("Int64") for name, values in days.items()},
            "censored": censored,
        }
    )
    frame = frame.sort_values(["date_start", "event_id", "lag_max"], ignore_index=True)
    return view.sign(frame, "response_lags", family=family, area=area, links=list(links))


def suspensions(*, weeks: int = 4, as_of: str | date | None = None, policy: str = "balanced") -> pd.DataFrame:
    """List declared halts of attacks and what came after.

    Question: did a declared suspension hold?

    Parameters
    ----------
    weeks : int
        Length of the windows before and after in which attacks are counted.
    as_of, policy
        As in `load`.

    Returns
    -------
    pandas.DataFrame
        One row per suspension: ``event_id``, ``declared_on``, ``actors``, ``ended_by`` and ``ended_on`` (an event
        that declares the end, where one is linked), ``next_own_attack`` and ``days_held`` (until the next attack that
        names one of the actors as initiator; missing where none is recorded), ``attacks_before`` and
        ``attacks_after`` (all attacks on US or coalition presence in the windows, by anyone; missing where the search
        was not dense and found none) and ``covered`` (both windows were searched densely).

    Examples
    --------
    >>> "days_held" in suspensions().columns
    True
    """
    import pandas as pd

    view = View(as_of, policy)
    every = view["events"]
    declared = every[every["event_type"].astype(str) == "suspension_declared"].sort_values("date_start")
    attacks = events_of(view, "attacks", "loc-region")
    actors = view["event_actors"].astype({"event_id": str, "actor_id": str, "role": str})
    initiating = actors[actors["role"].isin(("initiator", "co_initiator", "claimant"))]
    links = view["event_links"].astype(str)
    names = load("actors").set_index("actor_id")["name"]
    windows = dense_windows("attacks", "loc-region")
    span = pd.Timedelta(weeks=weeks)
    day = pd.Timedelta(days=1)
    rows = []
    for halt in declared.itertuples():
        own = actors[(actors["event_id"] == halt.event_id) & (actors["role"] != "target")]["actor_id"].unique()
        ends = links[(links["link"] == "ends_suspension") & (links["to_event_id"] == str(halt.event_id))]
        end = every[every["event_id"].isin(ends["from_event_id"])].sort_values("date_start").head(1)
        by_own = attacks["event_id"].isin(initiating[initiating["actor_id"].isin(own)]["event_id"])
        later = attacks[by_own & (attacks["date_start"] > halt.date_end)]["date_start"]
        covered = is_dense(windows, halt.date_start - span, halt.date_end + span)
        before = int(attacks["date_start"].between(halt.date_start - span, halt.date_start - day).sum())
        after = int(attacks["date_start"].between(halt.date_end + day, halt.date_end + span).sum())
        rows.append(
            {
                "event_id": str(halt.event_id),
                "declared_on": halt.date_start,
                "actors": "; ".join(names[actor] for actor in own),
                "ended_by": str(end["event_id"].item()) if len(end) else None,
                "ended_on": end["date_start"].item() if len(end) else pd.NaT,
                "next_own_attack": later.min() if len(later) else pd.NaT,
                "attacks_before": before if covered or before else pd.NA,
                "attacks_after": after if covered or after else pd.NA,
                "covered": covered,
            }
        )
    columns = ["event_id", "declared_on", "actors", "ended_by", "ended_on", "next_own_attack"]
    columns += ["attacks_before", "attacks_after", "covered"]
    frame = pd.DataFrame(rows, columns=columns).astype({"attacks_before": "Int64", "attacks_after": "Int64"})
    for name in ("declared_on", "ended_on", "next_own_attack"):
        frame[name] = pd.to_datetime(frame[name]).astype("datetime64[us]")
    held = (frame["next_own_attack"] - frame["declared_on"]).dt.days.astype("Int64")
    frame.insert(6, "days_held", held)
    return view.sign(frame, "suspensions", weeks=weeks)


def vintages(field: str = "casualties/us_military/injured") -> pd.DataFrame:
    """Return every value that a figure has had, for all records.

    Question: how much do first figures differ from later ones?

    Parameters
    ----------
    field : str
        A claim path, as in `history`.

    Returns
    -------
    pandas.DataFrame
        The rows of `history` for every record with claims on `field`, with ``record_id``, ``vintage`` (1 is the
        first) and ``days_after_first`` (days from the first report to this state of knowledge).

    Raises
    ------
    ValueError
        If no record has claims on `field`, with the nearest path.

    Examples
    --------
    >>> first = vintages().query("vintage == 1")
    >>> bool((first["days_after_first"] == 0).all())
    True
    """
    import pandas as pd

    from ..resolution.queries import history

    claims = load("claims")
    paths = claims["field"].astype(str)
    require("claim path", [field], set(paths))
    frames = []
    for record in sorted(claims.loc[paths == field, "record_id"].astype(str).unique()):
        states = history(record, field)
        states.insert(0, "record_id", record)
        states.insert(1, "vintage", range(1, len(states) + 1))
        states["days_after_first"] = (states["known_from"] - states["known_from"].min()).dt.days.astype("Int64")
        frames.append(states)
    return View().sign(pd.concat(frames, ignore_index=True), "vintages", field=field)
