"""Values that an upgrade keeps: told, and named where they are what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chartgen.lifecycle.kept import in_force
from tests.helpers import chartgen, service_file

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tests.cluster_fixtures import Namespace


@pytest.mark.parametrize(
    ("kept", "anew", "keys"),
    [
        ({}, {"a": 1}, []),
        ({"b": 1, "a": {"x": 1, "y": [1]}}, {}, ["a.x", "a.y", "b"]),
        ({"a": {"x": 1, "y": 2}}, {"a": {"x": 3}}, ["a.y"]),
        ({"a": {"x": 1}}, {"a": None}, []),
        ({"a": {"x": 1}}, {"a": 5}, []),
        ({"a": 1}, {"a": {"x": 5}}, []),
        ({"a": {"x": None}}, {}, ["a.x"]),
        ({"n": {"example.com/gpu": "yes"}, "e": {}}, {}, [r"n.example\.com/gpu"]),
    ],
)
def test_what_is_kept_is_what_nothing_sets_anew(kept: dict[str, Any], anew: dict[str, Any], keys: list[str]) -> None:
    assert in_force(kept, anew) == keys


@pytest.mark.cluster
def test_kept_values_are_told_and_named_where_the_chart_no_longer_has_them(
    helm: Path, namespace: Namespace, tmp_path: Path
) -> None:
    def run(verb: str, file: Path, *argv: str) -> subprocess.CompletedProcess[str]:
        where = ["--namespace", namespace.name, "--helm", helm]
        return chartgen(verb, "-f", file, "--no-wait", *where, *argv)

    hpa = {"enabled": False, "minReplicas": 2, "maxReplicas": 4}
    file = service_file(tmp_path, cpu="50m", memory="128Mi", hpa=hpa)
    # No pod is needed for this: they could not even be scheduled.
    first = run("deploy", file, "--set-values-string", "nodeSelector.none=here")
    assert (first.returncode, "Values set before" in first.stderr) == (0, False), first.stderr
    assert run("upgrade", file, "--set-values", "autoscaling.enabled=true").returncode == 0
    told = run("deploy", file, "--set-values", "nodeSelector.none=there")
    line = "Values set before stay in force: autoscaling.enabled; --reset-values forgets them\n"
    assert line in told.stderr
    quiet = run("upgrade", file, "--quiet")
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", ""), "neither the line nor the chart's notes"

    without = service_file(tmp_path / "other", cpu="50m", memory="128Mi", version="0.2.0")
    for dry in ([], ["--dry-run"]):
        refused = run("upgrade", without, *dry)
        assert refused.returncode == 4
        error = refused.stderr.partition("error: ")[2]
        assert "'autoscaling' not allowed" in error
        assert "autoscaling.enabled was set on the release before" in error
        assert "hint: --reset-values forgets" in error
        assert "nodeSelector" not in error
    reset = run("upgrade", without, "--reset-values", "--set-values-string", "nodeSelector.none=here")
    assert (reset.returncode, "Values set before" in reset.stderr) == (0, False), reset.stderr
