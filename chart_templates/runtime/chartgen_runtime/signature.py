"""What a model takes and gives, and an input made from that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from .formats.pickle_columns import Column

Dimension = int | str | None
"""A fixed size, the name of a dynamic one, or None for a dynamic one without a name."""

Array = NDArray[Any]


@dataclass(frozen=True)
class TensorSpec:
    """One input or output.

    Attributes:
        name: Its name; empty where the format has none.
        dtype: The element type by NumPy's name, `string`, or the kind of a value that is no tensor (`map`, `sequence`);
            None where the model does not say.
        shape: The dimensions, the batch first; None where the model does not say.
    """

    name: str
    dtype: str | None
    shape: tuple[Dimension, ...] | None

    def __str__(self) -> str:
        if self.shape is None:
            return f"{self.dtype or 'any'} array of any rank"
        return describe(self.dtype, self.shape)

    @property
    def item(self) -> str:
        """What one item without the batch axis looks like, for messages."""
        return describe(self.dtype, (self.shape or ())[1:])


@dataclass(frozen=True)
class Signature:
    """The inputs and outputs of a model, in its own order; no outputs where it does not say.

    Attributes:
        inputs: The inputs.
        outputs: The outputs.
        columns: The columns of the one input, where that is a table whose columns have names.
    """

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...] = ()
    columns: tuple[Column, ...] = ()

    def example(self, number: int = 0) -> dict[str, Array] | None:
        """The number (0 also as false) and empty strings for every input, 1 for each dynamic size.

        Args:
            number: What the arrays are filled with.

        Returns:
            The arrays by name; None where a shape is not known.
        """
        arrays: dict[str, Array] = {}
        for spec in self.inputs:
            if spec.shape is None:
                return None
            sizes = [size if isinstance(size, int) else 1 for size in spec.shape]
            if spec.dtype == "string":
                arrays[spec.name] = np.full(sizes, "", dtype=object)
            else:
                arrays[spec.name] = np.full(sizes, number, dtype=spec.dtype or np.float64)
        return arrays


def describe(dtype: str | None, shape: tuple[Dimension, ...]) -> str:
    """A type and a shape in words that fit into a message, as ``float32[?, 4]``."""
    if not shape:
        return f"{dtype or 'any'} scalar"
    return f"{dtype or 'any'}[{', '.join('?' if size is None else str(size) for size in shape)}]"
