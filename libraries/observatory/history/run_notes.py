"""What a run notes of one part of an endpoint, from its first batch to its last."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from msgspec.json import decode, encode

from observatory.data_drift import DataChangeGroup, from_json, to_json
from observatory.schema_drift import Model, Observation


@dataclass(slots=True)
class RunNotes:
    """What a run saw of one part of an endpoint: its schema, its data, and who is back at an earlier state.

    `before` has, for each body that a resource did not have before the run, by their hashes, the one that it had.
    `others` is what other runs taught while this one went on.
    """

    observation: Observation = field(default_factory=Observation)
    groups: list[DataChangeGroup] = field(default_factory=list)
    before: dict[str, dict[str, str]] = field(default_factory=dict)
    rolled_back: dict[str, str] = field(default_factory=dict)
    others: Model = field(default_factory=Model)

    @classmethod
    def of(cls, text: str) -> RunNotes:
        """What `as_json` wrote, or nothing yet."""
        values = decode(text)
        if not values:
            return cls()
        observation = Observation.of(values["observation"])
        groups, others = from_json(values["groups"]), Model(values["others"])
        return cls(observation, groups, values["before"], values["rolled_back"], others)

    def as_json(self) -> str:
        """The notes as a text, the same whoever came first."""
        values = {
            "observation": self.observation.as_json(),
            "groups": to_json(self.groups),
            "before": self.before,
            "rolled_back": self.rolled_back,
            "others": self.others.as_json(),
        }
        return written(values)


def written(values: Any) -> str:
    """JSON in which the order of keys does not tell who came first."""
    return encode(values, order="sorted").decode()
