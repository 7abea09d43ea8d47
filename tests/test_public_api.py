"""The public names: complete, sorted, loadable, and cheap to import."""

from __future__ import annotations

import subprocess
import sys

import chartgen


def test_every_public_name_can_be_loaded() -> None:
    for name in chartgen.__all__:
        assert getattr(chartgen, name) is not None


def test_the_list_of_names_is_sorted_and_is_the_table() -> None:
    assert sorted(chartgen.__all__) == chartgen.__all__
    assert {*chartgen._PLACES, "__version__"} == set(chartgen.__all__)


def test_importing_chartgen_and_asking_for_help_imports_no_optional_and_no_heavy_package() -> None:
    code = (
        "import sys, contextlib, chartgen.cli\n"
        "with contextlib.suppress(SystemExit): chartgen.cli.main(['--help'])\n"
        "print(sorted({m.split('.')[0] for m in sys.modules} & "
        "{'kr8s','httpx','numpy','jsonschema','jinja2','yaml'}), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
