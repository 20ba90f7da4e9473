"""A package with one table of 25 columns and as many rows as wanted, and the shipped one many times over."""

from __future__ import annotations

import csv
import hashlib
import json
import random
import shutil
from pathlib import Path

from iraq_coalition_data.curation.files import DIALECT, table_bytes
from iraq_coalition_data.package import shipped
from iraq_coalition_data.reading import read_rows
from iraq_coalition_data.schemas import load_schema

_REQUIRED = {"required": True}
_COUNT = {"minimum": 0}
COLUMNS: list[tuple[str, str, dict[str, object]]] = [
    ("row_id", "string", _REQUIRED | {"pattern": "row-[0-9]{8}"}),
    ("kind", "string", _REQUIRED),
    ("outcome", "string", {}),
    ("title", "string", _REQUIRED | {"pattern": "[^\\r\\n]{1,80}"}),
    ("summary", "string", _REQUIRED | {"pattern": "[^\\r\\n]{1,400}"}),
    ("date_start", "date", _REQUIRED),
    ("date_end", "date", _REQUIRED | {"minimum": "2003-01-01"}),
    ("reported_on", "date", {}),
    ("published_at", "datetime", {}),
    ("year", "year", {}),
    ("time_local", "string", {"pattern": "([01][0-9]|2[0-3]):[0-5][0-9]"}),
    ("lat", "number", {"minimum": -90, "maximum": 90}),
    ("lon", "number", {"minimum": -180, "maximum": 180}),
    ("low", "integer", _COUNT),
    ("best", "integer", _COUNT),
    ("high", "integer", _COUNT),
    ("n_claims", "integer", _REQUIRED | _COUNT),
    ("n_origins", "integer", _REQUIRED | _COUNT),
    ("tier", "integer", _REQUIRED | {"minimum": 1, "maximum": 3}),
    ("contested", "boolean", _REQUIRED),
    ("is_best", "boolean", _REQUIRED),
    ("url", "string", {"pattern": "https?://[^ ]+"}),
    ("lang", "string", {"pattern": "[a-z]{2,3}"}),
    ("parent_id", "string", {"pattern": "row-[0-9]{8}"}),
    ("note", "string", {}),
]


def synthetic(root: Path, count: int) -> Path:
    """Write a package whose one table has `count` rows of about 280 bytes."""
    kinds = [f"kind_{n}" for n in range(12)]
    outcomes = [f"outcome_{n}" for n in range(8)]
    for folder in ("data/codelists", "schemas"):
        (root / folder).mkdir(parents=True)
    for name, codes in (("kind", kinds), ("outcome", outcomes)):
        (root / f"data/codelists/{name}.csv").write_text("code\n" + "\n".join(codes) + "\n", "utf-8")
    profile = "https://datapackage.org/profiles/2.0/"
    table = {"$schema": profile + "tableschema.json", "missingValues": [""]}
    codelist = table | {
        "fields": [{"name": "code", "type": "string", "constraints": {"required": True}}],
        "primaryKey": ["code"],
    }
    references = [
        {"fields": n, "reference": {"resource": f"codelist_{n}", "fields": "code"}} for n in ("kind", "outcome")
    ]
    fields = [{"name": n, "type": t, "constraints": c} for n, t, c in COLUMNS]
    rows = table | {"fields": fields, "primaryKey": ["row_id"], "foreignKeys": references}
    for name, schema in (("rows", rows), ("codelist", codelist)):
        (root / f"schemas/{name}.schema.json").write_text(json.dumps(schema), "utf-8")
    with (root / "data/rows.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([name for name, _, _ in COLUMNS])
        chance = random.Random(1)
        writer.writerows(_row(n, chance, kinds, outcomes) for n in range(count))
    own = {"type": "table", "format": "csv", "encoding": "utf-8", "dialect": DIALECT}
    resources = [
        {"name": "rows", "path": "data/rows.csv", "schema": "schemas/rows.schema.json"} | own,
        *(
            {"name": f"codelist_{n}", "path": f"data/codelists/{n}.csv", "schema": "schemas/codelist.schema.json"} | own
            for n in ("kind", "outcome")
        ),
    ]
    for entry in resources:
        entry["hash"] = "sha256:" + hashlib.sha256((root / str(entry["path"])).read_bytes()).hexdigest()
    descriptor = {"$schema": profile + "datapackage.json", "version": "0.0.0", "resources": resources}
    (root / "datapackage.json").write_text(json.dumps(descriptor), "utf-8")
    return root


# What a copy of the records is about stays the same: the same actors, at the same places.
_KEPT = ("actors", "actor_names", "actor_relations", "locations", "publishers", "coverage", "retired_ids")


def replicated(root: Path, times: int) -> Path:
    """Write the shipped package and its code with every record so many times, under other identifiers."""
    package = shipped()
    for folder in ("src", "data", "schemas"):
        shutil.copytree(package.root / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    schemas = {name: load_schema(package, name) for name in package.table_names if name not in _KEPT}
    tables = read_rows(package, list(schemas))
    keys = {row[s.primary_key[0]] for n, s in schemas.items() if len(s.primary_key) == 1 for row in tables[n]}
    descriptor = json.loads((package.root / "datapackage.json").read_text("utf-8"))
    for name, schema in schemas.items():
        copies = [
            {column: f"{cell}-c{copy}" if cell in keys and copy else cell for column, cell in row.items()}
            for copy in range(times)
            for row in tables[name]
        ]
        path = root / package.resources[name].path
        path.write_bytes(table_bytes(schema, copies))
        entry = next(entry for entry in descriptor["resources"] if entry["name"] == name)
        entry["hash"] = "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()
    (root / "datapackage.json").write_text(json.dumps(descriptor), "utf-8")
    return root


def _row(n: int, chance: random.Random, kinds: list[str], outcomes: list[str]) -> list[object]:
    day = f"{2003 + n % 23}-{1 + n % 12:02d}-{1 + n % 28:02d}"
    low = chance.randrange(40)
    counted = chance.random() < 0.4
    # A third of the lines has a quoted cell, as in the real tables.
    comma = "," if n % 3 == 0 else ""
    text = f"Example force {n % 977} said that rockets were fired at site {n}{comma} and that {low} people were hurt."
    return [
        f"row-{n:08d}",
        chance.choice(kinds),
        chance.choice(outcomes) if n % 5 else "",
        f"Rockets fired at example site {n}",
        f'{text} Group {n % 89} spoke of "an answer".' if n % 30 == 0 else text,
        day,
        day,
        day if n % 3 else "",
        f"{day}T12:{n % 60:02d}:00Z" if n % 4 == 0 else "",
        day[:4],
        f"{n % 24:02d}:{n % 60:02d}" if n % 2 else "",
        f"{chance.uniform(29, 37):.2f}",
        f"{chance.uniform(39, 48):.2f}",
        low if counted else "",
        low + 1 if counted else "",
        low + 4 if counted else "",
        1 + n % 9,
        1 + n % 4,
        1 + n % 3,
        "true" if n % 7 == 0 else "false",
        "false" if n % 11 == 0 else "true",
        f"https://example.org/stories/{n}",
        ("en", "ar", "ckb")[n % 3],
        f"row-{n // 2:08d}" if n % 20 == 0 else "",
        "" if n % 8 else f"Seen in the report of {day}.",
    ]
