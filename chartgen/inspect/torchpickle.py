"""Walks the pickles within a PyTorch archive; nothing is loaded, and no tensor may reach beyond its bytes."""

from __future__ import annotations

import sys
from math import inf
from typing import TYPE_CHECKING

from chartgen.errors import ModelUnsafeError
from chartgen.inspect.picklemachine import PickleMachine
from chartgen.inspect.picklestream import PickleStream
from chartgen.inspect.pickletrace import Trace
from chartgen.inspect.picklevalues import Entries, Global, Made
from chartgen.inspect.printable import SHOWN, listed, printable
from chartgen.inspect.torchcode import CLASSES
from chartgen.inspect.torchtensors import DTYPES, ON_STORAGE, PARAMETERS, REBUILD, STORAGE, STORAGE_SIZES, reached

if TYPE_CHECKING:
    from collections.abc import Callable

    from chartgen.inspect.picklevalues import Value
    from chartgen.inspect.readable import Readable
    from chartgen.inspect.ziparchive import ZipArchive

_CLASSES = "__torch__.torch.classes."
_OPERATIONS_FREE = 1_000_000
_OPERATIONS_LIMIT = 20_000_000
# Of how weights are quantized, as torch/csrc/jit/serialization/pickler.cpp writes it.
_QUANTIZERS = frozenset({"per_tensor_affine", "per_channel_affine", "per_channel_affine_float_qparams"})
# An export with `Dim.DYNAMIC` leaves notes on the tensors of its example (torch/_dynamo/decorators.py).
_WITH_ATTRIBUTES = Global("torch._tensor", "_rebuild_from_type_v2")
_ATTRIBUTES = frozenset({"_specialize_on", "_dynamo_dynamic_indices", "_dynamo_weak_dynamic_indices"})
_ATTRIBUTES |= {
    "_dynamo_static_indices",
    "_dynamo_unbacked_indices",
    "_dynamo_hint_overrides",
    "_dynamo_strict_unbacked_indices",
}
_PERSISTENT = 5
_TRACED = "traced_inputs"
# The opcodes of texts and bytes.
_CONSTANTS = b"STUVXBC\x8c\x8d\x8e\x96"

# What `torch.load(weights_only=True)` may import, as far as weights hold it (torch/_weights_only_unpickler.py of 2.13).
_WEIGHTS = {
    "collections": frozenset({"OrderedDict", "Counter"}),
    "builtins": frozenset({"set", "bytearray", "complex"}),
    "_codecs": frozenset({"encode"}),
    "torch": frozenset(
        {*DTYPES, "QInt8Storage", "QUInt8Storage", "QInt32Storage", "UntypedStorage", "Size", "device", "Tensor"}
        | {"bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64", "bfloat16"}
        | {"complex64", "complex128", "uint16", "uint32", "uint64", "qint8", "quint8", "qint32"}
        | {"per_tensor_affine", "per_channel_affine", "per_tensor_symmetric", "per_channel_symmetric"}
    ),
    "torch._utils": frozenset(
        {*REBUILD, *PARAMETERS, "_rebuild_qtensor", "_rebuild_sparse_tensor", "_rebuild_meta_tensor_no_storage"}
    ),
    "torch.nn.parameter": frozenset({"Parameter", "Buffer"}),
    "torch.storage": frozenset({"UntypedStorage", "TypedStorage"}),
}


class _Machine(PickleMachine):
    """The machine for pickles of PyTorch, which name their tensors' bytes by persistent ids.

    Args:
        stream: The pickle's bytes.
        trace: What is found is noted here.
        where: The file's path, for messages.
        sizes: The sizes of the members that hold tensors' bytes, in bytes, by their keys.
    """

    def __init__(self, stream: PickleStream, trace: Trace, where: str, sizes: Callable[[str], float]) -> None:
        super().__init__(stream, trace, where)
        self._sizes = sizes

    def _dispatch(self) -> dict[int, Callable[[], object]]:
        return super()._dispatch() | {ord("Q"): self._persistent}

    def keep_to(self, passes: Callable[[str], bool]) -> None:
        """Lets no other constant texts pass, and no bytes; must come before the walk."""

        def checked(step: Callable[[], object]) -> Callable[[], None]:
            def run() -> None:
                step()
                text = self._top()
                if not isinstance(text, str) or not passes(text):
                    self._trace.oddities.add(f"holds {printable(text if isinstance(text, str) else 'bytes')} as a name")

            return run

        self._steps |= {code: checked(self._steps[code]) for code in _CONSTANTS if code in self._steps}

    def _reduce(self) -> None:
        arguments = self._pop()
        function = self._pop()
        # A member of an enumeration of the program: its class is called with the value itself, which C++ looks up.
        if isinstance(function, Global) and _of_program(function) and isinstance(arguments, int | float | str):
            arguments = (arguments,)
        if isinstance(function, Global) and function.module == "torch._utils" and function.name in ON_STORAGE:
            self._check_reach(arguments)
        elif function == _WITH_ATTRIBUTES:
            self._check_notes(arguments)
        self._push(self._call(function, arguments))

    def _check_notes(self, arguments: Value) -> None:
        """Refuses a tensor with other attributes than an export leaves on its example."""
        given = arguments if isinstance(arguments, tuple) else ()
        made, kind, inner, state = given if len(given) == 4 else (None,) * 4  # noqa: PLR2004
        plain = isinstance(made, Global) and made.module == "torch._utils" and made.name in REBUILD
        if (
            not plain
            or kind != Global("torch", "Tensor")
            or not isinstance(state, Entries)
            or state.odd
            or state.count != len(state.head)
            or not _ATTRIBUTES.issuperset(state.head)
        ):
            raise self._in.corrupt("a tensor has attributes that no export gives it")
        self._check_reach(inner)

    def _check_reach(self, arguments: Value) -> None:
        """Refuses a tensor that reaches beyond its bytes."""
        given = arguments if isinstance(arguments, tuple) else ()
        storage, offset, sizes, strides = given[:4] if len(given) > 3 else (None,) * 4  # noqa: PLR2004
        if not isinstance(storage, Made) or not isinstance(storage.arguments, tuple):
            return  # nothing that PyTorch makes a tensor of
        held = storage.arguments[_PERSISTENT - 1]
        count = reached(offset, sizes, strides) if isinstance(sizes, tuple) and isinstance(strides, tuple) else None
        if count is None or not isinstance(held, int) or count > held:
            raise self._in.corrupt("a tensor reaches beyond its bytes")

    def _check_state(self, state: Value) -> None:
        target = self._top()
        # What C++ makes of the program's classes may have an attribute `std`; no method of Python's is called on it.
        if not (isinstance(target, Made) and target.maker is not None and _of_program(target.maker)):
            super()._check_state(state)

    def _persistent(self) -> None:
        found = self._pop()
        if not isinstance(found, tuple) or len(found) != _PERSISTENT or found[0] != "storage":
            raise self._in.corrupt("a tensor's bytes are named in an unknown way")
        _, kind, key, _, count = found
        item = STORAGE_SIZES.get(kind.name) if isinstance(kind, Global) else None
        if item is None:
            raise self._in.corrupt("a tensor's elements are of an unknown type")
        if not isinstance(key, str) or not isinstance(count, int) or count * item > self._sizes(key):
            raise self._in.corrupt("the archive lacks bytes of a tensor")
        self._push(Made(STORAGE, found))


def walk(
    archive: ZipArchive, name: str, allowed: Callable[[Global], bool], passes: Callable[[str], bool] | None = None
) -> tuple[Value, list[Global]]:
    """Walks a pickle of a PyTorch archive.

    Args:
        archive: The archive.
        name: The member that holds the pickle; the folder beside it that is called so holds the tensors' bytes.
        allowed: Whether loading may import and call a name.
        passes: Whether it may hold a text; None where texts are data.

    Returns:
        What loading would give, and the names that are not allowed.

    Raises:
        ModelUnreadableError: It is truncated or corrupt.
        ModelUnsafeError: It does what no pickler does.
    """
    file, folder = archive.open(name), name.removesuffix(".pkl")

    def size_of(key: str) -> float:
        entry = archive.entries.get(f"{folder}/{key}")
        # PyTorch writes the example of a trace without its bytes, and reads none of it.
        return inf if folder.endswith(f"/{_TRACED}") else entry.size if entry else 0

    stream = PickleStream(file)
    if stream.compression is not None:
        raise file.unreadable("a pickle within the PyTorch archive is compressed, as PyTorch writes none")
    trace = Trace(min(_OPERATIONS_LIMIT, _OPERATIONS_FREE + file.size))
    machine = _Machine(stream, trace, str(file.path), size_of)
    if passes is not None:
        machine.keep_to(passes)
    value = machine.run()
    if not stream.at_end():
        raise stream.corrupt("something follows its end")
    refused = {found for found in trace.imports | trace.calls if not allowed(found)}
    if not refused and (trace.oddities or trace.arrays):  # the names say more of what the file is
        said = "; it ".join(sorted(trace.oddities)) or "holds an array of joblib"
        raise ModelUnsafeError(
            f"a pickle within the PyTorch archive does what PyTorch never writes: {said}", where=str(file.path)
        )
    return value, sorted(refused, key=str)


def _of_program(found: Global) -> bool:
    """Whether this is a class of the program in a TorchScript archive, or one of torch's own in C++."""
    return found.module == "__torch__" or found.module.startswith("__torch__.")


def of_weights(found: Global) -> bool:
    """Whether a file of weights may import this."""
    return found.name in _WEIGHTS.get(found.module, ())


def of_example(found: Global) -> bool:
    """Whether a pickle within a torch.export archive may import this: nothing that makes other texts of texts."""
    return found == _WITH_ATTRIBUTES or (found.module != "_codecs" and of_weights(found))


def unsafe(file: Readable, refused: list[Global], what: str) -> ModelUnsafeError:
    """The error about names that a pickle would import.

    Args:
        file: The file.
        refused: The names, at least one.
        what: What is loaded, such as `this TorchScript archive`.
    """
    names = [printable(str(found)) for found in refused]
    return ModelUnsafeError(
        f"loading {what} could run any program: it would import {listed(names)}",
        names,
        shortened=len(names) > SHOWN,
        where=str(file.path),
        expected="only the names by which PyTorch writes tensors",
        hint="do not load the file; export the model anew from its source",
    )


def foreign(refused: list[Global]) -> list[Global]:
    """Those of the names that belong to no model: of Python itself, where classes of models never are."""
    return [found for found in refused if found.module.split(".")[0] in {*sys.stdlib_module_names} - {"__main__"}]


def of_script(found: Global) -> bool:
    """Whether a pickle of a TorchScript archive may name this; C++ reads it, and calls nothing of Python's."""
    if str(found).startswith(_CLASSES):
        return str(found).removeprefix(_CLASSES).partition(".")[0] in CLASSES
    if _of_program(found):
        return True
    if found.module == "torch._utils":
        return found.name.startswith("_rebuild_")
    if found.module == "torch":
        return found.name in STORAGE_SIZES or found.name in {"device", "Size", *_QUANTIZERS}
    return found.module == "torch.jit._pickle" or str(found) in {
        "collections.OrderedDict",
        "torch.storage.UntypedStorage",
        "builtins.complex",
    }
