"""The short way for the usual request: numbers for a model with one float input, whose results are arrays of numbers.

Everything else, every refusal included, takes the long way (`predictor.py`), which answers the same where both can.
"""

from __future__ import annotations

import struct
import warnings
from itertools import chain, starmap
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy import ndarray

from .arrays import FLOATS
from .codec import WITH_ARRAYS, dumps, encode, loads, only_numbers

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from .loader import LoadedModel
    from .predictor import Predictor
    from .signature import Array

    Predict = Callable[[dict[str, Any]], dict[str, Any]]

NULL = b"null"
LONG = 4096

# A number that is too large for the model's type ends the short way at once; the long way says where it is.
warnings.filterwarnings("error", "overflow encountered in cast", RuntimeWarning, __name__.replace(".", r"\."))


def short_way(
    model: LoadedModel, predictor: Predictor, turn: AbstractContextManager[Any]
) -> Callable[[bytes], bytes | None] | None:
    """Makes the function that answers the usual request.

    Args:
        model: The model, which is called without a handler.
        predictor: Makes a result that is not usual ready.
        turn: Held while a model predicts that is not safe in threads.

    Returns:
        The function: body -> answer, or None before the model was called where the request is to take the long way.
        None for a model that takes something else than one float array with a batch axis.
    """
    if len(model.signature.inputs) != 1:
        return None
    spec = model.signature.inputs[0]
    if spec.dtype not in FLOATS or not spec.shape or isinstance(spec.shape[0], int):
        return None
    name, dtype, item = spec.name, np.dtype(spec.dtype), spec.shape[1:]
    asarray, newaxis, without_batch = np.asarray, np.newaxis, predictor.without_batch
    predict = model.predict if model.thread_safe else _in_turn(model.predict, turn)

    def answer(body: bytes) -> bytes | None:
        try:
            document = loads(body)
            value = document["input"]
            if len(document) != 1 or not only_numbers(body):
                return None
            array = _packed(value, dtype) if len(body) > LONG else asarray(value, dtype)
        except (ValueError, TypeError, LookupError, OverflowError, struct.error, RuntimeWarning):
            return None
        # It is finite: the codec refuses what is not, and so does the conversion to a narrower type (see above).
        single = array.shape == item
        if not (single or array.shape[1:] == item) or not array.size:
            return None
        results = predict({name: array[newaxis] if single else array})
        text = _usual(results, without_batch if single else None)
        return encode({"output": predictor.finish(results, single)}) if text is None else text

    return answer


def _packed(value: Any, dtype: np.dtype[Any]) -> Array:
    """The array of many numbers, in half of the time that `numpy.asarray` takes."""
    rows, shape = [value], []
    while type(rows[0][0]) is list:
        if len(set(map(len, rows))) > 1:
            raise ValueError
        shape.append(len(rows[0]))
        rows = list(chain.from_iterable(rows))
    # In this mode it refuses numbers that are too large; rows of another length in any.
    pack = struct.Struct(f"={len(rows[0])}{dtype.char}").pack
    return np.frombuffer(bytearray().join(starmap(pack, rows)), dtype).reshape(*shape, -1)


def _in_turn(predict: Predict, turn: AbstractContextManager[Any]) -> Predict:
    def waiting(arrays: dict[str, Any]) -> dict[str, Any]:
        with turn:
            return predict(arrays)

    return waiting


def _usual(results: dict[str, Any], whole: set[str] | None) -> bytes | None:
    """The answer for results that are arrays of finite numbers or booleans; None for others.

    Args:
        results: The model's.
        whole: For a single item, the outputs that keep their first axis; None for a batch, where all do.
    """
    written: dict[str, Any] = {}
    try:
        for name, result in results.items():
            if type(result) is not ndarray or (kind := result.dtype.kind) not in "fiub":
                return None
            if whole is None or name in whole or len(result) != 1:
                written[name] = result
            else:  # JSON has one kind of integer, and orjson does not know every one of NumPy's
                written[name] = result[0] if kind in "fb" or result.ndim > 1 else int(result[0])
        text = dumps({"output": written if len(written) > 1 else written.popitem()[1]}, None, WITH_ARRAYS)
    except TypeError:  # an array without an axis, or one that does not lie in one piece
        return None
    # What is not finite is written as null, and nothing else is: the word is found sooner than each number is read.
    return None if NULL in text else text
