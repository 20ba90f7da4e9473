"""Other tools read the package, and the facts about our libraries on which the design leans still hold.

Each fact has a test named for it: an upgrade that changes one tells us here.
"""

from __future__ import annotations

import csv
import io
import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import frictionless
import jsonschema
import pandas as pd
import pandera.errors
import pandera.pandas as pa
import pytest

import iraq_coalition_data as icd
from iraq_coalition_data.cells import read_table
from iraq_coalition_data.curation.files import DIALECT
from iraq_coalition_data.package import DataPackage, PackageError, shipped
from iraq_coalition_data.schemas import compile_schema, shipped_schema

PANDAS_MAJOR = int(pd.__version__.split(".")[0])
TEXT = "object" if PANDAS_MAJOR < 3 else "str"
ROOT = Path(str(shipped().root))
PROFILES = Path(__file__).parent / "profiles"
RESOURCES = list(shipped().resources.values())
SCHEMA_FILES = sorted({resource.schema_path for resource in RESOURCES})


def profile(name: str) -> jsonschema.Draft7Validator:
    return jsonschema.Draft7Validator(json.loads((PROFILES / name).read_text("utf-8")))


# The package and other tools


def test_frictionless_validates_the_package_and_looks_at_every_table() -> None:
    report = frictionless.validate(str(ROOT / "datapackage.json"), type="package")
    assert report.flatten(["fieldName", "rowNumber", "note"]) == []
    assert report.valid
    assert len(report.tasks) == len(RESOURCES)


def test_the_descriptor_meets_the_published_profile() -> None:
    assert [error.message for error in profile("datapackage-2.0.json").iter_errors(shipped().descriptor)] == []


@pytest.mark.parametrize("path", SCHEMA_FILES)
def test_every_schema_meets_the_published_profile(path: str) -> None:
    assert [error.message for error in profile("tableschema-2.0.json").iter_errors(shipped().read_json(path))] == []


def test_the_profiles_refuse_what_they_should() -> None:
    broken = {"resources": [{"name": "a", "path": "../a.csv"}]}
    assert list(profile("datapackage-2.0.json").iter_errors(broken))
    assert list(profile("tableschema-2.0.json").iter_errors({"fields": [{"name": "a", "type": "strin"}]}))


def test_every_resource_states_dialect_encoding_size_and_hash() -> None:
    for entry in shipped().descriptor["resources"]:
        assert entry["dialect"] == DIALECT, entry["name"]
        assert entry["encoding"] == "utf-8"
        assert entry["hash"].startswith("sha256:")
        assert isinstance(entry["bytes"], int)
        assert isinstance(entry["rows"], int)


# Types of columns

COLUMN_TYPES = {
    "string": TEXT,
    "integer": "Int64",
    "year": "Int64",
    "number": "float64",
    "boolean": "boolean",
    "date": "datetime64[us]",
    "datetime": "datetime64[us, UTC]",
}


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.name)
def test_columns_have_the_same_types_on_every_pandas_and_in_every_view(resource) -> None:
    document = shipped().read_json(resource.schema_path)
    coded = {
        key["fields"] for key in document.get("foreignKeys", []) if key["reference"]["resource"].startswith("codelist_")
    }
    expected = {
        field["name"]: "category" if field["name"] in coded else COLUMN_TYPES[field["type"]]
        for field in document["fields"]
    }
    for options in ({}, {"as_of": "2024-08-16"}, {"policy": "conservative"}):
        frame = icd.load(resource.name, **options)
        assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == expected, options
        assert all(str(frame[name].cat.categories.dtype) == TEXT for name in coded)


def test_the_types_of_events_are_these() -> None:
    assert {name: str(dtype) for name, dtype in icd.load("events").dtypes.items()} == {
        "event_id": TEXT,
        "event_type": "category",
        "title": TEXT,
        "summary": TEXT,
        "date_start": "datetime64[us]",
        "date_end": "datetime64[us]",
        "date_precision": "category",
        "time_local": TEXT,
        "location_id": TEXT,
        "geo_precision": "category",
        "outcome": "category",
        "verification": "category",
        "tier": "Int64",
        "scope_reason": "category",
        "unit_rule": "category",
        "process_id": TEXT,
        "first_reported_on": "datetime64[us]",
        "n_claims": "Int64",
        "n_origins": "Int64",
        "note": TEXT,
    }


# Facts about frictionless

FIELDS = [
    {"name": "id", "type": "string", "constraints": {"required": True}},
    {"name": "n", "type": "integer"},
    {"name": "day", "type": "date"},
    {"name": "text", "type": "string"},
]
SOUND = "id,n,day,text\na,1,2024-01-01,x\nb,2,2024-01-02,y\nc,3,2024-01-03,z\n"


class Folder:
    """A package of one table that frictionless and our own reader judge."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.schema = {
            "$schema": "https://datapackage.org/profiles/2.0/tableschema.json",
            "fields": [dict(field) for field in FIELDS],
            "missingValues": [""],
            "primaryKey": ["id"],
        }
        self.dialect: dict[str, object] = dict(DIALECT)

    def frictionless_accepts(self, data: str | bytes) -> bool:
        (self.root / "data.csv").write_bytes(data.encode("utf-8") if isinstance(data, str) else data)
        return self.report().valid

    def report(self, name: str = "datapackage.json") -> frictionless.Report:
        resource = {"name": "data", "path": "data.csv", "schema": self.schema, "encoding": "utf-8"}
        if self.dialect:
            resource["dialect"] = self.dialect
        descriptor = {"$schema": "https://datapackage.org/profiles/2.0/datapackage.json", "resources": [resource]}
        (self.root / name).write_text(json.dumps(descriptor), "utf-8")
        return frictionless.validate(str(self.root / name), type="package")

    def we_accept(self, data: str | bytes) -> bool:
        data = data.encode("utf-8") if isinstance(data, str) else data
        return not read_table(data, compile_schema("data", self.schema), "data.csv", {}).errors


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_both_engines_accept_a_sound_file(folder: Folder) -> None:
    assert folder.frictionless_accepts(SOUND)
    assert folder.we_accept(SOUND)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\xef\xbb\xbf" + SOUND.encode(), id="a byte order mark"),
        pytest.param(SOUND.replace("\n", "\r\n"), id="other line ends"),
        pytest.param(SOUND.replace("y\n", '"y\n'), id="an unclosed quotation mark that swallows the rest"),
        pytest.param(SOUND.replace("x\n", '"x\n').replace("y\n", 'y"\n'), id="a quotation mark closed a row later"),
        pytest.param(SOUND.replace("y\n", '"y" z\n'), id="text after a closing quotation mark"),
        pytest.param(SOUND.replace(",2,", ",1_000,"), id="an underscore in a number"),
        pytest.param(SOUND.replace(",2,", ", 2,"), id="a blank before a number"),
        pytest.param(SOUND.replace(",2,", ",\u0663,"), id="an Arabic-Indic digit"),
        pytest.param(SOUND.replace("2024-01-02", "2024-1-2"), id="a day without leading zeros"),
        pytest.param(SOUND.replace("y\n", "y\0\n"), id="a null byte"),
        pytest.param(SOUND.replace("y\n", "y\u00a0\n"), id="a no-break space"),
        pytest.param(SOUND.replace("y\n", "e\u0301\n"), id="a decomposed letter"),
    ],
)
def test_frictionless_accepts_and_we_refuse(folder: Folder, data: str | bytes) -> None:
    assert folder.frictionless_accepts(data)
    assert not folder.we_accept(data)


def test_frictionless_accepts_a_line_end_within_a_patterned_cell_and_we_refuse(folder: Folder) -> None:
    folder.schema["fields"][3]["constraints"] = {"pattern": "[a-z]"}
    data = SOUND.replace("y\n", '"y\n"\n')
    assert folder.frictionless_accepts(data)
    assert not folder.we_accept(data)


def test_frictionless_guesses_the_delimiter_unless_the_dialect_is_stated(folder: Folder) -> None:
    data = SOUND.replace(",", ";")
    assert not folder.frictionless_accepts(data)
    folder.dialect = {}
    assert folder.frictionless_accepts(data)


def test_frictionless_follows_links_and_we_refuse(folder: Folder, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "secret.csv"
    outside.write_text(SOUND, "utf-8")
    (folder.root / "data.csv").symlink_to(outside)
    assert folder.report().valid
    with pytest.raises(PackageError, match="is a link"):
        DataPackage(folder.root).read("data.csv")


@pytest.mark.parametrize(
    "promise",
    [{"categories": ["x"]}, {"constraints": {"unique": True}, "categoriesOrdered": True, "categories": ["x"]}],
)
def test_frictionless_ignores_categories_and_we_refuse_the_schema(folder: Folder, promise: dict[str, object]) -> None:
    folder.schema["fields"][3] |= promise
    assert folder.frictionless_accepts(SOUND)
    with pytest.raises(PackageError, match="categories"):
        compile_schema("data", folder.schema)


def test_frictionless_ignores_unique_keys_and_we_refuse_the_schema(folder: Folder) -> None:
    folder.schema["uniqueKeys"] = [["text"]]
    assert folder.frictionless_accepts(SOUND.replace("y\n", "x\n"))
    with pytest.raises(PackageError, match="uniqueKeys"):
        compile_schema("data", folder.schema)


def test_frictionless_ignores_a_misspelt_property_and_we_refuse_the_schema(folder: Folder) -> None:
    folder.schema["fields"][3]["constrants"] = {"required": True}
    assert folder.frictionless_accepts(SOUND.replace("y\n", "\n"))
    with pytest.raises(PackageError, match="constrants"):
        compile_schema("data", folder.schema)


def test_frictionless_takes_the_kind_of_a_file_from_its_name_unless_told(folder: Folder) -> None:
    (folder.root / "data.csv").write_text("nothing,of,the,kind\n", "utf-8")
    assert not folder.report("x.nodialect.json").valid
    assert frictionless.validate(str(folder.root / "x.nodialect.json")).valid


# Facts about pandas


def test_pandas_reads_the_code_NA_as_missing_unless_told_otherwise() -> None:
    text = "country\nNA\n\n"
    assert pd.read_csv(io.StringIO(text))["country"].isna().all()
    told = pd.read_csv(io.StringIO(text), keep_default_na=False, na_values=[""], dtype=str, skip_blank_lines=False)
    assert told["country"].isna().tolist() == [False, True]


def test_pandas_guesses_types_from_content_unless_told() -> None:
    frame = pd.read_csv(io.StringIO("code,note\n007,\n"))
    assert frame["code"].tolist() == [7]
    assert str(frame["note"].dtype) == "float64"


def test_pandas_shifts_a_row_with_too_many_cells_into_the_index_and_we_refuse(folder: Folder) -> None:
    data = SOUND.replace("\n", ",extra\n").replace("text,extra", "text")
    assert pd.read_csv(io.StringIO(data))["id"].tolist() == [1, 2, 3]
    assert not folder.we_accept(data)


def test_pandas_drops_blank_lines_unless_told_and_we_refuse(folder: Folder) -> None:
    data = SOUND.replace("b,", "\nb,")
    assert len(pd.read_csv(io.StringIO(data))) == 3
    assert not folder.we_accept(data)


def test_pandas_writes_true_in_another_way_than_the_canonical_one() -> None:
    assert pd.DataFrame({"yes": [True]}).to_csv(index=False, lineterminator="\n") == "yes\nTrue\n"


def test_text_columns_are_str_in_pandas_3_and_object_before() -> None:
    assert str(pd.DataFrame({"a": ["x"]})["a"].dtype) == TEXT


PATTERNS = sorted({f.pattern.pattern for n in shipped().resources for f in shipped_schema(n).fields if f.pattern})
WORDS = ("evt-2024-0001", "act-a-b", "21:40", "en", "ckb-Arab", "https://example.org/a", "clm-0123456789ab", "x" * 401)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_columns_are_matched_as_the_re_module_does(pattern: str) -> None:
    """A pandera contract lets Arrow match whole columns, the strict reader uses ``re``; they must agree."""
    chance = random.Random(pattern)
    letters = "".join(sorted({*pattern, *"abz019-:/. \n\r_A\u00e9\u0663\u0639"}))
    words = [word + end for word in WORDS for end in ("", "\n", " ", "\u00e9")]
    words += [
        "".join(chance.choices(letters, k=length)) for length in (*range(1, 16), 80, 81, 300, 400) for _ in range(40)
    ]
    matched = pd.Series(words).str.fullmatch(f"(?:{pattern})")
    assert matched.tolist() == [re.fullmatch(pattern, word) is not None for word in words]


# Facts about pandera


def test_pandera_turns_the_word_false_into_true_when_it_coerces() -> None:
    schema = pa.DataFrameSchema({"yes": pa.Column(bool)}, coerce=True)
    assert schema.validate(pd.DataFrame({"yes": ["false"]}))["yes"].tolist() == [True]


def test_pandera_coerces_nothing_in_our_schemas() -> None:
    for name in shipped().table_names:
        contract = icd.schema(name)
        assert not contract.coerce
        assert not any(column.coerce for column in contract.columns.values())


def test_pandera_counts_missing_values_as_repeated() -> None:
    schema = pa.DataFrameSchema({"word": pa.Column(None, unique=True, nullable=True)})
    with pytest.raises(pandera.errors.SchemaError):
        schema.validate(pd.DataFrame({"word": [None, None]}, dtype=object))


def test_pandera_accepts_other_units_of_time() -> None:
    days = pd.Series(pd.to_datetime(["2024-01-01"])).astype("datetime64[s]")
    pa.DataFrameSchema({"day": pa.Column("datetime64[us]")}).validate(pd.DataFrame({"day": days}))


def test_pandera_refuses_a_known_bad_frame_here() -> None:
    """An environment variable can switch pandera off; then every other test of it would pass for nothing."""
    with pytest.raises(pandera.errors.SchemaError):
        icd.schema("events").validate(pd.DataFrame({"event_id": ["x"]}))


def test_pandera_is_switched_off_by_an_environment_variable() -> None:
    code = (
        "import pandas as pd, pandera.pandas as pa; pa.DataFrameSchema({'a': pa.Column(int)}).validate(pd.DataFrame())"
    )
    off = os.environ | {"PANDERA_VALIDATION_ENABLED": "False"}
    assert subprocess.run([sys.executable, "-c", code], env=off, check=False).returncode == 0


# Facts about the standard library


def test_the_csv_module_reads_an_unclosed_quotation_mark_without_a_word_and_we_refuse(folder: Folder) -> None:
    data = SOUND.replace("y\n", '"y\n')
    assert len(list(csv.reader(io.StringIO(data)))) == 3
    assert not folder.we_accept(data)
