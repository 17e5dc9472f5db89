"""Where the dashboards' data comes from: datasources, by the uids they are provisioned with, and questions to them."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import dedent
from typing import Final, Literal

from grafana_foundation_sdk.builders import loki, prometheus
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.loki import LokiQueryType
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

PROMETHEUS: Final = DataSourceRef(type_val="prometheus", uid="prometheus")
POSTGRES: Final = DataSourceRef(type_val="grafana-postgresql-datasource", uid="postgres")
LOKI: Final = DataSourceRef(type_val="loki", uid="loki")

_MOST_LINES: Final = 500  # of the log, in a panel


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


def logql(expression: str, legend: str = "") -> loki.Dataquery:
    """A question to Loki: for lines of the log, or for numbers of them over time."""
    query = loki.Dataquery().datasource(LOKI).expr(expression).query_type(LokiQueryType.RANGE)
    return query.legend_format(legend).max_lines(_MOST_LINES)


@dataclass(frozen=True, slots=True)
class SqlQuery(Dataquery):
    """A question to PostgreSQL, as Grafana reads it."""

    statement: str
    form: Literal["table", "time_series"] = "table"
    ref_id: str = "A"

    def to_json(self) -> dict[str, object]:
        """What stands in the dashboard."""
        return {
            "datasource": POSTGRES,
            "editorMode": "code",
            "format": self.form,
            "rawQuery": True,
            "rawSql": self.statement,
            "refId": self.ref_id,
        }


@dataclass(frozen=True, slots=True)
class Sql(Builder[Dataquery]):
    """Builds a question to PostgreSQL; `$__timeFrom()` and `$__timeTo()` are the time that is shown.

    The form `table` gives the columns as they are. `time_series` makes a series of the rows with the same `metric`, of
    their `time` and `value`.
    """

    statement: str
    form: Literal["table", "time_series"] = "table"

    def build(self) -> SqlQuery:
        """The question, without the indentation of the code that it stands in."""
        return SqlQuery(dedent(self.statement).strip(), self.form)
