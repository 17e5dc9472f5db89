"""The public API is everybody's: what may be sent to it, and what is refused, and why."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import SecretStr

from load.crew import Crew, Orders, crew_of, muster
from load.fair_use import UnfairLoadError, fair_limit, is_shared
from load.planning import planned
from load.profiles import PROFILES
from load.resources import ENDPOINTS
from observatory.exchange import FailureType
from observatory.load import Counting, Trouble
from observatory.load.measurements import OTHER_MESSAGES
from observatory.settings import Settings
from tests.fake_clock import FakeClock
from tests.load_values import LOAD_ID, load_plan, open_plan
from tests.unit.test_load_planning import options

LIVE = "https://pokeapi.co/api/v2"
NOWHERE = "http://127.0.0.1:1/api/v2"
ONE_OF_EACH = {endpoint: ["1"] for endpoint in ENDPOINTS}


@pytest.mark.parametrize(
    "address",
    [
        LIVE,
        "http://pokeapi.co",
        "https://www.pokeapi.co/api/v2",
        "https://beta.pokeapi.co./graphql",
        "https://pokeapi.co./api/v2",
        "HTTPS://PokeAPI.CO/api/v2",
        "https://pokeapi.co:443/api/v2",
        "https://me:secret@pokeapi.co/api/v2",  # pragma: allowlist secret
        "https://pokeapi.co@pokeapi.co:8443",
    ],
)
def test_the_public_api_is_known_however_it_is_written(address: str) -> None:
    assert is_shared(address)


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:8080/api/v2",
        "https://notpokeapi.co/api/v2",
        "https://pokeapi.co.example.org/api/v2",
        "https://pokeapi.co@example.org/api/v2",
        "https://example.org/pokeapi.co",
        "",
    ],
)
def test_another_address_is_nobody_elses_business(address: str) -> None:
    assert not is_shared(address)
    assert fair_limit(load_plan(address=address, users=10_000), owned=False) is None


def test_a_light_load_on_the_public_api_is_slowed_down() -> None:
    assert fair_limit(load_plan(address=LIVE, users=10), owned=False) == 100


@pytest.mark.parametrize("name", ["medium", "heavy"])
def test_more_users_are_refused_with_the_reason_and_what_to_do(name: str) -> None:
    with pytest.raises(UnfairLoadError) as caught:
        fair_limit(load_plan(address=LIVE, users=PROFILES[name].users), owned=False)
    assert str(caught.value) == (
        f"{PROFILES[name].users} users are refused: pokeapi.co is free and shared by everyone, and fair use is "
        "100 requests a minute, too little for more than 10 of them. Load a server of your own (--target embedded, "
        "or its address), or say --i-own-this-server if it is yours."
    )


@pytest.mark.parametrize(("rate", "is_fair"), [(1.0, True), (100 / 60, True), (1.7, False), (500.0, False)])
def test_arrivals_are_refused_beyond_a_hundred_a_minute(rate: float, *, is_fair: bool) -> None:
    plan = open_plan(address=LIVE, rate=rate, users=100)
    if is_fair:
        assert fair_limit(plan, owned=False) == 100
    else:
        with pytest.raises(UnfairLoadError, match=rf"^{rate:g} arrivals a second are refused: .* 1\.67 a second\. "):
            fair_limit(plan, owned=False)


def test_whoever_owns_the_server_may_load_it() -> None:
    assert fair_limit(load_plan(address=LIVE, users=100), owned=True) is None
    assert fair_limit(open_plan(address=LIVE, rate=500.0), owned=True) is None


class NotedSleep(FakeClock):
    """A clock on which a sleep is only noted: one user waits, and the others go on."""

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)


def sent(crew: Crew, clock: NotedSleep, users: int, random: Random) -> list[float]:
    """When the users of a process send requests within two and a half minutes, whoever is next first."""
    due = [0.0] * users
    times = []
    while due and min(due) < 150:
        user = random.choice([number for number, time in enumerate(due) if time == min(due)])
        clock.set(due[user])
        clock.sleeps.clear()
        crew.wait_for_turn()
        times.append(due[user] + sum(clock.sleeps))
        due[user] = times[-1] + crew.pause()
    return times


def live_orders(processes: int, profile: str = "light") -> Orders:
    return planned(options(profile=profile), LIVE, "live").orders(LOAD_ID, Settings(), processes, ONE_OF_EACH)


@hypothesis_settings(max_examples=100)
@given(st.integers(1, 97), st.sampled_from(["light", "quick"]), st.randoms(use_true_random=False))
def test_all_users_of_all_processes_send_at_most_a_hundred_requests_in_any_minute(
    processes: int, profile: str, random: Random
) -> None:
    times = [0.0 for _ in ENDPOINTS]  # the lists are asked for before it begins
    for process in range(min(processes, 10)):  # the others have no user
        clock = NotedSleep()
        users = 10 // processes + (process < 10 % processes)
        times += sent(Crew(live_orders(processes, profile), Settings(), Counting(), clock), clock, users, random)
    times.sort()
    assert len(times) >= 30, "whoever sends nothing proves nothing"
    assert all(hundred_later - first >= 59.999 for first, hundred_later in zip(times, times[100:], strict=False))


def test_one_process_sends_nearly_as_much_as_it_may() -> None:
    clock = NotedSleep()
    times = sent(Crew(live_orders(1), Settings(), Counting(), clock), clock, 10, Random(1))
    assert 200 <= len(times) <= 250


def test_users_in_a_hurry_are_held_to_the_limit_too() -> None:
    clock = FakeClock()
    crew = Crew(live_orders(4), Settings(), Counting(), clock)
    for _ in range(25):
        crew.wait_for_turn()
    assert clock.sleeps == pytest.approx([60])  # 24 of this process's part are sent at once


def test_the_lists_that_are_read_before_the_load_count_as_well() -> None:
    limit = live_orders(1).limit
    assert limit is not None
    assert limit + len(ENDPOINTS) == 100


def test_more_processes_than_there_are_requests_a_minute_send_none() -> None:
    assert [live_orders(processes).limit for processes in (97, 98)] == [1, 0]


@pytest.mark.parametrize(("wanted", "allowed"), [(None, 100), (30, 30), (1000, 100)])
def test_the_settings_may_allow_less_than_is_fair_and_not_more(wanted: int | None, allowed: int) -> None:
    assert fair_limit(load_plan(address=LIVE), owned=False, wanted=wanted) == allowed


def test_the_settings_do_not_limit_a_server_of_ones_own() -> None:
    assert fair_limit(load_plan(), owned=False, wanted=30) is None


def test_a_worker_without_a_part_of_the_limit_sends_nothing() -> None:
    class WaitsForEver(FakeClock):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            if self.monotonic() > 3600:
                raise TimeoutError

    clock = WaitsForEver()
    with pytest.raises(TimeoutError):
        Crew(replace(live_orders(1), limit=0), Settings(), Counting(), clock).wait_for_turn()


def test_without_a_limit_users_wait_as_long_as_their_profile_says_and_for_no_turn() -> None:
    clock = FakeClock()
    orders = planned(options(profile="light"), NOWHERE, "embedded").orders(LOAD_ID, Settings(), 1, ONE_OF_EACH)
    crew = Crew(orders, Settings(), Counting(), clock)
    assert all(1 <= crew.pause() <= 3 for _ in range(200))
    crew.wait_for_turn()
    assert clock.sleeps == []


def test_the_token_goes_to_an_address_that_a_person_named_and_not_to_the_public_api() -> None:
    settings = Settings(api_token=SecretStr("mine"))
    own = planned(options(profile="light"), NOWHERE, "embedded").orders(LOAD_ID, settings, 1, ONE_OF_EACH)
    assert Crew(own, settings, Counting()).headers == {"Authorization": "Bearer mine"}
    assert Crew(own, Settings(), Counting()).headers == {}
    assert Crew(live_orders(1), settings, Counting()).headers == {}


def test_locusts_statistics_are_told_a_hundred_texts_and_then_only_the_type_of_a_failure() -> None:
    crew = Crew(live_orders(1), Settings(), Counting())
    told = {crew.told(Trouble(FailureType.MODEL, f"so it was {number}")) for number in range(250)}
    assert len(told) == 101
    assert f"model: {OTHER_MESSAGES}" in told
    assert crew.told(Trouble(FailureType.MODEL, "so it was 7")) == "model: so it was 7"


def test_the_users_of_a_process_belong_to_the_crew_that_was_mustered_last() -> None:
    environment = SimpleNamespace()
    with pytest.raises(AttributeError):
        crew_of(environment)
    for _ in range(2):
        crew = Crew(live_orders(1), Settings(), Counting())
        muster(environment, crew)
        assert crew_of(environment) is crew
