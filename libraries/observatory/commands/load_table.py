"""Loads in a terminal: a line each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from observatory.commands.drift_table import a_console
from observatory.drift_words import utc
from observatory.history.load_queries import RememberedLoad
from observatory.load.sentences import milliseconds, per_second
from observatory.words import one_line, percent

_STYLES: Final = {"passed": "green", "failed": "red", "unsure": "yellow"}
_NUMBERS: Final = ("requests", "failed", "throughput", "P50", "P95", "P99")


def print_loads(loads: Sequence[RememberedLoad], console: Console | None = None) -> None:
    """Print loads in the order they are given."""
    console = console or a_console()
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("began (UTC)", "outcome", "load", "target"):
        table.add_column(name, no_wrap=name != "target")
    for name in _NUMBERS:
        table.add_column(name, justify="right", no_wrap=True)
    for load in loads:
        table.add_row(*_cells(load))
    console.print(table, soft_wrap=not console.is_terminal)


def _cells(load: RememberedLoad) -> list[Text]:
    much = f"{load.rate:g}/s" if load.rate else f"{load.users} users"
    share = load.failures / load.requests if load.requests else 0.0
    return [
        Text(utc(load.started_at)),
        Text(load.outcome, _STYLES.get(load.outcome, "")),
        Text(one_line(f"{load.profile}, {load.shape}, {much}")),
        Text(one_line(load.target)),
        Text(f"{load.requests:,}"),
        Text(percent(share)),
        Text(per_second(load.throughput)),
        *(Text(milliseconds(latency)) for latency in (load.p50, load.p95, load.p99)),
    ]
