"""What is told of a run, and what is not: the rules of schema drift, one by one."""

from __future__ import annotations

from typing import Any

import pytest

from observatory.schema_drift import ChangeKind, Model, Observation, changes_of, known_after
from observatory.schema_drift.shapes import MOST_KEYS, shape_of
from tests.schema_drift_values import Watched, alike, many

BULBASAUR = {"id": 1, "name": "bulbasaur", "height": 7, "moves": [{"move": {"name": "cut"}, "order": 1}]}


def changed(body: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {**body, **fields}


def without(body: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key not in keys}


class TestWhatOneResourceShowsAgainstItself:
    """A resource that was seen before is nearly always right: one is enough."""

    @pytest.mark.parametrize("others", [0, 1, 9, 40])
    @pytest.mark.parametrize(
        ("now", "sentence"),
        [
            (changed(BULBASAUR, weight=69), "weight was added (number)"),
            (changed(BULBASAUR, cries={"latest": "url"}), "cries was added (object)"),
            (without(BULBASAUR, "name"), "name was removed (string)"),
            (changed(BULBASAUR, height="0.7 m"), "height changed its type from number to string"),
            (changed(BULBASAUR, height=None), "height became nullable"),
            (changed(BULBASAUR, moves=None), "moves became nullable"),
            (changed(BULBASAUR, moves={}), "moves changed its type from array to object"),
            (changed(BULBASAUR, moves=[{"move": {"name": "cut"}}]), "moves[].order was removed (number)"),
            (
                changed(BULBASAUR, moves=[{"move": "cut", "order": 1}]),
                "moves[].move changed its type from object to string",
            ),
            (changed(BULBASAUR, moves=[*BULBASAUR["moves"], None]), "moves[] became nullable"),  # type: ignore[misc]
            ([BULBASAUR], "the whole body changed its type from object to array"),
            (None, "the whole body became nullable"),
        ],
    )
    def test_one_change_is_one_sentence(self, others: int, now: Any, sentence: str) -> None:
        watched = Watched({"1": BULBASAUR, **many(others, BULBASAUR, first=2)})
        assert watched.sentences({"1": now}) == [sentence]
        assert watched.sentences({"1": now}) == []

    @pytest.mark.parametrize(
        "now",
        [
            changed(BULBASAUR, height=0.7),
            changed(BULBASAUR, id=10**30, name="ivysaur"),
            changed(BULBASAUR, moves=[]),
            changed(BULBASAUR, moves=BULBASAUR["moves"] * 3),  # type: ignore[operator]
            dict(reversed(BULBASAUR.items())),
        ],
    )
    def test_other_data_is_no_change(self, now: Any) -> None:
        watched = Watched(many(10, BULBASAUR))
        assert watched.run({"1": now}) == []
        assert watched.run(many(10, now)) == []

    def test_several_changes_come_in_the_order_of_their_paths(self) -> None:
        now = changed(without(BULBASAUR, "name"), height=None, moves=[{"move": 5, "order": 1}], abilities=[])
        assert Watched(many(3, BULBASAUR)).sentences(many(3, now)) == [
            "abilities was added (array)",
            "height became nullable",
            "moves[].move changed its type from object to number",
            "name was removed (string)",
        ]

    def test_resources_are_listed_in_the_order_of_their_numbers_and_names_come_last(self) -> None:
        watched = Watched(alike(["10", "9", "bulbasaur", "1", "abra"], {"a": 1}))
        [change] = watched.run(alike(["bulbasaur", "10", "abra", "9", "1"], {"a": 1, "b": 1}))
        assert change.resources == ("1", "9", "10", "abra", "bulbasaur")
        assert change.count == 5

    def test_what_is_below_a_new_removed_or_retyped_field_is_told_by_it(self) -> None:
        deep = {"a": {"b": [{"c": {"d": 1}}]}}
        watched = Watched(many(3, {"id": 1}))
        assert watched.sentences(many(3, {"id": 1, **deep})) == ["a was added (object)"]
        assert watched.sentences(many(3, {"id": 1, "a": 5})) == ["a changed its type from object to number"]
        assert watched.sentences(many(3, {"id": 1, **deep})) == ["a changed its type from number to object"]
        assert watched.sentences(many(3, {"id": 1})) == ["a was removed (object)"]


class TestWhatIsData:
    def test_a_list_that_fills_for_the_first_time_teaches_and_is_not_told(self) -> None:
        watched = Watched(many(20, {"held": []}))
        assert watched.run(many(20, {"held": [{"item": {"name": "orb"}}]})) == []
        assert watched.sentences(many(20, {"held": [{"item": {}}]})) == ["held[].item.name was removed (string)"]

    def test_an_object_in_place_of_null_teaches_and_is_not_told(self) -> None:
        watched = Watched(many(20, {"shape": None}))
        assert watched.run({"1": {"shape": {"name": "ball"}}}) == []
        assert watched.sentences({"1": {"shape": {}}}) == ["shape.name was removed (string)"]

    def test_an_optional_key_comes_and_goes(self) -> None:
        watched = Watched({**many(9, {"id": 1}), "10": {"id": 1, "x": 1}})
        assert watched.run({"1": {"id": 1, "x": 1}, "10": {"id": 1}}) == []
        assert watched.run({"11": {"id": 1, "x": 2}, "12": {"id": 2}}) == []

    def test_a_null_comes_and_goes_where_others_have_it(self) -> None:
        watched = Watched({**many(9, {"x": 1}), "10": {"x": None}})
        assert watched.run({"1": {"x": None}, "10": {"x": 1}}) == []

    def test_a_kind_comes_and_goes_where_others_have_it(self) -> None:
        watched = Watched({**many(9, {"x": 1}), "10": {"x": "one"}})
        assert watched.run({"1": {"x": "one"}, "10": {"x": 1}, "11": {"x": "two"}}) == []

    def test_the_first_value_of_what_was_always_null_is_no_other_type(self) -> None:
        watched = Watched(many(20, {"x": None}))
        assert watched.run({"1": {"x": 5}, "2": {"x": "five"}}) == []


class TestEvidenceOfNewResources:
    """Resources that were never seen before show a change only against enough that is known."""

    @pytest.mark.parametrize(("known", "is_told"), [(9, False), (11, True), (40, True)])
    def test_a_key_more_or_less_in_an_object_that_always_had_the_same_keys(self, known: int, *, is_told: bool) -> None:
        watched = Watched(many(known, {"a": 1, "b": 1}))
        assert bool(watched.twin().run({"new": {"a": 1, "b": 1, "c": 1}})) == is_told
        assert bool(watched.twin().run({"new": {"a": 1}})) == is_told

    @pytest.mark.parametrize("late", [{"a": "x", "b": 1}, {"a": None, "b": 1}])
    def test_one_alone_shows_nothing_and_three_do_against_enough(self, late: Any) -> None:
        three = alike(["x", "y", "z"], late)
        assert Watched(many(60, {"a": 1, "b": 1})).run({"new": late}) == []
        assert Watched(many(4, {"a": 1, "b": 1})).run(three) == []
        assert len(Watched(many(12, {"a": 1, "b": 1})).run(three)) == 1

    def test_a_key_more_in_an_object_whose_keys_vary_needs_several(self) -> None:
        watched = Watched({**many(20, {"a": 1}), **many(20, {"a": 1, "b": 1}, first=21)})
        assert watched.twin().run({"new": {"a": 1, "c": 1}}) == []
        assert watched.sentences(alike(["x", "y", "z"], {"a": 1, "c": 1})) == ["c was added (number)"]

    def test_a_kind_that_few_new_resources_have_stands_beside_the_one_of_all_others(self) -> None:
        watched = Watched(many(20, {"a": 1}))
        three = alike(["x", "y", "z"], {"a": "x"})
        assert watched.sentences(three) == ["a changed its type from number to string"]
        for number in range(30, 36):
            assert watched.run({str(number): {"a": "x" if number % 2 else 1}}) == []

    def test_a_null_in_one_new_resource_may_be_rare_and_in_several_it_is_none(self) -> None:
        watched = Watched(many(40, {"a": 1}))
        assert watched.twin().run({"new": {"a": None}}) == []
        assert watched.twin().run({"x": {"a": None}, **many(9, {"a": 1}, first=50)}) == []
        assert watched.sentences(alike(["x", "y", "z"], {"a": None})) == ["a became nullable"]

    def test_few_nulls_among_many_new_resources_are_rare_ones(self) -> None:
        watched = Watched(many(40, {"a": 1}))
        assert watched.run({**alike(["x", "y"], {"a": None}), **many(30, {"a": 1}, first=50)}) == []

    def test_known_resources_of_the_same_run_do_not_make_those_of_new_ones_rare(self) -> None:
        watched = Watched(many(40, {"a": 1, "b": 1}))
        run = {**many(30, {"a": 2, "b": 1}), **alike(["x", "y", "z"], {"a": 1, "b": None})}
        assert watched.sentences(run) == ["b became nullable"]

    def test_few_nulls_below_what_many_known_resources_get_are_rare_ones(self) -> None:
        watched = Watched({**many(40, {"o": {"a": 1}}), **many(60, {"o": None}, first=50)})
        run = {**many(30, {"o": {"a": 1}}, first=50), **many(3, {"o": {"a": None}}, first=60)}
        assert watched.run(run) == []

    def test_a_rare_null_is_learned_and_not_told_when_another_one_comes(self) -> None:
        watched = Watched(many(40, {"a": 1}), {"new": {"a": None}})
        assert watched.run(alike(["x", "y", "z"], {"a": None})) == []

    def test_a_resource_seen_before_but_not_with_what_is_above_counts_as_new(self) -> None:
        empty = alike(["50", "51", "52"], {"o": None})
        filled = alike(empty, {"o": {"a": 1, "b": 1}})
        assert Watched({**many(2, {"o": {"a": 1}}), **empty}).run(filled) == []
        watched = Watched({**many(40, {"o": {"a": 1}}), **empty})
        assert watched.sentences(filled) == ["o.b was added (number)"]


class TestRemoved:
    def test_what_some_objects_still_have_is_removed_in_part(self) -> None:
        watched = Watched(many(3, {"l": [{"a": 1, "b": 1}, {"a": 1, "b": 1}]}))
        [change] = watched.run({"2": {"l": [{"a": 1, "b": 1}, {"a": 1}]}})
        assert change.sentence() == "pokemon: l[].b was removed: now number, or missing"
        assert (change.before, change.after, change.resources) == ("number", "number, or missing", ("2",))
        assert watched.run({"3": {"l": [{"a": 1}, {"a": 1, "b": 1}]}}) == []

    def test_what_other_resources_of_the_run_still_have_is_removed_in_part(self) -> None:
        watched = Watched(many(3, {"a": 1, "b": "x"}))
        [change] = watched.run({"1": {"a": 1}, "2": {"a": None, "b": "x"}})[1:]
        assert (change.path, change.after) == ("b", "string, or missing")

    def test_new_resources_whose_objects_differ_show_it_only_against_enough(self) -> None:
        body, late = {"l": [{"a": 1, "b": 1}]}, alike(["x", "y", "z"], {"l": [{"a": 1}, {"a": 1, "b": 1}]})
        assert Watched(many(3, body)).run(late) == []
        assert Watched(many(40, body)).sentences(late) == ["l[].b was removed: now number, or missing"]

    def test_what_only_some_had_is_removed_when_all_of_three_lost_it(self) -> None:
        with_it, without_it = {"a": 1, "x": 1}, {"a": 1}
        for having, is_told in ((2, False), (3, True)):
            watched = Watched({**many(having, with_it), **many(5, without_it, first=10)})
            assert bool(watched.run(many(having, without_it))) == is_told
        watched = Watched({**many(4, with_it), **many(5, without_it, first=10)})
        assert watched.run(many(3, without_it)) == []
        watched = Watched({**many(3, with_it), **many(5, without_it, first=10)})
        assert watched.run({**many(3, without_it), "new": with_it}) == []

    def test_what_comes_back_is_added_again(self) -> None:
        watched = Watched(many(4, BULBASAUR))
        [gone] = watched.run(many(4, without(BULBASAUR, "moves")))
        [back] = watched.run(many(4, BULBASAUR))
        assert (gone.kind, back.kind, back.path) == (ChangeKind.FIELD_REMOVED, ChangeKind.FIELD_ADDED, "moves")
        assert back.reverses(gone)
        [again] = watched.run(many(4, without(BULBASAUR, "moves")))
        assert again == gone

    def test_what_came_and_goes_is_removed(self) -> None:
        watched = Watched(many(4, {"a": 1}), {"1": {"a": 1, "b": 1}})
        assert watched.sentences({"1": {"a": 1}}) == ["b was removed (number)"]

    def test_what_came_to_one_resource_is_not_taken_from_those_it_never_came_to(self) -> None:
        watched = Watched(many(40, {"a": 1, "l": []}), {"1": {"a": 1, "l": [], "b": 1}})
        assert watched.twin().run({"2": {"a": 1, "l": [1]}}) == []
        assert watched.twin().run({"new": {"a": 1, "l": []}}) == []

    def test_what_came_to_half_of_the_resources_is_not_taken_from_the_other_half(self) -> None:
        watched = Watched(many(40, {"l": [{"a": 1}, {"a": 2}]}), many(20, {"l": [{"a": 1, "b": 1}] * 2}))
        assert watched.twin().run({"30": {"l": [{"a": "x"}]}})[0].path == "l[].a"
        assert len(watched.twin().run({"30": {"l": [{"a": "x"}]}})) == 1
        assert watched.twin().run({"30": {"l": [{"a": 1, "b": 1}, {"a": 1}]}}) == []

    def test_what_came_to_some_objects_of_one_resource_is_not_missing_in_the_others(self) -> None:
        body = {"l": [{"a": 1}, {"a": 1}]}
        watched = Watched(many(40, body), {"1": {"l": [{"a": 1, "b": 1}] * 2}})
        assert watched.run({"2": {"l": [{"a": 1, "b": 1}, {"a": 1}]}}) == []

    def test_what_one_resource_lost_is_not_new_in_others(self) -> None:
        watched = Watched(many(40, {"a": 1, "b": 1}))
        assert watched.sentences({"1": {"a": 1}}) == ["b was removed (number)"]
        assert watched.run({"new": {"a": 1, "b": 1}}) == []
        assert watched.run({"2": {"a": None, "b": 1}})[0].path == "a"

    def test_half_of_the_resources_are_enough_to_take_a_field_back(self) -> None:
        watched = Watched(many(4, {"a": 1, "b": 1}), many(2, {"a": 1}))
        assert watched.sentences({"1": {"a": 1, "b": 1}}) == ["b was added (number)"]
        watched = Watched(many(12, {"a": 1, "b": 1}), many(4, {"a": 1}))
        assert watched.run({"1": {"a": 1, "b": 1}}) == []


class TestTypes:
    def test_a_type_that_changes_back_is_told_again(self) -> None:
        watched = Watched(many(4, {"a": 1}))
        [there] = watched.run(many(4, {"a": "x"}))
        [back] = watched.run(many(4, {"a": 1}))
        assert (back.before, back.after) == ("string", "number")
        assert back.reverses(there)

    def test_null_stays_in_both_sides_of_what_was_nullable(self) -> None:
        watched = Watched({**many(3, {"a": 1}), "4": {"a": None}})
        [change] = watched.run(many(3, {"a": [1]}))
        assert (change.before, change.after) == ("number or null", "array or null")

    def test_one_that_still_has_the_kind_of_before_is_no_change_back(self) -> None:
        watched = Watched(many(4, {"a": 1, "l": []}), many(3, {"a": "x", "l": []}))
        assert watched.run({"4": {"a": 1, "l": [1]}}) == []

    def test_a_resource_with_both_kinds_tells_both(self) -> None:
        [change] = Watched(many(3, {"l": [1, 2]})).run({"1": {"l": [1, "two"]}})
        assert (change.path, change.before, change.after) == ("l[]", "number", "number or string")


class TestNull:
    def test_it_is_told_once(self) -> None:
        watched = Watched(many(20, {"a": 1}))
        assert watched.sentences({"1": {"a": None}}) == ["a became nullable"]
        assert watched.run({"2": {"a": None}}) == []
        assert watched.run({"1": {"a": 1}, "2": {"a": 1}}) == []
        assert watched.run({"3": {"a": None}}) == []

    def test_no_longer_nullable_only_when_none_of_five_is_left(self) -> None:
        watched = Watched({**many(5, {"a": 1}), **many(5, {"a": None}, first=10)})
        assert watched.twin().run(many(4, {"a": 1}, first=10)) == []
        assert Watched({**many(5, {"a": 1}), **many(6, {"a": None}, first=10)}).run(many(5, {"a": 1}, first=10)) == []
        [change] = watched.run(many(5, {"a": 1}, first=10))
        assert change.sentence() == "pokemon: a is no longer nullable"
        assert (change.before, change.after, change.breaking) == ("number or null", "number", False)
        assert watched.sentences({"11": {"a": None}}) == ["a became nullable"]

    def test_not_when_null_is_found_elsewhere_in_the_same_run(self) -> None:
        watched = Watched({**many(5, {"a": 1}), **many(5, {"a": None}, first=10)})
        assert watched.run({**many(5, {"a": 1}, first=10), "1": {"a": None}}) == []

    def test_four_are_too_few_to_speak_for_all(self) -> None:
        watched = Watched({**many(5, {"a": 1}), **many(4, {"a": None}, first=10)})
        assert watched.run(many(4, {"a": 1}, first=10)) == []

    def test_many_of_still_more_resources_do_not_speak_for_all(self) -> None:
        watched = Watched({**many(900, {"a": None, "x": 1}), **many(100, {"a": 1}, first=1000)})
        assert watched.run(many(500, {"a": 1})) == []

    def test_a_list_that_has_null_still_is_still_nullable(self) -> None:
        watched = Watched(many(5, {"l": [1, None]}))
        assert watched.run(many(5, {"l": [None, 1, 1]})) == []
        assert watched.sentences(many(5, {"l": [1, 1]})) == ["l[] is no longer nullable"]

    def test_what_was_only_null_and_is_filled_is_data(self) -> None:
        assert Watched(many(5, {"a": None})).run(many(5, {"a": 1})) == []


class TestWords:
    """A field of few different words in many resources is an enumeration."""

    @staticmethod
    def colours(count: int, *words: str) -> dict[str, Any]:
        return {str(number): {"colour": words[number % len(words)]} for number in range(count)}

    def test_a_word_that_a_known_resource_never_had(self) -> None:
        watched = Watched(self.colours(40, "red", "blue"))
        [change] = watched.run({"0": {"colour": "green"}})
        assert change.sentence() == "pokemon: colour has new values: green"
        assert (change.before, change.after, change.breaking) == (["blue", "red"], ["blue", "green", "red"], False)
        assert watched.run({"1": {"colour": "green"}}) == []

    def test_new_resources_need_several_and_one_may_be_rare(self) -> None:
        watched = Watched(self.colours(60, "red", "blue"))
        assert watched.twin().run({"new": {"colour": "green"}}) == []
        assert watched.sentences(alike(["x", "y", "z"], {"colour": "green"})) == ["colour has new values: green"]

    @pytest.mark.parametrize(
        "colour",
        [
            {"name": "green", "url": "/c/3"},
            {"password": "green"},  # pragma: allowlist secret
        ],
    )
    def test_names_of_references_and_secrets_are_no_enumeration(self, colour: dict[str, str]) -> None:
        words = {
            str(number): {"colour": {**colour, next(iter(colour)): ("red", "blue")[number % 2]}} for number in range(40)
        }
        assert Watched(words).run({"0": {"colour": colour}}) == []

    def test_one_word_is_no_enumeration(self) -> None:
        assert Watched(self.colours(40, "red")).run({"0": {"colour": "green"}}) == []

    def test_words_that_change_places_are_data(self) -> None:
        watched = Watched(self.colours(40, "red", "blue"))
        assert watched.run(self.colours(40, "blue", "red")) == []

    @pytest.mark.parametrize(
        "watched_words",
        [
            (12, ("red", "blue")),  # too few resources
            (40, tuple(f"name-{number}" for number in range(14))),  # too many words for them
            (60, tuple(f"name-{number}" for number in range(17))),  # more than an enumeration has
            (40, ("red and yellow", "blue")),  # texts that are no words
            (40, ("/api/v2/type/1/", "blue")),
        ],
    )
    def test_other_texts_are_no_enumeration(self, watched_words: tuple[int, tuple[str, ...]]) -> None:
        watched = Watched(self.colours(watched_words[0], *watched_words[1]))
        assert watched.run({"0": {"colour": "green"}}) == []

    def test_resources_with_other_kinds_of_values_are_no_evidence_of_words(self) -> None:
        watched = Watched({**many(40, {"colour": 7}), "50": {"colour": "red"}})
        assert watched.run({"50": {"colour": "green"}}) == []


class TestRecursion:
    def test_what_contains_itself_is_told_at_its_topmost_path(self) -> None:
        def chain(depth: int, **fields: Any) -> dict[str, Any]:
            return {"species": "x", **fields, "evolves_to": [chain(depth - 1, **fields)] if depth else []}

        watched = Watched({"1": {"evolves_to": [chain(1)]}, "2": {"evolves_to": [chain(3)]}})
        assert watched.run({"1": {"evolves_to": [chain(5)]}, "2": {"evolves_to": []}}) == []
        assert watched.sentences({"1": {"evolves_to": [chain(3, new=1)]}}) == ["evolves_to[].new was added (number)"]

    def test_parents_of_parents_end_with_null_at_any_turn(self) -> None:
        one = {"parent": {"name": "a", "parent": None}}
        two = {"parent": {"name": "a", "parent": one["parent"]}}
        assert Watched(many(20, one)).run(many(20, two)) == []
        assert Watched(many(20, two)).run(many(20, one)) == []
        assert Watched(many(20, one)).sentences(many(20, {"parent": {**two["parent"], "age": 1}})) == [
            "parent.age was added (number)"
        ]

    def test_a_null_in_a_list_or_beside_a_recursion_is_told(self) -> None:
        watched = Watched(many(3, {"a": [{"a": None}], "b": {"b": 1}}))
        assert watched.sentences({"1": {"a": [None], "b": {"b": 1}}}) == ["a[] became nullable"]
        assert watched.sentences({"1": {"a": [], "b": None}}) == ["b became nullable"]
        watched = Watched({"1": {"b": {"b": 1}}, "2": {"b": {"b": None}}})
        assert watched.sentences({"1": {"b": None}}) == ["b became nullable"]

    def test_a_turn_that_takes_two_keys_is_told_once_with_all_its_resources(self) -> None:
        def tree(depth: int, **fields: Any) -> dict[str, Any]:
            inner = [{"node": tree(depth - 1, **fields), **fields}] if depth else []
            return {"name": "n", "children": inner}

        watched = Watched(many(4, tree(3)))
        [change] = watched.run({"1": tree(3, new=1), "2": tree(1, new=1)})
        assert (change.path, change.resources) == ("children[].new", ("1", "2"))

    def test_two_lists_are_no_recursion(self) -> None:
        before = {"types": [{"x": 1, "names": [{"x": 1}]}]}
        now = {"types": [{"x": None, "names": [{"x": None}]}]}
        assert Watched(many(3, before)).sentences(many(3, now)) == [
            "types[].names[].x became nullable",
            "types[].x became nullable",
        ]

    def test_the_resources_of_deeper_turns_are_told_too(self) -> None:
        def node(*news: bool) -> dict[str, Any]:
            head, *rest = news
            return {
                "is_leaf": not rest,
                **({"new": 1} if head else {}),
                "kids": [{"node": node(*rest)}] if rest else [],
            }

        watched = Watched(many(4, {"kids": [{"node": node(False, False, False)}]}))
        [change] = watched.run(
            {
                "1": {"kids": [{"node": node(True, False, False)}]},
                "2": {"kids": [{"node": node(False, True, False)}]},
            }
        )
        assert (change.path, change.resources) == ("kids[].node.new", ("1", "2"))

    def test_a_thing_that_is_named_like_its_list_is_no_recursion(self) -> None:
        body = {"pokemon": [{"slot": 1, "pokemon": {"name": "a", "url": "u"}}]}
        watched = Watched(many(3, body))
        assert set(watched.known) == {
            "",
            "pokemon",
            "pokemon[]",
            "pokemon[].slot",
            "pokemon[].pokemon",
            "pokemon[].pokemon.name",
            "pokemon[].pokemon.url",
        }
        assert watched.sentences(many(3, {"pokemon": [{"slot": 1, "pokemon": {"name": "a"}}]})) == [
            "pokemon[].pokemon.url was removed (string)"
        ]


class TestMaps:
    LANGUAGES = ("en", "de", "fr", "es", "it", "ja", "ko", "cs", "pt-BR", "zh-Hans")

    def translations(self, count: int, value: Any = "text") -> dict[str, Any]:
        """Each resource is translated into three languages."""
        return {
            str(number): {
                "names": {self.LANGUAGES[(number * 3 + step) % len(self.LANGUAGES)]: value for step in range(3)}
            }
            for number in range(count)
        }

    def test_a_new_key_of_a_map_is_data(self) -> None:
        watched = Watched(self.translations(30))
        assert watched.run({"1": {"names": {"en": "text", "nl": "tekst"}}, "new": {"names": {"pl": "tekst"}}}) == []

    def test_a_key_that_leaves_a_map_is_data(self) -> None:
        watched = Watched(self.translations(30))
        assert watched.run({str(number): {"names": {}} for number in range(30)}) == []

    def test_few_resources_or_few_keys_are_no_map(self) -> None:
        assert Watched(self.translations(4)).sentences({"1": {"names": {"nl": "x"}}}) == ["names.nl was added (string)"]
        some: tuple[dict[str, str], ...] = ({"en": "x"}, {"de": "x"}, {}, {})
        two = {str(number): {"names": some[number % 4]} for number in range(30)}
        assert Watched(two).sentences({"1": {"names": {"nl": "x"}}}) == ["names.nl was added (string)"]

    def test_values_of_several_kinds_are_no_map(self) -> None:
        bodies = self.translations(30)
        bodies["1"] = {"names": {"en": {"text": "x"}}}
        assert Watched(bodies).sentences({"2": {"names": {"nl": "x"}}}) == ["names.nl was added (string)"]

    def test_a_key_that_all_have_makes_a_record(self) -> None:
        bodies = {key: {"names": {**body["names"], "id": "x"}} for key, body in self.translations(30).items()}
        assert Watched(bodies).sentences({"1": {"names": {**bodies["1"]["names"], "nl": "x"}}}) == [
            "names.nl was added (string)"
        ]

    def test_keys_that_most_have_make_a_record(self) -> None:
        bodies = {
            str(number): {"names": {key: "x" for key in self.LANGUAGES if key != self.LANGUAGES[number % 10]}}
            for number in range(30)
        }
        assert Watched(bodies).sentences({"1": {"names": {**bodies["1"]["names"], "nl": "x"}}}) == [
            "names.nl was added (string)"
        ]

    def test_the_same_keys_everywhere_make_a_record_however_they_look(self) -> None:
        versions = {f"generation-{number}": {"red-blue": {"front": "url"}} for number in range(9)}
        watched = Watched(many(20, {"versions": versions}))
        assert watched.sentences(many(20, {"versions": {**versions, "generation-9": {}}})) == [
            "versions.generation-9 was added (object)"
        ]

    def test_a_map_that_grows_beyond_what_is_known_by_key_is_data(self) -> None:
        keys = {f"k{number}": 1 for number in range(MOST_KEYS)}
        watched = Watched(many(3, {"map": keys}))
        assert watched.run(many(3, {"map": {**keys, "more": 1}})) == []
        assert set(watched.known) == {"", "map", "map.*"}
        assert watched.sentences(many(3, {"map": {**keys, "more": None}})) == ["map.* became nullable"]
        assert watched.run(many(3, {"map": {"other": 1}})) == []

    def test_what_is_below_the_keys_of_such_a_map_may_be_absent_anywhere(self) -> None:
        watched = Watched(many(3, {f"k{number}": {"n": 1, "x": 1} for number in range(MOST_KEYS + 1)}))
        assert watched.run({"1": {f"k{number}": {"n": 1} for number in range(MOST_KEYS + 1)}}) == []

    def test_keys_that_become_too_many_only_over_several_resources_are_data(self) -> None:
        known = {f"k{number}": 1 for number in range(MOST_KEYS - 1)}
        watched = Watched({"1": {"map": known}})
        late = {"map": {"k0": None, **{f"m{number}": {"n": 1} for number in range(50)}}}
        assert watched.run({"1": late, "2": late}) == []
        assert set(watched.known) == {"", "map", "map.*", "map.*.n"}
        assert watched.run({"1": {"map": known}}) == []

    def test_keys_of_one_run_that_become_too_many_are_data(self) -> None:
        watched = Watched(many(20, {"map": {"k0": {"n": 1}, "k1": 1}}))
        bodies = {
            f"new {part}": {"map": {"k0": {"m": None}, "k1": None, **{f"p{part}k{each}": 1 for each in range(150)}}}
            for part in range(5)
        }
        assert watched.run(bodies) == []
        assert "map.*" in watched.known


class TestRuns:
    def test_processes_know_together_what_is_optional(self) -> None:
        with_it, without_it = {"1": {"a": 1, "b": 1}}, {"2": {"a": 1}}
        one, other, whole = Watched(), Watched(), Watched({**with_it, **without_it})
        one.run(with_it, without_it)
        other.run(without_it, with_it)
        assert one.known == whole.known == other.known
        assert one.run({"1": {"a": 1}}) == []

    def test_processes_count_together_who_was_asked_and_who_is_new(self) -> None:
        watched = Watched(many(9, {"a": 1}))
        whole, other = watched.observed(many(3, {"a": "x"}, first=8)), watched.observed(many(4, {"a": "x"}, first=9))
        assert (whole.asked.size, whole.fresh.size) == (3, 1)
        whole.merge(other)
        assert (whole.asked.size, whole.fresh.size) == (5, 3)
        assert whole.as_json() == watched.observed(many(5, {"a": "x"}, first=8)).as_json()

    def test_the_first_run_learns_and_tells_nothing(self) -> None:
        assert Watched().run({"1": {"a": 1}, "2": {"b": None}, "3": [1]}) == []

    def test_nothing_new_is_known_after_a_run_without_changes(self) -> None:
        watched = Watched(many(3, BULBASAUR))
        known = watched.known.copy()
        assert watched.run(many(3, BULBASAUR)) == []
        assert watched.known == known

    def test_what_was_known_before_is_not_touched(self) -> None:
        base = Watched(many(3, BULBASAUR)).known
        written = base.as_json()
        seen = Observation()
        seen.see("1", {"other": None}, BULBASAUR, base, is_fresh=False)
        known_after(base, seen, changes_of("pokemon", "", base, seen))
        assert base.as_json() == written

    def test_the_endpoint_and_the_part_are_in_each_change(self) -> None:
        watched = Watched(many(3, {"a": 1}), endpoint="type", part="list")
        [change] = watched.run({"1": {}})
        assert (change.endpoint, change.part, change.subject) == ("type", "list", "type list")

    def test_an_unknown_body_before_is_not_looked_at_when_the_resource_is_new(self) -> None:
        seen = Observation()
        base = Watched(many(3, {"a": 1})).known
        seen.see("new", {"a": 1, "b": 1}, object(), base, is_fresh=True)
        assert changes_of("pokemon", "", base, seen) == []
        assert seen.model == Model.of(shape_of({"a": 1, "b": 1}), "new")
