"""Kubernetes quantities: exact values, and what is certainly a mistake."""

from __future__ import annotations

import contextlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chartgen.service.quantity import BINARY_POWERS, DECIMAL_POWERS, QuantityError, check, parse

SUFFIXES = {
    "": Decimal(1),
    **{suffix: Decimal(10) ** power for suffix, power in DECIMAL_POWERS.items()},
    **{suffix: Decimal(2**power) for suffix, power in BINARY_POWERS.items()},
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", "1"),
        ("0.5", "0.5"),
        (".5", "0.5"),
        ("5.", "5"),
        ("+1", "1"),
        ("500m", "0.5"),
        ("1500u", "0.0015"),
        ("3n", "3e-9"),
        ("2k", "2000"),
        ("1E", "1e18"),
        ("1E3", "1000"),
        ("1e3", "1000"),
        ("1e-3", "0.001"),
        ("1Ki", "1024"),
        ("1.5Gi", "1610612736"),
        ("7Ei", str(7 * 2**60)),
        ("9223372036854775807", "9223372036854775807"),
    ],
)
def test_a_quantity_has_its_exact_value(text: str, value: str) -> None:
    assert parse(text) == Decimal(value)


@pytest.mark.parametrize(
    "text",
    ["", " 1", "1 ", "1K", "1ki", "1KI", "1MB", "1,5", "1_000", "0x10", "m", ".", "1e", "1e1.5", "1Gim", "٣", "1\n"],
)
def test_what_kubernetes_does_not_read_is_no_quantity(text: str) -> None:
    with pytest.raises(QuantityError, match="is no quantity"):
        parse(text)


@pytest.mark.parametrize("text", ["8Ei", "9223372036854775808", "10E", "1e19", "1e999999999999999999999", "1" * 65])
def test_what_kubernetes_would_cut_off_is_refused(text: str) -> None:
    with pytest.raises(QuantityError, match="is more than Kubernetes can hold"):
        parse(text)


@pytest.mark.parametrize(
    ("resource", "text", "message", "hint"),
    [
        ("memory", "100m", "is a fraction of a byte", "did you mean `100Mi`?"),
        ("memory", "512", "is less than any container starts in", "did you mean `512Mi`?"),
        ("memory", "4GB", "is no quantity", "did you mean `4Gi`?"),
        ("memory", "512 mb", "is no quantity", "did you mean `512Mi`?"),
        ("memory", "4g", "is no quantity", "did you mean `4Gi`?"),
        ("memory", "12345678.5", "is not a whole number of bytes", None),
        ("memory", "0", "is not more than nothing", None),
        ("memory", "-1Gi", "is not more than nothing", None),
        ("cpu", "0", "is not more than nothing", None),
        ("cpu", "0.0005", "is finer than a thousandth of a core, which Kubernetes does not have", None),
        ("cpu", "100u", "is finer than a thousandth of a core, which Kubernetes does not have", None),
        ("cpu", "1Gi", "is in a unit of memory", "write cores: 500m, 1 or 1.5"),
        ("cpu", "500M", "is more cores than any node has", "did you mean `500m`?"),
        ("cpu", "2 cores", "is no quantity", "did you mean `2`?"),
    ],
)
def test_a_mistake_is_told_with_what_was_meant(resource: str, text: str, message: str, hint: str | None) -> None:
    with pytest.raises(QuantityError) as caught:
        check(resource, text)
    assert (str(caught.value), caught.value.hint) == (message, hint)


@pytest.mark.parametrize(
    ("resource", "text"), [("cpu", "500m"), ("cpu", "0.5"), ("cpu", "1e1"), ("memory", "0.5Gi"), ("memory", "2e9")]
)
def test_usual_requests_are_taken(resource: str, text: str) -> None:
    assert check(resource, text) == parse(text)


@given(st.decimals(0, 9, places=6, allow_nan=False), st.sampled_from(sorted(SUFFIXES)))
def test_number_and_suffix_are_read_back(number: Decimal, suffix: str) -> None:
    try:
        assert parse(f"{number}{suffix}") == number * SUFFIXES[suffix]
    except QuantityError:
        assert number * SUFFIXES[suffix] > 2**63 - 1


@given(st.text(max_size=12) | st.text("0123456789.eE+-mkKMGi", max_size=80), st.sampled_from(["cpu", "memory"]))
def test_any_text_is_a_quantity_or_refused(text: str, resource: str) -> None:
    with contextlib.suppress(QuantityError):
        assert check(resource, text) > 0
