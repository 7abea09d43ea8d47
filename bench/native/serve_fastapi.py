"""A model served by FastAPI's own means: a route with a model of the body, in one process, its access log off.

Run as `python serve_fastapi.py MODEL PORT`; asked with {"input": ROW}. The numbers are not checked one by one, which
would take pydantic longer than all the rest, and the answer is written without a look at each of its values.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import uvicorn
from fastapi import FastAPI, Response
from loaded import load_model
from pydantic import BaseModel


class Asked(BaseModel):
    """A request."""

    input: list[Any]


def application(path: str) -> FastAPI:
    """The application for a model, which is loaded before it starts."""
    model = load_model(path)
    app = FastAPI()

    @app.get("/readyz")
    async def ready() -> dict[str, str]:
        return {"status": "ready"}

    @app.post("/infer")
    async def infer(asked: Asked) -> Response:
        output = model(np.asarray([asked.input], dtype=np.float32))[0].tolist()
        return Response(json.dumps({"output": output}), media_type="application/json")

    return app


if __name__ == "__main__":
    server = application(sys.argv[1])
    uvicorn.run(server, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning", access_log=False)
