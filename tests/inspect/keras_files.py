"""The Keras files that models/make_keras.py made, and files of a configuration of one's own, which h5py writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py

FOLDER = Path(__file__).parent / "models" / "keras"
MODELS = sorted(path.stem for path in FOLDER.glob("*.json"))


def keras_file(name: str) -> Path:
    """A file by its name without the suffix."""
    return FOLDER / f"{name}.h5"


def answers(name: str) -> dict[str, Any]:
    """What was asked of a model (`inputs`, by name), and what its own Keras answered (`outputs`)."""
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return found


def config_of(path: Path) -> Any:
    """The configuration that a model file holds."""
    with h5py.File(path) as file:
        return json.loads(file.attrs["model_config"])


def write_config(path: Path, config: Any, *, version: str = "3.15.1", backend: str = "tensorflow") -> Path:
    """Writes a model file with this configuration and no weights in its group of weights."""
    with h5py.File(path, "w") as file:
        file.attrs["keras_version"], file.attrs["backend"] = version, backend
        file.attrs["model_config"] = config if isinstance(config, str) else json.dumps(config)
        file.create_group("model_weights")
    return path


def copied(source: Path, target: Path, **how: Any) -> Path:
    """Writes a file again, in another form of HDF5."""
    with h5py.File(source) as old, h5py.File(target, "w", **how) as new:
        new.attrs.update(old.attrs)
        for name in old:
            old.copy(name, new)
    return target
