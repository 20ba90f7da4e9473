"""Rules on dates: pairs in order, clocks that do not run backwards, periods that do not overlap."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from ..reading import Row
from ..resolution.intervals import width_class
from ..schemas import Schema
from .finding import ERROR, WARNING
from .rule import Edit, Fault, rule
from .state import State

FIRST_DAY, LAST_DAY = "0000-00-00", "9999-12-31"
STATE_TABLES = ("actor_relations", "location_status", "force_levels")
# Both bounds of these intervals are said together; only a target may stay open on one side.
_OPEN_PAIR = "target"
_WORDS = {"announced": "announced", "signed": "signed", "in_force": "in force", "ended": "ended"}
_BEFOREHAND = ("threat_issued", "target_date_stated", "postponement")


def days_between(first: str, second: str) -> int:
    """Return the number of days from one day to another."""
    return (date.fromisoformat(second) - date.fromisoformat(first)).days


def _pairs(schema: Schema) -> list[tuple[str, str, str]]:
    """Return the pairs of day columns with their common name, which is empty for a period."""
    days = [field.name for field in schema.fields if field.type == "date"]
    pairs = [("", "start", "end"), ("", "active_from", "active_to"), ("", "valid_from", "valid_to")]
    pairs += [(n.removesuffix("_start"), n, n.removesuffix("start") + "end") for n in days if n.endswith("_start")]
    return [pair for pair in pairs if pair[1] in days and pair[2] in days]


@rule(
    "ICD401",
    ERROR,
    "Every interval starts before it ends, and has both bounds",
    why="An interval that ends before it starts, or has one bound only, cannot be compared with a day.",
    fix="Correct the claim that gives the interval. Only target dates may be open on one side.",
    fails=(
        Edit("events", "evt-2001-0001", "date_end", "2001-02-01"),
        Edit("agreements", "agr-example-statement", "announced_end", ""),
        Edit("coverage", "attacks loc-example-country 2001-01-01", "date_end", "2000-01-01"),
        Edit("location_status", "lst-0001", "end", "1999-01-01"),
    ),
    passes=(
        Edit("milestone_statements", "mst-example-mission-end-v01", "target_start", ""),
        Edit("location_status", "lst-0001", "end", ""),
    ),
)
def _intervals_are_in_order(state: State) -> Iterator[Fault]:
    for table, schema in state.schemas.items():
        for name, start, end in _pairs(schema):
            for row in state.tables[table]:
                if row[start] and row[end] and row[start] > row[end]:
                    yield Fault(
                        table, row, f"{start} is {row[start]}, but {end} is {row[end]}.", start, f"at most {row[end]}"
                    )
                elif name and name != _OPEN_PAIR and bool(row[start]) != bool(row[end]):
                    empty = end if row[start] else start
                    yield Fault(table, row, f"{empty} is empty, the other bound is not.", empty, "both or neither")


@rule(
    "ICD402",
    ERROR,
    "The stored precision of an event's date is the width of its interval",
    why="Users filter on date_precision; a day that is really a month would mislead them.",
    fix="Run icd fmt, which computes the precision.",
    fails=(Edit("events", "evt-2001-0001", "date_precision", "month"),),
    passes=(Edit("events", "evt-2001-0001", "outcome", "unknown"),),
)
def _precision_is_the_width(state: State) -> Iterator[Fault]:
    for row in state.tables["events"]:
        if row["date_start"] > row["date_end"]:
            continue
        expected = width_class(row["date_start"], row["date_end"])
        if row["date_precision"] != expected:
            yield Fault(
                "events",
                row,
                f"The precision is {row['date_precision']!r}, the interval {row['date_start']} to {row['date_end']} "
                f"is {expected!r}.",
                "date_precision",
                expected,
                "Run: icd fmt",
                fixable=True,
            )


@rule(
    "ICD403",
    ERROR,
    "Nothing happened or was published after the release",
    why="A day in the future is a typing error; only announced targets lie ahead.",
    fix="Correct the day, or bring the day of the release in datapackage.json up to date.",
    fails=(
        Edit("claims", "evt-2001-0001 outcome", "reported_on", "2999-01-01"),
        Edit("sources", "src-2001-0001", "retrieved_on", "2999-01-01"),
        Edit("events", "evt-2001-0001", "date_start", "2999-01-01"),
    ),
    passes=(Edit("milestone_statements", "mst-example-mission-end-v01", "target_end", "2999-01-01"),),
)
def _nothing_after_the_release(state: State) -> Iterator[Fault]:
    release = state.release_day
    columns = (
        ("events", ("date_start",)),
        ("claims", ("reported_on",)),
        ("sources", ("published_on", "retrieved_on")),
        ("milestone_statements", ("stated_on",)),
    )
    for table, names in columns:
        for row in state.tables[table]:
            for column in names:
                if release and row[column] > release:
                    yield Fault(table, row, f"{row[column]} is after the release.", column, f"at most {release}")


@rule(
    "ICD404",
    ERROR,
    "A claim is public no later than its source, and a source no later than its retrieval",
    why="reported_on is the second clock: the day the public could first read the claim.",
    fix="Correct the day. Where the source says that the claim was public earlier, keep that day and say so in note.",
    fails=(
        Edit("claims", "evt-2001-0001 outcome", "reported_on", "2001-02-20"),
        Edit("claims", "evt-2001-0001 outcome", "reported_on", "2001-02-03"),
        Edit("sources", "src-2001-0001", "retrieved_on", "2001-01-01"),
    ),
    passes=(Edit("claims", "evt-2001-0001 date act-example-group-c", "locator", "line 1"),),
)
def _clocks_run_forward(state: State) -> Iterator[Fault]:
    sources = state.by_id["sources"]
    for row in state.tables["sources"]:
        if row["published_on"] > row["retrieved_on"]:
            yield Fault(
                "sources",
                row,
                f"Retrieved on {row['retrieved_on']}, but published on {row['published_on']}.",
                "retrieved_on",
                f"at least {row['published_on']}",
            )
    for row in state.tables["claims"]:
        source = sources.get(row["source_id"])
        if source is None:
            continue
        if row["reported_on"] > source["published_on"]:
            yield Fault(
                "claims",
                row,
                f"Reported on {row['reported_on']}, but its source {source['source_id']} was published on "
                f"{source['published_on']}.",
                "reported_on",
                f"at most {source['published_on']}",
            )
        elif row["reported_on"] < source["published_on"] and not row["note"]:
            yield Fault(
                "claims",
                row,
                f"Reported on {row['reported_on']}, before its source of {source['published_on']}, without a note.",
                "note",
                "where the earlier day comes from",
            )


@rule(
    "ICD405",
    ERROR,
    "No event is reported before it happened",
    why="A report that precedes its event has the wrong day or belongs to another event. "
    "One day is allowed, because the day printed far away can be the one before.",
    fix="Correct the day of the event or of the claim. Schedules are milestones, not events.",
    fails=(Edit("events", "evt-2001-0001", "date_start", "2001-02-08"),),
    passes=(
        Edit("events", "evt-2001-0001", "date_start", "2001-02-04"),
        Edit("events", "evt-2001-0001", "event_type", "threat_issued"),
    ),
)
def _no_report_before_the_event(state: State) -> Iterator[Fault]:
    events = state.by_id["events"]
    for row in state.tables["claims"]:
        event = events.get(row["record_id"])
        if event is None or event["event_type"] in _BEFOREHAND or row["reported_on"] >= event["date_start"]:
            continue
        if days_between(row["reported_on"], event["date_start"]) > 1:
            yield Fault(
                "claims",
                row,
                f"Reported on {row['reported_on']}, but {event['event_id']} began on {event['date_start']}.",
                "reported_on",
                f"at least {event['date_start']}",
            )


@rule(
    "ICD406",
    WARNING,
    "A first of the month rests on more than one claim",
    why="Programs and tired people turn a month into its first day, and a year into 1 January.",
    fix="Look at the source: where it names only the month, state the month. Otherwise add a second claim.",
    fails=(Edit("events", "evt-2001-0002", "date_start", "2001-02-01"),),
    passes=(Edit("events", "evt-2001-0002", "date_start", "2001-02-02"),),
)
def _first_of_month_is_meant(state: State) -> Iterator[Fault]:
    n_claims: dict[str, int] = {}
    for claim in state.tables["claims"]:
        if claim["field"] == "date" and claim["status"] == "live":
            n_claims[claim["record_id"]] = n_claims.get(claim["record_id"], 0) + 1
    for row in state.tables["events"]:
        is_day = row["date_precision"] == "day" and row["date_start"].endswith("-01")
        if is_day and n_claims.get(row["event_id"], 0) < 2:
            yield Fault(
                "events", row, f"{row['date_start']} rests on one claim.", "date_start", "a second claim, or the month"
            )


@rule(
    "ICD407",
    ERROR,
    "An agreement is announced and signed, then in force, then ended",
    why="Legal effect does not begin before the text exists, unless the parties say that it is retroactive.",
    fix="Correct one of the days, or write in the note why the agreement is retroactive.",
    fails=(
        Edit("agreements", "agr-example-statement", "in_force_end", "2001-01-01"),
        Edit("agreements", "agr-example-statement", "ended_end", "2001-01-01"),
    ),
    passes=(Edit("agreements", "agr-example-statement", "in_force_end", "2001-12-31"),),
)
def _agreements_run_their_course(state: State) -> Iterator[Fault]:
    steps = (
        ("announced", "in_force"),
        ("signed", "in_force"),
        ("in_force", "ended"),
        ("announced", "ended"),
        ("signed", "ended"),
    )
    for row in state.tables["agreements"]:
        if "retroactive" in row["note"].lower():
            continue
        for earlier, later in steps:
            start, end = row[f"{earlier}_start"], row[f"{later}_end"]
            if start and end and start > end:
                yield Fault(
                    "agreements",
                    row,
                    f"{_WORDS[later].capitalize()} by {end}, but {_WORDS[earlier]} not before {start}.",
                    f"{later}_end",
                    f"at least {start}",
                )
                break


@rule(
    "ICD408",
    ERROR,
    "A statement is made no later than it is reported",
    why="The order of statements is what shows how a date moved.",
    fix="Correct stated_on, the day of the statement at the place of its issuer.",
    fails=(Edit("milestone_statements", "mst-example-mission-end-v01", "stated_on", "2001-03-30"),),
    passes=(Edit("milestone_statements", "mst-example-mission-end-v01", "stated_on", "2001-03-09"),),
)
def _statements_precede_reports(state: State) -> Iterator[Fault]:
    first: dict[str, str] = {}
    for claim in state.tables["claims"]:
        first[claim["record_id"]] = min(first.get(claim["record_id"], LAST_DAY), claim["reported_on"])
    for row in state.tables["milestone_statements"]:
        reported = first.get(row["statement_id"], LAST_DAY)
        if row["stated_on"] > reported:
            yield Fault(
                "milestone_statements",
                row,
                f"Stated on {row['stated_on']}, but a claim of it was public on {reported}.",
                "stated_on",
                f"at most {reported}",
            )


@rule(
    "ICD409",
    WARNING,
    "A stated target lies ahead",
    why="A target before its own statement is mostly a wrong year.",
    fix="Look at the source again; where it looks back, the statement is no target.",
    fails=(Edit("milestone_statements", "mst-example-mission-end-v01", "target_end", "2000-09-30"),),
    passes=(Edit("milestone_statements", "mst-example-mission-end-v01", "target_end", ""),),
)
def _targets_lie_ahead(state: State) -> Iterator[Fault]:
    for row in state.tables["milestone_statements"]:
        if row["target_end"] and row["target_end"] < row["stated_on"]:
            yield Fault(
                "milestone_statements",
                row,
                f"The target {row['target_end']} lies before the statement of {row['stated_on']}.",
                "target_end",
            )


@rule(
    "ICD410",
    ERROR,
    "Periods of one state do not overlap",
    why="Two rows that say the same of one day would count it twice.",
    fix="Join the rows into one record, or correct the day on which one of them starts or ends.",
    fails=(
        Edit(
            "location_status",
            row=(
                ("location_status_id", "lst-0009"),
                ("location_id", "loc-example-base"),
                ("status", "hosts_coalition"),
                ("holder_id", "act-example-force-a"),
                ("start", "2001-01-15"),
                ("contested", "false"),
            ),
        ),
    ),
    passes=(
        Edit(
            "location_status",
            row=(
                ("location_status_id", "lst-0009"),
                ("location_id", "loc-example-base"),
                ("status", "shared"),
                ("holder_id", "act-example-force-a"),
                ("start", "2001-01-15"),
                ("contested", "false"),
            ),
        ),
    ),
)
def _periods_do_not_overlap(state: State) -> Iterator[Fault]:
    for table in STATE_TABLES:
        schema = state.schemas[table]
        key = [f.name for f in schema.fields if f.kind == "identity" and f.name not in schema.primary_key]
        groups: dict[tuple[str, ...], list[Row]] = {}
        for row in state.tables[table]:
            groups.setdefault(tuple(row[name] for name in key), []).append(row)
        for group in groups.values():
            yield from _overlaps(state, table, group)


def _overlaps(state: State, table: str, group: Sequence[Row]) -> Iterator[Fault]:
    ordered = sorted(group, key=lambda row: row["start"])
    for index, row in enumerate(ordered[1:], 1):
        last = max(ordered[:index], key=period_end)
        if (row["start"] or FIRST_DAY) <= period_end(last):
            yield Fault(
                table,
                row,
                f"The period from {row['start'] or 'an unknown day'} overlaps that of {state.key(table, last)}, "
                f"{last['start'] or 'an unknown day'} to {last['end'] or 'an open end'}.",
                "start",
            )


def period_end(row: Row) -> str:
    """Return the last day of a period, far ahead where no end is known."""
    return row["end"] or LAST_DAY


__all__ = ["FIRST_DAY", "LAST_DAY", "STATE_TABLES", "days_between", "period_end"]
