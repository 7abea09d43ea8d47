"""The sizes in a Keras model's configuration, held against the weights in the same file.

Keras makes weights as large as the configuration says, and only then reads those of the file into them: a file of a few
kilobytes whose configuration says a billion rows takes the pod's memory before anything is noticed. What the layers
have at least is compared, which needs no shapes of what goes through the model.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite, prod
from typing import TYPE_CHECKING, Any

from chartgen.inspect.kerasconfig import ConfigError, objects

if TYPE_CHECKING:
    from collections.abc import Iterator

# Sizes whose product is at most the number of a layer's weights, where the layer has all of them.
_TOGETHER = (
    ("units",),
    ("input_dim", "output_dim"),
    ("kernel_size", "depth_multiplier"),
    ("depth_multiplier", "filters"),
    ("num_heads", "key_dim"),
    ("num_heads", "value_dim"),
    ("num_query_heads", "head_dim"),
    ("num_key_value_heads", "head_dim"),
)
# Without a depth multiplier, with which a layer has two smaller kernels instead of one.
_KERNEL = ("kernel_size", "filters")
_MULTIPLIER = "depth_multiplier"
_SIZES = frozenset(key for keys in (*_TOGETHER, _KERNEL) for key in keys)
# Layers that have weights between every two of their units: parts of the names of classes.
_RECURRENT = ("LSTM", "GRU", "SimpleRNN")
# Quantized weights may share a byte, and a layer that is used twice may stand there twice.
_SLACK = 8
# More dimensions than any kernel has, and more weights than any file.
_DIMENSIONS, _BEYOND = 8, 1 << 62
_SHOWN = 80


def check_sizes(config: Mapping[str, Any], elements: int) -> None:
    """Refuses a model that would have more weights than its file.

    Args:
        config: The configuration of the model.
        elements: How many numbers the datasets of the file hold.

    Raises:
        ConfigError: It would, which the message says with the largest layer, or a size is no number.
    """
    total, largest = 0, (0, "")
    for each in objects(config):
        inner = each.get("config")
        if not isinstance(inner, Mapping) or _SIZES.isdisjoint(inner):
            continue
        needed, keys = max(_least(each["class_name"], inner), default=(0, ()))
        total += needed
        if needed > largest[0]:
            said = " and ".join(f"{key} {inner[key]}" for key in keys)
            largest = needed, f"{str(inner.get('name'))[:_SHOWN]!r} ({each['class_name'][:_SHOWN]}, {said[:_SHOWN]})"
    if total > _SLACK * elements:
        raise ConfigError(
            f"by its architecture it has {total:,} weights or more, the most of them in the layer {largest[1]}, and"
            f" the file holds {f'{elements:,}' if elements else 'none: was it saved before the model was built?'}"
        )


def _least(kind: str, inner: Mapping[str, Any]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """How many weights a layer has at least, and the keys of the sizes that say so."""
    sizes = {key: size for key in _SIZES.intersection(inner) if (size := _size(inner[key])) is not None}
    for keys in _TOGETHER if _MULTIPLIER in sizes else (*_TOGETHER, _KERNEL):
        if all(key in sizes for key in keys):
            yield prod(sizes[key] for key in keys), keys
    if any(mark in kind for mark in _RECURRENT):
        for key in ("units", "filters"):
            if key in sizes:
                yield sizes[key] ** 2, (key,)


def _size(value: Any) -> int | None:
    """A size, or the product of those of a kernel; None where there is none.

    Raises:
        ConfigError: A text stands there, which older versions of Keras take for a number.
    """
    if isinstance(value, Mapping) and value.get("class_name") == "__numpy__":
        inner = value.get("config")
        value = inner.get("value") if isinstance(inner, Mapping) else None
    if isinstance(value, list):
        found = [_number(each) for each in value[:_DIMENSIONS]]
        return None if None in found else prod(each for each in found if each is not None)
    return _number(value)


def _number(value: Any) -> int | None:
    if isinstance(value, str) or (isinstance(value, float) and not isfinite(value)):
        raise ConfigError("a size of a layer is no number")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return min(max(int(value), 0), _BEYOND)
