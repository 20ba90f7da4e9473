"""Rules on the texts that people write here: neutral words, short sentences, names as they are known."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from ..reading import Row
from .coding import DENIALS
from .finding import ERROR, MEASURE, WARNING
from .rule import Edit, Fault, rule
from .state import State

LOADED_WORDS = (
    *("resistance", "terrorist", "terrorism", "proxy", "proxies", "occupation", "occupier", "martyr", "martyrdom"),
    *("regime", "puppet", "aggression", "liberate", "liberated", "liberation", "surgical", "self-defence"),
    *("self-defense", "retaliation", "retaliatory", "retaliate", "retaliated", "escalation", "escalate", "escalated"),
    *("crime", "criminal", "heroic", "brutal", "cowardly", "so-called"),
)
_LOADED = re.compile(rf"\b({'|'.join(LOADED_WORDS)})s?\b", re.I)
_ATTRIBUTING = re.compile(
    r"\b(said|says|told|wrote|claim(ed|s)?|attributed|acknowledged|reported|denied|announced|stated|blamed"
    r"|according to)\b",
    re.I,
)
_CONFIRMED = re.compile(r"\bconfirm(ed|s|ing)?\b", re.I)
_NAME = re.compile(r"[^\W\d_][\w'’ʿʾ-]*")
_SMALL_WORDS = ("of", "the", "al", "in", "and", "for")
_MAX_NAME_WORDS = 5


def _texts(state: State) -> Iterator[tuple[str, Row, str]]:
    """Yield every text written here, with its table, row and column."""
    for table, schema in state.schemas.items():
        columns = [field.name for field in schema.fields if field.kind == "descriptive"]
        for row in state.tables[table]:
            for column in columns:
                if row[column]:
                    yield table, row, column


@rule(
    "ICD901",
    ERROR,
    "Texts use neutral words",
    why="The same verbs for all: fired, launched, struck, said, announced, left. A loaded word takes a side.",
    fix="Say what was done and who said so. Names of actors, titles of texts and quoted words stay as they are.",
    fails=(
        Edit("events", "evt-2001-0001", "summary", "Terrorists fired rockets at Example Base, Force A said."),
        Edit("events", "evt-2001-0003", "title", "Retaliatory strike near Example Town"),
        Edit("processes", "prc-example-talks", "note", "Talks on the end of the occupation."),
    ),
    passes=(
        Edit("events", "evt-2001-0001", "summary", "Example Resistance Front said it fired rockets at Example Base."),
    ),
)
def _texts_are_neutral(state: State) -> Iterator[Fault]:
    names = _names_with_loaded_words(state)
    for table, row, column in _texts(state):
        if _LOADED.search(row[column]) is None:
            continue
        found = _LOADED.search(names.sub(" ", row[column]) if names else row[column])
        if found is not None:
            yield Fault(
                table,
                row,
                f"The text uses the word {found[0]!r}.",
                column,
                "a neutral word, or the name of who used it",
            )


def _names_with_loaded_words(state: State) -> re.Pattern[str] | None:
    columns = (("actors", "name"), ("actor_names", "name"), ("agreements", "title"), ("sources", "title"))
    names = {row[column] for table, column in columns for row in state.tables[table] if _LOADED.search(row[column])}
    if not names:
        return None
    return re.compile("|".join(re.escape(name) for name in sorted(names, key=len, reverse=True)), re.I)


@rule(
    "ICD902",
    ERROR,
    "A summary is made of whole sentences",
    why="A summary that breaks off leaves readers to guess; titles, summaries and conditions have fixed lengths.",
    fix="End the summary with a full stop. Lengths are judged with the form of the cell (ICD202).",
    fails=(Edit("events", "evt-2001-0001", "summary", "Rockets were fired at Example Base, Force A said"),),
    passes=(Edit("events", "evt-2001-0001", "summary", "Rockets were fired at Example Base, Force A said."),),
)
def _summaries_end_with_a_stop(state: State) -> Iterator[Fault]:
    for row in state.tables["events"]:
        if not row["summary"].endswith("."):
            yield Fault("events", row, f"The summary ends with {row['summary'][-10:]!r}.", "summary", "a full stop")


def _disputed(state: State) -> set[str]:
    found = {row["event_id"] for row in state.tables["events"] if row["verification"] in ("contested", "claimed_only")}
    found |= {row["event_id"] for row in state.tables["event_actors"] if row["attribution"] in DENIALS}
    found |= {row["event_id"] for row in state.tables["event_casualties"] if row["contested"] == "true"}
    return found


@rule(
    "ICD903",
    WARNING,
    "The summary of a disputed event says who says what",
    why="What is disputed is a statement of someone, not a fact of ours.",
    fix="Name the claimant with said, claimed, attributed, acknowledged, reported or denied.",
    fails=(Edit("events", "evt-2001-0002", "summary", "Rockets hit Example Town."),),
    passes=(Edit("events", "evt-2001-0002", "summary", "The Example Brand claimed rocket fire."),),
)
def _disputed_summaries_attribute(state: State) -> Iterator[Fault]:
    disputed = _disputed(state)
    for row in state.tables["events"]:
        if row["event_id"] in disputed and not _ATTRIBUTING.search(row["summary"]):
            yield Fault("events", row, "The event is disputed, and its summary names nobody who says so.", "summary")


@rule(
    "ICD904",
    ERROR,
    "Confirmed means acknowledged by both sides",
    why="Of one side's word, said or acknowledged is the exact verb.",
    fix="Use said, claimed, attributed, acknowledged or reported.",
    fails=(Edit("events", "evt-2001-0002", "summary", "The Example Brand confirmed rocket fire."),),
    passes=(
        Edit("events", "evt-2001-0001", "summary", "Both sides confirmed rocket fire."),
        Edit("events", "evt-2001-0002", "summary", "The Example Brand claimed unconfirmed rocket fire."),
    ),
)
def _confirmed_means_both(state: State) -> Iterator[Fault]:
    for row in state.tables["events"]:
        if row["verification"] == "acknowledged_both":
            continue
        for column in ("title", "summary", "note"):
            found = _CONFIRMED.search(row[column])
            if found:
                yield Fault(
                    "events",
                    row,
                    f"{found[0]!r}, but the verification is {row['verification']!r}.",
                    column,
                    "said or acknowledged",
                )


@lru_cache(maxsize=20_000)
def skeleton(name: str) -> str:
    """Return the consonants of a name without doubles: what spellings of one Arabic name share.

    Examples
    --------
    >>> skeleton("Kataib Hezbollah") == skeleton("Kata'ib Hizballah")
    True
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = [re.sub(r"[aeiouwy]", "", re.sub(r"[^a-z]", "", word)) for word in plain.replace("-", " ").split()]
    return " ".join(re.sub(r"(.)\1+", r"\1", word) for word in words if word not in ("", "l"))


@rule(
    "ICD905",
    WARNING,
    "Actors are called by a known name",
    why="One transliteration per name lets readers find all events of an actor.",
    fix="Use the name that the finding gives, or add the spelling to actor_names with its source.",
    fails=(Edit("events", "evt-2001-0001", "summary", "Exampel Armid Group C said it fired rockets."),),
    passes=(Edit("events", "evt-2001-0001", "summary", "Example Armed Group C said it fired rockets."),),
)
def _actors_have_known_names(state: State) -> Iterator[Fault]:
    names = [row["name"] for table in ("actors", "actor_names") for row in state.tables[table]]
    known = {name.casefold() for name in names}
    # A name of one word has too few consonants to be told from other words.
    by_skeleton = {skeleton(name): name for name in reversed(names) if skeleton(name).count(" ")}
    for row in state.tables["events"]:
        words = list(_NAME.finditer(row["summary"]))
        for start in range(len(words)):
            for stop in range(min(len(words), start + _MAX_NAME_WORDS), start + 1, -1):
                phrase = row["summary"][words[start].start() : words[stop - 1].end()]
                if not _is_name(phrase):
                    continue
                name = by_skeleton.get(skeleton(phrase))
                if (
                    name is not None
                    and phrase.casefold() not in known
                    and not _inside_known(phrase, row["summary"], known)
                ):
                    yield Fault(
                        "events", row, f"{phrase!r} is no known name.", "summary", None, f"Did you mean {name!r}?"
                    )
                    break


def _is_name(phrase: str) -> bool:
    words = phrase.split()
    return len(words) > 1 and all(w[0].isupper() or w.split("-")[0].lower() in _SMALL_WORDS for w in words)


def _inside_known(phrase: str, text: str, known: set[str]) -> bool:
    """Return whether a phrase stands in a text only as part of a longer known name."""
    lowered, part = text.casefold(), phrase.casefold()
    return any(part in name and name in lowered for name in known)


@rule(
    "ICD906",
    MEASURE,
    "How often summaries attribute, by side",
    why="If the acts of one side were told as facts and those of another as claims, the data would take sides.",
    fix="Nothing; the figure goes into QUALITY.md. The gap should stay below 5 points.",
    fails=(Edit("events", "evt-2001-0001", "summary", "Rockets were fired at Example Base."),),
)
def _attribution_is_balanced(state: State) -> Iterator[Fault]:
    actors = state.by_id["actors"]
    sides: dict[str, set[str]] = {}
    for row in state.tables["event_actors"]:
        if row["is_best"] == "true":
            sides.setdefault(actors.get(row["actor_id"], {}).get("side", ""), set()).add(row["event_id"])
    events = state.by_id["events"]
    shares = {}
    for side, members in sides.items():
        texts = [events[event]["summary"] for event in members if event in events]
        if side and texts:
            shares[side] = (sum(bool(_ATTRIBUTING.search(text)) for text in texts), len(texts))
    if shares:
        points = [100 * part / whole for part, whole in shares.values()]
        shown = ", ".join(
            f"{side} {100 * part / whole:.0f}% of {whole}" for side, (part, whole) in sorted(shares.items())
        )
        gap = max(points) - min(points)
        yield Fault(
            "events", None, f"Summaries that attribute, by side of the initiator: {shown}; gap {gap:.0f} points."
        )
