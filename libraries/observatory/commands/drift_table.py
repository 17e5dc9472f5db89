"""Changes of schemas in a terminal: a coloured table, one line for each change where that fits or where it is piped."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from io import TextIOWrapper

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from observatory.drift_words import WHAT, closed_words, in_ranges, revision_line, utc, whose
from observatory.history.known_changes import ChangeState, KnownChange
from observatory.schema_drift import ChangeKind, SchemaChange, sided
from observatory.words import count, one_line

_NOTHING = "nothing"
_LONGEST = 10_000  # characters of a name, a word or a reason
_PIPED_WIDTH = 100_000  # characters, more than any line has: nothing is cut or folded that a program reads


def a_console() -> Console:
    """The terminal, or what the output is piped into; what we print is never taken for rich's own markup."""
    if isinstance(sys.stdout, TextIOWrapper):
        # Where the output's encoding has no arrow, a table with an escape in it is better than none.
        sys.stdout.reconfigure(errors="backslashreplace")
    console = Console(markup=False, emoji=False, highlight=False)
    if not console.is_terminal:
        console.width = _PIPED_WIDTH
    return console


def print_changes(changes: Sequence[KnownChange], console: Console | None = None) -> None:
    """Print the changes as a table, at most as wide as the terminal."""
    console = console or a_console()
    table = _flat(changes)
    if not console.is_terminal:
        _print_lines(table, console)
        return
    needed = Measurement.get(console, console.options.update(width=_PIPED_WIDTH), table).maximum
    console.print(_heading(changes), "\n")
    console.print(table if needed <= console.width else _stacked(changes))
    still_open = [known.id for known in changes if known.state is ChangeState.OPEN]
    if still_open:
        console.print(Text(f"\nMore of one: observatory drift show {still_open[0]}", style="dim"))
        console.print(_how_to_accept(still_open[0]))


def print_change(known: KnownChange, console: Console | None = None) -> None:
    """Print all that is known of a change, with every resource that shows it."""
    console = console or a_console()
    change = known.change
    rows: dict[str, Text] = {
        "what": _what(change),
        "path": Text(_path(change), style="bold"),
        "before": _whole(change.before),
        "after": _whole(change.after),
        "first seen": Text(f"{utc(known.found_at)} UTC on {_line(known.target)}, in run {known.run_id}"),
        "revision": Text(revision_line(known)),
        "resources": Text(f"{change.count}: {_joined(in_ranges(change.resources))}" if change.resources else "none"),
        "state": Text(f"It {closed_words(known)}."),
        "reason": Text(_line(known.reason)),
    }
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, text in rows.items():
        if text:
            grid.add_row(name, text)
    console.print(Text(f"Change {known.id} of {_line(change.subject)}", style="bold"))
    _print_lines(grid, console)
    if known.state is ChangeState.OPEN and console.is_terminal:
        console.print(_how_to_accept(known.id))


def print_accepted(accepted: Sequence[KnownChange], by: str, console: Console | None = None) -> None:
    """Say what was accepted, a line for each change."""
    console = console or a_console()
    if not accepted:
        console.print(Text("There was nothing open to accept."))
        return
    for known in sorted(accepted, key=lambda known: known.id):
        console.print(Text(f"{known.id}  {_line(known.change.sentence())}"))
    console.print(Text(f"{count(len(accepted), 'change')} accepted by {_line(by)}.", style="green"))


def none_found(*, state: str, target: str | None, endpoint: str | None, since: datetime | None) -> str:
    """A sentence for a list with nothing in it, which says what was looked for."""
    kind = "schema changes" if state == "all" else f"{state} schema changes"
    parts = [
        f" of {_line(endpoint)}" if endpoint else "",
        f" on {_line(target)}" if target else "",
        f" since {utc(since)} UTC" if since else "",
    ]
    good = ": the API looks as it is known" if state == "open" else ""
    return f"No {kind}{''.join(parts)}{good}."


def _heading(changes: Sequence[KnownChange]) -> Text:
    breaking = sum(known.change.breaking for known in changes)
    heading = Text(f"{count(len(changes), 'schema change')} of {whose(known.change for known in changes)}, ", "bold")
    return heading.append(f"{breaking} breaking" if breaking else "none breaking", "bold red" if breaking else "bold")


def _how_to_accept(number: int) -> Text:
    return Text(f'To accept it: observatory drift accept {number} --reason "…"', style="dim")


def _whose(known: KnownChange, changes: Sequence[KnownChange]) -> str:
    """Whose schema it is, with the target where there are several."""
    targets = {each.target for each in changes}
    return _line(known.change.subject) + (f" of {_line(known.target)}" if len(targets) > 1 else "")


def _flat(changes: Sequence[KnownChange]) -> Table:
    """One line for each change, as wide as it gets."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for title in ("id", "what", "schema", "path", "before", "after", "first seen (UTC)", "resources", "state"):
        table.add_column(title, no_wrap=True, justify="right" if title in ("id", "resources") else "left")
    for known in changes:
        change = known.change
        table.add_row(
            str(known.id),
            _what(change),
            Text(_whose(known, changes)),
            Text(_path(change), style="bold"),
            Text(_before(change)),
            Text(_after(change)),
            utc(known.found_at),
            str(change.count),
            known.state.value,
        )
    return table


def _stacked(changes: Sequence[KnownChange]) -> Table:
    """A few short lines for each change, for a terminal that is not wide; long paths go on in the next line."""
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for known in changes:
        change = known.change
        state = "" if known.state is ChangeState.OPEN else f", {known.state.value}"
        where = Text(f"{_whose(known, changes)} ").append(_path(change), "bold")
        before, after = _before(change), _after(change)
        where.append(f"\n{before} → {after}" if before != after else f"\n{before}")
        where.append(f"\nsince {utc(known.found_at)} UTC, in {count(change.count, 'resource')}{state}", "dim")
        table.add_row(str(known.id), _what(change, "\n"), where)
    return table


def _print_lines(table: Table, console: Console) -> None:
    """Print a table; where it is piped, without the blanks that fill its last column."""
    if console.is_terminal:
        console.print(table)
        return
    with console.capture() as captured:
        console.print(table)
    for line in captured.get().splitlines():
        console.out(line.rstrip(), highlight=False)


def _what(change: SchemaChange, between: str = ", ") -> Text:
    colour = "red" if change.breaking else "green" if change.kind is ChangeKind.FIELD_ADDED else ""
    return Text(f"{WHAT[change.kind]}{f'{between}breaking' if change.breaking else ''}", f"bold {colour}".strip())


def _path(change: SchemaChange) -> str:
    path = _line(change.path) or "(the whole body)"
    return path if change.to is None else f"{path} → {_line(change.to)}"


def _before(change: SchemaChange) -> str:
    if isinstance(change.before, list):
        return count(len(change.before), "value")
    return sided(change.before) or _NOTHING


def _after(change: SchemaChange) -> str:
    if isinstance(change.after, list):
        return f"also {_joined(change.new_words)}"
    return sided(change.after) or _NOTHING


def _whole(side: str | list[str] | None) -> Text:
    return Text(_joined(side) if isinstance(side, list) else side or _NOTHING)


def _joined(names: Iterable[str]) -> str:
    return ", ".join(map(_line, names))


def _line(text: str) -> str:
    """Text from outside, fit for one line: nothing in it moves the cursor or changes colours."""
    return one_line(text, _LONGEST)
