"""Serving runtimes: each is a folder of `chart_templates/runtimes/` with a `runtime.yaml` and its adapter."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import yaml

from chartgen import assets
from chartgen.errors import TemplateError

if TYPE_CHECKING:
    from pathlib import Path


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

    @property
    def adapter(self) -> Path:
        """The file that translates between the server and the data plane."""
        return self.folder / "adapter.py"


@cache
def load_runtime(name: str) -> ServingRuntime:
    """Read a runtime's folder.

    Args:
        name: The runtime's name.

    Raises:
        TemplateError: There is no such folder, or its `runtime.yaml` lacks something.
    """
    folder = assets.chart_templates() / "runtimes" / name
    path = folder / "runtime.yaml"
    try:
        loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml where PyYAML was built with it
        document: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506
        image = document["image"]
        return ServingRuntime(
            name=name,
            title=document["title"],
            folder=folder,
            port=document["port"],
            python=document["python"],
            repository=image["repository"],
            tag=image["tag"],
            command=tuple(document["command"]),
            probes=Probes(**document["probes"]),
            formats=tuple(document["formats"]),
        )
    except OSError as error:
        raise TemplateError("the runtime's description cannot be read", where=str(path)) from error
    except (KeyError, TypeError, yaml.YAMLError) as error:
        raise TemplateError(f"the runtime's description is not complete: {error}", where=str(path)) from error
