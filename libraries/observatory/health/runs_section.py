"""The section on runs: a strip of days, and a table of when, how long, with what result, where, and which log."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from observatory.charts import DayMark, day_strip
from observatory.health.html import Desk, clock, folded, table
from observatory.health.values import TargetHealth
from observatory.health.words import lasted
from observatory.history.health_queries import LoadLine, RunLine
from observatory.latency.sentences import milliseconds
from observatory.words import count

_NEWEST = 10
_MOST_RUNS = 500
_REVISION = 10  # characters of a revision, which is a hash
_RUN_ID = 8  # characters of the id of a run
_STILL_RUNNING = timedelta(hours=2)  # after which a run that did not finish was killed
_SHORTEST_STRIP = 2  # days
_COARSE = timedelta(seconds=2)  # as some file systems keep times
_OUTCOMES = {"passed": ("✓", "good"), "failed": ("✗", "bad")}
_UNSURE = ("?", "quiet")
_HEAD = ("Began (UTC)", "Result", "Where", "Revisions", "Log")


def runs_section(target: TargetHealth, desk: Desk) -> str:
    """The newest runs at once, the older ones to unfold."""
    if not target.runs:
        return "<p>There was no run in this time.</p>"
    strip = _strip(target, desk)
    newest, older = target.runs[:_NEWEST], target.runs[_NEWEST:_MOST_RUNS]
    shown = table("The newest runs", _HEAD, [_row(run, desk) for run in newest], class_="stack")
    if older:
        rest = len(target.runs) - _MOST_RUNS
        more = f"<p class=note>… and {count(rest, 'older run')}.</p>" if rest > 0 else ""
        rows = table("Older runs", _HEAD, [_row(run, desk) for run in older], class_="stack")
        shown += folded(count(len(older), "older run"), rows + more)
    return strip + shown


def _strip(target: TargetHealth, desk: Desk) -> str:
    """The runs of each day since the oldest one; nothing when there is but a day or two."""
    days = [run.started_at.astimezone(UTC).date() for run in target.runs]
    last = desk.now.astimezone(UTC).date()
    if (last - days[-1]).days < _SHORTEST_STRIP:
        return ""
    bad = Counter(day for day, run in zip(days, target.runs, strict=True) if _is_bad(run))
    marks = [DayMark(day, number, bad[day]) for day, number in Counter(days).items()]
    grave = "with failures, or not finished"
    return f"<figure>{day_strip(marks, days[-1], last, title='Runs by day', noun='run', grave=grave)}</figure>"


def _is_bad(run: RunLine) -> bool:
    has_failed = run.failed or (run.load is not None and run.load.outcome == "failed")
    return bool(has_failed) or run.finished_at is None


def _row(run: RunLine, desk: Desk) -> tuple[str, ...]:
    took = f"<br><small>took {lasted(run.finished_at - run.started_at)}</small>" if run.finished_at else ""
    return clock(run.started_at) + took, _result(run, desk), _place(run, desk), _revisions(run, desk), _log(run, desk)


def _result(run: RunLine, desk: Desk) -> str:
    if run.load is not None:
        return _load(run.load, desk)
    counted = [(run.passed, "passed"), (run.failed, "failed"), (run.skipped, "skipped"), (run.excused, "not counted")]
    counts = ", ".join(f"{number} {word}" for number, word in counted if number)
    if run.finished_at is None:
        is_young = desk.now - run.started_at < _STILL_RUNNING
        said = "has not finished" if is_young else "was killed"
        return f'<span class="bad"><span aria-hidden="true">◌</span> {said}</span>' + (f": {counts}" if counts else "")
    if not run.tests:
        return "no tests" if run.kind in {"robot", "pabot"} else f"{desk.text(run.kind)}, no tests"
    sign, tone = ("✗", "bad") if run.failed else ("✓", "good")
    # By the beginning of its id `observatory failures --run` finds it.
    name = f"<br><small>run <code>{run.id.hex[:_RUN_ID]}</code></small>" if run.failed else ""
    return f'<span class="{tone}"><span aria-hidden="true">{sign}</span></span> {counts}{name}'


def _load(load: LoadLine, desk: Desk) -> str:
    """What came of a load: `load light, steady: passed, 1,234 requests, P95 212 ms`."""
    sign, tone = _OUTCOMES.get(load.outcome, _UNSURE)
    told = [load.outcome] if load.ending == "finished" else [load.outcome, load.ending]
    told.append("1 request" if load.requests == 1 else f"{load.requests:,} requests")
    told += [f"P95 {milliseconds(load.p95)}"] if load.p95 is not None else []
    name = f"load {desk.text(load.profile, 40)}, {desk.text(load.shape, 40)}"
    return f'<span class="{tone}"><span aria-hidden="true">{sign}</span></span> {name}: {", ".join(told)}'


def _place(run: RunLine, desk: Desk) -> str:
    shard = f"<br><small>shard {desk.text(run.shard, 40)}</small>" if run.shard else ""
    return f"on {desk.text(run.host, 60) or 'a machine not told'}{shard}"


def _revisions(run: RunLine, desk: Desk) -> str:
    told = [("tests", run.git_revision), ("API", run.api_revision)]
    parts = [f"{word} <code>{desk.text(value, _REVISION)}</code>" for word, value in told if value]
    return "<br>".join(parts) or "revisions not told"


def _log(run: RunLine, desk: Desk) -> str:
    """The link to a run's log, or in a word why there is none."""
    if not run.log:
        return "log not told"
    if run.is_overwritten:
        return "log overwritten by a later run"
    log = Path(run.log)
    try:
        written = datetime.fromtimestamp(log.stat().st_mtime, UTC)
    except (OSError, ValueError, OverflowError):
        return "log not here"
    if written < run.started_at - _COARSE:
        return "log not here: what is there is older"
    began = f"{run.started_at.astimezone(UTC):%Y-%m-%d %H:%M}"
    return f'<a href="{desk.link_to(log)}" aria-label="log of the run of {began}">{desk.text(log.name, 40)}</a>'
