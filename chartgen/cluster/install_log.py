"""Why pip failed in the init container, from the end of its log."""

from __future__ import annotations

import re

# The first that is found anywhere counts: without a network pip's last words are "no matching distribution".
_CAUSES = (
    (
        r"THESE PACKAGES DO NOT MATCH THE HASHES[^\n]*(?:\n\s*)+(?P<detail>\S+)",
        "{detail} is not the file that the chart pins (hash mismatch)",
        "the index serves other files than were locked: lock against it, or name another with `packages.indexUrl`",
    ),
    (
        r"(?P<detail>CERTIFICATE_VERIFY_FAILED|SSLError)",
        "the package index's certificate is not trusted ({detail})",
        "give its CA to the pods: `packages.caConfigMap` in the chart's values",
    ),
    (
        r"(?P<detail>name resolution|Name or service not known|nodename nor servname)",
        "the package index's name is not known in the cluster",
        "pods need DNS and a way to a package index: `packages.indexUrl` names a mirror, `packages.proxy` a proxy",
    ),
    (
        r"(?P<detail>Connection refused|Network is unreachable|No route to host|timed out|ProxyError"
        r"|NewConnectionError|Max retries exceeded)",
        "the package index cannot be reached ({detail})",
        "pods need a way to a package index: `packages.indexUrl` names a mirror, `packages.proxy` a proxy",
    ),
    (r"(?P<detail>No space left on device|Disk quota exceeded)", "{detail}", "give the volume of libraries more room"),
    (
        r"No matching distribution found for (?P<detail>[^\n]+)",
        "the package index has no {detail} for the image's Python and platform",
        "see the index with `pip index versions`, or name another with `packages.indexUrl`",
    ),
)


def install_failure(log: str) -> tuple[str, str]:
    """The cause in the last lines of a log of `pip install`.

    Args:
        log: The lines.

    Returns:
        The cause in the user's words, and what to do next (may be empty).
    """
    for pattern, message, hint in _CAUSES:
        match = re.search(pattern, log)
        if match:
            return message.format(detail=match["detail"].strip()), hint
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR:")]
    last = (errors or lines or ["no message"])[-1]
    return last.removeprefix("ERROR:").strip(), ""
