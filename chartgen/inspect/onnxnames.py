"""The names of values in an ONNX graph: each is made once, and what is taken must be made somewhere.

https://onnx.ai/onnx/repo-docs/IR.html, "Names Within a Graph": graphs are in static single assignment form, and the
graphs inside of a node see the names around it.
"""

from __future__ import annotations


class Names:
    """The names in one graph.

    Args:
        around: Those of the graph around this one; None for the main graph.
    """

    def __init__(self, around: Names | None = None) -> None:
        self._around = around
        self._given: set[str] = set()
        self._made: set[str] = set()
        self._taken: dict[str, str] = {}
        self.faults: list[str] = []

    def give(self, name: str) -> None:
        """An input or an initializer: a name may be both, which makes an input with a default."""
        self._given.add(name)

    def make(self, name: str, by: str) -> None:
        """An output of a node; `by` says which."""
        if name in self._made:
            self.faults.append(f"{name!r} is made twice, the second time by {by}")
        self._made.add(name)

    def take(self, name: str, by: str) -> None:
        """An input of a node, or an output of the graph; `by` says which."""
        self._taken.setdefault(name, by)

    def close(self) -> list[str]:
        """Ends the graph; names that it does not make are taken from the graph around it.

        Returns:
            For the main graph, what is wrong with it and with those inside of it; else nothing.
        """
        self.faults += [f"{name!r} is given, and a node makes it as well" for name in sorted(self._given & self._made)]
        known = self._given | self._made
        missing = {name: by for name, by in self._taken.items() if name not in known}
        if self._around is not None:
            for name, by in missing.items():
                self._around.take(name, by)
            self._around.faults += self.faults
            return []
        return [*self.faults, *(f"nothing makes {name!r}, which {by} takes" for name, by in missing.items())]
