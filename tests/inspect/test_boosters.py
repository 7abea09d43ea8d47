"""Pickles of XGBoost and LightGBM, as those libraries wrote them: models/make_boosters.py has made the files."""

from __future__ import annotations

import random
from contextlib import suppress
from pathlib import Path

import pytest

from chartgen.errors import ChartgenError, ModelUnsafeError
from chartgen.inspect import inspect_model

MODELS = Path(__file__).parent / "models" / "boosters"
FILES = sorted(path.stem for path in MODELS.glob("*.pkl"))
SEEDS = range(25)


def written(folder: Path, content: bytes) -> Path:
    path = folder / "m.pkl"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("name", FILES)
def test_a_model_says_what_it_takes_and_what_it_can_be_asked(name: str) -> None:
    facts = inspect_model(MODELS / f"{name}.pkl")
    assert [str(each) for each in facts.inputs] == ["float64[?, 4]"]
    assert facts.untrusted == ()
    able = facts.abilities
    assert (able.instead, able.unfitted) == (None, None)
    assert ("predict_proba" in able.lacks) is not name.endswith(("classifier", "pipeline"))
    assert "predict" not in able.lacks


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith("xgboost")])
def test_xgboost_s_release_is_read_where_its_booster_ends(name: str) -> None:
    libraries = {each.name: each.version for each in inspect_model(MODELS / f"{name}.pkl").libraries}
    assert libraries["xgboost"] == "3.2.0"
    assert ("scikit-learn" in libraries) is (name != "xgboost-booster")
    older = inspect_model(MODELS / "older" / "xgboost-classifier.pkl")
    assert str(older.producer) == "xgboost 2.1.4"


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith("lightgbm")])
def test_lightgbm_says_its_format_and_not_its_release(name: str) -> None:
    facts = inspect_model(MODELS / f"{name}.pkl")
    libraries = {each.name: each.version for each in facts.libraries}
    assert libraries["lightgbm"] is None
    assert facts.details["LightGBM's format"] == "v4"
    assert "scikit-learn" in libraries, "its wheel has the OpenMP that LightGBM's lacks"


def test_the_classes_of_a_classifier_are_known() -> None:
    details = inspect_model(MODELS / "lightgbm-classifier.pkl").details
    assert details["classes"] == "high, low, middle"


def test_a_pipeline_says_the_scikit_learn_that_wrote_it_and_the_xgboost_in_it() -> None:
    facts = inspect_model(MODELS / "xgboost-pipeline.pkl")
    assert str(facts.producer) == "scikit-learn 1.9.1"
    assert {str(each) for each in facts.libraries} >= {"scikit-learn 1.9.1", "xgboost 3.2.0", "joblib"}
    assert facts.details["steps"] == "StandardScaler → XGBClassifier"


@pytest.mark.parametrize("name", ["lightgbm-categories", "xgboost-categories", "lightgbm-frame"])
def test_a_model_says_whether_it_was_fitted_on_columns_of_categories(name: str) -> None:
    able = inspect_model(MODELS / "categories" / f"{name}.pkl").abilities
    assert able.takes_categories is name.endswith("categories")


def test_a_wrapper_without_a_booster_was_never_fitted(tmp_path: Path) -> None:
    for module, name in (("xgboost.sklearn", "XGBRegressor"), ("lightgbm.sklearn", "LGBMClassifier")):
        content = f"c{module}\n{name}\n)\x81}}\x8c\x0cn_estimatorsK\x03sb.".encode("latin-1")
        facts = inspect_model(written(tmp_path, b"\x80\x04" + content))
        assert facts.abilities.unfitted == f"{module}.{name}"


@pytest.mark.parametrize(
    "content",
    [
        b"cxgboost.core\nBooster\n(NN\x8c\x0b/etc/passwdtR.",
        b"clightgbm.basic\nBooster\n(NN\x8c\x0b/etc/passwdtR.",
        b"ccopyreg\n_reconstructor\n(cxgboost.core\nBooster\ncxgboost.core\nBooster\n}tR.",
        b"ccollections\ndefaultdict\n(cxgboost.core\nBooster\ntR.",
        b"csklearn.preprocessing._function_transformer\nFunctionTransformer\n)\x81}"
        b"(\x8c\x04funcclightgbm.basic\nBooster\n\x8c\x07kw_args}\x8c\x0amodel_file\x8c\x0b/etc/passwdsub.",
    ],
    ids=["xgboost", "lightgbm", "reconstructor", "a table that makes it", "a transformer that calls it"],
)
def test_a_booster_that_is_told_of_a_file_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ModelUnsafeError, match=r"(xgboost\.core|lightgbm\.basic)\.Booster"):
        inspect_model(written(tmp_path, b"\x80\x04" + content))


def test_a_booster_of_plain_calls_is_a_model(tmp_path: Path) -> None:
    content = b"\x80\x02ccopyreg\n_reconstructor\n(cxgboost.core\nBooster\nc__builtin__\nobject\nNtR}b."
    assert inspect_model(written(tmp_path, content)).details["object"] == "xgboost.core.Booster"


def test_a_release_that_is_none_is_not_known(tmp_path: Path) -> None:
    content = (MODELS / "xgboost-booster.pkl").read_bytes()
    end = content.rindex(b"version[#L")
    for changed in (content[:end] + b"verzion" + content[end + 7 :], content[: end + 18] + b"U" + content[end + 19 :]):
        facts = inspect_model(written(tmp_path, changed))
        assert [str(each) for each in facts.libraries] == ["xgboost"]


@pytest.mark.parametrize("name", ["xgboost-pipeline", "lightgbm-classifier"])
def test_a_mutated_model_is_read_or_refused(name: str, tmp_path: Path) -> None:
    original = (MODELS / f"{name}.pkl").read_bytes()
    for seed in SEEDS:
        rng = random.Random(seed)
        content = bytearray(original)
        for _ in range(rng.randint(1, 4)):
            place = rng.randrange(len(content))
            content[place : place + rng.choice((0, 1, 1, 4))] = rng.randbytes(rng.choice((0, 1, 1, 4)))
        with suppress(ChartgenError):
            inspect_model(written(tmp_path, bytes(content)))
