"""The configuration of a Keras model, checked before anything is taken from it: which code loading it would need.

A configuration is JSON: objects of `class_name` and `config` in one another. Keras looks the classes up among its own;
what it does not find there is code of the author's, and some of its own layers run code that is stored in the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from chartgen.inspect import jsontext
from chartgen.inspect.kerasoperations import computes

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLE = "keras_classes.yaml"

# The largest models of keras.applications stay below a tenth.
MAX_BYTES = 8 << 20
_WITH_OPERATIONS = 3
_SHOWN = 80

# Layers whose configuration holds code or a graph, or says where one lies.
_RUNNING = {"Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer", "TensorFlowOpLayer", "__lambda__"}
# How values that JSON does not know are written.
_VALUES = {"__keras_tensor__", "__tensor__", "__numpy__", "__tuple__", "__ellipsis__", "__slice__", "TensorShape"}
# Layers of Keras 2 that call a function of TensorFlow.
_OF_TENSORFLOW = {"TFOpLambda", "SlicingOpLambda"}
# What a layer's configuration has in files of tf_keras and not in those of Keras 2.15.
_NEWER = {
    "InputLayer": "optional",
    "MultiHeadAttention": "softmax_robust_masking",
    "Softmax": "robust_masking",
}
# The package under which Keras registers what is its own.
_PACKAGE = "Keras>"
# Keys of layers that look words up: Keras reads the file where the value is no list but its path.
_LISTS = ("vocabulary", "idf_weights")
# Keys of a layer whose value may be the bare name of a function.
_ACTIVATIONS = ("activation", "recurrent_activation", "hidden_activation", "gate_activation")
# Ends of the keys of a layer whose value may be the bare name of what Keras has, such as `"glorot_uniform"`; some of
# these names are no class's.
_NAMED = ("initializer", "regularizer", "constraint")
_OTHER_NAMES = {"maxnorm", "nonneg", "normal", "one", "uniform", "unitnorm", "zero"}


class ConfigError(ValueError):
    """The configuration is not one of a model; the message is a part of a sentence."""


class Foreign(NamedTuple):
    """Something that Keras cannot load by itself, or should not.

    Attributes:
        kind: `code` for what runs code from the file, `function` for a function of TensorFlow's that may do more than
            compute, `file` for what reads another file, `custom` for what is the author's, `operation` for what Keras 3
            writes to HDF5 and does not read again.
        name: The class or function.
        layer: The layer's name; empty where it has none.
    """

    kind: str
    name: str
    layer: str


@cache
def _table() -> dict[int, dict[str, frozenset[str]]]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml where PyYAML was built with it
    document = yaml.load(files(__package__).joinpath(TABLE).read_text("utf-8"), Loader=loader)  # noqa: S506 - safe loaders both
    return {
        major: {key: frozenset(section[key]) for key in ("classes", "functions")} for major, section in document.items()
    }


def read_config(text: str) -> dict[str, Any]:
    """The configuration of a model from its text.

    Raises:
        ConfigError: It is not JSON, too large to be one of a model, or has no class and configuration.
    """
    try:
        config = jsontext.parse(text)
    except jsontext.TooManyPartsError as error:
        raise ConfigError("the architecture has more parts than any model") from error
    except ValueError as error:
        raise ConfigError("the architecture is not JSON") from error
    if not isinstance(config, dict) or not isinstance(config.get("class_name"), str) or "config" not in config:
        raise ConfigError("the architecture does not say of which class the model is")
    return config


def foreign(config: Mapping[str, Any], major: int) -> list[Foreign]:
    """What in a configuration is not Keras's own, in the order of the text, each class and layer once.

    Args:
        config: The configuration of the model.
        major: The major version of the Keras that wrote it.

    Raises:
        ConfigError: An object has something else in the place of the name of its class.
    """
    found: dict[Foreign, None] = {}
    for each in objects(config):
        inner = each.get("config")
        inner = inner if isinstance(inner, Mapping) else {}
        layer = inner["name"][:_SHOWN] if isinstance(inner.get("name"), str) else ""
        if kind := _kind(each, inner, major):
            found[Foreign(*kind, layer)] = None
        if any(inner.get(key) is not None and not isinstance(inner[key], list) for key in _LISTS):
            found[Foreign("file", each["class_name"][:_SHOWN], layer)] = None
        for key in _ACTIVATIONS:
            if isinstance(name := inner.get(key), str) and name not in _functions():
                found[Foreign("custom", name[:_SHOWN], layer)] = None
        for key, name in inner.items():
            if key.endswith(_NAMED) and isinstance(name, str) and name not in _names():
                found[Foreign("custom", name[:_SHOWN], layer)] = None
    return list(found)


def newer(config: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The layers that set what only tf_keras knows, each with the key; see `get_config` of tf_keras 2.21's layers.

    Where such a key is false, as tf_keras writes it by itself, the pod leaves it out.
    """
    for each in objects(config):
        inner = each.get("config")
        if (key := _NEWER.get(each["class_name"])) and isinstance(inner, Mapping) and inner.get(key):
            yield str(inner.get("name"))[:_SHOWN], key


def _kind(each: Mapping[str, Any], inner: Mapping[str, Any], major: int) -> tuple[str, str] | None:
    """The kind and name of an object that is not Keras's own; None for one that is."""
    name, module = each["class_name"], each.get("module")
    kind = None
    if name in _RUNNING:
        kind = "code"
    elif name == "function":
        name = str(each.get("config"))
        own = module == "builtins" or _is_of_keras(module)  # the package of a function of Keras's is not always said
        kind = None if own and {name, _registered(each, name)} <= _functions() else "custom"
    elif _is_operation(each, inner, major):
        kind = "operation"
    elif name in _OF_TENSORFLOW and not computes(inner.get("function")):
        kind, name = "function", f"{name} of {inner.get('function')}"
    elif not {name, _registered(each, name)} <= _table()[major]["classes"] | _VALUES or not _is_of_keras(module):
        kind = "custom"
    return (kind, name[:_SHOWN]) if kind else None


def _is_of_keras(module: Any) -> bool:
    """Whether a class or function is looked up among Keras's; of any other module it would be imported."""
    return module is None or f"{module}.".startswith("keras.")


def _registered(each: Mapping[str, Any], name: str) -> str:
    """The name under which Keras looks an object up first, which is its own where it says none."""
    registered = each.get("registered_name")
    return name if registered is None else str(registered).removeprefix(_PACKAGE)


@cache
def _functions() -> frozenset[str]:
    """The names of functions, of every Keras: the older ones know some of the newer by other ways."""
    return frozenset(name for section in _table().values() for name in section["functions"])


@cache
def _names() -> frozenset[str]:
    """The names of initializers, regularizers and constraints, and of other classes, of every Keras."""
    return frozenset(name for section in _table().values() for name in section["classes"]) | _OTHER_NAMES


def objects(config: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every object with the name of a class, at any depth.

    Raises:
        ConfigError: What should be such a name is none.
    """
    waiting: list[Any] = [config]
    while waiting:
        each = waiting.pop()
        # As JSON makes them: to ask for a Mapping takes as long as all else here, and this goes over every part.
        if isinstance(each, dict):
            if isinstance(each.get("class_name"), str):
                yield each
            elif each.get("class_name") is not None:
                raise ConfigError("the class of an object is no name")
            each = list(each.values())
        waiting += [inner for inner in reversed(each) if isinstance(inner, dict | list)]


def _is_operation(each: Mapping[str, Any], inner: Mapping[str, Any], major: int) -> bool:
    """Whether it is a function of `keras.ops` between layers, whose node has no type as those of layers have."""
    return major == _WITH_OPERATIONS and "inbound_nodes" in each and not {"dtype", "layers"} & set(inner)
