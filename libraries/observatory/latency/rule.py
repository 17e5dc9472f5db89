"""The statistical rule: is a run slower, or faster, than its baseline by more than noise would make it?

Each endpoint of a run has a level, the trimmed mean of its requests' logarithms against what is usual for each resource
and time of day. Levels are judged by cumulative sums (Page, 1954): by themselves, and without what all endpoints of
the run share, such as a slow network. A third sum watches the share of slow requests. What is proved holds until runs
speak for the usual level again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from observatory.latency.evidence import Evidence, Seen, Sum
from observatory.latency.reference import Level, Reference
from observatory.latency.times import Times
from observatory.latency.verdict import Judgement, Verdict, Way

_SLACK = 0.4  # spreads that a run may be off without counting
_LIMITS = {Way.ALONE: 9.2, Way.WITH_ALL: 12.5, Way.SLOW_ONES: 7.5}  # what a sum must reach, if there were one endpoint
_LIMIT_OF_ONLY, _STEP_OF_ONLY = 12.0, 3.3  # the same for an endpoint that no other was asked beside
_FASTER = 5.0  # how much more it takes to prove that an endpoint is faster, which is no news that hurries
_AGREED = math.log(1.03)  # how much slower it must be by itself too, lest others that are faster make it look slower
_AGREED_SHARE = 0.4  # and which share of what it seems slower against the others must be its own
_AGREED_FASTER = 7.0  # what its sum by itself must reach for "faster", lest others that are slower make it look so
_STEPS = {Way.ALONE: 2.75, Way.WITH_ALL: 3.8}  # spreads by which a single run proves a large step by itself
_PER_ENDPOINT = 0.25  # how much more that is for each endpoint in natural logarithms; a sum's limit grows by 1
_YOUNG = 20  # runs of a baseline below which more is asked of a proof: by 2 of a sum, by half a spread of a step
_LARGE = math.log(1.25)  # how large such a step must be, in the way that proves it
_TAIL_FACTOR = 3.0  # how much more slow requests are looked for
_HELD = (-3.0, 4.0)  # spreads at which one run is held, so that a single wild one proves nothing
_LEAST = math.log(1.05)  # a change of less than 5 % is not told
_LEAST_VARIANCE = 1e-4  # of what a run does not share with others: 1 %
_BACK = math.log(100)  # how much likelier the usual level must be for a change to be over
_BACK_IN_ONE = 0.6 * _BACK  # of which one run can say no more than this
_NORMAL_95 = 1.96


@dataclass(frozen=True, slots=True)
class _Look:
    """A level as it is looked at in one way: what is seen of it, and by how many spreads it is off.

    The `spreads` are as rare as they would be if the spread were known for sure.
    """

    seen: Seen
    spreads: float


def judge(
    run: Mapping[str, Times], references: Mapping[str, Reference], before: Mapping[str, Evidence]
) -> dict[str, tuple[Judgement, Evidence]]:
    """What is said of each endpoint of a run that has a reference, and the evidence after it."""
    found = {endpoint: references[endpoint].level(times) for endpoint, times in run.items() if endpoint in references}
    levels = {endpoint: level for endpoint, level in found.items() if level is not None}
    still = {endpoint for endpoint in levels if before.get(endpoint, Evidence()).proved is None}
    chances = math.log(len(levels)) if levels else 0.0
    judged = {}
    for endpoint, level in levels.items():
        reference = references[endpoint]
        looks = {Way.WITH_ALL: _look(level, reference, run[endpoint].at)}
        others = {other: levels[other] for other in still - {endpoint}}
        if others and reference.shared > 0:
            looks[Way.ALONE] = _look_apart(level, reference, others, references, run[endpoint].at)
        evidence = _weighed(before.get(endpoint, Evidence()), looks, reference)
        if evidence.proved:
            after = _held_on(evidence, looks, reference)
        else:
            after = _proved(evidence, looks, chances, is_young=reference.runs < _YOUNG)
        judged[endpoint] = (_said(after, looks, reference), after)
    slower = [said for said, _ in judged.values() if said.verdict is Verdict.REGRESSED]
    if len(slower) > 1:  # then none of them is slower alone
        judged = {endpoint: (_not_alone(said), after) for endpoint, (said, after) in judged.items()}
    return judged


def _not_alone(said: Judgement) -> Judgement:
    return replace(said, way=Way.WITH_ALL) if said.way is Way.ALONE else said


def _look(level: Level, reference: Reference, at: datetime) -> _Look:
    """A level by itself."""
    return _looked(level, reference, level.shift, reference.between**2 + level.variance, at)


def _look_apart(
    level: Level,
    reference: Reference,
    others: Mapping[str, Level],
    references: Mapping[str, Reference],
    at: datetime,
) -> _Look:
    """A level without what the other endpoints show to be shared: the best guess of it, which is drawn to nothing."""
    weights = {
        other: 1 / (references[other].between ** 2 - references[other].shared ** 2 + each.variance + _LEAST_VARIANCE)
        for other, each in others.items()
    }
    weight = math.fsum(weights.values())
    mean = math.fsum(weights[other] * each.shift for other, each in others.items()) / weight
    shared = reference.shared**2
    trust = shared / (shared + 1 / weight)
    own = max(reference.between**2 - shared, _LEAST_VARIANCE) + level.variance
    return _looked(level, reference, level.shift - trust * mean, own + shared * (1 - trust), at)


def _looked(level: Level, reference: Reference, shift: float, variance: float, at: datetime) -> _Look:
    variance *= 1 + 1 / reference.runs  # the baseline's middle is not known for sure either
    spreads = _as_normal(shift / math.sqrt(variance), reference.runs - reference.parameters)
    return _Look(Seen(at, shift, level.shift, variance, level.slow, level.requests), spreads)


def _weighed(before: Evidence, looks: Mapping[Way, _Look], reference: Reference) -> Evidence:
    """The evidence with the sums drawn on by one more run."""
    slower, faster = dict(before.slower), dict(before.faster)  # in a run of this endpoint alone, one sum has no part
    for way, look in looks.items():
        slower[way] = before.slower.get(way, Sum()).after(_held(look.spreads) - _SLACK, look.seen)
        faster[way] = before.faster.get(way, Sum()).after(_held(-look.spreads) - _SLACK, look.seen)
    if reference.slow_above is not None:
        seen = looks[Way.WITH_ALL].seen
        slower[Way.SLOW_ONES] = before.slower.get(Way.SLOW_ONES, Sum()).after(_tail_step(seen, reference), seen)
    return replace(before, slower=slower, faster=faster)


def _held(spreads: float) -> float:
    return min(max(spreads, _HELD[0]), _HELD[1])


def _tail_step(seen: Seen, reference: Reference) -> float:
    """How much likelier this many slow requests are when slow ones are more than when they are as usual."""
    usual = reference.slow_share
    more = min(usual * _TAIL_FACTOR, (1 + usual) / 2)
    fine = seen.requests - seen.slow
    return seen.slow * math.log(more / usual) + fine * math.log((1 - more) / (1 - usual))


def _proved(evidence: Evidence, looks: Mapping[Way, _Look], chances: float, *, is_young: bool) -> Evidence:
    """The evidence with the change that it proves, if it does; among more endpoints noise has more chances."""
    for way, look in looks.items():
        is_only = len(looks) == 1
        limit = chances + (_LIMIT_OF_ONLY if is_only else _LIMITS[way]) + (2.0 if is_young else 0.0)
        slower, faster = evidence.slower[way], evidence.faster[way]
        is_own = slower.whole_mean >= max(_AGREED, _AGREED_SHARE * slower.mean)
        if slower.value >= limit and slower.mean >= _LEAST and is_own:
            return replace(evidence, proved=slower, way=way)
        agrees = faster.whole_mean <= -_LEAST and evidence.faster[Way.WITH_ALL].value >= _AGREED_FASTER
        if faster.value >= limit + _FASTER and faster.mean <= -_LEAST and agrees:
            return replace(evidence, proved=faster, way=way)
        step = (_STEP_OF_ONLY if is_only else _STEPS[way]) + _PER_ENDPOINT * chances + (0.5 if is_young else 0.0)
        is_own = look.seen.whole >= max(_LEAST, _AGREED_SHARE * look.seen.shift)
        if look.spreads >= step and look.seen.shift >= _LARGE and is_own:
            return replace(evidence, proved=Sum().after(limit, look.seen), way=way)
    tail = evidence.slower.get(Way.SLOW_ONES, Sum())
    if tail.value >= _LIMITS[Way.SLOW_ONES] + chances:
        return replace(evidence, proved=tail, way=Way.SLOW_ONES)
    return evidence


def _held_on(evidence: Evidence, looks: Mapping[Way, _Look], reference: Reference) -> Evidence:
    """The evidence with its change drawn on by one more run, or without it when it is over."""
    proved = evidence.proved
    assert proved is not None  # noqa: S101 -- the caller looked
    seen = looks.get(evidence.way, looks[Way.WITH_ALL]).seen
    if evidence.way is Way.SLOW_ONES:
        step = -_tail_step(seen, reference)
    else:
        # What was proved early looks larger than it is: the run is held against the least that is likely of it.
        likely = math.copysign(max(abs(proved.mean) - proved.error, _LEAST), proved.mean)
        step = likely * (likely / 2 - seen.shift) / seen.variance
    back = max(evidence.back + min(step, _BACK_IN_ONE), 0.0)
    if back >= _BACK:
        tail = evidence.slower.get(Way.SLOW_ONES)
        return Evidence({Way.SLOW_ONES: tail} if tail and evidence.way is not Way.SLOW_ONES else {})
    return replace(evidence, proved=replace(proved, value=1.0).after(1.0, seen), back=back)


def _said(evidence: Evidence, looks: Mapping[Way, _Look], reference: Reference) -> Judgement:
    proved = evidence.proved
    usually_slow = reference.slow_share if reference.slow_above is not None else None
    if proved is None:
        seen = looks[Way.WITH_ALL].seen
        slow = seen.slow / seen.requests if usually_slow is not None else None
        effect = _interval(seen.shift, math.sqrt(seen.variance))
        return Judgement(Verdict.STEADY, *effect, slow=slow, usually_slow=usually_slow)
    error = math.hypot(proved.error, reference.between / math.sqrt(reference.runs))
    return Judgement(
        evidence.verdict,
        *_interval(proved.mean, error),
        since=proved.since,
        runs=proved.runs,
        way=evidence.way,
        slow=proved.slow / proved.requests if usually_slow is not None else None,
        usually_slow=usually_slow,
    )


def _interval(shift: float, error: float) -> tuple[float, float, float]:
    """An effect as a fraction, and its 95 % interval."""
    return math.expm1(shift), math.expm1(shift - _NORMAL_95 * error), math.expm1(shift + _NORMAL_95 * error)


def _as_normal(t: float, freedom: int) -> float:
    """The normal deviate that is as rare as Student's t (Wallace, 1959)."""
    freedom = max(freedom, 1)
    scale = (8 * freedom + 1) / (8 * freedom + 3)
    return math.copysign(scale * math.sqrt(freedom * math.log1p(t * t / freedom)), t)
