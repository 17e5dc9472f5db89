"""What is asked of the history: which bodies it knows, and the states a resource was seen in."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from psycopg2.extensions import connection as Connection  # noqa: N812 -- psycopg2 names its class in lower case


@dataclass(frozen=True, slots=True)
class State:
    """One body a resource was seen with: from `first_seen_at` to `last_seen_at`, aware times."""

    body_hash: bytes
    size: int
    first_seen_at: datetime
    last_seen_at: datetime


def known_bodies(connection: Connection) -> dict[bytes, str | None]:
    """The hash of every stored body, with the fingerprint of the models that accepted it, if any did."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT hash, accepted_by FROM bodies")
        return {bytes(row[0]): row[1] for row in cursor.fetchall()}


def latest_bodies(connection: Connection, targets: Collection[str]) -> dict[tuple[str, str, str], bytes]:
    """The hash of the body that each resource of these targets was last seen with, by target, endpoint and resource."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT ON (response.target_id, endpoint, resource) target.name, endpoint, resource, body_hash "
            "FROM api_responses AS response JOIN targets AS target ON target.id = response.target_id "
            "WHERE target.name = ANY(%s) ORDER BY response.target_id, endpoint, resource, last_seen_at DESC",
            (list(targets),),
        )
        return {(row[0], row[1], row[2]): bytes(row[3]) for row in cursor.fetchall()}


def seen_after(connection: Connection, target: str, time: datetime) -> bool:
    """Whether anything of a target was seen after an aware time."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM schema_versions JOIN targets ON targets.id = target_id "
            "WHERE name = %s AND seen_at > %s)",
            (target, time),
        )
        return cursor.fetchone() == (True,)


def has_open_changes(connection: Connection) -> bool:
    """Whether any change of a schema waits to be accepted."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM schema_changes WHERE state = 'open')")
        return cursor.fetchone() == (True,)


def states(connection: Connection, target: str, endpoint: str, resource: str) -> list[State]:
    """The states a resource was seen in, the latest first; empty when it was never seen."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT body.hash, body.size, response.first_seen_at, response.last_seen_at "
            "FROM api_responses AS response "
            "JOIN bodies AS body ON body.hash = response.body_hash "
            "JOIN targets AS target ON target.id = response.target_id "
            "WHERE target.name = %s AND response.endpoint = %s AND response.resource = %s "
            "ORDER BY response.last_seen_at DESC, response.id DESC",
            (target, endpoint, resource),
        )
        return [State(bytes(row[0]), row[1], row[2], row[3]) for row in cursor.fetchall()]


def bodies(connection: Connection, hash_prefix: str) -> list[bytes]:
    """The stored bodies whose hash begins with these hexadecimal digits, byte for byte as they came."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT content FROM bodies WHERE encode(hash, 'hex') LIKE %s", (f"{hash_prefix.lower()}%",))
        return [str(row[0]).encode("utf-8") for row in cursor.fetchall()]
