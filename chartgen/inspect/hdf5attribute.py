"""The attributes of an HDF5 object: their names, and the value of one that is a single text."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from chartgen.inspect import hdf5header as header
from chartgen.inspect.hdf5group import text as shown
from chartgen.inspect.hdf5source import Cursor, Hdf5Error

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chartgen.inspect.hdf5source import Source

_STRING, _VARIABLE = 3, 9
_NULL_TERMINATED, _SPACE_PADDED = 0, 2
_MAX_NAME = 1024
_MAX_OBJECTS = 65_536  # an index in a heap has two bytes


class Attribute(NamedTuple):
    """An attribute whose value was not looked at yet: its name, datatype, dataspace and value as they lie there."""

    name: str
    datatype: Cursor
    dataspace: Cursor
    value: Cursor


def attributes(found: Iterable[header.Message]) -> dict[str, Attribute]:
    """The attributes of an object by their names, but for those that it keeps in a heap of their own.

    Args:
        found: The messages of the object's header; the bodies of those with attributes are read.

    Raises:
        Hdf5Error: They are damaged, or a name is there twice: readers would differ on which one counts.
    """
    result: dict[str, Attribute] = {}
    for message in found:
        if message.kind == header.ATTRIBUTE:
            attribute = read_attribute(message.body)
            if attribute.name in result:
                raise Hdf5Error(f"the attribute {attribute.name!r} is there twice")
            result[attribute.name] = attribute
    return result


def is_dense(message: header.Message) -> bool:
    """Whether an attribute info message refers to a heap with the attributes; section IV.A.2.v."""
    if message.kind != header.ATTRIBUTE_INFO:
        return False
    message.body.expect(b"\0")
    message.body.take(2 * (message.body.number(1) & 1))
    return message.body.address() is not None


def read_attribute(body: Cursor) -> Attribute:
    """Reads an attribute message of version 1, 2 or 3; section IV.A.2.m of the specification.

    Raises:
        Hdf5Error: It is damaged.
    """
    version, flags = body.number(1), body.number(1)
    if version not in (1, 2, 3):
        raise Hdf5Error(f"an attribute is of the version {version}")
    sizes = [body.number(2) for _ in range(3)]
    if version == 3:  # noqa: PLR2004 - it says the charset of the name
        body.take(1)
    if sizes[0] > _MAX_NAME:
        raise Hdf5Error(f"the name of an attribute would have {sizes[0]} bytes")
    parts = []
    for size in sizes:
        parts.append(body.part(size, "an attribute"))
        if version == 1:
            body.take(min(-size % 8, body.left))
    name, _, behind = parts[0].take(parts[0].left).partition(b"\0")
    if len(name) + 1 != sizes[0] or behind:
        raise Hdf5Error(f"the name of the attribute {shown(name)!r} does not end where it should")
    if version > 1 and flags & 3:  # a datatype or dataspace that lies elsewhere: none that is a plain text
        parts[1] = Cursor(b"", 8, 8, "an attribute")
    return Attribute(shown(name), parts[1], parts[2], body.part(body.left, "an attribute"))


def text_of(source: Source, attribute: Attribute, limit: int) -> str | None:
    """The value of an attribute that is one text.

    Args:
        source: The file.
        attribute: The attribute; it can be asked once.
        limit: The most bytes that it may have.

    Returns:
        The text; None when the value is no text, or several.

    Raises:
        Hdf5Error: The file is damaged, or the text is too long or not UTF-8.
    """
    kind = attribute.datatype
    if kind.left < 8 or not _is_single(attribute.dataspace):  # noqa: PLR2004 - class, bits and size of a datatype
        return None
    group, bits, size = kind.number(1) & 15, kind.number(3), kind.number(4)
    if group == _STRING:
        data = attribute.value.take(_limited(size, limit))
        padding = bits & 15
        data = data.rstrip(b" ") if padding == _SPACE_PADDED else data.rstrip(b"\0")
        data = data.partition(b"\0")[0] if padding == _NULL_TERMINATED else data
    elif group == _VARIABLE and bits & 15 == 1:
        length = _limited(attribute.value.number(4), limit)
        heap, index = attribute.value.address(), attribute.value.number(4)
        if heap is None or not length:
            return ""
        data = _heap_object(source, heap, index, length)
    else:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Hdf5Error(f"the attribute {attribute.name} is no text of UTF-8") from error


def _limited(size: int, limit: int) -> int:
    if size > limit:
        raise Hdf5Error(f"an attribute would have {size:,} bytes, where at most {limit:,} are read")
    return size


def _is_single(dataspace: Cursor) -> bool:
    """Whether a dataspace holds one element; section IV.A.2.b."""
    version, rank, _ = dataspace.number(1), dataspace.number(1), dataspace.number(1)
    if version == 1:
        dataspace.take(5)
    elif dataspace.number(1) > 1:  # of the kinds scalar, simple and null
        return False
    return all(dataspace.length() == 1 for _ in range(rank))


def _heap_object(source: Source, address: int, index: int, length: int) -> bytes:
    """An object of a global heap collection; section III.E.

    All of the collection is looked through: of two objects of one index the last would count for the library.
    """
    begin = source.cursor(address, 8 + source.length_size, "a global heap")
    begin.expect(b"GCOL\x01")
    begin.take(3)
    end = address + begin.length()
    address += 8 + source.length_size
    text: bytes | None = None
    for _ in range(_MAX_OBJECTS):
        if address + 8 + source.length_size > end:
            break
        entry = source.cursor(address, 8 + source.length_size, "a global heap")
        found = entry.number(2)
        entry.take(6)
        size = entry.length()
        if not found and size < 8 + source.length_size:
            raise Hdf5Error("the free space of a global heap has no end")
        if found == index and index:
            if size != length or text is not None:
                raise Hdf5Error("a text has not the length of its place in the global heap, or two places")
            text = source.take(address + 8 + source.length_size, length, "a text in the global heap")
        # The size of the free space counts what stands before it, that of an object does not.
        address += 8 + source.length_size + -(-size // 8) * 8 if found else size
    if text is None:
        raise Hdf5Error("a text is not in the global heap where it should be")
    return text
