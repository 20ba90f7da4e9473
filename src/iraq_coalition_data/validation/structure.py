"""Rules on the package itself: descriptor, schemas, codelists, coverage."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from ..package import CODELIST_PREFIX, DESCRIPTOR
from ..reading import Row
from ..schemas import KINDS, Field
from .dates import days_between
from .finding import ERROR
from .rule import FILE_CHECK, SECOND_ENGINE, Edit, Fault, reported_elsewhere, rule
from .state import State

_FIRST_DAY = "2014-01-01"
_CROSSWALKS = ("plover", "acled", "ucdp", "pax")
# Events outside the subject have no counterpart elsewhere.
_WITHOUT_COUNTERPART = ("context_event",)
_EVENTS_SCHEMA = "schemas/events.schema.json"

reported_elsewhere(
    "ICD801",
    ERROR,
    "The descriptor lists every table and describes its bytes",
    by=FILE_CHECK,
    why="The descriptor is what other programs read first; its hashes are how users know which data they hold.",
    fix="Run icd fmt, which writes bytes, hash and rows anew. Paths and schemas have fixed places, never addresses.",
    fails=(
        Edit(path=DESCRIPTOR, old='"path": "data/events.csv"', new='"path": "https://example.org/events.csv"'),
        Edit(path=DESCRIPTOR, old='"path": "data/events.csv"', new='"path": "../events.csv"'),
        Edit(
            path=DESCRIPTOR, old='"schema": "schemas/events.schema.json"', new='"schema": "https://example.org/x.json"'
        ),
        Edit(path=DESCRIPTOR, old='"dialect": {', new='"dialect": "https://example.org/x.json", "was": {'),
        Edit(path=DESCRIPTOR, old='"name": "events"', new='"name": "incidents"'),
        Edit(path=DESCRIPTOR, old='"version": "0.1.0"', new='"version": "new"'),
        Edit(path=DESCRIPTOR, old='"licenses"', new='"permits"'),
        Edit(path="data/events.csv", old="Example Base", new="Example Camp"),
        Edit(path=DESCRIPTOR, new="[" * 100_000),
        Edit(path=DESCRIPTOR, new='{"resources": 7}'),
        Edit(path=DESCRIPTOR, new='{"resources": [7, null, {"name": ["x"]}, {"name": "events", "path": {}}]}'),
    ),
    passes=(Edit(path=DESCRIPTOR, old='"title": "Events"', new='"title": "Happenings"'),),
)
reported_elsewhere(
    "ICD802",
    ERROR,
    "Generated files are those that schemas and rules give",
    by=FILE_CHECK,
    why="A list of tables that is typed twice is wrong once.",
    fix="Run icd fmt, which writes them, and commit the result.",
    fails=(Edit(path="src/iraq_coalition_data/_names.py", new='TableName = Literal[\n    "events",\n]\n'),),
    passes=(Edit(path="src/other.py", new="TableName = 1\n"),),
)
reported_elsewhere(
    "ICD806",
    ERROR,
    "Schemas have the columns, types and keys that this version of the code relies on",
    by=FILE_CHECK,
    why="Data of another version would be read wrongly, or not at all.",
    fix="Install the version of iraq_coalition_data that belongs to the data.",
    fails=(
        Edit(path=_EVENTS_SCHEMA, old='"name": "time_local"', new='"name": "local_time"'),
        Edit(path=_EVENTS_SCHEMA, old='"type": "integer"', new='"type": "number"'),
    ),
    passes=(Edit(path=_EVENTS_SCHEMA, old='"title": "Events"', new='"title": "Happenings"'),),
)
reported_elsewhere(
    "ICD850",
    ERROR,
    "Frictionless finds the package in order too",
    by=SECOND_ENGINE,
    why="An independent reader that agrees shows that other programs will read the data as we do.",
    fix="Mend what the finding names. Where our own rules say nothing of it, please report that.",
    fails=(Edit(path="data/actors.csv", old="armed_group", new="armed_groups"),),
    passes=(Edit(path="notes/extra.csv", new="a,b\n"),),
)


@rule(
    "ICD803",
    ERROR,
    "Every column says what it means and whether it can be claimed",
    why="The codebook, the claim paths and the as-of views all follow from these entries.",
    fix="Fill description, icd:kind, icd:claimable and icd:since; what is claimable is of the kind claimed.",
    fails=(
        Edit(path=_EVENTS_SCHEMA, old='"Where it happened; may be an area."', new='""'),
        Edit(path=_EVENTS_SCHEMA, old='"icd:since": "0.1.0"', new='"icd:since": ""'),
    ),
    passes=(Edit(path=_EVENTS_SCHEMA, old='"Where it happened; may be an area."', new='"The place."'),),
)
def _columns_are_described(state: State) -> Iterator[Fault]:
    for table, schema in state.schemas.items():
        for field in schema.fields:
            for problem, expected in _gaps(field):
                yield Fault("", None, f"{field.name}: {problem}", field.name, expected, file=_schema_file(state, table))


def _gaps(field: Field) -> Iterator[tuple[str, str]]:
    if not field.description:
        yield "the description is missing.", "one sentence that says what the column means"
    if not field.since:
        yield "icd:since is missing.", "the version that first had the column"
    if field.kind not in KINDS:
        yield f"icd:kind is {field.kind!r}.", "one of " + ", ".join(KINDS)
    elif field.claimable != (field.kind == "claimed"):
        yield (
            f"icd:kind is {field.kind!r}, but icd:claimable is {str(field.claimable).lower()}.",
            "both or neither claimed",
        )


def _schema_file(state: State, table: str) -> str:
    """Return the path of the schema as the descriptor names it; most codelists share one."""
    for entry in state.descriptor.get("resources", ()):
        if entry.get("name") == table:
            return str(entry.get("schema"))
    return f"schemas/{table}.schema.json"


@rule(
    "ICD804",
    ERROR,
    "Every bad example of a column fails its own schema",
    why="Bad examples are the tests of the schema; one that passes shows a hole.",
    fix="Tighten the pattern or the bounds of the column, or take the example out.",
    fails=(Edit(path=_EVENTS_SCHEMA, old='"24:00"', new='"23:00"'),),
    passes=(Edit(path=_EVENTS_SCHEMA, old='"24:00"', new='"25:00"'),),
)
def _bad_examples_fail(state: State) -> Iterator[Fault]:
    seen = set()
    for table, schema in state.schemas.items():
        file = _schema_file(state, table)
        for field in schema.fields:
            for example in field.bad_examples:
                is_code = field.codelist is not None and example in state.codes[field.codelist]
                passes = field.judge(example) is None and (field.codelist is None or is_code)
                if passes and (file, field.name, example) not in seen:
                    seen.add((file, field.name, example))
                    yield Fault("", None, f"{field.name}: the bad example {example!r} passes.", field.name, file=file)


@rule(
    "ICD805",
    ERROR,
    "Every code has a label, a definition and, for event types, a counterpart elsewhere",
    why="Users join their own copies of other data sets through the crosswalk.",
    fix="Fill the cell; a crosswalk cell holds the other scheme's category, and one of them must be filled.",
    fails=(
        Edit("codelist_role", "host", "definition", ""),
        Edit(
            "codelist_event_type",
            row=(
                ("code", "other_action"),
                ("label", "Other action"),
                ("definition", "An action without a counterpart elsewhere."),
                ("since", "0.1.0"),
                ("base_tier", "3"),
                ("counts_as_attack", "false"),
                ("uses_force", "false"),
            ),
        ),
    ),
    passes=(Edit("codelist_role", "host", "example", ""),),
)
def _codes_are_defined(state: State) -> Iterator[Fault]:
    for codelist in state.codes:
        table = CODELIST_PREFIX + codelist
        for row in state.tables[table]:
            for column in ("label", "definition"):
                if not row[column]:
                    yield Fault(table, row, f"The code {row['code']!r} has no {column}.", column, f"a {column}")
            is_mapped = any(row[scheme] for scheme in _CROSSWALKS)
            if codelist == "event_type" and not is_mapped and row["code"] not in _WITHOUT_COUNTERPART:
                yield Fault(
                    table,
                    row,
                    f"The event type {row['code']!r} has no counterpart elsewhere.",
                    _CROSSWALKS[0],
                    "a category",
                )


@rule(
    "ICD807",
    ERROR,
    "Coverage says of every day since 2014 what was searched",
    why="Without it, a quiet year could be peace, or a year that nobody read.",
    fix="Add a row for the gap, with completeness none where nothing was searched; shorten one of two that overlap.",
    fails=(
        Edit("coverage", "attacks loc-example-country 2001-04-01"),
        Edit("coverage", "attacks loc-example-country 2001-01-01", "date_end", "2001-04-01"),
        Edit("coverage", "attacks loc-example-country 2001-01-01", "date_end", "2001-03-30"),
        Edit("coverage", "posture loc-example-country 2001-01-01"),
    ),
    passes=(Edit("coverage", "attacks loc-example-country 2001-04-01", "date_end", "2002-06-30"),),
)
def _coverage_has_no_gaps(state: State) -> Iterator[Fault]:
    newest = max((row["date_start"] for row in state.tables["events"]), default="")
    series: dict[str, dict[str, list[Row]]] = {family: {} for family in state.codes["coverage_family"]}
    for row in state.tables["coverage"]:
        series.setdefault(row["family"], {}).setdefault(row["area_id"], []).append(row)
    for family, areas in series.items():
        reach = False
        for rows in areas.values():
            rows.sort(key=lambda row: row["date_start"])
            yield from _breaks(rows)
            reach = reach or (rows[0]["date_start"] <= _FIRST_DAY and rows[-1]["date_end"] >= newest)
        if newest and not reach:
            message = f"No area of the family {family!r} is covered from {_FIRST_DAY} to the newest event, {newest}."
            yield Fault("coverage", None, message, "family")


def _breaks(rows: list[Row]) -> Iterator[Fault]:
    for earlier, later in pairwise(rows):
        step = days_between(earlier["date_end"], later["date_start"])
        if step != 1:
            what = "leaves a gap after" if step > 1 else "overlaps"
            expected = f"the day after {earlier['date_end']}"
            yield Fault(
                "coverage", later, f"The row {what} the one that ends on {earlier['date_end']}.", "date_start", expected
            )
