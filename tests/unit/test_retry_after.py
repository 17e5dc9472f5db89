"""What the header Retry-After is understood to say."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from observatory.client import parse_retry_after

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("007", 7.0),
    ],
)
def test_whole_seconds_are_taken_as_they_are(value: str, seconds: float) -> None:
    assert parse_retry_after(value, NOW) == seconds


@pytest.mark.parametrize(
    "value",
    [
        "Sun, 01 Mar 2026 12:00:09 GMT",
        "Sunday, 01-Mar-26 12:00:09 GMT",
        "Sun Mar  1 12:00:09 2026",
    ],
    ids=["IMF-fixdate", "RFC 850", "asctime"],
)
def test_a_date_is_the_time_until_it_in_each_of_its_three_spellings(value: str) -> None:
    assert parse_retry_after(value, NOW) == 9.0


def test_a_date_in_another_time_zone_is_the_same_moment() -> None:
    assert parse_retry_after("Sun, 01 Mar 2026 13:00:09 +0100", NOW) == 9.0


def test_a_date_that_has_passed_is_no_wait() -> None:
    assert parse_retry_after("Sun, 01 Mar 2026 11:59:00 GMT", NOW) == 0.0


@pytest.mark.parametrize("value", ["61", "3600", "9" * 60, "Mon, 02 Mar 2026 12:00:00 GMT"])
def test_a_wait_of_more_than_a_minute_is_cut_to_a_minute(value: str) -> None:
    assert parse_retry_after(value, NOW) == 60.0


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        " ",
        "-1",
        "+5",
        "1.5",
        "5 seconds",
        "soon",
        "٣",
        "²",
        "Sun, 99 Mar 2026 12:00:09 GMT",
        "Sun, 01 Mar 99999 12:00:09 GMT",
        "Sun, 01 Mar 2026 12:00:09 +999999",
        "12:00:09",
        "9" * 5000,
    ],
)
def test_what_makes_no_sense_is_no_answer_at_all(value: str | None) -> None:
    assert parse_retry_after(value, NOW) is None
