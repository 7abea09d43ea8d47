"""The options of helm's verbs as typed objects, and the arguments that they become."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from chartgen.helm.duration import parse_duration

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# Values of a chart by their names; what JSON knows.
Values = Mapping[str, Any]
_NOT_ASCII = re.compile(r"[^\x20-\x7e]")


@dataclass(frozen=True)
class WaitOptions:
    """How long an operation waits for its objects, and what it does when they fail.

    Attributes:
        wait: Wait until the objects are ready (or gone, for uninstall).
        timeout: The longest wait, as Go writes durations.
        rollback_on_failure: Undo a failed install or upgrade; it waits, whatever `wait` says. Rollback and uninstall
            have nothing to go back to and pass it over.
        counts_pods: Count ready pods, and do not look at the verdict that Kubernetes has on the rollout: while one
            has not ended, the verdict on it is taken for that on the next. Helm 3 always counts.

    Raises:
        ValueError: `timeout` is not a duration above zero.
    """

    wait: bool = True
    timeout: str = "5m"
    rollback_on_failure: bool = False
    counts_pods: bool = False

    def __post_init__(self) -> None:
        parse_duration(self.timeout)


class KeptValues(StrEnum):
    """What an upgrade does with the values that were set on the release before."""

    HELM = ""  # helm's own rule: kept when nothing new is set, else dropped
    RESET = "--reset-values"
    REUSE = "--reuse-values"
    RESET_THEN_REUSE = "--reset-then-reuse-values"  # the new chart's defaults, then what was set before


def wait_arguments(
    options: WaitOptions, rollback_flag: str | None = None, *, counting_flag: str = "--wait"
) -> list[str]:
    """The arguments for waiting.

    Args:
        options: How to wait.
        rollback_flag: What the verb calls undoing a failure, if it can.
        counting_flag: What waits by counting ready pods.
    """
    arguments = ["--timeout", options.timeout]
    undo = options.rollback_on_failure and rollback_flag is not None
    if options.wait or undo:
        arguments.append(counting_flag if options.counts_pods else "--wait")
    if undo and rollback_flag is not None:
        arguments.append(rollback_flag)
    return arguments


def values_arguments(files: Sequence[Path], values: Values | None) -> list[str]:
    """The arguments that hand values to helm.

    `--values` splits its argument as a line of CSV, so a path that holds a comma or a quote is quoted as CSV is.

    Args:
        files: Values files; a later one wins.
        values: Values over the files. They are not among the arguments, which every user of a computer can see:
            helm reads them from its standard input (`values_document`).
    """
    arguments: list[str] = []
    for file in files:
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow([str(file.absolute())])
        arguments += ["--values", line.getvalue()]
    return [*arguments, "--values", "-"] if values else arguments


def values_document(values: Values | None) -> bytes | None:
    """Values as helm's standard input has them: JSON in ASCII, which every reader of YAML takes for the same text.

    Args:
        values: The values; nothing is read without them.
    """
    if not values:
        return None
    text = json.dumps(values, ensure_ascii=False)
    # Not JSON's own escapes: two of them make a character beyond U+FFFF, which YAML does not know.
    return _NOT_ASCII.sub(lambda match: f"\\U{ord(match[0]):08x}", text).encode("ascii")
