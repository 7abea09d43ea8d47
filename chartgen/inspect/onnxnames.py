"""The names of values in an ONNX graph: each is made once, and what is taken must be made before it, in some order.

https://onnx.ai/onnx/repo-docs/IR.html, "Names Within a Graph": graphs are in static single assignment form, and the
graphs inside of a node see the names around it. onnxruntime sorts the nodes itself, so any order without a circle does.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# What a name takes in memory: its digest in a set or two; and where a node waits, what is said of it.
_ROOM_OF_NAME, _ROOM_OF_WAITING = 150, 600
_SHOWN = 100


def key_of(name: str) -> bytes:
    """What is kept of a name: names may be long, and there are many."""
    return hashlib.blake2b(name.encode(), digest_size=12).digest()


def shown(name: str) -> str:
    """A name for a message, in quotes."""
    return repr(name if len(name) <= _SHOWN else name[:_SHOWN] + "…")


class _Taken(NamedTuple):
    """A name that is taken, and what takes it, both for a message."""

    name: str
    by: str


@dataclass
class _Node:
    """A node that waits for names: how many of them, and the keys of what it makes."""

    waits: int
    made: list[bytes]


@dataclass
class Faults:
    """What is wrong with graphs: the first fault, and how many there are."""

    first: str = ""
    count: int = 0

    def add(self, fault: str) -> None:
        """Takes note of a fault."""
        self.first = self.first or fault
        self.count += 1


@dataclass
class Names:
    """The names in one graph: all that are given first, then the nodes in the order of the file.

    Attributes:
        keep: Is told how many bytes are kept; raises when those are too many.
        around: The names of the graph around this one; None for the main graph.
        faults: What is wrong, here and in the graphs inside.
    """

    keep: Callable[[int], None]
    around: Names | None = None
    faults: Faults = field(default_factory=Faults)
    _given: set[bytes] = field(default_factory=set)
    _made: set[bytes] = field(default_factory=set)
    _stuck: set[bytes] = field(default_factory=set)
    _inside: dict[bytes, _Taken] = field(default_factory=dict)
    _wanted: dict[bytes, _Taken] = field(default_factory=dict)
    _waiting: dict[bytes, list[_Node]] = field(default_factory=dict)

    def within(self) -> Names:
        """The names of a graph inside of the node that is read now."""
        return Names(self.keep, self, self.faults)

    def give(self, name: str) -> None:
        """An input or an initializer: a name may be both, which makes an input with a default."""
        self.keep(_ROOM_OF_NAME)
        self._given.add(key_of(name))

    def node(self, taken: Iterable[str], made: Iterable[str], by: str) -> None:
        """A node, of which the graphs inside were read; `by` says which it is."""
        missing = {key: _Taken(shown(name), by) for name in taken if not self._sees(key := key_of(name))}
        missing |= self._inside
        self._inside = {}
        node = _Node(len(missing), [])
        for name in made:
            self.keep(_ROOM_OF_NAME)
            key = key_of(name)
            if key in self._made:
                self.faults.add(f"{shown(name)} is made twice, the second time by {by}")
            if key in self._given:
                self.faults.add(f"{shown(name)} is given, and a node makes it as well")
            self._made.add(key)
            node.made.append(key)
        for key, name_by in missing.items():
            self.keep(_ROOM_OF_WAITING)
            self._wanted.setdefault(key, name_by)
            self._waiting.setdefault(key, []).append(node)
        if missing:
            self._stuck.update(node.made)
        else:
            self._arrive(node.made)

    def take(self, name: str, by: str) -> None:
        """An output of the graph; `by` says who takes it."""
        if not self._sees(key := key_of(name)):
            self.keep(_ROOM_OF_WAITING)
            self._wanted.setdefault(key, _Taken(shown(name), by))

    def close(self) -> None:
        """Ends the graph; names that it does not make are taken from the graph around it."""
        missing = {key: taken for key, taken in self._wanted.items() if key not in self._made}
        if self.around is not None:
            self.around._inside |= {key: taken for key, taken in missing.items() if not self.around._sees(key)}
        else:
            for taken in missing.values():
                self.faults.add(f"nothing makes {taken.name}, which {taken.by} takes")
        self._arrive(missing)
        for key in self._waiting:
            taken = self._wanted[key]
            self.faults.add(f"{taken.name}, which {taken.by} takes, is made out of itself: the nodes form a circle")

    def _sees(self, key: bytes) -> bool:
        """Whether the name is there already, here or in a graph around."""
        if key in self._given or (key in self._made and key not in self._stuck):
            return True
        return self.around is not None and self.around._sees(key)

    def _arrive(self, keys: Iterable[bytes]) -> None:
        """Names are there: nodes that waited for no other make theirs."""
        arrived = list(keys) if self._waiting else []
        while arrived:
            for node in self._waiting.pop(arrived.pop(), ()):
                node.waits -= 1
                if not node.waits:
                    self._stuck.difference_update(node.made)
                    arrived += node.made
