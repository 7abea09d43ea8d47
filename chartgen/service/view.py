"""What the rules may look at: the part of a document that the schema found nothing wrong with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chartgen.service.node import DataPath, Listing, Mapping, Node, Scalar, find

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path


class View:
    """A document without the values that are known to be wrong.

    Args:
        document: The merged document.
        blocked: The places of the values that cannot be judged.
    """

    def __init__(self, document: Mapping, blocked: Collection[DataPath] = ()) -> None:
        self.document = document
        self._blocked = frozenset(blocked)

    def node(self, *path: str | int) -> Node | None:
        """The value at `path`; None when there is none, or none that can be judged."""
        if any(path[:length] in self._blocked for length in range(1, len(path) + 1)):
            return None
        return find(self.document, path)

    def is_blocked(self, *path: str | int) -> bool:
        """Whether there is a value at `path` that cannot be judged: what depends on it is not told."""
        return self.node(*path) is None and find(self.document, path) is not None

    def scalar(self, *path: str | int) -> Scalar | None:
        """The value at `path` when it is neither a list nor a mapping."""
        node = self.node(*path)
        return node if isinstance(node, Scalar) else None

    def entries(self, *path: str | int) -> Iterator[tuple[str, Node]]:
        """Keys and values of the mapping at `path`, those left out that cannot be judged."""
        mapping = self.node(*path)
        for key in mapping.entries if isinstance(mapping, Mapping) else ():
            node = self.node(*path, key)
            if node is not None:
                yield key, node

    def items(self, *path: str | int) -> Iterator[tuple[int, Node]]:
        """Indexes and values of the list at `path`, those left out that cannot be judged."""
        listing = self.node(*path)
        for index in range(len(listing.items)) if isinstance(listing, Listing) else ():
            node = self.node(*path, index)
            if node is not None:
                yield index, node

    def short_or_long(self, key: str, inner: str) -> tuple[DataPath, Scalar] | None:
        """The value that is written as `key: VALUE` or as `key: {inner: VALUE}`, and its place."""
        for path in ((key,), (key, inner)):
            scalar = self.scalar(*path)
            if scalar is not None:
                return path, scalar
        return None


def file_path(node: Scalar) -> Path:
    """The file that a value names, absolute: relative to the folder of the service file that it is written in."""
    return (node.where.source.base / node.text).absolute()
