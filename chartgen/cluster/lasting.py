"""Which failures come back however long one waits: what a container, or a pull of its image, has shown already."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chartgen.cluster.records import ContainerState, Ending

_RESTARTS = 3
# A program that ends by itself; above are the signals of others, such as a probe's that has failed too often.
_OWN_EXITS = range(1, 128)
# The registry's answer to a name that it does not serve; a registry that is down or slow may come back.
_NO_SUCH_IMAGE = re.compile(
    r"not found|does not exist|(?:manifest|name) unknown|denied|unauthorized|authorization failed|forbidden"
    r"|no such host|invalid reference",
    re.IGNORECASE,
)
_REFUSED_AS_NAMED = frozenset({"InvalidImageName", "ErrImageNeverPull"})


def ends_again(container: ContainerState, failure: Ending) -> bool:
    """Whether a container has ended by itself, or for want of memory, at every start so far.

    Args:
        container: The container.
        failure: How it ended last.
    """
    by_itself = failure.exit_code in _OWN_EXITS or failure.reason == "OOMKilled"
    return by_itself and container.restarts >= _RESTARTS


def cannot_be_pulled(reason: str, text: str) -> bool:
    """Whether an image cannot be pulled for its name, and not for a moment's trouble.

    Args:
        reason: What the container waits for, in the kubelet's word.
        text: What the registry has said.
    """
    return reason in _REFUSED_AS_NAMED or (reason == "ImagePullBackOff" and bool(_NO_SUCH_IMAGE.search(text)))
