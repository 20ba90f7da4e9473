"""Validation as a call: of a folder, or of a frame that someone brings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..package import DataPackage, checkout, shipped
from ..reading import InvalidDataError, check_frame, read_codes
from ..schemas import load_schema
from .baseline import baseline_since
from .finding import ERROR, Finding
from .report import Report, chosen_codes
from .runner import examine_package, not_checked, validate_package, without_echoes

if TYPE_CHECKING:
    import pandas as pd


def validate(target: str | Path | pd.DataFrame | None = None, *, table: str | None = None) -> list[Finding]:
    """Validate a Data Package in this format, or a frame of one of its tables.

    Parameters
    ----------
    target : path or pandas.DataFrame, optional
        A folder that holds ``datapackage.json``; by default the shipped package. Or a frame, which
        is held against the contract of its table: no other table is looked at.
    table : str, optional
        Table of the frame; by default the one that its ``attrs`` name.

    Returns
    -------
    list of Finding
        Errors first, then warnings and measures; empty of errors where all is in order.

    Raises
    ------
    PackageError
        If the folder holds no Data Package.
    ValueError
        If it is not known to which table a frame belongs.

    Examples
    --------
    >>> [finding.code for finding in validate() if finding.severity == "error"]
    []
    """
    if target is None:
        return validate_package(shipped())
    if isinstance(target, (str, Path)):
        return validate_package(checkout(target))
    name = table or target.attrs.get("iraq_coalition_data", {}).get("table")
    package = shipped()
    if name not in package.resources:
        raise ValueError(f"it is not known to which table the frame belongs ({name!r}); pass table=")
    schema = load_schema(package, name)
    try:
        check_frame(target, schema, read_codes(package, schema), name)
    except InvalidDataError as invalid:
        return [
            Finding(
                e.code, ERROR, e.message, line=e.line, table=name, column=e.column, value=e.value, expected=e.expected
            )
            for e in invalid.errors
        ]
    return []


def report_on(
    package: DataPackage, *, since: str | None = None, select: str = "", ignore: str = "", both: bool = False
) -> Report:
    """Validate a package and return what is to be shown of it.

    Parameters
    ----------
    package : DataPackage
        The folder to check.
    since : str, optional
        A branch, tag or commit. What was there when the work on the checkout left it is counted, not
        shown, and rules that the change cannot affect do not run again.
    select, ignore : str
        Codes or beginnings of codes, parted by commas; see `chosen_codes`.
    both : bool
        Whether frictionless gives a second opinion.
    """
    codes = chosen_codes(select, ignore)
    baseline = baseline_since(package, since) if since else None
    everything = baseline.examine(package) if baseline else examine_package(package)
    if both:
        everything += second_opinion_on(package, everything)
    chosen = without_echoes([finding for finding in everything if finding.code in codes])
    shown, elsewhere = baseline.split(chosen) if baseline else (chosen, [])
    return Report(shown, elsewhere, codes, not_checked(everything))


def second_opinion_on(package: DataPackage, findings: Sequence[Finding]) -> list[Finding]:
    """Return what frictionless says, unless our own engine found the files unfit to be opened.

    Frictionless would follow links and addresses; it is called only on files that passed here.
    """
    from .second_opinion import second_opinion

    if any(finding.severity == ERROR for finding in findings):
        return []
    return second_opinion(package)
