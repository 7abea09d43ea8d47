"""The service's own requirements: in the pod in the version that the service file says, or refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chartgen.errors import ServiceFileError
from chartgen.service.requirements import name_and_version

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def check_own(requirements: Sequence[str], versions: Mapping[str, str], where: str | None, lock: Path | None) -> None:
    """Compares what the service asks for with what its pods get.

    Args:
        requirements: What `runtime.requirements` says, as `name==version`.
        versions: The version of each package of the pods, by its normalised name.
        where: Where the service asks for it.
        lock: The file that gives the pods' libraries; None where chartgen chose them.

    Raises:
        ServiceFileError: A package is missing, or has another version.
    """
    faults = []
    for name, version in map(name_and_version, requirements):
        have = versions.get(name)
        if have is None:
            faults.append(f"{name} {version} is missing")
        elif have != version:
            faults.append(f"{name} is {have} and not {version}")
    if faults:
        given = f", which {lock.name} gives," if lock else ""
        raise ServiceFileError(
            f"the pods' libraries{given} are not those of `runtime.requirements`: {'; '.join(faults)}",
            where=where,
            hint="run `chartgen lock`, which resolves them together with the model's and the runtime's",
        )
