"""Walks the pickles within a PyTorch archive; tensors are taken down by their type and shape, and nothing is loaded.

A tensor is a call of `torch._utils._rebuild_tensor_v2` on a persistent id, which names the member with its bytes
(torch/serialization.py, torch/csrc/jit/serialization/pickler.cpp).
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chartgen.errors import ModelUnsafeError
from chartgen.inspect.picklemachine import PickleMachine
from chartgen.inspect.picklestream import PickleStream
from chartgen.inspect.pickletrace import Trace
from chartgen.inspect.picklevalues import Entries, Global, Items, Made
from chartgen.inspect.printable import SHOWN, listed, printable
from chartgen.inspect.torchcode import CLASSES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chartgen.inspect.picklevalues import Value
    from chartgen.inspect.readable import Readable

_CLASSES = "__torch__.torch.classes."
_STORAGE = Global("torch", "a storage")
_REBUILD = frozenset({"_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3"})
_PARAMETERS = frozenset({"_rebuild_parameter", "_rebuild_parameter_with_state"})
_OPERATIONS_FREE = 1_000_000
_OPERATIONS_LIMIT = 20_000_000
_DIMENSIONS = 64
_PERSISTENT = 5
# The opcodes of texts and bytes.
_CONSTANTS = b"STUVXBC\x8c\x8d\x8e\x96"
_VISITED = 1000

# The types by the class of their storage.
DTYPES = {
    "ByteStorage": "uint8",
    "CharStorage": "int8",
    "ShortStorage": "int16",
    "IntStorage": "int32",
    "LongStorage": "int64",
    "HalfStorage": "float16",
    "FloatStorage": "float32",
    "DoubleStorage": "float64",
    "BoolStorage": "bool",
    "BFloat16Storage": "bfloat16",
    "ComplexFloatStorage": "complex64",
    "ComplexDoubleStorage": "complex128",
}

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
        {*_REBUILD, *_PARAMETERS, "_rebuild_qtensor", "_rebuild_sparse_tensor", "_rebuild_meta_tensor_no_storage"}
    ),
    "torch.nn.parameter": frozenset({"Parameter", "Buffer"}),
    "torch.storage": frozenset({"UntypedStorage", "TypedStorage"}),
}


@dataclass(frozen=True)
class Tensor:
    """A tensor that a pickle holds.

    Attributes:
        dtype: Its element type by NumPy's name; None where it is of none that is known.
        shape: Its shape.
    """

    dtype: str | None
    shape: tuple[int, ...]


class _Machine(PickleMachine):
    """The machine for pickles of PyTorch, which name their tensors' bytes by persistent ids."""

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
        self._push(self._call(function, arguments))

    def _check_state(self, state: Value) -> None:
        target = self._top()
        # What C++ makes of the program's classes may have an attribute `std`; no method of Python's is called on it.
        if not (isinstance(target, Made) and target.maker is not None and _of_program(target.maker)):
            super()._check_state(state)

    def _persistent(self) -> None:
        found = self._pop()
        if not isinstance(found, tuple) or len(found) != _PERSISTENT or found[0] != "storage":
            raise self._in.corrupt("a tensor's bytes are named in an unknown way")
        self._push(Made(_STORAGE, found))


def walk(
    file: Readable, allowed: Callable[[Global], bool], passes: Callable[[str], bool] | None = None
) -> tuple[Value, list[Global]]:
    """Walks a pickle of a PyTorch archive.

    Args:
        file: The member that holds it.
        allowed: Whether loading may import and call a name.
        passes: Whether it may hold a text; None where texts are data.

    Returns:
        What loading would give, and the names that are not allowed.

    Raises:
        ModelUnreadableError: It is truncated or corrupt.
        ModelUnsafeError: It does what no pickler does.
    """
    stream = PickleStream(file)
    if stream.compression is not None:
        raise file.unreadable("a pickle within the PyTorch archive is compressed, as PyTorch writes none")
    trace = Trace(min(_OPERATIONS_LIMIT, _OPERATIONS_FREE + file.size))
    machine = _Machine(stream, trace, str(file.path))
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
    return found.module != "_codecs" and of_weights(found)


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


def tensor_of(value: Value) -> Tensor | None:
    """The tensor, or the parameter around one, that a value is; None for anything else."""
    if not isinstance(value, Made) or value.maker is None or value.maker.module != "torch._utils":
        return None
    given = value.arguments if isinstance(value.arguments, tuple) else ()
    if value.maker.name in _PARAMETERS and given:
        return tensor_of(given[0])
    if value.maker.name not in _REBUILD or len(given) < 3:  # noqa: PLR2004 - storage, offset, shape
        return None
    storage, shape = given[0], given[2]
    if not isinstance(storage, Made) or storage.maker != _STORAGE or not isinstance(storage.arguments, tuple):
        return None
    kind = storage.arguments[1]
    sizes = tuple(size for size in shape if isinstance(size, int)) if isinstance(shape, tuple) else None
    if sizes is None or len(sizes) != len(shape if isinstance(shape, tuple) else ()) or len(sizes) > _DIMENSIONS:
        return None
    return Tensor(DTYPES.get(kind.name) if isinstance(kind, Global) else None, sizes)


def entries_of(value: Value) -> dict[str, Value]:
    """The entries of a dictionary, or of a mapping such as an OrderedDict, as far as they were kept."""
    if isinstance(value, Entries):
        return value.head
    if isinstance(value, Made) and value.entries is not None:
        return value.entries.head
    return {}


def tensors_in(value: Value) -> Iterator[tuple[str, Tensor]]:
    """The tensors in nested dictionaries, each with its name, as far as they were kept."""
    seen: set[int] = set()
    waiting = [value]
    while waiting and len(seen) < _VISITED:
        inner = waiting.pop()
        if id(inner) in seen:
            continue
        seen.add(id(inner))
        for name, each in entries_of(inner).items():
            tensor = tensor_of(each)
            if tensor is not None:
                yield name, tensor
            else:
                waiting.append(each)


def weights_keys(value: Value) -> list[str]:
    """The keys of a training checkpoint under which weights lie, those of an optimizer last; none of anything else.

    Args:
        value: What loading would give; weights themselves have tensors at their first level.
    """
    entries = entries_of(value)
    if any(tensor_of(each) is not None for each in entries.values()):
        return []
    found = [
        key for key, each in entries.items() if any(tensor_of(one) is not None for one in entries_of(each).values())
    ]
    return sorted(found, key=lambda key: ("optim" in key, "model" not in key and "state_dict" not in key))


def elements_of(value: Value) -> list[Value]:
    """The elements of a list or tuple, as far as they were kept."""
    if isinstance(value, Items):
        return list(value.head)
    return list(value) if isinstance(value, tuple) else []


def of_script(found: Global) -> bool:
    """Whether a pickle of a TorchScript archive may name this; C++ reads it, and calls nothing of Python's."""
    if str(found).startswith(_CLASSES):
        return str(found).removeprefix(_CLASSES).partition(".")[0] in CLASSES
    if _of_program(found):
        return True
    if found.module == "torch._utils":
        return found.name.startswith("_rebuild_")
    if found.module == "torch":
        return found.name.endswith("Storage") or found.name in {"device", "Size", "per_tensor_affine"}
    return found.module == "torch.jit._pickle" or str(found) in {
        "collections.OrderedDict",
        "torch.storage.UntypedStorage",
    }
