"""Claims with everything that decides their standing looked up once."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ..reading import Row, Tables

BALANCED = "balanced"
CONSERVATIVE = "conservative"
_PARTY = re.compile(r"party\((act-[a-z0-9-]+)\)")
# A claim rejected for one of these says nothing about its record.
_EMPTY_REASONS = frozenset({"wrong_record", "coder_error", "duplicate"})


@dataclass(slots=True)
class Claim:
    """One row of ``claims`` with its principal, root source, rank and end of life."""

    row: Row
    record: str
    field: str
    value: str
    modifier: str
    asserts: bool
    reported_on: str
    claimant: str
    principal: str
    side: str
    is_placeholder: bool
    root: str
    core: bool
    ranks: Mapping[str, int]
    status: str
    reason: str
    in_asof: bool
    ended_on: str

    @property
    def claim_id(self) -> str:
        """Identifier of the claim."""
        return self.row["claim_id"]


@dataclass(frozen=True, slots=True)
class View:
    """A point on the clock of publication, and how rival claims are resolved.

    Attributes
    ----------
    day : str
        Last day of publication that counts, and evaluation day.
    hindsight : bool
        Whether later judgements and later texts of this data set may show.
    policy : str
        ``balanced``, ``conservative`` or ``party(<actor>)``.
    """

    day: str
    hindsight: bool = True
    policy: str = BALANCED

    def __post_init__(self) -> None:
        if self.policy not in (BALANCED, CONSERVATIVE) and not _PARTY.fullmatch(self.policy):
            raise ValueError(
                f"there is no policy {self.policy!r}; expected 'balanced', 'conservative' or 'party(act-…)'"
            )

    @property
    def party(self) -> str | None:
        """Actor whose account alone counts, if the policy names one."""
        found = _PARTY.fullmatch(self.policy)
        return found[1] if found else None

    @property
    def conservative(self) -> bool:
        """Whether the conservative policy is in force."""
        return self.policy == CONSERVATIVE


class Ledger:
    """All claims of a set of tables, by record and field."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.actors = {row["actor_id"]: row for row in tables["actors"]}
        self._roots = _roots(tables["sources"])
        self._bases = {
            row["code"]: (row["core"] == "true", {k: int(v) for k, v in row.items() if k.startswith("rank_")})
            for row in tables["codelist_basis"]
        }
        self._in_asof = {row["code"]: row["in_asof"] == "true" for row in tables["codelist_status_reason"]}
        reported = {row["claim_id"]: row["reported_on"] for row in tables["claims"]}
        self.by_record: dict[str, dict[str, list[Claim]]] = {}
        for row in tables["claims"]:
            claim = self._claim(row, reported)
            self.by_record.setdefault(claim.record, {}).setdefault(claim.field, []).append(claim)

    def _claim(self, row: Row, reported: Mapping[str, str]) -> Claim:
        actor = self.actors.get(row["claimant_id"], {})
        core, ranks = self._bases.get(row["basis"], (False, {}))
        return Claim(
            row=row,
            record=row["record_id"],
            field=row["field"],
            value=row["value"],
            modifier=row["modifier"],
            asserts=row["stance"] == "asserts",
            reported_on=row["reported_on"],
            claimant=row["claimant_id"],
            principal=actor.get("principal_id", row["claimant_id"]),
            side=actor.get("side", ""),
            is_placeholder=actor.get("is_placeholder") == "true",
            root=self._roots.get(row["source_id"], row["source_id"]),
            core=core,
            ranks=ranks,
            status=row["status"],
            reason=row["status_reason"],
            in_asof=self._in_asof.get(row["status_reason"], False),
            ended_on=reported.get(row["superseded_by"], "") if row["superseded_by"] else "",
        )

    @cached_property
    def newest(self) -> str:
        """Newest day on which a claim was reported; the evaluation day of the stored tables."""
        return max((row["reported_on"] for row in self.tables["claims"]), default="")

    def principal_of(self, actor_id: str) -> str:
        """Return for whom an actor speaks."""
        return self.actors.get(actor_id, {}).get("principal_id", actor_id)


def _roots(sources: Iterable[Row]) -> dict[str, str]:
    parents = {row["source_id"]: row["derives_from"] for row in sources}
    roots = {}
    for source in parents:
        seen = {source}
        top = source
        while parents.get(top) and parents[top] not in seen:
            top = parents[top]
            seen.add(top)
        roots[source] = top
    return roots


def claim_id(record_id: str, path: str, value: str, claimant_id: str, source_id: str) -> str:
    """Return the identifier of a claim: the hash of what makes it this claim and no other.

    Examples
    --------
    >>> claim_id("evt-2001-0001", "date", "2001-02-03", "act-a", "src-2001-0001")
    'clm-413ba76240ca'
    """
    text = "|".join((record_id, path, value, claimant_id, source_id))
    return "clm-" + hashlib.sha256(text.encode("utf-8")).hexdigest()[:12]


def standing(claim: Claim, view: View) -> str:
    """Return what a claim counts for in a view.

    Returns
    -------
    str
        ``live``; ``dead`` (replaced or withdrawn); ``discounted`` (judged wrong, yet it keeps its
        record in the data); ``absent`` (not yet reported, or it says nothing about its record).
    """
    if claim.reported_on > view.day:
        return "absent"
    if claim.status == "live":
        return "live"
    if claim.status == "rejected":
        if view.hindsight:
            return "absent" if claim.reason in _EMPTY_REASONS else "discounted"
        return "live" if claim.in_asof else "absent"
    if claim.ended_on > view.day or not claim.ended_on:
        return "live"
    return "discounted" if claim.status == "retracted" else "dead"


def count_origins(claims: Iterable[Claim]) -> int:
    """Return the number of independent origins: components joined by principal or root source."""
    parent: dict[tuple[str, str], tuple[str, str]] = {}

    def find(node: tuple[str, str]) -> tuple[str, str]:
        while parent.setdefault(node, node) != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for claim in claims:
        parent[find(("principal", claim.principal))] = find(("root", claim.root))
    return sum(1 for node in parent if find(node) == node)


def collapse(claims: Sequence[Claim]) -> list[Claim]:
    """Keep, for every principal that is not a placeholder, only the claims of its latest day."""
    latest: dict[str, str] = {}
    for claim in claims:
        if not claim.is_placeholder:
            latest[claim.principal] = max(latest.get(claim.principal, ""), claim.reported_on)
    return [c for c in claims if c.is_placeholder or c.reported_on == latest[c.principal]]


def core_set(claims: Sequence[Claim]) -> list[Claim]:
    """Return the claims on a core basis, or all where none is."""
    return [claim for claim in claims if claim.core] or list(claims)


@dataclass(slots=True)
class RecordClaims:
    """The claims of one record that count in one view."""

    asserting: dict[str, list[Claim]]
    denying: dict[str, list[Claim]]
    is_discounted: bool

    def all_asserting(self) -> list[Claim]:
        """Return the asserting claims of all fields."""
        return [claim for claims in self.asserting.values() for claim in claims]


def gather(fields: Mapping[str, Sequence[Claim]], view: View, principal: str | None) -> RecordClaims | None:
    """Return the claims of a record that count in `view`, or None where the record is absent."""
    asserting: dict[str, list[Claim]] = {}
    denying: dict[str, list[Claim]] = {}
    fallback: dict[str, list[Claim]] = {}
    for field, claims in fields.items():
        for claim in claims:
            if principal is not None and claim.principal != principal:
                continue
            verdict = standing(claim, view)
            if verdict == "live":
                (asserting if claim.asserts else denying).setdefault(field, []).append(claim)
            elif verdict == "discounted" and claim.asserts:
                fallback.setdefault(field, []).append(claim)
    if asserting:
        return RecordClaims(asserting, denying, False)
    if fallback:
        return RecordClaims(fallback, denying, True)
    return None
