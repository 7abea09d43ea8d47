"""What a pickle imports: the names are noted and judged, and what comes from outside of the file is refused."""

from __future__ import annotations

from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from typing import TYPE_CHECKING

from chartgen.errors import ModelUnsupportedError
from chartgen.inspect import picklecalls
from chartgen.inspect.allowlist import is_made_empty
from chartgen.inspect.picklefollower import ArrayFollower, is_wrapper_class
from chartgen.inspect.picklevalues import ArrayWrapper, Global

if TYPE_CHECKING:
    from collections.abc import Callable

    from chartgen.inspect.picklevalues import Value

_NEWEST_PROTOCOL = 5
# Modules of Python 2 are renamed, and dotted names not followed, below these protocols.
_RENAMED_BELOW = 3
_KEPT_NAMES = 10_000


class PickleImports(ArrayFollower):
    """The containers and arrays of one pickle, and the opcodes that name what is not in it."""

    _protocol = 0

    # Copies of a value.

    def _duplicate(self) -> None:
        value = self._top()
        if isinstance(value, ArrayWrapper) or is_wrapper_class(value):
            raise self._unsafe("it copies joblib's placeholder for an array")
        super()._duplicate()

    def _get(self, index: int) -> Value:
        value = super()._get(index)
        if isinstance(value, ArrayWrapper):
            raise self._unsafe("it takes joblib's placeholder for an array a second time")
        if is_wrapper_class(value):
            self._placeholder()
        return value

    # Imports.

    def _import(self, module: Value, name: Value) -> None:
        """Notes an import, and pushes what it gives."""
        if not isinstance(module, str) or not isinstance(name, str):
            raise self._unsafe("it imports a name that is computed while loading")
        if self._protocol < _RENAMED_BELOW:
            module, name = NAME_MAPPING.get((module, name), (IMPORT_MAPPING.get(module, module), name))
        found = Global(module, name)
        if found not in self._trace.imports:
            if len(self._trace.imports) >= _KEPT_NAMES:
                raise self._in.corrupt("it imports more names than any model")
            self._trace.imports.add(found)
        self._guarded = self._guarded or is_made_empty(found) or found == picklecalls.PARTIAL
        if found.module == "joblib.numpy_pickle_compat" or found.name in ("NDArrayWrapper", "ZNDArrayWrapper"):
            raise ModelUnsupportedError(
                "the file was written by joblib older than 0.10, which keeps the arrays in other files",
                where=self._where,
                hint="load it and write it again with a newer joblib",
            )
        self._push(found)
        if is_wrapper_class(found):
            self._placeholder()

    def _global(self) -> None:
        module = self._in.name()
        self._import(module, self._in.name())

    def _stack_global(self) -> None:
        name, module = self._pop(), self._pop()
        self._import(module, name)

    def _refuse_extension(self) -> None:
        raise self._unsafe("it imports by a number of copyreg's extension registry")

    def _refuse_persistent(self) -> None:
        raise ModelUnsupportedError(
            "the pickle refers to objects outside of itself (persistent ids), as parts of a PyTorch file do",
            where=self._where,
        )

    def _refuse_buffer(self) -> None:
        raise ModelUnsupportedError(
            "the pickle keeps its data in buffers outside of itself",
            where=self._where,
            hint="write it again without `buffer_callback`",
        )

    def _set_protocol(self) -> None:
        self._protocol = self._in.number(1)
        if self._protocol > _NEWEST_PROTOCOL:
            raise self._in.corrupt(f"there is no protocol {self._protocol}")
        self._trace.protocol = max(self._trace.protocol, self._protocol)

    # The table.

    def import_steps(self) -> dict[int, Callable[[], object]]:
        """What each opcode does that imports, or refers to what is outside of the file."""
        return {
            0x80: self._set_protocol,
            ord("c"): self._global,
            0x93: self._stack_global,
            0x82: self._refuse_extension,
            0x83: self._refuse_extension,
            0x84: self._refuse_extension,
            ord("P"): self._refuse_persistent,
            ord("Q"): self._refuse_persistent,
            0x97: self._refuse_buffer,
            0x98: self._refuse_buffer,
        }
