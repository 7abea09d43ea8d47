"""A model served by BentoML's own means: a service of one worker, its access log and metrics off.

Run as `python serve_bentoml.py MODEL PORT`; asked at the service's route.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import bentoml
import numpy as np  # noqa: TC002 - BentoML reads the annotations
from loaded import load_model
from numpy.typing import NDArray  # noqa: TC002

MODEL = "BENCH_MODEL"


@bentoml.service(workers=1, logging={"access": {"enabled": False}}, metrics={"enabled": False})
class Model:
    """The model."""

    def __init__(self) -> None:
        self.model = load_model(os.environ[MODEL])

    @bentoml.api  # type: ignore[untyped-decorator]
    def infer(self, input: NDArray[np.float32]) -> NDArray[Any]:
        """Answers one request."""
        answer: NDArray[Any] = self.model(input)
        return answer


if __name__ == "__main__":
    os.environ[MODEL] = str(Path(sys.argv[1]).resolve())
    os.chdir(Path(__file__).parent)
    command = [sys.executable, "-m", "bentoml", "serve", f"{Path(__file__).stem}:Model"]
    os.execv(sys.executable, [*command, "--host", "127.0.0.1", "--port", sys.argv[2]])  # noqa: S606
