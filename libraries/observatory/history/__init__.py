"""The history: everything that was seen, in PostgreSQL, written behind the tests and never lost.

`History` is what a session holds; entries go through a journal on disk to a background writer.
"""

from observatory.history.database import Database
from observatory.history.entries import RunEntry, TestAttemptEntry, is_good_answer, stored_resource
from observatory.history.history import History
from observatory.history.queries import State

__all__ = ["Database", "History", "RunEntry", "State", "TestAttemptEntry", "is_good_answer", "stored_resource"]
