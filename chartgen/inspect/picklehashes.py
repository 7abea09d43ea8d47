"""How often loading would compare keys that have the same hash: a file may choose them so.

Python hashes texts with a secret, and numbers without: all multiples of 2^61 - 1 have the hash 0, so a set of 40,000
of them takes ten seconds, and fifty kilobytes in a file. So the hashes of a container's numbers and tuples are worked
out, as Python does it, and those that are found again are counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chartgen.inspect.picklevalues import Entries, Global, Items, Made, Opaque

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chartgen.inspect.picklevalues import Value

# Below it a number is its own hash.
_MODULUS = (1 << 61) - 1
_NONE = type(None)
# Of a float there are thirty others that have its hash, which is nothing.
_FREE = frozenset({str, bytes, bool, _NONE, float, Global})
_CONSTANTS = _FREE | {int}
# Numbers of NumPy whose hash is that of a text, or of a number of eight bytes.
_PLAIN_NUMBERS = frozenset("biufmMSU")
_WIDEST = 8
_NO_KEYS: Sequence[Value] = ()
_MAKERS = frozenset({"Counter", "OrderedDict", "_reconstructor", "defaultdict", "dict", "frozenset", "set"})


def hard_of(keys: Sequence[Value]) -> Sequence[Value]:
    """Those of the keys whose hash the file may have chosen."""
    if len(keys) == 1:  # as there may be millions of such
        key = keys[0]
        if type(key) is str or (type(key) is int and -_MODULUS < key < _MODULUS):
            return _NO_KEYS
    return [
        key
        for key in keys
        if type(key) not in _FREE and (type(key) is not int or not -_MODULUS < key < _MODULUS) and not _is_free(key)
    ]


def _is_free(key: Value) -> bool:
    if isinstance(key, Opaque):
        return key.kind != "int"
    return isinstance(key, Made) and key.maker is not None and (key.maker.module == "_codecs" or is_plain_number(key))


def is_plain_number(value: Made) -> bool:
    """Whether it is a number or a text of NumPy whose hash is not the file's to choose."""
    if value.maker is None or value.maker.name != "scalar" or not isinstance(value.arguments, tuple):
        return False
    if not value.arguments:  # one of so many that they are not kept, for which it was asked before
        return True
    element = value.arguments[0].element if isinstance(value.arguments[0], Made) else None
    if element is None or element.code is None or element.code[0] not in _PLAIN_NUMBERS:
        return False
    return element.code[0] in "SU" or element.size <= _WIDEST


def _is_constant(value: Value) -> bool:
    return type(value) in _CONSTANTS or (isinstance(value, tuple) and all(map(_is_constant, value)))


class Hashes:
    """The hashes of one container's keys.

    Attributes:
        cost: How many comparisons making it has taken.
    """

    __slots__ = ("_counts", "cost")

    def __init__(self) -> None:
        self._counts: dict[int | None, int] = {}
        self.cost = 0

    def add(self, key: Value) -> int:
        """Adds a key, and returns how many of the same hash were there; all whose hash is not known count as one."""
        known = hash(key) if _is_constant(key) else None
        before = self._counts.get(known, 0)
        self._counts[known] = before + 1
        return before


def cost_of(function: Global, arguments: Value) -> int:
    """How many comparisons a call takes that makes a container of what it is given.

    Args:
        function: What is called.
        arguments: With what.
    """
    given = arguments if isinstance(arguments, tuple) else (arguments,)
    return sum(cost_of_copy(one, anew=function.name in _MAKERS) for one in given)


def cost_of_copy(value: Value, *, anew: bool = False) -> int:
    """How many comparisons a copy of a container takes.

    Args:
        value: The container.
        anew: Whether the elements of a list or tuple become keys.
    """
    if isinstance(value, Entries | Items) and value.hashes is not None:
        return value.hashes.cost
    if not anew or not isinstance(value, Items | tuple):
        return 0
    count = value.hard if isinstance(value, Items) else len(hard_of(value))
    return count * count // 2
