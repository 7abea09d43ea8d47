"""The charts of services with `gpu`: what the pods ask for, which build of the library they get, what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chartgen.chart.build import Built, build
from chartgen.chart.write import write
from chartgen.errors import ModelUnsupportedError
from chartgen.pins import tables
from chartgen.service.load import load
from tests.helpers import ONNX_MODEL, PICKLE_MODEL, ROOT, documents, of_kind, run, service_file
from tests.inspect.archives import MODELS as TORCH
from tests.inspect.keras_files import keras_file

if TYPE_CHECKING:
    from pathlib import Path

GPU = "nvidia.com/gpu"
TOLERATION = {"key": GPU, "operator": "Exists", "effect": "NoSchedule"}
MODELS = {"onnx": ONNX_MODEL, "torch": TORCH / "network-export.pt", "keras": keras_file("keras3-dense")}


def built(folder: Path, model: Path = ONNX_MODEL, **keys: Any) -> Built:
    return build(load([service_file(folder, model=str(model), **keys)]))


def manifests(folder: Path, helm: Path, *settings: str, **keys: Any) -> dict[str, Any]:
    """The Deployment of a chart with `gpu: 1`, with these `--set`."""
    chart = write(built(folder, **{"gpu": 1, **keys}).chart, folder / "chart")
    options = [word for setting in settings for word in ("--set", setting)]
    return of_kind(documents(run(helm, "template", "g", chart, *options)), "Deployment")["spec"]


@pytest.mark.parametrize("gpu", [0, "0"])
def test_no_gpu_is_the_same_as_no_word_of_it(tmp_path: Path, gpu: object) -> None:
    assert dict(built(tmp_path, gpu=gpu).chart.files) == dict(built(tmp_path).chart.files)


@pytest.mark.parametrize("gpu", [1, "1"])
def test_the_pod_asks_for_a_gpu_and_the_installation_of_libraries_for_none(
    tmp_path: Path, helm: Path, gpu: object
) -> None:
    pod = manifests(tmp_path, helm, gpu=gpu)["template"]["spec"]
    resources = pod["containers"][0]["resources"]
    assert resources == {
        "requests": {"cpu": "1", "memory": "4Gi", GPU: 1},
        "limits": {"memory": "4Gi", GPU: 1},
    }
    assert pod["initContainers"][0]["resources"] == {
        "requests": {"cpu": "1", "memory": "4Gi"},
        "limits": {"memory": "4Gi"},
    }
    assert pod["tolerations"] == [TOLERATION]
    assert "runtimeClassName" not in pod
    assert {"name": "CHARTGEN_GPUS", "value": "1"} in pod["containers"][0]["env"]


def test_the_limit_alone_changes_the_number_and_is_what_the_pod_is_told(tmp_path: Path, helm: Path) -> None:
    pod = manifests(tmp_path, helm, r"resources.limits.nvidia\.com/gpu=3")["template"]["spec"]
    assert pod["containers"][0]["resources"]["requests"][GPU] == 3
    assert {"name": "CHARTGEN_GPUS", "value": "3"} in pod["containers"][0]["env"]
    part = (r"resources.limits.nvidia\.com/gpu=null", r"resources.limits.nvidia\.com/mig-1g\.10gb=1")
    pod = manifests(tmp_path, helm, *part)["template"]["spec"]
    assert pod["containers"][0]["resources"]["requests"]["nvidia.com/mig-1g.10gb"] == 1
    assert GPU not in pod["containers"][0]["resources"]["limits"]
    assert {"name": "CHARTGEN_GPUS", "value": "1"} in pod["containers"][0]["env"]
    pod = manifests(tmp_path, helm, "resources=null")["template"]["spec"]
    assert "resources" not in pod["containers"][0]
    assert {"name": "CHARTGEN_GPUS", "value": "0"} in pod["containers"][0]["env"]


def test_a_part_of_a_gpu_is_refused_and_so_is_an_upgrade_that_could_never_go_on(tmp_path: Path, helm: Path) -> None:
    chart = write(built(tmp_path, gpu=1).chart, tmp_path / "chart")
    for setting in (r"resources.limits.nvidia\.com/gpu=0.5", "rollingUpdate.maxSurge=0"):
        with pytest.raises(AssertionError, match=r"nvidia|rollingUpdate"):
            run(helm, "template", "g", chart, "--set", setting)


def test_an_upgrade_can_do_without_a_gpu_to_spare(tmp_path: Path, helm: Path) -> None:
    assert manifests(tmp_path, helm)["strategy"]["rollingUpdate"] == {"maxSurge": "25%", "maxUnavailable": 0}
    spec = manifests(tmp_path, helm, "rollingUpdate.maxSurge=0", "rollingUpdate.maxUnavailable=1")
    assert spec["strategy"]["rollingUpdate"] == {"maxSurge": 0, "maxUnavailable": 1}


def test_each_gpu_gets_a_process_with_resources_of_its_own(tmp_path: Path) -> None:
    values = built(tmp_path, gpu=2).plan.values
    assert values["workers"] == 2
    assert values["resources"]["requests"] == {"cpu": "2", "memory": "8Gi"}
    values = built(tmp_path, gpu=2, cpu="500m", memory="3Gi").plan.values
    assert values["resources"]["requests"] == {"cpu": "500m", "memory": "3Gi"}


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ([{"key": "a", "operator": "Exists"}], [{"key": "a", "operator": "Exists"}, TOLERATION]),
        ([{"operator": "Exists"}], [{"operator": "Exists"}]),
        ([{"key": GPU, "value": "x"}], [{"key": GPU, "value": "x"}]),
    ],
)
def test_the_usual_taint_of_such_nodes_is_tolerated(tmp_path: Path, written: Any, found: Any) -> None:
    assert built(tmp_path, gpu=1, pod={"tolerations": written}).plan.values["tolerations"] == found


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("runtime", ["bentoml", "fastapi", "kserve", "mlserver"])
def test_the_library_is_its_build_for_gpus_with_the_wheels_of_the_public_index(
    tmp_path: Path, model: str, runtime: str
) -> None:
    found = built(tmp_path, MODELS[model], gpu=1, runtime=runtime)
    versions, cpu = found.requirements.versions, built(tmp_path, MODELS[model], runtime=runtime).requirements
    assert [name for name in versions if name.startswith("nvidia-")]
    assert not {"onnxruntime", "tensorflow-cpu"} & versions.keys()
    assert versions.keys() & {"onnxruntime-gpu", "torch", "tensorflow"}
    assert found.plan.values["packages"]["extraIndexUrls"] == []
    # What the server needs is the same as without a GPU.
    roots = tables.runtime_roots(runtime) or []
    assert {name: versions[name] for name in roots} == {name: cpu.versions[name] for name in roots}
    for line in found.requirements.text.splitlines():
        if "==" in line:
            name, version = line.split()[0].split("==")
            assert set(found.requirements.machines) <= set(tables.machines(name, version, gpu=True)), line


def test_the_two_builds_of_torch_have_one_version_and_other_digests(tmp_path: Path) -> None:
    of_gpu = built(tmp_path, MODELS["torch"], gpu=1).requirements
    of_cpu = built(tmp_path, MODELS["torch"]).requirements
    assert of_gpu.versions["torch"] == of_cpu.versions["torch"]
    assert not set(tables.digests("torch", of_gpu.versions["torch"], gpu=True)) & set(
        tables.digests("torch", of_cpu.versions["torch"])
    )


def test_a_chart_without_a_gpu_reads_nothing_of_those_builds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read, text = [], tables._text
    monkeypatch.setattr(tables, "_text", lambda *path: (read.append(path), text(*path))[1])
    files = built(tmp_path).chart.files
    assert not [path for path in read if path[0] == "cuda"]
    assert "files/runtime/chartgen_runtime/gpu.py" not in files


def test_keras_has_wheels_for_amd64_alone_and_its_pods_go_there(tmp_path: Path) -> None:
    keras = MODELS["keras"]
    assert built(tmp_path, keras, gpu=1).plan.values["nodeSelector"] == {"kubernetes.io/arch": "amd64"}
    assert built(tmp_path, keras).plan.values["nodeSelector"] == {}
    assert built(tmp_path, gpu=1).plan.values["nodeSelector"] == {}
    with pytest.raises(ModelUnsupportedError, match=r"asks for arm64, and .* for amd64 alone"):
        built(tmp_path, keras, gpu=1, pod={"nodeSelector": {"kubernetes.io/arch": "arm64"}})


def test_a_pickle_gets_its_gpu_and_a_warning_that_nothing_uses_it(tmp_path: Path) -> None:
    found = built(tmp_path, PICKLE_MODEL, gpu=1)
    assert [text for text in found.warnings if "nothing in the pod would use it" in text]
    assert found.plan.values["resources"]["limits"][GPU] == 1
    assert not found.plan.context["uses_gpu"]
    (tmp_path / "handler.py").write_text("def predict(model, inputs):\n    return inputs\n")
    assert built(tmp_path, PICKLE_MODEL, gpu=1, runtime={"handler": "handler.py"}).warnings == ()


def test_xgboost_gets_a_warning_unless_its_build_for_gpus_is_locked(tmp_path: Path) -> None:
    model = ROOT / "tests/inspect/models/boosters/xgboost-classifier.pkl"
    [warning] = built(tmp_path, model, gpu=1).warnings
    assert "nothing in the pod would use it" in warning
    lock = built(tmp_path, model, gpu=1).requirements.text.replace("xgboost-cpu==", "xgboost==")
    (tmp_path / "requirements.lock").write_text(lock)
    assert not any("nothing in the pod" in text for text in built(tmp_path, model, gpu=1).warnings)


def test_a_lock_without_the_build_for_gpus_is_warned_of(tmp_path: Path) -> None:
    (tmp_path / "requirements.lock").write_text(built(tmp_path).requirements.text)
    operators, warning = built(tmp_path, gpu=1).warnings
    assert "computes the operators of ai.onnx.ml (ArrayFeatureExtractor) on the CPU" in operators
    assert "requirements.lock has onnxruntime" in warning
    assert "`chartgen lock`" in warning
    lock = built(tmp_path / "other", gpu=1).requirements.text
    (tmp_path / "requirements.lock").write_text(lock)
    assert built(tmp_path, gpu=1).warnings == (operators,)
