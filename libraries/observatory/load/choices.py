"""What can be chosen for a load: the options of `observatory load run`, of Locust's command line, and of its page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

METRICS_PORT: Final = 9646
"""Where the numbers of a running load are shown to Prometheus; the port that exporters for Locust have always had."""


@dataclass(frozen=True, slots=True)
class Choice:
    """An option: its name, what it is for, and what it is when nothing is said, False for a switch.

    `among` are the values that it takes, if they are few. `on_page` says whether Locust's page shows it.
    """

    name: str
    help: str
    default: str | int | bool = ""
    among: tuple[str, ...] = ()
    on_page: bool = True


CHOICES: Final = (
    Choice("--shape", "How the load changes; else the profile's.", among=("steady", "ramp", "spike", "sawtooth")),
    Choice("--visitor", "What a user does.", "lookup", among=("lookup", "journey")),
    Choice("--rate", "Arrivals a second, such as 500: an open model, whose requests wait for no answer."),
    Choice("--validate", "The share of the answers that is held against its model.", "100 %"),
    Choice("--max-failures", "The share of requests that may fail; empty for any.", "1 %"),
    Choice("--max-p95", "What P95 may be; empty for any.", "500 ms"),
    Choice("--min-throughput", "Requests a second that there must be; empty for any."),
    Choice("--i-own-this-server", "Let the public API be loaded beyond fair use.", default=False, on_page=False),
    Choice("--target", "What is asked: embedded, replay, live or an address; else the settings'.", on_page=False),
    Choice("--results", "The folder of the report; else load in the folder of results.", on_page=False),
    Choice("--metrics-port", "Where Prometheus finds the numbers; 0 for nowhere.", METRICS_PORT, on_page=False),
    Choice("--metrics-host", "On which address that port is opened.", "127.0.0.1", on_page=False),
    Choice("--give-up-after", "How long nothing may be reached before the load is stopped.", "10 s", on_page=False),
)
"""Those that are ours. Locust has `--profile`, `--users`, `--run-time`, `--processes` and many more."""
