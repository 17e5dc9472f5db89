"""Health in words: a headline for each target, what it is known from, and what a person can do now."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from observatory.health.values import ACCEPTED, REGRESSED, EndpointLatency, State, TargetHealth
from observatory.history.health_queries import RunVerdict
from observatory.latency import FEWEST_RUNS, Judgement, Verdict, Way
from observatory.latency.sentences import many_slow, what
from observatory.words import count, percent

SIGNS: Final = {State.WELL: "✓", State.SLOWER: "▲", State.FAILING: "✗", State.UNKNOWN: "?"}
"""A shape for each state, for those who see no colours."""

_STALE: Final = timedelta(days=2)  # after which what was seen last says little about now
_SHOWN_NAMES: Final = 3
_BEHIND_LAST_DOT: Final = re.compile(r"\.[^.]+\.*$")


class Advice(NamedTuple):
    """What a person can do: a sentence, and the command for it, which may be empty."""

    sentence: str
    command: str = ""


def headline(target: TargetHealth, now: datetime) -> str:
    """How a target is, in one short sentence."""
    last = target.last_run
    was = "was" if last is not None and now - last.started_at > _STALE else "is"
    return {
        State.WELL: f"{target.name} {was} well." if was == "is" else f"{target.name} was well when last looked at.",
        State.SLOWER: f"{target.name} {was} slower than usual.",
        State.FAILING: f"{target.name} {was} not well.",
        State.UNKNOWN: f"Nothing is known of {target.name}.",
    }[target.state]


def findings(target: TargetHealth, now: datetime) -> Iterator[str]:
    """What the headline is known from, a sentence each: tests, latency, drift, and a run that was broken off."""
    yield from _of_tests(target, now)
    yield _of_latency(target)
    yield _of_drift(target)
    newest = target.runs[0] if target.runs else None
    if newest is not None and newest.finished_at is None:
        begun = f"the newest run, begun {ago(newest.started_at, now)}"
        yield f"Mind: {begun}, has not come to its end; it is still going on, or was killed."


def advice(target: TargetHealth) -> Iterator[Advice]:
    """What to do, the most urgent first; nothing when nothing waits."""
    if target.state is State.UNKNOWN:
        yield Advice("Let the suites look at it:", f"robot {_on(target)}suites/")
    on = shlex.quote(target.name)
    if target.failing:
        patterns = list(dict.fromkeys(_pattern(each.test.name) for each in target.failing[:_SHOWN_NAMES]))
        tests = " ".join(f"--test {shlex.quote(pattern)}" for pattern in patterns)
        yield Advice("See what failed of the same error:", f"observatory failures --target {on}")
        yield Advice(f"Run {_those(len(target.failing))} again:", f"robot {tests} {_on(target)}suites/")
    yield from _acceptances(target)
    waiting = target.open_changes
    if waiting:
        yield Advice("Look at what changed:", f"observatory drift list --target {on}")
        ids = " ".join(str(known.id) for known in sorted(waiting, key=lambda known: known.id)[:_SHOWN_NAMES])
        more = " …" if len(waiting) > _SHOWN_NAMES else ""
        yield Advice("Accept what is meant to be so:", f'observatory drift accept {ids}{more} --reason "…"')


def _acceptances(target: TargetHealth) -> Iterator[Advice]:
    """How to accept what is slower, for each of the first few."""
    slower, on = target.regressed, shlex.quote(target.name)
    for latency in slower[:_SHOWN_NAMES]:
        series = latency.series
        # Of one endpoint on several machines the command wants to know which.
        hosts = {each.series.host for each in target.latencies if each.series.endpoint == series.endpoint}
        where = f" --host {shlex.quote(series.host)}" if len(hosts) > 1 else ""
        subject = f"{series.endpoint} on {series.host}" if where else series.endpoint
        accept = f'observatory baselines accept {shlex.quote(series.endpoint)} --target {on}{where} --reason "…"'
        yield Advice(f"If {subject} is meant to be slower from now on, accept it:", accept)
    if len(slower) > _SHOWN_NAMES:
        yield Advice(f"And {len(slower) - _SHOWN_NAMES} more that got slower, each likewise.")


def latency_sentence(latency: EndpointLatency) -> str:
    """What is said of an endpoint now: what was judged of its newest run, or who accepted that since."""
    baseline = latency.baseline
    if latency.verdict != ACCEPTED or baseline is None:
        return verdict_sentence(latency.last)
    reason = baseline.reason.rstrip(".")
    return f"Accepted by {baseline.accepted_by}: {reason}. What is usual is learnt anew from this run on."


def verdict_sentence(judged: RunVerdict) -> str:
    """What is said of a latency, with the effect, its interval, and since when."""
    if judged.effect is None and judged.known_runs >= FEWEST_RUNS:
        return "Learning: nothing that was asked for was asked for in an earlier run."
    if judged.effect is None:
        return f"Learning: {_known(judged)} of {FEWEST_RUNS} runs are known."
    told = what(
        Judgement(
            Verdict(judged.verdict),
            judged.effect,
            judged.low,
            judged.high,
            since=judged.since,
            runs=judged.runs_since or 0,
            way=Way(judged.way) if judged.way else Way.WITH_ALL,
            slow=judged.slow,
            usually_slow=judged.usually_slow,
        )
    )
    return f"{told[0].upper()}{told[1:]}."


def ago(time: datetime, now: datetime) -> str:
    """How long before now a time was, as people say it: `12 minutes ago`, `3 days ago`."""
    seconds = (now - time).total_seconds()
    for size, noun in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size * (2 if noun != "minute" else 1):
            return f"{count(int(seconds // size), noun)} ago"
    return "just now"


def moment(time: datetime) -> str:
    """A time to the minute, in UTC, which is said."""
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def lasted(value: timedelta) -> str:
    """How long a run took: `95 s`, `4 min`, `2 h 5 min`."""
    whole = round(value.total_seconds())
    if whole < 120:
        return f"{whole} s"
    hours, minutes = divmod(round(whole / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _of_tests(target: TargetHealth, now: datetime) -> Iterator[str]:
    if not target.tests:
        last = target.runs[0] if target.runs else None
        when = f" since {moment(last.started_at)}, when a run began that ran none" if last else " in this time"
        yield f"No test came to its end{when}."
        return
    passed = sum(test.status == "PASS" for test in target.tests)
    skipped = sum(test.status == "SKIP" for test in target.tests)
    when = ago(max(test.at for test in target.tests), now)
    rest = f" ({skipped} skipped)" if skipped else ""
    ended = passed + len(target.failing) + len(target.excused)
    yield f"{passed} of {count(ended, 'test')} passed{rest}, the last of them {when}."
    if target.failing:
        first = min(target.failing, key=lambda each: each.since)
        verb = "fails, since" if len(target.failing) == 1 else "fail, the first of them since"
        yield f"{count(len(target.failing), 'test')} {verb} {moment(first.since)}."
    excused = target.excused
    if excused:
        held = sum(test.quarantined for test in excused)
        whys = ((held, "in quarantine"), (len(excused) - held, "by a fault of ours"))
        why = ", ".join(f"{number} {word}" for number, word in whys if number)
        yield f"{count(len(excused), 'more test')} failed and {'does' if len(excused) == 1 else 'do'} not count: {why}."


def _of_latency(target: TargetHealth) -> str:
    slower = target.regressed
    if slower:
        names = ", ".join(_by_how_much(each.last) for each in slower[:_SHOWN_NAMES])
        more = f" and {len(slower) - _SHOWN_NAMES} more" if len(slower) > _SHOWN_NAMES else ""
        since = min((each.last.since for each in slower if each.last.since), default=None)
        return f"Slower: {names}{more}" + (f", since {moment(since)}." if since else ".")
    if not target.latencies:
        return "No latency was judged yet."
    if len(target.learning) == len(target.latencies):
        runs = max(_known(latency.last) for latency in target.latencies)
        return f"What latency is usual is still being learned ({runs} of {FEWEST_RUNS} runs)."
    accepted = [latency.series.endpoint for latency in target.accepted if latency.last.verdict == REGRESSED]
    told = "Nothing got slower"
    if accepted:
        names = ", ".join(accepted[:_SHOWN_NAMES])
        more = f" and {len(accepted) - _SHOWN_NAMES} more" if len(accepted) > _SHOWN_NAMES else ""
        told = f"As it is now was accepted: {names}{more}. Nothing else got slower"
    if target.learning:
        endpoints = f"{len(target.learning)} of {count(len(target.latencies), 'endpoint')}"
        told += f"; what is usual of {endpoints} is still being learned"
    return f"{told}."


def _of_drift(target: TargetHealth) -> str:
    waiting = target.open_changes
    if not waiting:
        return "No change of a schema waits for you."
    breaking = sum(known.change.breaking for known in waiting)
    verb = "waits" if len(waiting) == 1 else "wait"
    return f"{count(len(waiting), 'schema change')} {verb} for you, {breaking or 'none'} of them breaking."


def _by_how_much(judged: RunVerdict) -> str:
    """How an endpoint got slower, in the few words that a headline has room for."""
    if judged.way == Way.SLOW_ONES and judged.slow is not None:
        return f"{judged.series.endpoint} ({many_slow(judged.slow)})"
    return f"{judged.series.endpoint} by {percent(judged.effect or 0)}"


def _pattern(name: str) -> str:
    """What chooses a test with `--test`, from wherever the suites are started: its long name begins differently.

    It is what stands behind the last dot, be that one of the test's own.
    """
    found = _BEHIND_LAST_DOT.search(name)
    last = found[0] if found else name
    # Some letters would stand for others.
    escaped = "".join(f"[{letter}]" if letter in "*?[" else letter for letter in last)
    return f"*{escaped}"


def _known(judged: RunVerdict) -> int:
    """How many of the runs that are needed are known, the judged one too."""
    return min(judged.known_runs + 1, FEWEST_RUNS)


def _on(target: TargetHealth) -> str:
    """The options that choose a target, with a blank behind them; the suites' own default needs none."""
    if target.name == "embedded":
        return ""
    name, _, folder = target.name.partition(":")
    if name == "replay" and folder:
        return f"--variable TARGET:replay --variable {shlex.quote(f'RECORDING:{folder}')} "
    return f"--variable {shlex.quote(f'TARGET:{target.name}')} "


def _those(failing: int) -> str:
    if failing > _SHOWN_NAMES:
        return f"the first {_SHOWN_NAMES} of {failing} failing tests"
    return "the failing test" if failing == 1 else f"the {failing} failing tests"
