"""Charts: what they show, that they say it in words too, and that they are small, static and at home on any page."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from random import Random
from xml.etree import ElementTree as ET

import pytest

from observatory.charts import BaselineBand, DayMark, RunLatency, day_strip, latency_chart
from observatory.charts.thinning import MOST_MARKS, thinned
from observatory.charts.ticks import round_numbers, round_times

NOW = datetime(2026, 11, 20, 16, tzinfo=UTC)
SVG = "{http://www.w3.org/2000/svg}"


def runs(amount: int, slower: int = 0) -> list[RunLatency]:
    """Runs four times a day until now, the last of them slower."""
    random = Random(7)
    found = []
    for left in reversed(range(amount)):
        level = random.lognormvariate(0, 0.05) * (1.2 if left < slower else 1)
        verdict = "regressed" if left < slower else "steady"
        found.append(RunLatency(NOW - timedelta(hours=6 * left), 0.18 * level, 0.25 * level, verdict))
    return found


def bands(amount: int) -> list[BaselineBand]:
    """A baseline for the first half of these runs, and another one since."""
    middle = NOW - timedelta(hours=3 * amount)
    return [
        BaselineBand(NOW - timedelta(hours=6 * amount), middle, 0.17, 0.24),
        BaselineBand(middle, None, 0.18, 0.26),
    ]


def parsed(chart: str) -> ET.Element:
    """The chart as XML, which it must be."""
    return ET.fromstring(chart)  # noqa: S314 -- it was drawn right here


def words(chart: str) -> str:
    """The text that is seen."""
    root = parsed(chart)
    return " | ".join("".join(text.itertext()) for text in root.iter(f"{SVG}text"))


# What is shown


def test_no_runs_are_no_chart() -> None:
    assert latency_chart([]) == ""


def test_it_says_in_words_what_it_shows() -> None:
    root = parsed(latency_chart(runs(28, slower=3), bands(28), title="Latency of pokemon"))
    assert root.get("role") == "img"
    assert root[0].tag == f"{SVG}title"
    assert root[0].text == "Latency of pokemon"
    told = root[1].text or ""
    assert told.startswith("28 runs from 2026-11-13 to 2026-11-20.")
    assert "The baseline goes from 180 ms (P50) to 260 ms (P95)." in told
    assert "3 runs are slower, the first on 20 Nov." in told


def test_slower_runs_have_a_shape_and_a_word() -> None:
    chart = latency_chart(runs(28, slower=3), bands(28))
    assert "▲ slower" in words(chart)
    assert "| slower" in words(chart)
    assert "slower" not in words(latency_chart(runs(28), bands(28)))


def test_faster_runs_have_another_shape() -> None:
    faster = [RunLatency(NOW, 0.1, 0.15, "improved")]
    assert "▼ faster" in words(latency_chart([*runs(28)[:-1], *faster]))


def test_this_run_is_named() -> None:
    points = runs(28)
    assert "this run" in words(latency_chart(points, this_run=points[-1].at))
    assert "this run" not in words(latency_chart(points))


def test_each_run_is_told_to_the_mouse() -> None:
    root = parsed(latency_chart(runs(28)))
    told = [title.text or "" for title in root.iter(f"{SVG}title")][1:]
    assert len(told) == 28
    assert all(re.fullmatch(r"2026-11-\d\d \d\d:\d\d UTC: P50 \d+ ms, P95 \d+ ms, as usual", text) for text in told)


def test_a_baseline_steps_where_a_new_version_became_valid() -> None:
    polygons = [each for each in parsed(latency_chart(runs(28), bands(28))).iter() if each.tag.endswith("polygon")]
    areas = [
        each.get("points", "").split()
        for each in polygons
        if "fill-opacity" in each.attrib and len(each.get("points", "").split()) == 4
    ]
    first, second = ([tuple(map(float, corner.split(","))) for corner in area] for area in areas)
    assert max(x for x, _ in first) == min(x for x, _ in second)
    assert {y for _, y in first} != {y for _, y in second}


def test_without_a_baseline_the_legend_has_none() -> None:
    assert "baseline" in words(latency_chart(runs(28), bands(28)))
    assert "baseline" not in words(latency_chart(runs(28)))


def test_an_outlier_is_cut_off_and_told() -> None:
    points = [*runs(27), RunLatency(NOW + timedelta(hours=6), 0.2, 9.0, "steady")]
    chart = latency_chart(points)
    assert "↑ 9000 ms" in words(chart)
    highest = max(float(text) for text in re.findall(r"\d+", words(chart).partition("↑")[0]))
    assert highest < 2000


@pytest.mark.parametrize("amount", [1, 2, 3])
def test_a_few_runs_are_a_chart_too(amount: int) -> None:
    assert "P50" in words(latency_chart(runs(amount)))


def test_runs_of_one_moment_are_a_chart_too() -> None:
    assert "P50" in words(latency_chart([RunLatency(NOW, 0.1, 0.2), RunLatency(NOW, 0.1, 0.2)]))


def test_nothing_takes_no_time_and_is_still_a_chart() -> None:
    assert "P50" in words(latency_chart([RunLatency(NOW, 0.0, 0.0)]))


# Many runs


def test_many_runs_are_gathered_and_the_chart_says_so() -> None:
    chart = latency_chart(runs(360), bands(360))
    assert "each mark up to 4 runs" in words(chart)
    assert "Each mark stands for up to 4 runs, with the medians" in chart


def test_gathered_runs_have_their_medians_and_the_gravest_verdict() -> None:
    points = [RunLatency(NOW + timedelta(hours=at), p50, 2 * p50) for at, p50 in enumerate([1.0, 3.0, 2.0, 5.0])]
    points[1] = RunLatency(points[1].at, 3.0, 6.0, "regressed")
    marks, size = thinned(points, most=2)
    assert size == 2
    assert [(mark.p50, mark.p95, mark.verdict, mark.runs) for mark in marks] == [
        (2.0, 4.0, "regressed", 2),
        (2.0, 4.0, "steady", 1),
        (5.0, 10.0, "steady", 1),
    ]


def test_no_run_is_lost_when_they_are_gathered() -> None:
    for amount in (1, 89, 90, 91, 180, 181, 360, 1000):
        marks, _ = thinned(runs(amount), this_run=runs(amount)[amount // 2].at)
        assert sum(mark.runs for mark in marks) == amount
        assert len(marks) <= MOST_MARKS + 3


def test_the_run_that_is_looked_at_stands_alone() -> None:
    points = runs(360)
    marks, _ = thinned(points, this_run=points[100].at)
    assert [mark.runs for mark in marks if mark.at == points[100].at] == [1]


# At home on any page


@pytest.mark.parametrize(("amount", "most"), [(28, 15_000), (360, 40_000)])
def test_it_is_small(amount: int, most: int) -> None:
    assert len(latency_chart(runs(amount, slower=3), bands(amount), this_run=NOW).encode()) < most


def test_it_loads_nothing_and_runs_nothing() -> None:
    chart = latency_chart(runs(28, slower=3), bands(28), this_run=NOW)
    tags = {each.tag.removeprefix(SVG) for each in parsed(chart).iter()}
    assert tags <= {"svg", "title", "desc", "defs", "marker", "polygon", "circle", "path", "rect", "text", "tspan", "g"}
    assert "xlink" not in chart
    assert "href" not in chart
    assert re.findall(r"https?://[^\"]*", chart) == ["http://www.w3.org/2000/svg"]
    assert set(re.findall(r"url\(([^)]*)\)", chart)) == {f"#{name}" for name in re.findall(r' id="([^"]*)"', chart)}


def test_several_stand_on_one_page() -> None:
    charts = latency_chart(runs(28)), latency_chart(runs(27)), latency_chart(runs(28), key="another test")
    first, second, third = (set(re.findall(r' id="([^"]*)"', chart)) for chart in charts)
    assert first
    assert not first & second
    assert not first & third


def test_it_is_drawn_the_same_each_time() -> None:
    assert latency_chart(runs(28), bands(28)) == latency_chart(runs(28), bands(28))


def test_it_takes_the_colours_of_the_page_around_it() -> None:
    chart = latency_chart(runs(28, slower=1), bands(28))
    colours = set(re.findall(r'(?:fill|stroke)(?:="|:)([^";]*)', chart))
    own = {
        colour
        for colour in colours
        if not re.fullmatch(r"none|currentColor|var\(--[a-z-]+,#[0-9a-f]{6}\)|[\d.]+", colour)
    }
    assert own == set()


def test_a_title_is_text() -> None:
    title = "<script>alert(1)</script> & \x00 \ud800 more"
    chart = latency_chart(runs(3), title=title)
    assert "<script" not in chart
    assert (parsed(chart)[0].text or "").startswith("<script>alert(1)</script> & \\x00 \\ud800")


def test_whoever_draws_nothing_loads_no_library_for_it() -> None:
    code = "import sys, observatory.charts, observatory.session; print('ziaplot' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "False\n"


# Days


def test_a_strip_of_days_says_what_it_shows() -> None:
    marks = [DayMark(date(2026, 11, 3), 3, 1), DayMark(date(2026, 11, 5), 1), DayMark(date(2025, 1, 1), 9)]
    strip = day_strip(
        marks, date(2026, 11, 1), date(2026, 11, 20), title="Changes", noun="schema change", grave="breaking"
    )
    root = parsed(strip)
    assert root[1].text == "4 schema changes. 2026-11-03: 3 (1 breaking), 2026-11-05: 1."
    assert "■ breaking" in words(strip)
    assert [title.text for title in root.iter(f"{SVG}title")][1:] == [
        "2026-11-03: 3 schema changes, 1 breaking",
        "2026-11-03: 3 schema changes, 1 breaking",
        "2026-11-05: 1 schema change",
    ]


def test_a_strip_without_anything_says_so() -> None:
    strip = day_strip([], date(2026, 11, 1), date(2026, 11, 1), title="Changes", noun="change", grave="breaking")
    assert "No changes." in strip


# Axes


@pytest.mark.parametrize(
    ("highest", "numbers"),
    [
        (0, [0, 1]),
        (3.2, [0, 1, 2, 3, 4]),
        (260, [0, 100, 200, 300]),
        (400, [0, 100, 200, 300, 400]),
        (0.07, [0, 0.02, 0.04, 0.06, 0.08]),
    ],
)
def test_numbers_are_round(highest: float, numbers: list[float]) -> None:
    assert round_numbers(highest) == pytest.approx(numbers)


@pytest.mark.parametrize("hours", [0, 0.01, 0.5, 1, 5, 23, 24, 49, 100, 1000, 10_000, 100_000])
def test_times_are_few_and_within(hours: float) -> None:
    first = NOW + timedelta(minutes=7)
    last = first + timedelta(hours=hours)
    times = round_times(first, last)
    assert 1 <= len(times) <= 6
    assert all(first <= time <= last for time, _ in times)


def test_the_first_time_of_a_part_of_a_day_says_which_day() -> None:
    assert [label for _, label in round_times(NOW, NOW + timedelta(hours=3))] == [
        "20 Nov, 16:00",
        "17:00",
        "18:00",
        "19:00",
    ]
