"""Reading a service file from disk and from standard input, and every way in which that can fail."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from chartgen.errors import ServiceFileError
from chartgen.service.file import MAX_BYTES, parse, read
from chartgen.service.node import Source, key_position, to_data

NOBODY = 65534


def test_a_file_over_the_limit_is_refused_and_one_at_the_limit_is_read() -> None:
    text = "a: " + "x" * (MAX_BYTES - 3)
    source = Source("service.yaml", 0, Path("/models"))
    assert to_data(parse(text.encode(), source)) == {"a": "x" * (MAX_BYTES - 3)}
    with pytest.raises(ServiceFileError, match="the file is larger than 1,048,576 bytes"):
        parse(f"{text}x".encode(), source)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ServiceFileError, match="there is no such file") as caught:
        read(tmp_path / "service.yaml")
    assert caught.value.where == str(tmp_path / "service.yaml")
    assert caught.value.hint


def test_a_folder_in_the_place_of_a_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ServiceFileError, match="this is a folder") as caught:
        read(tmp_path)
    assert caught.value.hint == "name the file itself"
    (tmp_path / "service.yaml").touch()
    with pytest.raises(ServiceFileError) as caught:
        read(tmp_path)
    assert caught.value.hint == f"did you mean {tmp_path}/service.yaml?"


def test_a_file_without_permission_is_told(tmp_path: Path) -> None:
    file = tmp_path / "service.yaml"
    file.write_text("name: iris\n")
    file.chmod(0)
    user = os.geteuid()
    os.seteuid(user or NOBODY)  # root may read everything
    try:
        with pytest.raises(ServiceFileError, match="this user may not read the file"):
            read(file)
    finally:
        os.seteuid(user)


@pytest.mark.parametrize("name", ["a\0b", "x" * 300])
def test_a_path_that_no_file_can_have_is_told(name: str) -> None:
    with pytest.raises(ServiceFileError, match="cannot be read"):
        read(Path(name))


def test_a_dash_reads_standard_input() -> None:
    document = read("-", stdin=io.BytesIO(b"name: iris\n"))
    assert str(key_position(document, ("name",))) == "stdin:1:1"
