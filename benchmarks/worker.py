"""One case of run.py in a process of its own; prints seconds and peak memory as JSON."""

from __future__ import annotations

import json
import re
import resource
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from itertools import count
from pathlib import Path

from iraq_coalition_data.package import DataPackage, shipped
from iraq_coalition_data.reading import Tables
from iraq_coalition_data.resolution.ledger import claim_id
from iraq_coalition_data.schemas import Schema
from iraq_coalition_data.validation.identity import HASHED


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
    tables = store.tables | multiplied(store.tables, store.schemas, claims)
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


def resolve(claims: int) -> dict[str, float]:
    from iraq_coalition_data.resolution.derive import derive
    from iraq_coalition_data.resolution.store import shipped_store

    store = shipped_store()
    tables = store.tables | multiplied(store.tables, store.schemas, claims)
    start = time.perf_counter()
    derived = derive(tables, store.schemas, store.grammar)
    seconds = time.perf_counter() - start
    assert len(derived["claims"]) > claims / 2
    return {"seconds": seconds, "peak_mb": peak_mb()}


def rules(claims: int) -> dict[str, float]:
    from iraq_coalition_data.resolution.derive import derive
    from iraq_coalition_data.validation.finding import ERROR
    from iraq_coalition_data.validation.runner import read_state, run_rules
    from iraq_coalition_data.validation.state import State

    sound, _ = read_state(shipped())
    assert sound is not None
    schemas = {name: sound.schemas[name] for name in sound.data_tables}
    tables = sound.tables | multiplied({name: sound.tables[name] for name in schemas}, schemas, claims)
    tables |= derive(tables, schemas, sound.grammar)
    state = State(sound.descriptor, sound.schemas, tables)
    start = time.perf_counter()
    findings = run_rules(state)
    seconds = time.perf_counter() - start
    errors = [finding for finding in findings if finding.severity == ERROR]
    assert not errors, errors[:3]
    return {"seconds": seconds, "peak_mb": peak_mb()}


def analysis(event: str) -> dict[str, float]:
    """Time every analysis on the package beside this code, each with nothing read beforehand."""
    import pandas  # noqa: F401  its import is no part of the figure

    import iraq_coalition_data as icd
    from iraq_coalition_data.analysis import weekly_counts
    from iraq_coalition_data.loading import _view
    from iraq_coalition_data.resolution.store import shipped_store

    day = "2024-08-16"
    arguments: dict[str, tuple[tuple[object, ...], dict[str, object]]] = {
        "force_level_series": ((), {"concept": "media_estimate"}),
        "known_on": ((day,), {}),
        "presence_on": ((day,), {}),
        "sensitivity": ((weekly_counts,), {"units": ("event", "day_site")}),
        "timeline": (("2023-10-01", "2024-12-31"), {}),
    }
    calls: dict[str, Callable[[], object]] = {}
    for name in icd.analysis.__all__:
        if name != "plots":
            given, named = arguments.get(name, ((), {}))
            calls[f"{name}()"] = partial(getattr(icd.analysis, name), *given, **named)
    calls["load_all(as_of=…)"] = partial(icd.load_all, as_of=day)
    calls["explain()"] = partial(icd.explain, event, "casualties/us_military/injured")
    times = {}
    for name, call in calls.items():
        _view.cache_clear()
        shipped_store.cache_clear()
        start = time.perf_counter()
        call()
        times[name] = time.perf_counter() - start
    return times


_MONTH = re.compile(r"\b([0-9]{4})-([0-9]{2})\b")
_CYCLE = 28  # years after which days of the week and leap years come round again


def multiplied(tables: Tables, schemas: Mapping[str, Schema], claims: int) -> Tables:
    """Return tables with at least so many claims: all rows again and again, under other names and in earlier years."""
    names = {row[s.primary_key[0]] for t, s in schemas.items() if len(s.primary_key) == 1 for row in tables[t]}
    out: Tables = {name: list(tables[name]) for name in schemas}
    for copy in count(1):
        if len(out["claims"]) >= claims:
            return out

        def other(cell: str, copy: int = copy) -> str:
            if cell in names:
                return f"{cell}-c{copy}"
            if "/" in cell and " " not in cell and "://" not in cell:
                return "/".join(other(part) for part in cell.split("/"))
            earlier = _MONTH.sub(lambda found: f"{int(found[1]) - _CYCLE * copy:04d}-{found[2]}", cell)
            return earlier if earlier == cell else earlier.replace("-02-29", "-02-28")

        for name in schemas:
            out[name] += [{column: other(cell) for column, cell in row.items()} for row in tables[name]]
        fresh = out["claims"][-len(tables["claims"]) :]
        hashed = {row["claim_id"]: claim_id(*(row[column] for column in HASHED)) for row in fresh}
        for row in fresh:
            row |= {column: hashed.get(row[column], row[column]) for column in ("claim_id", "superseded_by")}
    raise AssertionError


if __name__ == "__main__":
    case, argument = sys.argv[1:]
    of_claims = {"as_of": as_of, "resolve": resolve, "rules": rules}
    of_folders = {"strict": strict, "pandera": pandera, "frictionless": frictionless}
    if case in of_claims:
        print(json.dumps(of_claims[case](int(argument))))
    elif case in of_folders:
        print(json.dumps(of_folders[case](Path(argument))))
    else:
        print(json.dumps(analysis(argument)))
