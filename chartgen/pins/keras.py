"""Which Keras loads a file of Keras, and which TensorFlow computes for it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

KERAS = "keras"
# The package with TensorFlow for the CPU, by the machine: the plain name has wheels of twice the size for amd64.
_PACKAGES = {"tensorflow-cpu": "x86_64", "tensorflow": "aarch64"}
TENSORFLOW = tuple(_PACKAGES)
# Keras 2 came with a TensorFlow of the same number, which has wheels for Python 3.11 in these.
_OF_KERAS_2 = range(12, 16)


def tensorflow(which: str = "") -> list[str]:
    """The requirements of TensorFlow for the CPU, on either machine.

    Args:
        which: The versions, as `==2.15.*`; empty for any.
    """
    return [f"{name}{which} ; platform_machine == '{machine}'" for name, machine in _PACKAGES.items()]


def requirements(version: str | None, *, gpu: bool = False) -> list[str]:
    """What a pod needs for a file that was written by this version of Keras: that version, and its TensorFlow.

    Args:
        version: The version; None where the file does not say.
        gpu: Whether TensorFlow is to compute on a GPU, with the libraries of CUDA, on amd64 alone.
    """
    build = _with_cuda if gpu else tensorflow
    major, minor = _numbers(version or "3")
    if major > 2:  # noqa: PLR2004 - Keras 3 says itself which TensorFlow it takes
        return [f"{KERAS}=={version}" if version else KERAS, *build()]
    minor = min(max(minor, _OF_KERAS_2[0]), _OF_KERAS_2[-1])
    return [f"{KERAS}==2.{minor}.*", *build(f"==2.{minor}.*")]


def _with_cuda(which: str = "") -> list[str]:
    return [f"tensorflow[and-cuda]{which}"]


def nearest(version: str | None, available: Iterable[str]) -> str | None:
    """The version of Keras that loads a file.

    Args:
        version: The version that wrote it; None where the file does not say.
        available: The versions that there are.

    Returns:
        The newest of the same major version; None when there is none, or the file was written by a newer Keras 3, whose
        layers an older one may not know.
    """
    major, minor = _numbers(version or "3")
    found = max((one for one in available if _numbers(one)[0] == major), key=_numbers, default=None)
    if found is None or (major > 2 and version and minor > _numbers(found)[1]):  # noqa: PLR2004 - Keras 2 has ended
        return None
    return found


def _numbers(version: str) -> tuple[int, int]:
    """The major and the minor number: 2 and 15 of `2.15.0`, 2 and 2 of `2.2.4-tf`."""
    found = re.match(r"([0-9]{1,4})(?:\.([0-9]{1,4}))?", version, re.ASCII)
    return (int(found[1]), int(found[2] or 0)) if found else (0, 0)
