"""The line that says how far a load is."""

from __future__ import annotations

import time
from io import StringIO

import pytest

from load.progress import Progress, progress_line
from observatory.exchange import FailureType
from observatory.load import Counting, Measurements, Trouble
from observatory.load.sentences import NOTHING
from tests.load_values import load_plan, open_plan

NOW = 1000.3


def measured(second: int = 999, requests: int = 40, failures: int = 1) -> Measurements:
    counting = Counting()
    for number in range(requests):
        trouble = Trouble(FailureType.STATUS, "so it was") if number < failures else None
        counting.ended("pokemon", second, 0.2, 0, trouble)
    counting.ended("type", second - 5, 0.2, 0, None)
    found = Measurements()
    found.add(counting.take())
    return found


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_the_line_tells_the_time_the_users_and_the_last_whole_second() -> None:
    line = progress_line(load_plan(), measured(), 12.4, 10, NOW)
    assert line == "  12 of 120 s  10 users  40 requests/s  P95 200 ms  41 in all, 1 failed"


def test_a_second_in_which_nothing_ended_has_no_latency() -> None:
    assert f"0 requests/s  P95 {NOTHING}  41 in all" in progress_line(load_plan(), measured(990), 12, 1, NOW)


def test_a_load_without_an_end_tells_none() -> None:
    assert progress_line(load_plan(seconds=None), measured(), 12, 1, NOW).startswith("  12 s  1 user  ")


def test_the_open_model_has_streams() -> None:
    assert "  50 streams  " in progress_line(open_plan(), measured(), 12, 50, NOW)


def test_a_second_that_has_only_users_has_no_latency() -> None:
    found = measured(990)
    found.at(999).users = 3
    assert f"0 requests/s  P95 {NOTHING}" in progress_line(load_plan(), found, 12, 3, NOW)


def test_on_a_terminal_the_line_is_written_over_and_left_at_the_end() -> None:
    out = Terminal()
    progress = Progress(out)
    progress.show(load_plan(), measured(int(time.time())), 9.0, 10)
    progress.show(load_plan(), Measurements(), 10.0, 9)
    progress.end()
    first, second = out.getvalue().removesuffix("\n").split("\r")[1:]
    assert len(second) >= len(first)  # nothing of the first one stays
    assert out.getvalue().endswith("\n")
    assert out.getvalue().count("\n") == 1


def test_on_a_terminal_without_a_line_nothing_is_left() -> None:
    out = Terminal()
    Progress(out).end()
    assert out.getvalue() == ""


class Gone(StringIO):
    """A terminal, or a pipe, that nobody reads any more."""

    def __init__(self, *, is_terminal: bool, error: OSError) -> None:
        super().__init__()
        self.tries = 0
        self._is_terminal = is_terminal
        self._error = error

    def isatty(self) -> bool:
        return self._is_terminal

    def write(self, text: str) -> int:
        del text
        self.tries += 1
        raise self._error


@pytest.mark.parametrize("error", [BrokenPipeError(32, "Broken pipe"), OSError(5, "Input/output error")])
@pytest.mark.parametrize("is_terminal", [False, True])
def test_when_nobody_reads_any_more_the_load_goes_on_without_its_line(*, is_terminal: bool, error: OSError) -> None:
    out = Gone(is_terminal=is_terminal, error=error)
    progress = Progress(out)
    for elapsed in (0.0, 5.0, 10.0):
        progress.show(load_plan(), measured(), elapsed, 10)
    assert out.tries == 1
    progress.end()


@pytest.mark.parametrize(
    ("elapsed", "is_shown"), [(1.2, False), (9.9, False), (10.3, True), (11.0, False), (15.9, True)]
)
def test_elsewhere_every_fifth_second_is_a_line(elapsed: float, *, is_shown: bool) -> None:
    out = StringIO()
    progress = Progress(out)
    progress.show(load_plan(), measured(), elapsed, 10)
    progress.end()
    assert out.getvalue().count("\n") == is_shown
    assert "\r" not in out.getvalue()
