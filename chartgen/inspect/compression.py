"""Unpacks a compressed pickle as joblib would, block by block and within bounds."""

from __future__ import annotations

import bz2
import lzma
import zlib
from typing import TYPE_CHECKING, Protocol

from chartgen.errors import ModelUnsupportedError

if TYPE_CHECKING:
    from chartgen.inspect.readable import Readable

# joblib's own prefixes: it picks the decompressor by these alone, so anything else would read another content. Where
# the pod asks for more before it takes joblib's loader, no pickle begins so, or it is asked for here.
_PREFIXES = {
    b"\x78": "zlib",
    b"\x1f\x8b": "gzip",
    b"BZ": "bz2",
    b"\xfd7zXZ": "xz",
    b"\x5d\x00\x00": "lzma",
    b"\x04\x22\x4d\x18": "lz4",
    b"ZF": "joblib 0.9",
}
_PRESET_DICTIONARY = 0x20
_BLOCK = 1 << 16

# A model's arrays hold runs of zeros, so a high ratio is normal in small files; beyond these it is a bomb.
UNPACKED_LIMIT = 4 << 30
_FREE = 64 << 20
_RATIO = 40
# xz's strongest preset needs a dictionary of 64 MiB; a header may ask for 4 GiB.
_DICTIONARY_LIMIT = 128 << 20


class _Decompressor(Protocol):
    def feed(self, data: bytes) -> bytes: ...

    @property
    def wants_input(self) -> bool: ...

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...


class _Zlib:
    """zlib's decompressor in the form of the other two."""

    def __init__(self, bits: int) -> None:
        self._inner = zlib.decompressobj(bits)

    def feed(self, data: bytes) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, _BLOCK)

    @property
    def wants_input(self) -> bool:
        return not self._inner.unconsumed_tail

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data


class _Incremental:
    """bz2's and lzma's decompressors, which hold their input themselves."""

    def __init__(self, inner: bz2.BZ2Decompressor | lzma.LZMADecompressor) -> None:
        self._inner = inner

    def feed(self, data: bytes) -> bytes:
        return self._inner.decompress(data, _BLOCK)

    @property
    def wants_input(self) -> bool:
        return self._inner.needs_input

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data


def compression_of(head: bytes) -> str | None:
    """The name of the compression that `head` begins with, or None."""
    name = next((name for prefix, name in _PREFIXES.items() if head.startswith(prefix)), None)
    if name == "zlib" and (int.from_bytes(head[:2], "big") % 31 or head[1] & _PRESET_DICTIONARY):
        return None  # One letter is little to go by; zlib's header has a checksum.
    return name


def _decompressor(file: Readable, name: str) -> _Decompressor:
    if name == "zlib":
        return _Zlib(zlib.MAX_WBITS)
    if name == "gzip":
        return _Zlib(zlib.MAX_WBITS | 16)
    if name == "bz2":
        return _Incremental(bz2.BZ2Decompressor())
    if name in {"xz", "lzma"}:
        form = lzma.FORMAT_XZ if name == "xz" else lzma.FORMAT_ALONE
        return _Incremental(lzma.LZMADecompressor(form, memlimit=_DICTIONARY_LIMIT))
    if name == "lz4":
        raise ModelUnsupportedError(
            "a joblib file compressed with lz4 is not supported",
            where=str(file.path),
            expected="zlib, gzip, bz2, lzma or xz",
            hint="load it and write it again: joblib.dump(joblib.load(path), path, compress=3)",
        )
    raise ModelUnsupportedError(
        "a file compressed by joblib older than 0.10 is not supported",
        where=str(file.path),
        hint="load it and write it again with a newer joblib",
    )


class Unpacked:
    """The unpacked content of a compressed model file, read forwards once.

    Args:
        file: The file.
        name: Its compression, of `compression_of`.

    Raises:
        ModelUnsupportedError: It is a compression that Python's standard library lacks.
    """

    def __init__(self, file: Readable, name: str) -> None:
        self._file = file
        self._name = name
        self._inner = _decompressor(file, name)
        self._offset = 0
        self._unpacked = 0
        self._limit = min(UNPACKED_LIMIT, _FREE + _RATIO * file.size)

    def block(self) -> bytes:
        """The next bytes, at most 64 KiB; empty at the end.

        Raises:
            ModelUnreadableError: The data is corrupt, truncated or followed by more, or unpacks to too much.
        """
        while not self._inner.eof:
            packed = b""
            if self._inner.wants_input:
                packed = self._file.read(self._offset, _BLOCK)
                self._offset += len(packed)
            try:
                data = self._inner.feed(packed)
            except (zlib.error, lzma.LZMAError, OSError, ValueError, MemoryError) as error:
                raise self._file.unreadable(
                    f"the {self._name} compression is corrupt: {error}", hint="copy or save it again"
                ) from error
            self._unpacked += len(data)
            if self._unpacked > self._limit:
                raise self._file.unreadable(
                    f"the file unpacks to more than {self._limit} bytes from {self._file.size}, which no model does",
                    hint="write the model without compression if it is yours",
                )
            if data:
                return data
            if not packed and self._inner.wants_input and not self._inner.eof:
                raise self._file.unreadable(
                    f"the file is truncated: its {self._name} data has no end", hint="copy or save it again"
                )
        # joblib would read a second stream as more of the same pickle; nobody writes one.
        if self._inner.unused_data or self._offset < self._file.size:
            raise self._file.unreadable(
                f"something follows the end of the {self._name} data", hint="copy or save it again"
            )
        return b""
