"""A model served by KServe's own means: a custom model in one process, its access log off.

Run as `python serve_kserve.py MODEL PORT`; asked by the V1 protocol.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

import numpy as np
from kserve import Model, ModelServer
from loaded import load_model


class Served(Model):  # type: ignore[misc]
    """The model."""

    def __init__(self, path: str) -> None:
        super().__init__("model")
        self.model = load_model(path)
        self.ready = True

    async def predict(self, payload: Any, headers: Any = None) -> dict[str, Any]:  # noqa: ARG002 - KServe's signature
        """Answers one request."""
        rows = np.asarray(payload["instances"], dtype=np.float32)
        return {"predictions": self.model(rows).tolist()}


if __name__ == "__main__":
    logging.getLogger("kserve.trace").setLevel(logging.WARNING)  # a line for every request
    server = ModelServer(http_port=int(sys.argv[2]), enable_grpc=False, workers=1, access_log_format=None)
    logging.getLogger("uvicorn.access").setLevel(logging.WARNING)
    server.start([Served(sys.argv[1])])
