"""The wheel holds all that chartgen needs, and works where nothing else is."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.helpers import ONNX_MODEL, ROOT, run, service_file

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir"]
    run(*build, folder, ROOT)
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_the_templates_the_schemas_and_the_pins(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("chart_templates", "schemas"):
        wanted = {
            f"chartgen/_data/{path.relative_to(ROOT).as_posix()}"
            for path in (ROOT / folder).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        assert wanted <= names
    assert "chartgen/py.typed" in names
    data = {path.relative_to(ROOT).as_posix() for path in (ROOT / "chartgen").rglob("*.yaml")}
    assert data <= names
    assert not [name for name in names if name.startswith("tests") or "__pycache__" in name]


def test_the_wheel_is_the_same_when_it_is_built_again(wheel: Path, tmp_path: Path) -> None:
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir"]
    run(*build, tmp_path, ROOT)
    assert (tmp_path / wheel.name).read_bytes() == wheel.read_bytes()


def test_an_installed_wheel_renders_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    run(sys.executable, "-m", "venv", tmp_path / "venv")
    python = tmp_path / "venv" / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel)
    installed = run(python, "-m", "pip", "list", "--format=freeze", "--disable-pip-version-check")
    names = {line.split("==")[0].lower() for line in installed.split()}
    core = {"chartgen", "click", "jinja2", "jsonschema", "pyyaml"}
    needed_by_them = {"attrs", "jsonschema-specifications", "markupsafe", "referencing", "rpds-py", "typing_extensions"}
    assert core <= names
    assert names - core - needed_by_them <= {"pip", "setuptools"}
    file = service_file(tmp_path / "service", model=str(ONNX_MODEL))
    # Far from the checkout, so that nothing of it can be found by accident.
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    command = [str(python), "-m", "chartgen", "render", "-f", str(file), "--output-dir", str(tmp_path / "out")]
    done = subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "digits" / "templates" / "deployment.yaml").is_file()
