"""What every chart has in common: how it is drawn by the library, named for those who cannot see it, and kept small."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from itertools import pairwise
from typing import Any, Final
from xml.etree import ElementTree as ET

# Robot's log and the health page define these for their light and their dark face; else the second of each is seen.
BLUE: Final = "var(--link-color,#2f74c9)"
RED: Final = "var(--fail-link-color,#d0382b)"
GREEN: Final = "var(--pass-link-color,#188038)"
INK: Final = "currentColor"

TOLD: Final = "told"
"""The class of shapes at which the mouse is told something, before it is."""

FONT_SIZE: Final = 12
"""Pixels of the text of axes, in a chart that is shown at its own width."""

_REFERENCE = re.compile(r"url\(#(\w+)\)")
_ROOM_FOR_LEGEND = " "  # the library's own would stand beside the plot, or within it
_DECIMALS = 1  # of coordinates, which are pixels
_PLAIN: Final = f"""
    * {{ color: {INK}; font_size: {FONT_SIZE}; num_format: g; }}
    Canvas {{ color: none; }}
    Graph {{ color: none; edge_width: 0; }}
    Graph.Title {{ font_size: 22; }}
    Graph.GridX {{ color: none; }}
    Graph.GridY {{ color: {INK} 15%; stroke: solid; stroke_width: 1; }}
    Graph.TickX {{ height: 4; stroke_width: 1; margin: 4; pad: 0; font_size: {FONT_SIZE}; }}
    Graph.TickY {{ height: 0; stroke_width: 0; margin: 6; pad: 0; font_size: {FONT_SIZE}; }}
"""


@cache
def library() -> Any:
    """The library that draws, which has no types; loaded when the first chart is drawn."""
    ziaplot = import_module("ziaplot")
    ziaplot.config.precision = _DECIMALS
    return ziaplot


def plain_graph(width: int, height: int) -> Any:
    """An empty graph without any ink of its own but a faint line at each number, and room for a legend above."""
    return library().Graph().size(width, height).css(_PLAIN).title(_ROOM_FOR_LEGEND)


def element(tag: str, text: str = "", **attributes: object) -> ET.Element:
    """One element of an SVG, with `stroke_width` for the attribute `stroke-width`."""
    made = ET.Element(tag, {name.replace("_", "-"): f"{value}" for name, value in attributes.items()})
    made.text = text or None
    return made


def finished(
    drawn: ET.Element,
    title: str,
    description: str,
    change: Callable[[ET.Element], None],
    *,
    kind: str = "chart",
    key: str = "",
) -> str:
    """The SVG as text: responsive, named, and with names of its own for what is referred to within it.

    `change` may add to the drawing before it is finished; `kind` are its classes, for style sheets; `key` tells it from
    others on the page that look the same.
    """
    width = drawn.attrib.pop("width")
    del drawn.attrib["height"]
    _tidy(drawn)
    change(drawn)
    drawn.attrib.update(
        {
            "class": kind,
            "role": "img",
            "font-size": str(FONT_SIZE),
            "font-family": "system-ui,sans-serif",
            "fill": INK,
            "style": f"display:block;width:100%;max-width:{width}px;height:auto;overflow:visible",
        }
    )
    for place, (tag, text) in enumerate((("title", title), ("desc", description))):
        drawn.insert(place, element(tag, text))
    written = ET.tostring(drawn, encoding="unicode", short_empty_elements=True)
    return _with_own_names(written.replace(" />", "/>"), key)


def tell_parts(drawn: ET.Element, borders: Sequence[float], told: Sequence[str]) -> None:
    """Divide the only shape of the class `TOLD` and tell the mouse something in each part, of which nothing is seen.

    `borders` are shares of its width, one more than there are parts.
    """
    whole = _told_shapes(drawn)[0]
    drawn.remove(whole)
    left, width = float(whole.attrib["x"]), float(whole.attrib["width"])
    group = element("g", fill="none", pointer_events="all")
    for (begin, end), words in zip(pairwise(borders), told, strict=True):
        x, wide = f"{left + begin * width:.1f}", f"{(end - begin) * width:.1f}"
        part = element("rect", x=x, y=whole.attrib["y"], width=wide, height=whole.attrib["height"])
        part.append(element("title", words))
        group.append(part)
    drawn.append(group)


def tell_each(drawn: ET.Element, told: Sequence[str]) -> None:
    """Tell the mouse something at each shape of the class `TOLD`, in their order."""
    for shape, words in zip(_told_shapes(drawn), told, strict=True):
        shape.attrib.pop("class")
        shape.append(element("title", words))


def _told_shapes(drawn: ET.Element) -> list[ET.Element]:
    return [each for each in drawn.findall("rect") if each.get("class") == TOLD]


def _tidy(drawn: ET.Element) -> None:
    """Take out what nobody sees: empty shapes, clipping where nothing overlaps, and what the root says already."""
    for parent in list(drawn.iter()):
        for child in list(parent):
            is_unseen = child.tag in {"rect", "path"} and _is_unseen(child)
            is_blank = child.tag == "text" and child.text == _ROOM_FOR_LEGEND
            if is_unseen or is_blank or child.tag == "clipPath":
                parent.remove(child)
    for each in drawn.iter():
        each.attrib.pop("clip-path", None)
        if each.tag == "text":
            for name in ("font-family", "font-size", "fill"):
                each.attrib.pop(name, None)
        for name in ("d", "points"):
            if name in each.attrib:
                each.attrib[name] = each.attrib[name].strip()


def _is_unseen(shape: ET.Element) -> bool:
    strokeless = shape.get("stroke", "none") == "none" or shape.get("stroke-width") in {"0", "0.0"}
    has_mark = any(name.startswith("marker-") for name in shape.attrib)
    return shape.get("fill", "none") == "none" and strokeless and not has_mark and shape.get("class") != TOLD


def _with_own_names(svg: str, key: str) -> str:
    """The same with ids that no other chart on the page has."""
    own = f"c{hashlib.sha256(f'{svg}{key}'.encode('utf-8', 'replace')).hexdigest()[:8]}"
    for name in set(_REFERENCE.findall(svg)):
        svg = svg.replace(f'id="{name}"', f'id="{own}{name}"').replace(f"url(#{name})", f"url(#{own}{name})")
    return svg
