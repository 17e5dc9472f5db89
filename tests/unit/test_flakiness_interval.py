"""The rate of a test with its 95 % interval, held against exact values and against the integral itself."""

from __future__ import annotations

import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observatory.flakiness.interval import rate


@pytest.mark.parametrize(
    ("failures", "attempts", "low", "high"),
    [
        # Quantiles of Beta(failures + 1/2, passes + 1/2), to fifteen digits, by arithmetic of thirty.
        (3, 41, 0.0210392324044002, 0.18256563587718),
        (1, 2, 0.0608302759200974, 0.939169724079903),
        (1, 100, 0.00108110170908006, 0.0457788966007231),
        (50, 100, 0.403173950896418, 0.596826049103582),
    ],
)
def test_the_interval_is_jeffreys(failures: int, attempts: int, low: float, high: float) -> None:
    found = rate(failures, attempts)
    assert found.value == failures / attempts
    assert found.low == pytest.approx(low, rel=1e-12)
    assert found.high == pytest.approx(high, rel=1e-12)


def test_where_nothing_or_everything_failed_the_interval_reaches_the_end() -> None:
    assert rate(0, 10).low == 0.0
    assert rate(10, 10).high == 1.0
    assert (rate(0, 0).value, rate(0, 0).low, rate(0, 0).high) == (0.0, 0.0, 1.0)


@pytest.mark.parametrize(("failures", "attempts"), [(-1, 3), (4, 3)])
def test_what_cannot_be_is_refused(failures: int, attempts: int) -> None:
    with pytest.raises(ValueError, match=f"There cannot be {failures} failures in {attempts} attempts."):
        rate(failures, attempts)


def _share_below(x: float, failures: int, attempts: int) -> float:
    """The share of the distribution below x, by Simpson's rule; with x the square of a sine nothing is infinite."""

    def integral(end: float, steps: int = 2000) -> float:
        def height(angle: float) -> float:
            return math.sin(angle) ** (2 * failures) * math.cos(angle) ** (2 * (attempts - failures))

        width = end / steps
        inner = sum(height(width * step) * (4 if step % 2 else 2) for step in range(1, steps))
        return (height(0.0) + inner + height(end)) * width / 3

    return integral(math.asin(math.sqrt(x))) / integral(math.pi / 2)


_COUNTS = st.integers(1, 100).flatmap(lambda attempts: st.tuples(st.integers(0, attempts), st.just(attempts)))


@given(_COUNTS)
def test_each_tail_holds_two_and_a_half_percent(counts: tuple[int, int]) -> None:
    failures, attempts = counts
    found = rate(failures, attempts)
    if failures:
        assert _share_below(found.low, failures, attempts) == pytest.approx(0.025, abs=1e-7)
    if failures < attempts:
        assert _share_below(found.high, failures, attempts) == pytest.approx(0.975, abs=1e-7)


@given(_COUNTS)
def test_failures_and_passes_mirror_each_other(counts: tuple[int, int]) -> None:
    failures, attempts = counts
    found, mirrored = rate(failures, attempts), rate(attempts - failures, attempts)
    assert found.low == pytest.approx(1 - mirrored.high, abs=1e-12)
    assert 0 <= found.low <= found.value <= found.high <= 1


@given(_COUNTS)
def test_one_more_failure_is_a_higher_rate(counts: tuple[int, int]) -> None:
    failures, attempts = counts
    if failures < attempts:
        before, after = rate(failures, attempts), rate(failures + 1, attempts)
        assert (before.low, before.value, before.high) < (after.low, after.value, after.high)


def test_two_hundred_tests_take_no_time() -> None:
    rate.cache_clear()
    started = time.process_time()
    for number in range(200):
        rate(number % 7 + 1, number % 93 + 8)
    assert time.process_time() - started < 0.5  # some 20 ms where nothing else runs
