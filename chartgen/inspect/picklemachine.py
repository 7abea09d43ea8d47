"""Walks a pickle on a stack of symbolic values, as an unpickler would, but imports nothing and calls nothing.

What loading would import and call is noted in a `Trace`. The walk must never read other opcodes than the pod's
unpickler, or a name could be hidden from it; wherever the two could part, the file is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chartgen.inspect import boosterhandle, picklearrays, picklecalls, picklecosts, pickleelements, textfiles
from chartgen.inspect.allowlist import is_made_empty
from chartgen.inspect.boosters import lightgbm_format, xgboost_version
from chartgen.inspect.picklefollower import is_wrapper_class
from chartgen.inspect.picklefunctions import called_by, called_later
from chartgen.inspect.picklehashes import cost_of, cost_of_copy
from chartgen.inspect.pickleimports import PickleImports
from chartgen.inspect.picklevalues import RECONSTRUCTOR, ArrayWrapper, Entries, Global, Made, Opaque
from chartgen.inspect.pickleweights import size_of_all

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from chartgen.inspect.picklestream import PickleStream
    from chartgen.inspect.pickletrace import Trace
    from chartgen.inspect.picklevalues import Value

_KEPT_VERSIONS = 16
# With what `copyreg._reconstructor` makes an object of a class: by the plain `object`, without a state.
_PLAINLY = (Global("builtins", "object"), None)

STOP = ord(".")


def _makes_plainly(values: Sequence[Value]) -> bool:
    """Whether it is what `copyreg._reconstructor` makes an object of a class from."""
    return len(values) == 1 + len(_PLAINLY) and values[2] is None and values[1] == _PLAINLY[0]


class PickleMachine(PickleImports):
    """Walks one pickle.

    Args:
        stream: Its bytes.
        trace: What is found is noted here.
        where: The file's path, for messages.
        nested: Whether it is the pickle of an array of objects, which lies within another one.
    """

    def __init__(self, stream: PickleStream, trace: Trace, where: str, *, nested: bool = False) -> None:
        super().__init__(stream, trace, where, nested=nested)
        self._called = Global("", "")
        self._steps = self._dispatch()

    def run(self) -> Value:
        """Walks to the end of the pickle.

        Returns:
            The value that loading would give.

        Raises:
            ModelUnreadableError: It is truncated or corrupt.
            ModelUnsafeError: It does what no pickler writes, such as importing a name that is computed.
            ModelUnsupportedError: It needs what the pod does not have, such as a table of persistent objects.
        """
        trace, steps, opcode = self._trace, self._steps, self._in.opcode
        while True:
            code = opcode()
            trace.operations -= 1
            if trace.operations < 0:
                raise self._in.corrupt("it has more opcodes than any model of its size")
            if code == STOP:
                break
            step = steps.get(code)
            if step is None:
                raise self._in.corrupt(f"there is no opcode {code:#04x}")
            step()
        if self._pending is not None:
            raise self._unsafe("it makes joblib's placeholder for an array without an array")
        return self._pop()

    # Classes that are made without arguments: what keeps one could call it later, with some.

    def _check_kept(self, values: Sequence[Value]) -> None:
        for value in values:
            cls = value[0] if isinstance(value, tuple) and _makes_plainly(value) else value
            picklecalls.check_kept(cls, self._trace)

    def _check_tuple(self, values: Sequence[Value]) -> None:
        if not _makes_plainly(values):  # Such a tuple is looked at in its turn where something keeps it.
            self._check_kept(values)

    def _check_entries(self, target: Made, values: Sequence[Value]) -> None:
        if picklecalls.has_attributes(target, self._trace.oddities):
            self._trace.functions.update(called_by(target, zip(values[::2], values[1::2], strict=True)))

    def _note_change(self) -> None:
        self._trace.oddities.add("a dictionary is changed that was a state already")

    # Calls.

    def _call(self, function: Value, arguments: Value) -> Made:
        # The same call again, without arguments, has nothing new to it.
        if function is self._called and arguments == () and not self._trace.unfinished:
            return self._new_made(self._called, ())
        if isinstance(function, Global):
            if is_wrapper_class(function):
                raise self._unsafe("it calls joblib's placeholder for an array")
            self._trace.calls.add(function)
            given = picklearrays.check_call(function, arguments, self._trace)
            self._trace.calls |= picklecalls.called(function, arguments, given, self._trace)
            picklecalls.check_arguments(function, arguments, self._trace.oddities)
            self._check_made_empty(function, arguments, given)
            if arguments:
                self._in.copy(size_of_all(arguments) + picklecosts.size_said(function, arguments))
                self._in.collide(cost_of(function, arguments))
                self._check_array(function, arguments)
            if arguments == () and function != pickleelements.DTYPE:
                self._called = function
            made = self._new_made(function, arguments)
            if function == RECONSTRUCTOR:
                self._check_reconstructed(made)
            return made
        self._trace.oddities.add("a call of something that is made while loading")
        return self._new_made(None, arguments)

    def _check_made_empty(self, function: Global, arguments: Value, given: Collection[Global]) -> None:
        """What is harmless only where it is made without arguments may be handed to nothing that could give it some."""
        for one in (function, *given):
            as_pickled = (
                arguments == () if one is function else function == RECONSTRUCTOR and arguments == (one, *_PLAINLY)
            )
            if not as_pickled and is_made_empty(one):
                self._trace.oddities.add(f"{one} is made with arguments")

    def _check_reconstructed(self, made: Made) -> None:
        """Looks at the entries that protocols below 2 give a dictionary of some class as an argument."""
        entries = picklecalls.given_entries(made.arguments, self._trace.oddities)
        if entries is not None:
            made.entries = entries
            self._check_entries(made, [one for entry in entries.head.items() for one in entry])

    def _reduce(self) -> None:
        arguments = self._pop()
        self._push(self._call(self._pop(), arguments))

    def _new_object(self) -> None:
        arguments = self._pop()
        made = self._call(self._pop(), arguments)
        made.cls = made.maker
        self._push(made)

    def _new_object_with_keywords(self) -> None:
        # No class on the list is pickled so.
        self._trace.oddities.add("an object is made with keywords")
        self._pop()
        self._new_object()

    def _instance(self) -> None:
        self._global()
        cls = self._pop()
        self._push(self._call(cls, self._pop_tuple()))

    def _object(self) -> None:
        items = self._pop_mark()
        if not items:
            raise self._in.corrupt("it makes an object of no class")
        self._push(self._call(items[0], self.as_tuple(items[1:])))

    def _build(self) -> None:
        state = self._pop()
        target = self._top()
        if self._pending is not None:
            self._check_pending()
        if state is not None:
            self._look_at(target, state)
        if isinstance(target, ArrayWrapper):
            self._pending = None
            target.state = state
            self._stack[-1] = Opaque("array") if self._nested else self._read_array(target)
        elif isinstance(target, Made):
            self._set_state(target, state)
        else:
            self._trace.oddities.add("the state of something is set that the file did not make")

    def _set_state(self, target: Made, state: Value) -> None:
        self._check_array(target.maker, state)
        again, is_dtype = target.has_state, pickleelements.is_dtype(target)
        if again:  # The file is refused for it, and may do so millions of times.
            self._trace.oddities.add("the state of one object is set twice")
            return
        picklearrays.check_state(target, state, self._trace)
        if state is not None and not is_dtype:  # a field may have any name
            self._check_attributes(target, state)
        target.state, target.has_state = state, True
        if is_dtype:
            pickleelements.finish(target, self._trace.oddities)
            self._in.copy(target.element.size if target.element else 0)
        else:
            if wrong := boosterhandle.contradiction(target, self._in.size):
                self._trace.oddities.add(wrong)
            self._note_version(target)

    def _check_array(self, maker: Global | None, values: Value) -> None:
        if maker is not None and maker.module.startswith("numpy"):
            wrong = picklearrays.contradiction(maker, values)
            if wrong:
                raise self._in.corrupt(wrong)

    def _check_attributes(self, target: Made, state: Value) -> None:
        picklecalls.check_state(target, state, self._trace)
        self._trace.functions.update(called_later(target, state))
        if said := textfiles.opener(target, state):
            self._trace.openers.add(said)

    def _look_at(self, target: Value, state: Value) -> None:
        """Looks at a state that is about to be set, whatever it is set on."""
        self._in.copy(size_of_all(state))
        self._in.collide(cost_of_copy(state))
        if isinstance(target, Made) and pickleelements.is_dtype(target):
            return
        if self._guarded:
            self._check_kept((state,))
        self._check_state(state)

    def _check_state(self, state: Value) -> None:
        for part in state if isinstance(state, tuple) else (state,):
            entries = part.entries if isinstance(part, Made) else part
            if not isinstance(entries, Entries):
                continue
            entries.used = True
            if entries.hook is not None or entries.odd:
                what = f"the attribute `{entries.hook}`" if entries.hook else "an attribute whose name is computed"
                self._trace.oddities.add(f"{what} is set")

    def _note_version(self, made: Made) -> None:
        trace, attributes = self._trace, made.attributes
        if not isinstance(attributes.get("_sklearn_version", ""), str):
            trace.oddities.add("the version of scikit-learn is no text")  # It would be written to the log as one.
        for version, kept in (
            (attributes.get("_sklearn_version"), trace.sklearn_versions),
            (xgboost_version(made), trace.xgboost_versions),
            (lightgbm_format(made), trace.lightgbm_formats),
        ):
            if isinstance(version, str) and len(kept) < _KEPT_VERSIONS:
                kept[version] = None

    # The table.

    def _dispatch(self) -> dict[int, Callable[[], object]]:
        """What each opcode does."""
        return {
            **self.value_steps(),
            **self.import_steps(),
            ord("i"): self._instance,
            ord("o"): self._object,
            ord("R"): self._reduce,
            0x81: self._new_object,
            0x92: self._new_object_with_keywords,
            ord("b"): self._build,
        }
