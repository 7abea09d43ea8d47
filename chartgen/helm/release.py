"""What helm says of releases, read from its `-o json`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class ReleaseStatus(StrEnum):
    """The state of a revision, in helm's words."""

    UNKNOWN = "unknown"  # also for a word that a newer helm may bring
    DEPLOYED = "deployed"
    UNINSTALLED = "uninstalled"
    SUPERSEDED = "superseded"
    FAILED = "failed"
    UNINSTALLING = "uninstalling"
    PENDING_INSTALL = "pending-install"
    PENDING_UPGRADE = "pending-upgrade"
    PENDING_ROLLBACK = "pending-rollback"

    @classmethod
    def _missing_(cls, value: object) -> ReleaseStatus:  # noqa: ARG003 - the hook of enum has this signature
        return cls.UNKNOWN

    @property
    def is_pending(self) -> bool:
        """Whether an operation holds the release, or was killed while it did."""
        return self.value.startswith("pending-") or self is ReleaseStatus.UNINSTALLING


@dataclass(frozen=True)
class ChartMetadata:
    """The chart of one revision, as the cluster keeps it.

    Attributes:
        name: The chart's name.
        version: The chart version.
        app_version: The version of what it installs; empty when the chart says none.
        annotations: The annotations of its Chart.yaml.
    """

    name: str
    version: str
    app_version: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ChartMetadata:
        """Read the object of `helm get metadata`, where the chart's name is `chart`, or that of a release."""
        return cls(
            name=data.get("chart") or data.get("name") or "",
            version=data.get("version") or "",
            app_version=data.get("appVersion") or "",
            annotations=dict(data.get("annotations") or {}),
        )


@dataclass(frozen=True)
class Release:
    """One revision of a release.

    Attributes:
        name: The release's name.
        namespace: Its namespace.
        revision: The revision's number, from 1.
        status: Its state.
        chart: Its chart.
        first_deployed: When the release was installed; None in a dry run.
        last_deployed: When this revision was made; None in a dry run.
        description: Helm's sentence about how it came about.
        notes: The chart's NOTES, rendered.
        manifest: The manifests, rendered.
        values: What was set over the chart's own values.
    """

    name: str
    namespace: str
    revision: int
    status: ReleaseStatus
    chart: ChartMetadata
    first_deployed: datetime | None = None
    last_deployed: datetime | None = None
    description: str = ""
    notes: str = ""
    manifest: str = field(default="", repr=False)
    values: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def from_json(cls, data: Mapping[str, Any], chart: ChartMetadata | None = None) -> Release:
        """Read the object of `install`, `upgrade` or `status`.

        Args:
            data: The object.
            chart: The chart, for an object that does not hold it (`status`).
        """
        info = data.get("info") or {}
        return cls(
            name=data["name"],
            namespace=data.get("namespace") or "",
            revision=int(data.get("version") or 0),
            status=ReleaseStatus(info.get("status") or "unknown"),
            chart=chart or ChartMetadata.from_json((data.get("chart") or {}).get("metadata") or {}),
            first_deployed=_moment(info.get("first_deployed")),
            last_deployed=_moment(info.get("last_deployed")),
            description=info.get("description") or "",
            notes=info.get("notes") or "",
            manifest=data.get("manifest") or "",
            values=data.get("config") or {},
        )


@dataclass(frozen=True)
class Revision:
    """One line of a release's history.

    Attributes:
        revision: Its number, from 1.
        status: Its state.
        chart: Chart name and chart version, joined by a hyphen as helm does.
        app_version: The version of what the chart installs.
        updated: When it was made.
        description: Helm's sentence about how it came about.
    """

    revision: int
    status: ReleaseStatus
    chart: str
    app_version: str
    updated: datetime | None
    description: str

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Revision:
        """Read one object of `history`."""
        return cls(
            revision=int(data["revision"]),
            status=ReleaseStatus(data.get("status") or "unknown"),
            chart=data.get("chart") or "",
            app_version=data.get("app_version") or "",
            updated=_moment(data.get("updated")),
            description=data.get("description") or "",
        )


@dataclass(frozen=True)
class ReleaseSummary:
    """One line of a list of releases: the newest revision of each.

    Attributes:
        name: The release's name.
        namespace: Its namespace.
        revision: The newest revision's number.
        status: Its state.
        chart: Chart name and chart version, joined by a hyphen as helm does.
        app_version: The version of what the chart installs.
        updated: When it was made.
    """

    name: str
    namespace: str
    revision: int
    status: ReleaseStatus
    chart: str
    app_version: str
    updated: datetime | None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ReleaseSummary:
        """Read one object of `list`."""
        return cls(
            name=data["name"],
            namespace=data.get("namespace") or "",
            revision=int(data["revision"]),
            status=ReleaseStatus(data.get("status") or "unknown"),
            chart=data.get("chart") or "",
            app_version=data.get("app_version") or "",
            updated=_moment(data.get("updated")),
        )


def _moment(text: str | None) -> datetime | None:
    """An RFC 3339 time; None for what is missing, and for Go's zero time."""
    if not text or text.startswith("0001-01-01"):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
