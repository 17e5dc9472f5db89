"""What a changed body costs: learning its shape and finding what changed in it, against one DeepDiff of the pair."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import Any

from deepdiff import DeepDiff
from msgspec.json import encode

from bench.bodies import Shelf, grown
from bench.timing import BenchError
from observatory.data_drift import differences, grouped
from observatory.json_values import parsed, parsed_pair
from observatory.schema_drift import ChangeKind, Model, Observation, changes_of, known_after, prune
from sandbox.source import compact

SIZE = 290_000  # bytes of the body that changes
KNOWN = 100  # resources that taught the model before
_OURS_A_ROUND, _DEEPDIFFS_A_ROUND = 20, 2  # the least of each counts, when nobody else emptied the caches

Pokemon = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Edit:
    """A way in which a body changes: its name in the table, what it does, and which changes it makes."""

    name: str
    change: Callable[[Pokemon], None]
    kinds: frozenset[ChangeKind] = frozenset()
    is_of_data: bool = True


@dataclass(frozen=True, slots=True)
class Changed:
    """Seconds of CPU for each edit, round by round; the bytes of the body, and of the model as it is stored."""

    ours: Mapping[str, Sequence[float]]
    deepdiff: Mapping[str, Sequence[float]]
    body_bytes: int
    model_bytes: int
    paths: int


def _change_a_value(pokemon: Pokemon) -> None:
    moves = pokemon["moves"]
    moves[len(moves) // 2]["version_group_details"][0]["level_learned_at"] += 1


def _change_here_and_there(pokemon: Pokemon) -> None:
    _change_a_value(pokemon)
    pokemon["stats"][0]["base_stat"] += 1
    pokemon["weight"] = str(pokemon["weight"])
    pokemon["shade"] = {"name": "dark"}
    del pokemon["base_experience"]
    moves = pokemon["moves"]
    del moves[1]
    moves.append({**deepcopy(moves[-1]), "move": {"name": "stare", "url": "/api/v2/move/30000/"}})


def _change_every_item(pokemon: Pokemon) -> None:
    for move in pokemon["moves"]:
        for detail in move["version_group_details"]:
            detail["mastered"] = True


ONE_VALUE = Edit("one value", _change_a_value)
SEVEN_PLACES = Edit(
    "seven places, three of its schema",
    _change_here_and_there,
    frozenset({ChangeKind.FIELD_ADDED, ChangeKind.FIELD_REMOVED, ChangeKind.TYPE_CHANGED}),
)
EVERY_ITEM = Edit(
    "a field more in every item of the largest list",
    _change_every_item,
    frozenset({ChangeKind.FIELD_ADDED}),
    is_of_data=False,
)
EDITS = (ONE_VALUE, SEVEN_PLACES, EVERY_ITEM)


def time_changed(shelf: Shelf, rounds: int) -> Changed:
    """Time each edit in turn, in this process, as a session does: what was loaded before is no garbage.

    Raises:
        BenchError: an edit was not found.
    """
    bodies = {each.number: shelf.body(each.number) for each in shelf.pokemon[:KNOWN]}
    # The largest one that is not too large, which nearly always needs a move or two more.
    number = max(bodies, key=lambda each: (len(bodies[each]) <= SIZE, len(bodies[each])))
    before = bodies[number] = compact(grown(json.loads(bodies[number]), SIZE))
    base = _learned(bodies)
    edited = {edit: _edited(before, edit) for edit in EDITS}
    values = {edit: (json.loads(before), json.loads(after)) for edit, after in edited.items()}
    ours: dict[str, list[float]] = {edit.name: [] for edit in EDITS}
    deepdiff: dict[str, list[float]] = {edit.name: [] for edit in EDITS}
    gc.collect()
    gc.freeze()
    for _ in range(rounds):
        for edit, after in edited.items():
            learn = partial(_learn_and_compare, str(number), before, after, base, edit)
            diff = partial(DeepDiff, *values[edit], ignore_order=True)
            ours[edit.name].append(min(_cpu(learn) for _ in range(_OURS_A_ROUND)))
            deepdiff[edit.name].append(min(_cpu(diff) for _ in range(_DEEPDIFFS_A_ROUND)))
    return Changed(ours, deepdiff, len(before), len(encode(base.as_json())), len(base))


def _learned(bodies: Mapping[int, bytes]) -> Model:
    seen = Observation()
    for number, body in bodies.items():
        seen.see(str(number), parsed(body), None, Model(), is_fresh=True)
    return known_after(Model(), seen, [])


def _edited(body: bytes, edit: Edit) -> bytes:
    pokemon = json.loads(body)
    edit.change(pokemon)
    return compact(pokemon)


def _learn_and_compare(resource: str, old: bytes, new: bytes, base: Model, edit: Edit) -> None:
    """All that the history does with a changed body, but reading and writing it."""
    before, after = parsed_pair(old, new)
    seen = Observation()
    seen.see(resource, after, before, base, is_fresh=False)
    changes = changes_of("pokemon", "", base, seen)
    known_after(base, seen, changes)
    prune(changes, before, after)
    groups = grouped("pokemon", {resource: differences(before, after)})
    if {change.kind for change in changes} != edit.kinds or bool(groups) != edit.is_of_data:
        raise BenchError(f"The edit of {edit.name} should be told as {sorted(edit.kinds)}, and is told as {changes}.")


def _cpu(act: Callable[[], object]) -> float:
    begun = time.process_time()
    act()
    return time.process_time() - begun
