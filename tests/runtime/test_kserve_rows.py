"""Rows of KServe's V1 protocol as the columns of /predict, and back."""

from __future__ import annotations

import sys

import pytest

from tests.runtime.serving import ROOT, RUNTIME


@pytest.fixture(scope="module")
def rows():
    folders = [str(RUNTIME), str(ROOT / "chart_templates" / "runtimes" / "kserve")]
    sys.path[:0] = folders
    import rows as module

    yield module
    for folder in folders:
        sys.path.remove(folder)


@pytest.mark.parametrize(
    ("instances", "value"),
    [
        ([[1, 2], [3, 4]], [[1, 2], [3, 4]]),
        ([{"a": 1, "b": [2]}, {"b": [3], "a": 4}], {"a": [1, 4], "b": [[2], [3]]}),
        ([{"a": 1}, {"b": 2}], [{"a": 1}, {"b": 2}]),  # the data plane says what is wrong with it
        ([{"a": 1}, 2], [{"a": 1}, 2]),
    ],
)
def test_rows_that_are_objects_become_columns(rows, instances, value):
    assert rows.as_input(instances) == value


@pytest.mark.parametrize(
    ("output", "predictions"),
    [
        ([0, 1], [0, 1]),
        ({"label": [0, 1], "p": [[0.5], [0.25]]}, [{"label": 0, "p": [0.5]}, {"label": 1, "p": [0.25]}]),
        ({"label": [0, 1], "loss": 0.5}, {"label": [0, 1], "loss": 0.5}),
        ({"label": [0]}, {"label": [0]}),
    ],
)
def test_columns_with_a_value_for_each_row_become_rows(rows, output, predictions):
    assert rows.as_predictions(output, 2) == predictions


@pytest.mark.parametrize("document", [None, [], {}, {"instances": []}, {"instances": 1}, {"inputs": [[1]]}])
def test_a_request_without_rows_is_refused(rows, document):
    from chartgen_runtime.errors import ServingError

    with pytest.raises(ServingError, match="instances"):
        rows.instances(document)
