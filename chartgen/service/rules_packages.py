"""The rules about where the pod's software comes from: the image, and the package indexes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from chartgen.service import kubernetes
from chartgen.service.finding import Finding
from chartgen.service.node import Scalar
from chartgen.service.words import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chartgen.service.node import DataPath
    from chartgen.service.view import View

PACKAGES = ("runtime", "packages")
CREDENTIALS_HINT = "put the address into a pip.conf in a Secret, and name the Secret under `pipConfigSecret`"
# White space is that of ASCII, as for the schema of the chart's values, which Helm reads.
CREDENTIALS = re.compile(r"://[^\s/?#]*(?:@|%40)|(?:^|[=\s/?#&,;])[^\s/?#=:@,;]+:[^\s/?#]*(?:@|%40)", re.ASCII)
# An address in a requirements file or an argument of pip ends at a space, and `#` starts what belongs to no server.
ADDRESS = re.compile(r"https?://[^\s\"'<>\\^`{|}\x00-\x20\x7f]+")
EXPECTED_ADDRESS = "an http or https address, such as https://pypi.example.com/simple"
OPTION = re.compile(r"--?[A-Za-z][A-Za-z0-9-]*(=.*)?", re.DOTALL)
# What can undo neither where the libraries go nor that they are the pinned ones; the same in the chart's own schema.
OPEN_OPTION = re.compile(
    r"-v{1,3}|-q{1,3}"
    r"|--(?:verbose|quiet|no-color|no-cache-dir|no-compile|prefer-binary|disable-pip-version-check)"
    r"|--(?:retries|resume-retries|timeout)=[0-9]{1,6}|--progress-bar=(?:on|off|raw|auto)"
    r"|--use-(?:feature|deprecated)=[a-z0-9-]+"
)
OPEN_OPTIONS = (
    "--retries=N, --resume-retries=N, --timeout=SECONDS, --progress-bar=off, --no-color, --no-cache-dir, --no-compile, "
    "--prefer-binary, --disable-pip-version-check, --use-feature=NAME, --use-deprecated=NAME, -v or -q"
)


def image(view: View) -> Iterator[Finding]:
    """The image is a reference that a registry can answer."""
    path = ("runtime", "image")
    written = view.scalar(*path)
    if written and not kubernetes.is_image(written.text):
        message = f"{quoted(written.text)} is no reference to an image"
        yield Finding(written.where, path, message, "registry/repository:tag, in lower case up to the tag")


def packages(view: View) -> Iterator[Finding]:
    """Indexes and proxies are addresses, and credentials stay out of the chart."""
    for key in ("indexUrl", "proxy"):
        yield from _address(view, (*PACKAGES, key))
    hosts = view.scalar(*PACKAGES, "noProxy")
    if hosts and _has_credentials(hosts.text):
        yield Finding(hosts.where, (*PACKAGES, "noProxy"), "holds credentials", "names of hosts without them")
    for index, _ in view.items(*PACKAGES, "extraIndexUrls"):
        yield from _address(view, (*PACKAGES, "extraIndexUrls", index))
    for index, node in view.items(*PACKAGES, "pipOptions"):
        if isinstance(node, Scalar):
            yield from _option(node, (*PACKAGES, "pipOptions", index))


def _address(view: View, path: DataPath) -> Iterator[Finding]:
    written = view.scalar(*path)
    if written is None:
        return
    if _has_credentials(written.text):
        # The address is not repeated: messages end up in logs.
        yield Finding(written.where, path, "holds credentials", "an address without them", CREDENTIALS_HINT)
    elif not _is_address(written.text):
        # What stands before an `@` may still be a password that no reader of addresses understands.
        shown = "the text" if "@" in written.text else quoted(written.text)
        yield Finding(written.where, path, f"{shown} is no address", EXPECTED_ADDRESS)


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises when it is no number
    except ValueError:
        return False
    return ADDRESS.fullmatch(text) is not None and bool(parts.hostname)


def _has_credentials(text: str) -> bool:
    """Whether an address in the text carries a user name or a password, with or without a scheme before it."""
    return CREDENTIALS.search(text) is not None


def _option(node: Scalar, path: DataPath) -> Iterator[Finding]:
    if _has_credentials(node.text):
        yield Finding(node.where, path, "holds credentials", "an option without them", CREDENTIALS_HINT)
    elif not OPTION.fullmatch(node.text):
        option, space, value = node.text.partition(" ")
        hint = (
            f"write {option}={value.strip()}"
            if OPTION.fullmatch(option) and space and "=" not in option and "@" not in value
            else None
        )
        shown = "the text" if "@" in node.text else quoted(node.text)
        yield Finding(node.where, path, f"{shown} is not one option", "one such as --retries=10", hint)
    elif not OPEN_OPTION.fullmatch(node.text):
        message = (
            f"{quoted(node.text.partition('=')[0])} is not open here: the chart decides what is installed, and where"
        )
        hint = (
            "indexes, certificates and proxies have keys of their own; what else is needed goes into `pipConfigSecret`"
        )
        yield Finding(node.where, path, message, OPEN_OPTIONS, hint)
