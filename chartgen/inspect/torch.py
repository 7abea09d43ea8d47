"""Reads a PyTorch file: a TorchScript archive, a torch.export archive, or the pickle of weights or of a whole module.

All three are zip archives (torch/serialization.py, caffe2/serialize/inline_container.h); nothing in one is loaded.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chartgen.errors import ModelUnsafeError, ModelUnsupportedError
from chartgen.inspect.facts import Abilities, Library, ModelFacts
from chartgen.inspect.printable import SHOWN, listed, printable
from chartgen.inspect.torcharchive import (
    EXPORT_MARKER,
    OLD_EXPORT,
    PICKLE,
    SCRIPT_MARKER,
    WEIGHTS,
    check_members,
    prefix_of,
)
from chartgen.inspect.torchexport import Program as ExportProgram
from chartgen.inspect.torchpickle import foreign, of_weights, unsafe, walk
from chartgen.inspect.torchscript import Program as ScriptProgram
from chartgen.inspect.torchtensors import entries_of, tensor_of, tensors_in, weights_keys
from chartgen.inspect.ziparchive import MAGIC, ZipArchive

if TYPE_CHECKING:
    from chartgen.inspect.facts import Signature
    from chartgen.inspect.modelfile import ModelFile
    from chartgen.inspect.picklevalues import Global, Value

EXPORT = (
    "export the model: `torch.export.save(torch.export.export(model.eval(), (example,)), 'model.pt')`, or "
    "`torch.jit.script(model.eval()).save('model.pt')`"
)
WEIGHTS_UNDER = "weights under"
"""The label of the detail that says under which keys of a checkpoint the weights lie."""
_SHORT = 64
_SHOWN = 5


def read_torch(file: ModelFile, digest: str) -> ModelFacts:
    """Reads the facts of a PyTorch file.

    Args:
        file: The file.
        digest: Its sha256.

    Raises:
        ModelUnreadableError: It is truncated or corrupt.
        ModelUnsafeError: Loading it could run what is no model.
        ModelUnsupportedError: The pod could not load it, as a pickled module whose class is elsewhere.
    """
    if not file.read(0, 4).startswith(MAGIC):
        raise file.unreadable(
            "the file is no PyTorch archive, or not a whole one: it does not begin like one",
            hint="copy or write it again",
        )
    archive = ZipArchive(file)
    prefix = prefix_of(archive)
    if prefix is None:
        if OLD_EXPORT in archive.entries:
            raise ModelUnsupportedError(
                "the file is a torch.export archive of torch 2.7 or older, whose layout newer ones no longer write",
                where=str(file.path),
                hint="load it with torch.export.load of torch 2.8 or newer, and write it again by torch.export.save",
            )
        raise file.unreadable("the zip archive holds no model of PyTorch")
    if prefix + EXPORT_MARKER in archive.entries:
        return _of_export(file, digest, archive, prefix)
    if prefix + SCRIPT_MARKER in archive.entries:
        return _of_script(file, digest, archive, prefix)
    return _of_pickle(file, digest, archive, prefix)


def _of_export(file: ModelFile, digest: str, archive: ZipArchive, prefix: str) -> ModelFacts:
    program = ExportProgram(file, archive, prefix)
    version = re.match(r"\d+(\.\d+)*", program.version or "", re.ASCII)
    return _facts(
        file,
        digest,
        {"kind": "torch.export"},
        version=version[0] if version else None,
        inputs=program.inputs,
        outputs=program.outputs,
    )


def _of_script(file: ModelFile, digest: str, archive: ZipArchive, prefix: str) -> ModelFacts:
    program = ScriptProgram(file, archive, prefix)
    details = {"kind": "TorchScript", "answer": printable(program.result)}
    content = archive.text(f"{prefix}version", _SHORT) if f"{prefix}version" in archive.entries else b""
    if content.strip().isdigit():
        details["file format"] = f"version {int(content)}"
    return _facts(file, digest, details, inputs=program.inputs())


def _of_pickle(file: ModelFile, digest: str, archive: ZipArchive, prefix: str) -> ModelFacts:
    check_members(file, archive, prefix, WEIGHTS)
    value, refused = walk(archive, prefix + PICKLE, of_weights)
    keys = weights_keys(value)
    if refused and keys:
        raise _more_than_weights(file, refused, keys[0])
    if refused:
        if foreign(refused):
            raise unsafe(file, refused, "this PyTorch file")
        names = ", ".join(printable(str(found)) for found in refused[:_SHOWN])
        more = f" and {len(refused) - _SHOWN} more" if len(refused) > _SHOWN else ""
        raise ModelUnsupportedError(
            f"the file is a pickled module, which only its own code can load: it needs {names}{more}",
            where=str(file.path),
            expected="a program, or the weights alone",
            hint=f"{EXPORT}; or write its `state_dict()` and give a handler with `load(model)`",
        )
    tensors = dict(tensors_in(value))
    if not tensors and tensor_of(value) is None:
        raise ModelUnsupportedError(
            "the file holds no model and no weights",
            where=str(file.path),
            hint=EXPORT,
        )
    details = {"kind": "weights", "tensors": str(len(tensors))}
    if tensors:
        shown = [f"{_name(name)} {each.dtype or 'unknown'}{list(each.shape)}" for name, each in tensors.items()]
        details["weights"] = ", ".join(shown[:_SHOWN]) + (
            f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
        )
    if keys:
        details["kind"], details[WEIGHTS_UNDER] = "checkpoint", ", ".join(map(_name, keys))
    return _facts(file, digest, details, instead=_instead(value, keys))


def _name(text: str) -> str:
    return printable(text) if text else "''"


def _instead(value: Value, keys: list[str]) -> str:
    if tensor_of(value) is not None:
        return "a tensor"
    if not keys:
        return "weights without the model that they are of (a state_dict)"
    beside = [repr(_name(key)) for key in entries_of(value) if key not in keys]
    more = f", beside {', '.join(beside[:_SHOWN])}" if beside else ""
    under = ", ".join(repr(_name(key)) for key in keys[:_SHOWN])
    return f"a training checkpoint and no model: the weights (a state_dict) lie under {under}{more}"


def _more_than_weights(file: ModelFile, refused: list[Global], key: str) -> ModelUnsafeError:
    """The error about a checkpoint with objects beside the weights, which the pod would have to make to read these."""
    names = [printable(str(found)) for found in refused]
    return ModelUnsafeError(
        f"the file is a training checkpoint with objects beside its weights: loading it would import {listed(names)}",
        names,
        shortened=len(names) > SHOWN,
        where=str(file.path),
        expected="a program, or the weights alone",
        hint=f"{EXPORT}; or write the weights alone, `torch.save(checkpoint[{_name(key)!r}], 'weights.pt')`, and give "
        "a handler with `load(model)`",
    )


def _facts(
    file: ModelFile,
    digest: str,
    details: dict[str, str],
    *,
    version: str | None = None,
    inputs: tuple[Signature, ...] = (),
    outputs: tuple[Signature, ...] = (),
    instead: str | None = None,
) -> ModelFacts:
    library = Library("torch", version)
    return ModelFacts(
        format="torch",
        size=file.size,
        sha256=digest,
        producer=library,
        libraries=(library,),
        inputs=inputs,
        outputs=outputs,
        abilities=Abilities(instead=instead),
        details=details,
    )
