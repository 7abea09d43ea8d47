"""What a handler imports that its pods may lack: told from its text, which is parsed and never executed."""

from __future__ import annotations

import ast
import sys
from typing import TYPE_CHECKING

from chartgen.inspect.packages import distribution, is_known
from chartgen.inspect.printable import printable
from chartgen.pins.gpu import GPU_PACKAGES
from chartgen.pins.lockfile import canonical
from chartgen.pins.xgboost import version_in
from chartgen.service.handler import PYTHON
from chartgen.service.requirements import name_and_version

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_FOLDER = "files/runtime/"
_HANDLER = f"{_FOLDER}handler.py"
# Modules that more than one package brings along, by how the names of these begin.
_SHARED = {"cv2": "opencv-", "google": "", "mpl_toolkits": "matplotlib"}


def import_warnings(
    files: Mapping[str, bytes], versions: Mapping[str, str], own: Sequence[str], *, locked: bool
) -> tuple[str, ...]:
    """A warning for each module that the handler imports when the pod starts and that no package of the pods brings.

    Args:
        files: The files of the chart, by their path in it.
        versions: The version of each package of the pods, by its normalised name.
        own: What `runtime.requirements` says.
        locked: Whether a `requirements.lock` gives the pods' packages, any of which may bring any module.

    Returns:
        Nothing for a module of an unknown package, where one that was asked for may bring it.
    """
    if _HANDLER not in files:
        return ()
    beside = {path.removeprefix(_FOLDER).partition("/")[0].removesuffix(".py") for path in files if _FOLDER in path}
    found = dict.fromkeys(_imported(ast.parse(files[_HANDLER], feature_version=PYTHON).body))
    others = [module for module in found if module not in beside | sys.stdlib_module_names]
    missing = [module for module in others if not _has(versions, module)]
    # What was asked for and brings none of the imports by its own name may bring another one.
    brought = {canonical(distribution(module)) for module in others}
    unclear = locked or any(name_and_version(each)[0] not in brought for each in own)
    return tuple(_warning(module) for module in missing if is_known(distribution(module)) or not unclear)


def _warning(module: str) -> str:
    package, name = distribution(module), printable(module)
    if is_known(package):
        said = f"of the package {package}, which the pods do not have"
    else:
        said = "and no package of that name is in the pods"
    return (
        f"the handler imports `{name}`, {said}: it will not start without; name the package in `runtime.requirements`, "
        "as `PACKAGE==VERSION`, and run `chartgen lock`"
    )


def _has(versions: Mapping[str, str], module: str) -> bool:
    """Whether a package of the pods brings a module, as far as names tell."""
    if (beginning := _SHARED.get(module)) is not None:
        return any(name.startswith(beginning) for name in versions)
    names = {canonical(module), canonical(distribution(module))}
    return any(version_in(versions, name) is not None or GPU_PACKAGES.get(name) in versions for name in names)


def _imported(body: Sequence[ast.stmt]) -> Iterator[str]:
    """The top-level modules that are imported for certain when the handler is: none that it could do without."""
    for node in body:
        match node:
            case ast.Import(names=names):
                yield from (alias.name.partition(".")[0] for alias in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module.partition(".")[0]
            case ast.With(body=inner):
                yield from _imported(inner)
            case _:  # Under `if` and `try` it may be another one that is there.
                pass
