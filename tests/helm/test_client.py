"""The verbs that need no cluster, with both helms."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from chartgen.errors import ClusterUnreachableError, InvalidManifestError
from chartgen.helm.client import HelmClient
from chartgen.helm.options import KeptValues, WaitOptions, wait_arguments
from chartgen.helm.runner import Completed, SubprocessRunner
from tests.small_charts import CONFIG_MAP, TEST_POD, write_chart

if TYPE_CHECKING:
    from collections.abc import Sequence


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    return write_chart(tmp_path, {"map.yaml": CONFIG_MAP, "test.yaml": TEST_POD})


def test_a_good_chart_passes_lint(helm: Path, chart: Path) -> None:
    assert "1 chart(s) linted, 0 chart(s) failed" in HelmClient(helm).lint(chart)


def test_lint_names_what_is_wrong_and_where(helm: Path, tmp_path: Path) -> None:
    chart = write_chart(tmp_path, {"map.yaml": CONFIG_MAP + "  a: b: c\n"})
    with pytest.raises(InvalidManifestError, match=r"templates/.*map\.yaml.*mapping values are not allowed") as caught:
        HelmClient(helm).lint(chart)
    assert caught.value.where == str(chart)


def test_a_warning_fails_lint_only_when_it_is_strict(helm: Path, tmp_path: Path) -> None:
    old = CONFIG_MAP.replace("apiVersion: v1\nkind: ConfigMap", "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget")
    chart = write_chart(tmp_path, {"old.yaml": old})
    HelmClient(helm).lint(chart, strict=False)
    with pytest.raises(InvalidManifestError, match=r"templates/old.yaml: .*deprecated"):
        HelmClient(helm).lint(chart)


def test_values_are_linted_too(helm: Path, chart: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("greeting: [\n")
    with pytest.raises(InvalidManifestError):
        HelmClient(helm).lint(chart, values_files=[tmp_path / "bad.yaml"])


def test_a_template_is_rendered_without_its_tests(helm: Path, chart: Path) -> None:
    documents = list(yaml.safe_load_all(HelmClient(helm, namespace="models").template("iris", chart)))
    assert [(each["kind"], each["metadata"]["name"]) for each in documents] == [("ConfigMap", "iris")]


def test_tests_are_rendered_when_they_are_asked_for(helm: Path, chart: Path) -> None:
    text = HelmClient(helm).template("iris", chart, include_tests=True)
    assert {each["kind"] for each in yaml.safe_load_all(text)} == {"ConfigMap", "Pod"}


def test_values_files_and_values_win_in_order(helm: Path, chart: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text(f"greeting: {name}\n")
    client = HelmClient(helm)
    files = [tmp_path / "a", tmp_path / "b"]
    assert yaml.safe_load(client.template("r", chart, files))["data"]["greeting"] == "b"
    assert yaml.safe_load(client.template("r", chart, files, {"greeting": "c"}))["data"]["greeting"] == "c"


@pytest.mark.parametrize("name", ["a,b.yaml", 'a"b.yaml', "a b.yaml", "-a.yaml", "é.yaml"])
def test_a_values_file_may_have_any_name(
    helm: Path, chart: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / name).write_text("greeting: found\n")
    monkeypatch.chdir(tmp_path)
    assert yaml.safe_load(HelmClient(helm).template("r", chart, [Path(name)]))["data"]["greeting"] == "found"


def test_a_chart_is_never_looked_for_in_repositories(helm: Path, chart: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(chart.parent)
    assert HelmClient(helm).template("r", Path("small"))
    with pytest.raises(InvalidManifestError, match="there is no such chart"):
        HelmClient(helm).template("r", Path("stable/small"))


def test_rendering_does_not_depend_on_a_kubeconfig(helm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chart = write_chart(tmp_path, {"map.yaml": CONFIG_MAP.replace("{{ .Release.Name }}", "{{ .Release.Namespace }}")})
    config = {"current-context": "a", "contexts": [{"name": "a", "context": {"namespace": "elsewhere"}}]}
    (tmp_path / "config").write_text(yaml.safe_dump(config))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "config"))
    assert yaml.safe_load(HelmClient(helm).template("r", chart))["metadata"]["name"] == "default"


def test_it_is_rendered_for_a_version_of_kubernetes(helm: Path, tmp_path: Path) -> None:
    chart = write_chart(tmp_path, {"map.yaml": CONFIG_MAP}, extra={"kubeVersion": ">=1.35.0-0"})
    HelmClient(helm).template("r", chart, kube_version="1.36.0")
    with pytest.raises(InvalidManifestError, match=r"needs Kubernetes >=1\.35\.0-0"):
        HelmClient(helm).template("r", chart, kube_version="1.30.0")


def test_a_message_is_still_understood_with_the_debug_output_of_helm(helm: Path, tmp_path: Path) -> None:
    chart = write_chart(tmp_path, {"map.yaml": '{{ fail "ingress.host is needed" }}'})
    with pytest.raises(InvalidManifestError) as caught:
        HelmClient(helm, debug=True).template("r", chart)
    assert caught.value.message == "the chart refuses its values: ingress.host is needed"
    assert caught.value.where == "small/templates/map.yaml:1:3"


def test_a_verb_on_a_release_needs_a_namespace(helm: Path) -> None:
    with pytest.raises(ValueError, match="needs a namespace"):
        HelmClient(helm).status("r")


def test_the_cluster_is_the_one_that_was_named(helm: Path, tmp_path: Path) -> None:
    client = HelmClient(helm, namespace="models", kubeconfig=tmp_path / "missing", kube_context="c")
    with pytest.raises(ClusterUnreachableError, match="does not exist") as caught:
        client.list()
    assert {"--kubeconfig", "--kube-context", "--namespace"} <= set(caught.value.argv)


def test_a_wrong_timeout_is_refused_before_helm_runs() -> None:
    with pytest.raises(ValueError, match="not a duration"):
        WaitOptions(timeout="soon")


def test_undoing_a_failure_implies_waiting() -> None:
    options = WaitOptions(wait=False, timeout="1m", rollback_on_failure=True)
    assert wait_arguments(options, "--atomic") == ["--timeout", "1m", "--wait", "--atomic"]
    assert wait_arguments(options) == ["--timeout", "1m"]


class Recorder(SubprocessRunner):
    """Keeps the commands, and answers as helm would if it changed something."""

    def __init__(self, answer: str) -> None:
        super().__init__()
        self.answer = answer
        self.commands: list[list[str]] = []

    def run(self, argv: Sequence[str], *, stdin: bytes | None = None, timeout: float | None = None) -> Completed:
        if "version" in argv:
            return super().run(argv, stdin=stdin, timeout=timeout)
        self.commands.append(list(argv))
        return Completed(tuple(argv), 0, self.answer, "")


def test_each_major_gets_its_own_flags(helm3: Path, helm4: Path, chart: Path) -> None:
    undo = WaitOptions(rollback_on_failure=True)
    expected = {helm3: ("--atomic", False), helm4: ("--rollback-on-failure", True)}
    for helm, (flag, conflicts) in expected.items():
        runner = Recorder('{"name": "r"}')
        client = HelmClient(helm, namespace="models", runner=runner)
        client.upgrade("r", chart, wait=undo, force_conflicts=True, kept_values=KeptValues.RESET)
        command = runner.commands[0]
        assert flag in command
        assert ("--force-conflicts" in command) is conflicts
        assert "--reset-values" in command
        assert command[-3:] == ["--", "r", str(chart)]


def test_pods_are_counted_where_the_verdict_of_before_would_count(helm3: Path, helm4: Path, chart: Path) -> None:
    for helm, flag in {helm3: "--wait", helm4: "--wait=legacy"}.items():
        runner = Recorder('{"name": "r"}')
        HelmClient(helm, namespace="models", runner=runner).upgrade("r", chart, wait=WaitOptions(counts_pods=True))
        assert [word for word in runner.commands[0] if word.startswith("--wait")] == [flag]


def test_every_flag_that_is_used_is_known_to_the_real_helm(helm: Path, chart: Path, tmp_path: Path) -> None:
    """Each verb gets as far as the cluster that is not there."""
    (tmp_path / "none").write_text("")
    client = HelmClient(helm, namespace="models", kubeconfig=tmp_path / "none")
    undo = WaitOptions(rollback_on_failure=True, counts_pods=True)
    change = {"wait": undo, "create_namespace": True, "description": "why", "labels": {"a": "b"}}
    verbs = [
        lambda: client.install("r", chart, **change),
        lambda: client.upgrade("r", chart, install=True, force_conflicts=True, kept_values=KeptValues.REUSE, **change),
        lambda: client.upgrade("r", chart, kept_values=KeptValues.RESET_THEN_REUSE),
        lambda: client.rollback("r", 1, wait=undo, force_conflicts=True),
        lambda: client.uninstall("r", keep_history=True, ignore_not_found=True, dry_run=True),
        lambda: client.status("r", 1),
        lambda: client.history("r"),
        lambda: client.list(all_namespaces=True, selector="a=b", name_pattern="^r$"),
        lambda: client.get_values("r", 1, computed=True),
        lambda: client.get_metadata("r", 1),
        lambda: client.test("r", timeout="1s"),
        lambda: client.template("r", chart, against_cluster=True),
    ]
    for verb in verbs:
        with pytest.raises(ClusterUnreachableError, match="no kubeconfig that names a cluster"):
            verb()
