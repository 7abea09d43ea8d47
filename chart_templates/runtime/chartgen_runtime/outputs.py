"""What a model returns -> what JSON can hold."""

from __future__ import annotations

import base64
import datetime
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import ServingError, failed
from .protocol import member

if TYPE_CHECKING:
    from .signature import Array

# What pandas writes where a table holds nothing.
MISSING = frozenset({"NAType", "NaTType"})


def plain(value: Any) -> Any:
    """The containers of other libraries as lists and NumPy arrays; anything else as it is.

    They are told by what they offer, so that none of these libraries is needed here.
    """
    if isinstance(value, np.ndarray):
        return value
    if hasattr(value, "itertuples") and hasattr(value, "columns"):  # a pandas table: a list of objects by column
        names = [str(name) for name in value.columns]
        return [dict(zip(names, row, strict=True)) for row in value.itertuples(index=False, name=None)]
    if hasattr(value, "to_dicts"):  # a polars table
        return value.to_dicts()
    if hasattr(value, "toarray"):  # a sparse matrix
        return value.toarray()
    if hasattr(value, "to_numpy"):  # a pandas or polars column
        return value.to_numpy()
    return value


def jsonable(value: Any, path: str, *, allow_non_finite: bool) -> Any:
    """Turns a result into what the codec writes.

    Args:
        value: The result, or a part of it.
        path: Its place in the answer.
        allow_non_finite: Whether NaN and infinities become null.

    Returns:
        Lists, objects with string keys, strings, numbers, booleans, null, and NumPy arrays of numbers or booleans.

    Raises:
        ServingError: 500 when a number is not finite and that is not allowed, or JSON has no such value.
    """
    value = plain(value)
    if isinstance(value, np.ndarray):
        return _array(value, path, allow_non_finite)
    if isinstance(value, Mapping):
        return {
            str(key): jsonable(each, member(path, str(key)), allow_non_finite=allow_non_finite)
            for key, each in value.items()
        }
    if isinstance(value, (set, frozenset)):
        value = sorted(value)
    if isinstance(value, (list, tuple)):
        return [jsonable(each, f"{path}[{i}]", allow_non_finite=allow_non_finite) for i, each in enumerate(value)]
    if hasattr(value, "tolist") and not isinstance(value, np.generic):  # a tensor of another library
        return jsonable(value.tolist(), path, allow_non_finite=allow_non_finite)
    return _scalar(value, path, allow_non_finite)


def _scalar(value: Any, path: str, allow_non_finite: bool) -> Any:
    if type(value).__name__ in MISSING:
        value = math.nan
    match value:
        case None | bool() | int() | str():
            return value
        case np.bool_() | np.integer():
            return value.item()
        case float() | np.floating():
            return _number(value, path, allow_non_finite)
        case bytes() | bytearray() | memoryview():
            return base64.b64encode(value).decode("ascii")
        case datetime.date() | datetime.time() | np.datetime64():
            return str(value).replace(" ", "T")
        case _:
            raise failed("unwritable_output", f"the model's {type(value).__name__} cannot be written as JSON", path)


def _array(array: Array, path: str, allow_non_finite: bool) -> Any:
    """An array of numbers stays one, in the layout that the codec wants; others become lists."""
    if array.dtype.kind in "mM":
        array = array.astype(str)
    if array.dtype.kind not in "fiub" or array.dtype.itemsize > 8:  # noqa: PLR2004 - a long double has more bytes
        return jsonable(array.tolist(), path, allow_non_finite=allow_non_finite)
    if array.dtype.kind == "f" and not allow_non_finite and not np.isfinite(array).all():
        index = np.argwhere(~np.isfinite(array))[0]
        raise _non_finite(path + "".join(f"[{i}]" for i in index))
    array = np.asarray(array, dtype=array.dtype.newbyteorder("="), order="C")
    return array[()]  # a scalar of one without dimensions; else the array


def _number(number: float | np.floating[Any], path: str, allow_non_finite: bool) -> Any:
    if math.isfinite(number):
        # A NumPy number is written with the digits of its own width, as the elements of an array are.
        return float(number) if isinstance(number, np.longdouble) else number
    if not allow_non_finite:
        raise _non_finite(path)
    return None


def _non_finite(path: str) -> ServingError:
    return failed("non_finite_output", "the model answered with a number that is not finite", path)
