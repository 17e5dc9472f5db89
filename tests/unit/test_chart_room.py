"""Where a word has room in a chart: not across a line, and where it is liked best if there is a choice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest

from observatory.charts import RunLatency, latency_chart
from observatory.charts.room import Box, roomiest

NOW = datetime(2026, 11, 20, 16, tzinfo=UTC)
SVG = "{http://www.w3.org/2000/svg}"
LOW, MIDDLE, HIGH = Box(10, 0, 50, 14), Box(10, 20, 50, 34), Box(10, 40, 50, 54)


@pytest.mark.parametrize(
    ("lines", "place"),
    [
        ([], 0),
        ([[(0, 60), (100, 60)]], 0),
        ([[(0, 7), (100, 7)]], 1),
        ([[(0, 7), (100, 7)], [(0, 27), (100, 27)]], 2),
        ([[(30, 0), (30, 30)]], 2),
        ([[(0, 0), (60, 60)]], 0),
        ([[(0, 7), (12, 7)], [(0, 27), (100, 27)], [(0, 47), (100, 47)]], 0),
        ([[(30, 7)]], 1),
        ([[]], 0),
    ],
    ids=[
        "no line",
        "a line above all",
        "a line through the first",
        "lines through two",
        "a line that falls straight",
        "a line through all",
        "none is free",
        "a line of one point",
        "an empty line",
    ],
)
def test_a_word_stands_where_the_fewest_lines_are(lines: list[list[tuple[float, float]]], place: int) -> None:
    assert roomiest([LOW, MIDDLE, HIGH], lines) == place


def texts(points: list[RunLatency]) -> dict[str, tuple[float, float]]:
    """The words in a chart with where they stand."""
    root = ET.fromstring(latency_chart(points))  # noqa: S314 -- it was drawn right here
    return {each.text or "": (float(each.get("x", "0")), float(each.get("y", "0"))) for each in root.iter(f"{SVG}text")}


def test_a_word_stands_above_where_a_line_falls_below() -> None:
    slower = [RunLatency(NOW + timedelta(hours=at), 0.3, 0.4, "regressed") for at in range(3)]
    steep = [RunLatency(NOW + timedelta(hours=3 + at), 0.05, 0.07) for at in range(8)]
    steady = [RunLatency(NOW - timedelta(hours=at), 0.29, 0.39) for at in range(1, 9)]
    below, above = texts([*steady, *slower]), texts([*slower, *steep])
    assert below["slower"][1] > below["P50"][1]
    assert above["slower"][1] < above["P95"][1]
