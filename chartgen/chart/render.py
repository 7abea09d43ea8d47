"""ChartPlan -> RenderedChart: a pure function to bytes by path."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chartgen import assets
from chartgen.chart.listing import listing, sha256
from chartgen.errors import TemplateError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chartgen.chart.plan import ChartPlan

DIGEST_ANNOTATION = "chartgen/digest"
_SCHEMA = "values.schema.json"


@dataclass(frozen=True)
class RenderedChart:
    """A chart in memory.

    Attributes:
        name: The chart's name.
        version: The chart version.
        digest: A digest of everything in the chart but itself, 64 hexadecimal digits; it stands in Chart.yaml.
        files: Every file by its path in the chart, sorted.
    """

    name: str
    version: str
    digest: str
    files: Mapping[str, bytes]


def render(plan: ChartPlan) -> RenderedChart:
    """Render a chart.

    Args:
        plan: What the chart holds.

    Raises:
        TemplateError: A template is broken.
    """
    schema = _template(_SCHEMA, plan, {})
    context = {"metadata": plan.metadata, "values": plan.values, "schema": json.loads(schema)}
    rest = {path: _template(path, plan, context) for path in plan.templates if path != _SCHEMA}
    files = {**plan.files, _SCHEMA: schema, **rest}
    digest = sha256(listing(files))
    annotations = plan.metadata["annotations"] | {DIGEST_ANNOTATION: digest}
    files["Chart.yaml"] = _template(
        "Chart.yaml", plan, context | {"metadata": {**plan.metadata, "annotations": annotations}}
    )
    return RenderedChart(
        name=plan.metadata["name"],
        version=plan.metadata["version"],
        digest=digest,
        files=dict(sorted(files.items())),
    )


def _template(path: str, plan: ChartPlan, context: Mapping[str, object]) -> bytes:
    """One file of the chart: `PATH.j2` is rendered, a file without that suffix is copied byte for byte."""
    from jinja2 import TemplateError as JinjaError

    from chartgen.chart.environment import environment

    root = assets.chart_templates() / "model"
    if not (root / f"{path}.j2").is_file():
        return (root / path).read_bytes()
    try:
        return environment(str(root)).get_template(f"{path}.j2").render({**plan.context, **context}).encode()
    except JinjaError as error:
        line = getattr(error, "lineno", None)
        raise TemplateError(
            f"the template is broken: {error}", where=f"{root / path}.j2" + (f":{line}" if line else "")
        ) from error
