"""What a pod is given for a model of some size."""

from __future__ import annotations

import pytest

from chartgen.inspect.sizing import suggested


@pytest.mark.parametrize(
    ("size", "sizing"),
    [
        (0, (1, 2)),
        (99_999_999, (1, 2)),
        (100_000_000, (2, 4)),
        (999_999_999, (2, 4)),
        (10**9, (4, 8)),
        (10**12, (4, 8)),
    ],
)
def test_a_larger_model_is_given_more(size: int, sizing: tuple[int, int]) -> None:
    assert suggested(size) == sizing
