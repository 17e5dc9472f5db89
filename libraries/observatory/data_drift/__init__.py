"""Data drift: what changed in a resource's data between two answers, exact to the leaf, and told in a sentence.

`differences` compares two parsed bodies, `grouped` gathers what many resources have in common, `merged` joins
what several processes found, and `sentence` says it.
"""

from observatory.data_drift.changes import DataChange, DataChangeKind
from observatory.data_drift.groups import DataChangeGroup, from_json, grouped, merged, to_json
from observatory.data_drift.ignoring import Ignoring, IgnoringSyntaxError
from observatory.data_drift.keyed_diff import differences
from observatory.data_drift.sentences import sentence

__all__ = [
    "DataChange",
    "DataChangeGroup",
    "DataChangeKind",
    "Ignoring",
    "IgnoringSyntaxError",
    "differences",
    "from_json",
    "grouped",
    "merged",
    "sentence",
    "to_json",
]
