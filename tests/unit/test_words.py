"""Numbers in words."""

from __future__ import annotations

import pytest

from observatory.words import percent


@pytest.mark.parametrize(
    ("share", "told"),
    [(0, "0 %"), (0.004, "0.4 %"), (0.07, "7 %"), (0.18, "18 %"), (1, "100 %"), (-0.004, "-0.4 %"), (1.5, "150 %")],
)
def test_a_small_share_has_a_digit_more(share: float, told: str) -> None:
    assert percent(share) == told


@pytest.mark.parametrize(("share", "told"), [(0.0512, "5.1 %"), (0.0994, "9.9 %"), (0.0996, "10 %"), (0.12, "12 %")])
def test_what_is_small_is_for_the_caller_to_say(share: float, told: str) -> None:
    assert percent(share, tenths_below=0.0995) == told
