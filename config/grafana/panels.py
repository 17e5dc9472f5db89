"""How the dashboards look: boards and panels with what all of them have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from grafana_foundation_sdk.builders import common as parts
from grafana_foundation_sdk.builders import heatmap, stat, table, timeseries
from grafana_foundation_sdk.builders.dashboard import Dashboard, FieldColor, Row, ThresholdsConfig
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import dashboard
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    BigValueGraphMode,
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    ScaleDistribution,
    SortOrder,
    StackingMode,
    TooltipDisplayMode,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DynamicConfigValue,
    FieldColorModeId,
    Threshold,
    ThresholdsMode,
)
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode
from grafana_foundation_sdk.models.units import Seconds, Short

Question = Builder[Dataquery]
Panel = Builder[dashboard.Panel]

GOOD: Final = "green"
WARNING: Final = "yellow"
BAD: Final = "red"
PLAIN: Final = "blue"

WIDTH: Final = 24
"""What a row of panels adds up to."""

_LOW: Final = 4
_HIGH: Final = 9


def board(uid: str, title: str, description: str, panels: Mapping[str, Iterable[Panel]]) -> Dashboard:
    """A dashboard of rows of panels, by the rows' titles, that shows the last half hour, every five seconds anew."""
    whole = (
        Dashboard(title)
        .uid(uid)
        .description(description)
        .tags(["observatory"])
        .time("now-30m", "now")
        .refresh("5s")
        .timezone("browser")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .readonly()
    )
    for name, row in panels.items():
        whole.with_row(Row(name))
        for panel in row:
            whole.with_panel(panel)
    return whole


def thresholds(*steps: tuple[float, str], start: str = GOOD) -> ThresholdsConfig:
    """Colours: `start`, and from each value on the one beside it."""
    known = [Threshold(color=start), *(Threshold(value, colour) for value, colour in steps)]
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(known)


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
        .color_scheme(FieldColor().mode(FieldColorModeId.THRESHOLDS))
        .thresholds(colours or thresholds(start=PLAIN))
    )
    return panel if decimals is None else panel.decimals(decimals)


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
) -> timeseries.Panel:
    """Lines over time from 0 up; `fill` is the percentage of their areas, `limit` a value that is drawn as a line."""
    panel = (
        timeseries.Panel()
        .title(title)
        .description(description)
        .targets(list(questions))
        .span(WIDTH // 2)
        .height(_HIGH)
        .unit(unit)
        .min(0)
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


def distribution(title: str, description: str, question: Question) -> heatmap.Panel:
    """How many fell into each bucket of a histogram of seconds, over time: the brighter, the more."""
    return (
        heatmap.Panel()
        .title(title)
        .description(description)
        .with_target(question)
        .span(WIDTH // 2)
        .height(_HIGH)
        .calculate(calculate=False)
        .y_axis(heatmap.YAxisConfig().unit(Seconds))
        .color(heatmap.HeatmapColorOptions().mode(HeatmapColorMode.SCHEME).scheme("Turbo").steps(64))
        .filter_values(heatmap.FilterValueRange().le(1e-9))
        .cell_gap(1)
        .tooltip(heatmap.HeatmapTooltip().mode(TooltipDisplayMode.SINGLE).y_histogram(y_histogram=True))
        .scale_distribution(parts.ScaleDistributionConfig().type(ScaleDistribution.LINEAR))
    )


def rows(
    title: str, description: str, question: Question, columns: Mapping[str, Sequence[DynamicConfigValue]]
) -> table.Panel:
    """A table over the whole width; `columns` says of some columns how they look, by their names."""
    panel = (
        table.Panel()
        .title(title)
        .description(description)
        .with_target(question)
        .span(WIDTH)
        .height(_HIGH)
        .show_header(show_header=True)
    )
    for name, look in columns.items():
        panel = panel.override_by_name(name, list(look))
    return panel


def look(**properties: Any) -> list[DynamicConfigValue]:
    """How a column looks, by Grafana's names of properties; `__` stands for a dot."""
    return [DynamicConfigValue(name.replace("__", "."), value) for name, value in properties.items()]


def coloured(colours: Mapping[str, str]) -> list[DynamicConfigValue]:
    """How a column of words looks: each word on its colour."""
    options = {word: {"color": colour, "index": at} for at, (word, colour) in enumerate(colours.items())}
    return look(
        mappings=[{"type": "value", "options": options}],
        custom__cellOptions={"type": "color-background", "mode": "basic"},
    )
