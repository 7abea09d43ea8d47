"""Whether this computer has an NVIDIA GPU that programs can use."""

from __future__ import annotations

import ctypes

_DRIVER = "libcuda.so.1"


def has_gpu() -> bool:
    """Whether the driver is there and finds one.

    Asks `cuInit` and `cuDeviceGetCount`:
    https://docs.nvidia.com/cuda/cuda-driver-api/group__CUDA__DEVICE.html
    """
    try:
        driver = ctypes.CDLL(_DRIVER)
    except OSError:
        return False
    count = ctypes.c_int(0)
    return driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0 and count.value > 0
