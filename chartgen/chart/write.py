"""RenderedChart -> a folder, replaced as a whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from chartgen.chart.listing import listing, sha256
from chartgen.errors import ChartError, OutputExistsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chartgen.chart.render import RenderedChart

MARKER = ".chartgen"
"""A listing of the folder's files as `sha256sum` writes it; a folder that carries it was made by chartgen."""

_FOLDER_MODE = 0o755
_FILE_MODE = 0o644


def write(chart: RenderedChart, parent: Path, *, force: bool = False) -> Path:
    """Write a chart as the folder `parent/NAME`, in place of the one that an earlier call wrote.

    Args:
        chart: The chart.
        parent: The folder that gets the chart's folder; it is made where it is missing.
        force: Replace the folder even if chartgen did not write it, or it was changed since.

    Returns:
        The chart's folder.

    Raises:
        OutputExistsError: The folder holds something that chartgen did not write as it is.
        ChartError: The folder cannot be written.
    """
    target = parent / chart.name
    try:
        parent.mkdir(parents=True, exist_ok=True)
        if not force:
            _refuse_foreign(target)
        with tempfile.TemporaryDirectory(prefix=f".{chart.name}-", dir=parent) as scratch:
            made = Path(scratch) / "new"
            _write_files(made, chart.files)
            _replace(target, made, Path(scratch) / "old")
    except OSError as error:
        raise ChartError(
            f"the chart cannot be written: {error.strerror or error}", where=str(error.filename or target)
        ) from error
    return target


def _refuse_foreign(target: Path) -> None:
    """Raise where replacing the folder would lose something that chartgen could not make again."""
    if not target.exists() and not target.is_symlink():
        return
    if target.is_symlink() or not target.is_dir():
        raise OutputExistsError(
            "is not a folder that chartgen wrote", where=str(target), hint="move it away, or pass --force to replace it"
        )
    found = {path.relative_to(target).as_posix(): path for path in target.rglob("*") if not path.is_dir()}
    if not found:
        return
    marker = found.pop(MARKER, None)
    if marker is None:
        raise OutputExistsError(
            "the folder was not written by chartgen",
            where=str(target),
            hint="move it away, or pass --force to replace it",
        )
    listed = _read_listing(marker)
    foreign = sorted(set(found) - set(listed))
    changed = sorted(path for path in set(found) & set(listed) if sha256(found[path].read_bytes()) != listed[path])
    if foreign or changed:
        what = [f"{path} was added" for path in foreign] + [f"{path} was changed" for path in changed]
        raise OutputExistsError(
            "the folder is not as chartgen wrote it: " + ", ".join(what),
            where=str(target),
            hint="put such changes into the service file or the release's values, or pass --force to lose them",
        )


def _read_listing(marker: Path) -> dict[str, str]:
    lines = marker.read_text(encoding="utf-8", errors="replace").splitlines()
    return {path: digest for digest, separator, path in (line.partition("  ") for line in lines) if separator}


def _write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    folders = {inner for path in files for inner in PurePosixPath(path).parents}
    for inner in sorted(folders):  # a folder comes before those in it
        made = folder / inner
        made.mkdir()
        made.chmod(_FOLDER_MODE)
    for path, content in {**files, MARKER: listing(files)}.items():
        with open(f"{folder}/{path}", "wb") as file:  # noqa: PTH123  # a Path for each file costs as much as writing it
            file.write(content)
            os.fchmod(file.fileno(), _FILE_MODE)


def _replace(target: Path, made: Path, old: Path) -> None:
    """Put the new folder where the old one is; on a failure the old one is put back."""
    had_one = target.exists() or target.is_symlink()
    if had_one:
        target.rename(old)
    try:
        made.rename(target)
    except BaseException:
        if had_one:
            old.rename(target)
        raise
    if had_one and (old.is_symlink() or not old.is_dir()):
        with suppress(OSError):
            old.unlink()
    elif had_one:
        shutil.rmtree(old, ignore_errors=True)
