"""The object headers of HDF5: the messages that say what a group is and has; section IV.A of the specification."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from chartgen.inspect.hdf5source import Cursor, Hdf5Error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chartgen.inspect.hdf5source import Source

DATASPACE, DATATYPE = 0x01, 0x03
LINK_INFO, LINK, EXTERNAL_FILES, LAYOUT = 0x02, 0x06, 0x07, 0x08
ATTRIBUTE, SYMBOL_TABLE, ATTRIBUTE_INFO = 0x0C, 0x11, 0x15
DRIVER, CACHE_IMAGE = 0x14, 0x18
_CONTINUATION = 0x10
_LOOKED_AT = (
    *(DATASPACE, DATATYPE),
    *(LINK_INFO, LINK, EXTERNAL_FILES, LAYOUT, ATTRIBUTE, SYMBOL_TABLE, ATTRIBUTE_INFO),
    *(DRIVER, CACHE_IMAGE, _CONTINUATION),
)

_MAX_CHUNKS = 1000
_MAX_CHUNK = 1 << 20
_MAX_MESSAGES = 20_000
_SHARED = 2  # a flag: the message lies elsewhere


class Message(NamedTuple):
    """One message: its kind, and a cursor over its body."""

    kind: int
    body: Cursor


def messages(source: Source, address: int) -> list[Message]:
    """The messages of an object header, of either version, those of its continuations included.

    Raises:
        Hdf5Error: It is damaged, or longer than any header of a model.
    """
    first = source.take(address, 4, "an object header")
    newer = first == b"OHDR"
    chunk = _first_of_version_2(source, address) if newer else _first_of_version_1(source, address)
    waiting, seen, found = [chunk], {address}, list[Message]()
    while waiting:
        for message in _messages(*waiting.pop(0)):
            if len(found) >= _MAX_MESSAGES:
                raise Hdf5Error(f"an object header has more than {_MAX_MESSAGES} messages")
            if message.kind != _CONTINUATION:
                found.append(message)
                continue
            place, size = message.body.address(), message.body.length()
            if place is None or place in seen or len(seen) > _MAX_CHUNKS or size > _MAX_CHUNK:
                raise Hdf5Error("an object header goes on without an end")
            seen.add(place)
            waiting.append(_continuation(source, place, size, chunk[1]))
    return found


def _first_of_version_1(source: Source, address: int) -> tuple[Cursor, int | None]:
    """The messages of the first chunk, and None: messages of this version have no flags of the header's."""
    prefix = source.cursor(address, 16, "an object header")
    prefix.expect(b"\x01")
    prefix.take(7)
    size = prefix.number(4)
    if size > _MAX_CHUNK:
        raise Hdf5Error(f"an object header would have {size} bytes")
    return source.cursor(address + 16, size, "an object header"), None


def _first_of_version_2(source: Source, address: int) -> tuple[Cursor, int | None]:
    """The messages of the first chunk, and the header's flags."""
    begin = source.cursor(address, 6, "an object header")
    begin.expect(b"OHDR\x02")
    flags = begin.number(1)
    optional = 16 * (flags >> 5 & 1) + 4 * (flags >> 4 & 1)  # times; limits of the storage of attributes
    width = 1 << (flags & 3)
    size = source.cursor(address + 6 + optional, width, "an object header").number(width)
    if size > _MAX_CHUNK:
        raise Hdf5Error(f"an object header would have {size} bytes")
    return source.cursor(address + 6 + optional + width, size, "an object header"), flags


def _continuation(source: Source, address: int, size: int, flags: int | None) -> tuple[Cursor, int | None]:
    what = "the continuation of an object header"
    chunk = source.cursor(address, size, what)
    if flags is None:
        return chunk, None
    chunk.expect(b"OCHK")
    return chunk.part(chunk.left - 4, what) if chunk.left >= 4 else chunk, flags  # noqa: PLR2004 - a checksum ends it


def _messages(chunk: Cursor, flags: int | None) -> Iterator[Message]:
    """The messages of one chunk; less than a message at its end is a gap."""
    prefix = 8 if flags is None else 4 + 2 * (flags >> 2 & 1)  # with the order in which attributes were created
    while chunk.left >= prefix:
        if flags is None:
            kind, size, own = chunk.number(2), chunk.number(2), chunk.number(1)
            chunk.take(3)
        else:
            kind, size, own = chunk.number(1), chunk.number(2), chunk.number(1)
            chunk.take(prefix - 4)
        body = chunk.part(size, "a message of an object header")
        if not own & _SHARED:
            yield Message(kind, body)
        elif kind in _LOOKED_AT:
            raise Hdf5Error("an object keeps what is read of it in a table that several objects share")
