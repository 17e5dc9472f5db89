"""Resources that are seen for the first time, in any order, one by one or in batches, hardly ever raise an alarm.

The bodies come from made-up endpoints whose schema never changes, with all that makes a naive comparison cry wolf: rare
nulls, keys that only some objects have, lists that are often empty, values of two kinds, enumerations with rare words,
and maps. Every alarm is false.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.schema_drift_values import Watched

Maker: TypeAlias = Callable[[random.Random], Any]
Resource: TypeAlias = tuple[str, Any]

RESOURCES = 120
LANGUAGES = ("cs", "de", "en", "es", "fr", "it", "ja", "ko", "pt-BR", "zh-Hans")
RARE = (0.001, 0.005, 0.02, 0.1, 0.3, 0.5)


def plain(kind: str) -> Maker:
    makers: dict[str, Maker] = {
        "number": lambda random_: random_.randrange(10**6),
        "flag": lambda random_: random_.random() < 0.5,
        "text": lambda random_: f"some text {random_.random()}",
        "name": lambda random_: f"name-{random_.randrange(10**6)}",
    }
    return makers[kind]


def nullable(rate: float, maker: Maker) -> Maker:
    return lambda random_: None if random_.random() < rate else maker(random_)


def either(rate: float, one: Maker, other: Maker) -> Maker:
    return lambda random_: one(random_) if random_.random() < rate else other(random_)


def list_of(rate: float, most: int, maker: Maker) -> Maker:
    """Lists of up to `most` items; none in some."""
    return lambda random_: [] if random_.random() < rate else [maker(random_) for _ in range(random_.randint(1, most))]


def enumeration(words: int, rate: float) -> Maker:
    """A few common words, and one that is rare."""
    return lambda random_: "rare" if random_.random() < rate else f"word-{random_.randrange(words)}"


def map_of(maker: Maker) -> Maker:
    return lambda random_: {key: maker(random_) for key in LANGUAGES if random_.random() < 0.25}


def record(fields: dict[str, Maker], optional: dict[str, float]) -> Maker:
    return lambda random_: {
        key: maker(random_) for key, maker in fields.items() if key not in optional or random_.random() < optional[key]
    }


def a_schema(random_: random.Random, names: Iterator[str], depth: int = 1) -> Maker:
    """An object of any fields; in one object of three, some keys are there only sometimes."""
    fields: dict[str, Maker] = {"id": plain("number"), "name": plain("name")}
    for _ in range(random_.randint(3, 7)):
        kind = random_.choice(["plain", "plain", "nullable", "either", "list", "enumeration", "map", "object"])
        fields[next(names)] = a_field(random_, kind, names, depth)
    optional: dict[str, float] = {}
    if random_.random() < 1 / 3:
        chosen = random_.sample(sorted(fields), min(2, len(fields)))
        optional = {key: random_.choice([0.3, 0.5, 0.9]) for key in chosen}
    return record(fields, optional)


def a_field(random_: random.Random, kind: str, names: Iterator[str], depth: int) -> Maker:
    scalar = plain(random_.choice(["number", "flag", "text", "name"]))
    inner = a_schema(random_, names, depth - 1) if depth else scalar
    return {
        "plain": scalar,
        "either": either(random_.choice([0.01, 0.1, 0.5]), plain("number"), scalar),
        "nullable": nullable(random_.choice(RARE), inner),
        "list": list_of(random_.choice([0.1, 0.5, 0.95]), 5, inner),
        "enumeration": enumeration(random_.randint(2, 14), random_.choice([0.002, 0.01, 0.05])),
        "map": map_of(plain("text")),
        "object": inner,
    }[kind]


def resources(schema: Maker, random_: random.Random, number: int = RESOURCES) -> list[Resource]:
    return [(str(each), schema(random_)) for each in range(number)]


def alarms(bodies: list[Resource], batch: int) -> Iterator[tuple[int, str]]:
    """What is told, with the number of resources known before, when each run brings some new ones."""
    watched = Watched()
    for start in range(0, len(bodies), batch):
        for change in watched.run(dict(bodies[start : start + batch])):
            yield start, change.sentence()


@pytest.mark.property(7)
@settings(max_examples=100, derandomize=True)
@given(seed=st.integers(0, 10**9), batch=st.sampled_from([1, 10, 50]))
def test_new_resources_of_an_unchanged_schema_hardly_ever_raise_an_alarm(seed: int, batch: int) -> None:
    # Property 7: Unchanged schemas skip extra logging
    random_ = random.Random(seed)
    schema = a_schema(random_, (f"field-{number}" for number in count()))
    told = list(alarms(resources(schema, random_), batch))
    assert len([sentence for known, sentence in told if known >= 10]) <= 2, told
    assert [sentence for known, sentence in told if known >= 100] == []
