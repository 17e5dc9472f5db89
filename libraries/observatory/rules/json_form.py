"""In which form JSON came over the wire: without white space, its keys sorted."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import pairwise

_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_SPACE = re.compile(rb"\s+")
_MOST_QUOTED = 30  # bytes of what stands around white space


def untidy_json(body: bytes) -> list[str]:
    """A sentence for each way in which a body is not as compact and sorted as it could be.

    Raises:
        ValueError: the body is not JSON.
    """
    broken: list[str] = []
    json.loads(body, object_pairs_hook=_noting_disorder(broken))
    # Without its texts, JSON needs no white space at all; a text stays as a placeholder of the same length.
    bare = _TEXT.sub(lambda text: b'"' * len(text[0]), body)
    spaces = list(_SPACE.finditer(bare))
    if spaces:
        begin = spaces[0].start()
        quoted = body[max(begin - _MOST_QUOTED, 0) : begin + _MOST_QUOTED].decode(errors="replace")
        places = "place" if len(spaces) == 1 else "places"
        broken.append(f"There is white space in {len(spaces)} {places}, the first of them in {quoted!r}.")
    return broken


def _noting_disorder(broken: list[str]) -> Callable[[list[tuple[str, object]]], dict[str, object]]:
    def note(pairs: list[tuple[str, object]]) -> dict[str, object]:
        keys = [key for key, _ in pairs]
        if keys != sorted(keys):
            first = next(later for earlier, later in pairwise(keys) if later < earlier)
            broken.append(f"The key {first!r} comes too late among {', '.join(keys[:6])}{' …' if keys[6:] else ''}.")
        return dict(pairs)

    return note
