"""The circuit breaker against a plain model of its rules, under any course of events."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, MultipleResults, RuleBasedStateMachine, consumes, invariant, multiple, rule

from observatory.client import CircuitBreaker, CircuitState, Permit
from tests.fake_clock import FakeClock


class Model:
    """The rules of requirement A5, written for clarity and not for speed."""

    def __init__(self) -> None:
        self.state = CircuitState.CLOSED
        self.period = 0
        self.outcomes: list[tuple[float, bool]] = []
        self.opened_at = 0.0
        self.probing = 0
        self.good_probes = 0

    def enter(self, state: CircuitState, now: float) -> None:
        self.state, self.period = state, self.period + 1
        self.outcomes, self.opened_at, self.probing, self.good_probes = [], now, 0, 0

    def pass_time(self, now: float) -> None:
        if self.state is CircuitState.OPEN and now - self.opened_at >= 30:
            self.enter(CircuitState.HALF_OPEN, now)

    def admits(self) -> bool:
        if self.state is CircuitState.HALF_OPEN:
            if self.probing == 3:
                return False
            self.probing += 1
        return self.state is not CircuitState.OPEN

    def record(self, period: int, now: float, *, good: bool) -> None:
        if period != self.period:
            return
        if self.state is CircuitState.CLOSED:
            self.outcomes.append((now, good))
            recent = [outcome for moment, outcome in self.outcomes if now - moment <= 300]
            if len(recent) >= 10 and 2 * recent.count(False) >= len(recent):
                self.enter(CircuitState.OPEN, now)
        elif good:
            self.probing -= 1
            self.good_probes += 1
            if self.good_probes == 3:
                self.enter(CircuitState.CLOSED, now)
        else:
            self.enter(CircuitState.OPEN, now)

    def release(self, period: int) -> None:
        if period == self.period and self.state is CircuitState.HALF_OPEN:
            self.probing -= 1


class CircuitBreakerMachine(RuleBasedStateMachine):
    under_way = Bundle("under_way")

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.breaker = CircuitBreaker(clock=self.clock)
        self.model = Model()

    @rule(seconds=st.sampled_from([0.5, 10.0, 29.0, 31.0, 150.0, 301.0]))
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.model.pass_time(self.clock.monotonic())

    @rule(target=under_way, times=st.integers(min_value=1, max_value=12))
    def requests_begin(self, times: int) -> MultipleResults[tuple[Permit, int]]:
        begun: list[tuple[Permit, int]] = []
        for _ in range(times):
            admitted = self.breaker.admit()
            assert isinstance(admitted, Permit) is self.model.admits()
            if isinstance(admitted, Permit):
                begun.append((admitted, self.model.period))
            else:
                assert 0 <= admitted.retry_in <= 30
                assert "requests failed in the last 5 min" in admitted.reason
                assert admitted.since <= self.clock.now()
        return multiple(*begun)

    @rule(request=consumes(under_way))
    def a_request_succeeds(self, request: tuple[Permit, int]) -> None:
        self.breaker.record_success(request[0])
        self.model.record(request[1], self.clock.monotonic(), good=True)

    @rule(request=consumes(under_way))
    def a_request_fails(self, request: tuple[Permit, int]) -> None:
        self.breaker.record_failure(request[0], "it answered 503")
        self.model.record(request[1], self.clock.monotonic(), good=False)

    @rule(request=consumes(under_way))
    def a_request_is_given_up(self, request: tuple[Permit, int]) -> None:
        self.breaker.release(request[0])
        self.model.release(request[1])

    @rule(good=st.lists(st.booleans(), min_size=10, max_size=20))
    def many_requests_run(self, good: list[bool]) -> None:
        for is_good in good:
            admitted = self.breaker.admit()
            assert isinstance(admitted, Permit) is self.model.admits()
            if isinstance(admitted, Permit):
                if is_good:
                    self.breaker.record_success(admitted)
                else:
                    self.breaker.record_failure(admitted, "it answered 503")
                self.model.record(self.model.period, self.clock.monotonic(), good=is_good)

    @invariant()
    def the_state_is_that_of_the_model(self) -> None:
        assert self.breaker.state is self.model.state
        assert self.breaker.is_open() is (self.model.state is CircuitState.OPEN)


TestCircuitBreaker = CircuitBreakerMachine.TestCase
TestCircuitBreaker.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
