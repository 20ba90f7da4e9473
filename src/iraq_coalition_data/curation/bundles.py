"""Record bundles: YAML text to checked mappings that remember the line of every entry."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..cells import untidy

MAX_BUNDLE_BYTES = 1_000_000
_MAX_DEPTH = 12
_TOP = ("table", "handle", "update", "record", "links", "sources", "supersede", "claims")
_SOURCE = ("url", "id", "archive_url", "meta", "claims")
_CLAIM = ("by", "basis", "reported_on", "locator", "stance", "note", "says")
_SAYS = ("value", "modifier", "words", "lang")
# What begins like a formula and may be something else: a negative number, the handle of a record.
_NO_FORMULA = re.compile(r"-[0-9]+(\.[0-9]+)?|@.*")
_STATUS = ("claim_id", "status", "status_reason", "superseded_by", "note")


@dataclass(frozen=True, slots=True)
class BundleError:
    """One defect of a bundle, with the file, the line and the path within the YAML."""

    file: str
    line: int
    path: str
    message: str
    suggestion: str = ""
    code: str = "ICD101"

    def __str__(self) -> str:
        hint = f" {self.suggestion}" if self.suggestion else ""
        return f"{self.file}:{self.line}  {self.path}: {self.message}{hint}"


class BundleRefused(Exception):
    """A batch of bundles has defects; nothing was written.

    Attributes
    ----------
    errors : list of BundleError
        All of them.
    """

    def __init__(self, errors: Iterable[BundleError]) -> None:
        self.errors = list(errors)
        super().__init__("\n".join(map(str, self.errors)))


@dataclass(slots=True)
class Saying:
    """One ``path: value`` of a claims entry."""

    path: str
    value: str
    modifier: str = "exact"
    words: str = ""
    lang: str = ""
    line: int = 0


@dataclass(slots=True)
class ClaimEntry:
    """What one claimant says in one source."""

    by: str
    basis: str
    says: list[Saying]
    reported_on: str = ""
    locator: str = ""
    stance: str = "asserts"
    note: str = ""
    line: int = 0


@dataclass(slots=True)
class SourceEntry:
    """One source of a bundle and the claims it supports."""

    url: str = ""
    id: str = ""
    archive_url: str = ""
    meta: dict[str, str] = field(default_factory=dict)
    claims: list[ClaimEntry] = field(default_factory=list)
    line: int = 0


@dataclass(slots=True)
class Bundle:
    """One YAML document: a new record, an addition to one, or changes of claim status."""

    file: str
    line: int
    table: str = ""
    handle: str = ""
    update: str = ""
    supersede: bool = True
    record: dict[str, str] = field(default_factory=dict)
    tags: list[dict[str, str]] = field(default_factory=list)
    event_links: list[dict[str, str]] = field(default_factory=list)
    sources: list[SourceEntry] = field(default_factory=list)
    statuses: list[dict[str, str]] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)


def read_bundles(paths: Iterable[Path]) -> list[Bundle]:
    """Read every document of every file.

    Raises
    ------
    BundleRefused
        With every defect of form. Anchors, aliases and tags are refused; scalars are plain text.
    """
    errors: list[BundleError] = []
    bundles: list[Bundle] = []
    for path in paths:
        try:
            size = path.stat().st_size
            if not path.is_file() or size > MAX_BUNDLE_BYTES:
                raise OSError(f"expected a regular file of at most {MAX_BUNDLE_BYTES:,} bytes")
            text = path.read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError, ValueError) as error:
            errors.append(BundleError(str(path), 1, "", f"the file cannot be read: {error}"))
            continue
        bundles += parse_bundles(text, str(path), errors)
    if errors:
        raise BundleRefused(errors)
    return bundles


def parse_bundles(text: str, file: str, errors: list[BundleError]) -> list[Bundle]:
    """Parse the documents of one text, adding defects to `errors`."""
    try:
        import yaml
    except ImportError:
        from ..package import MissingExtraError

        raise MissingExtraError("record bundles need: pip install 'iraq-coalition-data[validate]'") from None

    # The C loader is ten times faster and reads the same plain scalars.
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        depth = 0
        for event in yaml.parse(text, Loader=loader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _MAX_DEPTH:
                # The composer recurses without a limit of its own, and the scanner slows down with every level.
                line = event.start_mark.line + 1
                errors.append(BundleError(file, line, "", f"is nested more than {_MAX_DEPTH} levels deep."))
                return []
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) or getattr(event, "tag", None):
                line = event.start_mark.line + 1
                errors.append(
                    BundleError(file, line, "", "anchors, aliases and tags are not allowed; write the value out.")
                )
                return []
        nodes = [node for node in yaml.compose_all(text, Loader=loader) if node is not None]
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "the text is not YAML"
        errors.append(BundleError(file, mark.line + 1 if mark else 1, "", f"{problem}."))
        return []
    except (RecursionError, ValueError) as error:
        errors.append(BundleError(file, 1, "", f"the text is not a bundle: {type(error).__name__}."))
        return []
    parser = _Parser(file, errors)
    return [bundle for node in nodes if (bundle := parser.bundle(node)) is not None]


class _Parser:
    """Walks the nodes of one file; every complaint carries its line."""

    def __init__(self, file: str, errors: list[BundleError]) -> None:
        self.file = file
        self.errors = errors

    def _error(self, node: Any, path: str, message: str, suggestion: str = "", code: str = "ICD101") -> None:
        self.errors.append(BundleError(self.file, node.start_mark.line + 1, path, message, suggestion, code))

    def _entries(self, node: Any, path: str, allowed: Iterable[str] | None) -> Iterator[tuple[str, Any]]:
        if node.id != "mapping":
            self._error(node, path, "expected a mapping of names to values.")
            return
        seen = set()
        for key_node, value_node in node.value:
            if key_node.id != "scalar":
                self._error(key_node, path, "a name must be plain text.")
                continue
            key = key_node.value
            if key in seen:
                self._error(key_node, f"{path}.{key}".lstrip("."), "stands twice.")
                continue
            seen.add(key)
            if allowed is not None and key not in allowed:
                near = difflib.get_close_matches(key, list(allowed), n=1)
                hint = f"Did you mean {near[0]!r}?" if near else "Expected one of: " + ", ".join(allowed) + "."
                self._error(key_node, f"{path}.{key}".lstrip("."), "is not a name that belongs here.", hint)
                continue
            yield key, value_node

    def _items(self, node: Any, path: str) -> list[Any]:
        if node.id != "sequence":
            self._error(node, path, "expected a list.")
            return []
        return list(node.value)

    def _text(self, node: Any, path: str) -> str:
        if node.id != "scalar":
            self._error(node, path, "expected plain text.")
            return ""
        text = " ".join(node.value.split())
        # Whether a number or a handle stands where one belongs is seen when the column is at hand.
        if fault := untidy(text, is_text=not _NO_FORMULA.fullmatch(text)):
            code, message, expected, _ = fault
            self._error(node, path, message, f"Expected {expected}.", code)
        return text

    def _flag(self, node: Any, path: str) -> bool:
        text = self._text(node, path)
        if text not in ("true", "false"):
            self._error(node, path, f"is {text!r}; expected true or false.")
        return text != "false"

    def _texts(self, node: Any, path: str, allowed: Iterable[str] | None = None) -> dict[str, str]:
        return {key: self._text(value, f"{path}.{key}") for key, value in self._entries(node, path, allowed)}

    def _rows(self, node: Any, path: str, allowed: Iterable[str], lines: dict[str, int]) -> list[dict[str, str]]:
        items = self._items(node, path)
        lines |= {f"{path}[{i}]": item.start_mark.line + 1 for i, item in enumerate(items)}
        return [self._texts(item, f"{path}[{i}]", allowed) for i, item in enumerate(items)]

    def bundle(self, node: Any) -> Bundle | None:
        found = Bundle(self.file, node.start_mark.line + 1)
        for key, value in self._entries(node, "", _TOP):
            found.lines[key] = value.start_mark.line + 1
            if key in ("table", "handle", "update"):
                setattr(found, key, self._text(value, key))
            elif key == "supersede":
                found.supersede = self._flag(value, key)
            elif key == "record":
                found.record = self._texts(value, "record")
                found.lines |= {
                    f"record.{k.value}": v.start_mark.line + 1
                    for k, v in (value.value if value.id == "mapping" else [])
                    if k.id == "scalar"
                }
            elif key == "links":
                for name, links in self._entries(value, "links", ("tags", "event_links")):
                    allowed = ("scheme", "code") if name == "tags" else ("link", "to", "note")
                    setattr(found, name, self._rows(links, f"links.{name}", allowed, found.lines))
            elif key == "sources":
                found.sources = [
                    self._source(item, f"sources[{i}]") for i, item in enumerate(self._items(value, "sources"))
                ]
            else:
                found.statuses = self._rows(value, "claims", _STATUS, found.lines)
        if not found.table and not found.update:
            self._error(node, "table", "is missing; it names the table of the record.")
            return None
        return found

    def _source(self, node: Any, path: str) -> SourceEntry:
        found = SourceEntry(line=node.start_mark.line + 1)
        for key, value in self._entries(node, path, _SOURCE):
            if key == "meta":
                found.meta = self._texts(value, f"{path}.meta")
            elif key == "claims":
                found.claims = [
                    self._claim(item, f"{path}.claims[{i}]")
                    for i, item in enumerate(self._items(value, f"{path}.claims"))
                ]
            else:
                setattr(found, key, self._text(value, f"{path}.{key}"))
        if bool(found.url) == bool(found.id):
            self._error(node, path, "needs either url or id.")
        if found.url and not _is_address(found.url):
            self._error(node, f"{path}.url", f"{found.url!r} is not an address; expected one such as https://….")
        return found

    def _claim(self, node: Any, path: str) -> ClaimEntry:
        found = ClaimEntry(by="", basis="", says=[], line=node.start_mark.line + 1)
        for key, value in self._entries(node, path, _CLAIM):
            if key == "says":
                found.says = [
                    self._saying(name, item, f"{path}.says.{name}")
                    for name, item in self._entries(value, f"{path}.says", None)
                ]
            else:
                setattr(found, key, self._text(value, f"{path}.{key}"))
        for key in ("by", "basis", "says"):
            if not getattr(found, key):
                self._error(node, f"{path}.{key}", "is missing.")
        return found

    def _saying(self, name: str, node: Any, path: str) -> Saying:
        line = node.start_mark.line + 1
        if node.id == "mapping":
            parts = self._texts(node, path, _SAYS)
            if not parts.get("value"):
                self._error(node, path, "has no value.")
            return Saying(name, **{"value": "", **parts}, line=line)
        value = self._text(node, path)
        if not value:
            self._error(node, path, "has no value.")
        return Saying(name, value, line=line)


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme.lower() in ("http", "https") and bool(parts.netloc)
