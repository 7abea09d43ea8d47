"""What plain text in YAML stands for: the core schema of YAML 1.2, not the older rules of PyYAML.

By those, `no` would be false, `12:30:45` a number, `2020-01-01` a date and `1e3` text.
"""

from __future__ import annotations

import math
import re

NULL = frozenset({"", "~", "null", "Null", "NULL"})
TRUE = frozenset({"true", "True", "TRUE"})
FALSE = frozenset({"false", "False", "FALSE"})
DECIMAL = re.compile(r"[-+]?[0-9]+")
OCTAL = re.compile(r"0o[0-7]+")
HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
NON_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")

# Python writes no number of more than 4,300 decimal digits, which are some 3,500 hexadecimal ones.
MAX_DIGITS = 3500

CORE_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float", "str"))


def resolve(text: str) -> bool | int | float | str | None:
    """The value of text that is written without quotes and without a tag.

    Args:
        text: The characters as written.

    Returns:
        The value; text that stands for nothing else is text.

    Raises:
        ValueError: It is a number that JSON cannot hold: not finite, or of more than 3,500 digits.
    """
    if text in NULL:
        return None
    if text in TRUE or text in FALSE:
        return text in TRUE
    if NON_FINITE.fullmatch(text):
        raise ValueError(f"{text} is no number that JSON knows")
    for pattern, base in ((DECIMAL, 10), (OCTAL, 8), (HEXADECIMAL, 16)):
        if pattern.fullmatch(text):
            return _integer(text, base)
    return _float(text) if FLOAT.fullmatch(text) else text


def resolve_tagged(text: str, tag: str) -> bool | int | float | str | None:
    """The value of text that is written with one of the tags of the core schema, such as `!!int`.

    Args:
        text: The characters as written.
        tag: The whole tag.

    Returns:
        The value.

    Raises:
        ValueError: The text is no such value.
    """
    name = tag.rpartition(":")[2]
    if name == "str":
        return text
    value = resolve(text)
    if name == "float" and isinstance(value, int) and not isinstance(value, bool):
        return _float(text)
    kind = {"null": type(None), "bool": bool, "int": int, "float": float}[name]
    if type(value) is not kind:
        raise ValueError(f"`{text}` is no !!{name}")
    return value


def _integer(text: str, base: int) -> int:
    if len(text) > MAX_DIGITS:
        raise ValueError(f"a number has more than {MAX_DIGITS:,} digits")
    return int(text[2:] if base in {8, 16} else text, base)


def _float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is larger than any number that JSON readers know")
    return value
