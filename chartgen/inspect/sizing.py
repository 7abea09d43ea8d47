"""What a pod is given for a model of some size, when the service file says nothing."""

from __future__ import annotations

from typing import NamedTuple


class Sizing(NamedTuple):
    """Requests of one pod on the CPU.

    Attributes:
        cpu: Whole CPUs.
        memory: Gibibytes; the limit as well.
    """

    cpu: int
    memory: int


_SIZINGS = ((100 * 10**6, Sizing(1, 2)), (10**9, Sizing(2, 4)))
_LARGEST = Sizing(4, 8)


def suggested(model_bytes: int) -> Sizing:
    """The requests for a model whose file has this many bytes."""
    return next((sizing for below, sizing in _SIZINGS if model_bytes < below), _LARGEST)
