"""What all dashboards have in common: rows of panels, the way from one to another, and spans of time to mark."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from textwrap import dedent
from typing import Final

from grafana_foundation_sdk.builders.dashboard import AnnotationQuery, Dashboard, DashboardLink, Row
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.dashboard import DashboardCursorSync, DashboardLinkType, VariableModel

from config.grafana.panels import Panel
from config.grafana.sources import POSTGRES, Sql

TAG: Final = "observatory"
"""What all dashboards are found by."""

_SCHEMA_CHANGES: Final = """
    SELECT change.found_at AS time, change.found_at AS timeend,
           concat_ws(' ', change.endpoint, nullif(change.part, ''), change.kind, change.path) AS text,
           CASE WHEN change.breaking THEN 'breaking' ELSE 'not breaking' END || ',' || change.state AS tags
    FROM schema_changes AS change JOIN targets AS target ON target.id = change.target_id
    WHERE target.name = ${target:sqlstring} AND $__timeFilter(change.found_at)
    ORDER BY change.found_at DESC LIMIT 200
"""


def board(
    uid: str,
    title: str,
    description: str,
    panels: Mapping[str, Iterable[Panel]],
    *,
    since: str = "now-30m",
    refresh: str = "5s",
    variables: Sequence[Builder[VariableModel]] = (),
) -> Dashboard:
    """A dashboard of rows of panels, by the rows' titles.

    Args:
        uid: its address.
        title: its name.
        description: what it is for.
        panels: its panels, by the titles of their rows.
        since: the time that it shows at first goes from here until now.
        refresh: how often it asks anew.
        variables: what a person can choose.
    """
    whole = (
        Dashboard(title)
        .uid(uid)
        .description(description)
        .tags([TAG])
        .time(since, "now")
        .refresh(refresh)
        .timezone("browser")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .variables(list(variables))
        .link(_others())
        .readonly()
    )
    for name, row in panels.items():
        whole.with_row(Row(name))
        for panel in row:
            whole.with_panel(panel)
    return whole


def schema_changes() -> AnnotationQuery:
    """Marks where a schema of the target changed."""
    marks = AnnotationQuery().name("Schema changes").datasource(POSTGRES).icon_color("orange")
    return marks.target(Sql(dedent(_SCHEMA_CHANGES)))


def _others() -> DashboardLink:
    """A link to each of the dashboards, which keeps the time and what was chosen."""
    link = DashboardLink("Observatory").type(DashboardLinkType.DASHBOARDS).tags([TAG])
    # Beside what can be chosen, not in a menu.
    return link.placement("").as_dropdown(as_dropdown=False).include_vars(include_vars=True).keep_time(keep_time=True)
