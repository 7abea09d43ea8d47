"""Damaged and hostile files: whatever is done to a model file, inspection ends soon, in facts or in a ModelError.

Half of the damage knows the format: it falls on opcodes of a pickle, and on tags and lengths of protobuf's fields.
"""

from __future__ import annotations

import contextlib
import io
import pickle
import pickletools
import random
import resource
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np
import pytest

from chartgen.errors import ModelError
from chartgen.inspect import inspect_model

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 1.0
MEMORY = 200 << 20
# What means something to one of the readers: opcodes, tags of fields, and lengths that are too great.
PIECES = [
    bytes([code]) for code in b"(.0123FIJKLMNPQRSTUVXabcdegiopqrstu}])BChj\x80\x81\x8c\x93\x94\x95\x92\x8e\x8d\x96"
]
PIECES += [b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", b"\x3a\xff\xff\xff\xff\x0f", b"\x12", b"\x42\x02\x10\x11"]
PIECES += [
    b"cos\nsystem\n",
    b"\xff" * 8,
    b"\x00" * 8,
    b"\x7f\xff\xff\xff",
    b"\x95\x05\0\0\0\0\0\0\0",
    b"r\xff\xff\xff\xff",
]


def joints(whole: bytes, name: str) -> list[int]:
    """Where something of the format begins: a field's tag and length, or an opcode."""
    if name == "onnx":
        return sorted(set(_fields(whole, 0, len(whole), 0)))
    found = []
    with contextlib.suppress(ValueError):  # joblib's raw arrays are no opcodes
        found += [at for _, _, at in pickletools.genops(whole) if at is not None]
    return found or list(range(len(whole)))


def _fields(whole: bytes, at: int, end: int, depth: int) -> Iterator[int]:
    """The tags and lengths of a message and of the messages in it; texts that look like one are walked as well."""
    while at < end:
        yield at
        key, at = _varint(whole, at)
        if key & 7 == 2:
            yield at
            size, at = _varint(whole, at)
            if at + size > end:
                return
            if depth < 6:
                yield from _fields(whole, at, at + size, depth + 1)
            at += size
        elif key & 7 == 0:
            _, at = _varint(whole, at)
        else:
            at += {1: 8, 5: 4}.get(key & 7, end)


def _varint(whole: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(whole):
        value |= (whole[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if whole[at - 1] < 0x80:
            break
    return value, at


def mutate(whole: bytes, places: list[int], generator: random.Random) -> bytes:
    """Damages a file: half of the times blindly, half of the times with pieces and at places that mean something."""
    data = bytearray(whole)
    structured = generator.random() < 0.5
    for _ in range(generator.randint(1, 6)):
        at = min(generator.choice(places), len(data)) if structured else generator.randrange(len(data) + 1)
        match generator.randrange(5):
            case 0:
                data[at : at + 1] = generator.choice(PIECES) if structured else generator.randbytes(1)
            case 1:
                data[at:at] = generator.choice(PIECES) if structured else generator.randbytes(generator.randint(1, 9))
            case 2:
                del data[at : at + generator.randint(1, 30)]
            case 3:
                other = generator.choice(places) if structured else generator.randrange(len(data) + 1)
                data[at:at] = data[other : other + generator.randint(1, 40)]
            case _:  # a length, an index or a number that is a little or much too great or small
                data[at : at + 1] = bytes([(data[at] + generator.choice([-1, 1, 64, 128])) % 256]) if data[at:] else b""
    return bytes(data) or b"."


@contextlib.contextmanager
def little_memory() -> Iterator[None]:
    """Lets this process have only so much more memory than it has; more is a MemoryError."""
    status = Path("/proc/self/statm")
    before = resource.getrlimit(resource.RLIMIT_AS)
    if status.exists():
        room = int(status.read_text().split()[0]) * resource.getpagesize() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (room, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.fixture(scope="module")
def models(iris: Any, small_onnx: bytes) -> dict[str, bytes]:
    joined, packed = io.BytesIO(), io.BytesIO()
    joblib.dump([iris, np.array(["a", None], dtype=object)], joined)
    joblib.dump(iris, packed, compress=3)
    return {
        "onnx": small_onnx,
        "pickle": pickle.dumps(iris),
        "pickle of protocol 0": pickle.dumps(iris, 0),
        "joblib": joined.getvalue(),
        "compressed joblib": packed.getvalue(),
    }


FORMATS = ["onnx", "pickle", "pickle of protocol 0", "joblib", "compressed joblib"]


def _survives(folder: Path, whole: bytes, name: str, count: int) -> None:
    generator = random.Random(20_26)
    path = folder / ("m.onnx" if name == "onnx" else "m.pkl")
    inner = zlib.decompress(whole) if name == "compressed joblib" else whole
    places = joints(inner, name)
    refused = 0
    for number in range(count):
        if inner is not whole and number % 4 > 1:  # the container is damaged, and not what is in it
            content = mutate(whole, list(range(len(whole))), generator)
        else:
            content = mutate(inner, places, generator)
            content = content if inner is whole else zlib.compress(content, 1)
        path.write_bytes(content)
        begin = time.process_time()
        try:
            inspect_model(path, trusted=bool(number % 2))
        except ModelError as error:
            assert error.message.isprintable(), content  # noqa: PT017 - either way of ending is right
            refused += 1
        assert time.process_time() - begin < SECONDS, content
    assert 0 < refused < count


@pytest.mark.parametrize("name", FORMATS)
def test_a_damaged_file_is_refused_or_read_in_time(tmp_path: Path, models: dict[str, bytes], name: str) -> None:
    with little_memory():
        _survives(tmp_path, models[name], name, 500)


@pytest.mark.full
@pytest.mark.parametrize("name", FORMATS)
def test_ten_thousand_damaged_files_are(tmp_path: Path, models: dict[str, bytes], name: str) -> None:
    with little_memory():
        _survives(tmp_path, models[name], name, 10_000)
