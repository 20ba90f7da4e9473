"""Bundles for the invented example package, and what a curator does with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from example import SCHEMAS
from iraq_coalition_data.curation.adding import Addition, add_bundles, plan
from iraq_coalition_data.curation.bundles import Bundle, BundleRefused, parse_bundles
from iraq_coalition_data.package import DataPackage
from iraq_coalition_data.reading import Row, Tables
from iraq_coalition_data.validation.finding import ERROR, Finding
from iraq_coalition_data.validation.state import State

DATA_SCHEMAS = {name: schema for name, schema in SCHEMAS.items() if not name.startswith("codelist_")}
META = (
    "{publisher_id: pub-example-force-a, doc_type: press_release, title: Statement, "
    "published_on: DAY, retrieved_on: 2001-06-01, lang: en, access: open}"
)


def source(url: str, says: str, *, day: str = "2001-02-14", by: str = "act-example-force-a", meta: str = META) -> str:
    """Return one entry under ``sources:``; `says` holds one ``path: value`` a line."""
    lines = [f"  - url: {url}", f"    meta: {meta.replace('DAY', day)}"] if meta else [f"  - url: {url}"]
    lines += ["    claims:", f"      - by: {by}", "        basis: own_harm", "        says:"]
    return "\n".join([*lines, *(f"          {line.strip()}" for line in says.strip().splitlines())]) + "\n"


def event(
    *sources: str, handle: str = "", links: str = "", event_type: str = "armed_action", title: str = "Rockets fired"
) -> str:
    """Return a bundle of a new event."""
    return (
        "table: events\n"
        + (f"handle: {handle}\n" if handle else "")
        + f"record:\n  event_type: {event_type}\n  title: {title}\n"
        + "  summary: Force A said that rockets were fired at Example Base.\n  scope_reason: I1\n  unit_rule: salvo\n"
        + links
        + "sources:\n"
        + "".join(sources or [source(URL, ATTACK)])
    )


URL = "https://example.org/new/1"
ATTACK = """
date: 2001-02-13
location_id: loc-example-base
outcome: impact_damage
tags/mode/rocket: true
tags/target/military_base: true
actors/target/act-example-force-a: stated
actors/initiator/act-example-armed-category: attributed_by_target
casualties/us_military/injured: {value: 2, modifier: at_least, words: "at least two", lang: en}
"""
EVENT = event()
ACTOR = (
    "table: actors\nrecord: {id: act-example-newcomer, name: The Newcomer, kind: armed_group, "
    "side: iraq_armed_group, principal_id: act-example-newcomer, is_placeholder: false, is_brand: false}\n"
)
PLACE = (
    "table: locations\nrecord: {id: loc-example-camp, name: Example Camp, kind: base, admin1: iq-baghdad, "
    "country: iq, parent_id: loc-example-country, tz: Asia/Baghdad}\n"
)


def write(folder: Path, *texts: str) -> list[Path]:
    """Write texts to bundle files, in the order of their names."""
    folder.mkdir(exist_ok=True)
    paths = [folder / f"bundle-{number}.yaml" for number, _ in enumerate(texts)]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text, encoding="utf-8")
    return paths


def add(root: Path, *texts: str, dry_run: bool = False) -> tuple[Addition, list[str]]:
    """Add bundles to a checkout, as files."""
    return add_bundles(DataPackage(root), write(root.parent / "bundles", *texts), dry_run=dry_run)


def parsed(*texts: str) -> list[Bundle]:
    """Return the bundles of texts that are in order, each as a file of its own."""
    errors: list[object] = []
    bundles = [bundle for i, text in enumerate(texts) for bundle in parse_bundles(text, f"bundle-{i}.yaml", errors)]
    assert errors == []
    return bundles


def planned(state: State, *texts: str) -> Addition:
    """Return what bundles would change in a state."""
    return plan(state, parsed(*texts))


def after(state: State, addition: Addition) -> State:
    """Return the state that holds what was planned."""
    return replace(state, tables=state.tables | addition.tables)


def refusals(state: State, *texts: str) -> list[str]:
    """Return every complaint about bundles, one a line; none if they would be added."""
    errors: list[object] = []
    bundles = [bundle for i, text in enumerate(texts) for bundle in parse_bundles(text, f"bundle-{i}.yaml", errors)]
    try:
        if not errors:
            plan(state, bundles)
    except BundleRefused as refused:
        errors += refused.errors
    return [str(error) for error in errors]


def errors_of(addition: Addition) -> list[Finding]:
    """Return the findings that forbid writing."""
    return [finding for finding in addition.findings if finding.severity == ERROR]


def rows(tables: Tables, table: str, **cells: str) -> list[Row]:
    """Return the rows of a table that hold the given cells."""
    return [row for row in tables[table] if all(row[name] == value for name, value in cells.items())]


def contents(root: Path) -> dict[str, bytes]:
    """Return every file of a folder but for git's own."""
    return {str(path.relative_to(root)): path.read_bytes() for path in _files(root)}


def _files(root: Path) -> Iterator[Path]:
    return (path for path in sorted(root.rglob("*")) if path.is_file() and ".git" not in path.parts)
