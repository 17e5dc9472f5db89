"""Reading a folder of recorded responses into the history, as one run at one date."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from observatory.errors import ObservatoryError
from observatory.history.database import Database
from observatory.history.drift_queries import RunDataChanges, data_changes, known_changes
from observatory.history.drift_store import OUTDATED
from observatory.history.entries import Body, ResponseEntry, RunEntry
from observatory.history.known_changes import KnownChange
from observatory.history.queries import seen_after
from observatory.history.store import store
from observatory.json_values import check, parsed
from observatory.revision import deploy_time

_FILE = "index.json"
_BATCH = 100  # files in one transaction


class BackfillError(ObservatoryError):
    """A folder cannot be read as a recording."""


@dataclass(frozen=True, slots=True)
class BrokenFile:
    """A file that is no JSON, or cannot be read, and why."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class Backfill:
    """What a backfill did: its run, how many responses it stored, the files it had to skip, and what had changed.

    `is_outdated`: the target was seen later already, so that this run is too old to be compared.
    """

    run: RunEntry
    stored: int
    broken: tuple[BrokenFile, ...]
    changes: tuple[KnownChange, ...]
    data: RunDataChanges
    is_outdated: bool


def backfill(
    database: Database,
    folder: Path,
    at: datetime,
    target: str,
    *,
    on_progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Backfill:
    """Store every `api/v2/<endpoint>/<id>/index.json` below `folder` as it was seen at `at` (an aware time).

    The same folder at the same time for the same target is the same run, so that doing it twice changes nothing.
    Broken files are skipped and named. `on_progress` is told how many files are done, of how many.

    Raises:
        BackfillError: the folder holds no recording; or all of it is stored, but what changed cannot be told.
        HistoryError: the database cannot be reached.
    """
    root = folder / "api" / "v2"
    files = sorted(root.rglob(_FILE))
    if not files:
        raise BackfillError(f"There is no recording in {folder}: no file like api/v2/pokemon/25/{_FILE} below it.")
    run = _run(root, at, target)
    broken: list[BrokenFile] = []
    problems: dict[str, None] = {}
    for start in range(0, len(files), _BATCH):
        responses = []
        for path in files[start : start + _BATCH]:
            try:
                responses.append(_response(path, root, run))
            except (OSError, ValueError) as error:
                broken.append(BrokenFile(path, str(error)))
        with database.transaction() as connection:
            stored = store(connection, [run, *responses])
        if stored.problem:
            problems[stored.problem] = None
        on_progress(min(start + _BATCH, len(files)), len(files))
    if problems:
        raise BackfillError(" ".join(problems))
    with database.transaction() as connection:
        changes = known_changes(connection, run_id=run.id)
        data = data_changes(connection, run.id)
        is_outdated = seen_after(connection, target, at + OUTDATED)
    return Backfill(run, len(files) - len(broken), tuple(broken), tuple(changes), data, is_outdated)


def _run(root: Path, at: datetime, target: str) -> RunEntry:
    revision, deployed_at = _api_revision(root)
    return RunEntry(
        id=uuid.uuid5(uuid.NAMESPACE_URL, f"backfill {target} {at.astimezone(UTC).isoformat()} {root.resolve()}"),
        target=target,
        kind="backfill",
        started_at=at,
        finished_at=at,
        api_revision=revision,
        api_deployed_at=deployed_at,
    )


def _api_revision(root: Path) -> tuple[str | None, datetime | None]:
    """What the recording says of the API's own revision, if it says anything."""
    try:
        meta: Any = parsed((root / "meta" / _FILE).read_bytes())
        return str(meta["hash"]), deploy_time(str(meta["deploy_date"]))
    except (OSError, ValueError, KeyError, TypeError):  # none was recorded, or not one that can be read
        return None, None


def _response(path: Path, root: Path, run: RunEntry) -> ResponseEntry:
    """The entry for one file.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not JSON.
    """
    content = path.read_bytes()
    check(content)
    endpoint, _, resource = path.parent.relative_to(root).as_posix().partition("/")
    digest = hashlib.sha256(content).digest()
    return ResponseEntry(
        run_id=run.id,
        target=run.target,
        endpoint="" if endpoint == "." else endpoint,
        resource=resource,
        body_hash=digest,
        seen_at=run.started_at,
        body=Body(digest, content),
    )
