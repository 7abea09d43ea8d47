"""The Open Inference Protocol (V2) over the same model: metadata, and `infer` from bytes to bytes.

A tensor is what the model itself takes, the whole batch: nothing is added to its shape or taken off. The arrays, their
checks and the call of the model are those of /predict.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .codec import decode, encode
from .datatypes import DATATYPES, DTYPES, check_tensor, datatype_of, read_tensor, write_tensor
from .errors import ServingError, refused
from .signature import TensorSpec

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from .predictor import Predictor
    from .settings import RuntimeSettings

SERVER = "chartgen"
# By the format, or the model's class.
PLATFORMS = {"onnx": "onnx_onnxv1", "pickle": "python_pickle", "RecursiveScriptModule": "pytorch_torchscript"}
PLATFORMS |= {"torch": "pytorch_module", "GraphModule": "pytorch_export"}
INPUT, OUTPUT = "input", "output"


class OpenInference:
    """Answers V2 for one loaded model.

    Args:
        predictor: The model with its handler.
        settings: What is served.
        turn: Held while the model predicts.
    """

    def __init__(self, predictor: Predictor, settings: RuntimeSettings, turn: AbstractContextManager[Any]) -> None:
        self._predictor = predictor
        self._settings = settings
        self._turn = turn
        self._inputs = {spec.name or INPUT: spec for spec in predictor.reader.tensors}
        self._outputs = () if predictor.own_outputs else predictor.signature.outputs
        self._seen: dict[str, tuple[None, ...]] = {}

    @property
    def knows_outputs(self) -> bool:
        """Whether nothing is left to `learn` of the outputs."""
        return bool(self._outputs) and all(spec.dtype in DATATYPES and spec.shape is not None for spec in self._outputs)

    def learn(self, inputs: dict[str, Any], results: dict[str, Any]) -> None:
        """Notes what inputs and outputs are from a prediction, for a model that does not say."""
        self._seen = {name: (None,) * each.ndim for name, each in inputs.items()}
        told = {spec.name: spec.shape for spec in self._outputs}
        outputs = []
        for each in self._tensors(results, []):
            name, sizes = each["name"], each["shape"]
            seen = (None,) * len(sizes) if name in told else (None, *sizes[1:])[: len(sizes)]
            shape = told.get(name)
            outputs.append(TensorSpec(name, DTYPES[each["datatype"]], seen if shape is None else shape))
        self._outputs = tuple(outputs)

    def metadata(self) -> dict[str, Any]:
        """The model's inputs and outputs; -1 for a size that may vary."""
        settings = self._settings
        document: dict[str, Any] = {"name": settings.model_name}
        if settings.model_version:
            document["versions"] = [settings.model_version]
        platform = PLATFORMS.get(settings.model_format, settings.model_format)
        document["platform"] = PLATFORMS.get(self._predictor.kind, platform)
        document["inputs"] = [_described(name, spec, self._seen.get(spec.name)) for name, spec in self._inputs.items()]
        document["outputs"] = [_described(spec.name, spec) for spec in self._outputs]
        return document

    def infer(self, body: bytes) -> bytes:
        """Answers one request.

        Args:
            body: The request's body: tensors as JSON.

        Raises:
            ServingError: The request is refused, or its results cannot be sent.
            Exception: Whatever the model or the handler raises.
        """
        return encode(self.answer(decode(body, allow_non_finite=self._settings.allow_non_finite)))

    def answer(self, document: Any) -> dict[str, Any]:
        """The same for a request that was read already, and an answer that somebody else writes.

        Args:
            document: The request, as JSON values.

        Returns:
            The answer, as JSON values and arrays.
        """
        step = self._predictor.own_values
        if step:
            message = f"this service's handler has a function {step}, which works on the values of /predict"
            raise ServingError(400, "not_supported", message, expected="POST /predict")
        request = _checked(document)
        arrays = self._arrays(request["inputs"])
        with self._turn:
            results = self._predictor.run(arrays)
        answer: dict[str, Any] = {"model_name": self._settings.model_name}
        if self._settings.model_version:
            answer["model_version"] = self._settings.model_version
        if "id" in request:
            answer["id"] = request["id"]
        answer["outputs"] = self._tensors(results, request.get("outputs") or [])
        return answer

    def _arrays(self, tensors: list[Any]) -> dict[str, Any]:
        arrays: dict[str, Any] = {}
        paths: dict[str, str] = {}
        for index, tensor in enumerate(tensors):
            path = f"inputs[{index}]"
            check_tensor(tensor, path)
            spec = self._inputs.get(tensor["name"])
            if spec is None or spec.name in arrays:
                fault = "not known" if spec is None else "there twice"
                message = f"the input {tensor['name']!r} is {fault}"
                raise refused("unknown_input", message, f"{path}.name", ", ".join(self._inputs))
            allow = self._settings.allow_non_finite
            paths[spec.name] = f"{path}.shape"
            column = self._predictor.reader.by_column
            arrays[spec.name] = read_tensor(tensor, spec, path, allow_non_finite=allow, column=column)
        for name, spec in self._inputs.items():
            if spec.name not in arrays:
                raise refused("missing_input", f"the input {name!r} is missing", "inputs", ", ".join(self._inputs))
        return self._predictor.reader.assembled(arrays, paths)

    def _tensors(self, results: dict[str, Any], wanted: list[Any]) -> list[dict[str, Any]]:
        named = _named(results)
        for index, each in enumerate(wanted):
            if each["name"] not in named:
                message = f"the output {each['name']!r} is not known"
                raise refused("unknown_output", message, f"outputs[{index}].name", ", ".join(named))
        names = [each["name"] for each in wanted] or list(named)
        allow = self._settings.allow_non_finite
        return [write_tensor(name, named[name], allow_non_finite=allow) for name in names]


def _checked(request: Any) -> dict[str, Any]:
    """The request, whose members are of the right kinds; members that the protocol does not know are let pass."""
    if not isinstance(request, dict):
        raise refused("type", "the body is not an object", "", "an object with `inputs`")
    if not isinstance(request.get("inputs"), list):
        raise refused("missing_key", "the member `inputs` is missing, or not a list", "inputs", "a list of tensors")
    if not isinstance(request.get("id", ""), str):
        raise refused("type", "the id is not a string", "id", "a string")
    outputs = request.get("outputs", [])
    listed = outputs if isinstance(outputs, list) else [None]
    names = [each.get("name") if isinstance(each, dict) else None for each in listed]
    if not all(isinstance(name, str) for name in names):
        raise refused("type", "the outputs are not a list of names", "outputs", 'a list such as [{"name": "output"}]')
    return request


def _named(results: dict[str, Any]) -> dict[str, Any]:
    """The results by output name; what has no name is one output, or, as an object, one for each of its members."""
    only = results.get("") if len(results) == 1 else None
    if isinstance(only, Mapping) and only and all(isinstance(key, str) for key in only):
        return dict(only)
    return {name or OUTPUT: result for name, result in results.items()}


def _described(name: str, spec: TensorSpec, seen: tuple[None, ...] | None = None) -> dict[str, Any]:
    shape = spec.shape if spec.shape is not None else seen
    if shape is None:
        shape = (None,) if spec.dtype in {"sequence", "map", "string"} else (None, None)
    sizes = [size if isinstance(size, int) else -1 for size in shape]
    return {"name": name, "datatype": datatype_of(spec), "shape": sizes}


def error_document(error: ServingError) -> dict[str, str]:
    """An error as V2 says it: one text."""
    where = "; ".join(
        part
        for part in (
            f"at {error.path}" if error.path else "",
            f"expected {error.expected}" if error.expected else "",
            f"the log has the cause under {error.id}" if error.status == 500 and error.id else "",  # noqa: PLR2004
        )
        if part
    )
    return {"error": f"{error.message} ({where})" if where else error.message}
