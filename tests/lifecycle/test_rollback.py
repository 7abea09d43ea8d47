"""Which revision a rollback goes to, and what its dry run shows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml

from chartgen.errors import HelmError, ReleaseNotFoundError
from chartgen.helm.client import HelmClient
from chartgen.helm.options import WaitOptions
from chartgen.helm.release import ReleaseStatus, Revision
from chartgen.lifecycle.rollback import earlier
from tests.helpers import chartgen, service_file
from tests.small_charts import CONFIG_MAP, DEPLOYMENT, write_chart

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tests.cluster_fixtures import Namespace

NO_WAIT = WaitOptions(wait=False)


def history(*states: str) -> list[Revision]:
    """Revisions from 1 in these states; `!` is one that failed, and that helm called superseded later."""
    said = {True: 'Upgrade "r" failed: it was refused', False: "Upgrade complete"}
    return [
        Revision(number, ReleaseStatus(state.rstrip("!")), f"small-0.{number}.0", "1", None, said[state.endswith("!")])
        for number, state in enumerate(states, 1)
    ]


@pytest.mark.parametrize(
    ("states", "chosen", "passed_over"),
    [
        (["superseded", "deployed"], 1, []),
        (["superseded", "deployed", "failed"], 2, []),
        (["deployed", "failed", "failed"], 1, [2]),
        (["deployed", "failed", "pending-upgrade"], 1, [2]),
        (["superseded", "failed", "pending-upgrade", "deployed"], 1, [3, 2]),
        (["deployed", "superseded!", "failed"], 1, [2]),
        (["superseded", "uninstalled"], 1, []),
    ],
)
def test_the_newest_earlier_revision_that_worked_is_gone_back_to(
    states: list[str], chosen: int, passed_over: list[int]
) -> None:
    found = earlier(history(*states), "r")
    assert found.revision.revision == chosen
    assert [each.revision for each in found.passed_over] == passed_over
    assert f"revision {chosen} (small-0.{chosen}.0)" in str(found)


@pytest.mark.parametrize("states", [["deployed"], ["failed", "failed"], ["failed", "superseded!", "deployed"]])
def test_where_no_earlier_revision_worked_nothing_is_chosen(states: list[str]) -> None:
    with pytest.raises(ReleaseNotFoundError, match="no earlier revision that was deployed with success") as error:
        earlier(history(*states), "r")
    assert "`chartgen history r`" in str(error.value.hint)


def rollback(namespace: Namespace, helm: Path, *argv: object) -> subprocess.CompletedProcess[str]:
    return chartgen("rollback", "r", *argv, "--no-wait", "--namespace", namespace.name, "--helm", helm)


@pytest.mark.cluster
def test_a_rollback_passes_over_what_failed_and_its_dry_run_shows_what_it_goes_to(
    helm: Path, namespace: Namespace, tmp_path: Path
) -> None:
    client = HelmClient(helm, namespace=namespace.name)
    files = {"map.yaml": CONFIG_MAP}
    first = write_chart(tmp_path / "1", files, version="0.1.0")
    client.install("r", first, values={"greeting": "first"}, wait=NO_WAIT)

    nothing = rollback(namespace, helm)
    assert nothing.returncode != 0
    assert "no earlier revision" in nothing.stderr
    assert "chartgen history r" in nothing.stderr

    broken = files | {"pods.yaml": DEPLOYMENT.replace("replicas: 1", "replicas: -1")}
    with pytest.raises(HelmError):
        client.upgrade("r", write_chart(tmp_path / "2", broken, version="0.2.0"), wait=NO_WAIT)
    client.upgrade("r", write_chart(tmp_path / "3", files, version="0.3.0"), values={"greeting": "third"}, wait=NO_WAIT)

    for how in ("--dry-run", "--dry-run=server"):
        dry = rollback(namespace, helm, how)
        assert yaml.safe_load(dry.stdout)["data"] == {"greeting": "first"}, dry.stderr
        assert "r would be rolled back: revision 4, small 0.1.0; nothing was changed" in dry.stderr
        for form in ("json", "yaml"):
            said = yaml.safe_load(rollback(namespace, helm, "1", how, "-o", form).stdout)
            assert (said["revision"], said["version"], said["dryRun"]) == (4, "0.1.0", True)
            assert yaml.safe_load(said["manifest"])["data"] == {"greeting": "first"}
    assert client.status("r").revision == 3

    done = rollback(namespace, helm, "-o", "json")
    assert "Going back to revision 1 (small-0.1.0), which passes over revision 2 (failed)" in done.stderr
    assert (json.loads(done.stdout)["revision"], json.loads(done.stdout)["version"]) == (4, "0.1.0")
    unknown = rollback(namespace, helm, "9")
    assert unknown.returncode != 0
    assert "has no revision 9" in unknown.stderr


@pytest.mark.cluster
def test_a_rollback_that_switches_autoscaling_warns_with_both_numbers(
    helm: Path, namespace: Namespace, tmp_path: Path
) -> None:
    file = service_file(tmp_path, cpu="50m", memory="128Mi", hpa={"enabled": False, "minReplicas": 2, "maxReplicas": 4})
    # No pod is needed for this: they could not even be scheduled.
    never = ["--set-values-string", "nodeSelector.none=here", "--set-values", "replicaCount=3"]
    where = ["-f", file, "--release", "r", "--no-wait", "--namespace", namespace.name, "--helm", helm]
    assert chartgen("install", *where, *never).returncode == 0
    assert chartgen("upgrade", *where, "--set-values", "autoscaling.enabled=true").returncode == 0
    off = rollback(namespace, helm)
    assert "warning: this switches autoscaling off: the number of pods goes from " in off.stderr
    assert "to replicaCount, 3" in off.stderr
    on = rollback(namespace, helm, "2", "--dry-run")
    assert "warning: this switches autoscaling on: the number of pods goes from 3 to 1 until" in on.stderr
    assert "autoscaling.minReplicas, 2" in on.stderr
