"""Latency: is an endpoint slower than it was, by more than noise would make it?"""

from observatory.latency.baseline import FEWEST_RUNS, WINDOW, Baseline, KnownRun
from observatory.latency.course import Course, Past, Said
from observatory.latency.evidence import Evidence
from observatory.latency.reference import Reference
from observatory.latency.times import Percentiles, Times, percentiles
from observatory.latency.verdict import Judgement, Verdict, Way

__all__ = [
    "FEWEST_RUNS",
    "WINDOW",
    "Baseline",
    "Course",
    "Evidence",
    "Judgement",
    "KnownRun",
    "Past",
    "Percentiles",
    "Reference",
    "Said",
    "Times",
    "Verdict",
    "Way",
    "percentiles",
]
