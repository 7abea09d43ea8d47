"""Which helm it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chartgen.errors import HelmNotFoundError, HelmVersionError
from chartgen.helm.client import HelmClient
from chartgen.helm.runner import SubprocessRunner
from chartgen.helm.version import MINIMUM, HelmVersion, detect

if TYPE_CHECKING:
    from pathlib import Path


def answering(folder: Path, text: str, status: int = 0) -> Path:
    """A program that answers like a helm of another version."""
    path = folder / "helm"
    path.write_text(f"#!/bin/sh\necho '{text}'\nexit {status}\n")
    path.chmod(0o755)
    return path


def test_the_real_ones_are_known(helm3: Path, helm4: Path) -> None:
    three, four = detect(helm3, SubprocessRunner()), detect(helm4, SubprocessRunner())
    assert (three.major, four.major) == (3, 4)
    assert MINIMUM <= three < four


def test_it_is_asked_once(helm: Path) -> None:
    lines: list[str] = []
    runner = SubprocessRunner(lines.append)
    first = HelmClient(helm, runner=runner).version
    lines.clear()
    assert HelmClient(helm, runner=runner).version is first
    assert lines == []


@pytest.mark.parametrize("text", ["v3.18.0", "v3.99.1", "4.0.0", "v4.3.1+gabc", "v3.20.0-rc.1"])
def test_a_version_that_can_be_driven(tmp_path: Path, text: str) -> None:
    assert detect(answering(tmp_path, text), SubprocessRunner()) >= MINIMUM


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("v3.17.2", "is Helm 3.17.2, which is older"),
        ("v2.17.0", "is Helm 2.17.0, which is older"),
        ("v5.0.0", "is Helm 5.0.0, which is newer"),
        ("<no value>", "does not answer as helm does"),
        ("", "does not answer as helm does"),
        ("GNU helm 3.19.0", "does not answer as helm does"),
    ],
)
def test_a_version_that_cannot(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(HelmVersionError, match=words) as caught:
        detect(answering(tmp_path, text), SubprocessRunner())
    assert caught.value.expected == "Helm 3.18.0 or newer, or 4"
    assert "--helm" in str(caught.value.hint)


def test_a_program_that_is_no_helm_keeps_what_it_said(tmp_path: Path) -> None:
    with pytest.raises(HelmVersionError) as caught:
        detect(answering(tmp_path, "unknown command", 2), SubprocessRunner())
    assert (caught.value.returncode, caught.value.stderr) == (2, "unknown command\n")


def test_a_verb_of_a_helm_that_cannot_be_driven_is_not_run(tmp_path: Path) -> None:
    with pytest.raises(HelmVersionError, match="older"):
        HelmClient(answering(tmp_path, "v3.0.0")).lint(tmp_path)


def test_a_file_that_cannot_run_is_told(tmp_path: Path) -> None:
    broken = tmp_path / "helm"
    broken.write_bytes(b"\x7fELF broken")
    broken.chmod(0o755)
    with pytest.raises(HelmNotFoundError, match="cannot be started"):
        detect(broken, SubprocessRunner())


def test_versions_are_ordered_by_number() -> None:
    assert HelmVersion(3, 9, 0) < HelmVersion(3, 18, 0) < HelmVersion(4, 0, 0)
    assert str(HelmVersion(3, 18, 2)) == "3.18.2"
