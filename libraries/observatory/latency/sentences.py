"""What is said of an endpoint's latency, in a sentence."""

from __future__ import annotations

from datetime import UTC

from observatory.latency.baseline import FEWEST_RUNS, Baseline
from observatory.latency.course import Said
from observatory.latency.times import Percentiles
from observatory.latency.verdict import Judgement, Verdict, Way
from observatory.words import count, percent


def sentence(endpoint: str, said: Said, now: Percentiles) -> str:
    """What is said of an endpoint in a run whose percentiles are `now`: what was compared, and what came of it."""
    judgement, baseline = said.judgement, said.baseline
    if baseline is not None and judgement.effect is None:
        return f"{endpoint}: learning, because nothing that was asked for was asked for in an earlier run."
    if baseline is None:
        return f"{endpoint}: learning, {min(said.known, FEWEST_RUNS)} of {FEWEST_RUNS} runs."
    return f"{endpoint}: {what(judgement)}. {compared(now, baseline)}"


def what(judgement: Judgement) -> str:
    """What is said of an endpoint that has a baseline: the effect, how sure it is, and since when."""
    effect = f"{by(judgement.effect or 0.0)} than the baseline"
    sure = f", {interval(judgement)}" if interval(judgement) else ""
    if judgement.verdict is Verdict.STEADY:
        if judgement.low is not None and judgement.high is not None and judgement.low * judgement.high > 0:
            return f"perhaps not as usual: {effect}{sure}, which the runs so far do not prove"
        return f"as usual: {effect}{sure}{', which noise explains' if sure else ''}"
    runs = f", in {count(judgement.runs, 'run')}" if judgement.runs else ""
    since = f"{runs} since {judgement.since.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if judgement.since else runs
    if judgement.way is Way.SLOW_ONES and judgement.slow is not None and judgement.usually_slow is not None:
        usual = f"where {_exact(judgement.usually_slow)} usually are"
        return f"{many_slow(judgement.slow)}, {usual}{since}; in all {effect}{sure}"
    is_alone = judgement.way is Way.ALONE and judgement.since is not None
    return f"{effect}{sure}{since}{', and not the other endpoints' if is_alone else ''}"


def many_slow(share: float) -> str:
    """How many requests are slow."""
    return f"{_exact(share)} of requests are slow"


def compared(now: Percentiles, baseline: Baseline) -> str:
    """The percentiles of a run beside those of its baseline, and what that is of."""
    pairs = zip(("P50", "P95", "P99"), now, baseline.percentiles, strict=True)
    told = ", ".join(f"{name} {milliseconds(one)} (usually {milliseconds(other)})" for name, one, other in pairs)
    made_of = f"{count(baseline.samples, 'request')} in {count(baseline.runs, 'run')}"
    began = " to ".join(f"{at.astimezone(UTC):%Y-%m-%d %H:%M}" for at in (baseline.first_run_at, baseline.last_run_at))
    return f"{told}. The baseline, version {baseline.number}, is made of {made_of} from {began} UTC."


def by(effect: float) -> str:
    """How much slower or faster, such as `12 % slower`."""
    return f"{_exact(abs(effect))} {'slower' if effect >= 0 else 'faster'}"


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
        return f"between {_exact(judgement.low)} and {by(judgement.high)}"
    if judgement.high < 0:
        return f"between {_exact(-judgement.high)} and {by(judgement.low)}"
    return f"between {by(judgement.low)} and {by(judgement.high)}"


def _exact(share: float) -> str:
    return percent(share, tenths_below=0.0995)
