"""Ways to make the real helm fail, each as a function of a `World`; used to record and to check its messages."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from chartgen.helm.client import HelmClient
from chartgen.helm.options import WaitOptions
from tests.small_charts import CONFIG_MAP, DEPLOYMENT, TEST_POD, write_chart

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cluster_fixtures import Namespace

NO_WAIT = WaitOptions(wait=False)
SHORT = WaitOptions(timeout="2s")
POD = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\nspec:\n  containers: [{name: a, image: pause}]\n"
UNDO = WaitOptions(timeout="2s", rollback_on_failure=True)


@dataclass(frozen=True)
class World:
    """What a failure happens in: a helm, a namespace, the admin's kubeconfig, and a folder for files."""

    helm: Path
    namespace: Namespace
    kubeconfig: Path
    folder: Path

    def client(self, **options: Any) -> HelmClient:
        return HelmClient(self.helm, **({"namespace": self.namespace.name} | options))

    def chart(self, *templates: str, **options: Any) -> Path:
        return write_chart(self.folder, {f"t{index}.yaml": text for index, text in enumerate(templates)}, **options)

    def changed_kubeconfig(self, change: Callable[[dict[str, Any]], None]) -> Path:
        data = yaml.safe_load(self.kubeconfig.read_text())
        change(data)
        path = self.folder / "kubeconfig"
        path.write_text(json.dumps(data))
        return path

    def cluster(self, **changes: Any) -> Path:
        """A kubeconfig whose cluster is changed."""

        def change(data: dict[str, Any]) -> None:
            cluster = data["clusters"][0]["cluster"]
            cluster.update(changes)
            for key in [key for key, value in cluster.items() if value is None]:
                del cluster[key]

        return self.changed_kubeconfig(change)

    def user(self, user: dict[str, Any]) -> Path:
        """A kubeconfig with another user."""
        return self.changed_kubeconfig(lambda data: data["users"][0].update(user=user))

    def installed(self, *templates: str, **options: Any) -> Path:
        """Install a release `r` of a chart of `templates` and return the chart."""
        chart = self.chart(*(templates or (CONFIG_MAP,)), **options)
        self.client().install("r", chart, wait=NO_WAIT)
        return chart


def connection_refused(world: World) -> None:
    world.client(kubeconfig=world.cluster(server="https://127.0.0.1:1")).status("r")


def no_such_host(world: World) -> None:
    world.client(kubeconfig=world.cluster(server="https://nowhere.invalid:6443")).status("r")


def wrong_authority(world: World) -> None:
    changes = {"certificate-authority-data": None, "certificate-authority": None}
    world.client(kubeconfig=world.cluster(**changes)).status("r")


def wrong_token(world: World) -> None:
    world.client(kubeconfig=world.user({"token": "wrong"})).status("r")


def no_credential_plugin(world: World) -> None:
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": "no-such-plugin", "interactiveMode": "Never"}
    world.client(kubeconfig=world.user({"exec": plugin})).status("r")


def credential_plugin_fails(world: World) -> None:
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": "false", "interactiveMode": "Never"}
    world.client(kubeconfig=world.user({"exec": plugin})).status("r")


def kubeconfig_missing(world: World) -> None:
    world.client(kubeconfig=world.folder / "missing").status("r")


def kubeconfig_broken(world: World) -> None:
    broken = world.folder / "broken"
    broken.write_text("apiVersion: v1\nclusters: [}\n")
    world.client(kubeconfig=broken).status("r")


def kubeconfig_of_text(world: World) -> None:
    broken = world.folder / "broken"
    broken.write_text("hello\n")
    world.client(kubeconfig=broken).status("r")


def unknown_context(world: World) -> None:
    world.client(kube_context="elsewhere").status("r")


def no_kubeconfig(world: World) -> None:
    world.client(kubeconfig=os.devnull).status("r")


def forbidden(world: World) -> None:
    token = world.namespace.kubectl("create", "token", "default").strip()
    world.client(kubeconfig=world.user({"token": token})).install("r", world.chart(CONFIG_MAP), wait=NO_WAIT)


def namespace_missing(world: World) -> None:
    world.client(namespace="no-such-namespace").install("r", world.chart(CONFIG_MAP), wait=NO_WAIT)


def release_missing(world: World) -> None:
    world.client().status("r")


def release_missing_history(world: World) -> None:
    world.client().history("r")


def release_missing_upgrade(world: World) -> None:
    world.client().upgrade("r", world.chart(CONFIG_MAP), wait=NO_WAIT)


def release_missing_rollback(world: World) -> None:
    world.client().rollback("r", 1, wait=NO_WAIT)


def release_missing_uninstall(world: World) -> None:
    world.client().uninstall("r", wait=NO_WAIT)


def release_missing_test(world: World) -> None:
    world.client().test("r")


def revision_missing(world: World) -> None:
    world.installed()
    world.client().status("r", 9)


def revision_missing_rollback(world: World) -> None:
    world.installed()
    world.client().rollback("r", 9, wait=NO_WAIT)


def no_earlier_revision(world: World) -> None:
    world.installed()
    world.client().rollback("r", wait=NO_WAIT)


def namespace_ending(world: World) -> None:
    keeper = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "keeper", "finalizers": ["example.com/keep"]},
    }
    world.namespace.apply(keeper)
    world.namespace.kubectl("delete", "namespace", world.namespace.name, "--wait=false")
    try:
        world.client().install("r", world.chart(CONFIG_MAP), wait=NO_WAIT)
    finally:
        world.namespace.kubectl(
            "patch", "configmap", "keeper", "--type=merge", '--patch={"metadata":{"finalizers":[]}}'
        )


def release_exists(world: World) -> None:
    world.client().install("r", world.installed(), wait=NO_WAIT)


def operation_in_progress(world: World) -> None:
    chart = world.installed()
    world.chart(CONFIG_MAP, DEPLOYMENT)
    process = subprocess.Popen(
        [world.helm, "upgrade", "r", chart, "--set=ready=false", "--wait", "--namespace", world.namespace.name],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and '"pending-upgrade"' not in world.namespace.kubectl(
        "get", "secrets", "--output=json"
    ):
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    world.client().upgrade("r", chart, wait=NO_WAIT)


def timed_out(world: World) -> None:
    world.client().install("r", world.chart(DEPLOYMENT), values={"ready": False}, wait=SHORT)


def timed_out_upgrade(world: World) -> None:
    chart = world.installed(DEPLOYMENT)
    world.client().upgrade("r", chart, values={"ready": False}, wait=SHORT)


def install_undone(world: World) -> None:
    world.client().install("r", world.chart(DEPLOYMENT), values={"ready": False}, wait=UNDO)


def upgrade_undone(world: World) -> None:
    chart = world.installed(CONFIG_MAP)
    world.chart(CONFIG_MAP, DEPLOYMENT)
    world.client().upgrade("r", chart, values={"ready": False}, wait=UNDO)


def upgrade_not_undone(world: World) -> None:
    chart = world.chart(DEPLOYMENT)
    world.client().install("r", chart, values={"ready": False}, wait=NO_WAIT)
    world.client().upgrade("r", chart, values={"ready": False, "greeting": "bye"}, wait=UNDO)


def field_conflict(world: World) -> None:
    chart = world.installed()
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "r"}, "data": {"greeting": "mine"}}
    arguments = ["--server-side", "--force-conflicts", "--field-manager=someone", "--filename=-"]
    world.namespace.kubectl("apply", *arguments, input=json.dumps(body))
    world.client().upgrade("r", chart, values={"greeting": "yours"}, wait=NO_WAIT)


def values_break_schema(world: World) -> None:
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "properties": {"greeting": {"type": "string"}, "port": {"type": "integer"}},
    }
    chart = world.chart(CONFIG_MAP, schema=schema)
    world.client().install("r", chart, values={"greeting": 5, "port": "x"}, wait=NO_WAIT)


def template_not_yaml(world: World) -> None:
    world.client().install("r", world.chart(CONFIG_MAP + "  a: b: c\n"), wait=NO_WAIT)


def template_not_parsable(world: World) -> None:
    world.client().install("r", world.chart(CONFIG_MAP + "{{ if }}\n"), wait=NO_WAIT)


def template_calls_fail(world: World) -> None:
    world.client().install("r", world.chart('{{ fail "ingress.host is needed" }}'), wait=NO_WAIT)


def kind_unknown(world: World) -> None:
    world.client().install("r", world.chart(CONFIG_MAP.replace("ConfigMap", "ConfigMop")), wait=NO_WAIT)


def field_unknown(world: World) -> None:
    world.client().install("r", world.chart(DEPLOYMENT.replace("replicas:", "replicos:")), wait=NO_WAIT)


def field_of_wrong_type(world: World) -> None:
    world.client().install("r", world.chart(DEPLOYMENT.replace("replicas: 1", "replicas: many")), wait=NO_WAIT)


def field_invalid(world: World) -> None:
    world.client().install("r", world.chart(DEPLOYMENT.replace("replicas: 1", "replicas: -1")), wait=NO_WAIT)


def object_of_another(world: World) -> None:
    world.namespace.kubectl("create", "configmap", "r")
    world.client().install("r", world.chart(CONFIG_MAP), wait=NO_WAIT)


def object_of_another_release(world: World) -> None:
    chart = world.installed(CONFIG_MAP.replace("{{ .Release.Name }}", "shared"))
    world.client().install("other", chart, wait=NO_WAIT)


def field_immutable(world: World) -> None:
    chart = world.installed(DEPLOYMENT)
    world.client().upgrade("r", chart, values={"colour": "red"}, wait=NO_WAIT)


def quota_exceeded(world: World) -> None:
    world.namespace.kubectl("create", "quota", "small", "--hard=count/configmaps=1")
    world.namespace.kubectl("wait", "--for=jsonpath={.status.used}", "quota/small", "--timeout=30s")
    world.client().install("r", world.chart(CONFIG_MAP), wait=NO_WAIT)


def pod_security(world: World) -> None:
    world.namespace.kubectl("label", "namespace", world.namespace.name, "pod-security.kubernetes.io/enforce=restricted")
    world.client().install("r", world.chart(POD), wait=NO_WAIT)


def policy_refuses(world: World) -> None:
    body = {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "small"}}
    world.namespace.apply(body | {"spec": {"limits": [{"type": "Container", "max": {"cpu": "1m"}}]}})
    pod = POD.replace("image: pause", "image: pause, resources: {limits: {cpu: 1}}")
    world.client().install("r", world.chart(pod), wait=NO_WAIT)


def hook_failed(world: World) -> None:
    chart = world.chart(TEST_POD.replace("hook: test", "hook: pre-install"))
    world.client().install("r", chart, values={"testExit": 3}, wait=NO_WAIT)


def test_failed(world: World) -> None:
    world.chart(CONFIG_MAP, TEST_POD)
    chart = world.folder / "small"
    world.client().install("r", chart, values={"testExit": 3}, wait=NO_WAIT)
    world.client().test("r")


def test_timed_out(world: World) -> None:
    chart = world.chart(CONFIG_MAP, TEST_POD.replace("exit {{", "sleep 60; exit {{"))
    world.client().install("r", chart, wait=NO_WAIT)
    # Without logs: on a busy node the container may not have begun by then, and have none.
    world.client().test("r", logs=False, timeout="2s")


def chart_missing(world: World) -> None:
    world.client().install("r", world.folder / "nothing", wait=NO_WAIT)


def chart_without_metadata(world: World) -> None:
    (world.folder / "empty").mkdir()
    world.client().install("r", world.folder / "empty", wait=NO_WAIT)


def chart_not_an_archive(world: World) -> None:
    (world.folder / "chart.tgz").write_text("hello")
    world.client().install("r", world.folder / "chart.tgz", wait=NO_WAIT)


def chart_for_newer_kubernetes(world: World) -> None:
    world.client().install("r", world.chart(CONFIG_MAP, extra={"kubeVersion": ">=1.99.0-0"}), wait=NO_WAIT)


def chart_version_invalid(world: World) -> None:
    world.client().install("r", world.chart(CONFIG_MAP, version="latest"), wait=NO_WAIT)


def release_too_large(world: World) -> None:
    chart = world.chart(CONFIG_MAP)
    (chart / "blob").write_bytes(os.urandom(1_000_000))
    world.client().install("r", chart, wait=NO_WAIT)


def release_name_invalid(world: World) -> None:
    world.client().install("Not_A_Name", world.chart(CONFIG_MAP), wait=NO_WAIT)


def values_file_missing(world: World) -> None:
    world.client().install("r", world.chart(CONFIG_MAP), values_files=[world.folder / "none.yaml"], wait=NO_WAIT)


def values_file_not_yaml(world: World) -> None:
    (world.folder / "bad.yaml").write_text("a: [\n")
    world.client().install("r", world.chart(CONFIG_MAP), values_files=[world.folder / "bad.yaml"], wait=NO_WAIT)
