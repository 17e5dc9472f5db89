"""How the panels look that show a time: lines, bars by run or day, states, and distributions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from grafana_foundation_sdk.builders import common as parts
from grafana_foundation_sdk.builders import heatmap, statetimeline, timeseries
from grafana_foundation_sdk.builders.dashboard import FieldColor
from grafana_foundation_sdk.models.common import (
    GraphDrawStyle,
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    LineInterpolation,
    ScaleDistribution,
    SortOrder,
    StackingMode,
    TooltipDisplayMode,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import FieldColorModeId
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode
from grafana_foundation_sdk.models.units import Seconds, Short

from config.grafana.looks import BAD, fixed, named, thresholds
from config.grafana.panels import HIGH, WIDTH, Question


def course(
    title: str,
    description: str,
    questions: Sequence[Question],
    *,
    unit: str = Short,
    fill: int = 0,
    stacked: bool = False,
    limit: float | None = None,
    legend: Sequence[str] = ("lastNotNull", "max"),
    empty: str = "no load",
) -> timeseries.Panel:
    """Lines over time from 0 up; `fill` is the percentage of their areas, `limit` a value that is drawn as a line."""
    panel = (
        timeseries.Panel()
        .title(title)
        .description(description)
        .targets(list(questions))
        .span(WIDTH // 2)
        .height(HIGH)
        .unit(unit)
        .min(0)
        .no_value(empty)
        .line_width(2)
        .fill_opacity(fill)
        .show_points(VisibilityMode.NEVER)
        .color_scheme(FieldColor().mode(FieldColorModeId.PALETTE_CLASSIC_BY_NAME))
        .tooltip(parts.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING))
        .legend(
            parts.VizLegendOptions()
            .display_mode(LegendDisplayMode.TABLE)
            .placement(LegendPlacement.BOTTOM)
            .show_legend(show_legend=True)
            .calcs(list(legend))
        )
    )
    if stacked:
        panel = panel.stacking(parts.StackingConfig().mode(StackingMode.NORMAL).group("A"))
    if limit is not None:
        style = parts.GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED)
        panel = panel.thresholds(thresholds((limit, BAD))).thresholds_style(style)
    return panel


def run_by_run(panel: timeseries.Panel) -> timeseries.Panel:
    """A course with a point for each run, joined by lines, however long nobody ran anything."""
    return panel.show_points(VisibilityMode.ALWAYS).point_size(5).line_width(1).span_nulls(span_nulls=True)


def in_steps(panel: timeseries.Panel) -> timeseries.Panel:
    """A course of what holds until the next point of its series, however many others have theirs in between."""
    return panel.line_interpolation(LineInterpolation.STEP_AFTER).span_nulls(span_nulls=True)


def piled(panel: timeseries.Panel, colours: Mapping[str, str] | None = None) -> timeseries.Panel:
    """A course as bars that stand on each other, in the colours beside the names of their series."""
    stacking = parts.StackingConfig().mode(StackingMode.NORMAL).group("A")
    panel = panel.draw_style(GraphDrawStyle.BARS).fill_opacity(70).line_width(1).stacking(stacking)
    for name, colour in (colours or {}).items():
        panel = panel.override_by_name(name, fixed(colour))
    return panel


def states(
    title: str, description: str, question: Question, words: Mapping[int, tuple[str, str]], *, empty: str
) -> statetimeline.Panel:
    """What state each series was in, over time: numbers that are called by words, each on its colour."""
    return (
        statetimeline.Panel()
        .title(title)
        .description(description)
        .with_target(question)
        .span(WIDTH // 2)
        .height(HIGH)
        .no_value(empty)
        .mappings([named(words)])
        .show_value(VisibilityMode.AUTO)
        .merge_values(merge_values=True)
        .row_height(0.8)
        .fill_opacity(70)
        .color_scheme(FieldColor().mode(FieldColorModeId.THRESHOLDS))
        .legend(
            parts.VizLegendOptions()
            .display_mode(LegendDisplayMode.LIST)
            .placement(LegendPlacement.BOTTOM)
            .show_legend(show_legend=True)
        )
    )


def distribution(title: str, description: str, question: Question, *, empty: str = "no load") -> heatmap.Panel:
    """How many fell into each bucket of a histogram of seconds, over time: the brighter, the more."""
    return (
        heatmap.Panel()
        .title(title)
        .description(description)
        .with_target(question)
        .span(WIDTH // 2)
        .height(HIGH)
        .no_value(empty)
        .calculate(calculate=False)
        .y_axis(heatmap.YAxisConfig().unit(Seconds))
        .color(heatmap.HeatmapColorOptions().mode(HeatmapColorMode.SCHEME).scheme("Turbo").steps(64))
        .filter_values(heatmap.FilterValueRange().le(1e-9))
        .cell_gap(1)
        .tooltip(heatmap.HeatmapTooltip().mode(TooltipDisplayMode.SINGLE).y_histogram(y_histogram=True))
        .scale_distribution(parts.ScaleDistributionConfig().type(ScaleDistribution.LINEAR))
    )
