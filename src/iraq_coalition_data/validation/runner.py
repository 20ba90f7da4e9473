"""From a folder to findings: byte and cell checks first, then every rule on the tables."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from ..cells import CellError, Table, read_table, write_table
from ..package import CODELIST_PREFIX, DataPackage, PackageError, data_path, shipped
from ..reading import Tables
from ..schemas import Schema, SchemaError, load_schema
from . import families  # noqa: F401  registers the rules
from .exceptions import accepted, idle_exceptions, read_exceptions
from .files import check_files
from .finding import ERROR, Finding
from .rule import RULES
from .state import State, did_you_mean


def read_state(package: DataPackage) -> tuple[State | None, list[Finding]]:
    """Read all tables of `package` strictly.

    Returns
    -------
    state : State or None
        None where a table, schema or the descriptor cannot be used, so that no rule can run.
    findings : list of Finding
        Every defect of bytes, headers and cells, and every exception that cannot be used.
    """
    exceptions, findings = read_exceptions(package)
    try:
        resources = package.resources
    except PackageError as error:
        return None, [Finding("ICD801", ERROR, f"{error!s:.1000}.", file="datapackage.json")]
    schemas: dict[str, Schema] = {}
    for name, resource in resources.items():
        try:
            schemas[name] = load_schema(package, name)
        except SchemaError as error:
            findings.append(Finding("ICD103", ERROR, f"{error!s:.1000}.", file=resource.schema_path))
        except PackageError as error:
            findings.append(Finding("ICD101", ERROR, f"{error!s:.1000}.", file=resource.schema_path))
    if len(schemas) < len(resources):
        return None, findings
    read: dict[str, Table] = {}
    codes: dict[str, frozenset[str]] = {}
    usable = shipped().resources.keys() <= resources.keys()
    for name in sorted(resources, key=lambda n: not n.startswith(CODELIST_PREFIX)):
        try:
            data = package.read(resources[name].path)
        except PackageError as error:
            findings.append(Finding("ICD101", ERROR, f"{error!s:.1000}.", file=resources[name].path, table=name))
            usable = False
            continue
        is_codelist = name.startswith(CODELIST_PREFIX)
        table = read[name] = read_table(data, schemas[name], resources[name].path, codes, in_order=not is_codelist)
        usable = usable and table.usable
        if is_codelist and not _hides_codes(table):
            codes[name.removeprefix(CODELIST_PREFIX)] = frozenset(row[0] for row in table.rows)
        findings += [_from_cell(error, table, codes) for error in table.errors]
    if not usable:
        return None, findings
    tables: Tables = {name: as_rows(read[name]) for name in resources}
    lines = {name: read[name].lines for name in resources}
    return State(package.descriptor, schemas, tables, lines, exceptions=exceptions), findings


def _hides_codes(table: Table) -> bool:
    """Return whether errors keep codes from being read; who uses them is not to blame."""
    if not table.usable and not table.rows:
        return True
    return any(error.column == "code" or (not error.column and not error.fixable) for error in table.errors)


def as_rows(table: Table) -> list[dict[str, str]]:
    """Return the rows of a strictly read table as mappings."""
    names = table.schema.names
    return [dict(zip(names, row, strict=True)) for row in table.rows]


def _from_cell(error: CellError, table: Table, codes: dict[str, frozenset[str]]) -> Finding:
    suggestion = None
    if error.code == "ICD203" and error.value and error.column:
        codelist = table.schema[error.column].codelist
        suggestion = did_you_mean(error.value, codes.get(codelist or "", ()))
    if error.code == "ICD102" and error.value:
        suggestion = did_you_mean(error.value, table.schema.names)
    if error.fixable:
        suggestion = f"Run: icd fmt {error.path}"
    record = None
    if error.line > 1 and error.line in table.lines:
        row = dict(zip(table.schema.names, table.rows[table.lines.index(error.line)], strict=True))
        record = " ".join(row[part] for part in table.schema.primary_key)
    return Finding(
        code=error.code,
        severity=ERROR,
        message=error.message,
        file=error.path,
        line=error.line,
        table=table.schema.name,
        record=record,
        column=error.column,
        value=error.value,
        expected=error.expected,
        suggestion=suggestion,
        fixable=error.fixable,
    )


def run_rules(
    state: State, select: Collection[str] | None = None, known: Mapping[str, Sequence[Finding]] | None = None
) -> list[Finding]:
    """Run every rule, or the selected ones, on tables that were read without defects.

    A rule that builds on others does not run where these have findings; one whose findings are
    `known` already does not run either.
    """
    found: dict[str, Sequence[Finding]] = dict(known or {})

    def run(code: str) -> Sequence[Finding]:
        if code not in found:
            rule = RULES[code]
            blocked = rule.check is None or any(run(earlier) for earlier in rule.after)
            found[code] = [] if blocked or rule.check is None else list(rule.check(state))
        return found[code]

    return [finding for code in sorted(RULES) if select is None or code in select for finding in run(code)]


def not_checked(findings: Iterable[Finding]) -> list[str]:
    """Return the codes of the rules that could not run because of `findings`."""
    errors = [finding for finding in findings if finding.severity == ERROR]
    own = [rule for rule in RULES.values() if rule.check is not None]
    if any(error.table and RULES[error.code].reported_by for error in errors if error.code in RULES):
        return sorted(rule.code for rule in own)
    codes = {error.code for error in errors}
    return sorted(rule.code for rule in own if codes & set(rule.after))


def recheck(state: State, tables: Tables) -> list[Finding]:
    """Return all findings on would-be data tables that take the place of those of `state`.

    The tables go through the same strict reader as files do, so that nothing can be written that
    would not be read again.
    """
    findings: list[Finding] = []
    codes = {name: frozenset(values) for name, values in state.codes.items()}
    fresh = dict(state.tables)
    for name in state.data_tables:
        schema = state.schemas[name]
        data = write_table(schema, [[row[column] for column in schema.names] for row in tables[name]])
        table = read_table(data, schema, data_path(name), codes)
        findings += [_from_cell(error, table, codes) for error in table.errors]
        fresh[name] = as_rows(table)
    if not findings:
        findings = accepted(run_rules(State(state.descriptor, state.schemas, fresh, previous=state.previous)), state)
    return sort_findings(findings)


def validate_package(package: DataPackage, previous: Tables | None = None) -> list[Finding]:
    """Return all findings on a package, one for each defect.

    Parameters
    ----------
    package : DataPackage
        The folder to check.
    previous : dict of str to list of dict, optional
        The tables of the previous release; rules on lost identifiers need them.
    """
    return without_echoes(examine_package(package, previous))


def examine_package(
    package: DataPackage, previous: Tables | None = None, run: Callable[[State], list[Finding]] = run_rules
) -> list[Finding]:
    """Return all findings on a package, echoes included.

    Cross-table rules run only where every cell is in order: on damaged tables they would report the
    same defect again under other names.

    Parameters
    ----------
    package, previous
        As in `validate_package`.
    run : callable
        Gives what the rules find; a baseline gives the same with less work.
    """
    findings = check_files(package)
    reported = {(finding.code, finding.file) for finding in findings}
    # A table is judged by its schema, unless that is at fault itself.
    unjudged = {finding.table for finding in findings if finding.code in ("ICD103", "ICD806")}
    state, read = read_state(package)
    findings += [f for f in read if (f.code, f.file) not in reported and f.table not in unjudged]
    if state is not None and not any(finding.severity == ERROR and finding.table for finding in findings):
        state.previous = previous
        found = run(state)
        findings += [*accepted(found, state), *idle_exceptions(found, state, not_checked(found))]
    return sort_findings(findings)


def without_echoes(findings: Sequence[Finding]) -> list[Finding]:
    """Leave out that files changed since they were described where there are other errors: mending changes them."""
    echoes = [finding for finding in findings if finding.code == "ICD801" and finding.record]
    has_other_errors = sum(finding.severity == ERROR for finding in findings) > len(echoes)
    return [finding for finding in findings if not has_other_errors or finding not in echoes]


def sort_findings(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings by severity, code and place."""
    order = {"error": 0, "warning": 1, "measure": 2}
    return sorted(
        findings, key=lambda f: (order[f.severity], f.code, f.file or "", f.line or 0, f.column or "", f.message)
    )
