"""The command `observatory relay`: the service that adds up the numbers of all runs for Prometheus."""

from __future__ import annotations

from pathlib import Path

import click

from observatory.errors import ObservatoryError

_LONGEST_FIRST = 3600.0


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on; 0.0.0.0 is all.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes any free port.")
@click.option(
    "--state",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file that keeps the sums; else relay.sqlite3 in the folder of the history.",
)
@click.option(
    "--first-shown",
    type=click.FloatRange(0, _LONGEST_FIRST),
    help="Seconds of scrapes for which a new counter is shown at 0; two scrape intervals are right. Else 35.",
)
def relay(host: str, port: int, state: Path | None, first_shown: float | None) -> None:
    """Add up the numbers of all runs, and show them to Prometheus on /metrics, until it is stopped.

    Who pushes must send the token in OBSERVATORY_METRICS_TOKEN; when there is none, only this machine may push.
    """
    from observatory.relay.serving import serve
    from observatory.relay.totals import FIRST_SHOWN
    from observatory.settings import load_settings

    try:
        settings = load_settings()
        token = settings.metrics_token.get_secret_value() if settings.metrics_token else None
        serve(
            host,
            port,
            state or settings.home / "relay.sqlite3",
            token,
            first_shown=FIRST_SHOWN if first_shown is None else first_shown,
            ready=lambda address: click.echo(_told(address, has_token=token is not None)),
        )
    except ObservatoryError as error:
        raise click.ClickException(str(error)) from error


def _told(address: str, *, has_token: bool) -> str:
    who = "Who has the token may push" if has_token else "Without OBSERVATORY_METRICS_TOKEN, only this machine may push"
    return f"The relay listens on {address}, and shows its numbers on {address}/metrics. {who}."
