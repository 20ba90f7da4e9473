"""One version, told the same everywhere."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml

import iraq_coalition_data as icd
from iraq_coalition_data.package import shipped

ROOT = Path(str(shipped().root))
DESCRIPTOR = shipped().descriptor


@pytest.fixture(scope="module")
def citation() -> dict[str, object]:
    return yaml.load((ROOT / "CITATION.cff").read_text("utf-8"), Loader=yaml.BaseLoader)


def test_the_citation_file_agrees_with_the_descriptor(citation: dict[str, object]) -> None:
    assert citation["cff-version"] == "1.2.0"
    assert citation["version"] == DESCRIPTOR["version"]
    assert citation["date-released"] == DESCRIPTOR["created"][:10]
    assert citation["title"] == DESCRIPTOR["title"]
    assert str(citation["abstract"]) == DESCRIPTOR["description"]
    assert citation["keywords"] == DESCRIPTOR["keywords"]
    assert citation["license"] == DESCRIPTOR["licenses"][0]["name"]
    assert [author["name"] for author in citation["authors"]] == [c["title"] for c in DESCRIPTOR["contributors"]]


def test_cite_gives_the_version_and_day_of_the_citation_file(citation: dict[str, object]) -> None:
    text = icd.cite(style="text")
    assert str(citation["version"]) in text
    assert str(citation["date-released"]) in text


def test_the_newest_section_of_the_changelog_is_this_version() -> None:
    sections = re.findall(r"^## \[(.+?)\](?: - (.+))?$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M)
    newest = next(section for section in sections if section[0] != "Unreleased")
    assert newest == (DESCRIPTOR["version"], DESCRIPTOR["created"][:10])


def test_the_version_stands_nowhere_else() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert "version" not in project["project"]
    assert re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", icd.version())
    assert icd.__version__ == icd.version() == DESCRIPTOR["version"]
