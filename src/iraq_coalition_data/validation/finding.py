"""One finding: what is wrong, where, and what to do. Reporters render it and know nothing else."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

ERROR = "error"
WARNING = "warning"
MEASURE = "measure"


@dataclass(frozen=True, slots=True)
class Finding:
    """One defect, remark or measured figure.

    Attributes
    ----------
    code : str
        Stable code of the rule, ``ICD`` and three digits.
    severity : {"error", "warning", "measure"}
        Errors fail the build, warnings are listed, measures report a figure.
    message : str
        What is wrong, in plain words, quoting the value as it stands.
    file : str or None
        Path within the package.
    line : int or None
        Line that an editor shows.
    table, record, column, value : str or None
        Where it is in the data.
    expected : str or None
        What would be in order.
    suggestion : str or None
        The one best thing to do.
    fixable : bool
        Whether ``icd fmt`` mends it.
    """

    code: str
    severity: str
    message: str
    file: str | None = None
    line: int | None = None
    table: str | None = None
    record: str | None = None
    column: str | None = None
    value: str | None = None
    expected: str | None = None
    suggestion: str | None = None
    fixable: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return the finding as a mapping for JSON."""
        return asdict(self)
