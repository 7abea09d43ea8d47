"""The small parts: settings, the CPU limit, what is shipped."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml

from tests.runtime.serving import ADAPTER, ROOT, RUNTIME

RUNTIMES = sorted(path.parent for path in ADAPTER.parent.parent.glob("*/runtime.yaml"))
BESIDE = [path for folder in RUNTIMES for path in sorted(folder.glob("*.py"))]
SHIPPED = [*sorted(RUNTIME.rglob("*.py")), *BESIDE]
GOOD = {
    "CHARTGEN_MODEL_PATH": "/models/iris.onnx",
    "CHARTGEN_MODEL_FORMAT": "onnx",
    "CHARTGEN_MODEL_SHA256": "ab" * 32,
}


def test_settings_have_the_defaults_of_the_chart():
    from chartgen_runtime.settings import from_environment

    settings = from_environment(GOOD)
    assert (settings.host, settings.port, settings.model_method) == ("0.0.0.0", 8000, "predict")
    assert (settings.allow_non_finite, settings.handler_path, settings.sample_path) == (False, None, None)
    assert (settings.max_body_bytes, settings.shutdown_seconds) == (100 * 1024 * 1024, 20)
    assert settings.termination_log == Path("/dev/termination-log")


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("MODEL_PATH", "", "CHARTGEN_MODEL_PATH is not set"),
        ("MODEL_SHA256", "AB" * 32, "not 64 lower-case hexadecimal digits"),
        ("MODEL_FORMAT", "../x", "not the name of a model format"),
        ("ALLOW_NON_FINITE", "yes", "is 'yes', neither true nor false"),
        ("PORT", "65536", "not a whole number from 1 to 65535"),
        ("PORT", "٣", "not a whole number"),
        ("BASE_PATH", "models", "not a path such as /models/a"),
        ("BASE_PATH", "/models/", "not a path such as /models/a"),
        ("BASE_PATH", "/a/../b", "not a path such as /models/a"),
        ("BASE_PATH", "/a b", "not a path such as /models/a"),
        ("DRAIN_SECONDS", "-1", "not a number of seconds"),
    ],
)
def test_a_setting_that_cannot_be_read_is_named(name, value, reason):
    from chartgen_runtime.errors import StartupError
    from chartgen_runtime.settings import from_environment

    with pytest.raises(StartupError, match=reason):
        from_environment({**GOOD, f"CHARTGEN_{name}": value})


@pytest.mark.parametrize(("value", "path"), [("", ""), ("/", ""), ("/a", "/a"), ("/models/a.b~c-1", "/models/a.b~c-1")])
def test_the_base_path_is_empty_or_without_a_slash_at_its_end(value, path):
    from chartgen_runtime.settings import from_environment

    assert from_environment({**GOOD, "CHARTGEN_BASE_PATH": value}).base_path == path


def test_every_setting_that_cannot_be_read_is_named_at_once():
    from chartgen_runtime.errors import StartupError
    from chartgen_runtime.settings import from_environment

    with pytest.raises(StartupError) as raised:
        from_environment({})
    assert [fault.split()[0] for fault in str(raised.value).split("; ")] == list(GOOD)


@pytest.mark.parametrize(
    ("files", "limit"),
    [
        ({"cpu.max": "max 100000\n"}, None),
        ({"cpu.max": "50000 100000\n"}, 1),
        ({"cpu.max": "150000 100000\n"}, 2),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ({"cpu/cpu.cfs_quota_us": "100000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 1),
        ({"cpu.max": "nonsense"}, None),
        ({}, None),
    ],
)
def test_the_cpus_are_those_of_the_containers_limit(tmp_path, files, limit):
    from chartgen_runtime.cpu import available_cpus

    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    affinity = len(os.sched_getaffinity(0))
    assert available_cpus(tmp_path) == min(affinity, limit or affinity)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_shipped_file_stands_alone(path):
    """Only relative imports, the standard library and the pod's packages; text that a ConfigMap keeps."""
    content = path.read_bytes()
    assert b"\r" not in content
    assert not content.startswith(b"\xef\xbb\xbf")
    assert content.endswith(b"\n")
    allowed = {"numpy"}
    if path in BESIDE:
        beside = {other.stem for other in BESIDE if other.parent == path.parent}
        allowed = {path.parent.name, "chartgen_runtime", "prometheus_client", "pydantic"} | beside
        allowed |= {"fastapi"} if path.parent.name == "mlserver" else set()  # it is made of it
    allowed |= {
        "keras.py": {"keras", "tensorflow"},
        "torch.py": {"torch"},
        "onnx.py": {"onnxruntime"},
        "pickle.py": {"joblib"},
        "pickle_table.py": {"pandas"},
        "pickle_boosters.py": {"xgboost"},
        "codec.py": {"orjson"},
        "metrics.py": {"prometheus_client"},
        "connections.py": {"httptools", "uvicorn"},
        "server.py": {"uvicorn"},
    }.get(path.name, set())
    allowed = set() if path.name in {"settings.py", "smoke_test.py"} else allowed
    for node in ast.walk(ast.parse(content)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) and not node.level else []
        for name in names:
            assert name.split(".")[0] in allowed | sys.stdlib_module_names | {"__future__"}


def test_the_files_of_one_model_fit_beside_it():
    largest = max(RUNTIMES, key=lambda folder: sum(path.stat().st_size for path in folder.glob("*.py")))
    shipped = [path for path in SHIPPED if path not in BESIDE or path.parent == largest]
    sizes = {path: path.stat().st_size for path in shipped}
    formats = [path for path in sizes if path.parent.name == "formats" and path.stem != "__init__"]
    others = sum(sizes[path] for path in formats) - max(sizes[path] for path in formats)  # a chart holds one of them
    # What the code may be beside the largest model is told by tests/chart/test_release_size.py; this keeps it readable.
    assert sum(sizes.values()) - others < 205_000
    assert all(len((folder / "adapter.py").read_text().splitlines()) < 150 for folder in RUNTIMES)


def test_only_the_format_of_the_model_is_imported(tmp_path):
    program = "import sys, chartgen_runtime.dataplane; print([m for m in sys.modules if 'formats' in m])"
    done = subprocess.run(  # noqa: PLW1510
        [sys.executable, "-c", program], env={"PYTHONPATH": str(RUNTIME)}, capture_output=True, text=True
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("folder", RUNTIMES, ids=lambda folder: folder.name)
def test_the_runtime_says_what_the_chart_needs(folder):
    schema = json.loads((ROOT / "schemas" / "runtime" / "v1.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    runtime = yaml.safe_load((folder / "runtime.yaml").read_text())
    assert list(jsonschema.Draft202012Validator(schema).iter_errors(runtime)) == []
    assert runtime["name"] == folder.name
    formats = {path.stem for path in (RUNTIME / "chartgen_runtime" / "formats").glob("[!_]*.py")}
    assert set(runtime["formats"]) <= formats
    pinned = yaml.safe_load((ROOT / "chartgen" / "pins" / "sets" / f"{folder.name}.yaml").read_text())["roots"]
    assert set(runtime["requirements"]) == {*pinned, "numpy"}
