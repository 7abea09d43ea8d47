"""What a release has around its pods: the ways in, and what scales it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chartgen.cluster.records import Condition

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chartgen.cluster.records import Json


def ingress_urls(data: Json) -> Iterator[str]:
    """The addresses at which an Ingress serves, without a slash at the end.

    A host that the Ingress lists under `tls` is served by https, any other by http; a rule without a host holds for
    every name, which an address cannot say, and is left out.

    Args:
        data: The Ingress.
    """
    spec = data.get("spec") or {}
    secure = {host for entry in spec.get("tls") or () for host in entry.get("hosts") or ()}
    for rule in spec.get("rules") or ():
        host = rule.get("host")
        for path in (rule.get("http") or {}).get("paths") or () if host else ():
            scheme = "https" if host in secure else "http"
            yield f"{scheme}://{host}{(path.get('path') or '').rstrip('/')}"


@dataclass(frozen=True)
class ServiceAddress:
    """A Service.

    Attributes:
        name: Its name.
        port: Its port; 0 when it has none.
    """

    name: str
    port: int

    @classmethod
    def from_json(cls, data: Json) -> ServiceAddress:
        """Read a Service."""
        ports = (data.get("spec") or {}).get("ports") or []
        return cls(data["metadata"]["name"], ports[0]["port"] if ports else 0)


@dataclass(frozen=True)
class Autoscaler:
    """A HorizontalPodAutoscaler.

    Attributes:
        current: How many pods there are.
        desired: How many it wants.
        minimum: The fewest it goes down to.
        maximum: The most it goes up to.
        reason: Why it cannot scale; empty when it can.
    """

    current: int
    desired: int
    minimum: int
    maximum: int
    reason: str = ""

    @classmethod
    def from_json(cls, data: Json) -> Autoscaler:
        """Read a HorizontalPodAutoscaler of `autoscaling/v2`."""
        spec, status = data.get("spec") or {}, data.get("status") or {}
        conditions = [Condition.from_json(each) for each in status.get("conditions") or ()]
        wrong = (
            f"{each.reason}: {each.message}"
            for each in conditions
            if each.type in {"AbleToScale", "ScalingActive"} and each.status is False
        )
        return cls(
            current=status.get("currentReplicas") or 0,
            desired=status.get("desiredReplicas") or 0,
            minimum=spec.get("minReplicas") or 1,
            maximum=spec.get("maxReplicas") or 0,
            reason=next(wrong, ""),
        )
