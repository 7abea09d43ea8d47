"""What the pod answers, as OpenAPI path items."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .dataplane import DataPlane
    from .signature import Signature, TensorSpec

JSON_TYPES = {"string": "string", "bool": "boolean", None: None}
ERRORS = {
    "400": "The body is not JSON",
    "405": "The method is not POST",
    "413": "The body is too large",
    "422": "The input has another shape, type or name than the model takes",
    "500": "The model failed; the log holds the cause under the id",
    "503": "The pod is not ready, or has too many requests in flight",
}
ERROR_BODY = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "path", "expected"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "path": {"type": ["string", "null"], "description": "The place, as input[3][1]"},
                "expected": {"type": ["string", "null"]},
                "id": {"type": "string", "description": "What finds the request in the log"},
            },
        }
    },
}


def openapi_document(plane: DataPlane, base: str, theirs: tuple[str, ...]) -> dict[str, Any]:
    """The document of what the front answers; https://spec.openapis.org/oas/v3.1.0.

    Args:
        plane: What answers.
        base: The base path that the document was asked under; empty at the root.
        theirs: How the paths begin that are left to a framework, which has a document of its own.
    """
    settings = plane.settings
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": settings.model_name, "version": settings.model_version or "unknown"},
        "paths": {path: item for path, item in plane.openapi().items() if not path.startswith(theirs)},
    }
    return document | ({"servers": [{"url": base}]} if base else {})


def probe_paths() -> dict[str, Any]:
    """The path items of what the cluster asks, which lies at the root whatever the base path is."""
    metrics = _probe("What Prometheus reads", "metrics", "The metrics as text", {})
    metrics["get"]["responses"]["200"]["content"] = {"text/plain": {"schema": {"type": "string"}}}
    return {
        "/metrics": metrics,
        "/healthz": _probe("Whether the process serves", "healthz", "It does", {}),
        "/readyz": _probe(
            "Whether a prediction has worked and the pod is not about to stop", "readyz", "It has", {"503": "Not now"}
        ),
    }


def _probe(summary: str, name: str, answer: str, errors: dict[str, str]) -> dict[str, Any]:
    content = {"application/json": {"schema": {"type": "object", "properties": {"status": {"type": "string"}}}}}
    responses: dict[str, Any] = {"200": {"description": answer, "content": content}}
    for status, description in errors.items():
        responses[status] = {"description": description, "content": {"application/json": {"schema": ERROR_BODY}}}
    return {"servers": [{"url": "/"}], "get": {"summary": summary, "operationId": name, "responses": responses}}


def predict_path(signature: Signature | None, example: Any, table: dict[str, Any] | None = None) -> dict[str, Any]:
    """The path item.

    Args:
        signature: What the model takes and gives; None while it is being loaded.
        example: A request that the model answers; None while it is being loaded.
        table: The schema of the input where that is a table; None for arrays.
    """
    inputs = table or _inputs(signature)
    request: dict[str, Any] = {
        "schema": {
            "type": "object",
            "required": ["input"],
            "additionalProperties": False,
            "properties": {"input": inputs},
        }
    }
    if example is not None:
        request["example"] = example
    answer = {"schema": {"type": "object", "required": ["output"], "properties": {"output": {}}}}
    responses: dict[str, Any] = {
        "200": {"description": "The prediction", "content": {"application/json": answer}},
    }
    for status, description in ERRORS.items():
        responses[status] = {"description": description, "content": {"application/json": {"schema": ERROR_BODY}}}
    return {
        "post": {
            "summary": "Predict",
            "description": "A batch of the rank that the model says, or one item of one rank less.",
            "operationId": "predict",
            "requestBody": {"required": True, "content": {"application/json": request}},
            "responses": responses,
        }
    }


def _inputs(signature: Signature | None) -> dict[str, Any]:
    if signature is None:
        return {}
    if len(signature.inputs) == 1:
        return _tensor(signature.inputs[0])
    return {
        "type": "object",
        "required": [spec.name for spec in signature.inputs],
        "additionalProperties": False,
        "properties": {spec.name: _tensor(spec) for spec in signature.inputs},
    }


def _tensor(spec: TensorSpec) -> dict[str, Any]:
    """Nested arrays, a batch or one item; only the description where the model does not say the rank."""
    kind = JSON_TYPES.get(spec.dtype, "integer" if spec.dtype and "int" in spec.dtype else "number")
    schema: dict[str, Any] = {"type": kind} if kind else {}
    if spec.shape is None:
        return {"description": str(spec)}
    if not spec.shape:
        return {**schema, "description": str(spec)}
    for size in reversed(spec.shape[1:]):
        schema = {"type": "array", "items": schema}
        if isinstance(size, int):
            schema |= {"minItems": size, "maxItems": size}
    batch: dict[str, Any] = {"type": "array", "items": schema}
    if isinstance(spec.shape[0], int):
        batch |= {"minItems": spec.shape[0], "maxItems": spec.shape[0]}
    return {"description": str(spec), "anyOf": [batch, schema]}
