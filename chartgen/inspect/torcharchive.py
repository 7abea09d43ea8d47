"""Tells PyTorch's zip archives from others, and from each other, by the names in them.

The three kinds are those of torch/csrc/export/pt2_archive_constants.h, of torch/csrc/jit/serialization/import.cpp and
of torch/serialization.py; all members lie in one folder (caffe2/serialize/inline_container.h).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chartgen.inspect.ziparchive import ZipArchive

EXPORT_MARKER = "archive_format"
SCRIPT_MARKER = "constants.pkl"
PICKLE = "data.pkl"
OLD_EXPORT = "serialized_exported_program.json"
"""What an archive of torch.export of torch 2.7 and older holds; it has no folder."""


def prefix_of(archive: ZipArchive) -> str | None:
    """The folder that a PyTorch archive has its members in, with `/` at its end; None for another archive."""
    folder = next(iter(archive.entries), "").partition("/")
    prefix = folder[0] + folder[1]
    known = (prefix + name in archive.entries for name in (EXPORT_MARKER, SCRIPT_MARKER, PICKLE))
    return prefix if folder[1] and any(known) else None


def looks_like_torch(archive: ZipArchive) -> bool:
    """Whether a zip archive is one that PyTorch writes."""
    return prefix_of(archive) is not None or OLD_EXPORT in archive.entries
