"""What wrote a Keras file, by the version that the file says."""

from __future__ import annotations

import re

from chartgen.inspect.facts import Library

# The minor number of the last Keras 2 that was called so.
_LAST = 15


def writer(version: str | None) -> Library:
    """Keras, or `tf_keras`: the package by which Keras 2 goes on beside Keras 3, with files of the same form.

    Args:
        version: The version that the file says.
    """
    found = re.match(r"2\.([0-9]{1,4})", version or "", re.ASCII)
    return Library("tf_keras" if found and int(found[1]) > _LAST else "keras", version)
