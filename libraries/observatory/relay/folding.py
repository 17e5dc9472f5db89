"""Where there is no room to tell one more thing from the others, it is added under `other`: the sum stays true."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from observatory.metrics.families import FAMILY_OF, MOST_ENDPOINTS, OTHER, Family, Kind
from observatory.relay.keys import Key
from observatory.relay.reading import Sample

MOST_TARGETS: Final = 20
"""So many targets are told apart; what is pushed for more of them is added under `other`."""

MOST_NAMES: Final = 500
"""So many suites, and so many tests, of a target are told apart: of gauges the newest, of counters the first."""


class Folding:
    """Finds the sum that a sample belongs to, where there is still room to tell it from the others."""

    def __init__(self, changed_at: Mapping[Key, float], target: str) -> None:
        targets = {key.target for key in changed_at}
        self._target = target if target in targets or len(targets) < MOST_TARGETS else OTHER
        self._room: dict[tuple[str, str], set[str]] = {}
        self._oldest: dict[str, list[Key]] = {}
        self._changed_at = changed_at
        self._used: set[Key] = set()
        self.dropped: set[Key] = set()

    def key(self, sample: Sample) -> Key | None:
        """The sum of a sample; None when it is a gauge of something that is not told from others."""
        family = FAMILY_OF[sample.name]
        told = family.labels[0]  # an endpoint, a suite, a test; failure types are few by nature
        value = dict(sample.labels)[told]
        values = self._values(family, told)
        if value not in values:
            if len(values) >= (MOST_ENDPOINTS if told == "endpoint" else MOST_NAMES):
                if family.kind is Kind.GAUGE and not self._make_room(family, values):
                    return None
                value = value if family.kind is Kind.GAUGE else OTHER
            values.add(value)
        labels = tuple((name, value if name == told else each) for name, each in sample.labels)
        key = Key(self._target, sample.name, labels)
        self._used.add(key)
        self.dropped.discard(key)  # it comes again in the same push
        return key

    def _values(self, family: Family, told: str) -> set[str]:
        known = self._room.get((family.name, told))
        if known is None:
            known = {
                dict(key.labels)[told]
                for key in self._changed_at
                if key.target == self._target and key.name in family.samples
            }
            self._room[family.name, told] = known
        return known

    def _make_room(self, family: Family, values: set[str]) -> bool:
        """Let go of the gauge that was not set for the longest time, which is none that this push sets."""
        oldest = self._oldest.get(family.name)
        if oldest is None:
            mine = (key for key in self._changed_at if key.target == self._target and key.name == family.name)
            oldest = self._oldest[family.name] = sorted(mine, key=self._changed_at.__getitem__, reverse=True)
        while oldest:
            key = oldest.pop()
            if key not in self._used:
                self.dropped.add(key)
                values.discard(key.labels[0][1])
                return True
        return False
