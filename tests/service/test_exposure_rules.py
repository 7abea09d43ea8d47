"""The rules about scaling, the Service and the Ingress, and what is warned of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.service.conftest import Project

MINIMAL = "name: iris\nmodel: ./iris.onnx\n"


@pytest.mark.parametrize(
    ("hpa", "path", "place", "message"),
    [
        ("{minReplicas: 4}", "hpa.minReplicas", "3:20", "4 is above maxReplicas, which is 3 unless it is written"),
        ("{minReplicas: 6, maxReplicas: 5}", "hpa.minReplicas", "3:20", "6 is above maxReplicas, which is 5"),
        ("{targetCPU: 0}", "hpa.targetCPU", "3:18", "leaves nothing to scale by"),
        ("{targetCPU: 0, targetMemory: 0}", "hpa.targetCPU", "3:18", "leaves nothing to scale by"),
        ("{behavior: {scaleUp: {policies: []}}}", "hpa.behavior.scaleUp.policies", "3:38", "is empty"),
    ],
)
def test_a_scaling_that_cannot_work_is_refused(project: Project, hpa: str, path: str, place: str, message: str) -> None:
    (violation,) = project.violations(f"{MINIMAL}hpa: {hpa}\n")
    assert (violation.path, violation.message) == (path, message)
    assert violation.where.endswith(f"service.yaml:{place}")


@pytest.mark.parametrize("hpa", ["{minReplicas: 3}", "{targetCPU: 0, targetMemory: 1}", "{maxReplicas: 1}", "{}"])
def test_a_scaling_that_can_work_is_taken(project: Project, hpa: str) -> None:
    assert project.spec(f"{MINIMAL}hpa: {hpa}\n").autoscaling is not None


@pytest.mark.parametrize("host", ["a", "a.b", "*.example.com", "xn--bcher-kva.example", "a--b.c", "1.example", "0x7f"])
def test_names_of_hosts_are_taken(project: Project, host: str) -> None:
    ingress = project.spec(f"{MINIMAL}ingress: {{enabled: true, host: '{host}'}}\n").ingress
    assert ingress is not None
    assert ingress.host == host


@pytest.mark.parametrize(
    ("host", "hint"),
    [
        ("Models.Example.com", "did you mean `models.example.com`?"),
        ("https://models.example.com:8443/a", "did you mean `models.example.com`?"),
        ("a_b.example.com", None),
        ("a..b", None),
        ("-a.b", None),
        ("a.b.", None),
        ("*", None),
        ("a.*.b", None),
        ("bücher.example", None),
        ("a" * 64 + ".b", None),
        ("a.b\\n", "did you mean `a.b`?"),
    ],
)
def test_what_is_no_name_of_a_host_is_refused(project: Project, host: str, hint: str | None) -> None:
    (violation,) = project.violations(f'{MINIMAL}ingress: {{enabled: true, host: "{host}"}}\n')
    assert (violation.path, violation.hint) == ("ingress.host", hint)
    assert violation.where.endswith("service.yaml:3:32")


@pytest.mark.parametrize("host", ["1.2.3.4", "a.1", "10"])
def test_an_address_is_no_host(project: Project, host: str) -> None:
    (violation,) = project.violations(f'{MINIMAL}ingress: {{enabled: true, host: "{host}"}}\n')
    assert violation.message == f'"{host}" is an address, not a name'


@pytest.mark.parametrize("path", ["/", "/a", "/models/iris-1.2_~", "/...", "/.well-known/a", "/a/..b"])
def test_paths_are_taken(project: Project, path: str) -> None:
    ingress = project.spec(f"{MINIMAL}ingress: {{enabled: false, path: '{path}'}}\n").ingress
    assert ingress is not None
    assert ingress.path == path


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("models/a", "did you mean `/models/a`?"),
        ("/models/a/", "did you mean `/models/a`?"),
        ("/models//a", "did you mean `/models/a`?"),
        ("/a/./b", "did you mean `/a/b`?"),
        ("/a/../b", "did you mean `/a/b`?"),
        ("", "did you mean `/`?"),
        ("/a b", None),
        ("/a%2fb", None),
        ("/a?b", None),
        ("/ä", None),
        ("/a;b", None),
    ],
)
def test_what_is_no_plain_path_is_refused(project: Project, path: str, hint: str | None) -> None:
    (violation,) = project.violations(f'{MINIMAL}ingress: {{enabled: false, path: "{path}"}}\n')
    assert (violation.path, violation.hint) == ("ingress.path", hint)


def test_an_ingress_that_is_on_needs_a_host(project: Project) -> None:
    (violation,) = project.violations(f"{MINIMAL}ingress:\n  enabled: true\n")
    assert (violation.path, violation.message) == ("ingress.host", "is required")
    assert project.spec(f"{MINIMAL}ingress:\n  enabled: false\n").ingress is not None


@pytest.mark.parametrize(
    ("tls", "is_on", "secret"), [("true", True, ""), ("false", False, ""), ("{secretName: a.b}", True, "a.b")]
)
def test_tls_is_a_switch_or_names_a_secret(project: Project, tls: str, is_on: bool, secret: str) -> None:
    ingress = project.spec(f"{MINIMAL}ingress: {{enabled: true, host: a.b, tls: {tls}}}\n").ingress
    assert ingress is not None
    assert (ingress.tls, ingress.tls_secret) == (is_on, secret)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("ingress: {enabled: false, tls: {secretName: A}}", "ingress.tls.secretName"),
        ("ingress: {enabled: false, tls: {}}", "ingress.tls.secretName"),
        ("ingress: {enabled: false, className: a_b}", "ingress.className"),
        ("ingress: {enabled: false, annotations: {a b: c}}", 'ingress.annotations["a b"]'),
        ("service: {annotations: {a b: c}}", 'service.annotations["a b"]'),
        ("service: {port: 65536}", "service.port"),
        ("service: {type: ExternalName}", "service.type"),
    ],
)
def test_what_kubernetes_would_refuse_is_refused(project: Project, text: str, path: str) -> None:
    (violation,) = project.violations(f"{MINIMAL}{text}\n")
    assert violation.path == path


def test_a_number_of_pods_beside_a_scaling_is_warned_of(project: Project) -> None:
    (warning,) = project.spec(f"{MINIMAL}replicas: 2\nhpa: {{enabled: true, maxReplicas: 5}}\n").warnings
    said = "replicas is not used while hpa is on, which makes it from 1 to 5 pods by the load"
    assert warning.endswith(f"service.yaml:3:1: {said}")
    assert project.spec(f"{MINIMAL}replicas: 2\nhpa: {{enabled: false}}\n").warnings == ()
    assert project.spec(f"{MINIMAL}hpa: {{enabled: true}}\n").warnings == ()


@pytest.mark.parametrize("key", ["hpa", "ingress"])
def test_settings_without_a_word_on_the_switch_are_warned_of(project: Project, key: str) -> None:
    (warning,) = project.spec(f"{MINIMAL}{key}: {{}}\n").warnings
    assert f"service.yaml:3:1: {key} is off, since it does not say `enabled: true`" in warning


@pytest.mark.parametrize(
    ("text", "path", "place"),
    [
        (
            "ingress: {className: a, annotations: {kubernetes.io/ingress.class: b}}",
            'ingress.annotations["kubernetes.io/ingress.class"]',
            "3:39",
        ),
        ("pod: {affinity: {nodeAffinity: {foo: bar}}}", "pod.affinity.nodeAffinity.foo", "3:33"),
        (
            "pod: {topologySpreadConstraints: [{maxSkew: 3000000000, topologyKey: a, "
            "whenUnsatisfiable: ScheduleAnyway}]}",
            "pod.topologySpreadConstraints[0].maxSkew",
            "3:45",
        ),
        ("pod: {tolerations: [{key: '', value: x}]}", "pod.tolerations[0].key", "3:27"),
        ("pod: {tolerations: [{key: a b, operator: Exists}]}", "pod.tolerations[0].key", "3:27"),
        (f"version: 1.0.0-{'a' * 300}", "version", "3:10"),
        ("version: 99999999999999999999.0.0", "version", "3:10"),
    ],
)
def test_what_the_api_server_would_refuse_is_told_at_its_place(
    project: Project, text: str, path: str, place: str
) -> None:
    (violation,) = project.violations(MINIMAL + text)
    assert violation.path == path
    assert violation.where.endswith(f"service.yaml:{place}")


def test_an_empty_key_tolerates_every_taint_with_exists(project: Project) -> None:
    assert project.spec(MINIMAL + "pod: {tolerations: [{key: '', operator: Exists}]}")


def test_a_whole_affinity_is_taken(project: Project) -> None:
    term = "{topologyKey: a, labelSelector: {matchExpressions: [{key: b, operator: In, values: [c]}]}}"
    nodes = "{nodeSelectorTerms: [{matchFields: [{key: metadata.name, operator: In, values: [a]}]}]}"
    pods = f"[{{weight: 1, podAffinityTerm: {term}}}]"
    affinity = (
        f"{{podAntiAffinity: {{preferredDuringSchedulingIgnoredDuringExecution: {pods}}},"
        f" nodeAffinity: {{requiredDuringSchedulingIgnoredDuringExecution: {nodes}}}}}"
    )
    assert project.spec(f"{MINIMAL}pod: {{affinity: {affinity}}}")
