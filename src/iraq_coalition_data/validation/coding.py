"""Coding rules: attribution, counts, places, agreements, milestones, tallies."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence

from ..reading import Row
from .dates import FIRST_DAY, LAST_DAY, days_between, period_end
from .finding import ERROR, MEASURE, WARNING
from .references import live_claims
from .rule import Edit, Fault, rule
from .state import State

INITIATING = ("initiator", "co_initiator")
RECEIVING = ("target", "host", "victim")
DENIALS = ("denied_by_named", "denied_by_other")
_OWN_WORD = ("self_claimed", "acknowledged_own_act")
_SITES = ("site", "near_site")
_NEAR_KM, _NEAR_DAYS = 5.0, 2
_EARTH_KM = 6371.0
# Groups of casualties that belong to a side; civilians belong to none.
SIDE_GROUPS = {
    "us": ("us_military", "us_contractor", "us_civilian"),
    "coalition_other": ("coalition_other_military",),
    "iraq_federal": ("iraqi_army_police", "pmf"),
    "kurdistan_region": ("peshmerga",),
    "iraq_armed_group": ("armed_group", "pmf"),
    "iran": ("iranian_military",),
    "isis": ("isis",),
    "syria": ("armed_group",),
}


def _attributions(state: State) -> Iterator[tuple[Row, str, str]]:
    """Yield every live claim about the part of an actor in an event, with role and actor."""
    for row, _, place, parts in live_claims(state):
        if place.kind == "attribution":
            yield row, parts[0], parts[1]


def _roles(state: State) -> dict[str, dict[str, set[str]]]:
    """Return actors by event and role, denials left out."""
    found: dict[str, dict[str, set[str]]] = {}
    for row in state.tables["event_actors"]:
        if row["attribution"] not in DENIALS:
            found.setdefault(row["event_id"], {}).setdefault(row["role"], set()).add(row["actor_id"])
    return found


def _in_roles(roles: dict[str, set[str]], names: Iterable[str]) -> set[str]:
    return {actor for name in names for actor in roles.get(name, ())}


def _sides(state: State, actors: Iterable[str]) -> set[str]:
    return {state.by_id["actors"][actor]["side"] for actor in actors if actor in state.by_id["actors"]}


def _counted_events(state: State) -> Iterator[Row]:
    """Yield attacks that counts take in: discounted ones are kept, but not counted."""
    types = state.codelist("event_type")
    for row in state.tables["events"]:
        if types[row["event_type"]]["counts_as_attack"] == "true" and row["verification"] != "discounted":
            yield row


@rule(
    "ICD501",
    ERROR,
    "An attack has an initiator and a target",
    why="Counts by initiator and by target must take in every attack, also one that nobody claimed.",
    fix="Add claims on actors/initiator/… and actors/target/…; where nobody is named, act-unknown with unknown.",
    fails=(
        Edit("event_actors", "evt-2001-0002 act-example-brand initiator brand_claimed"),
        Edit("event_actors", "evt-2001-0002 act-example-force-a target stated", "role", "victim"),
    ),
    passes=(
        Edit("event_actors", "evt-2001-0002 act-example-brand initiator brand_claimed", "actor_id", "act-unknown"),
    ),
)
def _attacks_have_two_ends(state: State) -> Iterator[Fault]:
    roles = _roles(state)
    for row in state.tables["events"]:
        if row["event_type"] != "armed_action":
            continue
        for role in ("initiator", "target"):
            if not roles.get(row["event_id"], {}).get(role):
                yield Fault("events", row, f"The attack has no {role}.", "event_type", f"a claim on actors/{role}/…")


@rule(
    "ICD502",
    ERROR,
    "A group's or a state's own word is its own",
    why="Claimed and acknowledged mean that the actor itself spoke; what others say of it is an attribution.",
    fix="Name the actor as claimant, or use attributed_by_… as the value.",
    fails=(
        Edit("claims", "evt-2001-0001 actors/initiator/act-example-group-c", "claimant_id", "act-example-force-a"),
        Edit("claims", "evt-2001-0002 actors/initiator/act-example-brand", "claimant_id", "act-example-group-c"),
        Edit("claims", "evt-2001-0003 actors/initiator/act-example-force-a", "value", "brand_claimed"),
    ),
    passes=(Edit("claims", "evt-2001-0001 actors/initiator/act-example-group-c", "value", "inferred_pattern"),),
)
def _own_word_is_own(state: State) -> Iterator[Fault]:
    principal = state.ledger.principal_of
    for row, _, actor in _attributions(state):
        value = row["value"]
        if value not in (*_OWN_WORD, "brand_claimed"):
            continue
        if principal(row["claimant_id"]) != principal(actor):
            yield Fault(
                "claims",
                row,
                f"{value!r} of {actor!r} is said by {row['claimant_id']!r}.",
                "claimant_id",
                f"a claimant who speaks for {principal(actor)!r}",
            )
        elif value == "brand_claimed" and state.by_id["actors"].get(actor, {}).get("is_brand") != "true":
            yield Fault("claims", row, f"{actor!r} is no brand.", "value", "self_claimed or acknowledged_own_act")


@rule(
    "ICD503",
    ERROR,
    "A brand does not acknowledge an act",
    why="Acknowledgement is the word of a state or of a force with a command; a brand has neither.",
    fix="Use brand_claimed.",
    fails=(Edit("claims", "evt-2001-0002 actors/initiator/act-example-brand", "value", "acknowledged_own_act"),),
    passes=(Edit("claims", "evt-2001-0003 actors/initiator/act-example-force-a", "value", "acknowledged_own_act"),),
)
def _brands_do_not_acknowledge(state: State) -> Iterator[Fault]:
    actors = state.by_id["actors"]
    for row, _, actor in _attributions(state):
        if row["value"] == "acknowledged_own_act" and actors.get(actor, {}).get("is_brand") == "true":
            yield Fault("claims", row, f"{actor!r} is a brand.", "value", "brand_claimed")


@rule(
    "ICD504",
    ERROR,
    "An attribution by the target or the host comes from it",
    why="The level of an attribution says who stands behind it.",
    fix="Add the claim that names the claimant's side as target or host, or use attributed_by_other.",
    fails=(
        Edit("claims", "evt-2001-0001 actors/initiator/act-example-armed-category", "claimant_id", "act-example-wire"),
        Edit("claims", "evt-2001-0001 actors/initiator/act-example-armed-category", "value", "attributed_by_host"),
    ),
    passes=(
        Edit("claims", "evt-2001-0001 actors/initiator/act-example-armed-category", "value", "attributed_by_other"),
    ),
)
def _attributions_come_from_their_level(state: State) -> Iterator[Fault]:
    principal = state.ledger.principal_of
    roles = _roles(state)
    for row, _, _ in _attributions(state):
        role = row["value"].removeprefix("attributed_by_")
        if role in ("target", "host") and role != row["value"]:
            own = {principal(actor) for actor in roles.get(row["record_id"], {}).get(role, ())}
            if principal(row["claimant_id"]) not in own:
                yield Fault(
                    "claims",
                    row,
                    f"{row['value']!r}, but {row['claimant_id']!r} does not speak for a {role} of the event.",
                    "value",
                    f"a claim on actors/{role}/{row['claimant_id']}, or attributed_by_other",
                )


@rule(
    "ICD505",
    ERROR,
    "A denied part is a denial, and only that",
    why="Who denies is kept as a row of its own; it must not count as an assertion.",
    fix="Give the claim the stance denies where its value is denied_by_…, and asserts elsewhere.",
    fails=(
        Edit("claims", "evt-2001-0001 actors/initiator/act-example-group-c", "stance", "denies"),
        Edit("claims", "evt-2001-0001 actors/initiator/act-example-group-c", "value", "denied_by_named"),
    ),
    passes=(Edit("claims", "evt-2001-0001 outcome", "stance", "denies"),),
)
def _denials_deny(state: State) -> Iterator[Fault]:
    for row, _, _ in _attributions(state):
        expected = "denies" if row["value"] in DENIALS else "asserts"
        if row["stance"] != expected:
            yield Fault("claims", row, f"{row['value']!r} has the stance {row['stance']!r}.", "stance", expected)


@rule(
    "ICD506",
    WARNING,
    "Actors take part while they exist",
    why="An event outside the life of an actor has the wrong day or the wrong actor.",
    fix="Correct active_from or active_to of the actor, or the claim that names it.",
    fails=(Edit("actors", "act-example-group-c", "active_from", "2001-06-01"),),
    passes=(Edit("actors", "act-example-group-c", "active_from", "2000-06-01"),),
)
def _actors_exist(state: State) -> Iterator[Fault]:
    events, actors = state.by_id["events"], state.by_id["actors"]
    for row in state.tables["event_actors"]:
        event, actor = events.get(row["event_id"]), actors.get(row["actor_id"])
        if event is None or actor is None or actor["is_placeholder"] == "true":
            continue
        if event["date_end"] < (actor["active_from"] or FIRST_DAY) or event["date_start"] > (
            actor["active_to"] or LAST_DAY
        ):
            yield Fault(
                "event_actors",
                row,
                f"{row['actor_id']!r} was active {actor['active_from'] or '…'} to {actor['active_to'] or '…'}, "
                f"the event is of {event['date_start']}.",
                "actor_id",
            )


@rule(
    "ICD507",
    ERROR,
    "Brain injuries and evacuations are among the injured",
    why="They are counted separately and inside the injured, so that sums are not taken twice.",
    fix="Add the claim on casualties/…/injured that includes them, or correct the figure.",
    fails=(
        Edit(
            "event_casualties",
            row=(
                ("event_id", "evt-2001-0001"),
                ("group", "us_military"),
                ("outcome", "brain_injury"),
                ("low", "9"),
                ("best", "9"),
                ("high", "9"),
                ("contested", "false"),
                ("n_origins", "1"),
            ),
        ),
    ),
    passes=(
        Edit(
            "event_casualties",
            row=(
                ("event_id", "evt-2001-0001"),
                ("group", "us_military"),
                ("outcome", "brain_injury"),
                ("low", "1"),
                ("best", "1"),
                ("high", "1"),
                ("contested", "false"),
                ("n_origins", "1"),
            ),
        ),
    ),
)
def _subsets_are_not_larger(state: State) -> Iterator[Fault]:
    injured = {
        (row["event_id"], row["group"]): row["high"]
        for row in state.tables["event_casualties"]
        if row["outcome"] == "injured"
    }
    for row in state.tables["event_casualties"]:
        whole = injured.get((row["event_id"], row["group"]))
        if row["outcome"] in ("brain_injury", "evacuated") and row["high"] and whole and int(row["high"]) > int(whole):
            yield Fault(
                "event_casualties",
                row,
                f"{row['outcome']} is up to {row['high']}, injured up to {whole}.",
                "high",
                f"at most {whole}",
            )


@rule(
    "ICD508",
    ERROR,
    "No more munitions arrive than were launched",
    why="Intercepted, impacted and failed munitions are parts of those launched.",
    fix="Correct one of the figures; where sources differ, code both: who saw more arrive saw no fewer launched.",
    fails=(Edit("event_munitions", "evt-2001-0001 rocket impacted", "low", "30"),),
    passes=(Edit("event_munitions", "evt-2001-0001 rocket impacted", "low", "10"),),
)
def _no_more_arrive_than_launched(state: State) -> Iterator[Fault]:
    parts: dict[tuple[str, str], int] = {}
    for row in state.tables["event_munitions"]:
        if row["measure"] != "launched" and row["low"]:
            key = (row["event_id"], row["munition"])
            parts[key] = parts.get(key, 0) + int(row["low"])
    for row in state.tables["event_munitions"]:
        found = parts.get((row["event_id"], row["munition"]), 0)
        # A contested number of launches is a disagreement of sources, and that is data.
        settled = row["measure"] == "launched" and row["high"] and row["contested"] != "true"
        if settled and found > int(row["high"]):
            yield Fault(
                "event_munitions",
                row,
                f"At most {row['high']} were launched, but at least {found} were intercepted, hit or failed.",
                "high",
                f"at least {found}",
            )


@rule(
    "ICD509",
    ERROR,
    "Where all was intercepted, nothing hit",
    why="The outcome intercepted means that every munition was stopped in flight.",
    fix="Use partly_intercepted, or correct the number of impacts.",
    fails=(Edit("events", "evt-2001-0001", "outcome", "intercepted"),),
    passes=(Edit("events", "evt-2001-0001", "outcome", "partly_intercepted"),),
)
def _intercepted_means_all(state: State) -> Iterator[Fault]:
    hits = {
        row["event_id"]
        for row in state.tables["event_munitions"]
        if row["measure"] == "impacted" and row["low"] not in ("", "0")
    }
    for row in state.tables["events"]:
        if row["outcome"] == "intercepted" and row["event_id"] in hits:
            yield Fault(
                "events",
                row,
                "The outcome is 'intercepted', but at least one munition hit.",
                "outcome",
                "partly_intercepted",
            )


@rule(
    "ICD510",
    ERROR,
    "The stored tier follows the rule",
    why="Tier 1 is what must never be missed: deaths, injuries, agreements, hand-overs, rounds.",
    fix="Run icd fmt, which computes the tier.",
    fails=(Edit("events", "evt-2001-0001", "tier", "2"),),
    passes=(Edit("events", "evt-2001-0002", "tier", "2"),),
)
def _tier_follows_the_rule(state: State) -> Iterator[Fault]:
    types = state.codelist("event_type")
    harmed = {
        row["event_id"]
        for row in state.tables["event_casualties"]
        if row["outcome"] in ("killed", "injured", "missing") and not {row["low"], row["best"]} <= {"", "0"}
    }
    for row in state.tables["events"]:
        expected = "1" if row["event_id"] in harmed else types[row["event_type"]]["base_tier"]
        if row["tier"] != expected:
            yield Fault("events", row, f"The tier is {row['tier']!r}.", "tier", expected, "Run: icd fmt", fixable=True)


@rule(
    "ICD511",
    WARNING,
    "Attacks near one another in place and time are told apart",
    why="Two reports of one attack, coded twice, would count it twice.",
    fix="Merge them with icd retire, or link them: distinct_from, possible_duplicate, same_operation.",
    fails=(Edit("events", "evt-2001-0002", "date_start", "2001-02-12"),),
    passes=(Edit("events", "evt-2001-0002", "date_start", "2001-02-13"),),
)
def _near_attacks_are_told_apart(state: State) -> Iterator[Fault]:
    linked = {frozenset((row["from_event_id"], row["to_event_id"])) for row in state.tables["event_links"]}
    attacks = sorted(
        (row for row in _counted_events(state) if row["date_start"] <= row["date_end"]),
        key=lambda row: (row["date_start"], row["event_id"]),
    )
    open_attacks: list[Row] = []
    for row in attacks:
        open_attacks = [o for o in open_attacks if days_between(o["date_end"], row["date_start"]) <= _NEAR_DAYS]
        for other in open_attacks:
            pair = frozenset((row["event_id"], other["event_id"]))
            if pair not in linked and _near(state, row["location_id"], other["location_id"]):
                yield Fault(
                    "events",
                    row,
                    f"Within {_NEAR_KM:.0f} km and {_NEAR_DAYS} days of {other['event_id']} ({other['date_start']}), "
                    "and not linked to it.",
                    "date_start",
                )
        open_attacks.append(row)


def _near(state: State, first: str, second: str) -> bool:
    kinds = state.codelist("location_kind")
    places = [state.by_id["locations"].get(place) for place in (first, second)]
    if any(place is None or kinds[place["kind"]]["geo_precision"] not in _SITES for place in places):
        return False
    if first == second:
        return True
    points = [(float(p["lat"]), float(p["lon"])) for p in places if p is not None and p["lat"] and p["lon"]]
    return len(points) == 2 and _distance_km(points[0], points[1]) <= _NEAR_KM


def _distance_km(first: tuple[float, float], second: tuple[float, float]) -> float:
    """Return the distance along a great circle between two points in degrees."""
    lat_1, lon_1, lat_2, lon_2 = map(math.radians, (*first, *second))
    half = math.sin((lat_2 - lat_1) / 2) ** 2 + math.cos(lat_1) * math.cos(lat_2) * math.sin((lon_2 - lon_1) / 2) ** 2
    return 2 * _EARTH_KM * math.asin(math.sqrt(half))


@rule(
    "ICD512",
    ERROR,
    "A response comes after what it responds to",
    why="A response to something that had not happened yet has the wrong event or the wrong day.",
    fix="Correct the link or one of the days.",
    fails=(Edit("events", "evt-2001-0003", "date_start", "2001-05-01"),),
    passes=(Edit("events", "evt-2001-0003", "date_start", "2001-02-09"),),
)
def _responses_come_after(state: State) -> Iterator[Fault]:
    events = state.by_id["events"]
    for row in state.tables["event_links"]:
        own, other = events.get(row["from_event_id"]), events.get(row["to_event_id"])
        if row["link"] == "stated_response_to" and own and other and other["date_start"] > own["date_end"]:
            yield Fault(
                "event_links",
                row,
                f"{row['to_event_id']!r} began on {other['date_start']}, the response was over by {own['date_end']}.",
                "to_event_id",
            )


@rule(
    "ICD513",
    ERROR,
    "The end of a suspension names the suspension",
    why="How long a suspension held can be read only where its end is tied to its declaration.",
    fix="Add a claim on links/ends_suspension/… that leads to the earlier declaration by the same actor.",
    fails=(
        Edit("event_links", "evt-2001-0005 ends_suspension evt-2001-0004"),
        Edit("events", "evt-2001-0004", "event_type", "threat_issued"),
        Edit("event_actors", "evt-2001-0004 act-example-group-c announcer stated", "actor_id", "act-example-brand"),
    ),
    passes=(Edit("events", "evt-2001-0004", "scope_reason", "I4"),),
)
def _ended_suspensions_are_named(state: State) -> Iterator[Fault]:
    events = state.by_id["events"]
    roles = _roles(state)

    def speakers(event: str) -> set[str]:
        found = roles.get(event, {})
        return {state.ledger.principal_of(actor) for actor in _in_roles(found, found.keys() - set(RECEIVING))}

    links = state.group("event_links", "from_event_id")
    for row in state.tables["events"]:
        if row["event_type"] != "suspension_ended":
            continue
        targets = [
            events.get(x["to_event_id"]) for x in links.get(row["event_id"], ()) if x["link"] == "ends_suspension"
        ]
        if not any(
            target is not None
            and target["event_type"] == "suspension_declared"
            and target["date_start"] <= row["date_end"]
            and speakers(target["event_id"]) & speakers(row["event_id"])
            for target in targets
        ):
            yield Fault(
                "events",
                row,
                "The suspension that ended here is not named.",
                "event_type",
                "a link ends_suspension to an earlier suspension_declared by the same actor",
            )


@rule(
    "ICD514",
    ERROR,
    "No actor is part of itself on any day",
    why="Counts by parent body would run in a circle.",
    fix="Correct one of the relations, or the day on which it starts or ends.",
    fails=(
        Edit(
            "actor_relations",
            row=(
                ("relation_id", "rel-0009"),
                ("actor_id", "act-example-government-a"),
                ("relation", "subordinate_to"),
                ("other_actor_id", "act-example-force-a"),
                ("contested", "false"),
            ),
        ),
    ),
    passes=(
        Edit(
            "actor_relations",
            row=(
                ("relation_id", "rel-0009"),
                ("actor_id", "act-example-government-a"),
                ("relation", "subordinate_to"),
                ("other_actor_id", "act-example-force-a"),
                ("end", "1980-01-01"),
                ("contested", "false"),
            ),
        ),
    ),
)
def _no_actor_is_part_of_itself(state: State) -> Iterator[Fault]:
    edges = [row for row in state.tables["actor_relations"] if row["relation"] in ("part_of", "subordinate_to")]
    reported: set[str] = set()
    for day in sorted({row["start"] or FIRST_DAY for row in edges}):
        held = [row for row in edges if (row["start"] or FIRST_DAY) <= day <= period_end(row)]
        for row in held:
            if row["relation_id"] not in reported and _leads_back(row, held):
                reported.update(r["relation_id"] for r in held if _leads_back(r, held))
                yield Fault(
                    "actor_relations",
                    row,
                    f"{row['actor_id']!r} is {row['relation']} {row['other_actor_id']!r}, which leads back to it.",
                    "other_actor_id",
                )


def _leads_back(row: Row, held: Sequence[Row]) -> bool:
    """Return whether the other actor of a relation is, step by step, part of its own actor."""
    reached, queue = {row["other_actor_id"]}, [row["other_actor_id"]]
    while queue:
        actor = queue.pop()
        new = {r["other_actor_id"] for r in held if r["actor_id"] == actor} - reached
        reached |= new
        queue += new
    return row["actor_id"] in reached


@rule(
    "ICD515",
    ERROR,
    "A contestable relation has a named claimant",
    why="That a brand is a facade, or a group supported by a state, must not rest on the word of nobody.",
    fix="Add a claim of the relation by a named body, or remove the relation.",
    fails=(Edit("claims", "rel-0001 exists", "claimant_id", "act-example-official"),),
    passes=(Edit("claims", "rel-0002 exists", "claimant_id", "act-example-official"),),
)
def _contestable_relations_are_claimed(state: State) -> Iterator[Fault]:
    codes, actors = state.codelist("actor_relation"), state.by_id["actors"]
    named = {
        claim["record_id"]
        for claim in state.tables["claims"]
        if claim["status"] == "live"
        and claim["stance"] == "asserts"
        and actors.get(claim["claimant_id"], {}).get("is_placeholder") == "false"
    }
    for row in state.tables["actor_relations"]:
        if codes[row["relation"]]["contestable"] == "true" and row["relation_id"] not in named:
            yield Fault(
                "actor_relations",
                row,
                f"The relation {row['relation']!r} is claimed by nobody named.",
                "relation",
                "a claim",
            )


@rule(
    "ICD516",
    ERROR,
    "A hand-over names a site, and its transfer is recorded",
    why="Which sites hosted the coalition on a day follows from location_status, not from the event.",
    fix="Name the site as location_id, and add a location_status transferred that starts within the days of the event.",
    fails=(
        Edit("events", "evt-2001-0008", "location_id", "loc-example-country"),
        Edit("location_status", "lst-0002", "start", "2001-06-15"),
    ),
    passes=(Edit("location_status", "lst-0002", "note", "A ceremony was held."),),
)
def _handovers_transfer_a_site(state: State) -> Iterator[Fault]:
    kinds, places = state.codelist("location_kind"), state.by_id["locations"]
    transfers = [row for row in state.tables["location_status"] if row["status"] == "transferred"]
    for row in state.tables["events"]:
        if row["event_type"] != "site_handover" or row["verification"] == "discounted":
            continue
        place = places.get(row["location_id"])
        if place is not None and kinds[place["kind"]]["geo_precision"] not in _SITES:
            yield Fault(
                "events", row, f"{row['location_id']!r} is no site.", "location_id", "the site that was handed over"
            )
        elif not any(
            t["location_id"] == row["location_id"] and row["date_start"] <= t["start"] <= row["date_end"]
            for t in transfers
        ):
            yield Fault(
                "events",
                row,
                f"No transfer of {row['location_id']!r} starts between {row['date_start']} and {row['date_end']}.",
                "location_id",
                "a record of location_status",
            )


@rule(
    "ICD517",
    ERROR,
    "A transferred site hosts the coalition only after it was reopened",
    why="Presence on a day would otherwise contradict itself.",
    fix="Add the status reopened, or correct the days of one of the others.",
    fails=(
        Edit("location_status", "lst-0001", "start", "2001-06-01"),
        Edit("location_status", "lst-0001", "end", "2001-07-01"),
    ),
    passes=(Edit("location_status", "lst-0001", "start", "2001-01-20"),),
)
def _transferred_sites_host_nobody(state: State) -> Iterator[Fault]:
    for statuses in state.group("location_status", "location_id").values():
        for row in statuses:
            if row["status"] != "hosts_coalition":
                continue
            last = max(row["start"], row["end"])
            for transfer in statuses:
                if transfer["status"] != "transferred" or not transfer["start"] or last <= transfer["start"]:
                    continue
                if not any(r["status"] == "reopened" and transfer["start"] <= r["start"] <= last for r in statuses):
                    yield Fault(
                        "location_status",
                        row,
                        f"{row['location_id']!r} hosts the coalition until {last} at least, "
                        f"but was transferred on {transfer['start']} ({transfer['location_status_id']}).",
                        "status",
                        "a status reopened in between",
                    )
                    break


_ONE_SIDED = ("unilateral_declaration", "legislation", "un_instrument")
_PARTY_ROLES = ("signatory", "announcer", "guarantor", "host")


@rule(
    "ICD518",
    ERROR,
    "An agreement has two parties",
    why="A text of one party is a declaration, not an agreement.",
    fix="Add claims on parties/…, or correct the form.",
    fails=(
        Edit("agreement_parties", "agr-example-statement act-example-government-a announcer"),
        Edit(
            "agreement_parties", "agr-example-statement act-example-government-a announcer", "party_role", "signatory"
        ),
    ),
    passes=(
        Edit(
            "agreement_parties",
            "agr-example-statement act-example-government-a announcer",
            "actor_id",
            "act-example-force-a",
        ),
    ),
)
def _agreements_have_two_parties(state: State) -> Iterator[Fault]:
    parties = state.group("agreement_parties", "agreement_id")
    for row in state.tables["agreements"]:
        rows = parties.get(row["agreement_id"], [])
        roles = ("announcer",) if row["form"] == "joint_statement" else _PARTY_ROLES
        found = {r["actor_id"] for r in rows if r["party_role"] in roles}
        if row["form"] not in _ONE_SIDED and len(found) < 2:
            what = "announcers" if row["form"] == "joint_statement" else "parties"
            yield Fault(
                "agreements", row, f"The form {row['form']!r} has {len(found)} {what}.", "form", f"at least two {what}"
            )


_SCOPE_EVENTS = {
    "mission_ends": ("mission_change", "agreement_ended", "agreement_in_force", "communique", "force_departure"),
    "forces_leave_area": ("force_departure", "force_relocation", "mission_change", "site_handover"),
    "site_handover": ("site_handover",),
    "force_number": ("force_departure", "force_arrival", "force_relocation", "executive_act", "mission_change"),
    "announcement_made": (
        *("communique", "agreement_concluded", "target_date_stated", "high_level_meeting", "negotiation_round"),
        *("mission_change", "executive_act"),
    ),
    "round_held": ("negotiation_round", "high_level_meeting"),
    "agreement_signed": ("agreement_concluded", "communique"),
    "law_passed": ("legislative_act",),
}


@rule(
    "ICD519",
    ERROR,
    "A milestone's outcome fits its scope and follows its first statement",
    why="Whether a date was met is judged by the outcome; another kind of event would judge something else.",
    fix="Name the event that the outcome_rule describes, or split the milestone: one commitment each.",
    fails=(
        Edit("milestones", "mst-example-handover", "outcome_event_id", "evt-2001-0007"),
        Edit("milestone_statements", "mst-example-handover-v01", "stated_on", "2001-06-30"),
    ),
    passes=(Edit("milestones", "mst-example-handover", "outcome_event_id", ""),),
)
def _outcomes_fit_their_milestone(state: State) -> Iterator[Fault]:
    events = state.by_id["events"]
    statements = state.group("milestone_statements", "milestone_id")
    for row in state.tables["milestones"]:
        event = events.get(row["outcome_event_id"])
        if event is None:
            continue
        fitting = _SCOPE_EVENTS.get(row["scope"], ())
        first = min((s["stated_on"] for s in statements.get(row["milestone_id"], ())), default=FIRST_DAY)
        if fitting and event["event_type"] not in fitting:
            yield Fault(
                "milestones",
                row,
                f"The outcome of a milestone of scope {row['scope']!r} is an event of type {event['event_type']!r}.",
                "outcome_event_id",
                "an event of type " + " or ".join(fitting),
            )
        elif event["date_end"] < first:
            yield Fault(
                "milestones",
                row,
                f"The outcome of {event['date_end']} lies before the first statement of {first}.",
                "outcome_event_id",
            )


@rule(
    "ICD520",
    WARNING,
    "A joint statement names its second issuer",
    why="Joint official dates weigh most; the second issuer shows that they are joint.",
    fix="Fill co_stated_by_id, or use official_named.",
    fails=(Edit("milestone_statements", "mst-example-mission-end-v01", "co_stated_by_id", ""),),
    passes=(Edit("milestone_statements", "mst-example-mission-end-v01", "authority", "official_named"),),
)
def _joint_statements_are_joint(state: State) -> Iterator[Fault]:
    for row in state.tables["milestone_statements"]:
        if row["authority"] == "joint_official" and not row["co_stated_by_id"]:
            yield Fault(
                "milestone_statements", row, "A joint statement has one issuer.", "co_stated_by_id", "the second issuer"
            )


def _figure(row: Row) -> int | None:
    text = row["best"] or row["low"]
    return int(text) if text else None


@rule(
    "ICD521",
    WARNING,
    "A running total does not fall",
    why="A cumulative count that falls was redefined or misread; both are worth a note.",
    fix="Look at the definition of the later total, and at its window.",
    fails=(Edit("reported_tallies", "tly-2001-0002", "best", "1"),),
    passes=(Edit("reported_tallies", "tly-2001-0002", "best", "3"),),
)
def _totals_do_not_fall(state: State) -> Iterator[Fault]:
    series: dict[tuple[str, ...], list[Row]] = {}
    for row in state.tables["reported_tallies"]:
        key = (state.ledger.principal_of(row["claimant_id"]), row["measure"], row["area_id"], row["window_start"])
        series.setdefault(key, []).append(row)
    for rows in series.values():
        top: tuple[int, Row] | None = None
        for row in sorted(rows, key=lambda r: (r["window_end"], r["tally_id"])):
            figure = _figure(row)
            if figure is None:
                continue
            if top is not None and figure < top[0]:
                yield Fault(
                    "reported_tallies",
                    row,
                    f"{figure} by {row['window_end']}, but {top[0]} by {top[1]['window_end']} ({top[1]['tally_id']}).",
                    "best" if row["best"] else "low",
                    f"at least {top[0]}",
                )
            else:
                top = (figure, row)


@rule(
    "ICD522",
    WARNING,
    "A published total is reconciled with the events",
    why="Official totals are data; where ours differ, readers must learn why.",
    fix="Look for events that are missing or doubled; where the difference stays, say why in reconciliation_note.",
    fails=(Edit("reported_tallies", "tly-2001-0002", "low", "30"),),
    passes=(Edit("reported_tallies", "tly-2001-0002", "low", "1"),),
)
def _totals_are_reconciled(state: State) -> Iterator[Fault]:
    count = _counter(state)
    for row in state.tables["reported_tallies"]:
        low, high = row["low"] or row["best"], row["high"]
        if row["reconciliation_note"] or not low:
            continue
        ours = count(row)
        if ours is None:
            continue
        gap = max(int(low) - ours[1], ours[0] - int(high) if high else 0)
        if gap > max(2, 0.05 * int(low)):
            span = str(ours[0]) if ours[0] == ours[1] else f"{ours[0]} to {ours[1]}"
            yield Fault(
                "reported_tallies",
                row,
                f"The total is {low} to {high or 'open'}, the events give {span}.",
                "reconciliation_note",
                "why they differ",
            )


def _counter(state: State) -> Callable[[Row], tuple[int, int] | None]:
    """Return a function that counts what a tally counts, as lowest and highest figure from the events."""
    roles = _roles(state)
    attacks = list(_counted_events(state))
    sides = {
        row["event_id"]: {
            "by": _sides(state, _in_roles(roles.get(row["event_id"], {}), INITIATING)),
            "on": _sides(state, _in_roles(roles.get(row["event_id"], {}), ("target",))),
        }
        for row in attacks
    }
    claimed = {
        row["event_id"]
        for row in state.tables["event_actors"]
        if row["role"] in INITIATING and row["attribution"] in ("self_claimed", "brand_claimed")
    }
    casualties = state.group("event_casualties", "event_id")
    counts: dict[str, Callable[[Row], bool]] = {
        "attacks_on_us_coalition": lambda e: bool(sides[e["event_id"]]["on"] & {"us", "coalition_other"}),
        "us_strikes": lambda e: "us" in sides[e["event_id"]]["by"],
        "group_claimed_attacks": lambda e: e["event_id"] in claimed,
        "isis_attacks": lambda e: "isis" in sides[e["event_id"]]["by"],
    }

    def count(tally: Row) -> tuple[int, int] | None:
        place, start, end = tally["area_id"], tally["window_start"], tally["window_end"]
        near = [e for e in attacks if e["date_start"] <= end and e["date_end"] >= start]
        near = [e for e in near if is_within(state, e["location_id"], place)]
        sure = [e for e in near if start <= e["date_start"] and e["date_end"] <= end]
        if tally["measure"] in counts:
            fits = counts[tally["measure"]]
            return sum(map(fits, sure)), sum(map(fits, near))
        side = state.by_id["actors"].get(tally["claimant_id"], {}).get("side", "")
        groups = SIDE_GROUPS.get(side, ())
        if tally["measure"] not in ("injured", "killed") or not groups:
            return None

        def total(events: Sequence[Row], column: str) -> int:
            return sum(
                int(c[column] or c["low"] or 0)
                for e in events
                for c in casualties.get(e["event_id"], ())
                if c["outcome"] == tally["measure"] and c["group"] in groups
            )

        return total(sure, "low"), total(near, "high")

    return count


def is_within(state: State, place: str, area: str) -> bool:
    """Return whether a place lies in an area, by the chain of parents."""
    seen = set()
    while place and place not in seen:
        if place == area:
            return True
        seen.add(place)
        place = state.by_id["locations"].get(place, {}).get("parent_id", "")
    return False


@rule(
    "ICD523",
    ERROR,
    "What an actor says of its opponent's losses is an adversary's word",
    why="Each side tends to overstate the other's losses; such figures never move the range.",
    fix="Use the basis adversary, whoever says it and however well it would know.",
    fails=(Edit("claims", "evt-2001-0003 casualties/armed_group/killed", "basis", "own_act"),),
    passes=(Edit("claims", "evt-2001-0001 casualties/us_military/injured", "basis", "document_text"),),
)
def _losses_of_the_opponent_are_adversary(state: State) -> Iterator[Fault]:
    roles = _roles(state)
    for row, _, place, parts in live_claims(state):
        if place.table != "event_casualties" or row["basis"] == "adversary":
            continue
        own = _sides(state, (row["claimant_id"],))
        event = roles.get(row["record_id"], {})
        by, on = _sides(state, _in_roles(event, INITIATING)), _sides(state, _in_roles(event, ("target",)))
        opponents = (on if own & by else set()) | (by if own & on else set())
        theirs = {group for side in opponents - own for group in SIDE_GROUPS.get(side, ())}
        ours = {group for side in own for group in SIDE_GROUPS.get(side, ())}
        if parts[0] in theirs - ours:
            yield Fault(
                "claims",
                row,
                f"{row['claimant_id']!r} says how many of its opponents ({parts[0]}) were {parts[1]}, "
                f"on the basis {row['basis']!r}.",
                "basis",
                "adversary",
            )


@rule(
    "ICD524",
    MEASURE,
    "How far force concepts lie apart on one day",
    why="A cap, a disclosed figure and a count on site differ; series of one concept never take a figure of another.",
    fix="Nothing; the figure goes into QUALITY.md.",
    fails=(
        Edit(
            "force_levels",
            row=(
                ("force_level_id", "frc-2001-0009"),
                ("actor_id", "act-example-force-a"),
                ("place_id", "loc-example-country"),
                ("concept", "authorised_cap"),
                ("personnel", "military"),
                ("start", "2001-03-15"),
                ("end", "2001-03-15"),
                ("low", "2900"),
                ("best", "2900"),
                ("high", "2900"),
                ("contested", "false"),
                ("n_origins", "1"),
            ),
        ),
    ),
    passes=(Edit("force_levels", "frc-2001-0001", "concept", "authorised_cap"),),
)
def _force_concepts_apart(state: State) -> Iterator[Fault]:
    figures: dict[tuple[str, str, str, str], dict[str, int]] = {}
    for row in state.tables["force_levels"]:
        figure = _figure(row)
        if figure is not None:
            key = (row["actor_id"], row["place_id"], row["personnel"], row["start"])
            figures.setdefault(key, {})[row["concept"]] = figure
    gaps = [(max(by.values()) - min(by.values()), key, by) for key, by in figures.items() if len(by) > 1]
    if gaps:
        gap, key, by = max(gaps, key=lambda entry: (entry[0], entry[1]))
        shown = ", ".join(f"{concept} {figure}" for concept, figure in sorted(by.items()))
        yield Fault(
            "force_levels",
            None,
            f"Days with figures of two or more concepts: {len(gaps)}; widest gap: {gap} persons ({key[3]}: {shown}).",
        )


@rule(
    "ICD525",
    ERROR,
    "An attack on the mission has a target of the mission",
    why="What the coalition does in answer, counted among the attacks on it, would swell every series of attacks.",
    fix="Give force used by the US, the coalition or another state the scope I3, or claim the US or coalition target.",
    fails=(Edit("events", "evt-2001-0003", "scope_reason", "I2"),),
    passes=(Edit("events", "evt-2001-0005", "scope_reason", "I2"),),
)
def _attacks_have_targets_of_the_mission(state: State) -> Iterator[Fault]:
    types, reasons, roles = state.codelist("event_type"), state.codelist("scope_reason"), _roles(state)
    for row in state.tables["events"]:
        is_attack = types[row["event_type"]]["counts_as_attack"] == "true"
        if not is_attack or reasons[row["scope_reason"]]["family"] != "attacks":
            continue
        targets = _in_roles(roles.get(row["event_id"], {}), ("target",))
        if targets and not _sides(state, targets) & {"us", "coalition_other"}:
            yield Fault(
                "events",
                row,
                f"An attack on the mission whose targets are {', '.join(sorted(targets))}.",
                "scope_reason",
                "I3, or a target of the US or the coalition",
            )


__all__ = ["DENIALS", "INITIATING", "RECEIVING", "SIDE_GROUPS"]
