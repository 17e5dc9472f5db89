"""The verdict on a load: each limit, each doubt, and what counts more."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observatory.load import Ending, Generator, Limits, Outcome, Verdict, judged
from observatory.load.measurements import STARVED
from tests.load_values import load_arrivals, load_failure, load_numbers, load_plan, load_report, open_plan


def verdict(**changes: Any) -> Verdict:
    return judged(load_report(**changes))


def with_limits(**limits: Any) -> Any:
    return load_plan(limits=Limits(**{"failure_rate": None, "p95": None, "throughput": None, **limits}))


def test_what_holds_every_limit_passes_and_says_how() -> None:
    assert verdict() == Verdict(
        Outcome.PASSED,
        (
            "0 % of 6,000 requests failed.",
            "P95 is 212 ms; 500 ms are allowed.",
            "Throughput is 50.0 a second, with up to 10 users.",
        ),
    )


def test_what_passes_an_open_model_names_its_arrivals() -> None:
    assert verdict(plan=open_plan(), arrivals=load_arrivals()).reasons[-1] == (
        "Throughput is 50.0 a second, with up to 50 arrivals a second."
    )


@pytest.mark.parametrize(("failures", "outcome"), [(60, Outcome.PASSED), (61, Outcome.FAILED)])
def test_the_share_of_failures_may_be_its_limit_and_no_more(failures: int, outcome: Outcome) -> None:
    failed = (load_failure(count=failures),)
    assert verdict(total=load_numbers(failures=failures), failures=failed).outcome is outcome


def test_too_many_failures_are_told_by_their_kinds_the_most_frequent_first() -> None:
    failed = (
        load_failure(count=100),
        load_failure("name should be text but was null", type="model", count=150, endpoint="type"),
        load_failure("status 502", count=50),
    )
    assert verdict(total=load_numbers(failures=300), failures=failed).reasons == (
        "5 % of 6,000 requests failed (150 by model, 150 by server_error); 1 % are allowed.",
    )


@pytest.mark.parametrize(("p95", "outcome"), [(0.5, Outcome.PASSED), (math.nextafter(0.5, 1), Outcome.FAILED)])
def test_p95_may_be_its_limit_and_no_more(p95: float, outcome: Outcome) -> None:
    assert verdict(total=load_numbers(p95=p95)).outcome is outcome


def test_a_p95_that_is_too_long_is_told() -> None:
    assert verdict(total=load_numbers(p95=1.234)).reasons == ("P95 is 1.23 s; 500 ms are allowed.",)


@pytest.mark.parametrize(("throughput", "outcome"), [(50.0, Outcome.PASSED), (49.99, Outcome.FAILED)])
def test_throughput_may_be_its_limit_and_no_less(throughput: float, outcome: Outcome) -> None:
    plan = with_limits(throughput=50.0)
    assert verdict(plan=plan, total=load_numbers(throughput=throughput)).outcome is outcome


def test_a_throughput_that_is_too_low_is_told() -> None:
    assert verdict(plan=with_limits(throughput=200.0)).reasons == (
        "Throughput is 50.0 a second; at least 200 a second are asked for.",
    )


def test_a_limit_that_is_not_set_is_not_looked_at() -> None:
    bad = load_numbers(failures=6000, p95=60.0, throughput=0.1)
    assert verdict(plan=with_limits(), total=bad).outcome is Outcome.PASSED


def test_an_api_that_cannot_be_reached_fails() -> None:
    seen = verdict(ending=Ending.UNREACHED, seconds=12.4)
    assert seen.outcome is Outcome.FAILED
    assert seen.reasons == ("http://127.0.0.1:8080/api/v2 could not be reached, so the load was stopped after 12 s.",)


BROKEN: list[tuple[dict[str, Any], str]] = [
    ({"ending": Ending.INTERRUPTED, "seconds": 33.0}, "The load was interrupted after 33 of 120 s."),
    (
        {"ending": Ending.INTERRUPTED, "seconds": 33.0, "plan": load_plan(seconds=None)},
        "The load was interrupted after 33 s.",
    ),
    (
        {"ending": Ending.WORKERS_LOST, "seconds": 9.0, "generator": Generator(2, 2)},
        "The load was stopped, its workers being lost, after 9 of 120 s.",
    ),
    ({"generator": Generator(processes=3, lost=1)}, "1 worker of 3 went missing on the way."),
    ({"generator": Generator(processes=3, lost=2)}, "2 workers of 3 went missing on the way."),
    ({"total": load_numbers(requests=19)}, "19 requests ended, and 20 are the least to judge by."),
]
"""What is doubtful in the course of a load."""

STRAINED: list[tuple[dict[str, Any], str]] = [
    (
        {"plan": open_plan(), "arrivals": load_arrivals(sent=5879)},
        (
            "Of 6,000 requests that were due only 5,879 could be sent: this machine cannot make so much load; give it "
            "more processes or machines."
        ),
    ),
    (
        {"generator": Generator(processes=1, busiest=0.9)},
        (
            "A process that made the load used 90 % of a CPU, so what it measured may be its own slowness; give it "
            "more processes, or fewer users."
        ),
    ),
    (
        {"plan": open_plan(), "arrivals": load_arrivals(late_p99=0.2)},
        (
            "1 of 100 requests was sent 200 ms or more after it was due: this machine was too busy, or stood still; "
            "give it more processes or machines."
        ),
    ),
    (
        {"failures": (load_failure(STARVED, type="connection", count=125),), "total": load_numbers(failures=125)},
        (
            "125 requests could not be sent: this machine has no connection left (files, ports or memory); give it "
            "more machines, or fewer users."
        ),
    ),
]
"""What is doubtful in the machine that makes the load: what it measured may be its own slowness."""


@pytest.mark.parametrize(("changes", "reason"), [*BROKEN, *STRAINED])
def test_what_would_pass_is_unsure_when_the_load_was_not_as_planned(changes: dict[str, Any], reason: str) -> None:
    assert verdict(**changes) == Verdict(Outcome.UNSURE, (reason,))


@pytest.mark.parametrize(
    "changes",
    [
        {"total": load_numbers(requests=20)},
        {"plan": open_plan(), "arrivals": load_arrivals(sent=5880)},
        {"plan": open_plan(), "arrivals": load_arrivals(scheduled=0, sent=0, late_p99=None)},
        {"plan": open_plan(), "arrivals": load_arrivals(late_p99=0.1)},
        {"generator": Generator(processes=1, busiest=0.89)},
        {"plan": load_plan(seconds=None)},
    ],
)
def test_just_short_of_a_doubt_there_is_none(changes: dict[str, Any]) -> None:
    assert verdict(**changes).outcome is Outcome.PASSED


TOO_SLOW = "P95 is 3.00 s; 500 ms are allowed."


@pytest.mark.parametrize(("changes", "reason"), BROKEN)
def test_what_is_too_slow_fails_whatever_became_of_the_load_and_the_doubt_stands_after_it(
    changes: dict[str, Any], reason: str
) -> None:
    total = load_numbers(requests=19 if reason.startswith("19 ") else 6000, p95=3.0)
    assert verdict(**{**changes, "total": total}) == Verdict(Outcome.FAILED, (TOO_SLOW, reason))


@pytest.mark.parametrize(("changes", "reason"), STRAINED)
def test_what_is_too_slow_is_unsure_when_the_slowness_may_be_the_generators(
    changes: dict[str, Any], reason: str
) -> None:
    total = replace(changes.get("total", load_numbers()), p95=3.0)
    assert verdict(**{**changes, "total": total}) == Verdict(Outcome.UNSURE, (reason, TOO_SLOW))


@pytest.mark.parametrize(("changes", "reason"), STRAINED)
def test_a_throughput_that_is_too_low_is_unsure_when_it_may_be_the_generators(
    changes: dict[str, Any], reason: str
) -> None:
    limits = Limits(failure_rate=0.01, p95=None, throughput=200.0)
    plan = replace(changes.get("plan", load_plan()), limits=limits)
    too_low = "Throughput is 50.0 a second; at least 200 a second are asked for."
    assert verdict(**{**changes, "plan": plan}) == Verdict(Outcome.UNSURE, (reason, too_low))


@pytest.mark.parametrize(("changes", "reason"), [*BROKEN, *STRAINED])
def test_too_many_failures_fail_however_the_load_went(changes: dict[str, Any], reason: str) -> None:
    of_the_machine = tuple(changes.get("failures", ()))
    failed = (load_failure(count=300), *of_the_machine)
    requests = 19 if reason.startswith("19 ") else 6000
    total = load_numbers(requests=requests, failures=sum(each.count for each in failed))
    seen = verdict(**{**changes, "failures": failed, "total": total})
    assert seen.outcome is Outcome.FAILED
    assert seen.reasons[-1] == reason
    assert "% are allowed." in seen.reasons[0]


@pytest.mark.parametrize(("of_the_api", "outcome"), [(60, Outcome.UNSURE), (61, Outcome.FAILED)])
def test_what_this_machine_could_not_send_is_no_failure_of_the_api(of_the_api: int, outcome: Outcome) -> None:
    failed = (load_failure(count=of_the_api), load_failure(STARVED, type="connection", count=2000))
    total = load_numbers(failures=of_the_api + 2000)
    assert verdict(failures=failed, total=total).outcome is outcome


def test_a_limit_of_p95_is_not_held_where_nobody_answered() -> None:
    dead = load_numbers(requests=409, failures=409, throughput=0.0, p95=None)
    plan = load_plan(limits=Limits(failure_rate=None, p95=0.5, throughput=None))
    assert verdict(plan=plan, total=dead) == Verdict(
        Outcome.FAILED, ("Nobody answered, so there is no P95; 500 ms are allowed.",)
    )


def test_a_load_in_which_nothing_ended_proves_nothing() -> None:
    nothing = load_numbers(requests=0, failures=0, throughput=0.0, p95=None)
    assert verdict(total=nothing).outcome is Outcome.UNSURE


@given(
    st.sampled_from(sorted(Ending)),
    st.integers(0, 1000),
    st.floats(0, 1),
    st.none() | st.floats(0, 60),
    st.floats(0, 1000),
    st.floats(0, 1),
    st.integers(0, 3),
)
def test_there_is_always_an_outcome_with_a_reason(
    ending: Ending, requests: int, failed: float, p95: float | None, throughput: float, busiest: float, lost: int
) -> None:
    failures = int(requests * failed)
    total = load_numbers(requests=requests, failures=failures, p95=p95, throughput=throughput)
    seen = verdict(total=total, ending=ending, generator=Generator(3, lost, busiest))
    assert seen.reasons
    assert all(reason.endswith(".") for reason in seen.reasons)
    is_slow = p95 is not None and p95 > 0.5
    is_wrong = failures > 0.01 * requests or (p95 is None and requests > 0) or ending is Ending.UNREACHED
    is_beyond = is_wrong or (is_slow and busiest < 0.9)
    assert (seen.outcome is Outcome.FAILED) == is_beyond
    is_doubtful = requests < 20 or busiest >= 0.9 or lost > 0 or ending in (Ending.INTERRUPTED, Ending.WORKERS_LOST)
    assert (seen.outcome is Outcome.PASSED) == (not is_beyond and not is_doubtful)
