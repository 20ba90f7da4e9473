"""Measure speed and size against their targets, side by side in one run.

Prints a Markdown table. Cold cases are whole processes; the cases of a group are shuffled between repeats, so
that ratios within a group can be compared even where absolute times wander. See README.md beside this file.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from synthetic import replicated, synthetic  # noqa: E402

from iraq_coalition_data.package import shipped  # noqa: E402
from iraq_coalition_data.reading import read_codes, read_rows  # noqa: E402
from iraq_coalition_data.schemas import ORDERED_CODELISTS, load_schema  # noqa: E402

WORKER = Path(__file__).with_name("worker.py")
PLAIN_TYPES = {"integer": "Int64", "year": "Int64", "number": "float64", "boolean": "boolean"}
BY_PANDAS = """
import pandas as pd
text = object if int(pd.__version__.split(".")[0]) < 3 else "str"
for path, types, coded, days, instants in KNOWN:
    dtype = {name: kind or text for name, kind in types.items()}
    dtype |= {name: pd.CategoricalDtype(codes, ordered=ordered) for name, (codes, ordered) in coded.items()}
    frame = pd.read_csv(path, dtype=dtype, keep_default_na=False, na_values=[""])
    for name in days:
        frame[name] = pd.to_datetime(frame[name], format="%Y-%m-%d").astype("datetime64[us]")
    for name in instants:
        read = pd.to_datetime(frame[name], format="%Y-%m-%dT%H:%M:%SZ", utc=True)
        frame[name] = read.astype("datetime64[us, UTC]")
"""
SCALES = {"10k": 10_000, "100k": 100_000, "1M": 1_000_000}
CLAIMS = {"1k": 1_000, "10k": 10_000, "100k": 100_000}
COPIES = (1, 10, 100)


@dataclass
class Line:
    """One line of the report."""

    what: str
    measured: str
    against: str
    ratio: str
    target: str
    met: bool | None

    def __str__(self) -> str:
        met = {True: "yes", False: "**no**", None: ""}[self.met]
        return f"| {self.what} | {self.measured} | {self.against} | {self.ratio} | {self.target} | {met} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="frictionless on 1,000,000 rows too (over a minute more)")
    parser.add_argument("--repeats", type=int, default=11, help="repeats of each cold case")
    groups = ("start", "load", "validate", "rows", "as_of", "analysis", "growth", "wheel")
    parser.add_argument("groups", nargs="*", default=groups, help="any of: " + ", ".join(groups))
    options = parser.parse_args()
    print(machine() + "\n")
    print("| what | measured | compared with | ratio | target | met |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="icd-benchmark-") as folder:
        bench = Bench(Path(folder), options.repeats, options.full)
        for group in options.groups:
            for line in getattr(bench, group)():
                print(line, flush=True)


def machine() -> str:
    tables = shipped().table_names
    rows = sum(shipped().resources[name].rows or 0 for name in tables)
    libraries = ", ".join(f"{name} {version(name)}" for name in ("pandas", "pandera", "frictionless"))
    return (
        f"{os.cpu_count()} cores, {platform.system()}, {platform.python_implementation()} {platform.python_version()}, "
        f"{libraries}. The package holds {rows:,} rows in {len(tables)} tables. Medians."
    )


class Bench:
    def __init__(self, folder: Path, repeats: int, full: bool) -> None:
        self.folder = folder
        self.repeats = repeats
        self.full = full
        # Bytecode is written, and to a place of its own: without it every import takes several times as long.
        drop = ("PYTHONDONTWRITEBYTECODE", "PYTHONSTARTUP", "PANDERA_VALIDATION_ENABLED")
        self.environment = {key: value for key, value in os.environ.items() if key not in drop}
        self.environment |= {"PYTHONPATH": str(ROOT / "src"), "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}

    # Cold processes

    def cold(self, cases: dict[str, list[str]]) -> dict[str, float]:
        """Return the median time of each case in seconds; the first, uncounted round compiles and warms caches."""
        times: dict[str, list[float]] = {name: [] for name in cases}
        for repeat in range(-1, self.repeats):
            order = list(cases)
            random.shuffle(order)
            for name in order:
                start = time.perf_counter()
                done = subprocess.run(
                    [sys.executable, *cases[name]], env=self.environment, cwd=ROOT, capture_output=True, text=True
                )
                elapsed = time.perf_counter() - start
                if done.returncode not in (0, 1) or "Traceback" in done.stderr:
                    raise SystemExit(f"{name} failed:\n{done.stderr}")
                if repeat >= 0:
                    times[name].append(elapsed)
        return {name: statistics.median(values) for name, values in times.items()}

    def start(self) -> Iterator[Line]:
        found = self.cold(
            {
                "bare": ["-c", "pass"],
                "package": ["-c", "import iraq_coalition_data"],
                "help": ["-c", "import sys; from iraq_coalition_data.cli import main; sys.exit(main(['--help']))"],
                "pandas": ["-c", "import pandas"],
            }
        )
        for name, what in (
            ("package", "`import iraq_coalition_data`, beyond a bare interpreter"),
            ("help", "`icd --help`, beyond a bare interpreter"),
        ):
            beyond = found[name] - found["bare"]
            share = beyond / (found["pandas"] - found["bare"])
            target = "< 20 ms" if name == "package" else "light"
            yield Line(
                what,
                ms(beyond),
                f"`import pandas` {ms(found['pandas'] - found['bare'])}",
                f"{share:.2f}",
                target,
                beyond < 0.020 if name == "package" else None,
            )

    def load(self) -> Iterator[Line]:
        tables = list(shipped().table_names)
        cases = {
            "all": ["-c", "import iraq_coalition_data as icd; icd.load_all()"],
            "all by pandas": [str(self._by_pandas("all", tables))],
        }
        for table in ("events", "claims"):
            cases[table] = ["-c", f"import iraq_coalition_data as icd; icd.load({table!r})"]
            cases[f"{table} by pandas"] = [str(self._by_pandas(table, [table]))]
        found = self.cold(cases)
        for name, limit in (("events", 1.1), ("claims", 1.1), ("all", 1.15)):
            call = "load_all()" if name == "all" else f'load("{name}")'
            base = found[f"{name} by pandas"]
            ratio = found[name] / base
            yield Line(
                f"`{call}`, cold",
                ms(found[name]),
                f"pandas reads the same, same types {ms(base)}",
                f"{ratio:.2f}",
                f"≤ {limit}",
                ratio <= limit,
            )

    def _by_pandas(self, name: str, tables: list[str]) -> Path:
        """Write the script of someone who knows every path, type and code beforehand and checks nothing."""
        package = shipped()
        known = []
        for table in tables:
            schema = load_schema(package, table)
            codes = read_codes(package, schema)
            types = {field.name: PLAIN_TYPES.get(field.type) for field in schema.fields}
            coded = {f.name: (codes[f.codelist], f.codelist in ORDERED_CODELISTS) for f in schema.fields if f.codelist}
            days = [field.name for field in schema.fields if field.type == "date"]
            instants = [field.name for field in schema.fields if field.type == "datetime"]
            known.append((str(ROOT / package.resources[table].path), types, coded, days, instants))
        script = self.folder / f"load_{name}.py"
        script.write_text(BY_PANDAS.replace("KNOWN", repr(known)), "utf-8")
        return script

    def validate(self) -> Iterator[Line]:
        found = self.cold(
            {
                "ours": ["-c", "import sys; from iraq_coalition_data.cli import main; sys.exit(main(['validate']))"],
                "frictionless": ["-m", "frictionless", "validate", "datapackage.json", "--type", "package"],
            }
        )
        ratio = found["ours"] / found["frictionless"]
        yield Line(
            "`icd validate`, all rules, cold",
            ms(found["ours"]),
            f"`frictionless validate datapackage.json` {ms(found['frictionless'])}",
            f"{ratio:.2f}",
            "≤ 0.5",
            ratio <= 0.5,
        )

    # Many rows

    def _work(self, *arguments: str, root: Path = ROOT) -> dict[str, float]:
        environment = self.environment | {"PYTHONPATH": str(root / "src")}
        done = subprocess.run(
            [sys.executable, str(WORKER), *arguments], env=environment, cwd=root, capture_output=True, text=True
        )
        if done.returncode:
            raise SystemExit(f"{' '.join(arguments)} failed:\n{done.stderr}")
        result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
        return result

    def _median_work(self, cases: dict[str, tuple[list[str], int]]) -> dict[str, dict[str, float]]:
        runs = [name for name, (_, repeats) in cases.items() for _ in range(repeats)]
        random.shuffle(runs)
        found: dict[str, list[dict[str, float]]] = {name: [] for name in cases}
        for name in runs:
            found[name].append(self._work(*cases[name][0]))
        return {
            n: {key: statistics.median(r[key] for r in results) for key in results[0]} for n, results in found.items()
        }

    @cached_property
    def _many_rows(self) -> dict[str, dict[str, float]]:
        """What each engine takes for each number of rows, all in one run."""
        cases: dict[str, tuple[list[str], int]] = {}
        for scale, count in SCALES.items():
            root = synthetic(self.folder / scale, count)
            repeats = 5 if count <= 10_000 else 3
            cases[f"strict {scale}"] = (["strict", str(root)], repeats)
            cases[f"pandera {scale}"] = (["pandera", str(root)], repeats)
            if count < 1_000_000 or self.full:
                cases[f"frictionless {scale}"] = (["frictionless", str(root)], repeats if count < 1_000_000 else 1)
        return self._median_work(cases)

    @cached_property
    def _many_claims(self) -> dict[str, dict[str, float]]:
        """What is made of claims, for each number of them, all in one run."""
        cases = ("resolve", "as_of", "rules")
        scales = CLAIMS.items()
        return self._median_work({f"{case} {scale}": ([case, str(n)], 3) for case in cases for scale, n in scales})

    def rows(self) -> Iterator[Line]:
        found = self._many_rows
        largest = "1M" if self.full else "100k"
        slow = found[f"frictionless {largest}"]["seconds"] * SCALES["1M"] / SCALES[largest]
        note = "" if self.full else ", ten times its 100k"
        for scale in SCALES:
            other = found.get(f"frictionless {scale}", {"seconds": slow})["seconds"]
            against = f"frictionless {other:.2f} s" + (note if f"frictionless {scale}" not in found else "")
            for engine, words, least in (
                ("strict", "strict reader", 6),
                ("pandera", "pandera schema on a typed frame", 40),
            ):
                mine = found[f"{engine} {scale}"]["seconds"]
                judged = scale == "1M"
                times = other / mine
                yield Line(
                    f"{words}, {scale} rows × 25 columns",
                    f"{mine:.2f} s",
                    against,
                    f"{times:.1f} × faster",
                    f"≥ {least} × faster" if judged else "",
                    times >= least if judged else None,
                )
        memory = {
            engine: " / ".join(f"{found[f'{engine} {s}']['peak_mb']:.0f}" for s in SCALES)
            for engine in ("strict", "pandera")
        }
        keys = found["strict 1M"]["peak_mb"] - found["strict 10k"]["peak_mb"]
        yield Line(
            "strict reader, peak memory 10k / 100k / 1M",
            memory["strict"] + " MB",
            f"keys alone {found['strict 1M']['keys_mb']:.0f} MB at 1M",
            "",
            "flat but for key sets",
            keys < found["strict 1M"]["keys_mb"] * 1.25 + 32,
        )
        yield Line("pandera, peak memory 10k / 100k / 1M", memory["pandera"] + " MB", "", "", "", None)

    def as_of(self) -> Iterator[Line]:
        for scale in CLAIMS:
            found = self._many_claims[f"as_of {scale}"]
            judged = scale == "10k"
            yield Line(
                f"`as_of` over all tables, {scale} claims",
                f"{found['seconds']:.2f} s",
                f"of it frames {found['frames']:.2f} s",
                "",
                "< 0.5 s" if judged else "",
                found["seconds"] < 0.5 if judged else None,
            )

    def analysis(self) -> Iterator[Line]:
        harm = read_rows(shipped(), ["event_casualties"])["event_casualties"]
        event = next(row["event_id"] for row in harm if (row["group"], row["outcome"]) == ("us_military", "injured"))
        found = []
        for copies in COPIES:
            root = replicated(self.folder / f"copies-{copies}", copies)
            runs = [self._work("analysis", event, root=root) for _ in range(3 if copies < COPIES[-1] else 1)]
            found.append({name: statistics.median(run[name] for run in runs) for name in runs[0]})
        for name, seconds in found[0].items():
            others = [times[name] for times in found[1:]]
            growth = [later / earlier for earlier, later in pairwise([seconds, *others])]
            yield Line(
                f"`{name}`, data as shipped",
                ms(seconds),
                "data × 10 and × 100: " + " / ".join(f"{value:.1f} s" for value in others),
                " / ".join(f"{step:.1f}" for step in growth),
                "< 1 s",
                seconds < 1,
            )

    def growth(self) -> Iterator[Line]:
        for case, words, found, scales in (
            ("strict", "strict reader", self._many_rows, SCALES),
            ("pandera", "pandera schema on a typed frame", self._many_rows, SCALES),
            ("frictionless", "frictionless", self._many_rows, SCALES),
            ("resolve", "resolution of the claims", self._many_claims, CLAIMS),
            ("as_of", "`as_of` over all tables", self._many_claims, CLAIMS),
            ("rules", "all cross-table rules", self._many_claims, CLAIMS),
        ):
            # Frictionless sees a million rows only in the full run.
            seconds = {s: found[f"{case} {s}"]["seconds"] for s in scales if f"{case} {s}" in found}
            steps = [later / earlier for earlier, later in pairwise(seconds.values())]
            yield Line(
                f"{words}, {' / '.join(seconds)} {'rows' if scales is SCALES else 'claims'}",
                " / ".join(f"{value:.2f}" for value in seconds.values()) + " s",
                "ten times as many at each step",
                " / ".join(f"{step:.1f}" for step in steps),
                "" if case == "frictionless" else "linear: < 12",
                None if case == "frictionless" else max(steps) < 12,
            )

    def wheel(self) -> Iterator[Line]:
        out = self.folder / "wheel"
        subprocess.run(
            [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, ROOT],
            check=True,
            capture_output=True,
        )
        (built,) = out.glob("*.whl")
        size = built.stat().st_size
        yield Line("wheel", f"{size / 1e6:.2f} MB", "", "", "< 5 MB", size < 5_000_000)


def ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


if __name__ == "__main__":
    main()
