"""Load: what is measured while many users ask at once, and how it is judged; who makes it is not known here."""

from observatory.load.measurements import BUCKETS, Counting, Measurements, Trouble
from observatory.load.report import (
    Ending,
    Generator,
    Limits,
    LoadModel,
    LoadPlan,
    LoadReport,
    Outcome,
    Verdict,
    read_report,
    write_report,
)
from observatory.load.summary import summary
from observatory.load.verdict import judged

__all__ = [
    "BUCKETS",
    "Counting",
    "Ending",
    "Generator",
    "Limits",
    "LoadModel",
    "LoadPlan",
    "LoadReport",
    "Measurements",
    "Outcome",
    "Trouble",
    "Verdict",
    "judged",
    "read_report",
    "summary",
    "write_report",
]
