"""The value of `input` -> the arrays of the model, by the rank rules of /predict; and the batch axis off the answer.

Rank as the model says: a batch. One rank less: a single item; the batch axis is added here and taken off the answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from .arrays import at, read_array
from .errors import ServingError, refused

if TYPE_CHECKING:
    from .signature import Array, Signature, TensorSpec


class Batch(NamedTuple):
    """The model's input.

    Attributes:
        inputs: An array for each input, by name.
        single: Whether the batch axis was added, and is to be taken off the answer.
    """

    inputs: dict[str, Any]
    single: bool


class Reader(Protocol):
    """Reads inputs for one model; `InputReader` says what the methods do.

    Attributes:
        tensors: The inputs as the Open Inference Protocol has them.
        fixed_batch: Whether the model says how many items a batch has.
        by_column: Whether the one input is a table: its rows may be objects, and each column is a tensor.
        schema: What OpenAPI says of that table; None for arrays.
    """

    tensors: tuple[TensorSpec, ...]
    fixed_batch: bool
    by_column: bool
    schema: dict[str, Any] | None

    def read(self, value: Any, *, only_numbers: bool = False) -> Batch: ...  # noqa: D102
    def check_text(self, body: bytes, value: Any) -> None: ...  # noqa: D102
    def assembled(self, arrays: dict[str, Array], paths: dict[str, str]) -> dict[str, Any]: ...  # noqa: D102
    def example(self, number: int) -> dict[str, Any] | None: ...  # noqa: D102


class InputReader:
    """Reads the value of `input` for one model that takes arrays.

    Args:
        signature: What the model takes.
        allow_non_finite: Whether NaN and infinities are let in.
    """

    def __init__(self, signature: Signature, *, allow_non_finite: bool) -> None:
        self.tensors, self.example, self.by_column = signature.inputs, signature.example, False
        self.schema: dict[str, Any] | None = None
        self._specs = {spec.name: spec for spec in signature.inputs}
        self._only = signature.inputs[0] if len(signature.inputs) == 1 else None
        self._allow_non_finite = allow_non_finite
        # The inputs that carry the batch. A fixed first dimension beside dynamic ones is no batch: a vector of weights.
        ranked = [spec for spec in signature.inputs if spec.shape]
        dynamic = [spec for spec in ranked if spec.shape and not isinstance(spec.shape[0], int)]
        self._batched = {spec.name for spec in dynamic or ranked}
        self.fixed_batch = bool(ranked) and not dynamic

    def read(self, value: Any, *, only_numbers: bool = False) -> Batch:
        """Reads the value.

        Args:
            value: The value of `input`: for one input an array, for several an object by input name.
            only_numbers: Whether every element is certain to be a number.

        Returns:
            The arrays, every one with its batch axis.

        Raises:
            ServingError: 422 with the path and what was expected.
        """
        sizes: dict[str, tuple[int, str]] = {}
        if self._only is not None:
            if isinstance(value, Mapping):
                message = "an object, and the model has one input, which is not named in the request"
                raise refused("type", message, "input", f'{self._only}, as {{"input": [...]}}')
            array, single = self._read_one(self._only, "input", value, only_numbers, sizes)
            return Batch({self._only.name: array}, bool(single))
        inputs: dict[str, Any] = {}
        first: tuple[bool, str] | None = None
        for spec in self._named(value):
            path = member("input", spec.name)
            inputs[spec.name], single = self._read_one(spec, path, value[spec.name], only_numbers, sizes)
            if single is not None:
                if first is not None and first[0] != single:
                    raise _mixed(spec, path, single, first[1])
                first = (single, path)
        return Batch(inputs, first is not None and first[0])

    def check_text(self, body: bytes, value: Any) -> None:
        """Checks what only the text of a request shows: nothing, for arrays."""

    def assembled(self, arrays: dict[str, Array], paths: dict[str, str]) -> dict[str, Any]:
        """Checks arrays whose batch axis is there: every rank and size, the batch the same everywhere.

        Args:
            arrays: An array for each of `tensors`, by name.
            paths: The place of each one's shape in the request.

        Returns:
            What the model takes, by the name of its input: here the arrays themselves.

        Raises:
            ServingError: 422 with the path and what was expected.
        """
        sizes: dict[str, tuple[int, str]] = {}
        for name, array in arrays.items():
            spec, path = self._specs[name], paths[name]
            if spec.shape is not None and array.ndim != len(spec.shape):
                raise refused("shape", f"the tensor has {_dimensions(array.ndim)}", path, str(spec))
            _check_shape(array, spec, path, False, sizes)
        return arrays

    def _read_one(
        self, spec: TensorSpec, path: str, value: Any, only_numbers: bool, sizes: dict[str, tuple[int, str]]
    ) -> tuple[Array, bool | None]:
        """One input with its batch axis, and whether that was added; see `_is_single`."""
        array = read_array(value, spec.dtype, path, only_numbers=only_numbers, allow_non_finite=self._allow_non_finite)
        single = self._is_single(array, spec, path)
        if single:
            array = array[np.newaxis]
        _check_shape(array, spec, path, bool(single), sizes)
        return array, single

    def _named(self, value: Any) -> list[TensorSpec]:
        """The inputs of a model with several; the value must be an object with exactly their names."""
        names = ", ".join(self._specs) or "no members"
        if not isinstance(value, Mapping):
            message = f"the model has {len(self._specs)} inputs"
            raise refused("type", message, "input", f"an object by input name: {names}")
        for name in value:
            if name not in self._specs:
                message = f"the model has no input {name!r}"
                raise refused("unknown_input", message, member("input", str(name)), f"one of: {names}")
        for name, spec in self._specs.items():
            if name not in value:
                raise refused("missing_input", f"the input {name!r} is missing", member("input", name), str(spec))
        return list(self._specs.values())

    def _is_single(self, array: Array, spec: TensorSpec, path: str) -> bool | None:
        """Whether the array is one item; None where the input carries no batch, or does not say its rank."""
        if spec.shape is None:
            return None
        if array.ndim == len(spec.shape):
            return False if spec.name in self._batched else None
        if array.ndim == len(spec.shape) - 1 and spec.name in self._batched:
            if isinstance(spec.shape[0], int) and spec.shape[0] != 1:
                message = f"one item is not a batch: the model takes batches of exactly {spec.shape[0]}"
                raise refused("shape", message, path, str(spec))
            return True
        expected = self._expected(spec)
        raise refused("shape", f"the value has {_dimensions(array.ndim)}", path, expected)

    def _expected(self, spec: TensorSpec) -> str:
        if spec.name not in self._batched or (spec.shape and isinstance(spec.shape[0], int) and spec.shape[0] != 1):
            return str(spec)
        return f"{spec} (a batch), or {spec.item} (one item)"


def _check_shape(array: Array, spec: TensorSpec, path: str, single: bool, sizes: dict[str, tuple[int, str]]) -> None:
    """Checks the sizes: fixed ones, and named ones that must be the same everywhere."""
    for axis, (size, wanted) in enumerate(zip(array.shape, spec.shape or (), strict=False)):
        if wanted is None or wanted == size:
            continue
        place = (0,) * (axis - single)
        if isinstance(wanted, str):
            known, where = sizes.setdefault(wanted, (size, path))
            if size != known:
                message = f"the size of {wanted} is {size} here and {known} in {where}"
                raise refused("shape", message, at(path, place), f"the same {wanted} everywhere")
        elif axis == 0:
            message = f"{size} items: the model takes batches of exactly {wanted}"
            raise refused("shape", message, at(path, place), str(spec))
        else:
            message = f"{size} value{'' if size == 1 else 's'} where the model takes {wanted}"
            raise refused("shape", message, at(path, place), spec.item if single else str(spec))
    if array.size == 0 and 0 not in (spec.shape or ()):
        raise refused("shape", "the array is empty", path, f"{spec} with at least one element")


def _mixed(spec: TensorSpec, path: str, single: bool, other: str) -> ServingError:
    message = f"one item, but {other} is a batch" if single else f"a batch, but {other} is one item"
    return refused("shape", message, path, spec.item if not single else str(spec))


def _dimensions(rank: int) -> str:
    return "no dimension" if rank == 0 else f"{rank} dimension{'s' if rank > 1 else ''}"


def member(path: str, name: str) -> str:
    """The place of a member of an object: ``input.name``, or ``input["a name"]``."""
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        return f"{path}.{name}"
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'{path}["{escaped}"]'


def first_item(value: Any) -> Any:
    """Takes the batch axis of length 1 off a result; what has none stays as it is."""
    if isinstance(value, np.ndarray):
        return value[0] if value.ndim and len(value) == 1 else value
    if isinstance(value, tuple):  # several results
        return tuple(first_item(each) for each in value)
    if isinstance(value, Mapping):  # results by name
        return {key: first_item(each) for key, each in value.items()}
    if isinstance(value, list):
        # A list of batches (the classes of several outputs) against a list of items.
        if value and all(isinstance(each, np.ndarray) and each.ndim > 1 and len(each) == 1 for each in value):
            return [each[0] for each in value]
        return value[0] if len(value) == 1 else value
    return value
