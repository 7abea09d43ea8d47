"""A chart's folder is replaced as a whole, and only when nothing of the user's would be lost."""

from __future__ import annotations

import os
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest

from chartgen.chart.render import RenderedChart
from chartgen.chart.write import write
from chartgen.errors import ChartError, OutputExistsError

if TYPE_CHECKING:
    from pathlib import Path


def chart(**files: str) -> RenderedChart:
    contents = {"Chart.yaml": b"name: a\n"} | {name.replace("__", "/"): text.encode() for name, text in files.items()}
    return RenderedChart(name="a", version="1.0.0", digest="0" * 64, files=contents)


def test_the_folder_holds_exactly_the_charts_files(tmp_path: Path) -> None:
    folder = write(chart(templates__x="1"), tmp_path / "deep" / "er")
    assert folder == tmp_path / "deep" / "er" / "a"
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} == {
        ".chartgen", "Chart.yaml", "templates/x",
    }  # fmt: skip


def test_the_marker_can_be_checked_with_sha256sum(tmp_path: Path) -> None:
    folder = write(chart(templates__x="1"), tmp_path)
    subprocess.run(["sha256sum", "--check", "--strict", ".chartgen"], cwd=folder, check=True, capture_output=True)


def test_modes_do_not_depend_on_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        folder = write(chart(templates__x="1"), tmp_path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755
    assert stat.S_IMODE((folder / "templates").stat().st_mode) == 0o755
    assert stat.S_IMODE((folder / "templates" / "x").stat().st_mode) == 0o644


def test_a_folder_of_an_earlier_call_is_replaced_whole(tmp_path: Path) -> None:
    write(chart(old="1"), tmp_path)
    folder = write(chart(new="2"), tmp_path)
    assert not (folder / "old").exists()
    assert (folder / "new").read_text() == "2"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_an_empty_folder_may_be_filled(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    assert (write(chart(), tmp_path) / "Chart.yaml").exists()


@pytest.mark.parametrize("change", ["foreign folder", "file added", "file changed", "a file", "a link"])
def test_what_chartgen_did_not_write_is_refused_and_left_alone(tmp_path: Path, change: str) -> None:
    target = tmp_path / "a"
    if change == "foreign folder":
        target.mkdir()
        (target / "precious").write_text("x")
    elif change == "a file":
        target.write_text("x")
    elif change == "a link":
        (tmp_path / "elsewhere").mkdir()
        target.symlink_to(tmp_path / "elsewhere")
    else:
        write(chart(), tmp_path)
        (target / ("precious" if change == "file added" else "Chart.yaml")).write_text("x")
    before = sorted(str(path) for path in tmp_path.rglob("*"))
    with pytest.raises(OutputExistsError) as refused:
        write(chart(new="2"), tmp_path)
    assert "--force" in str(refused.value.hint)
    assert sorted(str(path) for path in tmp_path.rglob("*")) == before
    write(chart(new="2"), tmp_path, force=True)
    assert (target / "new").read_text() == "2"


def test_a_deleted_file_is_no_reason_to_refuse(tmp_path: Path) -> None:
    (write(chart(x="1"), tmp_path) / "x").unlink()
    assert (write(chart(x="1"), tmp_path) / "x").exists()


def test_a_place_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ChartError, match="file"):
        write(chart(), tmp_path / "file")
