"""Whatever the header Retry-After says, waiting for it is possible and bounded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from observatory.client import parse_retry_after

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
MOMENTS = st.integers(0, 250_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
NEARLY_DATES = st.from_regex(
    r"(Sun|Mon|Sunday|x), ?-?[0-9]{1,3}[- ](Mar|Feb|13|x)[- ]-?[0-9]{1,12} [0-9]{1,3}:[0-9]{1,3}(:[0-9]{1,9})?"
    r" ?(GMT|UTC|[+-][0-9]{1,12}|-0000|EST|[A-Z]{1,5})?",
    fullmatch=True,
)


@settings(max_examples=300)
@given(st.one_of(st.text(), st.text("0123456789+-., :GMTSunMar", max_size=40), NEARLY_DATES, st.none()), MOMENTS)
def test_any_value_is_nonsense_or_a_wait_of_at_most_a_minute(value: str | None, now: datetime) -> None:
    wait = parse_retry_after(value, now)
    assert wait is None or 0.0 <= wait <= 60.0


@given(st.integers(min_value=0, max_value=10**30))
def test_any_number_of_seconds_is_that_wait_up_to_a_minute(seconds: int) -> None:
    assert parse_retry_after(str(seconds), NOW) == min(seconds, 60)


@given(st.integers(max_value=-1))
def test_a_negative_number_is_nonsense(seconds: int) -> None:
    assert parse_retry_after(str(seconds), NOW) is None


@given(MOMENTS, MOMENTS)
def test_any_date_is_the_time_until_it(until: datetime, now: datetime) -> None:
    expected = min(max((until - now).total_seconds(), 0.0), 60.0)
    assert parse_retry_after(format_datetime(until, usegmt=True), now) == expected


@given(st.integers(min_value=-90, max_value=90))
def test_a_date_and_the_seconds_until_it_mean_the_same(seconds: int) -> None:
    date = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    assert parse_retry_after(date, NOW) == parse_retry_after(str(max(seconds, 0)), NOW)
