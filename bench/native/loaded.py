"""A model as anybody would load it; the peers of each runtime share it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable


def load_model(path: str) -> Callable[[Any], Any]:
    """A function: rows -> the first output, both arrays.

    Args:
        path: An ONNX model, which gets the session's options of the pod, or a pickle of scikit-learn.
    """
    if path.endswith(".onnx"):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = len(os.sched_getaffinity(0))
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        name, output = session.get_inputs()[0].name, session.get_outputs()[0].name
        return lambda rows: session.run([output], {name: rows.astype(np.float32, copy=False)})[0]
    import joblib

    predict: Callable[[Any], Any] = joblib.load(path).predict
    return predict
