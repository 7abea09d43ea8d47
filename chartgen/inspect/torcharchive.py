"""Tells PyTorch's zip archives from others, and from each other, by the names in them; other names are refused.

The three kinds are those of torch/csrc/export/pt2_archive_constants.h, of torch/csrc/jit/serialization/import.cpp and
of torch/serialization.py; all members lie in one folder (caffe2/serialize/inline_container.h). PyTorch looks a member
up without regard to case, takes some members in preference to others, and cuts long names off: a member whose name is
not exactly one that PyTorch writes could be read by it as one that chartgen has not read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chartgen.errors import ModelUnsafeError
from chartgen.inspect.printable import printable

if TYPE_CHECKING:
    from chartgen.inspect.readable import Readable
    from chartgen.inspect.ziparchive import ZipArchive

EXPORT_MARKER = "archive_format"
SCRIPT_MARKER = "constants.pkl"
PICKLE = "data.pkl"
OLD_EXPORT = "serialized_exported_program.json"
"""What an archive of torch.export of torch 2.7 and older holds; it has no folder."""

PICKLED = ("data/sample_inputs/model.pt", "data/weights/model.pt", "data/constants/model.pt")
"""The members of an archive of torch.export that hold one of torch.save: the recorded example, and in place of the
tensors' bytes what torch 2.8 wrote, which newer ones take first."""

WEIGHTS, SCRIPT, EXPORT = "PyTorch archive", "TorchScript archive", "torch.export archive"
"""What messages call the three kinds."""

_ALL = r"version|byteorder|\.data/(?:version|serialization_id)"
# By torch/serialization.py, torch/csrc/jit/serialization/export_module.cpp and torch/export/pt2_archive/_package.py.
_FORMS = {
    WEIGHTS: re.compile(rf"{_ALL}|data\.pkl|data/\d+|\.format_version|\.storage_alignment", re.ASCII),
    SCRIPT: re.compile(
        rf"{_ALL}|(?:data|constants|traced_inputs|bytecode)(?:\.pkl|/\d+)|mobile_debug_handles\.pkl|extra/.+"
        r"|code/__torch__(?:/[A-Za-z_]\w*+)*+\.py(?:\.debug_pkl)?",
        re.ASCII,
    ),
    EXPORT: re.compile(
        rf"{_ALL}|archive_format|archive_version|models/model\.json|extra/.+|{'|'.join(map(re.escape, PICKLED))}"
        r"|data/weights/(?:weight_\d+|model_weights_config\.json)"
        r"|data/constants/(?:tensor_\d+|model_constants_config\.json)",
        re.ASCII,
    ),
}
# caffe2/serialize/inline_container.cc reads names into 512 bytes.
_NAME_LIMIT = 511


def prefix_of(archive: ZipArchive) -> str | None:
    """The folder that a PyTorch archive has its members in, with `/` at its end; None for another archive."""
    folder = next(iter(archive.entries), "").partition("/")
    prefix = folder[0] + folder[1]
    known = (prefix + name in archive.entries for name in (EXPORT_MARKER, SCRIPT_MARKER, PICKLE))
    return prefix if folder[1] and any(known) else None


def looks_like_torch(archive: ZipArchive) -> bool:
    """Whether a zip archive is one that PyTorch writes."""
    return prefix_of(archive) is not None or OLD_EXPORT in archive.entries


def check_members(file: Readable, archive: ZipArchive, prefix: str, kind: str) -> None:
    """Refuses members that PyTorch does not write to an archive of this kind.

    Args:
        file: The archive's file, for messages.
        archive: Its members.
        prefix: The folder that all of them lie in, with `/` at its end.
        kind: `WEIGHTS`, `SCRIPT` or `EXPORT`.

    Raises:
        ModelUnreadableError: A member lies outside of the folder.
        ModelUnsafeError: A member has another name than PyTorch writes.
    """
    for name in (*archive.folders, *archive.entries):
        if not name.startswith(prefix):
            raise file.unreadable(f"the PyTorch archive has a member outside of its folder: {name!a}")
        inner = name.removeprefix(prefix)
        if len(name.encode()) > _NAME_LIMIT or (name in archive.entries and not _FORMS[kind].fullmatch(inner)):
            raise ModelUnsafeError(
                f"the {kind} holds {printable(inner)}, which PyTorch does not write to one: loading the file could "
                "read it in place of what was checked",
                where=str(file.path),
                expected="the members that PyTorch writes, by their exact names",
                hint="do not load the file; write the model anew from its source",
            )
