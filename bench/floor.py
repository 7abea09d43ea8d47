"""The least that answers /predict: one ASGI function that decodes, checks the shape, calls the model and encodes.

Run by `servers.py` with the pod's own Python and libraries: `python floor.py MODEL PORT`. It has the
server, the HTTP parser, the event loop, the JSON library, the number of processes and the model session's options that
the pod has; it has no errors, no limits, no types, no names, no log, no digest, no probes and no shutdown.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from typing import Any

import numpy as np
import orjson
import uvicorn

Message = MutableMapping[str, Any]
OK = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]}


def opened(path: str) -> tuple[Callable[[dict[str, Any]], list[Any]], str, list[str], tuple[int, ...], type]:
    """A model: the function from arrays by name to results, its input, its outputs, the shape and type of an item.

    Args:
        path: An ONNX model with one float32 input and a batch axis, or a pickle of scikit-learn.
    """
    if path.endswith(".pkl"):
        import joblib

        model = joblib.load(path)
        return lambda arrays: [model.predict(arrays[""])], "", [""], (model.n_features_in_,), np.float64
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = len(os.sched_getaffinity(0))
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    taken = session.get_inputs()[0]
    names = [output.name for output in session.get_outputs()]
    return partial(session.run, names), taken.name, names, tuple(taken.shape[1:]), np.float32


def application(path: str) -> Callable[..., Awaitable[None]]:
    """The ASGI function for a model.

    Args:
        path: The model file; see `opened`.
    """
    run, name, names, item, dtype = opened(path)

    async def app(
        scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        if scope["path"] == "/readyz":
            await send(OK)
            await send({"type": "http.response.body", "body": b"{}"})
            return
        message = await receive()
        body = message["body"]
        if message["more_body"]:
            chunks = [body]
            while message["more_body"]:
                message = await receive()
                chunks.append(message["body"])
            body = b"".join(chunks)
        array: Any = np.array(orjson.loads(body)["input"], dtype=dtype)
        single = array.shape == item
        if not single and array.shape[1:] != item:
            raise ValueError(f"the shape is {array.shape}")
        results = run({name: array[np.newaxis] if single else array})
        # orjson takes every array, but not every NumPy scalar.
        values = [(result[0] if result.ndim > 1 else result[0].item()) if single else result for result in results]
        output = values[0] if len(values) == 1 else dict(zip(names, values, strict=True))
        answer = orjson.dumps({"output": output}, option=orjson.OPT_SERIALIZE_NUMPY)
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))],
            }
        )
        await send({"type": "http.response.body", "body": answer})

    return app


if __name__ == "__main__":
    uvicorn.run(
        application(sys.argv[1]),
        host="127.0.0.1",
        port=int(sys.argv[2]),
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
    )
