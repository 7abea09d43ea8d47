"""Where helm is looked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chartgen.errors import HelmNotFoundError
from chartgen.helm.find import find_helm

if TYPE_CHECKING:
    from pathlib import Path


def program(path: Path, mode: int = 0o755) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(mode)
    return path


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """A helm at every place."""
    named, env = program(tmp_path / "named" / "h"), program(tmp_path / "env" / "h")
    on_path, own = program(tmp_path / "path" / "helm"), program(tmp_path / "data" / "chartgen" / "bin" / "helm")
    monkeypatch.setenv("CHARTGEN_HELM", str(env))
    monkeypatch.setenv("PATH", str(on_path.parent))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return {"named": named, "env": env, "path": on_path, "own": own}


def test_the_order_is_option_environment_path_own_folder(
    places: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_helm(str(places["named"])) == places["named"]
    assert find_helm() == places["env"]
    monkeypatch.setenv("CHARTGEN_HELM", "")
    assert find_helm() == places["path"]
    places["path"].unlink()
    assert find_helm() == places["own"]
    places["own"].unlink()
    with pytest.raises(HelmNotFoundError, match="no helm program was found") as caught:
        find_helm()
    assert str(places["own"]) in str(caught.value.expected)
    assert "--helm" in str(caught.value.hint)


def test_the_own_folder_lies_in_the_home_folder_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = program(tmp_path / ".local" / "share" / "chartgen" / "bin" / "helm")
    for name in ("XDG_DATA_HOME", "CHARTGEN_HELM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find_helm() == own


def test_a_bare_name_is_looked_for_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    four = program(tmp_path / "helm4")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_helm("helm4") == four
    with pytest.raises(HelmNotFoundError, match="no program 'helm5' on PATH"):
        find_helm("helm5")


def test_a_relative_path_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    helm = program(tmp_path / "tools" / "helm")
    monkeypatch.chdir(tmp_path)
    assert find_helm("tools/helm") == helm
    assert find_helm("./tools/helm") == helm


def test_what_is_named_is_not_replaced_by_another_helm(places: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(HelmNotFoundError, match="does not exist") as caught:
        find_helm(str(tmp_path / "missing"))
    assert caught.value.where == "--helm"


def test_what_the_environment_names_is_not_replaced_either(
    places: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHARTGEN_HELM", str(tmp_path / "missing"))
    with pytest.raises(HelmNotFoundError, match="does not exist") as caught:
        find_helm()
    assert caught.value.where == "$CHARTGEN_HELM"


def test_a_folder_is_refused_and_the_program_in_it_named(tmp_path: Path) -> None:
    helm = program(tmp_path / "bin" / "helm")
    with pytest.raises(HelmNotFoundError, match="is a folder") as caught:
        find_helm(str(helm.parent))
    assert str(helm) in str(caught.value.hint)


def test_a_file_that_is_not_executable_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HelmNotFoundError, match="is not executable"):
        find_helm(str(program(tmp_path / "helm", 0o644)))
