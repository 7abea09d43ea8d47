"""The tables that are shipped with chartgen; tools/make_pins.py writes them.

Those of `cuda/` have the builds of model libraries for GPUs, and are read for pods that get one.
They are long, and a pod needs little of them: only the entries that are asked for are parsed, each sliced out of the
text by the indentation that the tool gives it. Each is parsed once; what is given is shared, and not to be changed.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable

# The machines that a pod may run on, by what Kubernetes calls them: what Python calls them.
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}

# The runtimes that there are tables of.
RUNTIMES = ("bentoml", "fastapi", "kserve", "mlserver")

Versions = dict[str, str]
"""Version by normalised package name."""

# The public index has torch for GPUs, with gigabytes of libraries of CUDA; the build for CPUs is on PyTorch's own.
_INDEXES = {"torch": "https://download.pytorch.org/whl/cpu"}


@cache
def _text(*path: str) -> str:
    """A table as it is written; empty when there is none of this name."""
    try:
        return files(__package__).joinpath(*path).read_text("utf-8")
    except FileNotFoundError:
        return ""


@cache
def _load(text: str) -> dict[str, Any]:
    loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml where PyYAML was built with it
    document: dict[str, Any] | None = yaml.load(text, Loader=loader)  # noqa: S506
    return document or {}


@cache
def _below(text: str, key: str, indent: int = 0) -> str:
    """The lines below a key that stands at an indentation; empty where it does not."""
    margin = " " * indent
    head = f"{margin}{key}:\n"
    start = 0 if text.startswith(head) else text.find(f"\n{head}") + 1
    if not text.startswith(head, start):
        return ""
    begin = start + len(head)
    end = re.compile(rf"(?m)^(?!{margin}  )").search(text, begin)
    return text[begin : end.start() if end else None]


def _table(runtime: str) -> str:
    return _text("sets", f"{runtime}.yaml")


def _gpu_table(runtime: str) -> str:
    return _text("cuda", f"{runtime}.yaml")


def runtime_roots(runtime: str) -> list[str] | None:
    """The packages that a serving runtime's adapter imports; None when there is no table of such a runtime."""
    return _listed(runtime, "roots")


def runtime_overrides(runtime: str) -> list[str]:
    """The packages that a pod of the runtime has in another version than a package of it asks for."""
    return _listed(runtime, "overrides") or []


@cache
def _listed(runtime: str, key: str) -> list[str] | None:
    line = re.search(rf"(?m)^{key}: .*\n", _table(runtime))
    return list(_load(line[0])[key]) if line else None


def runtime_set(runtime: str) -> Versions:
    """All packages of a serving runtime, those of `runtime_roots` and what they need."""
    return _load(_below(_table(runtime), "packages"))


def library_sets(runtime: str, library: str, *, gpu: bool = False) -> dict[str, Versions]:
    """What a model library needs in the pods of a runtime.

    Args:
        runtime: The serving runtime.
        library: The library, by its normalised package name.
        gpu: Whether the build for GPUs is meant, where there is one.

    Returns:
        The packages by the library's version, the newest last; nothing for a library without a table.
    """
    build = _load(_below(_below(_gpu_table(runtime), "libraries"), library, 2)) if gpu else {}
    return build or _load(_below(_below(_table(runtime), "libraries"), library, 2))


def left_out(runtime: str, library: str, *, gpu: bool = False) -> dict[str, str]:
    """Why versions of a library do not go with a runtime: the reason by the version; `""` stands for the newest."""
    return _load(_below(_below(_gpu_table(runtime) if gpu else _table(runtime), "left_out"), library, 2))


def beside(runtime: str, library: str) -> dict[str, list[str]]:
    """The versions of scikit-learn that the versions of another library go with in the pods of a runtime.

    What both need is then in the version of scikit-learn's set, and no longer in that of `library_sets`.

    Args:
        runtime: The serving runtime.
        library: The other library, by its normalised package name.

    Returns:
        By the library's version; nothing for a library that does not depend on scikit-learn's.
    """
    return _load(_below(_below(_table(runtime), "beside"), library, 2))


def is_pinned(package: str) -> bool:
    """Whether there is a version of the package in any pod."""
    return bool(_below(_text("packages.yaml"), package))


def digests(package: str, version: str, *, gpu: bool = False) -> list[str]:
    """The sha256 digests of a package's wheels for linux on amd64 and arm64, sorted.

    Args:
        package: Its normalised name.
        version: Its version.
        gpu: Whether the wheels of a pod with a GPU are meant: another build may have the same name and version.

    Raises:
        KeyError: The tables do not fit together.
    """
    return sorted(_wheels(package, version, gpu=gpu).values())


def machines(package: str, version: str, *, gpu: bool = False) -> list[str]:
    """The machines that a package is for: `amd64`, `arm64` or both of them.

    Raises:
        KeyError: The tables do not fit together.
    """
    kinds = _wheels(package, version, gpu=gpu)
    return sorted(MACHINES if "any" in kinds else kinds)


def _wheels(package: str, version: str, *, gpu: bool) -> dict[str, str]:
    """The digest of a package's wheel by the machine, or for `any`."""
    own = _load(_below(_text("cuda", "packages.yaml"), package)) if gpu else {}
    found: dict[str, str] = own.get(version) or _load(_below(_text("packages.yaml"), package))[version]
    return found


def index_of(packages: Iterable[str]) -> dict[str, str]:
    """The packages among these whose pinned wheels lie on an index beside the public one, each with that index.

    Args:
        packages: Normalised names.
    """
    return {name: _INDEXES[name] for name in sorted(_INDEXES.keys() & set(packages))}


def extra_indexes(packages: Iterable[str]) -> tuple[str, ...]:
    """The indexes that pinned wheels of these packages lie on, beside the public one.

    Args:
        packages: Normalised names.
    """
    return tuple(index_of(packages).values())


def onnx_limits(version: str) -> tuple[int, dict[str, int]] | None:
    """The newest IR version and operator sets that an onnxruntime loads; None when that was not measured."""
    found = _load(_text("onnxruntime.yaml")).get(version)
    return (found["ir"], dict(found["opsets"])) if found else None


def onnx_operators(version: str) -> dict[tuple[str, str], tuple[int, int | None]]:
    """The operators that an onnxruntime has; nothing when they were not written down.

    Returns:
        By domain (empty for ONNX's own) and name: the operator set that brings it, and the one without it again.
    """
    found = {}
    for line in _text("operators", f"onnxruntime-{version}.txt").splitlines():
        domain, name, since, *until = line.split()
        found["" if domain == "-" else domain, name] = (int(since), int(until[0]) if until else None)
    return found
