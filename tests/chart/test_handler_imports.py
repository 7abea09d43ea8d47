"""A handler that imports what its pods do not have is warned of before anything is deployed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chartgen.chart.build import build
from chartgen.chart.handler_imports import import_warnings
from chartgen.service.load import load
from tests.helpers import service_file

if TYPE_CHECKING:
    from pathlib import Path

BODY = "\n\ndef preprocess(value):\n    return value\n"
HAVE = {"numpy": "2.4.6", "scikit-learn": "1.9.1", "prometheus-client": "0.22", "xgboost-cpu": "3.2.0"}


def warned(text: str, *own: str, locked: bool = False, **more: str) -> tuple[str, ...]:
    files = {"files/runtime/handler.py": (text + BODY).encode(), "files/runtime/chartgen_runtime/cpu.py": b""}
    return import_warnings(
        files, HAVE | {name.replace("_", "-"): version for name, version in more.items()}, own, locked=locked
    )


@pytest.mark.parametrize(
    "text",
    [
        "import io, json.decoder\nfrom pathlib import Path",
        "import numpy as np\nimport numpy.linalg\nfrom sklearn.base import clone\nimport prometheus_client, xgboost",
        "from chartgen_runtime.cpu import available_cpus",
        "try:\n    import orjson as json\nexcept ImportError:\n    import json",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import pandas",
        "from . import other",
    ],
)
def test_a_handler_that_imports_what_is_there_is_not_warned_of(text: str) -> None:
    assert warned(text) == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("from PIL import Image", "`PIL`, of the package pillow, which the pods do not have"),
        ("import cv2", "`cv2`, of the package opencv-python-headless, which"),
        ("import pandas.io", "`pandas`, of the package pandas, which"),
        ("import ourlibrary.parts", "`ourlibrary`, and no package of that name is in the pods"),
    ],
)
def test_a_module_that_no_package_brings_is_named_with_the_way_out(text: str, said: str) -> None:
    (warning,) = warned(text)
    assert said in warning
    assert "`runtime.requirements`" in warning
    assert "`chartgen lock`" in warning


def test_each_is_named_once_in_the_order_of_the_handler() -> None:
    first, second = warned("import redis\nimport PIL.Image\nfrom PIL import Image\nimport redis.client")
    assert "`redis`" in first
    assert "`PIL`" in second


def test_a_package_that_was_asked_for_may_bring_a_module_of_another_name() -> None:
    assert warned("import ourlibrary", "company-models==1.0", company_models="1.0") == ()
    assert warned("import cv2", "opencv-python==4.12.0", opencv_python="4.12.0") == ()
    assert warned("import redis, ours", "redis==6.0", redis="6.0")[0].startswith("the handler imports `ours`")


def test_of_a_lock_file_only_what_is_certain_is_said() -> None:
    assert warned("import ourlibrary", locked=True) == ()
    assert len(warned("import PIL", locked=True)) == 1


def test_the_warning_is_among_those_of_the_chart(tmp_path: Path) -> None:
    (tmp_path / "handler.py").write_text("from PIL import Image" + BODY)
    built = build(load([service_file(tmp_path, runtime={"handler": "handler.py"})]))
    assert [warning for warning in built.warnings if "`PIL`" in warning]
