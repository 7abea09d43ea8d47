"""Whether a model can work in the pod: what would only be found out there is refused here, with the reason.

Only what is certain is refused. What an inspection cannot know, as of a class that it has never heard of, is left to
the pod, which is not ready before a prediction has worked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chartgen.chart.sample import check_sample
from chartgen.errors import ModelUnsupportedError
from chartgen.inspect.facts import METHODS
from chartgen.service import handler

if TYPE_CHECKING:
    from chartgen.inspect.facts import ModelFacts
    from chartgen.service.model import ServiceSpec

# A release's Secret ends at 1,048,576 bytes and holds the chart and its manifest: a model costs 2.7 times its size.
EMBED_MAX_BYTES = 300_000

# The element types that JSON can hold.
JSON_TYPES = frozenset(
    {"bool", "string", "float16", "float32", "float64"}
    | {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
)

# The formats of models that have outputs and no methods.
_GRAPHS = {"onnx": "an ONNX model", "keras": "a Keras model"}

# Those that onnxruntime computes with and cannot hand out: NumPy has no such types.
_NO_OUTPUTS = frozenset({"bfloat16", "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz", "int4", "uint4"})


def check_model(spec: ServiceSpec, facts: ModelFacts) -> None:
    """Refuses a model that cannot work as the service file wants it.

    Args:
        spec: The service.
        facts: What its model file says of itself.

    Raises:
        ModelUnsupportedError: It cannot; the message says why.
        SchemaError: It cannot answer the sample; the violation says at which place.
    """
    own = handler.functions(spec.runtime.handler.read_bytes()) if spec.runtime.handler else frozenset()
    if facts.format in _GRAPHS:
        _check_graph(spec, facts)
        if "predict" not in own:
            _check_loaded(spec, facts, own)
        if facts.format == "onnx" and "predict" not in own:
            _check_outputs(spec, facts)
    elif facts.format == "torch":
        _check_torch(spec, facts, own)
    elif own.isdisjoint({"load", "predict"}):
        _check_object(spec, facts)
        _check_method(spec, facts)
    if spec.sample is None and not _is_certain(facts):
        raise ModelUnsupportedError(
            "the file does not say what goes into the model, so the pod cannot try a prediction before it is ready",
            where=str(spec.model.file),
            hint="give a `sample` with an `input` that the model can answer",
        )
    if (
        spec.sample is None
        and facts.abilities.takes_texts
        and not facts.columns
        and own.isdisjoint({"preprocess", "predict"})
    ):
        raise ModelUnsupportedError(
            "the model was fitted with texts, and without a sample the pod would try it with numbers, which it refuses",
            where=str(spec.model.file),
            hint="give a `sample` with an `input` that the model can answer",
        )
    if spec.sample is not None and "preprocess" not in own:
        check_sample(spec.sample, facts)
    _check_size(spec, facts)


def _is_certain(facts: ModelFacts) -> bool:
    """Whether the file says enough of the inputs for the pod to make some."""
    shapes = [entry.shape for entry in facts.inputs]
    if not shapes or None in shapes:
        return False
    # Of a TorchScript module's example only the ranks are known: a size of 1 that is made up would fit few models.
    loose = facts.format == "torch" and not facts.outputs
    return not (loose and any(None in shape[1:] for shape in shapes if shape))


def _check_graph(spec: ServiceSpec, facts: ModelFacts) -> None:
    """Refuses what a model without methods, which takes tensors of certain types, cannot do."""
    _check_no_method(spec, _GRAPHS[facts.format])
    _check_inputs(spec, facts)


def _check_torch(spec: ServiceSpec, facts: ModelFacts, own: frozenset[str]) -> None:
    """Refuses weights that nothing makes a model of, and inputs that JSON cannot hold."""
    _check_no_method(spec, "a PyTorch model")
    _check_inputs(spec, facts)
    if facts.abilities.instead is not None and "load" not in own:
        raise ModelUnsupportedError(
            f"the file holds {facts.abilities.instead}",
            where=str(spec.model.file),
            expected="a TorchScript or torch.export archive, or a handler that makes the model of the weights",
            hint=_weights_hint(facts),
        )


def _weights_hint(facts: ModelFacts) -> str:
    # What other formats do not need.
    from chartgen.inspect.torch import EXPORT, WEIGHTS_UNDER

    key = facts.details.get(WEIGHTS_UNDER, "").partition(",")[0]
    taken = f" (`module.load_state_dict(model[{key!r}])`)" if key else ""
    return (
        f"{EXPORT}; or give a handler with `load(model)`, which fills a module with the weights{taken} and returns it"
    )


def _check_loaded(spec: ServiceSpec, facts: ModelFacts, own: frozenset[str]) -> None:
    """Refuses a handler that makes something else of such a model, and does not say how that predicts."""
    if "load" in own:
        raise ModelUnsupportedError(
            "the handler has a function load and none that predicts with what it returns",
            where=str(spec.runtime.handler),
            expected="`def predict(model, inputs)` beside `def load(model)`, for " + _GRAPHS[facts.format],
        )


def _check_no_method(spec: ServiceSpec, kind: str) -> None:
    if spec.model.method != "predict":
        raise ModelUnsupportedError(
            f"{kind} has no method {spec.model.method}: it has outputs, and all of them are answered",
            where=str(spec.model.file),
            hint="leave `model.method` out, or choose among the outputs in the handler's `postprocess`",
        ).against("method")


def _check_inputs(spec: ServiceSpec, facts: ModelFacts) -> None:
    where = str(spec.model.file)
    for entry in facts.inputs:
        if entry.dtype is not None and entry.dtype not in JSON_TYPES:
            raise ModelUnsupportedError(
                f"the input {entry.name!r} is of the type {entry.dtype}, which cannot be made from JSON",
                where=where,
                expected="tensors of numbers, booleans or strings",
                hint="export the model with an input of such a type, such as float32",
            )


def _check_outputs(spec: ServiceSpec, facts: ModelFacts) -> None:
    """Refuses an ONNX model whose outputs onnxruntime cannot hand out."""
    for entry in facts.outputs:
        if entry.dtype in _NO_OUTPUTS:
            raise ModelUnsupportedError(
                f"the output {entry.name!r} is of the type {entry.dtype}, which onnxruntime cannot hand out",
                where=str(spec.model.file),
                expected="outputs of numbers, booleans or strings that NumPy has",
                hint="export the model with a `Cast` of this output to such a type, such as float32",
            )


def _check_object(spec: ServiceSpec, facts: ModelFacts) -> None:
    """Refuses a pickle without a model, or with one that has learnt nothing."""
    able, where = facts.abilities, str(spec.model.file)
    if able.instead is not None:
        raise ModelUnsupportedError(
            f"the pickle holds {_article(able.instead)}, which predicts nothing",
            where=where,
            expected="a model, such as a fitted scikit-learn estimator, that has `predict`",
            hint="write the model itself to the file, not what it lies in; or give a handler with `predict`",
        )
    if able.unfitted is not None:
        raise ModelUnsupportedError(
            f"the {able.unfitted.rpartition('.')[2]} in the pickle was never fitted, so it can answer nothing",
            where=where,
            expected="a fitted model",
            hint="call `fit` before the model is written; `fit` of a search or a pipeline fits the model that it is "
            "called on, not the one that was put in",
        )


def _article(kind: str) -> str:
    """`a list`, `an int`, `None`."""
    if kind == "NoneType":
        return "None"
    return f"{'an' if kind[0] in 'aeio' else 'a'} {kind}" if "." not in kind else kind


def _check_method(spec: ServiceSpec, facts: ModelFacts) -> None:
    method, lacks = spec.model.method, facts.abilities.lacks
    if method not in lacks:
        return
    have = [name for name in METHODS if name not in lacks]
    raise ModelUnsupportedError(
        f"{lacks[method]} has no method {method}",
        where=str(spec.model.file),
        expected=f"`model.method`: {' or '.join(have)}" if have else "a model that answers for new data",
        hint=_method_hint(lacks[method], have),
    ).against("method")


def _method_hint(name: str, have: list[str]) -> str:
    if "probability=" in name:
        return "train it with `probability=True`, or as `CalibratedClassifierCV(SVC())`, or take another method"
    if "=" in name:
        return f"train it with another value of `{name.partition(' with ')[2].partition('=')[0]}`"
    return "name it in the service file, or give a handler with `predict`" if have else "give a handler with `predict`"


def _check_size(spec: ServiceSpec, facts: ModelFacts) -> None:
    if facts.size > EMBED_MAX_BYTES:
        raise ModelUnsupportedError(
            f"the model has {facts.size:,} bytes, which is too large for a chart",
            where=str(spec.model.file),
            expected=f"at most {EMBED_MAX_BYTES:,} bytes: Helm keeps the whole chart in one Secret of at most 1 MiB",
            hint="make the file smaller (for a pickle `joblib.dump(model, path, compress=9)`, fewer trees; "
            "for ONNX, quantization; for Keras, `model.save(path, include_optimizer=False)`); "
            "a model on a volume or in object storage (`storage`) is not supported yet",
        )


def input_warnings(spec: ServiceSpec, facts: ModelFacts) -> tuple[str, ...]:
    """What a person should know of the requests that the model will answer.

    Args:
        spec: The service.
        facts: What its model file says of itself.
    """
    if not facts.abilities.takes_categories or spec.runtime.handler is not None:
        return ()
    return (
        "model.file: the model was fitted on a table with columns of categories, and takes the number of each category "
        "in the order of its fit; any other number is answered too, without a meaning. A handler whose `preprocess` "
        "makes a DataFrame with these columns lets clients send the categories themselves",
    )
