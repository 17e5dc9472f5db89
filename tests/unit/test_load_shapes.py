"""The shapes and the profiles of a load: how many users there are, and when."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from load.profiles import PROFILES, Profile
from load.shapes import RAMP, SAWTOOTH, SHAPES, SPIKE, STEADY, ramp, sawtooth, spike, steady, users_at
from load.tasks import LOOKUPS
from load.tasks.ability import get_ability
from load.tasks.pokemon import get_pokemon
from load.tasks.type import get_type

PROGRESS = st.floats(0, 1, exclude_max=True)
shapes = st.sampled_from(sorted(SHAPES))


@given(shapes, PROGRESS)
def test_a_shape_is_a_share_from_nobody_to_all(shape: str, progress: float) -> None:
    assert 0 <= SHAPES[shape](progress) <= 1


@given(shapes, PROGRESS, st.integers(1, 10_000))
def test_there_is_always_a_user_and_never_more_than_asked_for(shape: str, progress: float, most: int) -> None:
    assert 1 <= users_at(SHAPES[shape], progress, most) <= most


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_every_shape_comes_to_all_of_them(shape: str) -> None:
    assert max(users_at(SHAPES[shape], step / 1000, 100) for step in range(1000)) == 100


@given(PROGRESS)
def test_steady_is_all_of_them_after_a_tenth_of_the_time(progress: float) -> None:
    assert steady(progress) == pytest.approx(progress * 10 if progress < 0.1 else 1.0)


@given(PROGRESS)
def test_a_ramp_rises_for_four_fifths_of_the_time(progress: float) -> None:
    assert ramp(progress) == pytest.approx(progress / 0.8 if progress < 0.8 else 1.0)


@pytest.mark.parametrize("shape", [STEADY, RAMP])
@given(one=PROGRESS, other=PROGRESS)
def test_steady_and_ramp_never_fall(shape: str, one: float, other: float) -> None:
    assert SHAPES[shape](min(one, other)) <= SHAPES[shape](max(one, other))


@pytest.mark.parametrize(
    ("progress", "share"), [(0, 0.2), (0.39, 0.2), (0.4, 1), (0.5, 1), (0.59, 1), (0.6, 0.2), (0.99, 0.2)]
)
def test_a_spike_is_all_of_them_at_once_in_the_middle_fifth(progress: float, share: float) -> None:
    assert spike(progress) == share


def test_a_saw_tooth_rises_five_times_from_a_fifth_to_all_and_falls_at_once() -> None:
    course = [sawtooth(step / 1000) for step in range(1000)]
    falls = [number for number, (before, after) in enumerate(pairwise(course), start=1) if after < before]
    assert falls == [200, 400, 600, 800]
    assert [course[number] for number in [0, *falls]] == pytest.approx([0.2] * 5)
    assert [course[number - 1] for number in [*falls, 1000]] == pytest.approx([0.996] * 5)


def test_the_shapes_have_the_names_that_people_choose_them_by() -> None:
    assert dict(SHAPES) == {STEADY: steady, RAMP: ramp, SPIKE: spike, SAWTOOTH: sawtooth}
    assert sorted(SHAPES) == ["ramp", "sawtooth", "spike", "steady"]


# Requirement A16.
@pytest.mark.parametrize(("name", "users", "seconds"), [("light", 10, 120), ("medium", 50, 300), ("heavy", 100, 600)])
def test_a_profile_has_so_many_users_for_so_long_who_wait_one_to_three_seconds(
    name: str, users: int, seconds: float
) -> None:
    profile = PROFILES[name]
    assert (profile.users, profile.seconds, profile.wait) == (users, seconds, (1.0, 3.0))


def test_a_profile_for_trying_out_lasts_ten_seconds() -> None:
    assert PROFILES["quick"].seconds == 10
    assert sorted(PROFILES) == ["heavy", "light", "medium", "quick"]


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_the_shape_of_a_profile_is_one_that_there_is(profile: Profile) -> None:
    assert profile.shape in SHAPES


# Requirement A16.
def test_pokemon_are_asked_for_three_times_as_often_as_types_and_abilities() -> None:
    assert dict(LOOKUPS) == {get_pokemon: 3, get_type: 1, get_ability: 1}
