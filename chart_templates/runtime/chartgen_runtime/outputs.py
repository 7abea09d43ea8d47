"""What a model returns -> what JSON can hold."""

from __future__ import annotations

import base64
import datetime
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .arrays import at
from .errors import ServingError, failed, refused
from .protocol import member

if TYPE_CHECKING:
    from .signature import Array

# What pandas writes where a table holds nothing.
MISSING = frozenset({"NAType", "NaTType"})


def not_finite(path: str = "") -> ServingError:
    """An answer that JSON has no numbers for. It is this input that leads to it: the model has answered others."""
    message = "the model's answer to this input has a number that is not finite"
    return refused("non_finite_output", message, path, "an input that the model answers with finite numbers")


def plain(value: Any) -> Any:
    """The containers of other libraries as lists and NumPy arrays; anything else as it is.

    They are told by what they offer, so that none of these libraries is needed here.
    """
    if isinstance(value, np.ndarray):
        return value if type(value) is np.ndarray else _bare(value)
    if hasattr(value, "itertuples") and hasattr(value, "columns"):  # a pandas table: a list of objects by column
        names = [str(name) for name in value.columns]
        return [dict(zip(names, row, strict=True)) for row in value.itertuples(index=False, name=None)]
    if hasattr(value, "to_dicts"):  # a polars table
        return value.to_dicts()
    if hasattr(value, "toarray"):  # a sparse matrix
        return value.toarray()
    if hasattr(value, "to_numpy") and hasattr(value, "__len__"):  # a pandas or polars column
        return value.to_numpy()
    return value


def _bare(value: Any) -> Any:
    """NumPy's matrices and their kind, which never lose an axis, as arrays; what is masked holds nothing."""
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        numbers: Any = value.astype(float)
        return numbers.filled(math.nan) if value.dtype.kind in "fiub" else value.tolist()
    return np.asarray(value)


def jsonable(value: Any, *, allow_non_finite: bool) -> Any:
    """Turns the value of `output` into what the codec writes.

    Args:
        value: The result.
        allow_non_finite: Whether NaN and infinities become null.

    Returns:
        Lists, objects with string keys, strings, numbers, booleans, null, and NumPy arrays of numbers or booleans.

    Raises:
        ServingError: 422 when a number is not finite and that is not allowed, 500 when JSON has no such value.
    """
    try:
        return _part(value, allow_non_finite)
    except ServingError as error:
        error.path = f"output{error.path or ''}"
        raise


def _part(value: Any, allow: bool) -> Any:
    """A part of the result. Its place is put together from the inside out, and only where something is wrong."""
    if value is None or isinstance(value, (float, int, str)):
        return _scalar(value, allow)
    if isinstance(value, Mapping):
        return _members(value, allow)
    value = plain(value)
    if isinstance(value, np.ndarray):
        return _array(value, allow)
    if isinstance(value, (set, frozenset)):
        value = sorted(value)
    if isinstance(value, (list, tuple)):
        return _elements(value, allow)
    if hasattr(value, "tolist") and not isinstance(value, np.generic):  # a tensor of another library
        return _part(value.tolist(), allow)
    return _scalar(value, allow)


def _members(value: Mapping[Any, Any], allow: bool) -> dict[str, Any]:
    written = {}
    for key, each in value.items():
        name = str(key)
        try:
            written[name] = _part(each, allow)
        except ServingError as error:
            error.path = member("", name) + (error.path or "")
            raise
    return written


def _elements(value: Sequence[Any], allow: bool) -> list[Any]:
    written = []
    for each in value:
        try:
            written.append(_part(each, allow))
        except ServingError as error:
            error.path = f"[{len(written)}]{error.path or ''}"
            raise
    return written


def _scalar(value: Any, allow: bool) -> Any:
    if type(value).__name__ in MISSING:
        value = math.nan
    match value:
        case float() | np.floating():
            return _number(value, allow)
        case None | bool() | int() | str():
            return value
        case np.bool_() | np.integer():
            return value.item()
        case bytes() | bytearray() | memoryview():
            return base64.b64encode(value).decode("ascii")
        case datetime.date() | datetime.time() | np.datetime64():
            return str(value).replace(" ", "T")
        case _:
            raise failed("unwritable_output", f"the model's {type(value).__name__} cannot be written as JSON")


def _array(array: Array, allow: bool) -> Any:
    """An array of numbers stays one, in the layout that the codec wants; others become lists."""
    kind = array.dtype.kind
    if kind not in "fiub" or array.dtype.itemsize > 8:  # noqa: PLR2004 - a long double has more bytes
        return _part(array.astype(str).tolist() if kind in "mM" else array.tolist(), allow)
    if kind == "f" and not allow and not np.isfinite(array).all():
        index = np.argwhere(~np.isfinite(array))[0]
        raise not_finite(at("", tuple(index)))
    if not (array.flags.c_contiguous and array.dtype.isnative):
        array = np.asarray(array, dtype=array.dtype.newbyteorder("="), order="C")
    return array if array.ndim else _scalar(array[()], allow)


def _number(number: float | np.floating[Any], allow: bool) -> Any:
    if math.isfinite(number):
        # A NumPy number is written with the digits of its own width, as the elements of an array are.
        return float(number) if isinstance(number, np.longdouble) else number
    if not allow:
        raise not_finite()
    return None
