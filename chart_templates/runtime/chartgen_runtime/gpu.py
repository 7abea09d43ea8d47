"""What is said where a GPU was asked for and the model's library has none; why, as far as the driver tells.

Of the driver's functions, `cuInit` and `cuDeviceGetCount`:
https://docs.nvidia.com/cuda/cuda-driver-api/group__CUDA__INITIALIZE.html
"""

from __future__ import annotations

import ctypes

from .errors import StartupError

DRIVER = "libcuda.so.1"
ANSWERS = {
    35: "the driver of the node is too old for it",
    100: "the driver sees no device in this container",
    803: "the driver of the node does not go with this library",
    804: "the driver of the node is too old for it",
}


def no_gpu(library: str, *, with_cuda: bool) -> StartupError:
    """The error of a pod that asks for a GPU and cannot use one.

    Args:
        library: What would compute, with its version.
        with_cuda: Whether it is a build for GPUs.
    """
    if not with_cuda:
        return StartupError(
            f"the chart asks for a GPU, and {library} is a build without GPUs: make the chart without a "
            "requirements.lock, or make that again by `chartgen lock` with `gpu` in the service file"
        )
    return StartupError(f"the chart asks for a GPU, and {library} finds none: {_reason()}")


def _reason() -> str:
    """Why there is none, by the driver."""
    try:
        driver = ctypes.CDLL(DRIVER)
    except OSError:
        return (
            f"the container has no {DRIVER}, which the node's container runtime adds to containers with a GPU; where "
            "that is not the runtime of every node, set runtimeClassName"
        )
    code = driver.cuInit(0)
    if code:
        return f"{ANSWERS.get(code, 'the driver cannot be used')} (cuInit: {code})"
    count = ctypes.c_int(0)
    code = driver.cuDeviceGetCount(ctypes.byref(count))
    if code or not count.value:
        return f"the driver has {count.value} devices for this container (cuDeviceGetCount: {code})"
    return f"the driver has {count.value} here, so the library is not made for it: see the log above"
