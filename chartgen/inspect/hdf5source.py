"""The bytes of an HDF5 file: every address and length is checked against the file, and all reading has an end.

Source of the format, here and in the modules beside this one: the HDF5 File Format Specification, version 3.0, of The
HDF Group. Numbers are little-endian; addresses count from the superblock, which may lie behind a block of the user's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chartgen.inspect.modelfile import ModelFile

# Far above what the groups of a model need: they bound time and memory, whatever the file says of itself.
_MAX_BYTES = 64 << 20
_MAX_READS = 300_000


class Hdf5Error(ValueError):
    """The file breaks the format; the message is a part of a sentence."""


class Source:
    """Reads pieces of the file by their address.

    Args:
        file: The file.
        base: The byte at which the superblock lies, and addresses begin to count.
        offset_size: The bytes of an address: 2, 4 or 8.
        length_size: The bytes of a length: 2, 4 or 8.

    Attributes:
        size: Addresses must be below it.
    """

    def __init__(self, file: ModelFile, base: int, offset_size: int, length_size: int) -> None:
        self._file, self._base = file, base
        self.offset_size, self.length_size = offset_size, length_size
        self.size = file.size - base
        self._bytes, self._reads = _MAX_BYTES, _MAX_READS

    def take(self, address: int, count: int, what: str) -> bytes:
        """The `count` bytes at an address.

        Raises:
            Hdf5Error: They do not all lie in the file, or too much was read already.
        """
        if address + count > self.size:
            raise Hdf5Error(f"{what} would lie behind the end of the file")
        self._bytes, self._reads = self._bytes - count, self._reads - 1
        if self._bytes < 0 or self._reads < 0:
            raise Hdf5Error("its parts refer to one another without an end")
        return self._file.read(self._base + address, count)

    def cursor(self, address: int, count: int, what: str) -> Cursor:
        """A cursor over the `count` bytes at an address; see `take`."""
        return Cursor(self.take(address, count, what), self.offset_size, self.length_size, what)

    def node(self, address: int, kind: bytes, key_size: int) -> tuple[int, list[tuple[bytes, int | None]]]:
        """A node of a B-tree of version 1: section III.A.1 of the HDF5 File Format Specification.

        Args:
            address: Where it lies.
            kind: The byte that says what the tree is of.
            key_size: The bytes of a key.

        Returns:
            Its level, 0 for a leaf, and of each entry the key before it and the address of the child.

        Raises:
            Hdf5Error: It is none, or does not lie in the file.
        """
        head = 8 + 2 * self.offset_size
        begin = self.cursor(address, head, "a B-tree")
        begin.expect(b"TREE" + kind)
        level, count = begin.number(1), begin.number(2)
        entries = self.cursor(address + head, count * (key_size + self.offset_size), "a B-tree")
        return level, [(entries.take(key_size), entries.address()) for _ in range(count)]


class Cursor:
    """Reads values one after the other.

    Args:
        data: The bytes.
        offset_size: The bytes of an address.
        length_size: The bytes of a length.
        what: What the bytes are, for messages.
    """

    def __init__(self, data: bytes, offset_size: int, length_size: int, what: str) -> None:
        self._data, self._at, self._what = data, 0, what
        self._offset_size, self._length_size = offset_size, length_size

    @property
    def left(self) -> int:
        """How many bytes are left."""
        return len(self._data) - self._at

    def take(self, count: int) -> bytes:
        """The next `count` bytes.

        Raises:
            Hdf5Error: So many are not left.
        """
        if count > self.left:
            raise Hdf5Error(f"{self._what} ends in the middle of a value")
        self._at += count
        return self._data[self._at - count : self._at]

    def number(self, count: int) -> int:
        """The next `count` bytes as a number without a sign."""
        return int.from_bytes(self.take(count), "little")

    def address(self) -> int | None:
        """The next address; None where it is the undefined one, of which every bit is set."""
        value = self.number(self._offset_size)
        return None if value == (1 << 8 * self._offset_size) - 1 else value

    def length(self) -> int:
        """The next length."""
        return self.number(self._length_size)

    def part(self, count: int, what: str) -> Cursor:
        """A cursor over the next `count` bytes."""
        return Cursor(self.take(count), self._offset_size, self._length_size, what)

    def pad(self, multiple: int) -> None:
        """Skips to the next multiple of so many bytes, or to the end."""
        self._at = min(len(self._data), -(-self._at // multiple) * multiple)

    def expect(self, expected: bytes) -> None:
        """Skips a signature or version.

        Raises:
            Hdf5Error: Something else is there.
        """
        found = self.take(len(expected))
        if found != expected:
            raise Hdf5Error(f"{self._what} begins with {found!r} instead of {expected!r}")
