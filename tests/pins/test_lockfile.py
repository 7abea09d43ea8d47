from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chartgen.errors import ServiceFileError
from chartgen.pins.lockfile import Requirement, read_lock

if TYPE_CHECKING:
    from pathlib import Path

A, B = "a" * 64, "b" * 64


def test_what_pip_compile_and_uv_write_is_read(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text(
        f"""# made by a tool
Some_Package[extra,other]==1.2.post1 ; python_version >= "3.8" \\
    --hash=sha256:{B} \\
    --hash=sha256:{A}
    # via something
another.one==2.0+cpu --hash=sha256:{A}  # a comment

last==3 \\
    # between
    --hash=sha256:{A}
"""
    )
    assert read_lock(lock) == [
        Requirement("another-one", "2.0+cpu", "", (A,)),
        Requirement("last", "3", "", (A,)),
        Requirement("some-package", "1.2.post1", 'python_version >= "3.8"', (A, B)),
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("numpy==2.0", "numpy has no hash"),
        (f"numpy>=2.0 --hash=sha256:{A}", "not a pinned requirement"),
        (f"numpy --hash=sha256:{A}", "not a pinned requirement"),
        (f"numpy==2.* --hash=sha256:{A}", "not a pinned requirement"),
        (f"numpy @ https://example.com/numpy.whl --hash=sha256:{A}", "not a pinned requirement"),
        (f"./numpy.whl --hash=sha256:{A}", "not a pinned requirement"),
        ("numpy==2.0 --hash=sha256:abc", "not a sha256 hash"),
        ("numpy==2.0 --hash=md5:" + "a" * 32, "not a sha256 hash"),
        (f"numpy==2.0 --hash=sha256:{A} --pre", "not a sha256 hash"),
        ("--index-url https://example.com", "options are not allowed"),
        ("-r other.txt", "options are not allowed"),
        ("-e .", "options are not allowed"),
        (f"scipy==1 --hash=sha256:{A}", "stands there twice"),
    ],
)
def test_any_other_line_is_refused_with_its_number(tmp_path: Path, line: str, message: str) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text(f"# first\nscipy==1 \\\n    --hash=sha256:{A}\n{line}\n")
    with pytest.raises(ServiceFileError, match=message) as refused:
        read_lock(lock)
    assert refused.value.where == f"{lock}:4"


@pytest.mark.parametrize("content", [b"", b"# nothing\n", b"\xff\xfe", b"x" * (1 << 21)])
def test_a_file_that_is_no_lock_file_is_refused(tmp_path: Path, content: bytes) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_bytes(content)
    with pytest.raises(ServiceFileError):
        read_lock(lock)


def test_a_missing_lock_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ServiceFileError, match="cannot be read"):
        read_lock(tmp_path / "requirements.lock")
