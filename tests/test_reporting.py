"""What people, programs and GitHub see of findings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from example import apply_to_folder, apply_to_state, example_state, write_example
from iraq_coalition_data.package import DataPackage, shipped
from iraq_coalition_data.validation.documentation import UnknownRuleError, explain_rule, rules_page
from iraq_coalition_data.validation.finding import ERROR, MEASURE, WARNING, Finding
from iraq_coalition_data.validation.reporting import render
from iraq_coalition_data.validation.rule import RULES, Edit
from iraq_coalition_data.validation.runner import run_rules


def findings() -> list[Finding]:
    state = example_state()
    apply_to_state(state, Edit("events", "evt-2001-0001", "outcome", "impact_no_damage"))
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
    assert document["not_checked"] == []


def test_github_annotations_cannot_be_broken_out_of() -> None:
    sly = Finding("ICD002", ERROR, "a\n::error::b % \r", file="data/x,y:z.csv", line=3, record="r\n,1")
    text = render([sly], "github")
    assert text.count("\n") == 0
    assert text.startswith("::error file=data/x%2Cy%3Az.csv,line=3,title=")
    assert "%25" in text


def test_github_levels_follow_severities() -> None:
    texts = [render([Finding("ICD609", severity, "x.")], "github") for severity in (ERROR, WARNING, MEASURE)]
    assert [text.split(" ")[0] for text in texts] == ["::error", "::warning", "::notice"]


def test_another_style_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 'text', 'json' or 'github'"):
        render([], "xml")


def test_explain_gives_reason_remedy_and_examples() -> None:
    text = explain_rule("icd301")
    assert text.startswith("ICD301  References lead to rows that exist")
    assert max(map(len, text.splitlines())) <= 80
    for part in ("Why: ", "Remedy: ", "Breaks it:", "Does not:"):
        assert part in text


def test_every_rule_can_be_explained_and_stands_on_the_page() -> None:
    page = rules_page()
    for code in RULES:
        assert explain_rule(code)
        assert f"### {code}: " in page


def test_an_unknown_rule_is_refused_with_the_nearest() -> None:
    with pytest.raises(UnknownRuleError, match=r"no rule 'ICD30'\. Did you mean 'ICD30"):
        explain_rule("ICD30")


@pytest.mark.parametrize("path", ["src/iraq_coalition_data/_names.py", "docs/rules.md", "docs/codebook.md"])
def test_generated_files_are_up_to_date(path: str) -> None:
    from iraq_coalition_data.curation.generated import generated_files

    committed = Path(str(shipped().root), path).read_bytes()
    assert committed == generated_files(shipped())[path], f"{path} is out of date; run: icd fmt"
