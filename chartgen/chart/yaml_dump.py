"""YAML that every parser reads back as the same text: YAML 1.1, YAML 1.2 and Helm's own."""

from __future__ import annotations

import re
from typing import Any

import yaml

# A plain scalar outside this set may be re-typed by a parser (`1e3`, `0o17`, `089`), so it is quoted. What is in the
# set begins with a letter or a slash and holds nothing that YAML gives a meaning to.
_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_./@+-]*(?: [A-Za-z0-9_./@+-]+)*")
# Text with double quotes in it, such as JSON, is easier to read between single ones.
_SINGLE = re.compile(r"""(?=.*")[!-~]+(?: [!-~]+)*""")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]  # the C dumper where it was built
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  # the base's form
        """Write the same object twice rather than as an anchor and an alias."""
        return True


def _represent_str(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style: str | None = '"'
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        style = None
    elif _SINGLE.fullmatch(text):
        style = "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_str)


def to_yaml(value: object) -> str:
    """Write a value as block YAML, in the order of its keys, ending in a line break.

    Args:
        value: Maps with string keys, lists, text, numbers, booleans and None.
    """
    text: str = yaml.dump(
        value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=2**31 - 1, default_flow_style=False
    )
    return text.removesuffix("...\n")
