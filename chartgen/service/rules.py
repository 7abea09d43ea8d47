"""The rules that a JSON Schema cannot say: across fields, about files, and where a pattern would not tell the reason.

Every rule looks at what the schema left standing and yields what is wrong; `check` runs them all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chartgen.service import kubernetes, quantity
from chartgen.service.finding import Finding
from chartgen.service.node import DataPath, Mapping, Scalar, key_position
from chartgen.service.rules_exposure import ingress_class, ingress_host, scaling
from chartgen.service.rules_files import handler, model_file, own_requirements
from chartgen.service.rules_metadata import object_annotations, pod_labels
from chartgen.service.rules_packages import image, packages
from chartgen.service.rules_scheduling import pod_spread, pod_tolerations
from chartgen.service.rules_text import carried, no_nul
from chartgen.service.words import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from decimal import Decimal

    from chartgen.service.view import View

# The runtime's own settings.
RESERVED_PREFIX = "CHARTGEN_"
RESERVED_VARIABLES = {"PYTHONPATH"}
# Linux hands a process no longer string, `NAME=value` and the closing NUL together.
MAX_VARIABLE_BYTES = 128 * 1024


def check(view: View) -> list[Finding]:
    """Everything in which the document breaks a rule.

    Args:
        view: The document, without what the schema found wrong.
    """
    findings = [finding for rule in RULES for finding in rule(view)]
    told = {finding.path for finding in findings}
    # Where a narrower rule refuses the text, that one says what is allowed.
    return findings + [finding for rule in (no_nul, carried) for finding in rule(view) if finding.path not in told]


def resources(view: View) -> Iterator[Finding]:
    """Requests and limits are quantities, and no request is above its limit."""
    for resource in ("cpu", "memory"):
        request = view.short_or_long(resource, "request")
        limit = view.short_or_long(resource, "limit") if isinstance(view.node(resource), Mapping) else None
        values: list[Decimal] = []
        for path, scalar in filter(None, (request, limit)):
            try:
                values.append(quantity.check(resource, scalar.text))
            except quantity.QuantityError as error:
                message = f"{quoted(scalar.text)} {error}"
                yield Finding(scalar.where, path, message, quantity.EXPECTED[resource], error.hint)
        if request and limit and len(values) == 2 and values[0] > values[1]:  # noqa: PLR2004 - both of them
            message = f"the request {request[1].text} is above the limit {limit[1].text}"
            yield Finding(request[1].where, request[0], message, f"at most {limit[1].text}")


def variables(view: View) -> Iterator[Finding]:
    """Environment variables have names that a process can have, and none of the runtime's own."""
    for name, node in view.entries("env"):
        where, path = key_position(view.document, ("env", name)), ("env", name)
        if not name or "=" in name or not (name.isascii() and name.isprintable()):
            yield Finding(where, path, "cannot name an environment variable", "printable ASCII characters without `=`")
        elif name.startswith(RESERVED_PREFIX) or name in RESERVED_VARIABLES:
            yield Finding(where, path, "belongs to the runtime's own settings", hint="take another name")
        if isinstance(node, Scalar) and len(f"{name}={node.text}\0".encode()) > MAX_VARIABLE_BYTES:
            message = f"the value is {len(node.text.encode()):,} bytes long"
            expected = f"at most {MAX_VARIABLE_BYTES:,} bytes, the name included, which is what Linux hands a process"
            yield Finding(node.where, path, message, expected)
        yield from _reference(view, path)


def _reference(view: View, path: DataPath) -> Iterator[Finding]:
    for kind in ("secretKeyRef", "configMapKeyRef"):
        yield from _named(view, (*path, kind, "name"))
        key = view.scalar(*path, kind, "key")
        if key and not kubernetes.is_data_key(key.text):
            message = f"{quoted(key.text)} cannot be a key of such an object"
            yield Finding(key.where, (*path, kind, "key"), message, kubernetes.DATA_KEY_EXPECTED)


def empty_variables(view: View) -> Iterator[Finding]:
    """A variable with nothing behind it is not dropped in silence: it may have been meant as empty text."""
    env = view.node("env")
    for name, removed in env.removed.items() if isinstance(env, Mapping) else ():
        if not removed.took and not removed.text:
            hint = f'write {name}: "" for empty text, or {name}: null to take it away'
            yield Finding(removed.key, ("env", name), "has no value", "text", hint)


def _named(view: View, path: DataPath) -> Iterator[Finding]:
    """A name of an object in the cluster."""
    name = view.scalar(*path)
    if name and not kubernetes.is_subdomain(name.text):
        message = f"{quoted(name.text)} cannot name an object in Kubernetes"
        yield Finding(name.where, path, message, kubernetes.SUBDOMAIN_EXPECTED)


def object_names(view: View) -> Iterator[Finding]:
    """Names of objects are names that Kubernetes takes."""
    for path in (
        ("runtime", "packages", "caConfigMap"),
        ("runtime", "packages", "pipConfigSecret"),
        ("pod", "priorityClassName"),
        ("pod", "runtimeClassName"),
        ("ingress", "className"),
        ("ingress", "tls", "secretName"),
    ):
        yield from _named(view, path)
    for index, _ in view.items("pod", "imagePullSecrets"):
        yield from _named(view, ("pod", "imagePullSecrets", index))


RULES: tuple[Callable[[View], Iterator[Finding]], ...] = (
    model_file,
    handler,
    own_requirements,
    image,
    packages,
    resources,
    variables,
    empty_variables,
    object_names,
    pod_labels,
    object_annotations,
    pod_tolerations,
    pod_spread,
    scaling,
    ingress_class,
    ingress_host,
)
