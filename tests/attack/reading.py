"""Manifests as Kubernetes reads them: by the YAML library that kubectl, Helm and the API server share."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any

from tests.helpers import run, write_tree

if TYPE_CHECKING:
    from pathlib import Path

# Helm hands its own reader to templates: each file is read by it and printed as JSON, which has one meaning only, in
# an encoding that leaves nothing to be read another way.
READ_ALL = """\
{{- range $path, $content := .Files.Glob "manifests/*" }}
read: {{ $content | toString | fromYaml | toJson | b64enc }}
---
{{- end }}
"""


def manifests_in(printed: str) -> list[str]:
    """The manifests that helm printed, each as text."""
    parts = re.split(r"^---$", printed, flags=re.MULTILINE)
    return [part.strip("\n") + "\n" for part in parts if part.strip()]


def as_kubernetes_reads(helm: Path, printed: str, folder: Path) -> list[dict[str, Any]]:
    """The manifests in what helm printed, each as the API server would read it.

    Args:
        helm: The helm whose reader is used.
        printed: The output of `helm template`.
        folder: A folder for a chart that reads them; it must not exist.
    """
    manifests = {f"manifests/{number:03}": text for number, text in enumerate(manifests_in(printed))}
    reader = {"Chart.yaml": "apiVersion: v2\nname: reader\nversion: 1.0.0\n", "templates/all.yaml": READ_ALL}
    answer = run(helm, "template", "reader", write_tree(folder, {**reader, **manifests}))
    read = [json.loads(base64.b64decode(line)) for line in re.findall(r"^read: (.*)$", answer, re.MULTILINE)]
    assert len(read) == len(manifests)
    for number, manifest in enumerate(read):
        assert "Error" not in manifest, f"{manifest}\n{manifests[f'manifests/{number:03}']}"
    return read
