"""Zip archives that deceive: every one is refused, at once and in little room."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING

import pytest

from chartgen.errors import ModelUnreadableError
from chartgen.inspect.modelfile import ModelFile
from chartgen.inspect.ziparchive import ZipArchive
from tests.inspect.archives import zipped

if TYPE_CHECKING:
    from pathlib import Path

MEMBERS = {"a/data.pkl": b"\x80\x02N.", "a/b": b"content" * 100}
PLAIN = zipped(MEMBERS)
DIRECTORY = PLAIN.index(b"PK\x01\x02")


def read(folder: Path, content: bytes) -> dict[str, bytes]:
    """All members."""
    path = folder / "m.zip"
    path.write_bytes(content)
    with ModelFile(path) as file:
        archive = ZipArchive(file)
        return {name: archive.text(name, 1 << 20) for name in archive.entries}


def with_bytes(content: bytes, at: int, data: bytes) -> bytes:
    return content[:at] + data + content[at + len(data) :]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_are_read(tmp_path: Path, method: int) -> None:
    assert read(tmp_path, zipped({**MEMBERS, "a/folder/": b""}, method)) == MEMBERS


def test_an_archive_with_the_records_for_large_ones_is_read(tmp_path: Path) -> None:
    end = PLAIN.index(b"PK\x05\x06")
    count, _, size, offset = struct.unpack("<2H2I", PLAIN[end + 8 : end + 20])
    record = b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, count, count, size, offset)
    locator = b"PK\x06\x07" + struct.pack("<IQI", 0, end, 1)
    tail = b"PK\x05\x06" + struct.pack("<4H2IH", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    assert read(tmp_path, PLAIN[:end] + record + locator + tail) == MEMBERS


def bomb() -> bytes:
    """A small archive whose members unpack to 4 GiB."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(bytes(64 << 20)) + packer.flush()
    content, directory = b"", b""
    for index in range(64):
        name = b"a/%d" % index
        numbers = struct.pack("<3I", 0, len(packed), 64 << 20)
        head = struct.pack("<5H", 20, 0, 8, 0, 0) + numbers + struct.pack("<2H", len(name), 0)
        directory += b"PK\x01\x02" + struct.pack("<H", 20) + head
        directory += struct.pack("<3H2I", 0, 0, 0, 0, len(content)) + name
        content += b"PK\x03\x04" + head + name + packed
    end = struct.pack("<4H2IH", 0, 0, 64, 64, len(directory), len(content), 0)
    return content + directory + b"PK\x05\x06" + end


HOSTILE = {
    "truncated": (PLAIN[:-30], "truncated"),
    "followed by more": (PLAIN + b"more", "something follows its end"),
    "sizes beyond the file": (
        with_bytes(PLAIN, DIRECTORY + 20, struct.pack("<2I", 1 << 30, 1 << 30)),
        "outside of the file",
    ),
    "two sizes of what is stored": (with_bytes(PLAIN, DIRECTORY + 24, struct.pack("<I", 1 << 30)), "two sizes"),
    "an offset beyond the file": (with_bytes(PLAIN, DIRECTORY + 42, b"\xff\xff\xff\x7f"), "outside of the file"),
    "an unknown method": (with_bytes(PLAIN, DIRECTORY + 10, b"\x0c\x00"), "unknown method 12"),
    "an encrypted member": (with_bytes(PLAIN, DIRECTORY + 8, b"\x01\x00"), "encrypted"),
    "more members than it has": (with_bytes(PLAIN, len(PLAIN) - 14, b"\x09\x00\x09\x00"), "ends too early"),
    "another content": (PLAIN.replace(b"content", b"Content", 1), "not what its directory says"),
    "another name at the member": (PLAIN.replace(b"a/b", b"a/c", 1), "two names"),
    "a path out of it": (zipped({"../a": b""}), "outside of the archive"),
    "an absolute path": (zipped({"/a": b""}), "outside of the archive"),
    "a drive": (zipped({"c:/a": b""}), "outside of the archive"),
    "a name of control characters": (zipped({"a\x1b[2J": b""}), "name of a member is none"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_an_archive_that_deceives_is_refused(tmp_path: Path, case: str) -> None:
    content, said = HOSTILE[case]
    with pytest.raises(ModelUnreadableError, match=said):
        read(tmp_path, content)


def test_a_small_archive_that_unpacks_to_four_gibibytes_is_refused(tmp_path: Path) -> None:
    content = bomb()
    assert len(content) < 5 << 20
    with pytest.raises(ModelUnreadableError, match="unpacks to 4294967296 bytes"):
        read(tmp_path, content)


def test_the_same_name_twice_is_refused_whatever_the_case(tmp_path: Path) -> None:
    for other in ("a/x", "A/X"):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("a/x", b"1")
            archive.writestr("a/y", b"2")
        content = buffer.getvalue().replace(b"a/y", other.encode())
        with pytest.raises(ModelUnreadableError, match="two members of the name"):
            read(tmp_path, content)


def test_members_that_share_bytes_are_refused(tmp_path: Path) -> None:
    second = PLAIN.index(b"PK\x01\x02", DIRECTORY + 4)
    with pytest.raises(ModelUnreadableError, match="lies within another"):
        read(tmp_path, with_bytes(PLAIN, second + 42, bytes(4)))


def test_a_member_that_unpacks_to_more_than_it_says_is_refused(tmp_path: Path) -> None:
    content = zipped({"a": bytes(100_000)}, zipfile.ZIP_DEFLATED)
    at = content.index(b"PK\x01\x02")
    with pytest.raises(ModelUnreadableError, match="not what its directory says"):
        read(tmp_path, with_bytes(content, at + 24, struct.pack("<I", 50_000)))
