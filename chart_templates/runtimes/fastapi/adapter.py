"""Serves the model over HTTP with FastAPI and uvicorn: translates between HTTP and the data plane, and nothing else."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from chartgen_runtime.asgi import Later
from chartgen_runtime.front import Front
from chartgen_runtime.server import run

if TYPE_CHECKING:
    from chartgen_runtime.asgi import App
    from chartgen_runtime.dataplane import DataPlane
    from chartgen_runtime.metrics import Metrics


def make_api(plane: DataPlane) -> App:
    """The documentation of every path, by FastAPI.

    It is imported when it is first asked for: the pod is ready sooner, and one whose documents nobody reads is smaller.
    """
    from fastapi import FastAPI

    class Api(FastAPI):
        """FastAPI's document, with the paths that do not pass through FastAPI."""

        def openapi(self) -> dict[str, Any]:
            return super().openapi() | {"paths": plane.openapi()}

    return Api(title=plane.settings.model_name, version=plane.settings.model_version or "unknown", redoc_url=None)


def make_app(plane: DataPlane, metrics: Metrics) -> App:
    """The whole application."""
    return Front(plane, metrics, Later(lambda: make_api(plane)))


if __name__ == "__main__":
    sys.exit(run(make_app))
