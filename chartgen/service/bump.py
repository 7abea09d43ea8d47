"""Raises the version in a service file: the one scalar is written anew, every other byte stays."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from chartgen.atomic import write_whole
from chartgen.errors import ServiceFileError
from chartgen.names import SEMVER, SEMVER_DIGITS, is_semver
from chartgen.service.file import BYTE_ORDER_MARK, MAX_BYTES, STDIN, read_bytes
from chartgen.service.shield import Shield

if TYPE_CHECKING:
    from collections.abc import Sequence

PARTS = ("patch", "minor", "major")

_KEY = "version"
# A scalar as it is written: an anchor or a tag, then the text, which may stand in quotes.
_WRITTEN = re.compile(r"(?P<before>(?:[&!]\S*\s+)*)(?P<quote>[\"']?)(?P<text>.*)(?P=quote)", re.DOTALL)


@dataclass(frozen=True)
class Bump:
    """A version that is about to be raised.

    Attributes:
        file: The service file that holds it.
        old: The version as it is.
        new: The version as it will be.
        before: The file's content.
        after: The content that it gets.
    """

    file: Path
    old: str
    new: str
    before: bytes
    after: bytes

    def check(self) -> None:
        """Find out whether the file could be written, before what it is written for is done.

        Raises:
            ServiceFileError: Its folder may not be written.
        """
        folder = self.file.resolve().parent
        if not os.access(folder, os.W_OK | os.X_OK):
            raise ServiceFileError("the version cannot be raised: its folder may not be written", where=str(self.file))

    def write(self) -> None:
        """Write the file, as a whole.

        Raises:
            ServiceFileError: It cannot be written, or was changed since it was read.
        """
        if read_bytes(self.file) != self.before:
            raise ServiceFileError(
                "the file was changed meanwhile, so its version was not raised", where=str(self.file), hint="try again"
            )
        try:
            write_whole(self.file, self.after)
        except OSError as error:
            raise ServiceFileError(
                f"the version cannot be raised: {error.strerror or error}", where=str(self.file)
            ) from error


def raised(version: str, part: str) -> str:
    """The version that comes after another.

    Args:
        version: A SemVer version.
        part: `patch`, `minor` or `major`. A pre-release becomes its own release where that is such a step: 1.2.0-rc.1
            is raised to 1.2.0 by `patch` and by `minor`.
    """
    found = SEMVER.fullmatch(version)
    if found is None:
        raise ValueError(f"not a SemVer version: {version}")
    major, minor, patch = (int(found[name]) for name in ("major", "minor", "patch"))
    is_early = found["prerelease"] is not None
    if part == "patch":
        return f"{major}.{minor}.{patch if is_early else patch + 1}"
    if part == "minor":
        return f"{major}.{minor if is_early and patch == 0 else minor + 1}.0"
    return f"{major if is_early and (minor, patch) == (0, 0) else major + 1}.0.0"


def plan_bump(files: Sequence[Path | str], part: str) -> Bump:
    """What raising the version would write; nothing is written yet.

    Args:
        files: The service files, as they are merged.
        part: `patch`, `minor` or `major`.

    Raises:
        ServiceFileError: It is not clear which file to write, or it cannot be done without changing more.
    """
    if STDIN in map(str, files):
        raise ServiceFileError(
            "the version of standard input cannot be raised", where="-f -", hint="name the file with -f FILE"
        )
    holding = [found for found in (_find(Path(file)) for file in files) if found]
    if not holding:
        raise ServiceFileError(
            "there is no version to raise",
            where=", ".join(map(str, files)),
            hint="write `version: 0.1.0` into the file",
        )
    if len(holding) > 1:
        raise ServiceFileError(
            "more than one file holds a version: " + ", ".join(str(each.file) for each in holding),
            expected="one file that holds it",
            hint="leave `version` in one of them",
        )
    return holding[0].raised(part)


@dataclass(frozen=True)
class _Found:
    """Where a file's version is written: from one character to another, after a byte-order mark."""

    file: Path
    content: bytes
    text: str
    begin: int
    end: int
    version: str

    def raised(self, part: str) -> Bump:
        if not is_semver(self.version):
            raise ServiceFileError(
                f"the version is not one that can be raised: {self.version}",
                where=str(self.file),
                expected="a SemVer 2 version, such as 1.2.0",
            )
        new = raised(self.version, part)
        if not is_semver(new):
            raise ServiceFileError(
                f"the version after {self.version} would be {new}",
                where=str(self.file),
                expected=f"numbers of at most {SEMVER_DIGITS} digits, which is what Helm reads",
            )
        after = f"{self.text[: self.begin]}{new}{self.text[self.end :]}".encode()
        head = self.content[: len(self.content) - len(self.text.encode())]  # the byte-order mark, where there is one
        return Bump(self.file, self.version, new, self.content, head + after)


def _find(file: Path) -> _Found | None:
    """The version in a file; None where the file has no such key."""
    content = read_bytes(file, MAX_BYTES)
    try:
        text = content.decode().removeprefix(BYTE_ORDER_MARK)
        value = _value(text)
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise ServiceFileError("the file is not YAML, so its version was not raised", where=str(file)) from error
    if value is None:
        return None
    begin, end = value.start_mark, value.end_mark
    if begin is None or end is None:
        raise TypeError("PyYAML gives every event its marks")
    match = _WRITTEN.fullmatch(text[begin.index : end.index])
    if not isinstance(value, yaml.ScalarEvent) or value.anchor or match is None or match["text"] != value.value:
        raise ServiceFileError(
            "the version is not written as a single word, so it cannot be raised without changing more",
            where=f"{file}:{begin.line + 1}:{begin.column + 1}",
            expected="such as `version: 1.2.0`",
        )
    first, last = match.span("text")
    return _Found(file, content, text, begin.index + first, begin.index + last, value.value)


def _value(text: str) -> yaml.Event | None:
    """The event of the value of the key `version` of the document's mapping."""
    depth = 0
    keys_and_values = 0
    is_next = False
    loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # as the file is read; both count characters
    for event in yaml.parse(Shield(text).text, Loader=loader):
        if isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
            continue
        if isinstance(event, yaml.NodeEvent) and depth == 1:
            if is_next:
                return event
            keys_and_values += 1
            is_key = keys_and_values % 2 == 1
            is_next = is_key and isinstance(event, yaml.ScalarEvent) and event.value == _KEY
        depth += isinstance(event, yaml.CollectionStartEvent)
    return None
