"""Issue forms whose answers map one to one onto a record bundle, and the road from an answered form to that bundle.

Each question names its place in the bundle. The forms are generated from these questions, the schemas
and the codelists, so that a form and its reading cannot part.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..package import CODELIST_PREFIX, DataPackage, shipped
from ..reading import Row, read_rows
from ..schemas import Field, load_schema
from ..validation.report import visible
from ..validation.state import did_you_mean
from .bundles import BundleError, BundleRefused

FOLDER = ".github/ISSUE_TEMPLATE"
# GitHub takes 65,536 characters.
MAX_ISSUE_BYTES = 262_144
_UNANSWERED = "_No response_"
_SAYS = "says"
_HEAD = "# Written by `icd fmt` from issue_forms.py, the schemas and the codelists; do not edit."


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a form.

    Attributes
    ----------
    id : str
        Its identifier in the form.
    label : str
        Its heading in the form and in the issue.
    place : str
        Where the answer stands in the bundle.
    column : str
        The column, as ``table.name``, that describes the answer and whose codelist it is chosen from.
    example : str
        What stands in the empty field.
    help : str
        What to say besides the description of the column.
    required, long : bool
        Whether it must be answered, and whether the answer may have several lines.
    """

    id: str
    label: str
    place: str
    column: str = ""
    example: str = ""
    help: str = ""
    required: bool = True
    long: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """One issue form: its file, its words, the table of a new record, and its questions in order."""

    file: str
    name: str
    about: str
    table: str
    questions: tuple[Question, ...]


def _optional(*questions: Question) -> tuple[Question, ...]:
    return tuple(Question(q.id, q.label, q.place, q.column, q.example, q.help, False, q.long) for q in questions)


_LINES = (
    "One `field: value` a line, and if you like the page's own words after a bar, at most twelve: "
    "`casualties/us_military/injured: 5 | at least five people | at_least`. `icd explain` with the identifier of a "
    "record lists its fields; if in doubt, write what you know and a curator will mend it."
)
_RECORD = Question(
    "record", "Record", "update", example="evt-2024-0001", help="Its identifier, as `icd find` shows it."
)
_CLAIMS = Question(
    "says", "What the page says", _SAYS, example="date: 2024-08-05\noutcome: impact_damage", help=_LINES, long=True
)
_MORE_CLAIMS = Question(
    "says",
    "What else the page says",
    _SAYS,
    example="tags/mode/rocket: true\nactors/initiator/act-unknown: unknown\nactors/target/act-us-armed-forces: stated",
    help=f"Who, how and with what result; an attack needs an initiator and a target. {_LINES}",
    long=True,
)
_WHO = (
    Question("by", "Who says it", "claim.by", "claims.claimant_id", "US Central Command"),
    Question("basis", "How they know", "claim.basis", "claims.basis"),
)
_WHERE = (
    Question("locator", "Place within the page", "claim.locator", "claims.locator", "para 2"),
    Question("remark", "Remark on these claims", "claim.note", "claims.note"),
)
_PAGE = Question("url", "Address of the page", "source.url", "sources.url", "https://example.org/statement")
_ARCHIVE = Question("archive_url", "Archived copy", "source.archive_url", "sources.archive_url", "https://")
_META = (
    Question("publisher", "Publisher", "meta.publisher_id", "sources.publisher_id", "Reuters"),
    Question("doc_type", "Kind of document", "meta.doc_type", "sources.doc_type"),
    Question("source_title", "Title of the page", "meta.title", "sources.title"),
    Question("published_on", "Day printed on the page", "meta.published_on", "sources.published_on", "2024-08-06"),
    Question("retrieved_on", "Day you read it", "meta.retrieved_on", "sources.retrieved_on", "2024-08-07"),
    Question("lang", "Language of the page", "meta.lang", "sources.lang", "en"),
    Question("access", "How the page can be had", "meta.access", "sources.access"),
)
# A claim is nothing without its page, nor a page without what it says.
_TOGETHER = frozenset({"url", "by", "basis", "says"})
_SOURCE = (_PAGE, *_optional(_ARCHIVE), *_META, *_WHO, *_optional(*_WHERE))

FORMS = (
    Form(
        "error.yml",
        "Report an error in a record",
        "A page says otherwise, or a text of ours is wrong. Leave empty what is right as it is, and everything on the "
        "page if only a text of ours is wrong. What describes the page may stay empty if it is in the data already.",
        "",
        (
            _RECORD,
            *_optional(
                Question("title", "Better title", "record.title", "events.title"),
                Question("summary", "Better summary", "record.summary", "events.summary", long=True),
                _CLAIMS,
                *_SOURCE,
            ),
        ),
    ),
    Form(
        "event.yml",
        "Propose an event",
        "Something within the scope of the data that is not in them; `icd find` or a search of data/events.csv tells.",
        "events",
        (
            Question("event_type", "Kind of event", "record.event_type", "events.event_type"),
            Question("title", "Title", "record.title", "events.title", "Rockets fired at Ain al-Asad"),
            Question("summary", "Summary", "record.summary", "events.summary", long=True),
            Question("scope_reason", "Why it belongs here", "record.scope_reason", "events.scope_reason"),
            Question("unit_rule", "How it was drawn as one event", "record.unit_rule", "events.unit_rule"),
            Question("date", "Day it happened", "says.date", "events.date_start", "2024-08-05"),
            Question("location", "Place", "says.location_id", "events.location_id", "Ain al-Asad"),
            *_optional(Question("outcome", "Outcome", "says.outcome", "events.outcome"), _MORE_CLAIMS),
            *_SOURCE,
        ),
    ),
    Form(
        "source.yml",
        "Propose a source",
        "A page that says something about a record that is in the data already.",
        "",
        (_RECORD, _CLAIMS, *_SOURCE),
    ),
)


def bundle_from_issue(path: Path) -> str:
    """Return the record bundle that an answered issue form describes.

    Parameters
    ----------
    path : Path
        A file with the body of the issue, as GitHub made it from the form.

    Returns
    -------
    str
        YAML in which every answer is quoted text.

    Raises
    ------
    BundleRefused
        With everything that keeps the body from being read as an answered form.
    """
    errors: list[BundleError] = []
    try:
        if not path.is_file() or path.stat().st_size > MAX_ISSUE_BYTES:
            raise ValueError(f"expected a regular file of at most {MAX_ISSUE_BYTES:,} bytes")
        text = path.read_bytes().decode("utf-8")
    except (OSError, ValueError) as error:
        raise BundleRefused([BundleError(str(path), 1, "issue", f"cannot be read: {error}.")]) from None
    found = _Reader(str(path), text, errors).bundle()
    if errors:
        raise BundleRefused(errors)
    return found


class _Reader:
    """Reads one body; every complaint carries its line."""

    def __init__(self, file: str, text: str, errors: list[BundleError]) -> None:
        self.file = file
        self.lines = re.split(r"\r\n|\n", text)
        self.errors = errors
        self.starts: dict[str, int] = {}

    def _error(self, question: str, message: str, suggestion: str = "") -> None:
        self.errors.append(BundleError(self.file, self.starts.get(question, 1), question, message, suggestion))

    def bundle(self) -> str:
        form = self._form()
        places = self._places(form)
        if self.errors:
            # Where headings are amiss, every answer would only seem to be.
            return ""
        answers = self._answers(form, places)
        says = list(self._says(form, answers))
        self._missing(form, answers, n_claims=len(says))
        if self.errors:
            return ""
        by_place = {question.place: answers[question.id] for question in form.questions if answers[question.id]}
        return "\n".join(_bundle_lines(form, by_place, says)) + "\n"

    def _missing(self, form: Form, answers: Mapping[str, str], n_claims: int) -> None:
        """Complain of questions that need an answer; a claim needs its page, and a page its claims."""
        names_a_page = n_claims > 0 or any(answers[question.id] for question in _SOURCE)
        needed = _TOGETHER if names_a_page else ()
        for question in form.questions:
            is_answered = n_claims > 0 if question.place == _SAYS else answers[question.id]
            if not is_answered and (question.required or question.id in needed):
                self._error(question.label, "is not answered.")
        if not names_a_page and not any(answers[q.id] for q in form.questions if q.place != "update"):
            self._error(form.questions[0].label, "nothing is said about the record.")

    def _form(self) -> Form:
        """Return the form most of whose headings the body has."""
        headings = {line.removeprefix("### ") for line in self.lines if line.startswith("### ")}
        return max(FORMS, key=lambda form: sum(1 if q.label in headings else -1 for q in form.questions))

    def _places(self, form: Form) -> list[int]:
        """Return where the heading of each question stands."""
        places = []
        for question in form.questions:
            found = [number for number, line in enumerate(self.lines) if line == f"### {question.label}"]
            if len(found) != 1:
                message = (
                    "stands more than once." if found else f"is not in this issue; expected the form {form.name!r}."
                )
                self._error(question.label, f"the heading {message}", "Leave the headings of the form as they are.")
            places += found
            self.starts[question.label] = found[0] + 1 if found else 1
        if not self.errors and (places != sorted(places) or any(line.strip() for line in self.lines[: places[0]])):
            self._error(form.questions[0].label, "the headings of the form are not in their order, or not at the top.")
        return places

    def _answers(self, form: Form, places: Sequence[int]) -> dict[str, str]:
        ends = [*places[1:], len(self.lines)]
        return {
            question.id: self._answer(question, self.lines[start + 1 : end])
            for question, start, end in zip(form.questions, places, ends, strict=True)
        }

    def _answer(self, question: Question, lines: Sequence[str]) -> str:
        text = "\n".join(filter(None, (line.strip(" \t") for line in lines)))
        if text == _UNANSWERED:
            return ""
        if hidden := sorted({c for c in text if c != "\n" and not _is_shown(c)}):
            self._error(question.label, f"holds {visible(''.join(hidden))}, which cannot be seen.", "Type it anew.")
        if re.search(r"<[A-Za-z!/?]", text):
            self._error(
                question.label, "holds HTML, of which readers of the issue see only a part.", "Write plain text."
            )
        if text.startswith(("=", "+", "-", "@")):
            self._error(question.label, f"begins with {text[0]!r}; a spreadsheet would run it as a formula.")
        if not question.long and "\n" in text:
            self._error(question.label, "has several lines; expected one.")
        if codes := _codes(shipped(), question):
            text = text.partition(":")[0]
            if text and text not in codes:
                self._error(question.label, f"{text!r} is not one of the choices.", did_you_mean(text, codes) or "")
        return text if question.place == _SAYS else text.replace("\n", " ")

    def _says(self, form: Form, answers: Mapping[str, str]) -> Iterator[tuple[str, list[str]]]:
        """Yield the path of every claim with value, words and modifier."""
        for question in form.questions:
            answer = answers[question.id]
            if question.place.startswith("says.") and answer:
                yield question.place.removeprefix("says."), [answer]
            for line in answer.split("\n") if question.place == _SAYS and answer else ():
                path, colon, rest = line.partition(":")
                parts = [part.strip() for part in rest.split("|")]
                if not colon or not re.fullmatch(r"[a-z0-9_/-]+", path) or not parts[0] or len(parts) > 3:
                    self._error(question.label, f"{line!r} is not of the form 'field: value | words | modifier'.")
                    continue
                yield path, parts


def _is_shown(character: str) -> bool:
    # The zero-width non-joiner is part of Kurdish and Persian spelling.
    return character == "\u200c" or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")


def _quoted(text: str) -> str:
    # What JSON quotes, YAML reads as the same text: no tag, anchor, number or second line can come of it.
    return json.dumps(text, ensure_ascii=False)


def _bundle_lines(form: Form, by_place: Mapping[str, str], says: Sequence[tuple[str, list[str]]]) -> Iterator[str]:
    def under(prefix: str, indent: str) -> list[str]:
        found = [(place.removeprefix(prefix), text) for place, text in by_place.items() if place.startswith(prefix)]
        return [f"{indent}{name}: {_quoted(text)}" for name, text in found]

    yield f"# From the form: {form.name}. Hold every value against the page before you add it."
    yield f"table: {form.table}" if form.table else f"update: {_quoted(by_place['update'])}"
    if record := under("record.", "  "):
        yield from ("record:", *record)
    source, meta, claim = under("source.", "    "), under("meta.", "      "), under("claim.", "        ")
    if not (source or meta or claim or says):
        return
    yield from ("sources:", "  -", *source)
    if meta:
        yield from ("    meta:", *meta)
    yield from ("    claims:", "      -", *claim)
    if says:
        yield "        says:"
    for path, (value, *more) in says:
        named = zip(("value", "words", "modifier"), (value, *more), strict=False)
        cells = ", ".join(f"{name}: {_quoted(text)}" for name, text in named if text)
        yield f"          {_quoted(path)}: {{{cells}}}"


def issue_form_pages(package: DataPackage) -> dict[str, str]:
    """Return every issue form as YAML, by path."""
    return {f"{FOLDER}/{form.file}": "\n".join(_form_lines(form, package)) + "\n" for form in FORMS}


def _form_lines(form: Form, package: DataPackage) -> Iterator[str]:
    yield from (_HEAD, f"name: {_quoted(form.name)}", f"description: {_quoted(form.about)}", "labels: [data]", "body:")
    for question in form.questions:
        codes = _codes(package, question)
        yield f"  - type: {'dropdown' if codes else 'textarea' if question.long else 'input'}"
        yield f"    id: {question.id}"
        yield "    attributes:"
        yield f"      label: {_quoted(question.label)}"
        yield f"      description: {_quoted(_description(package, question))}"
        if codes:
            yield "      options:"
            yield from (f"        - {_quoted(code + ': ' + row['label'])}" for code, row in codes.items())
        elif question.example:
            yield f"      placeholder: {_quoted(question.example)}"
        yield "    validations:"
        yield f"      required: {'true' if question.required else 'false'}"


def _field(package: DataPackage, question: Question) -> Field | None:
    table, _, column = question.column.partition(".")
    return load_schema(package, table)[column] if table else None


def _description(package: DataPackage, question: Question) -> str:
    field = _field(package, question)
    parts = (field.description, field.guideline or "", question.help) if field else (question.help,)
    return " ".join(filter(None, parts))


def _codes(package: DataPackage, question: Question) -> dict[str, Row]:
    """Return the codes that answer a question and are not deprecated; none where it is free text."""
    field = _field(package, question)
    if field is None or field.codelist is None:
        return {}
    name = CODELIST_PREFIX + field.codelist
    return {row["code"]: row for row in read_rows(package, [name])[name] if not row["deprecated"]}
