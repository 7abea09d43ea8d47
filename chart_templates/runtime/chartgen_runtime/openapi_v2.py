"""The paths of the Open Inference Protocol, as OpenAPI path items."""

from __future__ import annotations

from typing import Any

from .arrays import MAX_RANK
from .datatypes import DTYPES

ERROR = {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}
SIZES = {"type": "array", "items": {"type": "integer"}}
PARAMETERS = {"type": "object"}
DESCRIBED = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["name", "datatype", "shape"],
        "properties": {"name": {"type": "string"}, "datatype": {"type": "string"}, "shape": SIZES},
    },
}
STRING = {"type": "string"}
BOOLEAN = {"type": "boolean"}
FAULTS = {
    "400": "The request is not JSON, or its tensors have another shape, datatype or name than the model's",
    "405": "The method is not POST",
    "413": "The body is too large",
    "500": "The model failed; the log holds the cause under the id",
    "503": "The pod is not ready, or has too many requests in flight",
}


def v2_paths(name: str, version: str, metadata: dict[str, Any] | None) -> dict[str, Any]:
    """The path items.

    Args:
        name: The model's name.
        version: The model's version; empty when it is not known.
        metadata: What the model takes and gives; None while it is being loaded.
    """
    not_ready = {"503": "Not now"}
    live = {"live": BOOLEAN}
    server = {"name": STRING, "version": STRING, "extensions": {"type": "array", "items": STRING}}
    model = {"name": STRING, "platform": STRING, "inputs": DESCRIBED, "outputs": DESCRIBED}
    paths = {
        "/v2": _get("The server's metadata", "v2Server", server, {}),
        "/v2/health/live": _get("Whether the process serves", "v2Live", live, {}),
        "/v2/health/ready": _get("Whether the model answers", "v2Ready", live, not_ready),
    }
    for path in model_paths(name, version):
        end = "Version" if "/versions/" in path else ""
        ready = {"name": STRING, "ready": BOOLEAN}
        paths[path] = _get("The model's inputs and outputs", f"v2Metadata{end}", model, not_ready)
        paths[f"{path}/ready"] = _get("Whether the model answers", f"v2ModelReady{end}", ready, not_ready)
        paths[f"{path}/infer"] = _infer(f"v2Infer{end}", metadata)
    return paths


def model_paths(name: str, version: str) -> list[str]:
    """The paths of the model, with its version where there is one."""
    return [f"/v2/models/{name}", *([f"/v2/models/{name}/versions/{version}"] if version else [])]


def _get(summary: str, identifier: str, members: dict[str, Any], faults: dict[str, str]) -> dict[str, Any]:
    answer = {"type": "object", "required": list(members), "properties": members}
    return {"get": {"summary": summary, "operationId": identifier, "responses": _responses(answer, faults)}}


def _responses(answer: dict[str, Any], faults: dict[str, str]) -> dict[str, Any]:
    said: dict[str, Any] = {"200": ("The answer", answer)} | {key: (text, ERROR) for key, text in faults.items()}
    return {
        status: {"description": text, "content": {"application/json": {"schema": schema}}}
        for status, (text, schema) in said.items()
    }


def _infer(identifier: str, metadata: dict[str, Any] | None) -> dict[str, Any]:
    inputs = metadata["inputs"] if metadata else []
    tensor: dict[str, Any] = {
        "name": {"type": "string", "enum": [each["name"] for each in inputs]} if inputs else STRING,
        "shape": {"type": "array", "maxItems": MAX_RANK, "items": {"type": "integer", "minimum": 0}},
        "datatype": {"type": "string", "enum": list(DTYPES)},
        "data": {"type": "array", "description": "Flat, or nested as the shape says"},
        "parameters": PARAMETERS,
    }
    named = {"type": "object", "required": ["name"], "properties": {"name": STRING, "parameters": PARAMETERS}}
    request: dict[str, Any] = {
        "type": "object",
        "required": ["inputs"],
        "properties": {
            "id": STRING,
            "parameters": PARAMETERS,
            "inputs": {
                "type": "array",
                "minItems": max(1, len(inputs)),
                "items": {
                    "type": "object",
                    "required": ["name", "shape", "datatype", "data"],
                    "properties": tensor,
                },
            },
            "outputs": {"type": "array", "items": named},
        },
    }
    content: dict[str, Any] = {"schema": request}
    example = _example(inputs)
    if example is not None:
        content["example"] = example
    answered = {key: value for key, value in tensor.items() if key != "data"} | {"name": STRING, "data": {}}
    answer = {
        "type": "object",
        "required": ["model_name", "outputs"],
        "properties": {
            "model_name": STRING,
            "model_version": STRING,
            "id": STRING,
            "outputs": {"type": "array", "items": {"type": "object", "properties": answered}},
        },
    }
    return {
        "post": {
            "summary": "Predict (Open Inference Protocol)",
            "description": "Tensors as the model takes them, the whole batch included.",
            "operationId": identifier,
            "requestBody": {"required": True, "content": {"application/json": content}},
            "responses": _responses(answer, FAULTS),
        }
    }


def _example(inputs: list[dict[str, Any]]) -> dict[str, Any] | None:
    """A request of zeros, with 1 for each size that may vary; None when it is too long to be read by a person."""
    tensors = []
    for each in inputs:
        shape = [max(1, size) if size < 0 else size for size in each["shape"]]
        count = 1
        for size in shape:
            count *= size
        if count > 1000:  # noqa: PLR2004 - what fits on a screen or two
            return None
        zero = {"BOOL": False, "BYTES": ""}.get(each["datatype"], 0)
        tensors.append({"name": each["name"], "shape": shape, "datatype": each["datatype"], "data": [zero] * count})
    return {"inputs": tensors} if tensors else None
