"""What a push says: read strictly, because a number that is taken in can't be told from the others any more."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample as ReadSample

from observatory.errors import ObservatoryError
from observatory.exchange import FailureType
from observatory.metrics.families import BOUNDS, FAMILY_OF, LONGEST_LABEL, Family, Kind, labels_of
from observatory.relay.keys import Labels
from observatory.words import one_line

MOST_BYTES: Final = 2_000_000
"""Bytes of the largest push that is read; a process that asks 100 endpoints has about 200,000."""

MOST_SAMPLES: Final = 10_000
"""Samples of the largest push that is taken in."""

LONGEST_LINE: Final = 4_000
"""Characters of the longest line that is read: ours have three labels at most."""

_LARGEST: Final = 1e12
_FAILURE_TYPES: Final = frozenset(FailureType)
_CREATED: Final = "_created"
_STATES: Final = (0.0, 1.0, 2.0)


class PushError(ObservatoryError):
    """A push says what can't be true, or nothing that can be read; the message says what and where."""


class Sample(NamedTuple):
    """One number: the name of its sample, its labels sorted by their names, and its value."""

    name: str
    labels: Labels
    value: float


def read_push(body: bytes) -> list[Sample]:
    """The numbers of a push in Prometheus's text format.

    Raises:
        PushError: a byte is no UTF-8, a line is none of the format, a family is none of ours or has other labels, a
            number can't be one of its kind, a sample stands twice, or a histogram does not add up.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise PushError(f"Byte {error.start} of the push is no UTF-8.") from error
    _hold_lines(text)
    samples: list[Sample] = []
    seen: set[tuple[str, Labels]] = set()
    for sample in _parsed(text):
        if len(samples) >= MOST_SAMPLES:
            raise PushError(f"The push has more than {MOST_SAMPLES} samples.")
        if sample[:2] in seen:
            raise PushError(f"{_shown(sample)} stands twice in the push.")
        seen.add(sample[:2])
        samples.append(sample)
    _hold_histograms(samples)
    return samples


def _hold_lines(text: str) -> None:
    """Refuse what is not ours before it is parsed: the parser takes a minute for a line of a megabyte."""
    for number, line in enumerate(text.splitlines(), start=1):
        if len(line) > LONGEST_LINE:
            raise PushError(f"Line {number} of the push has {len(line)} characters; {LONGEST_LINE} are allowed.")
        if not line.startswith("#") and "#" in line.rpartition("}")[2]:
            raise PushError(f"Line {number} of the push has something behind its number; no exemplars are taken.")


def _parsed(text: str) -> Iterator[Sample]:
    try:
        for read in text_string_to_metric_families(text):
            for sample in read.samples:
                if (found := _sample(read.type, sample)) is not None:
                    yield found
    except PushError:
        raise
    except Exception as error:  # the parser raises what comes: ValueError, IndexError, KeyError, TypeError
        raise PushError(f"The push is not in Prometheus's text format: {one_line(str(error), 100)}.") from error


def _sample(kind: str, read: ReadSample) -> Sample | None:
    """A sample that was checked; None for the time at which a counter was made, which says nothing here."""
    name, labels = read.name, read.labels
    if read.timestamp is not None:
        raise PushError(f"{one_line(name, 80)} has a time; the relay takes numbers as of now.")
    family = FAMILY_OF.get(name)
    if family is None:
        if name.endswith(_CREATED) and name.removesuffix(_CREATED) in _MADE:
            return None
        raise PushError(
            f"'{one_line(name, 80)}' is no metric that is added up here; there are: {', '.join(FAMILY_OF)}."
        )
    sample = Sample(name, tuple(sorted(labels.items())), float(read.value))
    _hold_labels(sample)
    if name.endswith("_bucket"):
        bound = _bound(sample)  # 0.5 and 0.50 are one bucket
        sample = sample._replace(labels=tuple(sorted((labels | {"le": bound}).items())))
    if kind != family.kind:
        raise PushError(f"{name} is a {family.kind}, and the push says that it is '{one_line(kind)}'.")
    _hold_value(family, sample)
    return sample


_MADE: Final = frozenset(name.removesuffix("_total").removesuffix("_count") for name in FAMILY_OF)


def _hold_labels(sample: Sample) -> None:
    wanted = set(labels_of(sample.name))
    if {name for name, _ in sample.labels} != wanted:
        raise PushError(f"{_shown(sample)} must have the labels {', '.join(sorted(wanted))}, and no others.")
    for name, value in sample.labels:
        if len(value) > LONGEST_LABEL:
            raise PushError(
                f"The label {name} of {sample.name} has {len(value)} characters; {LONGEST_LABEL} are allowed."
            )
        if name == "failure_type" and value not in _FAILURE_TYPES:
            raise PushError(f"{_shown(sample)}: '{one_line(value)}' is no type of failure.")
        if not value.isprintable():
            raise PushError(f"{_shown(sample)} has a control character in its label {name}.")


def _hold_value(family: Family, sample: Sample) -> None:
    if not math.isfinite(sample.value):
        raise PushError(f"{_shown(sample)} is {sample.value}, which is no number that can be added.")
    if abs(sample.value) > _LARGEST:
        raise PushError(f"{_shown(sample)} is {sample.value:g}, which no process counts to.")
    if sample.value < 0:
        raise PushError(f"{_shown(sample)} is {sample.value:g}; nothing that is counted here falls below 0.")
    if family.kind is not Kind.GAUGE and not sample.name.endswith("_sum") and not sample.value.is_integer():
        raise PushError(f"{_shown(sample)} is {sample.value:g}; what is counted is whole.")
    if family.name == "pokeapi_circuit_breaker_state" and sample.value not in _STATES:
        raise PushError(f"{_shown(sample)} is {sample.value:g}; a circuit is 0 closed, 1 open or 2 half-open.")


def _hold_histograms(samples: Iterable[Sample]) -> None:
    """Each histogram has all its buckets, which never fall, and as many in its last one as it counted."""
    histograms: dict[tuple[str, Labels], dict[str, float]] = defaultdict(dict)
    for sample in samples:
        family = FAMILY_OF[sample.name]
        if family.kind is Kind.HISTOGRAM:
            own = tuple(pair for pair in sample.labels if pair[0] != "le")
            part = dict(sample.labels).get("le") or sample.name.removeprefix(family.name)
            histograms[family.name, own][part] = sample.value
    for (name, labels), parts in histograms.items():
        if parts.keys() != {"_count", "_sum", *BOUNDS}:
            raise PushError(f"{_named(name, labels)} must have _sum, _count, and the buckets {', '.join(BOUNDS)}.")
        values = [parts[bound] for bound in BOUNDS]
        if values != sorted(values) or values[-1] != parts["_count"]:
            whole = [int(value) for value in values]
            raise PushError(
                f"{_named(name, labels)} does not add up: its buckets are {whole}, its count is {parts['_count']:g}."
            )


def _bound(sample: Sample) -> str:
    text = dict(sample.labels)["le"]
    try:
        bound = float(text)
    except ValueError:
        raise PushError(f"{_shown(sample)}: '{one_line(text)}' is no bound of a bucket.") from None
    return "+Inf" if bound == math.inf else str(bound)


def _shown(sample: Sample) -> str:
    return _named(sample.name, sample.labels)


def _named(name: str, labels: Labels) -> str:
    return f"{name}{{{', '.join(f'{label}={one_line(value)!r}' for label, value in labels)}}}"
