"""Issue forms: generated, in step with their reading, and closed to whatever strangers write into them."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
import yaml

from curating import errors_of, parsed, rows
from example import BASE, FORCE, example_state
from iraq_coalition_data.cli import main
from iraq_coalition_data.curation.adding import plan
from iraq_coalition_data.curation.bundles import BundleRefused
from iraq_coalition_data.curation.issue_forms import (
    FOLDER,
    FORMS,
    MAX_ISSUE_BYTES,
    Form,
    bundle_from_issue,
    issue_form_pages,
)
from iraq_coalition_data.package import shipped
from iraq_coalition_data.resolution.store import shipped_store
from iraq_coalition_data.validation.runner import recheck

ROOT = Path(str(shipped().root))
ERROR, EVENT, SOURCE = FORMS
ANSWERS = {
    "record": "evt-2001-0001",
    "title": "Rockets fired at the base",
    "summary": "Force A said that rockets were fired\nat Example Base.",
    "event_type": "armed_action: Armed action",
    "scope_reason": "I1: Acts against US or coalition presence in Iraq",
    "unit_rule": "salvo: Salvo",
    "date": "2001-02-13",
    "location": BASE,
    "outcome": "impact_damage: Impact, damage",
    "says": "tags/mode/rocket: true\ntags/target/military_base: true\nactors/target/act-example-force-a: stated\n"
    "actors/initiator/act-example-armed-category: attributed_by_target\n\n"
    "casualties/us_military/injured: 2 | at least two | at_least",
    "url": "https://example.org/new/1",
    "publisher": "pub-example-force-a",
    "doc_type": "press_release: Press release",
    "source_title": "Statement",
    "published_on": "2001-02-14",
    "retrieved_on": "2001-06-01",
    "lang": "en",
    "access": "open: Open",
    "by": FORCE,
    "basis": "own_harm: Own harm",
}


def body(form: Form, **changed: str) -> str:
    """Return an issue as GitHub makes it from the answers to a form, with its line ends."""
    answers = ANSWERS | changed
    text = "\n\n".join(f"### {q.label}\n\n{answers.get(q.id) or '_No response_'}" for q in form.questions)
    return text.replace("\n", "\r\n")


def made(tmp_path: Path, text: str) -> str:
    file = tmp_path / "issue.md"
    file.write_bytes(text.encode("utf-8"))
    return bundle_from_issue(file)


def refusal(tmp_path: Path, text: str) -> str:
    with pytest.raises(BundleRefused) as refused:
        made(tmp_path, text)
    return str(refused.value)


# The forms


@pytest.mark.skipif(not (ROOT / FOLDER).is_dir(), reason="an installed package carries no forms")
def test_the_forms_in_the_repository_are_those_that_are_read() -> None:
    pages = issue_form_pages(shipped())
    assert {path: (ROOT / path).read_text("utf-8") for path in pages} == pages
    assert {f"{FOLDER}/{path.name}" for path in (ROOT / FOLDER).iterdir()} == pages.keys()


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.file)
def test_a_form_is_one_that_github_takes(form: Form) -> None:
    document = yaml.safe_load(issue_form_pages(shipped())[f"{FOLDER}/{form.file}"])
    assert document.keys() == {"name", "description", "labels", "body"}
    ids = [element["id"] for element in document["body"]]
    labels = [element["attributes"]["label"] for element in document["body"]]
    assert len(ids) == len(set(ids))
    assert len(labels) == len(set(labels))
    for element in document["body"]:
        assert element.keys() == {"type", "id", "attributes", "validations"}
        assert set(element["id"]) <= set("abcdefghijklmnopqrstuvwxyz_")
        assert isinstance(element["validations"]["required"], bool)
        allowed = {"dropdown": {"options"}, "input": {"placeholder"}, "textarea": {"placeholder"}}[element["type"]]
        assert element["attributes"].keys() - {"label", "description"} <= allowed
        options = element["attributes"].get("options", [""])
        assert all(isinstance(option, str) for option in options)
        assert len(options) == len(set(options)) > 0
        assert "None" not in options


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.file)
def test_every_question_has_a_place_of_its_own(form: Form) -> None:
    places = [question.place for question in form.questions]
    assert len(places) == len(set(places))


def test_the_examples_name_records_that_exist() -> None:
    store = shipped_store()
    for form in FORMS:
        for question in form.questions:
            for identifier in re.findall(r"\b(?:act|evt|loc|pub)-[a-z0-9-]+", question.example):
                assert store.resolve_id(identifier) == identifier


# From an answered form to a record


def test_a_proposed_event_becomes_a_record_that_can_be_added(tmp_path: Path) -> None:
    state = example_state()
    addition = plan(state, parsed(made(tmp_path, body(EVENT))))
    addition.findings = recheck(state, addition.tables)
    assert errors_of(addition) == []
    (event,) = rows(addition.tables, "events", title="Rockets fired at the base")
    assert event["summary"] == "Force A said that rockets were fired at Example Base."
    assert (event["date_start"], event["outcome"], event["location_id"]) == ("2001-02-13", "impact_damage", BASE)
    (injured,) = rows(addition.tables, "event_casualties", event_id=event["event_id"])
    assert (injured["best"], injured["best_modifier"]) == ("2", "at_least")
    claims = rows(addition.tables, "claims", record_id=event["event_id"])
    assert len(claims) == 8
    assert {claim["claimant_id"] for claim in claims} == {FORCE}


def test_every_answer_of_every_form_stands_in_the_bundle_once(tmp_path: Path) -> None:
    for form in FORMS:
        marks = {
            q.id: f"answer{i:02}" for i, q in enumerate(form.questions) if q.id not in ANSWERS or not _chosen(q.id)
        }
        marks |= {"says": "exists: answer99", "url": "https://example.org/answer98"}
        text = made(tmp_path, body(form, **marks))
        for mark in (*(m for key, m in marks.items() if key not in ("says", "url")), "answer99", "answer98"):
            assert text.count(mark) == 1, (form.file, mark)


def _chosen(question: str) -> bool:
    return ": " in ANSWERS.get(question, "") and question != "says"


def test_a_reported_error_may_name_a_page_or_only_better_words(tmp_path: Path) -> None:
    nothing = dict.fromkeys(ANSWERS, "")
    words = parsed(made(tmp_path, body(ERROR, **nothing | {"record": "evt-2001-0001", "title": "A better title"})))[0]
    assert (words.update, words.record, words.sources) == ("evt-2001-0001", {"title": "A better title"}, [])
    page = {"record": "evt-2001-0001", "says": "date: 2001-02-04", "url": "https://example.org/x", "by": FORCE}
    claims = parsed(made(tmp_path, body(ERROR, **nothing | page | {"basis": ANSWERS["basis"]})))[0]
    assert claims.record == {}
    assert claims.sources[0].meta == {}
    assert [(s.path, s.value) for s in claims.sources[0].claims[0].says] == [("date", "2001-02-04")]


def test_a_proposed_source_adds_claims_to_a_record(tmp_path: Path) -> None:
    bundle = parsed(made(tmp_path, body(SOURCE)))[0]
    assert (bundle.table, bundle.update) == ("", "evt-2001-0001")
    saying = bundle.sources[0].claims[0].says[-1]
    assert (saying.value, saying.words, saying.modifier) == ("2", "at least two", "at_least")


def test_what_is_missing_is_named_with_its_line(tmp_path: Path) -> None:
    assert "issue.md:5  Title: is not answered." in refusal(tmp_path, body(EVENT, title=""))
    nothing = dict.fromkeys(ANSWERS, "") | {"record": "evt-2001-0001"}
    assert "nothing is said about the record" in refusal(tmp_path, body(ERROR, **nothing))
    said = refusal(tmp_path, body(ERROR, **nothing | {"says": "date: 2001-02-04"}))
    for label in ("Address of the page", "Who says it", "How they know"):
        assert f"{label}: is not answered." in said
    assert "What the page says: is not answered." in refusal(tmp_path, body(ERROR, **nothing | {"url": "https://a.b/"}))


def test_a_choice_that_is_none_says_which_is_near(tmp_path: Path) -> None:
    said = refusal(tmp_path, body(EVENT, event_type="armed_acton: Armed action"))
    assert "Did you mean 'armed_action'?" in said


# What strangers write

INJECTIONS = [
    'x"\nupdate: "act-us-government',
    "!!python/object/apply:os.system [echo]",
    "&a [*a, *a]",
    "x\n---\ntable: claims",
    "{a: b}, [c]",
    "yes",
    "0x1F",
    "null",
    "x # no comment",
    "'; DROP TABLE events; --",
    "back\\slash \\n \\u0041",
    "“quotes” ‘of’ every «kind» \"'`",
    "😀 عين الأسد ئامادە‌کردن",
]


@pytest.mark.parametrize("text", INJECTIONS)
def test_an_answer_is_text_whatever_it_looks_like(text: str, tmp_path: Path) -> None:
    bundles = parsed(made(tmp_path, body(EVENT, summary=text)))
    assert len(bundles) == 1
    assert bundles[0].record["summary"] == " ".join(text.split())
    assert (bundles[0].table, bundles[0].update) == ("events", "")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("<script>alert(1)</script>", "holds HTML"),
        ("seen <!-- hidden --> seen", "holds HTML"),
        ("a\u202eb", "holds <U+202E>, which cannot be seen"),
        ("a\x00b", "holds <U+0000>"),
        ("a\x1b[31mb", "holds <U+001B>"),
        ("a\u200bb", "holds <U+200B>"),
        ("a\u2028b", "holds <U+2028>"),
        ("a\x85b", "holds <U+0085>"),
        ('=HYPERLINK("https://example.org")', "a spreadsheet would run it"),
        ("@SUM(A1)", "a spreadsheet would run it"),
    ],
)
def test_what_hides_or_runs_is_refused(text: str, complaint: str, tmp_path: Path) -> None:
    said = refusal(tmp_path, body(EVENT, summary=text))
    assert "Summary: " in said
    assert complaint in said
    assert all(character.isprintable() or character == "\n" for character in said)


def test_a_short_answer_has_one_line(tmp_path: Path) -> None:
    assert "Title: has several lines" in refusal(tmp_path, body(EVENT, title="one\ntwo"))


def test_a_heading_within_an_answer_cannot_take_the_place_of_another(tmp_path: Path) -> None:
    said = refusal(tmp_path, body(EVENT, summary="fine\n\n### Address of the page\n\nhttps://evil.example/"))
    assert "Address of the page: the heading stands more than once" in said


@pytest.mark.parametrize(
    "line", ["no colon", "date:", "Date: 2001", "a b: c", "date: 1 | 2 | 3 | 4", "date: !!x | y\n*a"]
)
def test_a_line_that_is_no_claim_is_refused(line: str, tmp_path: Path) -> None:
    assert "is not of the form" in refusal(tmp_path, body(SOURCE, says=line))


def test_a_claim_cannot_leave_its_place(tmp_path: Path) -> None:
    text = 'date: 2001-02-03"} , evil: {value: "1 | w"}, x: {value: "2'
    (bundle,) = parsed(made(tmp_path, body(SOURCE, says=text)))
    assert [saying.path for saying in bundle.sources[0].claims[0].says] == ["date"]


def test_other_text_is_no_form(tmp_path: Path) -> None:
    assert "is not in this issue" in refusal(tmp_path, "Hello, I found an error.")
    missing = refusal(tmp_path, body(EVENT).replace("### Title\r\n", ""))
    assert missing.count("\n") == 0, "one heading that is not there is one complaint"
    assert "Title: the heading is not in this issue" in missing
    assert "not at the top" in refusal(tmp_path, "Hello\n\n" + body(EVENT))
    assert "is not in this issue" in refusal(tmp_path, "")


def test_what_is_huge_or_no_file_is_refused_unread(tmp_path: Path) -> None:
    assert "at most 262,144 bytes" in refusal(tmp_path, "x" * (MAX_ISSUE_BYTES + 1))
    (tmp_path / "issue.md").unlink()
    os.mkfifo(tmp_path / "pipe")
    for name in ("issue.md", "pipe", "."):
        with pytest.raises(BundleRefused, match="cannot be read"):
            bundle_from_issue(tmp_path / name)
    (tmp_path / "latin").write_bytes(b"### Title\n\n\xe9")
    with pytest.raises(BundleRefused, match="cannot be read"):
        bundle_from_issue(tmp_path / "latin")


def test_a_long_answer_is_read_in_no_time_and_refused_by_the_rules_not_here(tmp_path: Path) -> None:
    text = made(tmp_path, body(EVENT, summary="word " * 12_000))
    assert len(parsed(text)[0].record["summary"]) > 59_000


# The command


def test_the_command_prints_a_bundle_or_the_reasons(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "issue.md"
    file.write_text(body(EVENT), encoding="utf-8")
    assert main(["bundle", "from-issue", str(file)]) == 0
    out = capsys.readouterr().out
    assert yaml.safe_load(out)["record"]["event_type"] == "armed_action"
    assert json.dumps(ANSWERS["title"]) in out
    file.write_text("nothing", encoding="utf-8")
    assert main(["bundle", "from-issue", str(file)]) == 1
    streams = capsys.readouterr()
    assert streams.out == ""
    assert "No bundle was made." in streams.err
