"""Fixtures that more than one folder uses."""

from __future__ import annotations

import os
import shutil
import signal
import socket
from pathlib import Path

import hypothesis
import pytest

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"

# A shell that starts the tests in the background lets them ignore it, and every program that they interrupt would too.
signal.signal(signal.SIGINT, signal.default_int_handler)


# How long one example takes says nothing on a machine that does other work.
hypothesis.settings.register_profile("patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("patient")

# Where PyTorch's own index is out of reach, its wheel lies on the disk (PIP_FIND_LINKS), and pip would wait several
# seconds for the index at every other package.
try:
    socket.getaddrinfo("download.pytorch.org", 443)
except OSError:
    os.environ.setdefault("PIP_RETRIES", "0")


def _helm(major: int) -> Path:
    """The pinned helm of `make tools`, or the one that the environment names (other platforms)."""
    named = os.environ.get(f"CHARTGEN_TEST_HELM{major}")
    pinned = TOOLS / f"helm{major}"
    if named:
        return Path(named)
    if pinned.exists():
        return pinned
    on_path = shutil.which(f"helm{major}")
    if on_path is None:
        pytest.skip(f"no helm {major}: run `make tools`, or set CHARTGEN_TEST_HELM{major}")
    return Path(on_path)


@pytest.fixture(scope="session")
def helm3() -> Path:
    return _helm(3)


@pytest.fixture(scope="session")
def helm4() -> Path:
    return _helm(4)


@pytest.fixture(scope="session", params=[3, 4], ids=["helm3", "helm4"])
def helm(request: pytest.FixtureRequest) -> Path:
    return _helm(request.param)
