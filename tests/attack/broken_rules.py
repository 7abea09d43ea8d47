"""Values that the schema lets stand and a rule refuses, by their place."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.attack.strings import NO_NAMES

if TYPE_CHECKING:
    import random

    from tests.attack.fields import Pattern

# (value, random) -> another value, the way from it to what must be named, and `key` where its key is told; or None.
Rule = Callable[[Any, "random.Random"], tuple[Any, ...] | None]


def _text(*choices: Any) -> Rule:
    """One of these in place of what is no mapping and no list."""
    return lambda value, rng: None if isinstance(value, dict | list) else (rng.choice(choices), ())


def _key(*choices: str, value: Any = "a") -> Rule:
    """One more key, which is told."""

    def rule(mapping: Any, rng: random.Random) -> tuple[Any, ...]:
        key = rng.choice(choices)
        pairs = [*mapping.items()]
        pairs.insert(rng.randint(0, len(pairs)), (key, value))
        return dict(pairs), (key,), "key"

    return rule


def _always(value: Any, *path: str | int) -> Rule:
    return lambda _value, _rng: (value, path)


REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
SPREAD = {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}
CPU = _text("1x", "0", "-1", "1Ki", "0.0001", ".", "1 ", "", "٣", "1e30", "20000", "1M", "true", 0, -0.5)
MEMORY = _text("1", "5m", "4GB", "1e30", "-1Gi", "0", "1 Gi", "", "1.5", "1KI", "0x10", 1, 0.5)
OBJECT_NAME = _text("Upper", "a_b", "-a", "a-", "a..b", "é", "{{ x }}", "a\n", "x" * 254)
LABEL_VALUE = _text("a b", "-a", "a/b", "é", "x" * 64, "{{ x }}", "a\n")
BAD_KEYS = ("", "a b", "-a", "a/b/c", "é", "/a", "a/", "x" * 64, "{{ x }}")
ADDRESS = _text(
    "ftp://x", "pypi.example.com", "https://", "http://a b", "https://h:port/", "https://u:p@h/simple", "http://[", "\n"
)
BAD_IMAGE = _text("UPPER", "a b", "a:", "a@sha256:1", ":tag", "a/b:t:u", "https://a/b", "{{ x }}")
NO_FILE = _text("missing.onnx", "a folder", "~/x.onnx", "a\nb", "x" * 300)
NO_HANDLER = _text("missing.py", "a folder", "broken.py", "nothing.py", "iris.pkl")
NO_REQUIREMENT = _text(
    "pillow", "pillow>=1", "pillow==", "a b==1", "-r x", "https://u:p@h/x.whl", "pillow==1; python_version"
)
NO_OPTION = _text("x", "--a b", "-", "--retries 5", "", "--index-url=https://u:p@h/")


HOST = _text(
    "127.0.0.1", "a.b.1", "a..b", "A.b", "*", "*.", "a_b", "http://a", "a/b", "a" * 64 + ".b", "é.b", "",
    "{{ x }}", "a\n",
)  # fmt: skip
PATH = _text("", "a", "//", "/a/", "/a//b", "/.", "/a/../b", "/a b", "/é", "/a%20b", "/a?b", "/{x}", "/a\n", "/$1")


def _reference(kind: str, key: str, wrong: str) -> Rule:
    reference = {"name": "a", "key": "b", key: wrong}
    return lambda env, _rng: ({**env, "REF": {kind: reference}}, ("REF", kind, key))


BROKEN_RULES: dict[Pattern, tuple[Rule, ...]] = {
    ("model",): (NO_FILE,),
    ("model", "file"): (NO_FILE,),
    ("runtime", "handler"): (NO_HANDLER,),
    ("runtime", "requirements", "[]"): (NO_REQUIREMENT,),
    ("runtime", "image"): (BAD_IMAGE,),
    ("runtime", "packages", "indexUrl"): (ADDRESS,),
    ("runtime", "packages", "proxy"): (ADDRESS,),
    ("runtime", "packages", "extraIndexUrls", "[]"): (ADDRESS,),
    ("runtime", "packages", "pipOptions", "[]"): (NO_OPTION,),
    ("runtime", "packages", "caConfigMap"): (OBJECT_NAME,),
    ("runtime", "packages", "pipConfigSecret"): (OBJECT_NAME,),
    ("cpu",): (CPU, _always({"request": "2", "limit": "1500m"}, "request")),
    ("cpu", "request"): (CPU,),
    ("cpu", "limit"): (CPU,),
    ("memory",): (MEMORY, _always({"limit": "1Gi", "request": "1.1Gi"}, "request")),
    ("memory", "request"): (MEMORY,),
    ("memory", "limit"): (MEMORY,),
    ("env",): (
        _key(*NO_NAMES),
        _key("CHARTGEN_PORT", "CHARTGEN_", "PYTHONPATH"),
        _key("a\0b"),
        lambda env, _rng: ({**env, "LARGE": "x" * 131072}, ("LARGE",)),
        _reference("secretKeyRef", "name", "A_b"),
        _reference("configMapKeyRef", "key", "a/b"),
    ),
    ("pod", "labels"): (_key(*BAD_KEYS, "Example.com/a"), _key("helm.sh/chart", "app.kubernetes.io/name")),
    ("pod", "labels", "*"): (LABEL_VALUE,),
    ("pod", "nodeSelector"): (_key(*BAD_KEYS),),
    ("pod", "nodeSelector", "*"): (LABEL_VALUE,),
    **{
        (owner, "annotations"): (
            _key(*BAD_KEYS),
            lambda _value, _rng: ({f"k{n}": "x" * 100_000 for n in range(3)}, (), "key"),
        )
        for owner in ("pod", "service", "ingress")
    },
    ("hpa",): (
        _always({"enabled": True, "minReplicas": 4}, "minReplicas"),
        _always({"maxReplicas": 2, "minReplicas": 3}, "minReplicas"),
        _always({"targetCPU": 0}, "targetCPU"),
        _always({"targetMemory": 0, "targetCPU": 0, "enabled": False}, "targetCPU"),
        # What follows from these is not told.
        _always({"minReplicas": 4, "maxReplicas": "x"}, "maxReplicas"),
        _always({"targetCPU": 0, "targetMemory": "80"}, "targetMemory"),
    ),
    ("ingress", "host"): (HOST,),
    ("ingress", "path"): (PATH,),
    ("ingress", "className"): (OBJECT_NAME,),
    ("ingress", "tls"): (_always({"secretName": "Not_a_name"}, "secretName"),),
    ("ingress", "tls", "secretName"): (OBJECT_NAME,),
    ("pod", "priorityClassName"): (OBJECT_NAME,),
    ("pod", "runtimeClassName"): (OBJECT_NAME,),
    ("pod", "imagePullSecrets", "[]"): (OBJECT_NAME,),
    ("pod", "topologySpreadConstraints"): (
        _always([{**SPREAD, "topologyKey": "a b"}], 0, "topologyKey"),
        _always([{**SPREAD, "minDomains": 2}], 0, "minDomains"),
        _always([{**SPREAD, "matchLabelKeys": ["a"]}], 0, "matchLabelKeys"),
        _always([{**SPREAD, "labelSelector": {}, "matchLabelKeys": ["a", "b c"]}], 0, "matchLabelKeys", 1),
        _always([SPREAD, {**SPREAD, "topologyKey": "b"}, {**SPREAD, "maxSkew": 2}], 2),
        _always([{**SPREAD, "labelSelector": {"matchLabels": {"a": "\x7f"}}}], 0, "labelSelector", "matchLabels", "a"),
        # What follows from these is not told.
        _always([{**SPREAD, "whenUnsatisfiable": "Never", "minDomains": 2}], 0, "whenUnsatisfiable"),
        _always([{**SPREAD, "labelSelector": "a", "matchLabelKeys": ["a"]}], 0, "labelSelector"),
    ),
    ("pod", "affinity"): (
        _always({"podAffinity": {REQUIRED: [{"topologyKey": "\x85"}]}}, "podAffinity", REQUIRED, 0, "topologyKey"),
    ),
    ("pod", "tolerations", "[]"): (
        _always({"operator": "Exists", "value": "x"}, "value"),
        _always({"key": "a b"}, "key"),
        _always({"key": "a", "value": "c d"}, "value"),
        _always({"operator": "Equal", "effect": "NoSchedule"}),
        _always({}),
        _always({"key": "a", "tolerationSeconds": 5}, "tolerationSeconds"),
        _always({"key": "a", "effect": "NoSchedule", "tolerationSeconds": 5}, "tolerationSeconds"),
    ),
}  # fmt: skip
