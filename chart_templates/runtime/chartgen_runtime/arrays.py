"""One JSON value -> one NumPy array of the type that the model wants, or a refusal that names the place.

NumPy on its own would turn "1.5", null and true into floats, cut 1.5 down to 1 and wrap 300 into 44: nothing here lets
it. The types of the elements are looked at first, and a conversion is accepted only when it kept every value.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import ServingError, refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .signature import Array

# Integers up to here are floats exactly; a JSON number beyond may have been rounded when it was read.
EXACT = 2**53
# NumPy's own bound on the number of dimensions.
MAX_RANK = 64
FLOATS = frozenset({"float16", "float32", "float64"})
NUMBERS = frozenset({int, float})
JSON_NAMES = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", type(None): "null"}


def read_array(
    value: Any, dtype: str | None, path: str, *, only_numbers: bool = False, allow_non_finite: bool = False
) -> Array:
    """Reads an array.

    Args:
        value: A JSON value, or an array that the user's handler made.
        dtype: The element type by NumPy's name, or `string`; None takes what the value is.
        path: The value's place in the request.
        only_numbers: Whether every element is certain to be a number (see `codec.only_numbers`).
        allow_non_finite: Whether NaN and infinities are let in.

    Returns:
        The array, of the rank that the value has.

    Raises:
        ServingError: 422 when an element is of another type or does not fit, or a list is ragged.
    """
    if isinstance(value, (np.ndarray, np.generic)):
        return _from_array(np.asarray(value), dtype, path, allow_non_finite)
    if only_numbers and dtype not in {"bool", "string"}:
        rank, types = None, NUMBERS
    else:
        rank, types = _check_elements(value, dtype, path)
    try:
        array = _convert(value, types, dtype, path)
    except (TypeError, ValueError, OverflowError):
        _check_elements(value, dtype, path)  # an object where a number was looked for is a wrong type
        raise _ragged(value, path) from None
    if rank is not None and array.ndim != rank:  # an object array keeps ragged lists as elements
        raise _ragged(value, path)
    if array.dtype.kind == "f":
        _check_finite(array, value, path, allow_non_finite)
    return array


def _convert(value: Any, types: frozenset[type], dtype: str | None, path: str) -> Array:
    """Makes the array of elements of these types; a number that is too large for a float becomes infinite."""
    if dtype in FLOATS:
        with np.errstate(over="ignore"):
            return np.asarray(value, dtype=dtype)
    if dtype == "string" or (dtype is None and not types <= NUMBERS and types != {bool}):
        # Mixed columns stay what they are. NumPy's own strings would take the room of the longest for each.
        return np.array(value, dtype=object)
    if dtype is None:
        array = np.asarray(value)
        if array.dtype.kind == "O":
            raise TypeError("neither numbers nor booleans")
        return array
    target = np.dtype(dtype)
    return np.asarray(value, dtype=target) if target.kind == "b" else _whole(np.asarray(value), value, target, path)


def _check_elements(value: Any, dtype: str | None, path: str) -> tuple[int, frozenset[type]]:
    """Checks the type of every element, a level of nesting at a time; returns the rank and the types."""
    level, rank = [value], 0
    types = frozenset({type(value)})
    while types == {list} and rank <= MAX_RANK:
        level, rank = list(chain.from_iterable(level)), rank + 1
        types = frozenset(map(type, level))
    if types <= _accepted(dtype):
        return rank, types
    for index, element in _nodes(value):
        if not isinstance(element, list) and type(element) not in _accepted(dtype):
            found = JSON_NAMES.get(type(element), "a number")
            raise refused("type", f"{found} is not {_wanted(dtype)}", at(path, index), _wanted(dtype))
    raise _ragged(value, path)


def _accepted(dtype: str | None) -> frozenset[type]:
    if dtype is None:
        return frozenset({int, float, bool, str})
    if dtype in {"bool", "string"}:
        return frozenset({bool if dtype == "bool" else str})
    return NUMBERS


def _wanted(dtype: str | None) -> str:
    names = {None: "a number, a string or a boolean", "bool": "true or false", "string": "a string"}
    return names.get(dtype, f"a number ({dtype})")


def _whole(array: Array, value: Any, target: np.dtype[Any], path: str) -> Array:
    """Casts to an integer type; nothing is rounded and nothing wraps."""
    low, high = int(np.iinfo(target).min), int(np.iinfo(target).max)
    if array.dtype.kind in "iu":
        doubtful = (array < low) | (array > high)
    elif array.dtype.kind == "f":
        doubtful = ~((np.abs(array) < EXACT) & (np.floor(array) == array) & (array >= low) & (array <= high))
    else:
        doubtful = np.ones(array.shape, dtype=bool)
    if not doubtful.any():
        return array.astype(target)
    # An integer beside a float was made a float as well: what it was is in the value.
    whole = np.where(doubtful, 0, array).astype(target)
    for found in np.argwhere(doubtful):
        index = tuple(int(i) for i in found)
        whole[index] = _whole_number(_element(value, index), target, at(path, index))
    return whole


def _whole_number(element: Any, target: np.dtype[Any], path: str) -> int:
    low, high = int(np.iinfo(target).min), int(np.iinfo(target).max)
    expected = f"a whole number from {low} to {high}"
    if isinstance(element, float) and abs(element) < EXACT and not element.is_integer():
        raise refused("type", f"{_short(element)} is not a whole number", path, expected)
    if isinstance(element, float) and not np.isfinite(element):
        raise refused("non_finite", "the number is not finite", path, expected)
    if (isinstance(element, float) and abs(element) >= EXACT) or not low <= element <= high:
        raise refused("range", f"{_short(element)} does not fit {target}", path, expected)
    return int(element)


def _check_finite(array: Array, value: Any, path: str, allowed: bool) -> None:
    """Refuses NaN and infinities: those that came in, and those that a narrower type made of a large number."""
    finite = np.isfinite(array)
    if finite.all():
        return
    grown = ~finite & np.isfinite(np.asarray(value, dtype=np.float64))
    if grown.any():
        index = tuple(int(i) for i in np.argwhere(grown)[0])
        message = f"{_short(_element(value, index))} does not fit {array.dtype}"
        raise refused("range", message, at(path, index), f"at most {np.finfo(array.dtype).max} either way of zero")
    if not allowed:
        index = tuple(int(i) for i in np.argwhere(~finite)[0])
        raise refused("non_finite", "the number is not finite", at(path, index), "a finite number")


def _from_array(array: Array, dtype: str | None, path: str, allow_non_finite: bool) -> Array:
    """The same checks for an array that the user's handler made."""
    target = np.dtype(object if dtype == "string" else dtype) if dtype else array.dtype
    kinds = {"f": "iuf", "i": "iuf", "u": "iuf", "b": "b", "O": "OUT"}.get(target.kind, target.kind)
    if array.dtype.kind not in kinds:
        raise refused("type", f"an array of {array.dtype} is not {_wanted(dtype)}", path, _wanted(dtype))
    if target.kind in "iu":
        return _whole(array, array.tolist(), target, path)
    if target.kind == "O" and not all(isinstance(element, str) for element in array.ravel().tolist()):
        raise refused("type", "an array of objects is not one of strings", path, _wanted(dtype))
    with np.errstate(over="ignore"):
        cast = array.astype(target, copy=False)
    if cast.dtype.kind == "f":
        _check_finite(cast, array.tolist(), path, allow_non_finite)
    return cast


def _nodes(value: Any) -> Iterator[tuple[tuple[int, ...], Any]]:
    """The value and everything in its lists, with the index, in the order of the text; however deep the nesting."""
    yield (), value
    levels = [iter(value)] if isinstance(value, list) else []
    index = [-1]
    while levels:
        for element in levels[-1]:
            index[-1] += 1
            yield tuple(index), element
            if isinstance(element, list):
                levels.append(iter(element))
                index.append(-1)
                break
        else:
            levels.pop()
            index.pop()


def _ragged(value: Any, path: str) -> ServingError:
    """Names the first list that differs from the first list at its depth."""
    sizes: list[int] = []
    first = value
    while isinstance(first, list) and len(sizes) <= MAX_RANK:
        sizes.append(len(first))
        first = first[0] if first else None
    if len(sizes) > MAX_RANK:
        return refused("shape", "the lists are nested too deep", path, f"at most {MAX_RANK} levels")
    for index, node in _nodes(value):
        expected = f"a list of {sizes[len(index)]}" if len(index) < len(sizes) else "no list"
        found = f"a list of {len(node)}" if isinstance(node, list) else "no list"
        if found != expected:
            return refused("ragged", f"{found}, beside others of another shape", at(path, index), expected)
    return refused("shape", "the value is not an array", path, "lists of equal length")


def at(path: str, index: tuple[int, ...]) -> str:
    """The place of an element: ``input`` and (3, 1) are ``input[3][1]``."""
    return path + "".join(f"[{i}]" for i in index)


def _element(value: Any, index: tuple[int, ...]) -> Any:
    for i in index:
        value = value[i]
    return value


def _short(number: Any) -> str:
    text = str(number)
    return text if len(text) <= 30 else f"{text[:27]}..."  # noqa: PLR2004 - only for the message
