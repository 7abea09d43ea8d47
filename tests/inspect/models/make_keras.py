"""Makes the small Keras files beside this script, and the answers of their own library; run it once for each Keras.

    pip install tensorflow-cpu==2.21.0 && python make_keras.py                     # Keras 3 files
    pip install tensorflow-cpu==2.15.1 "numpy<2" && python make_keras.py           # Keras 2 files
    pip install keras==3.15.1 h5py jax && KERAS_BACKEND=jax python make_keras.py   # a Keras 3 file of another backend
    pip install tensorflow-cpu==2.20.0 tf_keras==2.20.1 && KERAS_PACKAGE=tf_keras python make_keras.py  # of tf_keras
    pip install tensorflow-cpu==2.21.0 tf_keras==2.21.0 && KERAS_PACKAGE=tf_keras python make_keras.py  # of a newer one

Each model lies beside a .json of the same name: what was asked (by input name), and what `model.predict` gave.
"""

from __future__ import annotations

import importlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

keras: Any = importlib.import_module(os.environ.get("KERAS_PACKAGE", "keras"))
Model, Sequential, layers = keras.Model, keras.Sequential, keras.layers

FOLDER = Path(__file__).parent / "keras"
MAJOR = keras.__version__.partition(".")[0]
BACKEND = keras.backend.backend()
ROWS = 3


def dense() -> Any:
    """Four numbers, three classes."""
    hidden, last = layers.Dense(5, activation="tanh"), layers.Dense(3, activation="softmax")
    return Sequential([layers.Input((4,), name="features"), hidden, layers.Dropout(0.5), last], name="dense")


def two_inputs() -> Any:
    """An integer sequence of any length and two numbers; a score and a flag."""
    words = layers.Input((None,), dtype="int32", name="words")
    numbers = layers.Input((2,), name="numbers")
    mixed = layers.Concatenate(name="mixed")([layers.GlobalAveragePooling1D()(layers.Embedding(7, 3)(words)), numbers])
    score = layers.Dense(1, name="score")(mixed)
    flag = layers.Dense(2, activation="sigmoid", name="flag")(mixed)
    return Model([words, numbers], [score, flag], name="two_inputs")


def image() -> Any:
    """A small picture through convolution, batch normalization and an inner model."""
    picture = layers.Input((8, 8, 3), name="picture")
    inner = Sequential([layers.Input((4,)), layers.Dense(2, activation="relu")], name="head")
    hidden = layers.BatchNormalization()(layers.Conv2D(4, 3, strides=2, padding="same")(picture))
    return Model(picture, inner(layers.GlobalMaxPooling2D()(layers.LeakyReLU()(hidden))), name="image")


def recurrent() -> Any:
    """Batches of exactly two, with a state inside."""
    steps = layers.Input(batch_shape=(2, 5, 3), name="steps")
    return Model(steps, layers.GRU(2)(layers.Bidirectional(layers.LSTM(2, return_sequences=True))(steps)))


def by_key() -> Any:
    """Inputs and outputs in objects, whose keys are not the layers' names and not in their order."""
    left, right = layers.Input((3,), name="left"), layers.Input((2,), name="right")
    both = layers.Concatenate()([layers.Dense(2)(left), right])
    ends = {"wide": layers.Dense(2, name="b")(both), "narrow": layers.Dense(1, name="a")(right)}
    return Model({"z": left, "y": right}, ends, name="by_key")


def compiled() -> Any:
    """A model that was trained for a moment, so that the file holds an optimizer as well."""
    model = dense()
    model.compile("adam", "mse")
    model.fit(np.ones((8, 4)), np.zeros((8, 3)), verbose=0)
    return model


class Own(layers.Layer):  # type: ignore[name-defined,misc]  # of whichever package it is
    """A layer of the author's own."""

    def call(self, inputs: Any) -> Any:
        """Doubles."""
        return inputs * 2


def custom() -> Any:
    """A model that needs the author's code."""
    return Sequential([layers.Input((4,)), Own(name="own"), layers.Dense(1)], name="custom")


def lambdas() -> Any:
    """A model with a function of Python in it."""
    # The code of a lambda names the file that it is of: here it is no folder of anybody's.
    double = eval(compile("lambda x: x * 2", "lambdas.py", "eval"))
    return Sequential([layers.Input((4,)), layers.Lambda(double, name="double"), layers.Dense(1)])


def asked(model: Any, generator: np.random.Generator) -> dict[str, Any]:
    """Values for every input, by its name."""
    values = {}
    keys = getattr(model, "input", None) if MAJOR == "2" or not isinstance(model, Sequential) else None
    for number, each in enumerate(model.inputs):
        name = sorted(keys)[number] if isinstance(keys, dict) else each.name.partition(":")[0]
        shape = [size or (ROWS if not axis else 4) for axis, size in enumerate(each.shape)]
        if str(getattr(each.dtype, "name", each.dtype)) == "int32":
            values[name] = generator.integers(0, 7, shape)
        else:
            values[name] = generator.normal(size=shape).astype("float32").round(3)
    return values


def write(name: str, model: Any) -> None:
    """Writes the model and its answers; the weights are as small as the random numbers of a seed."""
    model.save(FOLDER / f"{name}.h5")
    values = asked(model, np.random.default_rng(5))
    given = (
        values if name.endswith("by-key") else list(values.values()) if len(values) > 1 else next(iter(values.values()))
    )
    answers = model.predict(given, batch_size=ROWS, verbose=0)
    if isinstance(answers, dict):
        answers = [answers[key] for key in sorted(answers)]
    answers = answers if isinstance(answers, list) else [answers]
    record = {
        "library": f"{keras.__name__} {keras.__version__}, {BACKEND}",
        "inputs": {key: value.tolist() for key, value in values.items()},
        "outputs": [np.asarray(answer, dtype=float).tolist() for answer in answers],
    }
    (FOLDER / f"{name}.json").write_text(json.dumps(record) + "\n")


def attention() -> Any:
    """Steps that look at each other."""
    steps = layers.Input((5, 4), name="steps")
    return Model(steps, layers.MultiHeadAttention(1, 2, use_bias=False)(steps, steps), name="attention")


def quantized() -> Any:
    """The first of these models with weights of eight bits; of Keras 3 alone."""
    model = dense()
    model.quantize("int8")
    return model


def main() -> None:
    """Writes what this Keras and this backend are for."""
    FOLDER.mkdir(exist_ok=True)
    keras.utils.set_random_seed(20)
    if BACKEND != "tensorflow":
        write(f"keras{MAJOR}-{BACKEND}", image())
        return
    if keras.__name__ == "tf_keras":
        older = keras.__version__ == "2.20.1"
        write("keras2-of-tf-keras" if older else "keras2-of-newer-tf-keras", image() if older else attention())
        return
    for make in (dense, two_inputs, image, recurrent, compiled, by_key):
        write(f"keras{MAJOR}-{make.__name__.replace('_', '-')}", make())
    if MAJOR == "3":
        write("keras3-quantized", quantized())
    custom().save(FOLDER / f"keras{MAJOR}-custom.h5")
    lambdas().save(FOLDER / f"keras{MAJOR}-lambda.h5")
    dense().save_weights(FOLDER / f"keras{MAJOR}{'.weights' if MAJOR == '3' else '-weights'}.h5")


if __name__ == "__main__":
    main()
