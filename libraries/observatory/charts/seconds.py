"""The course of a load, second by second: areas and lines over the time, with a limit, and a scale at each side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from xml.etree import ElementTree as ET

from observatory.charts.extremes import columns, extremes, stretches
from observatory.charts.scales import Scale, seconds_ticks
from observatory.charts.svg import FONT_SIZE, INK, RED, TOLD, element, finished, tell_parts
from observatory.words import one_line

_LEFT, _RIGHT, _ABOVE, _BELOW = 58, 44, 34, 26  # pixels around the plot, which are the same in all charts
_ASIDE = 7  # pixels between an axis and its numbers
_LONGEST_TITLE = 200
# So that a word can be read where a line runs behind it: on the colour of the page, here or in Robot's log.
_PAPER: Final = "paint-order:stroke;stroke:var(--card,var(--background-color,#fff));stroke-width:4px"


class Look(StrEnum):
    """How a course is drawn, by its sign in the legend."""

    AREA = "■"
    STRONG = "━━"
    PLAIN = "──"
    DASHED = "╍╍"
    DOTTED = "····"


_STROKES: Final = {Look.STRONG: (2.2, "none"), Look.PLAIN: (1.3, "none"), Look.DASHED: (1.6, "6 4")}
_DOTTED: Final = (1.3, "1 3")


@dataclass(frozen=True, slots=True)
class Course:
    """One value for each second, None where there is none; `colour` is one of those that all charts have."""

    name: str
    values: Sequence[float | None]
    look: Look
    colour: str


@dataclass(frozen=True, slots=True)
class LimitLine:
    """What a course is held to, and the words at its line."""

    at: float
    words: str


def seconds_chart(
    courses: Sequence[Course],
    scale: Scale,
    *,
    title: str,
    description: str,
    told: Callable[[range], str],
    unit: str = "",
    aside: tuple[Course, Scale] | None = None,
    limit: LimitLine | None = None,
    width: int = 720,
    height: int = 250,
    key: str = "",
) -> str:
    """Courses over the same seconds as one inline SVG; empty without a second.

    Nothing is smoothed: an area is a step for each second, and a line goes to each value. More than 600 seconds are
    gathered in columns, which keep the least and the most of their seconds; an area is then paler between the two.

    Args:
        courses: what is drawn by the scale at the left, the first one behind the others.
        scale: the scale at the left.
        title: what the chart is called for those who do not see it.
        description: what there is to see in it, in words.
        told: what the mouse is told of some seconds.
        unit: in what the scale at the left counts, for the legend.
        aside: one more course, with the scale at the right.
        limit: a line across all, in the colour of failures; strong lines have a dot on each value beyond it.
        width: pixels at which its text has its size; it takes all the room there is.
        height: pixels at that width.
        key: what tells it from other charts on its page that look the same.
    """
    seconds = max((len(course.values) for course in courses), default=0)
    if not seconds:
        return ""
    plot = _Plot(seconds, width, height)
    plot.add_numbers(scale)
    for place, course in enumerate(courses):
        plot.add(course, scale, opacity=0.9 if place else 0.55)
    if aside is not None:
        plot.add_numbers(aside[1], is_aside=True)
        plot.add(*aside)
    if limit is not None:
        plot.add_limit(limit, [course for course in courses if course.look is Look.STRONG], scale)
    plot.add_times()
    plot.add_area()
    shown = [*courses, *([aside[0]] if aside else [])]

    def finish(drawn: ET.Element) -> None:
        borders = [column.start / seconds for column in plot.columns]
        tell_parts(drawn, [*borders, 1.0], [told(column) for column in plot.columns])
        drawn.append(_legend(shown, unit))

    return finished(plot.drawn, one_line(title, _LONGEST_TITLE), description, finish, kind="chart seconds", key=key)


class _Plot:
    """The drawing as it grows; x are seconds."""

    def __init__(self, seconds: int, width: int, height: int) -> None:
        self.columns = columns(seconds)
        self._seconds = seconds
        self._is_gathered = len(self.columns[0]) > 1
        self._right, self._ground = width - _RIGHT, height - _BELOW
        self.drawn = ET.Element(
            "svg",
            {
                "xmlns": "http://www.w3.org/2000/svg",
                "viewBox": f"0 0 {width} {height}",
                "width": f"{width}",
                "height": f"{height}",
            },
        )

    def add_numbers(self, scale: Scale, *, is_aside: bool = False) -> None:
        """The numbers of a scale, and a faint line at each of those at the left."""
        x, anchor = (self._right + _ASIDE, "start") if is_aside else (_LEFT - _ASIDE, "end")
        for value, name in scale.ticks:
            y = f"{self._y(value, scale):.1f}"
            if not is_aside:
                line = element("path", d=f"M{_LEFT} {y}H{self._right}", fill="none", stroke=INK)
                line.set("stroke-opacity", "0.15")
                self.drawn.append(line)
            self.drawn.append(element("text", name, x=x, y=y, dy="0.35em", text_anchor=anchor))

    def add(self, course: Course, scale: Scale, opacity: float = 1.0) -> None:
        """A course as an area of this opacity, or as a line."""
        if course.look is Look.AREA:
            self._add_area_of(course, scale, opacity)
        else:
            parts = stretches(course.values, self.columns)
            d = "".join(self._path(part, scale) for part in parts)
            width, dashes = _STROKES.get(course.look, _DOTTED)
            self._add_line(d, course.colour, min(width, 1.0) if self._is_gathered else width, dashes)

    def add_limit(self, limit: LimitLine, held: Sequence[Course], scale: Scale) -> None:
        """The line of a limit with its words, and a dot at each value beyond it."""
        y = self._y(limit.at, scale)
        self._add_line(f"M{_LEFT} {y:.1f}H{self._right}", RED, 1.6, "9 4")
        points = [point for course in held for part in stretches(course.values, self.columns) for point in part]
        beyond = [self._path([(x, value)], scale) for x, value in points if value > limit.at]
        self._add_line("".join(beyond), RED, 5)
        words = element("text", limit.words, x=_LEFT + 6, y=f"{y:.1f}", dy="-0.4em", style=f"fill:{RED};{_PAPER}")
        self.drawn.append(words)

    def add_times(self) -> None:
        """The seconds below, from the beginning on."""
        self.drawn.append(element("path", d=f"M{_LEFT} {self._ground}H{self._right}", fill="none", stroke=INK))
        for at, name in seconds_ticks(self._seconds):
            x = f"{self._x(at):.1f}"
            self.drawn.append(element("text", name, x=x, y=self._ground, dy="1.35em", text_anchor="middle"))

    def add_area(self) -> None:
        """All of the plot, to tell the mouse what stands in it."""
        wide, high = self._right - _LEFT, self._ground - _ABOVE
        self.drawn.append(element("rect", x=_LEFT, y=_ABOVE, width=wide, height=high, **{"class": TOLD}))

    def _add_area_of(self, course: Course, scale: Scale, opacity: float) -> None:
        """The steps of the most, and where columns are of several seconds those of the least, which look darker."""
        known = [extremes(course.values, column) for column in self.columns]
        most = [each.high if each else 0.0 for each in known]
        layers = [(opacity, most)]
        if self._is_gathered:
            layers = [(opacity / 2, most), (opacity, [each.low if each else 0.0 for each in known])]
        for shade, tops in layers:
            if any(tops):
                d = f"M{_LEFT} {self._ground}{''.join(self._steps(tops, scale))}V{self._ground}Z"
                area = element("path", d=d, fill=course.colour, fill_opacity=shade)
                # An edge, so that a column is seen that is as narrow as one pixel.
                edge = {"stroke": course.colour, "stroke-width": "0.8", "stroke-opacity": f"{opacity}"}
                area.attrib.update(edge if tops is most else {"stroke": "none"})
                self.drawn.append(area)

    def _steps(self, tops: Sequence[float], scale: Scale) -> Iterator[str]:
        for column, top in zip(self.columns, tops, strict=True):
            yield f"V{self._y(top, scale):.1f}H{self._x(column.stop):.1f}"

    def _path(self, points: Sequence[tuple[float, float]], scale: Scale) -> str:
        """A line through points; through a single one it is a dot, as its ends are round."""
        places = [f"{self._x(x):.1f} {self._y(value, scale):.1f}" for x, value in points]
        return f"M{places[0]}h0" if len(places) == 1 else f"M{places[0]}L{' '.join(places[1:])}"

    def _add_line(self, d: str, colour: str, width: float, dashes: str = "none") -> None:
        if d:
            line = element("path", d=d, fill="none", stroke=colour, stroke_width=width, stroke_dasharray=dashes)
            line.attrib.update({"stroke-linejoin": "round", "stroke-linecap": "round"})
            self.drawn.append(line)

    def _x(self, second: float) -> float:
        return _LEFT + (self._right - _LEFT) * second / self._seconds

    def _y(self, value: float, scale: Scale) -> float:
        return self._ground - (self._ground - _ABOVE) * scale.share(value)


def _legend(courses: Sequence[Course], unit: str) -> ET.Element:
    """One line of text above the chart: which course looks how, and in what unit."""
    line = element("text", x=0, y=FONT_SIZE, **{"class": "legend"})
    for course in courses:
        sign = element("tspan", course.look.value, style=f"fill:{course.colour}")
        sign.tail = f" {course.name}\u2002"
        line.append(sign)
    if unit:
        line.append(element("tspan", unit, opacity=0.75))
    return line
