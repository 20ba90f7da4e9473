"""From record bundles to rows of every table: checked whole, then written, or not at all."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

from ..cells import untidy
from ..package import DataPackage
from ..reading import Row, Tables
from ..resolution.derive import derive
from ..resolution.grammar import CLAIMED_TAG_SCHEMES, Branch, PathError, Slot
from ..resolution.intervals import parse_interval
from ..resolution.ledger import claim_id
from ..schemas import Field, Schema
from ..validation.finding import ERROR, Finding
from ..validation.runner import read_state, recheck
from ..validation.state import State
from .bundles import Bundle, BundleError, BundleRefused, ClaimEntry, Saying, SourceEntry, read_bundles
from .files import described, exclusive, table_bytes, write_all
from .generated import generated_after

# Tables whose identifiers are counted up, with the form of their numbers.
_NUMBERED = {
    "events": "evt-{year}-{number:04d}",
    "force_levels": "frc-{year}-{number:04d}",
    "reported_tallies": "tly-{year}-{number:04d}",
    "sources": "src-{year}-{number:04d}",
    "actor_relations": "rel-{number:04d}",
    "location_status": "lst-{number:04d}",
}
_TRACKING = re.compile(r"(utm_\w+|fbclid|gclid|ns_\w+|ito|cmpid|ref|igshid|mc_[ce]id)", re.I)
_NAMED = ("actors", "locations", "publishers")


@dataclass(slots=True)
class Addition:
    """What a batch of bundles would change.

    Attributes
    ----------
    tables : dict of str to list of dict
        The data tables after the batch.
    ids : dict of str to str
        Identifier of every handle.
    notes : list of str
        What the curator should see: superseded claims, records that were there already.
    findings : list of Finding
        What the validator says of the tables after the batch.
    """

    tables: Tables
    ids: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def is_valid(self) -> bool:
        """Whether the batch may be written."""
        return not any(finding.severity == ERROR for finding in self.findings)


def normal_url(url: str) -> str:
    """Return what two addresses of one page have in common: no scheme, tracking or last slash.

    Examples
    --------
    >>> normal_url("HTTPS://Example.org/a/?utm_source=x#top")
    'example.org/a'
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    query = urlencode([(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if not _TRACKING.fullmatch(k)])
    return parts.netloc.lower() + parts.path.rstrip("/") + (f"?{query}" if query else "")


def add_bundles(package: DataPackage, paths: Iterable[Path], *, dry_run: bool = False) -> tuple[Addition, list[str]]:
    """Add record bundles to a checkout.

    Parameters
    ----------
    package : DataPackage
        A checkout.
    paths : iterable of Path
        Bundle files; one batch, in which handles are shared.
    dry_run : bool
        Plan and validate, but write nothing.

    Returns
    -------
    addition : Addition
        The planned tables and the validator's findings.
    changed : list of str
        Paths that were written; empty where the batch is not valid or changes nothing.

    Raises
    ------
    BundleRefused
        If a bundle has a defect; nothing is written.
    """
    bundles = read_bundles(paths)
    with exclusive(Path(str(package.root))):
        state, findings = read_state(package)
        if state is None or any(f.severity == ERROR for f in findings):
            raise BundleRefused([BundleError("data", 1, "", "the tables are not in order; run icd validate first.")])
        addition = plan(state, bundles)
        addition.findings = recheck(state, addition.tables)
        if not addition.is_valid or dry_run:
            return addition, []
        files = {
            package.resources[name].path: table_bytes(state.schemas[name], addition.tables[name])
            for name in state.data_tables
        }
        files["datapackage.json"] = described(package, files, state.schemas)
        files |= generated_after(package, files)
        return addition, write_all(Path(str(package.root)), files)


def plan(state: State, bundles: Sequence[Bundle]) -> Addition:
    """Return what a batch would change, without validating or writing it.

    Raises
    ------
    BundleRefused
        With every defect of every bundle.
    """
    return _Plan(state, bundles).run()


class _Plan:
    def __init__(self, state: State, bundles: Sequence[Bundle]) -> None:
        self.state = state
        self.bundles = bundles
        self.tables: Tables = {n: [dict(r) for r in state.tables[n]] for n in state.data_tables}
        self.version = str(state.descriptor.get("version", ""))
        self.errors: list[BundleError] = []
        self.notes: list[str] = []
        self.handles: dict[str, str] = {}
        self.targets: dict[int, tuple[str, str]] = {}
        self.rows: dict[str, dict[str, Row]] = {
            name: {row[state.schemas[name].primary_key[0]]: row for row in self.tables[name]}
            for name in state.data_tables
            if len(state.schemas[name].primary_key) == 1
        }
        self.urls = {normal_url(row["url"]): row["source_id"] for row in self.tables["sources"]}
        self.claims = self.rows["claims"]
        self._names: dict[str, dict[str, set[str]]] = {}

    def run(self) -> Addition:
        steps = (
            self._identify,
            self._sources,
            self._records,
            self._derivations,
            self._links,
            self._claims,
            self._statuses,
        )
        for step in steps:
            step()
            # Without identifiers and sources, later steps would only repeat the same complaints.
            if self.errors and step in (self._identify, self._sources):
                break
        if self.errors:
            raise BundleRefused(self.errors)
        self._supersede()
        for name in self.rows:
            self.tables[name] = list(self.rows[name].values())
        everything = {**self.state.tables, **self.tables}
        schemas = {name: self.state.schemas[name] for name in self.state.data_tables}
        derived = derive(everything, schemas, self.state.grammar)
        self._refuse_unsupported(derived)
        self._name_twins(derived)
        return Addition(derived, self.handles, self.notes)

    def _error(
        self, bundle: Bundle, path: str, message: str, suggestion: str = "", line: int = 0, code: str = ""
    ) -> None:
        line = line or bundle.lines.get(path) or bundle.lines.get(path.split(".")[0]) or bundle.line
        self.errors.append(BundleError(bundle.file, line, path, message, suggestion, code or "ICD101"))

    def _refuse_unsupported(self, derived: Tables) -> None:
        """Refuse records that would silently not appear, because neither claims nor other records carry them."""
        standing: dict[str, set[str]] = {}
        for index, (table, identifier) in self.targets.items():
            if table not in standing:
                standing[table] = {row[self.state.schemas[table].primary_key[0]] for row in derived[table]}
            if identifier and identifier not in standing[table]:
                self._error(
                    self.bundles[index],
                    "record",
                    f"nothing supports {identifier}, so it would not appear in {table}.",
                    "Add its claims, or in the same batch a statement or event that belongs to it.",
                    code="ICD601",
                )
        if self.errors:
            raise BundleRefused(self.errors)

    def _name_twins(self, derived: Tables) -> None:
        """Note new events that might be old ones: two strikes of one statement look like one strike told twice."""
        sources: dict[str, set[str]] = {}
        for claim in derived["claims"]:
            sources.setdefault(claim["record_id"], set()).add(claim["source_id"])
        alike: dict[tuple[str, ...], str] = {}
        # Identifiers of this batch come last, so that each is held against those that were there before.
        for row in sorted(derived["events"], key=lambda row: row["event_id"] not in self.state.table_of):
            key = row["event_id"]
            facts = (row["event_type"], row["date_start"], row["date_end"], *sorted(sources.get(key, ())))
            twin = alike.setdefault(facts, key)
            if twin != key and key not in self.state.table_of:
                self.notes.append(
                    f"{key} has the type, dates and sources of {twin}; if it is the same happening, "
                    f"write `update: {twin}` instead"
                )

    # Sources

    def _sources(self) -> None:
        fresh: dict[str, tuple[Bundle, SourceEntry]] = {}
        for bundle in self.bundles:
            for entry in bundle.sources:
                if not entry.url:
                    if entry.id not in self.rows["sources"]:
                        self._error(
                            bundle, "sources", f"there is no source {entry.id!r}.", line=entry.line, code="ICD301"
                        )
                    continue
                if publisher := self._look_up("publishers", entry.meta.get("publisher_id", "")):
                    entry.meta["publisher_id"] = publisher
                self._match_source(bundle, entry, fresh)
        for url, (bundle, entry) in sorted(
            fresh.items(), key=lambda item: (item[1][1].meta.get("published_on", ""), item[0])
        ):
            if not entry.meta:
                self._error(bundle, "sources", f"{entry.url} is new, so it needs meta.", line=entry.line)
                continue
            self._new_source(bundle, entry, url)

    def _match_source(self, bundle: Bundle, entry: SourceEntry, fresh: dict[str, tuple[Bundle, SourceEntry]]) -> None:
        url = normal_url(entry.url)
        known: Mapping[str, str] | None = None
        if url in self.urls:
            known = self.rows["sources"][self.urls[url]]
        elif url in fresh:
            earlier = fresh[url][1]
            earlier.archive_url = entry.archive_url = earlier.archive_url or entry.archive_url
            if not fresh[url][1].meta:
                fresh[url] = (bundle, entry)
            known = fresh[url][1].meta
        else:
            fresh[url] = (bundle, entry)
        if known:
            if url in self.urls and entry.archive_url and not known["archive_url"]:
                self.rows["sources"][self.urls[url]]["archive_url"] = entry.archive_url
            for key, value in entry.meta.items():
                if key not in ("derives_from", "edition_of", "retrieved_on") and known.get(key, "") != value:
                    self._error(
                        bundle,
                        "sources",
                        f"{entry.url} is known with {key} {known.get(key, '')!r}, here it is {value!r}.",
                        "Give the same meta, or leave it out.",
                        line=entry.line,
                    )

    def _new_source(self, bundle: Bundle, entry: SourceEntry, url: str) -> None:
        schema = self.state.schemas["sources"]
        row = dict.fromkeys(schema.names, "") | {"url": entry.url, "archive_url": entry.archive_url}
        for key, value in entry.meta.items():
            if key not in schema.names or key in ("source_id", "url", "archive_url"):
                self._unknown_column(bundle, f"sources.meta.{key}", key, schema, entry.line)
            elif key not in ("derives_from", "edition_of"):
                row[key] = value
        row["source_id"] = self._number("sources", row["published_on"][:4])
        self.urls[url] = row["source_id"]
        self.rows["sources"][row["source_id"]] = row
        self._check_cells(bundle, schema, row, entry.line)

    def _derivations(self) -> None:
        """Fill the origins of copies, once every source has an identifier."""
        for bundle in self.bundles:
            for entry in bundle.sources:
                row = self.rows["sources"][self._source_id(entry)]
                for key in ("derives_from", "edition_of"):
                    target = entry.meta.get(key)
                    if not target:
                        continue
                    found = self._source_reference(target)
                    if found is None:
                        self._error(
                            bundle,
                            f"sources.meta.{key}",
                            f"there is no source {target!r}.",
                            line=entry.line,
                            code="ICD301",
                        )
                    elif row[key] not in ("", found):
                        self._error(bundle, f"sources.meta.{key}", f"is {row[key]} already.", line=entry.line)
                    else:
                        row[key] = found

    def _source_id(self, entry: SourceEntry) -> str:
        return entry.id or self.urls[normal_url(entry.url)]

    def _source_reference(self, value: str) -> str | None:
        if value in self.rows["sources"]:
            return value
        return self.urls.get(normal_url(value)) if "://" in value else None

    # Identifiers

    def _number(self, table: str, year: str) -> str:
        form = _NUMBERED[table]
        pattern = re.compile(re.escape(form.split("{number")[0].replace("{year}", year)) + r"([0-9]+)")
        used = [int(m[1]) for key in (*self.rows[table], *self._retired()) if (m := pattern.fullmatch(key))]
        return form.format(year=year, number=max(used, default=0) + 1)

    def _retired(self) -> Iterable[str]:
        return self.rows["retired_ids"]

    def _identify(self) -> None:
        given = [b for b in self.bundles if b.handle and b.record.get("id") and not b.update]
        self.handles |= {bundle.handle: bundle.record["id"] for bundle in given}
        known = self._find_known()
        for index, bundle in enumerate(self.bundles):
            if bundle.update or (bundle.statuses and bundle.table == "claims"):
                continue
            target = self._target(bundle, known.get(index))
            if target is None:
                continue
            self._aim(index, bundle, target)
        for index, bundle in enumerate(self.bundles):
            if bundle.update and (updated := self._updated(bundle)):
                self._aim(index, bundle, updated)
        # From now on the records of this batch have names as well.
        self._names.clear()

    def _aim(self, index: int, bundle: Bundle, target: tuple[str, str]) -> None:
        self.targets[index] = target
        if bundle.handle:
            if self.handles.get(bundle.handle, target[1]) != target[1]:
                self._error(bundle, "handle", f"{bundle.handle!r} names two records.")
            self.handles[bundle.handle] = target[1]

    def _find_known(self) -> dict[int, str]:
        """Return the bundles whose record is there already, with its identifier.

        Claims may name records of other bundles by handle, in any order; so the search is repeated
        until it finds no more.
        """
        said = self._said()
        known: dict[int, str] = {}
        while True:
            found = {
                index: record
                for index, bundle in enumerate(self.bundles)
                if index not in known and not bundle.update and (record := self._known(bundle, said))
            }
            if not found:
                return known
            known |= found
            self.handles |= {self.bundles[i].handle: key for i, key in found.items() if self.bundles[i].handle}

    def _updated(self, bundle: Bundle) -> tuple[str, str] | None:
        identifier = self._refer(bundle.update)
        table = next((n for n, rows in self.rows.items() if n != "retired_ids" and identifier in rows), "")
        if not table:
            survivor = self.rows["retired_ids"].get(identifier, {}).get("new_id")
            near = [survivor] if survivor else difflib.get_close_matches(identifier, self.state.table_of, n=1)
            was = "was retired" if survivor else "is no record"
            hint = f"Did you mean {near[0]!r}?" if near else ""
            self._error(bundle, "update", f"{bundle.update!r} {was}.", hint, code="ICD302")
            return None
        if bundle.table not in ("", table):
            self._error(bundle, "table", f"is {bundle.table!r}, but {identifier} is in {table}; leave table out.")
            return None
        return table, identifier

    def _target(self, bundle: Bundle, known: str | None) -> tuple[str, str] | None:
        table = bundle.table
        if table not in self.tables or table in ("claims", "sources"):
            near = difflib.get_close_matches(table, [n for n in self.tables if n not in ("claims", "sources")], n=1)
            self._error(
                bundle,
                "table",
                f"there is no table {table!r} that takes bundles.",
                f"Did you mean {near[0]!r}?" if near else "",
            )
            return None
        schema = self.state.schemas[table]
        if len(schema.primary_key) > 1:
            return table, ""
        given = bundle.record.get("id") or bundle.record.get(schema.primary_key[0], "")
        if table == "milestone_statements":
            return table, known or self._statement_number(bundle)
        if table not in _NUMBERED:
            if not given:
                self._error(bundle, "record", "needs an id.")
                return None
            return self._reserve(table, given)
        if given:
            if given not in self.rows[table]:
                self._error(bundle, "record.id", f"there is no record {given!r}; leave id out, it is allocated.")
                return None
            return table, given
        if known:
            return table, known
        year = self._year(bundle, table)
        return None if year is None else self._reserve(table, self._number(table, year))

    def _reserve(self, table: str, identifier: str) -> tuple[str, str]:
        schema = self.state.schemas[table]
        if identifier not in self.rows[table]:
            self.rows[table][identifier] = dict.fromkeys(schema.names, "") | {
                schema.primary_key[0]: identifier,
                "\0new": "1",
            }
        return table, identifier

    def _statement_number(self, bundle: Bundle) -> str:
        milestone = self._refer(bundle.record.get("milestone_id", ""))
        pattern = re.compile(re.escape(milestone) + r"-v([0-9]+)")
        used = [int(m[1]) for key in self.rows["milestone_statements"] if (m := pattern.fullmatch(key))]
        return self._reserve("milestone_statements", f"{milestone}-v{max(used, default=0) + 1:02d}")[1]

    def _year(self, bundle: Bundle, table: str) -> str | None:
        if table in ("actor_relations", "location_status"):
            return ""
        if table == "reported_tallies":
            return self._year_of(bundle, "record.window_end", bundle.record.get("window_end", ""))
        path = "date" if table == "events" else "start"
        sayings = sorted(((s.value, s.line) for _, _, s in _sayings(bundle) if s.path == path), key=lambda s: s[0])
        if not sayings:
            self._error(bundle, "sources", f"no claim states {path!r}, so no identifier can be given.", code="ICD601")
            return None
        return self._year_of(bundle, f"says.{path}", *sayings[0])

    def _year_of(self, bundle: Bundle, path: str, value: str, line: int = 0) -> str | None:
        fault = _interval_fault(value)
        if fault:
            self._error(bundle, path, fault, "Write a day such as 2024-08-15.", line, "ICD603")
            return None
        start, end = parse_interval(value)
        return (start or end)[:4]

    def _said(self) -> dict[str, set[str]]:
        """Return, for everything that is claimed in the data, the records about which it is claimed."""
        urls = {row["source_id"]: normal_url(row["url"]) for row in self.tables["sources"]}
        said: dict[str, set[str]] = {}
        for row in self.tables["claims"]:
            text = "|".join((row["field"], row["value"], row["claimant_id"], urls[row["source_id"]]))
            said.setdefault(text, set()).add(row["record_id"])
        return said

    def _known(self, bundle: Bundle, said: Mapping[str, set[str]]) -> str | None:
        """Return the record about which everything in the bundle is claimed already, if there is one."""
        records: set[str] | None = None
        for source, entry, saying in _sayings(bundle):
            path, value = self._as_stored(bundle.table, saying)
            if "@" in path or self._is_symmetric(path):
                continue
            url = normal_url(source.url or self.rows["sources"].get(source.id, {}).get("url", ""))
            found = said.get("|".join((path, value, self._look_up("actors", entry.by) or entry.by, url)), set())
            records = found if records is None else records & found
        rows = self.rows.get(bundle.table, {})
        # Two happenings of one page may share every claim of the shorter account; then title and text decide.
        return min(
            (record for record in records or () if self._is_same(bundle, record)),
            key=lambda record: (sum(rows[record].get(n) != v for n, v in bundle.record.items()), record),
            default=None,
        )

    def _is_same(self, bundle: Bundle, record: str) -> bool:
        """Return whether the bundle says of itself what identifies a record: two records may share their claims."""
        if self.state.table_of.get(record) != bundle.table:
            return False
        schema, row = self.state.schemas[bundle.table], self.rows[bundle.table][record]
        return all(
            row[column.name] == self._plain(column, value)
            for column in schema.fields
            if (column.kind == "identity" or column.name == "event_type")
            and column.name not in schema.primary_key
            and (value := bundle.record.get(column.name))
        )

    def _as_stored(self, table: str, saying: Saying) -> tuple[str, str]:
        """Return path and value of a claim with identifiers in place of handles and names, as far as they are known."""
        try:
            place, parts = self.state.grammar.locate(table, saying.path)
        except (KeyError, PathError):
            return saying.path, saying.value
        if isinstance(place, Slot):
            return saying.path, self._plain(place.field, saying.value) if place.field else saying.value
        columns = [self.state.schemas[place.table][name] for name in place.parts]
        found = [self._plain(column, part) for column, part in zip(columns, parts, strict=True)]
        return "/".join((place.prefix, *found)), saying.value

    def _plain(self, column: Field, value: str) -> str:
        """Return a cell with an identifier in place of a handle or a name, if it is known."""
        if column.reference and not column.codelist:
            return self._look_up(column.reference[0], value) or value
        return value

    # Values

    def _refer(self, value: str) -> str:
        """Return the identifier behind a handle, or the value itself."""
        if value.startswith("@"):
            return self.handles.get(value[1:], value)
        return value

    def _look_up(self, target: str, value: str) -> str | None:
        """Return the identifier that a handle, an identifier, an address or a name stands for, if it is known."""
        found = self._refer(value)
        if target == "sources":
            return self._source_reference(found)
        if found in self.rows[target]:
            return found
        named = self._by_name(target).get(found.casefold(), set())
        return next(iter(named)) if len(named) == 1 else None

    def _reference(self, bundle: Bundle, path: str, target: str, value: str, line: int) -> str:
        found = self._look_up(target, value)
        if found:
            return found
        named = self._by_name(target).get(value.casefold())
        if named:
            both = " and ".join(sorted(named))
            self._error(bundle, path, f"{value!r} is a name of {both}.", "Write the identifier.", line, "ICD301")
            return value
        known = [*self.rows[target], *(f"@{handle}" for handle in self.handles)]
        near = difflib.get_close_matches(value, known, n=1, cutoff=0.6)
        hint = f"Did you mean {near[0]!r}?" if near else "Add it in a bundle of its own."
        self._error(bundle, path, f"{value!r} is not in the table {target}.", hint, line, "ICD301")
        return value

    def _by_name(self, target: str) -> dict[str, set[str]]:
        """Return the identifiers behind each name, of the data and of this batch."""
        if target not in self._names and target in _NAMED:
            pairs = [(row["name"], key) for key, row in self.rows[target].items()]
            pairs += [
                (self.bundles[i].record.get("name", ""), key) for i, (t, key) in self.targets.items() if t == target
            ]
            if target == "actors":
                pairs += [(row["name"], row["actor_id"]) for row in self.tables["actor_names"]]
                names = [b.record for b in self.bundles if b.table == "actor_names"]
                pairs += [(row.get("name", ""), self._refer(row.get("actor_id", ""))) for row in names]
            found: dict[str, set[str]] = {}
            for name, key in pairs:
                if name and key in self.rows[target]:
                    found.setdefault(name.casefold(), set()).add(key)
            self._names[target] = found
        return self._names.get(target, {})

    def _cell(self, bundle: Bundle, path: str, column: Field, value: str, line: int) -> str:
        if column.reference and value:
            target = column.reference[0]
            if column.codelist:
                if value not in self.state.codelist(column.codelist):
                    self._unknown_code(bundle, path, value, column.codelist, line)
                return value
            return self._reference(bundle, path, target, value, line)
        return value

    def _unknown_code(self, bundle: Bundle, path: str, value: str, codelist: str, line: int) -> None:
        known = list(self.state.codelist(codelist))
        near = difflib.get_close_matches(value, known, n=1, cutoff=0.5)
        hint = (
            f"Did you mean {near[0]!r}?"
            if near
            else "Codes: " + ", ".join(known[:12]) + ("…" if len(known) > 12 else "")
        )
        self._error(bundle, path, f"{value!r} is not a code of {codelist}.", hint, line, "ICD203")

    def _unknown_column(self, bundle: Bundle, path: str, name: str, schema: Schema, line: int = 0) -> None:
        near = difflib.get_close_matches(name, schema.names, n=1)
        self._error(
            bundle,
            path,
            f"is not a column of {schema.name}.",
            f"Did you mean {near[0]!r}?" if near else "",
            line,
            "ICD102",
        )

    def _check_cells(self, bundle: Bundle, schema: Schema, row: Row, line: int = 0) -> None:
        """Judge the cells of a row; without a line, it is that of the record."""
        # Identifiers that are allocated here follow from other cells, which have a verdict of their own.
        allocated = schema.primary_key[0] if schema.name in _NUMBERED else ""
        for column in schema.fields:
            if (
                column.kind not in ("claimed", "computed")
                and column.name != allocated
                and (verdict := _fault(column, row[column.name]))
            ):
                code, expected = verdict
                place = line or bundle.lines.get(f"record.{column.name}") or bundle.lines.get("record", 0)
                self._error(
                    bundle, column.name, f"is {row[column.name]!r}; expected {expected}.", line=place, code=code
                )
            if (
                column.reference
                and row[column.name]
                and schema.name == "sources"
                and column.name not in ("derives_from", "edition_of")
            ):
                self._cell(bundle, column.name, column, row[column.name], line)

    # Records

    def _records(self) -> None:
        # What is new comes first, so that the same batch may add to it.
        for index, bundle in sorted(enumerate(self.bundles), key=lambda entry: bool(entry[1].update)):
            if index not in self.targets:
                continue
            table, identifier = self.targets[index]
            if bundle.record or not bundle.update:
                self._record(bundle, table, identifier)

    def _record(self, bundle: Bundle, table: str, identifier: str) -> None:
        schema = self.state.schemas[table]
        cells: Row = {}
        for name, value in bundle.record.items():
            path = f"record.{name}"
            if identifier and name in ("id", schema.primary_key[0]):
                if value != identifier:
                    self._error(bundle, path, f"is {value!r}, but this is {identifier}; identifiers never change.")
                continue
            if name not in schema.names:
                self._unknown_column(bundle, path, name, schema)
                continue
            column = schema[name]
            if column.kind in ("claimed", "computed"):
                road = "state it as a claim" if column.kind == "claimed" else "it is computed"
                self._error(bundle, path, f"is not written in a record; {road}.")
                continue
            cells[name] = self._cell(bundle, path, column, value, bundle.lines.get(path, 0))
        if not identifier:
            self._composite(bundle, table, schema, cells)
            return
        row = self.rows[table][identifier]
        if row.pop("\0new", "") or bundle.update:
            row.update(cells)
            self._check_cells(bundle, schema, row)
            return
        differing = [name for name, value in cells.items() if row[name] != value and schema[name].kind != "descriptive"]
        if differing:
            self._error(
                bundle,
                "record",
                f"{identifier} is there already with another {differing[0]}: {row[differing[0]]!r}.",
                f"To change it, write `update: {identifier}`.",
            )
        else:
            name = next(
                (f" as {row[n]!r}" for n in ("title", "name") if cells.get(n, row.get(n, "")) != row.get(n, "")), ""
            )
            self.notes.append(f"{identifier} is there already{name}; only claims that are new are added")

    def _composite(self, bundle: Bundle, table: str, schema: Schema, cells: Row) -> None:
        key = [cells.get(part, "") for part in schema.primary_key]
        row = next((r for r in self.tables[table] if [r[part] for part in schema.primary_key] == key), None)
        if row is None:
            row = dict.fromkeys(schema.names, "")
            self.tables[table].append(row)
        row |= cells
        self._check_cells(bundle, schema, row)

    def _links(self) -> None:
        for index, bundle in enumerate(self.bundles):
            table, identifier = self.targets.get(index, ("", ""))
            if not (bundle.tags or bundle.event_links):
                continue
            if table != "events":
                self._error(bundle, "links", "only events have links.")
                continue
            for i, tag in enumerate(bundle.tags):
                where = f"links.tags[{i}]"
                row = {"event_id": identifier, "scheme": tag.get("scheme", ""), "code": tag.get("code", "")}
                if row["code"] not in self.state.codelist("event_tag"):
                    self._unknown_code(bundle, where, row["code"], "event_tag", 0)
                if row["scheme"] in CLAIMED_TAG_SCHEMES:
                    path = f"tags/{row['scheme']}/{row['code']}"
                    self._error(
                        bundle, where, f"a tag of {row['scheme']} needs a claim; write {path}: true under says."
                    )
                elif row not in self.tables["event_tags"]:
                    self.tables["event_tags"].append(row)
            for i, link in enumerate(bundle.event_links):
                self._event_link(bundle, f"links.event_links[{i}]", identifier, link)

    def _event_link(self, bundle: Bundle, where: str, identifier: str, link: Mapping[str, str]) -> None:
        code = link.get("link", "")
        kind = self.state.codelist("event_link").get(code)
        if kind is None:
            self._unknown_code(bundle, where, code, "event_link", 0)
            return
        if kind["needs_claim"] == "true":
            self._error(bundle, where, f"{code} needs a claim; write links/{code}/… under says.")
            return
        other = self._reference(bundle, where, "events", link.get("to", ""), 0)
        first, second = sorted((identifier, other)) if kind["symmetric"] == "true" else (identifier, other)
        row = {"from_event_id": first, "link": code, "to_event_id": second, "note": link.get("note", "")}
        if all(
            (r["from_event_id"], r["link"], r["to_event_id"]) != (first, code, second)
            for r in self.tables["event_links"]
        ):
            self.tables["event_links"].append(row)

    # Claims

    def _claims(self) -> None:
        for index, bundle in enumerate(self.bundles):
            for source, entry, saying in _sayings(bundle):
                if index not in self.targets or not self.targets[index][1]:
                    self._error(bundle, "sources", "this table takes no claims.", line=entry.line, code="ICD302")
                    break
                self._claim(bundle, *self.targets[index], source, entry, saying)

    def _claim(
        self, bundle: Bundle, table: str, record: str, source: SourceEntry, entry: ClaimEntry, saying: Saying
    ) -> None:
        if table not in self.state.grammar.slots:
            self._error(bundle, "sources", f"records of {table} take no claims.", line=entry.line, code="ICD302")
            return
        line = saying.line
        path = self._path(bundle, table, saying)
        if path is None:
            return
        record, path = self._lower_first(record, path)
        place, _ = self.state.grammar.locate(table, path)
        value = self._value(bundle, place, path, saying)
        source_id = self._source_id(source)
        schema = self.state.schemas["claims"]
        row = dict.fromkeys(schema.names, "") | {
            "record_id": record,
            "field": path,
            "value": value,
            "modifier": saying.modifier,
            "value_as_stated": saying.words,
            "lang": (saying.lang or self.rows["sources"][source_id]["lang"]) if saying.words else "",
            "stance": entry.stance,
            "claimant_id": self._reference(bundle, f"says.{path}", "actors", entry.by, entry.line),
            "basis": entry.basis,
            "source_id": source_id,
            "locator": entry.locator,
            "reported_on": entry.reported_on or self.rows["sources"][source_id]["published_on"],
            "status": "live",
            "recorded_in": self.version,
            "note": entry.note,
        }
        row["claim_id"] = claim_id(record, path, value, row["claimant_id"], source_id)
        for column in schema.fields:
            if column.codelist and row[column.name] and row[column.name] not in self.state.codelist(column.codelist):
                self._unknown_code(bundle, f"says.{path}", row[column.name], column.codelist, line)
            elif verdict := _fault(column, row[column.name]):
                self._error(
                    bundle,
                    f"says.{path}",
                    f"{column.name} is {row[column.name]!r}; expected {verdict[1]}.",
                    line=line,
                    code=verdict[0],
                )
        if not bundle.supersede:
            row["\0keep"] = "1"
        self.claims.setdefault(row["claim_id"], row)

    def _lower_first(self, record: str, path: str) -> tuple[str, str]:
        """Return a claim on a symmetric link as one on the event with the lower identifier."""
        if not self._is_symmetric(path):
            return record, path
        prefix, code, other = path.split("/")
        record, other = sorted((record, other))
        return record, f"{prefix}/{code}/{other}"

    def _is_symmetric(self, path: str) -> bool:
        prefix, _, rest = path.partition("/")
        code = rest.split("/")[0]
        return prefix == "links" and self.state.codelist("event_link").get(code, {}).get("symmetric") == "true"

    def _path(self, bundle: Bundle, table: str, saying: Saying) -> str | None:
        parts = saying.path.split("/")
        try:
            place, _ = self.state.grammar.locate(table, saying.path)
        except PathError:
            near = difflib.get_close_matches(saying.path, self.state.grammar.paths(table), n=1, cutoff=0.4)
            self._error(
                bundle,
                f"says.{saying.path}",
                f"is not a field of {table}.",
                f"Did you mean {near[0]!r}?" if near else "",
                saying.line,
                "ICD303",
            )
            return None
        if isinstance(place, Slot):
            return saying.path
        schema = self.state.schemas[place.table]
        resolved = [
            self._cell(bundle, f"says.{saying.path}", schema[name], part, saying.line)
            for name, part in zip(place.parts, parts[1:], strict=True)
        ]
        return "/".join((parts[0], *resolved))

    def _value(self, bundle: Bundle, place: Slot | Branch, path: str, saying: Saying) -> str:
        where, line = f"says.{path}", saying.line
        if place.kind in ("interval", "start", "end"):
            if fault := _interval_fault(saying.value):
                self._error(bundle, where, fault, line=line, code="ICD603")
        elif place.kind == "count" and not re.fullmatch("0|[1-9][0-9]*", saying.value):
            self._error(bundle, where, f"{saying.value!r} is not a whole number.", line=line, code="ICD603")
        elif place.kind in ("flag", "exists") and saying.value != "true":
            self._error(bundle, where, f"is {saying.value!r}; expected true.", line=line, code="ICD603")
        elif isinstance(place, Branch) and place.value_column:
            column = self.state.schemas[place.table][place.value_column]
            return self._cell(bundle, where, column, saying.value, line)
        elif isinstance(place, Slot) and place.field is not None and place.kind in ("code", "id"):
            return self._cell(bundle, where, place.field, saying.value, line)
        elif isinstance(place, Slot) and place.field is not None and (verdict := place.field.judge(saying.value)):
            self._error(bundle, where, f"is {saying.value!r}; expected {verdict[1]}.", line=line, code=verdict[0])
        return saying.value

    # Standing

    def _supersede(self) -> None:
        """Mark earlier live claims of a principal that states another value on a later day."""
        principals = {row["actor_id"]: row["principal_id"] for row in self.rows["actors"].values()}
        placeholders = {row["actor_id"] for row in self.rows["actors"].values() if row["is_placeholder"] == "true"}
        before = {row["claim_id"] for row in self.state.tables["claims"]}
        groups: dict[tuple[str, str, str], list[Row]] = {}
        for row in self.claims.values():
            principal = principals.get(row["claimant_id"], row["claimant_id"])
            if row["status"] == "live" and row["stance"] == "asserts" and principal not in placeholders:
                groups.setdefault((row["record_id"], row["field"], principal), []).append(row)
        for group in groups.values():
            if all(row["claim_id"] in before for row in group) or any(row.pop("\0keep", "") for row in group):
                continue
            group.sort(key=lambda row: (row["reported_on"], row["claim_id"]))
            for row in group:
                later = [r for r in group if r["reported_on"] > row["reported_on"] and r["value"] != row["value"]]
                if later:
                    row |= {
                        "status": "superseded",
                        "status_reason": "newer_statement",
                        "superseded_by": later[0]["claim_id"],
                    }
                    self.notes.append(
                        f"{row['claim_id']} {row['record_id']} {row['field']} = {row['value']} ({row['reported_on']}) "
                        f"is superseded by {later[0]['value']} ({later[0]['reported_on']})"
                    )

    def _statuses(self) -> None:
        for bundle in self.bundles:
            for i, change in enumerate(bundle.statuses):
                where = f"claims[{i}]"
                row = self.claims.get(change.get("claim_id", ""))
                if row is None:
                    near = difflib.get_close_matches(change.get("claim_id", ""), list(self.claims), n=1)
                    self._error(
                        bundle,
                        where,
                        f"there is no claim {change.get('claim_id', '')!r}.",
                        f"Did you mean {near[0]!r}?" if near else "",
                    )
                    continue
                for name in ("status", "status_reason"):
                    column = self.state.schemas["claims"][name]
                    self._cell(bundle, f"{where}.{name}", column, change.get(name, ""), 0)
                row |= {"status_reason": "", "superseded_by": ""} | {k: v for k, v in change.items() if k != "claim_id"}


def _fault(column: Field, text: str) -> tuple[str, str] | None:
    """Return the rule that a cell breaks, and what was expected, or None where it is in order."""
    # What a column of identifiers holds is not found, if it is a formula.
    if fault := untidy(text, is_text=column.type == "string" and column.reference is None):
        code, _, expected, _ = fault
        return code, expected
    return column.judge(text)


def _interval_fault(text: str) -> str:
    try:
        parse_interval(text)
    except ValueError as error:
        return f"{error}." if repr(text) in str(error) else f"{text!r} is in no calendar: {error}."
    return ""


def _sayings(bundle: Bundle) -> Iterable[tuple[SourceEntry, ClaimEntry, Saying]]:
    for source in bundle.sources:
        for entry in source.claims:
            for saying in entry.says:
                yield source, entry, saying
