"""The plain rule a person can choose: regressed is what is slower than its baseline by more than a fixed share."""

from __future__ import annotations

from observatory.latency.baseline import Baseline
from observatory.latency.times import Times
from observatory.latency.verdict import Judgement, Verdict

TOLERANCE = 0.2
"""How much slower the 95th percentile may be; the source is requirement 18.3."""


def judge_by_threshold(times: Times, baseline: Baseline | None, tolerance: float = TOLERANCE) -> Judgement:
    """Compare the 95th percentile of a run with the baseline's; the effect is of these and has no interval."""
    if baseline is None:
        return Judgement(Verdict.LEARNING)
    effect = times.percentiles.p95 / baseline.percentiles.p95 - 1
    if effect > tolerance:
        return Judgement(Verdict.REGRESSED, effect)
    return Judgement(Verdict.IMPROVED if effect < -tolerance else Verdict.STEADY, effect)
