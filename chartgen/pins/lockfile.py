"""Reads `requirements.lock`: pip requirements that are pinned and hashed, every one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chartgen.errors import ServiceFileError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

LOCK = "requirements.lock"
LOCK_HINT = f"write a `{LOCK}` beside the service file with `chartgen lock`"

_SIZE_LIMIT = 1 << 20
_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_REQUIREMENT = re.compile(
    rf"(?P<name>{_NAME})(?P<extras>\s*\[[A-Za-z0-9._, -]*\])?\s*==\s*(?P<version>[A-Za-z0-9][A-Za-z0-9.!+_-]*)"
    r"\s*(?:;\s*(?P<marker>[^#\\]+?))?",
    re.ASCII,
)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})", re.ASCII)
_EXPECTED = "`name==version` and at least one `--hash=sha256:…`"
_HINT = "write the file with `chartgen lock`, or with `uv pip compile --generate-hashes`"


@dataclass(frozen=True)
class Requirement:
    """One package of a lock file.

    Attributes:
        name: Its name, normalised.
        version: Its exact version.
        marker: The environment marker; empty for none.
        hashes: The sha256 digests that are allowed, sorted.
    """

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]


def canonical(name: str) -> str:
    """A package name as the index compares it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_lock(path: Path) -> list[Requirement]:
    """Reads a lock file.

    Args:
        path: The file.

    Returns:
        Its packages, sorted by name.

    Raises:
        ServiceFileError: It cannot be read, or one of its lines is not a pinned and hashed requirement.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_SIZE_LIMIT + 1)
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise ServiceFileError(f"the lock file cannot be read: {error.strerror}", where=str(path)) from error
    except UnicodeDecodeError as error:
        raise ServiceFileError("the lock file is not UTF-8", where=str(path), hint=_HINT) from error
    if len(data) > _SIZE_LIMIT:
        raise ServiceFileError(f"the lock file is larger than {_SIZE_LIMIT} bytes", where=str(path))
    found: dict[tuple[str, str], Requirement] = {}
    for number, line in _logical_lines(text):
        requirement = _requirement(line, f"{path}:{number}")
        key = (requirement.name, requirement.marker)
        if key in found:
            raise ServiceFileError(f"{requirement.name} stands there twice", where=f"{path}:{number}")
        found[key] = requirement
    if not found:
        raise ServiceFileError("the lock file holds no requirement", where=str(path), expected=_EXPECTED, hint=_HINT)
    return [found[key] for key in sorted(found)]


def requirements_text(pinned: Sequence[Requirement]) -> str:
    """Requirements as pip reads them, and `read_lock` too, sorted by name.

    Args:
        pinned: The packages.
    """
    lines = []
    for one in sorted(pinned, key=lambda one: (one.name, one.marker)):
        head = f"{one.name}=={one.version}" + (f" ; {one.marker}" if one.marker else "")
        lines.append(" \\\n".join([head, *(f"    --hash=sha256:{digest}" for digest in one.hashes)]) + "\n")
    return "".join(lines)


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines with their numbers, joined where they end in a backslash, without comments and empty ones."""
    parts: list[str] = []
    begin = 0
    for number, line in enumerate(text.splitlines(), 1):
        content = re.sub(r"(^|\s)#.*$", "", line).rstrip()
        begin = begin if parts else number
        if content.endswith("\\"):
            parts.append(content[:-1])
            continue
        # A comment may stand between the hashes of one requirement, where it ends nothing.
        if parts and not content and line.strip():
            continue
        whole = " ".join([*parts, content]).strip()
        parts = []
        if whole:
            yield begin, whole
    if whole := " ".join(parts).strip():
        yield begin, whole


def _requirement(line: str, where: str) -> Requirement:
    words, *options = re.split(r"\s+(?=--)", line)
    if line.startswith("-"):
        raise ServiceFileError(
            f"options are not allowed in the lock file: {line.split(maxsplit=1)[0]}",
            where=where,
            expected=_EXPECTED,
            hint="the package index and pip's options are set in the service file, under `runtime.packages`",
        )
    match = _REQUIREMENT.fullmatch(words.strip())
    if match is None:
        raise ServiceFileError(
            f"not a pinned requirement: {words.strip()}", where=where, expected=_EXPECTED, hint=_HINT
        )
    hashes = [_HASH.fullmatch(option.strip()) for option in options]
    wrong = [option.strip() for option, found in zip(options, hashes, strict=True) if found is None]
    if wrong:
        raise ServiceFileError(f"not a sha256 hash: {wrong[0]}", where=where, expected=_EXPECTED, hint=_HINT)
    if not hashes:
        raise ServiceFileError(f"{match['name']} has no hash", where=where, expected=_EXPECTED, hint=_HINT)
    digests = tuple(sorted({found[1] for found in hashes if found}))
    return Requirement(canonical(match["name"]), match["version"], (match["marker"] or "").strip(), digests)
