"""Whether a model is computed on a GPU, on which nodes, and what a person should know of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chartgen.errors import ModelUnsupportedError
from chartgen.pins.gpu import GPU_FORMATS
from chartgen.pins.tables import MACHINES

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from chartgen.inspect.facts import ModelFacts
    from chartgen.service.model import ServiceSpec

ARCHITECTURE = "kubernetes.io/arch"
"""The label of nodes with the kind of their machine."""

# The packages of libraries that pickled models come from and that know GPUs themselves; without one, no pod has them.
_OWN_WAY = frozenset({"xgboost"})
_SHOWN = 3


def uses_gpu(spec: ServiceSpec, facts: ModelFacts) -> bool:
    """Whether the model's library is to compute on the GPU that the pod gets."""
    return spec.resources.gpus > 0 and facts.format in GPU_FORMATS


def check_machines(spec: ServiceSpec, machines: Sequence[str]) -> None:
    """Refuses nodes of a kind that the model's library has no wheels for.

    Args:
        spec: The service.
        machines: Those that it has wheels for.

    Raises:
        ModelUnsupportedError: The service file asks for such nodes.
    """
    asked = spec.pod.node_selector.get(ARCHITECTURE)
    if asked in MACHINES and asked not in machines:
        raise ModelUnsupportedError(
            f"pod.nodeSelector asks for {asked}, and the model's library has a build for GPUs for "
            f"{' and '.join(machines)} alone",
            where=str(spec.model.file),
            hint="choose other nodes, or leave `gpu` out",
        )


def gpu_warnings(spec: ServiceSpec, facts: ModelFacts, packages: Container[str]) -> tuple[str, ...]:
    """What a person should know who asks for a GPU: what would not be computed on it.

    Args:
        spec: The service.
        facts: What its model file says of itself.
        packages: The names of the packages in its pods.
    """
    if not spec.resources.gpus:
        return ()
    if not uses_gpu(spec, facts):
        if spec.runtime.handler is not None or any(name in packages for name in _OWN_WAY):
            return ()
        return (
            "gpu: nothing in the pod would use it: the model is a pickle, whose libraries compute on the CPU; leave "
            "`gpu` out, so that no GPU is taken",
        )
    ml = sorted({name for domain, name in facts.operators if domain == "ai.onnx.ml"})
    if not ml:
        return ()
    shown = ", ".join(ml[:_SHOWN]) + (" and others" if len(ml) > _SHOWN else "")
    return (f"gpu: onnxruntime computes the operators of ai.onnx.ml ({shown}) on the CPU; a GPU gets only the rest",)
