"""What supports a value, how it came to be, and how it changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..reading import Row, frame_from_rows, read_codes
from .derive import Resolver, Vocabulary
from .grammar import Branch, Slot
from .ledger import Claim, View, standing
from .resolve import Resolution
from .store import Store, shipped_store

if TYPE_CHECKING:
    import pandas as pd

_STEPS = {
    "default": "No claim states it; this is the documented default.",
    "none": "No claim states it.",
    "agreement": "All claims of the best standing agree.",
    "rank": "The claimant on the best basis decides; see the codelist basis.",
    "origins": "Among claims of equal standing, the value with the most independent origins decides.",
    "latest": "Among claims of equal standing and equally many origins, the latest report decides.",
    "tie": "Rival claims are equally placed, so no single value is chosen.",
    "intersection": "The claims narrow each other down; the days that they share are kept.",
    "hull": "The claims of the best standing do not meet, so the span covers all of them.",
    "rows": "Every live claim makes a row of its own; none outranks another.",
}
_FATES = {
    "superseded": "replaced by a later statement of the same principal",
    "retracted": "withdrawn by the claimant",
    "rejected": "judged wrong here",
}


def resolve_id(identifier: str) -> str:
    """Return the identifier that is in use today for a released one.

    Parameters
    ----------
    identifier : str
        Any identifier of any release.

    Returns
    -------
    str
        The same identifier, or the one that took its place.

    Raises
    ------
    UnknownIdError
        If it never existed, or its record was removed.

    Examples
    --------
    >>> resolve_id("act-us-government")
    'act-us-government'
    """
    return shipped_store().resolve_id(identifier)


def _claim_rows(store: Store, record_id: str, field: str | None) -> list[Row]:
    record_id = store.resolve_id(record_id)
    fields = store.ledger.by_record.get(record_id, {})
    if field is not None and field not in fields:
        prefix = field.rstrip("/") + "/"
        chosen = {path: claims for path, claims in fields.items() if path.startswith(prefix)}
    else:
        chosen = fields if field is None else {field: fields[field]}
    rows = [claim.row for claims in chosen.values() for claim in claims]
    return sorted(rows, key=lambda row: (row["field"], row["reported_on"], row["claim_id"]))


def claims(record_id: str, field: str | None = None) -> pd.DataFrame:
    """Return the claims on a record.

    Parameters
    ----------
    record_id : str
        An event, agreement, milestone statement, force level, tally, relation or site status.
    field : str, optional
        A claim path such as ``casualties/us_military/injured``, or the beginning of one.

    Returns
    -------
    pandas.DataFrame
        Rows of the table ``claims``, by field and day of report; live, superseded, retracted and
        rejected claims alike.

    Raises
    ------
    UnknownIdError
        If there is no such record.

    Examples
    --------
    >>> claims("agr-strategic-framework-agreement", "signed")["value"].tolist()[0]
    '2008-11-17'
    """
    store = shipped_store()
    schema = store.schemas["claims"]
    return frame_from_rows(_claim_rows(store, record_id, field), schema, read_codes(store.package, schema))


def evidence(record_id: str, field: str | None = None) -> pd.DataFrame:
    """Return the claims on a record beside their claimants, sources and publishers.

    Parameters
    ----------
    record_id : str
        As in `claims`.
    field : str, optional
        As in `claims`.

    Returns
    -------
    pandas.DataFrame
        One row per claim: field, value, modifier, value_as_stated, stance, claimant, basis,
        reported_on, status, publisher, title, url, published_on, lang, locator, claim_id, source_id.

    Raises
    ------
    UnknownIdError
        If there is no such record.

    Examples
    --------
    >>> evidence("agr-strategic-framework-agreement").columns[:3].tolist()
    ['field', 'value', 'modifier']
    """
    import pandas as pd

    store = shipped_store()
    rows = []
    for claim in _claim_rows(store, record_id, field):
        source = store.records[claim["source_id"]][1]
        rows.append(
            {name: claim[name] or None for name in ("field", "value", "modifier", "value_as_stated", "stance")}
            | {"claimant": store.name(claim["claimant_id"])}
            | {name: claim[name] for name in ("basis", "reported_on", "status")}
            | {"publisher": store.name(source["publisher_id"])}
            | {name: source[name] for name in ("title", "url", "published_on", "lang")}
            | {"locator": claim["locator"] or None}
            | {name: claim[name] for name in ("claim_id", "source_id")}
        )
    columns = ["field", "value", "modifier", "value_as_stated", "stance", "claimant", "basis", "reported_on", "status"]
    columns += ["publisher", "title", "url", "published_on", "lang", "locator", "claim_id", "source_id"]
    frame = pd.DataFrame(rows, columns=columns)
    for name in ("reported_on", "published_on"):
        frame[name] = pd.to_datetime(frame[name], format="%Y-%m-%d").astype("datetime64[us]")
    return frame


def _resolver(store: Store, view: View) -> Resolver:
    return Resolver(store.ledger, store.grammar, Vocabulary.read(store.tables), view)


def _value_on(store: Store, record_id: str, field: str, view: View) -> tuple[str, Resolution | None]:
    """Return the value of a field in a view as text, and how it was resolved."""
    table = store.records[record_id][0]
    place, _ = store.grammar.locate(table, field)
    resolver = _resolver(store, view)
    found = resolver.gather(record_id)
    if found is None:
        return "", None
    if place.kind in ("attribution", "flag", "exists"):
        values = sorted({claim.value for claim in found.asserting.get(field, [])})
        return ", ".join(values), Resolution(step="rows", winners=found.asserting.get(field, []))
    resolution = resolver.resolve(place, field, found)
    return _as_text(place, resolution), resolution


def _as_text(place: Slot | Branch, resolution: Resolution) -> str:
    if place.kind in ("interval", "start", "end"):
        if resolution.interval is None:
            return ""
        start, end = resolution.interval
        return start if start == end else f"{start or '..'}/{end or '..'}"
    return resolution.value


def history(record_id: str, field: str) -> pd.DataFrame:
    """Return how a value changed as the public learned more.

    Parameters
    ----------
    record_id : str
        As in `claims`.
    field : str
        A claim path such as ``casualties/us_military/injured`` or ``target``.

    Returns
    -------
    pandas.DataFrame
        One row per state of knowledge: value, low, high (persons, events or munitions; missing for
        other fields), contested, known_from and known_to (missing while the state lasts).

    Raises
    ------
    UnknownIdError
        If there is no such record.
    PathError
        If the record has no such field.

    Examples
    --------
    >>> history("agr-strategic-framework-agreement", "signed")["value"].tolist()[-1]
    '2008-11-17'
    """
    import pandas as pd

    store = shipped_store()
    record_id = store.resolve_id(record_id)
    store.grammar.locate(store.records[record_id][0], field)
    claims_on_field = store.ledger.by_record.get(record_id, {}).get(field, [])
    states: list[dict[str, object]] = []
    for day in sorted({claim.reported_on for claim in claims_on_field}):
        value, found = _value_on(store, record_id, field, View(day, hindsight=False))
        if found is None:
            continue
        state = {"value": value, "low": found.low, "high": found.high, "contested": found.contested}
        if not states or any(states[-1][key] != state[key] for key in state):
            states.append(state | {"known_from": day})
    frame = pd.DataFrame(states, columns=["value", "low", "high", "contested", "known_from"])
    for name in ("low", "high"):
        frame[name] = pd.array([int(cell) if cell else None for cell in frame[name]], dtype="Int64")
    frame["known_from"] = pd.to_datetime(frame["known_from"], format="%Y-%m-%d").astype("datetime64[us]")
    frame["known_to"] = frame["known_from"].shift(-1) - pd.Timedelta(days=1)
    return frame


def explain(record_id: str, field: str) -> str:
    """Say in words why a field has its value: each claim, its fate and the deciding step.

    Parameters
    ----------
    record_id : str
        As in `claims`.
    field : str
        A claim path such as ``casualties/us_military/injured`` or ``target``.

    Returns
    -------
    str
        Several lines of plain text.

    Raises
    ------
    UnknownIdError
        If there is no such record.
    PathError
        If the record has no such field.

    Examples
    --------
    >>> print(explain("agr-strategic-framework-agreement", "signed").splitlines()[0])
    agr-strategic-framework-agreement · signed = 2008-11-17
    """
    store = shipped_store()
    record_id = store.resolve_id(record_id)
    view = View(store.ledger.newest)
    value, found = _value_on(store, record_id, field, view)
    claims_on_field = store.ledger.by_record.get(record_id, {}).get(field, [])
    head = f"{record_id} · {field} = {value or 'not decidable'}"
    if found is not None and found.low and (found.low, found.high) != (value, value):
        head += f" (range {found.low} to {found.high or 'open'})"
    lines = [head, _STEPS[found.step if found else "none"]]
    if found is not None and found.contested:
        lines.append("Contested: a live claim denies it or lies outside the range.")
    for claim in sorted(claims_on_field, key=lambda c: (c.reported_on, c.claim_id)):
        lines += ["", *_describe(store, claim, view, found)]
    return "\n".join(lines)


def _describe(store: Store, claim: Claim, view: View, found: Resolution | None) -> Sequence[str]:
    row = claim.row
    source = store.records[row["source_id"]][1]
    verb = "said" if claim.asserts else "denied"
    modifier = "" if claim.modifier == "exact" else f"{claim.modifier.replace('_', ' ')} "
    words = f" (“{row['value_as_stated']}”)" if row["value_as_stated"] else ""
    fate = ""
    if found is not None and any(claim is winner for winner in found.winners):
        fate = "decides"
    elif standing(claim, view) == "live":
        agrees = found is not None and claim.asserts and claim.value in {winner.value for winner in found.winners}
        fate = "agrees" if agrees else "counts, without deciding"
    if not fate:
        fate = _FATES[claim.status]
        if claim.status == "rejected":
            fate += f" ({claim.reason.replace('_', ' ')})"
        if row["superseded_by"]:
            fate += f", {row['superseded_by']} of {claim.ended_on}"
    lines = [
        f"{claim.reported_on}  {store.name(claim.claimant)} {verb} {modifier}{claim.value}{words}",
        f"            {fate}; basis {row['basis']}; {claim.claim_id}",
        f"            {store.name(source['publisher_id'])}: {source['title']} <{source['url']}>",
    ]
    if row["note"]:
        lines.append(f"            Note: {row['note']}")
    return lines
