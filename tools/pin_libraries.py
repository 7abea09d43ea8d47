"""What chartgen/pins is to have: the runtimes, and the model libraries with the versions of each."""

from __future__ import annotations

from dataclasses import dataclass

from chartgen.pins.keras import tensorflow

# What the front of every pod imports.
FRONT = ["uvicorn", "httptools", "uvloop", "orjson", "prometheus-client"]
# What the server and chartgen's adapter import; the rest of a runtime's set is what these need.
RUNTIMES = {
    "bentoml": ["bentoml", *FRONT],
    "fastapi": ["fastapi", *FRONT],
    "kserve": ["kserve", *FRONT],
    # MLServer 1.7.1 answers every request with 400 under uvloop 0.22 and newer.
    "mlserver": ["mlserver", *FRONT, "uvloop<0.22"],
}
# What takes the place of a requirement of a runtime's that no wheel for both machines fulfils.
OVERRIDES = {
    # KServe 0.21 asks for psutil 5.9, of which there is no wheel for arm64, for `Process().cpu_affinity()` alone.
    "kserve": ["psutil>=7"],
}
# Its version is the model's affair, though most runtimes need it too: no runtime settles it, and every pod has it.
NUMPY = "numpy"
SCIKIT_LEARN = "scikit-learn"


@dataclass(frozen=True)
class Library:
    """A model library, and the versions of it that pods are to have.

    Attributes:
        versions: Every one that gets a set; none for the newest alone.
        beside: What a pod needs beside it.
        needs: What the build of `OWN_WHEELS` needs, where the public index's own needs more; it is not asked for then.
        package: Its name on the index, where a build for CPUs has another one than the library.
        scikit_learn: For a library that scikit-learn's models may need as well: with which versions of it these go.
    """

    versions: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    package: str = ""
    scikit_learn: str = ""


# In the order of their preference: earlier ones settle the versions of what later ones share with them.
LIBRARIES: dict[str, list[Library]] = {
    "numpy": [Library()],
    "scipy": [Library(beside=("numpy",))],
    "cloudpickle": [Library()],
    "joblib": [Library()],
    "onnxruntime": [Library(beside=("numpy",))],
    # By minor version: every patch release that has wheels for both machines, and the numpy and scipy of its time. A
    # newer scipy would often install, but these are the pairs that the release was tested with.
    "scikit-learn": [
        Library(("1.5.0", "1.5.1", "1.5.2"), ("numpy>=2,<2.2", "scipy<1.15")),
        Library(("1.6.0", "1.6.1"), ("numpy>=2,<2.3", "scipy<1.16")),
        Library(("1.7.0", "1.7.1", "1.7.2"), ("numpy>=2,<2.4", "scipy<1.17")),
        Library(("1.8.0",), ("numpy>=2", "scipy<1.18")),
        Library(("1.9.0", "1.9.1"), ("numpy>=2",)),
    ],
    # A file does not say with which pandas a model was fitted, so it is the one of scikit-learn's time: the last of 2,
    # and the newest from the scikit-learn on that was tested with pandas 3 and its columns of text.
    "pandas": [
        Library(("2.3.3",), ("numpy>=2,<2.4",), scikit_learn="<1.8"),
        Library((), ("numpy>=2",), scikit_learn=">=1.8"),
    ],
    # The last patch release of each minor version that has wheels for CPython 3.11; 3.3 and newer need 3.12.
    # A pickle gives other numbers where an older XGBoost than its own loads it: 3.0 reads the `base_score` of 3.1 as
    # zero and says nothing. The build for CPUs has the same module as the plain package, whose wheels hold CUDA's code
    # (up to 250 MB) and which needs NVIDIA's NCCL besides.
    "xgboost": [
        Library((version,), ("numpy>=2",), package="xgboost-cpu", scikit_learn=">=1.5")
        for version in ("2.1.4", "3.0.5", "3.1.3", "3.2.0")
    ],
    # Its files do not say which release wrote them, but of which kind they are, and the newest reads them all.
    "lightgbm": [Library((), ("numpy>=2",), scikit_learn=">=1.5")],
    # With the TensorFlow of its time, which computes for it: the last Keras 2, and a Keras 3.
    "keras": [
        Library(("2.15.0",), tuple(tensorflow("==2.15.1"))),
        Library(("3.15.1",), tuple(tensorflow("==2.21.0"))),
    ],
    # The build without CUDA, which pip only finds on PyTorch's own index; what it needs is in its METADATA.
    "torch": [
        Library(
            ("2.13.0",),
            ("numpy>=2",),
            (
                "filelock",
                "typing-extensions>=4.10.0",
                "setuptools>=77.0.3",
                "sympy>=1.13.3",
                "networkx>=2.5.1",
                "jinja2",
                "fsspec>=0.8.5",
            ),
        )
    ],
}
