"""The console sessions of the documents that need a cluster, on one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.cluster_fixtures import Namespace, kubeconfig, mirror, restricted_namespace
from tests.documents import DOCUMENTS, Reader, needs_cluster, reader_environment, sessions
from tests.helpers import ROOT

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["kubeconfig", "restricted_namespace"]  # fixtures are found by their name here

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]  # a whole document, one command after the other
WITH_CLUSTER = [path for path in DOCUMENTS if any(map(needs_cluster, sessions(path)))]


@pytest.mark.parametrize("document", WITH_CLUSTER, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_sessions_with_a_cluster_print_what_is_shown(
    document: Path, tmp_path: Path, helm4: Path, restricted_namespace: Namespace
) -> None:
    # The values come by the environment, so that the commands stay as they are written.
    values = " ".join(mirror(restricted_namespace))
    names = [f"CHARTGEN_{verb}_SET_VALUES" for verb in ("INSTALL", "UPGRADE", "TEMPLATE")]
    variables = dict.fromkeys(names, values) if values else {}
    environment = reader_environment(tmp_path, helm4, KUBECONFIG=os.environ["KUBECONFIG"], **variables)
    Reader(tmp_path / "reader", environment, restricted_namespace.name).follow(document, cluster=True)
