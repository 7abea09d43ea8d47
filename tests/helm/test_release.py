"""What helm answers, as records."""

from __future__ import annotations

from datetime import UTC, datetime

from chartgen.helm.release import Release, ReleaseStatus, ReleaseSummary, Revision


def test_a_status_of_a_newer_helm_is_unknown() -> None:
    assert ReleaseStatus("hibernating") is ReleaseStatus.UNKNOWN


def test_a_release_that_an_operation_holds_is_pending() -> None:
    pending = [status.value for status in ReleaseStatus if status.is_pending]
    assert pending == ["uninstalling", "pending-install", "pending-upgrade", "pending-rollback"]


def test_what_is_missing_or_null_reads_as_empty() -> None:
    release = Release.from_json({"name": "r", "version": 2, "info": {"notes": None}, "config": None, "chart": None})
    assert (release.revision, release.status, release.notes, release.values) == (2, ReleaseStatus.UNKNOWN, "", {})
    assert release.chart.name == ""


def test_nanoseconds_and_zones_of_a_time_are_read() -> None:
    data = {"revision": 1, "status": "deployed", "updated": "2026-11-22T20:37:21.614148246+01:00"}
    assert Revision.from_json(data).updated == datetime(2026, 11, 22, 19, 37, 21, 614148, tzinfo=UTC)


def test_the_zero_time_of_go_is_no_time() -> None:
    data = {"name": "r", "revision": "1", "updated": "0001-01-01T00:00:00Z"}
    assert ReleaseSummary.from_json(data).updated is None


def test_the_revision_of_a_list_is_a_number_although_helm_writes_text() -> None:
    assert ReleaseSummary.from_json({"name": "r", "revision": "12"}).revision == 12
