"""All tables as they follow from the claims, in any view.

`derive` is the one road from evidence to values: the stored tables are its result with hindsight on
the newest day, an as-of view is its result on an earlier one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial

from ..package import CODELIST_PREFIX
from ..reading import Row, Tables
from ..schemas import Schema
from .grammar import CLAIMED_TAG_SCHEMES, DEFAULTS, Branch, Grammar, PathError, Slot
from .intervals import width_class
from .ledger import Claim, Ledger, RecordClaims, View, count_origins, gather
from .resolve import Resolution, resolve_code, resolve_count, resolve_interval

_INITIATING = ("initiator", "co_initiator")
_RECEIVING = ("target", "host")
# Roles in which an actor does not take part in what happened.
_OUTSIDE_ROLES = ("claimant", "supporter_alleged", "victim", "target")
_TIER_ONE_OUTCOMES = ("killed", "injured", "missing")
_OWN_WORD = ("acknowledged_own_act", "self_claimed")
_DENIALS = ("denied_by_named", "denied_by_other")
_YEAR_DAYS = 365
_REFERENCE_TABLES = ("actors", "locations", "publishers", "sources")


@dataclass(slots=True)
class Vocabulary:
    """What the codelists say that resolution needs."""

    base_tier: dict[str, int]
    uses_force: dict[str, bool]
    attribution_rank: dict[str, int]
    authority_rank: dict[str, int]
    needs_claim: dict[str, bool]
    geo_precision: dict[str, str]
    modifiers: list[str]

    @classmethod
    def read(cls, tables: Tables) -> Vocabulary:
        """Read the codelists among `tables`."""

        def column(codelist: str, name: str) -> dict[str, str]:
            return {row["code"]: row[name] for row in tables[CODELIST_PREFIX + codelist]}

        def flags(codelist: str, name: str) -> dict[str, bool]:
            return {code: cell == "true" for code, cell in column(codelist, name).items()}

        return cls(
            base_tier={code: int(cell) for code, cell in column("event_type", "base_tier").items()},
            uses_force=flags("event_type", "uses_force"),
            attribution_rank={c: int(cell) for c, cell in column("attribution", "rank").items() if cell},
            authority_rank={c: int(cell) for c, cell in column("milestone_authority", "rank").items()},
            needs_claim=flags("event_link", "needs_claim"),
            geo_precision=column("location_kind", "geo_precision"),
            modifiers=[row["code"] for row in tables["codelist_modifier"]],
        )


class Resolver:
    """Resolves single fields of single records in one view."""

    def __init__(self, ledger: Ledger, grammar: Grammar, vocabulary: Vocabulary, view: View) -> None:
        self.ledger = ledger
        self.grammar = grammar
        self.vocabulary = vocabulary
        self.view = view
        self._principal = ledger.principal_of(view.party) if view.party else None
        self._parents = {row["location_id"]: row["parent_id"] for row in ledger.tables["locations"]}

    def gather(self, record_id: str) -> RecordClaims | None:
        """Return the claims that count for a record, or None where it is absent."""
        fields = self.ledger.by_record.get(record_id)
        return gather(fields, self.view, self._principal) if fields else None

    def resolve(self, slot: Slot | Branch, path: str, claims: RecordClaims) -> Resolution:
        """Resolve one field from the claims of its record."""
        asserting = claims.asserting.get(path, [])
        if not asserting:
            return Resolution(value=getattr(slot, "default", ""), step="default")
        conservative = self.view.conservative
        if slot.kind == "count":
            return resolve_count(
                asserting,
                claims.denying.get(path, []),
                slot.family,
                self.vocabulary.modifiers,
                conservative=conservative,
            )
        if slot.kind in ("interval", "start", "end"):
            return resolve_interval(asserting, slot.family, conservative=conservative)
        tie: Callable[[Sequence[str]], str] = partial(self._tie, path)
        return resolve_code(asserting, slot.family, conservative=conservative, on_tie=tie)

    def _tie(self, path: str, values: Sequence[str]) -> str:
        if path == "location_id":
            return self._common_ancestor(values)
        return DEFAULTS.get(path, "")

    def _common_ancestor(self, places: Sequence[str]) -> str:
        lines = [self._line(place) for place in places]
        for place in lines[0]:
            if all(place in line for line in lines[1:]):
                return place
        return ""

    def _line(self, place: str) -> list[str]:
        line: list[str] = []
        while place and place not in line:
            line.append(place)
            place = self._parents.get(place, "")
        return line


def derive(tables: Tables, schemas: Mapping[str, Schema], grammar: Grammar, view: View | None = None) -> Tables:
    """Return all data tables as they follow from claims and coded columns.

    Parameters
    ----------
    tables : dict of str to list of dict
        Data tables and codelists as rows of text. Only coded, identity and descriptive columns of
        record tables are used; the rest is recomputed.
    schemas : mapping of str to Schema
        Compiled schemas of the data tables.
    grammar : Grammar
        The claim paths.
    view : View, optional
        By default the stored view: hindsight on the newest day, policy balanced.

    Returns
    -------
    dict of str to list of dict
        Every data table, sorted by primary key.
    """
    ledger = Ledger(tables)
    view = view or View(ledger.newest)
    return _Derivation(tables, schemas, ledger, Resolver(ledger, grammar, Vocabulary.read(tables), view)).run()


class _Derivation:
    def __init__(self, tables: Tables, schemas: Mapping[str, Schema], ledger: Ledger, resolver: Resolver) -> None:
        self.tables = tables
        self.schemas = schemas
        self.ledger = ledger
        self.resolver = resolver
        self.grammar = resolver.grammar
        self.view = resolver.view
        self.vocabulary = resolver.vocabulary
        self.out: Tables = {name: [] for name in schemas}
        self.claims: dict[str, RecordClaims] = {}

    def run(self) -> Tables:
        for table in self.grammar.slots:
            self._records(table)
        for branches in self.grammar.branches.values():
            for branch in branches.values():
                self._children(branch)
        self._coded_links()
        self._mark_best()
        self._drop_dangling_children()
        self._finish_events()
        self._finish_agreements()
        self._milestones()
        self._processes()
        self._references()
        self._claims_table()
        if not self.view.hindsight:
            self._restrict()
        self._blank_absent()
        for name, rows in self.out.items():
            key = self.schemas[name].primary_key
            rows.sort(key=lambda row: tuple([row[part] for part in key]))
        return self.out

    # Records and their claimed columns

    def _records(self, table: str) -> None:
        schema = self.schemas[table]
        key = self.grammar.keys[table]
        kept = [f.name for f in schema.fields if f.kind in ("identity", "coded") or self._shows_text(f.kind)]
        empty = dict.fromkeys(schema.names, "")
        for stored in self.tables[table]:
            claims = self.resolver.gather(stored[key])
            if claims is None:
                continue
            row = empty | {name: stored[name] for name in kept}
            self.claims[stored[key]] = claims
            for path, slot in self.grammar.slots[table].items():
                if slot.kind != "exists":
                    self._fill(row, slot, path, claims)
            if "contested" in row and "best" not in row:
                row["contested"] = _flag(bool(claims.denying.get("exists")))
            self.out[table].append(row)

    def _shows_text(self, kind: str) -> bool:
        return kind == "descriptive" and self.view.hindsight

    def _fill(self, row: Row, slot: Slot, path: str, claims: RecordClaims) -> None:
        found = self.resolver.resolve(slot, path, claims)
        if slot.kind == "count":
            _fill_count(row, found, claims.asserting.get(path, []))
        elif slot.kind == "interval":
            start, end = slot.columns
            row[start], row[end] = found.interval or ("", "")
            if start == "date_start":
                row["date_precision"] = width_class(row[start], row[end])
        elif slot.kind in ("start", "end"):
            if found.interval:
                row[slot.kind] = found.interval[1] if slot.kind == "start" else found.interval[0]
                row[f"{slot.kind}_precision"] = width_class(*found.interval)
        else:
            row[slot.columns[0]] = found.value

    # Child rows

    def _children(self, branch: Branch) -> None:
        schema = self.schemas[branch.table]
        empty = dict.fromkeys(schema.names, "")
        stored = _by_key(self.tables[branch.table], schema.primary_key)
        prefix = branch.prefix + "/"
        key = self.grammar.keys[branch.parent]
        for parent in self.out[branch.parent]:
            claims = self.claims[parent[key]]
            paths = {path for path in (*claims.asserting, *claims.denying) if path.startswith(prefix)}
            for path in sorted(paths):
                parts = path.split("/")[1:]
                base = empty | {branch.key_column: parent[key]} | dict(zip(branch.parts, parts, strict=True))
                for row in self._child_rows(branch, path, base, claims):
                    if "note" in row and self.view.hindsight:
                        row["note"] = stored.get(tuple(row[k] for k in schema.primary_key), {}).get("note", "")
                    self.out[branch.table].append(row)

    def _child_rows(self, branch: Branch, path: str, base: Row, claims: RecordClaims) -> list[Row]:
        asserting = claims.asserting.get(path, [])
        if branch.kind == "count":
            if asserting:
                _fill_count(base, self.resolver.resolve(branch, path, claims), asserting)
                return [base]
            return []
        if branch.kind == "flag":
            return [base] if asserting else []
        # A denial of one's own part in an event is the one case where a denial makes a row.
        denials = [claim for claim in claims.denying.get(path, []) if claim.value in _DENIALS]
        values: dict[str, list[Claim]] = {}
        for claim in (*asserting, *denials):
            values.setdefault(claim.value, []).append(claim)
        assert branch.value_column is not None
        return [
            base | {branch.value_column: value, "is_best": "false", "n_origins": str(count_origins(group))}
            for value, group in values.items()
        ]

    def _coded_links(self) -> None:
        """Keep the rows of mixed tables that are labels: context tags and coder's links."""
        for row in self.tables["event_tags"]:
            if row["event_id"] in self.claims and row["scheme"] not in CLAIMED_TAG_SCHEMES:
                self.out["event_tags"].append(dict(row))
        if self.view.hindsight:
            for row in self.tables["event_links"]:
                if not self.vocabulary.needs_claim.get(row["link"], True) and row["from_event_id"] in self.claims:
                    self.out["event_links"].append(dict(row))

    def _drop_dangling_children(self) -> None:
        """Drop link rows whose other record is absent in this view."""
        for table, column in (("event_links", "to_event_id"), ("agreement_events", "event_id")):
            self.out[table] = [row for row in self.out[table] if row[column] in self.claims]

    def _mark_best(self) -> None:
        ranks = self.vocabulary.attribution_rank
        best: dict[str, int] = {}
        rows = [
            row
            for row in self.out["event_actors"]
            if row["role"] in _INITIATING
            and row["attribution"] in ranks
            and (not self.view.conservative or row["attribution"] in _OWN_WORD)
        ]
        for row in rows:
            rank = ranks[row["attribution"]]
            best[row["event_id"]] = min(best.get(row["event_id"], rank), rank)
        for row in rows:
            row["is_best"] = _flag(ranks[row["attribution"]] == best[row["event_id"]])

    # Computed columns

    def _finish_events(self) -> None:
        kinds = {row["location_id"]: row["kind"] for row in self.tables["locations"]}
        actors: dict[str, list[Row]] = {}
        for row in self.out["event_actors"]:
            actors.setdefault(row["event_id"], []).append(row)
        harmful = {
            row["event_id"]
            for row in self.out["event_casualties"]
            if row["outcome"] in _TIER_ONE_OUTCOMES and (_positive(row["low"]) or _positive(row["best"]))
        }
        for event in self.out["events"]:
            event_id = event["event_id"]
            claims = self.claims[event_id].all_asserting()
            event["geo_precision"] = self.vocabulary.geo_precision.get(kinds.get(event["location_id"], ""), "")
            tier = self.vocabulary.base_tier.get(event["event_type"], 3)
            event["tier"] = "1" if event_id in harmful else str(tier)
            event["verification"] = self._verification(event, actors.get(event_id, []))
            event["first_reported_on"] = min(claim.reported_on for claim in self._ever_asserting(event_id))
            event["n_claims"] = str(len(claims))
            event["n_origins"] = str(count_origins(claims))

    def _ever_asserting(self, event_id: str) -> list[Claim]:
        """Return the claims that told the public of an event, replaced ones included."""
        live = self.claims[event_id].all_asserting()
        replaced = [
            claim
            for claims in self.ledger.by_record[event_id].values()
            for claim in claims
            if claim.asserts and claim.status in ("superseded", "retracted") and claim.reported_on <= self.view.day
        ]
        principals = {claim.principal for claim in live} if self.view.party else None
        return live + [c for c in replaced if principals is None or c.principal in principals]

    def _verification(self, event: Row, actors: Sequence[Row]) -> str:
        record = self.claims[event["event_id"]]
        if record.is_discounted:
            return "discounted"
        claims = record.all_asserting()
        if any(c.core for c in record.denying.get("exists", [])) and any(c.core for c in claims):
            return "contested"
        asserting = {claim.principal for claim in claims}
        named = [row for row in actors if row["attribution"] not in _DENIALS]
        principals = {
            role: {self.ledger.principal_of(row["actor_id"]) for row in named if row["role"] == role}
            for role in {row["role"] for row in named}
        }
        if self.vocabulary.uses_force.get(event["event_type"], False):
            own = _union(principals, _INITIATING) & asserting
            other = _union(principals, _RECEIVING) & asserting
            if own and other:
                return "acknowledged_both"
            if other:
                return "acknowledged_one"
        else:
            taking_part = _union(principals, principals.keys() - set(_OUTSIDE_ROLES)) & asserting
            if len(taking_part) > 1:
                return "acknowledged_both"
            if taking_part:
                return "acknowledged_one"
        sides = {
            self.ledger.actors.get(row["actor_id"], {}).get("side", "")
            for row in named
            if row["role"] in _INITIATING and row["is_best"] == "true"
        } - {"unknown"}
        outside = count_origins([claim for claim in claims if claim.side not in sides])
        return "corroborated" if outside > 1 else "single_origin" if outside else "claimed_only"

    def _finish_agreements(self) -> None:
        parties: dict[str, set[str]] = {}
        for row in self.out["agreement_parties"]:
            parties.setdefault(row["agreement_id"], set()).add(self.ledger.principal_of(row["actor_id"]))
        for row in self.out["agreements"]:
            row["status"] = self._agreement_status(row, parties.get(row["agreement_id"], set()))

    def _agreement_status(self, row: Row, parties: set[str]) -> str:
        claims = self.claims[row["agreement_id"]]
        if any(claim.principal in parties for claim in claims.denying.get("exists", [])):
            return "disputed"

        def reached(path: str) -> bool:
            return bool(row[f"{path}_end"]) and row[f"{path}_end"] <= self.view.day

        if reached("ended") and row["end_kind"]:
            return row["end_kind"]
        for path, status in (("in_force", "in_force"), ("signed", "signed"), ("announced", "announced")):
            if reached(path):
                return status
        if any(claim.principal in parties for claim in claims.all_asserting()):
            return "agreed_not_announced"
        return "draft_reported"

    def _milestones(self) -> None:
        chains: dict[str, list[Row]] = {}
        for row in self.out["milestone_statements"]:
            chains.setdefault(row["milestone_id"], []).append(row)
        events = {row["event_id"]: row for row in self.out["events"]}
        schema = self.schemas["milestones"]
        for stored in self.tables["milestones"]:
            chain = sorted(chains.get(stored["milestone_id"], []), key=self._chain_order)
            outcome = events.get(stored["outcome_event_id"])
            if not chain and outcome is None:
                continue
            row = {
                f.name: stored[f.name] if f.kind in ("identity", "coded") or self._shows_text(f.kind) else ""
                for f in schema.fields
            }
            if row["replaced_by_id"] not in chains:
                row["replaced_by_id"] = ""
            row["status"] = self._milestone_status(row, chain, outcome)
            self.out["milestones"].append(row)

    def _chain_order(self, statement: Row) -> tuple[str, int, str]:
        """Sort by day; within a day the statement of highest standing comes last, and so decides."""
        return (
            statement["stated_on"],
            -self.vocabulary.authority_rank[statement["authority"]],
            statement["statement_id"],
        )

    def _milestone_status(self, row: Row, chain: Sequence[Row], outcome: Row | None) -> str:
        if row["replaced_by_id"]:
            return "superseded"
        if outcome is not None:
            before = [s for s in chain if s["stated_on"] < outcome["date_start"]]
            due = before[-1]["target_end"] if before else ""
            if not due:
                return "unclear"
            return "met" if outcome["date_end"] <= due else "met_late"
        if chain[-1]["qualifier"] == "dropped":
            return "abandoned"
        due = next((s["target_end"] for s in reversed(chain) if s["target_end"]), "")
        return "missed" if due and due < self.view.day else "pending"

    def _processes(self) -> None:
        days: dict[str, tuple[str, str]] = {}
        for event in self.out["events"]:
            process = event["process_id"]
            if process and event["date_start"]:
                start, end = days.get(process, (event["date_start"], event["date_end"]))
                days[process] = (min(start, event["date_start"]), max(end, event["date_end"]))
        schema = self.schemas["processes"]
        for stored in self.tables["processes"]:
            if stored["process_id"] not in days:
                continue
            start, end = days[stored["process_id"]]
            row = {
                f.name: stored[f.name] if f.kind in ("identity", "coded") or self._shows_text(f.kind) else ""
                for f in schema.fields
            }
            row["start"] = start
            row["end"] = end if _days_between(end, self.view.day) > _YEAR_DAYS else ""
            self.out["processes"].append(row)

    # Reference tables and claims

    def _references(self) -> None:
        for name in (*_REFERENCE_TABLES, "actor_names", "coverage", "retired_ids"):
            self.out[name] = [dict(row) for row in self.tables[name]]

    def _claims_table(self) -> None:
        kept: list[Row] = []
        for record_id, fields in self.ledger.by_record.items():
            if record_id not in self.claims:
                continue
            for claims in fields.values():
                kept += [row for claim in claims if (row := self._claim_row(claim)) is not None]
        self.out["claims"] = kept

    def _claim_row(self, claim: Claim) -> Row | None:
        if claim.reported_on > self.view.day:
            return None
        if self.view.party and claim.principal != self.ledger.principal_of(self.view.party):
            return None
        row = dict(claim.row)
        if claim.status in ("superseded", "retracted"):
            undone = claim.ended_on > self.view.day
        else:
            undone = claim.status == "rejected" and not self.view.hindsight
            if undone and not claim.in_asof:
                return None
        if undone:
            row |= {"status": "live", "status_reason": "", "superseded_by": ""}
        if not self.view.hindsight:
            row["note"] = ""
        return row

    def _restrict(self) -> None:
        """Limit reference rows to those that surviving records and claims use, as of the day."""
        sources = [row for row in self.out["sources"] if row["published_on"] <= self.view.day]
        pool = {name: _by_key(self.out[name], self.schemas[name].primary_key) for name in _REFERENCE_TABLES}
        pool["sources"] = _by_key(sources, ("source_id",))
        used: dict[str, set[str]] = {name: set() for name in _REFERENCE_TABLES}
        queue: list[tuple[str, Row]] = [
            (name, row)
            for name, rows in self.out.items()
            if name not in (*_REFERENCE_TABLES, "actor_names", "coverage", "retired_ids")
            for row in rows
        ]
        references = {
            name: [(f.name, f.reference[0]) for f in schema.fields if f.reference and f.reference[0] in used]
            for name, schema in self.schemas.items()
        }
        while queue:
            name, row = queue.pop()
            for column, target in references[name]:
                value = row[column]
                if value and value not in used[target] and (value,) in pool[target]:
                    used[target].add(value)
                    queue.append((target, pool[target][value,]))
        for name in _REFERENCE_TABLES:
            self.out[name] = [pool[name][key,] for key in used[name]]
            for row in self.out[name]:
                row |= {f.name: "" for f in self.schemas[name].fields if f.kind == "descriptive"}
        known = {row["source_id"] for row in sources}
        self.out["actor_names"] = [
            row for row in self.out["actor_names"] if row["actor_id"] in used["actors"] and row["source_id"] in known
        ]

    def _blank_absent(self) -> None:
        """Empty optional references to records that are absent in this view."""
        present = {
            name: {row[self.schemas[name].primary_key[0]] for row in rows}
            for name, rows in self.out.items()
            if len(self.schemas[name].primary_key) == 1
        }
        for name, rows in self.out.items():
            if name in ("coverage", "retired_ids"):
                continue
            for field in self.schemas[name].fields:
                target = field.reference[0] if field.reference else ""
                if target in present and not field.required and field.name not in self.schemas[name].primary_key:
                    for row in rows:
                        if row[field.name] and row[field.name] not in present[target]:
                            row[field.name] = ""


def _fill_count(row: Row, found: Resolution, claims: Sequence[Claim]) -> None:
    row["low"], row["best"], row["high"] = found.low, found.value, found.high
    row["best_modifier"] = found.modifier
    row["contested"] = _flag(found.contested)
    row["n_origins"] = str(count_origins(claims))


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _positive(cell: str) -> bool:
    return cell not in ("", "0")


def _union(sets: Mapping[str, set[str]], keys: object) -> set[str]:
    return {value for key in keys for value in sets.get(key, ())}  # type: ignore[attr-defined]


def _by_key(rows: Sequence[Row], key: Sequence[str]) -> dict[tuple[str, ...], Row]:
    return {tuple([row[part] for part in key]): row for row in rows}


def _days_between(first: str, second: str) -> int:
    return (date.fromisoformat(second) - date.fromisoformat(first)).days


__all__ = ["PathError", "Resolver", "Vocabulary", "derive"]
