"""The archive has the same bytes each time, and a version is written once."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

import pytest

from chartgen.chart.archive import archive, write_archive
from chartgen.chart.render import RenderedChart
from chartgen.errors import VersionExistsError

if TYPE_CHECKING:
    from pathlib import Path


def chart(content: bytes = b"1") -> RenderedChart:
    files = {"Chart.yaml": b"apiVersion: v2\nname: a\nversion: 1.0.0\n", ".helmignore": b"x\n", "files/b": content}
    return RenderedChart(name="a", version="1.0.0", digest="0" * 64, files=files)


def test_the_same_chart_gives_the_same_bytes() -> None:
    assert archive(chart()) == archive(chart())


def test_members_are_sorted_after_chart_yaml_and_carry_no_owner_or_time() -> None:
    with tarfile.open(fileobj=io.BytesIO(archive(chart()))) as tar:
        members = tar.getmembers()
    assert [member.name for member in members] == ["a/Chart.yaml", "a/.helmignore", "a/files/b"]
    assert {(member.mtime, member.uid, member.gid, member.uname, member.gname, member.mode) for member in members} == {
        (0, 0, 0, "", "", 0o644)
    }


def test_a_version_is_written_once(tmp_path: Path) -> None:
    path = write_archive(chart(), tmp_path / "dist")
    assert path == tmp_path / "dist" / "a-1.0.0.tgz"
    assert write_archive(chart(), tmp_path / "dist") == path
    before = path.read_bytes()
    with pytest.raises(VersionExistsError) as refused:
        write_archive(chart(b"2"), tmp_path / "dist")
    assert "version" in str(refused.value.hint)
    assert path.read_bytes() == before
    assert [file.name for file in (tmp_path / "dist").iterdir()] == ["a-1.0.0.tgz"]


def test_a_folder_of_the_archives_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a-1.0.0.tgz").mkdir()
    with pytest.raises(VersionExistsError):
        write_archive(chart(), tmp_path)
