"""The user's own steps around the model; `load_handler.py` finds them in a file, where there is one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Handler:
    """The steps that the user wrote; None where the runtime's own is used.

    Attributes:
        load: ``load(model)``, called once at the start: what the file holds, loaded (for weights alone, the tensors by
            name) -> what is served, and what `predict` is given.
        preprocess: ``preprocess(value)``: the value of `input` as it came -> what the model is given, by the same rules
            as a request; or a table or matrix of another library, which the model is given as it is. A ValueError is
            the client's fault: 422 with its message.
        predict: ``predict(model, inputs)``: the loaded model (an estimator, an InferenceSession) and an array, or for
            several inputs a dict of arrays -> the result.
        postprocess: ``postprocess(output)``: the value of `output`, its arrays still NumPy's -> the value to send.
    """

    load: Callable[[Any], Any] | None = None
    preprocess: Callable[[Any], Any] | None = None
    predict: Callable[[Any, Any], Any] | None = None
    postprocess: Callable[[Any], Any] | None = None
