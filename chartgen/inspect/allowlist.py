"""The names that a pickle may import without being called trusted."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

import yaml

from chartgen.inspect.picklevalues import Global

TABLE = "pickle_allowlist.yaml"
# Spares every call of a pickle the look into the table.
_MADE_EMPTY = frozenset({"lightgbm.basic", "lightgbm.sklearn", "xgboost.callback", "xgboost.core", "xgboost.sklearn"})


def known_versions(library: str) -> list[str]:
    """The versions of a library whose names are in the table, the oldest first; the table's first lines say them.

    Args:
        library: Its name on the index.
    """
    text = files(__package__).joinpath(TABLE).read_text("utf-8")
    return re.findall(rf"^# {re.escape(library)} ([0-9.]+)$", text, re.MULTILINE)


@cache
def _table() -> dict[str, frozenset[Global]]:
    # The C loader reads the table in a tenth of the time; not every build of PyYAML has it.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document = yaml.load(files(__package__).joinpath(TABLE).read_text("utf-8"), Loader=loader)  # noqa: S506 - safe loaders both
    return {
        group: frozenset(Global(module, name) for module, names in modules.items() for name in names)
        for group, modules in document.items()
    }


def may_call(found: Global) -> bool:
    """Whether loading a pickle may call this."""
    return found in _table()["called"] or is_made_empty(found)


def is_made_empty(found: Global) -> bool:
    """Whether loading a pickle may make this, but give it no arguments: with some it would open a file."""
    return found.module in _MADE_EMPTY and found in _table()["empty"]


def may_mention(found: Global) -> bool:
    """Whether a pickle may refer to this, as to the function that a transformer is set up with."""
    return may_call(found) or found in _table()["mentioned"]
