"""How many pods there are, what replaces them, and how they are reached: autoscaling, budget, Service, Ingress."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.helpers import documents, of_kind, run

if TYPE_CHECKING:
    from pathlib import Path

    from tests.chart.conftest import Made


def _set(*settings: str) -> list[str]:
    return [word for setting in settings for word in ("--set", setting)]


def _kinds(manifests: list[dict[str, Any]]) -> set[str]:
    return {document["kind"] for document in manifests}


def _variables(manifests: list[dict[str, Any]]) -> dict[str, str]:
    container = of_kind(manifests, "Deployment")["spec"]["template"]["spec"]["containers"][0]
    return {entry["name"]: entry.get("value") for entry in container["env"]}


def _notes(made: Made, helm: Path, folder: Path, *argv: str) -> str:
    """NOTES.txt as helm renders it; helm itself prints it only where it can reach a cluster."""
    chart = folder / f"notes-{made.service}"
    if not chart.exists():
        shutil.copytree(made.folder, chart)
        (chart / "notes").write_text((chart / "templates" / "NOTES.txt").read_text(), encoding="utf-8")
        (chart / "templates" / "notes.yaml").write_text('notes: {{ tpl (.Files.Get "notes") . | toJson }}\n')
    name = made.built.spec.name
    printed = run(helm, "template", name, chart, "--namespace", "models", "--show-only", "templates/notes.yaml", *argv)
    [document] = documents(printed)
    return str(document["notes"])


def test_a_subject_that_the_service_file_leaves_out_is_not_in_the_chart(charts: Any) -> None:
    made: Made = charts("smallest")
    assert not {"templates/hpa.yaml", "templates/pdb.yaml", "templates/ingress.yaml"} & set(made.built.chart.files)
    assert not {"autoscaling", "ingress", "podDisruptionBudget"} & set(made.built.plan.values)
    text = "".join(content.decode() for path, content in made.built.chart.files.items() if "files/" not in path)
    assert not [word for word in ("autoscal", "ngress", "Disruption") if word in text]


def test_what_is_off_ships_the_switch(charts: Any, helm: Path) -> None:
    made: Made = charts("switched-off")
    assert not {"HorizontalPodAutoscaler", "PodDisruptionBudget", "Ingress"} & _kinds(made.manifests(helm))
    manifests = made.manifests(
        helm, *_set("autoscaling.enabled=true", "ingress.enabled=true", "ingress.host=a.example")
    )
    assert {"HorizontalPodAutoscaler", "PodDisruptionBudget", "Ingress"} < _kinds(manifests)


@pytest.mark.parametrize(("enabled", "replicas"), [("true", None), ("false", 3)])
def test_the_autoscaler_alone_decides_the_number_while_it_is_on(
    charts: Any, helm: Path, enabled: str, replicas: int | None
) -> None:
    made: Made = charts("everything")
    manifests = made.manifests(helm, *_set(f"autoscaling.enabled={enabled}"))
    assert of_kind(manifests, "Deployment")["spec"].get("replicas") == replicas
    assert ("HorizontalPodAutoscaler" in _kinds(manifests)) == (replicas is None)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["minReplicas=5", "maxReplicas=4"], "autoscaling.minReplicas (5) is above autoscaling.maxReplicas (4)"),
        (
            ["targetCPUUtilizationPercentage=0", "targetMemoryUtilizationPercentage=0"],
            "autoscaling is on and has nothing to scale by",
        ),
        (["minReplicas=0"], "minReplicas"),
        (["behavior.scaleUp.policies[0].type=Pods"], "value"),
    ],
)
def test_an_autoscaler_that_cannot_work_is_refused(charts: Any, helm: Path, settings: list[str], message: str) -> None:
    made: Made = charts("everything")
    with pytest.raises(AssertionError) as caught:
        made.manifests(helm, *_set(*(f"autoscaling.{setting}" for setting in settings)))
    assert message in str(caught.value)


@pytest.mark.parametrize(("left_out", "kept"), [("CPU", "memory"), ("Memory", "cpu")])
def test_a_target_of_zero_leaves_a_metric_out(charts: Any, helm: Path, left_out: str, kept: str) -> None:
    made: Made = charts("everything")
    manifests = made.manifests(helm, *_set(f"autoscaling.target{left_out}UtilizationPercentage=0"))
    metrics = of_kind(manifests, "HorizontalPodAutoscaler")["spec"]["metrics"]
    assert [metric["resource"]["name"] for metric in metrics] == [kept]


@pytest.mark.parametrize(
    ("service", "settings", "made_one"),
    [
        ("ordinary", [], True),
        ("ordinary", ["replicaCount=1"], False),
        ("ordinary", ["replicaCount=0"], False),
        ("ordinary", ["podDisruptionBudget.enabled=false"], False),
        ("everything", ["replicaCount=1"], True),
        ("everything", ["replicaCount=1", "autoscaling.enabled=false"], False),
        ("switched-off", ["replicaCount=2"], True),
    ],
)
def test_a_budget_exists_where_there_may_be_several_pods(
    charts: Any, helm4: Path, service: str, settings: list[str], made_one: bool
) -> None:
    made: Made = charts(service)
    assert ("PodDisruptionBudget" in _kinds(made.manifests(helm4, *_set(*settings)))) == made_one


def test_a_budget_may_be_a_share(charts: Any, helm: Path) -> None:
    made: Made = charts("ordinary")
    budget = of_kind(made.manifests(helm, *_set("podDisruptionBudget.maxUnavailable=50%")), "PodDisruptionBudget")
    assert budget["spec"]["maxUnavailable"] == "50%"
    labels = of_kind(made.manifests(helm), "Deployment")["spec"]["template"]["metadata"]["labels"]
    assert budget["spec"]["selector"]["matchLabels"].items() <= labels.items()


@pytest.mark.parametrize(
    ("settings", "base", "url"),
    [
        ([], "/models/everything", "https://models.example.com/models/everything/predict"),
        (["ingress.path=/"], None, "https://models.example.com/predict"),
        (["ingress.tls.enabled=false"], "/models/everything", "http://models.example.com/models/everything/predict"),
        (["ingress.enabled=false"], None, None),
    ],
)
def test_the_pods_answer_where_the_ingress_sends_requests(
    charts: Any, helm: Path, tmp_path: Path, settings: list[str], *, base: str | None, url: str | None
) -> None:
    made: Made = charts("everything")
    manifests = made.manifests(helm, *_set(*settings))
    assert _variables(manifests).get("CHARTGEN_BASE_PATH") == base
    notes = _notes(made, helm, tmp_path, *_set(*settings))
    assert url in notes if url else "Ingress" not in notes
    for ingress in (document for document in manifests if document["kind"] == "Ingress"):
        backend = ingress["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]
        service = of_kind(manifests, "Service")
        assert backend == {"name": service["metadata"]["name"], "port": {"name": service["spec"]["ports"][0]["name"]}}


def test_tls_without_a_secret_uses_the_certificate_of_the_controller(charts: Any, helm: Path) -> None:
    made: Made = charts("switched-off")
    ingress = of_kind(made.manifests(helm, *_set("ingress.enabled=true", "ingress.host=a.example")), "Ingress")
    assert ingress["spec"]["tls"] == [{"hosts": ["a.example"]}]
    assert "ingressClassName" not in ingress["spec"]


@pytest.mark.parametrize(
    "setting",
    [
        "ingress.host=",
        "ingress.host=null",
        "ingress.host=1.2.3.4",
        "ingress.host=Models.example.com",
        "ingress.host=a b",
        "ingress.path=/a/",
        "ingress.path=/a/../b",
        "ingress.path=a",
        "ingress.tls.secretName=A",
        "service.port=0",
        "service.type=ExternalName",
        "podLabels.app\\.kubernetes\\.io/name=x",
        "podLabels.a b=x",
        "nodeSelector.a b=x",
        "podAnnotations.a b=x",
        "podAnnotations.checksum/model=x",
        "podAnnotations.kubectl\\.kubernetes\\.io/default-container=x",
        "startupProbe.successThreshold=2",
        "livenessProbe.successThreshold=2",
        "env.A.secretKeyRef.name=a,env.A.secretKeyRef.key=..",
        "packages.noProxy=user:hunter2@x",
        "packages.pipOptions={--no-binary=:all:}",
        "limits.maxBodyBytes=0",
        "logging.accessSample=2",
        "podDisruptionBudget.maxUnavailable=0",
    ],
)
def test_values_that_could_not_work_are_refused_by_the_schema(charts: Any, helm: Path, setting: str) -> None:
    made: Made = charts("everything")
    with pytest.raises(AssertionError, match="values don't meet the specifications of the schema"):
        made.manifests(helm, *_set(setting))


def test_long_numbers_reach_the_pod_as_they_are_written(charts: Any, helm: Path) -> None:
    made: Made = charts("ordinary")
    settings = _set("limits.maxBodyBytes=1099511627776", "limits.maxInFlight=1000000", "logging.accessSample=0.001")
    variables = _variables(made.manifests(helm, *settings))
    assert variables["CHARTGEN_MAX_BODY_BYTES"] == "1099511627776"
    assert variables["CHARTGEN_MAX_IN_FLIGHT"] == "1000000"
    assert variables["CHARTGEN_ACCESS_LOG_SAMPLE"] == "0.001", "helm hands a fraction of --set over as text"


def test_the_pod_has_stopped_before_it_would_be_killed(charts: Any, helm: Path) -> None:
    made: Made = charts("ordinary")
    for seconds in (10, 30, 3600):
        manifests = made.manifests(helm, *_set(f"terminationGracePeriodSeconds={seconds}"))
        pod = of_kind(manifests, "Deployment")["spec"]["template"]["spec"]
        pause = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
        drain = 1  # what the runtime waits by itself before it closes
        assert pause + drain + int(_variables(manifests)["CHARTGEN_SHUTDOWN_SECONDS"]) < seconds


def test_the_notes_say_what_switching_the_autoscaler_does_to_the_number(
    charts: Any, helm: Path, tmp_path: Path
) -> None:
    on = _notes(charts("everything"), helm, tmp_path)
    assert "follows the load, from 2 to 10" in on
    assert "begins with 1" in on
    assert "Switched off, it is replicaCount: 3." in on
    off = _notes(charts("switched-off"), helm, tmp_path)
    assert "The number of pods is replicaCount: 1." in off
    assert "begins with 1" in off


def test_the_notes_name_the_way_back_only_where_there_is_one(charts: Any, helm: Path, tmp_path: Path) -> None:
    assert "rollback" not in _notes(charts("ordinary"), helm, tmp_path)
    upgraded = _notes(charts("ordinary"), helm, tmp_path, "--is-upgrade")
    assert re.search(r"helm --namespace models history (\S+)\n +helm --namespace models rollback \1 REVISION", upgraded)


@pytest.mark.parametrize(
    ("setting", "rolls"),
    [('sample.request={"input": 1}', True), ("sample.response={}", False), ("sample.tolerance=0.5", False)],
)
def test_only_another_request_of_the_sample_makes_new_pods(
    charts: Any, helm: Path, tmp_path: Path, setting: str, rolls: bool
) -> None:
    made: Made = charts("ordinary")
    key, _, value = setting.partition("=")
    values = tmp_path / "values.yaml"
    values.write_text(
        yaml.safe_dump({"sample": {key.removeprefix("sample."): yaml.safe_load(value) if "." in value else value}})
    )
    before = of_kind(made.manifests(helm), "Deployment")["spec"]["template"]
    after = of_kind(made.manifests(helm, "--values", values), "Deployment")["spec"]["template"]
    assert (before != after) == rolls


def test_the_test_pod_is_admitted_and_scheduled_as_the_pods_but_never_gets_their_requests(
    charts: Any, helm: Path, tmp_path: Path
) -> None:
    made: Made = charts("everything")
    nodes = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": []}]}}
    values = tmp_path / "values.yaml"
    values.write_text(yaml.safe_dump({"affinity": {"nodeAffinity": nodes}}))
    manifests = made.manifests(helm, "--values", values)
    test, pod = of_kind(manifests, "Pod"), of_kind(manifests, "Deployment")["spec"]["template"]
    assert test["metadata"]["labels"]["team"] == pod["metadata"]["labels"]["team"] == "vision"
    for key in ("priorityClassName", "nodeSelector", "tolerations", "imagePullSecrets", "securityContext"):
        assert test["spec"][key] == pod["spec"][key], key
    # Rules about other pods are about the replicas: where they keep those apart, there may be no place for one more.
    assert test["spec"]["affinity"] == {"nodeAffinity": nodes}
    assert pod["spec"]["affinity"].keys() == {"nodeAffinity", "podAntiAffinity"}
    selector = of_kind(manifests, "Service")["spec"]["selector"]
    assert not selector.items() <= test["metadata"]["labels"].items()


def test_affinity_may_be_taken_away(charts: Any, helm: Path) -> None:
    made: Made = charts("everything")
    manifests = made.manifests(helm, *_set("affinity=null"))
    assert "affinity" not in of_kind(manifests, "Pod")["spec"]
