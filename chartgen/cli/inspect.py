"""`chartgen inspect`: what a model file says of itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chartgen.cli import output as out
from chartgen.cli.options import output_option
from chartgen.cli.verb import verb

if TYPE_CHECKING:
    from chartgen.inspect.facts import ModelFacts, Signature

# What fits on a screen.
SHOWN_COLUMNS = 40


@verb(
    "inspect",
    examples="""
    chartgen inspect iris.onnx
    chartgen inspect iris.pkl -o json
    """,
)
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--trusted", is_flag=True, help="List a pickle's imports even if they are not on the allow-list.")
@output_option("table", "json", "yaml")
def command(model: Path, trusted: bool, output: str) -> None:
    """Say what MODEL is: its format, what goes in and out, what wrote it. The file is read and never executed."""
    from chartgen.inspect import inspect_model

    facts = inspect_model(model, trusted=trusted)
    if output != "table":
        out.data("ModelFacts", document(facts), output)
        return
    out.pairs(list(_rows(facts)))


def document(facts: ModelFacts) -> dict[str, Any]:
    """The facts for programs."""
    return {
        "format": facts.format,
        "size": facts.size,
        "sha256": facts.sha256,
        "producer": vars(facts.producer) if facts.producer else None,
        "libraries": [vars(library) for library in facts.libraries],
        "inputs": [_signature(signature) for signature in facts.inputs],
        "outputs": [_signature(signature) for signature in facts.outputs],
        "columns": [{"name": each.name, "dtype": each.dtype, "needed": each.needed} for each in facts.columns],
        "opsets": facts.opsets,
        "imports": list(facts.imports),
        "untrusted": list(facts.untrusted),
        "resources": {"cpu": str(facts.sizing.cpu), "memory": f"{facts.sizing.memory}Gi"},
        "details": facts.details,
    }


def _signature(signature: Signature) -> dict[str, Any]:
    shape = None if signature.shape is None else list(signature.shape)
    return {"name": signature.name, "dtype": signature.dtype, "shape": shape}


def _rows(facts: ModelFacts) -> list[tuple[str, str]]:
    rows = [("format", facts.format), ("size", f"{facts.size:,} bytes"), ("sha256", facts.sha256)]
    if facts.producer:
        rows.append(("written by", str(facts.producer)))
    rows += [("library", str(library)) for library in facts.libraries]
    rows += [("opset", f"{domain} {version}") for domain, version in sorted(facts.opsets.items())]
    details = dict(facts.details)
    for kind, signatures in (("input", facts.inputs), ("output", facts.outputs)):
        for signature in signatures:
            # The whole type of what is no tensor, such as `sequence(map(int64, float32))`.
            text = details.pop(f"{kind} {signature.name}", str(signature))
            rows.append((kind, f"{signature.name} {text}".strip()))
    rows += [("column", str(column)) for column in facts.columns[:SHOWN_COLUMNS]]
    if len(facts.columns) > SHOWN_COLUMNS:
        rows.append(("column", f"and {len(facts.columns) - SHOWN_COLUMNS} more, which `-o json` lists"))
    rows += sorted(details.items())
    rows.append(
        ("resources", f"{facts.sizing.cpu} CPU, {facts.sizing.memory}Gi of memory, unless the service file says others")
    )
    rows += [("import", name + (" (not trusted)" if name in facts.untrusted else "")) for name in facts.imports]
    return rows
