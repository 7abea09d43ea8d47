"""What is said of a pickle that is refused: why, in the words of whom the model is of, and the way out."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import pytest
from scipy import stats
from sklearn.linear_model import Ridge
from sklearn.model_selection import RandomizedSearchCV

from chartgen.errors import ModelUnsafeError, ModelUnsupportedError
from chartgen.inspect import inspect_model
from tests.inspect.test_pickle_unsafe import ESTIMATOR, imported, text

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("distribution", [stats.loguniform(0.1, 1), stats.randint(1, 9), stats.uniform(0, 1)])
def test_a_search_over_distributions_is_refused_with_the_model_that_it_found_as_the_way_out(
    tmp_path: Path, distribution: Any
) -> None:
    search = RandomizedSearchCV(Ridge(), {"alpha": distribution}, n_iter=1, cv=2, random_state=0)
    search.fit([[0.0], [1.0], [2.0], [3.0]], [0, 1, 2, 3])
    path = tmp_path / "m.pkl"
    path.write_bytes(pickle.dumps(search))
    with pytest.raises(ModelUnsafeError, match=r"a distribution of scipy.stats runs a text out of the file") as refused:
        inspect_model(path)
    assert "`search.best_estimator_`" in str(refused.value.hint)
    assert "no program that writes models" not in refused.value.message
    path.write_bytes(pickle.dumps(search.best_estimator_))
    assert inspect_model(path).untrusted == ()


LIBRARIES = {
    "one": ([("catboost.core", "CatBoostRegressor")], "catboost is not among the libraries whose classes"),
    "one by another name": (
        [("imblearn.pipeline", "Pipeline"), ("imblearn.over_sampling._smote.base", "SMOTE")],
        "imbalanced-learn is not among the libraries whose classes",
    ),
    "two": (
        [("statsmodels.base.model", "Model"), ("patsy.desc", "Term"), ("numpy", "load")],
        "patsy, statsmodels are not among the libraries whose classes",
    ),
}


@pytest.mark.parametrize("case", LIBRARIES)
def test_a_library_that_is_not_known_is_named_with_the_way_out(tmp_path: Path, case: str) -> None:
    names, said = LIBRARIES[case]
    path = tmp_path / "m.pkl"
    path.write_bytes(b"\x80\x04" + b"".join(imported(*name) + b")\x810" for name in names) + ESTIMATOR + b".")
    with pytest.raises(ModelUnsafeError, match=said) as refused:
        inspect_model(path)
    assert "`model.trusted: true`" in str(refused.value.hint)
    assert "`chartgen lock`" in str(refused.value.hint)


def test_names_of_libraries_that_are_known_are_not_said_to_be_of_others(tmp_path: Path, evil: Path) -> None:
    path = tmp_path / "m.pkl"
    path.write_bytes(b"\x80\x04" + imported("numpy", "load") + b"0" + imported("__main__", "Model") + b".")
    for each in (evil, path):
        with pytest.raises(ModelUnsafeError) as refused:
            inspect_model(each)
        assert "among the libraries" not in refused.value.message


def version_of(said: str) -> bytes:
    """An estimator that says its scikit-learn."""
    return ESTIMATOR + b"}" + text("_sklearn_version") + text(said) + b"sb."


@pytest.mark.parametrize("version", ["1.3.2", "0.24.1", "2.0.0"])
def test_a_class_that_only_another_scikit_learn_has_is_refused_with_the_versions(tmp_path: Path, version: str) -> None:
    path = tmp_path / "m.pkl"
    gone = imported("sklearn.ensemble._gb_losses", "BinomialDeviance") + b")\x810"
    path.write_bytes(b"\x80\x04" + gone + version_of(version))
    with pytest.raises(
        ModelUnsafeError, match=r"was written by scikit-learn .*, and chartgen knows the classes of 1\.4 to"
    ) as refused:
        inspect_model(path)
    assert f"scikit-learn {version}," in refused.value.message
    assert "sklearn.ensemble._gb_losses.BinomialDeviance" in refused.value.imports
    assert "train the model again" in str(refused.value.hint)


@pytest.mark.parametrize(
    ("version", "module"),
    [("1.5.2", "sklearn.ensemble._gb_losses"), ("1.3.2", "os"), ("1.3.2\nfine", "sklearn.datasets")],
)
def test_the_version_is_not_the_reason_where_another_one_has_no_such_class_either(
    tmp_path: Path, version: str, module: str
) -> None:
    path = tmp_path / "m.pkl"
    path.write_bytes(b"\x80\x04" + imported(module, "system") + b")\x810" + version_of(version))
    with pytest.raises(ModelUnsafeError) as refused:
        inspect_model(path)
    assert refused.value.message.startswith("loading this pickle could run any program")


def test_a_class_of_the_script_itself_is_said_first_as_trust_does_not_bring_it(tmp_path: Path) -> None:
    path = tmp_path / "m.pkl"
    path.write_bytes(b"\x80\x04" + imported("__main__", "ratio") + b"0" + ESTIMATOR + b".")
    with pytest.raises(ModelUnsupportedError, match="needs ratio of the script that wrote it") as refused:
        inspect_model(path)
    assert "trusted" not in str(refused.value.hint)
