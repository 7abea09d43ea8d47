"""Error -> exit code, in one table; the first class that fits decides."""

from __future__ import annotations

from chartgen import errors

OK = 0
FAILED = 1
USAGE = 2
INVALID_INPUT = 3
CHART_FAILED = 4
PROGRAM_MISSING = 5
CLUSTER_UNREACHABLE = 6
TIMED_OUT = 7
ROLLED_BACK = 8
BUSY = 9

_TABLE: tuple[tuple[type[errors.ChartgenError], int], ...] = (
    (errors.ServiceError, INVALID_INPUT),
    (errors.ModelError, INVALID_INPUT),
    (errors.ChartError, CHART_FAILED),
    (errors.HelmNotFoundError, PROGRAM_MISSING),
    (errors.HelmVersionError, PROGRAM_MISSING),
    (errors.MissingExtraError, PROGRAM_MISSING),
    (errors.ProgramMissingError, PROGRAM_MISSING),
    (errors.HelmInstallError, PROGRAM_MISSING),
    (errors.ClusterUnreachableError, CLUSTER_UNREACHABLE),
    (errors.ForbiddenError, CLUSTER_UNREACHABLE),
    (errors.HelmTimeoutError, TIMED_OUT),
    (errors.RolledBackError, ROLLED_BACK),
    (errors.OperationInProgressError, BUSY),
    (errors.InvalidManifestError, CHART_FAILED),
    (errors.ChartgenError, FAILED),
)


def exit_code(error: errors.ChartgenError) -> int:
    """The exit code that an error ends the process with."""
    return next(code for kind, code in _TABLE if isinstance(error, kind))
