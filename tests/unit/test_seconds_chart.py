"""Charts of a load, second by second: nothing is smoothed away, however long it was, and words say what there is."""

from __future__ import annotations

import re
import time
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observatory.charts import Course, LimitLine, Look, seconds_chart
from observatory.charts.extremes import MOST_COLUMNS, Range, columns, extremes, stretches
from observatory.charts.scales import count_scale, multiple_scale, seconds_ticks
from observatory.charts.svg import BLUE, RED

VALUES = st.lists(st.none() | st.floats(0, 1e6), max_size=200)
SVG = "{http://www.w3.org/2000/svg}"


def chart(values: list[float | None], look: Look = Look.AREA, limit: LimitLine | None = None) -> ET.Element:
    """The chart of one course, as XML, which it must be."""
    known = [value for value in values if value is not None]
    drawn = seconds_chart(
        [Course("requests a second", values, look, BLUE)],
        count_scale(max(known, default=0)),
        title="Requests",
        description="The busiest second was the third.",
        told=lambda column: f"{column.start} to {column.stop}",
        limit=limit,
    )
    return ET.fromstring(drawn)  # noqa: S314 - it was drawn right here


def top(drawn: ET.Element) -> float:
    """How high its areas reach, in pixels from above."""
    areas = [path.get("d", "") for path in drawn.iter(f"{SVG}path") if path.get("fill") == BLUE]
    return min(float(y) for d in areas for y in re.findall(r"V([\d.]+)", d))


# What is kept


def test_ten_minutes_are_shown_second_by_second() -> None:
    assert columns(600) == [range(second, second + 1) for second in range(600)]


@given(st.integers(0, 40_000))
def test_columns_hold_each_second_once_and_are_never_too_many(seconds: int) -> None:
    found = columns(seconds)
    assert [second for column in found for second in column] == list(range(seconds))
    assert len(found) <= MOST_COLUMNS
    assert len({len(column) for column in found[:-1]}) <= 1


@given(VALUES, st.integers(1, 20))
def test_a_line_goes_through_the_extremes_of_every_column(values: list[float | None], most: int) -> None:
    wide = columns(len(values), most)
    points = [point for stretch in stretches(values, wide) for point in stretch]
    assert [x for x, _ in points] == sorted({x for x, _ in points})
    for column in wide:
        inside = [y for x, y in points if column.start < x < column.stop]
        found = extremes(values, column)
        assert (found is None) == (not inside)
        assert found is None or found == Range(min(inside), max(inside))
    assert all(values[int(x)] == y for x, y in points)


def test_a_line_is_broken_where_nothing_is_known() -> None:
    assert stretches([1, None, 3, 4], columns(4)) == [[(0.5, 1)], [(2.5, 3), (3.5, 4)]]


def test_a_second_alone_is_a_dot() -> None:
    paths = [path.get("d", "") for path in chart([None, 3.0, None], Look.STRONG).iter(f"{SVG}path")]
    assert any(re.fullmatch(r"M[\d.]+ [\d.]+h0", d) for d in paths)


@pytest.mark.parametrize("seconds", [120, 600, 28_800])
def test_a_spike_of_one_second_is_as_high_as_it_was(seconds: int) -> None:
    values: list[float | None] = [50.0] * seconds
    values[seconds // 3] = 500.0
    assert top(chart(values)) == pytest.approx(top(chart([500.0])), abs=0.1)


def test_a_limit_has_its_words_and_a_dot_on_each_value_beyond_it() -> None:
    drawn = chart([10.0, 30.0, 20.0, 40.0], Look.STRONG, LimitLine(25.0, "limit: 25"))
    dots = [path.get("d", "") for path in drawn.iter(f"{SVG}path") if path.get("stroke") == RED]
    assert sum(d.count("h0") for d in dots) == 2
    assert any(text.text == "limit: 25" for text in drawn.iter(f"{SVG}text"))


# What it says


def test_it_says_in_words_what_it_shows() -> None:
    drawn = chart([10.0, 30.0])
    assert drawn.get("role") == "img"
    assert [drawn.findtext(f"{SVG}{tag}") for tag in ("title", "desc")] == [
        "Requests",
        "The busiest second was the third.",
    ]
    told = [rect.findtext(f"{SVG}title") for rect in drawn.iter(f"{SVG}rect")]
    assert told == ["0 to 1", "1 to 2"]


def test_no_second_is_no_chart() -> None:
    told = str
    assert seconds_chart([], count_scale(0), title="", description="", told=told) == ""


def test_hours_are_drawn_at_once() -> None:
    begun = time.perf_counter()
    drawn = ET.tostring(chart([float(number % 70) for number in range(28_800)]))
    assert len(drawn) < 200_000
    assert time.perf_counter() - begun < 2


# Scales


@pytest.mark.parametrize(
    ("highest", "names"),
    [
        (0, ["0", "1", "2", "3", "4"]),
        (1, ["0", "1", "2", "3", "4"]),
        (10, ["0", "2", "4", "6", "8", "10"]),
        (12, ["0", "5", "10"]),
        (56, ["0", "20", "40", "60"]),
        (48_000, ["0", "10k", "20k", "30k", "40k", "50k"]),
    ],
)
def test_counts_are_marked_at_whole_numbers(highest: float, names: list[str]) -> None:
    scale = count_scale(highest)
    assert [name for _, name in scale.ticks] == names
    assert scale.high >= highest


@given(st.lists(st.floats(0, 4000), min_size=1, max_size=10))
def test_a_scale_of_multiples_has_room_for_all_and_few_marks(values: list[float]) -> None:
    scale = multiple_scale(values, str)
    assert scale.low <= max(min(values), 1e-6)
    assert scale.high > max(values)
    assert 2 <= len(scale.ticks) <= 11
    assert all(0 <= scale.share(value) <= 1 for value in values)


def test_ten_times_as_much_is_always_as_far() -> None:
    scale = multiple_scale([0.001, 0.9], str)
    assert [value for value, _ in scale.ticks] == [0.001, 0.01, 0.1, 1.0]
    assert [scale.share(value) for value, _ in scale.ticks] == pytest.approx([0, 1 / 3, 2 / 3, 1])


@pytest.mark.parametrize(
    ("seconds", "names"),
    [
        (1, ["0", "1 s"]),
        (10, ["0", "2 s", "4 s", "6 s", "8 s", "10 s"]),
        (120, ["0", "30 s", "60 s", "90 s", "120 s"]),
        (300, ["0", "1 min", "2 min", "3 min", "4 min", "5 min"]),
        (28_800, ["0", "2 h", "4 h", "6 h", "8 h"]),
    ],
)
def test_times_are_round(seconds: int, names: list[str]) -> None:
    assert [name for _, name in seconds_ticks(seconds)] == names
