"""`runtime.requirements`: what a handler needs besides is pinned, locked with the rest, and in the pod."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chartgen.chart.build import build
from chartgen.errors import SchemaError, ServiceFileError
from chartgen.service.load import load
from tests.helpers import chartgen, service_file

if TYPE_CHECKING:
    from pathlib import Path

HANDLER = "import dateutil\n\n\ndef postprocess(value):\n    return [dateutil.__version__, value]\n"
WANTED = "python-dateutil==2.9.0"


def told(folder: Path, requirements: Any) -> list[str]:
    with pytest.raises(SchemaError) as raised:
        load([service_file(folder, runtime={"requirements": requirements})])
    return [f"{each.path}: {each.message}" for each in raised.value.violations]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("pillow", "is not pinned to one version"),
        ("pillow>=11", "is not pinned to one version"),
        ("pillow==11.*", "is not pinned to one version"),
        ("pillow==11; python_version > '3'", "is not pinned to one version"),
        ("--index-url=https://pypi.example.com", "is an option of pip"),
    ],
)
def test_a_requirement_that_is_not_pinned_is_refused_at_its_place(tmp_path: Path, text: str, problem: str) -> None:
    [message] = told(tmp_path, ["numpy==2.4.6", text])
    assert message.startswith("runtime.requirements[1]: ")
    assert problem in message


def test_a_package_that_is_asked_for_twice_is_refused(tmp_path: Path) -> None:
    [message] = told(tmp_path, ["python-dateutil==2.9.0", "Python_Dateutil==2.8.2"])
    assert message == 'runtime.requirements[1]: "Python_Dateutil==2.8.2" is there twice'


def test_a_file_is_judged_line_by_line_and_must_be_there(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text(f"# for the handler\n{WANTED}  # dates\n\npillow\n")
    [message] = told(tmp_path, "requirements.txt")
    assert message.endswith('requirements.txt:4 "pillow" is not pinned to one version')
    [message] = told(tmp_path, "nothing.txt")
    assert "there is no file" in message


def test_an_address_with_a_password_is_not_repeated(tmp_path: Path) -> None:
    [message] = told(tmp_path, ["x @ https://me:secret@example.com/x.whl"])
    assert "secret" not in message


def test_what_is_not_locked_is_refused_with_the_command_that_locks_it(tmp_path: Path) -> None:
    spec = load([service_file(tmp_path, runtime={"requirements": [WANTED]})])
    with pytest.raises(ServiceFileError, match=r"python-dateutil 2\.9\.0 is missing") as raised:
        build(spec)
    assert raised.value.hint
    assert "`chartgen lock`" in raised.value.hint


def test_what_the_pod_has_in_another_version_is_refused(tmp_path: Path) -> None:
    built = build(load([service_file(tmp_path)]))
    numpy = built.requirements.versions["numpy"]
    assert build(load([service_file(tmp_path, runtime={"requirements": [f"numpy=={numpy}"]})]))
    with pytest.raises(ServiceFileError, match=rf"numpy is {numpy} and not 1\.0"):
        build(load([service_file(tmp_path, runtime={"requirements": ["numpy==1.0"]})]))


@pytest.mark.parametrize("runtime", ["fastapi", "bentoml"])
def test_a_handler_gets_what_was_locked_for_it(tmp_path: Path, runtime: str) -> None:
    (tmp_path / "handler.py").write_text(HANDLER)
    (tmp_path / "requirements.txt").write_text(f"{WANTED}\n")
    keys = {"name": runtime, "handler": "handler.py", "requirements": "requirements.txt"}
    file = service_file(tmp_path, runtime=keys, sample={"input": [0.5] * 64})
    locked = chartgen("lock", "-f", file)
    assert locked.returncode == 0, locked.stderr
    assert f"\n{WANTED}" in (tmp_path / "requirements.lock").read_text()
    done = chartgen("run", "-f", file, "--port", 0, "--sample")
    assert done.returncode == 0, done.stderr
    assert '{"output": ["2.9.0' in done.stdout
