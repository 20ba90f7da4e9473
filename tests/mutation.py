"""Judge mutants of the shipped data by the whole validator, and count what it catches.

`python tests/mutation.py` judges all of them and prints the figures.
"""

from __future__ import annotations

import argparse
import copy
import csv
import random
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from example import SCHEMAS, example_state, write_example
from iraq_coalition_data.cells import read_table
from iraq_coalition_data.curation.files import describe, descriptor_bytes, table_bytes
from iraq_coalition_data.package import CODELIST_PREFIX, DESCRIPTOR, DataPackage, shipped
from iraq_coalition_data.reading import Tables, read_rows
from iraq_coalition_data.resolution.derive import derive
from iraq_coalition_data.resolution.grammar import compile_grammar
from iraq_coalition_data.resolution.ledger import claim_id
from iraq_coalition_data.schemas import Schema, load_schema
from iraq_coalition_data.validation import files, runner
from iraq_coalition_data.validation.baseline import Baseline
from iraq_coalition_data.validation.finding import ERROR, Finding
from iraq_coalition_data.validation.identity import HASHED
from iraq_coalition_data.validation.rule import RULES
from mutants import (
    EXAMPLE,
    GRAFTED,
    REAL,
    Mutant,
    Sheet,
    byte_mutants,
    cell_mutants,
    evidence_mutants,
    key_mutants,
    names_in,
    reference_mutants,
    rule_mutants,
    said_in,
    unbreakable,
    users_of,
)

SEED = 20_140_808
DEPTH = 3
NEED_PREVIOUS = {"ICD703", "ICD705", "ICD706"}
# What survives, or is reported elsewhere, by the beginning of its name, with the reason. Nothing else may.
SURVIVORS: dict[str, str] = {
    "rule: ICD805 codelist_role host: definition": "the reader reports the empty required cell itself, as ICD201",
}


def survives_for(mutant: Mutant) -> str | None:
    """Return the reason for which a mutant may survive."""
    return next((reason for name, reason in SURVIVORS.items() if str(mutant).startswith(name)), None)


@dataclass(frozen=True)
class Verdict:
    """What the validator says of a mutant.

    Attributes
    ----------
    caught : bool
        A rule that is meant for the defect reports it.
    placed : bool
        It does so at the file, line and column of the defect, or, where one row contradicts another, at a row that
        mentions it; and what it says of that place is true.
    on_line : bool
        It does so on the very line that was changed.
    alone : bool
        No other error is reported.
    findings : tuple of Finding
        What the sound package has not.
    """

    mutant: Mutant
    caught: bool
    placed: bool
    on_line: bool
    alone: bool
    findings: tuple[Finding, ...]

    def __str__(self) -> str:
        found = "; ".join(f"{f.code} {f.file}:{f.line} {f.column} {f.message[:80]}" for f in self.findings[:4])
        return f"{self.mutant} -> {found or 'nothing'}"


class Judge:
    """Holds the packages that are broken and mended again, each in a folder of its own.

    A mutant goes through the validator as any folder does. Only what it leaves as it was is not done anew: files are
    not read again, and rules that look at none of the changed tables are not run again (see `Baseline`).
    """

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self.renamed, self.grafted = graft(chance)
        self.folders = {name: folder / name for name in (REAL, EXAMPLE, GRAFTED)}
        write_example(self.folders[EXAMPLE])
        _write(self.folders[REAL], _shipped_files())
        _write(self.folders[GRAFTED], _files_of(self.grafted))
        self._tables = {resource.path: name for name, resource in shipped().resources.items()}
        self._known: dict[Hashable, Any] = {}
        with self._remembering(new=True):
            self.sound = {name: Baseline.of(DataPackage(path)) for name, path in self.folders.items()}
        for baseline in self.sound.values():
            assert not [finding for finding in baseline.findings if finding.severity == ERROR], "broken from the start"

    def __call__(self, mutant: Mutant) -> Verdict:
        target = self.folders[mutant.package] / mutant.path
        before = target.read_bytes() if target.exists() else None
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(mutant.build())
        try:
            found = self._new(mutant, self._examine(mutant))
            meant = [finding for finding in found if finding.code in mutant.codes]
            placed = any(self._is_at(mutant, finding) for finding in meant)
        finally:
            if before is None:
                target.unlink()
            else:
                target.write_bytes(before)
        lines = {(file, line) for file, line, _ in mutant.places if line is not None}
        on_line = placed and any((finding.file, finding.line) in lines for finding in meant)
        alone = sum(finding.severity == ERROR for finding in found) <= 1
        return Verdict(mutant, bool(meant), placed, on_line, alone, tuple(found))

    def _examine(self, mutant: Mutant) -> list[Finding]:
        needs_previous = mutant.package == GRAFTED and not NEED_PREVIOUS.isdisjoint(mutant.codes)
        table = self._tables.get(mutant.path)
        known = {
            code: trace.findings
            for code, trace in self.sound[mutant.package].traces.items()
            if table is not None and table not in trace.reads and not needs_previous
        }
        package = DataPackage(self.folders[mutant.package])
        with self._remembering():
            previous = self.grafted if needs_previous else None
            return runner.examine_package(package, previous, partial(runner.run_rules, known=known))

    @contextmanager
    def _remembering(self, *, new: bool = False) -> Iterator[None]:
        """Let files of the sound packages be read only once."""

        def remembered(function: Callable[..., Any], key: Callable[..., Hashable]) -> Callable[..., Any]:
            def recalled(*args: Any, **named: Any) -> Any:
                what = (function, key(*args, **named))
                if what in self._known:
                    return self._known[what]
                result = function(*args, **named)
                if new:
                    self._known[what] = result
                return result

            return recalled

        schema = remembered(
            load_schema, lambda package, name: (name, package.read(package.resources[name].schema_path))
        )
        table = remembered(read_table, _what_is_read)
        # A table that is remembered is never freed, so that no other can have its identity.
        rows = remembered(runner.as_rows, id)
        with (
            patch.multiple(runner, load_schema=schema, read_table=table, as_rows=rows),
            patch.object(files, "load_schema", schema),
        ):
            yield

    def _new(self, mutant: Mutant, findings: Iterable[Finding]) -> list[Finding]:
        """Leave out what the sound package has, and that the file is not the one described: every change is that."""
        sound = Counter(map(_essence, self.sound[mutant.package].findings))
        new = []
        for finding in findings:
            sound[_essence(finding)] -= 1
            is_echo = finding.code == "ICD801" and finding.record and "ICD801" not in mutant.codes
            if sound[_essence(finding)] < 0 and not is_echo:
                new.append(finding)
        return new

    def _is_at(self, mutant: Mutant, finding: Finding) -> bool:
        if (finding.file, finding.line, finding.column) in mutant.places:
            return True
        if (finding.file, None, None) not in mutant.places:
            return False
        if finding.line is None or finding.table is None or finding.record is None:
            return True
        row = self._row(mutant, finding)
        key = " ".join(row.get(part, "") for part in SCHEMAS[finding.table].primary_key)
        is_true = key == finding.record and finding.value in (None, row.get(finding.column or ""))
        return is_true and (not mutant.names or not names_in([row]).isdisjoint(mutant.names))

    def _row(self, mutant: Mutant, finding: Finding) -> dict[str, str]:
        """Return the line of the file that a finding names, read as other programs would."""
        lines = (self.folders[mutant.package] / str(finding.file)).read_text("utf-8").splitlines()
        header, row = csv.reader([lines[0], lines[(finding.line or 1) - 1]])
        return dict(zip(header, row, strict=False))


def _what_is_compiled(package: DataPackage, name: str) -> Hashable:
    return name, package.read(package.resources[name].schema_path)


def _what_is_read(
    data: bytes, schema: Schema, path: str, codes: Mapping[str, frozenset[str]], *, in_order: bool = True
) -> Hashable:
    """Return what the reading of a table depends on."""
    return data, id(schema), path, in_order, tuple(codes.get(field.codelist or "") for field in schema.fields)


def _essence(finding: Finding) -> tuple[str | None, ...]:
    """Return what stays the same where rows before it come or go."""
    return finding.code, finding.file, finding.record, finding.column, finding.message


def _shipped_files() -> dict[str, bytes]:
    paths = {DESCRIPTOR}
    for resource in shipped().resources.values():
        paths |= {resource.path, resource.schema_path}
    return {path: shipped().read(path) for path in paths}


def _files_of(tables: Tables) -> dict[str, bytes]:
    made = _shipped_files()
    for name in shipped().table_names:
        made[shipped().resources[name].path] = table_bytes(SCHEMAS[name], tables[name])
    return made | {DESCRIPTOR: descriptor_bytes(describe(shipped().descriptor, made, SCHEMAS))}


def _write(folder: Path, contents: Mapping[str, bytes]) -> None:
    for path, data in contents.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)


def graft(chance: random.Random) -> tuple[Callable[[str], str], Tables]:
    """Return the shipped tables with the example records among them, under names drawn by chance."""
    renamed = _renaming(chance)
    tables = read_rows(shipped(), shipped().resources)
    example = copy.deepcopy(example_state().tables)
    identifiers = {}
    for row in example["claims"]:
        old = row["claim_id"]
        row |= {column: renamed(row[column]) for column in HASHED}
        row["claim_id"] = identifiers[old] = claim_id(*(row[column] for column in HASHED))
    for name in shipped().table_names:
        for row in example[name]:
            if name == "claims":
                row["superseded_by"] = identifiers.get(row["superseded_by"], "")
            else:
                row |= {column: renamed(value) for column, value in row.items()}
        tables[name] = tables[name] + example[name]
    schemas = {name: SCHEMAS[name] for name in shipped().table_names}
    return renamed, tables | derive(tables, schemas, compile_grammar(schemas))


def _renaming(chance: random.Random) -> Callable[[str], str]:
    """Return a function that gives the identifiers of the example in a text other names of the same form."""
    word, number = chance.choice(("alder", "mallow", "yarrow")), chance.randrange(1000, 5000)

    def renamed(text: str) -> str:
        text = re.sub(r"\b((?:evt|src|frc|tly)-2001|rel|lst)-([0-9]+)", lambda m: f"{m[1]}-{number + int(m[2])}", text)
        text = re.sub(r"https://(archive\.)?example\.org/", rf"https://\1{word}.example.org/", text)
        return re.sub(r"\b(act|agr|loc|mst|prc|pub)-example-", rf"\1-{word}-", text)

    return renamed


def all_mutants(judge: Judge, chance: random.Random, depth: int = DEPTH) -> Iterator[Mutant]:
    """Yield every mutant: of the shipped tables, of the example where a table is empty, and of rules."""
    tables, example = read_rows(shipped(), SCHEMAS), example_state().tables
    for package, rows in ((REAL, tables), (EXAMPLE, example)):
        sheets = [Sheet(package, name, rows[name]) for name in SCHEMAS]
        users, said = users_of(sheets), said_in(rows["claims"])
        for sheet in sheets:
            if package == EXAMPLE and len(tables[sheet.name]) > 1:
                continue
            damaged = list(byte_mutants(sheet, chance))
            # One reader reads all codelists: of each, some ways to damage it are enough.
            yield from chance.sample(damaged, 5 * depth) if sheet.name.startswith(CODELIST_PREFIX) else damaged
            if sheet.rows:
                yield from cell_mutants(sheet, chance, depth)
                yield from key_mutants(sheet, chance, depth)
                yield from reference_mutants(sheet, rows, chance, depth, users)
                yield from evidence_mutants(sheet, rows, chance, depth, said)
    yield from rule_mutants(judge.grafted, judge.renamed, chance, depth)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--depth", type=int, default=DEPTH, help="rows drawn for each constraint")
    parser.add_argument("--family", default="", help="judge only this family")
    parser.add_argument("--cascades", action="store_true", help="list the mutants that bring more than one error")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    with TemporaryDirectory(prefix="icd-mutants-") as folder:
        judge = Judge(Path(folder), chance)
        drawn = [m for m in all_mutants(judge, chance, options.depth) if options.family in m.family]
        print(f"{len(drawn):,} mutants, seed {options.seed}, depth {options.depth}")
        got_past = report(map(judge, drawn), cascades=options.cascades)
    for code, rule in RULES.items():
        if reason := unbreakable(rule):
            print(f"no mutant of {code}: {reason}")
    sys.exit(bool(got_past))


def report(verdicts: Iterable[Verdict], *, cascades: bool = False) -> list[str]:
    """Print the figures by family and every mutant that got past, and return those that do so for no known reason."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    shown = []
    for verdict in verdicts:
        for family in (verdict.mutant.family, "all"):
            counts[family].update(
                drawn=1,
                caught=verdict.caught,
                placed=verdict.placed,
                on_line=verdict.on_line,
                alone=verdict.alone,
            )
        if not (verdict.caught and verdict.placed and (verdict.alone or not cascades)):
            shown.append(verdict)
    print(f"{'family':14}{'drawn':>8}{'caught':>8}{'in place':>10}{'very line':>11}{'one error':>11}")
    for family, count in sorted(counts.items(), key=lambda item: item[0] == "all"):
        figures = (count[key] for key in ("drawn", "caught", "placed", "on_line", "alone"))
        print(f"{family:14}" + "".join(f"{figure:>{n}}" for figure, n in zip(figures, (8, 8, 10, 11, 11), strict=True)))
    for verdict in shown:
        fate = "survives" if not verdict.caught else "caught" if verdict.placed else "caught elsewhere"
        print(f"{fate}: {verdict}" + (f" ({reason})" if (reason := survives_for(verdict.mutant)) else ""))
    return [str(v) for v in shown if not (v.caught and v.placed) and survives_for(v.mutant) is None]


if __name__ == "__main__":
    main()
