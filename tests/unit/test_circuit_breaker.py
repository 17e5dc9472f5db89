"""When a circuit opens, what it says then, and how it closes again."""

from __future__ import annotations

import pytest

from observatory.client import CircuitBreaker, CircuitBreakers, CircuitState, Permit, Refusal
from tests.fake_clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def breaker(clock: FakeClock) -> CircuitBreaker:
    return CircuitBreaker(clock=clock)


def permit(breaker: CircuitBreaker) -> Permit:
    admitted = breaker.admit()
    assert isinstance(admitted, Permit)
    return admitted


def state(breaker: CircuitBreaker) -> CircuitState:
    return breaker.state


def refusal(breaker: CircuitBreaker) -> Refusal:
    refused = breaker.admit()
    assert isinstance(refused, Refusal)
    return refused


def succeed(breaker: CircuitBreaker, times: int = 1) -> None:
    for _ in range(times):
        breaker.record_success(permit(breaker))


def fail(breaker: CircuitBreaker, times: int = 1, problem: str = "it answered 503") -> None:
    for _ in range(times):
        breaker.record_failure(permit(breaker), problem)


def test_the_numbers_of_the_states_are_those_of_the_gauge() -> None:
    assert [CircuitState.CLOSED, CircuitState.OPEN, CircuitState.HALF_OPEN] == [0, 1, 2]


def test_nine_failures_alone_do_not_open_it(breaker: CircuitBreaker) -> None:
    fail(breaker, 9)
    assert state(breaker) is CircuitState.CLOSED


def test_the_tenth_request_opens_it_when_half_of_them_failed(breaker: CircuitBreaker) -> None:
    fail(breaker, 5)
    succeed(breaker, 4)
    assert state(breaker) is CircuitState.CLOSED
    succeed(breaker)
    assert state(breaker) is CircuitState.OPEN
    assert breaker.is_open()


def test_less_than_half_failures_leave_it_closed(breaker: CircuitBreaker) -> None:
    succeed(breaker, 6)
    fail(breaker, 5)
    assert state(breaker) is CircuitState.CLOSED


def test_what_is_older_than_five_minutes_does_not_count(breaker: CircuitBreaker, clock: FakeClock) -> None:
    fail(breaker, 9)
    clock.advance(300.1)
    fail(breaker)
    assert state(breaker) is CircuitState.CLOSED
    fail(breaker, 9)
    assert state(breaker) is CircuitState.OPEN


def test_old_successes_do_not_hide_new_failures(breaker: CircuitBreaker, clock: FakeClock) -> None:
    succeed(breaker, 100)
    clock.advance(301)
    fail(breaker, 10)
    assert state(breaker) is CircuitState.OPEN


def test_an_open_circuit_says_since_when_why_and_until_when(breaker: CircuitBreaker, clock: FakeClock) -> None:
    succeed(breaker, 3)
    fail(breaker, 6)
    clock.advance(90)
    fail(breaker, 1, "the connection was refused")
    clock.advance(12)
    refused = refusal(breaker)
    assert f"{refused.since:%H:%M:%S %Z}" == "12:01:30 UTC"
    assert refused.reason == ("7 of 10 requests failed in the last 5 min, the last because the connection was refused")
    assert f"{refused.retry_at:%H:%M:%S %Z}" == "12:02:00 UTC"
    assert refused.retry_in == 18.0


def test_it_is_half_open_after_thirty_seconds(breaker: CircuitBreaker, clock: FakeClock) -> None:
    fail(breaker, 10)
    clock.advance(29.9)
    assert state(breaker) is CircuitState.OPEN
    clock.advance(0.1)
    assert state(breaker) is CircuitState.HALF_OPEN


def test_a_half_open_circuit_lets_three_probes_through_at_a_time(breaker: CircuitBreaker, clock: FakeClock) -> None:
    fail(breaker, 10)
    clock.advance(30)
    first = permit(breaker)
    permit(breaker)
    permit(breaker)
    assert refusal(breaker).retry_in == 0.0
    breaker.record_success(first)
    permit(breaker)
    refusal(breaker)


def test_three_good_probes_in_a_row_close_it(breaker: CircuitBreaker, clock: FakeClock) -> None:
    fail(breaker, 10)
    clock.advance(30)
    succeed(breaker, 2)
    assert state(breaker) is CircuitState.HALF_OPEN
    succeed(breaker)
    assert state(breaker) is CircuitState.CLOSED


def test_a_closed_circuit_counts_from_nothing(breaker: CircuitBreaker, clock: FakeClock) -> None:
    fail(breaker, 10)
    clock.advance(30)
    succeed(breaker, 3)
    fail(breaker, 9)
    assert state(breaker) is CircuitState.CLOSED


def test_a_failed_probe_opens_it_for_another_thirty_seconds(breaker: CircuitBreaker, clock: FakeClock) -> None:
    fail(breaker, 10)
    clock.advance(30)
    succeed(breaker, 2)
    fail(breaker, 1, "it answered 500")
    refused = refusal(breaker)
    assert refused.retry_in == 30.0
    assert f"{refused.since:%H:%M:%S}" == "12:00:00", "it has not been closed since"
    assert refused.reason.endswith("and a probe at 12:00:30 failed because it answered 500")


def test_only_the_latest_failed_probe_is_told_of(breaker: CircuitBreaker, clock: FakeClock) -> None:
    fail(breaker, 10)
    for _ in range(3):
        clock.advance(30)
        fail(breaker, 1, "it answered 500")
    assert refusal(breaker).reason.count("a probe at") == 1


def test_a_request_from_before_the_opening_says_nothing_about_the_probes(
    breaker: CircuitBreaker, clock: FakeClock
) -> None:
    stragglers = [permit(breaker) for _ in range(4)]
    fail(breaker, 10)
    clock.advance(30)
    assert state(breaker) is CircuitState.HALF_OPEN
    for straggler in stragglers[:3]:
        breaker.record_success(straggler)
    assert state(breaker) is CircuitState.HALF_OPEN
    breaker.record_failure(stragglers[3], "it answered 503")
    assert state(breaker) is CircuitState.HALF_OPEN


def test_a_probe_that_was_given_up_frees_its_place(breaker: CircuitBreaker, clock: FakeClock) -> None:
    fail(breaker, 10)
    clock.advance(30)
    probes = [permit(breaker) for _ in range(3)]
    breaker.release(probes[0])
    permit(breaker)
    refusal(breaker)


def test_a_request_given_up_under_a_closed_circuit_is_not_counted(breaker: CircuitBreaker) -> None:
    fail(breaker, 9)
    breaker.release(permit(breaker))
    assert state(breaker) is CircuitState.CLOSED


def test_each_endpoint_has_a_circuit_of_its_own(clock: FakeClock) -> None:
    breakers = CircuitBreakers(clock=clock)
    fail(breakers.of("pokemon"), 10)
    succeed(breakers.of("type"))
    assert breakers.state("pokemon") is CircuitState.OPEN
    assert breakers.state("type") is CircuitState.CLOSED
    assert breakers.state("ability") is CircuitState.CLOSED
    assert dict(breakers.states()) == {"pokemon": 1, "type": 0}


def test_reset_closes_every_circuit(clock: FakeClock) -> None:
    breakers = CircuitBreakers(clock=clock)
    fail(breakers.of("pokemon"), 10)
    breakers.reset()
    assert breakers.state("pokemon") is CircuitState.CLOSED
