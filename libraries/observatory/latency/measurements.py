"""Measurements from outside, as a CSV file: one line for each request, of any number of runs."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

from observatory.errors import ObservatoryError
from observatory.latency.times import Times
from observatory.words import count

COLUMNS = ("run", "at", "endpoint", "resource", "elapsed_seconds")
"""The columns that a file must have; others may be there too."""

_MILLISECONDS_FROM = 1e11  # a number of seconds since 1970 that is so large is one of milliseconds
_SHORTEST, _LONGEST = 1e-9, 1e9  # seconds that anything can have taken
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)  # Python's own takes 1_0 for ten
_LONGEST_SHOWN = 40


class MeasurementsError(ObservatoryError):
    """A file of measurements cannot be read: the message says where and why."""


def runs_of(lines: Iterable[str], name: str) -> list[Mapping[str, Times]]:
    """The runs of a CSV file in the order in which they began, each with its requests by endpoint.

    A run begins with its first request. `at` is a date and time (UTC if it has no zone), or seconds or milliseconds
    since 1970; `name` is what messages call the file.

    Raises:
        MeasurementsError: a column is missing, or a value is not what it should be.
    """
    requests: dict[str, dict[str, list[tuple[str, float]]]] = {}
    began: dict[str, datetime] = {}
    for run, at, endpoint, resource, seconds in _rows(lines, name):
        if run not in began or at < began[run]:
            began[run] = at
        requests.setdefault(run, {}).setdefault(endpoint, []).append((resource, seconds))
    if not requests:
        raise MeasurementsError(f"{name} has no measurements: give it a line for each request.")
    return [
        {endpoint: Times(run, began[run], endpoint, found) for endpoint, found in requests[run].items()}
        for run in sorted(requests, key=lambda run: began[run])
    ]


def _rows(lines: Iterable[str], name: str) -> Iterator[tuple[str, datetime, str, str, float]]:
    reader = csv.reader(lines)
    try:
        header = [column.strip() for column in next(reader, [])]
        if not any(header):
            raise MeasurementsError(f"{name} is empty; its first line must name {', '.join(COLUMNS)}.")
        missing = [column for column in COLUMNS if column not in header]
        if missing:
            raise MeasurementsError(
                f"{name} has no column {' and no column '.join(missing)}; its first line must name "
                f"{', '.join(COLUMNS)}, with commas between them, and names: {' | '.join(map(_shown, header))}."
            )
        places = [header.index(column) for column in COLUMNS]
        for row in reader:
            if not any(map(str.strip, row)):
                continue
            where = f"Line {reader.line_num} of {name}"
            if len(row) < len(header):
                raise MeasurementsError(f"{where} has {count(len(row), 'value')}, and {len(header)} columns are named.")
            run, at, endpoint, resource, seconds = (row[place].strip() for place in places)
            if not run or not endpoint:
                raise MeasurementsError(f"{where} names no {'run' if not run else 'endpoint'}.")
            yield run, _time(at, where), endpoint, resource, _seconds(seconds, where)
    except csv.Error as error:
        raise MeasurementsError(f"Line {reader.line_num} of {name} is no CSV: {error}.") from error
    except UnicodeDecodeError as error:
        raise MeasurementsError(f"{name} is not written in UTF-8: {error}.") from error


def _time(text: str, where: str) -> datetime:
    try:
        if _NUMBER.fullmatch(text):
            number = float(text)
            return datetime.fromtimestamp(number / 1000 if abs(number) >= _MILLISECONDS_FROM else number, UTC)
        time = datetime.fromisoformat(text)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise MeasurementsError(
            f"{where}: at is '{_shown(text)}', but it must be a time: 2026-11-20T06:00:00Z, or seconds since 1970."
        ) from error


def _seconds(text: str, where: str) -> float:
    seconds = float(text) if _NUMBER.fullmatch(text) else 0.0
    if not _SHORTEST <= seconds <= _LONGEST:
        raise MeasurementsError(
            f"{where}: elapsed_seconds is '{_shown(text)}', but it must be a number of seconds above 0, such as 0.118."
        )
    return seconds


def _shown(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
