"""Where log.html of a run is, as far as a process of the run can know."""

from __future__ import annotations

from pathlib import Path

import pytest

from robot_run import log_of_the_run


@pytest.mark.parametrize(
    ("output", "log", "told"),
    [
        ("/home/ash/results", "/home/ash/results/log.html", "/home/ash/results/log.html"),
        ("/home/ash/results", "/elsewhere/of-today.html", "/elsewhere/of-today.html"),
        ("/home/ash/results", "NONE", None),
        ("/home/ash/results/pabot_results/3", "NONE", "/home/ash/results/log.html"),
        ("/home/ash/results/pabot_results/0/retry", "NONE", "/home/ash/results/log.html"),
    ],
)
def test_a_run_has_one_log(output: str, log: str, told: str | None) -> None:
    found = log_of_the_run(Path(output), log)
    assert found == (None if told is None else str(Path(told)))
