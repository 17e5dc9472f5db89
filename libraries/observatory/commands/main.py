"""The command `observatory`: what is done with the history outside a test run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from observatory.commands.baselines import baselines
from observatory.commands.drift import drift
from observatory.commands.flaky import failures, flaky
from observatory.commands.health import health
from observatory.commands.latency import latency
from observatory.commands.launch import launch
from observatory.commands.load import load
from observatory.commands.reached import database, with_database
from observatory.commands.relay import relay
from observatory.words import count

if TYPE_CHECKING:
    from observatory.history.backfill import Backfill

_SHORTEST_DIGEST = 6


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Look after the history that the suites write."""


main.add_command(baselines)
main.add_command(drift)
main.add_command(flaky)
main.add_command(failures)
main.add_command(health)
main.add_command(latency)
main.add_command(launch)
main.add_command(load)
main.add_command(relay)


class _Time(click.ParamType[datetime]):
    """A date or a time as people write it; without a zone it is UTC."""

    name = "date"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        try:
            time = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"'{value}' is no date; write it like 2026-08-08 or 2026-08-08T12:30.", param, ctx)
        return time if time.tzinfo else time.replace(tzinfo=UTC)


@main.command(name="backfill")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--at", required=True, type=_Time(), help="When the responses were seen: a date or time, UTC if no zone.")
@with_database
@click.option("--target", default="backfill", show_default=True, help="The target whose history this is, such as live.")
@click.option("--json", "as_json", is_flag=True, help="Print each change of a schema as one line of JSON, and no more.")
def backfill_command(folder: Path, at: datetime, database_url: str | None, target: str, *, as_json: bool) -> None:
    """Read a FOLDER of recorded responses into the history, as one run, and tell what changed since the run before.

    FOLDER has the API's own layout: api/v2/<endpoint>/<id>/index.json. A file that cannot be read is named and
    skipped, and the exit code is 1.
    """
    from observatory.history.backfill import backfill

    def show(done: int, total: int) -> None:
        click.echo(f"\r{done} of {total} files", nl=done == total, err=True)

    if at > datetime.now(UTC):
        click.secho(f"{at:%Y-%m-%d} is still to come; until then, nothing is compared with it.", fg="yellow", err=True)
    with database(database_url) as reached:
        done = backfill(reached, folder, at, target, on_progress=show)
    if done.is_outdated:
        said = "There is newer history of this target; what is older is stored, and compared with nothing."
        click.secho(said, fg="yellow", err=True)
    for file in done.broken:
        click.secho(f"skipped {file.path}: {file.reason}", fg="red", err=True)
    if as_json:
        for known in sorted(done.changes, key=lambda known: (known.change.subject, known.change.path)):
            click.echo(json.dumps(known.change.as_event()))
    else:
        click.echo(f"{done.stored} responses of {at:%Y-%m-%d %H:%M %Z} are in the history of {target}.")
        for line in _told(done):
            click.echo(line)
    if done.broken:
        raise click.exceptions.Exit(1)


@main.command(name="show")
@click.argument("digest")
@with_database
def show_command(digest: str, database_url: str | None) -> None:
    """Print a stored body, whole and indented. DIGEST is the beginning of its SHA-256, as log.html shows it."""
    from observatory.history.queries import bodies

    if len(digest) < _SHORTEST_DIGEST or set(digest.lower()) - set("0123456789abcdef"):
        raise click.ClickException(
            f"'{digest}' is no beginning of a SHA-256: give {_SHORTEST_DIGEST} or more of 0-9 and a-f."
        )
    with database(database_url) as reached, reached.transaction() as connection:
        found = bodies(connection, digest)
    if len(found) != 1:
        raise click.ClickException(f"{len(found) or 'No'} stored bodies begin with {digest}.")
    click.echo(json.dumps(json.loads(found[0]), indent=2, ensure_ascii=False))


def _told(done: Backfill) -> Iterator[str]:
    """What changed, a line each: the schema, then the data."""
    from observatory.data_drift import sentence

    for known in done.changes:
        mark = "breaking: " if known.change.breaking else ""
        yield f"{mark}{known.change.sentence()}, in {count(known.change.count, 'resource')}"
    for group in done.data.groups:
        yield sentence(group, done.data.seen.get(group.endpoint, 0))
