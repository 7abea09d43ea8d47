"""What pickles of XGBoost and LightGBM say of themselves: the release, the number of features, what can be asked.

Their boosters keep the model as one long constant. XGBoost's is UBJSON (https://ubjson.org/) as its
`XGBoosterSerializeToBuffer` writes it: `{"Config": …, "Model": {"learner": …, "version": [3, 2, 0]}}`, so the release
stands at the very end. LightGBM's is the text of its model files, whose second line is the version of that format.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chartgen.inspect.picklevalues import Entries, Global, Items, Made, Opaque, Value, class_of

if TYPE_CHECKING:
    from collections.abc import Mapping

XGBOOST = "xgboost"
LIGHTGBM = "lightgbm"
LIGHTGBM_FORMAT = "LightGBM's format"
"""The label of the detail that says in which version of that format a model is kept, such as `v4`."""

_ONE, _BOTH = ("predict",), ("predict", "predict_proba")
ABILITIES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "xgboost.core.Booster": {"methods": _ONE},
    "xgboost.sklearn.XGBClassifier": {"methods": _BOTH},
    "xgboost.sklearn.XGBRFClassifier": {"methods": _BOTH},
    "xgboost.sklearn.XGBModel": {"methods": _ONE},
    "xgboost.sklearn.XGBRanker": {"methods": _ONE},
    "xgboost.sklearn.XGBRegressor": {"methods": _ONE},
    "xgboost.sklearn.XGBRFRegressor": {"methods": _ONE},
    "lightgbm.basic.Booster": {"methods": _ONE},
    "lightgbm.sklearn.LGBMClassifier": {"methods": _BOTH},
    "lightgbm.sklearn.LGBMModel": {"methods": _ONE},
    "lightgbm.sklearn.LGBMRanker": {"methods": _ONE},
    "lightgbm.sklearn.LGBMRegressor": {"methods": _ONE},
}
"""What `model.method` may name, by class: as in the table of scikit-learn's estimators."""

_WRAPPERS = ("xgboost.sklearn.", "lightgbm.sklearn.")

# In UBJSON a text is `L`, its length in eight bytes, and its bytes; each number of a version is `i` and a byte.
_XGBOOST_VERSION = re.compile(rb"version\[#L\0{7}\x03i([\0-\x7f])i([\0-\x7f])i([\0-\x7f])\}\}\Z", re.DOTALL)
_XGBOOST_FEATURES = re.compile(rb"num_featureSL\0{7}[\x01-\x09]([0-9]{1,9})L")
_LIGHTGBM_VERSION = re.compile(rb"\Atree\r?\nversion=(v[0-9]{1,3})\r?\n")
_LIGHTGBM_FEATURES = re.compile(rb"\nmax_feature_idx=([0-9]{1,9})\r?\n")


def is_wrapper(name: str) -> bool:
    """Whether a name that a pickle imports is one of the classes that follow scikit-learn's conventions."""
    return name.startswith(_WRAPPERS)


def xgboost_version(made: Made) -> str | None:
    """The release of XGBoost that wrote an object, where that is a booster and says it."""
    if _library(made) != XGBOOST:
        return None
    found = _XGBOOST_VERSION.search(_ends(made.attributes.get("handle"))[1])
    return ".".join(str(part[0]) for part in found.groups()) if found else None


def lightgbm_format(made: Made) -> str | None:
    """The version of LightGBM's format in which an object is kept, such as `v4`, where that is a booster."""
    if _library(made) != LIGHTGBM:
        return None
    found = _LIGHTGBM_VERSION.search(_ends(_lightgbm_text(made))[0])
    return found[1].decode() if found else None


def features(model: Made) -> int | None:
    """How many features a model of these libraries takes; None for any other, and where it does not say."""
    inner = model.attributes.get("_Booster")
    booster = inner if isinstance(inner, Made) else model
    for value, pattern, more in (
        (booster.attributes.get("handle"), _XGBOOST_FEATURES, 0),
        (_lightgbm_text(booster), _LIGHTGBM_FEATURES, 1),
    ):
        found = None
        for part in _ends(value):
            found = pattern.search(part) or found
        if found:
            return int(found[1]) + more
    return None


def classes(model: Made) -> Value:
    """The classes that a classifier of LightGBM tells apart, as the array that it keeps; None for any other model."""
    return model.attributes.get("_classes") if str(class_of(model)) == "lightgbm.sklearn.LGBMClassifier" else None


def takes_categories(model: Made) -> bool:
    """Whether a model was fitted on a table with columns of categories, each of which it knows by a number.

    LightGBM's boosters keep the categories; XGBoost takes such columns where `enable_categorical` is set.
    """
    if not is_wrapper(str(class_of(model))):
        return False
    booster = model.attributes.get("_Booster")
    kept = booster.attributes.get("pandas_categorical") if isinstance(booster, Made) else None
    return (isinstance(kept, Items) and kept.count > 0) or model.attributes.get("enable_categorical") is True


def is_unfitted(name: str, model: Made) -> bool:
    """Whether it is certain that a wrapper was never fitted: it has no booster.

    Args:
        name: Its class.
        model: What the pickle says of it.
    """
    known = is_wrapper(name) and name in ABILITIES and isinstance(model.state, Entries)
    return known and model.attributes.get("_Booster") is None


def _library(made: Made) -> str:
    cls = class_of(made)
    return cls.module.partition(".")[0] if cls else ""


def _lightgbm_text(made: Made) -> Value:
    return made.attributes.get("_handle", made.attributes.get("handle"))


def _ends(value: Value) -> tuple[bytes, bytes]:
    """The first and the last bytes of a constant, as far as they were kept; protocols below 5 write some as a call."""
    while isinstance(value, Made) and isinstance(value.maker, Global) and isinstance(value.arguments, tuple):
        if value.maker.name not in ("bytearray", "encode") or not value.arguments:
            break
        value = value.arguments[0]
    if isinstance(value, Opaque):
        return value.head, value.tail
    if isinstance(value, str):
        value = value.encode("utf-8", "replace")
    return (value, value) if isinstance(value, bytes) else (b"", b"")
