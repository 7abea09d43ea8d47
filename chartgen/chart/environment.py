"""The jinja2 environment of the chart templates: delimiters that Helm does not use, and its filters."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING

from chartgen.chart.values_file import commented_values, values_table
from chartgen.chart.yaml_dump import to_yaml

if TYPE_CHECKING:
    from jinja2 import Environment


def to_json(value: object) -> str:
    """Write a value as JSON, keys in their order, characters as they are (jinja's own `tojson` escapes for HTML)."""
    return json.dumps(value, ensure_ascii=False)


@cache
def environment(root: str) -> Environment:
    """The environment that loads templates from a folder.

    Undefined names are errors, blocks leave no blank lines behind, and a template cannot reach Python's internals.

    Args:
        root: The folder of the templates.
    """
    from jinja2 import FileSystemLoader, StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    from chartgen.chart.compiled import compiled_templates

    made = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(root),
        undefined=StrictUndefined,
        block_start_string="[%",
        block_end_string="%]",
        variable_start_string="[[",
        variable_end_string="]]",
        comment_start_string="[#",
        comment_end_string="#]",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        bytecode_cache=compiled_templates(__file__),
        auto_reload=False,  # the shipped templates do not change while chartgen runs
        autoescape=False,  # what is made is YAML; user text enters only through the dumper
    )
    made.filters |= {
        "to_yaml": to_yaml,
        "to_json": to_json,
        "commented_values": commented_values,
        "values_table": values_table,
    }
    return made
