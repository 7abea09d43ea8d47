"""What Prometheus reads. A request adds to a few integers of our own; prometheus_client is asked only for the text."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .dataplane import DataPlane

# Seconds; the last bucket holds what took longer.
BOUNDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class RouteCount:
    """The requests to one route.

    Args:
        name: The label: never a path as a client wrote it, so that the number of labels is bounded.
    """

    __slots__ = ("buckets", "name", "seconds", "statuses")

    def __init__(self, name: str) -> None:
        self.name = name
        self.statuses: dict[int, int] = {}
        self.buckets = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0

    def add(self, status: int, seconds: float) -> None:
        """Counts one request."""
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.buckets[bisect_left(BOUNDS, seconds)] += 1
        self.seconds += seconds


class Metrics:
    """All that is counted.

    Args:
        plane: What tells of the model.
        others: Gives the counts of the other processes that serve the same port.
    """

    def __init__(self, plane: DataPlane, others: Callable[[], Iterable[dict[str, Any]]] = tuple) -> None:
        self._plane = plane
        self._others = others
        self._routes: dict[str, RouteCount] = {}
        self._registry: Any = None
        self.errors: dict[str, int] = {}
        self.in_flight = 0
        self.closed: dict[str, int] = {}

    def route(self, name: str) -> RouteCount:
        """The count of this route."""
        return self._routes.setdefault(name, RouteCount(name))

    def close(self, reason: str) -> None:
        """Counts a connection that the server closed because of its client."""
        self.closed[reason] = self.closed.get(reason, 0) + 1

    def beside(self, registry: Any) -> None:
        """Gives these metrics together with those of a framework.

        Args:
            registry: The framework's registry of prometheus_client, which knows the process already.
        """
        registry.register(self)
        self._registry = registry

    def text(self, accept: str) -> tuple[bytes, str]:
        """The metrics as text, and its content type.

        Args:
            accept: The request's header, which may ask for OpenMetrics.
        """
        # Imported when it is first asked for: the pod is ready sooner.
        from prometheus_client import CollectorRegistry, ProcessCollector
        from prometheus_client.exposition import choose_encoder

        if self._registry is None:
            registry = CollectorRegistry()
            registry.register(self)
            ProcessCollector(registry=registry)
            self._registry = registry
        encoder, content_type = choose_encoder(accept)
        return encoder(self._registry), content_type

    def counts(self) -> dict[str, Any]:
        """What this process has counted, as JSON holds it."""
        routes = {
            route.name: {
                "statuses": {str(status): count for status, count in list(route.statuses.items())},
                "buckets": list(route.buckets),
                "seconds": route.seconds,
            }
            for route in list(self._routes.values())
        }
        in_flight = self.in_flight
        return {"routes": routes, "errors": dict(self.errors), "closed": dict(self.closed), "in_flight": in_flight}

    def collect(self) -> Iterator[Any]:
        """The metrics, as prometheus_client's registry asks for them."""
        from prometheus_client.core import CounterMetricFamily as Counter
        from prometheus_client.core import GaugeMetricFamily as Gauge
        from prometheus_client.core import HistogramMetricFamily as Histogram

        requests = Counter("chartgen_requests", "Requests that were answered", labels=["route", "status"])
        duration = Histogram(
            "chartgen_request_duration_seconds", "From the head of a request to its answer", labels=["route"]
        )
        counts = total([self.counts(), *self._others()])
        for name, route in counts["routes"].items():
            for status, count in route["statuses"].items():
                requests.add_metric([name, status], count)
            duration.add_metric([name], _cumulated(route["buckets"]), route["seconds"])
        yield requests
        yield duration
        errors = Counter("chartgen_prediction_errors", "Predictions that failed in the pod", labels=["code"])
        for code, count in counts["errors"].items():
            errors.add_metric([code], count)
        yield errors
        closed = Counter("chartgen_connections_closed", "Connections closed because of the client", labels=["reason"])
        for reason, count in counts["closed"].items():
            closed.add_metric([reason], count)
        yield closed
        yield Gauge("chartgen_requests_in_flight", "Predictions that run or wait", value=counts["in_flight"])
        settings = self._plane.settings
        labels = {
            "name": settings.model_name,
            "version": settings.model_version,
            "format": settings.model_format,
            "sha256": settings.model_sha256,
        }
        info = Gauge("chartgen_model_info", "The model that is served", labels=list(labels))
        info.add_metric(list(labels.values()), 1)
        yield info
        yield Gauge("chartgen_ready", "Whether the pod is ready", value=int(self._plane.ready))
        if self._plane.load_seconds:
            yield Gauge("chartgen_model_load_seconds", "How long loading took", value=self._plane.load_seconds)


def total(counts: list[Any]) -> Any:
    """The sum of numbers, of lists by place, of objects by member."""
    first = counts[0]
    if isinstance(first, dict):
        names = dict.fromkeys(name for each in counts for name in each)
        return {name: total([each[name] for each in counts if name in each]) for name in names}
    if isinstance(first, list):
        return [total(list(each)) for each in zip(*counts, strict=True)]
    return sum(counts)


def _cumulated(buckets: list[int]) -> list[tuple[str, float]]:
    total = 0
    rows = []
    for bound, count in zip((*map(str, BOUNDS), "+Inf"), list(buckets), strict=True):
        total += count
        rows.append((bound, float(total)))
    return rows
