"""Which item of a list is which in its next version, whatever their order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from observatory.data_drift.alike import Shapes, same, without_partner
from observatory.data_drift.identity import Field, Identity, identities
from observatory.data_drift.ignoring import COVERED, Ignoring, State
from observatory.data_drift.single_edit import is_single_edit
from observatory.record.field_path import EVERY

_MOST_COMPARED = 16
_SIMILAR = 0.5


@dataclass(slots=True)
class Matched:
    """Pairs of indices (before, after) that are one item and differ, and the indices without a partner, in order."""

    pairs: list[tuple[int, int]] = field(default_factory=list)
    gone: list[int] = field(default_factory=list)
    new: list[int] = field(default_factory=list)
    identity: Identity | None = None

    def join(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Take pairs among the items that had no partner."""
        found = list(pairs)
        self.pairs += found
        befores, afters = {i for i, _ in found}, {j for _, j in found}
        self.gone = [i for i in self.gone if i not in befores]
        self.new = [j for j in self.new if j not in afters]


def match(before: Sequence[Any], after: Sequence[Any], state: State, ignoring: Ignoring, shapes: Shapes) -> Matched:
    """Say which items are the same one, from what identifies them or else from what they hold.

    Items that have an equal partner are not told of at all.
    """
    matched = Matched(gone=list(range(len(before))), new=list(range(len(after))))
    below = ignoring.below(state, EVERY)
    if not _by_identity(matched, before, after, below, ignoring):
        matched.gone, matched.new = without_partner(
            [shapes.of(item, ignoring.below(state, index)) for index, item in enumerate(before)],
            [shapes.of(item, ignoring.below(state, index)) for index, item in enumerate(after)],
        )
        # A list that holds one item twice may still have items that are told apart, once equal ones are gone.
        _by_identity(matched, before, after, below, ignoring)
    if matched.gone and matched.new:
        _by_content(matched, before, after, below, ignoring, shapes)
    return matched


def _by_content(
    matched: Matched, before: Sequence[Any], after: Sequence[Any], below: State, ignoring: Ignoring, shapes: Shapes
) -> None:
    """Pair what no identity has paired, where it is plain which item became which."""
    identity = matched.identity
    old, new = matched.gone[0], matched.new[0]
    is_one_each = len(matched.gone) == len(matched.new) == 1
    if is_one_each and (identity is None or is_single_edit(before[old], after[new], below, ignoring, shapes)):
        matched.join([(old, new)])
    elif (identity is None or identity.is_combined) and max(len(matched.gone), len(matched.new)) <= _MOST_COMPARED:
        matched.join(_most_similar(matched, before, after, lambda value: shapes.of(value, below)))


def _by_identity(
    matched: Matched, before: Sequence[Any], after: Sequence[Any], below: State, ignoring: Ignoring
) -> bool:
    """Pair the items without partner that have the same identity; whether there is any identity."""
    old, new = matched.gone, matched.new
    befores, afters = [before[i] for i in old], [after[j] for j in new]
    if not all(isinstance(item, dict) for item in befores) or not all(isinstance(item, dict) for item in afters):
        return False

    def usable(candidate: Field) -> bool:
        there = ignoring.below(below, candidate.key)
        return (ignoring.below(there, candidate.inner) if candidate.inner else there) is not COVERED

    found = identities(befores, afters, usable)
    first = next(found, None)
    if first is None:
        return False
    matched.identity = first
    hits = _hits(first, old, new, matched)
    differing = [(i, j) for i, j in hits if not same(before[i], after[j])]
    doubtful = _doubtful(first, differing, before, after)
    matched.join(pair for pair in hits if pair not in doubtful)
    matched.pairs = [pair for pair in differing if pair not in doubtful]
    ways = [first, *found] if matched.gone and matched.new else []
    while matched.gone and matched.new:
        # What pairs most of what is left is right about it: names when numbers changed, URLs when names did.
        hits = max((_hits(way, old, new, matched) for way in ways), key=len)
        if not hits:
            break
        matched.join(hits)
    return True


def _doubtful(
    identity: Identity, pairs: Sequence[tuple[int, int]], before: Sequence[Any], after: Sequence[Any]
) -> set[tuple[int, int]]:
    """The pairs that are no pair yet: numbers are given anew at times, and then a URL leads to another name."""
    have_same_names = identity.have_same_names([before[i] for i, _ in pairs], [after[j] for _, j in pairs])
    return {pair for pair, is_certain in zip(pairs, have_same_names, strict=True) if not is_certain}


def _hits(identity: Identity, old: list[int], new: list[int], matched: Matched) -> list[tuple[int, int]]:
    """The items without partner that have the same key; `old` and `new` are the indices the keys belong to."""
    left, wanted = set(matched.gone), set(matched.new)
    where = {key: j for j, key in zip(new, identity.after, strict=True) if j in wanted}
    keys = ((i, where.get(key)) for i, key in zip(old, identity.before, strict=True) if i in left)
    return [(i, j) for i, j in keys if j is not None]


def _most_similar(
    matched: Matched, before: Sequence[Any], after: Sequence[Any], shape: Callable[[Any], Hashable]
) -> list[tuple[int, int]]:
    """Partners that have at least half of their parts, and all identifying references, in common.

    The most similar first.
    """
    olds = {i: _parts(before[i], shape) for i in matched.gone}
    news = {j: _parts(after[j], shape) for j in matched.new}
    identity = matched.identity
    scores = [
        (-_similarity(parts, others), i != j, i, j)
        for i, parts in olds.items()
        for j, others in news.items()
        if identity is None or identity.have_same_references(before[i], after[j])
    ]
    pairs: list[tuple[int, int]] = []
    for score, _, i, j in sorted(scores):
        if -score >= _SIMILAR and i in olds and j in news:
            pairs.append((i, j))
            del olds[i], news[j]
    return pairs


def _parts(value: Any, shape: Callable[[Any], Hashable]) -> Counter[Hashable]:
    if isinstance(value, dict):
        return Counter((key, shape(child)) for key, child in value.items())
    return Counter(shape(child) for child in value) if isinstance(value, list) else Counter()


def _similarity(parts: Counter[Hashable], others: Counter[Hashable]) -> float:
    most = max(parts.total(), others.total())
    return (parts & others).total() / most if most else 0.0
