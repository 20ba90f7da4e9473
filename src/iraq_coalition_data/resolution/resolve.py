"""From the claims on one field to its value, by policy.

Every function depends only on the set of claims, never on their order, and says in
``Resolution.step`` which step decided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from .intervals import Interval, hull, intersect, parse_interval
from .ledger import Claim, collapse, core_set, count_origins

_FLOORS = ("at_least", "more_than")
_CEILINGS = ("at_most", "fewer_than")


@dataclass(slots=True)
class Resolution:
    """The value of a field, the claims that gave it, and the deciding step."""

    value: str = ""
    low: str = ""
    high: str = ""
    modifier: str = ""
    contested: bool = False
    interval: Interval | None = None
    step: str = "none"
    winners: list[Claim] = field(default_factory=list)


def _best_class(claims: Sequence[Claim], family: str) -> list[Claim]:
    rank = min(claim.ranks[family] for claim in claims)
    return [claim for claim in claims if claim.ranks[family] == rank]


def _choose(claims: Sequence[Claim], family: str) -> tuple[list[str], list[Claim], str]:
    """Return the values that remain, their claims and the deciding step."""
    groups: dict[str, list[Claim]] = {}
    winners = _best_class(claims, family)
    for claim in winners:
        groups.setdefault(claim.value, []).append(claim)
    step = "rank" if len({claim.value for claim in claims}) > len(groups) else "agreement"
    if len(groups) > 1:
        step = "origins"
        most = {value: count_origins(group) for value, group in groups.items()}
        top = max(most.values())
        groups = {value: group for value, group in groups.items() if most[value] == top}
    if len(groups) > 1:
        step = "latest"
        days = {value: max(claim.reported_on for claim in group) for value, group in groups.items()}
        newest = max(days.values())
        groups = {value: group for value, group in groups.items() if days[value] == newest}
    if len(groups) > 1:
        step = "tie"
    return sorted(groups), [claim for group in groups.values() for claim in group], step


def resolve_code(
    claims: Sequence[Claim], family: str, *, conservative: bool, on_tie: Callable[[Sequence[str]], str]
) -> Resolution:
    """Resolve a code, an ID or a text.

    Parameters
    ----------
    claims : sequence of Claim
        Live asserting claims on the field.
    family : str
        Column of the codelist *basis* that ranks them.
    conservative : bool
        Take a value only where all claims of core standing agree.
    on_tie : callable
        Gives the value where several remain equally placed.
    """
    pool = core_set(collapse(claims))
    if conservative:
        values = sorted({claim.value for claim in pool})
        winners, step = pool, "agreement" if len(values) == 1 else "tie"
    else:
        values, winners, step = _choose(pool, family)
    value = values[0] if len(values) == 1 else on_tie(values)
    return Resolution(value=value, step=step, winners=winners)


def resolve_count(
    claims: Sequence[Claim],
    denials: Sequence[Claim],
    family: str,
    modifiers: Sequence[str],
    *,
    conservative: bool,
) -> Resolution:
    """Resolve a count into low, best and high.

    Low and high span the rival claims of core standing; a figure that was replaced is history and
    no bound. ``modifiers`` gives the order of the codelist, which breaks ties between modifiers.
    """
    live = collapse(claims)
    pool = core_set(live)
    values, winners, step = _choose(pool, family)
    best = int(values[0]) if len(values) == 1 else None
    if best is None:
        winners = [claim for claim in winners if claim.value in values]
    points = [int(c.value) for c in pool if c.modifier not in _FLOORS + _CEILINGS]
    floors = [int(c.value) for c in pool if c.modifier in _FLOORS]
    ceilings = [int(c.value) for c in pool if c.modifier in _CEILINGS]
    high: int | None
    if points:
        low = min([*points, *ceilings])
        high = max([*points, *floors])
    else:
        low = min(floors, default=0)
        high = max(ceilings, default=None)
        if high is not None and high < low:
            low, high = high, low
    if best is not None:
        # A winning floor or ceiling can lie outside the points of lesser claims.
        low = min(low, best)
        high = high if high is None else max(high, best)
    outside = any(
        (int(c.value) < low and c.modifier not in _FLOORS)
        or (high is not None and int(c.value) > high and c.modifier not in _CEILINGS)
        for c in live
        if not c.core
    )
    if conservative:
        best = low
    order = {code: position for position, code in enumerate(modifiers)}
    modifier = min((c.modifier for c in winners), key=order.__getitem__)
    return Resolution(
        value="" if best is None else str(best),
        low=str(low),
        high="" if high is None else str(high),
        modifier=modifier,
        contested=bool(denials) or outside,
        step=step,
        winners=winners,
    )


def resolve_interval(claims: Sequence[Claim], family: str, *, conservative: bool) -> Resolution:
    """Resolve an interval of days: intersect the claims in order of rank, latest day and ID."""
    if conservative:
        found = _fold(hull, [parse_interval(claim.value) for claim in claims])
        return Resolution(interval=found, step="hull", winners=list(claims))
    pool = core_set(collapse(claims))
    best = _best_class(pool, family)
    spans = [parse_interval(claim.value) for claim in best]
    common: Interval | None = spans[0]
    for span in spans[1:]:
        common = intersect(common, span) if common else None
    step = "agreement" if common and len({*spans}) == 1 else "intersection"
    if common is None:
        common, step = _fold(hull, spans), "hull"
    winners = list(best)
    rest = [claim for claim in pool if claim not in best]
    rest.sort(key=lambda c: c.claim_id)
    rest.sort(key=lambda c: c.reported_on, reverse=True)
    rest.sort(key=lambda c: c.ranks[family])
    for claim in rest:
        narrowed = intersect(common, parse_interval(claim.value))
        if narrowed and narrowed != common:
            common, step = narrowed, "intersection"
            winners.append(claim)
        elif narrowed is None and step == "agreement":
            step = "rank"
    return Resolution(interval=common, step=step, winners=winners)


def _fold(join: Callable[[Interval, Interval], Interval], spans: Iterable[Interval]) -> Interval:
    spans = iter(spans)
    result = next(spans)
    for span in spans:
        result = join(result, span)
    return result
