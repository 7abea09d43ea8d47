"""Many charts in one process, beside a bare loop of jinja2 and a YAML dump that writes the same files."""

from __future__ import annotations

import json
import shutil
import time
from typing import TYPE_CHECKING, Any

import jinja2
import yaml
from figures import Figure, compare

from chartgen import assets
from chartgen.chart.build import Built, build
from chartgen.chart.environment import to_json
from chartgen.chart.values_file import values_table
from chartgen.chart.write import MARKER, write
from chartgen.service.load import load

if TYPE_CHECKING:
    from pathlib import Path

BLOCKS = 10


def measure(service: Path, scratch: Path, charts: int) -> list[Figure]:
    """Make the charts in blocks that take turns with the bare loop's.

    Args:
        service: The service file; it is read, checked, and its model inspected, for every chart.
        scratch: A folder in memory (tmpfs).
        charts: How many charts.
    """
    built = build(load([service]))
    bare = _BareLoop(built)
    first = write(built.chart, scratch / "first")
    bare.write(scratch / "bare")
    _check_same(first, scratch / "bare")
    size = max(1, charts // BLOCKS)
    ours: list[float] = []
    theirs: list[float] = []
    for block in range(BLOCKS):
        folder = scratch / f"block-{block}"
        folder.mkdir()
        started = time.perf_counter()
        for number in range(size):
            bare.write(folder / f"bare-{number}")
        middle = time.perf_counter()
        for number in range(size):
            write(build(load([service])).chart, folder / str(number))
        theirs.append((middle - started) / size * 1000)
        ours.append((time.perf_counter() - middle) / size * 1000)
        shutil.rmtree(folder)
    note = f"{size * BLOCKS} charts of {len(built.chart.files)} files each, of which {bare.rendered} are rendered"
    return [
        compare(
            "one of 1,000 renders",
            "bare jinja2 and dump",
            "ms",
            zip(ours, theirs, strict=True),
            bar="<= 4.0",
            note=note,
        )
    ]


class _BareLoop:
    """Renders the same templates with the same names and writes the same files: it reads, checks and decides nothing.

    Args:
        built: The chart that it makes again; what was decided about it is given.
    """

    def __init__(self, built: Built) -> None:
        self._plan, self._chart = built.plan, built.chart
        self._root = assets.chart_templates() / "model"
        environment = jinja2.Environment(  # noqa: S701  # what is made is YAML
            loader=jinja2.FileSystemLoader(self._root),
            block_start_string="[%",
            block_end_string="%]",
            variable_start_string="[[",
            variable_end_string="]]",
            comment_start_string="[#",
            comment_end_string="#]",
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        environment.filters |= {
            "to_yaml": self._dump,
            "to_json": to_json,
            "commented_values": lambda values, _schema: self._dump(values),
            "values_table": values_table,
        }
        self._environment = environment
        wanted = [path for path in built.chart.files if (self._root / f"{path}.j2").is_file()]
        self._templates = [path for path in wanted if path != "values.schema.json"]
        self._copied = {path: content for path, content in built.chart.files.items() if path not in wanted}
        self.rendered = len(wanted)

    def write(self, folder: Path) -> None:
        """Render and write one chart."""
        schema = self._render("values.schema.json", {})
        context = {"metadata": self._plan.metadata, "values": self._plan.values, "schema": json.loads(schema)}
        files = {path: self._render(path, context).encode() for path in self._templates}
        files |= self._copied | {"values.schema.json": schema.encode()}
        for path, content in files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)

    def _render(self, path: str, context: dict[str, Any]) -> str:
        return self._environment.get_template(f"{path}.j2").render({**self._plan.context, **context})

    @staticmethod
    def _dump(value: object) -> str:
        text: str = yaml.dump(value, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), sort_keys=False)
        return text


def _check_same(ours: Path, theirs: Path) -> None:
    """Refuse to compare unless both write the same files."""
    names = [
        {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {MARKER}
        for folder in (ours, theirs)
    ]
    if names[0] != names[1]:
        raise SystemExit(f"the bare loop writes other files: {sorted(names[0] ^ names[1])}")
