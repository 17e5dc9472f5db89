"""Health in words: a headline for each target, what it is known from, and what a person can do now."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from observatory.health.values import LEARNING, State, TargetHealth
from observatory.history.health_queries import RunVerdict
from observatory.latency import FEWEST_RUNS, Judgement, Verdict, Way
from observatory.latency.sentences import many_slow, what
from observatory.words import count, percent

SIGNS: Final = {State.WELL: "✓", State.SLOWER: "▲", State.FAILING: "✗", State.UNKNOWN: "?"}
"""A shape for each state, for those who see no colours."""

_STALE: Final = timedelta(days=2)  # after which what was seen last says little about now
_SHOWN_NAMES: Final = 3


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
        names = [each.test.name for each in target.failing[:_SHOWN_NAMES]]
        tests = " ".join(f"--test {shlex.quote(_glob(name))}" for name in names)
        more = f" (the first {len(names)} of them)" if len(target.failing) > len(names) else ""
        yield Advice("See what failed of the same error:", f"observatory failures --target {on}")
        yield Advice(f"Run {_those(len(names), 'failing test')} again{more}:", f"robot {tests} {_on(target)}suites/")
    for latency in target.regressed[:1]:
        subject = latency.series.endpoint
        accept = f'observatory baselines accept {shlex.quote(subject)} --target {on} --reason "…"'
        yield Advice(f"If {subject} is meant to be slower from now on, accept it:", accept)
    waiting = target.open_changes
    if waiting:
        yield Advice("Look at what changed:", f"observatory drift list --target {on}")
        ids = " ".join(str(known.id) for known in sorted(waiting, key=lambda known: known.id)[:_SHOWN_NAMES])
        more = " …" if len(waiting) > _SHOWN_NAMES else ""
        yield Advice("Accept what is meant to be so:", f'observatory drift accept {ids}{more} --reason "…"')


def verdict_sentence(judged: RunVerdict) -> str:
    """What is said of a latency, with the effect, its interval, and since when."""
    if judged.effect is None:
        return f"Learning: {min(judged.known_runs, FEWEST_RUNS)} of {FEWEST_RUNS} runs are known."
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
        why = f"{held} in quarantine, {len(excused) - held} by a fault of ours"
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
    if all(latency.last.verdict == LEARNING for latency in target.latencies):
        runs = max(latency.last.known_runs for latency in target.latencies)
        return f"What latency is usual is still being learned ({min(runs, FEWEST_RUNS)} of {FEWEST_RUNS} runs)."
    return "Nothing got slower."


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


def _glob(name: str) -> str:
    """A test's name for `--test`, where some letters would stand for others."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _on(target: TargetHealth) -> str:
    """The options that choose a target, with a blank behind them; the suites' own default needs none."""
    if target.name == "embedded":
        return ""
    name, _, folder = target.name.partition(":")
    if name == "replay" and folder:
        return f"--variable TARGET:replay --variable {shlex.quote(f'RECORDING:{folder}')} "
    return f"--variable {shlex.quote(f'TARGET:{target.name}')} "


def _those(number: int, noun: str) -> str:
    return f"the {noun}" if number == 1 else f"the {number} {noun}s"
