"""Writes chartgen/pins/operators/onnxruntime-VERSION.txt: the operators that the installed onnxruntime registers.

A line for each: the domain (`-` for ONNX's own), the name, the operator set that brings it, and the one that takes it
away again::

    python tools/make_onnx_operators.py
"""

from __future__ import annotations

from pathlib import Path

import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as state

FOLDER = Path(__file__).resolve().parent.parent / "chartgen" / "pins" / "operators"
# The domains of models; the others are those of onnxruntime's own rewritten graphs.
DOMAINS = {"": "-", "ai.onnx.ml": "ai.onnx.ml", "com.microsoft": "com.microsoft"}

# Declared, but only for accelerators: the graph behind it was compiled for one, and lies in another file.
ELSEWHERE = {("com.microsoft", "EPContext")}


def table() -> str:
    """The file's content for the installed onnxruntime."""
    since: dict[tuple[str, str], int] = {}
    until: dict[tuple[str, str], int] = {}
    for schema in state.get_all_operator_schema():
        if schema.domain not in DOMAINS or (schema.domain, schema.name) in ELSEWHERE:
            continue
        key = DOMAINS[schema.domain], schema.name
        since[key] = min(schema.since_version, since.get(key, schema.since_version))
        if schema.deprecated:
            until[key] = schema.since_version
    rows = [f"{domain} {name} {since[domain, name]} {until.get((domain, name), '')}".strip() for domain, name in since]
    return "\n".join(sorted(rows)) + "\n"


def target() -> Path:
    """The file for the installed onnxruntime."""
    return FOLDER / f"onnxruntime-{onnxruntime.__version__}.txt"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    target().write_text(table())
