"""The way from a checked service to a chart in memory: inspect, pin, plan, render."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chartgen.chart.handler_imports import import_warnings
from chartgen.chart.on_gpu import gpu_warnings, uses_gpu
from chartgen.chart.plan import plan
from chartgen.chart.render import RenderedChart, render
from chartgen.chart.runtimes import load_runtime
from chartgen.chart.servable import input_warnings
from chartgen.chart.size import check_size
from chartgen.errors import ModelError
from chartgen.inspect import inspect_model
from chartgen.pins.own import check_own
from chartgen.pins.resolve import resolve

if TYPE_CHECKING:
    from pathlib import Path

    from chartgen.chart.plan import ChartPlan
    from chartgen.inspect.facts import ModelFacts
    from chartgen.pins.resolve import Requirements
    from chartgen.service.model import ServiceSpec

LOCK_FILE = "requirements.lock"
"""Lies beside the service file and replaces the versions that chartgen knows."""


@dataclass(frozen=True)
class Built:
    """A chart and what it was made of.

    Attributes:
        spec: The service.
        facts: What the model file says of itself.
        requirements: The libraries of the pods.
        plan: What was decided.
        chart: The chart.
        lock: The `requirements.lock` beside the service file that gave the libraries; None where chartgen chose them.
    """

    spec: ServiceSpec
    facts: ModelFacts
    requirements: Requirements
    plan: ChartPlan
    chart: RenderedChart
    lock: Path | None = None

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person should know although nothing is wrong."""
        own, versions = self.spec.runtime.requirements, self.requirements.versions
        imports = import_warnings(self.chart.files, versions, own, locked=self.lock is not None)
        about_model = gpu_warnings(self.spec, self.facts, versions) + input_warnings(self.spec, self.facts)
        return self.spec.warnings + about_model + self.requirements.warnings + imports


def build(spec: ServiceSpec) -> Built:
    """Make the chart of a service. Nothing is written, and the network is not touched.

    Args:
        spec: The service.

    Raises:
        ModelError: The model file cannot be served as it is.
        ServiceFileError: `requirements.lock` cannot be used, or lacks what the service asks for.
        ChartError: The chart cannot be made.
    """
    try:
        facts = inspect_model(
            spec.model.file, format=spec.model.format, trusted=spec.model.trusted, sha256=spec.model.sha256
        )
        return _built(spec, facts)
    except ModelError as error:
        if error.key in spec.model.places:  # it is to be mended there, and not in the model
            error.where = f"{spec.model.places[error.key]}: {error.where}"
        raise


def _built(spec: ServiceSpec, facts: ModelFacts) -> Built:
    lock = spec.source.parent / LOCK_FILE if spec.source else None
    runtime = load_runtime(spec.runtime.name, spec.runtime.folder)
    roots = runtime.requirements if spec.runtime.folder else None
    used = lock if lock and lock.exists() else None
    requirements = resolve(facts, spec.runtime.name, used, roots=roots, gpu=uses_gpu(spec, facts))
    check_own(spec.runtime.requirements, requirements.versions, spec.runtime.requirements_place, used)
    planned = plan(spec, facts, requirements)
    chart = render(planned)
    check_size(spec, chart)
    return Built(spec=spec, facts=facts, requirements=requirements, plan=planned, chart=chart, lock=used)
