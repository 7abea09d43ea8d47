"""Posts a recorded request to a running service and compares the answer with the recorded one: what `helm test` runs.

Stands alone, with nothing but the standard library, because it runs beside the service and not in it.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

# A service that was just installed may need a moment until its endpoints are known everywhere.
PATIENCE_SECONDS = 20.0
PAUSE_SECONDS = 0.5
REQUEST_SECONDS = 60.0
NOT_READY = 503


class SmokeTestError(Exception):
    """What is wrong, on one line."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the test; prints one line and returns the exit status, 0 or 1."""
    parser = argparse.ArgumentParser(description="Posts a recorded request and compares the answer.")
    parser.add_argument("url", help="where to post it, such as http://iris:8000/predict")
    parser.add_argument("request", type=Path, help="the file with the recorded request")
    parser.add_argument("response", type=Path, nargs="?", help="the file with the recorded answer")
    parser.add_argument("--tolerance", type=float, default=1e-6, help="how far a number may be off, or relative to it")
    options = parser.parse_args(arguments)
    try:
        answer = post(options.url, options.request.read_bytes())
        if options.response is not None:
            compare(json.loads(options.response.read_bytes()), answer, options.tolerance)
    except (SmokeTestError, OSError, ValueError) as error:
        print(f"FAILED: {error}")
        return 1
    print(f"OK: {options.url} answered {'as recorded' if options.response else _short(answer)}")
    return 0


def post(url: str, body: bytes) -> Any:
    """Posts the request, again while nobody answers or the service is not ready.

    Args:
        url: Where to.
        body: The request.

    Returns:
        The answer, decoded.

    Raises:
        SmokeTestError: There was no answer in time, or not a prediction.
    """
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})  # noqa: S310 - given by the chart
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # the service is in the cluster
    give_up = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with opener.open(request, timeout=REQUEST_SECONDS) as response:
                answer = json.loads(response.read())
            break
        except urllib.error.HTTPError as error:
            problem = f"{url} answered {error.code}: {_cut(error.read().decode(errors='replace'))}"
            if error.code != NOT_READY or time.monotonic() >= give_up:
                raise SmokeTestError(problem) from error
        except json.JSONDecodeError as error:
            raise SmokeTestError(f"{url} did not answer with JSON: {error}") from error
        except (OSError, HTTPException) as error:
            if time.monotonic() >= give_up:
                raise SmokeTestError(f"{url} did not answer: {getattr(error, 'reason', error)}") from error
        time.sleep(PAUSE_SECONDS)
    if not isinstance(answer, dict) or "output" not in answer:
        raise SmokeTestError(f"{url} answered without an output: {_short(answer)}")
    return answer


def compare(expected: Any, found: Any, tolerance: float, path: str = "") -> None:
    """Compares two JSON values: numbers within the tolerance, absolute or relative, everything else exactly.

    Args:
        expected: The recorded value; a recorded NaN or infinity is null in an answer.
        found: The value of the answer.
        tolerance: How far a number may be off.
        path: The place in the answer.

    Raises:
        SmokeTestError: They differ; the message names the first place.
    """
    where = path or "the answer"
    if isinstance(expected, dict) and isinstance(found, dict):
        for name in [*expected, *(name for name in found if name not in expected)]:
            if name not in found or name not in expected:
                verb = "missing" if name in expected else "not expected"
                raise SmokeTestError(f"{where}: the member {name!r} is {verb}")
            compare(expected[name], found[name], tolerance, f"{path}.{name}" if path else name)
    elif isinstance(expected, list) and isinstance(found, list):
        if len(expected) != len(found):
            raise SmokeTestError(f"{where}: expected {len(expected)} elements, found {len(found)}")
        for index, (each, other) in enumerate(zip(expected, found, strict=True)):
            compare(each, other, tolerance, f"{path}[{index}]")
    elif not _same(expected, found, tolerance):
        raise SmokeTestError(f"{where}: expected {_short(expected)}, found {_short(found)}")


def _same(expected: Any, found: Any, tolerance: float) -> bool:
    if isinstance(expected, float) and not math.isfinite(expected) and found is None:
        return True
    if _is_number(expected) and _is_number(found):
        return _close(expected, found, tolerance)
    return type(expected) is type(found) and bool(expected == found)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _close(expected: float, found: float, tolerance: float) -> bool:
    if expected == found or (math.isnan(expected) and math.isnan(found)):
        return True
    if not (math.isfinite(expected) and math.isfinite(found)):
        return False
    return abs(expected - found) <= max(tolerance, tolerance * abs(expected))


def _short(value: Any) -> str:
    return _cut(json.dumps(value, ensure_ascii=False))


def _cut(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:197]}..."  # noqa: PLR2004 - one line in a log


if __name__ == "__main__":
    sys.exit(main())
