"""What a pickle may hand to the calls that loading makes: nothing on which loading would call what the file says.

A constructor may call a method of what it is given: `uuid.UUID` calls `replace`, `dict` calls `keys`. Where that is an
object to which the file gave attributes, the method is whatever the file named. So a call gets what real picklers give
it alone: constants, arrays and element types, plain containers, and plain values of the standard library. A state gets
no function by its place, as only attributes are looked at by their names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chartgen.inspect.allowlist import is_made_empty, may_call
from chartgen.inspect.picklecosts import check_cost
from chartgen.inspect.picklevalues import (
    KEPT_KEYS,
    RECONSTRUCTOR,
    ArrayWrapper,
    Entries,
    Global,
    Items,
    Made,
    Value,
    class_of,
)

if TYPE_CHECKING:
    from chartgen.inspect.pickletrace import Trace

    Given = set[Global] | frozenset[Global]

# Makers of plain values, to which the file can give no attributes but by a state.
_PLAIN = frozenset({"_codecs", "builtins", "collections", "datetime", "decimal", "fractions", "numpy", "uuid"})
# Whose callables picklers give containers, besides compiled classes' own `__pyx_unpickle_` functions.
_OF_CONTAINERS = _PLAIN | {"copyreg"}
_UNPICKLE = "__pyx_unpickle_"
# PyTorch's own pickles have a list of their own, of functions that take tensors of each other.
_ELSEWHERE = frozenset({"torch", "__torch__"})
# NumPy's arrays take their state as a tuple, and its generators as a dictionary that they do not keep.
_GENERATORS = "numpy.random"
# A state of attributes is a dictionary, or two: the other one is of those in slots.
_ATTRIBUTES = 2

# What scikit-learn's boosters of histograms check their numbers by where some of the features are categories:
# `partial(check_array, dtype=[np.float64], ensure_all_finite=False)`, the keyword being `force_all_finite` up to 1.5.
_NEW_OBJECT = Global("copyreg", "__newobj__")
PARTIAL = Global("functools", "partial")
_CHECK = Global("sklearn.utils.validation", "check_array")
_FLOATS = Global("numpy", "float64")
_CHECK_KEYWORDS = ({"ensure_all_finite": False}, {"force_all_finite": False})

# The compiled classes and the tuples of names of the libraries on the list, which alone are made with arguments: with
# some, any other class would be set up in a way that its state says nothing of.
_MADE_WITH = frozenset({"Hyperparameter", "MethodPair", "RouterMappingPair", "Tree", "_ImputerTriplet", "newObj"})
_MADE_WITH_IN = ("_loss", "_sgd_fast")
_LIBRARIES = frozenset({"lightgbm", "scipy", "sklearn", "xgboost"})

# What `builtins` makes out of constants that picklers write as calls.
_SCALARS = frozenset({"bool", "bytearray", "bytes", "complex", "float", "int", "slice", "str"})

# A tuple of names, which asks nothing of what it is made of.
_NAMED_TUPLE = Global("sklearn.impute._iterative", "_ImputerTriplet")
_TUPLE = Global("builtins", "tuple")

OBJECT_GIVEN = "a call is given an object that has attributes"
CONTAINER_GIVEN = "a call is given a container that its own pickler does not give it"
STATE_MADE = "a state is set that is an object itself"
FUNCTION_BY_PLACE = "a function is kept in a state by its place"
TOO_MANY = "an object has more attributes than any model's"


def check_arguments(function: Global, arguments: Value, oddities: set[str]) -> None:
    """Notes arguments on which the function could call what the file says.

    Args:
        function: What is called.
        arguments: With what.
        oddities: Where it is noted.
    """
    root = function.module.partition(".")[0]
    if not arguments or root in _ELSEWHERE:
        return
    _check_made(function, arguments, oddities)
    if _makes_named_tuple(function, arguments):
        return
    check_cost(function, arguments, oddities)
    containers = root in _OF_CONTAINERS or function.name.startswith(_UNPICKLE)
    for value in arguments if isinstance(arguments, tuple) else (arguments,):
        if isinstance(value, tuple | Items | Entries):
            if not containers:
                oddities.add(CONTAINER_GIVEN)
            if isinstance(value, tuple) and not all(_is_plain(one) for one in value):
                oddities.add(OBJECT_GIVEN)
        elif not _is_plain(value):
            oddities.add(OBJECT_GIVEN)


def _check_made(function: Global, arguments: Value, oddities: set[str]) -> None:
    """Notes an object of a library that is made with arguments, where its pickler gives it none."""
    root, name = function.module.partition(".")[0], function.name
    if root == "copyreg" and name == _NEW_OBJECT.name and isinstance(arguments, tuple):
        if isinstance(arguments[0], Global):
            check_arguments(arguments[0], arguments[1:], oddities)
    elif (
        root in _LIBRARIES
        and not (name in _MADE_WITH or name.startswith(_UNPICKLE) or function.module.endswith(_MADE_WITH_IN))
        and may_call(function)
    ):  # anything else is refused by its name
        oddities.add(f"{function} is made with arguments")


def _makes_named_tuple(function: Global, arguments: Value) -> bool:
    if function.name == _NAMED_TUPLE.name:
        return function == _NAMED_TUPLE
    # So do protocols below 2.
    plainly = function.name == RECONSTRUCTOR.name and function == RECONSTRUCTOR and isinstance(arguments, tuple)
    return plainly and arguments[:2] == (_NAMED_TUPLE, _TUPLE)  # type: ignore[index]  # a tuple, as was just asked


def check_kept(value: Value, trace: Trace) -> None:
    """Notes a class that is about to be kept, and that is harmless only in calls that are looked at.

    Args:
        value: What is about to become part of a container or a state.
        trace: Where it is noted.
    """
    if not isinstance(value, Global):
        return
    if is_made_empty(value):
        trace.oddities.add(f"{value} itself is kept, to be called later")
    elif value == PARTIAL:
        trace.own_partials = False


def called(function: Global, arguments: Value, given: Given, trace: Trace) -> Given:
    """What a function may call of what it is given: nothing, where it makes the partial function of scikit-learn's own.

    Args:
        function: What is called.
        arguments: With what.
        given: Those of the arguments that are imported.
        trace: Where any other partial function is noted.
    """
    makes = function.name == PARTIAL.name and function == PARTIAL  # Names first: comparing two of these takes its time.
    own = makes and arguments == (_CHECK,)
    if makes or (given and PARTIAL in given):
        trace.own_partials = own and trace.own_partials is not False
    return frozenset() if own else given


def _is_partial(value: Value) -> bool:
    return isinstance(value, Made) and value.maker is not None and value.maker.name == PARTIAL.name


def _is_state_of_own_partial(state: Value) -> bool:
    """Whether it is the function, its arguments, its keywords, and no attributes; no keyword may be set any more."""
    if not isinstance(state, tuple) or len(state) != 4 or not isinstance(keywords := state[2], Entries):  # noqa: PLR2004 - as above
        return False
    keywords.sealed = True  # The function keeps this very dictionary.
    given = dict(keywords.head)
    dtype = given.pop("dtype", None)
    floats = isinstance(dtype, Items) and dtype.count == 1 and dtype.head[0] == _FLOATS
    plain = not keywords.odd and keywords.count == 2  # noqa: PLR2004 - the type, and the other one
    return floats and plain and given in _CHECK_KEYWORDS and (state[0], state[1], state[3]) == (_CHECK, (), None)


def check_state(made: Made, state: Value, trace: Trace) -> None:
    """Notes a state out of which an object could call what the file says.

    Args:
        made: The object.
        state: The state that is about to be set.
        trace: Where it is noted.
    """
    if _is_partial(made):
        trace.own_partials = trace.own_partials and _is_state_of_own_partial(state)
        return
    if isinstance(state, Entries) and state.count <= KEPT_KEYS:  # by far the most frequent
        return
    if made.maker is not None and made.maker.module.partition(".")[0] in _ELSEWHERE:
        return
    if isinstance(state, Made | Global):
        trace.oddities.add(STATE_MADE)
    parts = state if isinstance(state, tuple) else (state,)
    if any(isinstance(part, Global) or _is_partial(part) for part in parts):
        trace.oddities.add(FUNCTION_BY_PLACE)
    if len(parts) == _ATTRIBUTES and any(_is_container(part) for part in parts):
        trace.oddities.add(STATE_MADE)
    if len(parts) <= _ATTRIBUTES and any(isinstance(part, Entries) and part.count > KEPT_KEYS for part in parts):
        trace.oddities.add(TOO_MANY)


def has_attributes(made: Made, oddities: set[str]) -> bool:
    """Whether the entries of an object that is a dictionary as well may stand for attributes: those of `Bunch` do so.

    Args:
        made: The object, with its entries.
        oddities: Where an entry is noted that no attribute may be.
    """
    cls, entries = class_of(made), made.entries
    if entries is None or (cls is not None and cls.module.partition(".")[0] in _PLAIN | _ELSEWHERE):
        return False
    if entries.hook is not None or entries.odd:
        what = f"the attribute `{entries.hook}`" if entries.hook else "an attribute whose name is computed"
        oddities.add(f"{what} is set by an entry")
    return True


def given_entries(arguments: Value, oddities: set[str]) -> Entries | None:
    """The entries that `copyreg._reconstructor` gives an object that is a dictionary as well.

    Args:
        arguments: With what it is called: a class, the builtin one that it derives from, and a value of that one.
        oddities: Where arguments are noted that `copyreg` does not give.
    """
    if not isinstance(arguments, tuple) or len(arguments) != 3:  # noqa: PLR2004 - as said
        oddities.add(CONTAINER_GIVEN)
        return None
    _, base, value = arguments
    entries = value if isinstance(value, Entries) else None
    if not isinstance(base, Global) or base.module != "builtins" or (base.name == "dict") != (entries is not None):
        oddities.add(CONTAINER_GIVEN)
    if entries is not None and entries.count > KEPT_KEYS:
        oddities.add(TOO_MANY)
    return entries


def _is_container(value: Value) -> bool:
    """Whether a call makes it that may make a dictionary, or what is iterated."""
    if not isinstance(value, Made) or value.maker is None:
        return isinstance(value, Made)
    root = value.maker.module.partition(".")[0]
    if root in {"builtins", "collections", "copyreg"}:
        return value.maker.name not in _SCALARS
    return value.entries is not None


def _is_plain(value: Value) -> bool:
    """Whether it is a value on which no method is called that the file has named."""
    if not isinstance(value, Made):
        return not isinstance(value, ArrayWrapper)
    if value.maker is None or value.maker.module.partition(".")[0] not in _PLAIN:
        return False
    if not value.has_state:
        return True
    # What `numpy.scalar` gives may be the very object that it was given.
    of_arrays = value.maker.module.startswith("numpy") and value.maker.name != "scalar"
    return of_arrays and (isinstance(value.state, tuple) or value.maker.module.startswith(_GENERATORS))
