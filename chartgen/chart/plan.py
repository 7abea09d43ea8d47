"""All decisions about a chart: its metadata, its values, the files in it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from chartgen import assets
from chartgen.chart.on_gpu import check_machines, uses_gpu
from chartgen.chart.runtimes import ServingRuntime, load_runtime
from chartgen.chart.servable import check_model
from chartgen.chart.values import chart_values, has_disruption_budget, has_runtime_class
from chartgen.errors import ModelUnreadableError, ModelUnsupportedError
from chartgen.service.kubernetes import LOST

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from chartgen.inspect.facts import ModelFacts
    from chartgen.pins.resolve import Requirements
    from chartgen.service.model import ServiceSpec

# How many digits of the digest stand for a model without a version of its own.
SHORT_DIGEST = 12

_ALWAYS = (
    "Chart.yaml",
    "values.yaml",
    "values.schema.json",
    "README.md",
    ".helmignore",
    "templates/_helpers.tpl",
    "templates/NOTES.txt",
    "templates/configmap-model.yaml",
    "templates/configmap-runtime.yaml",
    "templates/deployment.yaml",
    "templates/service.yaml",
    "templates/serviceaccount.yaml",
)
_WITH_SAMPLE = ("templates/configmap-sample.yaml", "templates/tests/test-predict.yaml")
_WITH_ENCODED_ENV = ("templates/secret-env.yaml",)
_WITH_AUTOSCALING = ("templates/hpa.yaml",)
_WITH_DISRUPTION_BUDGET = ("templates/pdb.yaml",)
_WITH_INGRESS = ("templates/ingress.yaml",)
# `LOST` as Helm's regular expressions are written.
LOST_IN_GO = r"[\x7f-\x{9f}\x{fffe}\x{ffff}]"
# Only for a runtime with a framework behind the front.
_BEHIND = "behind.py"
# Only for a handler.
_HANDLER = "load_handler.py"
# Only where there is a request to try.
_SMOKE_TEST = "smoke_test.py"
# Only where the model's library is to use a GPU.
_GPU = "gpu.py"
# Only for a model that was fitted on a table.
_TABLES = frozenset(f"formats/pickle_{part}.py" for part in ("columns", "doubled", "schema", "table"))
# Only where a model may be one of theirs: it says so, or code that is not read may make one.
_BOOSTERS = "formats/pickle_boosters.py"
_BOOSTER_LIBRARIES = ("xgboost.", "lightgbm.")
_SUFFIXES = {"onnx": ".onnx", "pickle": ".pkl", "torch": ".pt", "keras": ".h5"}


@dataclass(frozen=True)
class ChartPlan:
    """Everything that rendering needs; nothing is decided after it.

    Attributes:
        metadata: Chart.yaml without the chart's own digest.
        values: values.yaml, in the order it is written.
        templates: The files made from `chart_templates/model/`, by their path in the chart.
        context: The names that templates see.
        files: The files that go in as they are, by their path in the chart.
    """

    metadata: Mapping[str, Any]
    values: Mapping[str, Any]
    templates: tuple[str, ...]
    context: Mapping[str, Any]
    files: Mapping[str, bytes]


def plan(spec: ServiceSpec, facts: ModelFacts, requirements: Requirements) -> ChartPlan:
    """Decide what the chart of a service holds.

    Args:
        spec: The service.
        facts: What its model file says of itself.
        requirements: The libraries of its pods.

    Raises:
        ModelUnsupportedError: The runtime does not serve the format, or the model cannot work as it is.
        SchemaError: The model cannot answer the sample.
        ModelUnreadableError: The model file changed since it was inspected.
    """
    runtime = load_runtime(spec.runtime.name, spec.runtime.folder)
    if facts.format not in runtime.formats:
        raise ModelUnsupportedError(
            f"{runtime.title} does not serve models of the format {facts.format}",
            where=str(spec.model.file),
            expected=", ".join(runtime.formats),
        )
    check_model(spec, facts)
    check_machines(spec, requirements.machines)
    metadata = _metadata(spec, facts)
    return ChartPlan(
        metadata=metadata,
        values=chart_values(spec, facts, runtime, requirements),
        templates=_templates(spec),
        context=_context(spec, facts, requirements, runtime, metadata),
        files=_model_files(spec, facts) | _runtime_files(spec, facts, requirements, runtime),
    )


def _templates(spec: ServiceSpec) -> tuple[str, ...]:
    """The files of a chart: a subject of which the service file says nothing has none."""
    return (
        _ALWAYS
        + (_WITH_SAMPLE if spec.sample else ())
        + (_WITH_ENCODED_ENV if has_encoded_env(spec) else ())
        + (_WITH_AUTOSCALING if spec.autoscaling else ())
        + (_WITH_DISRUPTION_BUDGET if has_disruption_budget(spec) else ())
        + (_WITH_INGRESS if spec.ingress else ())
    )


def has_encoded_env(spec: ServiceSpec) -> bool:
    """Whether a variable holds what only an encoded Secret can carry to the pod."""
    return any(isinstance(value, str) and LOST.search(value) for value in spec.env.values())


def app_version(spec: ServiceSpec, facts: ModelFacts) -> str:
    """The model's version: as the service file says, else the beginning of the file's digest."""
    return spec.model.version or facts.sha256[:SHORT_DIGEST]


def _metadata(spec: ServiceSpec, facts: ModelFacts) -> dict[str, Any]:
    annotations = {
        "chartgen/model-file": spec.model.file.name,
        "chartgen/model-format": facts.format,
        "chartgen/model-size": str(facts.size),
        "chartgen/model-sha256": facts.sha256,
    }
    if facts.producer:
        annotations["chartgen/model-producer"] = str(facts.producer)
    if facts.untrusted:
        # The reviewer of the chart sees what the service file's author trusted.
        annotations["chartgen/model-trusted-imports"] = " ".join(facts.untrusted)
    return {
        "apiVersion": "v2",
        "name": spec.name,
        "description": spec.description or f"Serves the model {spec.name} at POST /predict",
        "type": "application",
        "version": spec.version,
        "appVersion": app_version(spec, facts),
        "kubeVersion": ">=1.30.0-0",
        "annotations": annotations,
    }


def _context(
    spec: ServiceSpec,
    facts: ModelFacts,
    requirements: Requirements,
    runtime: ServingRuntime,
    metadata: Mapping[str, Any],
) -> dict[str, Any]:
    return {
        "chart": {
            "name": spec.name,
            "version": spec.version,
            "app_version": metadata["appVersion"],
            "description": metadata["description"],
        },
        "model": {
            "format": facts.format,
            "size": facts.size,
            "sha256": facts.sha256,
            "method": spec.model.method,
            "allow_non_finite": spec.model.allow_non_finite,
            # A fixed name: the file's own is the user's text, and stays in Chart.yaml.
            "mounted_as": f"model{_SUFFIXES[facts.format]}",
            "libraries": sorted(requirements.versions.items()),
        },
        "runtime": runtime,
        "has_overrides": bool(requirements.overrides),
        "has_sample": spec.sample is not None,
        "has_encoded_env": has_encoded_env(spec),
        "lost": LOST_IN_GO,
        "has_handler": spec.runtime.handler is not None,
        "has_autoscaling": spec.autoscaling is not None,
        "has_disruption_budget": has_disruption_budget(spec),
        "has_ingress": spec.ingress is not None,
        "is_trusted": bool(facts.untrusted),
        "has_gpu": spec.resources.gpus > 0,
        "uses_gpu": uses_gpu(spec, facts),
        "has_runtime_class": has_runtime_class(spec),
    }


def _model_files(spec: ServiceSpec, facts: ModelFacts) -> dict[str, bytes]:
    """The model after a newline: Helm strips a byte-order mark from the beginning of the files it loads.

    As base64 text it would make the release a tenth larger, whose Secret may hold 1 MiB.
    """
    try:
        content = spec.model.file.read_bytes()
    except OSError as error:
        raise ModelUnreadableError(f"cannot be read: {error.strerror}", where=str(spec.model.file)) from error
    if hashlib.sha256(content).hexdigest() != facts.sha256:
        raise ModelUnreadableError(
            "the model file changed while it was read", where=str(spec.model.file), hint="try again when it is written"
        )
    return {"files/model.bin": b"\n" + content}


def _may_be_booster(spec: ServiceSpec, facts: ModelFacts) -> bool:
    named = any(name.startswith(_BOOSTER_LIBRARIES) for name in facts.imports)
    return named or bool(facts.untrusted) or spec.runtime.handler is not None


def _runtime_files(
    spec: ServiceSpec, facts: ModelFacts, requirements: Requirements, runtime: ServingRuntime
) -> dict[str, bytes]:
    """The pod's Python: the package, the files of this format only, the adapter, the requirements, the handler."""
    wanted = ("formats/__init__.py", f"formats/{facts.format}.py", f"formats/{facts.format}_")
    beside = _python_files(runtime.folder) if spec.runtime.folder else _shipped(runtime.folder)
    needed = {
        **dict.fromkeys(_TABLES, facts.abilities.needs_table),
        _BEHIND: any(b"chartgen_runtime.behind" in each for each in beside.values()),
        _BOOSTERS: _may_be_booster(spec, facts),
        _GPU: uses_gpu(spec, facts),
        _HANDLER: spec.runtime.handler is not None,
        _SMOKE_TEST: spec.sample is not None,
    }
    files = {
        f"files/runtime/chartgen_runtime/{inner}": content
        for inner, content in _shipped(assets.chart_templates() / "runtime" / "chartgen_runtime").items()
        if needed.get(inner, True) and (inner.startswith(wanted) or not inner.startswith("formats/"))
    }
    files |= {f"files/runtime/{inner}": content for inner, content in beside.items()}
    files["files/runtime/requirements.txt"] = requirements.text.encode()
    if spec.runtime.handler:
        files["files/runtime/handler.py"] = spec.runtime.handler.read_bytes()
    return files


@cache
def _shipped(folder: Path) -> Mapping[str, bytes]:
    """The Python files that come with chartgen, which do not change while it runs."""
    return _python_files(folder)


def _python_files(folder: Path) -> dict[str, bytes]:
    """The Python files of a folder, by their path in it."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.py"))}
