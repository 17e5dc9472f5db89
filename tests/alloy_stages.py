"""What the stages of `loki.process` do to a line: each as Alloy's documentation and its tests have it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, TypeAlias

from tests.alloy_syntax import AlloyError, Block
from tests.loki_units import seconds

_FIELD: Final = re.compile(r"[A-Za-z_]\w*")
_RFC3339: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
Clock: TypeAlias = Callable[[], datetime]


@dataclass
class Entry:
    """A line on its way: `at` is in nanoseconds since 1970, `extracted` what stages have found in it."""

    line: str
    at: int
    labels: dict[str, str]
    metadata: dict[str, str] = field(default_factory=dict)
    extracted: dict[str, Any] = field(default_factory=dict)


Stage: TypeAlias = Callable[[Entry], bool]
"""Changes an entry, and tells whether it goes on."""

_ARGUMENTS: Final[Mapping[str, Mapping[str, type]]] = {
    "stage.static_labels": {"values": dict},
    "stage.json": {"expressions": dict, "source": str, "drop_malformed": bool},
    "stage.timestamp": {"source": str, "format": str, "action_on_failure": str},
    "stage.drop": {"older_than": str, "longer_than": str, "drop_counter_reason": str},
    "stage.labels": {"values": dict},
    "stage.structured_metadata": {"values": dict},
}
_REQUIRED: Final[Mapping[str, set[str]]] = {
    "stage.json": {"expressions"},
    "stage.timestamp": {"source", "format"},
    "stage.labels": {"values"},
}


def stages(process: Block, clock: Clock) -> list[Stage]:
    """The stages of a `loki.process`, in their order.

    Raises:
        AlloyError: Alloy has no such stage or argument, or it is not known here.
    """
    return [_stage(block, clock) for block in process.blocks]


def _stage(block: Block, clock: Clock) -> Stage:
    known = _ARGUMENTS.get(block.name)
    if known is None:
        raise AlloyError(f"{block.name} is no stage that is known here")
    for name, value in block.attributes.items():
        if name not in known or not isinstance(value, known[name]):
            raise AlloyError(f"{block.name} takes no {name} = {value!r}")
    missing = _REQUIRED.get(block.name, set()) - block.attributes.keys()
    if missing:
        raise AlloyError(f"{block.name} needs {', '.join(sorted(missing))}")
    match block.name:
        case "stage.static_labels":
            return _static_labels(block.attributes["values"])
        case "stage.json":
            return _json(block.attributes)
        case "stage.timestamp":
            return _Timestamps(block.attributes).apply
        case "stage.drop":
            return _drop(block.attributes, clock)
        case "stage.labels":
            return _labels(_sources(block.attributes["values"]))
        case _:
            return _metadata(_sources(block.attributes["values"]))


def _sources(values: Mapping[str, str]) -> dict[str, str]:
    """By the name of a label, the name of what it is taken from; the same, when that is empty."""
    return {name: source or name for name, source in values.items()}


def _static_labels(values: Mapping[str, str]) -> Stage:
    def apply(entry: Entry) -> bool:
        entry.labels.update(values)
        return True

    return apply


def _json(arguments: Mapping[str, Any]) -> Stage:
    expressions = _sources(arguments["expressions"])
    for expression in expressions.values():
        if not _FIELD.fullmatch(expression):
            raise AlloyError(f"only the names of fields are known here as expressions, not {expression!r}")
    source, drops = arguments.get("source"), arguments.get("drop_malformed", False)

    def apply(entry: Entry) -> bool:
        try:
            fields = json.loads(entry.line if source is None else entry.extracted[source])
        except (ValueError, KeyError):
            return not drops
        if not isinstance(fields, dict):
            return not drops
        for name, expression in expressions.items():
            entry.extracted[name] = fields.get(expression)
        return True

    return apply


class _Timestamps:
    """Sets the time of lines, and remembers that of the last one, for those which have none."""

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        self._source = arguments["source"]
        self._fudges = arguments.get("action_on_failure", "fudge") == "fudge"
        self._last: dict[frozenset[tuple[str, str]], int] = {}
        if arguments["format"] not in {"RFC3339", "RFC3339Nano"}:
            raise AlloyError(f"the format {arguments['format']!r} is not known here")

    def apply(self, entry: Entry) -> bool:
        stream = frozenset(entry.labels.items())
        at = _nanoseconds(entry.extracted.get(self._source))
        if at is not None:
            entry.at = self._last[stream] = at
        elif self._fudges and stream in self._last:
            self._last[stream] += 1
            entry.at = self._last[stream]
        return True


def _nanoseconds(text: object) -> int | None:
    match = _RFC3339.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    moment = datetime.fromisoformat(f"{match[1]}{match[3].replace('Z', '+00:00')}")
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1000 + int((match[2] or "").ljust(9, "0"))


def _drop(arguments: Mapping[str, Any], clock: Clock) -> Stage:
    if not {"older_than", "longer_than"} & arguments.keys():
        raise AlloyError("stage.drop needs something to drop by")
    if "longer_than" in arguments:
        raise AlloyError("longer_than is not known here")
    age = seconds(arguments["older_than"])

    def apply(entry: Entry) -> bool:
        return entry.at >= int((clock() - _EPOCH).total_seconds() * 1e9) - int(age * 1e9)

    return apply


def _labels(sources: Mapping[str, str]) -> Stage:
    def apply(entry: Entry) -> bool:
        entry.labels.update(_texts(entry.extracted, sources))
        return True

    return apply


def _metadata(sources: Mapping[str, str]) -> Stage:
    def apply(entry: Entry) -> bool:
        entry.metadata.update(_texts(entry.extracted, sources))
        for name, source in sources.items():  # a label of that name moves
            if source in entry.labels:
                entry.metadata[name] = entry.labels.pop(source)
        return True

    return apply


def _texts(extracted: Mapping[str, Any], sources: Mapping[str, str]) -> dict[str, str]:
    found = {name: _text(extracted.get(source)) for name, source in sources.items()}
    return {name: text for name, text in found.items() if text is not None}


def _text(value: object) -> str | None:
    """A value as Go writes it; None for what is no value."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return format(Decimal(repr(float(value))).normalize(), "f")
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
