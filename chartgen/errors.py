"""The errors that chartgen raises, one class for each failure that a caller may want to tell apart.

::

    ChartgenError
    ├── ServiceError            the service file
    │   ├── ServiceFileError      cannot be read as YAML
    │   ├── SchemaError           breaks the schema or a rule across fields (carries every violation)
    ├── ModelError              the model file
    │   ├── ModelUnreadableError  missing, truncated, corrupt
    │   ├── ModelUnsupportedError a format, or a library version, that cannot be served
    │   ├── ModelUnsafeError      a pickle that would import what is not on the allow-list, or layers with code
    │   └── ModelMismatchError    is not what the service file says it is (digest, format)
    ├── ChartError              the chart
    │   ├── TemplateError         a template of chartgen itself is broken
    │   ├── OutputExistsError     the destination holds something that is not ours to replace
    │   └── VersionExistsError    this chart version was published with other bytes
    ├── HelmError               helm ended with an error (carries argv, return code, stderr)
    │   ├── HelmNotFoundError
    │   ├── HelmVersionError
    │   ├── ClusterUnreachableError
    │   ├── ForbiddenError
    │   ├── ReleaseNotFoundError
    │   ├── ReleaseExistsError
    │   ├── OperationInProgressError
    │   ├── HelmTimeoutError
    │   ├── RolledBackError
    │   ├── FieldConflictError
    │   ├── InvalidManifestError
    │   ├── HookFailedError
    │   └── HelmInstallError      chartgen could not get a helm program
    ├── ClusterError            reading the cluster, or calling a service through it
    │   └── PredictionError       the deployed model answered with an error
    ├── LocalRunError           a model served on this computer did not come up
    ├── ProgramMissingError     a program that a verb needs, other than helm, is not on this computer
    ├── LockError               the libraries of a model cannot be locked
    └── MissingExtraError       an optional dependency is not installed
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Sequence


class ChartgenError(Exception):
    """A failure that is told to the user in full: what, where, what was allowed, what to do next.

    Args:
        message: What went wrong, in one sentence without a full stop.
        where: The place: ``file:line:column``, a path, or an object of the cluster.
        expected: What would have been allowed.
        hint: What to do next.
    """

    def __init__(
        self, message: str, *, where: str | None = None, expected: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.expected = expected
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message


class ServiceError(ChartgenError):
    """The service file is not usable."""


class ServiceFileError(ServiceError):
    """The service file cannot be read: missing, not YAML, too large, or YAML that chartgen refuses."""


@dataclass(frozen=True)
class Violation:
    """One thing that is wrong in a service file.

    Attributes:
        path: The place in the document, as ``hpa.minReplicas`` or ``tolerations[0].key``; empty for the document.
        message: What is wrong.
        where: ``file:line:column``, or the option (``--set``) that gave the value.
        expected: What was allowed.
        hint: What to do next, such as the key that was probably meant.
    """

    path: str
    message: str
    where: str
    expected: str | None = None
    hint: str | None = None

    def __str__(self) -> str:
        return f"{self.where}: {self.path}: {self.message}" if self.path else f"{self.where}: {self.message}"


class SchemaError(ServiceError):
    """The service file breaks its schema or a rule across fields.

    Args:
        violations: Every violation found, in the order of the file.
    """

    def __init__(self, violations: Sequence[Violation]) -> None:
        self.violations = tuple(violations)
        count = len(self.violations)
        super().__init__(f"{count} thing{'s' if count != 1 else ''} to mend in the service file")


class ModelError(ChartgenError):
    """The model file is not usable.

    Attributes:
        key: The key of `model` in the service file that it contradicts, as `sha256`; empty where it is the file alone.
    """

    key = ""

    def against(self, key: str) -> Self:
        """The same error, as one about what the service file says under a key of `model`."""
        self.key = key
        return self


class ModelUnreadableError(ModelError):
    """The model file is missing, truncated or corrupt."""


class ModelUnsupportedError(ModelError):
    """The model is of a format, or written by a library version, that cannot be served."""


class ModelUnsafeError(ModelError):
    """The file would run code: a pickle that imports or calls what is not on the allow-list, or a layer with code.

    Args:
        imports: The dotted names that were refused.
        shortened: Whether the message leaves some of them out, so that they are worth a list.
    """

    def __init__(
        self,
        message: str,
        imports: Sequence[str] = (),
        *,
        shortened: bool = False,
        where: str | None = None,
        expected: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, where=where, expected=expected, hint=hint)
        self.imports = tuple(imports)
        self.shortened = shortened


class ModelMismatchError(ModelError):
    """The model file is not what the service file says: another digest, another format."""


class ChartError(ChartgenError):
    """The chart cannot be made or written."""


class TemplateError(ChartError):
    """A template of chartgen itself is broken; this is a bug in chartgen or in the user's runtime folder."""


class OutputExistsError(ChartError):
    """The destination holds files that chartgen did not write, or that were changed since."""


class VersionExistsError(ChartError):
    """This chart version exists already with other content."""


class HelmError(ChartgenError):
    """Helm ended with an error.

    Args:
        message: The cause in the user's words.
        argv: The command that was run.
        returncode: Its exit status; helm's own is 1 for every failure.
        stderr: What it printed, whole.
    """

    def __init__(
        self,
        message: str,
        *,
        argv: Sequence[str] = (),
        returncode: int | None = None,
        stderr: str = "",
        where: str | None = None,
        expected: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, where=where, expected=expected, hint=hint)
        self.argv = tuple(argv)
        self.returncode = returncode
        self.stderr = stderr


class HelmNotFoundError(HelmError):
    """No helm program was found."""


class HelmVersionError(HelmError):
    """The helm program is older than chartgen supports, or is not helm."""


class ClusterUnreachableError(HelmError):
    """The API server does not answer, or does not accept the credentials."""


class ForbiddenError(HelmError):
    """The API server refuses the operation to this user."""


class ReleaseNotFoundError(HelmError):
    """There is no release, or no revision, of that name in the namespace."""


class ReleaseExistsError(HelmError):
    """A release of that name exists in the namespace."""


class OperationInProgressError(HelmError):
    """Another operation on the release has not ended."""


class HelmTimeoutError(HelmError):
    """The objects did not become ready in time; the release keeps its state."""


class RolledBackError(HelmError):
    """The operation failed and the release was taken back to what it was."""


class FieldConflictError(HelmError):
    """Another program owns a field that the chart sets."""


class InvalidManifestError(HelmError):
    """The chart, its values, or what it renders to is refused by helm or the API server."""


class HookFailedError(HelmError):
    """A hook of the release, such as its test, failed."""


class HelmInstallError(HelmError):
    """A helm program could not be had: the download failed, or gave other bytes than the pinned ones."""


class ClusterError(ChartgenError):
    """The cluster could not be read, or a service in it could not be called."""


class PredictionError(ClusterError):
    """The deployed model answered with an error.

    Args:
        message: The cause in the user's words.
        status: The HTTP status of the answer.
        body: The answer, decoded where it was JSON.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int,
        body: object,
        where: str | None = None,
        expected: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, where=where, expected=expected, hint=hint)
        self.status = status
        self.body = body


class LocalRunError(ChartgenError):
    """A model served on this computer did not come up."""


class ProgramMissingError(ChartgenError):
    """A program that a verb needs, such as the pod's Python, is not on this computer."""


class LockError(ChartgenError):
    """The libraries of a model cannot be locked: no such package, no wheel, or no set that installs together."""


class MissingExtraError(ChartgenError):
    """An optional dependency is not installed."""
