"""What a pickle says of NumPy arrays: element types, shapes, and how many raw bytes joblib wrote after it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chartgen.inspect import pickleelements
from chartgen.inspect.pickleelements import DTYPE, ENCODE, element_of, shape_of
from chartgen.inspect.picklevalues import Array, ArrayWrapper, Entries, Global, Items, Made, Opaque, Value

if TYPE_CHECKING:
    from chartgen.inspect.pickletrace import Trace

WRAPPER = Global("joblib.numpy_pickle", "NumpyArrayWrapper")

# Arrays as small as this are kept: the classes that a model tells apart are read from one.
KEPT_BYTES = 4096
_WRAPPER_KEYS_LIMIT = 16

_RECONSTRUCT = {Global(module, "_reconstruct") for module in ("numpy.core.multiarray", "numpy._core.multiarray")}
# The state: (version, shape, element type, whether in Fortran's order, data).
_ARRAY_STATE_LENGTH = 5
# The arguments: (data, element type, shape, order).
_SCALAR = {Global(module, "scalar") for module in ("numpy.core.multiarray", "numpy._core.multiarray")}
_FROM_BUFFER = {Global(module, "_frombuffer") for module in ("numpy.core.numeric", "numpy._core.numeric")}


_MASKED = {Global("numpy.ma.core", "_mareconstruct")}
_EMPTY_FIRST = _RECONSTRUCT | _MASKED
_NOTHING: frozenset[Global] = frozenset()
_ARRAYS = frozenset(
    {Global("numpy", name) for name in ("matrix", "ndarray", "recarray")}
    | {Global(module, "MaskedArray") for module in ("numpy.ma", "numpy.ma.core")}
)
_GENERATORS = frozenset(
    Global(f"numpy.random.{module}", name)
    for module, name in (
        ("_mt19937", "MT19937"),
        ("_pcg64", "PCG64"),
        ("_pcg64", "PCG64DXSM"),
        ("_philox", "Philox"),
        ("_sfc64", "SFC64"),
    )
)
_CONSTRUCTORS = ("__bit_generator_ctor", "__generator_ctor", "__randomstate_ctor")
# Classes that these functions are given and make an empty instance of, which does nothing else.
_GIVEN = {
    **dict.fromkeys(_EMPTY_FIRST, _ARRAYS),
    **{Global("numpy.random._pickle", name): _GENERATORS for name in _CONSTRUCTORS},
}


@dataclass(frozen=True)
class Layout:
    """How joblib wrote an array.

    Attributes:
        shape: The array's shape.
        dtype: The code of its element type; None when that is composed.
        order: The byte order.
        size: How many bytes its elements take.
        aligned: Whether padding comes first, its length in one byte before it.
        objects: Whether the elements are objects, and so a pickle of their own.
    """

    shape: tuple[int, ...]
    dtype: str | None
    order: str
    size: int
    aligned: bool
    objects: bool


def check_call(function: Global, arguments: Value, trace: Trace) -> set[Global] | frozenset[Global]:
    """Notes a call that is harmless only with the arguments that picklers give it.

    Args:
        function: What is called.
        arguments: With what.
        trace: Where it is noted.

    Returns:
        What the function may call in its turn: all that it is given and that is imported.
    """
    oddities = trace.oddities
    given = arguments.head if isinstance(arguments, Items) else arguments if isinstance(arguments, tuple) else ()
    if not isinstance(arguments, tuple):
        oddities.add("a call with arguments that are not known")
    if function in _EMPTY_FIRST and not (len(given) > 1 and (0,) in given[1:3] and _is_letter(given[-1])):
        oddities.add("an array is made of another shape than picklers begin with")
    # Other codecs than Latin-1, in which protocols below 3 write bytes, would be imported by name.
    if function == ENCODE and not (
        isinstance(arguments, tuple) and len(arguments) == 2 and arguments[1] in ("latin1", "latin-1")  # noqa: PLR2004
    ):
        oddities.add("a text is encoded in another way than Latin-1")
    _check_elements(function, arguments, trace)
    known = _GIVEN.get(function, _NOTHING)
    called = {value for value in given if isinstance(value, Global) and value not in known} if given else _NOTHING
    if DTYPE in called:
        oddities.add(pickleelements.DISGUISED)
    return called


def _is_letter(value: Value) -> bool:
    """Whether it is the element type that an array is begun with: a letter, of a byte."""
    return value in ("b", b"b") or _raw(value) == b"b"


def _check_elements(function: Global, arguments: Value, trace: Trace) -> None:
    """Notes what is done with element types in a call that picklers do not do."""
    if function.name == DTYPE.name and function == DTYPE:
        pickleelements.check_made(arguments, trace.oddities)
        trace.unfinished += 1
        return
    # Protocols below 3 write the bytes of a unit of time as a call.
    if trace.unfinished and function != ENCODE:
        trace.oddities.add(pickleelements.UNFINISHED)
    if isinstance(arguments, tuple):
        pickleelements.check_use(arguments, trace.oddities)


def check_state(made: Made, state: Value, trace: Trace) -> None:
    """Notes a state that NumPy would believe though no pickler sets it.

    Args:
        made: The object.
        state: The state that is about to be set.
        trace: Where it is noted.
    """
    if pickleelements.is_dtype(made):
        trace.unfinished -= not made.has_state
        return
    if trace.unfinished:
        trace.oddities.add(pickleelements.UNFINISHED)
    if isinstance(state, tuple):
        pickleelements.check_use(state, trace.oddities)


def layout(wrapper: ArrayWrapper) -> Layout | None:
    """What joblib's placeholder says of the bytes that follow it; None when it says what joblib does not write."""
    state = wrapper.state
    if not isinstance(state, Entries) or state.odd or state.count != len(state.head):
        return None
    shape, order = shape_of(state.head.get("shape")), state.head.get("order")
    element = element_of(state.head.get("dtype"))
    if (
        shape is None
        or element is None
        or element.subarray
        or order not in ("C", "F")
        or state.count > _WRAPPER_KEYS_LIMIT
    ):
        return None
    aligned = state.head.get("numpy_array_alignment_bytes") is not None
    size = math.prod(shape) * element.size
    return Layout(shape, element.code, element.order, size, aligned, element.objects)


def is_array(value: Value) -> bool:
    """Whether a value is an array by the call that makes it, whatever is kept of it."""
    return isinstance(value, Made) and value.maker in _RECONSTRUCT


def from_value(value: Value) -> Array | None:
    """The array that a value is, where it is one that NumPy pickled itself; None otherwise."""
    if isinstance(value, Array):
        return value
    if not isinstance(value, Made):
        return None
    if value.maker in _RECONSTRUCT and isinstance(value.state, tuple) and len(value.state) == _ARRAY_STATE_LENGTH:
        _, shape_said, dtype, _, data_said = value.state
    elif value.maker in _FROM_BUFFER and isinstance(value.arguments, tuple) and len(value.arguments) >= 3:  # noqa: PLR2004
        data_said, dtype, shape_said, *_ = value.arguments
    else:
        return None
    shape, element, data = shape_of(shape_said), element_of(dtype), _raw(data_said)
    if shape is None or element is None:
        return None
    if element.objects:
        return Array(shape, "O", items=data if isinstance(data, Items) else None)
    return Array(shape, element.code, element.order, data if isinstance(data, bytes) else None)


def contradiction(maker: Global | None, values: Value) -> str | None:
    """What an array or a number of NumPy says of its bytes that is not so; None where it fits, or is not known.

    Args:
        maker: What is called to make it.
        values: The state of an array; the arguments of a function that takes the bytes.
    """
    if not isinstance(values, tuple) or not values or maker is None:
        return None
    shape: tuple[int, ...] | None = ()
    if maker.name == "scalar" and maker in _SCALAR:  # by far the most frequent
        dtype, data = values[0], values[1] if len(values) > 1 else b""
    elif maker in _EMPTY_FIRST and len(values) >= _ARRAY_STATE_LENGTH:
        shape, dtype, data = shape_of(values[1]), values[2], values[4]
    elif maker in _FROM_BUFFER and len(values) >= 3:  # noqa: PLR2004 - as above
        shape, dtype, data = shape_of(values[2]), values[1], values[0]
    else:
        return None
    element = element_of(dtype)
    if shape is None or element is None or (element.objects and not isinstance(data, Items)):
        return None
    said = math.prod(shape) * (1 if element.objects else element.size)
    least, most = _lengths(data)
    if least <= said <= most:
        return None
    return f"an array says that it takes {said} {'elements' if element.objects else 'bytes'}, and {most} are there"


def _lengths(data: Value) -> tuple[int, float]:
    """How many bytes, or elements, a value has: at least, and at most."""
    if isinstance(data, bytes):
        return len(data), len(data)
    if isinstance(data, Items):
        return data.count, data.count
    if isinstance(data, Opaque) and data.kind == "bytes":
        return data.size, data.size
    if isinstance(data, Made) and data.maker == ENCODE and isinstance(data.arguments, tuple) and data.arguments:
        text = data.arguments[0]
        if isinstance(text, str):
            return len(text), len(text)
        if isinstance(text, Opaque):  # characters of one byte or two, or of more in an escape
            return 0, text.size
    return 0, math.inf


def _raw(value: Value) -> Value:
    """The bytes that protocols below 3 write as a text that is encoded on loading."""
    if isinstance(value, Made) and value.maker == ENCODE and isinstance(value.arguments, tuple):
        text = value.arguments[0] if value.arguments else None
        try:
            return text.encode("latin-1") if isinstance(text, str) else None
        except UnicodeEncodeError:
            return None
    return value
