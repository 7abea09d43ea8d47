"""What a handler needs besides: pinned requirements, in the service file or in a file that it names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chartgen.service.node import Listing, Scalar
from chartgen.service.view import file_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chartgen.service.node import Node

EXPECTED = "`name==version`, such as pillow==11.0.0"
# As much as a person writes; the closure of it is in the lock file.
MAX_BYTES = 64 * 1024
_PINNED = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?:\[[A-Za-z0-9._, -]+\])?"
    r"\s*==\s*(?P<version>[A-Za-z0-9](?:[A-Za-z0-9.!+_-]*[A-Za-z0-9])?)",
    re.ASCII,
)


def problem(text: str) -> str | None:
    """What is wrong with a requirement; None for nothing."""
    if _PINNED.fullmatch(text.strip()):
        return None
    if text.lstrip().startswith("-"):
        return "is an option of pip; indexes have keys of their own, under `runtime.packages`"
    return "is not pinned to one version"


def name_and_version(requirement: str) -> tuple[str, str]:
    """The name, normalised as the index compares it (PEP 503), and the version of a requirement without a problem."""
    match = _PINNED.fullmatch(requirement.strip())
    if match is None:
        raise ValueError(requirement)
    return re.sub(r"[-_.]+", "-", match["name"]).lower(), match["version"]


def lines(content: str) -> Iterator[tuple[int, str]]:
    """The requirements of a file by their line, without comments and empty lines."""
    for number, line in enumerate(content.splitlines(), 1):
        text = re.sub(r"(^|\s)#.*$", "", line).strip()
        if text:
            yield number, text


def written(node: Node | None) -> tuple[str, ...]:
    """The requirements of a service in which no rule found anything wrong, sorted.

    Args:
        node: A list of them, or the name of a file; None for none.
    """
    found: list[str] = []
    if isinstance(node, Listing):
        found = [item.text.strip() for item in node.items if isinstance(item, Scalar)]
    elif isinstance(node, Scalar):
        found = [text for _, text in lines(file_path(node).read_text(encoding="utf-8-sig"))]
    return tuple(sorted(found))
