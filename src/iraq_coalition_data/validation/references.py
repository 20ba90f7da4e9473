"""Rules on references between rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..reading import Row
from ..resolution.grammar import CLAIMED_TAG_SCHEMES, Branch, PathError, Slot
from ..schemas import Field
from .finding import ERROR, WARNING
from .rule import Edit, Fault, rule
from .state import State, did_you_mean


@rule(
    "ICD301",
    ERROR,
    "References lead to rows that exist",
    why="A reference to nothing loses its row in every join.",
    fix="Correct the identifier, or add the missing record in a bundle of its own.",
    fails=(
        Edit("event_casualties", "evt-2001-0001 us_military injured", "event_id", "evt-2001-0099"),
        Edit("claims", "evt-2001-0001 outcome", "claimant_id", "act-example-forces-a"),
        Edit("publishers", "pub-example-wire", "actor_id", "act-nobody"),
    ),
    passes=(Edit("publishers", "pub-example-wire", "actor_id", ""),),
)
def _references_resolve(state: State) -> Iterator[Fault]:
    # A row that is missing is one defect, however many others refer to it.
    for (target, value), places in state.missing.items():
        table, row, field = places[0]
        n_more = len(places) - 1
        more = f"; {n_more} more {'row refers' if n_more == 1 else 'rows refer'} to it" if n_more else ""
        yield Fault(
            table,
            row,
            f"{value!r} is not in the table {target}{more}.",
            field.name,
            f"an identifier of {target}",
            _remedy(state, value, state.values(field)),
        )


def _remedy(state: State, value: str, known: Iterable[str]) -> str | None:
    retired = state.by_id["retired_ids"].get(value)
    if retired is not None:
        new = retired["new_id"]
        return f"It was retired; use {new!r}." if new else "It was retired, and nothing took its place."
    return did_you_mean(value, known)


@rule(
    "ICD302",
    ERROR,
    "Every claim is about a record that takes claims",
    why="A claim without its record supports nothing.",
    fix="Correct record_id, or add the record. Places, people, publishers and sources take no claims.",
    fails=(
        Edit("claims", "evt-2001-0001 outcome", "record_id", "evt-2001-0099"),
        Edit("claims", "evt-2001-0001 outcome", "record_id", "loc-example-base"),
    ),
    passes=(Edit("claims", "evt-2001-0001 outcome", "record_id", "evt-2001-0002"),),
)
def _claims_are_about_records(state: State) -> Iterator[Fault]:
    reported = state.missing_identifiers
    for row in state.tables["claims"]:
        record = row["record_id"]
        table = state.table_of.get(record)
        if record in reported:
            continue
        if table is None:
            known = (key for key, owner in state.table_of.items() if owner in state.grammar.slots)
            yield Fault(
                "claims", row, f"There is no record {record!r}.", "record_id", "a record", _remedy(state, record, known)
            )
        elif table not in state.grammar.slots:
            yield Fault("claims", row, f"{record!r} is in {table}, which takes no claims.", "record_id")


@rule(
    "ICD303",
    ERROR,
    "Every claim names a field of its record, with codes and identifiers that exist",
    why="The path says which value the claim supports; a path that leads nowhere supports nothing.",
    fix="Correct the path; icd codebook lists the fields of a table. Context tags and coder's links are not claimed.",
    fails=(
        Edit("claims", "evt-2001-0001 outcome", "field", "outcomes"),
        Edit("claims", "evt-2001-0001 outcome", "field", "actors/target"),
        Edit("claims", "evt-2001-0001 tags/mode/rocket", "field", "tags/mode/rockets"),
        Edit("claims", "evt-2001-0001 tags/mode/rocket", "field", "tags/context/mission_end"),
        Edit("claims", "evt-2001-0001 actors/target/act-example-force-a", "field", "actors/target/act-nobody"),
    ),
    passes=(Edit("claims", "evt-2001-0001 tags/mode/rocket", "field", "tags/mode/mortar"),),
)
def _claim_paths_lead_to_fields(state: State) -> Iterator[Fault]:
    reported = state.missing_identifiers
    for row in state.tables["claims"]:
        table = state.table_of.get(row["record_id"], "")
        if table not in state.grammar.slots:
            continue
        path = row["field"]
        try:
            place, parts = state.grammar.locate(table, path)
        except PathError:
            hint = did_you_mean(path, state.grammar.paths(table))
            yield Fault("claims", row, f"{path!r} is not a field of {table}.", "field", f"a field of {table}", hint)
            continue
        if isinstance(place, Branch):
            yield from _embedded_faults(state, row, place, parts, reported)


def _embedded_faults(
    state: State, row: Row, place: Branch, parts: tuple[str, ...], reported: set[str]
) -> Iterator[Fault]:
    if place.table == "event_tags" and parts[0] not in CLAIMED_TAG_SCHEMES:
        yield Fault("claims", row, f"Tags of the scheme {parts[0]!r} are labels, not claims.", "field")
        return
    link = state.codelist("event_link").get(parts[0]) if place.table == "event_links" else None
    if link is not None and link["needs_claim"] != "true":
        yield Fault("claims", row, f"The link {parts[0]!r} is a label, not a claim.", "field")
        return
    for name, part in zip(place.parts, parts, strict=True):
        field = state.schemas[place.table][name]
        if field.reference is None:
            continue
        known = state.values(field)
        if part not in known and part not in reported:
            what = f"a code of {field.codelist}" if field.codelist else f"in the table {field.reference[0]}"
            yield Fault(
                "claims",
                row,
                f"{part!r} in {row['field']!r} is not {what}.",
                "field",
                None,
                _remedy(state, part, known),
            )


@rule(
    "ICD304",
    ERROR,
    "No row leads back to itself",
    why="Places contain, sources derive and texts replace one another in one direction only.",
    fix="Empty or correct one of the references in the circle.",
    fails=(
        Edit("locations", "loc-example-country", "parent_id", "loc-example-base"),
        Edit("sources", "src-2001-0001", "derives_from", "src-2001-0001"),
    ),
    passes=(Edit("locations", "loc-example-base", "parent_id", "loc-example-country"),),
)
def _no_row_leads_back_to_itself(state: State) -> Iterator[Fault]:
    for table in state.data_tables:
        schema = state.schemas[table]
        key = schema.primary_key[0]
        for field in schema.fields:
            # An actor that speaks for itself is its own principal.
            if field.reference == (table, key) and field.name != "principal_id":
                parents = {row[key]: row[field.name] for row in state.tables[table] if row[field.name]}
                for member in circles(parents):
                    row = state.by_id[table][member]
                    yield Fault(
                        table, row, f"Following {field.name} from {member!r} leads back to it.", field.name, "no circle"
                    )


def circles(parents: dict[str, str]) -> list[str]:
    """Return one member of every circle in a map of children to parents.

    Examples
    --------
    >>> circles({"a": "b", "b": "a", "c": "a"})
    ['a']
    """
    done: set[str] = set()
    found = []
    for start in parents:
        line: dict[str, None] = {}
        step = start
        while step in parents and step not in done and step not in line:
            line[step] = None
            step = parents[step]
        if step in line:
            members = list(line)
            found.append(min(members[members.index(step) :]))
        done.update(line)
    return sorted(found)


@rule(
    "ICD305",
    ERROR,
    "A principal speaks for itself, and so does a placeholder",
    why="Independent origins are counted by principal; a chain of principals would count one voice twice.",
    fix="Name the body at the end of the chain as principal_id.",
    fails=(
        Edit("actors", "act-example-government-a", "principal_id", "act-example-government-b"),
        Edit("actors", "act-example-official", "principal_id", "act-example-government-a"),
    ),
    passes=(Edit("actors", "act-example-force-a", "principal_id", "act-example-force-a"),),
)
def _principals_speak_for_themselves(state: State) -> Iterator[Fault]:
    actors = state.by_id["actors"]
    for row in state.tables["actors"]:
        principal = row["principal_id"]
        if row["is_placeholder"] == "true" and principal != row["actor_id"]:
            yield Fault(
                "actors", row, f"A placeholder has the principal {principal!r}.", "principal_id", f"{row['actor_id']!r}"
            )
        elif principal in actors and actors[principal]["principal_id"] != principal:
            top = actors[principal]["principal_id"]
            yield Fault("actors", row, f"{principal!r} speaks for {top!r}.", "principal_id", f"{top!r}")


@rule(
    "ICD306",
    WARNING,
    "Actors, locations, publishers and sources are in use",
    why="A row that nothing refers to is left over from a correction, or its claims are missing.",
    fix="Remove the row, or add what was meant to refer to it.",
    fails=(
        Edit("publishers", row=(("publisher_id", "pub-example-unused"), ("name", "Unused"), ("kind", "wire"))),
        Edit(
            "locations",
            row=(
                ("location_id", "loc-example-unused"),
                ("name", "Unused"),
                ("kind", "town"),
                ("tz", "Asia/Baghdad"),
            ),
        ),
    ),
    passes=(Edit("publishers", "pub-example-wire", "name", "Example News Wire"),),
)
def _reference_rows_are_used(state: State) -> Iterator[Fault]:
    used: dict[str, set[str]] = {table: set() for table in ("actors", "locations", "publishers", "sources")}
    for table in state.data_tables:
        for field in state.schemas[table].fields:
            if field.reference and field.reference[0] in used:
                key = state.schemas[table].primary_key[0] if field.reference[0] == table else ""
                for row in state.tables[table]:
                    if not key or row[field.name] != row[key]:
                        used[field.reference[0]].add(row[field.name])
    for claim in state.tables["claims"]:
        used["actors"].update(claim["field"].split("/")[2:])
        if claim["field"] == "location_id":
            used["locations"].add(claim["value"])
    for table, members in used.items():
        for key, row in state.by_id[table].items():
            if key not in members:
                yield Fault(table, row, f"Nothing refers to {key!r}.", state.schemas[table].primary_key[0])


@rule(
    "ICD307",
    ERROR,
    "An event link leads to another event, and a symmetric link stands once",
    why="Stored in both directions, one relation would be counted twice.",
    fix="For a symmetric link, keep the row whose from_event_id is the lower one; state its claim on that event.",
    fails=(
        Edit("event_links", "evt-2001-0003 curator_linked_response_to evt-2001-0001", "to_event_id", "evt-2001-0003"),
        Edit("event_links", "evt-2001-0003 curator_linked_response_to evt-2001-0001", "link", "distinct_from"),
    ),
    passes=(Edit("event_links", "evt-2001-0003 curator_linked_response_to evt-2001-0001", "link", "follows_up"),),
)
def _event_links_lead_on(state: State) -> Iterator[Fault]:
    links = state.codelist("event_link")
    for row in state.tables["event_links"]:
        if row["from_event_id"] == row["to_event_id"]:
            yield Fault(
                "event_links", row, f"{row['to_event_id']!r} is linked to itself.", "to_event_id", "another event"
            )
        elif links[row["link"]]["symmetric"] == "true" and row["from_event_id"] > row["to_event_id"]:
            yield Fault(
                "event_links",
                row,
                f"The symmetric link {row['link']!r} starts at the higher identifier.",
                "from_event_id",
                f"{row['to_event_id']!r}",
            )


def value_field(state: State, place: Slot | Branch) -> Field | None:
    """Return the column whose form a claimed value must have, if it is that of a column."""
    if isinstance(place, Slot):
        return place.field
    if place.kind == "count":
        return state.schemas[place.table]["best"]
    return state.schemas[place.table][place.value_column] if place.value_column else None


def live_claims(state: State) -> Iterator[tuple[Row, str, Slot | Branch, tuple[str, ...]]]:
    """Yield every live claim on a lawful path with its table, its place and the embedded parts."""
    for row in state.tables["claims"]:
        table = state.table_of.get(row["record_id"], "")
        if row["status"] != "live" or table not in state.grammar.slots:
            continue
        try:
            place, parts = state.grammar.locate(table, row["field"])
        except PathError:
            continue
        yield row, table, place, parts


__all__ = ["circles", "live_claims", "value_field"]
