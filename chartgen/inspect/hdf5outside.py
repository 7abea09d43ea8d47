"""Finds what in an HDF5 file would make a reader open another one, and checks that all data are in this one.

The data themselves are not looked at.

A dataset may keep its values in other files (External Data Files, section IV.A.2.h of the specification) or be put
together out of theirs (a virtual layout, IV.A.2.i), and a link may lead to another file (IV.A.2.g).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chartgen.inspect import hdf5group as group
from chartgen.inspect import hdf5header as header
from chartgen.inspect.hdf5attribute import attributes
from chartgen.inspect.hdf5source import Hdf5Error

if TYPE_CHECKING:
    from chartgen.inspect.hdf5dataset import Extents
    from chartgen.inspect.hdf5source import Source

_MAX_OBJECTS = 50_000
_MAX_PATH = 4096
_SOFT = 1


class HiddenLinksError(ValueError):
    """A group keeps its links in a heap of its own, which is not read; the message is a part of a sentence."""


def outside(source: Source, root: int, extents: Extents) -> str | None:
    """What in the file leads out of it, as a part of a sentence; None when nothing does.

    Args:
        source: The file.
        root: The address of the root's object header.
        extents: What checks the datasets.

    Raises:
        HiddenLinksError: It cannot be told.
        Hdf5Error: The file is damaged, or lacks values that it should have.
    """
    waiting, seen = [(root, "")], {root}
    while waiting:
        address, path = waiting.pop()
        found = header.messages(source, address)
        attributes(found)
        for message in found:
            if message.kind == header.EXTERNAL_FILES:
                return f"the dataset {path!r} keeps its values in other files"
            if group.is_dense(message):
                raise HiddenLinksError(f"the group {path or '/'!r} keeps its links in a heap (dense storage)")
        if extents.check(found, path):
            return f"the dataset {path!r} is put together out of other files"
        for link in group.links(source, found):
            place = f"{path}/{link.name}"
            if link.kind != group.HARD:
                return f"{place!r} is {'a soft' if link.kind == _SOFT else 'an external'} link"
            if link.address is None or len(place) > _MAX_PATH or len(seen) > _MAX_OBJECTS:
                raise Hdf5Error("its groups lie in one another without an end")
            if link.address not in seen:
                seen.add(link.address)
                waiting.append((link.address, place))
    return None
