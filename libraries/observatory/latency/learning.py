"""How a reference is learnt from the runs of a baseline.

Each request is what its run, its resource and chance make of it; these are told apart by going over both in turn.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise

from observatory.latency.reference import (
    FEWEST_TRIMMED,
    TRIM,
    Own,
    Reference,
    Spread,
    angle_of,
    is_slow,
    trimmed_mean,
)
from observatory.latency.times import Times, quantile

_LEAST_SPREAD = 0.01  # a run differs from the next by 1 % for no reason, however still the baseline was
_CYCLE_SPREAD = 0.1  # how far a time of day usually is from the mean, before anything is known of it
_FEWEST_FOR_CYCLE = 12  # runs that are needed before a daily cycle is looked for
_FEWEST_FOR_TAIL = 200  # requests that are needed before it is said what is slow
_SLOW = 0.95  # a request is slow when it is above this share of the baseline's
_MOST_RESOURCES = 2000  # whose own level is kept
_DIGITS = 4  # to which that is known: 0.01 %
_MOST_PASSES, _SETTLED = 8, 0.003  # over runs and resources, until no level moves by more
_COARSEST = 0.5  # what whole steps can hide at most
_WINSOR = 3.0  # spreads at which a single request is held when its resource's level is learnt


def learn_together(by_endpoint: Mapping[str, Sequence[Times]]) -> dict[str, Reference]:
    """What is usual of several endpoints, and how much of a run's mood they share."""
    learnt = {endpoint: _learn(runs) for endpoint, runs in by_endpoint.items()}
    shared = _shared_variance([rest for _, rest in learnt.values()])
    return {
        endpoint: replace(reference, shared=math.sqrt(min(shared, reference.between**2)))
        for endpoint, (reference, _) in learnt.items()
    }


def _learn(runs: Sequence[Times]) -> tuple[Reference, dict[str, float]]:
    """The reference, and what is left of each run's level."""
    by_resource, spread, values = _resources(runs)
    levels = [trimmed_mean(sorted(value for value, _ in each)) for each in values]
    noise = math.fsum(math.fsum(variance for _, variance in each) / len(each) ** 2 for each in values) / len(values)
    middle, cosine, sine, rest = _cycle([run.at for run in runs], levels)
    parameters = 3 if (cosine, sine) != (0.0, 0.0) else 1
    free = max(len(runs) - parameters, 1)
    variance = math.fsum(each**2 for each in rest) / free
    above, share = _tail(values, levels, rest)
    reference = Reference(
        middle=middle,
        by_resource=by_resource,
        cosine=cosine,
        sine=sine,
        spread=spread,
        between=math.sqrt(max(variance - noise, _LEAST_SPREAD**2, _coarseness(runs) ** 2)),
        shared=0.0,
        slow_above=above,
        slow_share=share,
        unknown=_unknown(runs),
        runs=len(runs),
        parameters=parameters,
    )
    return reference, {run.run: each for run, each in zip(runs, rest, strict=True)}


def _resources(runs: Sequence[Times]) -> tuple[dict[str, Own], Spread, list[list[tuple[float, float]]]]:
    """What is known of each resource, the spread, and each run's requests without what they owe to their resource.

    A resource that was seldom seen is held to differ less than it seems to. Of each request that is taken away what the
    *other* requests say of its resource, with the variance that remains: so the baseline's own runs look as a new one
    will, also where each asks for other resources.
    """
    levels = [trimmed_mean(sorted(value for _, value in run.logarithms)) for run in runs]
    for _ in range(_MOST_PASSES):
        sums, spread, limit = _sums(runs, levels)
        values = [_apart(run, level, sums, spread, limit) for run, level in zip(runs, levels, strict=True)]
        before, levels = levels, [trimmed_mean(sorted(value for value, _ in each)) for each in values]
        moved = [now - then for now, then in zip(levels, before, strict=True)]
        if max(moved) - min(moved) < _SETTLED:  # what moves all levels alike is no matter
            break
    often = sorted(sums, key=lambda resource: (-sums[resource][1], resource))[:_MOST_RESOURCES]
    owns = {}
    for resource in often:
        total, count = sums[resource]
        owns[resource] = Own(round(spread.trust(count) * total / count, _DIGITS), count)
    return owns, spread, values


def _sums(runs: Sequence[Times], levels: Sequence[float]) -> tuple[dict[str, tuple[float, int]], Spread, float]:
    """For each resource the sum of its requests' distances from their runs' levels, and how many they are.

    With the spread, and the limit at which a single distance is held.
    """
    rests: dict[str, list[float]] = {}
    for run, level in zip(runs, levels, strict=True):
        for resource, value in run.logarithms:
            rests.setdefault(resource, []).append(value - level)
    spread = _spread(list(rests.values()))
    limit = _WINSOR * math.hypot(spread.within, spread.of_resources)
    sums = {
        resource: (math.fsum(min(max(rest, -limit), limit) for rest in each), len(each))
        for resource, each in rests.items()
    }
    return sums, spread, limit


def _apart(
    run: Times, level: float, sums: Mapping[str, tuple[float, int]], spread: Spread, limit: float
) -> list[tuple[float, float]]:
    """The requests of a run without what they owe to their resource, by its other requests; each with its variance."""
    found = []
    for resource, value in run.logarithms:
        total, count = sums[resource]
        others = count - 1
        rest = min(max(value - level, -limit), limit)
        own = spread.trust(others) * (total - rest) / others if others else 0.0
        found.append((value - own, spread.variance(others)))
    return found


def _spread(by_resource: Sequence[Sequence[float]]) -> Spread:
    """How requests to one resource vary, and how resources differ beyond what that makes them seem to."""
    free = sum(len(rests) - 1 for rests in by_resource)
    means = [quantile(sorted(rests), 0.5) for rests in by_resource]
    if free < len(by_resource):  # hardly any resource was asked for twice: what varies is all one
        rests = sorted(rest for each in by_resource for rest in each)
        return Spread(max(math.sqrt(_trimmed_variance(rests)), _LEAST_SPREAD), 0.0)
    apart = sorted(rest - mean for rests, mean in zip(by_resource, means, strict=True) for rest in rests)
    within = _trimmed_variance(apart) * len(apart) / free
    if len(means) < 2:
        return Spread(max(math.sqrt(within), _LEAST_SPREAD), 0.0)
    noise = math.fsum(within / len(rests) for rests in by_resource) / len(by_resource)
    of_resources = max(_trimmed_variance(sorted(means)) - noise, 0.0)
    return Spread(max(math.sqrt(within), _LEAST_SPREAD), math.sqrt(of_resources))


def _trimmed_variance(ordered: Sequence[float]) -> float:
    """The variance of one value by which a trimmed mean of n of them has a variance n times smaller."""
    count = len(ordered)
    if count < 2:
        return 0.0
    cut = int(count * TRIM) if count >= FEWEST_TRIMMED else 0
    low, high = ordered[cut], ordered[count - cut - 1]
    held = [min(max(value, low), high) for value in ordered]
    middle = math.fsum(held) / count
    share = (count - 2 * cut) / count
    return math.fsum((value - middle) ** 2 for value in held) / (count - 1) / share**2


def _cycle(times: Sequence[datetime], levels: Sequence[float]) -> tuple[float, float, float, list[float]]:
    """The middle of some levels, their daily cycle, and what is left of each: a ridge regression on one wave a day.

    Runs that all begin at the same time of day say nothing of a cycle, and none is found.
    """
    count = len(levels)
    middle = math.fsum(levels) / count
    rest = [level - middle for level in levels]
    if count < _FEWEST_FOR_CYCLE:
        return middle, 0.0, 0.0, rest
    variance = max(math.fsum(each**2 for each in rest) / count, _LEAST_SPREAD**2)
    ridge = variance / _CYCLE_SPREAD**2
    cosines, sines = ([wave(angle_of(at)) for at in times] for wave in (math.cos, math.sin))
    mean_cosine, mean_sine = math.fsum(cosines) / count, math.fsum(sines) / count
    cosines, sines = [each - mean_cosine for each in cosines], [each - mean_sine for each in sines]
    cc, ss, cs = _product(cosines, cosines) + ridge, _product(sines, sines) + ridge, _product(cosines, sines)
    cl, sl = _product(cosines, rest), _product(sines, rest)
    determinant = cc * ss - cs * cs  # at least the square of the ridge
    cosine, sine = (cl * ss - sl * cs) / determinant, (sl * cc - cl * cs) / determinant
    rest = [each - cosine * c - sine * s for each, c, s in zip(rest, cosines, sines, strict=True)]
    return middle - cosine * mean_cosine - sine * mean_sine, cosine, sine, rest


def _coarseness(runs: Sequence[Times]) -> float:
    """How far a level can be off because times were written in whole steps: half a step of what is usual.

    Whole milliseconds are half of an answer that takes two, and nothing of one that takes 200.
    """
    seconds = sorted(each for run in runs for each in run.seconds)
    different = sorted(set(seconds))
    if len(different) < 2 or 2 * len(different) > len(seconds):
        return 0.0
    step = quantile(sorted(above - below for below, above in pairwise(different)), 0.5)
    return min(step / 2 / quantile(seconds, 0.5), _COARSEST)


def _unknown(runs: Sequence[Times]) -> float:
    """The share of requests to resources that no other of these runs asked for."""
    asked = Counter(resource for run in runs for resource in {resource for resource, _ in run.requests})
    requests = [resource for run in runs for resource, _ in run.requests]
    return sum(asked[resource] == 1 for resource in requests) / len(requests)


def _product(one: Sequence[float], other: Sequence[float]) -> float:
    return math.fsum(a * b for a, b in zip(one, other, strict=True))


def _tail(
    values: Sequence[Sequence[tuple[float, float]]], levels: Sequence[float], rests: Sequence[float]
) -> tuple[float | None, float]:
    """By how many spreads a request must be above its run's level to be slow, and how many are.

    `rests` is what is left of each level. A run that is faster than usual has no slow requests that were usual before.
    """
    found = [
        (value - level - max(-rest, 0.0), math.sqrt(variance))
        for each, level, rest in zip(values, levels, rests, strict=True)
        for value, variance in each
    ]
    if len(found) < _FEWEST_FOR_TAIL:
        return None, 0.0
    above = quantile(sorted(distance / spread for distance, spread in found), _SLOW)
    slow = sum(is_slow(distance, spread, above) for distance, spread in found)
    return above, (slow + 0.5) / (len(found) + 1)


def _shared_variance(rests: Sequence[Mapping[str, float]]) -> float:
    """How much the runs' levels of different endpoints go together: the mean of their covariances."""
    products = [
        one[run] * other[run]
        for position, one in enumerate(rests)
        for other in rests[position + 1 :]
        for run in one.keys() & other.keys()
    ]
    return max(math.fsum(products) / len(products), 0.0) if products else 0.0
