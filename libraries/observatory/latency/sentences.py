"""What is said of an endpoint's latency, in a sentence."""

from __future__ import annotations

from observatory.latency.baseline import FEWEST_RUNS, Baseline
from observatory.latency.course import Said
from observatory.latency.times import Percentiles
from observatory.latency.verdict import Judgement, Verdict, Way
from observatory.words import count


def sentence(endpoint: str, said: Said, now: Percentiles) -> str:
    """What is said of an endpoint in a run whose percentiles are `now`: what was compared, and what came of it."""
    judgement, baseline = said.judgement, said.baseline
    if baseline is None or judgement.effect is None:
        return f"{endpoint}: learning, {min(said.known, FEWEST_RUNS)} of {FEWEST_RUNS} runs."
    return f"{endpoint}: {_what(judgement)}. {compared(now, baseline)}"


def compared(now: Percentiles, baseline: Baseline) -> str:
    """The percentiles of a run beside those of its baseline, and what that is of."""
    pairs = zip(("P50", "P95", "P99"), now, baseline.percentiles, strict=True)
    told = ", ".join(f"{name} {milliseconds(one)} (usually {milliseconds(other)})" for name, one, other in pairs)
    return (
        f"{told}; baseline {baseline.number} of {count(baseline.samples, 'request')} in {count(baseline.runs, 'run')} "
        f"from {baseline.first_run_at:%Y-%m-%d %H:%M} to {baseline.last_run_at:%Y-%m-%d %H:%M} UTC."
    )


def by(effect: float) -> str:
    """How much slower or faster, such as `12 % slower`."""
    return f"{percent(abs(effect))} {'slower' if effect >= 0 else 'faster'}"


def percent(share: float) -> str:
    """A share as people read it, such as `12 %`; less than ten with one decimal."""
    return f"{share:.1%}".replace("%", " %") if abs(share) < 0.0995 else f"{share:.0%}".replace("%", " %")


def milliseconds(seconds: float) -> str:
    """A time as people read it, such as `112 ms` or `1.25 s`; less than ten milliseconds with one decimal."""
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{seconds * 1000:.1f} ms" if seconds < 0.01 else f"{seconds * 1000:.0f} ms"


def interval(judgement: Judgement) -> str:
    """The interval of an effect, such as `between 6.0 % and 18 % slower`; empty when it has none."""
    if judgement.low is None or judgement.high is None:
        return ""
    if judgement.low >= 0:
        return f"between {percent(judgement.low)} and {by(judgement.high)}"
    if judgement.high < 0:
        return f"between {percent(-judgement.high)} and {by(judgement.low)}"
    return f"between {by(judgement.low)} and {by(judgement.high)}"


def _what(judgement: Judgement) -> str:
    effect = judgement.effect or 0.0
    sure = f", {interval(judgement)}" if interval(judgement) else ""
    if judgement.verdict is Verdict.STEADY:
        noise = ", which noise explains" if sure else ""
        return f"as fast as usual: {by(effect)}{sure}{noise}"
    since = f", in {count(judgement.runs, 'run')} since {judgement.since:%Y-%m-%d %H:%M} UTC" if judgement.since else ""
    if judgement.way is Way.SLOW_ONES and judgement.slow is not None and judgement.usually_slow is not None:
        shares = f"{percent(judgement.slow)} of requests are slow, where {percent(judgement.usually_slow)} usually are"
        return f"{shares}{since}; in all {by(effect)}{sure}"
    alone = {Way.ALONE: ", and not the other endpoints", Way.WITH_ALL: "", Way.SLOW_ONES: ""}[judgement.way]
    return f"{by(effect)}{sure}{since}{alone}"
