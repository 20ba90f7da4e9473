"""Rules on claims: what they say, what became of them, and what follows from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..reading import Row
from ..resolution.derive import Resolver, Vocabulary, derive
from ..resolution.grammar import Branch, PathError, Slot
from ..resolution.intervals import parse_interval
from ..resolution.ledger import RecordClaims, View
from ..resolution.resolve import Resolution
from .coding import is_within
from .finding import ERROR, MEASURE, WARNING
from .references import live_claims, value_field
from .rule import Edit, Fault, rule
from .state import State, did_you_mean

_MAX_WORDS = 12
_MAX_SHARE = 0.15
_DENSE_FROM = "2023-10-07"
_REGIONAL = ("ar", "ku", "ckb", "kmr")
_COUNTRY = "loc-iraq"
# What cannot be read cannot be resolved.
_READABLE = ("ICD301", "ICD302", "ICD303", "ICD603")
# These computed columns have rules of their own, which look at the stored row.
_OWN_RULE = (("events", "date_precision"), ("events", "tier"))


def _asserted_paths(state: State) -> set[tuple[str, str]]:
    """Return record and field of every claim that may support a value."""
    return {
        (row["record_id"], row["field"])
        for row in state.tables["claims"]
        if row["status"] == "live" and row["stance"] == "asserts"
    }


@rule(
    "ICD601",
    ERROR,
    "Every claimed value has a live claim",
    why="A value without a claim is one that nobody said.",
    fix="Add the claim that supports the value with icd add, or empty the cell and run icd fmt.",
    fails=(
        Edit("claims", "evt-2001-0001 time_local"),
        Edit("claims", "evt-2001-0001 time_local", "stance", "denies"),
        Edit("agreements", "agr-example-statement", "title", "Example Title"),
    ),
    passes=(Edit("events", "evt-2001-0001", "time_local", ""),),
)
def _values_have_claims(state: State) -> Iterator[Fault]:
    asserted = _asserted_paths(state)
    asserted_records = {record for record, _ in asserted}
    for table, slots in state.grammar.slots.items():
        key = state.grammar.keys[table]
        for row in state.tables[table]:
            record = row[key]
            if record not in asserted_records:
                if not _is_discounted(state, record):
                    yield Fault(table, row, f"No live claim says anything about {record!r}.", key, "a claim")
                continue
            for path, slot in slots.items():
                filled = [column for column in slot.columns if row[column] and row[column] != slot.default]
                if filled and (record, path) not in asserted:
                    yield Fault(
                        table,
                        row,
                        f"No live claim supports {row[filled[0]]!r}.",
                        filled[0],
                        f"a claim on the field {path}",
                    )


def _is_discounted(state: State, record: str) -> bool:
    found = state.ledger.by_record.get(record, {})
    return any(claim.status in ("rejected", "retracted") for claims in found.values() for claim in claims)


@rule(
    "ICD602",
    ERROR,
    "Stored values are those that follow from the claims",
    why="The tables are the resolved view of the claims; a value that differs was edited by hand, or is out of date.",
    fix="Run icd fmt. To change a value, add or correct a claim.",
    fails=(
        Edit("events", "evt-2001-0001", "outcome", "impact_no_damage"),
        Edit("events", "evt-2001-0001", "verification", "claimed_only"),
        Edit("event_casualties", "evt-2001-0001 us_military injured"),
        Edit("event_tags", row=(("event_id", "evt-2001-0001"), ("scheme", "mode"), ("code", "mortar"))),
        Edit("claims", "evt-2001-0001 outcome", "value", "impact_no_damage"),
    ),
    passes=(Edit("events", "evt-2001-0001", "title", "Rockets fired"),),
    after=_READABLE,
)
def _tables_follow_from_claims(state: State) -> Iterator[Fault]:
    asserted = _asserted_paths(state)
    children = _branches(state)
    for table in (*state.grammar.slots, *children, "milestones", "processes"):
        derived = {state.key(table, row): row for row in state.derived[table]}
        stored = {state.key(table, row): row for row in state.tables[table]}
        for key, row in stored.items():
            if key in derived:
                yield from _differences(state, table, key, row, derived[key], asserted)
            elif _parent_is_derived(state, table, row):
                column = state.schemas[table].primary_key[-1]
                yield Fault(
                    table,
                    row,
                    f"No claim gives the row {key!r}.",
                    column,
                    "a claim, or no row",
                    "Run: icd fmt",
                    fixable=True,
                )
        for key in derived.keys() - stored.keys() if table in children else ():
            message = f"The row {key!r} is missing, though claims give it."
            yield Fault(table, None, message, None, key, "Run: icd fmt", fixable=True)


def _branches(state: State) -> dict[str, Branch]:
    """Return the child tables, with the branch of the grammar that gives their rows."""
    return {branch.table: branch for branches in state.grammar.branches.values() for branch in branches.values()}


def _parent_is_derived(state: State, table: str, row: Row) -> bool:
    """Return whether a row belongs to records that all have claims; otherwise one of these is at fault."""
    owners = [f.name for f in state.schemas[table].fields if f.reference and f.reference[0] in state.grammar.keys]
    return table in _branches(state) and all(row[owner] in state.ledger.by_record for owner in owners)


def _differences(
    state: State, table: str, key: str, row: Row, derived: Row, asserted: set[tuple[str, str]]
) -> Iterator[Fault]:
    schema = state.schemas[table]
    slots = state.grammar.slots.get(table, {})
    path_of = {column: path for path, slot in slots.items() for column in slot.columns}
    for field in schema.fields:
        column = field.name
        if row[column] == derived[column] or field.kind not in ("claimed", "computed") or (table, column) in _OWN_RULE:
            continue
        # A claimed value without any claim is the matter of ICD601.
        if row[column] and column in path_of and (key, path_of[column]) not in asserted:
            continue
        yield Fault(
            table,
            row,
            f"{column} is {row[column] or 'empty'!r}, its claims give {derived[column] or 'nothing'!r}.",
            column,
            derived[column] or "an empty cell",
            "Run: icd fmt",
            fixable=True,
        )


@rule(
    "ICD603",
    ERROR,
    "The value of a claim has the form of its field",
    why="A value that cannot be read cannot be weighed against others.",
    fix="Counts are whole numbers, intervals such as 2024-09 or ../2025-09-30, codes and identifiers as they stand; "
    "only counts take a modifier other than exact, and intervals about.",
    fails=(
        Edit("claims", "evt-2001-0001 date", "value", "3 February 2001"),
        Edit("claims", "evt-2001-0001 outcome", "value", "impact"),
        Edit("claims", "evt-2001-0001 location_id", "value", "loc-nowhere"),
        Edit("claims", "evt-2001-0001 tags/mode/rocket", "value", "yes"),
        Edit("claims", "evt-2001-0001 munitions/rocket/launched", "value", "ten"),
        Edit("claims", "evt-2001-0001 time_local", "value", "9:40 pm"),
        Edit("claims", "evt-2001-0001 outcome", "modifier", "about"),
        Edit("claims", "evt-2001-0001 date", "value", "../2001-02-03"),
    ),
    passes=(
        Edit("claims", "evt-2001-0001 date", "value", "2001-02"),
        Edit("claims", "evt-2001-0001 date", "modifier", "about"),
        Edit("claims", "mst-example-mission-end-v01 target", "value", "2002-06-30/.."),
    ),
)
def _claimed_values_parse(state: State) -> Iterator[Fault]:
    reported = state.missing_identifiers
    for row in state.tables["claims"]:
        table = state.table_of.get(row["record_id"], "")
        if table not in state.grammar.slots:
            continue
        try:
            place, _ = state.grammar.locate(table, row["field"])
        except PathError:
            continue
        problem = _value_problem(state, place, row) if row["value"] not in reported else None
        if problem is not None:
            expected, known = problem
            yield Fault(
                "claims",
                row,
                f"{row['value'][:80]!r} is no value of the field {row['field']}.",
                "value",
                expected,
                did_you_mean(row["value"], known),
            )
        elif row["modifier"] not in _fitting_modifiers(state, place):
            yield Fault(
                "claims", row, f"{row['modifier']!r} does not fit the field {row['field']}.", "modifier", "exact"
            )


def _fitting_modifiers(state: State, place: Slot | Branch) -> Sequence[str]:
    if place.kind == "count":
        return state.codes["modifier"]
    return ("exact", "about") if place.kind in ("interval", "start", "end") else ("exact",)


def _value_problem(state: State, place: Slot | Branch, row: Row) -> tuple[str, Sequence[str]] | None:
    """Return what was expected and the words that are known, or None where the value is in order."""
    value = row["value"]
    if place.kind in ("interval", "start", "end"):
        try:
            start, end = parse_interval(value)
        except ValueError:
            return "a day, a month, a year or a span such as 2024-09-01/2024-09-15", ()
        is_open = not (start and end)
        return ("both bounds; only target may be open", ()) if is_open and place_path(place) != "target" else None
    if place.kind in ("exists", "flag"):
        return None if value == "true" else ("true", ())
    field = value_field(state, place)
    if field is None:
        return None
    if field.reference is not None:
        table = field.reference[0]
        known = list(state.by_id[table])
        what = f"a code of {field.codelist}" if field.codelist else f"an identifier of {table}"
        return None if value in state.by_id[table] else (what, known)
    verdict = field.judge(value)
    return (verdict[1], ()) if verdict else None


def place_path(place: Slot | Branch) -> str:
    """Return the path of a slot, or the prefix of a branch."""
    return place.path if isinstance(place, Slot) else place.prefix


@rule(
    "ICD604",
    ERROR,
    "The status of a claim and its reason agree",
    why="Readers must learn why a claim no longer counts, and which one took its place.",
    fix="Give a reason that data/codelists/status_reason.csv allows for the status, and the claim that took its place.",
    fails=(
        Edit("claims", "evt-2001-0001 outcome", "status", "rejected"),
        Edit("claims", "evt-2001-0001 outcome", "status_reason", "coder_error"),
        Edit(
            "claims",
            "evt-2001-0001 casualties/us_military/injured act-example-force-a 2",
            "status_reason",
            "coder_error",
        ),
        Edit("claims", "evt-2001-0001 casualties/us_military/injured act-example-force-a 2", "superseded_by", ""),
    ),
    passes=(Edit("claims", "evt-2001-0001 outcome", "note", "Seen twice."),),
)
def _status_and_reason_agree(state: State) -> Iterator[Fault]:
    applies = {code: row["applies_to"] for code, row in state.codelist("status_reason").items()}
    for row in state.tables["claims"]:
        status, reason = row["status"], row["status_reason"]
        fitting = [code for code, allowed in applies.items() if allowed == status]
        if status == "live" and reason:
            yield Fault("claims", row, f"A live claim has the reason {reason!r}.", "status_reason", "no reason")
        elif status != "live" and reason not in fitting:
            what = (
                f"The reason {reason!r} does not fit the status {status!r}."
                if reason
                else f"The status {status!r} has no reason."
            )
            yield Fault("claims", row, what, "status_reason", " or ".join(fitting))
        elif status in ("superseded", "retracted") and not row["superseded_by"]:
            yield Fault("claims", row, f"A {status} claim does not say by which one.", "superseded_by", "a claim")
        elif status == "live" and row["superseded_by"]:
            yield Fault(
                "claims", row, f"A live claim is superseded by {row['superseded_by']!r}.", "superseded_by", "nothing"
            )


@rule(
    "ICD605",
    ERROR,
    "A claim is superseded by a later one of the same principal on the same field",
    why="Only who said something can replace it. Rival figures of others stay live side by side.",
    fix="Name the later claim of the same principal, or make the claim live again.",
    fails=(
        Edit(
            "claims",
            "evt-2001-0001 casualties/us_military/injured act-example-force-a 5",
            "claimant_id",
            "act-example-wire",
        ),
        Edit(
            "claims",
            "evt-2001-0001 casualties/us_military/injured act-example-force-a 5",
            "field",
            "casualties/us_military/killed",
        ),
        Edit(
            "claims", "evt-2001-0001 casualties/us_military/injured act-example-force-a 5", "reported_on", "2001-02-01"
        ),
        Edit("claims", "evt-2001-0001 casualties/us_military/injured act-example-force-a 5", "status", "rejected"),
    ),
    passes=(Edit("claims", "evt-2001-0001 casualties/us_military/injured act-example-force-a 5", "value", "6"),),
)
def _supersession_is_lawful(state: State) -> Iterator[Fault]:
    claims, actors = state.by_id["claims"], state.by_id["actors"]
    principal = state.ledger.principal_of
    for row in state.tables["claims"]:
        later = claims.get(row["superseded_by"])
        if row["status"] != "superseded" or later is None:
            continue
        if (later["record_id"], later["field"]) != (row["record_id"], row["field"]):
            problem = f"is about {later['record_id']} {later['field']}"
        elif actors.get(principal(row["claimant_id"]), {}).get("is_placeholder") == "true":
            problem = "is of a placeholder, and nobody knows that the speaker is the same"
        elif principal(later["claimant_id"]) != principal(row["claimant_id"]):
            problem = f"is of another principal, {principal(later['claimant_id'])}"
        elif later["reported_on"] < row["reported_on"]:
            problem = f"was public earlier, on {later['reported_on']}"
        elif later["status"] == "rejected":
            problem = "is rejected"
        else:
            continue
        yield Fault(
            "claims",
            row,
            f"The claim {row['superseded_by']!r} that supersedes this one {problem}.",
            "superseded_by",
            "a later claim of the same principal on the same field",
        )


@rule(
    "ICD606",
    WARNING,
    "A principal has one live word on a field",
    why="Only its latest word counts; an earlier one with another value is superseded, or one of the two is misread.",
    fix="Mark the earlier claim superseded with the reason newer_statement.",
    fails=(Edit("claims", "evt-2001-0001 casualties/us_military/injured act-example-force-a 2", "status", "live"),),
    passes=(Edit("claims", "evt-2001-0001 outcome", "locator", "para 3"),),
)
def _one_live_word(state: State) -> Iterator[Fault]:
    groups: dict[tuple[str, str, str], list[Row]] = {}
    actors = state.by_id["actors"]
    for row in state.tables["claims"]:
        principal = state.ledger.principal_of(row["claimant_id"])
        is_placeholder = actors.get(principal, {}).get("is_placeholder") == "true"
        if row["status"] == "live" and row["stance"] == "asserts" and not is_placeholder:
            groups.setdefault((row["record_id"], row["field"], principal), []).append(row)
    for (_, _, principal), rows in groups.items():
        latest = max(rows, key=lambda row: row["reported_on"])
        for row in rows:
            if row["value"] != latest["value"] and row["reported_on"] < latest["reported_on"]:
                yield Fault(
                    "claims",
                    row,
                    f"{principal!r} said {row['value']!r} on {row['reported_on']} and {latest['value']!r} on "
                    f"{latest['reported_on']}; both claims are live.",
                    "status",
                    f"superseded by {latest['claim_id']}",
                )


@rule(
    "ICD607",
    ERROR,
    "A retracted claim points to the denial by its claimant",
    why="A retraction is itself a public statement, with a source and a day.",
    fix="Add the claim with the stance denies in which the claimant takes it back, and name it in superseded_by.",
    fails=(
        Edit("claims", "evt-2001-0002 tags/mode/mortar act-example-wire true src-2001-0007", "stance", "asserts"),
        Edit(
            "claims",
            "evt-2001-0002 tags/mode/mortar act-example-wire true src-2001-0007",
            "claimant_id",
            "act-example-force-a",
        ),
    ),
    passes=(Edit("claims", "evt-2001-0002 tags/mode/mortar act-example-wire true src-2001-0007", "locator", "para 3"),),
)
def _retractions_are_stated(state: State) -> Iterator[Fault]:
    claims = state.by_id["claims"]
    principal = state.ledger.principal_of
    for row in state.tables["claims"]:
        denial = claims.get(row["superseded_by"])
        if row["status"] != "retracted" or denial is None:
            continue
        if denial["stance"] != "denies":
            problem = "denies nothing"
        elif principal(denial["claimant_id"]) != principal(row["claimant_id"]):
            problem = f"is of another principal, {principal(denial['claimant_id'])}"
        elif denial["record_id"] != row["record_id"]:
            problem = f"is about {denial['record_id']}"
        else:
            continue
        yield Fault(
            "claims",
            row,
            f"The claim {row['superseded_by']!r} that takes this one back {problem}.",
            "superseded_by",
            "a denial by the same principal",
        )


@rule(
    "ICD608",
    WARNING,
    "Events of tier 1 have two independent origins",
    why="What weighs most should rest on more than one voice.",
    fix="Look for a second source with another principal and another root.",
    fails=(Edit("events", "evt-2001-0001", "n_origins", "1"),),
    passes=(Edit("events", "evt-2001-0002", "n_origins", "1"),),
)
def _tier_one_has_two_origins(state: State) -> Iterator[Fault]:
    for row in state.tables["events"]:
        if row["tier"] == "1" and row["verification"] != "discounted" and int(row["n_origins"]) < 2:
            yield Fault(
                "events", row, f"An event of tier 1 rests on {row['n_origins']} origin.", "n_origins", "at least 2"
            )


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f}% ({part} of {whole})" if whole else "none to count"


@rule(
    "ICD609",
    MEASURE,
    "How many sources have a known archived copy",
    why="Pages vanish; an archived copy keeps the evidence.",
    fix="Nothing; the figure goes into QUALITY.md. An archive address is entered only when it was seen.",
    fails=(Edit("sources", "src-2001-0001", "archive_url", ""),),
)
def _archived_sources(state: State) -> Iterator[Fault]:
    tier_one = {row["event_id"] for row in state.tables["events"] if row["tier"] == "1"}
    behind = {row["source_id"] for row in state.tables["claims"] if row["record_id"] in tier_one}
    sources = state.tables["sources"]
    weighty = [row for row in sources if row["source_id"] in behind]
    share = _percent(sum(bool(row["archive_url"]) for row in sources), len(sources))
    share_of_weighty = _percent(sum(bool(row["archive_url"]) for row in weighty), len(weighty))
    yield Fault("sources", None, f"Sources with an archived copy: {share}; behind tier-1 events: {share_of_weighty}.")


@rule(
    "ICD610",
    MEASURE,
    "How many events in Iraq have an Arabic or Kurdish source",
    why="Accounts from the country itself should not be the exception.",
    fix="Nothing; the figure goes into QUALITY.md.",
    fails=(Edit("events", "evt-2001-0001", "outcome", "unknown"),),
)
def _regional_sources(state: State) -> Iterator[Fault]:
    langs = {row["source_id"]: row["lang"].split("-")[0] for row in state.tables["sources"]}
    regional = {row["record_id"] for row in state.tables["claims"] if langs.get(row["source_id"]) in _REGIONAL}
    events = [
        row["event_id"]
        for row in state.tables["events"]
        if row["date_start"] >= _DENSE_FROM and is_within(state, row["location_id"], _COUNTRY)
    ]
    share = _percent(sum(event in regional for event in events), len(events))
    yield Fault("events", None, f"Events in Iraq since {_DENSE_FROM} with an Arabic or Kurdish source: {share}.")


@rule(
    "ICD611",
    WARNING,
    "No publisher stands behind too many claims",
    why="A data set that leans on one publisher sees what that publisher sees.",
    fix="Look for other sources of the same events.",
    fails=(Edit("sources", "src-2001-0001", "publisher_id", "pub-example-wire"),),
)
def _no_publisher_dominates(state: State) -> Iterator[Fault]:
    publisher = {row["source_id"]: row["publisher_id"] for row in state.tables["sources"]}
    counts: dict[str, int] = {}
    for row in state.tables["claims"]:
        key = publisher.get(row["source_id"], "")
        counts[key] = counts.get(key, 0) + 1
    total = len(state.tables["claims"])
    for row in state.tables["publishers"]:
        count = counts.get(row["publisher_id"], 0)
        if count > _MAX_SHARE * total:
            share = _percent(count, total)
            yield Fault(
                "publishers", row, f"{row['name']} stands behind {share} of the claims.", "publisher_id", "at most 15%"
            )


@rule(
    "ICD612",
    ERROR,
    "Quoted wording is short, and names its language",
    why="A few words show what was said; longer ones are copied text.",
    fix="Keep at most 12 words, and write the language as a code such as ar or en.",
    fails=(
        Edit(
            "claims",
            "evt-2001-0001 outcome",
            "value_as_stated",
            "one two three four five six seven eight nine ten eleven twelve more",
        ),
        Edit("claims", "evt-2001-0001 outcome", "value_as_stated", "damage"),
    ),
    passes=(
        Edit("claims", "evt-2001-0001 casualties/us_military/injured act-example-force-a 2", "value_as_stated", "two"),
    ),
)
def _wording_is_short(state: State) -> Iterator[Fault]:
    for row in state.tables["claims"]:
        n_words = len(row["value_as_stated"].split())
        if n_words > _MAX_WORDS:
            yield Fault("claims", row, f"The wording has {n_words} words.", "value_as_stated", f"at most {_MAX_WORDS}")
        elif n_words and not row["lang"]:
            yield Fault("claims", row, "The wording has no language.", "lang", "a code such as ar or en")


@rule(
    "ICD613",
    WARNING,
    "No value but the place of a statement rests on this project's inference alone",
    why="What we infer is marked as ours, and should not be the only ground for a value.",
    fix="Look for a claim by somebody else, or leave the value out.",
    fails=(Edit("claims", "evt-2001-0001 time_local", "basis", "curator_inference"),),
    passes=(Edit("claims", "evt-2001-0001 date act-example-group-c", "basis", "curator_inference"),),
)
def _no_value_is_only_inferred(state: State) -> Iterator[Fault]:
    types, events = state.codelist("event_type"), state.by_id["events"]
    support: dict[tuple[str, str], list[Row]] = {}
    for row, _, _, _ in live_claims(state):
        if row["stance"] == "asserts":
            support.setdefault((row["record_id"], row["field"]), []).append(row)
    for (record_id, path), rows in support.items():
        event = events.get(record_id)
        if path == "location_id" and event and types[event["event_type"]]["uses_force"] == "false":
            # By the coding rules a statement takes the place of its issuer.
            continue
        if all(row["basis"] == "curator_inference" for row in rows):
            yield Fault(
                "claims",
                rows[0],
                f"Only this project's inference supports {path} of {record_id}.",
                "basis",
            )


@rule(
    "ICD614",
    ERROR,
    "Every record can be seen, and once seen stays",
    why="What was publicly known on a day is read through as_of; a record must not come and go there.",
    fix="Give the milestone a statement and the process an event. A claim judged wrong keeps its record.",
    fails=(
        Edit(
            "milestones",
            row=(
                ("milestone_id", "mst-example-empty"),
                ("title", "Nothing said"),
                ("scope", "round_held"),
                ("place_id", "loc-example-country"),
                ("outcome_rule", "A party says that a round took place."),
                ("status", "pending"),
            ),
        ),
        Edit("events", "evt-2001-0006", "process_id", ""),
    ),
    passes=(Edit("claims", "evt-2001-0001 time_local", "reported_on", "2001-02-03"),),
    after=_READABLE,
)
def _records_can_be_seen_and_stay(state: State) -> Iterator[Fault]:
    yield from _records_that_never_exist(state)
    for table, row, days in _records_by_day(state):
        seen = [claims is not None for _, claims, _ in days]
        if True in seen and False in seen[seen.index(True) :]:
            day = days[seen.index(False, seen.index(True))][0]
            yield Fault(table, row, f"The record can be seen before {day}, but not on that day.")


@rule(
    "ICD616",
    WARNING,
    "A record says when and where from the first day on which it can be seen",
    why="Views of an early day show a gap where no claim of that day or before gives a required value.",
    fix="Add the claim that gave the value on that day, if a source did; else leave the gap: it is what was known.",
    fails=(Edit("claims", "evt-2001-0001 location_id act-example-group-c"),),
    passes=(Edit("claims", "evt-2001-0001 time_local", "reported_on", "2001-02-03"),),
    after=_READABLE,
)
def _records_are_whole_from_the_first_day(state: State) -> Iterator[Fault]:
    for table, row, days in _records_by_day(state):
        fields = state.ledger.by_record[row[state.grammar.keys[table]]]
        required = [
            (path, slot)
            for path, slot in state.grammar.slots[table].items()
            # A value that no claim ever gave is the matter of ICD601.
            if fields.get(path) and any(state.schemas[table][column].required for column in slot.columns)
        ]
        for path, slot in required:
            day = next(
                (day for day, claims, by in days if claims and not _decides(by.resolve(slot, path, claims))), None
            )
            if day is not None:
                yield Fault(
                    table,
                    row,
                    f"On {day} the record can be seen, but no claim of that day or before decides {path}.",
                    slot.columns[0],
                    f"a claim on {path} reported by {day}",
                )


def _decides(found: Resolution) -> bool:
    return bool(found.value or found.low or found.interval)


def _records_by_day(state: State) -> Iterator[tuple[str, Row, list[tuple[str, RecordClaims | None, Resolver]]]]:
    """Yield every record with what counts for it on each day on which something was reported of it."""
    resolvers = _Resolvers(state)
    for table, key in state.grammar.keys.items():
        for row in state.tables[table]:
            fields = state.ledger.by_record.get(row[key], {})
            days = sorted({claim.reported_on for claims in fields.values() for claim in claims})
            if days:
                yield table, row, [(day, resolvers.on(day).gather(row[key]), resolvers.on(day)) for day in days]


def _records_that_never_exist(state: State) -> Iterator[Fault]:
    statements = {row["milestone_id"] for row in state.tables["milestone_statements"]}
    for row in state.tables["milestones"]:
        if row["milestone_id"] not in statements and not row["outcome_event_id"]:
            yield Fault(
                "milestones", row, "The milestone has no statement and no outcome.", "milestone_id", "a statement"
            )
    active = {row["process_id"] for row in state.tables["events"]}
    for row in state.tables["processes"]:
        if row["process_id"] not in active:
            yield Fault("processes", row, "The process has no event.", "process_id", "an event with this process_id")


class _Resolvers:
    """One resolver per day; most records share their days with others."""

    def __init__(self, state: State) -> None:
        self._ledger, self._grammar = state.ledger, state.grammar
        self._vocabulary = Vocabulary.read(state.tables)
        self._by_day: dict[str, Resolver] = {}

    def on(self, day: str) -> Resolver:
        found = self._by_day.get(day)
        if found is None:
            view = View(day, hindsight=False)
            found = self._by_day[day] = Resolver(self._ledger, self._grammar, self._vocabulary, view)
        return found


@rule(
    "ICD615",
    ERROR,
    "What follows from the claims does not depend on the order of rows",
    why="Two people who sort a file in different ways must get the same data.",
    fix="This is a defect of the code, not of the data; please report it.",
    fails=(),
    passes=(Edit("claims", "evt-2001-0001 outcome", "locator", "para 3"),),
    after=_READABLE,
)
def _order_does_not_matter(state: State) -> Iterator[Fault]:
    tables = {**state.tables, "claims": state.tables["claims"][::-1]}
    turned = derive(tables, {name: state.schemas[name] for name in state.data_tables}, state.grammar)
    for table in state.data_tables:
        if turned[table] != state.derived[table]:
            yield Fault(table, None, f"The table {table} changes when the rows of claims are turned round.")
            return
