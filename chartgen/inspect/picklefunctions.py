"""The functions that a model calls when it is asked: they must give an array of their rows, whatever these hold.

XGBoost takes a text in the place of an array for the name of a file, and reads that. A step such as
`FunctionTransformer(np.max)` makes a text out of rows of texts, which clients send, or out of one that stands in the
file. So a step calls what gives an array for an array; a cluster of features may reduce, as it makes an array of that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chartgen.errors import ModelUnsafeError
from chartgen.inspect.picklecalls import PARTIAL
from chartgen.inspect.picklevalues import Entries, Global, Made, Value, class_of
from chartgen.inspect.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chartgen.inspect.modelfile import ModelFile

_NUMPY = ("numpy", "numpy._core._multiarray_umath", "numpy.core._multiarray_umath")
# Every one takes an array alone, and gives one that has its shape, or is a copy or a view of all of it.
_OF_NUMPY = frozenset(
    """abs absolute arccos arccosh arcsin arcsinh arctan arctanh around array asarray ascontiguousarray atleast_1d
    atleast_2d cbrt ceil clip cos cosh cumsum deg2rad degrees exp exp2 expm1 fabs floor invert isfinite isinf isnan
    log log10 log1p log2 logical_not nan_to_num negative positive rad2deg radians ravel reciprocal reshape rint round
    sign signbit sin sinh spacing sqrt square tan tanh transpose trunc""".split()  # noqa: SIM905 - a list of names
)
_OF_SCIKIT_LEARN = frozenset(
    """add_dummy_feature binarize maxabs_scale minmax_scale normalize power_transform quantile_transform robust_scale
    scale""".split()  # noqa: SIM905 - likewise
)
_KEYS = ("func", "inverse_func")
_KEYWORDS = ("kw_args", "inv_kw_args")
# With these a function gives what stands in its keywords, or in memory that was never written.
_NO_KEYWORD = frozenset({"initial", "out", "where"})
# A text is harmless where it chooses among the ways to compute.
_TEXTS = frozenset({"dtype", "method", "norm", "order", "output_distribution"})
_DTYPES = ("bool", "float", "int", "numpy.bool", "numpy.float", "numpy.int", "numpy.uint")
_MAKERS_OF_TEXT = frozenset({"bytearray", "bytes", "bytes_", "character", "flexible", "generic", "str", "str_", "void"})
_REDUCING = frozenset(
    """all amax amin any argmax argmin average dot len max mean median min nanmax nanmean nanmedian nanmin nansum
    percentile prod ptp quantile sorted squeeze std sum var""".split()  # noqa: SIM905 - likewise
)
_MODULES = frozenset({*_NUMPY, "builtins"})
# The one attribute that is called with a part of the rows, by what makes an array of the results.
_REDUCES = "pooling_func"


def called_later(made: Made, state: Value) -> list[str]:
    """What an object would call on rows that may give anything else than an array of them, in words.

    Args:
        made: The object.
        state: The state that is about to be set.
    """
    found: list[str] = []
    cls = class_of(made)
    for part in state if isinstance(state, tuple) else (state,):
        entries = part.entries if isinstance(part, Made) else part
        if isinstance(entries, Entries) and (entries.judged != cls or cls is None):
            entries.judged = cls
            found += called_by(made, entries.head.items())
    return found


def called_by(made: Made, attributes: Iterable[tuple[Value, Value]]) -> list[str]:
    """What an object would call by these attributes, as `called_later`.

    Args:
        made: The object.
        attributes: Names and values: of a state, or the entries of an object that gives these as attributes.
    """
    found: list[str] = []
    for key, value in attributes:
        if not isinstance(key, str):
            continue
        if key in _KEYS:
            if value is not None and not _is_elementwise(value):
                found.append(f"{_name(made)} calls {_said(value)}")
        elif key in _KEYWORDS:
            found += [f"{_name(made)} calls its function with {each}" for each in _odd_keywords(value)]
        elif type(value) is Global and _may_give_text(key, value):
            found.append(f"{_name(made)} keeps {_said(value)} as `{printable(key)}`")
    return found


def _name(made: Made) -> str:
    cls = class_of(made)
    return printable(cls.name) if cls else "an object"


def refuse_functions(file: ModelFile, found: set[str]) -> None:
    """Refuses a model that calls what may give a text, which XGBoost takes for the name of a file.

    Args:
        file: The model file.
        found: What `called_later` has said of its objects.

    Raises:
        ModelUnsafeError: There is one.
    """
    if not found:
        return
    raise ModelUnsafeError(
        f"the model's {'; its '.join(sorted(found)[:8])}: it may give a text instead of an array of the rows, which "
        "XGBoost takes for the name of a file and reads",
        where=str(file.path),
        expected="functions that keep all of the rows, such as numpy.log1p, sqrt, clip, nan_to_num, ravel or asarray, "
        "and numbers, booleans and None for keywords",
        hint="if you know where the file comes from and trust it, and its clients, say so in the service file with "
        "`model.trusted: true`; the chart then records it",
    )


def _said(value: Value) -> str:
    return printable(str(value)) if isinstance(value, Global) else "what is no plain function"


def _is_elementwise(value: Value) -> bool:
    if isinstance(value, Made):  # any other partial function than scikit-learn's own, which checks numbers, is refused
        return value.maker == PARTIAL
    if not isinstance(value, Global):
        return False
    if value.module in _NUMPY:
        return value.name in _OF_NUMPY
    if value.module.startswith("sklearn.preprocessing."):
        return value.name in _OF_SCIKIT_LEARN
    # Of SciPy's functions only those are on the allow-list that go element by element, of numbers alone.
    return value.module.startswith("scipy.special.") or str(value) == "builtins.abs"


def _odd_keywords(value: Value) -> list[str]:
    """The keywords that no elementwise function of a model needs."""
    if value is None or (isinstance(value, Entries) and value.count == 0):
        return []
    if not isinstance(value, Entries) or value.odd or value.count != len(value.head):
        return ["keywords that are not known"]
    value.sealed = True  # The object keeps this very dictionary.
    if value.as_keywords:
        return []
    value.as_keywords = True
    return [f"`{printable(key)}`" for key, one in value.head.items() if not _is_plain_keyword(key, one)]


def _is_plain_keyword(key: str, value: Value) -> bool:
    if key in _NO_KEYWORD:
        return False
    if isinstance(value, tuple):  # a shape
        return bool(value) and all(isinstance(one, int) for one in value)
    if isinstance(value, Global):
        return key == "dtype" and f"{value.module}.{value.name}".removeprefix("builtins.").startswith(_DTYPES)
    if isinstance(value, str):
        return key in _TEXTS
    if isinstance(value, Made):  # a number of NumPy
        maker, arguments = value.maker, value.arguments
        first = arguments[0] if isinstance(arguments, tuple) and arguments else None
        code = first.element.code if isinstance(first, Made) and first.element is not None else None
        return maker is not None and maker.name == "scalar" and (code or "O")[0] in "biuf"
    return value is None or isinstance(value, int | float)


def _may_give_text(key: str, value: Global) -> bool:
    """Whether a function or type, called with rows, may give a text; by its place it is none that is called."""
    if value.module not in _MODULES or "dtype" in key:
        return False
    return value.name in _MAKERS_OF_TEXT or (value.name in _REDUCING and key != _REDUCES)
