"""What a pickle may hand to the makers of plain values, whose time or room a number or a text of a few bytes may set.

`Fraction("1e9999999999")` computes a number of so many digits, `bytearray(10**11)` takes so many bytes, and
`list(range(10**11))` both. Picklers write a fraction by its two numbers, and bytes and containers by what is in them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chartgen.inspect.picklearrays import from_value
from chartgen.inspect.picklevalues import Global, Made, Opaque

if TYPE_CHECKING:
    from chartgen.inspect.picklevalues import Value

COSTLY = "a call is given what sets how long it takes, or how much it makes"

_FRACTION = re.compile(r"[+-]?[0-9]{1,1000}(?:/[0-9]{1,1000})?")
_BYTES = frozenset({"bytearray", "bytes"})
_NUMBERS = frozenset({"Decimal", "Fraction", "bool", "complex", "float", "int", "str"})
_CONTAINERS = frozenset({"Counter", "OrderedDict", "defaultdict", "deque", "dict", "frozenset", "list", "set", "tuple"})
_MODULES = frozenset({"builtins", "collections", "copyreg", "decimal", "fractions"})
_SCALARS = frozenset({"bytearray", "scalar"})
_TREE, _PARAMETER = "Tree", "Hyperparameter"
_SEEDS = Global("numpy.random.bit_generator", "SeedSequence")


def check_cost(function: Global, arguments: Value, oddities: set[str]) -> None:
    """Notes a call that may take as much time or room as the file says.

    Args:
        function: What is called.
        arguments: With what.
        oddities: Where it is noted.
    """
    if not isinstance(arguments, tuple) or not arguments:
        return
    if function.module == "copyreg":  # They make an object of the class that comes first, out of what comes last.
        for cls in arguments[:2]:
            if isinstance(cls, Global) and cls.module != "copyreg" and cls.name != "tuple":  # as tuples of names do
                check_cost(cls, arguments[2:] if function.name == "_reconstructor" else arguments[1:], oddities)
    elif (
        function == _SEEDS
        or (function.module in _MODULES and _is_costly(function.name, arguments))
        or (function.module.startswith(("numpy.", "sklearn.")) and _is_oversized(function, arguments))
    ):
        oddities.add(COSTLY)


def _is_costly(name: str, arguments: tuple[Value, ...]) -> bool:
    if name in _BYTES:
        return any(isinstance(one, int) or _is_made(one) for one in arguments)
    if name == "Fraction":
        return any(not isinstance(one, int) and not _is_plain_fraction(one) for one in arguments)
    if name in _NUMBERS:
        return any(isinstance(one, Opaque) or _is_made(one) for one in arguments)
    if name == "slice":
        return not all(one is None or isinstance(one, int | str) or _is_made(one) for one in arguments)
    if name == "tuple":  # of a tuple it is the tuple itself
        return True
    return name in _CONTAINERS and any(_is_made(one) or isinstance(one, str | bytes | Opaque) for one in arguments)


def _is_oversized(function: Global, arguments: tuple[Value, ...]) -> bool:
    """Whether a compiled class or a function of NumPy is given what it would iterate, or a size that is not there."""
    name = function.name
    if function.module.startswith("numpy."):
        return name == "MaskedArray" or any(_is_made(one) and not _is_of_numpy(one) for one in arguments)
    if name != _TREE:
        return False
    classes = from_value(arguments[1]) if len(arguments) == 3 else None  # noqa: PLR2004 - features, classes, outputs
    return classes is None or classes.shape != (arguments[-1],)


def _is_of_numpy(value: Value) -> bool:
    maker = value.maker if isinstance(value, Made) else None
    return maker is not None and (maker.module.startswith("numpy") or maker.name in _SCALARS)


def size_said(function: Global, arguments: Value) -> int:
    """How much a call makes by a number that it is given."""
    if not isinstance(arguments, tuple) or function.name not in (_TREE, _PARAMETER):
        return 0
    numbers = arguments[2:] if function.name == _TREE else arguments
    return sum(one for one in numbers if isinstance(one, int) and one > 0)


def _is_made(value: Value) -> bool:
    """Whether it is made by a call, such as a range, but for bytes as protocols below 3 write them."""
    return isinstance(value, Made) and not (value.maker is not None and value.maker.module == "_codecs")


def _is_plain_fraction(value: Value) -> bool:
    return isinstance(value, str) and _FRACTION.fullmatch(value) is not None
