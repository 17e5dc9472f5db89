"""Values that tests of the history are made from."""

from __future__ import annotations

import hashlib
import json
import uuid
from datetime import UTC, datetime
from typing import Any

from observatory.exchange import Attempt, Exchange
from observatory.history import RunEntry
from observatory.history.database import Database
from observatory.history.entries import Body, ResponseEntry, SampleEntry

NOW = datetime(2026, 8, 8, 12, tzinfo=UTC)


def a_run(target: str = "embedded", **values: Any) -> RunEntry:
    return RunEntry(
        **{"id": uuid.uuid4(), "target": target, "kind": "robot", "started_at": NOW, "host": "here", **values}
    )


def an_exchange(endpoint: str = "pokemon", resource: str = "1", body: Any = None, **values: Any) -> Exchange:
    content = json.dumps({"id": 1, "name": "bulbasaur"} if body is None else body).encode()
    base = {
        "endpoint": endpoint,
        "resource": resource,
        "url": f"http://api/api/v2/{endpoint}/{resource}/",
        "started_at": NOW,
        "elapsed": 0.05,
        "attempts": (Attempt(1, 200, 0.05),),
        "status": 200,
        "body": content,
    }
    return Exchange(**{**base, **values})


def a_response(run: RunEntry, content: bytes = b'{"id":1}', **values: Any) -> ResponseEntry:
    digest = hashlib.sha256(content).digest()
    base = {
        "run_id": run.id,
        "target": run.target,
        "endpoint": "pokemon",
        "resource": "1",
        "body_hash": digest,
        "seen_at": NOW,
        "body": Body(digest, content),
    }
    return ResponseEntry(**{**base, **values})


def a_sample(run: RunEntry, **values: Any) -> SampleEntry:
    base = {
        "id": uuid.uuid4(),
        "run_id": run.id,
        "endpoint": "pokemon",
        "resource": "1",
        "started_at": NOW,
        "elapsed": 0.05,
        "attempts": 1,
        "status": 200,
    }
    return SampleEntry(**{**base, **values})


def rows(database: Database, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """What a query gives."""
    with database.transaction() as connection, connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()
