"""Durations as Go writes them."""

from __future__ import annotations

import contextlib
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chartgen.helm.duration import parse_duration

if TYPE_CHECKING:
    from pathlib import Path

UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("5m", 300), ("1h2m3s", 3723), ("1.5h", 5400), (".5s", 0.5), ("1.s", 1), ("100ms", 0.1), ("1s1s", 2)],
)
def test_a_duration_has_its_length(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", "5", "m", "5 m", "5M", "-5m", "+5m", "0s", "0", "5m ", "1d", "..s", "٣s", "9" * 30 + "h"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)


def test_a_number_alone_is_told_that_it_needs_a_unit() -> None:
    with pytest.raises(ValueError, match="a unit is needed: 300s"):
        parse_duration("300")


@given(st.lists(st.tuples(st.integers(1, 999), st.sampled_from(sorted(UNITS))), min_size=1, max_size=5))
def test_parts_add_up(parts: list[tuple[int, str]]) -> None:
    text = "".join(f"{number}{unit}" for number, unit in parts)
    assert parse_duration(text) == pytest.approx(sum(number * UNITS[unit] for number, unit in parts))


@given(st.text(alphabet="0123456789.hmsunµ +-", max_size=8))
def test_it_never_fails_in_another_way(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert parse_duration(text) > 0


@pytest.mark.parametrize("text", ["90s", "1.5h", ".5s", "1.s", "1h2m3s", "1µs", "5", "5M", "1d", "٣s", "1e3s"])
def test_helm_is_of_the_same_opinion(helm: Path, text: str) -> None:
    """The flag is parsed before helm looks for the chart."""
    done = subprocess.run(
        [helm, "template", "/missing", "--timeout", text], capture_output=True, text=True, check=False
    )
    helm_takes_it = "invalid argument" not in done.stderr
    try:
        parse_duration(text)
    except ValueError:
        assert not helm_takes_it, done.stderr
    else:
        assert helm_takes_it, done.stderr
