"""The members of a zip archive, told by its directory and read within bounds; nothing is unpacked to disk.

Stricter than the format (PKWARE's APPNOTE.TXT 6.3): two readers must never find different content behind one name, so
what no writer of models does is refused - a name twice, members that overlap, a local header that says something else.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chartgen.inspect.readable import Held, Part

if TYPE_CHECKING:
    from chartgen.errors import ModelUnreadableError
    from chartgen.inspect.readable import Readable

MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
_END, _END64, _LOCATOR64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_DIRECTORY, _LOCAL = b"PK\x01\x02", b"PK\x03\x04"
_END_SIZE, _END64_SIZE, _LOCATOR_SIZE, _DIRECTORY_SIZE, _LOCAL_SIZE = 22, 56, 20, 46, 30
_COMMENT_LIMIT = 0xFFFF
_BLOCK = 1 << 16

STORED, DEFLATED = 0, 8
_ENCRYPTED = 0x0001 | 0x0040 | 0x2000
_UNKNOWN, _UNKNOWN16 = 0xFFFFFFFF, 0xFFFF
# The flag of a member whose numbers follow its content, and the extra field with another name.
_AFTER, _OTHER_NAME = 0x0008, 0x7075
_MEMBERS_LIMIT = 65_536
_DIRECTORY_LIMIT = 16 << 20
_NAME_LIMIT = 1024
# What the compressed members may unpack to altogether: writers of models compress only the text beside the arrays.
_FREE = 64 << 20
_RATIO = 40
_UNPACKED_LIMIT = 4 << 30
# A compressed member is unpacked to memory as a whole.
_WHOLE_LIMIT = 8 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """What the archive's directory says of a member.

    Attributes:
        name: Its name, with `/` between folders.
        method: How it is compressed: `STORED` or `DEFLATED`.
        crc: The CRC-32 of its content.
        packed: How many bytes it takes in the archive.
        size: How many bytes its content has.
        offset: Where its local header begins.
    """

    name: str
    method: int
    crc: int
    packed: int
    size: int
    offset: int


class ZipArchive:
    """A zip archive whose directory has been read and checked.

    Args:
        file: The file.

    Attributes:
        entries: The members by name, folders left out, in the order of the directory.
        folders: The folders that have an entry of their own, by name, each with `/` at its end.

    Raises:
        ModelUnreadableError: It is truncated, corrupt, encrypted, or of a form that no writer of models makes.
    """

    def __init__(self, file: Readable) -> None:
        self._file = file
        count, size, offset, end = self._find_directory()
        if count > _MEMBERS_LIMIT or size > _DIRECTORY_LIMIT:
            raise self._corrupt(f"its directory has {count} members in {size} bytes, more than any model")
        # A reader that seeks the directory back from the end would find another one than this.
        if offset + size != end:
            raise self._corrupt("its directory does not lie before its end")
        self.entries: dict[str, Entry] = {}
        self.folders: dict[str, Entry] = {}
        self._read_directory(count, offset, size)
        self._check_room(offset)
        for entry in (*self.folders.values(), *self.entries.values()):
            self._start(entry)

    def _corrupt(self, message: str) -> ModelUnreadableError:
        return self._file.unreadable(f"the zip archive is corrupt: {message}", hint="copy or write it again")

    def _find_directory(self) -> tuple[int, int, int, int]:
        """The number of members, the directory's size and offset, and where what ends the archive begins."""
        start = max(0, self._file.size - _END_SIZE - _COMMENT_LIMIT)
        tail = self._file.read(start, _END_SIZE + _COMMENT_LIMIT)
        at = tail.rfind(_END)
        if at < 0 or len(tail) - at < _END_SIZE:
            raise self._file.unreadable(
                "the file is truncated: the zip archive has no end", hint="copy or write it again"
            )
        disk, start_disk, here, count, size, offset, comment = struct.unpack("<4H2IH", tail[at + 4 : at + _END_SIZE])
        if comment or at + _END_SIZE != len(tail):
            raise self._corrupt("something follows its end")
        if disk or start_disk or here != count:
            raise self._corrupt("it is one of several parts")
        end = start + at
        # Readers take the larger record wherever there is one, even if the numbers fit the smaller.
        locator = self._file.read(max(0, end - _LOCATOR_SIZE), _LOCATOR_SIZE)
        if locator.startswith(_LOCATOR64):
            return self._find_directory64(end, locator, (count, size, offset))
        if count == _UNKNOWN16 or _UNKNOWN in (size, offset):
            raise self._corrupt("the end of a large archive is missing")
        return count, size, offset, end

    def _find_directory64(self, end: int, locator: bytes, small: tuple[int, int, int]) -> tuple[int, int, int, int]:
        """The same, of the records for archives beyond 4 GiB; they lie before the others."""
        at = struct.unpack("<Q", locator[8:16])[0]
        record = self._file.read(at, _END64_SIZE) if at + _END64_SIZE + _LOCATOR_SIZE == end else b""
        if len(record) < _END64_SIZE or not record.startswith(_END64):
            raise self._corrupt("the end of a large archive is missing")
        count, size, offset = struct.unpack("<3Q", record[32:56])
        for large, said, unknown in zip((count, size, offset), small, (_UNKNOWN16, _UNKNOWN, _UNKNOWN), strict=True):
            if said not in (large, unknown):
                raise self._corrupt("it has two directories")
        return count, size, offset, at

    def _read_directory(self, count: int, offset: int, size: int) -> None:
        data = self._file.read(offset, size)
        seen: set[str] = set()
        at = 0
        for _ in range(count):
            head = data[at : at + _DIRECTORY_SIZE]
            if len(head) < _DIRECTORY_SIZE or not head.startswith(_DIRECTORY):
                raise self._corrupt("its directory ends too early")
            lengths = struct.unpack("<3H", head[28:34])
            at += _DIRECTORY_SIZE
            name, extra = data[at : at + lengths[0]], data[at + lengths[0] : at + lengths[0] + lengths[1]]
            at += sum(lengths)
            if at > len(data):
                raise self._corrupt("its directory ends too early")
            entry = self._entry(head, name, extra)
            # Readers differ in whether case matters.
            if entry.name.lower() in seen:
                raise self._corrupt(f"it has two members of the name {entry.name!a}")
            seen.add(entry.name.lower())
            if not entry.name.endswith("/"):
                self.entries[entry.name] = entry
            elif entry.size:
                raise self._corrupt(f"the folder {entry.name!a} has content")
            else:
                self.folders[entry.name] = entry
        if at != len(data):
            raise self._corrupt("its directory holds more than its members")

    def _entry(self, head: bytes, raw: bytes, extra: bytes) -> Entry:
        flags, method = struct.unpack("<2H", head[8:12])
        crc, packed, size = struct.unpack("<3I", head[16:28])
        offset = struct.unpack("<I", head[42:46])[0]
        name = self._name(raw)
        if flags & _ENCRYPTED:
            raise self._file.unreadable(f"the member {name!a} of the zip archive is encrypted", hint="write it without")
        if method not in (STORED, DEFLATED):
            raise self._corrupt(f"the member {name!a} is compressed by the unknown method {method}")
        size, packed, offset = self._large(size, packed, offset, extra)
        # What cannot be compressed becomes a little longer.
        if packed != size if method == STORED else packed > 2 * size + _BLOCK:
            raise self._corrupt(f"the member {name!a} has two sizes")
        if offset + _LOCAL_SIZE + packed > self._file.size:
            raise self._corrupt(f"the member {name!a} of {packed} bytes would lie outside of the file")
        return Entry(name, method, crc, packed, size, offset)

    def _name(self, raw: bytes) -> str:
        try:
            name = str(raw, "utf-8")
        except UnicodeDecodeError as error:
            raise self._corrupt("the name of a member is not UTF-8") from error
        parts = name.removesuffix("/").split("/")
        if not 0 < len(raw) <= _NAME_LIMIT or not name.isprintable() or "\\" in name:
            raise self._corrupt("the name of a member is none")
        if any(part in {"", ".", ".."} for part in parts) or ":" in parts[0]:
            raise self._corrupt(f"the member {name!a} would lie outside of the archive")
        return name

    def _large(self, size: int, packed: int, offset: int, extra: bytes) -> tuple[int, int, int]:
        """The numbers that do not fit 32 bits, out of the extra field of the kind 1."""
        wide = b""
        while len(extra) >= 4:  # noqa: PLR2004 - the kind and the length of a field
            kind, length = struct.unpack("<2H", extra[:4])
            if kind == _OTHER_NAME:
                raise self._corrupt("a member has two names")
            if kind == 1 and not wide:
                wide = extra[4 : 4 + length]
            extra = extra[4 + length :]
        numbers = [size, packed, offset]
        for index, number in enumerate(numbers):
            if number == _UNKNOWN and wide:
                if len(wide) < 8:  # noqa: PLR2004 - each number has 64 bits
                    raise self._corrupt("the size of a large member is missing")
                numbers[index], wide = struct.unpack("<Q", wide[:8])[0], wide[8:]
        return numbers[0], numbers[1], numbers[2]

    def _check_room(self, directory: int) -> None:
        """Members lie one after the other, and unpack to no more than a model's do.

        Raises:
            ModelUnreadableError: They do not.
        """
        unpacked = sum(entry.size for entry in self.entries.values() if entry.method == DEFLATED)
        limit = min(_UNPACKED_LIMIT, _FREE + _RATIO * self._file.size)
        if unpacked > limit:
            raise self._file.unreadable(
                f"the zip archive unpacks to {unpacked} bytes from {self._file.size}, which no model does",
                expected=f"at most {limit} bytes out of compressed members",
                hint="if it is yours, write it as its library does: with the arrays uncompressed",
            )
        free = 0
        for entry in sorted((*self.folders.values(), *self.entries.values()), key=lambda each: each.offset):
            if not free and entry.offset:
                raise self._corrupt("something precedes its members")
            if entry.offset < free or entry.offset + _LOCAL_SIZE + entry.packed > directory:
                raise self._corrupt(f"the member {entry.name!a} lies within another")
            free = entry.offset + _LOCAL_SIZE + len(entry.name.encode()) + entry.packed

    def open(self, name: str) -> Readable:
        """The content of a member: a part of the file where it is stored, else unpacked to memory.

        Args:
            name: A name of `entries`.

        Raises:
            ModelUnreadableError: It is not where the directory says, corrupt, or too large to be unpacked.
        """
        entry = self.entries[name]
        part = Part(self._file, self._start(entry), entry.packed)
        if entry.method == STORED:
            self._check_crc(entry, part)
            return part
        return Held(self._file, self._unpacked(entry, part))

    def text(self, name: str, limit: int) -> bytes:
        """The whole content of a small member; see `open`.

        Raises:
            ModelUnreadableError: It has more than `limit` bytes, or cannot be read.
        """
        size = self.entries[name].size
        if size > limit:
            raise self._file.unreadable(f"the member {name!a} has {size} bytes", expected=f"at most {limit} bytes")
        return self.open(name).read(0, limit)

    def _start(self, entry: Entry) -> int:
        head = self._file.read(entry.offset, _LOCAL_SIZE)
        if len(head) < _LOCAL_SIZE or not head.startswith(_LOCAL):
            raise self._corrupt(f"the member {entry.name!a} is not where its directory says")
        flags, method = struct.unpack("<2H", head[6:10])
        name_length, extra_length = struct.unpack("<2H", head[26:30])
        if self._file.read(entry.offset + _LOCAL_SIZE, name_length) != entry.name.encode():
            raise self._corrupt(f"the member {entry.name!a} has two names")
        if flags & _ENCRYPTED or method != entry.method:
            raise self._corrupt(f"the member {entry.name!a} is described in two ways")
        for number, said in zip(struct.unpack("<3I", head[14:26]), (entry.crc, entry.packed, entry.size), strict=True):
            if number not in (said, _UNKNOWN) and (number or not flags & _AFTER):
                raise self._corrupt(f"the member {entry.name!a} is described in two ways")
        return entry.offset + _LOCAL_SIZE + int(name_length) + int(extra_length)

    def _unpacked(self, entry: Entry, part: Part) -> bytes:
        if entry.size > _WHOLE_LIMIT:
            raise self._file.unreadable(
                f"the member {entry.name!a} unpacks to {entry.size} bytes",
                expected=f"at most {_WHOLE_LIMIT} bytes in a compressed member",
                hint="write the archive as the library does, its arrays uncompressed",
            )
        inner = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            content = inner.decompress(part.read(0, part.size), entry.size + 1)
        except zlib.error as error:
            raise self._corrupt(f"the member {entry.name!a} does not unpack") from error
        if len(content) != entry.size or zlib.crc32(content) != entry.crc:
            raise self._corrupt(f"the member {entry.name!a} is not what its directory says")
        return content

    def _check_crc(self, entry: Entry, part: Part) -> None:
        crc = 0
        for offset in range(0, part.size, _BLOCK):
            crc = zlib.crc32(part.read(offset, _BLOCK), crc)
        if crc != entry.crc:
            raise self._corrupt(f"the member {entry.name!a} is not what its directory says")
