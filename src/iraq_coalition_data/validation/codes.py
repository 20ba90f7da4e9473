"""Rules on codes, counts and coordinates."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from ..package import CODELIST_PREFIX
from ..reading import Row
from ..resolution.grammar import Branch, PathError
from .finding import ERROR, WARNING
from .identity import version_key
from .rule import Edit, Fault, rule
from .state import State

COUNT_TABLES = ("event_casualties", "event_munitions", "force_levels", "reported_tallies")
_MAX_DECIMALS = 2
# Boxes of units are outlines, and points of bases are rounded to 0.01 degrees.
_BOX_MARGIN = 0.05


@rule(
    "ICD204",
    WARNING,
    "No deprecated code in rows newer than its deprecation",
    why="A deprecated code stays readable for old rows; new rows use what took its place.",
    fix="Use the code that the definition of the deprecated one names.",
    fails=(
        Edit("codelist_scope_reason", "I1", "deprecated", "0.1.0"),
        Edit("codelist_basis", "own_harm", "deprecated", "0.1.0"),
        Edit("codelist_casualty_outcome", "injured", "deprecated", "0.1.0"),
    ),
    passes=(Edit("codelist_scope_reason", "I1", "deprecated", "0.2.0"),),
)
def _no_deprecated_code_in_new_rows(state: State) -> Iterator[Fault]:
    deprecated = {
        codelist: {code: row["deprecated"] for code, row in state.codelist(codelist).items() if row["deprecated"]}
        for codelist in state.codes
    }
    deprecated = {codelist: codes for codelist, codes in deprecated.items() if codes}
    if not deprecated:
        return
    born = _first_releases(state)
    for table in state.data_tables:
        schema = state.schemas[table]
        fields = [field for field in schema.fields if field.codelist in deprecated]
        for row in state.tables[table]:
            since = row["recorded_in"] if table == "claims" else born.get(row[schema.primary_key[0]], "")
            used = [(field.name, field.codelist, row[field.name]) for field in fields]
            if table == "claims":
                used += [("field", codelist, code) for codelist, code in _codes_in_path(state, row)]
            for column, codelist, code in used:
                ended = deprecated.get(codelist or "", {}).get(code)
                if ended and since and version_key(since) >= version_key(ended):
                    yield Fault(
                        table,
                        row,
                        f"The code {code!r} of {codelist} is deprecated since {ended}.",
                        column,
                        "a code in use",
                    )


def _first_releases(state: State) -> dict[str, str]:
    """Return, for every record with claims, the release that first held one of them."""
    born: dict[str, str] = {}
    for row in state.tables["claims"]:
        record, release = row["record_id"], row["recorded_in"]
        born[record] = min(born.get(record, release), release, key=version_key)
    return born


def _codes_in_path(state: State, claim: Row) -> list[tuple[str, str]]:
    table = state.table_of.get(claim["record_id"], "")
    try:
        place, parts = state.grammar.locate(table, claim["field"])
    except (PathError, KeyError):
        return []
    if not isinstance(place, Branch):
        return []
    fields = [state.schemas[place.table][name] for name in place.parts]
    return [(field.codelist, part) for field, part in zip(fields, parts, strict=True) if field.codelist]


@rule(
    "ICD205",
    ERROR,
    "A tag stands under the scheme of its code",
    why="Schemes keep how, why and against what apart; a code belongs to exactly one of them.",
    fix="Write the scheme that data/codelists/event_tag.csv gives for the code.",
    fails=(Edit("event_tags", "evt-2001-0001 context mission_end", "scheme", "mode"),),
    passes=(Edit("event_tags", "evt-2001-0001 context mission_end", "code", "sovereignty"),),
)
def _tags_stand_under_their_scheme(state: State) -> Iterator[Fault]:
    codes = state.codelist("event_tag")
    for row in state.tables["event_tags"]:
        scheme = codes[row["code"]]["scheme"] if row["code"] in codes else row["scheme"]
        if row["scheme"] != scheme:
            yield Fault(
                "event_tags",
                row,
                f"{row['code']!r} stands under {row['scheme']!r}.",
                "scheme",
                f"the scheme {scheme!r}",
            )


@rule(
    "ICD206",
    ERROR,
    "Counts run from low through best to high",
    why="Low and high span the live rival figures; a best figure outside them contradicts itself.",
    fix="Correct the claim that gives the figure, then run icd fmt.",
    fails=(
        Edit("event_casualties", "evt-2001-0001 us_military injured", "low", "9"),
        Edit("reported_tallies", "tly-2001-0001", "high", "0"),
    ),
    passes=(Edit("event_casualties", "evt-2001-0001 us_military injured", "best", ""),),
)
def _counts_are_in_order(state: State) -> Iterator[Fault]:
    for table in COUNT_TABLES:
        for row in state.tables[table]:
            filled = [(column, int(row[column])) for column in ("low", "best", "high") if row[column]]
            for (lower, small), (upper, large) in pairwise(filled):
                if small > large:
                    yield Fault(table, row, f"{lower} is {small}, but {upper} is {large}.", lower, f"at most {large}")


@rule(
    "ICD207",
    ERROR,
    "Coordinates come in pairs, and lie in the unit that the row names",
    why="A swapped or mistyped coordinate puts an event in another country, and maps believe it.",
    fix="Correct latitude, longitude, admin1 or country; admin1 is the unit at the newest date.",
    fails=(
        Edit("locations", "loc-example-base", "lat", ""),
        Edit("locations", "loc-example-base", "lat", "51.5"),
        Edit("locations", "loc-example-base", "country", "jo"),
        Edit("locations", "loc-example-town", "lon", "0.1"),
    ),
    passes=(Edit("locations", "loc-example-base", "lat", "33.41"),),
)
def _coordinates_lie_in_their_unit(state: State) -> Iterator[Fault]:
    units = state.codelist("admin1")
    for row in state.tables["locations"]:
        if bool(row["lat"]) != bool(row["lon"]):
            column = "lat" if not row["lat"] else "lon"
            yield Fault("locations", row, f"{column} is empty, the other coordinate is not.", column, "both or neither")
            continue
        unit = units.get(row["admin1"])
        if unit is not None and unit["valid_to"]:
            yield Fault(
                "locations",
                row,
                f"The unit {row['admin1']!r} ended on {unit['valid_to']}.",
                "admin1",
                "the unit at the newest date",
            )
        if unit is not None and row["country"] != unit["country"]:
            yield Fault(
                "locations",
                row,
                f"The unit {row['admin1']!r} lies in {unit['country']!r}, the row says {row['country']!r}.",
                "country",
                unit["country"],
            )
        elif row["lat"]:
            boxes = [unit] if unit is not None else _whole_country(units.values(), row["country"])
            yield from _outside(row, boxes)


def _whole_country(units: object, country: str) -> list[Row]:
    """Return all units of Iraq; of its neighbours only some are listed, so that nothing follows."""
    return [unit for unit in units if unit["country"] == country] if country == "iq" else []  # type: ignore[attr-defined]


def _outside(row: Row, boxes: list[Row]) -> Iterator[Fault]:
    sides = {side: [float(box[f"bbox_{side}"]) for box in boxes if box[f"bbox_{side}"]] for side in "wsen"}
    if not all(sides.values()):
        return
    name = row["admin1"] or row["country"]
    for column, low, high in (("lat", min(sides["s"]), max(sides["n"])), ("lon", min(sides["w"]), max(sides["e"]))):
        if not low - _BOX_MARGIN <= float(row[column]) <= high + _BOX_MARGIN:
            yield Fault("locations", row, f"{column} {row[column]} lies outside {name!r}.", column, f"{low} to {high}")


@rule(
    "ICD208",
    ERROR,
    "Points of military sites have at most two decimals",
    why="About one kilometre is enough for research; more would serve those who aim.",
    fix="Round latitude and longitude to 0.01 degrees.",
    fails=(Edit("locations", "loc-example-base", "lat", "33.412"),),
    passes=(
        Edit("locations", "loc-example-base", "lat", "33.4"),
        Edit("locations", "loc-example-town", "lat", "33.312"),
    ),
)
def _military_points_are_coarse(state: State) -> Iterator[Fault]:
    kinds = state.codelist("location_kind")
    for row in state.tables["locations"]:
        if kinds[row["kind"]]["is_military"] != "true":
            continue
        for column in ("lat", "lon"):
            if len(row[column].partition(".")[2]) > _MAX_DECIMALS:
                yield Fault(
                    "locations",
                    row,
                    f"{row[column]!r} is more precise than two decimals.",
                    column,
                    f"{float(row[column]):.2f}",
                )


_GUARDS = {"IQ-BG": "Baghdad", "IQ-BA": "Basra"}


@rule(
    "ICD209",
    ERROR,
    "ISO codes of governorates are not mixed up",
    why="IQ-BG is Baghdad and IQ-BA is Basra; swapped, they put every count in the wrong governorate. "
    "Halabja has no ISO code yet, and was part of another governorate before 2025.",
    fix="Correct iso_3166_2 or valid_from in data/codelists/admin1.csv.",
    fails=(
        Edit("codelist_admin1", "iq-baghdad", "iso_3166_2", "IQ-BA"),
        Edit("codelist_admin1", "iq-halabja", "iso_3166_2", "IQ-HA"),
        Edit("codelist_admin1", "iq-halabja", "valid_from", "2014-01-01"),
        Edit("codelist_admin1", "iq-baghdad", "country", "jo"),
    ),
    passes=(Edit("codelist_admin1", "iq-baghdad", "name_ku", "Bexda"),),
)
def _governorates_have_their_iso_code(state: State) -> Iterator[Fault]:
    table = CODELIST_PREFIX + "admin1"
    seen: dict[str, str] = {}
    for row in state.tables[table]:
        iso = row["iso_3166_2"]
        if "Halabja" in row["label"]:
            if iso:
                yield Fault(
                    table, row, f"Halabja has the ISO code {iso!r}; there is none yet.", "iso_3166_2", "nothing"
                )
            if not row["valid_from"] >= "2025":
                yield Fault(table, row, f"Halabja is valid from {row['valid_from']!r}.", "valid_from", "a day in 2025")
        if not iso:
            continue
        if iso in _GUARDS and _GUARDS[iso] not in row["label"]:
            yield Fault(table, row, f"{iso!r} is not {row['label']}, but {_GUARDS[iso]}.", "iso_3166_2")
        elif iso.split("-")[0].lower() != row["country"]:
            yield Fault(table, row, f"{iso!r} is no unit of the country {row['country']!r}.", "country")
        elif seen.setdefault(iso, row["code"]) != row["code"]:
            yield Fault(table, row, f"{iso!r} is the code of {seen[iso]!r} already.", "iso_3166_2")
