"""The commands `observatory baselines`: how fast endpoints usually are is listed, and a change of it accepted."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from observatory.commands.person import login, said
from observatory.commands.reached import database, with_database
from observatory.words import listed

if TYPE_CHECKING:
    from observatory.history.latency_queries import HeldBaseline


@click.group()
def baselines() -> None:
    """Look at how fast endpoints usually are, and accept that one is slower now.

    A baseline is learnt from the runs before, for each target, host, shard and kind of run by itself.
    """


@baselines.command(name="list")
@click.option("--target", help="Only baselines of this target, such as live.")
@click.option("--endpoint", help="Only baselines of this endpoint, such as pokemon.")
@click.option("--json", "as_json", is_flag=True, help="Print each baseline as one line of JSON.")
@with_database
def list_command(target: str | None, endpoint: str | None, database_url: str | None, *, as_json: bool) -> None:
    """List the baselines that hold, with what was said of each endpoint last."""
    from observatory.history.health_queries import watched_targets
    from observatory.history.latency_queries import held_baselines
    from observatory.history.latency_store import judge_all
    from observatory.settings import load_settings

    with database(database_url) as reached:
        judge_all(reached, datetime.now(UTC), load_settings().latency_window)
        with reached.transaction() as connection:
            found = held_baselines(connection, target=target, endpoint=endpoint)
    if as_json:
        for held in found:
            click.echo(json.dumps(_as_json(held)))
    elif found:
        from observatory.commands.baselines_table import print_baselines

        print_baselines(found)
    else:
        with database(database_url) as reached, reached.transaction() as connection:
            known = [each.name for each in watched_targets(connection)]
        if target is not None and target not in known:
            there = listed(known) or "none"
            raise click.ClickException(f"There is no target '{target}' in the history; there are: {there}.")
        whose = f"{f' of {endpoint}' if endpoint else ''}{f' on {target}' if target else ''}"
        click.echo(f"No latency baseline{whose} holds yet: it takes ten runs to learn one.")


@baselines.command(name="accept")
@click.argument("endpoint")
@click.option("--target", help="The target, such as live, where there are several.")
@click.option("--host", help="The machine that was measured on, where there are several.")
@click.option("--kind", help="The kind of run, robot or pabot, where there are both.")
@click.option("--reason", required=True, help="Why the change is fine; it is kept with the baseline.")
@click.option("--name", help="Who accepts it; else the name you are logged in with.")
@click.option("--anyway", is_flag=True, help="Begin anew from the last run, even if no change is proved.")
@with_database
def accept_command(
    endpoint: str,
    target: str | None,
    host: str | None,
    kind: str | None,
    reason: str,
    name: str | None,
    database_url: str | None,
    *,
    anyway: bool,
) -> None:
    """Take how fast ENDPOINT is now for usual, from the run on in which it changed."""
    from observatory.history.latency_queries import held_baselines
    from observatory.history.latency_series import Acceptance
    from observatory.history.latency_store import accept_finished, judge_all
    from observatory.settings import load_settings

    by, why = said("--name", name if name is not None else login()), said("--reason", reason)
    with database(database_url) as reached:
        judge_all(reached, datetime.now(UTC), load_settings().latency_window)
        with reached.transaction() as connection:
            found = held_baselines(connection, target=target, endpoint=endpoint, host=host, kind=kind)
            if len(found) != 1:
                raise click.ClickException(_refusal(endpoint, found, held_baselines(connection)))
            if found[0].last_run_id is None:
                raise click.ClickException(f"No run of {endpoint} was judged yet, so there is nothing to accept.")
            acceptance = Acceptance(by, why, anyway)
            accepted = accept_finished(connection, found[0].last_run_id, endpoint, acceptance)
    if accepted is None:
        raise click.ClickException(
            f"No change of the latency of {endpoint} is proved, so there is nothing to accept; --anyway begins anew."
        )
    click.secho(f"Version {accepted.number} of the baseline of {endpoint} holds from now on.", fg="green")


def _refusal(endpoint: str, found: list[HeldBaseline], known: list[HeldBaseline]) -> str:
    if found:
        places = listed(
            f"{held.target} on {held.host}{held.shard and f' (shard {held.shard})'} by {held.kind}" for held in found
        )
        return f"{endpoint} has several baselines: {places}. Say which with --target, --host and --kind."
    names = listed(dict.fromkeys(held.endpoint for held in known)) or "none"
    return f"There is no latency baseline of '{endpoint}' there; the endpoints that have one: {names}."


def _as_json(held: HeldBaseline) -> dict[str, Any]:
    """A baseline as one line of JSON has it: percentiles in seconds, effect as a fraction, times in ISO 8601."""
    names = ("target", "endpoint", "host", "shard", "kind", "number", "p50", "p95", "p99", "samples", "runs")
    return {
        **{name: getattr(held, name) for name in names},
        "valid_from": held.valid_from.isoformat(),
        "accepted_by": held.accepted_by,
        "reason": held.reason,
        "verdict": held.verdict,
        "effect": held.effect,
    }
