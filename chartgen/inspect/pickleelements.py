"""What a pickle says of the element types of NumPy's arrays, and whether its parts fit together.

NumPy believes the state that is set on a `numpy.dtype`, flags and places of fields included. One that contradicts
itself makes it take an array's bytes for addresses, or reach beyond the array. So every part is worked out again from
the others, an element type is taken only as NumPy writes it, and it must be whole before anything may use it.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace

from chartgen.inspect.picklevalues import Element, Entries, Global, Items, Made, Value

DTYPE = Global("numpy", "dtype")
ENCODE = Global("_codecs", "encode")

CONTRADICTION = "an array's element type contradicts itself"
UNFINISHED = "an array's element type is used before it is complete"
DISGUISED = "an element type is made in another way than NumPy writes it"
_NO_ELEMENT = "an array's elements are arrays themselves"
_RAW_OBJECTS = "an array of objects is made from raw bytes"

_CODE = re.compile(r"([biufcmMSUVO])([0-9]{1,9})")
# The sizes of the types that have fixed ones; an extended float is of 12 or 16 bytes, as the machine has it.
_SIZES = {"b": {1}, "i": {1, 2, 4, 8}, "u": {1, 2, 4, 8}, "f": {2, 4, 8, 12, 16}, "c": {8, 16, 24, 32}}
_SIZES |= {"m": {8}, "M": {8}, "O": {8}}
_FLEXIBLE = "SUV"
_UNICODE_WIDTH = 4
_MAX_SIZE = (1 << 31) - 1
_DIMENSIONS_LIMIT = 64
_WIDEST_ALIGNMENT = 16

# NumPy's flags: of objects, of texts, of what has fields, those that fields hand on, and of a struct of C.
_OBJECT_FLAGS, _UNICODE_FLAGS, _FIELDS_FLAG, _INHERITED, _ALIGNED = 0x3F, 0x08, 0x10, 0x1B, 0x80
_FLAGS_MASK, _HAS_OBJECTS = 0xFF, 0x01
# A choice of a struct's fields keeps the flags of the others, whose bytes nothing reaches any more.
_HIDDEN = (0, _UNICODE_FLAGS, _INHERITED)
# The state: (version, byte order, subarray, names, fields, size, alignment, flags[, metadata]).
_VERSIONS = {8: 3, 9: 4}
_UNSET = -1
_DEPTH = 8


def is_dtype(made: Made) -> bool:
    """Whether it is a `numpy.dtype`."""
    # Names first: most objects are of another class, and comparing two of these takes its time.
    return made.maker is not None and made.maker.name == DTYPE.name and made.maker == DTYPE


def check_made(arguments: Value, oddities: set[str]) -> None:
    """Notes a `numpy.dtype` that is made in another way than picklers do: by its code, as a copy.

    Args:
        arguments: With what `numpy.dtype` is called.
        oddities: Where it is noted.
    """
    code = arguments[0] if isinstance(arguments, tuple) and arguments[1:] == (False, True) else None
    if not isinstance(code, str):
        oddities.add(DISGUISED)


def finish(made: Made, oddities: set[str]) -> None:
    """Reads the element type from the state that was just set, and notes one that contradicts itself.

    Args:
        made: The `numpy.dtype`; its `element` is set where everything fits together.
        oddities: Where it is noted.
    """
    made.element = _element(made)
    if made.element is None:
        oddities.add(CONTRADICTION)
    elif isinstance(made.state, tuple) and isinstance(made.state[4], Entries):
        made.state[4].sealed = True  # NumPy keeps this very dictionary.


def check_use(values: tuple[Value, ...], oddities: set[str]) -> None:
    """Notes an element type that no array may have, among what a function is called with or a state holds.

    Args:
        values: The arguments, or the state.
        oddities: Where it is noted.
    """
    for index, value in enumerate(values):
        if not isinstance(value, Made) or value.element is None:
            continue
        if value.element.subarray:
            oddities.add(_NO_ELEMENT)
        # Elements come right behind their type in a scalar, and one place later in an array; before it in a buffer.
        beside = values[max(0, index - 1) : index + 3]
        if value.element.objects and any(_is_raw(one) for one in beside):
            oddities.add(_RAW_OBJECTS)


def _is_raw(value: Value) -> bool:
    if isinstance(value, Made):
        return value.maker == ENCODE
    return isinstance(value, bytes) or getattr(value, "kind", None) in ("bytes", "bytearray")


def element_of(value: Value) -> Element | None:
    """The element type that a value stands for; None unless it is whole and everything in it fits together."""
    return value.element if isinstance(value, Made) else None


def shape_of(value: Value) -> tuple[int, ...] | None:
    """The shape that a value stands for; None where it is none."""
    if not isinstance(value, tuple) or len(value) > _DIMENSIONS_LIMIT:
        return None
    sizes = [size for size in value if isinstance(size, int) and not isinstance(size, bool) and 0 <= size < 1 << 48]
    return tuple(sizes) if len(sizes) == len(value) else None


def _element(dtype: Made) -> Element | None:
    """The element type that follows from the parts of the state, if the others of them say the same."""
    code = dtype.arguments[0] if isinstance(dtype.arguments, tuple) and dtype.arguments else None
    found = _CODE.fullmatch(code) if isinstance(code, str) else None
    state = dtype.state
    if found is None or not isinstance(state, tuple) or _VERSIONS.get(len(state)) not in state[:1]:
        return None
    kind, size = found[1], int(found[2]) * (_UNICODE_WIDTH if found[1] == "U" else 1)
    metadata = state[8] if len(state) > 8 else None  # noqa: PLR2004
    if size > _MAX_SIZE or size not in _SIZES.get(kind, {size}) or not _is_metadata(kind, metadata):
        return None
    _, order, subarray, names, fields, size_said, alignment, flags = state[:8]
    if order not in _orders(kind, size) or size_said != (size if kind in _FLEXIBLE else _UNSET):
        return None
    if subarray is None and names is None and fields is None:
        element = _plain(found[0], str(order), size)
    elif kind != "V":
        element = None
    elif subarray is None:
        element = _struct(names, fields, size, flags)
    else:
        element = _subarray(subarray, size) if names is None and fields is None else None
    if element is None:
        return None
    return _as_said(
        element, alignment if kind in _FLEXIBLE else _of_fixed(element, alignment), flags, struct=fields is not None
    )


def _of_fixed(element: Element, alignment: Value) -> int | None:
    """The alignment of a type of a fixed size, of which the state says none."""
    return element.alignment if alignment == _UNSET else None


def _as_said(element: Element, alignment: Value, flags: Value, *, struct: bool) -> Element | None:
    """The element type with the alignment and the flags that the state says, where it may have these."""
    if not isinstance(flags, int) or not -(_FLAGS_MASK + 1) // 2 <= flags <= _FLAGS_MASK:
        return None
    if not isinstance(alignment, int) or alignment not in ({1, element.alignment} if struct else {element.alignment}):
        return None
    flags &= _FLAGS_MASK
    if flags not in {element.flags | hidden for hidden in (_HIDDEN if struct else (0,))}:
        return None
    return replace(element, flags=flags, objects=bool(flags & _HAS_OBJECTS), alignment=alignment)


def _orders(kind: str, size: int) -> tuple[str, ...]:
    """The byte orders of a type: NumPy would turn round even the address of an object."""
    return ("|",) if kind in "bOSV" or size == 1 else ("<", ">")


def _is_metadata(kind: str, value: Value) -> bool:
    """Whether the last part of the state is what the type has there: a unit of time, or a dictionary."""
    if kind not in "mM":
        return value is None or isinstance(value, Entries)
    if not isinstance(value, tuple) or len(value) != 2 or not isinstance(value[1], tuple):  # noqa: PLR2004
        return False
    unit = value[1]
    return (
        (value[0] is None or isinstance(value[0], Entries))
        and len(unit) == 4  # noqa: PLR2004 - name, count, and two that are always 1
        and all(isinstance(one, int) and 1 <= one <= _MAX_SIZE for one in unit[1:])
        and unit[2:] == (1, 1)
    )


def _plain(code: str, order: str, size: int) -> Element:
    kind = code[0]
    flags = {"O": _OBJECT_FLAGS, "U": _UNICODE_FLAGS}.get(kind, 0)
    alignment = 1 if kind in "SV" else _UNICODE_WIDTH if kind == "U" else size // 2 if kind == "c" else size
    alignment = min(alignment, _WIDEST_ALIGNMENT)
    return Element(None if kind == "V" else code, order, size, kind == "O", flags, alignment)


def _subarray(value: Value, size: int) -> Element | None:
    if not isinstance(value, tuple) or len(value) != 2:  # noqa: PLR2004 - element type and shape
        return None
    base, shape = element_of(value[0]), shape_of(value[1])
    if base is None or shape is None or base.depth >= _DEPTH or max(shape, default=0) > _MAX_SIZE:
        return None
    if math.prod(shape) * base.size != size:
        return None
    return Element(None, "|", size, base.objects, base.flags, base.alignment, base.depth + 1, subarray=True)


def _struct(names: Value, fields: Value, size: int, flags_said: Value) -> Element | None:
    """A type with fields, whose flags and alignment follow from theirs."""
    if not isinstance(fields, Entries) or fields.odd or fields.count != len(fields.head):
        return None
    if isinstance(names, Items) or not isinstance(names, tuple) or not _titles_fit(names, fields.head):
        return None
    places = [_place(fields.head[str(name)], size) for name in names]
    known = [place for place in places if place is not None]
    if len(known) != len(places):
        return None
    parts = [element for _, element in known]
    objects = any(part.objects for part in parts)
    if objects and _overlap(known):
        return None
    flags = _FIELDS_FLAG | (flags_said & _ALIGNED if isinstance(flags_said, int) else 0)
    for part in parts:
        flags |= part.flags & _INHERITED
    alignment, depth = (
        max((part.alignment for part in parts), default=1),
        max((part.depth for part in parts), default=0),
    )
    return Element(None, "|", size, objects, flags, alignment, depth + 1) if depth < _DEPTH else None


def _titles_fit(names: tuple[Value, ...], fields: dict[str, Value]) -> bool:
    """Whether the fields are those named and, under their titles, the same ones again."""
    if not all(isinstance(name, str) and name in fields for name in names):
        return False
    titled = {_title(row): row for row in (fields[str(name)] for name in names)}
    others = fields.keys() - set(names)
    return len(set(names)) == len(names) and all(_same(fields[other], titled.get(other)) for other in others)


def _title(row: Value) -> str | None:
    title = row[2] if isinstance(row, tuple) and len(row) == 3 else None  # noqa: PLR2004 - type, offset, title
    return title if isinstance(title, str) else None


def _same(row: Value, other: Value) -> bool:
    if not isinstance(row, tuple) or not isinstance(other, tuple) or len(row) != len(other):
        return False
    return row[0] is other[0] and isinstance(row[1], int) and row[1:] == other[1:]


def _place(row: Value, size: int) -> tuple[int, Element] | None:
    """Where a field begins, and its type; None where it does not lie within the element."""
    if not isinstance(row, tuple) or len(row) not in (2, 3):
        return None
    element, offset = element_of(row[0]), row[1]
    if element is None or not isinstance(offset, int) or isinstance(offset, bool):
        return None
    return (offset, element) if 0 <= offset <= size - element.size else None


def _overlap(places: list[tuple[int, Element]]) -> bool:
    end = 0
    for offset, element in sorted(places, key=lambda place: (place[0], place[1].size)):
        if offset < end:
            return True
        end = offset + element.size
    return False
