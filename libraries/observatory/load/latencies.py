"""How long requests took, in a histogram of fixed size that can be added to another: HdrHistogram's."""

from __future__ import annotations

import math
from typing import Final, Self

from hdrh.histogram import HdrHistogram

_MICRO: Final = 1e6  # microseconds in a second: the histogram counts whole ones
_LONGEST: Final = 3_600_000_000  # an hour
_DIGITS: Final = 3
_ALL: Final = 100.0


class Latencies:
    """Latencies in seconds, each kept to three digits from a microsecond to an hour, whatever their number.

    Any number of histograms can be merged without loss, so processes and seconds add up; percentiles cannot be added.
    """

    def __init__(self) -> None:
        self._histogram = HdrHistogram(1, _LONGEST, _DIGITS)

    @classmethod
    def of(cls, written: bytes) -> Self:
        """What `written` wrote.

        Raises:
            ValueError: these bytes are no histogram.
        """
        latencies = cls()
        try:
            latencies._histogram.decode_and_add(written)
        except Exception as error:
            raise ValueError(f"These {len(written)} bytes are no histogram of latencies ({error}).") from error
        return latencies

    def add(self, seconds: float) -> None:
        """Count one latency; what is outside the range counts as its end."""
        self._histogram.record_value(min(max(round(seconds * _MICRO), 1), _LONGEST))

    def merge(self, other: Latencies) -> None:
        """Add the latencies of another histogram."""
        self._histogram.add(other._histogram)

    def written(self) -> bytes:
        """The histogram as text, in the format that all HdrHistograms share."""
        return bytes(self._histogram.encode())

    def __len__(self) -> int:
        """How many latencies were counted."""
        return int(self._histogram.get_total_count())

    def percentile(self, percent: float) -> float | None:
        """The least latency in seconds that `percent` of all do not exceed; None when there are none."""
        number = len(self)
        if not number:
            return None
        # The histogram rounds the rank, also down: then fewer than so many would be covered.
        rank = math.ceil(round(number * percent / _ALL, 6))
        return float(self._histogram.get_value_at_percentile(_ALL * rank / number)) / _MICRO

    @property
    def longest(self) -> float | None:
        """The longest latency in seconds; None when there are none."""
        return self._histogram.get_max_value() / _MICRO if len(self) else None
