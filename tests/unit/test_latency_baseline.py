"""Which runs the next version of a baseline is made of."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from observatory.latency import Baseline, KnownRun, Times, Verdict
from tests.latency_values import learn

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def held() -> Baseline:
    runs = [Times(f"run {day}", NOW - day * DAY, "pokemon", [("1", 0.1), ("2", 0.2)]) for day in range(10, 0, -1)]
    return Baseline.of(learn(runs), runs, NOW)


@pytest.mark.parametrize(
    ("verdict", "is_taken"),
    [
        (Verdict.LEARNING, True),
        (Verdict.STEADY, True),
        (Verdict.IMPROVED, True),
        (Verdict.REGRESSED, False),
    ],
)
def test_what_regressed_is_never_made_usual(held: Baseline, verdict: Verdict, is_taken: bool) -> None:
    assert held.takes(KnownRun("a run", NOW + DAY, verdict)) is is_taken


@pytest.mark.parametrize(("days", "is_taken"), [(-1, False), (0, True), (2, True), (3, False)])
def test_what_a_person_accepted_counts_whatever_was_said_of_it(held: Baseline, days: int, is_taken: bool) -> None:
    accepted = replace(held, not_before=NOW, accepted_at=NOW + 2 * DAY)
    assert accepted.takes(KnownRun("a run", NOW + days * DAY, Verdict.REGRESSED)) is is_taken


def test_what_began_before_the_change_is_of_another_level(held: Baseline) -> None:
    accepted = replace(held, not_before=NOW, accepted_at=NOW)
    assert not accepted.takes(KnownRun("a run", NOW - DAY, Verdict.STEADY))
    assert accepted.takes(KnownRun("a run", NOW + DAY, Verdict.STEADY))
