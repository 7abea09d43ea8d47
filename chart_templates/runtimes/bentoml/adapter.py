"""Serves the model with BentoML behind the front: a BentoML service over the one data plane, in one process.

What BentoML answers is its own: the service's route `/infer` (for its clients: `client.infer(input=...)`), its schema
and documents, and the probes `/livez` and `/readyz`. Requests at `/predict` and at the V2 paths never pass through it.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from chartgen_runtime.behind import Behind, Refusal
from chartgen_runtime.errors import ServingError
from chartgen_runtime.front import Front
from chartgen_runtime.server import run

if TYPE_CHECKING:
    from chartgen_runtime.asgi import App
    from chartgen_runtime.dataplane import DataPlane
    from chartgen_runtime.metrics import Metrics

# Read when BentoML is imported: the pod's disk is read-only but for the temporary folder, and nothing is reported.
ENVIRONMENT = {"BENTOML_HOME": f"{tempfile.gettempdir()}/bentoml", "BENTOML_DO_NOT_TRACK": "True"}
# BentoML's probes, which say what the data plane says.
THEIRS = ("/readyz", "/healthz")
BENTOML_ERRORS = "bentoml._internal.server.http_app"  # the logger of what goes wrong at BentoML's route


def make_service(front: Front) -> Any:
    """The service, as BentoML knows it."""
    import bentoml
    from bentoml.exceptions import BentoMLException

    plane = front.plane

    @bentoml.service(
        name=plane.settings.model_name,
        # The front counts and logs.
        metrics={"enabled": False},
        logging={"access": {"enabled": False}},
    )
    class Model:
        """Predicts."""

        def __is_ready__(self) -> bool:
            return plane.ready

        @bentoml.api  # type: ignore[untyped-decorator]
        async def infer(self, input: Any) -> Any:
            request = Model.context.request  # type: ignore[attr-defined]  # the decorator makes a Service of it
            try:
                return await front.call(plane.predict_value, input, int(request.headers["content-length"]))
            except ServingError as error:
                Refusal(request, error)  # for the log
                raise BentoMLException(said(error), error_code=HTTPStatus(error.status)) from None

    return Model


def said(error: ServingError) -> str:
    """An error as one text, which is all that BentoML has room for."""
    where = f"{error.path}: " if error.path else ""
    return where + error.message + (f" (expected: {error.expected})" if error.expected else "")


def is_no_refusal(record: logging.LogRecord) -> bool:
    """Whether a record of BentoML's is about a failure: what it says of a refused request repeats the body."""
    from bentoml.exceptions import BentoMLException
    from pydantic import ValidationError

    return not (record.exc_info and isinstance(record.exc_info[1], (BentoMLException, ValidationError)))


def make_app(plane: DataPlane, metrics: Metrics) -> App:
    """The front, with BentoML's application behind it."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    logging.getLogger(BENTOML_ERRORS).addFilter(is_no_refusal)
    front = Front(plane, metrics, theirs=THEIRS)
    return Behind(front, make_service(front).to_asgi())


if __name__ == "__main__":
    sys.exit(run(make_app, lifespan=True))
