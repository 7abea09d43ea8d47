"""Reads a service file as it was written: bytes to nodes with positions."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING

from chartgen.errors import ServiceFileError
from chartgen.service.compose import compose
from chartgen.service.node import Mapping, Position, Source, is_null

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_BYTES = 1024 * 1024
BYTE_ORDER_MARK = "\ufeff"

# What YAML calls printable.
NOT_PRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
LINE_END = re.compile(r"\r\n|\n|\r")

STDIN = "-"


def read(path: Path | str, order: int = 0, stdin: IO[bytes] | None = None) -> Mapping:
    """One service file.

    Args:
        path: The file, or `-` for standard input.
        order: Its rank among the files.
        stdin: What `-` reads; None means the process's standard input.

    Returns:
        The file's mapping.

    Raises:
        ServiceFileError: The file cannot be read, or is not the YAML of a service file.
    """
    if str(path) == STDIN:
        source = Source("stdin", order, Path.cwd())
        stream = stdin if stdin is not None else sys.stdin.buffer
        return parse(_guarded(lambda: stream.read(MAX_BYTES + 1), source.name), source)
    path = Path(path)
    source = Source(str(path), order, path.absolute().parent)
    return parse(read_bytes(path, MAX_BYTES + 1), source)


def read_bytes(path: Path, limit: int = -1) -> bytes:
    """The content of a file.

    Args:
        path: The file.
        limit: The most bytes to read; -1 means all.

    Raises:
        ServiceFileError: It cannot be read; the message says why.
    """

    def content() -> bytes:
        with path.open("rb") as file:
            return file.read(limit)

    return _guarded(content, str(path))


def _guarded(content: Callable[[], bytes], name: str) -> bytes:
    try:
        return content()
    except FileNotFoundError:
        raise ServiceFileError(
            "there is no such file",
            where=name,
            hint="give the service file with -f FILE, or write one with `chartgen init MODEL`",
        ) from None
    except IsADirectoryError:
        inside = Path(name) / "service.yaml"
        hint = f"did you mean {inside}?" if inside.is_file() else "name the file itself"
        raise ServiceFileError("this is a folder, not a file", where=name, hint=hint) from None
    except PermissionError:
        raise ServiceFileError(
            "this user may not read the file", where=name, hint=f"see `ls -l {name}`, and let it be read"
        ) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ServiceFileError(f"the file cannot be read: {reason}", where=name) from error


def parse(content: bytes, source: Source) -> Mapping:
    """The mapping in the bytes of a service file.

    Args:
        content: The bytes, UTF-8, with or without a byte-order mark.
        source: Where they were read.

    Raises:
        ServiceFileError: It is not the YAML of a service file.
    """
    if len(content) > MAX_BYTES:
        raise ServiceFileError(
            f"the file is larger than {MAX_BYTES:,} bytes",
            where=source.name,
            hint="is this a model? the service file names the model's file under `model`",
        )
    text = _decode(content, source)
    document = compose(text, source)
    if document is None or is_null(document):
        raise ServiceFileError(
            "the file holds nothing",
            where=str(Position(source, 1, 1)),
            expected="a mapping that starts with `name` and `model`",
        )
    if not isinstance(document, Mapping):
        raise ServiceFileError(
            "the file does not hold a mapping",
            where=str(document.where),
            expected="keys and values, such as `name: iris`",
        )
    return document


def _decode(content: bytes, source: Source) -> str:
    try:
        text = content.decode("utf-8").removeprefix(BYTE_ORDER_MARK)
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8").removeprefix(BYTE_ORDER_MARK)
        raise ServiceFileError(
            f"the byte 0x{content[error.start]:02x} is not UTF-8",
            where=str(_end_of(before, source)),
            hint=_encoding_hint(content),
        ) from None
    unprintable = NOT_PRINTABLE.search(text)
    if unprintable:
        code = ord(unprintable.group())
        escape = f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"  # noqa: PLR2004 - the width of the escape
        raise ServiceFileError(
            f"the control character U+{code:04X} stands here",
            where=str(_end_of(text[: unprintable.start()], source)),
            hint=f'inside double quotes, write "{escape}"',
        )
    return text


def _encoding_hint(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "the file is UTF-16; save it as UTF-8"
    return "save the file as UTF-8"


def _end_of(before: str, source: Source) -> Position:
    """The place right after the text `before`."""
    lines = LINE_END.split(before)
    return Position(source, len(lines), len(lines[-1]) + 1)
