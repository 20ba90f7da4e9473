"""What the validator said before a change, so that only what the change can affect is checked again.

While a rule runs, the tables that it reads are written down. Rules are functions of what they read:
where none of these tables has changed, a second run would say the same, to the line.
"""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
from collections import Counter, UserDict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from zipfile import Path as ZipPath
from zipfile import ZipFile

from ..package import DataPackage, PackageError, Resource
from ..reading import Row, Tables
from .finding import MEASURE, Finding
from .rule import RULES
from .runner import examine_package, run_rules
from .state import State

_STORE = "icd-baseline.json"
# What the validator writes into the descriptor itself; it follows from the tables.
_GENERATED = ("bytes", "hash", "rows")


class _Watched(UserDict[str, list[Row]]):
    """Tables that remember which of them were read."""

    def __init__(self, tables: Tables) -> None:
        super().__init__()
        self.data = tables
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> list[Row]:
        self.read.add(name)
        return super().__getitem__(name)


@dataclass(frozen=True, slots=True)
class Trace:
    """What one rule read, and what it found."""

    reads: frozenset[str]
    findings: tuple[Finding, ...]


def trace_rules(state: State) -> dict[str, Trace]:
    """Run every rule on tables of its own watching, and return what each read and found."""
    traces: dict[str, Trace] = {}

    def trace(code: str) -> Trace:
        if code not in traces:
            rule = RULES[code]
            earlier = [trace(other) for other in rule.after]
            reads = frozenset[str]().union(*(other.reads for other in earlier))
            findings: list[Finding] = []
            if rule.check is not None and not any(other.findings for other in earlier):
                tables = _Watched(state.tables)
                # A state of its own, so that nothing is at hand that another rule has read.
                findings = list(rule.check(replace(state, tables=tables)))  # type: ignore[arg-type]
                reads |= tables.read
            traces[code] = Trace(reads, tuple(findings))
        return traces[code]

    for code in RULES:
        trace(code)
    return traces


@dataclass(frozen=True, slots=True)
class Baseline:
    """The verdict on an earlier state.

    Attributes
    ----------
    surroundings : str
        Digest of what any rule may depend on besides tables: schemas, descriptor, code.
    tables : dict of str to str
        Digest of every table.
    traces : dict of str to Trace
        What each rule read and found; empty where the tables were not fit to be judged.
    findings : list of Finding
        All findings on that state.
    """

    surroundings: str
    tables: dict[str, str]
    traces: dict[str, Trace]
    findings: list[Finding]

    @classmethod
    def of(cls, package: DataPackage) -> Baseline:
        """Judge a package as it is."""
        traces: dict[str, Trace] = {}

        def run(state: State) -> list[Finding]:
            traces.update(trace_rules(state))
            return [finding for code in sorted(traces) for finding in traces[code].findings]

        findings = examine_package(package, run=run)
        return cls(_surroundings(package), _digests(package), traces, findings)

    def affected(self, package: DataPackage) -> set[str]:
        """Return the codes of the rules that may say something else of `package`."""
        if not self.traces or self.surroundings != _surroundings(package):
            return set(RULES)
        now = _digests(package)
        changed = {name for name in now.keys() | self.tables.keys() if now.get(name) != self.tables.get(name)}
        return {code for code, trace in self.traces.items() if trace.reads & changed}

    def examine(self, package: DataPackage) -> list[Finding]:
        """Return what `examine_package` says of a changed package, but run only rules that the change can affect."""
        known = {code: self.traces[code].findings for code in self.traces.keys() - self.affected(package)}
        return examine_package(package, run=lambda state: run_rules(state, known=known))

    def split(self, findings: Iterable[Finding]) -> tuple[list[Finding], list[Finding]]:
        """Return the findings that are new since this baseline, and those that were there before.

        A finding is the same where rule, file, record and column are: a line that moved is not new.
        Measures are no defects that somebody brought.
        """
        left = Counter(_identity(finding) for finding in self.findings)
        new: list[Finding] = []
        old: list[Finding] = []
        for finding in findings:
            known = left[_identity(finding)] > 0
            left[_identity(finding)] -= 1
            (old if known or finding.severity == MEASURE else new).append(finding)
        return new, old

    def as_json(self) -> str:
        """Return the baseline as text that `from_json` reads."""
        traces = {code: [sorted(t.reads), [asdict(f) for f in t.findings]] for code, t in self.traces.items()}
        return json.dumps([self.surroundings, self.tables, traces, [asdict(f) for f in self.findings]])

    @classmethod
    def from_json(cls, text: str) -> Baseline:
        """Read a baseline."""
        surroundings, tables, traces, findings = json.loads(text)
        return cls(
            surroundings,
            tables,
            {code: Trace(frozenset(reads), tuple(Finding(**f) for f in fs)) for code, (reads, fs) in traces.items()},
            [Finding(**finding) for finding in findings],
        )


def _identity(finding: Finding) -> tuple[str | None, ...]:
    return finding.code, finding.file, finding.record or finding.message, finding.column


def _digests(package: DataPackage) -> dict[str, str]:
    return {name: _digest(package, resource.path) for name, resource in _resources(package)}


def _surroundings(package: DataPackage) -> str:
    try:
        descriptor = package.descriptor
        entries = [{k: v for k, v in entry.items() if k not in _GENERATED} for entry in descriptor["resources"]]
    except (PackageError, AttributeError):
        return ""
    schemas = [_digest(package, resource.schema_path) for _, resource in _resources(package)]
    text = json.dumps([{**descriptor, "resources": entries}, schemas, _code_digest()])
    return hashlib.sha256(text.encode()).hexdigest()


def _resources(package: DataPackage) -> list[tuple[str, Resource]]:
    try:
        return list(package.resources.items())
    except PackageError:
        return []


def _digest(package: DataPackage, path: str) -> str:
    try:
        return hashlib.sha256(package.read(path)).hexdigest()
    except PackageError:
        return ""


@cache
def _code_digest() -> str:
    """Return the digest of this very code: rules that changed must run."""
    sources = sorted(Path(__file__).parents[1].rglob("*.py"))
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()


def baseline_since(package: DataPackage, ref: str) -> Baseline:
    """Return the baseline of the commit at which the work on a checkout left `ref`.

    It is kept in the folder of git, for that commit and this code.

    Parameters
    ----------
    package : DataPackage
        A checkout in a git repository.
    ref : str
        A branch, tag or commit.

    Raises
    ------
    ValueError
        If git does not know `ref`, or finds no common commit.
    """
    root = Path(str(package.root))
    if ref.startswith("-"):
        raise ValueError(f"{ref!r} is not the name of a branch, tag or commit")
    commit = _git(root, "merge-base", "HEAD", ref).decode().strip()
    store = root / _git(root, "rev-parse", "--git-path", _STORE).decode().strip()
    key = f"{commit} {_code_digest()}\n"
    try:
        stored_key, _, text = store.read_text(encoding="utf-8").partition("\n")
        if stored_key + "\n" == key:
            return Baseline.from_json(text)
    except (OSError, ValueError, TypeError):
        pass
    files = ZipFile(io.BytesIO(_git(root, "archive", "--format=zip", commit)))
    files.filename = commit  # so that messages can name what is missing
    found = Baseline.of(DataPackage(ZipPath(files)))
    store.write_text(key + found.as_json(), encoding="utf-8")
    return found


def _git(root: Path, *arguments: str) -> bytes:
    done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=False)
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().removeprefix("fatal: ") or "there is no common commit"
        raise ValueError(f"git {arguments[0]} failed: {said}")
    return done.stdout
