"""A load as a person reads it in log.html: the verdict in one line, folded; behind it the numbers and the charts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path
from typing import Final

from observatory.charts.svg import GREEN, RED
from observatory.health.html import Desk, listed_items
from observatory.load.report import LoadReport, Outcome
from observatory.load.sentences import milliseconds, per_second, requests, share
from observatory.load.words import SIGNS, ended, headline, outcome_of, planned, reasons
from observatory.load_page.charts import arrivals_chart, latencies_chart, requests_chart
from observatory.load_page.tables import endpoints_table, failures_table

_AMBER: Final = "var(--warn-link-color,#a35f00)"
_COLOURS: Final = {Outcome.PASSED: GREEN, Outcome.FAILED: RED, Outcome.UNSURE: _AMBER, None: _AMBER}
# What the page of a load has in its style sheet, as far as a table needs it to be read.
_STYLE: Final = (
    ".load-in-log{max-width:60rem}.load-in-log p,.load-in-log ul{margin:.5em 0}.load-in-log table{border-spacing:0}"
    ".load-in-log caption{display:none}"
    ".load-in-log :is(th,td){padding:.15em .7em;border-bottom:1px solid var(--secondary-color,#ccc);text-align:left}"
    ".load-in-log .numbers :is(td,th+th){text-align:right}.load-in-log td small{display:block}"
    f".load-in-log .bad{{color:{RED};font-weight:bold}}.load-in-log figure{{margin:1em 0}}"
    ".load-in-log svg{max-width:100%;height:auto;font-size:12px}"
)


def load_block(report: LoadReport, pages: Callable[[str], str], mask: Callable[[str], str] = str) -> str:
    """One folded block of HTML, open at once when the load did not pass.

    Args:
        report: what is shown, with its verdict if there is one.
        pages: gives the address of a page of the load, such as report.html, as seen from log.html; empty where there
            is no such page.
        mask: takes the secrets out of text, before it is cut or escaped.
    """
    desk = Desk(mask, Path(), report.ended_at)
    is_open = "" if outcome_of(report) is Outcome.PASSED else " open"
    parts = "".join(_parts(report, desk, pages))
    style = f"<style>{_STYLE}</style>"
    content = f"{style}<div class=load-in-log>{parts}</div>"
    return f"<details{is_open}><summary>{_line(report, desk)}</summary>{content}</details>"


def _line(report: LoadReport, desk: Desk) -> str:
    """The verdict, with a sign for those who see no colours, and what it is about."""
    outcome, total = outcome_of(report), report.total
    facts = (
        requests(total.requests),
        per_second(total.throughput),
        f"{share(total.failure_rate)} failed",
        f"P95 {milliseconds(total.p95)}",
    )
    verdict = f"{SIGNS[outcome]} {desk.text(headline(report))}"
    return f'<b style="color:{_COLOURS[outcome]}">{verdict}</b> {" · ".join(map(escape, facts))}'


def _parts(report: LoadReport, desk: Desk, pages: Callable[[str], str]) -> Iterator[str]:
    yield listed_items([desk.sentence(reason) for reason in reasons(report)])
    for sentence in (planned(report), ended(report), *report.notes):
        yield f"<p>{desk.sentence(sentence)}</p>"
    yield endpoints_table(report, desk)
    if report.failures:
        yield failures_table(report, desk)
    yield requests_chart(report, desk)
    yield latencies_chart(report, desk)
    if report.arrivals is not None:
        yield arrivals_chart(report, report.arrivals, desk)
    named = (("The report of this load", pages("report.html")), ("Locust's own report", pages("locust.html")))
    links = [f'<a href="{escape(address)}">{name}</a>' for name, address in named if address]
    yield f"<p>{' · '.join(links)}</p>"
