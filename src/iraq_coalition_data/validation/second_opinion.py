"""Frictionless as second engine: an independent reader must find the same package in order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..package import DESCRIPTOR, DataPackage, MissingExtraError
from .files import check_files
from .finding import ERROR, MEASURE, Finding
from .runner import read_state

_CODE = "ICD850"
_MAX_ERRORS = 100_000
# Frictionless takes minutes for, or loses itself in, files whose lines and headers are not in order.
_UNFIT = ("ICD001", "ICD002", "ICD004", "ICD101", "ICD102", "ICD103", "ICD801", "ICD806")
_WORDS = {
    "type-error": "the value does not have the type of its column",
    "constraint-error": "the value breaks a constraint of its column",
    "unique-error": "the value stands in another row already",
    "primary-key": "the key stands in another row already, or is empty",
    "foreign-key": "the value is not in the table that the column refers to",
    "hash-count": "the hash of the file is not the one that the descriptor gives",
    "byte-count": "the size of the file is not the one that the descriptor gives",
    "row-count": "the number of rows is not the one that the descriptor gives",
    "blank-row": "the row is blank",
    "blank-label": "a column has no name",
    "duplicate-label": "two columns have one name",
    "incorrect-label": "a column has another name than in the schema",
    "missing-label": "a column is missing",
    "extra-label": "a column is not in the schema",
    "missing-cell": "the row has too few cells",
    "extra-cell": "the row has too many cells",
    "encoding-error": "the file is not in the encoding that the descriptor gives",
    "package-error": "the descriptor is not in order",
    "resource-error": "the description of a table is not in order",
    "schema-error": "a schema is not in order",
}


def second_opinion(package: DataPackage) -> list[Finding]:
    """Ask frictionless what it thinks of a package.

    It would follow links and addresses, and is slow on damaged files; so it sees the package only
    after our own checks of files, headers and lines. Defects of values do not keep it away.

    Parameters
    ----------
    package : DataPackage
        The package to check.

    Returns
    -------
    list of Finding
        Its errors under the code ICD850 in our words, or one remark where it was not asked.

    Raises
    ------
    MissingExtraError
        If frictionless is not installed.
    """
    try:
        import frictionless
    except ImportError:
        raise MissingExtraError("the second engine needs: pip install 'iraq-coalition-data[validate]'") from None

    _, read = read_state(package)
    unfit = [f for f in [*check_files(package), *read] if f.code in _UNFIT and not f.fixable]
    if unfit or not isinstance(package.root, Path):
        reason = f"{unfit[0].code} and {len(unfit) - 1} more findings" if unfit else "the package is inside an archive"
        return [Finding(_CODE, MEASURE, f"frictionless: not asked, because of {reason}.", file=DESCRIPTOR)]
    # The type is never guessed from the name of the file: a wrong guess checks nothing and says valid.
    report = frictionless.validate(str(package.root / DESCRIPTOR), type="package", limit_errors=_MAX_ERRORS)
    findings = {(f.file, f.line, f.column, f.message): f for f in _translate(package, report)}
    if len(report.tasks) != len(package.resources):
        message = f"frictionless: looked at {len(report.tasks)} tables of {len(package.resources)}."
        findings[None, None, None, message] = Finding(_CODE, ERROR, message, file=DESCRIPTOR)
    return list(findings.values())


def _translate(package: DataPackage, report: Any) -> Iterator[Finding]:
    for error in report.errors:
        yield Finding(_CODE, ERROR, f"frictionless: {_in_words(error)}.", file=DESCRIPTOR)
    for task in report.tasks:
        resource = package.resources.get(task.name)
        for error in task.errors:
            fields = getattr(error, "field_names", None) or [getattr(error, "field_name", None)]
            cells = getattr(error, "field_cells", None) or [getattr(error, "cell", None)]
            yield Finding(
                _CODE,
                ERROR,
                f"frictionless: {_in_words(error)}.",
                file=resource.path if resource else DESCRIPTOR,
                line=getattr(error, "row_number", None),
                table=task.name,
                column=fields[0],
                value=None if cells[0] is None else str(cells[0])[:200],
            )


def _in_words(error: Any) -> str:
    return _WORDS.get(error.type, f"it reports a defect of the kind {str(error.type).replace('-', ' ')}")
