"""The names that a pickle may import without being called trusted."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import yaml

from chartgen.inspect.picklevalues import Global

TABLE = "pickle_allowlist.yaml"


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
    return found in _table()["called"]


def may_mention(found: Global) -> bool:
    """Whether a pickle may refer to this, as to the function that a transformer is set up with."""
    return found in _table()["called"] or found in _table()["mentioned"]
