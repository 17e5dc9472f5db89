"""The command `observatory health`: the health page is made of what the history knows."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from observatory.commands.reached import database, with_database

_MOST_DAYS = 3650


@click.command()
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write; else health.html in the folder of results.",
)
@click.option("--target", help="Only this target, such as live; else all, the one first whose suites ran last.")
@click.option(
    "--days", type=click.IntRange(1, _MOST_DAYS), default=90, show_default=True, help="How many days to look back."
)
@with_database
def health(output: Path | None, target: str | None, days: int, database_url: str | None) -> None:
    """Write the health page: is the API well, what got slower, what changed, which tests are flaky.

    It is one file that needs no server and no network.
    """
    from observatory.flakiness.quarantine import QUARANTINE_FILE, read_quarantine, written_list
    from observatory.health.writing import write_health
    from observatory.logs.masking import Masker
    from observatory.settings import load_settings

    with database(database_url) as reached:
        settings = load_settings(database_url=database_url)
        file = (output or settings.results / "health.html").absolute()
        now, masker = datetime.now(UTC), Masker(settings.secrets())
        # What is wrong with the list is told by each run, and by `observatory flaky`.
        entries, _ = written_list(QUARANTINE_FILE)
        quarantine = read_quarantine(entries, now.date())
        window = settings.latency_window
        write_health(reached, file, masker, now, days=days, target=target, quarantine=quarantine, window=window)
    click.echo(f"The health page is written:\n  {file.as_uri()}")
