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


def patched(path: Path, old: bytes, new: bytes) -> Path:
    """Writes other bytes of the same number into a file, at the one place where the old ones are."""
    content = path.read_bytes()
    assert content.count(old) == 1
    assert len(old) == len(new)
    path.write_bytes(content.replace(old, new))
    return path


def read_whole(path: Path) -> None:
    with ModelFile(path) as opened:
        root = Hdf5Root(opened)
        root.text("model_config", LIMIT)
        root.outside()


def refused(path: Path, said: str) -> None:
    with pytest.raises(Hdf5Error, match=said):
        read_whole(path)


ALIKE = {"the same": b"model_config", "the same up to its end": b"model_confi\0"}


@pytest.mark.parametrize("name", ALIKE.values(), ids=ALIKE)
@pytest.mark.parametrize("where", ["/", "model_weights"])
@pytest.mark.parametrize("libver", [("earliest", "v110"), ("v108", "v108")], ids=str)
def test_an_attribute_that_is_there_twice_is_refused(tmp_path: Path, libver: Any, where: str, name: bytes) -> None:
    path = tmp_path / "m.h5"
    with h5py.File(path, "w", libver=libver) as file:
        group = file.require_group(where)
        group.attrs["model_confi" + ("g" if b"g" in name else "")] = "the first, which the library reads"
        group.attrs["model_confiX"] = "the second"
    refused(patched(path, b"model_confiX", name), "is there twice|does not end where it should")


@pytest.mark.parametrize("libver", [OLD, NEW], ids=str)
@pytest.mark.parametrize("name", ALIKE.values(), ids=ALIKE)
def test_a_name_that_is_in_a_group_twice_is_refused(tmp_path: Path, libver: Any, name: bytes) -> None:
    path = tmp_path / "m.h5"
    with h5py.File(path, "w", libver=libver) as file:
        for each in (name.rstrip(b"\0").decode(), "model_confiX"):
            file.create_group(each)
    refused(patched(path, b"model_confiX", name), "in a group twice|has a NUL")


def test_a_text_that_is_in_its_heap_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    with h5py.File(path, "w") as file:
        file.attrs["other"], file.attrs["model_config"] = "first, of the length", "other, of the length"
    content = path.read_bytes()
    places = [content.index(each) - 16 for each in (b"first, of", b"other, of")]
    content = bytearray(content)
    content[places[0] : places[0] + 2] = content[places[1] : places[1] + 2]  # the index of each in the heap
    path.write_bytes(content)
    with h5py.File(path) as file:
        assert file.attrs["model_config"] == "other, of the length"  # the last of them counts
    refused(path, "or two places")


def test_a_text_that_is_shorter_than_its_place_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = "x" * 300
    content = path.read_bytes()
    place = content.index(b"x" * 300) - 8
    path.write_bytes(content[:place] + (301).to_bytes(8, "little") + content[place + 8 :])
    refused(path, "not the length of its place")


def test_attributes_in_the_header_beside_those_in_a_heap_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    with h5py.File(path, "w", libver=NEW, track_order=True) as file:
        file.attrs["model_config"] = "in the header"
    content = path.read_bytes()
    info = content.index(bytes([0x15]), content.index(b"OHDR"))
    while content[info + 1 : info + 3] != b"\x1c\0":  # the message of 28 bytes that would say where the heap is
        info = content.index(bytes([0x15]), info + 1)
    heap = content.index(b"\xff" * 8, info)
    path.write_bytes(content[:heap] + bytes(8) + content[heap + 8 :])
    refused(path, "in its root's header and in a heap")


@pytest.mark.parametrize(("kind", "said"), [(0x18, "image of the cache"), (0x14, "lies in several")])
def test_a_file_of_which_other_bytes_count_is_refused(tmp_path: Path, kind: int, said: str) -> None:
    path = tmp_path / "m.h5"
    with h5py.File(path, "w", libver=NEW, fs_strategy="page", fs_persist=True) as file:
        file.attrs["model_config"] = "text"
    agrees(path)
    content = path.read_bytes()
    extension = int.from_bytes(content[20:28], "little")  # of a superblock of version 2 or 3
    assert content[extension : extension + 4] == b"OHDR"
    place = content.index(b"\x17", extension + 7)  # how the space of the file is kept
    path.write_bytes(content[:place] + bytes([kind]) + content[place + 1 :])
    refused(path, said)


@pytest.mark.parametrize("block", [0, 512])
def test_the_first_of_two_superblocks_is_the_one_that_counts(tmp_path: Path, block: int) -> None:
    path, other = tmp_path / "m.h5", tmp_path / "other.h5"
    for each, text in ((path, "first"), (other, "second")):
        with h5py.File(each, "w", userblock_size=block) as file:
            file.attrs["model_config"] = text
    size = 1 << (path.stat().st_size - 1).bit_length()
    path.write_bytes(path.read_bytes().ljust(size, b"\0") + other.read_bytes()[block:])
    agrees(path)


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


DATASETS: dict[str, dict[str, Any]] = {
    "one value": {"data": np.float32(3)},
    "contiguous": {"data": np.arange(12.0).reshape(3, 4)},
    "empty": {"data": np.zeros((0, 4))},
    "in chunks": {"data": np.arange(12.0).reshape(3, 4), "chunks": (2, 3)},
    "compressed": {"data": np.zeros((300, 400)), "chunks": (7, 50), "compression": "gzip", "shuffle": True},
    "in one chunk": {"data": np.zeros((30, 4)), "chunks": (30, 4)},
    "in one chunk, compressed": {"data": np.zeros((30, 4)), "chunks": (30, 4), "compression": "gzip"},
    "growing": {"data": np.zeros((30, 4)), "chunks": (3, 4), "maxshape": (None, 4)},
    "growing both ways": {"data": np.zeros((30, 4)), "chunks": (3, 4), "maxshape": (None, None)},
    "texts": {"data": ["a", "b"], "dtype": h5py.string_dtype()},
    "nothing": {"data": h5py.Empty("f4")},
}


@pytest.mark.parametrize("dataset", DATASETS.values(), ids=DATASETS)
@pytest.mark.parametrize("libver", [OLD, ("v108", "v108"), NEW], ids=str)
def test_a_dataset_whose_values_are_in_the_file_is_taken(tmp_path: Path, libver: Any, dataset: dict[str, Any]) -> None:
    path = tmp_path / "m.h5"
    with h5py.File(path, "w", libver=libver, userblock_size=512) as file:
        file.create_dataset("group/values", **dataset)
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_layout(h5py.h5d.COMPACT)
        space, kind = h5py.h5s.create_simple((4,)), h5py.h5t.NATIVE_INT32
        h5py.h5d.create(file.id, b"compact", kind, space, plist).write(space, space, np.arange(4, dtype="i4"))
    read_whole(path)


@pytest.mark.parametrize("libver", [OLD, ("v108", "v108"), NEW], ids=str)
@pytest.mark.parametrize("part", ["address", "size", "dimension"])
def test_a_dataset_that_lies_behind_the_end_of_the_file_is_refused(tmp_path: Path, libver: Any, part: str) -> None:
    path = tmp_path / "m.h5"
    with h5py.File(path, "w", libver=libver) as file:
        values = file.create_dataset("values", data=np.arange(21.0).reshape(3, 7))
        address, size = values.id.get_offset(), values.id.get_storage_size()
    first, second, far = (number.to_bytes(8, "little") for number in (address, size, 10**9))
    if part == "dimension":
        sizes = (3).to_bytes(8, "little") + (7).to_bytes(8, "little")
        refused(patched(path, sizes * 2, far + sizes[8:] + sizes), "should have 56,000,000,000 bytes, and has 168")
    else:
        refused(patched(path, first + second, (far + second) if part == "address" else (first + far)), "behind the end")


def test_chunks_that_lie_behind_the_end_of_the_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    with h5py.File(path, "w") as file:
        values = file.create_dataset("values", data=np.arange(24.0).reshape(4, 6), chunks=(2, 6))
        address = values.id.get_chunk_info(1).byte_offset
    refused(patched(path, address.to_bytes(8, "little"), (10**9).to_bytes(8, "little")), "behind the end")


@pytest.mark.parametrize("libver", [OLD, NEW], ids=str)
@pytest.mark.parametrize("chunks", [None, (1000, 1000)])
def test_a_dataset_of_which_nothing_was_written_is_refused(tmp_path: Path, libver: Any, chunks: Any) -> None:
    path = tmp_path / "m.h5"
    with h5py.File(path, "w", libver=libver) as file:
        file.create_dataset("values", (100_000, 100_000), "f8", chunks=chunks)
    assert path.stat().st_size < 10_000
    refused(path, "and has none|unpack to 80,000,000,000 bytes")


def test_chunks_that_unpack_to_far_more_than_the_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("values", (20_000, 20_000), "f4", chunks=(1000, 1000), compression="gzip")[0, 0] = 1
    refused(path, "unpack to 1,600,000,000 bytes")
