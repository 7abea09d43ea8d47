"""The two ways things go wrong: the pod cannot serve at all, or one request cannot be answered."""

from __future__ import annotations

# Of a library's own words, which may hold an array.
MESSAGE_CHARACTERS = 300


class StartupError(Exception):
    """The pod cannot serve: its settings, the model, the handler or the warm-up. The message is one sentence."""


class ServingError(Exception):
    """One request that is not answered with a prediction.

    Args:
        status: The HTTP status.
        code: The kind of error, for programs.
        message: What went wrong, for people.
        path: The place in the request or the answer, as ``input[3][1]``.
        expected: What would have been accepted.
        retry_after: Seconds after which a client may try again.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        path: str | None = None,
        expected: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.path = path
        self.expected = expected
        self.retry_after = retry_after
        self.id: str | None = None  # what finds the request in the log; set where the answer is sent

    def body(self) -> dict[str, dict[str, str | None]]:
        """The answer's body: the same keys for every error."""
        error = {"code": self.code, "message": self.message, "path": self.path, "expected": self.expected}
        if self.id is not None:
            error["id"] = self.id
        return {"error": error}


def refused(code: str, message: str, path: str, expected: str) -> ServingError:
    """A request that was understood and cannot be accepted: 422."""
    return ServingError(422, code, message, path=path, expected=expected)


def refused_by_model(cause: Exception) -> ServingError:
    """An input of the right shape and type that the model does not take, such as a number too large for it: 422."""
    message = f"the model refuses the input: {cause}"[:MESSAGE_CHARACTERS]
    return refused("refused_by_model", message, "input", "values that the model takes")


def not_json(message: str) -> ServingError:
    """A body that is no JSON document: 400."""
    return ServingError(400, "not_json", message, expected='a JSON object such as {"input": [1, 2, 3]}')


def not_packed(message: str) -> ServingError:
    """A body that is said to be gzip and is not: 400."""
    return ServingError(400, "not_packed", f"the body is not gzip: {message}", expected="gzip, as its head says")


def too_large(limit: int) -> ServingError:
    """A body of more than `limit` bytes: 413."""
    return ServingError(413, "too_large", "the body is too large", expected=f"at most {limit} bytes")


def not_found(path: str) -> ServingError:
    """A path that nothing answers: 404."""
    return ServingError(404, "not_found", "there is nothing here", path=path)


def method_not_allowed(method: str, path: str, allowed: str) -> ServingError:
    """A path that answers another method: 405."""
    return ServingError(405, "method_not_allowed", f"{method} is not allowed", path=path, expected=allowed)


def not_ready(message: str) -> ServingError:
    """A pod that does not serve yet, or no longer: 503."""
    return ServingError(503, "not_ready", message, retry_after=1)


def busy(limit: int) -> ServingError:
    """A pod that has `limit` requests in flight: 503."""
    requests = "request is" if limit == 1 else "requests are"
    return ServingError(503, "busy", f"{limit} {requests} in flight already", retry_after=1)


def failed(code: str, message: str, path: str | None = None) -> ServingError:
    """A model, or a handler, that failed on a request which was accepted: 500."""
    return ServingError(500, code, message, path=path)
