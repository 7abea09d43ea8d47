"""What `--set-values` asks for, as the values that helm would make of the same `--set`.

Helm reads them from its standard input, not from its arguments, which every user of a computer can see.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from chartgen.errors import InvalidManifestError
from chartgen.lifecycle.values_files import from_files, merged
from chartgen.service import strvals
from chartgen.service.node import Written
from chartgen.service.rules_packages import CREDENTIALS, CREDENTIALS_HINT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chartgen.lifecycle.target import ReleaseValues

_LARGEST_INTEGER = 2**53
_FORM = r"as helm's --set: a.b=1,c={x,y}; write \, for a comma in a value and \. for a dot in a key"


def assigned(values: ReleaseValues) -> dict[str, Any]:
    """The values of the assignments, to be laid over the values files.

    A list that is changed by an index begins empty, as with helm: `--set a[0].b=1` never looks into the chart's own
    values, whose list it replaces.

    Args:
        values: The assignments, and the files that they are laid over.

    Raises:
        InvalidManifestError: An assignment cannot be read, does not fit what it is laid over, or holds credentials.
    """
    below = from_files(values.files)
    tree: dict[str, Any] = {}
    for option, argument, convert in _in_order(values):
        try:
            for assignment in strvals.parse(argument, convert):
                _Assignment(option, assignment.path).lay(tree, below, _plain(assignment.value))
        except (strvals.SetSyntaxError, UnicodeEncodeError) as error:
            why = "it is not UTF-8" if isinstance(error, UnicodeEncodeError) else str(error)
            raise InvalidManifestError(f"{option} cannot be read: {why}", where=_key(argument), hint=_FORM) from None
    for place in _credentials(merged(below, tree)):
        raise InvalidManifestError(
            f"the value {place} holds credentials",
            expected="an address without them: a release's values can be read by whoever may read its Secrets",
            hint=CREDENTIALS_HINT.replace("`pipConfigSecret`", "`packages.pipConfigSecret`"),
        )
    return tree


def _in_order(values: ReleaseValues) -> Iterator[tuple[str, str, Callable[[str], object]]]:
    for argument in values.assignments:
        yield "--set-values", argument, strvals.typed
    for argument in values.texts:
        yield "--set-values-string", argument, str


def _key(argument: str) -> str | None:
    """The key of an assignment, as far as it looks like one: the rest may be a secret."""
    key, found, _ = argument.partition("=")
    return key.encode(errors="replace").decode()[:60] if found else None


def _plain(value: object) -> object:
    """A value as JSON has it."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    plain = value.value if isinstance(value, Written) else value
    if isinstance(plain, int) and not isinstance(plain, bool) and abs(plain) > _LARGEST_INTEGER:
        raise strvals.SetSyntaxError(
            "helm keeps no whole number beyond 2^53 exactly; give it as text, with --set-values-string"
        )
    if isinstance(plain, str):
        plain.encode()
    return plain


class _Assignment:
    """One assignment on its way into the tree.

    Args:
        option: The option that it was given with.
        path: Keys and indexes from the top.
    """

    def __init__(self, option: str, path: Sequence[str | int]) -> None:
        self.option = option
        self.path = path

    def lay(self, tree: dict[str, Any], below: Mapping[str, Any], value: object) -> None:
        """Put the value into the tree, which is laid over `below` later."""
        self._into_map(tree, below, 0, value)

    def _into_map(self, mine: dict[str, Any], below: object, depth: int, value: object) -> None:
        key = str(self.path[depth])
        found = below.get(key) if isinstance(below, Mapping) else None
        has_below = isinstance(below, Mapping) and key in below
        if depth + 1 == len(self.path):
            mine[key] = value
        elif isinstance(self.path[depth + 1], int):
            if key not in mine and has_below:
                self._refuse_to_change(found, depth)
            mine[key] = self._into_list(mine.get(key, []), depth + 1, value)
        else:
            if key not in mine and has_below and not isinstance(found, Mapping):
                raise self._misfit(depth)
            inner = mine.setdefault(key, {})
            if not isinstance(inner, dict):
                raise self._misfit(depth)
            self._into_map(inner, found, depth + 1, value)

    def _into_list(self, mine: object, depth: int, value: object) -> list[Any]:
        if not isinstance(mine, list):
            raise self._misfit(depth - 1)
        index = int(self.path[depth])
        # As with helm, the items before one that is set are null until they are set as well.
        items = mine + [None] * (index + 1 - len(mine))
        if depth + 1 == len(self.path):
            items[index] = value
        elif isinstance(self.path[depth + 1], int):
            items[index] = self._into_list([] if items[index] is None else items[index], depth + 1, value)
        else:
            inner = items[index] if isinstance(items[index], dict) else {}
            self._into_map(inner, None, depth + 1, value)
            items[index] = inner
        return items

    def _refuse_to_change(self, found: object, depth: int) -> None:
        if not isinstance(found, list):
            raise self._misfit(depth)
        raise InvalidManifestError(
            f"{self.option} cannot change one item of a list that a values file sets",
            where=self._text(depth),
            hint="write the whole list into a --values-file, or give it whole: key={x,y}",
        )

    def _misfit(self, depth: int) -> InvalidManifestError:
        wanted = "a list" if isinstance(self.path[depth + 1], int) else "a map"
        return InvalidManifestError(
            f"{self.option} needs {wanted} here, and something else was set before", where=self._text(depth)
        )

    def _text(self, depth: int) -> str:
        parts = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path[: depth + 1]]
        return "".join(parts).removeprefix(".")


def _credentials(values: Mapping[str, Any]) -> Iterator[str]:
    """The values about packages that hold a user name or a password."""
    packages = values.get("packages")
    for key, value in packages.items() if isinstance(packages, Mapping) else ():
        for index, text in enumerate(value) if isinstance(value, list) else ((None, value),):
            if isinstance(text, str) and CREDENTIALS.search(text):
                yield f"packages.{key}" + ("" if index is None else f"[{index}]")
