"""The section on tests: which fail and since when, and which are flaky."""

from __future__ import annotations

import re
from collections.abc import Sequence

from observatory.flakiness.quarantine import QuarantineList
from observatory.health.html import Desk, clock, folded, heading, table
from observatory.health.values import FailingTest, TargetHealth
from observatory.history.flaky_queries import FlakyTest
from observatory.history.health_queries import LatestTest
from observatory.words import count, percent

_MOST_ROWS = 50
_LONGEST_MESSAGE = 240
_SUITE = re.compile(r"^(.*\w)\.([A-Z].*)$", re.DOTALL)


def tests_section(target: TargetHealth, quarantine: QuarantineList, desk: Desk, level: int) -> str:
    """Failing tests, those whose failure does not count, and flaky ones."""
    parts = [heading(level, "Failing"), _failing(target.failing, desk)]
    if target.excused:
        parts.append(_excused(target.excused, desk))
    parts += [heading(level, "Flaky"), _flaky(target, quarantine, desk)]
    return "".join(parts)


def _failing(failing: Sequence[FailingTest], desk: Desk) -> str:
    if not failing:
        return "<p>No test failed when it was last run.</p>"
    rows = [
        (
            test_name(each.test.name, desk),
            f"since {clock(each.since)}<br><small>in {count(each.runs, 'run')}</small>",
            _message(each, desk),
        )
        for each in failing[:_MOST_ROWS]
    ]
    return table("Tests that fail", ("Test", "Since (UTC)", "What it said last"), rows, class_="stack") + _more(
        len(failing)
    )


def _message(each: FailingTest, desk: Desk) -> str:
    alike = f"<br><i>The same error as in {count(each.alike, 'other test')}.</i>" if each.alike else ""
    return desk.text(each.test.message, _LONGEST_MESSAGE) + alike


def _excused(tests: Sequence[LatestTest], desk: Desk) -> str:
    rows = [
        (
            test_name(test.name, desk),
            "in quarantine" if test.quarantined else f"caused by ours: {desk.text(test.cause.replace('_', ' '))}",
            desk.text(test.message, _LONGEST_MESSAGE),
        )
        for test in tests[:_MOST_ROWS]
    ]
    shown = table("Failures that do not count", ("Test", "Why", "What it said"), rows, class_="stack") + _more(
        len(tests)
    )
    return folded(f"<b>{count(len(tests), 'failure')}</b> that {_does(len(tests))} not count", shown)


def _does(number: int) -> str:
    return "does" if number == 1 else "do"


def _flaky(target: TargetHealth, quarantine: QuarantineList, desk: Desk) -> str:
    if not target.flaky:
        return "<p>No test passed and failed at one revision in the last 30 days.</p>"
    rows = [_flaky_row(test, quarantine, desk) for test in target.flaky[:_MOST_ROWS]]
    head = ("Test", "Fails", "Since (UTC)", "Quarantine")
    return table("Flaky tests of the last 30 days", head, rows, class_="stack") + _more(len(target.flaky))


def _flaky_row(test: FlakyTest, quarantine: QuarantineList, desk: Desk) -> tuple[str, ...]:
    rate = test.rate
    bar = f'<meter min="0" max="1" value="{rate.value:.3f}" aria-hidden="true"></meter>'
    often = (
        f"{bar} {percent(rate.value)}, {test.failures} of {test.attempts} attempts<br>"
        f"<small>between {percent(rate.low)} and {percent(rate.high)}</small>"
    )
    since = f"since {clock(test.first_flaked_at)}<br><small>last {clock(test.last_flaked_at)}</small>"
    return test_name(test.name, desk), often, since, _held(test.name, quarantine, desk)


def _held(name: str, quarantine: QuarantineList, desk: Desk) -> str:
    """Whether a test is in quarantine, until when, and why."""
    entry, over = quarantine.of(name), quarantine.over_for(name)
    if entry is not None:
        return f"in quarantine until {entry.until}<br><small>{desk.text(entry.reason)}</small>"
    return f"no more: it ended on {over.until}" if over is not None else "not in quarantine"


def test_name(name: str, desk: Desk) -> str:
    """A long name as two lines: the test, and more quietly the suite that it is in."""
    found = _SUITE.match(name)
    if found is None:
        return desk.text(name)
    return f"{desk.text(found[2])}<br><small>{desk.text(found[1])}</small>"


def _more(number: int) -> str:
    return f"<p class=note>… and {number - _MOST_ROWS} more.</p>" if number > _MOST_ROWS else ""
