"""Reads a TorchScript archive: what `forward` takes by the code in it, and the tensors by the pickles in it.

The code under `code/` is the compiled program as text, in a subset of Python that PyTorch prints itself
(torch/csrc/jit/serialization/python_print.cpp): one argument a line, four spaces before each statement.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chartgen.errors import ModelUnsupportedError
from chartgen.inspect import torchcode
from chartgen.inspect.facts import Dimension, Signature
from chartgen.inspect.picklevalues import Entries, Global, Items, Made
from chartgen.inspect.printable import printable
from chartgen.inspect.torcharchive import SCRIPT, check_members
from chartgen.inspect.torchpickle import of_script, unsafe, walk
from chartgen.inspect.torchtensors import Tensor, elements_of, entries_of, tensor_of

if TYPE_CHECKING:
    from chartgen.inspect.picklevalues import Value
    from chartgen.inspect.readable import Readable
    from chartgen.inspect.ziparchive import ZipArchive

_CODE_LIMIT = 8 << 20
_DEPTH = 16
_NEXT_CLASS = "\nclass "
_ARGUMENT = re.compile(r"\s*(\w+): ([^=]+?)(=.*)?", re.DOTALL | re.ASCII)
# A statement of the outermost level: `a = self.a`, `_0 = getattr(self, "0")`.
_ATTRIBUTE = re.compile(r'^    (\w+) = (?:(\w+)\.(\w+)|getattr\((\w+), "(\w+)"\))$', re.MULTILINE | re.ASCII)
_CALL = re.compile(r"\((\w+)\)\.forward\(([\w, ]*)\)", re.ASCII)
# The indices of an embedding, where no layer is called but the operator itself.
_INDICES = re.compile(
    r"torch\.embedding\([\w.]+, (\w+)[,)]|\.functional\.(?:___torch_mangle_\d+\.)?embedding\((\w+),", re.ASCII
)
_MANGLED = re.compile(r"\.___torch_mangle_\d+")

_FLOATS = frozenset({"float16", "bfloat16", "float32", "float64"})
_LAYERS = "__torch__.torch.nn.modules."
_EMBEDDING = "sparse.Embedding"
_EMBEDDINGS = {_EMBEDDING: None, "sparse.EmbeddingBag": None}
# The rank of a batch, where the layer says it.
_RANKS = {"linear.Linear": None, "conv.Conv1d": 3, "conv.Conv2d": 4, "conv.Conv3d": 5} | _EMBEDDINGS


class Program:
    """A TorchScript archive.

    Args:
        file: The file, for messages.
        archive: Its members.
        prefix: The folder that all of them lie in, with `/` at its end.

    Raises:
        ModelUnreadableError: A member is corrupt.
        ModelUnsafeError: A pickle in it would import what PyTorch never writes, or a member has no name that it writes.
        ModelUnsupportedError: It has no `forward`, one that takes other things than tensors, or needs other libraries.
    """

    def __init__(self, file: Readable, archive: ZipArchive, prefix: str) -> None:
        self._file, self._archive, self._prefix = file, archive, prefix
        self._sources: dict[str, str] = {}
        self._room = _CODE_LIMIT
        check_members(file, archive, prefix, SCRIPT)
        for member in ("constants.pkl", "traced_inputs.pkl"):
            if prefix + member in archive.entries:
                self._walk(member)
        self._root = self._walk("data.pkl")
        self._check_code()
        found = self._forward(self._root)
        if found is None:
            raise self._unsupported(
                "the TorchScript module has no method `forward`", "export a module whose `forward` takes the inputs"
            )
        self.arguments = self._tensors(found[0])
        self.result = found[1]
        floats = {tensor.dtype for tensor in self.tensors() if tensor.dtype in _FLOATS}
        self._float = floats.pop() if len(floats) == 1 else "float32"

    def _unsupported(self, message: str, hint: str) -> ModelUnsupportedError:
        return ModelUnsupportedError(message, where=str(self._file.path), hint=hint)

    def _walk(self, member: str) -> Value:
        value, refused = walk(self._archive, self._prefix + member, of_script)
        if refused:
            raise unsafe(self._file, refused, "this TorchScript archive")
        return value

    def _check_code(self) -> None:
        """Refuses code that PyTorch does not write, and operators of files and of libraries that the pod lacks."""
        start = f"{self._prefix}code/"
        for name in self._archive.entries:
            if name.startswith(start) and name.endswith(".py"):
                torchcode.check(self._file, name.removeprefix(self._prefix), self._source(name))

    def _source(self, name: str) -> str:
        if name not in self._sources:
            content = self._archive.text(name, self._room)
            self._room -= len(content)
            try:
                self._sources[name] = str(content, "utf-8")
            except UnicodeDecodeError as error:
                raise self._file.unreadable("the code in the TorchScript archive is not UTF-8") from error
        return self._sources[name]

    def _forward(self, value: Value) -> tuple[str, str, str] | None:
        """The arguments, the result and the body of a module's `forward`, as text."""
        cls = value.maker if isinstance(value, Made) else None
        if cls is None or not cls.module.startswith("__torch__"):
            return None
        name = f"{self._prefix}code/{cls.module.replace('.', '/')}.py"
        if name not in self._archive.entries:
            return None
        _, begin, rest = self._source(name).partition(f"class {cls.name}(Module):\n")
        if not begin:
            return None
        _, begin, rest = f"\n{rest.partition(_NEXT_CLASS)[0]}".partition("\n  def forward(")
        arguments, _, rest = rest.partition(") -> ")
        result, end, rest = rest.partition(":\n")
        return (arguments, result, rest.partition("\n  def ")[0]) if begin and end else None

    def _tensors(self, text: str) -> list[str]:
        """The names of the tensors that `forward` takes.

        Raises:
            ModelUnsupportedError: It takes something else that cannot be left out, or nothing.
        """
        names = []
        for part in text.split(",\n")[1:]:
            found = _ARGUMENT.fullmatch(part)
            if found is None:
                raise self._file.unreadable("the code in the TorchScript archive is not as PyTorch writes it")
            if found[3] is not None:  # it may be left out
                continue
            if found[2] != "Tensor":
                kind = printable(found[2])
                raise self._unsupported(
                    f"`forward` takes `{printable(found[1])}`, which is no tensor but {kind}",
                    "export a module around it whose `forward` takes tensors only",
                )
            names.append(found[1])
        if not names:
            raise self._unsupported(
                "`forward` takes no tensor", "export a module whose `forward` takes the inputs as tensors"
            )
        return names

    def inputs(self) -> tuple[Signature, ...]:
        """The inputs: the ranks and types of a trace's example, and what the first layer makes certain."""
        traced = self._traced()
        return tuple(
            self._input(name, traced[index] if traced else None, _Layer(self, self._root, index))
            for index, name in enumerate(self.arguments)
        )

    def _input(self, name: str, example: Tensor | None, layer: _Layer) -> Signature:
        rank = len(example.shape) if example is not None else layer.rank
        dtype = example.dtype if example is not None else layer.dtype or self._float
        if rank is None:
            return Signature(name, dtype, None)
        sizes: list[Dimension] = [None] * rank
        if layer.axis is not None and -rank <= layer.axis < rank and layer.axis % rank:
            sizes[layer.axis] = layer.size
        return Signature(name, dtype, tuple(sizes))

    def _traced(self) -> list[Tensor] | None:
        """The tensors of the example that a traced module was made with; None without one that fits."""
        if f"{self._prefix}traced_inputs.pkl" not in self._archive.entries:
            return None
        examples = _plain(entries_of(_plain(self._walk("traced_inputs.pkl"))).get("forward"))
        tensors = [tensor_of(_plain(each)) for each in elements_of(examples)]
        found = [tensor for tensor in tensors if tensor is not None]
        return found if len(found) == len(tensors) == len(self.arguments) else None

    def tensors(self) -> list[Tensor]:
        """The tensors of the module and of those in it, as far as they were kept."""
        found: list[Tensor] = []
        seen: set[int] = set()
        waiting = [self._root]
        while waiting and len(seen) < 10_000:  # noqa: PLR2004 - enough to say what a model is made of
            value = waiting.pop()
            if id(value) in seen:
                continue
            seen.add(id(value))
            tensor = tensor_of(value)
            if tensor is not None:
                found.append(tensor)
            elif isinstance(value, Made):
                waiting += value.attributes.values()
            elif isinstance(value, Entries | Items | tuple):
                waiting += [*entries_of(value).values(), *elements_of(value)]
        return found

    def layer_of(self, module: Value, index: int) -> tuple[str, Value] | None:
        """The layer that meets an argument of a module's `forward` first and in any case, with its class.

        Args:
            module: The module.
            index: The number of the argument, without `self`.
        """
        for _ in range(_DEPTH):
            cls = module.maker if isinstance(module, Made) else None
            if cls is None or not isinstance(module, Made):
                return None
            kind = _MANGLED.sub("", str(cls))
            if kind.startswith(_LAYERS) and kind.removeprefix(_LAYERS) in _RANKS:
                return (kind.removeprefix(_LAYERS), module) if index == 0 else None
            found = self._forward(module)
            following = _following(found[0], found[2], index) if found else None
            if following is None:
                return None
            if not following[0]:
                return _EMBEDDING, None
            module, index = module.attributes.get(following[0]), following[1]
        return None


class _Layer:
    """What the layer that meets an input first makes certain of it.

    Args:
        program: The program.
        root: Its outermost module.
        index: The number of the input.

    Attributes:
        dtype: The element type, or None.
        rank: The number of dimensions, the batch included, or None.
        axis: The dimension whose size is certain, or None.
        size: That size.
    """

    def __init__(self, program: Program, root: Value, index: int) -> None:
        self.dtype: str | None = None
        self.rank: int | None = None
        self.axis: int | None = None
        self.size: int | None = None
        found = program.layer_of(root, index)
        if found and found[0] in _EMBEDDINGS:
            self.dtype = "int64"
            return
        weight = tensor_of(found[1].attributes.get("weight")) if found and isinstance(found[1], Made) else None
        if found is None or weight is None:
            return
        self.dtype = weight.dtype
        self.rank = _RANKS.get(found[0])
        if found[0] == "linear.Linear" and len(weight.shape) == 2:  # noqa: PLR2004 - what goes out, what goes in
            self.axis, self.size = -1, weight.shape[1]


def _following(arguments: str, body: str, index: int) -> tuple[str, int] | None:
    """The attribute whose `forward` an argument is handed to, and as which argument; None where that is not certain.

    The attribute is empty where the argument is looked up in an embedding right there.
    """
    parts = arguments.split(",\n")[1:]
    found = _ARGUMENT.fullmatch(parts[index]) if index < len(parts) else None
    if found is None:
        return None
    own = arguments.partition(":")[0]
    attributes = {
        name: plain or quoted
        for name, of, plain, of_quoted, quoted in _ATTRIBUTE.findall(body)
        if own in (of, of_quoted)
    }
    for line in body.split("\n"):
        if not line.startswith("    ") or line.startswith("     "):
            continue
        if line.startswith(f"    {found[1]} = "):  # from here on it is another value
            return None
        if any(found[1] in names for names in _INDICES.findall(line)):
            return "", 0
        for name, given in _CALL.findall(line):
            places = [each.strip() for each in given.split(",")]
            if name in attributes and found[1] in places:
                return attributes[name], places.index(found[1])
    return None


def _plain(value: Value) -> Value:
    """What a value is that is wrapped in a note of its type."""
    if isinstance(value, Made) and value.maker == Global("torch.jit._pickle", "restore_type_tag"):
        return value.arguments[0] if isinstance(value.arguments, tuple) and value.arguments else None
    return value
