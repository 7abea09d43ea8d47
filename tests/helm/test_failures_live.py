"""The real helms are made to fail on a real cluster; `CHARTGEN_RECORD=1` writes down anew what they say."""

from __future__ import annotations

import inspect
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from chartgen.errors import HelmError
from tests.cluster_fixtures import delete_namespace, make_namespace
from tests.helm import failing
from tests.helm.expected import EXPECTED, LEAVES_NOTHING, NO_FAILURE_ON_3

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster_fixtures import Namespace

pytestmark = pytest.mark.cluster

WAYS = {
    name: function
    for name, function in inspect.getmembers(failing, inspect.isfunction)
    if function.__module__ == failing.__name__
}


def test_every_way_to_fail_is_expected() -> None:
    assert set(WAYS) == set(EXPECTED)


@pytest.fixture(scope="module")
def shared_namespace(kubeconfig: Path) -> Iterator[Namespace]:
    made = make_namespace()
    yield made
    delete_namespace(made)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_failure_has_its_error(
    helm: Path, name: str, kubeconfig: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    namespace = request.getfixturevalue("shared_namespace" if name in LEAVES_NOTHING else "namespace")
    world = failing.World(helm, namespace, kubeconfig, tmp_path)
    if name in NO_FAILURE_ON_3 and world.client().version.major == 3:
        WAYS[name](world)
        return
    expected, words = EXPECTED[name]
    with pytest.raises(HelmError) as caught:
        WAYS[name](world)
    if os.environ.get("CHARTGEN_RECORD"):
        text = caught.value.stderr.replace(str(tmp_path), "/work").replace(namespace.name, "models")
        path = Path(__file__).parent / "stderr" / f"{name}.helm{world.client().version.major}.txt"
        path.write_text(text)
    assert type(caught.value) is expected, caught.value.stderr
    assert words in str(caught.value)
