"""Values that were set on a release before, and stay set: they go before the chart, and so before the service file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from chartgen.errors import InvalidManifestError, ReleaseNotFoundError
from chartgen.helm.release import ReleaseStatus

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chartgen.helm.release import Revision
    from chartgen.lifecycle.target import Target

# What a line holds that is still read.
_NAMED_MAX = 10


def kept_values(target: Target, release: str, history: Sequence[Revision]) -> dict[str, Any]:
    """The values that an upgrade keeps: those set on the revision that is deployed, else on the last one.

    That is the revision that helm takes them from (prepareUpgrade in its pkg/action/upgrade.go).

    Args:
        target: Where the release is.
        release: Its name.
        history: Its revisions, the oldest first; none where there is no release.
    """
    if not history or history[-1].status is ReleaseStatus.UNINSTALLED:
        return {}
    deployed = [each.revision for each in history if each.status is ReleaseStatus.DEPLOYED]
    try:
        return target.helm.get_values(release, deployed[-1] if deployed else history[-1].revision)
    except ReleaseNotFoundError:
        return {}


def in_force(kept: Mapping[str, Any], anew: Mapping[str, Any]) -> list[str]:
    r"""The kept values that nothing of a call sets anew, by their keys as `--set-values` takes them: `a.b\.c`.

    Args:
        kept: The values that were set before.
        anew: Those of the call.
    """
    return sorted(".".join(key.replace(".", r"\.") for key in path) for path in _left(kept, anew))


@contextmanager
def blaming_kept(target: Target, keys: Sequence[str]) -> Iterator[None]:
    """Tell which kept values are in force, and say in a refusal which of them it is about.

    Args:
        target: Where the release is.
        keys: The kept values in force.
    """
    if keys:
        target.tell(f"Values set before stay in force: {_listed(keys)}; --reset-values forgets them")
    try:
        yield
    except InvalidManifestError as error:
        about = [key for key in keys if re.search(rf"(?<![\w-]){re.escape(_top(key))}(?![\w-])", error.message)]
        if about:
            was = "was" if len(about) == 1 else "were"
            error.message = f"{error.message}; {_listed(about)} {was} set on the release before, and kept"
            error.args = (error.message,)
            error.hint = "--reset-values forgets what was set before; or set it anew with --set-values"
        raise


def _listed(keys: Sequence[str]) -> str:
    """Keys as a sentence names them; many of them are cut short."""
    more = len(keys) - _NAMED_MAX
    return ", ".join(keys[:_NAMED_MAX]) + (f" and {more} more" if more > 0 else "")


def _top(key: str) -> str:
    return re.split(r"(?<!\\)\.", key, maxsplit=1)[0].replace(r"\.", ".")


def _left(kept: Mapping[str, Any], anew: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for key, value in kept.items():
        if key in anew and not (isinstance(value, Mapping) and isinstance(anew[key], Mapping)):
            continue
        if isinstance(value, Mapping) and value:
            yield from ((key, *rest) for rest in _left(value, anew.get(key, {})))
        elif value != {}:
            yield (key,)
