"""The command line: ``icd`` and ``iraq-coalition-data``. Thin; every command calls the library."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any, TextIO

from . import package as packages

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CLEAN, FINDINGS, CANNOT_RUN = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 clean, 1 findings, 2 could not run."""
    options = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except BrokenPipeError:
        # The reader of the pipe has seen enough; keep the interpreter from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CLEAN
    except (packages.PackageError, ImportError, LookupError, ValueError, OSError) as error:
        print(f"icd: {error}", file=sys.stderr)
        return CANNOT_RUN


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="icd",
        description="Reference data on the US-led coalition's mission in Iraq and the negotiation of its end.",
        epilog="Exit codes: 0 clean, 1 findings, 2 could not run.",
    )
    parser.add_argument("--version", action="store_true", help="print version and data hash, and stop")
    parser.set_defaults(run=lambda options: _version() if options.version else _help(parser))
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    def command(name: str, run: Callable[[argparse.Namespace], int], text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        sub.set_defaults(run=run)
        return sub

    def json_flag(sub: argparse.ArgumentParser) -> None:
        sub.add_argument("--json", action="store_true", help="print JSON")

    json_flag(command("summary", _summary, "tables, rows, coverage, version, state, and a small timeline"))

    sub = command("show", _show, "one record: what, who, claims, sources, history")
    sub.add_argument("id", help="an identifier such as evt-2024-0001")
    json_flag(sub)

    sub = command("find", _find, "search names, titles, summaries and quoted words")
    sub.add_argument("text", nargs="+", help="words that must all occur")
    json_flag(sub)

    sub = command("explain", _explain, "why a value is what it is, or what a validator rule means")
    sub.add_argument("what", help="an identifier, or a rule code such as ICD301")
    sub.add_argument("field", nargs="?", help="a claim path such as date or casualties/us_military/injured")

    sub = command("codebook", _codebook, "what tables and columns mean")
    sub.add_argument("table", nargs="?", help="a table; without it, all tables are listed")
    sub.add_argument("field", nargs="?", help="a column")
    json_flag(sub)

    sub = command("cite", _cite, "how to cite the release and the sources behind records")
    sub.add_argument("ids", nargs="*", help="identifiers")
    sub.add_argument("--style", default="bibtex", choices=("bibtex", "ris", "csl-json", "text"))

    def period(sub: argparse.ArgumentParser) -> None:
        sub.add_argument("--start", metavar="DAY", default="2024-07-01", help="first day (default: %(default)s)")
        sub.add_argument("--end", metavar="DAY", default="2024-09-30", help="last day (default: %(default)s)")

    def frame_options(sub: argparse.ArgumentParser) -> None:
        sub.add_argument("--as-of", metavar="DAY", help="show only what the public record said on that day")
        sub.add_argument("--format", default="text", choices=("text", "csv", "json"))

    def picture(sub: argparse.ArgumentParser, *, required: bool = False) -> None:
        sub.add_argument("--plot", metavar="FILE", type=Path, required=required, help="draw into a .png, .svg or .pdf")

    sub = command("known-on", _known_on, "a brief of what was publicly known on a day")
    sub.add_argument("day", help="such as 2024-08-16")
    sub.add_argument("subject", nargs="?", help="a process or milestone; by default all")

    sub = command("drift", _drift, "how the stated dates of commitments moved")
    sub.add_argument("milestone", nargs="?", help="a milestone; by default all")
    sub.add_argument("--min-authority", metavar="CODE", help="weakest authority that counts, such as official_named")
    frame_options(sub)
    picture(sub)

    sub = command("weekly", _weekly, "events per week, with bounds and without false zeros")
    sub.add_argument("--family", default="attacks", metavar="CODE", help="attacks, state_force, negotiation, …")
    sub.add_argument("--area", default="loc-region", metavar="ID", help="a place (default: %(default)s)")
    sub.add_argument("--by", action="append", default=[], metavar="WHAT", help="break down, such as verification")
    sub.add_argument("--freq", default="week", choices=("day", "week", "month"))
    period(sub)
    frame_options(sub)

    sub = command("timeline", _timeline, "talks, attacks and force of a period")
    period(sub)
    frame_options(sub)
    picture(sub)

    sub = command("map", _map, "attacks and force of a period on a map")
    period(sub)
    sub.add_argument("--as-of", metavar="DAY", help="show only what the public record said on that day")
    picture(sub, required=True)

    sub = command("export", _export, "write all tables for another tool")
    sub.add_argument("style", choices=("parquet", "sqlite", "duckdb", "geojson"))
    sub.add_argument("target", type=Path, help="a file, or a folder for parquet; it must not exist yet")
    sub.add_argument("--as-of", metavar="DAY", help="export only what the public record said on that day")

    sub = command("validate", _validate, "check bytes, cells, keys and cross-table rules")
    sub.add_argument("path", nargs="?", help="a folder that holds datapackage.json; by default this checkout")
    sub.add_argument("--fix", action="store_true", help="first mend what icd fmt mends, and say what")
    sub.add_argument("--select", default="", metavar="CODES", help="report these rules only, such as ICD301,ICD5")
    sub.add_argument("--ignore", default="", metavar="CODES", help="leave these rules out of the report")
    sub.add_argument("--changed-since", metavar="REF", help="show what this branch brought since it left REF")
    sub.add_argument("--fail-on", default="error", choices=("error", "warning", "never"))
    sub.add_argument("--format", default="text", choices=("text", "markdown", "json", "github", "sarif", "junit"))
    sub.add_argument("--output", type=Path, metavar="FILE", help="write the report there, and print only the totals")
    sub.add_argument("--engine", default="ours", choices=("ours", "both"), help="both: frictionless as second opinion")

    sub = command("add", _add, "add record bundles, all of them or none")
    sub.add_argument("bundles", nargs="+", type=Path, help="YAML files, one batch")
    sub.add_argument("--dry-run", action="store_true", help="print the row diff and write nothing")

    sub = command("new", _new, "print a commented bundle to fill in")
    sub.add_argument("kind", help="event, actor, agreement, milestone, statement, source, …")

    sub = command("fmt", _fmt, "put every file into canonical form and recompute what follows from claims")
    sub.add_argument("--check", action="store_true", help="change nothing; exit 1 if something would change")

    sub = command("diff", _diff, "what changed between two states, on whose word, and the least version bump")
    sub.add_argument("before", help="a folder, zip archive, wheel, tag, branch, commit, or: installed")
    sub.add_argument("after", nargs="?", default=".", help="the later state (default: the working directory)")
    sub.add_argument("--format", default="text", choices=("text", "markdown", "html", "json"))
    sub.add_argument("--limit", type=int, default=200, metavar="N", help="records of each kind (default: %(default)s)")
    sub.add_argument("--check-version", action="store_true", help="exit 1 if the later state's version is too low")

    sub = command("history", _history, "how a record changed from release to release")
    sub.add_argument("id", help="an identifier such as evt-2024-0001")
    sub.add_argument("states", nargs="*", help="states in order; by default every release tag, then this folder")
    json_flag(sub)

    sub = command("bundle", _bundle, "turn a filled-in issue form into a record bundle")
    sub.add_argument("what", choices=("from-issue",), help="where the bundle comes from")
    sub.add_argument("file", type=Path, help="the body of the issue, as Markdown")

    sub = command("renumber", _renumber, "before a merge, move this branch's new numbers out of the way of another's")
    sub.add_argument("--onto", required=True, metavar="REF", help="the branch to merge into, such as origin/main")

    sub = command("completion", _completion, "print a completion script for your shell")
    sub.add_argument("shell", choices=("bash", "zsh", "tcsh"))
    return parser


def _help(parser: argparse.ArgumentParser) -> int:
    parser.print_help()
    return CLEAN


def _print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))


def _version() -> int:
    import hashlib

    package = packages.shipped()
    digest = hashlib.sha256("".join(r.sha256 or "" for r in package.resources.values()).encode()).hexdigest()
    print(f"iraq_coalition_data {package.version} (data {digest[:12]})")
    return CLEAN


def _summary(options: argparse.Namespace) -> int:
    from .overview import summary
    from .terminal import bars, heading, show_table

    facts = summary()
    if options.json:
        _print_json(facts)
        return CLEAN
    print(heading(f"iraq_coalition_data {facts['version']}"))
    print(fill(facts["title"], 80))
    if facts["edited_files"]:
        print(f"\nEdited since release: {', '.join(facts['edited_files'])}. Run: icd validate")
    else:
        print("\nAll files are the validated, released bytes.")
    print()
    show_table(facts["tables"], ("table", "rows", "what"))
    live, every = facts["claims"]["live"], facts["claims"]["all"]
    print(f"\n{live} of {every} claims are live; the newest was public on {facts['newest_report']}.")
    print(heading("\nCoverage"))
    show_table(facts["coverage"], ("family", "area_id", "date_start", "date_end", "completeness"))
    print(heading("\nEvents per month"))
    print("\n".join(bars(facts["events_per_month"])))
    return CLEAN


def _show(options: argparse.Namespace) -> int:
    from .overview import card
    from .rendering import card_text

    found = card(options.id)
    if options.json:
        _print_json(found)
    else:
        print(card_text(found))
    return CLEAN


def _find(options: argparse.Namespace) -> int:
    from .overview import find
    from .terminal import show_table

    hits = find(" ".join(options.text))
    if options.json:
        _print_json(hits)
    elif hits:
        show_table(hits, ("id", "column", "text"))
    else:
        print("Nothing found.")
    return CLEAN if hits else FINDINGS


def _explain(options: argparse.Namespace) -> int:
    if options.what.upper().startswith("ICD"):
        from .validation.documentation import explain_rule

        print(explain_rule(options.what.upper()))
        return CLEAN
    from .resolution.queries import explain
    from .resolution.store import shipped_store

    if options.field is None:
        store = shipped_store()
        fields = sorted(store.ledger.by_record.get(store.resolve_id(options.what), {}))
        if not fields:
            raise ValueError(f"{options.what} has no claims; its columns are labels, see icd codebook")
        print(f"{options.what} has claims on:\n" + "\n".join(f"  {field}" for field in fields))
        return CLEAN
    print(explain(options.what, options.field))
    return CLEAN


def _codebook(options: argparse.Namespace) -> int:
    from .overview import columns
    from .terminal import show_table

    rows = columns(options.table, options.field)
    if options.json:
        _print_json(rows)
    elif options.table is None:
        show_table(rows, ("table", "rows", "primary_key", "description"))
    elif options.field is None:
        show_table(rows, ("field", "type", "kind", "refers_to", "description"))
    else:
        for name, value in rows[0].items():
            if value not in (None, ""):
                print(fill(f"{name}: {value}", 80, subsequent_indent="  "))
    return CLEAN


def _cite(options: argparse.Namespace) -> int:
    from .citation import cite

    print(cite(options.ids or None, options.style))
    return CLEAN


def _known_on(options: argparse.Namespace) -> int:
    from .analysis import known_on

    print(known_on(options.day, options.subject))
    return CLEAN


def _drift(options: argparse.Namespace) -> int:
    from .analysis import milestone_drift
    from .terminal import show_frame

    if options.plot:
        from .analysis.plots import drift

        return _draw(drift(options.milestone, as_of=options.as_of), options.plot)
    frame = milestone_drift(options.milestone, min_authority=options.min_authority, as_of=options.as_of)
    if options.format == "text":
        frame = frame[
            ["stated_on", "target_start", "target_end", "qualifier", "authority", "delta_days", "statement_id"]
        ]
    show_frame(frame, options.format)
    return CLEAN


def _weekly(options: argparse.Namespace) -> int:
    from .analysis import weekly_counts
    from .terminal import show_frame

    days = {"start": options.start, "end": options.end, "as_of": options.as_of}
    show_frame(weekly_counts(options.family, options.area, by=options.by, freq=options.freq, **days), options.format)
    return CLEAN


def _timeline(options: argparse.Namespace) -> int:
    from .analysis import timeline
    from .terminal import show_frame

    if options.plot:
        from .analysis import plots

        return _draw(plots.timeline(options.start, options.end, as_of=options.as_of), options.plot)
    show_frame(timeline(options.start, options.end, as_of=options.as_of), options.format)
    return CLEAN


def _map(options: argparse.Namespace) -> int:
    from .analysis.plots import incident_map

    return _draw(incident_map(options.start, options.end, as_of=options.as_of), options.plot)


def _draw(figure: Figure, path: Path) -> int:
    if path.suffix not in (".png", ".svg", ".pdf"):
        raise ValueError(f"{path} ends in {path.suffix or 'nothing'!r}; expected .png, .svg or .pdf")
    figure.savefig(path)
    print(f"Drawn into {path}.")
    return CLEAN


def _export(options: argparse.Namespace) -> int:
    from .export import export

    print(f"Written: {export(options.target, options.style, as_of=options.as_of)}")
    return CLEAN


def _validate(options: argparse.Namespace) -> int:
    from .validation.api import report_on
    from .validation.reporting import render_report

    in_checkout = options.path or options.fix or _in_checkout()
    package = packages.checkout(options.path) if in_checkout else packages.shipped()
    if options.fix:
        _print_changes(package, check=False, stream=sys.stderr)
        package = packages.DataPackage(package.root)
    report = report_on(
        package,
        since=options.changed_since,
        select=options.select,
        ignore=options.ignore,
        both=options.engine == "both",
    )
    text = render_report(report, options.format, colour=sys.stdout.isatty() and "NO_COLOR" not in os.environ)
    if options.output:
        options.output.write_text(text + "\n", encoding="utf-8")
        print(report.totals)
    else:
        print(text)
    if options.format == "github" and "GITHUB_STEP_SUMMARY" in os.environ:
        with Path(os.environ["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as summary:
            summary.write(render_report(report, "markdown"))
    if not report.is_clean(options.fail_on):
        return FINDINGS
    return CANNOT_RUN if report.hides_a_cause else CLEAN


def _in_checkout() -> bool:
    try:
        packages.checkout()
    except packages.PackageError:
        return False
    return True


def _add(options: argparse.Namespace) -> int:
    from .curation.adding import add_bundles
    from .curation.bundles import BundleRefused
    from .curation.differences import difference, render_text
    from .reading import read_rows
    from .schemas import load_schema
    from .validation.baseline import Baseline
    from .validation.report import Report
    from .validation.reporting import render_report

    package = packages.checkout()
    baseline = Baseline.of(package)
    before = read_rows(package, package.table_names) if options.dry_run else {}
    try:
        addition, changed = add_bundles(package, options.bundles, dry_run=options.dry_run)
    except BundleRefused as refused:
        print(f"{refused}\n\n{len(refused.errors)} defects; nothing was written.", file=sys.stderr)
        return FINDINGS
    for note in addition.notes:
        print(note)
    new, earlier = baseline.split(addition.findings)
    if new:
        print(render_report(Report(new, earlier)))
    if not addition.is_valid:
        print("Nothing was written.", file=sys.stderr)
        return FINDINGS
    if options.dry_run:
        schemas = {name: load_schema(package, name) for name in package.table_names}
        print(render_text(difference(before, addition.tables, schemas)))
        return CLEAN
    for handle, identifier in addition.ids.items():
        print(f"@{handle} is {identifier}")
    print("Changed: " + ", ".join(changed) if changed else "Nothing new; no file was changed.")
    return CLEAN


def _new(options: argparse.Namespace) -> int:
    from .curation.templates import template

    print(template(options.kind), end="")
    return CLEAN


def _fmt(options: argparse.Namespace) -> int:
    changes = _print_changes(packages.checkout(), check=options.check, stream=sys.stdout)
    if not changes:
        print("Every file is in canonical form.")
    return FINDINGS if options.check and changes else CLEAN


def _print_changes(package: packages.DataPackage, *, check: bool, stream: TextIO) -> int:
    """Put a checkout into canonical form, print what changed, and return the number of changes."""
    from .curation.formatting import format_package

    changes = format_package(package, check=check)
    for change in changes:
        print(change, *change.details[:20], sep="\n  ", file=stream)
        if len(change.details) > 20:
            print(f"  and {len(change.details) - 20:,} more", file=stream)
    return len(changes)


def _diff(options: argparse.Namespace) -> int:
    from .curation.comparing import diff
    from .curation.comparison_report import render_comparison

    found = diff(options.before, options.after)
    print(render_comparison(found, options.format, options.limit).rstrip("\n"))
    return FINDINGS if options.check_version and not found.version_suffices else CLEAN


def _history(options: argparse.Namespace) -> int:
    from .curation.comparison_report import history_json, render_history
    from .curation.record_history import record_history

    steps = record_history(options.id, options.states)
    print(history_json(steps) if options.json else render_history(steps))
    return CLEAN


def _bundle(options: argparse.Namespace) -> int:
    from .curation.bundles import BundleRefused
    from .curation.issue_forms import bundle_from_issue

    try:
        print(bundle_from_issue(options.file), end="")
    except BundleRefused as refused:
        print(f"{refused}\n\nNo bundle was made.", file=sys.stderr)
        return FINDINGS
    return CLEAN


def _renumber(options: argparse.Namespace) -> int:
    from .curation.renumbering import renumber_checkout

    changes = renumber_checkout(packages.checkout(), options.onto)
    for old, new in changes.items():
        print(f"{old} is now {new}")
    if not changes:
        print("No identifier collides.")
    return CLEAN


def _completion(options: argparse.Namespace) -> int:
    import shtab

    print(shtab.complete(_parser(), shell=options.shell))
    return CLEAN


if __name__ == "__main__":
    sys.exit(main())
