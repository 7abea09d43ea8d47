"""Answers clients that speak a protocol of their own, POST /score, beside all that the front answers."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from chartgen_runtime.behind import Behind, Refusal
from chartgen_runtime.codec import decode
from chartgen_runtime.errors import ServingError, refused
from chartgen_runtime.front import Front
from chartgen_runtime.server import run
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

if TYPE_CHECKING:
    from chartgen_runtime.dataplane import DataPlane
    from chartgen_runtime.metrics import Metrics
    from starlette.requests import Request


async def told(request: Request, error: Any) -> Any:
    """An error of the data plane, as the front says it."""
    return Refusal(request, error)


def make_app(plane: DataPlane, metrics: Metrics) -> Behind:
    """The front, with the routes of this runtime behind it."""
    front = Front(plane, metrics)

    async def score(request: Request) -> JSONResponse:
        """Answers `{"features": [...]}` with the best class and how likely it is."""
        body = await request.body()
        document = decode(body, allow_non_finite=False)
        if not isinstance(document, dict) or "features" not in document:
            raise refused("missing_key", "the member `features` is missing", "features", "an array of numbers")
        scores = await front.call(plane.predict_value, document["features"], len(body))
        if not isinstance(scores[0], float):  # rows, which /predict answers
            raise refused("shape", "the value has more than one dimension", "features", "the features of one item")
        best = max(range(len(scores)), key=scores.__getitem__)
        return JSONResponse({"class": best, "score": scores[best]})

    routes = [Route("/score", score, methods=["POST"])]
    return Behind(front, Starlette(routes=routes, exception_handlers={ServingError: told}))


if __name__ == "__main__":
    sys.exit(run(make_app))
