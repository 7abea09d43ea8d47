"""The environment of the container -> RuntimeSettings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from .errors import StartupError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class RuntimeSettings:
    """What the pod serves, and how.

    Attributes:
        model_name: The service's name.
        model_version: The model's version; empty when it is not known.
        model_path: The model file.
        model_format: The module of `formats` that reads it.
        model_sha256: The digest that the file must have, 64 lower-case hexadecimal digits.
        model_method: What is called on a scikit-learn-like model.
        allow_non_finite: Whether NaN and infinities are let in, and go out as null.
        handler_path: The user's handler; None without one.
        sample_path: A recorded request, used for the warm-up; None without one.
        host: The address to listen on.
        port: The port to listen on.
        base_path: A path that everything but the probes is served under as well, as `/models/a`; empty without one.
        termination_log: Where Kubernetes looks for the reason of an exit.
        workers: How many processes serve; each loads the model.
        gpus: How many GPUs the model is to be computed on; 0 for the CPU.
        gpu: The one of them that this process uses.
        keep_alive_seconds: How long a connection may stay on which nothing comes.
        drain_seconds: How long requests are still taken after SIGTERM; one second is enough if no connection is open.
        shutdown_seconds: How long, from SIGTERM on, requests in flight may take.
        read_seconds: How long a client may take for the head of a request, and for each part of a body or an answer.
        max_connections: How many connections may be open; one more ends those that wait longest for their client.
        max_body_bytes: The largest body that is read.
        max_in_flight: How many predictions may run or wait; further ones are told to come back.
        access_log_sample: The part of the answers without an error that is logged, 0 to 1; errors always are.
    """

    model_name: str
    model_version: str
    model_path: Path
    model_format: str
    model_sha256: str
    model_method: str
    allow_non_finite: bool
    handler_path: Path | None
    sample_path: Path | None
    host: str
    port: int
    base_path: str
    termination_log: Path
    workers: int
    gpus: int
    gpu: int
    keep_alive_seconds: int
    drain_seconds: float
    shutdown_seconds: int
    read_seconds: float
    max_connections: int
    max_body_bytes: int
    max_in_flight: int
    access_log_sample: float


def from_environment(environment: Mapping[str, str]) -> RuntimeSettings:
    """Reads the settings.

    Args:
        environment: The environment variables; those named ``CHARTGEN_*`` are read.

    Returns:
        The settings, complete.

    Raises:
        StartupError: Variables are missing or not readable; the message names every one.
    """
    faults: list[str] = []

    def read(name: str, parse: Callable[[str], T], default: str | None) -> T:
        text = environment.get(f"CHARTGEN_{name}") or default
        try:
            if text is None:
                raise ValueError("is not set")
            return parse(text)
        except ValueError as error:
            faults.append(f"CHARTGEN_{name} {error}")
            # Never returned to the caller: reading goes on only to name every fault at once.
            return None  # type: ignore[return-value]

    settings = RuntimeSettings(
        model_name=read("MODEL_NAME", str, "model"),
        model_version=read("MODEL_VERSION", str, ""),
        model_path=read("MODEL_PATH", Path, None),
        model_format=read("MODEL_FORMAT", _format, None),
        model_sha256=read("MODEL_SHA256", _digest, None),
        model_method=read("MODEL_METHOD", str, "predict"),
        allow_non_finite=read("ALLOW_NON_FINITE", _flag, "false"),
        handler_path=read("HANDLER_PATH", _optional_path, ""),
        sample_path=read("SAMPLE_PATH", _optional_path, ""),
        host=read("HOST", str, "0.0.0.0"),  # noqa: S104 - a pod is reached by its own address
        port=read("PORT", _whole(1, 65535), "8000"),
        base_path=read("BASE_PATH", _base_path, "/"),
        termination_log=termination_log(environment),
        workers=read("WORKERS", _whole(1, 64), "1"),
        gpus=read("GPUS", _whole(0, 10**4), "0"),
        gpu=0,
        # Longer than the idle time of usual proxies, so that none of them sends into a connection that was just closed.
        keep_alive_seconds=read("KEEP_ALIVE_SECONDS", _whole(1, 86400), "75"),
        drain_seconds=read("DRAIN_SECONDS", _seconds, "5"),
        shutdown_seconds=read("SHUTDOWN_SECONDS", _whole(0, 86400), "20"),
        read_seconds=read("READ_SECONDS", _seconds, "30"),
        max_connections=read("MAX_CONNECTIONS", _whole(1, 10**6), "4096"),
        max_body_bytes=read("MAX_BODY_BYTES", _whole(1, 2**40), str(100 * MEBIBYTE)),
        max_in_flight=read("MAX_IN_FLIGHT", _whole(1, 10**6), "128"),
        access_log_sample=read("ACCESS_LOG_SAMPLE", _part, "0"),
    )
    if faults:
        raise StartupError("; ".join(faults))
    return settings


def termination_log(environment: Mapping[str, str]) -> Path:
    """Where Kubernetes looks for the reason of an exit; known even when the other settings cannot be read."""
    return Path(environment.get("CHARTGEN_TERMINATION_LOG") or "/dev/termination-log")


def _format(text: str) -> str:
    # The name becomes part of a module's name.
    if not re.fullmatch(r"[a-z][a-z0-9_]*", text):
        raise ValueError(f"is {text!r}, not the name of a model format")
    return text


def _digest(text: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise ValueError(f"is {text!r}, not 64 lower-case hexadecimal digits")
    return text


def _base_path(text: str) -> str:
    segments = text.split("/")[1:]
    unreserved = all(re.fullmatch(r"[A-Za-z0-9._~-]+", segment) and segment not in {".", ".."} for segment in segments)
    if text != "/" and not (text.startswith("/") and unreserved):
        raise ValueError(f"is {text!r}, not a path such as /models/a")
    return text if text != "/" else ""


def _flag(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError(f"is {text!r}, neither true nor false")
    return text == "true"


def _optional_path(text: str) -> Path | None:
    return Path(text) if text else None


def _seconds(text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,5}(\.[0-9]{1,3})?", text):
        raise ValueError(f"is {text!r}, not a number of seconds")
    return float(text)


def _part(text: str) -> float:
    if not re.fullmatch(r"0|1|[01]?\.[0-9]{1,9}", text) or float(text) > 1:
        raise ValueError(f"is {text!r}, not a number from 0 to 1")
    return float(text)


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,16}", text) or not low <= int(text) <= high:
            raise ValueError(f"is {text!r}, not a whole number from {low} to {high}")
        return int(text)

    return parse
