"""What the values of a pickle are to the machine that walks it: constants, and what it would make, never made.

A container keeps only its first elements: enough for what is read of it, and memory stays small whatever the file
holds. All values are shared references, as in the pickle; nothing copies, compares or walks one to its leaves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chartgen.inspect.picklehashes import Hashes

KEPT_ITEMS = 512
KEPT_KEYS = 512

# As an attribute, one of these changes what later opcodes call on an object; so may any name of Python's own.
_HOOKS = frozenset({"add", "append", "extend"})
# Classes call these on what they take for a plain value or an array, so none may stand for a function or an object that
# can be called.
_PLAIN_TYPES = (str, bytes, bytearray, int, float, complex, dict, list, set)
_METHODS = _HOOKS | {name for plain in _PLAIN_TYPES for name in dir(plain) if not name.startswith("_")}
_METHODS |= frozenset(
    """all any argmax argmin argpartition argsort astype byteswap choose clip compress cumprod cumsum diagonal dot dump
    dumps fill flatten getfield item itemset max mean min newbyteorder nonzero partition prod ptp put ravel repeat
    reshape resize round searchsorted setfield setflags squeeze std sum swapaxes take tobytes tocoo tocsc tocsr todense
    tofile tolist tostring trace transpose var view""".split()  # noqa: SIM905 - a list of names
)
# Under this one scikit-learn keeps what a splitter wants to be given.
_METHODS -= {"split"}


@dataclass(frozen=True, slots=True)
class Opaque:
    """A constant that was too long to be kept, or a value of which only the kind is known.

    Attributes:
        kind: Its type.
        head: Its first bytes, where it was too long.
        tail: Its last ones.
        size: How many bytes it has, where that is known.
        judgement: What is wrong with it as a booster's model, empty for nothing; None where it does not begin as one.
    """

    kind: str
    head: bytes = b""
    tail: bytes = b""
    size: int = 0
    judgement: str | None = None

    def __len__(self) -> int:
        """How many bytes of it were kept."""
        return len(self.head) + len(self.tail)

    def __bool__(self) -> bool:
        """Not told by the length: something stands there."""
        return True


@dataclass(frozen=True, slots=True)
class Global:
    """Something that is imported.

    Attributes:
        module: The module.
        name: The name in it.
    """

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(frozen=True, slots=True)
class Element:
    """The element type of a NumPy array.

    Attributes:
        code: Its code, such as `f8`; None when it is composed.
        order: The byte order, `<` or `>`, or `|` where it has none.
        size: How many bytes an element takes.
        objects: Whether objects are in it.
        flags: NumPy's flags.
        alignment: What the address of an element is a multiple of, in an aligned array.
        depth: How many types lie within each other.
        subarray: Whether an element is an array itself, as a field may be and an array's elements never are.
    """

    code: str | None
    order: str
    size: int
    objects: bool
    flags: int = 0
    alignment: int = 1
    depth: int = 0
    subarray: bool = False


RECONSTRUCTOR = Global("copyreg", "_reconstructor")
"""By which protocols below 2 make an object of a class."""
_NEW_OBJECT = Global("copyreg", "__newobj__")


class Items:
    """A list, set, or long tuple; a small object while it is empty, as a file may make millions.

    Args:
        kind: Its type.

    Attributes:
        head: The first elements.
        count: How many there are.
        weight: How many values are within those of them that are tuples.
        depth: How deeply these are nested, this one included.
        hard: How many elements of a list or tuple there are whose hash the file may have chosen.
        hashes: Those of a set, where there are such elements.
    """

    __slots__ = ("count", "depth", "hard", "hashes", "head", "kind", "weight")

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.head: Sequence[Value] = ()
        self.count = 0
        self.weight = 0
        self.depth = 1
        self.hard = 0
        self.hashes: Hashes | None = None

    def extend(self, values: list[Value]) -> None:
        """Appends values."""
        self.count += len(values)
        kept = len(self.head)
        if kept == 0:
            self.head = values[:KEPT_ITEMS]
        elif kept < KEPT_ITEMS and isinstance(self.head, list):
            self.head.extend(values[: KEPT_ITEMS - kept])


class Entries:
    """A dictionary; a small object while it is empty.

    Attributes:
        count: How many entries were set; one that was set twice counts twice.
        odd: Whether some key is no constant.
        hook: A key that must not become an attribute, however many others there are; None for none.
        sealed: Whether no entry may be set any more.
        used: Whether it was the state of an object, whose attributes were looked at then.
        judged: The class of the last such object; as keywords of a function, it is looked at once.
        as_keywords: Whether it was looked at as keywords of a function.
        hashes: Those of its keys, where the file may have chosen some.
    """

    __slots__ = ("_kept", "as_keywords", "count", "hashes", "hook", "judged", "odd", "sealed", "used")

    def __init__(self) -> None:
        self._kept: dict[str, Value] | None = None
        self.count = 0
        self.odd = False
        self.hook: str | None = None
        self.sealed = False
        self.used = False
        self.judged: Global | None = None
        self.as_keywords = False
        self.hashes: Hashes | None = None

    @property
    def head(self) -> dict[str, Value]:
        """The first entries whose keys are texts."""
        return self._kept if self._kept is not None else {}

    def set(self, key: Value, value: Value) -> None:
        """Sets an entry."""
        self.count += 1
        if isinstance(key, str):
            if key in _METHODS:
                if key in _HOOKS or not _is_data(value):
                    self.hook = key
            elif key.startswith("__") and key.endswith("__"):
                self.hook = key
            if self._kept is None:
                self._kept = {key: value}
            elif key in self._kept or len(self._kept) < KEPT_KEYS:
                self._kept[key] = value
        elif key is not None and not isinstance(key, int | float | bytes | tuple):
            self.odd = True


@dataclass(slots=True, eq=False)
class Made:
    """An object that a call makes.

    Attributes:
        maker: What is called; None where that is itself made in loading.
        arguments: The arguments.
        cls: The class, where the object is made as an instance of one without calling it.
        state: The state that is set afterwards.
        entries: The entries, of an object that is a dictionary as well.
        has_state: Whether a state was set.
        element: The element type that it is, where it is a whole `numpy.dtype`.
    """

    maker: Global | None
    arguments: Value
    cls: Global | None = None
    state: Value = None
    entries: Entries | None = None
    has_state: bool = False
    element: Element | None = None

    @property
    def attributes(self) -> dict[str, Value]:
        """The attributes that the state gives it, as far as they were kept."""
        state = self.state
        if isinstance(state, tuple) and len(state) == 2:  # noqa: PLR2004 - the attributes, and those in slots
            state = state[0]
        return state.head if isinstance(state, Entries) else {}


@dataclass(slots=True, eq=False)
class Array:
    """A NumPy array.

    Attributes:
        shape: Its shape.
        dtype: The code of its element type, such as `f8`; None when that is composed.
        order: The byte order, `<` or `>`, or `|` where it has none.
        data: Its bytes, when they are few.
        items: Its elements, when they are objects.
    """

    shape: tuple[int, ...]
    dtype: str | None
    order: str = "|"
    data: bytes | None = None
    items: Items | None = None


@dataclass(slots=True, eq=False)
class ArrayWrapper:
    """joblib's placeholder: where its state is set, the array's bytes follow."""

    state: Value = None


Constant = None | bool | int | float | str | bytes
Value = Constant | Opaque | Global | Items | Entries | Made | Array | ArrayWrapper | tuple["Value", ...]


def _is_data(value: Value) -> bool:
    """Whether it is certain that a value cannot be called."""
    if isinstance(value, Made):
        return value.maker is not None and value.maker.module.startswith(("numpy.", "_codecs"))
    return not isinstance(value, Global)


def class_of(value: Value) -> Global | None:
    """The class that a value is an instance of, where the pickle says it."""
    if not isinstance(value, Made):
        return None
    maker, arguments = value.maker, value.arguments
    # Modules first: most objects are made by their own class, and comparing two of these takes its time.
    by_copyreg = maker is not None and maker.module == "copyreg" and maker in (RECONSTRUCTOR, _NEW_OBJECT)
    if by_copyreg and isinstance(arguments, tuple) and arguments:
        first = arguments[0]
        return first if isinstance(first, Global) else None
    return maker
