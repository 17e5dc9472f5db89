"""The command `observatory launch`: a run of the suites, published to ReportPortal while it goes on."""

from __future__ import annotations

import click

from observatory.errors import ObservatoryError


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def launch(command: tuple[str, ...]) -> None:
    """Run robot or pabot, and publish the run to ReportPortal.

    COMMAND is what you would type without it: observatory launch robot --include smoke suites/. Where no ReportPortal
    is set, or none answers in a second, the run goes on without; the exit code is the run's own in any case.
    """
    from observatory.launch.live import run_published

    try:
        code = run_published(command, lambda sentence: click.echo(sentence, err=True))
    except ObservatoryError as error:
        raise click.ClickException(str(error)) from error
    raise click.exceptions.Exit(code if code >= 0 else 128 - code)
