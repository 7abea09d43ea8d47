"""What a model does not take, in the words of the service file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chartgen.service.node import DataPath

NAMES = {dict: "a mapping", list: "a list", str: "text", bool: "true or false", type(None): "null"}
"""What a value is called in a message; any other is a number."""


class MismatchError(Exception):
    """The first thing in a value that a model does not take.

    Args:
        path: The place in the value.
        message: What is wrong.
        expected: What was allowed.
    """

    def __init__(self, path: DataPath, message: str, expected: str) -> None:
        super().__init__(message)
        self.path, self.message, self.expected = path, message, expected
