"""How many CPUs this container may use: a library that starts a thread for each CPU of the node is throttled."""

from __future__ import annotations

import math
import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")
_sharing = [1]  # how many processes of the container share its CPUs


def share_cpus(processes: int) -> None:
    """Lets this process use its part of the CPUs alone."""
    _sharing[0] = processes


def available_cpus(cgroup: Path = CGROUP) -> int:
    """The CPUs to use, at least 1: those of the affinity mask, and no more than the CPU limit rounded up.

    Args:
        cgroup: Where the container's control group is mounted.
    """
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    limit = _cpu_limit(cgroup)
    all_cpus = affinity if limit is None else min(affinity, math.ceil(limit))
    return max(1, all_cpus // _sharing[0])


def _cpu_limit(cgroup: Path) -> float | None:
    """The CPU limit in CPUs; None without one. Version 2 of the control groups keeps one file, version 1 two."""
    try:
        if (cgroup / "cpu.max").exists():
            quota, period = (cgroup / "cpu.max").read_text().split()
        else:
            quota = (cgroup / "cpu" / "cpu.cfs_quota_us").read_text().strip()
            period = (cgroup / "cpu" / "cpu.cfs_period_us").read_text().strip()
        return int(quota) / int(period) if quota not in {"max", "-1"} else None
    except (OSError, ValueError, ZeroDivisionError):
        return None
