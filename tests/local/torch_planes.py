"""Run by the Python of a pod's libraries: serves models in this process, and prints what they answer as JSON.

usage: python torch_planes.py MODELS < jobs   (lines of {"model", "handler", "gpus", "sample", "predict", "infer"})
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from pathlib import Path
from typing import Any


def main() -> None:
    from chartgen_runtime.dataplane import DataPlane
    from chartgen_runtime.errors import ServingError, StartupError
    from chartgen_runtime.settings import from_environment

    folder = Path(sys.argv[1])
    for line in sys.stdin:
        job = json.loads(line)
        model = folder / f"{job['model']}.pt"
        with tempfile.TemporaryDirectory() as scratch:
            plane = DataPlane(from_environment(_environment(model, job, Path(scratch))))
            try:
                plane.load()
            except StartupError as error:
                print(json.dumps({"startup": str(error)}), flush=True)
                continue
            answers: dict[str, Any] = {"metadata": plane.metadata()}
            inputs = plane._predictor.signature.inputs  # what it has found out
            answers["inputs"] = [[spec.name, spec.dtype, spec.shape] for spec in inputs]
            for kind, ask in (("predict", plane.predict), ("infer", plane.infer)):
                answers[kind] = []
                for body in job.get(kind, []):
                    try:
                        answers[kind].append(json.loads(ask(json.dumps(body).encode())))
                    except ServingError as error:
                        answers[kind].append({"status": error.status, **error.body()})
            print(json.dumps(answers), flush=True)


def _environment(model: Path, job: dict[str, Any], scratch: Path) -> dict[str, str]:
    variables = {
        "CHARTGEN_MODEL_PATH": str(model),
        "CHARTGEN_MODEL_FORMAT": "torch",
        "CHARTGEN_MODEL_SHA256": hashlib.sha256(model.read_bytes()).hexdigest(),
    }
    if "handler" in job:
        (scratch / "handler.py").write_text(job["handler"])
        variables["CHARTGEN_HANDLER_PATH"] = str(scratch / "handler.py")
    if "gpus" in job:
        variables["CHARTGEN_GPUS"] = job["gpus"]
    if "sample" in job:
        (scratch / "request.json").write_text(json.dumps({"input": job["sample"]}))
        variables["CHARTGEN_SAMPLE_PATH"] = str(scratch / "request.json")
    return variables


if __name__ == "__main__":
    main()
