"""Whether an onnxruntime can load an ONNX model: its format, its operator sets, its operators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chartgen.errors import ModelUnsupportedError
from chartgen.pins.lockfile import LOCK_HINT
from chartgen.pins.tables import onnx_limits, onnx_operators

if TYPE_CHECKING:
    from chartgen.inspect.facts import ModelFacts

_DEFAULT_DOMAIN = "ai.onnx"
_SHOWN = 5
# Of a domain that the file does not name, onnxruntime takes its newest operator set.
_NEWEST = 1 << 31


def check_onnx(facts: ModelFacts, version: str | None) -> None:
    """Refuses an ONNX model that the onnxruntime that would load it cannot load.

    Args:
        facts: What the model file says of itself.
        version: The version of onnxruntime; None when the pod has none. Of one that is not in the tables nothing is
            known, and nothing refused.

    Raises:
        ModelUnsupportedError: The model is newer; the message names both numbers. Or it uses an operator that is not
            there, which the message names.
    """
    limits = onnx_limits(version) if version else None
    if limits is None or version is None:
        return
    newest_ir, newest_opsets = limits
    ir = facts.details.get("IR version", "")
    hint = f"export the model for an older operator set, or {LOCK_HINT}"
    if ir.isdecimal() and int(ir) > newest_ir:
        raise ModelUnsupportedError(
            f"the model has the ONNX IR version {ir}, and onnxruntime {version} loads up to {newest_ir}", hint=hint
        )
    for domain, opset in facts.opsets.items():
        if opset > newest_opsets.get(domain, opset):
            raise ModelUnsupportedError(
                f"the model needs the operator set {opset} of {domain}, and onnxruntime {version} has up to "
                f"{newest_opsets[domain]}",
                hint=hint,
            )
    _check_operators(facts, version)


def _check_operators(facts: ModelFacts, version: str) -> None:
    table = onnx_operators(version)
    domains = {domain for domain, _ in table}
    faults = []
    for domain, name in facts.operators:
        opset = facts.opsets.get(domain or _DEFAULT_DOMAIN, _NEWEST)
        if domain not in domains and not domain.startswith(_DEFAULT_DOMAIN):
            continue
        since, until = table.get((domain, name), (None, None))
        if since is None:
            faults.append(f"{name!r}, which there is not")
        elif opset < since:
            faults.append(f"{name!r}, which comes with the operator set {since}")
        elif until is not None and opset >= until:
            faults.append(f"{name!r}, which the operator set {until} took away")
    if faults:
        sets = ", ".join(f"{domain} {opset}" for domain, opset in facts.opsets.items())
        shown = "; ".join(faults[:_SHOWN]) + (f"; and {len(faults) - _SHOWN} more" if len(faults) > _SHOWN else "")
        raise ModelUnsupportedError(
            f"onnxruntime {version} cannot load the model, which names the operator sets {sets} and uses {shown}",
            hint="export the model again, for the operator set that its operators are of",
        )
