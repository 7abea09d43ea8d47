"""Keys whose hashes a file has chosen to be the same: loading would compare each of them with all others."""

from __future__ import annotations

import pickle
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from chartgen.errors import ModelUnreadableError
from chartgen.inspect import inspect_model

if TYPE_CHECKING:
    from pathlib import Path

COUNT = 7000
MODULUS = (1 << 61) - 1


def pairs_of_one_hash() -> list[tuple[int, int]]:
    """Pairs of numbers below 2^61 of the same hash, by the hash of tuples that CPython has had since 3.8."""
    first, second, begin, whole = 11400714785074694791, 14029467366897019727, 2870177450012600261, 1 << 64
    inverse, found, number = pow(second, -1, whole), [], 0
    while len(found) < COUNT:
        number += 1
        lane = (begin + number * second) % whole
        other = -((lane << 31 | lane >> 33) * first) * inverse % whole
        other -= whole if other >> 63 else 0
        if abs(other) < MODULUS:
            found.append((number, other))
    return found


KEYS: dict[str, Any] = {
    "numbers": lambda: [number * MODULUS for number in range(1, COUNT)],
    "negative numbers": lambda: [-number * MODULUS for number in range(1, COUNT)],
    "long numbers": lambda: [number * MODULUS << 61 * 8 for number in range(1, COUNT)],
    "pairs": pairs_of_one_hash,
    "fractions": lambda: [Fraction(number * MODULUS, 1) for number in range(1, COUNT)],
    "complex numbers": lambda: [complex(-1000003 * number, number) for number in range(1, COUNT)],
    "complex numbers of NumPy": lambda: [
        np.complex128(complex(-1000003 * number, number)) for number in range(1, COUNT)
    ],
}


def pickled(keys: list[Any]) -> list[bytes]:
    return [pickle.dumps(key, protocol=2)[2:-1] for key in keys]


def inspected(folder: Path, *opcodes: bytes) -> None:
    path = folder / "m.pkl"
    path.write_bytes(b"\x80\x04" + b"".join(opcodes) + b".")
    inspect_model(path)


@pytest.mark.parametrize("kind", KEYS)
def test_many_keys_of_one_hash_are_refused(tmp_path: Path, kind: str) -> None:
    keys = KEYS[kind]()
    assert len({hash(key) for key in keys[:9]}) == 1
    with pytest.raises(ModelUnreadableError, match="far more keys of the same hash than any model"):
        inspected(tmp_path, b"(", *pickled(keys), b"\x91")


def test_so_they_are_in_whatever_way_the_container_is_made(tmp_path: Path) -> None:
    keys = pickled(KEYS["numbers"]())
    entries = [key + b"N" for key in keys]
    for opcodes in (
        (b"\x8f(", *keys, b"\x90"),
        (b"(", *entries, b"d"),
        (b"}(", *entries, b"u"),
        (b"c__builtin__\nset\n(", *keys, b"l\x85R"),
        (b"c__builtin__\nset\n(", *keys, b"t\x85R"),
        (b"c__builtin__\nset\n)R(", *keys, b"\x90"),
    ):
        with pytest.raises(ModelUnreadableError, match="far more keys of the same hash than any model"):
            inspected(tmp_path, *opcodes)


def test_a_small_set_that_is_copied_again_and_again_is_refused_as_well(tmp_path: Path) -> None:
    keys = pickled(KEYS["numbers"]()[:2000])
    with pytest.raises(ModelUnreadableError, match="far more keys of the same hash"):
        inspected(tmp_path, b"(", *keys, b"\x91\x940c__builtin__\nset\n\x940", b"h\x01h\x00\x85R0" * 20, b"N")


def test_keys_as_models_have_them_are_read(tmp_path: Path) -> None:
    path = tmp_path / "m.pkl"
    for value in (
        {(number % 1000, number): 1.0 for number in range(20_000)},
        {("a", str(number)): number for number in range(9000)},
        {np.int64(number): number for number in range(7000)},
        {np.str_(number): number for number in range(7000)},
        set(range(20_000)),
        {float(number) for number in range(20_000)},
        frozenset(str(number) for number in range(20_000)),
    ):
        path.write_bytes(pickle.dumps(value, protocol=4))
        assert inspect_model(path).format == "pickle"
