"""Which helm this is, and what Helm 3 and Helm 4 call the same thing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from chartgen.errors import HelmVersionError

if TYPE_CHECKING:
    from pathlib import Path

    from chartgen.helm.runner import Runner

_VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)(?:[-+][0-9A-Za-z.+-]*)?")
_DETECT_SECONDS = 30.0


class DryRun(StrEnum):
    """How far an operation goes without changing the cluster."""

    NONE = "none"
    CLIENT = "client"  # rendered only; Helm 3 still asks the API server whether it is there
    SERVER = "server"  # rendered, and checked by the API server


@dataclass(frozen=True, order=True)
class HelmVersion:
    """A version of helm, without suffixes.

    Attributes:
        major: 3 or 4.
        minor: The second number.
        patch: The third number.
    """

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


MINIMUM = HelmVersion(3, 18, 0)


@dataclass(frozen=True)
class Dialect:
    """The flags of one major version, by what is wanted of them.

    Not here, because both majors agree: bare `--wait` (on 4 it means the watcher; `--wait=true` warns on 4 and
    `--wait=watcher` fails on 3), `--timeout`, `-o json`, and the status flags of `list`, which are always given in full
    since the default differs (3 hides some, 4 shows all and dropped `--all`).

    Attributes:
        rollback_on_failure: Undo a failed install or upgrade.
        force_conflicts: Take over fields that another program owns; 3 applies on the client's side and never asks.
        template_against_cluster: Let the API server check what `template` renders.
        dry_run: A dry run of install and upgrade. Bare `--dry-run` warns on 4, so the kind is always given.
        rollback_dry_run: A dry run of rollback.
        wait_counting: Wait by counting ready pods. The watcher of 4 ends with an error as soon as Kubernetes says that
            a rollout has made no progress for too long, also where that was said of the one before.
    """

    rollback_on_failure: str
    force_conflicts: tuple[str, ...]
    template_against_cluster: str
    dry_run: dict[DryRun, tuple[str, ...]]
    rollback_dry_run: dict[DryRun, tuple[str, ...]]
    wait_counting: str


_DRY_RUN: dict[DryRun, tuple[str, ...]] = {
    DryRun.NONE: (),
    DryRun.CLIENT: ("--dry-run=client",),
    DryRun.SERVER: ("--dry-run=server",),
}
DIALECTS = {
    3: Dialect(
        rollback_on_failure="--atomic",
        force_conflicts=(),
        template_against_cluster="--validate",
        dry_run=_DRY_RUN,
        rollback_dry_run={DryRun.NONE: (), DryRun.CLIENT: ("--dry-run",), DryRun.SERVER: ("--dry-run",)},
        wait_counting="--wait",
    ),
    4: Dialect(
        rollback_on_failure="--rollback-on-failure",
        force_conflicts=("--force-conflicts",),
        template_against_cluster="--dry-run=server",
        dry_run=_DRY_RUN,
        rollback_dry_run=_DRY_RUN,
        wait_counting="--wait=legacy",
    ),
}

_detected: dict[Path, HelmVersion] = {}


def detect(helm: Path, runner: Runner) -> HelmVersion:
    """The version of a helm program, asked once for each path in this process.

    Args:
        helm: The program.
        runner: Runs it.

    Returns:
        A version that chartgen can drive.

    Raises:
        HelmVersionError: It is not helm, is older than 3.18.0, or is of a major version that chartgen does not know.
        HelmNotFoundError: It cannot be started.
    """
    if helm not in _detected:
        _detected[helm] = _checked(helm, runner)
    return _detected[helm]


def _checked(helm: Path, runner: Runner) -> HelmVersion:
    # `--client` and `--short` are not on both majors; a template is.
    done = runner.run([str(helm), "version", "--template", "{{.Version}}"], timeout=_DETECT_SECONDS)
    found = _VERSION.fullmatch(done.stdout.strip())
    supported = f"Helm {MINIMUM} or newer, or 4"
    if found is None:
        raise HelmVersionError(
            f"{helm} does not answer as helm does",
            argv=done.argv,
            returncode=done.returncode,
            stderr=done.stderr or done.stdout,
            expected=supported,
            hint="name another helm program with --helm or $CHARTGEN_HELM",
        )
    version = HelmVersion(*map(int, found.groups()))
    if version < MINIMUM or version.major not in DIALECTS:
        age = "older" if version < MINIMUM else "newer"
        raise HelmVersionError(
            f"{helm} is Helm {version}, which is {age} than this chartgen supports",
            argv=done.argv,
            returncode=done.returncode,
            expected=supported,
            hint="name another helm program with --helm or $CHARTGEN_HELM",
        )
    return version
