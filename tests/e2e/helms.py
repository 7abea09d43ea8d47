"""One of both helms in the cluster's tier, the other in the long form: for tests that take minutes of pods.

What differs between the two is tried with both by `tests/helm`, whose releases need no pods.
"""

from __future__ import annotations

import pytest

with_helm_3 = pytest.mark.parametrize(
    "helm", [pytest.param(3, id="helm3"), pytest.param(4, id="helm4", marks=pytest.mark.full)], indirect=True
)
with_helm_4 = pytest.mark.parametrize(
    "helm", [pytest.param(4, id="helm4"), pytest.param(3, id="helm3", marks=pytest.mark.full)], indirect=True
)
