"""Baselines in a terminal: a line for each endpoint and series."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from observatory.commands.drift_table import a_console
from observatory.history.latency_queries import HeldBaseline
from observatory.latency.sentences import by, milliseconds
from observatory.words import count, one_line

_SHOWN = {
    "regressed": ("regressed", "bold red"),
    "improved": ("improved", "green"),
    "steady": ("steady", "green"),
    "learning": ("learning", "dim"),
}
_LONGEST = 60  # characters of a name or a reason


def print_baselines(found: Sequence[HeldBaseline], console: Console | None = None) -> None:
    """Print baselines as a table, those of one series below each other."""
    console = console or a_console()
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for title in ("endpoint", "P50", "P95", "P99", "now", "", "of", "version", "target", "measured on"):
        is_number = title in {"P50", "P95", "P99"}
        table.add_column(title, no_wrap=not console.is_terminal, justify="right" if is_number else "left")
    for held in found:
        word, style = _SHOWN.get(held.verdict or "", ("new", "dim"))
        table.add_row(
            one_line(held.endpoint, _LONGEST),
            *(milliseconds(value) for value in (held.p50, held.p95, held.p99)),
            Text(word, style=style),
            by(held.effect) if held.effect is not None and word in {"regressed", "improved"} else "",
            f"{count(held.samples, 'request')} in {count(held.runs, 'run')}",
            f"{held.number}, since {held.valid_from:%Y-%m-%d}",
            one_line(held.target, _LONGEST),
            one_line(" ".join(filter(None, (held.host, held.shard, held.kind))), _LONGEST),
        )
    console.print(table)
    for held in found:
        if held.accepted_by:
            told = f"{held.endpoint} {held.number} was accepted by {held.accepted_by}: {held.reason}"
            console.print(Text(one_line(told, 3 * _LONGEST), style="dim"))
    slower = [held for held in found if held.verdict == "regressed"]
    if slower and console.is_terminal:
        advice = f'To take it for usual: observatory baselines accept {slower[0].endpoint} --reason "…"'
        console.print(Text(advice, style="dim"))
