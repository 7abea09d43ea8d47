"""Serves the model with MLServer behind the front: its Open Inference Protocol over the one data plane.

What MLServer answers is its own: routes, documents of the protocol, metrics. It neither loads nor unloads the model,
has no gRPC port, and no worker processes of its own.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

from chartgen_runtime.behind import Behind, Refusal
from chartgen_runtime.errors import ServingError
from chartgen_runtime.front import Front
from chartgen_runtime.server import run
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from mlserver import MLModel, ModelSettings, Settings
from mlserver.handlers import DataPlane as Handlers
from mlserver.handlers import ModelRepositoryHandlers
from mlserver.registry import MultiModelRegistry
from mlserver.repository import ModelRepository
from mlserver.rest.app import create_app
from mlserver.settings import ModelParameters
from mlserver.types import InferenceResponse, MetadataModelResponse
from prometheus_client import REGISTRY

if TYPE_CHECKING:
    from chartgen_runtime.dataplane import DataPlane
    from chartgen_runtime.metrics import Metrics
    from mlserver.types import InferenceRequest


class Model(MLModel):  # type: ignore[misc]
    """The service's model as MLServer knows it."""

    def __init__(self, settings: ModelSettings, front: Front) -> None:
        super().__init__(settings)
        self.call, self.plane = front.call, front.plane

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Answers one request."""
        size = int(payload.parameters.headers["content-length"])
        document = payload.model_dump(mode="json", exclude_none=True)
        answer = await self.call(self.plane.infer_document, document, size)
        return InferenceResponse.model_validate(answer)

    async def metadata(self) -> MetadataModelResponse:
        """The model's inputs and outputs."""
        return MetadataModelResponse.model_validate(self.plane.metadata())


class Plane(Handlers):  # type: ignore[misc]
    """MLServer's handlers, which say what the pod says of being ready, and take requests until it has stopped."""

    plane: DataPlane

    async def ready(self) -> bool:
        """Whether the pod is."""
        return self.plane.ready

    async def model_ready(self, name: str, version: str | None = None) -> bool:
        """The same, for the one model."""
        await super().model_ready(name, version)
        return self.plane.ready


class Repository(ModelRepositoryHandlers):  # type: ignore[misc]
    """MLServer's model repository: the service's model can be listed, and not changed."""

    async def load(self, name: str) -> bool:
        """Never."""
        raise ServingError(501, "not_supported", f"{name} is loaded and unloaded with its pod alone")

    unload = load


Listed = list[ModelSettings]  # the class below has a method of that name


class OneModel(ModelRepository):  # type: ignore[misc]
    """What there is to list: the service's model."""

    def __init__(self, settings: ModelSettings) -> None:
        self.settings = settings

    async def list(self) -> Listed:
        """The one."""
        return [self.settings]

    async def find(self, name: str) -> Listed:
        """It, if it is called so."""
        return [self.settings] if name == self.settings.name else []


async def refused(request: Any, error: ServingError) -> Refusal:
    """An error of the data plane, in the protocol's form."""
    return Refusal(request, error)


async def malformed(_: Any, error: Any) -> JSONResponse:
    """What FastAPI says of a body that is no request, without the body: its bytes may be no text."""
    detail = [{key: each[key] for key in ("type", "loc", "msg")} for each in error.errors()]
    return JSONResponse({"detail": detail}, 422)


def make_app(plane: DataPlane, metrics: Metrics) -> Behind:
    """The front, with MLServer's application behind it."""
    service, front = plane.settings, Front(plane, metrics, theirs=("/v2",))
    settings = Settings(debug=False, parallel_workers=0, host=service.host, http_port=service.port)
    named = ModelSettings(
        name=service.model_name,
        implementation=Model,
        parameters=ModelParameters(version=service.model_version or None, uri=str(service.model_path)),
    )
    model = Model(named, front)
    registry = MultiModelRegistry(model_initialiser=lambda _: model)
    asyncio.run(registry.load(named))
    handlers = Plane(settings, registry)
    handlers.plane = plane
    app = create_app(settings, handlers, Repository(OneModel(named), registry))
    app.add_exception_handler(ServingError, refused)
    app.add_exception_handler(RequestValidationError, malformed)
    metrics.beside(REGISTRY)
    return Behind(front, app)


if __name__ == "__main__":
    sys.exit(run(make_app))
