"""Tells a model file's format by its content; the suffix may only agree."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chartgen.errors import ModelMismatchError, ModelUnsupportedError
from chartgen.inspect.compression import compression_of
from chartgen.inspect.hdf5 import superblock_at
from chartgen.inspect.onnx import looks_like_onnx

if TYPE_CHECKING:
    from chartgen.inspect.modelfile import ModelFile

SUPPORTED = (
    "ONNX (.onnx), PyTorch (.pt, .pth), Keras's HDF5 (.h5), and pickles of pickle, joblib or cloudpickle "
    "(.pkl, .pickle, .joblib)"
)

_SUFFIXES = {
    ".onnx": "an ONNX model",
    ".pkl": "a pickle",
    ".pickle": "a pickle",
    ".joblib": "a pickle",
    ".pt": "a PyTorch model",
    ".pth": "a PyTorch model",
    ".pt2": "a PyTorch model",
    ".h5": "an HDF5 file",
    ".hdf5": "an HDF5 file",
    ".keras": "a Keras archive",
}
_NAMES = {"onnx": "an ONNX model", "pickle": "a pickle", "torch": "a PyTorch model", "keras": "an HDF5 file"}

# The formats of the suffixes that are served, for files whose content does not tell: their reader then refuses them.
_FORMATS = {
    ".onnx": "onnx",
    ".pkl": "pickle",
    ".pickle": "pickle",
    ".joblib": "pickle",
    ".pt": "torch",
    ".pth": "torch",
    ".pt2": "torch",
    ".h5": "keras",
    ".hdf5": "keras",
}

_WRITE_AGAIN = (
    "export the model with torch.export.save or torch.jit.script; weights for a handler's `load(model)` are written "
    "again with torch.save of 1.6 or newer"
)

_DOWNLOAD = "look into it: a download that needs a login often ends as such a page"
_HEAD = 4096
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
# The first of the pickles that a legacy `torch.save` writes one after the other: its magic number, and nothing else.
_TORCH_MAGIC = b"l\xfc\x9cF\xf9 j\xa8P\x19."
# Where a magic number lies, what it is of, and what to do about it.
_MAGIC: tuple[tuple[int, bytes, str, str | None], ...] = (
    (257, b"ustar", "a tar archive, such as an old PyTorch file or a packed model,", "name the model file itself"),
    (0, b"version https://git-lfs", "a Git LFS pointer instead of the file itself", "run `git lfs pull`"),
    (0, b"\x93NUMPY", "an array of NumPy (.npy)", None),
    (4, b"TFL3", "TensorFlow Lite", None),
    (0, b"GGUF", "GGUF", None),
)
# What libraries write that are served by a pickle, told where the content is of no served format.
_NATIVE: tuple[tuple[re.Pattern[bytes], str, str | None], ...] = (
    (
        re.compile(rb'\{(L.{7}.learner|\s*"(learner|version)"\s*:)', re.DOTALL),
        "XGBoost's own format",
        "load it where it was made and pickle that: joblib.dump(xgboost.Booster(model_file=path), 'model.joblib')",
    ),
    (
        re.compile(rb"tree\r?\nversion="),
        "LightGBM's own format",
        "load it where it was made and pickle that: joblib.dump(lightgbm.Booster(model_file=path), 'model.joblib')",
    ),
    (re.compile(rb"CBM1"), "CatBoost's own format", "export it to ONNX: model.save_model('model.onnx', format='onnx')"),
    (
        re.compile(rb'.{8}\{"', re.DOTALL),
        "a file of safetensors, which holds weights and no model,",
        "build the model, load the weights into it, and export it with torch.export.save",
    ),
    (re.compile(rb'\s*(\{\s*"|\[\s*["{\[0-9-])'), "a text of JSON", "name the model file itself"),
    (re.compile(rb"\s*<(!DOCTYPE|\?xml|html)", re.IGNORECASE), "a text of HTML or XML", _DOWNLOAD),
)
_PICKLE_PROTOCOL = 0x80
_NEWEST_PROTOCOL = 5
_CONCEIVABLE_PROTOCOL = 15
# What a pickle without a protocol header, of protocol 0 or 1, may begin with.
_OPCODES_TO_BEGIN_WITH = b"()]}lIFLSVNTUXKMJGci"


def identify(file: ModelFile, said: str | None) -> str:
    """The format of a model file.

    Args:
        file: The file.
        said: The format that the service file says; it overrules the suffix, never the content.

    Returns:
        `onnx`, `pickle`, `torch` or `keras`.

    Raises:
        ModelMismatchError: The content is not what `said`, or else the suffix, says.
        ModelUnsupportedError: The content is of another format, or of none that is known.
    """
    head = file.read(0, _HEAD)
    if said is not None and said not in _NAMES:
        raise ModelUnsupportedError(
            f"the format `{said}` is not supported yet", where=str(file.path), expected=SUPPORTED
        )
    _refuse_known(file, head)
    found = _served(file, head)
    suffix = file.path.suffix.lower()
    if found is None:
        _refuse_unknown(file, head, said, suffix)
        found = said or _FORMATS.get(suffix, "pickle")
    if said is not None and said != found:
        raise ModelMismatchError(
            f"the file is {_NAMES[found]}, but the service file says `format: {said}`",
            where=str(file.path),
            hint=f"set `model.format: {found}`, or leave it out",
        ).against("format")
    named = _SUFFIXES.get(suffix)
    if said is None and named is not None and named != _NAMES[found]:
        raise ModelMismatchError(
            f"the file is {_NAMES[found]}, but its suffix `{suffix}` says {named}",
            where=str(file.path),
            hint=f"rename the file, or set `model.format: {found}`",
        )
    return found


def _served(file: ModelFile, head: bytes) -> str | None:
    """The served format that the content is of, or None where it could be anything."""
    if superblock_at(file) is not None:
        return "keras"
    if (head[0] == _PICKLE_PROTOCOL and head[1:2] <= bytes([_NEWEST_PROTOCOL])) or compression_of(head) is not None:
        return "pickle"
    if head.startswith(_ZIP):  # others were refused before
        return "torch"
    if looks_like_onnx(file):
        return "onnx"
    if head[0] in _OPCODES_TO_BEGIN_WITH and file.read(file.size - 1, 1) == b".":
        return "pickle"
    return None


def _is_torch(file: ModelFile) -> bool:
    # What other formats do not need.
    from chartgen.inspect.torcharchive import looks_like_torch
    from chartgen.inspect.ziparchive import ZipArchive

    return looks_like_torch(ZipArchive(file))


def _refuse_unknown(file: ModelFile, head: bytes, said: str | None, suffix: str) -> None:
    """Lets a file pass that should be of a served format: its reader then says what is wrong with it."""
    for pattern, what, hint in _NATIVE:
        if pattern.match(head):
            raise ModelUnsupportedError(
                f"{what} is not supported yet", where=str(file.path), expected=SUPPORTED, hint=hint
            )
    if said is None and suffix not in _FORMATS:
        raise ModelUnsupportedError(
            "the file is of no model format that chartgen knows", where=str(file.path), expected=SUPPORTED
        )


def _refuse_known(file: ModelFile, head: bytes) -> None:
    """Refuses a file whose content is of a known format that is not served.

    Raises:
        ModelUnsupportedError: It is; the message names the format.
    """
    name = _known_format(file, head)
    if name is not None:
        what, hint = name
        raise ModelUnsupportedError(f"{what} is not supported yet", where=str(file.path), expected=SUPPORTED, hint=hint)
    if head[0] == _PICKLE_PROTOCOL and len(head) > 1 and _NEWEST_PROTOCOL < head[1] <= _CONCEIVABLE_PROTOCOL:
        raise ModelUnsupportedError(
            f"the file would be a pickle of protocol {head[1]}; the newest known is {_NEWEST_PROTOCOL}",
            where=str(file.path),
        )


def _known_format(file: ModelFile, head: bytes) -> tuple[str, str | None] | None:
    """The name of a known format that is not served, and what to do about it."""
    if head.startswith(_ZIP):
        return None if _is_torch(file) else _zip_format(head)
    if _TORCH_MAGIC in head[:32]:
        return "a PyTorch file in the layout of the time before 1.6", _WRITE_AGAIN
    for offset, magic, what, hint in _MAGIC:
        if head[offset : offset + len(magic)] == magic:
            return what, hint
    return None


def _zip_format(head: bytes) -> tuple[str, str | None]:
    """Which kind of zip archive begins with `head`, by the name of its first member."""
    first = head[30 : 30 + int.from_bytes(head[26:28], "little")]
    if first in {b"metadata.json", b"config.json"}:
        return "a Keras archive (.keras)", "save the model as HDF5, `model.save('model.h5')`, or export it to ONNX"
    if first.endswith(b".npy"):
        return "an archive of NumPy arrays (.npz)", None
    return "a zip archive", "name the model file itself"
