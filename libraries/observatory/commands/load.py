"""The command `observatory load`: a load is run, judged, and remembered beside those before it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from observatory.commands.reached import database, with_database
from observatory.errors import HistoryError, ObservatoryError
from observatory.load.choices import CHOICES

if TYPE_CHECKING:
    from observatory.load import LoadReport, Outcome

_COLOURS: Final = {"passed": "green", "failed": "red", "unsure": "yellow"}
_EXIT_CODES: Final = {"passed": 0, "failed": 1, "unsure": 3}
_LOCUSTS_OWN: Final = {"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": ["-h", "--help"]}

_Command = TypeVar("_Command", bound=Callable[..., Any])


@click.group()
def load() -> None:
    """Run loads, judge them, and list those that were."""


def _with_choices(command: _Command) -> _Command:
    """Give a command every option of a load."""
    for choice in reversed(CHOICES):
        shown = f"{choice.help} [default: {choice.default}]" if choice.default else choice.help
        if choice.default is False:
            command = click.option(choice.name, is_flag=True, help=shown)(command)
        else:
            command = click.option(choice.name, type=click.Choice(choice.among) if choice.among else str, help=shown)(
                command
            )
    return command


@load.command(name="run", context_settings=_LOCUSTS_OWN)
@click.option("--profile", default="quick", show_default=True, help="quick, light, medium or heavy.")
@_with_choices
@click.option("--users", type=click.IntRange(1), help="The most users at once; else the profile's.")
@click.option("--run-time", help="How long, such as 90s or 5m; else as long as the profile says.")
@click.option("--processes", type=click.IntRange(1, 64), help="Processes that make the load.")
@click.option("--web", is_flag=True, help="Show it on Locust's own page too, at http://127.0.0.1:8089.")
@click.argument("locust_options", nargs=-1, type=click.UNPROCESSED)
def run_command(locust_options: tuple[str, ...], *, web: bool, **chosen: str | int | bool | None) -> None:
    """Run a load to its end, and give the verdict.

    Other options are passed on to Locust, whose own are listed by `locust --help`. The exit code is 0 when the load
    passed, 1 when it failed, 2 when it was not started, and 3 when it proved nothing.
    """
    from observatory.load.running import run_load

    if not chosen["profile"]:
        raise click.UsageError("--profile is empty; say quick, light, medium or heavy.")
    # Whoever ends this ends the load, whose report is waited for: a signal is taken as a Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        code = run_load([*_as_options(chosen), *locust_options], os.environ, web=web)
    except ObservatoryError as error:
        raise click.ClickException(str(error)) from error
    raise click.exceptions.Exit(code)


def _as_options(chosen: Mapping[str, str | int | bool | None]) -> Iterator[str]:
    """What was chosen, as Locust's command line takes it."""
    for name, value in chosen.items():
        if value is True:
            yield f"--{name.replace('_', '-')}"
        elif value is not None and value is not False:
            yield f"--{name.replace('_', '-')}={value}"


@load.command(name="finish", hidden=True)
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--into", type=click.Path(file_okay=False, path_type=Path), help="Where everything goes in the end.")
def finish_command(folder: Path, into: Path | None) -> None:
    """Judge the load whose report.json is in FOLDER, remember it, and write its page; Locust's master calls this."""
    from observatory.load import judged, read_report, write_report
    from observatory.load_page import load_page
    from observatory.session import Memory, new_run
    from observatory.settings import load_settings

    problems: list[str] = []
    page = (into or folder).absolute() / "report.html"
    try:
        report = read_report(folder)
        settings = load_settings()
        run = new_run(settings, "load", str(page))
        memory = Memory.open(settings, report.id, problems.append)
    except ObservatoryError as error:
        raise click.ClickException(str(error)) from error
    try:
        verdict = judged(report)
        report = replace(report, verdict=verdict)
        memory.history.load.remember(report, run)
        try:
            report = replace(report, past=tuple(memory.history.load.past(report, run)))
        except HistoryError as error:
            if not problems:  # the history has told already, in its own words
                problems.append(str(error))
        write_report(report, folder)
        has_page = (folder / "locust.html").is_file()
        text = load_page(report, memory.masker, has_locust_page=has_page)
        (folder / page.name).write_text(text, encoding="utf-8")
        if into is not None:
            for file in folder.iterdir():
                file.replace(into / file.name)
            folder.rmdir()
    except OSError as error:
        problems.append(f"The report could not be written whole: {error}.")
    finally:
        memory.close()
    for line in _told(report, verdict.outcome, page):
        click.echo(memory.masker.mask_text(line))
    for problem in dict.fromkeys(problems):
        click.secho(problem, fg="yellow", err=True)
    raise click.exceptions.Exit(_EXIT_CODES[verdict.outcome])


@load.command(name="list")
@click.option("--target", help="Only loads on this target, such as live.")
@click.option("--most", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many, the latest first.")
@with_database
def list_command(target: str | None, most: int, database_url: str | None) -> None:
    """List the loads that the history knows, the latest first."""
    from observatory.commands.load_table import print_loads
    from observatory.history.load_queries import loads

    with database(database_url) as reached, reached.transaction() as connection:
        found = loads(connection, target, most)
    if found:
        print_loads(found)
    else:
        click.echo(f"No load{f' on {target}' if target else ''} was ever run: inv load --profile quick runs one.")


def _told(report: LoadReport, outcome: Outcome, page: Path) -> Iterator[str]:
    """The verdict for a terminal, in a few lines."""
    from observatory.load.sentences import in_numbers
    from observatory.load.words import compared, ended, headline, planned, reasons

    yield ""
    yield click.style(headline(report), fg=_COLOURS[outcome], bold=True)
    yield from (f"  {reason}" for reason in reasons(report))
    yield ""
    yield f"  {planned(report)}"
    yield f"  {ended(report)}"
    yield f"  {in_numbers(report.total)}"
    yield from (f"  {sentence}" for sentence in (*report.notes, *compared(report)))
    yield ""
    yield f"  {page.as_uri()}"
