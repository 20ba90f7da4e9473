"""The quality page: how far this data set meets its own targets, counted from the tables it describes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from ..package import DataPackage
from ..reading import Row, Tables
from ..validation.finding import MEASURE
from ..validation.rule import RULES
from ..validation.runner import read_state, run_rules

_HEAD = """\
<!-- Written by `icd fmt` from the tables; do not edit. -->

# Quality

Figures counted from the tables of this version. A target that is missed is printed as missed; one that cannot be
counted from the tables is named at the end with what is known about it. How records are made: [method](docs/method.md).
"""
_ATTESTED = ("events", "agreements", "milestone_statements", "force_levels", "reported_tallies")
_NOT_COUNTED = """\
## Not counted from the tables

- Completeness against independent lists (targets: 100 percent of tier-1 events and 97 percent of other attacks in a
  densely covered stretch): not measured in this version.
- Wrong claims in a random audit (target: at most 2 in 600): measured batch by batch when records are added; the notes
  of a release give the figures. No audit by outsiders has been made.
"""


def quality_page(package: DataPackage) -> str | None:
    """Return the page as Markdown, or None where the tables cannot be read.

    Parameters
    ----------
    package : DataPackage
        The package whose tables count.
    """
    state, _ = read_state(package)
    if state is None:
        return None
    tables = state.tables
    lines = [_HEAD, "## Targets", "", "| figure | value | target | met |", "|---|---|---|---|"]
    lines += ["| " + " | ".join(cells) + " |" for cells in _targets(tables)]
    measures = run_rules(state, [code for code, rule in RULES.items() if rule.severity == MEASURE])
    lines += ["", "## Measures of the validator", "", "| measure | figure |", "|---|---|"]
    lines += [f"| {RULES[found.code].title} ({found.code}) | {found.message} |" for found in measures]
    lines += ["", "## Tables", "", "| table | rows |", "|---|---|"]
    lines += [f"| {name} | {len(tables[name]):,} |" for name in state.data_tables]
    lines += ["", "## Claims", "", *_counts("claims by status", tables["claims"], "status")]
    lines += _counts("live claims by basis", _live(tables), "basis")
    lines += ["## Events", "", *_counts("events by verification", tables["events"], "verification")]
    lines += _counts("sources by language", tables["sources"], "lang")
    lines += [
        "## Coverage",
        "",
        "What was searched, and how completely. Where nothing was searched, nothing follows from "
        "the absence of records.",
        "",
        "| family | area | from | to | completeness | note |",
        "|---|---|---|---|---|---|",
    ]
    columns = ("family", "area_id", "date_start", "date_end", "completeness", "note")
    lines += ["| " + " | ".join(row[name] for name in columns) + " |" for row in tables["coverage"]]
    return "\n".join([*lines, "", _NOT_COUNTED])


def _live(tables: Tables) -> list[Row]:
    return [row for row in tables["claims"] if row["status"] == "live"]


def _counts(what: str, rows: Iterable[Row], column: str) -> list[str]:
    counted = Counter(row[column] for row in rows)
    order = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    return [f"| {what} | n |", "|---|---|", *(f"| {code} | {number:,} |" for code, number in order), ""]


def _share(part: int, whole: int) -> float:
    return 100 * part / whole if whole else 100.0


def _line(figure: str, part: int, whole: int, target: float, *, most: bool = False) -> tuple[str, str, str, str]:
    share = _share(part, whole)
    met = share <= target if most else share >= target
    sign = "at most" if most else "at least"
    return figure, f"{share:.1f} % ({part:,} of {whole:,})", f"{sign} {target:g} %", "yes" if met else "**no**"


def _targets(tables: Tables) -> Iterator[tuple[str, str, str, str]]:
    live = _live(tables)
    sources = {row["source_id"]: row for row in tables["sources"]}
    records = [(name, row) for name in _ATTESTED for row in tables[name]]
    claimed = {row["record_id"] for row in live}
    yield _line(
        "records that rest on a live claim",
        sum(next(iter(row.values())) in claimed for _, row in records),
        len(records),
        100,
    )
    first = [row for row in tables["events"] if row["tier"] == "1"]
    yield _line(
        "events of tier 1 with two or more independent origins",
        sum(int(row["n_origins"]) >= 2 for row in first),
        len(first),
        95,
    )
    publishers = Counter(sources[row["source_id"]]["publisher_id"] for row in tables["claims"])
    name, number = max(publishers.items(), key=lambda item: (item[1], item[0]), default=("nobody", 0))
    yield _line(f"claims read at the most frequent publisher ({name})", number, len(tables["claims"]), 15, most=True)
