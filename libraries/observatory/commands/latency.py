"""The command `observatory latency`: measurements from outside, judged as our own are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from observatory.errors import ObservatoryError

if TYPE_CHECKING:
    from observatory.latency import Judgement, Said, Times

_MODES = ("statistical", "threshold")
_DIGITS = 6  # behind the point: microseconds


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON for each run and endpoint.")
@click.option(
    "--mode", type=click.Choice(_MODES), default="statistical", show_default=True, help="The rule to judge by."
)
@click.option(
    "--days", type=click.IntRange(1, 90), default=7, show_default=True, help="Days of runs that make a baseline."
)
@click.option("--fail", is_flag=True, help="End with exit code 1 when an endpoint is regressed in its last run.")
def latency(file: Path, mode: str, days: int, *, as_json: bool, fail: bool) -> None:
    """Judge the latencies in a CSV FILE, run after run, as those of the suites are judged.

    FILE has a line for each request, with the columns run, at, endpoint, resource and elapsed_seconds; - reads standard
    input. Of each run and endpoint it is said whether it is learning, steady, regressed or improved, and how much
    slower it is than its baseline.
    """
    from observatory.latency.measurements import runs_of
    from observatory.latency.series import Series
    from observatory.latency.threshold import judge_by_threshold

    try:
        with click.open_file(str(file), encoding="utf-8-sig") as lines:
            runs = runs_of(lines, "standard input" if str(file) == "-" else str(file))
    except ObservatoryError as error:
        raise click.ClickException(str(error)) from error
    series = Series(timedelta(days=days))
    last: dict[str, tuple[Times, Said]] = {}
    lines_told = 0
    for run in runs:
        for endpoint, said in series.judge(run).items():
            if mode == "threshold":
                said = said._replace(judgement=judge_by_threshold(run[endpoint], said.baseline))  # noqa: PLW2901
            if as_json:
                click.echo(json.dumps(_event(run[endpoint], said.judgement)))
            elif _is_turn(last, endpoint, said.judgement):
                lines_told += 1
                _tell(run[endpoint], said)
            last[endpoint] = run[endpoint], said
    if not as_json:
        _sum_up(last, after_turns=lines_told > 0)
    if fail and any(said.judgement.verdict == "regressed" for _, said in last.values()):
        raise click.exceptions.Exit(1)


def _event(times: Times, judgement: Judgement) -> Mapping[str, Any]:
    """What is said of a run and endpoint: effect as a fraction, percentiles in seconds."""
    values = {
        "effect": judgement.effect,
        "low": judgement.low,
        "high": judgement.high,
        **times.percentiles._asdict(),
    }
    rounded = {name: None if value is None else round(value, _DIGITS) for name, value in values.items()}
    return {"run": times.run, "endpoint": times.endpoint, "verdict": judgement.verdict.value, **rounded}


def _is_turn(last: Mapping[str, tuple[Times, Said]], endpoint: str, judgement: Judgement) -> bool:
    """Whether something else is said of an endpoint than of its run before, other than that it is learnt by now."""
    before = last[endpoint][1].judgement.verdict.value if endpoint in last else "learning"
    now = judgement.verdict.value
    return now != before and (before, now) != ("learning", "steady")


def _tell(times: Times, said: Said) -> None:
    from observatory.latency.sentences import sentence

    colours = {"regressed": "red", "improved": "green", "steady": "green"}
    verdict = said.judgement.verdict.value
    click.secho(f"run {times.run}, {times.at:%Y-%m-%d %H:%M} UTC: {verdict}", fg=colours.get(verdict), bold=True)
    click.echo(f"  {sentence(times.endpoint, said, times.percentiles)}")


def _sum_up(last: Mapping[str, tuple[Times, Said]], *, after_turns: bool) -> None:
    from observatory.latency.sentences import sentence

    if after_turns:
        click.echo()
    click.secho("In the last run of each endpoint:", bold=True)
    for endpoint, (times, said) in last.items():
        click.echo(f"  {said.judgement.verdict.value:<9}  {sentence(endpoint, said, times.percentiles)}")
