"""What Prometheus reads: all sums in its text format."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from observatory.metrics.families import FAMILIES, FAMILY_OF, Family, Kind
from observatory.relay.keys import Key

PUSHES = Family("pokeapi_relay_pushes_total", Kind.COUNTER, ("outcome",), "Pushes to this relay since it was started.")


def page(totals: Iterable[tuple[Key, float]], pushes: Mapping[str, int]) -> bytes:
    """The sums, each with the label of its target where it has one, and the pushes by their outcome."""
    registry = CollectorRegistry()
    registry.register(_Sums(totals, pushes))
    return generate_latest(registry)


class _Sums(Collector):
    def __init__(self, totals: Iterable[tuple[Key, float]], pushes: Mapping[str, int]) -> None:
        self._by_family: dict[str, list[tuple[Key, float]]] = defaultdict(list)
        for key, value in totals:
            self._by_family[FAMILY_OF[key.name].name].append((key, value))
        self._pushes = Counter(pushes)

    def collect(self) -> Iterable[Metric]:
        for family in FAMILIES:
            metric = _metric(family)
            for key, value in sorted(self._by_family[family.name], key=_order):
                target = {"target": key.target} if key.target else {}
                metric.add_sample(key.name, {**target, **dict(key.labels)}, value)
            yield metric
        own = _metric(PUSHES)
        for outcome in ("added", "repeated", "refused"):
            own.add_sample(PUSHES.name, {"outcome": outcome}, self._pushes[outcome])
        yield own


def _metric(family: Family) -> Metric:
    return Metric(family.name.removesuffix("_total"), family.help, family.kind)


def _order(sum_of: tuple[Key, float]) -> tuple[str, list[tuple[str, str]], str, float]:
    """Prometheus wants the samples of a histogram together, and its buckets in their order."""
    key, _ = sum_of
    others = [pair for pair in key.labels if pair[0] != "le"]
    return key.target, others, key.name, float(dict(key.labels).get("le", 0))
