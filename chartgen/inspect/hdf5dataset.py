"""Whether the values of an HDF5 dataset are in the file, as many as its dimensions say; they themselves are not read.

Sections IV.A.2.b (dataspace), d (datatype), i (layout) and III.A.1 (chunks) of the HDF5 File Format Specification.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from chartgen.inspect import hdf5header as header
from chartgen.inspect.hdf5source import Hdf5Error

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chartgen.inspect.hdf5source import Cursor, Source

_READ = (header.DATASPACE, header.DATATYPE, header.LAYOUT)
COMPACT, CONTIGUOUS, CHUNKED, VIRTUAL = 0, 1, 2, 3
_NEWEST_LAYOUT, _MAX_RANK = 5, 32
_NULL = 2
_SINGLE_CHUNK, _IMPLICIT = 1, 2
_FILTERED = 2
_MAX_CHUNKS = 1_000_000
# What chunks may unpack to, as for members of archives: beyond, the pod would fill its memory out of a small file.
_FREE, _RATIO = 64 << 20, 40


class _Layout(NamedTuple):
    """Where values lie: the class, and of contiguous ones the address and size, of chunks the shape and the index.

    `tree` is the kind of the index of newer files; None for the B-tree of older ones.
    Layouts of versions 1 and 2 say no size.
    """

    kind: int
    address: int | None = None
    size: int | None = None
    chunk: tuple[int, ...] = ()
    tree: int | None = None


def most_unpacked(size: int) -> int:
    """The most bytes that a file of `size` bytes may unpack to, and so the most elements that it has."""
    return _FREE + _RATIO * size


class Extents:
    """Checks datasets, and adds up what their chunks unpack to.

    Args:
        source: The file.

    Attributes:
        elements: How many elements the datasets have that were checked, where those have bytes.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self.elements = 0
        self._unpacked = 0
        self._nodes = _MAX_CHUNKS

    def check(self, found: Iterable[header.Message], path: str) -> bool:
        """Checks an object, which may be a dataset.

        Args:
            found: The messages of its header; the bodies of three kinds of them are read.
            path: Its name, for messages.

        Returns:
            Whether its values would be put together out of other files.

        Raises:
            Hdf5Error: It is damaged, or its values are not all in the file.
        """
        bodies: dict[int, Cursor] = {}
        for message in found:
            if message.kind in _READ and message.kind in bodies:  # readers would differ on which one counts
                raise Hdf5Error(f"the object {path!r} says twice what it holds")
            bodies[message.kind] = message.body
        if header.LAYOUT not in bodies:
            return False
        layout = _layout(bodies[header.LAYOUT])
        if layout.kind == VIRTUAL:
            return True
        if header.DATASPACE not in bodies or header.DATATYPE not in bodies:
            raise Hdf5Error(f"the dataset {path!r} does not say what it holds")
        shape = _shape(bodies[header.DATASPACE])
        width = _width(bodies[header.DATATYPE])
        self.elements += _product(shape) if width else 0
        needed = _product(shape) * width
        if layout.kind == CHUNKED:
            self._check_chunks(layout, shape, width, path)
            return False
        if layout.size is not None and layout.size < needed:
            raise Hdf5Error(f"the dataset {path!r} should have {needed:,} bytes, and has {layout.size:,}")
        if layout.kind == CONTIGUOUS and (needed or layout.address is not None):
            self._check_place(layout.address, max(needed, layout.size or 0), path)
        return False

    def _check_place(self, address: int | None, size: int, path: str) -> None:
        if address is None:
            raise Hdf5Error(f"the dataset {path!r} should have {size:,} bytes, and has none")
        if address + size > self._source.size:
            raise Hdf5Error(f"the {size:,} bytes of the dataset {path!r} would lie behind the end of the file")

    def _check_chunks(self, layout: _Layout, shape: tuple[int, ...], width: int, path: str) -> None:
        if len(layout.chunk) != len(shape) or not all(layout.chunk):
            raise Hdf5Error(f"the chunks of the dataset {path!r} have other dimensions")
        chunks = _product(-(-size // step) for size, step in zip(shape, layout.chunk, strict=True))
        size = _product(layout.chunk) * width
        self._unpacked += chunks * size
        if self._unpacked > most_unpacked(self._source.size):
            raise Hdf5Error(f"the chunks up to the dataset {path!r} unpack to {self._unpacked:,} bytes")
        if not chunks:
            return
        if layout.address is None:
            raise Hdf5Error(f"the dataset {path!r} should have {chunks * size:,} bytes, and has none")
        if layout.tree is None:
            self._check_tree(layout.address, len(shape), path)
        elif layout.tree == _IMPLICIT:
            self._check_place(layout.address, chunks * size, path)
        elif layout.tree == _SINGLE_CHUNK:
            self._check_place(layout.address, layout.size if layout.size is not None else size, path)
        else:  # arrays and trees of newer files, whose chunks the library checks
            self._check_place(layout.address, 1, path)

    def _check_tree(self, root: int, rank: int, path: str) -> None:
        """The chunks of a B-tree of version 1 lie in the file."""
        waiting, seen = [root], {root}
        while waiting:
            level, entries = self._source.node(waiting.pop(), b"\x01", 8 + 8 * (rank + 1))
            for key, child in entries:
                self._nodes -= 1
                if self._nodes < 0 or child is None or child in seen:
                    raise Hdf5Error(f"the chunks of the dataset {path!r} have no end")
                if level:
                    seen.add(child)
                    waiting.append(child)
                else:
                    self._check_place(child, int.from_bytes(key[:4], "little"), path)


def _product(sizes: Iterable[int]) -> int:
    product = 1
    for size in sizes:
        product *= size
    return product


def _shape(body: Cursor) -> tuple[int, ...]:
    """The sizes of a dataspace; one of 0 where it holds nothing."""
    version, rank, _ = body.number(1), body.number(1), body.number(1)
    if version not in (1, 2) or rank > _MAX_RANK:
        raise Hdf5Error(f"a dataspace is of the version {version} and of {rank} dimensions")
    if version == 1:
        body.take(5)
    elif body.number(1) == _NULL:
        return (0,)
    return tuple(body.length() for _ in range(rank))


def _width(body: Cursor) -> int:
    """The bytes of one element."""
    body.take(4)
    return body.number(4)


def _layout(body: Cursor) -> _Layout:
    version = body.number(1)
    if not 1 <= version <= _NEWEST_LAYOUT:
        raise Hdf5Error(f"the layout of a dataset is of the version {version}")
    if version <= 2:  # noqa: PLR2004 - older ones say the number of dimensions first
        return _old_layout(body)
    kind = body.number(1)
    if kind == COMPACT:
        size = body.number(2)
        return _Layout(kind, size=min(size, body.left))
    if kind == CONTIGUOUS:
        return _Layout(kind, body.address(), body.length())
    if kind == CHUNKED and version == 3:  # noqa: PLR2004 - the last with the older B-tree
        rank = body.number(1)
        return _Layout(kind, body.address(), chunk=_without_width([body.number(4) for _ in range(rank)]))
    if kind == CHUNKED:
        return _new_chunks(body)
    if kind == VIRTUAL:
        return _Layout(kind)
    raise Hdf5Error(f"a dataset has a layout of the kind {kind}")


def _old_layout(body: Cursor) -> _Layout:
    """A layout of version 1 or 2; what it says of the dimensions counts for chunks alone."""
    rank, kind = body.number(1), body.number(1)
    body.take(5)
    if kind == CONTIGUOUS:
        return _Layout(kind, body.address())
    if kind == CHUNKED:
        address = body.address()
        return _Layout(kind, address, chunk=_without_width([body.number(4) for _ in range(rank)]))
    if kind == COMPACT:
        body.take(4 * rank)
        size = body.number(4)
        return _Layout(kind, size=min(size, body.left))
    raise Hdf5Error(f"a dataset has a layout of the kind {kind}")


def _new_chunks(body: Cursor) -> _Layout:
    """Chunks of a layout of version 4 or 5: each kind of index has some numbers of its own before the address."""
    flags, rank, width = body.number(1), body.number(1), body.number(1)
    if not 1 <= width <= 8:  # noqa: PLR2004 - bytes of a number
        raise Hdf5Error(f"the sizes of a chunk would have {width} bytes")
    chunk = _without_width([body.number(width) for _ in range(rank)])
    index, size = body.number(1), None
    if index == _SINGLE_CHUNK and flags & _FILTERED:
        size = body.length()
        body.take(4)
    elif index not in (_SINGLE_CHUNK, _IMPLICIT):
        lengths = {3: 1, 4: 5, 5: 6}  # a fixed array, an extensible array, a B-tree of version 2
        if index not in lengths:
            raise Hdf5Error(f"the chunks of a dataset have an index of the kind {index}")
        body.take(lengths[index])
    return _Layout(CHUNKED, body.address(), size, chunk, index)


def _without_width(sizes: list[int]) -> tuple[int, ...]:
    """The sizes of a chunk: the last number is the bytes of an element."""
    return tuple(sizes[:-1])
