"""The reader of HDF5 against h5py: the same names and the same texts, in every form that HDF5 writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest

from chartgen.inspect.hdf5 import Hdf5Root
from chartgen.inspect.hdf5source import Hdf5Error
from chartgen.inspect.modelfile import ModelFile
from tests.inspect.keras_files import FOLDER, copied

if TYPE_CHECKING:
    from pathlib import Path

LIMIT = 1 << 22
OLD, NEW = ("earliest", "v110"), ("latest", "latest")


def agrees(path: Path) -> None:
    """Asserts that h5py sees what the reader sees."""
    with h5py.File(path) as oracle, ModelFile(path) as file:
        root = Hdf5Root(file)
        assert set(root.names) == set(oracle)
        assert set(root.attributes) == set(oracle.attrs)
        for name, value in oracle.attrs.items():
            assert root.text(name, LIMIT) == (value if isinstance(value, str) else None), name


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.h5")), ids=lambda path: path.stem)
def test_a_file_of_keras_is_read_as_h5py_reads_it(path: Path) -> None:
    agrees(path)


@pytest.mark.parametrize("block", [0, 512, 4096])
@pytest.mark.parametrize("libver", [OLD, ("v108", "v108"), ("v110", "v110"), NEW], ids=str)
def test_every_version_of_the_format_is_read(tmp_path: Path, libver: Any, block: int) -> None:
    source = FOLDER / "keras3-two-inputs.h5"
    agrees(copied(source, tmp_path / "m.h5", libver=libver, userblock_size=block))


@pytest.mark.parametrize("libver", [OLD, NEW], ids=str)
def test_a_root_of_many_things_is_read(tmp_path: Path, libver: Any) -> None:
    path = tmp_path / "m.h5"
    with h5py.File(path, "w", libver=libver) as file:
        for number in range(7 if libver == NEW else 300):  # newer files keep more than eight in a heap
            file.attrs[f"text{number}"] = "é" * number
            file.create_group(f"group {number}")
    agrees(path)


@pytest.mark.parametrize("libver", [OLD, NEW], ids=str)
@pytest.mark.parametrize(
    "value",
    [
        np.bytes_(b"of a fixed length"),
        np.array(b"padded", dtype="S40"),
        "x" * 100_000,
        "",
        np.bytes_(b""),
        3.5,
        np.arange(4),
        ["several", "texts"],
        np.array(["one"], dtype=h5py.string_dtype()),
        h5py.Empty("S4"),
        h5py.Reference(),
    ],
    ids=lambda value: str(type(value).__name__),
)
def test_a_value_is_a_text_or_none(tmp_path: Path, value: Any, libver: Any) -> None:
    path = tmp_path / "m.h5"
    with h5py.File(path, "w", libver=libver) as file:
        file.attrs["before"] = "b"
        file.attrs["value"] = value
        file.attrs["behind"] = "c"
        written = file.attrs["value"]
    with ModelFile(path) as opened:
        root = Hdf5Root(opened)
        if isinstance(written, np.ndarray) and written.size == 1:
            assert root.text("value", LIMIT) == written[0]
        else:
            text = written.decode() if isinstance(written, bytes) else written
            assert root.text("value", LIMIT) == (text if isinstance(text, str) else None)
        assert (root.text("before", LIMIT), root.text("behind", LIMIT)) == ("b", "c")
        assert root.text("missing", LIMIT) is None


def test_a_text_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    with h5py.File(path, "w") as file:
        file.attrs["variable"], file.attrs["fixed"] = "x" * 100, np.bytes_(b"x" * 100)
    with ModelFile(path) as opened:
        root = Hdf5Root(opened)
        for name in ("variable", "fixed"):
            with pytest.raises(Hdf5Error, match="100 bytes, where at most 99"):
                root.text(name, 99)


def test_attributes_in_a_heap_of_their_own_are_noticed(tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    with h5py.File(path, "w", libver=NEW) as file:
        for number in range(20):
            file.attrs[f"text{number}"] = "t"
    with ModelFile(path) as opened:
        assert Hdf5Root(opened).dense


def test_a_file_that_ends_too_early_says_so(tmp_path: Path) -> None:
    whole = (FOLDER / "keras3-dense.h5").read_bytes()
    (tmp_path / "m.h5").write_bytes(whole[:-1])
    with ModelFile(tmp_path / "m.h5") as opened, pytest.raises(Hdf5Error, match=r"18,080 bytes, and it has 18,079"):
        Hdf5Root(opened)
