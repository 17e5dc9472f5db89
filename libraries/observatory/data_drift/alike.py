"""When two JSON values say the same: by type and value, URLs without their host, lists without their order."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Any

from msgspec.json import Encoder

from observatory.data_drift.ignoring import COVERED, Ignoring, State

_ENCODER = Encoder()
_HOST = re.compile(r"https?://[^/?#]*", re.IGNORECASE)
_SCALARS = frozenset({str, int, float, bool, type(None)})
_TRUE, _FALSE, _NAN = object(), object(), object()


def same(before: Any, after: Any) -> bool:
    """Whether two values are certainly the same, told at the speed of C.

    False says only that their parts must be looked at: Python's `==` knows no URLs, no order of lists and no
    NaN, and takes True for 1, which a second look at the written form rules out.
    """
    try:
        if before != after:
            return False
    except RecursionError:  # deeper than Python compares; the walk goes down one level at a time
        return False
    if before.__class__ in _SCALARS:
        return atom(before) == atom(after)
    return _written_alike(before, after)


def _written_alike(before: Any, after: Any) -> bool:
    try:
        return _ENCODER.encode(before) == _ENCODER.encode(after)
    except (ValueError, TypeError, OverflowError, RecursionError):  # no JSON, or nested too deeply to be written
        return False


def without_host(text: str) -> str:
    """A URL's path and what follows it; any other text as it is."""
    if text[:1] not in "hH":  # most texts are no URL, and this is the cheapest way to know
        return text
    host = _HOST.match(text)
    return text[host.end() :] or "/" if host else text


def atom(value: Any) -> Hashable:
    """A scalar as a key that is equal exactly for scalars that say the same; not for lists and objects."""
    if value.__class__ is str:
        return without_host(value)
    if value is True:
        return _TRUE
    if value is False:
        return _FALSE
    if value.__class__ is float and value != value:
        return _NAN
    return value  # type: ignore[no-any-return]  # an integer, a number or None


class Shapes:
    """Gives equal keys to values that say the same, in whatever order their lists are.

    Each list and object gets one small token by its children's tokens, so that comparing two of them costs
    nothing, however large or deep they are. Ignored parts are left out. Lives as long as one comparison.
    """

    def __init__(self, ignoring: Ignoring) -> None:
        """Take what is left out."""
        self._ignoring = ignoring
        self._tokens: dict[Hashable, object] = {}
        self._known: dict[tuple[int, State], object] = {}

    def of(self, value: Any, state: State) -> Hashable:
        """The key of a value that stands at a place with this state."""
        if not isinstance(value, dict | list):
            return atom(value)
        # Walked without recursion: a value may be deeper than Python's stack.
        done: list[Hashable] = []
        todo: list[tuple[Any, State, list[Any] | int | None]] = [(value, state, None)]
        while todo:
            part, place, opened = todo.pop()
            if not isinstance(part, dict | list):
                done.append(atom(part))
            elif opened is not None:
                self._close(part, place, opened, done)
            elif (id(part), place) in self._known:
                done.append(self._known[id(part), place])
            elif isinstance(part, dict):
                self._open_object(part, place, todo)
            else:
                self._open_list(part, place, todo)
        return done[0]

    def _close(self, part: Any, place: State, opened: list[Any] | int, done: list[Hashable]) -> None:
        """Put one token in the place of its children's."""
        number = opened if isinstance(opened, int) else len(opened)
        first = len(done) - number
        children = done[first:]
        pairs = Counter(children).items() if isinstance(opened, int) else zip(opened, children, strict=True)
        token = self._tokens.setdefault((type(part), frozenset(pairs)), object())
        # Asked for once more on the next level down; an id is safe, since both bodies live as long as this.
        self._known[id(part), place] = token
        done[first:] = [token]

    def _open_object(self, part: dict[str, Any], place: State, todo: list[Any]) -> None:
        places = {key: self._ignoring.below(place, key) for key in part} if place else dict.fromkeys(part, place)
        keys = [key for key in part if places[key] is not COVERED]
        todo.append((part, place, keys))
        todo.extend((part[key], places[key], None) for key in reversed(keys))

    def _open_list(self, part: list[Any], place: State, todo: list[Any]) -> None:
        below = self._ignoring.below
        items = [(item, below(place, index) if place else place) for index, item in enumerate(part)]
        items = [(item, there) for item, there in items if there is not COVERED]
        todo.append((part, place, len(items)))
        todo.extend((item, there, None) for item, there in items)


def without_partner(olds: Sequence[Hashable], news: Sequence[Hashable]) -> tuple[list[int], list[int]]:
    """The indices on both sides that are left when equal items cancel out, in whatever order they stand."""
    # Equal items at the same place first: which of several equal ones was edited is then told by its place.
    staying = {i for i in range(min(len(olds), len(news))) if olds[i] == news[i]}
    free = Counter(key for j, key in enumerate(news) if j not in staying)
    gone = []
    for i, key in enumerate(olds):
        if i in staying:
            continue
        if free[key]:
            free[key] -= 1
        else:
            gone.append(i)
    # The last of several equal items are the ones that are left.
    new = []
    for j in range(len(news) - 1, -1, -1):
        if j not in staying and free[news[j]]:
            free[news[j]] -= 1
            new.append(j)
    return gone, new[::-1]
