"""Damaged and hostile files: whatever is done to a model file, inspection ends soon, in facts or in a ModelError."""

from __future__ import annotations

import io
import pickle
import random
import time
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np
import pytest

from chartgen.errors import ModelError
from chartgen.inspect import inspect_model

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECONDS = 1.0
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


def mutate(whole: bytes, generator: random.Random) -> bytes:
    """Damages a file: half of the times blindly, half of the times with pieces that mean something."""
    data = bytearray(whole)
    structured = generator.random() < 0.5
    for _ in range(generator.randint(1, 6)):
        at = generator.randrange(len(data) + 1)
        match generator.randrange(4):
            case 0:
                data[at : at + 1] = generator.choice(PIECES) if structured else generator.randbytes(1)
            case 1:
                data[at:at] = generator.choice(PIECES) if structured else generator.randbytes(generator.randint(1, 9))
            case 2:
                del data[at : at + generator.randint(1, 30)]
            case _:
                other = generator.randrange(len(data) + 1)
                data[at:at] = data[other : other + generator.randint(1, 40)]
    return bytes(data)


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


def _damaged(whole: bytes, count: int) -> Iterator[bytes]:
    generator = random.Random(20_26)
    for _ in range(count):
        yield mutate(whole, generator)


def _survives(path: Path, whole: bytes, count: int) -> None:
    for content in _damaged(whole, count):
        path.write_bytes(content)
        begin = time.process_time()
        try:
            inspect_model(path, trusted=bool(content[-1] % 2))
        except ModelError as error:
            assert error.message.isprintable(), content  # noqa: PT017 - either way of ending is right
        assert time.process_time() - begin < SECONDS, content


@pytest.mark.parametrize("name", FORMATS)
def test_a_damaged_file_is_refused_or_read_in_time(tmp_path: Path, models: dict[str, bytes], name: str) -> None:
    _survives(tmp_path / ("m.onnx" if name == "onnx" else "m.pkl"), models[name], 500)


@pytest.mark.full
@pytest.mark.parametrize("name", FORMATS)
def test_ten_thousand_damaged_files_are(tmp_path: Path, models: dict[str, bytes], name: str) -> None:
    _survives(tmp_path / ("m.onnx" if name == "onnx" else "m.pkl"), models[name], 10_000)
