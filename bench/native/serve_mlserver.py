"""A model served by MLServer's own means: a custom runtime, without worker processes, which is its fastest way.

Run as `python serve_mlserver.py MODEL PORT`; asked by the Open Inference Protocol.
"""

from __future__ import annotations

import asyncio
import sys

from loaded import load_model
from mlserver import MLModel, MLServer, ModelSettings, Settings
from mlserver.codecs import NumpyCodec
from mlserver.settings import ModelParameters
from mlserver.types import InferenceRequest, InferenceResponse


class Model(MLModel):  # type: ignore[misc]
    """The model."""

    async def load(self) -> bool:
        """Loads it."""
        self.model = load_model(self.settings.parameters.uri)
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Answers one request."""
        rows = self.decode(payload.inputs[0], default_codec=NumpyCodec)
        return InferenceResponse(model_name=self.name, outputs=[NumpyCodec.encode_output("output", self.model(rows))])


async def main(path: str, port: int) -> None:
    """Serves until it is killed."""
    settings = Settings(
        debug=False,
        parallel_workers=0,
        host="127.0.0.1",
        http_port=port,
        grpc_port=port + 1,
        metrics_endpoint=None,
    )
    model = ModelSettings(name="model", implementation=Model, parameters=ModelParameters(uri=path))
    await MLServer(settings).start([model])


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
