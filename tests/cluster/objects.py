"""Objects that the tests put into a real cluster."""

from __future__ import annotations

from typing import Any

PYTHON = "python:3.11-slim"
REQUESTS = {"cpu": "10m", "memory": "16Mi"}
RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "runAsUser": 10001,
    "seccompProfile": {"type": "RuntimeDefault"},
}

# Answers a POST with what it got, and with the status that the path names.
ECHO = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.send_response(int(self.path.rpartition("/")[2]) if self.path[-1].isdigit() else 200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
http.server.HTTPServer(("", 8000), Handler).serve_forever()
"""


def container(name: str = "model", code: str = "import time; time.sleep(3600)", **more: Any) -> dict[str, Any]:
    """A container that runs a line of Python."""
    return {
        "name": name,
        "image": PYTHON,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python", "-u", "-c", code],
        "resources": {"requests": REQUESTS},
    } | more


def deployment(name: str, *containers: dict[str, Any], replicas: int = 1, **pod: Any) -> dict[str, Any]:
    """A Deployment as a chart of chartgen makes it: of the release's name, with the release's labels."""
    labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/instance": name}
    spec = {"terminationGracePeriodSeconds": 0, "containers": list(containers or [container()])} | pod
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }


def service(name: str) -> dict[str, Any]:
    """The Service of such a Deployment."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {
            "selector": {"app.kubernetes.io/instance": name},
            "ports": [{"name": "http", "port": 8000, "targetPort": 8000}],
        },
    }
