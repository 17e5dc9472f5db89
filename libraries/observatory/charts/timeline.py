"""A strip of days with a bar where something happened: few or many, and some of it grave."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any
from xml.etree import ElementTree as ET

from observatory.charts.svg import BLUE, FONT_SIZE, RED, TOLD, element, finished, library, plain_graph, tell_each
from observatory.charts.ticks import round_times
from observatory.charts.values import DayMark
from observatory.words import count


def day_strip(
    marks: Sequence[DayMark],
    first: date,
    last: date,
    *,
    title: str,
    noun: str,
    grave: str,
    width: int = 720,
    height: int = 104,
) -> str:
    """Bars over days as one inline SVG; the grave ones stand below the others, in another shade and with an edge.

    Args:
        marks: the days on which something happened, one mark each; others are left out.
        first: the first day of the strip.
        last: its last day.
        title: what the strip is called for those who do not see it.
        noun: what is counted, such as `schema change`.
        grave: what makes one of them grave, such as `breaking`.
        width: the most pixels that it takes.
        height: pixels at that width.
    """
    shown = sorted((mark for mark in marks if first <= mark.day <= last), key=lambda mark: mark.day)
    days = (last - first).days + 1
    highest = max([mark.count for mark in shown], default=1)
    graph = plain_graph(width, height).xrange(-0.2, days + 0.2).yrange(0, highest)
    times = round_times(_midnight(first), _midnight(last))
    places = [(at.date() - first).days + 0.5 for at, _ in times]
    graph.xticks(places, names=[label for _, label in times])
    graph.yticks([0, highest], names=["0", f"{highest}"])
    told = []
    for is_grave, fill, edge in ((True, RED, RED), (False, f"{BLUE} 55%", BLUE)):
        sizes = [(mark, mark.grave if is_grave else mark.count - mark.grave) for mark in shown]
        bars = [(mark, size) for mark, size in sizes if size]
        if bars:
            graph.add(_bars(bars, first, fill, edge, on_grave=not is_grave))
        told += [_said(mark, noun, grave) for mark, _ in bars]

    def finish(drawn: ET.Element) -> None:
        tell_each(drawn, told)
        _add_legend(drawn, noun, grave)

    return finished(graph.svgxml(), title, _told(shown, noun, grave), finish, kind="chart strip")


def _bars(bars: Sequence[tuple[DayMark, int]], first: date, fill: str, edge: str, *, on_grave: bool) -> Any:
    """A bar for each day, on that of the grave ones or on the ground."""
    bottoms = [mark.grave if on_grave else 0 for mark, _ in bars]
    tops = [bottom + size for bottom, (_, size) in zip(bottoms, bars, strict=True)]
    middles = [(mark.day - first).days + 0.5 for mark, _ in bars]
    drawn = library().Bars(middles, tops, bottoms, width=0.7).color(fill)
    return drawn.style(f"edge_color: {edge}; edge_width: 1;").attribute("class", TOLD)


def _said(mark: DayMark, noun: str, grave: str) -> str:
    said = f"{mark.day}: {count(mark.count, noun)}"
    return f"{said}, {mark.grave} {grave}" if mark.grave else said


def _add_legend(drawn: ET.Element, noun: str, grave: str) -> None:
    line = element("text", x=0, y=FONT_SIZE, **{"class": "legend"})
    for sign, word, colour in (("■", grave, RED), ("▒", f"other {noun}s", BLUE)):
        shape = element("tspan", sign, style=f"fill:{colour}")
        shape.tail = f" {word}\u2002"
        line.append(shape)
    drawn.append(line)


def _told(marks: Sequence[DayMark], noun: str, grave: str) -> str:
    if not marks:
        return f"No {noun}s."
    days = ", ".join(f"{mark.day}: {mark.count}" + (f" ({mark.grave} {grave})" if mark.grave else "") for mark in marks)
    return f"{count(sum(mark.count for mark in marks), noun)}. {days}."


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
