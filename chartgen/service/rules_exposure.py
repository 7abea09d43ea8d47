"""The rules about how many pods there are and how they are reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chartgen.service.finding import Finding
from chartgen.service.model import Autoscaling
from chartgen.service.node import Mapping, Scalar, key_position
from chartgen.service.words import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chartgen.service.view import View

CLASS_ANNOTATION = "kubernetes.io/ingress.class"


def scaling(view: View) -> Iterator[Finding]:
    """The fewest pods are not more than the most, and there is something to scale by."""
    if not isinstance(view.node("hpa"), Mapping):
        return
    fewest, most = view.scalar("hpa", "minReplicas"), view.scalar("hpa", "maxReplicas")
    if view.is_blocked("hpa", "maxReplicas"):
        fewest = None  # what it would be compared with is wrong, and told
    if fewest and _number(fewest) > (limit := _number(most) if most else Autoscaling.max_replicas):
        message = f"{fewest.text} is above maxReplicas, which is {limit}{'' if most else ' unless it is written'}"
        yield Finding(fewest.where, ("hpa", "minReplicas"), message, f"at most {limit}")
    cpu, memory = view.scalar("hpa", "targetCPU"), view.scalar("hpa", "targetMemory")
    by_memory = (memory and _number(memory)) or view.is_blocked("hpa", "targetMemory")
    if cpu and not _number(cpu) and not by_memory:
        path = ("hpa", "targetCPU")
        yield Finding(cpu.where, path, "leaves nothing to scale by", "a target for the CPU, the memory or both")


def _number(scalar: Scalar) -> int:
    return int(scalar.value or 0)  # the schema takes whole numbers only


def ingress_class(view: View) -> Iterator[Finding]:
    """The class is said once: Kubernetes refuses the field beside the annotation that came before it."""
    path = ("ingress", "annotations", CLASS_ANNOTATION)
    if view.node(*path) is not None and view.node("ingress", "className") is not None:
        message = "says the class a second time, beside `className`"
        yield Finding(key_position(view.document, path), path, message, hint="leave one of the two out")


def ingress_host(view: View) -> Iterator[Finding]:
    """The host is a name: Kubernetes takes no address, and every top-level domain has a letter."""
    path = ("ingress", "host")
    host = view.scalar(*path)
    if host and host.text.rpartition(".")[2].isdigit():
        yield Finding(host.where, path, f"{quoted(host.text)} is an address, not a name", "a host name")
