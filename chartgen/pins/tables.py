"""The tables that are shipped with chartgen; tools/make_pins.py writes them."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import yaml

Versions = dict[str, str]
"""Version by normalised package name."""


@cache
def _read(name: str) -> dict[str, Any]:
    loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml where PyYAML was built with it
    document: dict[str, Any] = yaml.load(files(__package__).joinpath(name).read_text("utf-8"), Loader=loader)  # noqa: S506
    return document


def runtime_roots(runtime: str) -> list[str] | None:
    """The packages that a serving runtime's adapter imports; None when there is no such runtime in the table."""
    found = _read("sets.yaml")["runtimes"].get(runtime)
    return list(found["roots"]) if found else None


def runtime_set(runtime: str) -> Versions:
    """All packages of a serving runtime, those of `runtime_roots` and what they need."""
    return dict(_read("sets.yaml")["runtimes"][runtime]["packages"])


def library_sets(library: str) -> dict[str, Versions]:
    """For each version of a model library in the table, the packages that it installs with; the newest comes last."""
    return dict(_read("sets.yaml")["libraries"].get(library, {}))


def digests(package: str, version: str) -> list[str]:
    """The sha256 digests of a package's wheels for linux on amd64 and arm64, sorted.

    Raises:
        KeyError: The tables do not fit together.
    """
    return sorted(_read("packages.yaml")[package][version].values())


def onnx_limits(version: str) -> tuple[int, dict[str, int]] | None:
    """The newest IR version and operator sets that an onnxruntime loads; None when that was not measured."""
    found = _read("onnxruntime.yaml").get(version)
    return (found["ir"], dict(found["opsets"])) if found else None
