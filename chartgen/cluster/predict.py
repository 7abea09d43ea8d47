"""Calls a deployed model through the API server's proxy to its Service: no ingress, no port to forward."""

from __future__ import annotations

import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

from chartgen.errors import ChartgenError, ClusterError, ForbiddenError

if TYPE_CHECKING:
    from chartgen.cluster.reader import ClusterReader

_PREDICT_SECONDS = 60.0


@dataclass(frozen=True)
class Prediction:
    """A model's answer.

    Attributes:
        status: Its HTTP status.
        body: Its bytes.
        seconds: From sending the request to having the whole answer, through the API server.
    """

    status: int
    body: bytes
    seconds: float


def post(
    reader: ClusterReader,
    service: str,
    body: bytes,
    *,
    path: str = "/predict",
    port_name: str = "http",
    timeout: float = _PREDICT_SECONDS,
) -> Prediction:
    """Post to a Service.

    Args:
        reader: The connection, and the namespace of the Service.
        service: The Service's name.
        body: The request's body, as JSON.
        path: The path.
        port_name: The name of the Service's port.
        timeout: The longest silence, in seconds.

    Returns:
        What the model answered, whatever its status.

    Raises:
        ClusterError: The Service does not exist, or no pod behind it is ready or answers.
        ForbiddenError: This user may not use the proxy.
        ClusterUnreachableError: The API server does not answer.
        MissingExtraError: The extra `[cluster]` is not installed.
    """
    target = f"/api/v1/namespaces/{quote(reader.namespace)}/services/{quote(service)}:{quote(port_name)}/proxy"
    reader.connection.open()
    started = time.perf_counter()
    answer = reader.connection.request("POST", f"{target}/{path.lstrip('/')}", body=body, timeout=timeout)
    seconds = time.perf_counter() - started
    refusal = answer.refusal
    if refusal is None:
        return Prediction(answer.status, answer.body, seconds)
    # Only the API server answers with a `Status`: the request has not reached the model, or its answer was lost.
    raise _unanswered(reader, service, answer.status, refusal)


def _unanswered(reader: ClusterReader, service: str, status: int, refusal: str) -> ChartgenError:
    """The error for a request that the API server could not hand on."""
    where = f"service {reader.namespace}/{service}"
    if status == HTTPStatus.FORBIDDEN:
        return ForbiddenError(refusal, where=where, hint="ask for a Role that allows `create` on `services/proxy`")
    # The proxy says "no endpoints" of a Service that does not exist, too.
    if not _exists(reader, service):
        hint = "`chartgen list --all-namespaces` shows what is installed; -n names the namespace"
        return ClusterError(f"there is no service {service} in namespace {reader.namespace}", hint=hint)
    hint = f"`chartgen status {service}` shows what its pods are waiting for"
    if "no endpoints available" in refusal:
        return ClusterError("no pod is ready to answer", where=where, hint=hint)
    return ClusterError(f"the pod did not answer: {refusal}", where=where, hint=hint)


def _exists(reader: ClusterReader, service: str) -> bool:
    """Whether the Service is there; taken for granted where this user may not look."""
    path = f"/api/v1/namespaces/{quote(reader.namespace)}/services/{quote(service)}"
    try:
        return reader.connection.get(path) is not None
    except ForbiddenError:
        return True
