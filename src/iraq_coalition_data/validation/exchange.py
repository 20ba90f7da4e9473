"""Findings for programs: JSON, GitHub annotations, SARIF 2.1.0 and JUnit XML."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

from .documentation import page_of
from .finding import ERROR, MEASURE, WARNING, Finding
from .report import Report, place_of, title_of, visible, wording_of
from .rule import RULES

_SEVERITIES = (ERROR, WARNING, MEASURE)
_GITHUB_LEVELS = {ERROR: "error", WARNING: "warning", MEASURE: "notice"}
_SARIF_LEVELS = {ERROR: "error", WARNING: "warning", MEASURE: "note"}
SARIF_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def as_json(report: Report) -> str:
    """Return every finding with all its parts."""
    document = {
        "counts": {severity: sum(f.severity == severity for f in report.findings) for severity in _SEVERITIES},
        "not_checked": report.unchecked,
        "findings": [finding.as_dict() for finding in report.findings],
        "elsewhere": [finding.as_dict() for finding in report.elsewhere],
    }
    # Lone surrogates and the like stay escaped, so that the text can always be written.
    return json.dumps(document, indent=2, ensure_ascii=True)


def as_github(report: Report) -> str:
    """Return one workflow command per finding, which GitHub shows beside the line."""
    return "\n".join(_annotation(finding) for finding in report.findings)


def _annotation(finding: Finding) -> str:
    properties = []
    if finding.file:
        properties.append(f"file={_escaped_property(visible(finding.file))}")
    if finding.line:
        properties.append(f"line={finding.line}")
    where = " ".join(part for part in (finding.code, finding.record, finding.column) if part)
    properties.append(f"title={_escaped_property(visible(where))}")
    return f"::{_GITHUB_LEVELS[finding.severity]} {','.join(properties)}::{_escaped(wording_of(finding))}"


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escaped_property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


def as_sarif(report: Report) -> str:
    """Return a SARIF 2.1.0 log, which code scanners and editors read."""
    everything = [*report.findings, *report.elsewhere]
    codes = sorted({finding.code for finding in everything})
    results = [_result(finding, codes) for finding in everything]
    if report.elsewhere:
        for position, result in enumerate(results):
            result["baselineState"] = "new" if position < len(report.findings) else "unchanged"
    driver = {"name": "icd validate", "rules": [_sarif_rule(code) for code in codes]}
    document = {
        "$schema": SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}],
    }
    return json.dumps(document, indent=2, ensure_ascii=True)


def _sarif_rule(code: str) -> dict[str, Any]:
    rule = RULES[code]
    return {
        "id": code,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {"text": f"{rule.fix} See {page_of(code)}."},
        "defaultConfiguration": {"level": _SARIF_LEVELS[rule.severity]},
    }


def _result(finding: Finding, codes: list[str]) -> dict[str, Any]:
    named = [part for part in (finding.table, finding.record, finding.column) if part]
    location: dict[str, Any] = {}
    if finding.file:
        place: dict[str, Any] = {"artifactLocation": {"uri": quote(visible(finding.file))}}
        if finding.line:
            place["region"] = {"startLine": finding.line}
        location["physicalLocation"] = place
    if named:
        location["logicalLocations"] = [{"fullyQualifiedName": visible("/".join(named))}]
    # What tells a finding from others, wherever its line moves.
    key = "|".join(part or "" for part in (finding.code, finding.file, finding.record, finding.column))
    return {
        "ruleId": finding.code,
        "ruleIndex": codes.index(finding.code),
        "level": _SARIF_LEVELS[finding.severity],
        "message": {"text": wording_of(finding)},
        "locations": [location] if location else [],
        "partialFingerprints": {"record/v1": hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:32]},
    }


def as_junit(report: Report) -> str:
    """Return JUnit XML with one case per rule; errors fail it, warnings are printed in it."""
    suite = ElementTree.Element("testsuite", name="icd validate")
    for code in report.codes:
        case = ElementTree.SubElement(suite, "testcase", classname="icd", name=f"{code} {title_of(code)}")
        found = [finding for finding in report.findings if finding.code == code]
        lines = "\n".join(f"{place_of(finding)}: {wording_of(finding)}" for finding in found)
        if any(finding.severity == ERROR for finding in found):
            ElementTree.SubElement(case, "failure", type=ERROR, message=wording_of(found[0])).text = lines
        elif found:
            ElementTree.SubElement(case, "system-out").text = lines
        elif code in report.unchecked:
            ElementTree.SubElement(case, "skipped", message="not checked until the errors are mended")
    for attribute, tag in (("tests", "testcase"), ("failures", ".//failure"), ("skipped", ".//skipped")):
        suite.set(attribute, str(len(suite.findall(tag))))
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True)
