"""What a user does: single look-ups, and a journey from the list to a pokemon, its type and its ability."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from load.question import Question
from load.resources import ENDPOINTS, Resources
from load.tasks import LOOKUPS, travel
from load.tasks.ability import get_ability
from load.tasks.pokemon import get_pokemon
from load.tasks.type import get_type
from tests.examples import POKEMON, as_bytes, reference

PAGE = {"count": 1, "next": None, "previous": None, "results": [reference("pokemon", 1, "bulbasaur")]}


class Visitor:
    """A user who is given the bodies of a script; a pause is noted as None."""

    def __init__(self, bodies: Mapping[str, bytes], listed: int = 1) -> None:
        self._bodies = bodies
        self.done: list[Question | None] = []
        self.due: list[float | None] = []
        ids = [str(number) for number in range(1, listed + 1)]
        self.resources = Resources(dict.fromkeys(ENDPOINTS, ids))

    def ask(self, question: Question, due: float | None = None) -> bytes:
        self.done.append(question)
        self.due.append(due)
        return self._bodies.get(question.name, b"{}")

    def pause(self) -> None:
        self.done.append(None)


def journey(bodies: Mapping[str, bytes], listed: int = 1) -> list[Question | None]:
    visitor = Visitor(bodies, listed)
    travel(visitor)
    return visitor.done


def test_a_journey_leads_from_the_list_to_a_pokemon_its_type_and_its_ability_with_pauses() -> None:
    opened, first, pokemon, second, kind, third, ability = journey(
        {"pokemon list": as_bytes(PAGE), "pokemon": as_bytes(POKEMON)}
    )
    assert opened == Question("pokemon", offset=0)
    assert pokemon == Question("pokemon", "1")
    assert kind in {Question("type", link["type"]["url"].split("/")[-2]) for link in POKEMON["types"]}
    assert ability in {Question("ability", "65"), Question("ability", "34")}
    assert [first, second, third] == [None] * 3


def test_every_page_of_the_list_is_opened_at_some_time() -> None:
    opened = {done.offset for _ in range(300) for done in journey({}, listed=61) if done is not None}
    assert opened == {0, 20, 40, 60}


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'{"results":[]}', b'{"results":[{"url":null}]}'])
def test_a_journey_ends_where_the_list_does_not_lead_on(body: bytes) -> None:
    assert journey({"pokemon list": body}) == [Question("pokemon")]


def test_a_pokemon_without_types_and_abilities_leads_nowhere() -> None:
    body = as_bytes({**POKEMON, "types": [], "abilities": None})
    done = journey({"pokemon list": as_bytes(PAGE), "pokemon": body})
    assert done == [Question("pokemon"), None, Question("pokemon", "1")]


def test_a_pokemon_without_types_still_leads_to_its_ability() -> None:
    body = as_bytes({**POKEMON, "types": [{"type": None}]})
    *_, last = journey({"pokemon list": as_bytes(PAGE), "pokemon": body})
    assert last is not None
    assert last.endpoint == "ability"


ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["/", "//", "a/b/", "https://x/y/1/"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["results", "url", "types", "type", "abilities", "ability"]), inner, max_size=3
        )
    ),
    max_leaves=12,
)


@given(page=ANYTHING, pokemon=ANYTHING, raw=st.binary(max_size=20), is_raw=st.booleans())
def test_whatever_the_answers_are_a_journey_ends(page: Any, pokemon: Any, raw: bytes, *, is_raw: bool) -> None:
    page_body = raw if is_raw else as_bytes({"results": [{"url": page}], "types": page})
    done = journey({"pokemon list": page_body, "pokemon": as_bytes(pokemon)})
    assert 1 <= len([question for question in done if question is not None]) <= 4


@pytest.mark.parametrize(("task", "endpoint"), [(get_pokemon, "pokemon"), (get_type, "type"), (get_ability, "ability")])
def test_a_look_up_asks_for_one_resource_that_there_is(task: Callable[..., None], endpoint: str) -> None:
    assert task in LOOKUPS
    visitor = Visitor({}, listed=1)
    task(visitor, 0.25)
    assert visitor.done == [Question(endpoint, "1")]
    assert visitor.due == [0.25]


def test_a_body_that_is_nested_too_deeply_ends_the_journey() -> None:
    assert len(journey({"pokemon list": b"[" * 100_000})) == 1
