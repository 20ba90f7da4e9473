"""The rules as pages and as text for the terminal, made from the registry."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill

from . import families  # noqa: F401  registers the rules
from .finding import ERROR, MEASURE, WARNING
from .rule import RULES, Edit, Rule
from .state import did_you_mean

# The first digit of a code, the page of its family and its title.
_FAMILIES = {
    "0": ("bytes-and-cells", "Bytes and cells"),
    "1": ("files-headers-and-keys", "Files, headers and keys"),
    "2": ("values", "Values"),
    "3": ("references", "References"),
    "4": ("dates", "Dates"),
    "5": ("coding", "Coding"),
    "6": ("claims", "Claims and what follows from them"),
    "7": ("identifiers", "Identifiers"),
    "8": ("package", "The package"),
    "9": ("language", "Language"),
}
_FOLDER = "docs/rules"
_SEVERITIES = {
    ERROR: "an error; it fails the build",
    WARNING: "a warning; it is listed",
    MEASURE: "a measure; it reports a figure",
}
_WIDTH = 80
_HEAD = "<!-- Written by `icd fmt` from the rules in src/iraq_coalition_data/validation; do not edit. -->\n"
_INTRODUCTION = """\
# Validator rules

`icd validate` checks every rule listed here; `icd explain CODE` prints one of them. Codes are stable: a code never
changes its meaning. An **error** fails the build, a **warning** is listed, a **measure** reports a figure.

A finding that has to stand for a while is listed in `validation-exceptions.csv`, beside `datapackage.json`, with the
columns `code`, `record`, `reason` and `expires`. An exception covers one rule on one record until the first release
after its last day. One that cannot be read ([ICD811](package.md#icd811)), is no longer needed
([ICD812](package.md#icd812)) or has ended ([ICD813](package.md#icd813)) is a finding itself.

Examples are single changes to the invented example package of the test suite (`tests/example.py`). A claim is named by
record, field, claimant, value and source, or the first of these.
"""


class UnknownRuleError(KeyError):
    """There is no rule of this code."""

    def __str__(self) -> str:
        return str(self.args[0])


def rules_pages() -> dict[str, str]:
    """Return the pages on all rules as Markdown, by path: an index, and one page per family."""
    index = [_HEAD, _INTRODUCTION]
    pages = {}
    for digit, (name, title) in _FAMILIES.items():
        rules = [rule for code, rule in sorted(RULES.items()) if code[3] == digit]
        pages[f"{_FOLDER}/{name}.md"] = "\n".join([_HEAD, f"# {title}\n", *(_section(rule) for rule in rules)])
        lines = [f"| [{r.code}]({name}.md#{r.code.lower()}) | {r.severity} | {r.title} |" for r in rules]
        index += [f"## {title}\n", "| code | severity | rule |\n|---|---|---|", *lines, ""]
    return {f"{_FOLDER}/README.md": "\n".join(index)} | pages


def page_of(code: str) -> str:
    """Return where the rule is described.

    Examples
    --------
    >>> page_of("ICD301")
    'docs/rules/references.md#icd301'
    """
    return f"{_FOLDER}/{_FAMILIES[code[3]][0]}.md#{code.lower()}"


def _section(rule: Rule) -> str:
    lines = [
        f"## {rule.code}",
        "",
        f"**{rule.title}**",
        "",
        f"*{rule.severity.capitalize()}.* {rule.why}",
        "",
        f"**Remedy.** {rule.fix}",
    ]
    if rule.after:
        lines += ["", f"Runs where {_listed(rule.after)} found nothing."]
    lines += _examples("Breaks it:", rule.fails) + _examples("Does not:", rule.passes)
    return "\n".join(lines) + "\n"


def _examples(title: str, edits: Sequence[Edit]) -> list[str]:
    return ["", title, "", *(f"- {_code(str(edit))}" for edit in edits)] if edits else []


def _code(text: str) -> str:
    return f"`{text}`" if "`" not in text else f"`` {text} ``"


def _listed(codes: Sequence[str]) -> str:
    return ", ".join(codes[:-1]) + " and " + codes[-1] if len(codes) > 1 else codes[0]


def explain_rule(code: str) -> str:
    """Return what a rule means, why it is there and how to mend a finding.

    Parameters
    ----------
    code : str
        Such as ``ICD301``; upper or lower case.

    Raises
    ------
    UnknownRuleError
        With the nearest code.

    Examples
    --------
    >>> print(explain_rule("icd301").splitlines()[0])
    ICD301  References lead to rows that exist
    """
    rule = RULES.get(code.upper())
    if rule is None:
        hint = did_you_mean(code.upper(), RULES)
        raise UnknownRuleError(
            f"there is no rule {code!r}.{' ' + hint if hint else ''} docs/rules/README.md lists all of them."
        )
    lines = [
        fill(f"{rule.code}  {rule.title}", _WIDTH, subsequent_indent=" " * 8),
        fill(f"        It is {_SEVERITIES[rule.severity]}.", _WIDTH),
        "",
        fill(f"Why: {rule.why}", _WIDTH),
        fill(f"Remedy: {rule.fix}", _WIDTH),
    ]
    for title, edits in (("Breaks it:", rule.fails), ("Does not:", rule.passes)):
        if edits:
            lines += ["", title]
            lines += [
                fill(str(e), _WIDTH, initial_indent="  ", subsequent_indent="    ", break_long_words=True)
                for e in edits[:3]
            ]
    return "\n".join(lines)
