"""Where a value was given that a chart's schema refuses: helm says the chart's own values.yaml, whoever gave it."""

from __future__ import annotations

import dataclasses
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import yaml

from chartgen.errors import InvalidManifestError
from chartgen.lifecycle.assignments import assigned
from chartgen.lifecycle.values_files import from_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from chartgen.lifecycle.target import ReleaseValues

# A finding of helm's validator, which has the place as a JSON pointer; keys that should not be there stand behind it.
_FINDING = re.compile(
    r"(?:values\.yaml: )?(at '(?P<pointer>(?:/[^']*)?)': (?:additional properties (?P<extra>'.*?') not allowed)?)"
)


@contextmanager
def blaming_givers(values: ReleaseValues, otherwise: str = "") -> Iterator[None]:
    """Say in a refusal of values in which file, or by which option, each was given.

    Args:
        values: The values over the chart's own.
        otherwise: What is said of a value that none of them gives.
    """
    try:
        yield
    except InvalidManifestError as error:

        def told(finding: re.Match[str]) -> str:
            steps = [step.replace("~1", "/").replace("~0", "~") for step in finding["pointer"].split("/")[1:]]
            extra = re.findall("'([^']*)'", finding["extra"] or "")
            places = [[*steps, key] for key in extra] or [steps]
            givers = filter(None, (_giver(values, place, of_key=bool(extra)) or otherwise for place in places))
            return ": ".join(filter(None, (", ".join(dict.fromkeys(givers)), finding[1])))

        error.message = _FINDING.sub(told, error.message)
        error.args = (error.message,)
        raise


def _giver(values: ReleaseValues, path: Sequence[str], *, of_key: bool) -> str:
    """The option, or the file with line and column, that gives a value, or its key; empty for none."""
    for option, alone in (
        ("--set-values-string", dataclasses.replace(values, assignments=())),
        ("--set-values", dataclasses.replace(values, texts=())),
    ):
        if _holds(assigned(alone), path):
            return option
    for file in reversed(values.files):
        if not _holds(from_files([file]), path):
            continue
        mark = _mark(file, path, of_key=of_key)
        return f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else str(file)
    return ""


def _holds(tree: Any, path: Sequence[str]) -> bool:
    for step in path:
        if isinstance(tree, list) and step.isdigit() and int(step) < len(tree):
            tree = tree[int(step)]
        elif isinstance(tree, dict) and step in tree:
            tree = tree[step]
        else:
            return False
    return bool(path)


def _mark(file: Path, path: Sequence[str], *, of_key: bool) -> yaml.Mark | None:
    """Where a value, or its key, begins; None where it comes from somewhere else in the file, by a merge key."""
    node = yaml.compose(file.read_text(encoding="utf-8-sig"), yaml.SafeLoader)
    mark = None
    for step in path:
        if isinstance(node, yaml.SequenceNode):
            node = node.value[int(step)]
            mark = node.start_mark
            continue
        pairs = node.value if isinstance(node, yaml.MappingNode) else ()
        # The last one of a key that stands twice is the one that counts.
        found = next((pair for pair in reversed(pairs) if pair[0].value == step), None)
        if found is None:
            return None
        node = found[1]
        mark = found[0].start_mark if of_key else node.start_mark
    return mark
