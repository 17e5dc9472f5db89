"""What Loki does with what it is pushed: judges it by the limits of the committed configuration, keeps it, finds it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any, Final, NamedTuple, TypeAlias

import yaml

from tests.logql import read_logql
from tests.loki_units import seconds, size

CONFIG: Final = Path(__file__).resolve().parents[1] / "config" / "loki" / "loki.yml"
_NAME: Final = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_SECOND: Final = 1_000_000_000  # nanoseconds
Labels: TypeAlias = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Limits:
    """What is taken; ages in seconds, sizes in bytes. What the configuration does not say is Loki's default."""

    max_label_names: int
    max_label_value: int
    oldest: float | None
    newest: float
    longest_line: int
    cuts_lines: bool
    takes_metadata: bool
    most_metadata: int
    longest_metadata: int
    most_streams: int
    out_of_order: float

    @classmethod
    def read(cls, text: str) -> Limits:
        """The limits of a configuration."""
        config = yaml.safe_load(text)
        given = config.get("limits_config", {})
        old = seconds(given.get("reject_old_samples_max_age", "168h"))
        return cls(
            max_label_names=given.get("max_label_names_per_series", 15),
            max_label_value=given.get("max_label_value_length", 2048),
            oldest=old if given.get("reject_old_samples", True) else None,
            newest=seconds(given.get("creation_grace_period", "10m")),
            longest_line=size(given.get("max_line_size", "256KB")),
            cuts_lines=given.get("max_line_size_truncate", False),
            takes_metadata=given.get("allow_structured_metadata", True),
            most_metadata=given.get("max_structured_metadata_entries_count", 128),
            longest_metadata=size(given.get("max_structured_metadata_size", "64KB")),
            most_streams=given.get("max_global_streams_per_user", 5000),
            # Half of the time that a chunk may be open: what is older than the stream's newest line by more is refused.
            out_of_order=seconds(config.get("ingester", {}).get("max_chunk_age", "2h")) / 2,
        )


class Line(NamedTuple):
    """A line that was kept: its time in nanoseconds since 1970, itself, and its structured metadata."""

    at: int
    text: str
    metadata: dict[str, str]


class LokiStore:
    """Streams of lines, by their labels."""

    def __init__(self, limits: Limits, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.streams: dict[Labels, list[Line]] = {}
        self._newest: dict[Labels, int] = {}
        self._limits = limits
        self._clock = clock
        self._lock = Lock()

    @classmethod
    def committed(cls, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> LokiStore:
        """With the limits of the committed configuration."""
        return cls(Limits.read(CONFIG.read_text("utf-8")), clock)

    @property
    def lines(self) -> list[tuple[dict[str, str], Line]]:
        """Every line with the labels of its stream."""
        return [(dict(labels), line) for labels, lines in self.streams.items() for line in lines]

    def push(self, body: object) -> list[str]:
        """Keep what can be kept; gives a sentence for each that cannot, which Loki answers with the status 400.

        Raises:
            ValueError: the body is not of the form that Loki takes.
        """
        problems = []
        with self._lock:
            for labels, lines in _read_push(body):
                problem = self._problem_of_stream(labels)
                if problem:
                    problems.append(problem)
                    continue
                for line in lines:
                    problem = self._problem_of_line(labels, line)
                    if problem:
                        problems.append(problem)
                    else:
                        self._keep(labels, line)
        return problems

    def ask(self, query: str, start: int = 0, end: int = 1 << 63) -> list[tuple[dict[str, str], Line]]:
        """The lines that a query finds between two times, oldest first; labels and metadata together with each.

        Raises:
            LogQLError: the query cannot be read.
        """
        read = read_logql(query)
        with self._lock:
            return sorted(
                (
                    (found, line)
                    for labels, lines in self.streams.items()
                    if read.selects(dict(labels))
                    for line in lines
                    if start <= line.at < end
                    and (found := read.found(line.text, {**dict(labels), **line.metadata})) is not None
                ),
                key=lambda pair: pair[1].at,
            )

    def _problem_of_stream(self, labels: Mapping[str, str]) -> str | None:
        if not labels:
            return "error at least one label pair is required per stream"
        if len(labels) > self._limits.max_label_names:
            return f"stream has {len(labels)} label names; limit {self._limits.max_label_names}"
        for name, value in labels.items():
            if not _NAME.fullmatch(name):
                return f"label name {name!r} is invalid"
            if len(value.encode()) > self._limits.max_label_value:
                return f"the value of {name} has more than {self._limits.max_label_value} bytes"
        if frozenset(labels.items()) not in self.streams and len(self.streams) >= self._limits.most_streams:
            return f"maximum active stream limit exceeded: {self._limits.most_streams}"
        return None

    def _problem_of_line(self, labels: Mapping[str, str], line: Line) -> str | None:
        limits, now = self._limits, self._clock().timestamp()
        if limits.oldest is not None and line.at < (now - limits.oldest) * _SECOND:
            return f"entry for stream {dict(labels)} has timestamp too old"
        if line.at > (now + limits.newest) * _SECOND:
            return f"entry for stream {dict(labels)} has timestamp too new"
        if len(line.text.encode()) > limits.longest_line and not limits.cuts_lines:
            return f"max entry size {limits.longest_line} bytes exceeded"
        if line.metadata and not limits.takes_metadata:
            return "structured metadata is not allowed"
        if len(line.metadata) > limits.most_metadata:
            return f"more than {limits.most_metadata} pieces of structured metadata"
        if (
            sum(len(name.encode()) + len(text.encode()) for name, text in line.metadata.items())
            > limits.longest_metadata
        ):
            return f"structured metadata of more than {limits.longest_metadata} bytes"
        newest = self._newest.get(frozenset(labels.items()), 0)
        if line.at < newest - limits.out_of_order * _SECOND:
            return f"entry too far behind in stream {dict(labels)}"
        return None

    def _keep(self, labels: Mapping[str, str], line: Line) -> None:
        cut = line.text.encode()[: self._limits.longest_line].decode("utf-8", "ignore")
        line = line._replace(text=cut, metadata={name: text for name, text in line.metadata.items() if text})
        stream = frozenset(labels.items())
        self._newest[stream] = max(self._newest.get(stream, 0), line.at)
        lines = self.streams.setdefault(stream, [])
        if line not in lines[-1000:]:  # the same line at the same time is there once
            lines.append(line)


def _read_push(body: object) -> list[tuple[dict[str, str], list[Line]]]:
    match body:
        case {"streams": list(streams)}:
            return [(_texts(each["stream"]), [_line(value) for value in each["values"]]) for each in streams]
        case _:
            raise ValueError("a push has a list of streams")


def _line(value: Any) -> Line:
    if not isinstance(value, list) or len(value) not in {2, 3} or not all(isinstance(text, str) for text in value[:2]):
        raise ValueError("a value is a time and a line, both texts, and perhaps metadata")
    return Line(int(value[0]), value[1], _texts(value[2]) if len(value) == 3 else {})


def _texts(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise ValueError("labels and metadata are texts by their names")
    return dict(value)
