"""Moving the new numbers of one branch out of the way of another's, before they are merged.

Two branches that both add records count up from the same number. After a merge the claims of two
records under one identifier could not be told apart; before it they can, so this is where
collisions are mended. Identifiers that the branches share are never touched.
"""

from __future__ import annotations

import csv
import io
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from ..package import DataPackage
from ..reading import Row, Tables, read_rows
from ..resolution.ledger import claim_id
from ..schemas import Schema, load_schema
from .adding import normal_url
from .files import described, exclusive, table_bytes, write_all

_NUMBER = re.compile(r"(?P<stem>(?:evt|frc|tly|src)-[0-9]{4}-|(?:rel|lst)-|mst-[a-z0-9-]+-v)(?P<number>[0-9]+)")


class RenumberingError(ValueError):
    """The other branch cannot be read."""


def renumber_checkout(package: DataPackage, onto: str) -> dict[str, str]:
    """Renumber the new records of a checkout so that it can be merged into `onto`.

    Parameters
    ----------
    package : DataPackage
        A checkout in a git repository.
    onto : str
        The branch to merge into.

    Returns
    -------
    dict of str to str
        New identifier by old one; empty where nothing collides.

    Raises
    ------
    RenumberingError
        If git does not know `onto`.
    """
    root = Path(str(package.root))
    base = _git(root, "merge-base", "HEAD", onto).strip()
    theirs, shared = read_tables_at(root, onto, package), read_tables_at(root, base, package)
    schemas = {name: load_schema(package, name) for name in package.table_names}
    with exclusive(root):
        ours = read_rows(package, package.table_names)
        mapping = new_numbers(ours, theirs, shared)
        if not mapping:
            return {}
        tables = renumbered(ours, mapping, schemas)
        there = {row["source_id"]: row for row in theirs["sources"]}
        known = {row["source_id"] for row in shared["sources"]}
        # A source that both branches added stands there as they described it; two descriptions could not be merged.
        tables["sources"] = [
            row if row["source_id"] in known else there.get(row["source_id"], row) for row in tables["sources"]
        ]
        files = {package.resources[name].path: table_bytes(schemas[name], tables[name]) for name in package.table_names}
        everything = {name: load_schema(package, name) for name in package.resources}
        files["datapackage.json"] = described(package, files, everything)
        write_all(root, files)
    return mapping


def _git(root: Path, *arguments: str) -> str:
    if any(argument.startswith("-") for argument in arguments[1:]):
        raise RenumberingError(f"{arguments[-1]!r} is not the name of a branch")
    done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=False)
    if done.returncode != 0:
        raise RenumberingError(f"git cannot read {arguments[-1]!r}; is it the name of a branch?")
    return done.stdout.decode("utf-8")


def read_tables_at(root: Path, ref: str, package: DataPackage) -> Tables:
    """Return the data tables as they stand at a git reference; a table that is not there is empty.

    Raises
    ------
    RenumberingError
        If git does not know the reference.
    """
    commit = _git(root, "rev-parse", f"{ref}^{{commit}}").strip()
    tables: Tables = {}
    for name in package.table_names:
        path = package.resources[name].path
        try:
            text = _git(root, "show", f"{commit}:./{path}")
        except RenumberingError:
            tables[name] = []
            continue
        tables[name] = list(csv.DictReader(io.StringIO(text, newline="")))
    return tables


def new_numbers(ours: Tables, theirs: Tables, shared: Tables) -> dict[str, str]:
    """Return new identifiers for records that are new here and whose number is taken there.

    Where one number is taken, all new ones of its kind and year move on, so that they keep their
    order. A source that both branches added takes the identifier it has there.
    """
    mine, there, common = _identifiers(ours), _identifiers(theirs), _identifiers(shared)
    urls = {normal_url(row["url"]): row["source_id"] for row in theirs["sources"]}
    both = {
        row["source_id"]: urls[normal_url(row["url"])]
        for row in ours["sources"]
        if row["source_id"] not in common and normal_url(row["url"]) in urls
    }
    new: dict[str, list[tuple[int, str]]] = {}
    for identifier in mine - common - both.keys():
        if parts := _NUMBER.fullmatch(identifier):
            new.setdefault(parts["stem"], []).append((int(parts["number"]), identifier))
    mapping = {old: found for old, found in both.items() if old != found}
    for stem, numbered in sorted(new.items()):
        if not any(identifier in there for _, identifier in numbered):
            continue
        taken = [int(m["number"]) for key in there if (m := _NUMBER.fullmatch(key)) and m["stem"] == stem]
        for number, (_, identifier) in enumerate(sorted(numbered), max(taken) + 1):
            mapping[identifier] = f"{stem}{number:0{len(identifier) - len(stem)}d}"
    return mapping


def _identifiers(tables: Tables) -> set[str]:
    return {
        row[column]
        for name, column in (
            ("events", "event_id"),
            ("force_levels", "force_level_id"),
            ("reported_tallies", "tally_id"),
            ("sources", "source_id"),
            ("actor_relations", "relation_id"),
            ("location_status", "location_status_id"),
            ("milestone_statements", "statement_id"),
            # A retired identifier is never given to another record.
            ("retired_ids", "old_id"),
        )
        for row in tables[name]
    }


def renumbered(tables: Tables, mapping: Mapping[str, str], schemas: Mapping[str, Schema]) -> Tables:
    """Return tables in which every reference, claim path and claim hash follows `mapping`."""
    renamed: Tables = {}
    for name, schema in schemas.items():
        columns = [
            f.name for f in schema.fields if f.reference or f.name in (*schema.primary_key, "record_id", "new_id")
        ]
        renamed[name] = [row | {c: mapping.get(row[c], row[c]) for c in columns} for row in tables[name]]
    hashes: dict[str, str] = {}
    for row in renamed["claims"]:
        row["field"] = "/".join(mapping.get(part, part) for part in row["field"].split("/"))
        row["value"] = mapping.get(row["value"], row["value"])
        old, row["claim_id"] = row["claim_id"], _hash(row)
        hashes[old] = row["claim_id"]
    for row in renamed["claims"]:
        row["superseded_by"] = hashes.get(row["superseded_by"], row["superseded_by"])
    # Rows that became one, such as a source that both branches added, stand once.
    for name, schema in schemas.items():
        renamed[name] = list({tuple(row[k] for k in schema.primary_key): row for row in renamed[name]}.values())
    return renamed


def _hash(row: Row) -> str:
    return claim_id(row["record_id"], row["field"], row["value"], row["claimant_id"], row["source_id"])
