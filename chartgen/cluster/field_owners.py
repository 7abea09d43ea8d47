"""Which programs have set a field of an object, as the API server keeps it.

https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

HELM = "helm"


def scaled_by(managed: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    """The programs beside Helm that hold `spec.replicas`.

    Args:
        managed: The `managedFields` of a Deployment's metadata.

    Returns:
        Their names in order; none where Helm applies on its own side, since it then overwrites whatever is there.
    """
    if not any(entry.get("manager") == HELM and entry.get("operation") == "Apply" for entry in managed):
        return ()
    holders = {
        str(entry.get("manager"))
        for entry in managed
        if "f:replicas" in ((entry.get("fieldsV1") or {}).get("f:spec") or {})
    }
    return tuple(sorted(holders - {HELM}))
