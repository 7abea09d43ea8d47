"""What the values of a pickle are to the machine that walks it: constants, and what it would make, never made.

A container keeps only its first elements: enough for what is read of it, and memory stays small whatever the file
holds. All values are shared references, as in the pickle; nothing copies, compares or walks one to its leaves.
"""

from __future__ import annotations

from dataclasses import dataclass, field

KEPT_ITEMS = 128
KEPT_KEYS = 512

# As an attribute, one of these changes what later opcodes call on an object; so may any name of Python's own.
_HOOKS = frozenset({"add", "append", "extend"})


@dataclass(frozen=True, slots=True)
class Opaque:
    """A constant that was too long to be kept, or a value of which only the kind is known.

    Attributes:
        kind: Its type.
    """

    kind: str


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


@dataclass(slots=True, eq=False)
class Items:
    """A list, set, or long tuple.

    Attributes:
        kind: Its type.
        head: The first elements.
        count: How many there are.
    """

    kind: str
    head: list[Value] = field(default_factory=list)
    count: int = 0

    def extend(self, values: list[Value]) -> None:
        """Appends values."""
        self.count += len(values)
        if len(self.head) < KEPT_ITEMS:
            self.head.extend(values[: KEPT_ITEMS - len(self.head)])


@dataclass(slots=True, eq=False)
class Entries:
    """A dictionary.

    Attributes:
        head: The first entries whose keys are texts.
        count: How many entries were set; one that was set twice counts twice.
        odd: Whether some key is no constant.
        hook: A key that must not become an attribute, however many others there are; None for none.
    """

    head: dict[str, Value] = field(default_factory=dict)
    count: int = 0
    odd: bool = False
    hook: str | None = None

    def set(self, key: Value, value: Value) -> None:
        """Sets an entry."""
        self.count += 1
        if isinstance(key, str):
            if key in _HOOKS or (key.startswith("__") and key.endswith("__")):
                self.hook = key
            if key in self.head or len(self.head) < KEPT_KEYS:
                self.head[key] = value
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
    """

    maker: Global | None
    arguments: Value
    cls: Global | None = None
    state: Value = None
    entries: Entries | None = None
    has_state: bool = False

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
