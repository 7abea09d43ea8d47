"""Writes chartgen/inspect/pickle_allowlist.yaml: the names that a pickle may import without being called trusted.

The list names callables one by one. Nothing on it, called with any arguments that a pickle can give it, may run text as
code, import by name, open files or start processes; for what may be *called* by loading this was read in the sources,
and the rest may only be *mentioned*, as the function that a transformer is set up with.

Left out on purpose, though models are known to hold them:

- ``builtins.getattr``, ``operator.*``, ``functools.partial``, ``types.*``: they reach names that are not in the file,
  or call what they are given. The one partial function that scikit-learn's estimators hold is let pass by its form.
- ``builtins.eval``, ``exec``, ``open``, ``__import__`` and their kind; ``numpy.load``, ``numpy.testing.*``.
- ``numpy._core._ufunc_reconstruct``: it imports the module that its argument names.
- ``scipy.stats`` distributions: setting the state of one executes a text out of that state.
- ``sklearn.metrics._dist_metrics.PyFuncDistance``: it calls a function out of its state, even while the file is loaded.
- ``sklearn.datasets``, ``sklearn.utils`` but for a few classes: loaders, parallel workers, HTML.
- ``cloudpickle.*``: it makes functions out of code in the file.

Names move between releases, so the list is the union over several, each in an environment of its own::

    python tools/make_pickle_allowlist.py --also /path/to/venv-with-older-scikit-learn/bin/python ...
"""

from __future__ import annotations

import importlib
import inspect
import pickle
import pickletools
import pkgutil
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from environments import answers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

TABLE = Path(__file__).resolve().parent.parent / "chartgen" / "inspect" / "pickle_allowlist.yaml"

Names = set[tuple[str, str]]

# Plain values of the standard library.
STANDARD_CALLED = {
    "_codecs": ["encode"],  # Only to Latin-1: the machine looks at the arguments.
    "builtins": ["bool", "bytearray", "bytes", "complex", "dict", "float", "frozenset", "int", "list", "object"],
    "collections": ["Counter", "OrderedDict", "defaultdict", "deque"],
    "copyreg": ["__newobj__", "_reconstructor"],
    "datetime": ["date", "datetime", "time", "timedelta", "timezone"],
    "decimal": ["Decimal"],
    "fractions": ["Fraction"],
    "uuid": ["UUID"],
}
STANDARD_CALLED["builtins"] += ["range", "set", "slice", "str", "tuple"]
STANDARD_MENTIONED = {"builtins": ["Ellipsis", "NotImplemented", "abs", "len", "max", "min", "round", "sorted", "sum"]}

# What NumPy makes its arrays, scalars, types and generators from; both the names of NumPy 1 and of NumPy 2.
NUMPY_CALLED = {
    "numpy": ["dtype"],
    "numpy.core.multiarray": ["_reconstruct", "scalar"],
    "numpy._core.multiarray": ["_reconstruct", "scalar"],
    "numpy.core.numeric": ["_frombuffer"],
    "numpy._core.numeric": ["_frombuffer"],
    "numpy.ma.core": ["MaskedArray", "_mareconstruct"],
    "numpy.random._pickle": ["__bit_generator_ctor", "__generator_ctor", "__randomstate_ctor"],
    "numpy.random.bit_generator": ["SeedSequence", "__pyx_unpickle_SeedSequence"],
}
NUMPY_MENTIONED = {
    # Not memmap, which opens files.
    "numpy": ["matrix", "ndarray", "recarray"],
    "numpy.ma": ["MaskedArray"],
    "numpy.random._mt19937": ["MT19937"],
    "numpy.random._pcg64": ["PCG64", "PCG64DXSM"],
    "numpy.random._philox": ["Philox"],
    "numpy.random._sfc64": ["SFC64"],
}
# Functions of arrays that people set a FunctionTransformer up with, beside the ufuncs.
NUMPY_FUNCTIONS = """
    abs all amax amin any argmax argmin argsort around array asarray ascontiguousarray atleast_1d atleast_2d
    average clip concatenate cumsum diff dot hstack log10 max mean median min nan_to_num nanmax nanmean nanmedian
    nanmin nansum outer percentile prod ptp quantile ravel reshape round squeeze stack std sum transpose unique
    var vstack where
""".split()  # noqa: SIM905 - a list of fifty quoted words reads worse

# Made without arguments only: a booster that is given some reads the file that they name. Their state goes to the
# libraries' own parsers, of their formats, and what calls the callbacks is `fit` alone.
EMPTY = {
    "lightgbm.basic": ["Booster"],
    "lightgbm.sklearn": ["LGBMClassifier", "LGBMModel", "LGBMRanker", "LGBMRegressor"],
    "xgboost.callback": ["EarlyStopping", "EvaluationMonitor", "LearningRateScheduler"],
    "xgboost.core": ["Booster"],
    "xgboost.sklearn": ["XGBClassifier", "XGBModel", "XGBRFClassifier", "XGBRFRegressor", "XGBRanker", "XGBRegressor"],
}
# What a monitor writes with; nothing calls it where a model predicts.
BOOSTERS_MENTIONED = {"xgboost.collective": ["communicator_print"]}

JOBLIB_CALLED = {"joblib.numpy_pickle": ["NumpyArrayWrapper"]}

# What a spline keeps its array type's functions by.
SCIPY_MENTIONED = {"scipy._lib.array_api_compat.numpy._aliases": ["asarray"]}
SPARSE_FORMATS = ("bsr", "coo", "csc", "csr", "dia", "dok", "lil")
SCIPY_CALLED = {"scipy.interpolate._bsplines": ["BSpline"], "scipy.interpolate._interpolate": ["PPoly"]}

# Modules of scikit-learn all of whose classes may be instances in a fitted estimator.
SKLEARN_MODULES_OF_CLASSES = (
    "sklearn._loss._loss",
    "sklearn._loss.link",
    "sklearn._loss.loss",
    "sklearn.calibration",
    "sklearn.cluster._birch",
    "sklearn.cluster._bisect_k_means",
    "sklearn.compose._column_transformer",
    "sklearn.ensemble._gb_losses",
    "sklearn.ensemble._hist_gradient_boosting.binning",
    "sklearn.ensemble._hist_gradient_boosting.predictor",
    "sklearn.gaussian_process.kernels",
    "sklearn.impute._iterative",
    "sklearn.linear_model._sgd_fast",
    "sklearn.metrics._dist_metrics",
    "sklearn.metrics._scorer",
    "sklearn.model_selection._classification_threshold",
    "sklearn.model_selection._split",
    "sklearn.neighbors._ball_tree",
    "sklearn.neighbors._kd_tree",
    "sklearn.neural_network._stochastic_optimizers",
    "sklearn.tree._tree",
    "sklearn.utils._bunch",
    "sklearn.utils._metadata_requests",
)
SKLEARN_CLASSES_LEFT_OUT = {"PyFuncDistance", "PyFuncDistance32", "PyFuncDistance64"}
# What a search among neighbours counts with, as large as it is told; no model keeps one.
SKLEARN_CLASSES_LEFT_OUT |= {"NeighborsHeap", "NeighborsHeap32", "NeighborsHeap64", "NodeHeap"}
# Modules of scikit-learn whose public functions take arrays and give arrays or numbers.
SKLEARN_MODULES_OF_FUNCTIONS = (
    "sklearn.feature_selection",
    "sklearn.metrics",
    "sklearn.metrics.pairwise",
    "sklearn.preprocessing",
    "sklearn.utils.extmath",
)
# These look scorers up by name or make them.
SKLEARN_FUNCTIONS_LEFT_OUT = {"check_scoring", "get_scorer", "get_scorer_names", "make_scorer"}
# Private functions that fitted estimators hold.
SKLEARN_FUNCTIONS_HELD = {
    "sklearn.cluster._kmeans": ["_kmeans_single_elkan", "_kmeans_single_lloyd"],
    "sklearn.utils.validation": ["check_array"],
}
SKLEARN_PACKAGES_LEFT_OUT = ("tests", "datasets", "externals", "conftest", "_build_utils", "experimental", "_mocking")


def main() -> None:
    """Collects the names in each environment and writes their union."""
    found = answers(__file__, __doc__, collect)
    called = {(module, name) for each in found for module, name in each["called"]}
    mentioned = {(module, name) for each in found for module, name in each["mentioned"]} - called
    versions = sorted({version for each in found for version in each["versions"]})
    TABLE.write_text(as_yaml(called, mentioned, versions))


def collect() -> dict[str, Any]:
    """The names in this environment."""
    import numpy as np
    import scipy  # type: ignore[import-untyped]
    import sklearn

    called: Names = set()
    mentioned: Names = set()
    for table in (STANDARD_CALLED, NUMPY_CALLED, JOBLIB_CALLED, SCIPY_CALLED):
        called |= {(module, name) for module, names in table.items() for name in names}
    for table in (STANDARD_MENTIONED, NUMPY_MENTIONED, SCIPY_MENTIONED, SKLEARN_FUNCTIONS_HELD, BOOSTERS_MENTIONED):
        mentioned |= {(module, name) for module, names in table.items() for name in names}
    called |= sparse_classes() | sklearn_classes()
    mentioned |= numpy_names() | sklearn_functions()
    return {
        "called": sorted(called),
        "mentioned": sorted(mentioned),
        "versions": [f"numpy {np.__version__}", f"scikit-learn {sklearn.__version__}", f"scipy {scipy.__version__}"],
    }


def pickled_name(value: object) -> tuple[str, str] | None:
    """How a pickle refers to a function or class: module and name, or None if it does otherwise."""
    try:
        opcodes = list(pickletools.genops(pickle.dumps(value, protocol=3)))
    except Exception:  # Some things cannot be pickled, each in its own way.
        return None
    found = [str(argument) for opcode, argument, _ in opcodes if opcode.name == "GLOBAL"]
    calls = any(opcode.name == "REDUCE" for opcode, _, _ in opcodes)
    if len(found) != 1 or calls:
        return None
    module, name = found[0].split(" ", 1)
    return module, name


def sparse_classes() -> Names:
    """scipy.sparse's matrices and arrays, by the names of this release and of the ones before 1.8."""
    import scipy.sparse  # type: ignore[import-untyped]

    names: Names = set()
    for form in SPARSE_FORMATS:
        names.add((f"scipy.sparse.{form}", f"{form}_matrix"))
        for kind in ("matrix", "array"):
            names.add((getattr(scipy.sparse, f"{form}_{kind}").__module__, f"{form}_{kind}"))
    return names


def numpy_names() -> Names:
    """NumPy's types and functions of arrays, and the ufuncs of NumPy and SciPy."""
    import numpy as np
    import scipy.special  # type: ignore[import-untyped]

    values = [value for module in (np, scipy.special) for value in vars(module).values()]
    wanted: list[object] = [value for value in values if isinstance(value, np.ufunc)]
    wanted += [value for value in values if isinstance(value, type) and issubclass(value, np.generic)]
    wanted += [getattr(np, name) for name in NUMPY_FUNCTIONS if hasattr(np, name)]
    names = {name for value in wanted if (name := pickled_name(value)) is not None}
    # A ufunc may not be looked up by name, and frompyfunc's own have no module.
    return {(module, name) for module, name in names if module.split(".")[0] in ("numpy", "scipy")}


def sklearn_modules() -> Iterator[ModuleType]:
    """Every module of scikit-learn that imports, but for those left out."""
    import sklearn

    for found in pkgutil.walk_packages(sklearn.__path__, "sklearn.", onerror=lambda _: None):
        if set(found.name.split(".")) & set(SKLEARN_PACKAGES_LEFT_OUT):
            continue
        try:
            yield importlib.import_module(found.name)
        except ImportError:
            continue


def sklearn_classes() -> Names:
    """The estimators, what fitted ones are made of, and the functions by which compiled classes pickle themselves."""
    from sklearn.base import BaseEstimator

    names: Names = set()
    for module in sklearn_modules():
        listed = module.__name__ in SKLEARN_MODULES_OF_CLASSES
        # Some compiled modules of 1.5 to 1.8 say `_loss` of themselves, and are in sys.modules by both names.
        own_names = (module.__name__, module.__name__.rpartition(".")[2])
        for name, value in vars(module).items():
            own = getattr(value, "__module__", None)
            if own not in own_names or name in SKLEARN_CLASSES_LEFT_OUT:
                continue
            if inspect.isclass(value):
                part = listed and not issubclass(value, BaseException)
                if part or issubclass(value, BaseEstimator):
                    names |= {(own, value.__qualname__), (module.__name__, value.__qualname__)}
            elif listed and name.startswith(("__pyx_unpickle_", "newObj")):
                names |= {(own, name), (module.__name__, name)}
    return names


def sklearn_functions() -> Names:
    """The functions of arrays: metrics, kernels, scores for the selection of features."""
    names: Names = set()
    for module_name in SKLEARN_MODULES_OF_FUNCTIONS:
        module = importlib.import_module(module_name)
        for name in getattr(module, "__all__", [name for name in vars(module) if not name.startswith("_")]):
            value = getattr(module, name, None)
            if inspect.isfunction(value) and name not in SKLEARN_FUNCTIONS_LEFT_OUT:
                found = pickled_name(value)
                if found is not None and found[0].startswith(module_name):
                    names.add(found)
    return names


def as_yaml(called: Names, mentioned: Names, versions: list[str]) -> str:
    """The table as text: three groups, in each the names by module."""
    lines = [
        "# Generated by tools/make_pickle_allowlist.py, which says what is on it and what is not; do not edit.",
        *(f"# {version}" for version in versions),
    ]
    empty = {(module, name) for module, names in EMPTY.items() for name in names}
    for group, comment, names in (
        ("called", "What loading a pickle may call.", called),
        ("empty", "What loading a pickle may make, but not give arguments.", empty),
        ("mentioned", "What a pickle may refer to, but not call while it is loaded.", mentioned),
    ):
        modules = defaultdict(list)
        for module, name in sorted(names):
            modules[module].append(name)
        lines += ["", f"# {comment}", f"{group}:"]
        for module, found in sorted(modules.items()):
            lines.append(f"  {module}:")
            lines += [f"    - {name}" for name in found]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
