"""One case of run.py in a process of its own; prints seconds and peak memory as JSON."""

from __future__ import annotations

import json
import resource
import sys
import time
from itertools import count
from pathlib import Path

from iraq_coalition_data.package import DataPackage, shipped


def peak_mb() -> float:
    status = Path("/proc/self/status")
    if status.exists():
        # The figure of getrusage begins at the size of the parent process.
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def strict(root: Path) -> dict[str, float]:
    from iraq_coalition_data.cells import Reader
    from iraq_coalition_data.reading import read_codes
    from iraq_coalition_data.schemas import load_schema

    package = DataPackage(root)
    schema = load_schema(package, "rows")
    codes = {name: frozenset(values) for name, values in read_codes(package, schema).items()}
    start = time.perf_counter()
    reader = Reader(schema, "data/rows.csv", codes)
    with (root / "data/rows.csv").open("rb") as stream:
        rows = sum(len(block) for _, block in reader.blocks(stream))
    seconds = time.perf_counter() - start
    assert reader.errors == []
    peak = peak_mb()
    # What the set of keys takes by itself, which no reader that checks keys can do without.
    keys = {f"row-{n:08d}": n for n in range(rows)}
    size = sys.getsizeof(keys) + sum(sys.getsizeof(k) + sys.getsizeof(v) for k, v in keys.items())
    return {"seconds": seconds, "peak_mb": peak, "keys_mb": size / 2**20}


def pandera(root: Path) -> dict[str, float]:
    from iraq_coalition_data.reading import read_codes, read_frame
    from iraq_coalition_data.schemas import load_schema, pandera_schema

    package = DataPackage(root)
    frame = read_frame("rows", package=package)
    schema = load_schema(package, "rows")
    contract = pandera_schema(schema, read_codes(package, schema))
    contract.validate(frame.head(10), lazy=True)
    start = time.perf_counter()
    contract.validate(frame, lazy=True)
    return {"seconds": time.perf_counter() - start, "peak_mb": peak_mb()}


def frictionless(root: Path) -> dict[str, float]:
    import frictionless

    start = time.perf_counter()
    report = frictionless.validate(str(root / "datapackage.json"), type="package")
    seconds = time.perf_counter() - start
    assert report.valid, report.flatten(["rowNumber", "fieldName", "note"])[:5]
    return {"seconds": seconds, "peak_mb": peak_mb()}


def as_of(claims: int) -> dict[str, float]:
    import pandas  # noqa: F401  its import is no part of the figure

    from iraq_coalition_data.reading import frame_from_rows, read_codes
    from iraq_coalition_data.resolution.derive import derive
    from iraq_coalition_data.resolution.ledger import View
    from iraq_coalition_data.resolution.store import shipped_store

    store = shipped_store()
    tables = replicated(store.tables, {n: s.primary_key for n, s in store.schemas.items()}, claims)
    codes = {name: read_codes(shipped(), schema) for name, schema in store.schemas.items()}
    view = View(store.ledger.newest, hindsight=False)
    start = time.perf_counter()
    derived = derive(tables, store.schemas, store.grammar, view)
    middle = time.perf_counter()
    for name, schema in store.schemas.items():
        frame_from_rows(derived[name], schema, codes[name])
    end = time.perf_counter()
    assert len(derived["claims"]) > claims / 2
    return {"seconds": end - start, "frames": end - middle, "peak_mb": peak_mb()}


def replicated(
    tables: dict[str, list[dict[str, str]]], keys: dict[str, tuple[str, ...]], wanted: int
) -> dict[str, list[dict[str, str]]]:
    """Return tables with `wanted` claims: records with their claims, again and again under new identifiers."""
    claims: dict[str, list[dict[str, str]]] = {}
    for row in tables["claims"]:
        claims.setdefault(row["record_id"], []).append(row)
    records = [
        (name, row)
        for name, key in keys.items()
        if len(key) == 1 and name != "claims"
        for row in tables[name]
        if row[key[0]] in claims
    ]
    mine = {name for name, _ in records}
    out = {name: [] if name in mine or name == "claims" else rows for name, rows in tables.items()}
    for copy in count():
        ending = f"-c{copy}" if copy else ""
        for name, row in records:
            key = keys[name][0]
            out[name].append(row | {key: row[key] + ending})
            for claim in claims[row[key]]:
                new = {"record_id": claim["record_id"] + ending, "claim_id": claim["claim_id"] + ending}
                if claim["superseded_by"]:
                    new["superseded_by"] = claim["superseded_by"] + ending
                if claim["field"].startswith(("links/", "events/")):
                    new["field"] = claim["field"] + ending
                out["claims"].append(claim | new)
            if len(out["claims"]) >= wanted:
                return out
    raise AssertionError


if __name__ == "__main__":
    case, argument = sys.argv[1:]
    if case == "as_of":
        print(json.dumps(as_of(int(argument))))
    else:
        print(json.dumps({"strict": strict, "pandera": pandera, "frictionless": frictionless}[case](Path(argument))))
