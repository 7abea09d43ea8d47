"""What a person is told while an operation waits, and when it has waited in vain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.helpers import chartgen, service_file

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster_fixtures import Namespace

pytestmark = pytest.mark.cluster
SMALL = {"cpu": "50m", "memory": "128Mi"}


def test_what_waiting_cannot_mend_is_said_before_the_time_is_up_and_the_ways_on_after_it(
    helm: Path, namespace: Namespace, tmp_path: Path
) -> None:
    where = ["-f", service_file(tmp_path, **SMALL), "--namespace", namespace.name, "--helm", helm]
    assert chartgen("install", *where, "--no-wait", "--set-values-string", "nodeSelector.none=here").returncode == 0
    never = ["--set-values", "image.repository=No/Such,nodeSelector.none=null", "--timeout", "8s"]
    late = chartgen("upgrade", *where, *never)
    assert late.returncode == 7, late.stderr
    told = [line for line in late.stderr.splitlines() if line.startswith("Waiting")]
    assert told[0] == f"Waiting up to 8s for the pods of digits in namespace {namespace.name}"
    assert told[1].startswith("Waiting longer will hardly help, Ctrl-C ends it: time and again pod digits-"), told
    assert "the image's name is not valid" in told[1]
    assert len(told) == 2
    hint = late.stderr.splitlines()[-1]
    assert f"`chartgen status digits -n {namespace.name}`" in hint
    assert f"`chartgen rollback digits -n {namespace.name}` goes back" in hint


def test_pods_are_not_waited_for_where_there_is_no_namespace(helm: Path, kubeconfig: Path, tmp_path: Path) -> None:
    file = service_file(tmp_path, **SMALL)
    refused = chartgen("install", "-f", file, "--namespace", "chartgen-test-none", "--helm", helm)
    assert refused.returncode != 0
    assert "there is no namespace chartgen-test-none" in refused.stderr
    assert "Waiting" not in refused.stderr
