"""The builds of model libraries that compute on a GPU: by which packages pods get them, and for which machines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chartgen.pins.keras import KERAS
from chartgen.pins.keras import requirements as keras_requirements
from chartgen.pins.tables import MACHINES, library_sets, machines

if TYPE_CHECKING:
    from chartgen.inspect.facts import Library, ModelFacts

GPU_FORMATS = frozenset({"onnx", "torch", "keras"})
"""The model formats whose libraries have such a build."""

GPU_PACKAGES = {"onnxruntime": "onnxruntime-gpu"}
"""The packages with the same module under another name, for GPUs."""

CPU_ONLY = frozenset({"onnxruntime", "tensorflow-cpu"})
"""The packages without code for GPUs."""


def gpu_machines(facts: ModelFacts, runtime: str) -> tuple[str, ...]:
    """The machines that there are wheels for of everything that the model's libraries need on a GPU.

    Args:
        facts: What the model file says of itself.
        runtime: The serving runtime's name.
    """
    found = set(MACHINES)
    for library in facts.libraries:
        for versions in library_sets(runtime, library.name, gpu=True).values():
            found.intersection_update(*(machines(name, version, gpu=True) for name, version in versions.items()))
    return tuple(sorted(found))


def gpu_requirements(library: Library) -> list[str] | None:
    """What to ask the public index for; None where the library has no build for GPUs of another name.

    Args:
        library: The model's library.
    """
    if library.name == "onnxruntime":  # the libraries of CUDA are extras of the package
        return [f"{GPU_PACKAGES[library.name]}[cuda,cudnn]" + (f"=={library.version}" if library.version else "")]
    if library.name == KERAS:
        return keras_requirements(library.version, gpu=True)
    return None
