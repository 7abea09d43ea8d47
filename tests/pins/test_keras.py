"""The Keras of a pod: the version that wrote the file or a newer one, and the TensorFlow that goes with it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from chartgen.errors import ModelUnsupportedError
from chartgen.inspect import Library, ModelFacts
from chartgen.pins.keras import nearest, requirements
from chartgen.pins.lockfile import read_lock
from chartgen.pins.resolve import resolve
from tests.helpers import chartgen, service_file
from tests.inspect.keras_files import keras_file

if TYPE_CHECKING:
    from pathlib import Path

HAVE = ["2.15.0", "3.15.1"]
INPUT = {"words": [1, 2], "numbers": [0.5, 1]}


def model_of(version: str | None) -> ModelFacts:
    return ModelFacts("keras", 10, "0" * 64, libraries=(Library("keras", version),))


@pytest.mark.parametrize("runtime", ["fastapi", "mlserver", "bentoml", "kserve"])
def test_a_model_of_keras_3_is_loaded_by_keras_3_on_every_runtime(runtime: str) -> None:
    found = resolve(model_of("3.15.1"), runtime, None)
    assert (found.versions["keras"], found.warnings) == ("3.15.1", ())
    assert found.versions["tensorflow-cpu"] == found.versions["tensorflow"] == "2.21.0"


@pytest.mark.parametrize("runtime", ["fastapi", "bentoml"])
def test_a_model_of_keras_2_is_loaded_by_keras_2(runtime: str) -> None:
    found = resolve(model_of("2.15.0"), runtime, None)
    assert (found.versions["keras"], found.versions["tensorflow-cpu"], found.warnings) == ("2.15.0", "2.15.1", ())
    assert found.versions["numpy"].startswith("1.")


def test_a_model_of_tf_keras_is_loaded_by_keras_2_with_a_warning() -> None:
    found = resolve(model_of("2.20.1"), "fastapi", None)
    assert found.versions["keras"] == "2.15.0"
    assert found.warnings == ("the model was written by tf_keras 2.20.1; keras 2.15.0 will load it",)


@pytest.mark.parametrize("runtime", ["mlserver", "kserve"])
@pytest.mark.parametrize("version", ["2.15.0", "2.9.0"])
def test_where_keras_2_does_not_install_the_reason_is_told(runtime: str, version: str) -> None:
    said = (
        rf"keras 2\.15\.0 does not install .* {runtime}: {runtime} [0-9.]+ needs protobuf>=\S+ and tensorflow\S* 2\.15"
    )
    with pytest.raises(ModelUnsupportedError, match=said) as refused:
        resolve(model_of(version), runtime, None)
    assert len(refused.value.message) < 200
    assert "`runtime: bentoml` or `runtime: fastapi`" in str(refused.value.hint)
    assert "save the model with keras 3" in str(refused.value.hint)


def test_tensorflow_has_another_name_on_each_machine(tmp_path: Path) -> None:
    path = tmp_path / "requirements.lock"
    for version in HAVE:
        path.write_text(resolve(model_of(version), "fastapi", None).text)
        by_name = {one.name: one for one in read_lock(path)}
        assert by_name["tensorflow-cpu"].marker == "platform_machine == 'x86_64'"
        assert by_name["tensorflow"].marker == "platform_machine == 'aarch64'"
        assert {one.name for one in by_name.values() if one.marker} - {"tensorflow-cpu-aws"} == {
            "tensorflow",
            "tensorflow-cpu",
        }


@pytest.mark.parametrize(
    ("version", "expected"),
    [("3.0.5", "3.15.1"), ("3.15.2", "3.15.1"), ("2.2.4-tf", "2.15.0"), ("2.18.0", "2.15.0"), (None, "3.15.1")],
)
def test_the_newest_of_the_same_major_version_loads_older_files(version: str | None, expected: str) -> None:
    assert nearest(version, HAVE) == expected
    found = resolve(model_of(version), "fastapi", None)
    assert found.versions["keras"] == expected
    assert found.warnings == (
        f"the model was written by {'tf_' * (version == '2.18.0')}keras{f' {version}' if version else ''}; "
        f"keras {expected} will load it",
    )


@pytest.mark.parametrize("version", ["3.16.0", "4.0.0", "1.2.2"])
def test_a_file_of_a_newer_keras_is_refused_with_the_versions(version: str) -> None:
    with pytest.raises(ModelUnsupportedError, match=rf"keras {version}, and chartgen has 2\.15\.0 and 3\.15\.1"):
        resolve(model_of(version), "fastapi", None)


def test_a_lock_asks_for_the_version_that_wrote_the_file() -> None:
    assert requirements("3.9.2")[0] == "keras==3.9.2"
    assert requirements(None)[0] == "keras"
    assert requirements("2.13.1") == [
        "keras==2.13.*",
        "tensorflow-cpu==2.13.* ; platform_machine == 'x86_64'",
        "tensorflow==2.13.* ; platform_machine == 'aarch64'",
    ]
    assert requirements("2.2.4-tf")[0] == "keras==2.12.*", "the first with wheels for the pod's Python"
    assert requirements("2.18.0")[0] == "keras==2.15.*", "the last"


def test_a_lock_without_tensorflow_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "requirements.lock"
    text = resolve(model_of("3.15.1"), "fastapi", None).text
    path.write_text("".join(each for each in re.split(r"(?m)^(?=\S)", text) if not each.startswith("tensorflow")))
    with pytest.raises(ModelUnsupportedError, match="lacks tensorflow-cpu"):
        resolve(model_of("3.15.1"), "fastapi", path)
    path.write_text(text)
    assert resolve(model_of("3.1.0"), "fastapi", path).warnings == ()
    assert "written by keras 2.15.0" in resolve(model_of("2.15.0"), "fastapi", path).warnings[0]


def test_a_model_of_keras_is_locked_with_its_own_version(tmp_path: Path) -> None:
    service_file(tmp_path, model=str(keras_file("keras3-dense")), sample=[0.1, 0.2, 0.3, 0.4])
    done = chartgen("lock", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    locked = {one.name: one for one in read_lock(tmp_path / "requirements.lock")}
    assert locked["keras"].version == "3.15.1"
    assert "x86_64" in locked["tensorflow-cpu"].marker
    assert "aarch64" in locked["tensorflow"].marker


def test_a_chart_of_a_keras_model_installs_keras_and_ships_its_loader(tmp_path: Path) -> None:
    service_file(tmp_path, model=str(keras_file("keras3-two-inputs")), sample={"input": INPUT})
    done = chartgen("render", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    runtime = tmp_path / "digits" / "files" / "runtime"
    assert "tensorflow-cpu==2.21.0 ; platform_machine == 'x86_64'" in (runtime / "requirements.txt").read_text()
    assert (runtime / "chartgen_runtime" / "formats" / "keras.py").exists()
    assert not (runtime / "chartgen_runtime" / "formats" / "onnx.py").exists()


def test_what_a_keras_model_cannot_do_is_refused(tmp_path: Path) -> None:
    service_file(tmp_path, model={"file": str(keras_file("keras3-dense")), "method": "predict_proba"})
    done = chartgen("validate", cwd=tmp_path)
    assert done.returncode == 3
    assert "a Keras model has no method predict_proba" in done.stderr
    service_file(tmp_path, model=str(keras_file("keras3-dense")), sample=[0.1, 0.2])
    done = chartgen("validate", cwd=tmp_path)
    assert done.returncode == 3
    assert "2 values where the model takes 4" in done.stderr
