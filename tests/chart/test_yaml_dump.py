"""YAML that PyYAML and both Helms read back as the same text."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from chartgen.chart.yaml_dump import to_yaml
from tests.helpers import documents, run, write_tree

if TYPE_CHECKING:
    from pathlib import Path

NASTY = [
    "", " ", "a ", " a", "\ta", "no", "No", "y", "Y", "n", "on", "OFF", "true", "TRUE", "null", "~", "Null", "1",
    "01", "0o17", "017", "0x1f", "0b1", "1e3", "1E5", "1e+3", "1.e5", "+.5", "0.1e1", "12e03", "089", ".inf",
    "-.INF", ".nan", "1_000", "12:30:45", "2020-01-01", "2020-01-01T00:00:00Z", "=", "<<", "*a", "&a", "!a", "%a",
    "@a", "`a", "#a", "a #b", "a: b", "a:", ": a", "- a", "-", "---", "...", "? a", "[a]", "{a}", "{{ .Values }}",
    "{{- fail \"x\" }}", "[[ x ]]", "[% x %]", "[# x #]", "$(HOME)", "$$(X)", "a\nb", "a\n", "\na", "a\r\nb",
    "a\rb", "a\u0085b", "a\u2028b", "a\u2029b", "\ufeffa", "a\x07b", "a\x7fb", "\U0001f600", "é", "日本", "'", '"',
    "it's", '"q"', "\\", "a\\nb", "|", ">", "a\tb", "x" * 5000, "a " * 500, "\u200b", "0.", "1.", "-0", "+1",
    "Infinity", "NaN", "e3", "E5",
]  # fmt: skip


@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8", exclude_characters="\0")), st.text(st.characters(codec="utf-8"))
    )
)
def test_any_text_is_read_back_by_pyyaml_as_the_same_text(value: dict[str, str]) -> None:
    assert yaml.safe_load(to_yaml({"v": value})) == {"v": value}


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=3), inner),
    )
)
def test_any_structure_is_read_back_as_the_same_structure(value: object) -> None:
    assert yaml.safe_load(to_yaml({"v": value})) == {"v": value}


def test_nasty_text_reaches_a_template_of_both_helms_unchanged(tmp_path: Path, helm: Path) -> None:
    chart = write_tree(
        tmp_path / "c",
        {
            "Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n",
            "values.yaml": to_yaml({"list": NASTY, "keys": dict.fromkeys(NASTY, "x")}),
            "templates/all.yaml": "values: {{ toJson .Values | b64enc }}\n",
        },
    )
    printed = run(helm, "template", "c", chart)
    values = json.loads(base64.b64decode(documents(printed)[0]["values"]))
    assert values["list"] == NASTY
    assert sorted(values["keys"]) == sorted(NASTY)


@pytest.mark.parametrize("text", ["python", "docker.io/library/python", "Serves the model iris at POST /predict"])
def test_ordinary_text_stays_plain(text: str) -> None:
    assert to_yaml({"key": text}) == f"key: {text}\n"


def test_json_stands_between_single_quotes() -> None:
    assert to_yaml({"key": '{"input": [1]}'}) == "key: '{\"input\": [1]}'\n"
