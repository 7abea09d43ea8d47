"""Whether a model can answer the recorded sample: the pod's own rules for `/predict`, without the pod's libraries.

Rank as the model says: a batch. One rank less: a single item. `chartgen_runtime/protocol.py` and `arrays.py` are the
same rules on arrays; a test holds the two against each other. The rules for tables are in `table.py`.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chartgen.chart.mismatch import NAMES, MismatchError
from chartgen.chart.table import check_table
from chartgen.errors import SchemaError, Violation
from chartgen.inspect.facts import Signature
from chartgen.service.node import find
from chartgen.service.words import path_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chartgen.inspect.facts import ModelFacts
    from chartgen.service.model import Sample
    from chartgen.service.node import DataPath

# The largest number up to which every integer is a double of its own.
EXACT = 2**53
_FLOAT_CODES = {"float16": "<e", "float32": "<f", "float64": "<d"}
_WANTED = {None: "a number, text, true or false", "bool": "true or false", "string": "text"}


def check_sample(sample: Sample, facts: ModelFacts) -> None:
    """Refuses a sample that the model cannot answer.

    Args:
        sample: The recorded request.
        facts: What the model takes.

    Raises:
        SchemaError: It cannot; the violation names the place in the service file.
    """
    inputs = facts.inputs
    if facts.format != "onnx" and not inputs:
        inputs = (Signature("", None, None),)
    try:
        if facts.columns:
            check_table(sample.input, facts.columns)
        elif not (facts.abilities.needs_table and _has_objects(sample.input)):  # its columns are too many to be read
            check_input(sample.input, inputs)
    except MismatchError as error:
        raise SchemaError([_violation(sample, error)]) from None


def _has_objects(value: Any) -> bool:
    return isinstance(value, Mapping) or (isinstance(value, list) and any(isinstance(row, Mapping) for row in value))


def _violation(sample: Sample, error: MismatchError) -> Violation:
    place: DataPath = ("sample", "input", *error.path)
    found = None
    for length in range(len(error.path), -1, -1):
        found = found or (find(sample.written, error.path[:length]) if sample.written is not None else None)
    where = str(found.where) if found is not None else "sample"
    hint = "the pod answers the sample before it is ready: record a request that the model can answer"
    return Violation(path_text(place), error.message, where, error.expected, hint)


def check_input(value: Any, inputs: tuple[Signature, ...]) -> None:
    """Checks the value of `input` against what a model takes.

    Args:
        value: A JSON value.
        inputs: The model's inputs.

    Raises:
        MismatchError: The pod would answer 422.
    """
    inputs = tuple(_with_dynamic_sizes(spec) for spec in inputs)
    ranked = [spec for spec in inputs if spec.shape]
    dynamic = [spec for spec in ranked if spec.shape and not isinstance(spec.shape[0], int)]
    # The inputs that carry the batch. A fixed first size beside dynamic ones is no batch: a vector of weights.
    batched = {spec.name for spec in dynamic or ranked}
    sizes: dict[str, tuple[int, DataPath]] = {}
    if len(inputs) == 1:
        if isinstance(value, Mapping):
            message = "a mapping, and the model has one input, which is not named in the request"
            raise MismatchError((), message, f"{inputs[0]}, as lists")
        _check_one(value, inputs[0], (), batched, sizes)
        return
    first: tuple[bool, str] | None = None
    for spec in _named(value, inputs):
        single = _check_one(value[spec.name], spec, (spec.name,), batched, sizes)
        if single is None:
            continue
        if first is not None and first[0] != single:
            message = f"one item, but {first[1]} is a batch" if single else f"a batch, but {first[1]} is one item"
            raise MismatchError((spec.name,), message, _item(spec) if not single else str(spec))
        first = (single, spec.name)


def _with_dynamic_sizes(spec: Signature) -> Signature:
    """The input with the sizes that some exporters write as -1 made dynamic, as onnxruntime takes them."""
    if spec.shape is None:
        return spec
    shape = tuple(None if isinstance(size, int) and size < 0 else size for size in spec.shape)
    return Signature(spec.name, spec.dtype, shape)


def _named(value: Any, inputs: tuple[Signature, ...]) -> tuple[Signature, ...]:
    """The inputs of a model with several; the value must be a mapping with exactly their names."""
    names = ", ".join(spec.name for spec in inputs) or "no keys"
    if not isinstance(value, Mapping):
        raise MismatchError((), f"the model has {len(inputs)} inputs", f"a mapping by input name: {names}")
    for name in value:
        if name not in {spec.name for spec in inputs}:
            raise MismatchError((name,), f"the model has no input {name!r}", names)
    for spec in inputs:
        if spec.name not in value:
            raise MismatchError((), f"the input {spec.name!r} is missing", str(spec))
    return inputs


def _check_one(
    value: Any, spec: Signature, path: DataPath, batched: set[str], sizes: dict[str, tuple[int, DataPath]]
) -> bool | None:
    """Checks one input; returns whether it is one item without the batch axis, None where it carries no batch."""
    shape = _shape(value, spec, path)
    for index, element in _leaves(value):
        _check_number(element, spec.dtype, (*path, *index))
    single = _is_single(shape, spec, path, batched)
    _check_sizes((1, *shape) if single else shape, spec, path, single=bool(single), sizes=sizes)
    return single


def _shape(value: Any, spec: Signature, path: DataPath) -> tuple[int, ...]:
    """The shape of nested lists whose elements are all of the type.

    Raises:
        MismatchError: Some element is of another type, or a list is ragged.
    """
    accepted = _accepted(spec.dtype)
    for index, element in _leaves(value):
        if type(element) not in accepted:
            found = NAMES.get(type(element), "a number")
            wanted = _wanted(spec.dtype)
            raise MismatchError(
                (*path, *index), f"{found} where the model takes {wanted}", wanted if index else str(spec)
            )
    sizes: list[int] = []
    first = value
    while isinstance(first, list):
        sizes.append(len(first))
        first = first[0] if first else None
    for index, node in _nodes(value):
        wanted = f"a list of {sizes[len(index)]}" if len(index) < len(sizes) else "no list"
        have = f"a list of {len(node)}" if isinstance(node, list) else "no list"
        if have != wanted:
            raise MismatchError((*path, *index), f"{have}, beside others of another shape", wanted)
    return tuple(sizes)


def _accepted(dtype: str | None) -> frozenset[type]:
    if dtype is None:
        return frozenset({int, float, bool, str})
    if dtype in {"bool", "string"}:
        return frozenset({bool if dtype == "bool" else str})
    return frozenset({int, float})


def _wanted(dtype: str | None) -> str:
    return _WANTED.get(dtype, f"a number ({dtype})")


def _check_number(element: Any, dtype: str | None, path: DataPath) -> None:
    if dtype in _FLOAT_CODES:
        try:
            struct.pack(_FLOAT_CODES[dtype], float(element))
        except OverflowError:
            raise MismatchError(path, f"{element} does not fit {dtype}", f"a number of the type {dtype}") from None
    elif dtype is not None and "int" in dtype:
        bits = int(dtype.rpartition("int")[2])
        low, high = (0, 2**bits - 1) if dtype.startswith("u") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        expected = f"a whole number from {low} to {high}"
        if isinstance(element, float) and not (element.is_integer() and abs(element) < EXACT):
            raise MismatchError(path, f"{element} is not a whole number", expected)
        if not low <= element <= high:
            raise MismatchError(path, f"{element} does not fit {dtype}", expected)


def _is_single(shape: tuple[int, ...], spec: Signature, path: DataPath, batched: set[str]) -> bool | None:
    if spec.shape is None:
        return None
    if len(shape) == len(spec.shape):
        return False if spec.name in batched else None
    fixed = bool(spec.shape) and isinstance(spec.shape[0], int) and spec.shape[0] != 1
    if len(shape) == len(spec.shape) - 1 and spec.name in batched:
        if fixed:
            message = f"one item is not a batch: the model takes batches of exactly {spec.shape[0]}"
            raise MismatchError(path, message, str(spec))
        return True
    item = "" if spec.name not in batched or fixed else f" (a batch), or {_item(spec)} (one item)"
    rank = f"{len(shape)} dimension{'s' if len(shape) > 1 else ''}" if shape else "no dimension"
    raise MismatchError(path, f"the value has {rank}", f"{spec}{item}")


def _check_sizes(
    shape: tuple[int, ...], spec: Signature, path: DataPath, *, single: bool, sizes: dict[str, tuple[int, DataPath]]
) -> None:
    """Checks the sizes: fixed ones, and named ones that must be the same everywhere."""
    for axis, (size, wanted) in enumerate(zip(shape, spec.shape or (), strict=False)):
        if wanted is None or wanted == size:
            continue
        place = (*path, *((0,) * (axis - single)))
        if isinstance(wanted, str):
            known, where = sizes.setdefault(wanted, (size, path))
            if size != known:
                message = f"the size of {wanted} is {size} here and {known} in {path_text(where) or 'the same input'}"
                raise MismatchError(place, message, f"the same {wanted} everywhere")
        elif axis == 0:
            raise MismatchError(place, f"{size} items: the model takes batches of exactly {wanted}", str(spec))
        else:
            message = f"{size} value{'s' if size != 1 else ''} where the model takes {wanted}"
            raise MismatchError(place, message, _item(spec) if single else str(spec))
    if 0 in shape and 0 not in (spec.shape or ()):
        raise MismatchError(path, "the list is empty", f"{spec} with at least one element")


def _item(spec: Signature) -> str:
    return str(Signature(spec.name, spec.dtype, (spec.shape or ())[1:]))


def _leaves(value: Any) -> Iterator[tuple[tuple[int, ...], Any]]:
    return ((index, node) for index, node in _nodes(value) if not isinstance(node, list))


def _nodes(value: Any, index: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], Any]]:
    """The value and everything in its lists, with the index, in the order of the text."""
    yield index, value
    if isinstance(value, list):
        for number, element in enumerate(value):
            yield from _nodes(element, (*index, number))
