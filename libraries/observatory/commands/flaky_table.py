"""Flaky tests and failures in a terminal: a table where it fits or where it is piped, else a few lines for each."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from observatory.commands.drift_table import a_console
from observatory.drift_words import utc
from observatory.flakiness import Cause
from observatory.flakiness.quarantine import QuarantineList
from observatory.flakiness.sentences import how_often
from observatory.history.flaky_queries import FailureGroup, FlakyTest
from observatory.words import count, one_line, percent

_LONGEST_MESSAGE = 50  # characters of a message where each test has one line
_LONGEST = 10_000  # characters of a name, or of a message where there is room
_RUN_ID = 8  # characters of a run's id, by which --run finds it
_WIDEST = 100_000  # characters; nothing that is measured so is folded


def print_flaky_tests(
    tests: Sequence[FlakyTest], threshold: float, quarantine: QuarantineList, console: Console | None = None
) -> None:
    """Print flaky tests, those first that surely fail most often."""
    console = console or a_console()
    table = _flat(tests, threshold, quarantine)
    if not console.is_terminal:
        _print_lines(table, console)
        return
    needed = Measurement.get(console, console.options.update(width=_WIDEST), table).maximum
    console.print(_heading(tests, threshold), "\n")
    console.print(table if needed <= console.width else _stacked(tests, threshold, quarantine))
    console.print(Text("\nIn 95 of 100 cases the true share lies between the two numbers.", style="dim"))


def print_failures(
    groups: Sequence[FailureGroup],
    run_id: str,
    last: tuple[uuid.UUID, str, datetime] | None,
    console: Console | None = None,
) -> None:
    """Print what failed in a run, a few lines for each error."""
    console = console or a_console()
    whose = f"run {run_id}"
    if last is not None:
        whose = f"the last run of {_line(last[1])}, begun {utc(last[2])} UTC (run {run_id[:_RUN_ID]})"
    tests = {test for group in groups for test in group.tests}
    if not groups:
        console.print(Text(f"Nothing failed in {whose}."))
        return
    errors = count(len(groups), "error")
    console.print(Text(f"{count(len(tests), 'test')} failed of {errors} in {whose}.", style="bold"), soft_wrap=True)
    for group in groups:
        console.print()
        console.print(_group_heading(group), soft_wrap=not console.is_terminal)
        for line in group.message.splitlines() or [""]:
            console.print(Text(f"  {_line(line)}"), soft_wrap=not console.is_terminal)
        for test in group.tests:
            console.print(Text(f"  - {_line(test)}", style="dim"), soft_wrap=not console.is_terminal)


def _heading(tests: Sequence[FlakyTest], threshold: float) -> Text:
    alerts = sum(test.is_alert(threshold) for test in tests)
    heading = Text(f"{count(len(tests), 'flaky test')}, ", "bold")
    told = f"{alerts} not to be trusted" if alerts else "none beyond the threshold"
    return heading.append(f"{told} (surely more than {percent(threshold)})", "bold red" if alerts else "bold")


def _flat(tests: Sequence[FlakyTest], threshold: float, quarantine: QuarantineList) -> Table:
    """One line for each test, as wide as it gets; without the columns that would say the same, or nothing, in each."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    has_targets = len({test.target for test in tests}) > 1
    has_quarantine = any(quarantine.of(test.name) for test in tests)
    for title in ("at least", "rate", "at most", "flaked"):
        table.add_column(title, no_wrap=True, justify="right")
    optional = (*(("target",) if has_targets else ()), *(("in quarantine",) if has_quarantine else ()))
    for title in ("verdict", "test", *optional, "since (UTC)", "last (UTC)", "last message"):
        table.add_column(title, no_wrap=True)
    for test in tests:
        rate = test.rate
        table.add_row(
            *(percent(rate.low), percent(rate.value), percent(rate.high), f"{test.failures} of {test.attempts}"),
            _verdict(test, threshold),
            Text(_line(test.name), style="bold"),
            *((Text(_line(test.target)),) if has_targets else ()),
            *((_until(test, quarantine),) if has_quarantine else ()),
            utc(test.first_flaked_at),
            utc(test.last_flaked_at),
            Text(one_line(" ".join(test.last_message.split()), _LONGEST_MESSAGE)),
        )
    return table


def _stacked(tests: Sequence[FlakyTest], threshold: float, quarantine: QuarantineList) -> Table:
    """A few short lines for each test, for a terminal that is not wide."""
    table = Table(box=None, padding=(0, 2, 1, 0), show_header=False)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(overflow="fold")
    for test in tests:
        until = _until(test, quarantine)
        what = Text().append(_line(test.name), "bold")
        what.append(f"\n{how_often(test)}, ").append_text(_verdict(test, threshold))
        what.append(
            f"\n{_line(test.target)}, since {utc(test.first_flaked_at)}, last {utc(test.last_flaked_at)} UTC", "dim"
        )
        what.append(f"\nin quarantine {until}" if until else "", "dim")
        what.append(f"\n{_line(' '.join(test.last_message.split()))}")
        table.add_row(f"≥ {percent(test.rate.low)}", what)
    return table


def _verdict(test: FlakyTest, threshold: float) -> Text:
    return Text("alert", "bold red") if test.is_alert(threshold) else Text("watch")


def _until(test: FlakyTest, quarantine: QuarantineList) -> str:
    entry = quarantine.of(test.name)
    return f"until {entry.until:%Y-%m-%d}" if entry is not None else ""


def _group_heading(group: FailureGroup) -> Text:
    heading = Text(f"{count(len(group.tests), 'test')}, ", "bold").append(group.fingerprint, "dim")
    if group.cause in tuple(Cause):
        heading.append(f", does not count: {Cause(group.cause).words}", "yellow")
    if group.is_quarantined:
        heading.append(", in quarantine", "yellow")
    return heading


def _print_lines(table: Table, console: Console) -> None:
    """Print a table for a program, without the blanks that fill its last column."""
    with console.capture() as captured:
        console.print(table)
    for line in captured.get().splitlines():
        console.out(line.rstrip(), highlight=False)


def _line(text: str) -> str:
    """Text from outside, fit for one line: nothing in it moves the cursor or changes colours."""
    return one_line(text, _LONGEST)
