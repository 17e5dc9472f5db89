"""Tests that failed, as Prometheus will count them: each once, by its last attempt, and only if it counts at all."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.load_process import AWAY
from tests.robot_command import run_robot

CASES = """
Recovers
    [Tags]    test:retry(3)
    Get Ability    1
    VAR    ${TRIED}    ${{$TRIED + 1}}    scope=SUITE
    Should Be Equal    ${TRIED}    ${3}

Never Does
    [Tags]    test:retry(2)
    Get Type    1
    Fail    Not as it should be.

Fails, Too
    Get Type    2
    Fail    Nor this.

In Quarantine
    Get Pokemon    1
    Fail    Known to.
"""
SETTINGS = "*** Variables ***\n${TRIED}    ${0}\n"


def test_a_test_that_fails_counts_once_and_one_that_recovers_or_is_in_quarantine_not_at_all(tmp_path: Path) -> None:
    until = (datetime.now(UTC) + timedelta(days=30)).date()
    entry = {"test": "Suite.In Quarantine", "until": str(until), "reason": "#7"}
    (tmp_path / "quarantine.py").write_text(f"QUARANTINE = [{entry!r}]\n", "utf-8")
    run = run_robot(
        tmp_path,
        CASES,
        *("--variablefile", str(tmp_path / "quarantine.py")),
        settings=SETTINGS,
        environment={"DATABASE_URL": AWAY},
    )
    assert {name: test.status for name, test in run.tests.items()} == {
        "Recovers": "PASS",
        "Never Does": "FAIL",
        "Fails, Too": "FAIL",
        "In Quarantine": "SKIP",
    }, run.console
    numbers = (run.folder / "metrics.prom").read_text("utf-8")
    counted = re.findall(r"^pokeapi_failures_total(\S+) (\S+)$", numbers, re.MULTILINE)
    assert counted == [('{endpoint="type",failure_type="assertion"}', "2.0")]


def test_structures_of_suites_print_nothing(tmp_path: Path) -> None:
    cases = """
    Many Structures
        FOR    ${number}    IN    1    2
            VAR    ${seen}    ${number}
            IF    ${seen} > 1
                CONTINUE
            END
            TRY
                Get Type    ${seen}
            EXCEPT    *    type=GLOB
                Log    It is away.
            FINALLY
                Log    Done.
            END
        END
        WHILE    True    limit=2    on_limit=pass
            No Operation
        END
        GROUP    Of Steps
            No Operation
        END
    """
    run = run_robot(tmp_path, cases, environment={"DATABASE_URL": AWAY, "PYTHONWARNINGS": "error"})
    assert run.exit_code == 0, run.console
    assert "deprecated" not in run.console
