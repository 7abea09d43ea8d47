"""What the machine that walks a pickle notes on its way."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chartgen.inspect.picklevalues import Global


class Trace:
    """What walking a pickle has found, the pickles within it included.

    Args:
        operations: How many opcodes may be walked: it bounds the time.

    Attributes:
        imports: Every name that would be imported.
        calls: Those of them that would be called.
        oddities: What no pickler writes and a trusted file only may do.
        own_partials: Whether `functools.partial` makes what scikit-learn's own estimators hold and nothing else; None
            where it makes nothing.
        functions: What objects would call on rows that may give something else than an array of them, in words.
        openers: What would open files for whoever asks the model, in words.
        sklearn_versions: The versions of scikit-learn that wrote estimators, in the order of the file.
        xgboost_versions: The releases of XGBoost that wrote boosters, likewise.
        lightgbm_formats: The versions of LightGBM's format that boosters are kept in, likewise.
        protocol: The highest protocol in use.
        arrays: How many arrays joblib wrote between the opcodes.
        unfinished: How many element types were made whose state is still to come.
    """

    def __init__(self, operations: int) -> None:
        self.operations = operations
        self.imports: set[Global] = set()
        self.calls: set[Global] = set()
        self.oddities: set[str] = set()
        self.own_partials: bool | None = None
        self.functions: set[str] = set()
        self.openers: set[str] = set()
        self.sklearn_versions: dict[str, None] = {}
        self.xgboost_versions: dict[str, None] = {}
        self.lightgbm_formats: dict[str, None] = {}
        self.protocol = 0
        self.arrays = 0
        self.unfinished = 0
