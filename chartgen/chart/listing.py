"""Files and their digests, as `sha256sum` lists them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def listing(files: Mapping[str, bytes]) -> bytes:
    """One line for each file, sorted by path: the digest, two spaces, the path.

    Args:
        files: The contents by path.
    """
    return "".join(f"{sha256(content)}  {path}\n" for path, content in sorted(files.items())).encode()


def sha256(content: bytes) -> str:
    """The digest of bytes, as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()
