"""The whole page: above the fold whether the API is well, below it what that is known from."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from observatory.health.drift_section import drift_section
from observatory.health.html import Desk, clock, folded, heading, listed_items
from observatory.health.latency_section import latency_section
from observatory.health.runs_section import runs_section
from observatory.health.tests_section import tests_section
from observatory.health.values import Health, State, TargetHealth
from observatory.health.words import SIGNS, advice, findings, headline
from observatory.words import count

_STYLE: Final = Path(__file__).with_name("page.css")

# The only thing that a page cannot know when it is made is when it is read.
_SCRIPT: Final = (
    "const made=document.querySelector('time.made'),old=document.querySelector('.old'),"
    "days=Math.floor((Date.now()-Date.parse(made.dateTime))/864e5);"
    "if(days>0){old.textContent=`This page is ${days} day${days>1?'s':''} old: inv report makes it anew.`;"
    "old.hidden=false}"
)
_ALLOWED: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    f"script-src 'sha256-{base64.b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode()}'"
)
_OTHERS: Final = "Other targets"
_FIRST_STEP: Final = "robot --include smoke suites/"


def health_page(health: Health, folder: Path, mask: Callable[[str], str] = str) -> str:
    """Health as one file of HTML that needs nothing else.

    Args:
        health: what is told.
        folder: where the page will be, for its links to logs.
        mask: takes the secrets out of text.
    """
    desk = Desk(mask, folder, health.made_at)
    main = health.targets[0] if health.targets else None
    title = f"{SIGNS[main.state]} {headline(main, health.made_at)}" if main else "Nothing is known yet."
    body = _body(health, main, desk) if main else _empty(health, desk)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_ALLOWED}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<link rel="icon" href="data:,">\n'
        f"<title>{desk.text(title)} API health</title>\n<style>\n{_STYLE.read_text('utf-8')}</style>\n</head>\n"
        f"<body>\n{body}\n<script>{_SCRIPT}</script>\n</body>\n</html>\n"
    )


def _body(health: Health, main: TargetHealth, desk: Desk) -> str:
    sections = dict(_sections(main, desk, health, level=3))
    others = _others(health, desk)
    if others:
        sections[_OTHERS] = others
    shown = "".join(_section(title, content) for title, content in sections.items())
    return f"{_hero(health, main, desk, sections)}\n<main>{shown}</main>\n{_footer()}"


def _hero(health: Health, main: TargetHealth, desk: Desk, titles: Iterable[str]) -> str:
    links = "".join(_link(title) for title in titles)
    sign = f'<span class="sign" aria-hidden="true">{SIGNS[main.state]}</span>'
    title = heading(1, f"{sign} {desk.text(headline(main, health.made_at))}")
    told = listed_items((desk.sentence(sentence) for sentence in findings(main, health.made_at)), class_="findings")
    return (
        f'<header class="hero {main.state}">{_made(health)}{title}{told}{_advice(main, desk)}'
        f'<nav aria-label="On this page">{links}</nav></header>'
    )


def _made(health: Health) -> str:
    made = clock(health.made_at, class_="made")
    return (
        f"<p class=made>API health, made {made} UTC from the last {count(health.days, 'day')}.</p>"
        '<p class="old" hidden></p>'
    )


def _advice(target: TargetHealth, desk: Desk) -> str:
    steps = list(advice(target))
    if not steps:
        return ""
    items = (
        f"{desk.text(step.sentence)}"
        + (f"<pre><code>{desk.text(step.command, 600)}</code></pre>" if step.command else "")
        for step in steps
    )
    return f'<div class="todo">{heading(2, "What you can do")}{listed_items(items)}</div>'


def _sections(target: TargetHealth, desk: Desk, health: Health, level: int) -> Iterator[tuple[str, str]]:
    """The titles of the sections with their content."""
    yield "Latency", latency_section(target, desk, level)
    yield "What changed", drift_section(target, desk, level, health.since)
    yield "Tests", tests_section(target, health.quarantine, desk, level)
    yield "Runs", runs_section(target, desk)


def _section(title: str, content: str) -> str:
    name = title.lower().replace(" ", "-")
    titled = heading(2, title, id=f"{name}-title")
    return f'<section id="{name}" aria-labelledby="{name}-title">{titled}{content}</section>'


def _link(title: str) -> str:
    return f'<a href="#{title.lower().replace(" ", "-")}">{title}</a>'


def _others(health: Health, desk: Desk) -> str:
    if len(health.targets) < 2 and not health.others:
        return ""
    shown = "".join(_other(target, desk, health) for target in health.targets[1:])
    if health.others:
        names = ", ".join(desk.text(name) for name in health.others)
        shown += f"<p class=note>Not shown: {names}. Ask for one with <code>observatory health --target</code>.</p>"
    return shown


def _other(target: TargetHealth, desk: Desk, health: Health) -> str:
    sign = f'<span class="sign {target.state}" aria-hidden="true">{SIGNS[target.state]}</span>'
    title = heading(3, f"{sign} {desk.text(headline(target, health.made_at))}")
    told = listed_items((desk.sentence(sentence) for sentence in findings(target, health.made_at)), class_="findings")
    sections = "".join(heading(4, name) + content for name, content in _sections(target, desk, health, level=5))
    return folded(title, told + sections, class_="target")


def _empty(health: Health, desk: Desk) -> str:
    return (
        f'<header class="hero {State.UNKNOWN}">{_made(health)}'
        f"{heading(1, '<span class=sign aria-hidden=true>?</span> Nothing is known yet.')}"
        "<p>The history is empty: no suite has run, or all ran with another database.</p></header>"
        f'<main><section aria-labelledby="begin">{heading(2, "How to begin", id="begin")}'
        f"<p>Run the suites, and make this page again:</p><pre><code>{desk.text(_FIRST_STEP)}\ninv report</code></pre>"
        "<p>After the first run it says which tests passed; after the second, what changed in between; after ten, "
        f"whether the API got slower.</p></section></main>{_footer()}"
    )


def _footer() -> str:
    return (
        "<footer><p>All times are UTC. ✓ is well, ▲ is slower, ✗ is failing, ? is not known. A latency is compared "
        "with the baseline of the same endpoint on the same machine; a change of a schema waits until a person "
        "accepts it, or the API takes it back.</p><p><code>inv report</code> makes this page anew, and "
        "<code>observatory health --help</code> says how to choose a target and a time.</p></footer>"
    )
