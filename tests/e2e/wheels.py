"""Wheels that lie in a folder of this computer (`PIP_FIND_LINKS`), served to the pods."""

from __future__ import annotations

import functools
import os
import threading
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster_fixtures import Namespace

SECRET = "wheels"


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@contextmanager
def local_wheels(namespace: Namespace) -> Iterator[list[str]]:
    """The values with which pods find this computer's wheels; none where it has none, or is not the cluster's node.

    An index of wheels that the pods need no more is left out: pip would ask it for every package.
    """
    folder = Path(os.environ.get("PIP_FIND_LINKS") or "/nowhere")
    server = _server(_node_address(namespace), folder) if folder.is_dir() else None
    if server is None:
        yield []
        return
    host, port = str(server.server_address[0]), server.server_address[1]
    settings = f"[global]\nfind-links = http://{host}:{port}/\ntrusted-host = {host}\n"
    namespace.kubectl("create", "secret", "generic", SECRET, f"--from-literal=pip.conf={settings}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield [f"packages.pipConfigSecret={SECRET}", "packages.extraIndexUrls=null"]
    finally:
        server.shutdown()
        server.server_close()


def _server(address: str, folder: Path) -> ThreadingHTTPServer | None:
    try:
        return ThreadingHTTPServer((address, 0), functools.partial(Quiet, directory=str(folder)))
    except OSError:  # the address is another computer's
        return None


def _node_address(namespace: Namespace) -> str:
    query = '{.items[0].status.addresses[?(@.type=="InternalIP")].address}'
    return namespace.kubectl("get", "nodes", "--output", f"jsonpath={query}").split()[0]
