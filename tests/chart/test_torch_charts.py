"""The charts of PyTorch models: what is refused before there is one, and where the pod's libraries come from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from chartgen.chart.build import Built, build
from chartgen.errors import ModelUnsupportedError
from chartgen.service.load import load
from tests.helpers import service_file
from tests.inspect.archives import MODELS

if TYPE_CHECKING:
    from pathlib import Path

ROWS = json.loads((MODELS / "answers.json").read_text())["weights"]["input"]
LOAD = "def load(model):\n    return model\n"
PREDICT = "def predict(model, inputs):\n    return inputs\n"
PYTORCH = "https://download.pytorch.org/whl/cpu"


def built(folder: Path, name: str, handler: str = "", **keys: Any) -> Built:
    if handler:
        (folder / "handler.py").write_text(handler)
        keys["runtime"] = {**keys.get("runtime", {}), "handler": "handler.py"}
    return build(load([service_file(folder, model=str(MODELS / f"{name}.pt"), **keys)]))


def test_the_pod_gets_the_build_for_cpus_with_the_hashes_of_both_machines(tmp_path: Path) -> None:
    found = built(tmp_path, "network-export")
    text = str(found.requirements.text)
    assert found.requirements.versions["torch"] == "2.13.0"
    assert not [name for name in found.requirements.versions if name.startswith(("nvidia", "triton", "cuda"))]
    pinned = text[text.index("torch==2.13.0") :].splitlines()[1:3]
    assert [line.split(":")[1][:8] for line in pinned] == ["6746dbcb", "84453b69"]
    assert found.plan.values["packages"]["extraIndexUrls"] == [PYTORCH]


@pytest.mark.parametrize(
    ("packages", "indexes"),
    [
        ({"extraIndexUrls": []}, []),
        ({"extraIndexUrls": ["https://pypi.example.com/torch"]}, ["https://pypi.example.com/torch"]),
        # An index of one's own is taken to have everything.
        ({"indexUrl": "https://pypi.example.com/simple"}, []),
        ({"indexUrl": "https://pypi.example.com/simple", "extraIndexUrls": [PYTORCH]}, [PYTORCH]),
        ({"caConfigMap": "company-ca"}, [PYTORCH]),
    ],
)
def test_what_the_service_file_says_of_indexes_holds(
    tmp_path: Path, packages: dict[str, Any], indexes: list[str]
) -> None:
    found = built(tmp_path, "network-export", runtime={"packages": packages})
    assert found.plan.values["packages"]["extraIndexUrls"] == indexes


def test_the_chart_holds_the_code_of_this_format_alone(tmp_path: Path) -> None:
    files = built(tmp_path, "network-export").chart.files
    formats = {path.rpartition("/")[2] for path in files if "/formats/" in path}
    assert formats == {"__init__.py", "torch.py", "torch_script.py"}


@pytest.mark.parametrize("handler", ["", PREDICT])
@pytest.mark.parametrize("name", ["weights", "checkpoint"])
def test_weights_are_refused_without_a_handler_that_makes_the_model(tmp_path: Path, name: str, handler: str) -> None:
    with pytest.raises(ModelUnsupportedError, match=r"weights without the model|training checkpoint") as refused:
        built(tmp_path, name, handler, sample=ROWS)
    assert "torch.export.save" in str(refused.value.hint)
    assert "load(model)" in str(refused.value.hint)


@pytest.mark.parametrize("handler", [LOAD, LOAD + PREDICT])
def test_weights_are_taken_with_one(tmp_path: Path, handler: str) -> None:
    assert built(tmp_path, "weights", handler, sample=ROWS).plan.context["model"]["format"] == "torch"


@pytest.mark.parametrize("name", ["network-script", "images-trace", "texts-frozen"])
def test_a_sample_is_asked_for_where_the_file_does_not_say_the_sizes(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelUnsupportedError, match="does not say what goes into the model"):
        built(tmp_path, name)


@pytest.mark.parametrize("name", ["network-trace", "network-export", "texts-export", "images-export"])
def test_none_is_asked_for_where_it_does(tmp_path: Path, name: str) -> None:
    assert built(tmp_path, name).plan.context["has_sample"] is False


def test_a_type_that_json_cannot_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelUnsupportedError, match="'x' is of the type bfloat16"):
        built(tmp_path, "bfloat16-script", sample=ROWS)


def test_a_method_is_refused(tmp_path: Path) -> None:
    model = {"file": str(MODELS / "network-export.pt"), "method": "predict_proba"}
    with pytest.raises(ModelUnsupportedError, match="a PyTorch model has no method predict_proba"):
        build(load([service_file(tmp_path, model=model)]))


def test_a_load_for_an_onnx_model_needs_a_predict(tmp_path: Path) -> None:
    (tmp_path / "handler.py").write_text(LOAD)
    file = service_file(tmp_path, runtime={"handler": "handler.py"})
    with pytest.raises(ModelUnsupportedError, match="none that predicts with what it returns"):
        build(load([file]))
    (tmp_path / "handler.py").write_text(LOAD + PREDICT)
    build(load([file]))
