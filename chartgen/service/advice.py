"""What is not wrong in a service file, but was probably not meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chartgen.service.node import DataPath, find, key_position
from chartgen.service.words import path_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chartgen.service.model import ServiceSpec
    from chartgen.service.node import Mapping

Advice = tuple[DataPath, str]


def warnings(document: Mapping, spec: ServiceSpec) -> tuple[str, ...]:
    """Everything that a person should know, each with its place.

    Args:
        document: The document, in which nothing is wrong.
        spec: The service that it describes.
    """
    found = [advice for rule in RULES for advice in rule(document, spec)]
    return tuple(f"{key_position(document, path)}: {path_text(path)} {message}" for path, message in found)


def replicas_beside_hpa(document: Mapping, spec: ServiceSpec) -> Iterator[Advice]:
    """A number of pods beside a scaling that decides it."""
    scaling = spec.autoscaling
    if scaling and scaling.enabled and "replicas" in document.entries:
        between = f"from {scaling.min_replicas} to {scaling.max_replicas}"
        yield ("replicas",), f"is not used while hpa is on, which makes it {between} pods by the load"


def not_enabled(document: Mapping, spec: ServiceSpec) -> Iterator[Advice]:
    """A subject with settings and no word on whether it is on."""
    for key, given in (("hpa", spec.autoscaling), ("ingress", spec.ingress)):
        if given and find(document, (key, "enabled")) is None:
            yield (key,), "is off, since it does not say `enabled: true`; `enabled: false` says so without this warning"


RULES: tuple[Callable[[Mapping, ServiceSpec], Iterator[Advice]], ...] = (replicas_beside_hpa, not_enabled)
