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
    tail = b"PK\x05\x06" + struct.pack("<4H2IH", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    assert read(tmp_path, large(tail)) == MEMBERS
    assert read(tmp_path, large(SMALL)) == MEMBERS


def large(tail: bytes, count: int = 2, comment: bytes = b"") -> bytes:
    """The archive with the records for large ones, that say `count` members, before `tail`."""
    end = PLAIN.index(b"PK\x05\x06")
    numbers = struct.pack("<4Q", count, count, end - DIRECTORY, DIRECTORY)
    record = b"PK\x06\x06" + struct.pack("<QHHII", 44, 45, 45, 0, 0) + numbers
    return PLAIN[:end] + record + comment + b"PK\x06\x07" + struct.pack("<IQI", 0, end, 1) + tail


def hidden_locator() -> bytes:
    """An archive whose last member has a comment that is the record of a second directory."""
    end = PLAIN.index(b"PK\x05\x06")
    last = PLAIN.rindex(b"PK\x01\x02")
    locator = b"PK\x06\x07" + struct.pack("<IQI", 0, 0, 1)
    content = with_bytes(PLAIN[:end], last + 32, struct.pack("<H", len(locator))) + locator
    return content + b"PK\x05\x06" + struct.pack("<4H2IH", 0, 0, 2, 2, end - DIRECTORY + 20, DIRECTORY, 0)


def other_name() -> bytes:
    """An archive with a field that gives a member another name."""
    info = zipfile.ZipInfo("a/b")
    info.extra = struct.pack("<HHBI", 0x7075, 8, 1, zlib.crc32(b"a/b")) + b"a/c"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(info, b"")
    return buffer.getvalue()


def commented() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a/b", b"")
        archive.comment = b"a comment"
    return buffer.getvalue()


def preceded() -> bytes:
    """An archive that was written behind a pickle."""
    buffer = io.BytesIO(b"\x80\x02N.")
    buffer.seek(0, io.SEEK_END)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr("a/b", b"")
    return buffer.getvalue()


SMALL = PLAIN[PLAIN.index(b"PK\x05\x06") :]


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
    "preceded by more": (preceded(), "something precedes its members"),
    "preceded by more, with offsets from there": (b"\x80\x02N." + PLAIN, "does not lie before its end"),
    "a comment": (commented(), "something follows its end"),
    "more between the directory and its end": (
        PLAIN.replace(b"PK\x05\x06", b"morePK\x05\x06"),
        "does not lie before its end",
    ),
    "two directories": (large(SMALL, count=1), "two directories"),
    "more between the records of a large one": (large(SMALL, comment=b"more"), "end of a large archive is missing"),
    "a second directory in a comment": (hidden_locator(), "end of a large archive is missing"),
    "another name in a field": (other_name(), "two names"),
    "another size at the member": (with_bytes(PLAIN, 18, struct.pack("<2I", 3, 3)), "described in two ways"),
    "another checksum at the member": (with_bytes(PLAIN, 14, b"abcd"), "described in two ways"),
    "no size at the member": (with_bytes(PLAIN, 14, bytes(12)), "described in two ways"),
    "another name at a member that is not read": (PLAIN.replace(b"a/data.pkl", b"a/DATA.pkl", 1), "two names"),
    "a backslash": (PLAIN.replace(b"a/b", b"a\\b"), "name of a member is none"),
    "a NUL": (PLAIN.replace(b"a/b", b"a/\0"), "name of a member is none"),
    "a path within": (zipped({"a/./b": b""}), "outside of the archive"),
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
    with pytest.raises(ModelUnreadableError, match="unpacks to 4294967296 bytes") as refused:
        read(tmp_path, content)
    assert refused.value.hint


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
    content = with_bytes(with_bytes(content, at + 24, struct.pack("<I", 50_000)), 22, struct.pack("<I", 50_000))
    with pytest.raises(ModelUnreadableError, match="not what its directory says"):
        read(tmp_path, content)
