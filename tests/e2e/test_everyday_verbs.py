"""deploy, get and the completion of releases, on a real cluster with both helms."""

from __future__ import annotations

import json
import os
import shutil
import sys
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.e2e.helms import with_helm_3
from tests.helpers import EXAMPLES, documents, of_kind, run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Namespace

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]


def offered(line: str, helm: Path) -> list[str]:
    """What the shell is told when Tab is pressed at the end of a line."""
    words = line.split(" ")
    env = os.environ | {
        "_CHARTGEN_COMPLETE": "bash_complete",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
        "CHARTGEN_HELM": str(helm),
    }
    return [each.partition(",")[2] for each in run(sys.executable, "-m", "chartgen", env=env).split()]


@with_helm_3
def test_a_service_is_deployed_twice_looked_into_and_completed(
    namespace: Namespace, helm: Path, tmp_path: Path
) -> None:
    for file in ("iris.pkl", "service.yaml"):
        shutil.copy(EXAMPLES / "iris-sklearn" / file, tmp_path)
    service = tmp_path / "service.yaml"
    values = namespace.values("podAnnotations.note=first")

    first = namespace.chartgen("deploy", "-f", service, *values, helm=helm)
    assert "iris is installed: revision 1" in first.stderr
    second = namespace.chartgen(
        "deploy", "-f", service, "--bump", "patch", "--set-values", "podAnnotations.note=second", helm=helm
    )
    assert "version 1.0.0 is now 1.0.1" in second.stderr
    assert "iris is upgraded: revision 2" in second.stderr

    whole = json.loads(namespace.chartgen("get", "iris", "-o", "json", helm=helm).stdout)
    assert (whole["name"], whole["revision"]) == ("iris", 2)
    assert whole["values"]["podAnnotations"] == {"note": "second"}
    assert "POST" in whole["notes"] or "predict" in whole["notes"]
    of_kind(documents(whole["manifest"]), "Deployment")
    before = yaml.safe_load(namespace.chartgen("get", "iris", "values", "--revision", "1", helm=helm).stdout)
    assert before["podAnnotations"] == {"note": "first"}
    every = yaml.safe_load(namespace.chartgen("get", "iris", "values", "--all-values", helm=helm).stdout)
    assert every["replicaCount"] == 1
    manifest = namespace.chartgen("get", "iris", "manifest", helm=helm).stdout
    of_kind(documents(manifest), "Service")
    assert "REVISION: 2" in namespace.chartgen("get", "iris", helm=helm).stdout

    missing = namespace.chartgen("get", "none", helm=helm, ok=False)
    assert missing.returncode == 1
    assert "none" in missing.stderr

    assert offered(f"chartgen status -n {namespace.name} i", helm) == ["iris"]
    assert offered(f"chartgen status -n {namespace.name} x", helm) == []
    assert namespace.name in offered("chartgen status -n chartgen-test-", helm)


def test_a_raised_version_is_written_where_the_failed_release_holds_it(
    namespace: Namespace, helm: Path, tmp_path: Path
) -> None:
    for file in ("iris.pkl", "service.yaml"):
        shutil.copy(EXAMPLES / "iris-sklearn" / file, tmp_path)
    service = tmp_path / "service.yaml"
    before = service.read_text()
    argv = ["install", "-f", service, "--bump", "patch", "--timeout", "3s"]
    refused = namespace.chartgen(*argv, "--set-values", "replicaCount=-1", helm=helm, ok=False)
    assert (refused.returncode != 0, service.read_text()) == (True, before)
    late = namespace.chartgen(*argv, "--set-values", "image.repository=example.invalid/none", helm=helm, ok=False)
    assert late.returncode != 0
    assert "version 1.0.0 is now 1.0.1" in late.stderr, late.stderr
    assert service.read_text() == before.replace("1.0.0", "1.0.1")
