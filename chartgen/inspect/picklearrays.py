"""What a pickle says of NumPy arrays: element types, shapes, and how many raw bytes joblib wrote after it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from chartgen.inspect.picklevalues import Array, ArrayWrapper, Entries, Global, Items, Made, Value

WRAPPER = Global("joblib.numpy_pickle", "NumpyArrayWrapper")

# Arrays as small as this are kept: the classes that a model tells apart are read from one.
KEPT_BYTES = 4096
_WRAPPER_KEYS_LIMIT = 16
_DIMENSIONS_LIMIT = 64

_ELEMENT = re.compile(r"([biufcmMSUVO])([0-9]{1,9})")
_UNICODE_WIDTH = 4
# The state of a numpy.dtype: (version, byte order, subarray, names, fields, size, alignment, flags[, metadata]).
_STATE_ORDER, _STATE_SUBARRAY, _STATE_FIELDS, _STATE_SIZE, _STATE_FLAGS = 1, 2, 4, 5, 7
_STATE_LENGTHS = (8, 9)
_HAS_OBJECTS = 1
_FIELD_DEPTH = 8

_ENCODE = Global("_codecs", "encode")
_RECONSTRUCT = {Global(module, "_reconstruct") for module in ("numpy.core.multiarray", "numpy._core.multiarray")}
# The state: (version, shape, element type, whether in Fortran's order, data).
_ARRAY_STATE_LENGTH = 5
# The arguments: (data, element type, shape, order).
_FROM_BUFFER = {Global(module, "_frombuffer") for module in ("numpy.core.numeric", "numpy._core.numeric")}


_MASKED = {Global("numpy.ma.core", "_mareconstruct")}
_EMPTY_FIRST = _RECONSTRUCT | _MASKED
_NOTHING: frozenset[Global] = frozenset()
_DTYPE = Global("numpy", "dtype")
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


@dataclass(frozen=True)
class _Element:
    code: str | None
    order: str
    size: int
    objects: bool


def check_call(function: Global, arguments: Value, oddities: set[str]) -> set[Global] | frozenset[Global]:
    """Notes a call that is harmless only with the arguments that picklers give it.

    Args:
        function: What is called.
        arguments: With what.
        oddities: Where it is noted.

    Returns:
        What the function may call in its turn: all that it is given and that is imported.
    """
    given = arguments.head if isinstance(arguments, Items) else arguments if isinstance(arguments, tuple) else ()
    if not isinstance(arguments, tuple):
        oddities.add("a call with arguments that are not known")
    if function in _EMPTY_FIRST and not (len(given) > 1 and (0,) in given[1:3]):
        oddities.add("an array is made of another shape than picklers begin with")
    # Other codecs than Latin-1, in which protocols below 3 write bytes, would be imported by name.
    if function == _ENCODE and not (
        isinstance(arguments, tuple) and len(arguments) == 2 and arguments[1] in ("latin1", "latin-1")  # noqa: PLR2004
    ):
        oddities.add("a text is encoded in another way than Latin-1")
    known = _GIVEN.get(function, _NOTHING)
    return {value for value in given if isinstance(value, Global) and value not in known} if given else _NOTHING


def check_element(made: Made, oddities: set[str]) -> None:
    """Notes an element type whose parts contradict each other: NumPy would take an array's bytes for addresses.

    Args:
        made: An object whose state was just set.
        oddities: Where it is noted.
    """
    # Names first: most objects are of another class, and comparing two of these takes its time.
    if made.maker and made.maker.name == "dtype" and made.maker == _DTYPE and _element(made, 0) is None:
        oddities.add("an array's element type contradicts itself")


def layout(wrapper: ArrayWrapper) -> Layout | None:
    """What joblib's placeholder says of the bytes that follow it; None when it says what joblib does not write."""
    state = wrapper.state
    if not isinstance(state, Entries) or state.odd or state.count != len(state.head):
        return None
    shape, order = _shape(state.head.get("shape")), state.head.get("order")
    element = _element(state.head.get("dtype"), 0)
    if shape is None or element is None or order not in ("C", "F") or state.count > _WRAPPER_KEYS_LIMIT:
        return None
    aligned = state.head.get("numpy_array_alignment_bytes") is not None
    size = math.prod(shape) * element.size
    return Layout(shape, element.code, element.order, size, aligned, element.objects)


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
    shape, element, data = _shape(shape_said), _element(dtype, 0), _raw(data_said)
    if shape is None or element is None:
        return None
    if element.objects:
        return Array(shape, "O", items=data if isinstance(data, Items) else None)
    return Array(shape, element.code, element.order, data if isinstance(data, bytes) else None)


def _raw(value: Value) -> Value:
    """The bytes that protocols below 3 write as a text that is encoded on loading."""
    if isinstance(value, Made) and value.maker == _ENCODE and isinstance(value.arguments, tuple):
        text = value.arguments[0] if value.arguments else None
        try:
            return text.encode("latin-1") if isinstance(text, str) else None
        except UnicodeEncodeError:
            return None
    return value


def _shape(value: Value) -> tuple[int, ...] | None:
    if not isinstance(value, tuple) or len(value) > _DIMENSIONS_LIMIT:
        return None
    sizes = [size for size in value if isinstance(size, int) and not isinstance(size, bool) and 0 <= size < 1 << 48]
    return tuple(sizes) if len(sizes) == len(value) else None


def _element(dtype: Value, depth: int) -> _Element | None:
    """The element type that a value stands for; None unless everything that it says fits together."""
    if not isinstance(dtype, Made) or dtype.maker != _DTYPE or depth > _FIELD_DEPTH:
        return None
    arguments, state = dtype.arguments, dtype.state
    code = arguments[0] if isinstance(arguments, tuple) and arguments else None
    found = _ELEMENT.fullmatch(code) if isinstance(code, str) else None
    if found is None or not isinstance(state, tuple) or len(state) not in _STATE_LENGTHS:
        return None
    kind, count = found[1], int(found[2])
    size = count * _UNICODE_WIDTH if kind == "U" else count
    order, flags = state[_STATE_ORDER], state[_STATE_FLAGS]
    if order not in ("<", ">", "|", "=") or not isinstance(flags, int) or state[_STATE_SUBARRAY] is not None:
        return None
    if state[_STATE_SIZE] != (size if kind in "SUV" else -1):
        return None
    within = _has_objects(state[_STATE_FIELDS], depth)
    objects = kind == "O" or within is True
    if within is None or bool(flags & _HAS_OBJECTS) != objects:
        return None
    return _Element(None if kind == "V" else found[0], str(order), size, objects)


def _has_objects(fields: Value, depth: int) -> bool | None:
    """Whether some field of a composed element type holds objects; None where that cannot be known."""
    if fields is None:
        return False
    if not isinstance(fields, Entries) or fields.odd or fields.count != len(fields.head):
        return None
    inner = [_element(part[0], depth + 1) for part in fields.head.values() if isinstance(part, tuple) and part]
    known = [element for element in inner if element is not None]
    return any(element.objects for element in known) if len(known) == fields.count else None
