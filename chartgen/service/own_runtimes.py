"""The serving runtimes of a user: the folders below one that hold a `runtime.yaml`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chartgen.errors import ServiceFileError
from chartgen.service.vocabulary import runtime_names

if TYPE_CHECKING:
    from pathlib import Path

DESCRIPTION = "runtime.yaml"
_NAME = re.compile(r"[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)


def own_runtimes(folder: Path | None) -> dict[str, Path]:
    """The user's runtimes.

    Args:
        folder: The folder that holds a folder for each; None for none.

    Returns:
        The folders, absolute, by their names, sorted.

    Raises:
        ServiceFileError: The folder cannot be read, holds no runtime, or one whose name cannot be one.
    """
    if folder is None:
        return {}
    try:
        found = {each.name: each.absolute() for each in sorted(folder.iterdir()) if (each / DESCRIPTION).is_file()}
    except OSError as error:
        raise ServiceFileError(
            f"the folder of runtimes cannot be read: {error.strerror}", where=f"--runtimes {folder}"
        ) from error
    if not found:
        raise ServiceFileError(
            "the folder holds no runtime",
            where=f"--runtimes {folder}",
            expected=f"a folder for each runtime, with a `{DESCRIPTION}` and an `adapter.py`",
        )
    for name, each in found.items():
        if name in runtime_names():
            raise ServiceFileError(
                f"{name} is one of chartgen's own runtimes", where=str(each), hint="rename the folder"
            )
        if not _NAME.fullmatch(name):
            raise ServiceFileError(
                f"{name!r} cannot be a runtime's name",
                where=str(each),
                expected="lower-case letters, digits and dashes, a letter first, at most 63",
            )
    return found
