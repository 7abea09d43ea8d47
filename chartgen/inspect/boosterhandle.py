"""The constant in which a booster of XGBoost or LightGBM keeps its model: whether that is what it says of itself.

It is judged where it stands in the file, as it may be long, and looked up where a booster gets it.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from chartgen.inspect import lightgbmmodel, xgboostmodel
from chartgen.inspect.boosterbytes import BoosterBytes, UnsoundError
from chartgen.inspect.picklevalues import Global, Made, Opaque, Value, class_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_XGBOOST = Global("xgboost.core", "Booster")
_LIGHTGBM = Global("lightgbm.basic", "Booster")
# How UBJSON begins, as XGBoost writes it: an object, and the length of its first key.
_BEGINS = {_XGBOOST: b"{L", _LIGHTGBM: b"tree\n"}
_OTHERWISE = "is kept in another form than the library writes with pickle's protocol 2 or newer"
_VALUES_FREE = 1_000_000
_LATIN = ("latin-1", "latin1")
_BYTES = frozenset({Global("builtins", "bytearray"), Global("builtins", "bytes")})
_ENCODERS = _BYTES | {Global("_codecs", "encode")}


def is_model(head: bytes) -> bool:
    """Whether a constant may be a model of one of the two libraries, by its first bytes."""
    return head.startswith(tuple(_BEGINS.values()))


def judge(blocks: Iterator[bytes], size: int, *, as_text: bool) -> str:
    """What is wrong with a model; empty for nothing.

    Args:
        blocks: Its bytes, in pieces, as they stand in the file; not all of them are taken where something is wrong.
        size: The size of the file, in bytes.
        as_text: Whether it stands there as a text.
    """
    first = next(blocks, b"")
    of_xgboost = first.startswith(_BEGINS[_XGBOOST])
    source = BoosterBytes(chain((first,), blocks), as_text=as_text and of_xgboost)
    check = xgboostmodel.check if of_xgboost else lightgbmmodel.check
    try:
        check(source, _VALUES_FREE + size)
    except UnsoundError as error:
        return str(error)
    return ""


def contradiction(made: Made, size: int) -> str | None:
    """What a booster keeps that is no model as its library writes it, in words; None where nothing is wrong.

    Args:
        made: An object, with its state.
        size: The size of the file, in bytes.
    """
    library = class_of(made)
    if library is None or library not in _BEGINS:
        return None
    kept = made.attributes
    handle = kept.get("_handle", kept.get("handle")) if library == _LIGHTGBM else kept.get("handle")
    if handle is None:
        return None
    wrong = _wrong(handle, _BEGINS[library], size, of_text=library == _LIGHTGBM)
    return f"the model of {library} {wrong}" if wrong else None


def _wrong(value: Value, begins: bytes, size: int, *, of_text: bool) -> str:
    """What is wrong with the constant that a booster gets."""
    value = value if of_text else _bytes_of(value)
    if isinstance(value, Opaque) and value.head.startswith(begins) and (value.kind == "str" or not of_text):
        return value.judgement or ""
    if isinstance(value, str):
        try:
            value = value.encode("utf-8" if of_text else "latin-1")
        except UnicodeEncodeError:
            return "is no text of single bytes"
    elif of_text:
        value = None
    if not isinstance(value, bytes) or not value.startswith(begins):
        return _OTHERWISE
    return judge(iter((value,)), size, as_text=False)


def _bytes_of(value: Value) -> Value:
    """The constant that a call makes bytes of, which protocols below 5 write; a text of single bytes is one of them."""
    while isinstance(value, Made) and isinstance(arguments := value.arguments, tuple):
        encoded = len(arguments) == 2 and arguments[1] in _LATIN  # noqa: PLR2004 - a text and its encoding
        plainly = len(arguments) == 1 and value.maker in _BYTES
        if not plainly and not (encoded and value.maker in _ENCODERS):
            break
        value = arguments[0]
    return value
