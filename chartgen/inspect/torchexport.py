"""Reads a torch.export archive (.pt2): what goes in and out, by the program in `models/model.json`.

The layout is that of torch 2.8 and newer (torch/csrc/export/pt2_archive_constants.h); the schema of the program is
torch/_export/serde/schema.py. Loading such a file evaluates texts in it as Python, so all of them are checked first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chartgen.errors import ModelUnsupportedError
from chartgen.inspect import jsontext, torchsizes
from chartgen.inspect.facts import Dimension, Signature
from chartgen.inspect.printable import printable
from chartgen.inspect.torcharchive import EXPORT, PICKLE, PICKLED, WEIGHTS, check_members, prefix_of
from chartgen.inspect.torchpickle import of_example, walk
from chartgen.inspect.torchpickle import unsafe as unsafe_pickle
from chartgen.inspect.torchtensors import ITEM_SIZES, reached
from chartgen.inspect.torchtexts import MAPPINGS, check, is_quotable, unsafe
from chartgen.inspect.ziparchive import ZipArchive

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chartgen.errors import ModelUnreadableError
    from chartgen.inspect.readable import Readable

_MODEL = "models/model.json"
_DOCUMENT_LIMIT = 6 << 20
_SCHEMA = 8

# torch/_export/serde/schema.py: ScalarType.
DTYPES = {
    1: "uint8",
    2: "int8",
    3: "int16",
    4: "int32",
    5: "int64",
    6: "float16",
    7: "float32",
    8: "float64",
    9: "complex32",
    10: "complex64",
    11: "complex128",
    12: "bool",
    13: "bfloat16",
    28: "uint16",
    29: "float8e4m3fn",
    30: "float8e5m2",
    31: "float8e4m3fnuz",
    32: "float8e5m2fnuz",
    33: "float8e8m0fnu",
    34: "uint32",
    35: "uint64",
}


class Program:
    """A torch.export archive that is safe to load.

    Args:
        file: The file, for messages.
        archive: Its members.
        prefix: The folder that all of them lie in, with `/` at its end.

    Attributes:
        version: The version of torch that wrote it; None where it does not say.
        inputs: What goes in.
        outputs: What comes out, as far as it is tensors.

    Raises:
        ModelUnreadableError: A member is corrupt.
        ModelUnsafeError: Loading it could run what is no model.
        ModelUnsupportedError: The pod could not load it, or it takes other things than tensors.
    """

    def __init__(self, file: Readable, archive: ZipArchive, prefix: str) -> None:
        self._file, self._archive, self._prefix = file, archive, prefix
        self._check_members()
        self._check_payload("data/weights/model_weights_config.json")
        self._check_payload("data/constants/model_constants_config.json")
        for member in PICKLED:
            self._check_pickled(member)
        document = self._document(_MODEL)
        self._check_schema(document)
        version = document.get("torch_version")
        self.version = version if isinstance(version, str) and version != "<=2.7" else None
        self._check(document)
        try:
            graph = document["graph_module"]
            self._values: dict[str, Any] = graph["graph"]["tensor_values"]
            self._sizes: dict[str, str] = {}
            self.inputs = tuple(self._inputs(graph["signature"]["input_specs"]))
            self.outputs = tuple(self._outputs(graph["signature"]["output_specs"], graph["module_call_graph"]))
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise self._corrupt("lacks what PyTorch writes of inputs and outputs") from error

    def _corrupt(self, message: str) -> ModelUnreadableError:
        return self._file.unreadable(f"the program of the torch.export archive {message}")

    def _unsupported(self, message: str, hint: str) -> ModelUnsupportedError:
        return ModelUnsupportedError(message, where=str(self._file.path), hint=hint)

    def _too_large(self, message: str) -> ModelUnsupportedError:
        return self._unsupported(message, "export the model to ONNX or TorchScript")

    # What lies in the archive.

    def _check_members(self) -> None:
        for name in self._archive.entries:
            inner = name.removeprefix(self._prefix)
            if inner.startswith("data/aotinductor/"):
                raise unsafe(
                    self._file, "it holds a compiled library (AOTInductor), not only a program of torch.export"
                )
            if inner.startswith("models/") and inner != _MODEL:
                raise self._unsupported(
                    "the archive holds several programs", "write one to a file, by torch.export.save"
                )
        check_members(self._file, self._archive, self._prefix, EXPORT)
        if self._prefix + _MODEL not in self._archive.entries:
            raise self._file.unreadable(f"the torch.export archive lacks {_MODEL}")

    def _document(self, member: str) -> Any:
        name = self._prefix + member
        if name in self._archive.entries and self._archive.entries[name].size > _DOCUMENT_LIMIT:
            size = self._archive.entries[name].size
            raise self._too_large(f"{member} in the archive has {size} bytes; chartgen reads up to {_DOCUMENT_LIMIT}")
        try:
            return jsontext.parse(self._archive.text(name, _DOCUMENT_LIMIT)) if name in self._archive.entries else {}
        except jsontext.TooManyPartsError as error:
            raise self._too_large(f"{member} in the archive has more parts than chartgen reads") from error
        except ValueError as error:
            raise self._file.unreadable(f"{member} in the torch.export archive is no JSON") from error

    def _check_payload(self, member: str) -> None:
        """Refuses tensors and objects that torch would unpickle without bounds, and tensors beyond their bytes."""
        document = self._document(member)
        config = document.get("config", {}) if isinstance(document, dict) else None
        if not isinstance(config, dict):
            raise self._file.unreadable(f"{member} in the torch.export archive is not as PyTorch writes it")
        for entry in config.values():
            path = entry.get("path_name") if isinstance(entry, dict) else None
            if not isinstance(path, str) or not isinstance(entry, dict):
                raise self._file.unreadable(f"{member} in the torch.export archive is not as PyTorch writes it")
            if entry.get("use_pickle") is not False or not path.startswith(("weight_", "tensor_")):
                raise unsafe(self._file, f"{printable(path)} in it is a pickled object, and not a plain tensor")
            self._check_reach(member, path, entry.get("tensor_meta"))

    def _check_reach(self, member: str, path: str, meta: Any) -> None:
        """Refuses a tensor that reaches beyond the bytes of its member."""
        entry = self._archive.entries.get(f"{self._prefix}{member.rpartition('/')[0]}/{path}")
        try:
            sizes, strides = ([each["as_int"] for each in meta[key]] for key in ("sizes", "strides"))
            count = reached(meta["storage_offset"]["as_int"], sizes, strides)
            item = ITEM_SIZES[DTYPES[meta["dtype"]]]
        except (KeyError, TypeError) as error:
            raise self._file.unreadable(f"{member} in the torch.export archive is not as PyTorch writes it") from error
        if count is None or count * item > (entry.size if entry else 0):
            raise self._file.unreadable(
                f"a tensor in the torch.export archive reaches beyond its bytes: {printable(path)}"
            )

    def _check_pickled(self, member: str) -> None:
        """Walks the pickle of an archive within the archive: torch loads it with the program, without bounds.

        The keys in the recorded example get into the code that checks the inputs.
        """
        name = self._prefix + member
        if name not in self._archive.entries or self._archive.entries[name].size == 0:
            return
        inner = ZipArchive(self._archive.open(name))
        prefix = prefix_of(inner)
        if prefix is None or prefix + PICKLE not in inner.entries:
            raise self._file.unreadable(f"{member} in the torch.export archive is not as PyTorch writes it")
        check_members(self._file, inner, prefix, WEIGHTS)
        _, refused = walk(inner, prefix + PICKLE, of_example, is_quotable)
        if refused:
            raise unsafe_pickle(self._file, refused, f"{member} in this torch.export archive")

    # What is evaluated.

    def _check_schema(self, document: Any) -> None:
        version = document.get("schema_version") if isinstance(document, dict) else None
        major = version.get("major") if isinstance(version, dict) else None
        if not isinstance(major, int):
            raise self._corrupt("does not say its version")
        if major != _SCHEMA:
            raise self._unsupported(
                f"the program is of the version {major} of torch.export's format, and the pod's torch loads {_SCHEMA}",
                "export the model with torch 2.13 or an older 2.x",
            )

    def _check(self, document: Any) -> None:
        """Checks every text in the program that could reach Python's evaluation.

        Raises:
            ModelUnsafeError: One is not as PyTorch writes it.
            ModelUnsupportedError: An operator is of a library that the pod does not have.
        """
        check(self._file, document)
        module = document.get("graph_module")
        if isinstance(module, dict) and module.get("treespec_namedtuple_fields"):
            raise self._unsupported(
                "the program takes or gives a named tuple, whose class the pod does not have",
                "export a module that gives a tensor, a tuple or a dict of tensors",
            )

    # What goes in and out.

    def _inputs(self, specs: list[Any]) -> Iterator[Signature]:
        for spec in specs:
            if "user_input" in spec:
                argument = spec["user_input"]["arg"]
                if "as_tensor" not in argument:
                    kind = next(iter(argument), "").removeprefix("as_")
                    raise self._unsupported(
                        f"the program takes an input that is no tensor, but of the kind {printable(kind)}",
                        "export a module around it that takes tensors only",
                    )
                yield self._tensor(argument["as_tensor"]["name"], argument["as_tensor"]["name"])
            elif "constant_input" in spec:
                raise self._unsupported(
                    "the program takes a constant beside its tensors",
                    "export a module around it that takes tensors only",
                )

    def _outputs(self, specs: list[Any], calls: list[Any]) -> Iterator[Signature]:
        found = [spec["user_output"]["arg"] for spec in specs if "user_output" in spec]
        names = _output_names(jsontext.parse(calls[0]["signature"]["out_spec"])[1])
        if len(names) != len(found):
            return
        for name, argument in zip(names, found, strict=True):
            if "as_tensor" in argument:
                yield self._tensor(name, argument["as_tensor"]["name"])
            else:
                yield Signature(name, None, None)

    def _tensor(self, name: str, value: str) -> Signature:
        meta = self._values[value]
        return Signature(name, DTYPES.get(meta["dtype"], "unknown"), tuple(map(self._dimension, meta["sizes"])))

    def _dimension(self, size: dict[str, Any]) -> Dimension:
        if "as_int" in size:
            return int(size["as_int"])
        symbol = torchsizes.symbol_of(size["as_expr"]["expr_str"])
        if symbol is None:
            return None
        # PyTorch calls them s77: the first is the batch, as a rule, and a person reads numbers more easily from 1.
        return self._sizes.setdefault(symbol, f"size_{len(self._sizes)}" if self._sizes else "batch")


def _output_names(tree: dict[str, Any]) -> list[str]:
    """The names of the outputs: the keys of a dict, else their numbers; one alone is `output`."""
    kind, children = tree["type"], tree["children_spec"]
    if kind is None:
        return ["output"]
    if kind in MAPPINGS:
        keys = jsontext.parse(tree["context"])
        return [str(key) for key in keys] if all(child["type"] is None for child in children) else []
    if not all(child["type"] is None for child in children):
        return []
    return ["output"] if len(children) == 1 else [f"output_{index}" for index in range(len(children))]
