"""The documents, and what is in them: fenced blocks with the comment before each, links, console sessions.

A console block holds commands (lines that start with `$ `) and what they print, standard error included. In what is
printed `…` stands for any text, and a line that is only `…` for any lines; runs of spaces count as one. A command that
prints a line starting with `error:` must fail, every other must succeed. A comment before a block says more:

    <!-- cluster -->          it needs a cluster; the namespace `models` is the test's own
    <!-- serving: FOLDER -->  `chartgen run` serves the example in FOLDER meanwhile, on a free port instead of 8000
    <!-- file: PATH -->       the block is the content of that file, not a session
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.helpers import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "examples").glob("*/README.md")),
]
_FENCE = re.compile(
    r"(?:^<!-- (?P<note>[^\n]*?) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_FAILURE = re.compile(r"^(error|Error):", re.MULTILINE)
_NAMESPACE = re.compile(r"(?<=-n )models\b|(?<=--namespace )models\b")
SERVED_AT = "http://127.0.0.1:8000"
SECONDS = 240


@dataclass(frozen=True)
class Block:
    """A fenced block."""

    note: str
    language: str
    text: str
    line: int


def blocks(document: Path) -> list[Block]:
    text = document.read_text(encoding="utf-8")
    return [
        Block(match["note"] or "", match["language"], match["text"], text.count("\n", 0, match.start("text")) + 1)
        for match in _FENCE.finditer(text)
    ]


def sessions(document: Path) -> list[Block]:
    return [block for block in blocks(document) if block.language == "console"]


def needs_cluster(block: Block) -> bool:
    return block.note == "cluster"


def commands(block: Block) -> list[tuple[str, str]]:
    """Each command with what it prints."""
    found: list[tuple[str, str]] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], ""))
        else:
            command, printed = found[-1]
            found[-1] = (command, f"{printed}{line}\n")
    return found


def matches(expected: str, printed: str) -> bool:
    """Whether a command printed what a document shows."""
    pattern = ""
    for line in expected.splitlines():
        if line.strip() == "…":
            pattern += r"(?:[^\n]*\n)*"
        else:
            pattern += "[^\n]*".join(re.escape(part) for part in _squeezed(line).split("…")) + r"\n"
    return re.fullmatch(pattern, "".join(f"{_squeezed(line)}\n" for line in printed.splitlines())) is not None


def _squeezed(line: str) -> str:
    return " ".join(line.split())


@dataclass
class Reader:
    """Somebody who follows one document in a folder of their own, with the examples copied in.

    Attributes:
        folder: The folder.
        environment: What the commands see.
        namespace: What stands for the namespace `models`.
    """

    folder: Path
    environment: dict[str, str]
    namespace: str = "models"
    place: Path = field(init=False)
    code: int = 0

    def __post_init__(self) -> None:
        self.place = self.folder
        ignored = shutil.ignore_patterns("__pycache__", "charts", "dist")
        shutil.copytree(ROOT / "examples", self.folder / "examples", ignore=ignored)

    def follow(self, document: Path, *, cluster: bool) -> None:
        """Do what the document shows, in its order: what needs a cluster, or all the rest.

        The two do without each other's results, but for the folder that a `cd` led to.
        """
        if document.parent.parent.name == "examples":
            self.place = self.folder / "examples" / document.parent.name
        for block in blocks(document):
            kind, _, rest = block.note.partition(": ")
            if kind == "file":
                (self.folder / rest).write_text(block.text, encoding="utf-8")
            elif block.language != "console":
                continue
            elif needs_cluster(block) != cluster:
                self._only_walk(block)
            elif kind == "serving":
                with self.serving(self.folder / rest) as url:
                    self._session(document, block, url)
            else:
                self._session(document, block, SERVED_AT)

    def _only_walk(self, block: Block) -> None:
        for command, _ in commands(block):
            if command.startswith("cd "):
                self.type(command)

    def _session(self, document: Path, block: Block, url: str) -> None:
        for command, expected in commands(block):
            actual = _NAMESPACE.sub(self.namespace, command.replace(SERVED_AT, url))
            printed = self.type(actual).replace(self.namespace, "models").replace(url, SERVED_AT)
            shown = f"{document.relative_to(ROOT)}:{block.line}\n$ {command}\n{printed}"
            assert bool(_FAILURE.search(expected)) == (self.code != 0), f"exit code {self.code} of {shown}"
            assert matches(expected, printed), f"{shown}\n--- the document says\n{expected}"

    def type(self, command: str) -> str:
        """Run one command as a shell does; gives all that it prints."""
        if command.startswith("cd "):
            self.place = (self.place / command[3:]).resolve()
            return ""
        if command == "echo $?":
            code, self.code = self.code, 0
            return f"{code}\n"
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=self.place,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        self.code = done.returncode
        return done.stdout

    @contextmanager
    def serving(self, example: Path) -> Iterator[str]:
        """Serve an example with `chartgen run`; gives the address."""
        process = subprocess.Popen(
            ["chartgen", "run", "--port", "0"],
            cwd=example,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stderr is not None
            said = []
            for line in process.stderr:
                said.append(line)
                if found := re.search(r"answers at (http://\S+)/predict", line):
                    yield found[1]
                    break
            else:
                raise AssertionError("".join(said))
        finally:
            process.terminate()
            process.communicate(timeout=30)


def reader_environment(folder: Path, helm: Path, **variables: str) -> dict[str, str]:
    """What a reader's commands see: this chartgen, Python and helm first on PATH; no settings of the tester's."""
    programs = folder / "bin"
    programs.mkdir(parents=True)
    (programs / "helm").symlink_to(helm)
    for name in ("python", "chartgen"):
        start = "" if name == "python" else "-m chartgen "
        script = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {start}"$@"\n'
        (programs / name).write_text(script)
        (programs / name).chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CHARTGEN_", "HELM_", "KUBE"))}
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    return kept | {"PATH": path, "NO_COLOR": "1", "LC_ALL": "C", "KUBECONFIG": str(folder / "none")} | variables
