"""chartgen turns an ML model file and a small service file into a versioned Helm chart.

The public names are loaded when they are first used, so that importing chartgen costs next to nothing::

    import chartgen

    spec = chartgen.load_service(["service.yaml"])
    chart = chartgen.build(spec).chart
    chartgen.write_chart(chart, Path("charts"))
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from chartgen.chart.archive import archive as archive_chart
    from chartgen.chart.archive import write_archive
    from chartgen.chart.build import Built, build
    from chartgen.chart.render import RenderedChart
    from chartgen.chart.write import write as write_chart
    from chartgen.errors import ChartgenError
    from chartgen.inspect import inspect_model
    from chartgen.inspect.facts import ModelFacts
    from chartgen.service.load import load as load_service
    from chartgen.service.load import parse_mapping as parse_service
    from chartgen.service.model import ServiceSpec

_PLACES = {
    "Built": "chart.build:Built",
    "ChartgenError": "errors:ChartgenError",
    "ModelFacts": "inspect.facts:ModelFacts",
    "RenderedChart": "chart.render:RenderedChart",
    "ServiceSpec": "service.model:ServiceSpec",
    "archive_chart": "chart.archive:archive",
    "build": "chart.build:build",
    "inspect_model": "inspect:inspect_model",
    "load_service": "service.load:load",
    "parse_service": "service.load:parse_mapping",
    "write_archive": "chart.archive:write_archive",
    "write_chart": "chart.write:write",
}

__all__ = [
    "Built",
    "ChartgenError",
    "ModelFacts",
    "RenderedChart",
    "ServiceSpec",
    "__version__",
    "archive_chart",
    "build",
    "inspect_model",
    "load_service",
    "parse_service",
    "write_archive",
    "write_chart",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'chartgen' has no attribute '{name}'")
    import importlib

    module, _, attribute = _PLACES[name].partition(":")
    return getattr(importlib.import_module(f"chartgen.{module}"), attribute)
