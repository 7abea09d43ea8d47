"""One violation with what is needed to put it in order and to go on around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chartgen.errors import Violation
from chartgen.service.words import path_text

if TYPE_CHECKING:
    from chartgen.service.node import DataPath, Position


@dataclass(frozen=True)
class Finding:
    """A violation, and the value that it leaves unusable.

    Attributes:
        position: The place that is told.
        path: The value in question.
        message: What is wrong.
        expected: What was allowed.
        hint: What to do next.
        blocks: Whether the value cannot be judged any further.
    """

    position: Position
    path: DataPath
    message: str
    expected: str | None = None
    hint: str | None = None
    blocks: bool = True

    def violation(self) -> Violation:
        """What the user is told."""
        return Violation(path_text(self.path), self.message, str(self.position), self.expected, self.hint)
