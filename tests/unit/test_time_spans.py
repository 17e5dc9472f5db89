"""`7 days`, `1 h 30 min` or a date: what people write for `since`."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observatory.time_spans import time_since
from tests.history_values import NOW


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("7 days", timedelta(days=7)),
        ("1 day", timedelta(days=1)),
        ("12 h", timedelta(hours=12)),
        ("90 minutes", timedelta(minutes=90)),
        ("30 s", timedelta(seconds=30)),
        ("2 Weeks", timedelta(weeks=2)),
        ("1.5 days", timedelta(hours=36)),
        ("7d", timedelta(days=7)),
        ("1 day 2 hours", timedelta(hours=26)),
        ("  3   min ", timedelta(minutes=3)),
        ("0 seconds", timedelta()),
    ],
)
def test_a_time_span_is_taken_back_from_now(text: str, span: timedelta) -> None:
    assert time_since(text, NOW) == NOW - span


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-08-01", datetime(2026, 8, 1, tzinfo=UTC)),
        ("2026-08-01T12:30", datetime(2026, 8, 1, 12, 30, tzinfo=UTC)),
        ("2026-08-01 12:30:05", datetime(2026, 8, 1, 12, 30, 5, tzinfo=UTC)),
        ("2026-08-01T12:30+02:00", datetime(2026, 8, 1, 10, 30, tzinfo=UTC)),
        ("2026-08-01T12:30Z", datetime(2026, 8, 1, 12, 30, tzinfo=UTC)),
    ],
)
def test_a_date_or_time_is_utc_unless_it_has_a_zone(text: str, time: datetime) -> None:
    assert time_since(text, NOW) == time
    assert time_since(text, NOW).tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "7", "days", "-7 days", "7 fortnights", "yesterday", "7 days ago", "1e5 s", "1..5 s"),
        *("\u0667 days", "2026-13-01", "999999999999 weeks", "9" * 300 + " s", "9" * 5000 + " s", "199999 weeks 1 s"),
        "0001-01-01T00:00+14:00",
    ],
)
def test_anything_else_is_refused_with_how_to_write_it(text: str) -> None:
    with pytest.raises(ValueError, match="is no time span and no date; write it like '7 days'") as refused:
        time_since(text, NOW)
    assert len(str(refused.value)) < 200


@given(st.integers(0, 10_000), st.sampled_from(["seconds", "minutes", "hours", "days"]))
def test_what_is_written_is_what_is_meant(number: int, unit: str) -> None:
    assert time_since(f"{number} {unit}", NOW) == NOW - timedelta(**{unit: number})


@given(st.text() | st.from_regex(r"[0-9.]{1,9} ?[a-z]{1,7}", fullmatch=True) | st.datetimes().map(str))
def test_any_text_gives_a_time_in_utc_or_a_value_error(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert time_since(text, NOW).tzinfo is UTC
