"""Where the dashboards' data comes from: datasources, by the uids they are provisioned with, and questions to them."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import dedent
from typing import Final

from grafana_foundation_sdk.builders import prometheus
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

PROMETHEUS: Final = DataSourceRef(type_val="prometheus", uid="prometheus")
POSTGRES: Final = DataSourceRef(type_val="grafana-postgresql-datasource", uid="postgres")


def promql(expression: str, legend: str = "", *, scraped: str, instant: bool = False) -> prometheus.Dataquery:
    """A question to Prometheus.

    Args:
        expression: in PromQL; a rate is taken over `$__rate_interval`.
        legend: the name of each series, such as `{{endpoint}}`.
        scraped: how often the metric is scraped, such as `5s`. Grafana makes `$__rate_interval` four times that; too
            short, and there would be no rate.
        instant: whether only the end of the time that is shown is asked for.
    """
    query = prometheus.Dataquery().datasource(PROMETHEUS).expr(expression).legend_format(legend).interval(scraped)
    return query.instant() if instant else query.range()


def buckets(expression: str, *, scraped: str) -> prometheus.Dataquery:
    """A question to Prometheus whose series are the buckets of a histogram; see `promql`."""
    return promql(expression, "{{le}}", scraped=scraped).format(PromQueryFormat.HEATMAP)


@dataclass(frozen=True, slots=True)
class SqlQuery(Dataquery):
    """A question to PostgreSQL, as Grafana reads it."""

    statement: str
    ref_id: str = "A"

    def to_json(self) -> dict[str, object]:
        """What stands in the dashboard."""
        return {
            "datasource": POSTGRES,
            "editorMode": "code",
            "format": "table",
            "rawQuery": True,
            "rawSql": self.statement,
            "refId": self.ref_id,
        }


@dataclass(frozen=True, slots=True)
class Sql(Builder[Dataquery]):
    """Builds a question to PostgreSQL; `$__timeFrom()` and `$__timeTo()` are the time that is shown."""

    statement: str

    def build(self) -> SqlQuery:
        """The question, without the indentation of the code that it stands in."""
        return SqlQuery(dedent(self.statement).strip())
