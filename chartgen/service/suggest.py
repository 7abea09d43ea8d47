"""What was probably meant: near keys and values, the same key elsewhere, and other names in common use."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from chartgen.service.vocabulary import declared
from chartgen.service.words import joined, path_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chartgen.service.node import DataPath

# Names from other tools, as `_folded` writes them, and the key that they stand for.
SYNONYMS = {
    "affinityrules": "pod.affinity",
    "appversion": "model.version",
    "autoscaler": "hpa",
    "autoscaling": "hpa",
    "ca": "runtime.packages.caConfigMap",
    "chartversion": "version",
    "configmapref": "configMapKeyRef",
    "containerimage": "runtime.image",
    "environment": "env",
    "environmentvariables": "env",
    "envs": "env",
    "envvars": "env",
    "expected": "output",
    "filename": "model.file",
    "framework": "model.format",
    "gpus": "gpu",
    "horizontalpodautoscaler": "hpa",
    "hostname": "ingress.host",
    "ingressclassname": "ingress.className",
    "index": "runtime.packages.indexUrl",
    "inputs": "sample.input",
    "instances": "replicas",
    "max": "hpa.maxReplicas",
    "mem": "memory",
    "min": "hpa.minReplicas",
    "modelfile": "model.file",
    "modelformat": "model.format",
    "modelpath": "model.file",
    "modeluri": "model.uri",
    "modelversion": "model.version",
    "ns": "namespace",
    "outputs": "sample.output",
    "path": "model.file",
    "pip": "runtime.packages",
    "podannotations": "pod.annotations",
    "podlabels": "pod.labels",
    "pullsecrets": "pod.imagePullSecrets",
    "pypi": "runtime.packages.indexUrl",
    "ram": "memory",
    "replicacount": "replicas",
    "requirementstxt": "runtime.requirements",
    "route": "ingress",
    "scaling": "hpa",
    "secretref": "secretKeyRef",
    "server": "runtime",
    "servingruntime": "runtime",
    "storageuri": "model.uri",
    "targetcpuutilizationpercentage": "hpa.targetCPU",
    "targetmemoryutilizationpercentage": "hpa.targetMemory",
    "test": "sample",
    "tlssecret": "ingress.tls.secretName",
    "url": "model.uri",
    "volume": "storage",
}

# Names that stand for no one key.
EXPLAINED = {
    "containerport": "the runtime decides the container's port; the Service's is `service.port`",
    "limits": "limits are `cpu.limit` and `memory.limit`",
    "nodeport": "the cluster chooses the port of the nodes; `service.port` is the Service's own",
    "requests": "requests are `cpu` and `memory`",
    "resources": "resources are `cpu` and `memory`, each with `request` and `limit` where both are meant",
    "serviceaccount": "the chart makes its own service account, without rights",
    "valuefrom": "write `secretKeyRef` or `configMapKeyRef` in its place",
}

VALUE_SYNONYMS = {
    "h5": "keras",
    "joblib": "pickle",
    "pkl": "pickle",
    "pt": "torch",
    "pytorch": "torch",
    "scikit-learn": "pickle",
    "sklearn": "pickle",
    "tensorflow": "keras",
    "tf": "keras",
    "v1": "chartgen/v1",
}

# Where there may be more values than the schema knows.
OWN_RUNTIME = "a runtime of your own lies in a folder that is given with `--runtimes DIR`"
OTHER_VALUES: dict[DataPath, str] = {("runtime",): OWN_RUNTIME, ("runtime", "name"): OWN_RUNTIME}


def key(written: str, path: DataPath, allowed: Sequence[str]) -> str | None:
    """The key that was probably meant.

    Args:
        written: The unknown key.
        path: The mapping that it stands in.
        allowed: The keys of that mapping.

    Returns:
        A question such as ``did you mean `replicas`?``, another explanation, or None.
    """
    folded = _folded(written)
    by_folded = {_folded(name): name for name in allowed}
    near = get_close_matches(folded, by_folded, n=1, cutoff=0.8)
    if near:
        return _question([by_folded[near[0]]])
    if folded in EXPLAINED:
        return EXPLAINED[folded]
    synonym = SYNONYMS.get(folded)
    if synonym:
        parent, _, last = synonym.rpartition(".")
        return _question([last if parent == path_text(path) else synonym])
    elsewhere = [found for found in declared() if _folded(found[-1]) == folded]
    if elsewhere:
        return _question([path_text(found) for found in elsewhere[:3]])
    near = get_close_matches(folded, by_folded, n=1, cutoff=0.6)
    return _question([by_folded[near[0]]]) if near else None


def value(written: str, allowed: Sequence[object], path: DataPath) -> str | None:
    """The value that was probably meant, as a question, another explanation, or None.

    Args:
        written: The value as written.
        allowed: The values that are possible.
        path: Where it stands.
    """
    by_folded = {str(item).lower(): str(item) for item in allowed}
    synonym = VALUE_SYNONYMS.get(written.lower())
    if synonym in by_folded.values():
        return _question([str(synonym)])
    near = get_close_matches(written.lower(), by_folded, n=1, cutoff=0.6)
    return _question([by_folded[near[0]]]) if near else OTHER_VALUES.get(path)


def repair(path: DataPath, written: str, pattern: str) -> str | None:
    """Text that fits a pattern and was probably meant, as a question, or None.

    Args:
        path: The place of the value; its last key tells what kind of text it is.
        written: The text that does not fit.
        pattern: The pattern.
    """
    last = path[-1]
    candidates = []
    if last in {"name", "namespace"}:
        candidates = [re.sub(r"[^a-z0-9]+", "-", written.lower()).strip("-")]
    elif last == "host":
        candidates = [re.sub(r"^[a-z]+://", "", written.strip().lower()).partition("/")[0].partition(":")[0]]
    elif path == ("ingress", "path"):
        candidates = ["/" + "/".join(part for part in written.split("/") if part not in {"", ".", ".."})]
    elif last == "version":
        bare = written.strip().removeprefix("v").partition("+")[0]
        candidates = [bare, f"{bare}.0", f"{bare}.0.0"]
    elif last == "sha256":
        candidates = [written.strip().removeprefix("sha256:")]
    fitting = [candidate for candidate in candidates if candidate != written and re.search(pattern, candidate)]
    return _question(fitting[:1]) if fitting else None


def _folded(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


def _question(names: Sequence[str]) -> str:
    return f"did you mean {joined(f'`{name}`' for name in names)}?"
