"""Locking what chartgen's own tables do not have; the package index is asked."""

from __future__ import annotations

import json
import os
import pickle
import re
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import sklearn
from sklearn.linear_model import LogisticRegression

from chartgen.errors import LockError
from chartgen.inspect.facts import Library, ModelFacts
from chartgen.pins.lockfile import read_lock
from chartgen.pins.locking import _wanted, lock
from chartgen.pins.uv import Index, _installs, compile_for
from tests.helpers import chartgen, service_file

if TYPE_CHECKING:
    from pathlib import Path

NO_INDEX = Index(url="http://127.0.0.1:1/simple")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A service whose model says that it was written by a scikit-learn that chartgen has no versions for."""
    content = pickle.dumps(LogisticRegression().fit([[0.0, 1.0], [1.0, 0.0]], [0, 1]), protocol=4)
    assert len(sklearn.__version__) == len("1.4.2")
    (tmp_path / "old.pkl").write_bytes(content.replace(sklearn.__version__.encode(), b"1.4.2"))
    service_file(tmp_path, model="old.pkl", sample=[0.0, 1.0])
    return tmp_path


def test_a_model_of_an_unknown_version_is_locked_and_then_rendered(old: Path) -> None:
    before = chartgen("validate", cwd=old)
    assert before.returncode == 3
    assert "chartgen lock" in before.stderr
    done = chartgen("lock", cwd=old)
    assert (done.returncode, done.stdout) == (0, "requirements.lock\n"), done.stderr
    locked = {one.name: one for one in read_lock(old / "requirements.lock")}
    assert locked["scikit-learn"].version == "1.4.2"
    assert {"numpy", "fastapi", "uvicorn", "uvloop", "scipy"} <= set(locked)
    assert len(locked["scikit-learn"].hashes) == 2, "one wheel for each machine"
    assert len(locked["fastapi"].hashes) == 1, "one wheel for all"
    assert not any(one.marker for one in locked.values())
    again = (old / "requirements.lock").read_bytes()
    assert chartgen("lock", cwd=old).returncode == 0
    assert (old / "requirements.lock").read_bytes() == again
    assert "scikit-learn 1.4.2" in chartgen("validate", cwd=old).stderr
    if sys.version_info[:2] == (3, 11):
        pip = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--require-hashes", "--quiet"]
        installing = subprocess.run([*pip, "--only-binary=:all:", "-r", old / "requirements.lock"], check=False)
        assert installing.returncode == 0, "pip accepts the hashes, and nothing is missing"


def test_a_lock_names_the_command_that_makes_it_again_and_what_a_new_one_drops(old: Path) -> None:
    (old / "service.yaml").rename(old / "my service.yaml")
    argv = ["lock", "-f", old / "my service.yaml"]
    done = chartgen(*argv, "--package", "tomli<2.1", "--machine", "amd64", cwd=old.parent)
    assert done.returncode == 0, done.stderr
    first = (old / "requirements.lock").read_text()
    line = "# Written by `chartgen lock -f 'my service.yaml' --package 'tomli<2.1' --machine amd64`, for Python 3.11"
    assert first.startswith(line)
    again = shlex.split(re.search(r"`chartgen (.*)`", first)[1])  # type: ignore[index]
    assert "before" not in chartgen(*again, cwd=old).stderr
    assert (old / "requirements.lock").read_text() == first
    dropping = chartgen(*argv, cwd=old)
    assert "warning: tomli<2.1 was asked for before, and is not now: --package 'tomli<2.1' keeps it" in dropping.stderr
    assert not any(one.name == "tomli" for one in read_lock(old / "requirements.lock"))

    said = chartgen("validate", "-f", "my service.yaml", cwd=old)
    assert "the libraries are those of requirements.lock" in said.stderr
    document = json.loads(chartgen("validate", "-f", "my service.yaml", "-o", "json", cwd=old).stdout)
    assert document["lock"] == "requirements.lock"
    lacking = re.sub(r"^fastapi==(.|\n(?! *\w+==))*\n", "", (old / "requirements.lock").read_text(), flags=re.MULTILINE)
    (old / "requirements.lock").write_text(lacking)
    refused = chartgen("validate", "-f", "my service.yaml", cwd=old).stderr
    assert refused.startswith(f"error: {old / 'requirements.lock'}: the lock file lacks fastapi")
    assert "`chartgen lock`" in refused


def test_a_package_is_added_and_a_version_replaced(old: Path) -> None:
    done = chartgen("lock", "--package", "tomli==2.0.1", "--package", "scikit-learn==1.5.2", "-q", cwd=old)
    assert done.returncode == 0, done.stderr
    versions = {one.name: one.version for one in read_lock(old / "requirements.lock")}
    assert (versions["tomli"], versions["scikit-learn"]) == ("2.0.1", "1.5.2")


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--package", "scikit-learn==1.4.99"], ["scikit-learn==1.4.99", "Python 3.11 on linux/amd64"]),
        (["--package", "no-such-package-of-chartgen"], ["no-such-package-of-chartgen", "not found"]),
        (["--package", "scikit-learn==0.19.2"], ["scikit-learn==0.19.2", "Python 3.11", "wheel"]),
        (["--package", "-r evil.txt"], ["not a requirement"]),
        (["--index-url", "http://name:word@127.0.0.1:1/simple"], ["index could not be asked", "--index-url"]),
    ],
)
def test_what_cannot_be_locked_is_named_and_nothing_is_written(old: Path, argv: list[str], said: list[str]) -> None:
    done = chartgen("lock", *argv, cwd=old, env=os.environ | {"UV_HTTP_RETRIES": "0"})
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "name:word" not in done.stderr
    for each in said:
        assert each in done.stderr
    assert not (old / "requirements.lock").exists()


def test_a_lock_file_of_somebody_else_is_kept_unless_forced(old: Path) -> None:
    (old / "requirements.lock").write_text("# mine\n")
    done = chartgen("lock", cwd=old)
    assert done.returncode == 4
    assert "--force" in done.stderr
    assert (old / "requirements.lock").read_text() == "# mine\n"


def test_without_uv_the_way_to_it_is_named(old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from chartgen.errors import ProgramMissingError

    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(ProgramMissingError, match="uv") as error:
        compile_for("amd64", ["numpy"], {}, python="3.11", index=NO_INDEX)
    assert error.value.hint
    assert "chartgen[lock]" in error.value.hint


def test_standard_input_has_no_folder_for_the_lock(old: Path) -> None:
    assert chartgen("lock", "-f", "-", input=(old / "service.yaml").read_text(), cwd=old).returncode == 2


def test_one_version_for_all_machines_and_a_marker_for_what_only_one_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = ModelFacts("pickle", 1, "0" * 64, libraries=(Library("my_own_module"),))
    locked = lock(facts, "fastapi", python="3.11", more=["tomli; platform_machine == 'x86_64'"])
    assert "tomli==" in locked.text
    assert "; platform_machine == 'x86_64' \\" in locked.text
    assert locked.warnings == ("the model imports `my_own_module`: add its package with --package, if it needs one",)


def test_a_library_without_a_wheel_for_one_machine_is_refused_for_that_machine_only(tmp_path: Path) -> None:
    facts = ModelFacts("pickle", 1, "0" * 64)
    amd64_only = ["intel-openmp==2021.4.0"]
    with pytest.raises(LockError, match="arm64") as error:
        lock(facts, "fastapi", python="3.11", more=amd64_only)
    assert "intel-openmp" in str(error.value)
    assert "intel-openmp==2021.4.0" in lock(facts, "fastapi", python="3.11", more=amd64_only, machines=["amd64"]).text


def test_torch_is_locked_to_the_build_for_cpus_that_chartgen_knows() -> None:
    facts = ModelFacts("torch", 1, "0" * 64, libraries=(Library("torch"),))
    text = lock(facts, "fastapi", python="3.11").text
    assert "torch==2.13.0" in text
    assert "6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b" in text
    assert "sympy==" in text
    assert "nvidia" not in text


@pytest.mark.parametrize(
    ("wheel", "installs"),
    [
        ("a-1-py3-none-any.whl", True),
        ("a-1-py2.py3-none-any.whl", True),
        ("a-1-py2-none-any.whl", False),
        ("a-1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", True),
        ("a-1-cp311-cp311-manylinux_2_36_x86_64.whl", True),
        ("a-1-cp311-cp311-manylinux_2_39_x86_64.whl", False),
        ("a-1-cp311-cp311-manylinux_2_28_aarch64.whl", False),
        ("a-1-cp311-cp311-musllinux_1_2_x86_64.whl", False),
        ("a-1-cp312-cp312-manylinux2014_x86_64.whl", False),
        ("a-1-cp39-abi3-manylinux2014_x86_64.whl", True),
        ("a-1-cp312-abi3-manylinux2014_x86_64.whl", False),
        ("a-1-py3-none-manylinux1_x86_64.whl", True),
        ("a-1-py3-none-win_amd64.whl", False),
        ("a-1-2-cp311-cp311-linux_x86_64.whl", True),
        ("a-1.tar.gz", False),
    ],
)
def test_which_wheels_install_in_the_pod(wheel: str, installs: bool) -> None:
    assert _installs(wheel, "x86_64", "3.11") == installs


def test_xgboost_is_locked_as_its_build_without_the_code_for_gpus() -> None:
    facts = ModelFacts("pickle", 10, "0" * 64, libraries=(Library("xgboost", "3.0.2"),))
    assert "xgboost-cpu==3.0.2" in _wanted(facts, [], [], gpu=False)[0]
    for named in ("xgboost==3.0.2", "xgboost-cpu==3.0.5"):
        wanted, _ = _wanted(facts, [], [named], gpu=False)
        assert [each for each in wanted if each.startswith("xgboost")] == [named]
