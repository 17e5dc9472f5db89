"""Whose fault a failed request is: told from what happened to it, where it went, and what went wrong before."""

from __future__ import annotations

import errno
import socket
from typing import Any

import httpx
import pytest

from observatory.client.fault import transport_fault
from observatory.errors import HistoryError, SettingsError, StandInError
from observatory.exchange import Exchange, Failure, FailureType, Obstacle
from observatory.flakiness import Asked, Cause, CauseFinder, cause_of_error, cause_of_message
from observatory.flakiness.causes import has_way_out
from tests.history_values import an_exchange

STAND_IN = Asked(is_stand_in=True, has_proxy=False)
ELSEWHERE = Asked(is_stand_in=False, has_proxy=False)
BEHIND_A_PROXY = Asked(is_stand_in=False, has_proxy=True)


def a_failure(failure_type: FailureType, obstacle: Obstacle | None = None, **values: Any) -> Exchange:
    return an_exchange(failure=Failure(failure_type, "It failed.", obstacle=obstacle), **values)


def online() -> bool:
    return True


def offline() -> bool:
    return False


# What the network says


def _fault(error: BaseException, wrapper: type[httpx.TransportError] = httpx.ConnectError) -> Obstacle | None:
    wrapped = wrapper(str(error))
    wrapped.__cause__ = error
    return transport_fault(wrapped, "api.example", answered=False, received=0).obstacle


@pytest.mark.parametrize(
    ("error", "obstacle"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), Obstacle.REFUSED),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), Obstacle.NETWORK),
        (OSError(errno.EHOSTUNREACH, "No route to host"), Obstacle.NETWORK),
        (OSError(errno.ENETDOWN, "Network is down"), Obstacle.NETWORK),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"), Obstacle.NETWORK),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), None),
        (ConnectionResetError(errno.ECONNRESET, "reset"), None),
        (OSError(errno.EPIPE, "Broken pipe"), None),
    ],
)
def test_an_error_of_the_network_tells_what_was_in_the_way(error: OSError, obstacle: Obstacle | None) -> None:
    assert _fault(error) is obstacle


@pytest.mark.parametrize(
    ("answer", "obstacle"),
    [
        ("407 Proxy Authentication Required", Obstacle.NETWORK),
        ("403 Forbidden", Obstacle.NETWORK),
        ("502 Bad Gateway", None),
        ("504 Gateway Timeout", None),
    ],
)
def test_a_proxy_that_turns_a_request_away_is_ours_and_one_that_reaches_nobody_is_not(
    answer: str, obstacle: Obstacle | None
) -> None:
    fault = transport_fault(httpx.ProxyError(answer), "api.example", answered=False, received=0)
    assert fault.obstacle is obstacle
    assert fault.failure("pokemon/1", 1, "http://api.example").obstacle is obstacle


# Whose fault it is


@pytest.mark.parametrize(
    ("obstacle", "asked", "cause"),
    [
        (Obstacle.REFUSED, STAND_IN, Cause.STAND_IN),
        (Obstacle.REFUSED, ELSEWHERE, None),
        (Obstacle.REFUSED, BEHIND_A_PROXY, Cause.NETWORK),
        (Obstacle.NETWORK, ELSEWHERE, Cause.NETWORK),
        (Obstacle.NETWORK, STAND_IN, Cause.NETWORK),
        (None, STAND_IN, None),
        (None, ELSEWHERE, None),
    ],
)
def test_a_request_that_reached_nobody(obstacle: Obstacle | None, asked: Asked, cause: Cause | None) -> None:
    assert CauseFinder(online).cause_of(a_failure(FailureType.CONNECTION, obstacle), asked) is cause


@pytest.mark.parametrize("failure_type", sorted(set(FailureType) - {FailureType.DNS, FailureType.CIRCUIT_OPEN}))
@pytest.mark.parametrize("asked", [STAND_IN, ELSEWHERE, BEHIND_A_PROXY])
def test_what_the_api_does_is_never_ours(failure_type: FailureType, asked: Asked) -> None:
    assert CauseFinder(offline).cause_of(a_failure(failure_type), asked) is None


def test_an_unknown_name_is_the_apis_unless_this_machine_has_no_way_out() -> None:
    unknown = a_failure(FailureType.DNS)
    assert CauseFinder(online).cause_of(unknown, ELSEWHERE) is None
    assert CauseFinder(offline).cause_of(unknown, ELSEWHERE) is Cause.NETWORK


def test_whether_there_is_a_way_out_is_told_without_asking_anybody() -> None:
    assert has_way_out() in (True, False)


def test_a_good_exchange_has_no_cause() -> None:
    assert CauseFinder(offline).cause_of(an_exchange(), STAND_IN) is None


def test_an_open_circuit_has_the_cause_of_what_opened_it() -> None:
    finder = CauseFinder(online)
    refused = a_failure(FailureType.CONNECTION, Obstacle.REFUSED, run_id="r")
    closed_off = a_failure(FailureType.CIRCUIT_OPEN, run_id="r")
    assert finder.cause_of(closed_off, STAND_IN) is None
    finder.saw(refused, STAND_IN)
    finder.saw(closed_off, STAND_IN)
    assert finder.cause_of(closed_off, STAND_IN) is Cause.STAND_IN
    assert finder.cause_of(a_failure(FailureType.CIRCUIT_OPEN, endpoint="type", run_id="r"), STAND_IN) is None
    assert finder.cause_of(a_failure(FailureType.CIRCUIT_OPEN, run_id="other"), STAND_IN) is None
    finder.saw(a_failure(FailureType.SERVER_ERROR, run_id="r"), STAND_IN)
    assert finder.cause_of(closed_off, STAND_IN) is None


def test_a_batch_has_a_cause_only_when_each_failure_in_it_has_one() -> None:
    finder = CauseFinder(online)
    refused, broken = a_failure(FailureType.CONNECTION, Obstacle.REFUSED), a_failure(FailureType.SERVER_ERROR)
    assert finder.cause_of_all([refused, an_exchange(), refused], STAND_IN) is Cause.STAND_IN
    assert finder.cause_of_all([refused, broken], STAND_IN) is None
    assert finder.cause_of_all([an_exchange()], STAND_IN) is None


def test_errors_that_are_of_no_request() -> None:
    assert cause_of_error(HistoryError("away")) is Cause.HISTORY
    assert cause_of_error(StandInError("no port")) is Cause.STAND_IN
    assert cause_of_error(SettingsError("wrong")) is None


# What the test failed for

_AWAY, _DEAD = "The history database cannot be reached.", "pokemon/1 could not be reached: refused."
_BLAMED = ((_AWAY, Cause.HISTORY), (_DEAD, Cause.STAND_IN))


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        (_AWAY, Cause.HISTORY),
        (f"Setup failed:\n{_DEAD}", Cause.STAND_IN),
        (f"Several failures occurred:\n\n1) {_DEAD}\n\n2) {_DEAD}", Cause.STAND_IN),
        (f"{_DEAD}\n\nAlso teardown failed:\n{_DEAD}", Cause.STAND_IN),
        (f"Keyword 'Get Pokemon' failed after retrying for 5 seconds. The last error was: {_DEAD}", Cause.STAND_IN),
        (f"Several failures occurred:\n\n1) {_DEAD}\n\n2) 1 != 2", None),
        (f"{_DEAD}\n\nAlso teardown failed:\n1 != 2", None),
        ("1 != 2", None),
        ("", None),
    ],
)
def test_a_failure_is_ours_only_when_nothing_else_failed(message: str, cause: Cause | None) -> None:
    assert cause_of_message(message, _BLAMED) is cause


def test_what_was_expected_and_did_not_fail_the_test_is_not_blamed() -> None:
    assert cause_of_message("1 != 2", [("", Cause.HISTORY), *_BLAMED]) is None
