"""From the options of a load to its plan, and to the orders of each process."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from load.options import LoadOptionError
from load.planning import OWN, Course, planned
from load.profiles import PROFILES
from observatory.load import Limits, LoadModel
from observatory.settings import Settings
from tests.load_values import LOAD_ID

ADDRESS = "http://127.0.0.1:8080/api/v2"
WITH_PASSWORD = "http://me:secret@127.0.0.1/api"  # pragma: allowlist secret
SETTINGS = Settings(timeout=4.0)
THERE_IS = {"pokemon": ["1", "25"], "type": ["1"], "ability": ["65"]}


def options(**changes: Any) -> SimpleNamespace:
    """What Locust parsed when nothing was said."""
    base: dict[str, Any] = {
        "profile": None,
        "num_users": None,
        "run_time": None,
        "shape": "",
        "visitor": "lookup",
        "rate": "",
        "validate": "100 %",
        "max_failures": "1 %",
        "max_p95": "500 ms",
        "min_throughput": "",
        "i_own_this_server": False,
    }
    return SimpleNamespace(**{**base, **changes})


def course(*, from_page: bool = False, address: str = ADDRESS, **changes: Any) -> Course:
    return planned(options(**changes), address, "embedded", from_page=from_page)


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_says_how_many_users_there_are_for_how_long_in_which_shape(name: str) -> None:
    found, profile = course(profile=name), PROFILES[name]
    assert (found.plan.profile, found.plan.users, found.plan.seconds) == (name, profile.users, profile.seconds)
    assert (found.plan.shape, found.wait) == (profile.shape, profile.wait)
    assert found.plan.model is LoadModel.CLOSED
    assert found.plan.limits == Limits(failure_rate=0.01, p95=0.5, throughput=None)
    assert found.plan.validated == 1


def test_on_the_command_line_more_users_or_another_time_change_the_profile() -> None:
    found = course(profile="light", num_users=3, run_time=7)
    assert (found.plan.profile, found.plan.users, found.plan.seconds) == ("light", 3, 7)


def test_on_the_page_a_profile_says_it_all_since_the_page_sends_users_with_every_start() -> None:
    found = course(profile="light", num_users=3, run_time=7, from_page=True)
    assert (found.plan.users, found.plan.seconds) == (10, 120)


@pytest.mark.parametrize("from_page", [False, True])
def test_without_a_profile_people_say_users_and_time_themselves(*, from_page: bool) -> None:
    found = course(num_users=5, run_time=30, from_page=from_page)
    assert (found.plan.profile, found.plan.users, found.plan.seconds, found.wait) == (OWN, 5, 30, (1.0, 3.0))


def test_without_a_time_there_is_no_end() -> None:
    found = course(num_users=5)
    assert found.plan.seconds is None
    assert [found.users(elapsed) for elapsed in (0, 1, 1e9)] == [5, 5, 5]


def test_one_user_comes_when_nothing_is_said() -> None:
    assert course().plan.users == 1


@pytest.mark.parametrize("shape", ["ramp", "spike", "sawtooth"])
def test_a_shape_without_an_end_is_refused(shape: str) -> None:
    with pytest.raises(LoadOptionError, match=rf"^--shape is {shape}, and a shape has an end: say --run-time"):
        course(num_users=5, shape=shape)


def test_another_shape_takes_the_place_of_the_profiles() -> None:
    assert course(profile="heavy", shape="spike").plan.shape == "spike"


@pytest.mark.parametrize("users", [0, -3, 100_001, 100_000_000])
def test_a_load_takes_one_user_to_a_hundred_thousand(users: int) -> None:
    with pytest.raises(LoadOptionError, match=rf"^--users is {users}, but a load takes from 1 to 100,000\.$"):
        course(num_users=users)


def test_a_profile_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(LoadOptionError) as caught:
        course(profile="gigantic\n")
    assert str(caught.value) == r"There is no profile 'gigantic\n'; there are quick, light, medium, heavy."


def test_a_rate_makes_the_model_open() -> None:
    found = course(profile="light", rate="50")
    assert (found.plan.model, found.plan.rate, found.streams) == (LoadModel.OPEN, 50, 50)


def test_a_rate_and_a_journey_exclude_each_other() -> None:
    with pytest.raises(LoadOptionError, match=r"^--rate sends single requests"):
        course(profile="light", rate="50", visitor="journey")


@given(st.floats(0.001, 100_000))
def test_the_streams_of_a_rate_are_at_most_a_hundred_and_make_it_exactly(rate: float) -> None:
    found = course(profile="light", rate=f"{rate:.6f}")
    period = found.orders(LOAD_ID, SETTINGS, 1, THERE_IS).period
    assert 1 <= found.streams <= 100
    assert found.plan.rate is not None
    assert found.streams / period == pytest.approx(found.plan.rate)
    assert period == pytest.approx(found.streams / found.plan.rate)


@given(st.sampled_from(["steady", "ramp", "spike", "sawtooth"]), st.integers(1, 500), st.floats(0, 200))
@example("steady", 10, 99.9)
@example("steady", 10, 100.0)
def test_there_are_users_until_the_end_and_none_after_it(shape: str, users: int, elapsed: float) -> None:
    found = course(num_users=users, run_time=100, shape=shape).users(elapsed)
    if elapsed >= 100:
        assert found is None
    else:
        assert found is not None
        assert 1 <= found <= users


def test_every_process_is_told_what_it_needs() -> None:
    orders = course(profile="light", validate="20 %", address=WITH_PASSWORD).orders(LOAD_ID, SETTINGS, 3, THERE_IS)
    assert (orders.load, orders.resources, orders.is_recording) == (str(LOAD_ID), THERE_IS, False)
    assert orders.address == WITH_PASSWORD
    assert (orders.wait, orders.validated, orders.timeout) == ((1.0, 3.0), 0.2, 4.0)
    assert (orders.limit, orders.slowest) == (None, 0.0)


def test_the_plan_shows_no_password() -> None:
    found = course(profile="light", address=WITH_PASSWORD)
    assert found.plan.address == "http://127.0.0.1/api"
    assert "secret" not in str(found.plan)


@pytest.mark.parametrize("processes", [1, 2, 3, 7, 64, 97])
def test_the_processes_share_the_limit_of_the_public_api(processes: int) -> None:
    orders = course(profile="light", address="https://pokeapi.co/api/v2").orders(LOAD_ID, SETTINGS, processes, THERE_IS)
    assert orders.limit is not None
    assert 1 <= orders.limit * processes <= 97
    assert orders.slowest == pytest.approx(600 / 97)  # ten users, and what a hundred a minute leave beside the lists


def test_a_recording_is_known_to_be_one_by_the_stand_in_that_the_load_started() -> None:
    found = planned(options(profile="light"), ADDRESS, "replay:recorded")
    assert found.orders(LOAD_ID, SETTINGS, 1, THERE_IS).is_recording


@pytest.mark.parametrize(("option", "value"), [("shape", "nonsense"), ("visitor", "burglar")])
def test_the_page_may_send_whatever_it_likes_and_what_there_is_not_is_refused(option: str, value: str) -> None:
    with pytest.raises(LoadOptionError) as caught:
        course(profile="light", from_page=True, **{option: value})
    assert str(caught.value) == (
        "--shape is one of steady, ramp, spike, sawtooth, and --visitor one of lookup, journey."
    )


def test_only_whoever_started_the_process_can_say_that_the_server_is_theirs() -> None:
    live = "https://pokeapi.co/api/v2"
    said_on_page = options(profile="light", i_own_this_server=True)
    assert planned(said_on_page, live, "live", from_page=True).limit == 100
    assert planned(options(profile="light"), live, "live", owned=True).limit is None


def test_limits_are_taken_from_the_options_and_an_empty_one_is_none() -> None:
    found = course(profile="light", max_failures="", max_p95="80 ms", min_throughput="50 per second")
    assert found.plan.limits == Limits(failure_rate=None, p95=0.08, throughput=50)


def test_an_empty_share_of_validation_is_all() -> None:
    assert course(profile="light", validate="").plan.validated == 1
    assert course(profile="light", validate="0 %").plan.validated == 0


@pytest.mark.parametrize(
    ("option", "name"),
    [
        ("rate", "--rate"),
        ("validate", "--validate"),
        ("max_failures", "--max-failures"),
        ("max_p95", "--max-p95"),
        ("min_throughput", "--min-throughput"),
    ],
)
def test_an_option_that_makes_no_sense_is_named(option: str, name: str) -> None:
    changes: dict[str, Any] = {option: "rather many"}
    with pytest.raises(LoadOptionError, match=f"^{name} is 'rather many', but it must be "):
        course(profile="light", **changes)
