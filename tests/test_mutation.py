"""Nothing that schemas and rules forbid gets past the validator."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from example import SCHEMAS, example_state
from iraq_coalition_data.package import data_path, shipped
from iraq_coalition_data.reading import read_rows
from iraq_coalition_data.validation.finding import ERROR
from iraq_coalition_data.validation.rule import RULES
from mutants import GRAFTED, Mutant, unbreakable
from mutation import SEED, SURVIVORS, Judge, all_mutants, report, survives_for

SAMPLE, MANY = 12, 1_500


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    return Judge(tmp_path_factory.mktemp("mutants"), random.Random(SEED))


@pytest.fixture(scope="module")
def mutants(judge: Judge) -> list[Mutant]:
    """Return a mutant of everything; the full run of tests/mutation.py has several."""
    return list(all_mutants(judge, random.Random(SEED), depth=1))


def constraints() -> Iterator[tuple[str, str, str]]:
    """Yield file, column and family for everything that a schema forbids."""
    for name, resource in shipped().resources.items():
        path, document = data_path(name), shipped().read_json(resource.schema_path)
        for entry in document["fields"]:
            column = SCHEMAS[name][entry["name"]]
            families = {key for key, value in entry.get("constraints", {}).items() if value is not False}
            families |= {"formula"} if column.type == "string" else {"type"}
            families |= {"bad example"} if column.bad_examples else set()
            if column.reference:
                families |= {"codelist" if column.codelist else "foreign key"}
            yield from ((path, column.name, family) for family in families)
        yield path, SCHEMAS[name].primary_key[0], "primary key"
        # One row alone is in order, and codelists keep an order of their own.
        n_rows = max(len(tables[name]) for tables in (read_rows(shipped(), [name]), example_state().tables))
        if n_rows > 1 and not resource.is_codelist:
            yield path, SCHEMAS[name].primary_key[0], "order"


def test_every_constraint_of_every_column_has_a_mutant(mutants: list[Mutant]) -> None:
    broken = {(mutant.path, mutant.places[0][2], mutant.family) for mutant in mutants}
    assert set(constraints()) - broken == set()


def test_every_rule_has_a_mutant(mutants: list[Mutant]) -> None:
    broken = {mutant.what.split()[0] for mutant in mutants if mutant.family == "rule"}
    assert broken == {code for code, rule in RULES.items() if unbreakable(rule) is None}


def test_mutants_are_caught_where_they_are(judge: Judge, mutants: list[Mutant]) -> None:
    """One of every family and some more; tests/mutation.py judges all of them."""
    chance = random.Random(SEED)
    by_family: dict[str, list[Mutant]] = {}
    for mutant in mutants:
        by_family.setdefault(mutant.family, []).append(mutant)
    sample = [chance.choice(family) for family in by_family.values()]
    assert report(map(judge, sample + chance.sample(mutants, SAMPLE))) == []


def test_a_file_that_is_as_it_was_is_not_caught(judge: Judge) -> None:
    """The figures mean something: what is not broken gets past."""
    path = data_path("events")
    whole = (judge.folders["real"] / path).read_bytes()
    sound = Mutant("bytes", "nothing", path, lambda: whole, frozenset(RULES), [(path, None, None)])
    verdict = judge(sound)
    assert not verdict.caught
    assert verdict.findings == ()


def test_a_rule_that_is_forgotten_is_missed(
    judge: Judge, mutants: list[Mutant], monkeypatch: pytest.MonkeyPatch
) -> None:
    mutant = next(m for m in mutants if m.package == GRAFTED and RULES[m.what.split()[0]].severity == ERROR)
    code = mutant.what.split()[0]
    monkeypatch.setitem(RULES, code, replace(RULES[code], check=lambda state: iter(())))
    assert not judge(mutant).caught


@pytest.mark.thorough
def test_every_rule_and_many_constraints_are_caught_where_they_are_broken(judge: Judge, mutants: list[Mutant]) -> None:
    of_rules = [mutant for mutant in mutants if mutant.family == "rule"]
    assert report(map(judge, of_rules + random.Random(SEED).sample(mutants, MANY))) == []


@pytest.mark.thorough
def test_every_survivor_still_survives(judge: Judge, mutants: list[Mutant]) -> None:
    alive = {survives_for(m) for m in mutants if survives_for(m) and not judge(m).placed}
    assert alive == set(SURVIVORS.values())
