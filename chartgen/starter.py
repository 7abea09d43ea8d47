"""From a model file to a service file that a person can go on with: every key is there, most of them as comments.

A line that starts with `# ` is prose; one whose `#` stands right before a key, or before its indent, is an example, and
is valid as soon as the `#` is gone.
"""

from __future__ import annotations

import json
import re
import textwrap
from dataclasses import replace
from functools import cache
from math import prod
from typing import TYPE_CHECKING, Any

from chartgen import assets
from chartgen.chart.yaml_dump import to_yaml
from chartgen.inspect.printable import listed
from chartgen.names import RELEASE_NAME_MAX

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chartgen.inspect.facts import Column, ModelFacts, Signature

SCHEMA_FILE = "service.schema.json"

# A sample that fills more than a screen says nothing; the pod then tries zeros without one.
_SAMPLE_MAX_VALUES = 1000
_SAMPLE_WIDTH = 100
_ZEROS = {"bool": False, "string": ""}

# The examples of what most services come to need: the key, what it is for, and the lines.
_EXAMPLES: tuple[tuple[str, str, str], ...] = (
    ("cpu", "What a pod asks for; left out, it follows the model's size. No CPU limit unless one is given.", "500m"),
    ("memory", "The memory request, which is the limit too.", "2Gi"),
    ("replicas", "The number of pods.", "2"),
    (
        "hpa",
        "Scaling by load, between two numbers of pods. It takes the place of `replicas`.",
        "\n  enabled: true\n  minReplicas: 1\n  maxReplicas: 3\n  targetCPU: 70",
    ),
    (
        "ingress",
        "A way in from outside the cluster; the cluster needs an ingress controller.",
        "\n  enabled: true\n  host: models.example.com\n  path: /{name}",
    ),
    (
        "env",
        "Variables of the model's container. A secret stays in its Secret.",
        "\n  LOG_LEVEL: info\n  TOKEN:\n    secretKeyRef:\n      name: model-secrets\n      key: token",
    ),
    (
        "pod",
        "What the pods carry besides, as Kubernetes has it.",
        "\n  labels:\n    team: forecasting\n  nodeSelector:\n    kubernetes.io/arch: amd64",
    ),
    (
        "runtime",
        "Where the pods get their libraries from, if not from the public index.",
        "\n  packages:\n    indexUrl: https://pypi.example.com/simple\n    caConfigMap: company-ca",
    ),
)


def schema_text() -> str:
    """The JSON Schema of service files, which lies beside a service file for editors."""
    return (assets.schemas() / "service" / "v1.schema.json").read_text(encoding="utf-8")


def service_name(stem: str) -> str:
    """A name that a service may have, as near to a file's as can be.

    Args:
        stem: The file's name without its suffix.
    """
    cleaned = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")
    named = cleaned if re.match(r"[a-z]", cleaned) else f"model-{cleaned}"
    return named[:RELEASE_NAME_MAX].strip("-")


def service_text(model: str, facts: ModelFacts, name: str, *, trusted: bool = False, schema: bool = True) -> str:
    """A commented service file.

    Args:
        model: The path of the model file, as the service file is to have it.
        facts: What the model file says of itself.
        name: The service's name.
        trusted: Whether a pickle may import what is not on the allow-list.
        schema: Whether the first line tells editors of the schema beside the file.

    Returns:
        The file's text, which is valid wherever the model can be served.
    """
    parts = [f"# yaml-language-server: $schema={SCHEMA_FILE}"] if schema else []
    parts += [*_prose(_about(facts)), "apiVersion: chartgen/v1", f"name: {name}"]
    parts += ["# A new model, or any other change, is a new version.", "version: 0.1.0", ""]
    parts += [*_model(model, facts, trusted=trusted), "", *_sample(facts)]
    for key, meaning, example in _EXAMPLES:
        if not _is_planned(key):
            separator = "" if example.startswith("\n") else " "
            text = f"{key}:{separator}{example}".replace("{name}", name)
            parts += ["", *_prose(meaning), *(f"#{line}" for line in text.splitlines())]
    return "\n".join(parts) + "\n"


def is_guess(facts: ModelFacts) -> bool:
    """Whether the sample of the service file had to be made up, since the model does not say what goes in."""
    return not facts.inputs or any(each.shape is None for each in facts.inputs)


def _about(facts: ModelFacts) -> str:
    writer = f", written by {facts.producer}" if facts.producer else ""
    inputs = ", ".join(f"{each.name} {each}".strip() for each in facts.inputs) or "unknown"
    if facts.columns:
        inputs = f"a table with the columns {listed([each.shown for each in facts.columns])}"
    return f"A model of the format {facts.format}{writer}. Its input: {inputs}."


def _prose(text: str, indent: str = "") -> list[str]:
    """A comment, whatever the text holds: it may be a stranger's."""
    plain = "".join(letter if letter.isprintable() else "?" for letter in text)
    return [f"{indent}# {line}" for line in textwrap.wrap(plain, 118 - len(indent))]


def _model(model: str, facts: ModelFacts, *, trusted: bool) -> list[str]:
    lines = ["model:", *_prose("The model file, relative to the folder of this file.", "  ")]
    lines += [f"  {line}" for line in to_yaml({"file": model}).splitlines()]
    if trusted:
        lines += [*_prose("Whoever writes the model file decides what the pod runs.", "  "), "  trusted: true"]
    lines += [*_prose("The model's own version, for people; left out, the file's digest stands for it.", "  ")]
    lines += ['  #version: "2024-05"']
    if facts.format == "pickle":
        meaning = "What a prediction calls: predict, predict_proba, decision_function, transform and others."
        lines += [*_prose(meaning, "  "), "  #method: predict"]
    return lines


def _sample(facts: ModelFacts) -> list[str]:
    """The sample, which each pod answers before it gets requests; left out where it would be too long."""
    if is_guess(facts):
        said = "The model does not say what goes in. REPLACE THIS by a request that it can answer."
        inputs = [replace(each, shape=(1, 1) if each.shape is None else each.shape) for each in facts.inputs]
        lines = _input(inputs) if len(inputs) > 1 else ["  input: [[0.0]]"]
        return [*_prose(said), "sample:", *lines, *_output_example()]
    sizes = [prod(_sizes(each)) for each in facts.inputs]
    if sum(sizes) > _SAMPLE_MAX_VALUES:
        return _prose(
            f"A recorded request would stand here as `sample`. An input of this model has {sum(sizes):,} numbers, "
            "so the pods try one of zeros."
        )
    if facts.columns:
        said = (
            "A request that each pod answers before it gets others: a row or a list of rows. Replace it by a real one."
        )
        return [*_prose(said), *to_yaml({"sample": {"input": _row(facts.columns)}}).splitlines(), *_output_example()]
    said = "A request that each pod answers before it gets others. These are zeros: replace them by a real one."
    return [*_prose(said), "sample:", *_input(facts.inputs), *_output_example()]


def _row(columns: Sequence[Column]) -> dict[str, Any]:
    """One row of values that the model knows, or of zeros and empty texts; without columns that it does not look at."""
    return {
        each.name: each.example if each.example is not None else _ZEROS.get(each.dtype or "", 0.0)
        for each in columns
        if each.needed
    }


def _output_example() -> list[str]:
    said = "The answer that it must get, as `chartgen run --sample` prints it; `chartgen test` then compares."
    return [*_prose(said, "  "), "  #output: 0"]


def _input(inputs: Sequence[Signature]) -> list[str]:
    if len(inputs) == 1:
        return _wrapped("  input: ", _zeros(inputs[0], alone=True))
    lines = ["  input:"]
    for each in inputs:
        key = to_yaml({each.name: 0}).removesuffix(" 0\n")
        if "\n" in key:  # YAML has another form for a name this long; that is the dumper's to write
            values = {other.name: _zeros(other, alone=False) for other in inputs}
            return textwrap.indent(to_yaml({"input": values}), "  ").splitlines()
        lines += _wrapped(f"    {key} ", _zeros(each, alone=False))
    return lines


def _sizes(signature: Signature) -> list[int]:
    """The shape with 1 for each dimension that may have any size."""
    return [size if isinstance(size, int) else 1 for size in signature.shape or ()]


def _zeros(signature: Signature, *, alone: bool) -> Any:
    """Zeros of the shape; the one input of a model that takes batches of any size is written as a single item."""
    sizes = _sizes(signature)
    if alone and len(sizes) > 1 and sizes[0] == 1:
        sizes = sizes[1:]
    dtype = signature.dtype or ""
    value: Any = _ZEROS.get(dtype, 0 if "int" in dtype else 0.0)
    for size in reversed(sizes):
        value = [value] * size
    return value


def _wrapped(head: str, value: Any) -> list[str]:
    indent = " " * (len(head) - len(head.lstrip()) + 2)
    return textwrap.wrap(
        f"{head}{json.dumps(value)}",
        _SAMPLE_WIDTH,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    )


@cache
def _is_planned(key: str) -> bool:
    """Whether a key is known and still refused."""
    return bool(json.loads(schema_text())["properties"][key].get("x-chartgen-status") == "planned")
