"""The commands `observatory drift`: what changed in the schemas is listed, shown and accepted."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from observatory.commands.person import login, said
from observatory.commands.reached import database, with_database
from observatory.time_spans import time_since
from observatory.words import listed

if TYPE_CHECKING:
    from observatory.history.known_changes import KnownChange

_ALL = "all"
_LARGEST_ID = 2**63 - 1  # what PostgreSQL keeps as an id
_ID = click.IntRange(1, _LARGEST_ID)


class _Since(click.ParamType[datetime]):
    """A time span back from now, or a date or time, UTC if no zone."""

    name = "since"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        try:
            return time_since(str(value), datetime.now(UTC))
        except ValueError as error:
            self.fail(str(error), param, ctx)


@click.group()
def drift() -> None:
    """Look at what changed in the API's schemas, and accept it.

    A change is open until you accept it, or until the API takes it back.
    """


@drift.command(name="list")
@click.option("--target", help="Only changes of this target, such as live.")
@click.option("--endpoint", help="Only changes of this endpoint, such as pokemon.")
@click.option("--since", type=_Since(), help="Only changes found since then: a date, or a time span such as '7 days'.")
@click.option(
    "--state",
    type=click.Choice(["open", "accepted", "reverted", _ALL]),
    default="open",
    show_default=True,
    help="Only changes in this state.",
)
@click.option("--json", "as_json", is_flag=True, help="Print each change as one line of JSON.")
@click.option("--fail", is_flag=True, help="End with exit code 1 when any change is listed.")
@click.option("--fail-on-breaking", is_flag=True, help="End with exit code 1 when a breaking change is listed.")
@with_database
def list_command(
    target: str | None,
    endpoint: str | None,
    since: datetime | None,
    state: str,
    database_url: str | None,
    *,
    as_json: bool,
    fail: bool,
    fail_on_breaking: bool,
) -> None:
    """List the changes of the schemas, the newest first."""
    from observatory.history.drift_queries import known_changes, known_endpoints, known_targets
    from observatory.history.known_changes import ChangeState

    states = () if state == _ALL else (ChangeState(state),)
    with database(database_url) as reached, reached.transaction() as connection:
        changes = known_changes(connection, target=target, endpoint=endpoint, since=since, states=states)
        if not changes:
            _check_known("target", target, known_targets(connection))
            _check_known("endpoint", endpoint, known_endpoints(connection, target))
    if as_json:
        for known in changes:
            click.echo(json.dumps(as_json_values(known)))
    else:
        from observatory.commands.drift_table import none_found, print_changes

        if changes:
            print_changes(changes)
        else:
            click.echo(none_found(state=state, target=target, endpoint=endpoint, since=since))
    if (fail and changes) or (fail_on_breaking and any(known.change.breaking for known in changes)):
        raise click.exceptions.Exit(1)


@drift.command(name="show")
@click.argument("change_id", metavar="ID", type=_ID)
@click.option("--json", "as_json", is_flag=True, help="Print the change as one line of JSON.")
@with_database
def show_command(change_id: int, database_url: str | None, *, as_json: bool) -> None:
    """Show all that is known of the change ID, with all resources that show it."""
    from observatory.history.drift_queries import known_changes

    with database(database_url) as reached, reached.transaction() as connection:
        found = known_changes(connection, ids=[change_id])
    if not found:
        raise click.ClickException(f"There is no change {change_id}; see `observatory drift list --state all`.")
    if as_json:
        click.echo(json.dumps(as_json_values(found[0])))
    else:
        from observatory.commands.drift_table import print_change

        print_change(found[0])


@drift.command(name="accept")
@click.argument("change_ids", metavar="[ID]...", type=_ID, nargs=-1)
@click.option("--all", "accept_all", is_flag=True, help="Accept all open changes, or all of an endpoint or target.")
@click.option("--endpoint", help="With --all: only the changes of this endpoint, such as pokemon.")
@click.option("--target", help="With --all: only the changes of this target, such as live.")
@click.option("--reason", required=True, help="Why the change is fine; it is kept with the change.")
@click.option("--name", help="Who accepts it; else the name you are logged in with.")
@with_database
def accept_command(
    change_ids: tuple[int, ...],
    endpoint: str | None,
    target: str | None,
    reason: str,
    name: str | None,
    database_url: str | None,
    *,
    accept_all: bool,
) -> None:
    """Accept changes: they are as they should be, and are not told of any more. All of them, or none at all."""
    from observatory.commands.drift_table import print_accepted
    from observatory.history.drift_queries import accept_changes, known_changes
    from observatory.history.known_changes import ChangeState

    if bool(change_ids) == accept_all:  # both, or neither
        raise click.UsageError("Say which changes: give their ids, or --all.")
    if change_ids and (endpoint or target):
        raise click.UsageError("--endpoint and --target go with --all; with ids they say nothing more.")
    by, why = said("--name", name if name is not None else login()), said("--reason", reason)
    with database(database_url) as reached, reached.transaction() as connection:
        ids: Collection[int] = change_ids
        if accept_all:
            waiting = known_changes(connection, endpoint=endpoint, target=target, states=(ChangeState.OPEN,))
            ids = [known.id for known in waiting]
        accepted = accept_changes(connection, ids, by, why, datetime.now(UTC)) if ids else []
        missing = set(change_ids) - {known.id for known in accepted}
        if missing:
            # Raised within the transaction, so that those which were open stay so.
            raise click.ClickException(refusal(sorted(missing), known_changes(connection, ids=missing)))
    print_accepted(accepted, by)


def as_json_values(known: KnownChange) -> dict[str, Any]:
    """A change as one line of JSON has it: the event, and what the history knows of it; times in ISO 8601."""
    return {
        "id": known.id,
        "target": known.target,
        **known.change.as_event(),
        "state": known.state.value,
        "found_at": known.found_at.astimezone(UTC).isoformat(),
        "api_revision": known.api_revision,
        "revision_before": known.revision_before,
        "closed_at": known.closed_at.astimezone(UTC).isoformat() if known.closed_at else None,
        "closed_by": known.closed_by,
        "reason": known.reason,
    }


def refusal(ids: Sequence[int], found: Sequence[KnownChange]) -> str:
    """Why these changes cannot be accepted, in one sentence: each is unknown, or closed already."""
    from observatory.drift_words import closed_words

    by_id = {known.id: known for known in found}
    problems = [
        f"change {number} {closed_words(by_id[number])}" if number in by_id else f"there is no change {number}"
        for number in ids
    ]
    return f"Nothing was accepted: {', and '.join(problems)}."


def _check_known(what: str, name: str | None, known: Sequence[str]) -> None:
    """Refuse a name of which nothing is known: that nothing of it changed would say nothing."""
    if name is not None and name not in known:
        raise click.ClickException(f"There is no {what} '{name}' in the history; there are: {listed(known) or 'none'}.")
