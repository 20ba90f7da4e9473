"""Citing: every style holds the same items, is read by its own tools, and credits copies to their origin."""

from __future__ import annotations

import json
import warnings

import pytest

import iraq_coalition_data as icd

STYLES = ["bibtex", "ris", "csl-json", "text"]


@pytest.fixture(scope="module")
def records() -> list[str]:
    """The events and texts with the most varied sources: every record of the covered quarter."""
    events = icd.load("events")
    return events.loc[events["date_start"].between("2024-07-01", "2024-09-30"), "event_id"].astype(str).tolist()


@pytest.fixture(scope="module")
def items(records) -> dict[str, dict[str, object]]:
    return {item["id"]: item for item in json.loads(icd.cite(records, "csl-json"))}


def test_without_rows_only_the_release_is_cited():
    (release,) = json.loads(icd.cite(style="csl-json"))
    assert release["type"] == "dataset"
    assert release["version"] == icd.version()


def test_a_bibtex_parser_reads_every_entry(records, items):
    import bibtexparser

    library = bibtexparser.parse_string(icd.cite(records))
    assert not library.failed_blocks
    assert {entry.key for entry in library.entries} == set(items)
    urls = {entry.key: entry["url"] for entry in library.entries if entry.entry_type == "online"}
    assert urls == {key: item["URL"] for key, item in items.items() if item["type"] == "webpage"}


def test_a_ris_parser_reads_every_record(records, items):
    import rispy

    found = rispy.loads(icd.cite(records, "ris"))
    assert {record["id"] for record in found} == set(items)
    assert {record["title"] for record in found} == {item["title"] for item in items.values()}


def test_a_csl_processor_formats_every_item(items):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from citeproc import Citation, CitationItem, CitationStylesBibliography, CitationStylesStyle, formatter
        from citeproc.source.json import CiteProcJSON

        style = CitationStylesStyle("harvard-cite-them-right", validate=False)
        bibliography = CitationStylesBibliography(style, CiteProcJSON(list(items.values())), formatter.plain)
        for key in items:
            bibliography.register(Citation([CitationItem(key)]))
        printed = [str(entry) for entry in bibliography.bibliography()]
    assert len(printed) == len(items)
    assert any("Ministry" in line or "Rudaw" in line for line in printed)


def test_plain_text_names_publisher_day_and_address(records, items):
    lines = icd.cite(records, "text").splitlines()
    assert len(lines) == len(items)
    assert all("(20" in line for line in lines)


def test_a_copy_is_credited_to_its_origin():
    sources, claims = icd.load("sources"), icd.load("claims")
    copies = sources[sources["derives_from"].notna()].set_index("source_id")["derives_from"]
    claim = claims[claims["source_id"].isin(copies.index) & (claims["status"] == "live")].iloc[0]
    cited = {item["id"] for item in json.loads(icd.cite(str(claim["record_id"]), "csl-json"))}
    assert copies[claim["source_id"]] in cited
    assert claim["source_id"] not in cited


def test_a_frame_cites_exactly_the_sources_of_its_rows(items):
    events = icd.load("events")
    one = events[events["date_start"] == "2024-08-15"].head(1)
    cited = {item["id"] for item in json.loads(icd.cite(one, "csl-json"))}
    alone = {item["id"] for item in json.loads(icd.cite(str(one["event_id"].item()), "csl-json"))}
    assert cited == alone
    assert len(cited) < len(items)


def test_an_unknown_style_is_refused_with_the_list():
    with pytest.raises(ValueError, match="bibtex, ris, csl-json, text"):
        icd.cite(style="mla")


@pytest.mark.parametrize("style", STYLES)
def test_every_style_is_stable(records, style):
    assert icd.cite(records[::-1], style) == icd.cite(records, style)
