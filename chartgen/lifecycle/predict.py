"""A request to a deployed model, through the API server."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from chartgen.errors import PredictionError

if TYPE_CHECKING:
    from chartgen.lifecycle.target import Place


@dataclass(frozen=True)
class Answer:
    """What a deployed model answered.

    Attributes:
        response: The answer's body, decoded.
        milliseconds: From sending the request to having the answer, through the API server.
    """

    response: Any
    milliseconds: float


def predict(place: Place, release: str, body: bytes, *, timeout: float = 60.0) -> Answer:
    """Send a request to `POST /predict` of a release.

    Args:
        place: Where the release is.
        release: Its name.
        body: The request's body, JSON.
        timeout: The longest silence, in seconds.

    Raises:
        PredictionError: The model answered with an error.
        ClusterError: There is no such service, or no pod of it is ready.
    """
    from chartgen.cluster.predict import post

    with place.reader() as reader:
        service = reader.service_of(release)
        answer = post(reader, service.name if service else release, body, timeout=timeout)
    try:
        content = json.loads(answer.body)
    except ValueError:
        content = answer.body.decode("utf-8", errors="replace")
    if answer.status != HTTPStatus.OK:
        error = content.get("error") if isinstance(content, dict) else None
        fields = error if isinstance(error, dict) else {"message": str(content)}
        raise PredictionError(
            f"{fields.get('message')} (the model answered with status {answer.status})",
            status=answer.status,
            body=content,
            where=fields.get("path"),
            expected=fields.get("expected"),
        )
    return Answer(content, answer.seconds * 1000)
