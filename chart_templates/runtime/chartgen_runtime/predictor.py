"""One prediction: the value of `input` -> the value of `output`, through the user's handler and the model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import refused
from .outputs import jsonable, plain
from .protocol import Batch, InputReader, first_item

if TYPE_CHECKING:
    from .handler import Handler
    from .loader import LoadedModel
    from .protocol import Reader

JSON_TYPES = (dict, list, str, int, float, bool, type(None), np.ndarray, np.generic)


class Predictor:
    """A loaded model with the user's handler around it.

    Args:
        model: The model.
        handler: The user's steps.
        allow_non_finite: Whether NaN and infinities are let in, and go out as null.
    """

    def __init__(self, model: LoadedModel, handler: Handler, *, allow_non_finite: bool) -> None:
        self.signature = model.signature
        self.kind = type(model.native).__name__
        self._model = model
        self._handler = handler
        self.reader: Reader = (
            model.reader(allow_non_finite)
            if model.reader is not None
            else InputReader(model.signature, allow_non_finite=allow_non_finite)
        )
        self._allow_non_finite = allow_non_finite
        # An output whose first size is fixed beside a dynamic batch has no batch axis: it is about the whole batch.
        self.without_batch = {
            spec.name
            for spec in model.signature.outputs
            if spec.shape and isinstance(spec.shape[0], int) and not self.reader.fixed_batch
        }

    def predict(self, value: Any, *, only_numbers: bool = False) -> Any:
        """Predicts.

        Args:
            value: The value of `input`.
            only_numbers: Whether every element is certain to be a number.

        Returns:
            The value of `output`, as the codec writes it.

        Raises:
            ServingError: 422 when the input is refused, 500 when the output cannot be sent.
            Exception: Whatever the model or the handler raises.
        """
        if self._handler.preprocess is None:
            return self.infer(self.reader.read(value, only_numbers=only_numbers))
        try:
            value = self._handler.preprocess(value)
        except ValueError as error:
            raise refused("refused_by_handler", str(error), "input", "what the service's handler accepts") from error
        if not isinstance(value, JSON_TYPES):  # a table or a matrix of another library is the model's own affair
            return self.infer(Batch({self.signature.inputs[0].name: value}, single=False))
        return self.infer(self.reader.read(value))

    def infer(self, batch: Batch) -> Any:
        """Runs the model on arrays, and makes what it returns ready for the codec; see `predict`."""
        return self.finish(self.run(batch.inputs), batch.single)

    def run(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """The result for each output, by name, as the model or the handler's `predict` gives it."""
        if self._handler.predict is not None:
            return {"": self._handler.predict(self._model.native, _unnamed(inputs) if len(inputs) == 1 else inputs)}
        return self._model.predict(inputs)

    @property
    def own_values(self) -> str:
        """The handler's step that works on the values of /predict instead of the model's arrays; empty without one."""
        steps = {"preprocess": self._handler.preprocess, "postprocess": self._handler.postprocess}
        return next((name for name, step in steps.items() if step is not None), "")

    @property
    def own_outputs(self) -> bool:
        """Whether the handler makes the outputs, so that the model's signature does not tell what they are."""
        return self._handler.predict is not None

    def finish(self, results: dict[str, Any], single: bool) -> Any:
        """Makes the result for each output ready for the codec; without the batch axis that a `single` item was given.

        Returns:
            The value of the one output, or a dict by name.
        """
        outputs = {name: plain(result) for name, result in results.items()}
        if single:
            outputs = {
                name: output if name in self.without_batch else first_item(output) for name, output in outputs.items()
            }
        output = _unnamed(outputs) if len(outputs) == 1 else outputs
        if self._handler.postprocess is not None:
            output = self._handler.postprocess(output)
        return jsonable(output, allow_non_finite=self._allow_non_finite)


def _unnamed(values: dict[str, Any]) -> Any:
    return next(iter(values.values()))
