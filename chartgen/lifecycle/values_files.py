"""What values files set, as far as chartgen has to know it; helm reads the same files by itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class _Loader(yaml.SafeLoader):
    """Reads maps and lists; every scalar but null is text, since only helm says what it stands for."""

    yaml_implicit_resolvers = {  # noqa: RUF012  # the base's form
        "<": [("tag:yaml.org,2002:merge", re.compile("^(?:<<)$"))],
        **{first: [("tag:yaml.org,2002:null", re.compile("^(?:~|null|Null|NULL|)$"))] for first in ("~", "n", "N", "")},
    }


def _text(loader: yaml.SafeLoader, node: yaml.Node) -> str:
    return loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else ""


for _tag in ("bool", "int", "float", "timestamp", "binary"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", _text)


def from_files(files: Sequence[Path]) -> dict[str, Any]:
    """The values of the files laid over each other: maps, lists, text and None.

    What cannot be read is left out: helm is given the same file, and says what is wrong with it.

    Args:
        files: Values files; a later one wins.
    """
    found: dict[str, Any] = {}
    for file in files:
        try:
            content = yaml.load(file.read_text(encoding="utf-8-sig"), _Loader)  # noqa: S506  # a safe loader
        except (OSError, ValueError, yaml.YAMLError, RecursionError):
            continue
        if isinstance(content, Mapping):
            found = merged(found, content)
    return found


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Two trees of values laid over each other, as helm does it: maps are merged, anything else is replaced."""
    result = dict(below)
    for key, value in above.items():
        mine = result.get(key)
        result[key] = merged(mine, value) if isinstance(mine, Mapping) and isinstance(value, Mapping) else value
    return result
