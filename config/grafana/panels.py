"""How the panels look: numbers, dials, bars, tables and log lines, each kind alike everywhere.

A panel says in a word what it means that it has nothing to show; `empty` is that word.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

from grafana_foundation_sdk.builders import (
    bargauge,
    gauge,
    logs,
    piechart,
    stat,
    table,
)
from grafana_foundation_sdk.builders import common as parts
from grafana_foundation_sdk.builders.dashboard import FieldColor, ThresholdsConfig
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import dashboard
from grafana_foundation_sdk.models.common import (
    BarGaugeDisplayMode,
    BarGaugeValueMode,
    BigValueColorMode,
    BigValueGraphMode,
    BigValueTextMode,
    LegendDisplayMode,
    LegendPlacement,
    LogsSortOrder,
    VizOrientation,
)
from grafana_foundation_sdk.models.dashboard import FieldColorModeId
from grafana_foundation_sdk.models.piechart import PieChartLabels, PieChartLegendValues, PieChartType
from grafana_foundation_sdk.models.units import Short

from config.grafana.looks import PLAIN, Look, fixed, look, named, thresholds

Question = Builder[Dataquery]
Panel = Builder[dashboard.Panel]

WIDTH: Final = 24
"""What a row of panels adds up to."""

_LOW: Final = 4
HIGH: Final = 9
"""What most panels are high."""

_Ruled = TypeVar("_Ruled", stat.Panel, gauge.Panel, bargauge.Panel)


def number(
    title: str,
    description: str,
    question: Question,
    *,
    unit: str = Short,
    decimals: int | None = None,
    colours: ThresholdsConfig | None = None,
    empty: str = "no load",
) -> stat.Panel:
    """One number, at the end of the time that is shown; `colours` say whether it is good, `empty` stands for none."""
    panel = (
        stat.Panel()
        .title(title)
        .description(description)
        .with_target(question)
        .span(WIDTH // 6)
        .height(_LOW)
        .unit(unit)
        .no_value(empty)
        .graph_mode(BigValueGraphMode.NONE)
        .color_mode(BigValueColorMode.VALUE)
        .reduce_options(parts.ReduceDataOptions().calcs(["last"]))
    )
    return _ruled(panel, colours, decimals)


def numbers(
    title: str,
    description: str,
    question: Question,
    *,
    unit: str = Short,
    decimals: int | None = None,
    colours: ThresholdsConfig | None = None,
    words: Mapping[int, tuple[str, str]] | None = None,
    empty: str,
) -> stat.Panel:
    """A number for each series, with its name; `words` are what some numbers are called, with their colours."""
    panel = number(title, description, question, unit=unit, decimals=decimals, colours=colours, empty=empty)
    panel = panel.span(WIDTH // 2).height(_LOW + 1).text_mode(BigValueTextMode.VALUE_AND_NAME)
    return panel.mappings([named(words)]) if words else panel


def dial(
    title: str,
    description: str,
    question: Question,
    *,
    unit: str,
    bounds: tuple[float, float],
    colours: ThresholdsConfig,
    decimals: int | None = None,
    each_row: bool = False,
    empty: str,
) -> gauge.Panel:
    """A number between two bounds, on a dial; with `each_row`, one dial for each row that has a name and a number."""
    options = parts.ReduceDataOptions().calcs(["lastNotNull"])
    panel = (
        gauge.Panel()
        .title(title)
        .description(description)
        .with_target(question)
        .span(WIDTH // 6)
        .height(HIGH)
        .unit(unit)
        .min(bounds[0])
        .max(bounds[1])
        .no_value(empty)
        .show_threshold_labels(show_threshold_labels=False)
        .show_threshold_markers(show_threshold_markers=True)
        .reduce_options(options.values(values=True).limit(24) if each_row else options)
    )
    return _ruled(panel, colours, decimals)


def bars(
    title: str,
    description: str,
    question: Question,
    *,
    unit: str = Short,
    decimals: int | None = None,
    colours: ThresholdsConfig | None = None,
    empty: str,
) -> bargauge.Panel:
    """A bar for each series, with its name and its number, at the end of the time that is shown."""
    panel = (
        bargauge.Panel()
        .title(title)
        .description(description)
        .with_target(question)
        .span(WIDTH // 2)
        .height(HIGH)
        .unit(unit)
        .min(0)
        .no_value(empty)
        .orientation(VizOrientation.HORIZONTAL)
        .display_mode(BarGaugeDisplayMode.BASIC)
        .value_mode(BarGaugeValueMode.TEXT)
        .reduce_options(parts.ReduceDataOptions().calcs(["lastNotNull"]))
    )
    return _ruled(panel, colours, decimals)


def shares(
    title: str, description: str, question: Question, colours: Mapping[str, str], *, empty: str
) -> piechart.Panel:
    """The parts of a whole: a slice for each column of the one row, in the colour beside its name."""
    panel = (
        piechart.Panel()
        .title(title)
        .description(description)
        .with_target(question)
        .span(WIDTH // 3)
        .height(HIGH)
        .unit(Short)
        .no_value(empty)
        .pie_type(PieChartType.DONUT)
        .display_labels([PieChartLabels.NAME, PieChartLabels.PERCENT])
        .reduce_options(parts.ReduceDataOptions().calcs(["lastNotNull"]))
        .legend(
            piechart.PieChartLegendOptions()
            .display_mode(LegendDisplayMode.TABLE)
            .placement(LegendPlacement.RIGHT)
            .show_legend(show_legend=True)
            .values([PieChartLegendValues.VALUE, PieChartLegendValues.PERCENT])
        )
    )
    for name, colour in colours.items():
        panel = panel.override_by_name(name, fixed(colour))
    return panel


def rows(
    title: str, description: str, question: Question, columns: Mapping[str, Look], *, empty: str = "no load"
) -> table.Panel:
    """A table over the whole width; `columns` says of some columns how they look, by their names."""
    panel = (
        table.Panel()
        .title(title)
        .description(description)
        .with_target(question)
        .span(WIDTH)
        .height(HIGH)
        .no_value(empty)
        .show_header(show_header=True)
        # Else each empty cell would say what an empty table says.
        .override_by_regexp("/.*/", look(noValue="-"))
    )
    for name, properties in columns.items():
        panel = panel.override_by_name(name, list(properties))
    return panel


def lines(title: str, description: str, question: Question, *, empty: str) -> logs.Panel:
    """Lines of the log, the newest first, each to unfold."""
    return (
        logs.Panel()
        .title(title)
        .description(description)
        .with_target(question)
        .span(WIDTH)
        .height(2 * HIGH)
        .no_value(empty)
        .show_time(show_time=True)
        .wrap_log_message(wrap_log_message=True)
        .prettify_log_message(prettify_log_message=False)
        .enable_log_details(enable_log_details=True)
        .sort_order(LogsSortOrder.DESCENDING)
    )


def _ruled(panel: _Ruled, colours: ThresholdsConfig | None, decimals: int | None) -> _Ruled:
    """A panel in the colours of its thresholds."""
    panel = panel.color_scheme(FieldColor().mode(FieldColorModeId.THRESHOLDS))
    panel = panel.thresholds(colours or thresholds(start=PLAIN))
    return panel if decimals is None else panel.decimals(decimals)
