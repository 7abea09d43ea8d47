"""Serves the model with KServe's model server behind the front: its V1 and V2 protocols over the one data plane.

What KServe answers is its own: routes, documents of the protocol, metrics. It neither loads nor unloads the model, and
has no gRPC port. There is no operator and no resource of KServe's in the cluster.
"""

from __future__ import annotations

import logging
import sys
import uuid
from typing import TYPE_CHECKING, Any

from chartgen_runtime.behind import Behind, Refusal
from chartgen_runtime.codec import dumps
from chartgen_runtime.errors import MESSAGE_CHARACTERS, ServingError
from chartgen_runtime.front import Front
from chartgen_runtime.server import run
from kserve import Model, ModelRepository
from kserve.errors import InvalidInput, ModelNotFound
from kserve.model_server import app
from kserve.protocol.dataplane import DataPlane as Handlers
from kserve.protocol.infer_type import InferRequest
from kserve.protocol.model_repository_extension import ModelRepositoryExtension
from kserve.protocol.rest.server import RESTServer
from prometheus_client import REGISTRY
from rows import as_input, as_predictions, instances

if TYPE_CHECKING:
    from chartgen_runtime.dataplane import DataPlane
    from chartgen_runtime.metrics import Metrics


class ServedModel(Model):  # type: ignore[misc]
    """The service's model as KServe knows it."""

    def __init__(self, front: Front) -> None:
        super().__init__(front.plane.settings.model_name)
        self.call, self.plane = front.call, front.plane
        self.ready = True  # while the data plane loads it refuses requests itself, with 503

    async def healthy(self) -> bool:
        """Whether requests may be sent to it: until the pod has stopped it answers them."""
        return True

    async def predict(self, payload: Any, headers: dict[str, str]) -> dict[str, Any]:
        """Answers one request of either protocol."""
        size = int(headers["content-length"])
        if isinstance(payload, InferRequest):
            answer = await self.call(self.plane.infer_document, as_document(payload), size)
            return {"id": str(uuid.uuid4())} | answer  # every answer of KServe has one
        rows = instances(payload)
        value = rows if self.plane.by_column else as_input(rows)
        output = await self.call(self.plane.predict_value, value, size)
        return {"predictions": as_predictions(output, len(rows))}

    def get_input_types(self) -> list[dict[str, Any]]:
        """The inputs, as V2 describes them."""
        return list(self.plane.metadata()["inputs"])

    def get_output_types(self) -> list[dict[str, Any]]:
        """The outputs, as V2 describes them."""
        return list(self.plane.metadata()["outputs"])


def as_document(request: InferRequest) -> dict[str, Any]:
    """A request of V2 as JSON values, also where its tensors came as bytes behind the JSON."""
    tensors = [
        {
            "name": tensor.name,
            "shape": list(tensor.shape),
            "datatype": tensor.datatype,
            "data": tensor.data if tensor.data is not None else tensor.as_numpy().ravel().tolist(),
        }
        for tensor in request.inputs
    ]
    document: dict[str, Any] = {"id": request.id} if request.id else {}
    try:  # half a character, which nothing can send
        dumps([request.id, *(each["data"] for each in tensors if each["datatype"] == "BYTES")])
    except TypeError as error:
        raise unread(error) from error
    outputs = [{"name": output.name} for output in request.request_outputs or ()]
    return document | {"inputs": tensors} | ({"outputs": outputs} if outputs else {})


def unread(error: Exception) -> ServingError:
    """A request that KServe stumbled over."""
    return ServingError(400, "not_read", f"the request cannot be read: {error!r}"[:MESSAGE_CHARACTERS])


class Plane(Handlers):  # type: ignore[misc]
    """KServe's data plane, which says what the pod says of being ready."""

    plane: DataPlane

    def decode(self, *body: Any, **known: Any) -> Any:
        """A request of either protocol."""
        try:
            return super().decode(*body, **known)
        except Exception as error:  # it takes a request for what it should be
            raise unread(error) from error

    async def ready(self) -> bool:
        """Whether the pod is."""
        return self.plane.ready


class Repository(ModelRepositoryExtension):  # type: ignore[misc]
    """KServe's model repository, which changes nothing."""

    async def load(self, model_name: str) -> None:
        """Never."""
        raise ServingError(501, "not_supported", f"{model_name} is loaded and unloaded with its pod alone")

    unload = load


async def refused(request: Any, error: ServingError) -> Refusal:
    """An error of the data plane, in the protocol's form."""
    return Refusal(request, error)


def is_no_refusal(record: logging.LogRecord) -> bool:
    """Whether a record of KServe's is about a failure."""
    return not (record.exc_info and isinstance(record.exc_info[1], (InvalidInput, ModelNotFound, NotImplementedError)))


def make_app(plane: DataPlane, metrics: Metrics) -> Behind:
    """The front, with KServe's application behind it."""
    logging.getLogger("kserve.trace").setLevel(logging.WARNING)  # a line for every request
    logging.getLogger("kserve").addFilter(is_no_refusal)
    front = Front(plane, metrics, theirs=("/v2",))
    model = ServedModel(front)
    models = ModelRepository()
    models.update(model)
    handlers = Plane(models)
    handlers.plane = plane
    RESTServer("kserve.model_server:app", handlers, Repository(models), plane.settings.port).create_application()
    app.add_exception_handler(ServingError, refused)
    metrics.beside(REGISTRY)
    return Behind(front, app)


if __name__ == "__main__":
    sys.exit(run(make_app))
