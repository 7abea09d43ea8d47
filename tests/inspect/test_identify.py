from __future__ import annotations

import hashlib
import io
import os
import pickle
import zipfile
from typing import TYPE_CHECKING

import pytest

from chartgen.errors import ModelError, ModelMismatchError, ModelUnreadableError, ModelUnsupportedError
from chartgen.inspect import inspect_model

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def _zip(first: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(first, b"content")
    return buffer.getvalue()


TORCH_LEGACY = pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2)


@pytest.mark.parametrize("suffix", [".onnx", ".ONNX", ".bin", ""])
def test_onnx_is_known_by_its_content(tmp_path: Path, small_onnx: bytes, suffix: str) -> None:
    path = tmp_path / f"model{suffix}"
    path.write_bytes(small_onnx)
    facts = inspect_model(path)
    assert (facts.format, facts.size) == ("onnx", len(small_onnx))
    assert facts.sha256 == hashlib.sha256(small_onnx).hexdigest()


@pytest.mark.parametrize("suffix", [".pkl", ".pickle", ".joblib", ".sav", ""])
@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_is_known_by_its_content(tmp_path: Path, suffix: str, protocol: int) -> None:
    path = tmp_path / f"model{suffix}"
    path.write_bytes(pickle.dumps({"a": [1, 2.5, "x", b"y", None, True, (3, 1 << 70)]}, protocol))
    assert inspect_model(path).format == "pickle"


@pytest.mark.parametrize("suffix", [".pkl", ".pickle", ".pt", ".h5"])
def test_a_suffix_that_lies_is_refused_unless_the_format_is_said(
    tmp_path: Path, small_onnx: bytes, suffix: str
) -> None:
    path = tmp_path / f"model{suffix}"
    path.write_bytes(small_onnx)
    with pytest.raises(ModelMismatchError, match=f"is an ONNX model, but its suffix `{suffix}` says"):
        inspect_model(path)
    assert inspect_model(path, format="onnx").format == "onnx"


def test_a_pickle_that_is_called_onnx_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(pickle.dumps([1]))
    with pytest.raises(ModelMismatchError, match="is a pickle, but its suffix"):
        inspect_model(path)


def test_a_format_that_contradicts_the_content_is_refused(tmp_path: Path, small_onnx: bytes) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(small_onnx)
    with pytest.raises(ModelMismatchError, match="is an ONNX model, but the service file says `format: pickle`"):
        inspect_model(path, format="pickle")


def test_another_digest_is_refused_with_both(tmp_path: Path, small_onnx: bytes) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(small_onnx)
    digest = hashlib.sha256(small_onnx).hexdigest()
    assert inspect_model(path, sha256=digest.upper()).sha256 == digest
    with pytest.raises(ModelMismatchError) as refused:
        inspect_model(path, sha256="0" * 64)
    assert digest in refused.value.message
    assert "0" * 64 in refused.value.message


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (_zip("metadata.json"), "Keras archive"),
        (_zip("a.npy"), r"\.npz"),
        (_zip("other"), "zip archive"),
        (TORCH_LEGACY, "PyTorch file in the layout of the time before 1.6"),
        (b"sys_info" + bytes(249) + b"ustar\0" + bytes(100), "tar archive"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "Git LFS pointer"),
        (b"\x93NUMPY\x01\0", r"\.npy"),
        (b"\x80\x07N.", "protocol 7"),
    ],
)
def test_a_known_format_that_is_not_served_is_named(tmp_path: Path, content: bytes, name: str) -> None:
    path = tmp_path / "model"
    path.write_bytes(content)
    with pytest.raises(ModelUnsupportedError, match=name):
        inspect_model(path)


NATIVE = {
    "XGBoost's own format": [
        b'{"learner":{"attributes":{}}}',
        b'{\n  "version": [3, 2, 0]}',
        b"{L\0\0\0\0\0\0\0\x07learner{L",
    ],
    "LightGBM's own format": [b"tree\nversion=v4\nnum_class=1\n", b"tree\r\nversion=v4\r\n"],
    "CatBoost's own format": [b"CBM1\x10\0\0\0"],
    "a file of safetensors": [b"\x40\0\0\0\0\0\0\0" + b'{"__metadata__":{}}'],
    "a text of JSON": [b'{"weights": [1, 2]}', b'[{"a": 1}]', b" [0.5, 1]"],
    "a text of HTML or XML": [b"<!DOCTYPE html><html></html>", b"\n<html lang='en'>", b"<?xml version='1.0'?><PMML/>"],
}


@pytest.mark.parametrize("name", NATIVE)
@pytest.mark.parametrize("suffix", [".pkl", ".joblib", ".json", ".onnx", ".pt", ""])
def test_what_other_programs_write_is_named_with_the_way_out(tmp_path: Path, name: str, suffix: str) -> None:
    for number, content in enumerate(NATIVE[name]):
        path = tmp_path / f"model{number}{suffix}"
        path.write_bytes(content)
        with pytest.raises(ModelUnsupportedError, match=name) as refused:
            inspect_model(path)
        assert refused.value.hint


@pytest.mark.parametrize("offset", [0, 512, 1024, 16_384])
def test_hdf5_is_known_behind_a_block_of_the_users(tmp_path: Path, offset: int) -> None:
    path = tmp_path / "model"
    path.write_bytes(bytes(offset) + b"\x89HDF\r\n\x1a\n" + bytes(200))
    with pytest.raises(ModelUnreadableError, match="no valid HDF5 file"):
        inspect_model(path)


@pytest.mark.parametrize("content", [b"Hello, world.\n", b"\xff" * 50, b"{}", b"x = 1\n", b"\0"])
def test_an_unknown_format_is_refused_with_what_is_supported(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(content)
    with pytest.raises(ModelUnsupportedError, match="no model format that chartgen knows") as refused:
        inspect_model(path)
    assert "ONNX" in str(refused.value.expected)


def test_what_is_no_readable_file_gets_one_clear_message(tmp_path: Path) -> None:
    (tmp_path / "empty.onnx").touch()
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "dangling").symlink_to("gone")
    os.mkfifo(tmp_path / "pipe")
    cases = {
        "missing.onnx": "no such file",
        "empty.onnx": "is empty",
        "empty.onnx/below": "not a folder",
        ".": "is a folder",
        "loop": "circle of symbolic links",
        "dangling": 'a symbolic link to "gone", where there is no file',
        "pipe": "special file",
        "a\0b": "NUL character",
        "n" * 300: "too long",
    }
    for name, message in cases.items():
        with pytest.raises(ModelUnreadableError, match=message):
            inspect_model(tmp_path / name)


def test_the_name_that_is_nearest_to_a_missing_one_is_told(tmp_path: Path) -> None:
    (tmp_path / "iris.onnx").touch()
    with pytest.raises(ModelUnreadableError, match="no such file") as refused:
        inspect_model(tmp_path / "irs.onnx")
    assert refused.value.hint == f"did you mean '{tmp_path / 'iris.onnx'}'?"
    with pytest.raises(ModelUnreadableError) as refused:
        inspect_model(tmp_path / "elsewhere" / "iris.onnx")
    assert refused.value.hint == "check the path"


@pytest.fixture
def nobody() -> Iterator[None]:
    """A user whom permissions hold back, which they do not root."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    yield
    os.seteuid(before)


def test_a_file_without_permission_is_refused(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"x")
    path.chmod(0)
    request.getfixturevalue("nobody")
    with pytest.raises(ModelUnreadableError, match="no permission"):
        inspect_model(path)


def test_every_beginning_of_a_model_is_refused(tmp_path: Path, small_onnx: bytes) -> None:
    for suffix, whole in ((".onnx", small_onnx), (".pkl", pickle.dumps(["a", 1.5, {"b": b"c" * 300}]))):
        path = tmp_path / f"model{suffix}"
        for length in range(len(whole)):
            path.write_bytes(whole[:length])
            with pytest.raises(ModelError):
                inspect_model(path)
