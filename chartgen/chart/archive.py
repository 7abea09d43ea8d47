"""RenderedChart -> the archive that Helm takes, the same bytes each time."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from typing import TYPE_CHECKING

from chartgen.atomic import write_whole
from chartgen.errors import ChartError, VersionExistsError

if TYPE_CHECKING:
    from pathlib import Path

    from chartgen.chart.render import RenderedChart


def archive(chart: RenderedChart) -> bytes:
    """A chart as `.tgz`: sorted, without times, owners or the marker file.

    Args:
        chart: The chart.
    """
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        # Chart.yaml comes first, as `helm package` has it: readers of a large archive find it at once.
        for path, content in sorted(chart.files.items(), key=lambda item: (item[0] != "Chart.yaml", item[0])):
            info = tarfile.TarInfo(f"{chart.name}/{path}")
            info.size = len(content)
            info.mode = 0o644
            tar.addfile(info, io.BytesIO(content))
    return gzip.compress(buffer.getvalue(), compresslevel=9, mtime=0)


def write_archive(chart: RenderedChart, folder: Path) -> Path:
    """Write `NAME-VERSION.tgz` into a folder. A version is written once: the same bytes again change nothing.

    Args:
        chart: The chart.
        folder: Where the archive goes; it is made where it is missing.

    Returns:
        The archive's path.

    Raises:
        VersionExistsError: The folder holds this version with other bytes.
        ChartError: The archive cannot be written.
    """
    target = folder / f"{chart.name}-{chart.version}.tgz"
    content = archive(chart)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if target.exists():
            _refuse_other(target, content, chart)
            return target
        write_whole(target, content, mode=0o644)
    except OSError as error:
        raise ChartError(
            f"the archive cannot be written: {error.strerror or error}", where=str(error.filename or target)
        ) from error
    return target


def _refuse_other(target: Path, content: bytes, chart: RenderedChart) -> None:
    if not target.is_file() or target.read_bytes() != content:
        found = hashlib.sha256(target.read_bytes()).hexdigest()[:12] if target.is_file() else "no file"
        raise VersionExistsError(
            f"version {chart.version} of {chart.name} was packaged already with other content",
            where=str(target),
            expected=f"sha256 {hashlib.sha256(content).hexdigest()[:12]}…, found {found}…",
            hint="give the service file a new `version`; a published version never changes",
        )
