"""Training checkpoints, as `torch.save({"model_state_dict": …, "optimizer_state_dict": …, "epoch": …})` writes them."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest

from chartgen.chart.build import build
from chartgen.errors import ModelUnsafeError, ModelUnsupportedError
from chartgen.inspect import inspect_model
from chartgen.service.load import load
from tests.helpers import service_file
from tests.inspect.archives import MODELS, changed

if TYPE_CHECKING:
    from pathlib import Path


def text(value: str) -> bytes:
    """BINUNICODE."""
    return b"X" + len(value).to_bytes(4, "little") + value.encode()


def checkpoint(path: Path, key: str, more: bytes = b"") -> Path:
    """The weights of `weights.pt` under a key, beside what an optimizer keeps of them."""
    with zipfile.ZipFile(MODELS / "weights.pt") as archive:
        name = next(each for each in archive.namelist() if each.endswith("/data.pkl"))
        weights = archive.read(name).removeprefix(b"\x80\x02").removesuffix(b".")
    state = b"}(" + text("state") + b"}K\x00" + weights + b"s" + text("param_groups") + b"]}" + text("lr") + b"K\x01sau"
    entries = text(key) + weights + text("optimizer_state_dict") + state + text("epoch") + b"K\x03" + more
    return changed("weights.pt", {"data.pkl": b"\x80\x02}(" + entries + b"u."}, path)


@pytest.mark.parametrize("key", ["model_state_dict", "state_dict", "net"])
def test_a_checkpoint_is_called_one_and_its_weights_are_found(tmp_path: Path, key: str) -> None:
    facts = inspect_model(checkpoint(tmp_path / "m.pt", key))
    assert facts.details["kind"] == "checkpoint"
    assert facts.details["weights under"] == key
    said = f"lie under '{key}', beside 'optimizer_state_dict', 'epoch'"
    assert str(facts.abilities.instead).startswith("a training checkpoint and no model")
    assert said in str(facts.abilities.instead)


def test_it_is_refused_with_the_line_that_a_handler_needs(tmp_path: Path) -> None:
    path = checkpoint(tmp_path / "m.pt", "model_state_dict")
    with pytest.raises(ModelUnsupportedError, match="the file holds a training checkpoint") as refused:
        build(load([service_file(tmp_path, model=str(path), sample={"input": [[1, 2, 3, 4]]})]))
    assert "`module.load_state_dict(model['model_state_dict'])`" in str(refused.value.hint)
    assert "torch.jit.script(model.eval()).save('model.pt')" in str(refused.value.hint)


def test_weights_alone_are_no_checkpoint() -> None:
    assert inspect_model(MODELS / "weights.pt").details["kind"] == "weights"


@pytest.mark.parametrize("name", [b"cargparse\nNamespace\n", b"cpytorch_lightning.utilities\nAttributeDict\n"])
def test_one_with_objects_beside_its_weights_is_refused_with_what_to_write(tmp_path: Path, name: bytes) -> None:
    path = checkpoint(tmp_path / "m.pt", "state_dict", text("args") + name + b")\x81")
    with pytest.raises(ModelUnsafeError, match="a training checkpoint with objects beside its weights") as refused:
        inspect_model(path)
    assert "`torch.save(checkpoint['state_dict'], 'weights.pt')`" in str(refused.value.hint)
