"""What changed, in the words that people of a run read, and once."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from types import SimpleNamespace
from typing import Any, cast

import pytest

from observatory.errors import HistoryError
from observatory.history.known_changes import KnownChange
from observatory.session import Session
from robot_drift import DriftTeller
from schema_policy import refusal
from tests.drift_values import REVISION, a_change, a_known_change, an_addition


def _session(now: Callable[[Collection[int]], list[KnownChange]]) -> Session:
    """As much of a session as reports ask for."""
    drift = SimpleNamespace(with_ids=now)
    masker = SimpleNamespace(mask_text=lambda text: text.replace("s3cr3t", "*****"))
    return cast("Session", SimpleNamespace(memory=SimpleNamespace(history=SimpleNamespace(drift=drift), masker=masker)))


def _reported(
    caplog: pytest.LogCaptureFixture, *found: KnownChange, now: Callable[[Collection[int]], list[KnownChange]]
) -> tuple[list[str], list[str]]:
    """The warnings, and the other messages, that come of changes; Robot's logger falls back to Python's."""
    reports = DriftTeller()
    for known in found:
        reports.put([known])
    with caplog.at_level(logging.DEBUG, "RobotFramework"):
        reports.pass_on(_session(now))
        warned = [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]
        others = [each.getMessage() for each in caplog.records if each.levelno < logging.WARNING]
        caplog.clear()
        reports.pass_on(_session(now))
        assert caplog.records == [], "told twice"
    return warned, others


def _away(_ids: Collection[int]) -> list[KnownChange]:
    raise HistoryError("The history database cannot be reached.")


def test_nothing_is_said_of_nothing(caplog: pytest.LogCaptureFixture) -> None:
    assert _reported(caplog, now=_away) == ([], [])


def test_a_change_is_told_with_all_resources_that_show_it_by_now(caplog: pytest.LogCaptureFixture) -> None:
    early = a_known_change(a_change(resources=("4",)))
    now = a_known_change(a_change(resources=("1", "4", "7", "8", "9", "10", "11")))
    warned, (table,) = _reported(caplog, early, now=lambda ids: [now] if ids == [12] else [])
    assert warned == [
        "Schema change 12: pokemon: moves[].order was removed (integer) (breaking, in pokemon 1, 4, 7-11)."
    ]
    assert "moves[].order" in table


def test_what_turned_out_to_be_part_of_something_else_is_not_told(caplog: pytest.LogCaptureFixture) -> None:
    assert _reported(caplog, a_known_change(), now=lambda _ids: []) == ([], [])


def test_a_history_that_is_away_does_not_keep_a_change_back(caplog: pytest.LogCaptureFixture) -> None:
    warned, _ = _reported(caplog, a_known_change(an_addition()), now=_away)
    assert warned == ["Schema change 12: pokemon: cries was added (object) (in pokemon 1, 4)."]


@pytest.mark.parametrize("number", [5, 6, 9])
def test_the_first_found_are_told_one_by_one_and_the_rest_as_a_number(
    caplog: pytest.LogCaptureFixture, number: int
) -> None:
    found = [a_known_change(an_addition(f"field_{each}"), id=each) for each in range(1, number + 1)]
    warned, (table,) = _reported(caplog, *reversed(found), now=lambda _ids: list(reversed(found)))
    assert [text.split(":")[0] for text in warned[:5]] == [f"Schema change {each}" for each in range(1, 6)]
    more = number - 5
    expected = [f"… and {more} more schema change{'s' if more > 1 else ''}: observatory drift list"] if more else []
    assert warned[5:] == expected
    assert all(f"field_{each}" in table for each in range(1, number + 1))


@pytest.mark.parametrize(("before", "times"), [(REVISION, 1), ("another", 0), (None, 0)])
def test_that_the_api_did_not_announce_it_is_said_once(
    caplog: pytest.LogCaptureFixture, before: str | None, times: int
) -> None:
    found = [
        a_known_change(an_addition(path), id=number, api_revision=REVISION, revision_before=before)
        for number, path in enumerate(("a", "b"))
    ]
    warned, _ = _reported(caplog, *found, now=_away)
    assert warned.count("The API changed, and says that it is at the same revision as before.") == times


def test_a_secret_is_not_told(caplog: pytest.LogCaptureFixture) -> None:
    warned, (table,) = _reported(caplog, a_known_change(an_addition("s3cr3t")), now=_away)
    assert "*****" in warned[0]
    assert "s3cr3t" not in warned[0] + table


def test_a_refusal_says_what_to_do() -> None:
    changes: list[Any] = [a_known_change(an_addition(f"f{number}"), id=number) for number in range(1, 8)]
    assert refusal(changes[:1]) == (
        "1 schema change that nobody accepted: pokemon: f1 was added (object) (in pokemon 1, 4). "
        "If it is meant to be so, accept it: observatory drift accept 1 --reason '…'"
    )
    assert "f5 was added (object) (in pokemon 1, 4); and 2 more. If" in refusal(changes)
    assert "f6" not in refusal(changes)
    assert "observatory drift accept 1 2 3 4 5 6 7 --reason" in refusal(changes)
