"""The columns of a pickled model, told from the file without loading it and by the pod from the model, are the same."""

from __future__ import annotations

import pickle
from dataclasses import astuple
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np
import pandas as pd
import pytest
from chartgen_runtime.formats.pickle_columns import columns_of
from sklearn.linear_model import Ridge

from chartgen.inspect import inspect_model
from chartgen.inspect.facts import Column, Library, Signature
from tests.runtime.tables import mixed, several

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MODELS = several()


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_the_file_and_the_loaded_model_tell_the_same_columns(tmp_path: Path, name: str, protocol: int) -> None:
    path = tmp_path / "m.pkl"
    path.write_bytes(pickle.dumps(MODELS[name], protocol))
    facts = inspect_model(path)
    assert [astuple(each) for each in facts.columns] == [astuple(each) for each in columns_of(MODELS[name])]
    assert bool(facts.columns) == (name != "array")
    assert (Library("pandas") in facts.libraries) == (name != "array")


@pytest.mark.parametrize("write", [joblib.dump, lambda model, path: path.write_bytes(pickle.dumps(model))])
def test_columns_have_names_types_and_values_that_the_model_knows(tmp_path: Path, write: Callable[..., Any]) -> None:
    write(mixed(), tmp_path / "m.pkl")
    facts = inspect_model(tmp_path / "m.pkl")
    assert facts.columns == (
        Column("age", "float64"),
        Column("city", "string", "Bonn"),
        Column("smokes"),
        Column("id", needed=False),
    )
    assert facts.inputs == (Signature("", None, (None, 4)),)


def test_a_booster_of_histograms_takes_numbers_where_it_has_no_categories() -> None:
    kinds = {column.name: column.dtype for column in columns_of(MODELS["histogram"])}
    assert kinds == {"age": "float64", "city": "string", "smokes": "float64", "id": "float64"}


def test_a_file_with_more_columns_than_are_read_still_needs_a_table(tmp_path: Path) -> None:
    table = pd.DataFrame(np.ones((3, 2000)), columns=[f"c{number}" for number in range(2000)])
    path = tmp_path / "m.pkl"
    path.write_bytes(pickle.dumps(Ridge().fit(table, [1, 2, 3])))
    facts = inspect_model(path)
    assert facts.columns == ()
    assert facts.abilities.needs_table
    assert facts.inputs == (Signature("", "float64", (None, 2000)),)


def test_a_name_that_is_not_printable_is_shown_escaped() -> None:
    assert str(Column("a\x1b[31m", "string")) == r"'a\x1b[31m' string"
    assert str(Column("größe", needed=False)) == "größe unknown (not used)"
