"""A serving runtime of the user's own: `--runtimes DIR`."""

from __future__ import annotations

import shutil
from pathlib import Path

import httpx
import pytest
import yaml

from tests.helpers import EXAMPLES, chartgen
from tests.runtime.models import iris, pickled
from tests.runtime.serving import serving

EXAMPLE = EXAMPLES / "own-runtime"
RUNTIME = Path("runtimes") / "scores"


@pytest.fixture
def service(tmp_path):
    """The example in a folder of its own."""
    shutil.copytree(EXAMPLE, tmp_path / "service")
    shutil.copytree(EXAMPLES / "iris-sklearn", tmp_path / "iris-sklearn")
    return tmp_path / "service"


def said(service: Path, *argv: str) -> str:
    done = chartgen("validate", "--runtimes", "runtimes", *argv, cwd=service)
    assert done.returncode not in {0, 2}
    assert "Traceback" not in done.stderr
    return done.stderr


def change(service: Path, **members: object) -> None:
    path = service / RUNTIME / "runtime.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **members}))


def test_a_chart_holds_the_users_adapter_and_what_its_description_says(service: Path) -> None:
    done = chartgen("render", "--runtimes", "runtimes", "--output-dir", "out", cwd=service)
    assert done.returncode == 0, done.stderr
    chart = service / "out" / "iris-scores"
    runtime = service / RUNTIME
    assert (chart / "files" / "runtime" / "adapter.py").read_text() == (runtime / "adapter.py").read_text()
    assert "containerPort: 9000" in (chart / "templates" / "deployment.yaml").read_text()
    assert yaml.safe_load((chart / "values.yaml").read_text())["service"]["port"] == 9000
    (runtime / "adapter.py").write_text("# changed\n")
    chartgen("render", "--runtimes", "runtimes", "--output-dir", "out", cwd=service)
    assert (chart / "files" / "runtime" / "adapter.py").read_text() == "# changed\n"


def test_its_server_answers_what_it_adds_and_what_every_runtime_answers(tmp_path: Path) -> None:
    with serving(tmp_path) as start:
        adapter = EXAMPLE / RUNTIME / "adapter.py"
        model = pickled(tmp_path, iris())
        server = start(model, "pickle", adapter=adapter, CHARTGEN_MODEL_METHOD="predict_proba")
        server.wait_ready()
        row = [5.1, 3.5, 1.4, 0.2]
        scores = server.post({"input": row}).json()["output"]
        best = httpx.post(f"{server.url}/score", json={"features": row}).json()
        assert best == {"class": scores.index(max(scores)), "score": max(scores)}
        for body, status, code in (({"features": [1]}, 422, "shape"), ({}, 422, "missing_key")):
            refused = httpx.post(f"{server.url}/score", json=body)
            assert (refused.status_code, refused.json()["error"]["code"]) == (status, code)
        assert httpx.post(f"{server.url}/score", json={"features": [row, row]}).json()["error"]["code"] == "shape"
        for body in (b"{", b"[" * 100_000, b'{"features": "\xff"}'):
            assert httpx.post(f"{server.url}/score", content=body).json()["error"]["code"] == "not_json"
        long = b'{"features": [%s, 1, 1, 1]}' % (b"9" * 5000)
        assert httpx.post(f"{server.url}/score", content=long).status_code == 422
        assert server.get("/score").status_code == 405
        server.process.terminate()
        assert server.wait_exit(10) == 0


def test_the_runtimes_name_is_known_only_with_its_folder(service: Path) -> None:
    done = chartgen("validate", cwd=service)
    assert done.returncode == 3
    assert '"scores" is not one of the values' in done.stderr
    assert "`--runtimes DIR`" in done.stderr, "it says how one of the user's own is given"
    assert "`scores`" in said(service, "--set", "runtime=score"), "what it can have includes the user's own"


@pytest.mark.parametrize(
    ("folder", "cause"), [("nowhere", "cannot be read"), ("empty", "holds no runtime"), ("service.yaml", "")]
)
def test_a_folder_without_runtimes_is_refused(service: Path, folder: str, cause: str) -> None:
    (service / "empty").mkdir()
    done = chartgen("validate", "--runtimes", folder, cwd=service)
    assert done.returncode != 0
    assert cause in done.stderr
    assert folder in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("name", "cause"), [("fastapi", "chartgen's own"), ("Scores", "cannot be a runtime's name")])
def test_a_name_that_cannot_be_the_users_is_refused(service: Path, name: str, cause: str) -> None:
    (service / RUNTIME).rename(service / "runtimes" / name)
    assert cause in said(service)


@pytest.mark.parametrize(
    ("members", "cause"),
    [
        ({"command": ["python", "{{ .Values.image }}"]}, "command.1"),
        ({"command": ["python", "a b"]}, "command.1"),
        ({"command": ["yes"]}, "command.0"),
        ({"command": ["-"]}, "command.0"),
        ({"command": ["python", "x\n"]}, "command.1"),
        ({"title": "{{ fail }}"}, "title"),
        ({"port": 80}, "port"),
        ({"port": "9000"}, "port"),
        ({"probes": {"startup": "/{{ x }}", "readiness": "/", "liveness": "/"}}, "probes.startup"),
        ({"image": {"repository": "python", "tag": "latest"}}, "image.tag"),
        ({"requirements": ["-r x"]}, "requirements.0"),
        ({"name": "other"}, "the folder's is scores"),
        ({"more": 1}, "more"),
    ],
)
def test_a_description_that_breaks_its_schema_is_refused_at_its_place(
    service: Path, members: dict[str, object], cause: str
) -> None:
    change(service, **members)
    message = said(service)
    assert cause in message
    assert "runtime.yaml" in message


@pytest.mark.parametrize("text", ["", "[]", "a: [", "\x00", "a: 1\n" * 40_000])
def test_a_description_that_is_none_is_refused(service: Path, text: str) -> None:
    (service / RUNTIME / "runtime.yaml").write_text(text)
    assert "runtime.yaml" in said(service)


def test_a_runtime_without_an_adapter_is_refused(service: Path) -> None:
    (service / RUNTIME / "adapter.py").unlink()
    assert "no adapter.py" in said(service)


def test_without_a_lock_file_the_way_to_one_is_named(service: Path) -> None:
    (service / "requirements.lock").unlink()
    message = said(service)
    assert "chartgen has no versions for the runtime scores" in message
    assert "chartgen lock" in message
