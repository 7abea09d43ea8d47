"""The predictions before the first request, on the recorded sample or on one made up: ready when one has worked."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from .codec import encode
from .errors import ServingError, StartupError
from .protocol import Batch

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .predictor import Predictor

    Attempt = tuple[Callable[[], object], dict[str, Any] | None]

TIMES = 10
# The user's code may do more than predict: it is not called again to tell its speed better.
HANDLER_TIMES = 1
SECONDS = 0.1
# A longer example is not read by a person.
EXAMPLE_ELEMENTS = 1000


class WarmUp(NamedTuple):
    """What has worked.

    Attributes:
        seconds: What the quickest prediction took.
        numbers: How many values it was about.
        made: The arrays it was made on; None when it was the recorded sample.
    """

    seconds: float
    numbers: int
    made: dict[str, Any] | None


def warm_up(predictor: Predictor, sample: Callable[[], object] | None, times: int) -> WarmUp:
    """Predicts a few times: the first pays for what is made on demand, and the starting server may hold up any.

    Args:
        predictor: Predicts.
        sample: Answers the recorded sample; None for none, then zeros are tried, and ones where those fail.
        times: How often, at most.

    Raises:
        StartupError: No prediction has worked; the message says why.
    """
    failure: Exception | None = None
    for predict, made in _attempts(predictor, sample):
        try:
            return WarmUp(_quickest(predict, times), sum(each.size for each in (made or {}).values()), made)
        except StartupError:
            raise
        except Exception as error:
            failure = failure or error
    if failure is None:
        raise StartupError("no input can be made from what the model says of itself: give a `sample`")
    made_up = "inputs of zeros and of ones: give a `sample` that it can answer"
    raise StartupError(
        f"the warm-up failed on {'the recorded sample' if sample is not None else made_up}: {_reason(failure)}"
    ) from failure


def _attempts(predictor: Predictor, sample: Callable[[], object] | None) -> list[Attempt]:
    if sample is not None:
        return [(sample, None)]
    # Zero is a pole of some functions, such as the logarithm.
    inputs = [made for number in (0, 1) if (made := predictor.reader.example(number)) is not None]
    return [(partial(_predict, predictor, made), made) for made in inputs]


def _predict(predictor: Predictor, made: dict[str, Any]) -> bytes:
    return encode(predictor.infer(Batch(made, single=False)))


def _quickest(predict: Callable[[], object], times: int) -> float:
    seconds: list[float] = []
    while len(seconds) < times and sum(seconds) < SECONDS:
        started = time.perf_counter()
        predict()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def _reason(error: Exception) -> str:
    if isinstance(error, ServingError):
        return f"{error.message} ({error.path})" if error.path else error.message
    return f"{type(error).__name__}: {error}"


def read_sample(path: Path | None) -> bytes | None:
    """The recorded sample; None without one.

    Raises:
        StartupError: It cannot be read.
    """
    try:
        return path.read_bytes() if path is not None else None
    except OSError as error:
        raise StartupError(f"the recorded sample cannot be read: {error}") from error


def as_request(inputs: dict[str, Any]) -> Any:
    """The request that gives the model these arrays, or this table; None when it is too long to be read by a person."""
    if sum(each.size for each in inputs.values()) > EXAMPLE_ELEMENTS:
        return None
    values = {
        name: each.to_dict("records") if hasattr(each, "columns") else each.tolist() for name, each in inputs.items()
    }
    return {"input": next(iter(values.values())) if len(values) == 1 else values}
