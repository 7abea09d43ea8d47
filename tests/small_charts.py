"""Small charts, written as text in the test that uses them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

CONFIG_MAP = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
data:
  greeting: {{ .Values.greeting | quote }}
"""

# The pause image is on every node; the pod is ready when `.Values.ready` says so.
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
spec:
  replicas: 1
  selector:
    matchLabels: &labels
      app.kubernetes.io/name: {{ .Chart.Name }}
      app.kubernetes.io/instance: {{ .Release.Name }}
      colour: {{ .Values.colour }}
  template:
    metadata:
      labels: *labels
    spec:
      terminationGracePeriodSeconds: 0
      containers:
        - name: model
          image: registry.k8s.io/pause:3.10
          env:
            - name: GREETING
              value: {{ .Values.greeting | quote }}
          {{- if not .Values.ready }}
          readinessProbe:
            tcpSocket:
              port: 1
          {{- end }}
"""

TEST_POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: {{ .Release.Name }}-test
  annotations:
    helm.sh/hook: test
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
spec:
  restartPolicy: Never
  terminationGracePeriodSeconds: 0
  containers:
    - name: test
      image: python:3.11-slim
      imagePullPolicy: IfNotPresent
      command: [sh, -c, "echo {{ .Values.greeting }}; exit {{ .Values.testExit }}"]
"""

VALUES = "greeting: hello\ncolour: blue\nready: true\ntestExit: 0\nport: 80\n"


def write_chart(
    folder: Path,
    templates: dict[str, str],
    *,
    name: str = "small",
    version: str = "0.1.0",
    annotations: dict[str, str] | None = None,
    schema: dict[str, Any] | None = None,
    extra: dict[str, str] | None = None,
) -> Path:
    """Write a chart of `templates` into `folder / name` and return that."""
    chart = folder / name
    metadata = {
        "apiVersion": "v2",
        "name": name,
        "version": version,
        "appVersion": "1",
        "icon": "https://example.com/i.svg",
    }
    files = {
        "Chart.yaml": json.dumps(metadata | {"annotations": annotations or {}} | (extra or {})),
        "values.yaml": VALUES,
        **({"values.schema.json": json.dumps(schema)} if schema else {}),
        **{f"templates/{file}": text for file, text in templates.items()},
    }
    for file, text in files.items():
        path = chart / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return chart
