"""The page about a load: the verdict in a line, below it what was planned and what came of it, second by second."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from observatory import health
from observatory.health.html import Desk, clock, heading, listed_items
from observatory.load.report import LoadReport, Outcome
from observatory.load.sentences import duration, grouped, milliseconds, share
from observatory.load.words import SIGNS, WORDS, ended, headline, outcome_of, planned, reasons
from observatory.load_page.advice import how_to_read
from observatory.load_page.charts import arrivals_chart, latencies_chart, requests_chart
from observatory.load_page.tables import endpoints_table, failures_table, past_table
from observatory.logs.masking import Masker

_STYLES: Final = (Path(health.__file__).with_name("page.css"), Path(__file__).with_name("page.css"))
_ALLOWED: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
_TONES: Final = {Outcome.PASSED: "well", Outcome.FAILED: "failing", Outcome.UNSURE: "slower", None: "unknown"}


def load_page(report: LoadReport, masker: Masker, *, has_locust_page: bool = False) -> str:
    """The report of a load as one file of HTML that needs nothing else.

    Args:
        report: what is told, with its verdict if there is one.
        masker: takes the secrets out of text.
        has_locust_page: whether Locust's own report is beside it, as locust.html.
    """
    desk = Desk(masker.mask_text, Path(), report.ended_at)
    title = f"{SIGNS[outcome_of(report)]} {headline(report)}"
    style = "".join(file.read_text("utf-8") for file in _STYLES)
    sections = "".join(
        _section(title, content) for title, content in _sections(report, desk, has_locust_page=has_locust_page)
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_ALLOWED}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<link rel="icon" href="data:,">\n'
        f"<title>{desk.text(title)}. Load</title>\n<style>\n{style}</style>\n</head>\n"
        f"<body>\n{_hero(report, desk)}\n<main>{sections}</main>\n{_footer(report)}\n</body>\n</html>\n"
    )


def _hero(report: LoadReport, desk: Desk) -> str:
    outcome = outcome_of(report)
    sign = f'<span class="sign" aria-hidden="true">{SIGNS[outcome]}</span>'
    of = f"{desk.text(report.plan.profile)} on {desk.text(report.plan.target)}"
    title = f'{sign} <span>{WORDS[outcome]} <small><span class="unseen">: </span>{of}</small></span>'
    told = listed_items([desk.sentence(reason) for reason in reasons(report)], class_="findings")
    notes = listed_items([desk.sentence(note) for note in report.notes], class_="notes") if report.notes else ""
    return (
        f'<header class="hero load {_TONES[outcome]}"><p class=made>Load, begun {clock(report.started_at)} UTC</p>'
        f'<div class="verdict">{heading(1, title)}{told}</div>'
        f'{_tiles(report)}<p class="plan">{desk.sentence(planned(report))}</p><p>{desk.sentence(ended(report))}</p>'
        f"{notes}</header>"
    )


class _Tile(NamedTuple):
    """A number with its name, what it is held to, and whether it is within that; None when it is held to nothing."""

    name: str
    value: str
    note: str
    is_within: bool | None = None


def _tiles(report: LoadReport) -> str:
    tiles = list(_numbers(report))
    if outcome_of(report) is Outcome.UNSURE:  # then to be within a limit proves nothing
        tiles = [tile._replace(is_within=None) if tile.is_within else tile for tile in tiles]
    return f'<dl class="tiles">{"".join(map(_tile, tiles))}</dl>'


def _numbers(report: LoadReport) -> Iterator[_Tile]:
    """What the verdict is made from, with limits."""
    total, limits = report.total, report.plan.limits
    yield _Tile("Requests", grouped(total.requests), f"in {duration(report.seconds)}")
    allowed, is_within = "no limit", None
    if limits.failure_rate is not None:
        allowed, is_within = f"at most {share(limits.failure_rate)}", total.failure_rate <= limits.failure_rate
    if total.requests:
        yield _Tile("Failed", share(total.failure_rate), allowed, is_within)
    else:
        yield _Tile("Failed", milliseconds(None), allowed)
    allowed, is_within = "no limit", None
    if limits.p95 is not None:
        allowed = f"at most {milliseconds(limits.p95)}"
        is_within = total.p95 <= limits.p95 if total.p95 is not None else None
    yield _Tile("P95", milliseconds(total.p95), allowed, is_within)
    allowed, is_within = "a second, no limit", None
    if limits.throughput is not None:
        allowed, is_within = f"a second, at least {limits.throughput:g}", total.throughput >= limits.throughput
    yield _Tile("Throughput", f"{total.throughput:.1f}", allowed, is_within)


def _tile(tile: _Tile) -> str:
    signs = {True: ("✓", "good", "within its limit"), False: ("✗", "bad", "beyond its limit")}
    mark = ""
    if tile.is_within is not None:
        sign, tone, words = signs[tile.is_within]
        mark = f' <span class="{tone}"><span aria-hidden="true">{sign}</span><span class="unseen">{words}</span></span>'
    return f"<div><dt>{tile.name}</dt><dd>{tile.value}{mark}<small>{tile.note}</small></dd></div>"


def _sections(report: LoadReport, desk: Desk, *, has_locust_page: bool) -> Iterator[tuple[str, str]]:
    """The titles of the sections with their content."""
    yield "By endpoint", endpoints_table(report, desk)
    yield "Failures", failures_table(report, desk)
    charts = heading(3, "Requests") + requests_chart(report, desk)
    charts += heading(3, "Latency") + latencies_chart(report, desk)
    if report.arrivals is not None:
        charts += heading(3, "Scheduled and sent") + arrivals_chart(report, report.arrivals, desk)
    yield "Second by second", charts
    if report.past:
        yield "Compared with the loads before", past_table(report, desk)
    yield "How to read this", how_to_read(report, desk, has_locust_page=has_locust_page)


def _section(title: str, content: str) -> str:
    name = title.lower().replace(" ", "-")
    titled = heading(2, title, id=f"{name}-title")
    return f'<section id="{name}" aria-labelledby="{name}-title">{titled}{content}</section>'


def _footer(report: LoadReport) -> str:
    return (
        "<footer><p>All times are UTC. ✓ is within its limit, ✗ is beyond it, ? is unsure. The same numbers are beside "
        f'this page in <a href="report.json">report.json</a>. Load <code>{report.id}</code>.</p></footer>'
    )
