"""Durations as Go, and so helm, writes them: `90s`, `5m`, `1h2m3s`, `1.5h`."""

from __future__ import annotations

import re
from decimal import Decimal

_UNIT_SECONDS = {
    "ns": Decimal("1e-9"),
    "us": Decimal("1e-6"),
    "µs": Decimal("1e-6"),  # U+00B5 and U+03BC look alike, and Go takes both
    "μs": Decimal("1e-6"),
    "ms": Decimal("1e-3"),
    "s": Decimal(1),
    "m": Decimal(60),
    "h": Decimal(3600),
}
_PART = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)")
_WHOLE = re.compile(rf"(?:{_PART.pattern})+")
# Go keeps a duration as nanoseconds in 64 bits.
_LONGEST_SECONDS = Decimal(2**63 - 1) * _UNIT_SECONDS["ns"]


def parse_duration(text: str) -> float:
    """The length of a duration that is to be waited for.

    Args:
        text: A positive duration as Go writes it: numbers with a unit each, from `h`, `m`, `s`, `ms`, `us`, `ns`.

    Returns:
        Its length in seconds.

    Raises:
        ValueError: `text` is no duration, is not above zero, or is longer than Go can hold (292 years).
    """
    if _WHOLE.fullmatch(text) is None:
        unit = " (a unit is needed: 300s)" if re.fullmatch(r"[0-9.]+", text) else ""
        raise ValueError(f"{text!r} is not a duration such as 90s, 5m or 1h2m3s{unit}")
    seconds = sum((Decimal(number) * _UNIT_SECONDS[unit] for number, unit in _PART.findall(text)), Decimal(0))
    if not _UNIT_SECONDS["ns"] <= seconds <= _LONGEST_SECONDS:
        raise ValueError(f"{text!r} is not a duration above zero and below 292 years")
    return float(seconds)
