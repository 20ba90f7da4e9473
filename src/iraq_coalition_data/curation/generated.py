"""Files that follow from schemas, codelists, rules and tables, and are never edited by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from ..package import CODELIST_PREFIX, DataPackage
from ..reading import read_rows
from ..schemas import Field, load_schema
from ..validation.documentation import rules_pages
from .issue_forms import issue_form_pages
from .quality import quality_page

_OWN_SOURCE = "src/iraq_coalition_data"
_NAMES_HEAD = '''\
"""Names of all tables, for type checkers. Written by `icd fmt`; do not edit."""

from typing import Literal

TableName = Literal[
'''
_CODEBOOK_HEAD = """\
<!-- Written by `icd fmt` from schemas/ and data/codelists/; do not edit. -->

# Codebook

Every table and every column as its schema describes it, and every codelist. Kinds of columns: *identity* says which
record a row is; *claimed* values follow from claims; *computed* ones from claims or other rows; *coded* ones are labels
that this data set assigns by written rule; *descriptive* ones are texts that people wrote later.
"""


class _Overlay(DataPackage):
    """A checkout as it is once some files are written."""

    def __init__(self, root: Path, files: Mapping[str, bytes]) -> None:
        super().__init__(root)
        self._files = files

    def read(self, path: str) -> bytes:
        return self._files[path] if path in self._files else super().read(path)


def generated_after(package: DataPackage, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the generated files as they must be once `files` are written; none for data kept without our source."""
    root = Path(str(package.root))
    return generated_files(_Overlay(root, files)) if (root / _OWN_SOURCE).is_dir() else {}


def generated_files(package: DataPackage) -> dict[str, bytes]:
    """Return every generated file of a checkout, by path.

    Parameters
    ----------
    package : DataPackage
        The package whose schemas and codelists count.
    """
    pages = (
        {
            "src/iraq_coalition_data/_names.py": names_module(package),
            "docs/codebook.md": codebook_page(package),
        }
        | rules_pages()
        | issue_form_pages(package)
    )
    if quality := quality_page(package):
        pages["QUALITY.md"] = quality
    return {path: text.encode("utf-8") for path, text in pages.items()}


def names_module(package: DataPackage) -> str:
    """Return the module that tells type checkers which tables exist."""
    return _NAMES_HEAD + "".join(f'    "{name}",\n' for name in package.resources) + "]\n"


def codebook_page(package: DataPackage) -> str:
    """Return the codebook as Markdown: all columns of all tables, then all codelists."""
    lines = [_CODEBOOK_HEAD]
    for name in package.table_names:
        schema = load_schema(package, name)
        lines += [f"## {name}", "", schema.description, "", f"Primary key: {', '.join(schema.primary_key)}.", ""]
        lines += ["| column | type | required | kind | refers to | meaning |", "|---|---|---|---|---|---|"]
        lines += [_column(field) for field in schema.fields]
        lines.append("")
    lines += ["## Codelists", ""]
    for name in package.codelist_names:
        lines += [f"### {name}", "", "| code | label | definition |", "|---|---|---|", *_codes(package, name), ""]
    return "\n".join(lines)


def _column(field: Field) -> str:
    target = f"codelist {field.codelist}" if field.codelist else field.reference[0] if field.reference else ""
    meaning = [field.description, field.guideline or ""]
    if field.unit:
        meaning.append(f"Unit: {field.unit}.")
    if field.claimable and field.path:
        meaning.append(f"Claimed under `{field.path}`.")
    text = " ".join(part for part in meaning if part)
    cells = (f"`{field.name}`", field.type, "yes" if field.required else "", field.kind, target, text)
    return _line(cells)


def _codes(package: DataPackage, codelist: str) -> Iterator[str]:
    name = CODELIST_PREFIX + codelist
    for row in read_rows(package, [name])[name]:
        ended = f" Deprecated since {row['deprecated']}." if row["deprecated"] else ""
        yield _line((f"`{row['code']}`", row["label"], row["definition"] + ended))


def _line(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
