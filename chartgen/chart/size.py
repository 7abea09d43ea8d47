"""Whether a release of a chart can be stored: Helm keeps it in one Secret, chart and manifests together, compressed."""

from __future__ import annotations

import base64
import gzip
import json
from typing import TYPE_CHECKING

from chartgen.errors import ChartError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chartgen.chart.render import RenderedChart
    from chartgen.service.model import ServiceSpec

# What Kubernetes lets a Secret hold.
SECRET_BYTES = 1024 * 1024
# For what the chart's content does not show: the release's own record, its notes, values that are set later.
SPARE_BYTES = 20_000
# Below it no release comes near to the limit, and nothing is compressed to find out.
SMALL_BYTES = 250_000
MODEL = "files/model.bin"
_NAMED = 3
_LARGE = 10_000


def check_size(spec: ServiceSpec, chart: RenderedChart) -> None:
    """Refuses a chart whose release could not be stored.

    Args:
        spec: The service.
        chart: Its chart.

    Raises:
        ChartError: The release would be too large; the largest parts are named.
    """
    if sum(len(chart.files[path]) for path in (MODEL, "values.yaml")) < SMALL_BYTES:
        return
    size = release_size(chart)
    if size <= SECRET_BYTES - SPARE_BYTES:
        return
    raise ChartError(
        f"the release would take about {size:,} bytes, and Helm keeps it in one Secret",
        where=str(spec.source) if spec.source else None,
        expected=f"at most {SECRET_BYTES - SPARE_BYTES:,} bytes, chart and manifests compressed",
        hint=f"make smaller what is large: {_largest(spec, chart)}",
    )


def release_size(chart: RenderedChart) -> int:
    """About how many bytes Helm stores for a release of a chart: JSON, gzip, base64.

    Args:
        chart: The chart. What its files and values hold stands in the manifests a second time.
    """
    files = {path: base64.b64encode(content).decode() for path, content in chart.files.items()}
    carried = [
        base64.b64encode(content).decode() if path == MODEL else content.decode()
        for path, content in chart.files.items()
        if path.startswith("files/") or path == "values.yaml"
    ]
    document = json.dumps({"files": files, "manifest": "\n".join(carried)}).encode()
    # Base64 makes four bytes of three. Helm compresses as well as can be; the fastest level differs by little.
    return (len(gzip.compress(document, 6)) + 2) // 3 * 4


def _largest(spec: ServiceSpec, chart: RenderedChart) -> str:
    """The largest things in a chart that come from the user, as `sample (910,000 bytes)`."""
    parts: dict[str, int] = {"model": len(chart.files[MODEL]) - 1}
    if spec.sample:
        parts["sample"] = _length(spec.sample.input) + _length(spec.sample.output)
    parts |= {f"env.{name}": _length(value) for name, value in spec.env.items() if isinstance(value, str)}
    if "files/runtime/handler.py" in chart.files:
        parts["runtime.handler"] = len(chart.files["files/runtime/handler.py"])
    parts |= _annotations("pod", spec.pod.annotations) | _annotations("service", spec.service.annotations)
    parts |= _annotations("ingress", spec.ingress.annotations if spec.ingress else {})
    largest = sorted(parts.items(), key=lambda part: -part[1])[:_NAMED]
    return ", ".join(
        f"{name} ({size:,} bytes)" for name, size in largest if size >= _LARGE or (name, size) == largest[0]
    )


def _annotations(owner: str, annotations: Mapping[str, str]) -> dict[str, int]:
    return {f"{owner}.annotations": _length(dict(annotations))}


def _length(value: object) -> int:
    return len(json.dumps(value, ensure_ascii=False, default=str).encode())
