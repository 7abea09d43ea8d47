"""The access log, and the id that a request is found by in it."""

from __future__ import annotations

import logging
import random
import re
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .asgi import Header, Message
    from .errors import ServingError

access_log = logging.getLogger("chartgen.access")
HEADER = b"x-request-id"
VISIBLE = re.compile(rb"[\x21-\x7e]{1,128}")
PATH_CHARACTERS = 200
INTERNAL_ERROR = 500
ERROR = 400


def sent_id(headers: Iterable[Header]) -> bytes | None:
    """The client's own id, where it sent one of 1 to 128 visible ASCII characters."""
    for name, value in headers:
        if name == HEADER:
            return value if VISIBLE.fullmatch(value) else None
    return None


def made_id() -> bytes:
    """A new id."""
    return secrets.token_hex(8).encode()


class AccessLog:
    """Writes a line for every error, and for a part of the other answers.

    Args:
        sample: The part of the answers that are no errors: 0 for none, 1 for all.
    """

    def __init__(self, sample: float) -> None:
        self.sample = sample

    def answered(self, scope: Message, request_id: bytes, seconds: float) -> None:
        """Writes a line for an answer that is no error, if it is this one's turn."""
        if random.random() < self.sample:  # noqa: S311 - nothing depends on its being hard to guess
            self.line(scope, 200, request_id, seconds)

    def line(
        self, scope: Message, status: int, request_id: bytes, seconds: float, error: ServingError | None = None
    ) -> None:
        """Writes a line; with the cause of an error that is not the client's. Bodies are never written."""
        fields: dict[str, object] = {
            "id": request_id.decode("ascii"),
            "method": scope["method"],
            "path": scope["path"][:PATH_CHARACTERS],
            "status": status,
            "seconds": round(seconds, 6),
        }
        if error is not None:
            fields["code"] = error.code
        if error is None or status != INTERNAL_ERROR:
            # The client was told the rest, which may hold what it sent.
            level = logging.INFO if status < INTERNAL_ERROR else logging.ERROR
            access_log.log(level, f"answered {status}", extra={"fields": fields})
            return
        message = f"{error.message}{f' ({error.path})' if error.path else ''}"
        cause = error.__cause__ or error
        access_log.error("answered 500: %s", message, exc_info=cause, extra={"fields": fields})
