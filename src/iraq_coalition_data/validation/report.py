"""What a run of the validator says, and the words that every rendering of it shares."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from .finding import ERROR, MEASURE, WARNING, Finding
from .rule import RULES
from .runner import not_checked, sort_findings
from .state import did_you_mean

NEVER = "never"
MAX_PER_CODE = 20
_MAX_EXPECTED = 200


@dataclass(slots=True)
class Report:
    """Findings to show, and what surrounds them.

    Attributes
    ----------
    findings : sequence of Finding
        What is shown; put in order of severity, code and place.
    elsewhere : sequence of Finding
        What was there before the change that is looked at; counted, not shown.
    codes : sequence of str
        Codes of the rules that were asked for; by default all.
    not_checked : sequence of str
        Codes of rules that errors kept from running; by default those that `findings` keep.
    """

    findings: Sequence[Finding]
    elsewhere: Sequence[Finding] = ()
    codes: Sequence[str] = field(default_factory=lambda: sorted(RULES))
    not_checked: Sequence[str] | None = None

    def __post_init__(self) -> None:
        self.findings = sort_findings(self.findings)
        if self.not_checked is None:
            self.not_checked = not_checked(self.findings)

    @property
    def unchecked(self) -> list[str]:
        """Codes of rules that were asked for and could not run."""
        return [code for code in self.not_checked or () if code in self.codes]

    @property
    def hides_a_cause(self) -> bool:
        """Whether rules that were asked for could not run because of errors that are not reported."""
        return bool(self.unchecked) and self.is_clean()

    def is_clean(self, fail_on: str = ERROR) -> bool:
        """Return whether there is nothing to fail on: ``error``, ``warning`` (or worse), or ``never``."""
        failing = {ERROR: (ERROR,), WARNING: (ERROR, WARNING), NEVER: ()}[fail_on]
        return not any(finding.severity in failing for finding in (*self.findings, *self.elsewhere))

    @property
    def totals(self) -> str:
        """How many errors and warnings there are, as a sentence."""
        new = "new " if self.elsewhere else ""
        text = tally(self.findings)
        if not any(finding.severity == ERROR for finding in self.findings):
            text = f"No {new}errors, {text}" if text else f"No {new}errors and no {new}warnings"
        mendable = sum(finding.fixable for finding in self.findings)
        return text + (f"; {mendable} of them icd fmt mends." if mendable else ".")

    @property
    def remainder(self) -> str:
        """What was there before, by rule, as a sentence; empty where there is nothing."""
        noted = [finding for finding in self.elsewhere if finding.severity != MEASURE]
        if not noted:
            return ""
        codes = sorted({finding.code for finding in noted})
        shown = ", ".join(f"{code} {sum(f.code == code for f in noted):,}" for code in codes)
        return f"Before this change already: {tally(noted)} ({shown})."


def chosen_codes(select: str, ignore: str) -> list[str]:
    """Return the codes of the rules to report.

    Parameters
    ----------
    select, ignore : str
        Codes or beginnings of codes such as ``ICD301,ICD5``, parted by commas; without `select`, all
        that are not ignored.

    Raises
    ------
    ValueError
        If no rule begins like one of them, with the nearest that there is.

    Examples
    --------
    >>> chosen_codes("ICD30", "ICD301,icd306,ICD307")
    ['ICD302', 'ICD303', 'ICD304', 'ICD305']
    """
    wanted, unwanted = _prefixes(select), _prefixes(ignore)
    return [code for code in sorted(RULES) if code.startswith(wanted or "ICD") and not code.startswith(unwanted)]


def _prefixes(text: str) -> tuple[str, ...]:
    prefixes = tuple(part.strip().upper() for part in text.split(",") if part.strip())
    for prefix in prefixes:
        if not any(code.startswith(prefix) for code in RULES):
            hint = did_you_mean(prefix, RULES)
            raise ValueError(f"no rule begins with {prefix!r}. {hint or 'docs/rules/README.md lists all of them.'}")
    return prefixes


def tally(findings: Sequence[Finding]) -> str:
    """Return how many errors and warnings there are, or the empty string where there are none."""
    numbers = {severity: sum(f.severity == severity for f in findings) for severity in (ERROR, WARNING)}
    return ", ".join(counted(number, severity) for severity, number in numbers.items() if number)


def counted(number: int, what: str) -> str:
    """Return a number with its noun.

    Examples
    --------
    >>> counted(1, "error"), counted(2_000, "row")
    ('1 error', '2,000 rows')
    """
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def title_of(code: str) -> str:
    """Return the title of a rule."""
    return RULES[code].title if code in RULES else ""


def place_of(finding: Finding) -> str:
    """Return file and line as editors and terminals open them."""
    return visible(finding.file or "") + (f":{finding.line}" if finding.line else "")


def wording_of(finding: Finding) -> str:
    """Return what is wrong, what was expected and what to do."""
    sentences = [visible(finding.message)]
    if finding.expected:
        sentences.append(f"Expected {visible(finding.expected)[:_MAX_EXPECTED]}.")
    if finding.suggestion:
        sentences.append(visible(finding.suggestion))
    return " ".join(sentences)


def visible(text: str) -> str:
    r"""Return a text in which characters that cannot be seen are named.

    Examples
    --------
    >>> visible("Peshmerga\u00a0")
    'Peshmerga<U+00A0>'
    """
    return "".join(
        c if (c.isprintable() and unicodedata.category(c) != "Zs") or c == " " else f"<U+{ord(c):04X}>" for c in text
    )
