"""Keras models in HDF5: what they say of themselves, and what of them cannot be served."""

from __future__ import annotations

import base64
import contextlib
import json
import time
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
import pytest

from chartgen.errors import (
    ModelError,
    ModelMismatchError,
    ModelUnreadableError,
    ModelUnsafeError,
    ModelUnsupportedError,
)
from chartgen.inspect import Library, Signature, inspect_model
from tests.inspect.keras_files import FOLDER, MODELS, answers, config_of, keras_file, write_config
from tests.inspect.test_mutations import SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

INPUT = {"class_name": "InputLayer", "config": {"batch_shape": [None, 4], "dtype": "float32", "name": "x"}}


def sequential(*layers: Any, **config: Any) -> dict[str, Any]:
    return {"class_name": "Sequential", "config": {"name": "s", "layers": list(layers), **config}}


def layer(kind: str, **config: Any) -> dict[str, Any]:
    return {"class_name": kind, "config": {"name": kind.lower(), "dtype": "float32", **config}}


@pytest.mark.parametrize("name", MODELS)
def test_the_inputs_are_those_that_the_model_was_asked_with(name: str) -> None:
    facts, asked = inspect_model(keras_file(name)), answers(name)["inputs"]
    assert facts.format == "keras"
    assert [one.name for one in facts.inputs] == list(asked)
    for one in facts.inputs:
        value = np.array(asked[one.name])
        assert one.dtype == ("int32" if value.dtype.kind == "i" else "float32")
        assert one.shape is not None
        assert len(one.shape) == value.ndim
        assert all(size in (None, have) for size, have in zip(one.shape, value.shape, strict=True))
    assert len(facts.outputs) == len(answers(name)["outputs"])


def test_a_file_of_the_package_by_which_keras_2_goes_on_is_one_of_keras_2() -> None:
    facts = inspect_model(keras_file("keras2-of-tf-keras"))
    assert facts.producer == Library("tf_keras", "2.20.1")
    assert facts.libraries == (Library("keras", "2.20.1"),)
    assert inspect_model(keras_file("keras2-image")).producer == Library("keras", "2.15.0")


def test_the_version_and_the_backend_are_told() -> None:
    for major, version in (("3", "3.15.1"), ("2", "2.15.0")):
        facts = inspect_model(keras_file(f"keras{major}-two-inputs"))
        assert facts.producer == Library("keras", version)
        assert facts.details["backend"] == "tensorflow"
        assert [one.name for one in facts.outputs] == ["score", "flag"]
        assert facts.inputs == (Signature("words", "int32", (None, None)), Signature("numbers", "float32", (None, 2)))


@pytest.mark.parametrize("major", ["2", "3"])
def test_a_layer_with_a_function_of_python_is_refused(major: str) -> None:
    with pytest.raises(ModelUnsafeError, match=r"would run code .*: 'Lambda' \(the layer 'double'\)$") as refused:
        inspect_model(keras_file(f"keras{major}-lambda"))
    assert "ONNX" in str(refused.value.hint)


@pytest.mark.parametrize("major", ["2", "3"])
def test_a_class_of_the_authors_own_is_refused(major: str) -> None:
    with pytest.raises(ModelUnsupportedError, match=r"not Keras's own: 'Own' \(the layer 'own'\)$"):
        inspect_model(keras_file(f"keras{major}-custom"))


@pytest.mark.parametrize("name", ["keras2-weights", "keras3.weights"])
def test_a_file_of_weights_is_refused_with_the_way_out(name: str) -> None:
    with pytest.raises(ModelUnsupportedError, match="only the weights") as refused:
        inspect_model(keras_file(name))
    assert "model.save" in str(refused.value.hint)


def test_an_architecture_without_weights_is_refused(tmp_path: Path) -> None:
    path = write_config(tmp_path / "m.h5", sequential(INPUT))
    with h5py.File(path, "a") as file:
        del file["model_weights"]
    with pytest.raises(ModelUnsupportedError, match="architecture of a Keras model, but not its weights"):
        inspect_model(path)


PICKLED = base64.b64encode(b"anything").decode()
LAMBDA = {"class_name": "__lambda__", "config": {"value": PICKLED}}
UNSAFE = {
    "a lambda deep inside": layer("Bidirectional", layer={"class_name": "Lambda", "config": {"function": [PICKLED]}}),
    "a lambda as an activation": layer("Dense", activation={"class_name": "__lambda__", "config": {"code": PICKLED}}),
    "a module of torch": layer("TorchModuleWrapper", module=PICKLED),
    "a saved model beside it": layer("TFSMLayer", filepath="/tmp/evil"),
    "a model in the model": sequential(INPUT, sequential(INPUT, layer("Lambda"))),
}


@pytest.mark.parametrize("inner", UNSAFE.values(), ids=UNSAFE)
@pytest.mark.parametrize("version", ["2.15.0", "3.15.1"])
def test_code_in_the_file_is_found_wherever_it_is(tmp_path: Path, inner: Any, version: str) -> None:
    path = write_config(tmp_path / "m.h5", sequential(INPUT, inner), version=version)
    with pytest.raises(ModelUnsafeError, match="would run code that is stored in the file"):
        inspect_model(path)


REACHING_OUT = [
    *("io.write_file", "raw_ops.WriteFile", "py_function", "compat.v1.py_func", "map_fn", "print", 3),
    *("nn.fixed_unigram_candidate_sampler", "compat.v1.random.fixed_unigram_candidate_sampler"),  # of a vocabulary file
    *("compat.v1.nn.raw_rnn", "nn.with_space_to_batch", "random.set_global_generator", "nn.RNNCellDeviceWrapper"),
]


@pytest.mark.parametrize("function", REACHING_OUT)
@pytest.mark.parametrize("kind", ["TFOpLambda", "SlicingOpLambda"])
def test_a_function_of_tensorflow_that_reaches_out_is_refused(tmp_path: Path, kind: str, function: Any) -> None:
    path = write_config(tmp_path / "m.h5", sequential(INPUT, layer(kind, function=function)), version="2.15.0")
    with pytest.raises(ModelUnsafeError, match=f"functions of TensorFlow that may do more than compute: '{kind} of "):
        inspect_model(path)


@pytest.mark.parametrize(
    "function", ["math.add", "reshape", "compat.v1.gather", "compat.v1.nn.l2_loss", "math.special.expint"]
)
def test_a_function_of_tensorflow_that_computes_is_read(tmp_path: Path, function: str) -> None:
    path = write_config(tmp_path / "m.h5", sequential(INPUT, layer("TFOpLambda", function=function)), version="2.15.0")
    assert inspect_model(path).format == "keras"


LOOKUPS = {
    "a path": layer("StringLookup", vocabulary="/etc/passwd"),
    "a path for numbers": layer("IntegerLookup", vocabulary="words.txt"),
    "an address": layer("TextVectorization", vocabulary="gs://bucket/words.txt"),
    "weights": layer("TextVectorization", vocabulary=["a"], idf_weights="weights.npy"),
    "a value that becomes a text": layer("StringLookup", vocabulary={"class_name": "__numpy__", "config": {}}),
    "deep inside": layer("TimeDistributed", layer=layer("StringLookup", vocabulary="words.txt")),
}


@pytest.mark.parametrize("inner", LOOKUPS.values(), ids=LOOKUPS)
@pytest.mark.parametrize("version", ["2.15.0", "3.15.1"])
def test_a_vocabulary_in_another_file_is_refused_with_the_way_out(tmp_path: Path, inner: Any, version: str) -> None:
    path = write_config(tmp_path / "m.h5", sequential(INPUT, inner), version=version)
    with pytest.raises(ModelUnsafeError, match=r"would read another file, .*: '\w+' \(the layer ") as refused:
        inspect_model(path)
    assert "set_vocabulary" in str(refused.value.hint)


@pytest.mark.parametrize("vocabulary", [["a", "b"], [], None])
def test_a_vocabulary_in_the_model_itself_is_none_of_another_file(tmp_path: Path, vocabulary: Any) -> None:
    words = layer("StringLookup", vocabulary=vocabulary, idf_weights=None)
    assert inspect_model(write_config(tmp_path / "m.h5", sequential(INPUT, words))).format == "keras"


def _in_other_files(group: h5py.Group) -> None:
    group.create_dataset("bias", (2,), "f4", external=[("/tmp/other.bin", 0, 8)])


def _put_together(group: h5py.Group) -> None:
    layout = h5py.VirtualLayout((2,), "f4")
    layout[:] = h5py.VirtualSource("/tmp/other.h5", "bias", (2,))
    group.create_virtual_dataset("bias", layout)


def _linked(group: h5py.Group) -> None:
    group["bias"] = h5py.ExternalLink("/tmp/other.h5", "bias")


def _by_a_path(group: h5py.Group) -> None:
    group["bias"] = h5py.SoftLink("/elsewhere")


OUTSIDE = {
    _in_other_files: "'/model_weights/dense/dense/bias' keeps its values in other files",
    _put_together: "'/model_weights/dense/dense/bias' is put together out of other files",
    _linked: "'/model_weights/dense/dense/bias' is an external link",
    _by_a_path: "'/model_weights/dense/dense/bias' is a soft link",
}


@pytest.mark.parametrize(("change", "said"), OUTSIDE.items())
@pytest.mark.parametrize("libver", ["earliest", "latest"])
@pytest.mark.parametrize("many", [0, 40])
def test_weights_that_lie_in_another_file_are_refused(
    tmp_path: Path, change: Callable[[h5py.Group], None], said: str, libver: str, many: int
) -> None:
    path = write_config(tmp_path / "m.h5", sequential(INPUT))
    with h5py.File(path, "a", libver=libver) as file:
        group = file["model_weights"]
        for number in range(many if libver == "earliest" else many // 8):
            group.create_dataset(f"before{number}/kernel", data=np.zeros((2, 2), "f4"), chunks=(1, 2))
        change(group.create_group("dense/dense"))
    with pytest.raises(ModelUnsafeError, match=f"could read another file: .*{said}$"):
        inspect_model(path)


def test_links_that_are_not_read_are_said(tmp_path: Path) -> None:
    path = write_config(tmp_path / "m.h5", sequential(INPUT))
    with h5py.File(path, "a", libver="latest") as file:
        for number in range(20):
            file.create_group(f"model_weights/layers/{number}")
    with pytest.raises(ModelUnsupportedError, match=r"'/model_weights/layers' .* \(dense storage\), which is not read"):
        inspect_model(path)


def test_a_model_of_very_many_weights_is_read(tmp_path: Path) -> None:
    path = write_config(tmp_path / "m.h5", sequential(INPUT))
    with h5py.File(path, "a") as file:
        for number in range(300):
            for name in ("kernel:0", "bias:0"):
                file[f"model_weights/layer{number}/layer{number}/{name}"] = np.zeros(2, "f4")
        file["model_weights/again"] = file["model_weights"]  # a hard link back
    begin = time.process_time()
    assert inspect_model(path).format == "keras"
    assert time.process_time() - begin < SECONDS


REACHED = {
    "the arguments of a call": {"inbound_nodes": [[["x", 0, 0, {"by": LAMBDA}]]]},
    "what Keras 3 calls so": {"inbound_nodes": [{"args": [{"deep": [LAMBDA]}], "kwargs": {}}]},
    "how it is built": {"build_config": {"input_shape": [None, 4], "by": LAMBDA}},
    "how it is compiled": {"compile_config": {"optimizer": LAMBDA, "loss": [{"x": LAMBDA}], "metrics": [[LAMBDA]]}},
    "an initializer": {"config": {"name": "dense", "kernel_initializer": LAMBDA}},
    "what it was told to leave alone": {"config": {"name": "d", "by": {"__passive_serialization__": True, **LAMBDA}}},
    "what it was made of": {"config": {"name": "d", "by": {"class_name": "__tuple__", "items": [LAMBDA]}}},
}


@pytest.mark.parametrize("where", REACHED.values(), ids=REACHED)
@pytest.mark.parametrize("version", ["2.15.0", "3.15.1"])
def test_code_is_found_in_every_part_of_a_layer(tmp_path: Path, where: Any, version: str) -> None:
    config = sequential(INPUT, {**layer("Dense"), **where})
    with pytest.raises(ModelUnsafeError, match="would run code that is stored in the file"):
        inspect_model(write_config(tmp_path / "m.h5", config, version=version))


def test_of_a_key_that_is_twice_in_the_architecture_the_last_counts_as_it_does_for_keras(tmp_path: Path) -> None:
    whole = json.dumps(sequential(INPUT, layer("Dense")))
    last = whole.replace('"class_name": "Dense"', '"class_name": "Dense", "class_name": "Lambda"')
    assert json.loads(last)["config"]["layers"][1]["class_name"] == "Lambda"
    with pytest.raises(ModelUnsafeError, match="Lambda"):
        inspect_model(write_config(tmp_path / "m.h5", last))
    first = whole.replace('"class_name": "Dense"', '"class_name": "Lambda", "class_name": "Dense"')
    assert inspect_model(write_config(tmp_path / "n.h5", first)).format == "keras"


def test_the_architecture_is_that_of_the_root_alone(tmp_path: Path) -> None:
    path = write_config(tmp_path / "m.h5", sequential(INPUT, layer("Lambda")))
    with h5py.File(path, "a") as file:
        file["model_weights"].attrs["model_config"] = json.dumps(sequential(INPUT))
    with pytest.raises(ModelUnsafeError, match="Lambda"):
        inspect_model(path)


def test_an_architecture_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    path = write_config(tmp_path / "m.h5", sequential(INPUT, layer("Lambda")))
    with h5py.File(path, "a") as file:
        file.attrs["model_confiX"] = json.dumps(sequential(INPUT))
    path.write_bytes(path.read_bytes().replace(b"model_confiX", b"model_config"))
    with h5py.File(path) as file:
        assert "Lambda" in file.attrs["model_config"]
    with pytest.raises(ModelUnreadableError, match="attribute 'model_config' is there twice"):
        inspect_model(path)


CUSTOM = {
    "a class of another package": {"module": "os", "class_name": "system", "config": {}},
    "a registered class": {"class_name": "mine>Dense", "config": {"name": "d"}},
    "a class of another module by Keras's name": {"module": "mine.keras", "class_name": "Dense", "config": {}},
    "a function": {"module": "builtins", "class_name": "function", "config": "my_loss"},
    "a function of another package by Keras's name": {"module": "mine", "class_name": "function", "config": "relu"},
    "a function that is registered": {
        **{"module": "builtins", "class_name": "function", "config": "relu", "registered_name": "mine>relu"}
    },
    "a class that is registered": {"class_name": "Zeros", "config": {}, "registered_name": "mine>Zeros"},
    "a class that is registered as one with code": {"class_name": "Zeros", "config": {}, "registered_name": "Lambda"},
    "a type of TensorFlow's": {"class_name": "__typespec__", "spec_name": "Evil", "module": "os", "config": []},
    "a type of older Keras's": {"class_name": "TypeSpec", "type_spec": "Evil", "serialized": []},
    "a function by its name": layer("Dense", activation="my_activation"),
    "a module that only begins like Keras's": {"module": "keras_hub.layers", "class_name": "Dense", "config": {}},
}


@pytest.mark.parametrize("inner", CUSTOM.values(), ids=CUSTOM)
def test_what_keras_does_not_have_is_refused(tmp_path: Path, inner: Any) -> None:
    dense = layer("Dense", kernel_initializer=inner)
    with pytest.raises(ModelUnsupportedError, match="not Keras's own"):
        inspect_model(write_config(tmp_path / "m.h5", sequential(INPUT, dense)))


@pytest.mark.parametrize("key", ["kernel_initializer", "bias_regularizer", "kernel_constraint"])
def test_a_bare_name_that_keras_does_not_have_is_refused(tmp_path: Path, key: str) -> None:
    path = write_config(tmp_path / "m.h5", sequential(INPUT, layer("Dense", **{key: "os.system"})))
    with pytest.raises(ModelUnsupportedError, match=r"not Keras's own: 'os\.system' \(the layer"):
        inspect_model(path)


@pytest.mark.parametrize("name", ["glorot_uniform", "GlorotUniform", "uniform", "zero", "l1_l2", "max_norm"])
def test_a_bare_name_that_keras_has_is_read(tmp_path: Path, name: str) -> None:
    path = write_config(tmp_path / "m.h5", sequential(INPUT, layer("Dense", kernel_initializer=name)))
    assert inspect_model(path).format == "keras"


def test_operations_between_layers_are_refused_for_keras_3_which_cannot_load_them(tmp_path: Path) -> None:
    add = {"class_name": "Add", "config": {"name": "plus"}, "name": "plus", "inbound_nodes": []}
    config = {
        "class_name": "Functional",
        "config": {"layers": [INPUT, add], "input_layers": ["x", 0, 0], "output_layers": ["plus", 0, 0]},
    }
    with pytest.raises(ModelUnsupportedError, match=r"does not load from HDF5: 'Add' \(the layer 'plus'\)"):
        inspect_model(write_config(tmp_path / "m.h5", config))


def test_an_embedding_with_a_mask_is_named_where_its_mask_is_the_operation(tmp_path: Path) -> None:
    mask = {"class_name": "NotEqual", "config": {"name": "not_equal"}, "name": "not_equal", "inbound_nodes": []}
    with pytest.raises(ModelUnsupportedError, match="'NotEqual'") as refused:
        inspect_model(write_config(tmp_path / "m.h5", sequential(INPUT, mask)))
    assert "an Embedding with `mask_zero=True`" in str(refused.value.hint)


def test_a_layer_whose_class_has_another_name_than_it_is_exported_under_is_known(tmp_path: Path) -> None:
    attention = layer("GroupedQueryAttention")  # `keras.layers.GroupQueryAttention`
    assert inspect_model(write_config(tmp_path / "m.h5", sequential(INPUT, attention))).format == "keras"


@pytest.mark.parametrize(
    ("version", "backend", "message"),
    [
        ("4.0.0", "tensorflow", "written by Keras 4.0.0"),
        ("1.2.2", "theano", "written by Keras 1.2.2"),
        ("2.1.0", "theano", "the backend theano"),
        ("3.9.0", "mine", "the backend mine"),
        ("new\nline", "tensorflow", r"Keras 'new\\nline'"),
    ],
)
def test_another_version_or_backend_is_refused(tmp_path: Path, version: str, backend: str, message: str) -> None:
    path = write_config(tmp_path / "m.h5", sequential(INPUT), version=version, backend=backend)
    with pytest.raises(ModelUnsupportedError, match=message):
        inspect_model(path)


OLD_DENSE = layer("Dense", batch_input_shape=[None, 4])
SHAPES = {
    "an older list of layers": ({"class_name": "Sequential", "config": [OLD_DENSE]}, "dense_input", (None, 4)),
    "a first layer with a shape": (sequential(OLD_DENSE), "dense_input", (None, 4)),
    "built by its first call": (sequential(layer("Dense"), build_input_shape=[2, 5]), "dense_input", (2, 5)),
    "a model as the first layer": (sequential(sequential(INPUT), layer("Dense")), "x", (None, 4)),
}


@pytest.mark.parametrize(("config", "name", "shape"), SHAPES.values(), ids=SHAPES)
def test_the_input_of_a_sequential_model_is_found(tmp_path: Path, config: Any, name: str, shape: Any) -> None:
    facts = inspect_model(write_config(tmp_path / "m.h5", config, version="2.3.1"))
    assert facts.inputs == (Signature(name, "float32", shape),)


def test_inputs_and_outputs_by_name_have_the_names_of_their_own(tmp_path: Path) -> None:
    both = [INPUT, {**INPUT, "config": {**INPUT["config"], "name": "y"}}]  # type: ignore[dict-item]
    ends = {"input_layers": {"q": ["x", 0, 0], "p": ["y", 0, 0]}, "output_layers": {"b": ["x", 0, 0], "a": ["y", 0, 0]}}
    facts = inspect_model(
        write_config(tmp_path / "m.h5", {"class_name": "Functional", "config": {"layers": both, **ends}})
    )
    assert [one.name for one in facts.inputs] == ["p", "q"]
    assert [one.name for one in facts.outputs] == ["a", "b"]


def test_a_layer_that_is_two_outputs_has_a_number_at_the_second(tmp_path: Path) -> None:
    ends = {"input_layers": [["x", 0, 0]], "output_layers": [["x", 0, 0], ["x", 1, 0], ["x", 2, 0]]}
    config = {"class_name": "Functional", "config": {"layers": [INPUT], **ends}}
    facts = inspect_model(write_config(tmp_path / "m.h5", config))
    assert [one.name for one in facts.outputs] == ["x", "x_1", "x_2"]


@pytest.mark.parametrize("kind", ["sparse", "ragged"])
def test_an_input_that_json_cannot_hold_is_refused(tmp_path: Path, kind: str) -> None:
    special = {**INPUT, "config": {**INPUT["config"], kind: True}}  # type: ignore[dict-item]
    with pytest.raises(ModelUnsupportedError, match=f"has the {kind} input 'x'"):
        inspect_model(write_config(tmp_path / "m.h5", sequential(special)))


BROKEN: dict[str, Any] = {
    "no JSON": "{",
    "no object": [1],
    "no class": {"config": {}},
    "no layers": sequential(),
    "layers that are none": sequential(1),
    "a layer without a name": sequential(INPUT, {"class_name": "Dense", "config": {}}),
    "an input without a shape": sequential({"class_name": "InputLayer", "config": {"name": "x"}}),
    "a size that is none": sequential({"class_name": "InputLayer", "config": {"name": "x", "batch_shape": ["a"]}}),
    "no inputs": {"class_name": "Functional", "config": {"layers": [INPUT]}},
    "an input of no layer": {"class_name": "Model", "config": {"layers": [INPUT], "input_layers": [["z", 0, 0]]}},
    "a class that is no name": sequential(INPUT, layer("Dense", bias_initializer={"class_name": ["Zeros"]})),
    "lists in lists": "[" * 100_000,
    "many lists": '{"class_name": "Sequential", "config": {"layers": [' + "[]," * 300_000 + "0]}}",
    "many numbers": '{"class_name": "Sequential", "config": {"layers": [' + "1," * 700_000 + "0]}}",
}


@pytest.mark.parametrize("config", BROKEN.values(), ids=BROKEN)
def test_a_broken_architecture_is_refused(tmp_path: Path, config: Any) -> None:
    with pytest.raises(ModelUnreadableError, match=r"no valid (HDF5 file|Keras model)"):
        inspect_model(write_config(tmp_path / "m.h5", config))


def test_models_in_models_without_an_end_are_refused(tmp_path: Path) -> None:
    config: Any = INPUT
    for _ in range(50):
        config = sequential(config)
    with pytest.raises(ModelUnreadableError, match="models in models"):
        inspect_model(write_config(tmp_path / "m.h5", config))


@pytest.mark.parametrize("ends", [30_000, 1])
def test_an_architecture_of_many_parts_is_read_in_time(tmp_path: Path, ends: int) -> None:
    config = {
        "class_name": "Functional",
        "config": {
            "layers": [INPUT] * (30_000 // ends),  # three megabytes
            "input_layers": [["x", 0, 0]] * ends,
            "output_layers": [["x", 0, 0]] * ends,
        },
    }
    path = write_config(tmp_path / "m.h5", config)
    begin = time.process_time()
    with contextlib.suppress(ModelError):
        inspect_model(path)
    assert time.process_time() - begin < SECONDS


def with_weights(path: Path, config: Any, *shapes: tuple[int, ...], version: str = "3.15.1") -> Path:
    """Writes a model file with this configuration and datasets of these shapes."""
    write_config(path, config, version=version)
    with h5py.File(path, "a") as file:
        for number, shape in enumerate(shapes):
            file["model_weights"][f"{number}/kernel"] = np.zeros(shape, "float32")
    return path


LARGER = {
    "a vocabulary": layer("Embedding", input_dim=1_000_000_000, output_dim=2),
    "units": layer("Dense", units=700_000_000),
    "units of an older Keras": layer("Dense", units=7e8),
    "a number of NumPy's": layer("Dense", units={"class_name": "__numpy__", "config": {"value": 700_000_000}}),
    "a kernel": layer("Conv2D", filters=1000, kernel_size=[1000, 1000]),
    "a kernel of a separable layer": layer("SeparableConv1D", filters=1, depth_multiplier=1000, kernel_size=[100_000]),
    "heads": layer("MultiHeadAttention", num_heads=1 << 15, key_dim=1 << 15, value_dim=1),
    "units between each other": layer("LSTM", units=50_000),
    "a cell": layer("RNN", cell=layer("GRUCell", units=50_000)),
    "many layers": sequential(INPUT, *[layer("Dense", units=2000)] * 100),
}


@pytest.mark.parametrize("inner", LARGER.values(), ids=LARGER)
def test_an_architecture_that_has_more_weights_than_the_file_is_refused(tmp_path: Path, inner: Any) -> None:
    path = with_weights(tmp_path / "m.h5", sequential(INPUT, inner), (4, 3), (20, 20))
    with pytest.raises(ModelUnreadableError, match=r"it has [0-9,]{5,} weights or more.*the file holds 412$"):
        inspect_model(path)


AS_LARGE = {
    "units": (layer("Dense", units=3), (1, 3)),
    "units of few inputs": (layer("Dense", units=5000), (1, 5000)),
    "a vocabulary": (layer("Embedding", input_dim=50, output_dim=8, input_length=10**9), (50, 8)),
    "a kernel in groups": (layer("Conv2D", filters=64, kernel_size=[3, 3], groups=64), (3, 3, 1, 64)),
    "two kernels": (layer("SeparableConv1D", filters=100, depth_multiplier=50, kernel_size=[9]), (9, 1, 50), (50, 100)),
    "units between each other": (layer("LSTM", units=30), (1, 120), (30, 120)),
    "a seed": (layer("Dropout", rate=0.5, seed=2**31), (1,)),
    "four bits a weight": (layer("Dense", units=64), (32, 1)),
}


@pytest.mark.parametrize("case", AS_LARGE.values(), ids=AS_LARGE)
def test_an_architecture_of_the_size_of_its_weights_is_read(tmp_path: Path, case: Any) -> None:
    inner, *shapes = case
    assert inspect_model(with_weights(tmp_path / "m.h5", sequential(INPUT, inner), *shapes)).format == "keras"


def test_a_model_that_was_saved_before_it_was_built_is_refused(tmp_path: Path) -> None:
    path = write_config(tmp_path / "m.h5", sequential(layer("Dense", units=3)))
    with pytest.raises(ModelUnreadableError, match="the file holds none: was it saved before the model was built"):
        inspect_model(path)


@pytest.mark.parametrize("size", ["1000000000", float("inf"), float("nan"), ["9"]])
def test_a_size_that_is_no_number_is_refused(tmp_path: Path, size: Any) -> None:
    path = with_weights(tmp_path / "m.h5", sequential(INPUT, layer("Dense", units=size)), (4, 3), version="2.15.0")
    with pytest.raises(ModelUnreadableError, match="a size of a layer is no number"):
        inspect_model(path)


TF_KERAS = {
    "optional": {**INPUT, "config": {**INPUT["config"], "optional": True}},
    "softmax_robust_masking": layer("MultiHeadAttention", softmax_robust_masking=True),
    "robust_masking": layer("Softmax", robust_masking=True),
}


@pytest.mark.parametrize("key", TF_KERAS)
def test_what_only_tf_keras_knows_is_refused_where_it_is_set(tmp_path: Path, key: str) -> None:
    path = write_config(tmp_path / "m.h5", sequential(INPUT, TF_KERAS[key]), version="2.21.0")
    with pytest.raises(ModelUnsupportedError, match=f"made with `{key}`, which only tf_keras knows"):
        inspect_model(path)
    path.write_bytes(path.read_bytes().replace(b": true", b":false"))
    assert inspect_model(path).format == "keras"


def test_hdf5_of_other_programs_is_named(tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    for attribute, name in (("_NCProperties", "netCDF"), ("PYTABLES_FORMAT_VERSION", "PyTables"), ("other", "HDF5")):
        with h5py.File(path, "w") as file:
            file.attrs[attribute] = "1"
            file.create_group("table")
        with pytest.raises(ModelUnsupportedError, match=f"{name}.* with table, and no Keras model"):
            inspect_model(path)
    with h5py.File(path, "w", userblock_size=512) as file:
        file["x"] = 1
    path.write_bytes(b"MATLAB 7.3 MAT-file" + path.read_bytes()[19:])
    with pytest.raises(ModelUnsupportedError, match="MATLAB"):
        inspect_model(path)


def test_attributes_that_are_not_read_are_said(tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    with h5py.File(path, "w", libver="latest") as file:
        for number in range(20):
            file.attrs[f"a{number}"] = "1"
    with pytest.raises(ModelUnsupportedError, match="dense storage"):
        inspect_model(path)


def test_hdf5_that_is_called_otherwise_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.pkl"
    path.write_bytes(keras_file("keras3-dense").read_bytes())
    with pytest.raises(ModelMismatchError, match=r"is an HDF5 file, but its suffix `\.pkl` says a pickle"):
        inspect_model(path)
    assert inspect_model(path, format="keras").format == "keras"


@pytest.mark.parametrize("name", ["keras2-dense", "keras3-dense"])
def test_every_beginning_of_a_model_is_refused(tmp_path: Path, name: str) -> None:
    whole, path = keras_file(name).read_bytes(), tmp_path / "model.h5"
    for length in range(1, len(whole), 97):
        path.write_bytes(whole[:length])
        with pytest.raises(ModelError):
            inspect_model(path)


def test_the_files_are_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 520_000
    assert config_of(keras_file("keras3-dense"))["class_name"] == "Sequential"
    assert json.loads((FOLDER / "keras2-dense.json").read_text())["library"] == "keras 2.15.0, tensorflow"
