"""Reads an ONNX file: the versions it needs, its inputs and outputs. Weights are counted, never looked at.

The numbers are those of the fields in onnx.proto; fields that say nothing of interest are skipped unread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chartgen.errors import ModelUnsupportedError
from chartgen.inspect.facts import Library, ModelFacts, Signature
from chartgen.inspect.onnxfunctions import MAX_CALLS, MAX_DEPTH, MAX_NODES, circle, written_out
from chartgen.inspect.onnxgraph import Graph, GraphReader
from chartgen.inspect.protobuf import LENGTH, VARINT, Field, Reader, WireError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from chartgen.inspect.modelfile import ModelFile
    from chartgen.inspect.onnxnames import Faults

DEFAULT_DOMAIN = "ai.onnx"

# ModelProto: the kind of each field by its number.
_MODEL_FIELDS = {
    1: VARINT,  # ir_version
    2: LENGTH,  # producer_name
    3: LENGTH,  # producer_version
    4: LENGTH,  # domain
    5: VARINT,  # model_version
    6: LENGTH,  # doc_string
    7: LENGTH,  # graph
    8: LENGTH,  # opset_import
    14: LENGTH,  # metadata_props
    20: LENGTH,  # training_info
    25: LENGTH,  # functions
    26: LENGTH,  # configuration
}
_IR_VERSION, _PRODUCER, _PRODUCER_VERSION, _DOMAIN, _MODEL_VERSION = 1, 2, 3, 4, 5
_GRAPH, _OPSET, _METADATA, _TRAINING, _FUNCTION = 7, 8, 14, 20, 25
_SINGLE = {_IR_VERSION, _PRODUCER, _PRODUCER_VERSION, _DOMAIN, _MODEL_VERSION, 6}
_OPSET_DOMAIN, _OPSET_VERSION = 1, 2
_ENTRY_KEY, _ENTRY_VALUE = 1, 2

# The domains of operators that ONNX and onnxruntime bring along; any other must come with the file, as functions.
_BUILT_IN_DOMAINS = {
    *("", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview", "ai.onnx.preview.training"),
    "com.microsoft",
    *("com.microsoft.nchwc", "com.ms.internal.nhwc"),  # what onnxruntime has optimised and saved
}

_TEXT_LIMIT = 4096
# What one of the fields of the model takes in memory.
_ROOM = 200
_METADATA_LIMIT = 1 << 20
_FILES_SHOWN = 5
_METADATA_SHOWN = 20
_METADATA_WIDTH = 200

_TopLevel = dict[int, list[Field]]
"""The fields of the model by their number."""


def _field_limit(size: int) -> int:
    """How many fields a file of `size` bytes may have: it bounds the time, and is far above what models have."""
    return min(3_000_000, 200_000 + size // 4)


def looks_like_onnx(file: ModelFile) -> bool:
    """Whether the whole content is fields of an ONNX model, a graph and its operator sets among them."""
    if file.read(0, 1)[0] & 7 not in (VARINT, LENGTH):
        return False
    seen = set()
    with file.map() as buffer:
        try:
            for item in Reader(buffer, _field_limit(file.size)).fields(0, file.size):
                if _MODEL_FIELDS.get(item.number) != item.kind:
                    return False
                seen.add(item.number)
        except WireError:
            return False
    return {_GRAPH, _OPSET} <= seen


def read_onnx(file: ModelFile, digest: str) -> ModelFacts:
    """Reads the facts of an ONNX file.

    Args:
        file: The file.
        digest: Its sha256.

    Returns:
        The facts; `details` holds what else a person may want to know.

    Raises:
        ModelUnreadableError: It is truncated, corrupt, or no ONNX model.
        ModelUnsupportedError: It keeps tensors in other files, or uses operators that nobody brings along.
    """
    with file.map() as buffer:
        try:
            reader = Reader(buffer, _field_limit(file.size))
            top = _top_level(reader, file.size)
            graphs = GraphReader(reader)
            opsets = _opsets(reader, top)
            graph = _read_graphs(graphs, top, opsets)
            texts = {number: _last_text(reader, top, number) for number in (_PRODUCER, _PRODUCER_VERSION, _DOMAIN)}
            details = _details(reader, top, graph)
        except WireError as error:
            raise file.unreadable(
                f"the file is no valid ONNX model, or only a part of one: {error}", hint="copy or export it again"
            ) from error
    _refuse_external(file.path, graphs.external)
    operators = graphs.operators - {key[:2] for key in graphs.functions}
    _refuse_custom(file.path, {domain for domain, _ in operators} - {key[0] for key in graphs.functions})
    _refuse_faults(file, graphs.faults)
    _refuse_large(file.path, graphs)
    if texts[_DOMAIN]:
        details["domain"] = texts[_DOMAIN]
    producer = Library(texts[_PRODUCER], texts[_PRODUCER_VERSION] or None) if texts[_PRODUCER] else None
    return ModelFacts(
        format="onnx",
        size=file.size,
        sha256=digest,
        producer=producer,
        libraries=(Library("onnxruntime"),),
        inputs=graph.inputs,
        outputs=graph.outputs,
        opsets=opsets,
        operators=tuple(sorted(operators)),
        details=details,
    )


def _top_level(reader: Reader, size: int) -> _TopLevel:
    top: _TopLevel = {}
    for item in reader.fields(0, size):
        if _MODEL_FIELDS.get(item.number, item.kind) != item.kind:
            raise WireError(f"the field {item.number} at byte {item.start} is of the wrong kind")
        if item.number in _MODEL_FIELDS:
            found = top.setdefault(item.number, [])
            if item.number in _SINGLE:  # the last one counts
                found.clear()
            if item.number != _METADATA or len(found) < _METADATA_SHOWN:
                reader.keep(_ROOM)
                found.append(item)
    if _GRAPH not in top:
        raise WireError("there is no graph")
    if _OPSET not in top:
        raise WireError("it does not say which operator sets it needs")
    if len(top[_GRAPH]) > 1:
        raise WireError("there are two graphs")
    return top


def _read_graphs(graphs: GraphReader, top: _TopLevel, opsets: Iterable[str]) -> Graph:
    """The main graph; the others are read for what they refer to."""
    graph = graphs.read(top[_GRAPH][0])
    called = {domain for domain, _ in graphs.operators}
    for function in top.get(_FUNCTION, ()):
        graphs.scan_function(function)
    for training in top.get(_TRAINING, ()):
        graphs.scan_training(training)
    # Of its own domains onnxruntime takes the newest operator set where the file names none.
    for domain in sorted(called & {key[0] for key in graphs.functions} - _BUILT_IN_DOMAINS - set(opsets)):
        graphs.faults.add(f"it uses functions of the domain {domain!r}, which is not among its operator sets")
    if name := circle(graphs.functions):
        graphs.faults.add(f"the function {name} that it defines calls itself, or does so by others")
    return graph


def _last_text(reader: Reader, top: _TopLevel, number: int) -> str:
    return reader.text(top[number][-1], _TEXT_LIMIT) if number in top else ""


def _opsets(reader: Reader, top: _TopLevel) -> dict[str, int]:
    opsets: dict[str, int] = {}
    for entry in top[_OPSET]:
        domain, version = "", 0
        for item in reader.fields(entry.start, entry.end):
            if item.number == _OPSET_DOMAIN:
                domain = reader.kept(item, _TEXT_LIMIT)
            elif item.number == _OPSET_VERSION:
                version = reader.number(item).signed
        name = domain or DEFAULT_DOMAIN
        opsets[name] = max(version, opsets.get(name, version))
    return dict(sorted(opsets.items()))


def _details(reader: Reader, top: _TopLevel, graph: Graph) -> dict[str, str]:
    details = {}
    if _IR_VERSION in top:
        details["IR version"] = str(top[_IR_VERSION][-1].signed)
    if graph.name:
        details["graph"] = graph.name
    if top.get(_MODEL_VERSION) and top[_MODEL_VERSION][-1].signed:
        details["model version"] = str(top[_MODEL_VERSION][-1].signed)
    for kind, signatures in (("input", graph.inputs), ("output", graph.outputs)):
        details.update(_written_out(kind, signatures, graph.types))
    for entry in top.get(_METADATA, ())[:_METADATA_SHOWN]:
        key, value = _entry(reader, entry)
        details[f"metadata {key}"] = value if len(value) <= _METADATA_WIDTH else value[:_METADATA_WIDTH] + "…"
    return details


def _written_out(kind: str, signatures: Iterable[Signature], types: dict[str, str]) -> dict[str, str]:
    """The whole type of each input or output that is no tensor: `sequence(map(int64, float32))`."""
    return {f"{kind} {one.name}": types[one.name] for one in signatures if types.get(one.name, one.dtype) != one.dtype}


def _entry(reader: Reader, entry: Field) -> tuple[str, str]:
    texts = {_ENTRY_KEY: "", _ENTRY_VALUE: ""}
    for item in reader.fields(entry.start, entry.end):
        if item.number in texts:
            texts[item.number] = reader.text(item, _METADATA_LIMIT)
    return texts[_ENTRY_KEY], texts[_ENTRY_VALUE]


def _refuse_external(path: Path, locations: set[str]) -> None:
    """Refuses a model whose tensors lie in other files.

    Raises:
        ModelUnsupportedError: There are some; the message names the first few, and which of them are missing.
    """
    if not locations:
        return
    shown = []
    for location in sorted(locations)[:_FILES_SHOWN]:
        beside = location.isprintable() and "/" not in location and (path.parent / location).exists()
        shown.append(f"{location!r} ({'beside it' if beside else 'missing'})")
    more = len(locations) - len(shown)
    names = ", ".join(shown) + (f" and {more} more" if more else "")
    raise ModelUnsupportedError(
        f"the model keeps its weights in other files, which is not supported yet: {names}",
        where=str(path),
        hint="write one file: onnx.save(onnx.load(path), path, save_as_external_data=False)",
    )


def _refuse_faults(file: ModelFile, faults: Faults) -> None:
    """Refuses a graph whose values do not fit together.

    Raises:
        ModelUnreadableError: It is one; the message names the first fault.
    """
    if faults.count:
        more = f", and {faults.count - 1} more of the kind" if faults.count > 1 else ""
        raise file.unreadable(
            f"no runtime can load the graph: {faults.first}{more}",
            hint="see what onnx.checker.check_model(path) says",
        )


def _refuse_large(path: Path, graphs: GraphReader) -> None:
    """Refuses a graph whose functions are more, when they are written out, than runtimes can load.

    Raises:
        ModelUnsupportedError: It is one.
    """
    if written_out(graphs.nodes, graphs.functions).too_large:
        raise ModelUnsupportedError(
            "the functions that the model defines call one another so often that no runtime loads them",
            where=str(path),
            expected=f"at most {MAX_CALLS:,} calls, {MAX_NODES:,} nodes in their places, and {MAX_DEPTH} calls inside"
            " of one another",
            hint="export it without functions of its own",
        )


def _refuse_custom(path: Path, domains: set[str]) -> None:
    """Refuses a model with operators that neither onnxruntime nor the file itself defines.

    Raises:
        ModelUnsupportedError: There are some; the message names their domains.
    """
    custom = sorted(domains - _BUILT_IN_DOMAINS)
    if custom:
        raise ModelUnsupportedError(
            f"the model uses operators that onnxruntime does not have, of the domain {', '.join(map(repr, custom))}",
            where=str(path),
            hint="export it with the standard operators of ONNX only",
        )
