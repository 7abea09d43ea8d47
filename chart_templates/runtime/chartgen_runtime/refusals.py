"""An error as an answer: counted, logged, and in the form of the path that was asked."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from .access import AccessLog, made_id
from .asgi import error_headers
from .errors import failed

if TYPE_CHECKING:
    from .asgi import Header, Message
    from .errors import ServingError
    from .metrics import Metrics
    from .routes import Route

ERROR = 400
INTERNAL_ERROR = 500
# Refusals that may as well be the model's fault as the input's; they are counted as the failures are.
ABOUT_THE_MODEL = frozenset({"refused_by_model", "non_finite_output"})
# What the cluster asks all the time, where a framework answers it.
PROBES = frozenset({"/livez", "/readyz", "/v2/health/live", "/v2/health/ready"})
REQUEST_ID = "chartgen.request_id"  # in the head that a framework gets
GONE = 499  # the client went away before it was answered; for the metrics


class Request(NamedTuple):
    """What is known of a request when it is refused.

    Attributes:
        scope: Its head.
        route: What it is for.
        started: When it came, by the performance counter.
        sent: The id that the client sent.
    """

    scope: Message
    route: Route
    started: float
    sent: bytes | None


class Refusals:
    """Answers with errors.

    Args:
        metrics: What is counted.
        access: Where every error is logged.
    """

    def __init__(self, metrics: Metrics, access: AccessLog) -> None:
        self._metrics = metrics
        self._access = access

    def told(
        self,
        scope: Message,
        status: int,
        seconds: float,
        error: ServingError | None,
        cause: BaseException | None,
    ) -> None:
        """Counts and logs what a framework has answered.

        Args:
            scope: The request's head.
            status: The answer's.
            seconds: How long it took.
            error: The error of the data plane that it told; None for none.
            cause: What the framework did not expect; None for nothing.
        """
        request_id = scope[REQUEST_ID]
        if cause is not None and error is None:
            error = failed("server_failed", "the server failed on this request")
            error.__cause__ = cause
        if error is not None and (status == INTERNAL_ERROR or error.code in ABOUT_THE_MODEL):
            self._metrics.errors[error.code] = self._metrics.errors.get(error.code, 0) + 1
        if scope["path"] in PROBES and cause is None:
            return
        if error is not None or status >= ERROR:
            self._access.line(scope, status, request_id, seconds, error)
        else:
            self._access.answered(scope, request_id, seconds)

    def answer(self, request: Request, error: ServingError) -> tuple[int, bytes, list[Header]]:
        """Counts and logs an error; returns its answer."""
        request_id = request.sent or made_id()
        error.id = request_id.decode("ascii")
        status, body = request.route.error(error)
        seconds = perf_counter() - request.started
        request.route.counter.add(status, seconds)
        if request.route.infer is not None and (status == INTERNAL_ERROR or error.code in ABOUT_THE_MODEL):
            self._metrics.errors[error.code] = self._metrics.errors.get(error.code, 0) + 1
        if not request.route.quiet:
            self._access.line(request.scope, status, request_id, seconds, error)
        return status, body, [(b"x-request-id", request_id), *error_headers(error)]
