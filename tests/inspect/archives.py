"""PyTorch archives that were made by torch, and others made of them."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

MODELS = Path(__file__).parent / "models" / "torch"


def changed(name: str, members: dict[str, bytes | None], path: Path, method: int = zipfile.ZIP_STORED) -> Path:
    """The archive with other members: by their names without the folder; None leaves one out."""
    with zipfile.ZipFile(MODELS / name) as archive, zipfile.ZipFile(path, "w", method) as written:
        folder = archive.namelist()[0].partition("/")[0]
        found = {each.partition("/")[2]: archive.read(each) for each in archive.namelist()}
        for inner, content in (found | members).items():
            if content is not None:
                written.writestr(f"{folder}/{inner}", content)
    return path


def with_program(name: str, change: Callable[[Any], object], path: Path) -> Path:
    """The torch.export archive with another program."""
    with zipfile.ZipFile(MODELS / name) as archive:
        document = json.loads(archive.read(next(each for each in archive.namelist() if each.endswith("model.json"))))
    change(document)
    return changed(name, {"models/model.json": json.dumps(document).encode()}, path)


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """An archive of these members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()
