"""The documents say what is: links lead somewhere, generated parts are current, sessions print what is shown."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import yaml

from chartgen.service.load import load
from tests.documents import DOCUMENTS, Block, Reader, blocks, matches, needs_cluster, reader_environment, sessions
from tests.helpers import EXAMPLES, ROOT

if TYPE_CHECKING:
    from pathlib import Path

by_path = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
WITH_SESSIONS = [path for path in DOCUMENTS if any(not needs_cluster(block) for block in sessions(path))]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
# A path of the repository in back quotes; an annotation or an API version, such as `chartgen/v1`, is none.
NAMED = re.compile(
    r"`((?:(?:chart_templates|docs|examples|schemas|tests|tools)/[\w./-]*)|chartgen/(?:[\w./-]*/)?(?:\w+\.\w+)?)`"
)


def anchors(document: Path) -> set[str]:
    """The anchors of the headings, as GitHub makes them."""
    text = re.sub(r"^```.*?^```$", "", document.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def whole_service_files(document: Path) -> list[Block]:
    found = []
    for block in blocks(document):
        if block.language == "yaml" and isinstance(content := yaml.safe_load(block.text), dict):
            found += [block] if {"name", "model"} <= content.keys() else []
    return found


SERVICE_FILES = [(path, block) for path in DOCUMENTS for block in whole_service_files(path)]


def test_the_generated_documents_are_current() -> None:
    command = [sys.executable, ROOT / "tools" / "make_reference.py", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@by_path
def test_every_link_leads_to_a_file_and_a_heading_that_exist(document: Path) -> None:
    for link in LINK.findall(document.read_text(encoding="utf-8")):
        if link.startswith(("http://", "https://")):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), f"{document.name} links to {link}"
        assert not anchor or anchor in anchors(target), f"{document.name} links to {link}"


@by_path
def test_every_file_that_a_document_names_exists(document: Path) -> None:
    for path in NAMED.findall(document.read_text(encoding="utf-8")):
        assert "NAME" in path or "FORMAT" in path or (ROOT / path).exists(), f"{document.name} names {path}"


@pytest.mark.parametrize(
    ("document", "block"), SERVICE_FILES, ids=[f"{path.name}:{block.line}" for path, block in SERVICE_FILES]
)
def test_every_service_file_that_is_shown_whole_is_valid(document: Path, block: Block, tmp_path: Path) -> None:
    for model in EXAMPLES.glob("*/*.[op][nk]*"):
        shutil.copy(model, tmp_path)
    for other in blocks(document):
        if other.note.endswith("/handler.py"):
            (tmp_path / "handler.py").write_text(other.text, encoding="utf-8")
    file = tmp_path / "service.yaml"
    file.write_text(block.text, encoding="utf-8")
    load([file])


# They share the environments that `chartgen run` makes once.
@pytest.mark.xdist_group("run")
@pytest.mark.parametrize("document", WITH_SESSIONS, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_console_sessions_print_what_is_shown(document: Path, tmp_path: Path, helm4: Path) -> None:
    if shutil.which("curl") is None and "$ curl" in document.read_text(encoding="utf-8"):
        pytest.skip("no curl")
    reader = Reader(tmp_path / "reader", reader_environment(tmp_path, helm4))
    reader.follow(document, cluster=False)


@pytest.mark.parametrize(
    ("expected", "printed", "same"),
    [
        ("a\n", "a\n", True),
        ("a\n", "a\nb\n", False),
        ("a…c\n", "abbc\n", True),
        ("a…c\n", "ab\nc\n", False),
        ("…\nc\n", "a\nb\nc\n", True),
        ("…\nc\n", "c\n", True),
        ("a  b\n", "a b\n", True),
        ("a.c\n", "abc\n", False),
        ("", "a\n", False),
    ],
)
def test_what_stands_for_what_differs(expected: str, printed: str, same: bool) -> None:
    assert matches(expected, printed) == same
