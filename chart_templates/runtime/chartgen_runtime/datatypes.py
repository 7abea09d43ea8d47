"""The tensors of the Open Inference Protocol: a tensor of a request -> an array, a result -> a tensor."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from .arrays import MAX_RANK, read_array
from .errors import refused
from .outputs import jsonable, plain

if TYPE_CHECKING:
    from .signature import Array, TensorSpec

DATATYPES = {
    "bool": "BOOL",
    "float16": "FP16",
    "float32": "FP32",
    "float64": "FP64",
    "string": "BYTES",
    **{f"{sign}int{bits}": f"{sign}int{bits}".upper() for sign in ("", "u") for bits in (8, 16, 32, 64)},
}
DTYPES = {datatype: dtype for dtype, datatype in DATATYPES.items()}
# NumPy's arrays have less than 2**63 bytes, 8 for an element; sizes of zero do not count, here as there.
MAX_ELEMENTS = 2**60 - 1


def datatype_of(spec: TensorSpec) -> str:
    """The datatype of an input or output: FP64 where the model does not say, BYTES for what is no tensor (JSON)."""
    return "FP64" if spec.dtype is None else DATATYPES.get(spec.dtype, "BYTES")


def read_tensor(
    tensor: dict[str, Any], spec: TensorSpec, path: str, *, allow_non_finite: bool, column: bool = False
) -> Array:
    """Reads one input.

    Args:
        tensor: The tensor as JSON; it has the members that `check_tensor` asks for.
        spec: What the model takes.
        path: The tensor's place in the request.
        allow_non_finite: Whether NaN and infinities are let in.
        column: Whether it is a column of a table, where a null is a missing value.

    Returns:
        The array, of the shape that the tensor says.

    Raises:
        ServingError: 422 when the datatype is another than the model's, or the data do not fit datatype and shape.
    """
    dtype = spec.dtype or DTYPES[tensor["datatype"]]
    if DATATYPES.get(dtype) != tensor["datatype"]:
        message = f"the datatype is {tensor['datatype']}"
        raise refused("type", message, f"{path}.datatype", DATATYPES.get(dtype, dtype))
    shape, data = tuple(tensor["shape"]), tensor["data"]
    gaps = [index for index, value in enumerate(data) if value in (None, [None])] if column else []
    if gaps:
        filled = {"string": "", "bool": False}.get(dtype, 0)
        data = data.copy()
        for index in gaps:
            data[index] = filled if data[index] is None else [filled]
    array = read_array(data, dtype, f"{path}.data", allow_non_finite=allow_non_finite)
    if gaps:
        array = array.astype(object if dtype in {"string", "bool"} else np.float64)
        array[gaps] = math.nan
    if array.shape == shape:
        return array
    if array.ndim == 1 and math.prod(shape) == array.size:
        return array.reshape(shape)
    held = f"{array.size} elements" if array.ndim == 1 else f"lists of the shape {list(array.shape)}"
    wanted = f"a flat list of {math.prod(shape)} elements, or lists nested as the shape {list(shape)} says"
    raise refused("shape", f"the data are {held}", f"{path}.data", wanted)


def check_tensor(tensor: Any, path: str) -> None:
    """Checks that a tensor of a request has its members, and that they are of the right kinds.

    Raises:
        ServingError: 422 with the place.
    """
    if not isinstance(tensor, dict):
        raise refused("type", "the tensor is not an object", path, "an object with name, shape, datatype and data")
    name, shape, datatype = tensor.get("name"), tensor.get("shape"), tensor.get("datatype")
    if not isinstance(name, str):
        raise refused("type", "the name is missing, or not a string", f"{path}.name", "a string")
    if not isinstance(shape, list) or not all(type(size) is int and size >= 0 for size in shape):
        raise refused("type", "the shape is missing, or not a list of sizes", f"{path}.shape", "a list such as [1, 4]")
    _check_extent(shape, f"{path}.shape")
    if not isinstance(datatype, str) or datatype not in DTYPES:
        raise refused("type", "the datatype is missing or unknown", f"{path}.datatype", ", ".join(DTYPES))
    if not isinstance(tensor.get("data"), list):
        binary = isinstance(tensor.get("parameters"), dict) and "binary_data_size" in tensor["parameters"]
        message = "binary tensor data are not read here" if binary else "the data are missing, or not a list"
        raise refused("type", message, f"{path}.data", "a list of numbers, booleans or strings")


def _check_extent(shape: list[int], path: str) -> None:
    if len(shape) > MAX_RANK:
        raise refused("shape", f"the shape has {len(shape)} dimensions", path, f"at most {MAX_RANK}")
    if math.prod(size or 1 for size in shape) > MAX_ELEMENTS:
        raise refused("shape", "the shape is too large", path, f"sizes whose product is at most {MAX_ELEMENTS}")


def write_tensor(name: str, result: Any, *, allow_non_finite: bool) -> dict[str, Any]:
    """Makes a result a tensor, its data flat.

    What is no array of numbers, booleans or strings becomes a BYTES tensor of JSON texts, one for each element.

    Raises:
        ServingError: 500 for what JSON cannot hold.
    """
    value = jsonable(plain(result), allow_non_finite=allow_non_finite)
    array = value if isinstance(value, np.ndarray) else _uniform(value)
    if array is not None and array.dtype.name in DATATYPES:
        flat = jsonable(array.reshape(-1), allow_non_finite=allow_non_finite)
        return {"name": name, "datatype": DATATYPES[array.dtype.name], "shape": list(array.shape), "data": flat}
    if array is not None and array.dtype.kind == "U":
        return {"name": name, "datatype": "BYTES", "shape": list(array.shape), "data": array.reshape(-1).tolist()}
    texts = [_text(each) for each in (value if isinstance(value, list) else [value])]
    shape = [len(texts)]
    parameters = {"content_type": "application/json"}
    return {"name": name, "datatype": "BYTES", "shape": shape, "parameters": parameters, "data": texts}


def _text(value: Any) -> str:
    return json.dumps(value, default=lambda other: other.tolist(), ensure_ascii=False)


def _uniform(value: Any) -> Array | None:
    """Lists of equal length of one kind of element as an array; None for anything else."""
    kinds = set(_leaves(value))
    if not kinds or not (kinds <= {int, float} or kinds in ({bool}, {str})):
        return None
    try:
        array = np.asarray(value)
    except (ValueError, OverflowError):
        return None
    return None if array.dtype.kind == "O" else array


def _leaves(value: Any) -> list[type]:
    if not isinstance(value, list):
        return [type(value.item() if isinstance(value, np.generic) else value)]
    return [kind for each in value for kind in _leaves(each)]
