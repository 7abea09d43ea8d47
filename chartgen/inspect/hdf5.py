"""Reads the root of an HDF5 file: the names of its attributes and of what lies in it, and attributes that are texts.

The data of the file are never looked at. Superblocks of the versions 0 to 3 are read; sections II.A and III.C of the
HDF5 File Format Specification, version 3.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chartgen.inspect import hdf5header as header
from chartgen.inspect.hdf5attribute import attributes, is_dense, text_of
from chartgen.inspect.hdf5dataset import Extents, most_unpacked
from chartgen.inspect.hdf5group import names
from chartgen.inspect.hdf5outside import outside
from chartgen.inspect.hdf5source import Cursor, Hdf5Error, Source

if TYPE_CHECKING:
    from chartgen.inspect.modelfile import ModelFile

SIGNATURE = b"\x89HDF\r\n\x1a\n"
_FIRST_BEHIND_USERS = 512
_SIZES = (2, 4, 8)
_OPEN_FOR_WRITING = 1


def superblock_at(file: ModelFile) -> int | None:
    """Where the superblock lies: at 0, or behind a block of the user's of 512, 1024, 2048 bytes and so on."""
    offset = 0
    while offset < file.size:
        if file.read(offset, len(SIGNATURE)) == SIGNATURE:
            return offset
        offset = offset * 2 or _FIRST_BEHIND_USERS
    return None


class Hdf5Root:
    """The root group of a file.

    Args:
        file: The file.

    Attributes:
        attributes: The names of its attributes.
        names: The names of the groups and datasets in it.
        dense: Whether it keeps attributes in a heap of their own, which is not read.

    Raises:
        Hdf5Error: The file is no HDF5 file, or damaged.
    """

    def __init__(self, file: ModelFile) -> None:
        base = superblock_at(file)
        if base is None:
            raise Hdf5Error("it has no superblock")
        self._source, self._address = _superblock(file, base)
        self._extents = Extents(self._source)
        found = header.messages(self._source, self._address)
        self._attributes = attributes(found)
        self.attributes = tuple(self._attributes)
        self.dense = any(is_dense(message) for message in found)
        if self.dense and self.attributes:  # the library moves all of them, and then looks into the heap alone
            raise Hdf5Error("it keeps attributes in its root's header and in a heap")
        self.names = names(self._source, found)

    def outside(self) -> str | None:
        """What in the whole file would make a reader open another one; see `hdf5outside.outside`."""
        return outside(self._source, self._address, self._extents)

    @property
    def elements(self) -> int:
        """How many numbers the datasets hold that `outside` has found."""
        # Datasets may lie on one another.
        return min(self._extents.elements, most_unpacked(self._source.size))

    def text(self, name: str, limit: int) -> str | None:
        """The attribute of this name, which can be asked once.

        Args:
            name: Its name.
            limit: The most bytes that it may have.

        Returns:
            The text; None when there is no such attribute, or it is not one text.

        Raises:
            Hdf5Error: It is damaged, too long, or not UTF-8.
        """
        attribute = self._attributes.get(name)
        return None if attribute is None else text_of(self._source, attribute, limit)


def _superblock(file: ModelFile, base: int) -> tuple[Source, int]:
    """The source of addresses, and the address of the root's object header."""
    begin = Cursor(file.read(base, 128), 8, 8, "the superblock")
    begin.expect(SIGNATURE)
    version = begin.number(1)
    if version > 3:  # noqa: PLR2004 - the newest of the specification
        raise Hdf5Error(f"the superblock is of the version {version}, where 0 to 3 are known")
    if version <= 1:
        begin.take(4)
    offset_size, length_size = begin.number(1), begin.number(1)
    if offset_size not in _SIZES or length_size not in _SIZES:
        raise Hdf5Error(f"addresses would have {offset_size} bytes and lengths {length_size}")
    if version <= 1:
        begin.take(9 + 4 * version)
    elif begin.number(1) & _OPEN_FOR_WRITING and version == 3:  # noqa: PLR2004 - earlier ones do not mean it
        raise Hdf5Error("it was not closed after it was written")
    # Base, free space, end, driver, the root's name and header; or base, extension, end, and the root's header.
    count = 6 if version <= 1 else 4
    rest = Cursor(begin.take(count * offset_size), offset_size, length_size, "the superblock")
    addresses = [rest.address() for _ in range(count)]
    end, root = addresses[2], addresses[-1]
    if root is None:
        raise Hdf5Error("it has no root")
    if end is not None and end > file.size:
        raise Hdf5Error(f"its superblock says that it has {end:,} bytes, and it has {file.size:,}")
    source = Source(file, base, offset_size, length_size)
    if version > 1 and addresses[1] is not None:
        _check_extension(source, addresses[1])
    return source, root


def _check_extension(source: Source, address: int) -> None:
    """Refuses what puts other bytes in the place of those in the file; sections II.C and IV.A.2.u and y."""
    for message in header.messages(source, address):
        if message.kind == header.CACHE_IMAGE:
            raise Hdf5Error("it holds an image of the cache, which counts instead of the file")
        if message.kind == header.DRIVER:
            raise Hdf5Error("it is a part of a file that lies in several")
