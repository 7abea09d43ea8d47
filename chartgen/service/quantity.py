"""Kubernetes quantities: `500m`, `1.5`, `2e3`, `512Mi`, exactly."""

from __future__ import annotations

import re
from decimal import Context, Decimal

QUANTITY = re.compile(
    r"(?P<number>[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))(?:(?P<suffix>[numkMGTPE]|[KMGTPE]i)|[eE](?P<exponent>[+-]?[0-9]+))?"
)
DECIMAL_POWERS = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
BINARY_POWERS = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}

# Kubernetes keeps quantities in 64 bits; longer ones are cut off there without a word.
MAXIMUM = Decimal(2**63 - 1)
MAX_LENGTH = 64
MAX_EXPONENT = 18

# Long enough for every quantity of MAX_LENGTH characters, so that nothing is rounded.
EXACT = Context(prec=200)

# No node has so many cores.
LARGEST_CPU = Decimal(10_000)
SMALLEST_CPU = Decimal("0.001")
# Container runtimes refuse to start a process in less.
SMALLEST_MEMORY = Decimal(6 * 1024 * 1024)

EXPECTED = {
    "cpu": "cores, such as 500m, 1 or 1.5",
    "memory": "bytes, such as 512Mi or 4Gi",
}


class QuantityError(ValueError):
    """Text that is no quantity, or none that makes sense for its resource.

    Args:
        message: What is wrong with it.
        hint: What was probably meant.
    """

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


def parse(text: str) -> Decimal:
    """The exact value of a quantity.

    Args:
        text: The quantity as Kubernetes reads it.

    Returns:
        Its value in whole units (cores, bytes).

    Raises:
        QuantityError: It is no quantity, or one that does not fit into 64 bits.
    """
    match = QUANTITY.fullmatch(text)
    if match is None:
        raise QuantityError("is no quantity", _repair(text))
    exponent = int((match["exponent"] or "0")[:20])
    if len(text) > MAX_LENGTH or abs(exponent) > MAX_EXPONENT:
        raise QuantityError("is more than Kubernetes can hold")
    number = Decimal(match["number"])
    suffix = match["suffix"] or ""
    if suffix in BINARY_POWERS:
        value = EXACT.multiply(number, Decimal(2 ** BINARY_POWERS[suffix]))
    else:
        value = EXACT.scaleb(number, DECIMAL_POWERS.get(suffix, exponent))
    if abs(value) > MAXIMUM:
        raise QuantityError("is more than Kubernetes can hold")
    return value


def check(resource: str, text: str) -> Decimal:
    """The value of a quantity that makes sense for its resource.

    Args:
        resource: `cpu` or `memory`.
        text: The quantity.

    Returns:
        Cores or bytes.

    Raises:
        QuantityError: It is no quantity, or none for this resource.
    """
    value = parse(text)
    if value <= 0:
        raise QuantityError("is not more than nothing")
    return _cpu(value, text) if resource == "cpu" else _memory(value, text)


def _cpu(value: Decimal, text: str) -> Decimal:
    if text.endswith("i"):
        raise QuantityError("is in a unit of memory", "write cores: 500m, 1 or 1.5")
    if value > LARGEST_CPU:
        raise QuantityError(
            "is more cores than any node has", f"did you mean `{text[:-1]}m`?" if text[-1] == "M" else None
        )
    if value % SMALLEST_CPU:
        raise QuantityError("is finer than a thousandth of a core, which Kubernetes does not have")
    return value


def _memory(value: Decimal, text: str) -> Decimal:
    if text.endswith(("n", "u", "m")):
        raise QuantityError("is a fraction of a byte", f"did you mean `{text[:-1]}Mi`?")
    if value % 1:
        raise QuantityError("is not a whole number of bytes")
    if value < SMALLEST_MEMORY:
        hint = f"did you mean `{text}Mi`?" if text.isdigit() else None
        raise QuantityError("is less than any container starts in", hint)
    return value


def _repair(text: str) -> str | None:
    """What was probably meant by text that is no quantity, such as `4GB`."""
    match = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([kKmMgGtTpP])i?[bB]?\s*", text)
    if match:
        number, unit = match.groups()
        return f"did you mean `{number}{unit.upper()}i`?"
    cores = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(?:cores?|cpus?|vcpus?)\s*", text, re.IGNORECASE)
    return f"did you mean `{cores[1]}`?" if cores else None
