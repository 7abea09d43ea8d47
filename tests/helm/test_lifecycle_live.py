"""The verbs on releases, with both helms on a real cluster."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

import pytest

from chartgen.errors import HookFailedError, ReleaseNotFoundError
from chartgen.helm.client import HelmClient
from chartgen.helm.options import KeptValues, WaitOptions
from chartgen.helm.release import ReleaseStatus
from chartgen.helm.version import DryRun
from tests.small_charts import CONFIG_MAP, DEPLOYMENT, TEST_POD, write_chart

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster_fixtures import Namespace

pytestmark = pytest.mark.cluster

NO_WAIT = WaitOptions(wait=False)


@pytest.fixture
def client(helm: Path, namespace: Namespace) -> HelmClient:
    return HelmClient(helm, namespace=namespace.name)


def chart(folder: Path, version: str, *templates: str) -> Path:
    files = {f"t{index}.yaml": text for index, text in enumerate(templates or (CONFIG_MAP,))}
    files["NOTES.txt"] = "hello {{ .Release.Name }}\n"
    return write_chart(folder / version, files, version=version, annotations={"chartgen/digest": f"sha256:{version}"})


def greeting(namespace: Namespace) -> str:
    return json.loads(namespace.kubectl("get", "configmap", "r", "--output=json"))["data"]["greeting"]


def test_a_release_from_install_to_uninstall(client: HelmClient, namespace: Namespace, tmp_path: Path) -> None:
    first, second = chart(tmp_path, "0.1.0"), chart(tmp_path, "0.2.0")

    installed = client.install("r", first, wait=WaitOptions(), description="the first", values={"port": 90})
    assert (installed.name, installed.namespace, installed.revision) == ("r", namespace.name, 1)
    assert (installed.status, installed.description) == (ReleaseStatus.DEPLOYED, "the first")
    assert (installed.chart.name, installed.chart.version, installed.chart.app_version) == ("small", "0.1.0", "1")
    assert installed.notes.strip() == "hello r"
    assert installed.values == {"port": 90}
    assert "kind: ConfigMap" in installed.manifest
    assert installed.first_deployed is not None

    upgraded = client.upgrade("r", second, values={"greeting": "bye"}, kept_values=KeptValues.RESET_THEN_REUSE)
    assert (upgraded.revision, upgraded.chart.version) == (2, "0.2.0")
    assert greeting(namespace) == "bye"
    assert client.get_values("r") == {"greeting": "bye", "port": 90}
    assert client.get_values("r", 1) == {"port": 90}
    assert client.get_values("r", computed=True)["colour"] == "blue"
    assert client.get_metadata("r").annotations == {"chartgen/digest": "sha256:0.2.0"}
    assert client.get_metadata("r", 1).annotations == {"chartgen/digest": "sha256:0.1.0"}
    assert client.status("r", 1).chart.annotations == {"chartgen/digest": "sha256:0.1.0"}

    back = client.rollback("r")
    assert (back.revision, back.status, back.chart.version) == (3, ReleaseStatus.DEPLOYED, "0.1.0")
    assert greeting(namespace) == "hello"

    history = client.history("r")
    assert [(each.revision, each.status.value, each.chart) for each in history] == [
        (1, "superseded", "small-0.1.0"),
        (2, "superseded", "small-0.2.0"),
        (3, "deployed", "small-0.1.0"),
    ]
    assert history[0].updated is not None

    assert 'release "r" uninstalled' in client.uninstall("r", keep_history=True)
    assert client.status("r").status is ReleaseStatus.UNINSTALLED
    assert [each.status for each in client.list()] == [ReleaseStatus.UNINSTALLED]
    client.rollback("r", 2)
    assert greeting(namespace) == "bye"
    client.uninstall("r")
    with pytest.raises(ReleaseNotFoundError):
        client.status("r")
    client.uninstall("r", ignore_not_found=True)
    assert client.list() == []


def test_upgrade_installs_what_is_not_there_when_asked(client: HelmClient, tmp_path: Path) -> None:
    release = client.upgrade("r", chart(tmp_path, "0.1.0"), install=True, wait=NO_WAIT, labels={"made-by": "chartgen"})
    assert (release.revision, release.status) == (1, ReleaseStatus.DEPLOYED)
    assert [each.name for each in client.list(selector="made-by=chartgen")] == ["r"]
    assert client.list(selector="made-by=hand") == []


@pytest.mark.parametrize("dry_run", [DryRun.CLIENT, DryRun.SERVER])
def test_a_dry_run_changes_nothing(client: HelmClient, namespace: Namespace, tmp_path: Path, dry_run: DryRun) -> None:
    first, second = chart(tmp_path, "0.1.0"), chart(tmp_path, "0.2.0")
    assert client.install("r", first, wait=NO_WAIT, dry_run=dry_run).status is ReleaseStatus.PENDING_INSTALL
    assert client.list() == []
    client.install("r", first, wait=NO_WAIT)
    planned = client.upgrade("r", second, values={"greeting": "bye"}, wait=NO_WAIT, dry_run=dry_run)
    assert "bye" in planned.manifest
    assert client.rollback("r", 1, wait=NO_WAIT, dry_run=dry_run).revision == 1
    client.uninstall("r", wait=NO_WAIT, dry_run=True)
    assert (greeting(namespace), client.status("r").revision) == ("hello", 1)


def test_every_state_is_listed(client: HelmClient, helm: Path, namespace: Namespace, tmp_path: Path) -> None:
    good = chart(tmp_path, "0.1.0")
    client.install("good", good, wait=NO_WAIT)
    client.install("gone", good, wait=NO_WAIT)
    client.uninstall("gone", keep_history=True)
    bad = chart(tmp_path, "0.2.0", DEPLOYMENT.replace("replicas: 1", "replicas: -1"))
    with pytest.raises(Exception, match="Invalid value"):
        client.install("bad", bad, wait=NO_WAIT)
    expected = {"good": "deployed", "gone": "uninstalled", "bad": "failed"}
    assert {each.name: each.status.value for each in client.list()} == expected
    assert [each.name for each in client.list(name_pattern="^goo")] == ["good"]
    everywhere = HelmClient(helm).list(all_namespaces=True)
    assert expected.keys() == {each.name for each in everywhere if each.namespace == namespace.name}


def test_the_other_major_reads_and_upgrades_what_one_has_installed(
    helm3: Path, helm4: Path, namespace: Namespace, tmp_path: Path
) -> None:
    three, four = (HelmClient(helm, namespace=namespace.name) for helm in (helm3, helm4))
    three.install("r", chart(tmp_path, "0.1.0"), wait=NO_WAIT)
    assert four.status("r").chart.annotations == {"chartgen/digest": "sha256:0.1.0"}
    four.upgrade("r", chart(tmp_path, "0.2.0"), values={"greeting": "four"}, wait=NO_WAIT)
    assert (three.status("r").revision, greeting(namespace)) == (2, "four")
    three.rollback("r", 1, wait=NO_WAIT)
    assert [each.revision for each in four.history("r")] == [1, 2, 3]


def test_a_test_passes_with_its_log(client: HelmClient, tmp_path: Path) -> None:
    client.install("r", chart(tmp_path, "0.1.0", CONFIG_MAP, TEST_POD), wait=NO_WAIT)
    # Helm 3 has the log only of a pod that stays.
    assert "Succeeded" in client.test("r", timeout="60s")
    kept = TEST_POD.replace(",hook-succeeded", "")
    client.upgrade("r", chart(tmp_path, "0.2.0", CONFIG_MAP, kept), wait=NO_WAIT)
    assert "hello" in client.test("r", timeout="60s").partition("POD LOGS:")[2]


def test_a_release_without_a_test_has_not_passed_one(client: HelmClient, tmp_path: Path) -> None:
    client.install("r", chart(tmp_path, "0.1.0"), wait=NO_WAIT)
    with pytest.raises(HookFailedError, match="release r has no test"):
        client.test("r")


def test_a_namespace_is_made_when_asked(
    helm: Path, namespace: Namespace, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    other = f"{namespace.name}-more"
    request.addfinalizer(lambda: namespace.kubectl("delete", "namespace", other, "--wait=false"))
    client = HelmClient(helm, namespace=other)
    client.install("r", chart(tmp_path, "0.1.0"), wait=NO_WAIT, create_namespace=True)
    assert client.status("r").namespace == other


def test_manifests_are_checked_by_the_api_server_when_asked(client: HelmClient, tmp_path: Path) -> None:
    assert "ConfigMap" in client.template("r", chart(tmp_path, "0.1.0"), against_cluster=True)
    unknown = chart(tmp_path, "0.2.0", CONFIG_MAP.replace("ConfigMap", "ConfigMop"))
    with pytest.raises(Exception, match="does not know ConfigMop"):
        client.template("r", unknown, against_cluster=True)


def test_an_interrupted_install_is_recorded_as_failed_not_as_pending(
    helm: Path, namespace: Namespace, tmp_path: Path
) -> None:
    """What the runner's patience is for: a release that stays pending refuses every later operation."""
    import signal
    import subprocess
    import sys
    import time

    code = (
        "import sys, pathlib; from chartgen.helm.client import HelmClient\n"
        "HelmClient(pathlib.Path(sys.argv[1]), namespace=sys.argv[2]).install(\n"
        "    'r', pathlib.Path(sys.argv[3]), values={'ready': False})"
    )
    path = chart(tmp_path, "0.1.0", DEPLOYMENT)
    process = subprocess.Popen([sys.executable, "-c", code, helm, namespace.name, path], stderr=subprocess.DEVNULL)
    client = HelmClient(helm, namespace=namespace.name)
    deadline = time.monotonic() + 30
    while not client.list() and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    process.wait(20)
    assert client.status("r").status is ReleaseStatus.FAILED


def test_the_client_is_usable_from_several_threads(client: HelmClient, tmp_path: Path) -> None:
    client.install("r", chart(tmp_path, "0.1.0"), wait=NO_WAIT)
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(client.status("r").revision)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [1] * 4
