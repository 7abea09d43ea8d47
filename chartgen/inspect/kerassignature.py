"""What goes into a Keras model and what comes out, by its configuration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chartgen.inspect.facts import Dimension, Signature
from chartgen.inspect.kerasconfig import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

_MODELS = {"Sequential", "Functional", "Model"}
_MAX_RANK = 32
_MAX_DEPTH = 16
_MAX_NAME = 256
_SHOWN = 80


class Unfit(ValueError):  # noqa: N818 - it is about the model, not an error of the file
    """The model takes what cannot be made from JSON; the message is a part of a sentence."""


def layers(config: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The layers of a model; Keras of before 2.2 wrote those of a Sequential one without anything around them.

    Raises:
        ConfigError: There are none.
    """
    inner = config["config"]
    found = inner if isinstance(inner, list) else inner.get("layers") if isinstance(inner, Mapping) else None
    if not isinstance(found, list) or not found or not all(isinstance(each, Mapping) for each in found):
        raise ConfigError("the architecture has no layers")
    for each in found:
        if not isinstance(each.get("class_name"), str) or not isinstance(each.get("config"), Mapping | list):
            raise ConfigError("a layer does not say of which class it is")
    return found


def signature(config: Mapping[str, Any], depth: int = 0) -> tuple[tuple[Signature, ...], tuple[Signature, ...]]:
    """The inputs and outputs of a model, each in the model's own order.

    The sizes of an output are not in the file; its rank is left open.

    Raises:
        ConfigError: The architecture is damaged.
        Unfit: An input is sparse, ragged, or of a type that JSON does not hold.
    """
    if depth > _MAX_DEPTH:
        raise ConfigError("the architecture has models in models without an end")
    found = layers(config)
    inner = config["config"]
    if config["class_name"] == "Sequential":
        last = _name(found[-1])
        return _first(found[0], inner, depth), (Signature(last, _dtype(found[-1]["config"]), None),)
    if config["class_name"] not in _MODELS or not isinstance(inner, Mapping):
        raise ConfigError(f"a model of the class {config['class_name'][:_SHOWN]!r} is not known")
    by_name = {_name(each): each for each in found}
    inputs = []
    for key, name in _ends(inner.get("input_layers")):
        if name not in by_name:
            raise ConfigError("an input is of no layer")
        inputs.append(_input(key or name, by_name[name]["config"]))
    outputs: dict[str, Signature] = {}
    seen: Counter[str] = Counter()
    for key, name in _ends(inner.get("output_layers")):
        if name not in by_name:
            raise ConfigError("an output is of no layer")
        free = key or (f"{name}_{seen[name]}" if seen[name] else name)  # a layer that is called again has a number
        seen[name] += 1
        outputs[free] = Signature(free, _dtype(by_name[name]["config"]), None)
    return tuple(inputs), tuple(outputs.values())


def _name(layer: Mapping[str, Any]) -> str:
    """The layer's name, which must be a text that can be shown."""
    inner = layer["config"]
    name = layer.get("name") or (inner.get("name") if isinstance(inner, Mapping) else "")
    if (
        not isinstance(name, str)
        or not (name or isinstance(inner, list))
        or not name.isprintable()
        or len(name) > _MAX_NAME
    ):
        raise ConfigError("a layer has no name that can be shown")
    return name


def _first(layer: Mapping[str, Any], whole: Any, depth: int) -> tuple[Signature, ...]:
    """What goes into a Sequential model: its first layer is an input, or says which input it takes."""
    if layer["class_name"] in _MODELS:
        return signature(layer, depth + 1)[0]
    inner = layer["config"]
    if not isinstance(inner, Mapping):
        raise ConfigError("a layer does not say of which class it is")
    if layer["class_name"] == "InputLayer":
        return (_input(_name(layer), inner),)
    shape = inner.get("batch_input_shape") or (whole.get("build_input_shape") if isinstance(whole, Mapping) else None)
    if shape is None:
        return ()
    return (_input(f"{_name(layer)}_input", {**inner, "batch_shape": shape}),)


def _ends(written: Any, key: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """The ends of a functional model, (key, layer): one, a list of them, or an object by the names to use."""
    if depth > _MAX_DEPTH:
        raise ConfigError("the inputs or outputs lie in one another without an end")
    if isinstance(written, list) and len(written) == 3 and isinstance(written[0], str):  # noqa: PLR2004 - layer, node, tensor
        yield key, written[0]
    elif isinstance(written, list):
        for each in written:
            yield from _ends(each, "", depth + 1)
    elif isinstance(written, Mapping):
        for name in sorted(written):
            yield from _ends(written[name], name if not depth and name.isprintable() else "", depth + 1)
    else:
        raise ConfigError("it does not say what the inputs and outputs are")


def _input(name: str, inner: Any) -> Signature:
    if not isinstance(inner, Mapping):
        raise ConfigError("an input is a whole model")
    for kind in ("sparse", "ragged"):
        if inner.get(kind):
            raise Unfit(f"has the {kind} input {name!r}, which cannot be made from JSON")
    shape = inner.get("batch_shape", inner.get("batch_input_shape"))
    if not isinstance(shape, list) or len(shape) > _MAX_RANK:
        raise ConfigError(f"the input {name!r} has no shape")
    return Signature(name, _dtype(inner), tuple(_size(size) for size in shape))


def _size(size: Any) -> Dimension:
    if size is None or (type(size) is int and 0 <= size < 1 << 31):
        return size
    raise ConfigError("a size is not a number")


def _dtype(inner: Any) -> str | None:
    """The element type by NumPy's name; the one that is computed with where a policy says two."""
    found = inner.get("dtype") if isinstance(inner, Mapping) else None
    if isinstance(found, Mapping):
        policy = found.get("config")
        found = policy.get("name") if isinstance(policy, Mapping) else None
    if not isinstance(found, str):
        return None
    found = found.removeprefix("mixed_")
    return found if found.isalnum() and len(found) <= len("complex128") else None
