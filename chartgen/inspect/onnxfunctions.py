"""The functions that an ONNX file defines: none calls itself, and written out they are no more than runtimes can load.

onnxruntime puts the body of a function in the place of each node that calls it. Two dozen functions of which each calls
the next one twice are a file of two kilobytes, and millions of nodes.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from chartgen.inspect.onnxnames import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# The exporter of PyTorch that makes a function of every layer stays below a tenth of each; onnxruntime takes
# seconds for so many, and with the square of them. The depth is the most that onnxruntime 1.32 goes.
MAX_NODES, MAX_CALLS, MAX_DEPTH = 200_000, 20_000, 100

Key = tuple[str, str, str]
"""What tells an operator or function: domain, name and overload."""
Body = Counter[Key]
"""How many nodes of each operator a graph has, those of the graphs inside of its nodes included."""


class Size(NamedTuple):
    """What a graph is when its functions are written out: nodes, calls of functions, and how deep these call others.

    A number beyond its bound only says that it is.
    """

    nodes: int
    calls: int
    depth: int

    @property
    def too_large(self) -> bool:
        """Whether no runtime can be expected to load it."""
        return self.calls > MAX_CALLS or self.depth > MAX_DEPTH or (self.calls > 0 and self.nodes > MAX_NODES)


def circle(functions: Mapping[Key, Body]) -> str | None:
    """The name of a function that calls itself, be it by others, for a message; None where there is none."""
    ordered = set(_ordered(functions))
    left = {key for key in functions if key not in ordered}
    if not left:
        return None
    seen: set[Key] = set()
    key = min(left)
    while key not in seen:  # each that is left calls one that is left
        seen.add(key)
        key = min(called for called in functions[key] if called in left)
    return shown(key[1])


def written_out(graph: Body, functions: Mapping[Key, Body]) -> Size:
    """What a graph is when the functions that it calls are written out.

    Args:
        graph: What is in the graph.
        functions: What is in each function; none calls itself.
    """
    sizes: dict[Key, Size] = {}
    for key in _ordered(functions):
        sizes[key] = _sum(functions[key], sizes)
    return _sum(graph, sizes)


def _sum(body: Body, sizes: Mapping[Key, Size]) -> Size:
    nodes = calls = depth = 0
    for key, count in body.items():
        inner = sizes.get(key)
        nodes += count * (1 if inner is None else inner.nodes)
        if inner is not None:
            calls += count * (1 + inner.calls)
            depth = max(depth, 1 + inner.depth)
    return Size(min(nodes, MAX_NODES + 1), min(calls, MAX_CALLS + 1), depth)


def _ordered(functions: Mapping[Key, Body]) -> Iterator[Key]:
    """The functions, each behind all that it calls; without those that a circle keeps from it."""
    callers: dict[Key, list[Key]] = {}
    waits: dict[Key, int] = {}
    for key, body in functions.items():
        called = [each for each in body if each in functions]
        waits[key] = len(called)
        for each in called:
            callers.setdefault(each, []).append(key)
    ready = [key for key, count in waits.items() if not count]
    while ready:
        key = ready.pop()
        yield key
        for caller in callers.get(key, ()):
            waits[caller] -= 1
            if not waits[caller]:
                ready.append(caller)
