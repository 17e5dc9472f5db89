"""What people write for many resources is what is asked for."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observatory.asking.resource_range import resources_in
from observatory.errors import ObservatoryError


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("1-4", ["1", "2", "3", "4"]),
        (25, ["25"]),
        ("bulbasaur", ["bulbasaur"]),
        ("mr-mime, 1 - 2,mew", ["mr-mime", "1", "2", "mew"]),
        ("1-3, 2, 3-4", ["1", "2", "3", "4"]),
        ([1, "2-3", "mew"], ["1", "2", "3", "mew"]),
    ],
)
def test_ranges_names_and_lists(written: Any, meant: list[str]) -> None:
    assert resources_in(written) == meant


@pytest.mark.parametrize("written", ["", "1,,2", "3-1", "1-9999999", []])
def test_what_means_nothing_is_told(written: Any) -> None:
    with pytest.raises(ObservatoryError, match=r"names no resource|should run upwards"):
        resources_in(written)


@given(st.text())
def test_any_text_is_understood_or_told(written: str) -> None:
    with suppress(ObservatoryError):
        assert all(resources_in(written))
