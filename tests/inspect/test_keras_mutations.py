"""Damaged and hostile HDF5: whatever is done to a Keras file, inspection ends soon, in facts or in a ModelError.

Half of the damage falls on what is read of the format: addresses, lengths, and messages of object headers. The
architecture in the file is damaged by itself as well, since it is most of what is read.
"""

from __future__ import annotations

import random
import struct
import time
from typing import TYPE_CHECKING

import h5py
import pytest

from chartgen.errors import ModelError, ModelUnreadableError
from chartgen.inspect import inspect_model
from chartgen.inspect.modelfile import ModelFile
from tests.inspect.keras_files import copied, keras_file
from tests.inspect.test_mutations import SECONDS, little_memory, mutate

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ["keras2-dense", "keras3-two-inputs", "newest form", "architecture"]
# Addresses that lead back, lengths that are too great, kinds of messages, and signatures.
PIECES = [struct.pack("<Q", number) for number in (0, 96, 800, 2**32, 2**63, 2**64 - 1)]
PIECES += [struct.pack("<I", number) for number in (1, 0xFFFF, 2**31)]
PIECES += [b"\x10\0", b"\x0c\0", b"\x11\0", b"\x15\0", b"TREE", b"SNOD", b"GCOL", b"OHDR", b"OCHK", b"\xff\xff"]
# And what the architecture is made of.
WORDS = [
    b"{",
    b"[",
    b"]",
    b",",
    b'"',
    b"null",
    b"1e999",
    b"-1",
    b'"class_name": "Lambda"',
    b'"\\ud800"',
    b"\\u0000",
    b'""',
]


def _read(path: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Every byte of the file that an inspection looks at by itself, and not as a part of a long text."""
    places: set[int] = set()
    read = ModelFile.read

    def noting(file: ModelFile, offset: int, count: int) -> bytes:
        places.update(range(offset, offset + count) if count <= 512 else ())
        return read(file, offset, count)

    with monkeypatch.context() as patch:
        patch.setattr(ModelFile, "read", noting)
        inspect_model(path)
    return sorted(place for place in places if place < path.stat().st_size)


def _damage(path: Path, whole: bytes, places: list[int], generator: random.Random) -> None:
    content = bytearray(mutate(whole, places, generator))
    for _ in range(generator.randint(0, 3)):  # numbers in their place: what is behind stays where it was
        piece, at = generator.choice(PIECES), generator.choice(places)
        content[at : at + len(piece)] = piece
    path.write_bytes(bytes(content))


def _survives(folder: Path, name: str, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    generator, path = random.Random(20_26), folder / "m.h5"
    whole = keras_file("keras3-dense" if name in NAMES[2:] else name).read_bytes()
    path.write_bytes(whole)
    if name == "newest form":
        copied(keras_file("keras3-dense"), path, libver="latest", userblock_size=512)
        whole = path.read_bytes()
    places = _read(path, monkeypatch)
    with h5py.File(path) as file:
        text = file.attrs["model_config"].encode()
    words = [at for at, byte in enumerate(text) if byte in b'{}[]:,"']
    refused = 0
    for number in range(count):
        if name == "architecture":
            damaged = mutate(text, words, generator)
            for _ in range(generator.randint(0, 3)):
                at = generator.choice(words)
                damaged = damaged[:at] + generator.choice(WORDS) + damaged[at:]
            at = whole.index(text)
            path.write_bytes(whole[:at] + damaged[: len(text)].ljust(len(text)) + whole[at + len(text) :])
        else:
            _damage(path, whole, places, generator)
        begin = time.process_time()
        try:
            inspect_model(path, format="keras" if number % 2 else None)
        except ModelError as error:
            assert error.message.isprintable(), number  # noqa: PT017 - either way of ending is right
            refused += 1
        assert time.process_time() - begin < SECONDS, number
    assert 0 < refused < count


@pytest.mark.parametrize("name", NAMES)
def test_a_damaged_file_is_refused_or_read_in_time(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with little_memory():
        _survives(tmp_path, name, 500, monkeypatch)


@pytest.mark.full
@pytest.mark.parametrize("name", NAMES)
def test_ten_thousand_damaged_files_are(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with little_memory():
        _survives(tmp_path, name, 10_000, monkeypatch)


def _superblock(root: int, size: int) -> bytes:
    """A superblock of version 2 of a file of this size, whose root lies there."""
    return b"\x89HDF\r\n\x1a\n" + bytes([2, 8, 8, 0]) + struct.pack("<QQQQI", 0, 2**64 - 1, size, root, 0)


def _header(*messages: tuple[int, bytes]) -> bytes:
    body = b"".join(struct.pack("<BHB", kind, len(data), 0) + data for kind, data in messages)
    return b"OHDR\x02\x02" + struct.pack("<I", len(body)) + body + bytes(4)


SIZE = 4 << 20
HOSTILE = {
    "a root beyond the end": lambda: _superblock(2**40, SIZE),
    "a header that continues in itself": lambda: _superblock(48, SIZE) + _header((0x10, struct.pack("<QQ", 48, 100))),
    "a header of many messages": lambda: _superblock(48, SIZE) + _header(*[(0, b"")] * 60_000),
    "a continuation as large as the file": lambda: (
        _superblock(48, SIZE) + _header((0x10, struct.pack("<QQ", 64, SIZE - 64)))
    ),
    "a tree that is its own child": lambda: (
        _superblock(48, SIZE)
        + _header((0x11, struct.pack("<QQ", 200, 400))).ljust(152, b"\0")
        + b"TREE\0\1\xff\xff"
        + bytes(16)
        + struct.pack("<QQ", 0, 200) * 100
    ),
    "a tree of many trees": lambda: (
        _superblock(48, SIZE)
        + _header((0x11, struct.pack("<QQ", 256, 128))).ljust(80, b"\0")
        + b"HEAP\0\0\0\0"
        + struct.pack("<QQQ", 1000, 0, 256).ljust(120, b"\0")
        + b"".join(
            b"TREE\0\1\x40\0"
            + bytes(16)
            + b"".join(struct.pack("<QQ", 0, 256 + 1048 * (each * 64 + one + 1)) for one in range(64))
            for each in range(3_900)
        )
    ),
    "a header whose chunks are all there is": lambda: (
        _superblock(48, SIZE)
        + _header(*[(0x10, struct.pack("<QQ", 32_768 * each, 32_768)) for each in range(1, 100)]).ljust(32_720, b"\0")
        + (b"OCHK" + b"\0\0\0\0" * 8_191) * 127
    ),
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_a_file_made_to_be_long_in_reading_is_refused_soon(tmp_path: Path, make: object) -> None:
    path = tmp_path / "m.h5"
    path.write_bytes(make().ljust(SIZE, b"\0"))  # type: ignore[operator]
    begin = time.process_time()
    with little_memory(), pytest.raises(ModelUnreadableError):
        inspect_model(path)
    assert time.process_time() - begin < SECONDS
