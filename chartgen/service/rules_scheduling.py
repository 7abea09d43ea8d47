"""The rules about where pods may run; Kubernetes would refuse the rest only when it is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chartgen.service import kubernetes
from chartgen.service.finding import Finding
from chartgen.service.node import DataPath, Entry, Listing, Mapping, Node, Scalar
from chartgen.service.words import quoted, shortened

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Mapping as AnyMapping

    from chartgen.service.view import View

SPREAD = ("pod", "topologySpreadConstraints")


def pod_tolerations(view: View) -> Iterator[Finding]:
    """A toleration is complete: Kubernetes refuses one without a key unless it tolerates every taint."""
    for index, node in view.items("pod", "tolerations"):
        path: DataPath = ("pod", "tolerations", index)
        operator = view.scalar(*path, "operator")
        exists = operator is not None and operator.text == "Exists"
        match node:
            case Mapping(entries={"value": Entry(node=value)}) if exists:
                yield Finding(
                    value.where, (*path, "value"), "has no meaning beside `operator: Exists`", hint="leave it out"
                )
            # An operator that is there and cannot be judged may have been meant as Exists.
            case Mapping(entries=entries) if (
                not _has_key(entries) and not exists and not view.is_blocked(*path, "operator")
            ):
                empty = entries.get("key")
                where, at, what = (
                    (empty.node.where, (*path, "key"), "is empty") if empty else (node.where, path, "has no key")
                )
                yield Finding(where, at, what, "a key, or `operator: Exists` for every taint")
        yield from _taint(view, path, exists=exists)
        yield from _toleration_seconds(view, path)


def _taint(view: View, path: DataPath, *, exists: bool) -> Iterator[Finding]:
    key = view.scalar(*path, "key")
    if key and key.text:
        yield from _label_key(key, (*path, "key"))
    value = view.scalar(*path, "value")
    if value and not exists and not kubernetes.is_label_value(value.text):
        message = f"{quoted(value.text)} cannot be the value of a taint"
        yield Finding(value.where, (*path, "value"), message, kubernetes.LABEL_PART_EXPECTED)


def _has_key(entries: AnyMapping[str, Entry]) -> bool:
    """Whether a toleration has a key: an empty one is none."""
    return "key" in entries and not (isinstance(key := entries["key"].node, Scalar) and key.value == "")


def _label_key(key: Node | None, path: DataPath) -> Iterator[Finding]:
    if isinstance(key, Scalar) and not kubernetes.is_qualified_name(key.text):
        message = f"{quoted(key.text)} cannot be such a key in Kubernetes"
        yield Finding(key.where, path, message, kubernetes.QUALIFIED_EXPECTED)


def _toleration_seconds(view: View, path: DataPath) -> Iterator[Finding]:
    effect = view.scalar(*path, "effect")
    seconds = view.scalar(*path, "tolerationSeconds")
    if view.is_blocked(*path, "effect"):
        return  # it may have been meant as NoExecute
    if seconds and (effect is None or effect.text != "NoExecute"):
        message = f"{shortened(seconds.text)} has a meaning only beside `effect: NoExecute`"
        yield Finding(seconds.where, (*path, "tolerationSeconds"), message)


def pod_spread(view: View) -> Iterator[Finding]:
    """A constraint on the spread names labels, is said once, and asks only for what goes together."""
    seen: set[tuple[str, str]] = set()
    for index, node in view.items(*SPREAD):
        path: DataPath = (*SPREAD, index)
        yield from _label_key(view.scalar(*path, "topologyKey"), (*path, "topologyKey"))
        for number, key in view.items(*path, "matchLabelKeys"):
            yield from _label_key(key, (*path, "matchLabelKeys", number))
        yield from _needed_beside(view, path)
        place, unsatisfiable = view.scalar(*path, "topologyKey"), view.scalar(*path, "whenUnsatisfiable")
        if place and unsatisfiable:
            if (place.text, unsatisfiable.text) in seen:
                message = f"says {quoted(place.text)} with {unsatisfiable.text} a second time"
                yield Finding(node.where, path, message, "each key once with each of the two")
            seen.add((place.text, unsatisfiable.text))


def _needed_beside(view: View, path: DataPath) -> Iterator[Finding]:
    unsatisfiable, fewest = view.scalar(*path, "whenUnsatisfiable"), view.scalar(*path, "minDomains")
    if fewest and unsatisfiable and unsatisfiable.text != "DoNotSchedule":
        message = "has a meaning only beside `whenUnsatisfiable: DoNotSchedule`"
        yield Finding(fewest.where, (*path, "minDomains"), message)
    keys = view.node(*path, "matchLabelKeys")
    without = view.node(*path, "labelSelector") is None and not view.is_blocked(*path, "labelSelector")
    if isinstance(keys, Listing) and keys.items and without:
        yield Finding(keys.where, (*path, "matchLabelKeys"), "has a meaning only beside `labelSelector`")
