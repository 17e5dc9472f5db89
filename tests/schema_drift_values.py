"""Values that tests of schema drift are made from: an endpoint that is watched, resources, and any JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from hypothesis import strategies as st

from observatory.schema_drift import Model, Observation, SchemaChange, changes_of, known_after

Bodies = Mapping[str, Any]
"""Bodies by the resource they belong to."""

# Keys made of the very characters that paths are written with, besides any other text.
KEYS = st.text(alphabet="ab0.[]\"\\'-_*\0 é\n😀", max_size=4) | st.text(max_size=4) | st.just("\ud800")
NUMBERS = st.integers() | st.just(10**400) | st.floats()
PLAIN = st.none() | st.booleans() | NUMBERS | st.text(max_size=5)
JSON = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)
OBJECTS = st.dictionaries(KEYS, JSON, max_size=5)

# Few keys and few kinds, so that bodies meet at the same paths, recursions among them, and differ there.
FEW_KEYS = st.sampled_from(["a", "b", "c", "*", "a.b"])
SMALL_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from(["red", "blue", "two words", *map(str, range(30))]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FEW_KEYS, inner, max_size=4),
    max_leaves=12,
)
SMALL_OBJECTS = st.dictionaries(FEW_KEYS, SMALL_JSON, max_size=5)


class Watched:
    """An endpoint that is asked from run to run, as the tracker follows it: unchanged bodies are not looked at."""

    def __init__(self, *runs: Bodies, endpoint: str = "pokemon", part: str = "") -> None:
        """Ask for the given bodies, a run for each."""
        self.endpoint = endpoint
        self.part = part
        self.known = Model()
        self.latest: dict[str, Any] = {}
        for bodies in runs:
            self.run(bodies)

    def twin(self) -> Watched:
        """Another one that has seen the same."""
        twin = Watched(endpoint=self.endpoint, part=self.part)
        twin.known, twin.latest = self.known.copy(), dict(self.latest)
        return twin

    def observed(self, bodies: Bodies) -> Observation:
        """What one process of a run sees that asks for some resources."""
        seen = Observation()
        for resource, body in bodies.items():
            is_fresh = resource not in self.latest
            before = self.latest.get(resource)
            if is_fresh or not same(before, body):
                seen.see(resource, body, before, self.known, is_fresh=is_fresh)
        return seen

    def run(self, *parts: Bodies) -> list[SchemaChange]:
        """Ask in one run, in one process for each part, and give what changed."""
        seen = Observation()
        for part in parts:
            seen.merge(self.observed(part))
        changes = changes_of(self.endpoint, self.part, self.known, seen)
        self.known = known_after(self.known, seen, changes)
        for part in parts:
            self.latest.update(part)
        return changes

    def sentences(self, bodies: Bodies) -> list[str]:
        """Ask in one run, and give what changed in sentences, without the endpoint they begin with."""
        return [change.sentence().removeprefix(f"{self.endpoint}: ") for change in self.run(bodies)]


def same(one: Any, other: Any) -> bool:
    """Whether two bodies are the same text; to Python, 1 and true are the same, and a NaN is not itself."""
    return one is other or (one == other and json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True))


def alike(resources: Iterable[str], body: Any) -> dict[str, Any]:
    """Resources with the same body."""
    return dict.fromkeys(resources, body)


def many(count: int, body: Any, first: int = 1) -> dict[str, Any]:
    """Numbered resources with the same body."""
    return alike(map(str, range(first, first + count)), body)


def after_all_of(bodies: Iterable[tuple[str, Any]]) -> Model:
    """What a first run over bodies teaches."""
    seen = Observation()
    for resource, body in bodies:
        seen.see(resource, body, None, Model(), is_fresh=True)
    return known_after(Model(), seen, [])
