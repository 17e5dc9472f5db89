"""How often a test lies, as far as that can be known: a rate with its 95 % interval.

The interval is Jeffreys': the middle 95 % of the distribution Beta(failures + ½, passes + ½), with 0 as the lower
end when nothing failed and 1 as the upper one when everything did (Brown, Cai and DasGupta, "Interval Estimation for
a Binomial Proportion", Statistical Science 16, 2001).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import exp, lgamma, log, log1p, sqrt
from typing import Final

ALERT_ABOVE: Final = 0.05
"""A test of which it is as good as sure that it fails more often than this cannot be trusted."""

_TAIL: Final = 0.025
_Z: Final = 1.96  # of a normal distribution, that many standard deviations leave as much in each tail
_EXACT: Final = 1e-14
_NEAR: Final = 1e-9
_MOST_STEPS: Final = 500


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of failures between 0 and 1, and between which values it lies with a probability of 95 %."""

    value: float
    low: float
    high: float


@lru_cache(maxsize=4096)
def rate(failures: int, attempts: int) -> Rate:
    """The rate of so many failures in so many attempts; with no attempt at all it can be anything.

    Raises:
        ValueError: there are more failures than attempts, or fewer than none.
    """
    if not 0 <= failures <= attempts:
        raise ValueError(f"There cannot be {failures} failures in {attempts} attempts.")
    a, b = failures + 0.5, attempts - failures + 0.5
    low = _quantile(_TAIL, a, b) if failures else 0.0
    high = _quantile(1 - _TAIL, a, b) if failures < attempts else 1.0
    return Rate(failures / attempts if attempts else 0.0, low, high)


def _quantile(p: float, a: float, b: float) -> float:
    """The x at which the distribution Beta(a, b) reaches p: Newton's steps, kept within bounds that close in on it."""
    low, high, x = 0.0, 1.0, _near(p, a, b)
    scale = lgamma(a + b) - lgamma(a) - lgamma(b)
    for _ in range(_MOST_STEPS):
        error = _share_below(x, a, b, scale) - p
        low, high = (low, x) if error > 0 else (x, high)
        density = exp(scale + (a - 1) * log(x) + (b - 1) * log1p(-x))
        step = error / density
        if abs(step) <= _NEAR * x:  # the next step would be the square of that
            return x - step
        x = x - step if low < x - step < high else (low + high) / 2
    return x


def _near(p: float, a: float, b: float) -> float:
    """Where to begin: one end of Wilson's interval, which is close to ours and costs nothing."""
    mean, size, z = a / (a + b), a + b, _Z if p > _TAIL else -_Z
    middle = mean + z * z / (2 * size)
    half = z * sqrt(mean * (1 - mean) / size + z * z / (4 * size * size))
    return (middle + half) / (1 + z * z / size)


def _share_below(x: float, a: float, b: float, scale: float) -> float:
    """The share of Beta(a, b) below x, by the continued fraction of the incomplete beta function (DLMF 8.17.22)."""
    if x > (a + 1) / (a + b + 2):  # the fraction converges fast on the other side
        return 1 - _share_below(1 - x, b, a, scale)
    # Lentz's way to evaluate a continued fraction from its beginning.
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1))
    fraction = d
    for m in range(1, _MOST_STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        c, d = 1 + even / c, 1 / (1 + even * d)
        fraction *= c * d
        c, d = 1 + odd / c, 1 / (1 + odd * d)
        fraction *= c * d
        if abs(c * d - 1) < _EXACT:
            break
    return exp(scale + a * log(x) + b * log1p(-x)) / a * fraction
