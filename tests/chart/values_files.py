"""Values files for a chart, from a seed: valid ones, and ones with a value that may be wrong, anywhere."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from random import Random

Place = tuple[str | int, ...]
Values = dict[str, Any]

PROBE = {
    "initialDelaySeconds": [0, 5],
    "periodSeconds": [1, 86400],
    "timeoutSeconds": [3],
    "successThreshold": [1],
    "failureThreshold": [2, 10.0],
}
ANNOTATIONS = [{}, {"example.com/a": ""}, {"a": "{{ fail }}", "b": "\u2028\n"}, {"a": "x" * 3000}]
RULES = {
    "stabilizationWindowSeconds": [0, 3600],
    "selectPolicy": ["Max", "Min", "Disabled"],
    "policies": [
        [{"type": "Pods", "value": 1, "periodSeconds": 1800}],
        [{"type": "Percent", "value": 100, "periodSeconds": 1}],
    ],
}
LABELS = [{}, {"team": "a"}, {"example.com/team": "A_b.c-1", "x": ""}, {"app.kubernetes.io/names": "x"}]

# Every value that the chart with everything declares, and what it may be.
GOOD: Values = {
    "global": [{}, {"anything": {"at": ["all", 1, None]}}],
    "replicaCount": [0, 1, 2.0, 10_000],
    "autoscaling": {
        "enabled": [True, False],
        "minReplicas": [1, 10_000],
        "maxReplicas": [1, 4.0],
        "targetCPUUtilizationPercentage": [0, 1, 70],
        "targetMemoryUtilizationPercentage": [0, 10_000],
        "behavior": {"scaleUp": RULES, "scaleDown": RULES},
    },
    "image": {
        "repository": ["python", "registry.example.com:5000/a/b_c", "[::1]:5000/python"],
        "tag": ["", "3.11-slim", "_", "a" * 128],
        "digest": ["", "sha256:" + "0f" * 32],
        "pullPolicy": ["Always", "IfNotPresent", "Never"],
    },
    "imagePullSecrets": [[], [{"name": "a"}, {"name": "b.c"}]],
    "packages": {
        "indexUrl": ["", "https://pypi.example.com/simple", "https://example.com/a@b"],
        "extraIndexUrls": [[], ["https://a.example.com", "x"]],
        "caConfigMap": ["", "company-ca", "1e3"],
        "pipConfigSecret": ["", "a.b-c", "007"],
        "proxy": ["", "http://proxy:3128"],
        "noProxy": ["", ".svc,10.0.0.0/8"],
        "pipOptions": [[], ["--retries=10", "-v"]],
    },
    "resources": {
        "requests": [{}, {"cpu": 1, "memory": "2Gi"}, {"cpu": 0.5, "example.com/gpu": 1}, {"memory": "1e3"}],
        "limits": [{}, {"cpu": ".5", "memory": "1.5E"}, {"memory": 1073741824}],
    },
    "env": [
        {},
        {"Y": "no", "on": "", "1e3": "1e3", "a b": "\u0085\ufeff"},
        {"TOKEN": {"secretKeyRef": {"name": "api", "key": "token", "optional": True}}},
        {"A": {"configMapKeyRef": {"name": "api", "key": "_.-"}}},
    ],
    "workers": [1, 64],
    "timeouts": {"readSeconds": [1, 86400], "keepAliveSeconds": [1, 86400]},
    "limits": {"maxBodyBytes": [1, 1e6, 1 << 40], "maxInFlight": [1, 1_000_000]},
    "logging": {"accessSample": [0, 0.001, 1e-9, 1, 1.0, "0", "0.001"]},
    "service": {
        "type": ["ClusterIP", "NodePort", "LoadBalancer"],
        "port": [1, 80, 65_535],
        "annotations": ANNOTATIONS,
    },
    "ingress": {
        "enabled": [True, False],
        "className": ["", "traefik"],
        "host": ["models.example.com", "*.example.com", "localhost", "1.example", "a" * 63 + ".b"],
        "path": ["/", "/a", "/models/iris-1", "/a.b/...", "/.a/~b/_", "/a/..b"],
        "tls": {"enabled": [True, False], "secretName": ["", "models-tls"]},
        "annotations": ANNOTATIONS,
    },
    "serviceAccount": {"create": [True, False], "name": ["", "model"], "annotations": ANNOTATIONS},
    "sample": {
        "request": ['{"input": [1]}', "{}"],
        "response": ["", '{"output": 1}'],
        "tolerance": [0, 1e-9, 1, 1e300],
    },
    "startupProbe": PROBE,
    "readinessProbe": PROBE,
    "livenessProbe": PROBE,
    "terminationGracePeriodSeconds": [10, 3600],
    "progressDeadlineSeconds": [10, 600.0, 86400],
    "podDisruptionBudget": {"enabled": [True, False], "maxUnavailable": [1, 2.0, 10_000, "1%", "50%", "100%"]},
    "podLabels": LABELS,
    "podAnnotations": ANNOTATIONS,
    "podSecurityContext": [{}, {"runAsUser": 12345}],
    "securityContext": [{}, {"privileged": False}],
    "nodeSelector": [*LABELS, {"app.kubernetes.io/name": "x"}],
    "tolerations": [[], [{"operator": "Exists"}]],
    "affinity": {"nodeAffinity": [{}], "podAffinity": [{}], "podAntiAffinity": [{"a": [None]}]},
    "topologySpreadConstraints": [[], [{"maxSkew": 1}]],
    "priorityClassName": ["", "high"],
    "nameOverride": ["", "a", "a" * 63],
    "fullnameOverride": ["", "a-1"],
}

# What validators, and the programs around them, may judge differently: types, bounds, ends of lines, dialects of
# regular expressions, lengths, and null, which helm takes away or keeps.
SCALARS = [None, True, False, 0, -0.0, 1, -1, 1.0, 1.5, 9, 10, 101, 10_001, 65_536, 86_401]
NUMBERS = [1e6, 1e9, 2**31, 2**53 + 1, 2**63, 10**20, 1e300, -1e300, 1e-300]
NAMES = "x X a.b a..b .a a. -a a- a_b A-b a/b a@b a:b * *.a *.*.a a.* 1.2.3.4 a.1 true null ~ Always always Max Pods"
PIP = ["--retries=1\n", "--no-binary=:all:", "--target=/x", "-vv", "--timeout=5"]
FORMS = "1 01 1e3 0x1f 500m 1Ki 1KI -1 +1 .5 1. 5% 0% 100% 101% ClusterIP ExternalName sha256: a=b ://@ u:p@x x=u:p@x"
ADDRESSES = ["u:p%40x", "https://x/#u:p@x", "a,u:p@x"]
PATHS = "/ // /a/ /a//b /a/./b /a/../b /.. /... /a%2fb a/b/c https://u:p@example.com https://example.com/u:p@x"
SPACES = [
    "",
    " ",
    "x\n",
    "\nx",
    "x\r",
    " x",
    "x ",
    "5 %",
    "/a b",
    "/a\n",
    "x\u0085",
    "x\u2028",
    "x\u00a0",
    "\ufeffx",
    "x\0",
]
SPACED = ["https://example.com/\u00a0u:p@x", "\u2003u:p@x", "x=\u000bu:p@x", "Always\n", "5%\n", "1\n", "a" * 63 + "\n"]
LETTERS = ["\u00e9", "x\u0301", "/\u00e9", "\u0663", "\uff11", "\u212a", "\u017f", "\u0130", "\U0001f600"]
LONG = [text * count for text in ("a", "\U0001f600") for count in (63, 64, 127, 128, 129, 253, 254, 1023, 1024, 1025)]
DIGESTS = ["sha256:" + "0f" * 32, "sha256:" + "0F" * 32, "sha256:" + "0f" * 32 + "\n"]
LISTS = [
    *([option] for option in PIP),
    [],
    [None],
    [""],
    ["x"],
    [1],
    [[]],
    [{}],
    *([{"name": name}] for name in ("x", "x\n", "", None, 1)),
]
POLICIES = [
    [{"type": kind, "value": value, "periodSeconds": 1}] for kind in ("Pods", "pods") for value in (0, 1, 1.5, None)
]
VARIABLES = ["CHARTGEN_X", "PYTHONPATH", "PYTHONPATH\n", "=", "a=b", "\x7f", "~ !", "", "x\n", "\u00e9"]
LABEL_KEYS = [
    "a b",
    "a/b/c",
    "A.b/c",
    "checksum/model",
    "checksum/models",
    "app.kubernetes.io/name",
    "app.kubernetes.io/name\n",
    "appxkubernetes.io/name",
    "helm.sh/chart",
]
KEYED = [{key: "x"} for key in (*VARIABLES, *LABEL_KEYS)]
VALUED = [{"x": value} for value in (None, "", 1, {}, "\n", "\u00e9", "x y", {"other": {}})]
VALUED += [{"x": f"a{character}b"} for character in "\0\x7e\x7f\x85\x9f\xa0\u2028\ufeff\ufffd\ufffe\uffff"]
REFERENCE = {"name": "a", "key": "b"}
REFERENCES = [
    {"secretKeyRef": REFERENCE},
    *({"x": {"secretKeyRef": {"name": "a", "key": key}}} for key in ("b\n", ".", "..", "..b", ".b")),
    {"x": {"secretKeyRef": REFERENCE, "configMapKeyRef": REFERENCE}},
]
PROBES = [{"successThreshold": 2}, {"successThreshold": 1.0}]
QUANTITIES = [{"cpu": value} for value in ("1\n", "\u0661", -1, True, None, "1e3", "1ki", "", 1e300, "1" * 100)]
SWITCHES = [{"enabled": True, **more} for more in ({}, {"host": ""}, {"host": None}, {"path": None}, {"tls": None})]
ODD: list[Any] = [
    *(
        SCALARS
        + NUMBERS
        + ADDRESSES
        + NAMES.split()
        + FORMS.split()
        + PATHS.split()
        + SPACES
        + SPACED
        + LETTERS
        + LONG
        + DIGESTS
    ),
    *(LISTS + POLICIES),
    *({}, *KEYED, *VALUED, *REFERENCES, *QUANTITIES, *PROBES, *SWITCHES),
]


def places(good: Mapping[str, Any] = GOOD, at: Place = ()) -> list[Place]:
    """The way to every value, those that hold others included."""
    found: list[Place] = []
    for key, value in good.items():
        here = (*at, key)
        found.append(here)
        if isinstance(value, dict):
            found += places(value, here)
    return found


PLACES = places()


def valid(random: Random) -> Values:
    """A values file in which everything is allowed."""
    file: Values = {}
    for path in random.sample(PLACES, random.randint(1, 8)):
        _put(file, path, _good(random, _at(GOOD, path)))
    if file.get("ingress", {}).get("enabled"):
        file["ingress"]["host"] = random.choice(GOOD["ingress"]["host"])
    return file


def odd(random: Random) -> Values:
    """A values file that is valid but for, perhaps, one value or one key."""
    file = valid(random)
    path = random.choice(PLACES)
    _put(file, path if random.random() < 0.9 else (*path[:-1], "unknown"), copy.deepcopy(random.choice(ODD)))
    return file


def placed(path: Place, value: Any) -> Values:
    """A values file that holds one value."""
    file: Values = {}
    _put(file, path, copy.deepcopy(value))
    return file


def with_line_breaks() -> list[Values]:
    """For every good value a file in which each of its texts, the keys included, ends in a line break."""
    found = []
    for place in PLACES:
        good = _at(GOOD, place)
        if isinstance(good, list):
            found += [placed(place, broken) for each in good for broken in _broken(each)]
    return found


def _broken(good: Any) -> list[Any]:
    if isinstance(good, str):
        return [good + "\n"]
    if isinstance(good, list):
        return [[broken] for each in good for broken in _broken(each)]
    if isinstance(good, dict):
        keys = [{key + "\n": value} for key, value in good.items()]
        return keys + [{key: broken} for key, value in good.items() for broken in _broken(value)]
    return []


def _good(random: Random, good: Any) -> Any:
    if not isinstance(good, dict):
        return copy.deepcopy(random.choice(good))
    keys = random.sample(sorted(good), random.randint(1, len(good)))
    return {key: _good(random, good[key]) for key in keys}


def _at(good: Any, path: Place) -> Any:
    for step in path:
        good = good[step]
    return good


def _put(file: Values, path: Place, value: Any) -> None:
    inner: Any = file
    for step in path[:-1]:
        below = inner.get(step)
        inner[step] = inner = below if isinstance(below, dict) else {}
    inner[path[-1]] = value
