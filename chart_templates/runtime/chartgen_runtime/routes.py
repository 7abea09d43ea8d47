"""The table of paths: what answers each, at the root and under the base path."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from .asgi import error_body
from .openapi import openapi_document
from .openapi_v2 import model_paths
from .v2 import SERVER, error_document

if TYPE_CHECKING:
    from collections.abc import Callable

    from .asgi import App, Message, Receive, Send
    from .dataplane import DataPlane
    from .errors import ServingError
    from .metrics import Metrics, RouteCount

DOCUMENTS = ("/openapi.json", "/docs", "/docs/oauth2-redirect")
UNPROCESSABLE = 422


class Route(NamedTuple):
    """What answers a path; one of `infer`, `get` and `app`, or none of them for a path that nothing answers.

    Attributes:
        method: The only one that is allowed; HEAD where GET is.
        counter: Where its requests are counted.
        error: An error -> the status and the body that say it.
        infer: The body of a request -> the body of the answer.
        get: Gives the body of the answer.
        app: Answers by itself.
        base: The base path that an application finds itself under.
        quiet: Whether the cluster asks it all the time, which the log is spared.
    """

    method: str
    counter: RouteCount
    error: Callable[[ServingError], tuple[int, bytes]]
    infer: Callable[[bytes], bytes] | None = None
    get: Callable[[], bytes] | None = None
    app: App | None = None
    base: str = ""
    quiet: bool = False


def table(plane: DataPlane, metrics: Metrics, documents: App | None, theirs: tuple[str, ...] = ()) -> dict[str, Route]:
    """Every path that something answers.

    Args:
        plane: What answers.
        metrics: What is counted.
        documents: Answers the paths of the documentation; None where only the document itself is served.
        theirs: How the paths begin that are left to a framework behind, under the base path as well.
    """
    routes: dict[str, Route] = {}
    for prefix in dict.fromkeys((plane.settings.base_path, "")):  # the root last: it wins, whatever the base path is
        routes[f"{prefix}/predict"] = Route("POST", metrics.route("/predict"), own_error, infer=plane.predict)
        routes |= {prefix + path: route for path, route in _v2(plane, metrics).items()}
        if documents is None:
            document = partial(openapi_document, plane, prefix, theirs)
            routes[prefix + DOCUMENTS[0]] = Route("GET", metrics.route(DOCUMENTS[0]), own_error, get=_json(document))
            continue
        for path in DOCUMENTS:
            routes[prefix + path] = Route("GET", metrics.route(path), own_error, app=documents, base=prefix)
    for path, answer in (("/healthz", plane.healthz), ("/readyz", plane.readyz)):
        routes[path] = Route("GET", metrics.route(path), own_error, get=_json(answer), quiet=True)
    routes["/metrics"] = Route("GET", metrics.route("/metrics"), own_error, app=_metrics_app(metrics))
    base = plane.settings.base_path
    return {path: route for path, route in routes.items() if not path.removeprefix(base).startswith(theirs)}


def unknown(plane: DataPlane, metrics: Metrics) -> Callable[[str], Route]:
    """Gives the function: a path that is not in the table -> the route that says so."""
    ours = Route("", metrics.route("other"), own_error)
    theirs = ours._replace(error=v2_error)
    places = ("/v2/", f"{plane.settings.base_path}/v2/")
    return lambda path: theirs if path.startswith(places) else ours


def _v2(plane: DataPlane, metrics: Metrics) -> dict[str, Route]:
    """The paths of the Open Inference Protocol: https://github.com/kserve/open-inference-protocol."""
    name, version = plane.settings.model_name, plane.settings.model_version

    def ready() -> dict[str, Any]:
        return {"name": name, "ready": plane.readyz() is not None}

    def server() -> dict[str, Any]:
        return {"name": SERVER, "version": "2", "extensions": []}

    def live() -> dict[str, Any]:
        return {"live": plane.healthz() is not None}

    def server_ready() -> dict[str, Any]:
        return {"live": True, "ready": plane.readyz() is not None}

    def get(label: str, answer: Callable[[], Any], *, quiet: bool = False) -> Route:
        return Route("GET", metrics.route(label), v2_error, get=_json(answer), quiet=quiet)

    routes = {
        "/v2": get("/v2", server),
        "/v2/health/live": get("/v2/health/live", live, quiet=True),
        "/v2/health/ready": get("/v2/health/ready", server_ready, quiet=True),
    }
    model, infer = "/v2/models/{model}", metrics.route("/v2/models/{model}/infer")
    for path in model_paths(name, version):
        routes[path] = get(model, plane.metadata)
        routes[f"{path}/ready"] = get(f"{model}/ready", ready, quiet=True)
        routes[f"{path}/infer"] = Route("POST", infer, v2_error, infer=plane.infer)
    return routes


def own_error(error: ServingError) -> tuple[int, bytes]:
    """An error in the form of /predict."""
    return error.status, error_body(error)


def v2_error(error: ServingError) -> tuple[int, bytes]:
    """An error in the form of the Open Inference Protocol, which calls every fault of a request 400."""
    document = json.dumps(error_document(error), ensure_ascii=False)
    return 400 if error.status == UNPROCESSABLE else error.status, document.encode(errors="replace")


def _json(answer: Callable[[], Any]) -> Callable[[], bytes]:
    return lambda: json.dumps(answer()).encode()


def _metrics_app(metrics: Metrics) -> App:
    async def app(scope: Message, receive: Receive, send: Send) -> None:  # noqa: ARG001 - a GET has no body
        accept = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"accept"), "")
        text, content_type = await asyncio.to_thread(metrics.text, accept)
        headers = [(b"content-type", content_type.encode()), (b"content-length", b"%d" % len(text))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": text})

    return app
