"""The boosters of XGBoost and LightGBM as they are without the classes that follow scikit-learn's conventions."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


OPENMP = "libgomp.so.1"

# LightGBM goes by the places of the columns, which are checked; its wrappers would tell the log at every prediction.
warnings.filterwarnings("ignore", "X does not have valid feature names, but LGBM")


def find_openmp() -> None:
    """Loads GNU's OpenMP for LightGBM, whose wheels look for it in the system, where slim images have none.

    scikit-learn's wheel brings a copy along, under a name of its own. For a library that is looked for, Linux takes one
    that is loaded already when the name in it (its DT_SONAME) is the same; so the copy is loaded with that name.
    """
    if sys.platform != "linux" or importlib.util.find_spec("lightgbm") is None:
        return
    try:
        ctypes.CDLL(OPENMP)
    except OSError:
        found = importlib.util.find_spec("sklearn")
        libraries = Path(found.origin).parents[1] / "scikit_learn.libs" if found and found.origin else None
        for path in sorted(libraries.glob("libgomp-*.so.*")) if libraries else []:
            name = path.name.encode()
            content = path.read_bytes().replace(name, OPENMP.encode().ljust(len(name), b"\0"))
            with os.fdopen(os.memfd_create(OPENMP), "wb") as file:
                file.write(content)
                file.flush()
                ctypes.CDLL(f"/proc/self/fd/{file.fileno()}", mode=ctypes.RTLD_GLOBAL)
            return


def features(model: Any) -> int | None:
    """How many features a booster takes; None for any other model."""
    match _kind(model):
        case "xgboost.core.Booster":
            return int(model.num_features())
        case "lightgbm.basic.Booster":
            return int(model.num_feature())
        case _:
            return None


def on_arrays(model: Any, method: str) -> Callable[[Any], Any] | None:
    """`predict` of XGBoost's booster as a function of an array: it takes matrices of its own kind only.

    Args:
        model: The model.
        method: The method's name.

    Returns:
        None for any other method or model.
    """
    if method != "predict" or _kind(model) != "xgboost.core.Booster":
        return None
    import xgboost

    def predict(array: Any) -> Any:
        if hasattr(array, "columns"):  # a table has the names itself
            return model.predict(xgboost.DMatrix(array))
        return model.predict(xgboost.DMatrix(array, feature_names=model.feature_names))

    return predict


def _kind(model: Any) -> str:
    return f"{type(model).__module__}.{type(model).__qualname__}"
