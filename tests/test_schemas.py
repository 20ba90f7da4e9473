"""The compiler from Table Schema: what it promises is enforced, and the rest is refused."""

from __future__ import annotations

import copy
import json

import pandas as pd
import pandera.errors
import pytest

from iraq_coalition_data.package import shipped
from iraq_coalition_data.reading import read_codes
from iraq_coalition_data.schemas import SchemaError, compile_schema, load_schema, pandera_schema

BASE = {
    "$schema": "https://datapackage.org/profiles/2.0/tableschema.json",
    "fields": [
        {"name": "id", "type": "string", "constraints": {"required": True}},
        {"name": "n", "type": "integer", "constraints": {"minimum": 0, "maximum": 9}},
        {"name": "x", "type": "number", "constraints": {"minimum": -90, "maximum": 90}},
        {"name": "ok", "type": "boolean", "constraints": {"required": True}},
        {"name": "day", "type": "date"},
        {"name": "clock", "type": "string", "constraints": {"pattern": "[0-9]{2}:[0-9]{2}"}},
        {"name": "size", "type": "string", "constraints": {"enum": ["big", "small"]}},
        {"name": "word", "type": "string", "constraints": {"unique": True}},
        {"name": "kind", "type": "string"},
    ],
    "missingValues": [""],
    "primaryKey": ["id"],
    "foreignKeys": [{"fields": "kind", "reference": {"resource": "codelist_kind", "fields": "code"}}],
}


def test_every_shipped_schema_compiles() -> None:
    for name in shipped().resources:
        assert load_schema(shipped(), name).fields


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda d: d["fields"][0].update(type="list"), "type 'list' is not supported"),
        (lambda d: d["fields"][0].update(categories=["a"]), "unknown key 'categories'"),
        (lambda d: d["fields"][0]["constraints"].update(requird=True), "constraint 'requird'"),
        (lambda d: d["fields"][0]["constraints"].update(minimum=1), "constraint 'minimum'"),
        (lambda d: d["fields"][1]["constraints"].update(minimum="soon"), "minimum is not a integer"),
        (lambda d: d["fields"][5]["constraints"].update(pattern="("), "not a regular expression"),
        (lambda d: d.update(uniqueKeys=[["n"]]), "unknown key 'uniqueKeys'"),
        (lambda d: d.update(missingValues=["", "NA"]), "missingValues"),
        (lambda d: d.update(primaryKey="nope"), "which is no field"),
        (lambda d: d.update(primaryKey=["n"]), "is not required"),
        (lambda d: d["foreignKeys"][0].update(fields=["a", "b"]), "composite foreign keys"),
        (
            lambda d: d["foreignKeys"].append({"fields": "z", "reference": {"resource": "t", "fields": "id"}}),
            "no field",
        ),
        (lambda d: d["fields"].append({"name": "id", "type": "string"}), "listed twice"),
        (lambda d: d.pop("$schema"), "$schema"),
    ],
)
def test_what_no_engine_would_enforce_is_refused(change, complaint: str) -> None:
    document = copy.deepcopy(BASE)
    change(document)
    with pytest.raises(SchemaError) as refused:
        compile_schema("t", document)
    assert complaint in str(refused.value)


def frame(**cells) -> pd.DataFrame:
    sound = {
        "id": ["a", "b"],
        "n": pd.array([1, None], dtype="Int64"),
        "x": [1.5, float("nan")],
        "ok": pd.array([True, False], dtype="boolean"),
        "day": pd.to_datetime(["2024-01-01", None]).astype("datetime64[us]"),
        "clock": ["09:30", None],
        "size": ["big", None],
        "word": ["u", None],
        "kind": ["good", None],
    }
    return pd.DataFrame(sound | cells)


SCHEMA = pandera_schema(compile_schema("t", BASE), {"kind": ["good"]})


def test_a_sound_frame_passes() -> None:
    SCHEMA.validate(frame(), lazy=True)


@pytest.mark.parametrize(
    ("cells", "column", "index"),
    [
        ({"id": ["a", None]}, "id", 1),
        ({"id": ["a", "a"]}, None, 0),
        ({"n": pd.array([1, 10], dtype="Int64")}, "n", 1),
        ({"n": pd.array([-1, 1], dtype="Int64")}, "n", 0),
        ({"n": ["1", "2"]}, "n", None),
        ({"x": [91.0, 0.0]}, "x", 0),
        ({"ok": pd.array([True, None], dtype="boolean")}, "ok", 1),
        ({"day": ["2024-01-01", "2024-01-02"]}, "day", None),
        ({"clock": ["9:30", "09:30"]}, "clock", 0),
        ({"clock": ["09:30", "09:30\n"]}, "clock", 1),
        ({"size": ["big", "medium"]}, "size", 1),
        ({"word": ["u", "u"]}, "word", 0),
        ({"kind": ["good", "god"]}, "kind", 1),
    ],
)
def test_pandera_rejects_each_violation_at_its_cell(cells, column: str | None, index: int | None) -> None:
    with pytest.raises(pandera.errors.SchemaErrors) as refused:
        SCHEMA.validate(frame(**cells), lazy=True)
    cases = refused.value.failure_cases
    assert column is None or set(cases["column"].dropna()) == {column}
    assert index is None or index in set(cases["index"])


def test_a_missing_extra_or_moved_column_is_rejected() -> None:
    for broken in (frame().drop(columns="n"), frame(extra=[1, 2]), frame()[["n", *[c for c in frame() if c != "n"]]]):
        with pytest.raises(pandera.errors.SchemaErrors):
            SCHEMA.validate(broken, lazy=True)


def test_pandera_is_not_switched_off() -> None:
    with pytest.raises(pandera.errors.SchemaErrors):
        SCHEMA.validate(frame(n=["x", "y"]), lazy=True)


def test_one_column_name_means_one_thing_everywhere() -> None:
    """A name that stands in several tables has the same type in all of them."""
    types: dict[str, set[str]] = {}
    for name in shipped().table_names:
        for field in load_schema(shipped(), name).fields:
            types.setdefault(field.name, set()).add(field.type)
    assert {name for name, kinds in types.items() if len(kinds) > 1} == set()


def test_bad_examples_fail_their_own_column() -> None:
    for name in shipped().resources:
        for field in load_schema(shipped(), name).fields:
            for example in field.bad_examples:
                assert field.judge(example) is not None, (name, field.name, example)


def test_codes_are_not_repeated_in_schemas() -> None:
    for name, resource in shipped().resources.items():
        for field in json.loads(shipped().read(resource.schema_path))["fields"]:
            assert "enum" not in field.get("constraints", {}), (name, field["name"])


def test_every_codelist_that_is_referred_to_exists() -> None:
    for name in shipped().table_names:
        assert all(read_codes(shipped(), load_schema(shipped(), name)).values())
