"""Charts as static SVG, for log.html, the health page and loads: no script, no style sheet, nothing from a network.

Neither this nor the library that draws is loaded by a test run that has nothing to draw.
"""

from observatory.charts.latency import latency_chart
from observatory.charts.seconds import Course, LimitLine, Look, seconds_chart
from observatory.charts.timeline import day_strip
from observatory.charts.values import BaselineBand, DayMark, RunLatency

__all__ = [
    "BaselineBand",
    "Course",
    "DayMark",
    "LimitLine",
    "Look",
    "RunLatency",
    "day_strip",
    "latency_chart",
    "seconds_chart",
]
