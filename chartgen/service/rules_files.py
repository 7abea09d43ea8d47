"""The rules about files that a service file names."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

from chartgen.service import handler as handlers
from chartgen.service import missing, requirements
from chartgen.service.finding import Finding
from chartgen.service.node import Scalar
from chartgen.service.view import file_path
from chartgen.service.words import masked, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from chartgen.service.node import DataPath
    from chartgen.service.view import View

# It lies in a ConfigMap beside the runtime's own files, and a ConfigMap holds at most 1 MiB.
MAX_HANDLER_BYTES = 256 * 1024
MAX_NAME_BYTES = 255


def model_file(view: View) -> Iterator[Finding]:
    """The model's file is there and can be read."""
    written = view.short_or_long("model", "file")
    if written:
        yield from _unreadable(*written)


def handler(view: View) -> Iterator[Finding]:
    """The handler is there, and is Python that defines what the pod calls."""
    path: DataPath = ("runtime", "handler")
    written = view.scalar(*path)
    if written is None:
        return
    unreadable = list(_unreadable(path, written))
    if unreadable:
        yield from unreadable
        return
    file = file_path(written)
    with file.open("rb") as stream:
        content = stream.read(MAX_HANDLER_BYTES + 1)
    if len(content) > MAX_HANDLER_BYTES:
        yield Finding(written.where, path, f"{file} is too large", f"at most {MAX_HANDLER_BYTES:,} bytes")
        return
    for problem in handlers.problems(content):
        place = f"{file}:{problem.line}" if problem.line else str(file)
        yield Finding(written.where, path, f"{place} {problem.message}", problem.expected)


def own_requirements(view: View) -> Iterator[Finding]:
    """What the handler needs besides is pinned, each package once, in the service file or in a file that is there."""
    path: DataPath = ("runtime", "requirements")
    written = view.scalar(*path)
    if written is not None:
        yield from list(_unreadable(path, written)) or _requirements_file(path, written)
    listed = [((*path, index), node, node.text, "") for index, node in view.items(*path) if isinstance(node, Scalar)]
    yield from _requirements(listed)


def _requirements_file(path: DataPath, written: Scalar) -> Iterator[Finding]:
    file = file_path(written)
    with file.open("rb") as stream:
        content = stream.read(requirements.MAX_BYTES + 1)
    if len(content) > requirements.MAX_BYTES:
        yield Finding(written.where, path, f"{file} is too large", f"at most {requirements.MAX_BYTES:,} bytes")
        return
    try:
        lines = requirements.lines(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        yield Finding(written.where, path, f"{file} is not UTF-8", "a text with a requirement on each line")
        return
    yield from _requirements((path, written, text, f"{file}:{number} ") for number, text in lines)


def _requirements(said: Iterable[tuple[DataPath, Scalar, str, str]]) -> Iterator[Finding]:
    """What is wrong with requirements: where each is written, its text, and what is said before it."""
    names: set[str] = set()
    for place, node, text, before in said:
        problem = requirements.problem(text)
        if problem is None:
            name, _ = requirements.name_and_version(text)
            problem = "is there twice" if name in names else None
            names.add(name)
        if problem:
            shown = "the text" if "@" in text else quoted(text)  # an address may hold a password
            yield Finding(node.where, place, f"{before}{shown} {problem}", requirements.EXPECTED)


def _unreadable(path: DataPath, written: Scalar) -> Iterator[Finding]:
    """Why the file that a value names cannot be read, if it cannot."""
    file = file_path(written)
    try:
        mode = file.stat().st_mode
    except FileNotFoundError:
        yield _missing(written, path, file)
        return
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        if isinstance(error, OSError) and error.errno == errno.ELOOP:
            reason = "its symbolic links lead in a circle"
        hint = f"see `ls -l {masked(str(file))}`, and name the file itself"
        yield Finding(written.where, path, f"{masked(str(file))} cannot be read: {reason}", "a file", hint)
        return
    if stat.S_ISDIR(mode):
        yield Finding(written.where, path, f"{file} is a folder", "a file", _folder_hint(written.text, file))
    elif not stat.S_ISREG(mode):
        hint = "copy what it gives to a file, and name that"
        yield Finding(written.where, path, f"{file} is no regular file, but {_special(mode)}", "a file", hint)
    elif not os.access(file, os.R_OK):
        yield Finding(written.where, path, f"{file} cannot be read by this user", hint=f"see `ls -l {file}`")


def _missing(written: Scalar, path: DataPath, file: Path) -> Finding:
    if target := missing.target(file):
        what = f"{masked(str(file))} is a symbolic link to {target}, where there is no file"
        return Finding(written.where, path, what, hint="put the file there, or name the file itself")
    what = f"there is no file {masked(str(file))}"
    return Finding(written.where, path, what, hint=_missing_hint(written.text, file))


def _missing_hint(text: str, file: Path) -> str:
    if text.startswith("~"):
        return "`~` is not expanded; write the whole path, or one relative to the service file"
    if near := missing.near(file):
        return f"did you mean `{text.removesuffix(file.name)}{near}`?"
    return "a path is relative to the folder of the service file that names it"


def _special(mode: int) -> str:
    """What a file is that is no regular one."""
    kinds = {stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")


def _folder_hint(text: str, folder: Path) -> str:
    files = [name for name in missing.names(folder) if (folder / name).is_file()]
    return f"did you mean `{text.rstrip('/')}/{files[0]}`?" if len(files) == 1 else "name one file in it"
