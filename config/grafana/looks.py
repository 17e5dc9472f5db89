"""How values look on the dashboards: thresholds, colours that have a word beside them, and where a cell leads to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.models.dashboard import (
    DynamicConfigValue,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
)

GOOD: Final = "green"
WARNING: Final = "yellow"
BAD: Final = "red"
PLAIN: Final = "blue"
QUIET: Final = "text"

Look = list[DynamicConfigValue]


def thresholds(*steps: tuple[float, str], start: str = GOOD) -> ThresholdsConfig:
    """Colours: `start`, and from each value on the one beside it."""
    known = [Threshold(color=start), *(Threshold(value, colour) for value, colour in steps)]
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(known)


def look(**properties: Any) -> Look:
    """How a column looks, by Grafana's names of properties; `__` stands for a dot."""
    return [DynamicConfigValue(name.replace("__", "."), value) for name, value in properties.items()]


def coloured(colours: Mapping[str, str]) -> Look:
    """How a column of words looks: each word on its colour."""
    options = {word: {"color": colour, "index": at} for at, (word, colour) in enumerate(colours.items())}
    return look(
        mappings=[{"type": "value", "options": options}],
        custom__cellOptions={"type": "color-background", "mode": "basic"},
    )


def judged(*steps: tuple[float, str], start: str = GOOD, **properties: Any) -> Look:
    """How a column of numbers looks: each in the colour of its threshold, from `start` on; see `thresholds`."""
    marks = [{"color": start, "value": None}, *({"color": colour, "value": value} for value, colour in steps)]
    return look(
        thresholds={"mode": "absolute", "steps": marks},
        color={"mode": "thresholds"},
        custom__cellOptions={"type": "color-text"},
        **properties,
    )


def leading(title: str, url: str, *, shown: str = "", **properties: Any) -> Look:
    """How a column looks whose cells lead somewhere.

    Args:
        title: what the link says of itself.
        url: where it leads to; `${__value.raw:percentencode}` is the cell.
        shown: a word to show instead of the cell, where the cell is nothing for people.
        properties: as of `look`.
    """
    if shown:
        word = {"type": "regex", "options": {"pattern": ".+", "result": {"text": shown, "index": 0}}}
        properties["mappings"] = [word]
    return look(links=[{"title": title, "url": url, "targetBlank": False}], **properties)


def fixed(colour: str) -> Look:
    """How a series looks that always has the same colour; its name stands beside it."""
    return look(color={"mode": "fixed", "fixedColor": colour})


def named(words: Mapping[int, tuple[str, str]]) -> ValueMap:
    """What some numbers are called, each with its colour."""
    results = {
        str(value): ValueMappingResult(text=word, color=colour, index=at)
        for at, (value, (word, colour)) in enumerate(words.items())
    }
    return ValueMap(options=results)
