"""Names and versions as Kubernetes, Helm and SemVer define them: pure checks, no I/O."""

from __future__ import annotations

import re

# A release name becomes a Service name (DNS-1035 label, at most 63) and Helm itself stops at 53.
RELEASE_NAME_MAX = 53
RELEASE_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")

# Helm reads each number of a version as one of 64 bits. A version is part of file names and may become a label.
SEMVER_DIGITS = 18
SEMVER_MAX = 63
_NUMBER = rf"0|[1-9]\d{{0,{SEMVER_DIGITS - 1}}}"

# The expression that semver.org gives for SemVer 2.0.0, without build metadata: `+` is not allowed in a label value or
# an OCI tag, so a version with it could not be published as it is written.
SEMVER = re.compile(
    rf"(?P<major>{_NUMBER})\.(?P<minor>{_NUMBER})\.(?P<patch>{_NUMBER})"
    r"(?:-(?P<prerelease>(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?",
    re.ASCII,
)


def is_release_name(text: str) -> bool:
    """Whether `text` can name a release, its chart and its Service: a DNS-1035 label of at most 53 characters."""
    return len(text) <= RELEASE_NAME_MAX and RELEASE_NAME.fullmatch(text) is not None


def is_namespace(text: str) -> bool:
    """Whether `text` can name a namespace: a DNS-1123 label of at most 63 characters."""
    return NAMESPACE.fullmatch(text) is not None


def is_semver(text: str) -> bool:
    """Whether `text` is a SemVer 2.0.0 version without build metadata that Helm reads, of at most 63 characters."""
    return len(text) <= SEMVER_MAX and SEMVER.fullmatch(text) is not None
