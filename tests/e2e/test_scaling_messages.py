"""What `status` and `upgrade` say of autoscaling and of the ways in from outside."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.helpers import assert_soon, service_file

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Namespace

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]

HPA = {"enabled": False, "minReplicas": 2, "maxReplicas": 4}
INGRESS = {"enabled": True, "host": "digits.example.com", "path": "/models/digits", "tls": True}


def test_an_upgrade_that_switches_autoscaling_warns_with_both_numbers(
    namespace: Namespace, helm: Path, tmp_path: Path
) -> None:
    file = service_file(tmp_path, cpu="50m", memory="128Mi", hpa=HPA)
    # No pod is needed for this: they could not even be scheduled.
    never = ["--no-wait", "--set-values-string", "nodeSelector.none=here"]
    namespace.chartgen("install", "-f", file, *never, "--set-values", "replicaCount=3", helm=helm)
    same = namespace.chartgen("upgrade", "-f", file, "--no-wait", helm=helm)
    assert "autoscaling" not in same.stderr
    on = namespace.chartgen("upgrade", "-f", file, "--no-wait", "--set-values", "autoscaling.enabled=true", helm=helm)
    assert "warning: this switches autoscaling on: the number of pods goes from 3 to 1 until" in on.stderr
    assert "autoscaling.minReplicas, 2" in on.stderr
    kept = namespace.chartgen("upgrade", "-f", file, "--no-wait", helm=helm)
    assert "switches" not in kept.stderr
    assert_soon(lambda: namespace.get("deployment/digits")["spec"]["replicas"] == 2, 90)
    off = ["upgrade", "-f", file, "--no-wait", "--reset-values"]
    stays = namespace.chartgen(*off, "--set-values", "replicaCount=2", "--dry-run", helm=helm)
    assert "warning: this switches autoscaling off: the number of pods stays replicaCount, 2" in stays.stderr
    goes = namespace.chartgen(*off, helm=helm)
    assert "warning: this switches autoscaling off: the number of pods goes from 2 to replicaCount, 1" in goes.stderr
    namespace.chartgen("uninstall", "digits", "--yes", "--no-wait", helm=helm)


def test_a_number_of_pods_that_was_set_by_hand_is_told_of_and_taken_over_on_request(
    namespace: Namespace, helm4: Path, tmp_path: Path
) -> None:
    def replicas() -> int:
        number: int = namespace.get("deployment/digits")["spec"]["replicas"]
        return number

    file = service_file(tmp_path, cpu="50m", memory="128Mi", hpa=HPA)
    never = ["--no-wait", "--set-values-string", "nodeSelector.none=here"]
    namespace.chartgen("install", "-f", file, *never, helm=helm4)
    namespace.kubectl("scale", "deployment/digits", "--replicas=3")
    on = namespace.chartgen("upgrade", "-f", file, "--no-wait", "--set-values", "autoscaling.enabled=true", helm=helm4)
    assert "kubectl has set the number of pods, so it stays 3 until the autoscaler changes it" in on.stderr
    assert replicas() == 3
    namespace.kubectl("patch", "hpa/digits", "--type=merge", "--patch", '{"spec": {"maxReplicas": 2}}')
    assert_soon(lambda: replicas() == 2, 90)
    off = ["upgrade", "-f", file, "--no-wait", "--set-values", "autoscaling.enabled=false"]
    refused = namespace.chartgen(*off, helm=helm4, ok=False)
    assert "kube-controller-manager has set it, which Helm 4 only takes over with --force-conflicts" in refused.stderr
    assert "another program has set fields that the chart sets" in refused.stderr
    namespace.chartgen(*off, "--force-conflicts", helm=helm4)
    assert replicas() == 1
    assert not namespace.get("hpa")["items"]
    namespace.chartgen("rollback", "digits", "2", "--no-wait", "--force-conflicts", helm=helm4)
    assert namespace.get("hpa")["items"]
    namespace.chartgen("uninstall", "digits", "--yes", "--no-wait", helm=helm4)


def test_status_names_the_address_outside_and_the_autoscaler(namespace: Namespace, helm4: Path, tmp_path: Path) -> None:
    file = service_file(tmp_path, cpu="50m", memory="128Mi", hpa=HPA | {"enabled": True}, ingress=INGRESS)
    never = ["--no-wait", "--set-values-string", "nodeSelector.none=here"]
    namespace.chartgen("install", "-f", file, *never, helm=helm4)
    status = json.loads(namespace.chartgen("status", "digits", "-o", "json", helm=helm4).stdout)
    assert status["urls"] == ["https://digits.example.com/models/digits/predict"]
    assert (status["autoscaling"]["minimum"], status["autoscaling"]["maximum"]) == (2, 4)
    namespace.kubectl("wait", "--for=condition=ScalingActive=false", "hpa/digits", "--timeout=90s")
    shown = namespace.chartgen("status", "digits", helm=helm4).stdout
    assert "https://digits.example.com/models/digits/predict" in shown
    assert "2 to 4; it cannot scale: " in shown
    namespace.chartgen("uninstall", "digits", "--yes", "--no-wait", helm=helm4)
