"""The members of PyTorch archives: one that PyTorch would read and chartgen would pass over is refused by its name."""

from __future__ import annotations

import json
import os
import pickle
import time
import zipfile
from typing import TYPE_CHECKING

import pytest

from chartgen.errors import ModelError, ModelUnreadableError, ModelUnsafeError
from chartgen.inspect import inspect_model
from tests.inspect.archives import MODELS, changed, zipped
from tests.inspect.conftest import Call
from tests.inspect.test_mutations import SECONDS

if TYPE_CHECKING:
    from pathlib import Path

EVIL = pickle.dumps(Call(os.system, "true"), 2)
SAVED = (MODELS / "weights.pt").read_bytes()
CODE = "code/__torch__/torch/nn/modules/linear"

UNWRITTEN = {
    "network-script": [
        f"{CODE}.PY",
        "CODE/__torch__/torch/nn/modules/other.py",
        "code/other.py",
        "code/__torch__/../other.py.txt",
        f"{CODE}.py.DEBUG_PKL",
        "Traced_inputs.pkl",
        "data/x",
        # What torch reads instead of all of the others.
        "model.json",
        "serialized_exported_program.json",
    ],
    "network-export": [
        "data/constants/Model.pt",
        "data/sample_inputs/other.pt",
        "data/weights/other.pt",
        "data/weights/weight_x",
        "data/constants/opaque_obj_0",
        "data/constants/custom_obj_0",
        "Models/other.json",
        "data/Aotinductor/model/a.so",
        "data/xl_model_weights/model_param_config",
        "serialized_state_dict.pt",
    ],
    "weights": ["CONSTANTS.PKL", "Archive_format", "data/x", "code/__torch__.py", "model.json"],
}


@pytest.mark.parametrize(("name", "member"), [(name, each) for name, some in UNWRITTEN.items() for each in some])
def test_a_member_that_pytorch_does_not_write_is_refused_by_its_name(tmp_path: Path, name: str, member: str) -> None:
    path = changed(f"{name}.pt", {member: EVIL}, tmp_path / "m.pt")
    with pytest.raises((ModelUnsafeError, ModelUnreadableError)) as refused:
        inspect_model(path)
    assert member in str(refused.value.message)


@pytest.mark.parametrize(
    ("name", "member"),
    [
        ("network-script", "code/__torch__.py"),
        ("network-script", f"{CODE}.py"),
        ("network-script", "data.pkl"),
        ("network-script", "version"),
        ("network-export", "models/model.json"),
        ("network-export", "archive_format"),
        ("network-export", "data/sample_inputs/model.pt"),
        ("network-export", "data/constants/model_constants_config.json"),
        ("weights", "data.pkl"),
    ],
)
def test_a_member_whose_name_is_written_in_other_letters_is_refused(tmp_path: Path, name: str, member: str) -> None:
    with zipfile.ZipFile(MODELS / f"{name}.pt") as archive:
        folder = archive.namelist()[0].partition("/")[0]
        content = archive.read(f"{folder}/{member}")
    for other in {member.upper(), member[:-1] + member[-1].upper()}:
        path = changed(f"{name}.pt", {member: None, other: content}, tmp_path / "m.pt")
        with pytest.raises(ModelError):
            inspect_model(path)


@pytest.mark.parametrize("member", ["data/weights/model.pt", "data/constants/model.pt", "data/sample_inputs/model.pt"])
def test_an_archive_within_an_exported_program_is_walked_as_torch_loads_it(tmp_path: Path, member: str) -> None:
    path = tmp_path / "m.pt"
    assert inspect_model(changed("network-export.pt", {member: SAVED}, path)).format == "torch"
    plain = {"x/data.pkl": b"\x80\x02}.", "x/version": b"3"}
    assert inspect_model(changed("network-export.pt", {member: zipped(plain)}, path)).format == "torch"
    for content, said in (
        (zipped({**plain, "x/data.pkl": EVIL}), r"would import posix\.system"),
        (EVIL, "no end"),
        (EVIL + SAVED, "precedes its members|lie before its end|no end|end of a large archive"),
        (SAVED + EVIL, "something follows its end|no end"),
        (zipped({"a/DATA.PKL": EVIL, **plain}), "outside of its folder|not as PyTorch writes it"),
        (zipped({**plain, "a/DATA.PKL": EVIL}), "outside of its folder"),
        # torch.load hands an archive with this member to torch.jit.load.
        (zipped({**plain, "x/constants.pkl": b"\x80\x02).", "x/code/__torch__.py": b""}), r"holds constants\.pkl"),
    ):
        with pytest.raises((ModelUnsafeError, ModelUnreadableError), match=said):
            inspect_model(changed("network-export.pt", {member: content}, path))


@pytest.mark.parametrize("key", ['"+print(1)+"\'', "a'b", "a\\b", "a\nb", "a" * 9999, b'"+print(1)+"', b"\x81a", b"a"])
def test_a_key_of_the_recorded_example_that_would_end_its_quotes_is_refused(tmp_path: Path, key: str | bytes) -> None:
    """PyTorch writes the keys into the code that checks the inputs: one that closed its quotes ran."""
    for protocol in (2, 4):
        inner = zipped({"x/data.pkl": pickle.dumps((({key: 1},), {}), protocol), "x/version": b"3"})
        path = changed("network-export.pt", {"data/sample_inputs/model.pt": inner}, tmp_path / "m.pt")
        with pytest.raises(ModelUnsafeError, match=r"as a name|would import _codecs\.encode"):
            inspect_model(path)


def _example(
    attribute: bytes, maker: bytes = b"_rebuild_tensor_v2", kind: bytes = b"Tensor", size: bytes = b"\x04"
) -> bytes:
    """The pickle of a tensor of two numbers, with an attribute, as an export with `Dim.DYNAMIC` records it."""
    storage = b"(U\x07storagectorch\nFloatStorage\nU\x010U\x03cpuK\x04tQ"
    tensor = b"(%sK\x00(K%st(K\x01t\x89ccollections\nOrderedDict\n)Rt" % (storage, size)
    names = b"ctorch._tensor\n_rebuild_from_type_v2\n(ctorch._utils\n%s\nctorch\n%s\n" % (maker, kind)
    return b"\x80\x02%s%s}U%c%s}stR\x85}\x86." % (names, tensor, len(attribute), attribute)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (_example(b"_specialize_on"), None),
        (_example(b"__class__"), "attributes that no export gives"),
        (_example(b"_specialize_on", kind=b"device"), "attributes that no export gives"),
        (_example(b"_specialize_on", maker=b"_rebuild_qtensor"), "attributes that no export gives"),
        (_example(b"_specialize_on", size=b"\x05"), "reaches beyond its bytes"),
    ],
)
def test_the_notes_that_an_export_leaves_on_its_example_pass_alone(
    tmp_path: Path, content: bytes, said: str | None
) -> None:
    inner = zipped({"x/data.pkl": content, "x/version": b"3", "x/data/0": b"\0" * 16})
    path = changed("network-export.pt", {"data/sample_inputs/model.pt": inner}, tmp_path / "m.pt")
    if said is None:
        assert inspect_model(path).format == "torch"
    else:
        with pytest.raises(ModelUnreadableError, match=said):
            inspect_model(path)


def test_a_key_of_the_recorded_example_in_any_letters_passes(tmp_path: Path) -> None:
    inner = zipped({"x/data.pkl": pickle.dumps((({"n-m é": 1},), {}), 2), "x/version": b"3"})
    path = changed("network-export.pt", {"data/sample_inputs/model.pt": inner}, tmp_path / "m.pt")
    assert inspect_model(path).format == "torch"


def _pickled(name: str, member: str) -> bytes:
    with zipfile.ZipFile(MODELS / f"{name}.pt") as archive:
        return archive.read(next(each for each in archive.namelist() if each.endswith(f"/{member}")))


@pytest.mark.parametrize("name", ["network-script", "weights"])
def test_a_tensor_that_reaches_beyond_its_bytes_is_refused(tmp_path: Path, name: str) -> None:
    def refused(change: dict[str, bytes | None], said: str) -> None:
        with pytest.raises(ModelUnreadableError, match=said):
            inspect_model(changed(f"{name}.pt", change, tmp_path / "m.pt"))

    whole = _pickled(name, "data.pkl")
    shape = b"K\x08K\x04"
    assert shape in whole
    refused({"data.pkl": whole.replace(shape, b"K\x08K\x05", 1)}, "reaches beyond its bytes")
    refused({"data.pkl": whole.replace(shape, b"K\x08J\xff\xff\xff\xff", 1)}, "reaches beyond its bytes")
    with zipfile.ZipFile(MODELS / f"{name}.pt") as archive:
        member = next(each for each in archive.namelist() if "/data/" in each)
        content = archive.read(member)
    for less in (content[:-1], None):
        refused({member.partition("/")[2]: less}, "lacks bytes of a tensor")


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (b"QInt32Storage", "lacks bytes of a tensor"),
        (b"ComplexHalfStorage", "lacks bytes of a tensor"),
        (b"ComplexDoubleStorage", "lacks bytes of a tensor"),
        (b"QInt8Storage", None),
        (b"Bits16Storage", "elements are of an unknown type"),
    ],
)
def test_a_tensor_whose_elements_are_greater_than_its_bytes_allow_is_refused(
    tmp_path: Path, kind: bytes, said: str | None
) -> None:
    """C++ reads such a tensor without a look at the end of its bytes, and the pod answered with its own memory."""
    whole = _pickled("network-script", "data.pkl")
    assert b"FloatStorage" in whole
    with zipfile.ZipFile(MODELS / "network-script.pt") as archive:
        cut = {
            name.partition("/")[2]: archive.read(name)[: archive.getinfo(name).file_size // 4]
            for name in archive.namelist()
            if "/data/" in name
        }
    path = changed("network-script.pt", {"data.pkl": whole.replace(b"FloatStorage", kind), **cut}, tmp_path / "m.pt")
    if said is None:
        assert inspect_model(path).format == "torch"
    else:
        with pytest.raises(ModelUnreadableError, match=said) as refused:
            inspect_model(path)
        assert refused.value.hint == "copy or write it again"


@pytest.mark.parametrize(
    "change",
    [
        {"sizes": [{"as_int": 3_000_000}], "strides": [{"as_int": 1}]},
        {"storage_offset": {"as_int": 1}},
        {"dtype": 8},
        {"dtype": 0},
        {"sizes": [{"as_int": -1}, {"as_int": 4}]},
        {"sizes": [{"as_expr": {"expr_str": "9"}}]},
        {"strides": None},
    ],
)
def test_a_weight_of_an_exported_program_that_reaches_beyond_its_bytes_is_refused(
    tmp_path: Path, change: dict[str, object]
) -> None:
    member = "data/weights/model_weights_config.json"
    document = json.loads(_pickled("network-export", member))
    next(iter(document["config"].values()))["tensor_meta"].update(change)
    path = changed("network-export.pt", {member: json.dumps(document).encode()}, tmp_path / "m.pt")
    with pytest.raises(ModelUnreadableError, match=r"reaches beyond its bytes: weight_0|not as PyTorch writes it"):
        inspect_model(path)


@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("network-script", ["extra/labels.txt", f"{CODE}.py.debug_pkl", ".data/version", "bytecode.pkl"]),
        ("network-script", ["mobile_debug_handles.pkl", "constants/0", "code/__torch__/___torch_mangle_99.py"]),
        ("network-export", ["extra/a/labels.txt", "version", "data/constants/tensor_0", "data/weights/weight_99"]),
        ("weights", [".data/version", "data/94578201112"]),
    ],
)
def test_members_that_pytorch_writes_at_times_pass(tmp_path: Path, name: str, members: list[str]) -> None:
    path = changed(f"{name}.pt", dict.fromkeys(members, b""), tmp_path / "m.pt")
    assert inspect_model(path).format == "torch"


def test_a_name_that_pytorch_would_cut_off_is_refused(tmp_path: Path) -> None:
    for length, passes in ((490, True), (520, False)):
        path = changed("network-script.pt", {f"extra/{'x' * (length - 21)}": b""}, tmp_path / "m.pt")
        if passes:
            assert inspect_model(path).format == "torch"
        else:
            with pytest.raises(ModelUnsafeError, match="does not write"):
                inspect_model(path)


def test_an_archive_whose_first_folder_is_another_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(MODELS / "network-script.pt") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    path = tmp_path / "m.pt"
    path.write_bytes(zipped({"other/": b"", **members}))
    with pytest.raises(ModelUnreadableError, match="outside of its folder: 'other/'"):
        inspect_model(path)
    path.write_bytes(zipped({"network-script/": b"", "network-script/code/": b"", **members}))
    assert inspect_model(path).format == "torch"


def test_ten_thousand_members_are_judged_in_time(tmp_path: Path) -> None:
    path = changed("weights.pt", {f"data/{number}": b"x" for number in range(10, 10_010)}, tmp_path / "m.pt")
    begin = time.process_time()
    assert inspect_model(path).format == "torch"
    assert time.process_time() - begin < SECONDS
