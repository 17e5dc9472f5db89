"""Schema drift: what an API's bodies look like is learned, and what changes in it is told, without false alarms.

A body has a shape; the shapes that a run sees are an observation; an observation held against what was known gives
the changes, and what is known next. Nothing here knows of the database, nor of how anything is shown.
"""

from observatory.schema_drift.changes import SchemaChange, sided
from observatory.schema_drift.judgement import changes_of, known_after
from observatory.schema_drift.kinds import ChangeKind
from observatory.schema_drift.model import Model
from observatory.schema_drift.observation import Observation
from observatory.schema_drift.pruning import prune
from observatory.schema_drift.reversal import shows, take_back
from observatory.schema_drift.shapes import shape_of

__all__ = [
    "ChangeKind",
    "Model",
    "Observation",
    "SchemaChange",
    "changes_of",
    "known_after",
    "prune",
    "shape_of",
    "shows",
    "sided",
    "take_back",
]
