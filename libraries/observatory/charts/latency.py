"""The latency of runs over time against its baseline: two lines, a band, and marks for runs that differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Any, Final
from xml.etree import ElementTree as ET

from observatory.charts.room import Box, Point, roomiest
from observatory.charts.svg import (
    BLUE,
    FONT_SIZE,
    GREEN,
    INK,
    RED,
    TOLD,
    element,
    finished,
    library,
    plain_graph,
    tell_parts,
)
from observatory.charts.thinning import thinned
from observatory.charts.ticks import round_numbers, round_times, short_date
from observatory.charts.values import FASTER, SLOWER, WORDS, BaselineBand, RunLatency
from observatory.words import count, one_line

_MILLISECONDS = 1000
_MARKS: Final = {SLOWER: ("triangle", "▲", RED), FASTER: ("triangled", "▼", GREEN)}
_ROOM_ABOVE = 1.08  # of the highest mark
_OFF_SCALE = 1.6  # times the usual P95: what is higher would press all else to the ground
_FEW = 8  # runs, of which none is unusual
_MOST_LABELS = 2  # of stretches of slower runs; the newest
_LONGEST_TITLE = 200
_GAP = 14  # pixels between two words that stand above each other
_LETTER = 6.5  # pixels that a letter takes
_ASIDE = 7  # pixels between a mark and its word


def latency_chart(
    points: Sequence[RunLatency],
    baselines: Sequence[BaselineBand] = (),
    *,
    title: str = "Latency",
    this_run: datetime | None = None,
    width: int = 640,
    height: int = 240,
    key: str = "",
) -> str:
    """Runs over time as one inline SVG: P50 and P95 of each, the baseline behind them; empty without runs.

    Slower and faster runs have a shape of their own and a word. It takes its colours from the page around it, as
    Robot's log.html and the health page have them, light or dark.

    Args:
        points: the runs, in any order. More than 90 are gathered, and the chart says so.
        baselines: what was usual, one for each version, in any order.
        title: what the chart is called for those who do not see it.
        this_run: when the run began that is looked at; it gets a ring and a word.
        width: the most pixels that the chart takes, which gets narrower where there is less room.
        height: pixels at that width.
        key: what tells it from other charts on its page that look the same, such as the name of the test.
    """
    if not points:
        return ""
    marks, gathered = thinned(points, this_run)
    bands = _bands_within(baselines, marks[0].at, marks[-1].at)
    plot = _Plot(marks, bands, width, height)
    for band in bands:
        plot.add_band(band)
    plot.add_lines()
    plot.add_marks(this_run)
    plot.add_words(this_run)
    plot.add_area()

    def finish(drawn: ET.Element) -> None:
        plot.tell_runs(drawn)
        _add_legend(drawn, marks, gathered, with_band=bool(bands))

    name, told = one_line(title, _LONGEST_TITLE), _told(points, bands, gathered)
    return finished(plot.drawn(), name, told, finish, key=key)


class _Plot:
    """The drawing as it grows; x are seconds since the first run, y milliseconds."""

    def __init__(self, marks: Sequence[RunLatency], bands: Sequence[BaselineBand], width: int, height: int) -> None:
        self._marks = marks
        self._first = marks[0].at
        length = (marks[-1].at - self._first).total_seconds()
        span = max(length, 1.0)
        times = round_times(self._first, self._first + timedelta(seconds=length))
        numbers = round_numbers(_highest(marks, bands) * _ROOM_ABOVE)
        self._top = numbers[-1]
        self._end = 1.07 * span  # room for the words behind the lines
        self._pixels = (width / self._end, (height - 60) / self._top)
        self._graph = plain_graph(width, height)
        self._graph.xrange(-0.01 * span, self._end).yrange(0, self._top)
        self._graph.xticks([self._x(time) for time, _ in times], names=[label for _, label in times])
        self._graph.yticks(numbers, names=[f"{number:g}" for number in numbers])

    def add_band(self, band: BaselineBand) -> None:
        """From P50 to P95, as long as it held."""
        until = self._end if band.valid_until is None else self._x(band.valid_until)
        since = max(self._x(band.valid_from), self._x(self._first))
        low, high = self._y(band.p50), self._y(band.p95)
        fill = library().LineFill([since, until], [high, high], [low, low]).color("none").fill(f"{BLUE} 16%")
        self._graph.add(fill.strokewidth(0))
        edge = library().PolyLine([since, until], [low, low]).color(f"{BLUE} 45%").strokewidth(1).stroke(":")
        self._graph.add(edge)

    def add_lines(self) -> None:
        """P50 and P95, each with a shape of its own."""
        xs = [self._x(mark.at) for mark in self._marks]
        many = len(self._marks) > 45
        for high, shape, dash in ((True, "square", "--"), (False, "round", "-")):
            ys = [self._y(mark.p95 if high else mark.p50) for mark in self._marks]
            line = library().PolyLine(xs, ys).color(f"{BLUE} 70%" if high else BLUE).stroke(dash)
            line.strokewidth(1 if high else 1.6).marker(shape, 1.4 if many else 2.2)
            self._graph.add(_edged(line, "none", 0))

    def add_marks(self, this_run: datetime | None) -> None:
        """What differs, and the run that is looked at."""
        for verdict, (shape, _, colour) in _MARKS.items():
            differing = [mark for mark in self._marks if mark.verdict == verdict]
            places = [(self._x(mark.at), self._y(value)) for mark in differing for value in (mark.p50, mark.p95)]
            self._scatter(places, shape, 4.5, colour)
        looked_at = [mark for mark in self._marks if mark.at == this_run]
        for mark in looked_at:
            x, y = self._x(mark.at), self._y(mark.p50)
            self._graph.add(library().PolyLine([x, x], [0, y - 7 / self._pixels[1]]).color(INK).strokewidth(1))
            self._scatter([(x, y)], "round", 7, "none", edge=INK)

    def add_words(self, this_run: datetime | None) -> None:
        """The names of the lines behind them, and what the marks mean below the first of each stretch."""
        for name, x, y in self._names():
            self._text(x, y, name, valign="center")
        for mark in _beginnings(self._marks):
            self._add_verdict(mark)
        for mark in self._marks:
            if mark.at == this_run:
                is_right = self._x(mark.at) > self._end / 2
                aside = (-5 if is_right else 5) / self._pixels[0]
                side = "right" if is_right else "left"
                self._text(self._x(mark.at) + aside, 6 / self._pixels[1], "this run", halign=side)

        highest = max(self._marks, key=lambda mark: mark.p95)
        if highest.p95 * _MILLISECONDS > self._top:
            side = "right" if self._x(highest.at) > self._end / 2 else "left"
            self._text(self._x(highest.at), self._top, f"↑ {_ms(highest.p95)}", halign=side)

    def _add_verdict(self, mark: RunLatency) -> None:
        """The word for a mark: below or above its P50 or its P95, before or behind it, where no line is."""
        word, colour = WORDS[mark.verdict], _MARKS[mark.verdict][2]
        wide, (to_right, up) = len(word) * _LETTER, self._pixels
        x, low, high = self._x(mark.at) * to_right, self._y(mark.p50) * up, self._y(mark.p95) * up
        bottoms = [low - _ASIDE - _GAP, high + _ASIDE, low + _ASIDE, high - _ASIDE - _GAP]
        bottoms = [bottom for bottom in bottoms if 0 <= bottom <= self._top * up - _GAP] or [0.0]
        sides = ("right", "left") if self._x(mark.at) > self._end / 2 else ("left", "right")
        lefts = {"left": x, "right": x - wide}
        inner = [side for side in sides if 0 <= lefts[side] <= self._end * to_right - wide] or sides[:1]
        places = [(side, bottom) for bottom in bottoms for side in inner]
        boxes = [Box(lefts[side], bottom, lefts[side] + wide, bottom + _GAP) for side, bottom in places]
        side, bottom = places[roomiest(boxes, self._lines())]
        self._text(x / to_right, bottom / up, word, halign=side, colour=colour)

    def _lines(self) -> list[list[Point]]:
        """What no word may lie across, in pixels: P50, P95, and the upper and lower edge of their names."""
        to_right, up = self._pixels
        xs = [self._x(mark.at) * to_right for mark in self._marks]
        values = ([mark.p50 for mark in self._marks], [mark.p95 for mark in self._marks])
        lines = [[(x, self._y(value) * up) for x, value in zip(xs, line, strict=True)] for line in values]
        names = [(x * to_right, y * up + edge) for _, x, y in self._names() for edge in (-_GAP / 2, _GAP / 2)]
        return [*lines, *([(x, y), (x + 3 * _LETTER, y)] for x, y in names)]

    def _names(self) -> list[tuple[str, float, float]]:
        """P50 and P95 with where they are named, behind the last run, one above the other."""
        last, (to_right, up) = self._marks[-1], self._pixels
        low, high = self._y(last.p50), self._y(last.p95)
        apart = max(0.0, _GAP / up - (high - low)) / 2
        x = self._x(last.at) + 9 / to_right
        return [("P50", x, low - apart), ("P95", x, high + apart)]

    def add_area(self) -> None:
        """All of the plot, to tell the mouse what stands above or below it."""
        area = library().Rectangle(0, 0, self._end, self._top).color("none").strokewidth(0)
        self._graph.add(area.attribute("class", TOLD))

    def tell_runs(self, drawn: ET.Element) -> None:
        """Tell the mouse of each mark, in the middle between it and its neighbours."""
        shares = [self._x(mark.at) / self._end for mark in self._marks]
        borders = [-0.01, *((one + other) / 2 for one, other in pairwise(shares)), 1.0]
        tell_parts(drawn, borders, [_tooltip(mark) for mark in self._marks])

    def drawn(self) -> ET.Element:
        """What there is, as the elements of an SVG."""
        root: ET.Element = self._graph.svgxml()
        return root

    def _scatter(
        self, places: Sequence[tuple[float, float]], shape: str, size: float, colour: str, edge: str = "none"
    ) -> None:
        if places:
            dots = library().Scatter([x for x, _ in places], [y for _, y in places]).color(colour).marker(shape, size)
            self._graph.add(_edged(dots, edge, 1.5))

    def _text(
        self, x: float, y: float, words: str, halign: str = "left", valign: str = "bottom", colour: str = INK
    ) -> None:
        text = library().Text(x, y, words, halign=halign, valign=valign)
        # As a style, because the text of a chart takes the colour of the chart otherwise.
        self._graph.add(text if colour == INK else text.attribute("style", f"fill:{colour}"))

    def _x(self, time: datetime) -> float:
        return (time - self._first).total_seconds()

    def _y(self, seconds: float) -> float:
        return min(seconds * _MILLISECONDS, self._top)


def _edged(line: Any, colour: str, width: float) -> Any:
    return line.style(f"edge_color: {colour}; edge_width: {width};")


def _bands_within(baselines: Sequence[BaselineBand], first: datetime, last: datetime) -> list[BaselineBand]:
    """The versions that held at the time of these runs, the oldest first."""
    held = [band for band in baselines if band.valid_from <= last and (band.valid_until or last) >= first]
    return sorted(held, key=lambda band: band.valid_from)


def _highest(marks: Sequence[RunLatency], bands: Sequence[BaselineBand]) -> float:
    """The milliseconds that the chart must reach; a P95 far above all others is cut off, and shown at the top."""
    slow = [mark.p95 for mark in marks]
    usual = max([*(band.p95 for band in bands), median(slow) if len(slow) >= _FEW else max(slow)])
    return max(*(mark.p50 for mark in marks), min(max([*slow, usual]), _OFF_SCALE * usual)) * _MILLISECONDS


def _beginnings(marks: Sequence[RunLatency]) -> list[RunLatency]:
    """The first of each stretch of runs that are slower, or faster; the newest stretches only."""
    before = [None, *(mark.verdict for mark in marks)]
    begun = [
        mark for mark, earlier in zip(marks, before, strict=False) if mark.verdict in _MARKS and mark.verdict != earlier
    ]
    return begun[-_MOST_LABELS:]


def _add_legend(drawn: ET.Element, marks: Sequence[RunLatency], gathered: int, *, with_band: bool) -> None:
    """One line of text above the chart: what the shapes mean, in what unit, and how many runs a mark stands for."""
    line = element("text", x=0, y=FONT_SIZE, **{"class": "legend"})
    for sign, word, colour in _legend(marks, with_band=with_band):
        shape = element("tspan", sign, style=f"fill:{colour}")
        shape.tail = f" {word}\u2002"
        line.append(shape)
    line.append(element("tspan", f"ms; each mark up to {gathered} runs" if gathered > 1 else "ms", opacity=0.75))
    drawn.append(line)


def _legend(marks: Sequence[RunLatency], *, with_band: bool) -> Iterator[tuple[str, str, str]]:
    yield "●", "P50", BLUE
    yield "■", "P95", BLUE
    if with_band:
        yield "▒", "baseline", BLUE
    for verdict, (_, sign, colour) in _MARKS.items():
        if any(mark.verdict == verdict for mark in marks):
            yield sign, WORDS[verdict], colour


def _tooltip(mark: RunLatency) -> str:
    when = f"{mark.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    if mark.runs > 1:
        when = f"{mark.runs} runs from {when}"
    return f"{when}: P50 {_ms(mark.p50)}, P95 {_ms(mark.p95)}, {WORDS.get(mark.verdict, mark.verdict)}"


def _told(points: Sequence[RunLatency], bands: Sequence[BaselineBand], gathered: int) -> str:
    """The chart in sentences, for those who do not see it."""
    first, last = (f(points, key=lambda point: point.at) for f in (min, max))
    days = f"{first.at.astimezone(UTC):%Y-%m-%d} to {last.at.astimezone(UTC):%Y-%m-%d}"
    verdict = WORDS.get(last.verdict, last.verdict)
    sentences = [
        f"{count(len(points), 'run')} from {days}.",
        f"The last one: P50 {_ms(last.p50)}, P95 {_ms(last.p95)}, {verdict}.",
    ]
    if bands:
        sentences.append(f"The baseline goes from {_ms(bands[-1].p50)} (P50) to {_ms(bands[-1].p95)} (P95).")
    for verdict, word in ((SLOWER, "slower"), (FASTER, "faster")):
        differing = sorted(point.at for point in points if point.verdict == verdict)
        if differing:
            verb = "is" if len(differing) == 1 else "are"
            sentences.append(f"{count(len(differing), 'run')} {verb} {word}, the first on {short_date(differing[0])}.")
    if gathered > 1:
        sentences.append(f"Each mark stands for up to {gathered} runs, with the medians of their P50 and P95.")
    return " ".join(sentences)


def _ms(seconds: float) -> str:
    value = seconds * _MILLISECONDS
    return f"{value:.0f} ms" if value >= 10 else f"{value:.1f} ms"
