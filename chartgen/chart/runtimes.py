"""Serving runtimes: each is a folder of `chart_templates/runtimes/` with a `runtime.yaml` and its adapter."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import yaml

from chartgen import assets
from chartgen.errors import TemplateError
from chartgen.service.schema import whole_pattern

if TYPE_CHECKING:
    from pathlib import Path


_SIZE_LIMIT = 1 << 16


@dataclass(frozen=True)
class Probes:
    """The paths that Kubernetes asks."""

    startup: str
    readiness: str
    liveness: str


@dataclass(frozen=True)
class ServingRuntime:
    """What a runtime's folder says.

    Attributes:
        name: The folder's name.
        title: The name for people.
        folder: Where it lies.
        port: The port that the container listens on.
        python: The image's Python, as `3.11`.
        repository: The default image's registry and name.
        tag: The default image's tag.
        command: The container's command.
        probes: The paths of the probes.
        formats: The model formats that it serves.
        requirements: The packages that the adapter and the front import, by name.
    """

    name: str
    title: str
    folder: Path
    port: int
    python: str
    repository: str
    tag: str
    command: tuple[str, ...]
    probes: Probes
    formats: tuple[str, ...]
    requirements: tuple[str, ...]


def load_runtime(name: str, folder: Path | None = None) -> ServingRuntime:
    """Read a runtime's folder.

    Args:
        name: The runtime's name.
        folder: The folder, where it is one of the user's own; None for chartgen's.

    Raises:
        TemplateError: There is no such folder, or its `runtime.yaml` is not as its schema says.
    """
    if folder is None:
        return _shipped(name)
    document = _read(folder / "runtime.yaml")
    _check(document, folder / "runtime.yaml")
    return _made(document, folder)


@cache
def _shipped(name: str) -> ServingRuntime:
    """One of chartgen's own, which its tests have checked, and which does not change while it runs."""
    folder = assets.chart_templates() / "runtimes" / name
    return _made(_read(folder / "runtime.yaml"), folder)


def _made(document: dict[str, Any], folder: Path) -> ServingRuntime:
    try:
        image = document["image"]
        return ServingRuntime(
            name=folder.name,
            title=document["title"],
            folder=folder,
            port=document["port"],
            python=document["python"],
            repository=image["repository"],
            tag=image["tag"],
            command=tuple(document["command"]),
            probes=Probes(**document["probes"]),
            formats=tuple(document["formats"]),
            requirements=tuple(document["requirements"]),
        )
    except (KeyError, TypeError) as error:
        raise TemplateError(f"the runtime's description is not complete: {error}", where=str(folder)) from error


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            text = file.read(_SIZE_LIMIT + 1)
        if len(text) > _SIZE_LIMIT:
            raise TemplateError(f"the runtime's description is larger than {_SIZE_LIMIT} bytes", where=str(path))
        loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml where PyYAML was built with it
        document: dict[str, Any] = yaml.load(text, Loader=loader)  # noqa: S506
        return document
    except OSError as error:
        raise TemplateError(f"the runtime's description cannot be read: {error.strerror}", where=str(path)) from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        said = " ".join(str(error).split())
        raise TemplateError(f"the runtime's description is no YAML: {said}", where=str(path)) from error


def _check(document: object, path: Path) -> None:
    """Refuses a description that breaks its schema: its words become parts of templates, as they are.

    Raises:
        TemplateError: It does, or the folder lacks its adapter.
    """
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    schema = json.loads((assets.schemas() / "runtime" / "v1.schema.json").read_text(encoding="utf-8"))
    strict = extend(Draft202012Validator, {"pattern": whole_pattern})  # type: ignore[no-untyped-call]
    errors = sorted(strict(schema).iter_errors(document), key=lambda error: list(map(str, error.absolute_path)))
    if errors:
        place = ".".join(map(str, errors[0].absolute_path))
        raise TemplateError(
            f"{place}: {errors[0].message}" if place else errors[0].message,
            where=str(path),
            expected=errors[0].schema.get("description"),
            hint="docs/formats-and-runtimes.md describes the file",
        )
    if isinstance(document, dict) and document["name"] != path.parent.name:
        raise TemplateError(f"the name is {document['name']}, and the folder's is {path.parent.name}", where=str(path))
    if not (path.parent / "adapter.py").is_file():
        raise TemplateError("there is no adapter.py beside it", where=str(path))
