"""Wrong input of each kind: one clear message, the right exit code, no traceback, nothing left behind."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.helpers import ONNX_MODEL, chartgen, service_file, write_tree


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("true",)


def refused(tmp_path: Path, *argv: object, code: int, **options: object) -> str:
    """Run in `tmp_path`; the message is given back, and the folder must hold what it held before."""
    before = sorted(tmp_path.rglob("*"))
    done = chartgen(*argv, cwd=tmp_path, **options)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert sorted(tmp_path.rglob("*")) == before
    return done.stderr


VERBS = [["validate"], ["render"], ["package"], ["template"], ["run"], ["install"], ["upgrade"], ["deploy"], ["lint"],
         ["schema", "values"]]  # fmt: skip


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb[0])
def test_a_missing_service_file_is_named_by_every_verb_that_takes_one(tmp_path: Path, verb: list[str]) -> None:
    assert "service.yaml" in refused(tmp_path, *verb, code=3)


def test_a_folder_for_a_service_file(tmp_path: Path) -> None:
    assert "folder" in refused(tmp_path, "render", "-f", tmp_path, code=3)


def test_bad_yaml_is_shown_with_its_line_and_column(tmp_path: Path) -> None:
    write_tree(tmp_path, {"service.yaml": "name: a\nmodel: [\n"})
    assert "service.yaml:3:1" in refused(tmp_path, "render", code=3)


def test_all_mistakes_are_shown_at_once_with_a_suggestion(tmp_path: Path) -> None:
    service_file(tmp_path, replica=2, cpu="lots", version=1.5)
    message = refused(tmp_path, "render", code=3)
    assert message.count("error: ") == 3
    assert "did you mean `replicas`" in message


def test_mistakes_as_json(tmp_path: Path) -> None:
    service_file(tmp_path, replica=2)
    document = json.loads(refused(tmp_path, "validate", "-o", "json", code=3))
    assert document["apiVersion"] == "chartgen/v1"
    [violation] = document["error"]["violations"]
    assert (violation["path"], violation["where"]) == ("replica", "service.yaml:3:1")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("m.onnx", b"", "empty"),
        ("m.model", b"hello, I am no model at all", "format"),
        ("m.onnx", ONNX_MODEL.read_bytes()[:500], "only a part"),
        ("m.pkl", pickle.dumps(Evil()), "system"),
    ],
    ids=["empty", "unknown format", "truncated", "unsafe pickle"],
)
def test_a_model_that_cannot_be_served(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    model = tmp_path / name
    model.write_bytes(content)
    service_file(tmp_path, model=model.name)
    assert said in refused(tmp_path, "render", code=3)
    assert said in refused(tmp_path, "inspect", model, code=3)


@pytest.mark.parametrize("value", [[1], {"model": 1}, (1,), "text", 5, None, b"x", 1.5, {1}, True], ids=repr)
def test_a_pickle_of_something_else_than_a_model(tmp_path: Path, value: object) -> None:
    (tmp_path / "m.pkl").write_bytes(pickle.dumps(value))
    service_file(tmp_path, model="m.pkl", sample=[1])
    kind = "None" if value is None else f"{'an' if value == 5 else 'a'} {type(value).__name__}"
    assert f"holds {kind}, which predicts nothing" in refused(tmp_path, "validate", code=3)


def test_a_folder_for_a_model(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").mkdir()
    service_file(tmp_path, model="m.onnx")
    refused(tmp_path, "render", code=3)
    refused(tmp_path, "inspect", "m.onnx", code=3)


def test_a_model_over_the_limit_for_embedding_is_refused_with_the_numbers_and_a_way_out(tmp_path: Path) -> None:
    import numpy as np
    from sklearn.linear_model import LinearRegression

    model = LinearRegression().fit(np.eye(3), np.eye(3))
    model.coef_ = np.random.default_rng(0).random((3, 13_000))
    (tmp_path / "big.pkl").write_bytes(pickle.dumps(model))
    service_file(tmp_path, model="big.pkl")
    message = refused(tmp_path, "validate", code=3)
    size = (tmp_path / "big.pkl").stat().st_size
    for said in (f"{size:,} bytes", "300,000 bytes", "hint:"):
        assert said in message


@pytest.mark.parametrize(
    "verb", [["template"], ["lint"], ["install"], ["deploy"], ["list"], ["status", "a"], ["rollback", "a"]]
)
def test_no_helm_is_said_with_what_to_do(tmp_path: Path, verb: list[str]) -> None:
    service_file(tmp_path)
    nowhere = {**os.environ, "PATH": "/nowhere", "XDG_DATA_HOME": str(tmp_path)}
    nowhere.pop("CHARTGEN_HELM", None)
    message = refused(tmp_path, *verb, code=5, env=nowhere)
    assert "helm" in message.lower()
    assert "hint:" in message


def test_a_helm_that_is_too_old(tmp_path: Path) -> None:
    helm = tmp_path / "helm"
    helm.write_text("#!/bin/sh\necho v3.9.0\n")
    helm.chmod(0o755)
    service_file(tmp_path)
    assert "3.9.0" in refused(tmp_path, "template", "--helm", helm, code=5)


@pytest.mark.parametrize(
    "verb",
    [["install"], ["upgrade"], ["deploy"], ["get", "a"],
     ["list"], ["status", "a"], ["history", "a"], ["rollback", "a"], ["uninstall", "a"],
     ["test", "a"], ["predict", "a", "-d", "{}"]],
    ids=lambda verb: verb[0],
)  # fmt: skip
def test_no_cluster(tmp_path: Path, verb: list[str], helm: Path) -> None:
    kubeconfig = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "a",
        "clusters": [{"name": "a", "cluster": {"server": "http://127.0.0.1:1"}}],
        "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}],
        "users": [{"name": "a", "user": {}}],
    }
    service_file(tmp_path)
    write_tree(tmp_path, {"kubeconfig": json.dumps(kubeconfig)})
    message = refused(tmp_path, *verb, "--helm", helm, "--kubeconfig", tmp_path / "kubeconfig", code=6)
    assert "127.0.0.1:1" in message or "cluster" in message


def test_an_unknown_verb_and_an_unknown_option_have_a_suggestion(tmp_path: Path) -> None:
    assert "did you mean `render`" in refused(tmp_path, "rendr", code=2).lower()
    assert "--output-dir" in refused(tmp_path, "render", "--output-dri", "x", code=2)


@pytest.mark.parametrize("timeout", ["5", "-5m", "5 minutes", "soon", ""])
def test_a_timeout_that_is_no_duration(tmp_path: Path, timeout: str) -> None:
    service_file(tmp_path)
    assert "--timeout" in refused(tmp_path, "install", "--timeout", timeout, code=2)


def test_a_folder_that_chartgen_did_not_write_is_left_alone(tmp_path: Path) -> None:
    service_file(tmp_path)
    write_tree(tmp_path, {"digits/precious": "x"})
    assert "--force" in refused(tmp_path, "render", code=4)


def test_a_request_that_is_not_json(tmp_path: Path) -> None:
    assert "JSON" in refused(tmp_path, "predict", "a", "-d", "{", code=2)
    assert "nope" in refused(tmp_path, "predict", "a", "-d", "@nope", code=2)


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    done = chartgen("render", "--debug", cwd=tmp_path)
    assert "Traceback" in done.stderr
    assert done.returncode == 3


def test_what_is_said_of_a_model_is_said_once(tmp_path: Path) -> None:
    import joblib
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    joblib.dump(model, tmp_path / "m.pkl")
    labels = [line.partition(":")[0] for line in chartgen("inspect", tmp_path / "m.pkl").stdout.splitlines()]
    assert labels.count("written by") == 1
    to_onnx = pytest.importorskip("skl2onnx").to_onnx
    (tmp_path / "m.onnx").write_bytes(to_onnx(model, np.zeros((1, 1), np.float32)).SerializeToString())
    said = chartgen("inspect", tmp_path / "m.onnx").stdout
    assert said.count("output_probability") == 1
    assert "output_probability sequence(map(int64, float32))" in said


def test_a_missing_service_file_is_told_with_what_writes_one(tmp_path: Path) -> None:
    assert "`chartgen init MODEL`" in refused(tmp_path, "validate", "-f", "nope.yaml", code=3)


@pytest.mark.parametrize("verb", [["install", "--create-namespace"], ["template"], ["list"], ["status", "a"]])
def test_what_cannot_name_a_namespace_is_refused_before_helm_is_asked(tmp_path: Path, verb: list[str]) -> None:
    service_file(tmp_path)
    message = refused(tmp_path, *verb, "-n", "Bad_NS", code=2)
    assert "'Bad_NS' cannot name a namespace: lower-case letters" in message
    assert "kubectl create" not in message


@pytest.mark.parametrize("argv", [["inspect", b"a\xff.pkl"], ["predict", b"i\xff", "-d", "{}"], ["get", "a", b"\xff"]])
def test_arguments_that_are_not_utf8_are_refused(tmp_path: Path, argv: list[str | bytes]) -> None:
    done = subprocess.run([sys.executable, "-m", "chartgen", *argv], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 2
    assert b"\\udcff" in done.stderr
    assert b"is not UTF-8" in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_an_output_that_cannot_be_written_is_an_error() -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        done = subprocess.run(
            [sys.executable, "-m", "chartgen", "schema"], stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert (done.returncode, done.stderr) == (1, b"error: the output cannot be written: No space left on device\n")
