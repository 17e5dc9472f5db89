"""What one run saw of an endpoint: what its bodies teach, and what they show against what was known before."""

from __future__ import annotations

from typing import Any

from observatory.schema_drift.crowd import Crowd
from observatory.schema_drift.findings import Finding, Sign, signs
from observatory.schema_drift.kinds import ChangeKind
from observatory.schema_drift.model import Model
from observatory.schema_drift.renames import Pair, same_values
from observatory.schema_drift.shapes import shape_of


class Observation:
    """The part of a run that one process saw, or several together: parts merge in any order to the same whole."""

    def __init__(self) -> None:
        """Nothing was seen yet."""
        self.model = Model()
        self.asked = Crowd()
        self.fresh = Crowd()
        self.findings: dict[tuple[ChangeKind, str], Finding] = {}
        self.renames: dict[Pair, set[str]] = {}

    def see(self, resource: str, body: Any, before: Any, base: Model, *, is_fresh: bool) -> None:
        """Take in a body of a resource.

        Args:
            resource: the resource that was asked for.
            body: the parsed body.
            before: the parsed body that the resource had before this run; any value when `is_fresh`.
            base: what was known of the endpoint before this run.
            is_fresh: whether the resource was never seen before this run.
        """
        after = shape_of(body)
        self.model.learn(after, resource)
        self.asked.add(resource)
        if is_fresh:
            self.fresh.add(resource)
        if base:
            old = None if is_fresh else shape_of(before)
            shown = list(signs(old, after, base))
            for sign in shown:
                self.findings.setdefault((sign.kind, sign.path), Finding()).take(sign, resource)
            self._look_for_renames(resource, before, body, [sign for sign in shown if sign.is_paired])

    def merge(self, other: Observation) -> None:
        """Take in what another process of the same run saw."""
        self.model.merge(other.model)
        self.asked.merge(other.asked)
        self.fresh.merge(other.fresh)
        for key, finding in other.findings.items():
            self.findings.setdefault(key, Finding()).join(finding)
        for pair, resources in other.renames.items():
            self.renames.setdefault(pair, set()).update(resources)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "model": self.model.as_json(),
            "asked": f"{self.asked.seats:x}",
            "fresh": f"{self.fresh.seats:x}",
            "findings": [
                [kind.value, path, *self.findings[kind, path].as_list()] for kind, path in sorted(self.findings)
            ],
            "renames": [[*pair, sorted(self.renames[pair])] for pair in sorted(self.renames)],
        }

    @classmethod
    def of(cls, values: dict[str, Any]) -> Observation:
        """What `as_json` wrote."""
        seen = cls()
        seen.model = Model(values["model"])
        seen.asked = Crowd(int(values["asked"], 16))
        seen.fresh = Crowd(int(values["fresh"], 16))
        seen.findings = {(ChangeKind(kind), path): Finding.of(rest) for kind, path, *rest in values["findings"]}
        seen.renames = {(removed, added): set(resources) for removed, added, resources in values["renames"]}
        return seen

    def _look_for_renames(self, resource: str, before: Any, body: Any, shown: list[Sign]) -> None:
        removed = [sign.path for sign in shown if sign.kind is ChangeKind.FIELD_REMOVED]
        added = [sign.path for sign in shown if sign.kind is ChangeKind.FIELD_ADDED]
        if removed and added:
            for pair in same_values(before, body, removed, added):
                self.renames.setdefault(pair, set()).add(resource)
