"""Follows the arrays that joblib writes between the opcodes of a pickle.

joblib's pickles hold a placeholder for each array; where the placeholder's state is set, the array's raw bytes follow.
Whoever could set a state on a placeholder unseen could hide opcodes in what is taken for data, or the other way round.
So a placeholder may be made and used in joblib's own ways only, and never be part of another value.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, NoReturn

from chartgen.errors import ModelUnsafeError
from chartgen.inspect import picklearrays
from chartgen.inspect.picklecontainers import PickleContainers
from chartgen.inspect.picklehashes import is_plain_number
from chartgen.inspect.picklevalues import RECONSTRUCTOR, Array, ArrayWrapper, Global, Made

if TYPE_CHECKING:
    from collections.abc import Callable

    from chartgen.inspect.picklestream import PickleStream
    from chartgen.inspect.pickletrace import Trace
    from chartgen.inspect.picklevalues import Value

_NEW_OBJECT = 0x81
# MEMOIZE, BINPUT, LONG_BINPUT, PUT and FRAME.
_MEMO_OR_FRAME = (0x94, ord("q"), ord("r"), ord("p"), 0x95)
_OBJECT = Global("builtins", "object")
_SCALAR = "scalar"
_KEPT_SCALARS = 20_000
# What an object, and what is known of an array, take in memory, in bytes.
_MADE, _ARRAY = 96, 240


class ArrayFollower(PickleContainers):
    """The part of the machine that knows joblib's arrays.

    Args:
        stream: The pickle's bytes.
        trace: What is found is noted here.
        where: The file's path, for messages.
        nested: Whether it is the pickle of an array of objects, which lies within another one.
    """

    def __init__(self, stream: PickleStream, trace: Trace, where: str, *, nested: bool) -> None:
        super().__init__(stream)
        self._trace = trace
        self._where = where
        self._nested = nested
        self._steps: dict[int, Callable[[], object]] = {}
        # The placeholder whose state has not been set yet: the stack it lies on, and where.
        self._pending: tuple[ArrayWrapper, list[Value], int] | None = None
        self._following = False
        self._scalars = 0
        self._scalar: Made | None = None

    def _new_made(self, maker: Global | None, arguments: Value) -> Made:
        """What a call gives. Of NumPy's numbers a vocabulary may have one a word: the value of so many is not read."""
        if maker is not None and maker.name == _SCALAR:
            self._scalars += 1
            if self._scalars > _KEPT_SCALARS and is_plain_number(Made(maker, arguments)):
                self._scalar = self._scalar or Made(maker, ())
                return self._scalar
        self._in.charge(_MADE)
        return Made(maker, arguments)

    @abstractmethod
    def run(self) -> Value:
        """Walks to the end of the pickle, and returns its value."""

    def _unsafe(self, message: str) -> ModelUnsafeError:
        said = f"{message}, at byte {self._in.position}; no program that writes models does so"
        return ModelUnsafeError(said, where=self._where)

    def _placeholder(self) -> None:
        """Follows joblib's placeholder from its class to the empty instance, in the two ways that joblib writes it.

        The class may be used in no other way, so that a placeholder never hides in another value.
        """
        if self._pending is not None or self._following:
            raise self._unsafe("it makes joblib's placeholder for an array within another")
        self._following = True
        code = self._past_memo()
        if code == ord(")"):  # cls.__new__(cls), of protocol 2 and above.
            self._push(())
            self._expect(_NEW_OBJECT)
            del self._stack[-2:]
        else:  # copyreg._reconstructor(cls, object, None), of the protocols below.
            self._steps.get(code, self._misused)()
            below = self._marks[-1][-1:] if self._marks else []
            if self._stack != [picklearrays.WRAPPER, _OBJECT] or below != [RECONSTRUCTOR]:
                self._misused()
            self._expect(ord("N"))
            self._push(None)
            self._expect(ord("t"))
            # The tuple holds the class: it may go into the memo, and must not be taken out again.
            self._push(ArrayWrapper())
            self._expect(ord("R"))
            self._pop_mark()
            self._pop()
        self._following = False
        wrapper = ArrayWrapper()
        self._push(wrapper)
        self._pending = (wrapper, self._stack, len(self._stack) - 1)

    def _past_memo(self) -> int:
        """The next opcode that neither stores the value on top in the memo nor begins a frame."""
        code = self._in.opcode()
        while code in _MEMO_OR_FRAME:
            self._steps[code]()
            code = self._in.opcode()
        return code

    def _expect(self, opcode: int) -> None:
        if self._past_memo() != opcode:
            self._misused()

    def _misused(self) -> NoReturn:
        raise self._unsafe("it uses joblib's placeholder for an array in another way than joblib")

    def _check_pending(self) -> None:
        """joblib's placeholder must still lie where it was made, so that no value that is built can be it."""
        if self._pending is None:
            return
        wrapper, stack, index = self._pending
        alive = stack is self._stack or any(stack is mark for mark in self._marks)
        if not alive or len(stack) <= index or stack[index] is not wrapper:
            raise self._unsafe("it hides joblib's placeholder for an array")

    def _read_array(self, wrapper: ArrayWrapper) -> Array:
        """Passes over an array that joblib wrote between the opcodes."""
        self._trace.arrays += 1
        self._in.leave_frame()
        self._in.charge(_ARRAY)
        layout = picklearrays.layout(wrapper)
        if layout is None:
            raise self._in.corrupt("an array is described in a way that joblib does not write")
        if layout.objects:
            inner = type(self)(self._in, self._trace, self._where, nested=True).run()
            self._in.leave_frame()
            if not picklearrays.is_array(inner):
                raise self._unsafe("it has something else in the place of an array")
            return picklearrays.from_value(inner) or Array(layout.shape, "O")
        if layout.aligned:
            self._in.skip(self._in.number(1))
        if layout.size <= picklearrays.KEPT_BYTES:
            self._in.charge(layout.size)
            return Array(layout.shape, layout.dtype, layout.order, self._in.take(layout.size))
        self._in.skip(layout.size)
        return Array(layout.shape, layout.dtype, layout.order)


def is_wrapper_class(value: Value) -> bool:
    """Whether a value is the class of joblib's placeholder."""
    return isinstance(value, Global) and value.name == picklearrays.WRAPPER.name and value == picklearrays.WRAPPER
