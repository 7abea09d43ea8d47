"""The rules about labels and annotations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chartgen.service import kubernetes
from chartgen.service.finding import Finding
from chartgen.service.node import DataPath, Scalar, key_position
from chartgen.service.words import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chartgen.service.view import View

# The chart's own labels: selectors depend on them.
RESERVED_LABELS = {
    "helm.sh/chart",
    *(f"app.kubernetes.io/{name}" for name in ("name", "instance", "version", "component", "part-of", "managed-by")),
}
# The chart's own annotations of a pod: a key that stands twice is no YAML.
RESERVED_ANNOTATIONS = {
    "kubectl.kubernetes.io/default-container",
    *(f"checksum/{name}" for name in ("model", "runtime", "request")),
}
# https://helm.sh/docs/topics/charts_hooks/
HOOK = "helm.sh/hook"
ANNOTATED = ("pod", "service", "ingress")
# Kubernetes keeps 256 KiB; some of it goes to the annotations of the chart, of Helm and of `kubectl rollout restart`.
MAX_ANNOTATIONS_BYTES = 256 * 1024 - 1024


def pod_labels(view: View) -> Iterator[Finding]:
    """Labels and node selectors have keys and values that Kubernetes takes, and leave the chart's own alone."""
    for group in ("labels", "nodeSelector"):
        for key, node in view.entries("pod", group):
            path = ("pod", group, key)
            yield from _qualified(view, path)
            if isinstance(node, Scalar) and not kubernetes.is_label_value(node.text):
                message = f"{quoted(node.text)} cannot be the value of a label"
                yield Finding(node.where, path, message, kubernetes.LABEL_PART_EXPECTED)
    for key, _ in view.entries("pod", "labels"):
        if key in RESERVED_LABELS:
            where = key_position(view.document, ("pod", "labels", key))
            yield Finding(where, ("pod", "labels", key), "is one of the chart's own labels", hint="take another key")


def object_annotations(view: View) -> Iterator[Finding]:
    """Annotations have keys that Kubernetes takes, and are not larger than it keeps."""
    for owner in ANNOTATED:
        path, size = (owner, "annotations"), 0
        for key, node in view.entries(*path):
            yield from _qualified(view, (*path, key))
            if owner == "pod" and key in RESERVED_ANNOTATIONS:
                where = key_position(view.document, (*path, key))
                yield Finding(where, (*path, key), "is one of the chart's own annotations", hint="take another key")
            if owner != "pod" and key.startswith(HOOK):
                message = "would make a hook of the object, which Helm keeps no account of"
                where = key_position(view.document, (*path, key))
                yield Finding(where, (*path, key), message, hint="leave it out: the object belongs to the release")
            size += len(key.encode()) + (len(node.text.encode()) if isinstance(node, Scalar) else 0)
        if size > MAX_ANNOTATIONS_BYTES:
            message, expected = f"the annotations come to {size:,} bytes", f"at most {MAX_ANNOTATIONS_BYTES:,} bytes"
            yield Finding(key_position(view.document, path), path, message, expected)


def _qualified(view: View, path: DataPath) -> Iterator[Finding]:
    # As in Kubernetes, the domain of an annotation, unlike that of a label, may be written in capitals.
    key = str(path[-1])
    checked = key.lower() if "annotations" in path[:2] else key
    if not kubernetes.is_qualified_name(checked):
        message = f"{quoted(key)} cannot be such a key in Kubernetes"
        yield Finding(key_position(view.document, path), path, message, kubernetes.QUALIFIED_EXPECTED)
