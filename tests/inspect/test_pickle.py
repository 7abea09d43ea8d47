from __future__ import annotations

import bz2
import gzip
import lzma
import pickle
import warnings
import zlib
from typing import TYPE_CHECKING, Any
from unittest import SkipTest

import cloudpickle
import joblib
import numpy as np
import pytest
import sklearn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from joblib.numpy_pickle import NumpyUnpickler
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC
from sklearn.utils import all_estimators
from sklearn.utils._test_common.instance_generator import _construct_instances

from chartgen.errors import ModelUnreadableError, ModelUnsafeError, ModelUnsupportedError
from chartgen.inspect import Column, Library, Signature, inspect_model
from chartgen.inspect.compression import compression_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PROTOCOLS = range(6)
COMPRESSIONS = ["zlib", "gzip", "bz2", "lzma", "xz"]


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_fitted_pipeline_says_its_version_features_and_classes(tmp_path: Path, iris: Any, protocol: int) -> None:
    facts = inspect_model(write(tmp_path / "m.pkl", pickle.dumps(iris, protocol)))
    assert facts.producer == Library("scikit-learn", sklearn.__version__)
    assert facts.inputs == (Signature("", "float64", (None, 4)),)
    assert facts.details["classes"] == "0, 1, 2"
    assert facts.details["steps"] == "StandardScaler → LogisticRegression"
    assert facts.details["protocol"] == (str(protocol) if protocol > 1 else "0 or 1")
    assert facts.details["numpy"] == "2 or newer"
    assert [one.name for one in facts.libraries] == ["numpy", "scikit-learn"]
    assert "sklearn.pipeline.Pipeline" in facts.imports
    assert facts.untrusted == ()


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("compression", [None, *COMPRESSIONS])
def test_a_file_of_joblib_says_the_same(tmp_path: Path, iris: Any, compression: str | None, protocol: int) -> None:
    path = tmp_path / "m.joblib"
    joblib.dump(iris, path, compress=(compression, 3) if compression else 0, protocol=protocol)
    facts = inspect_model(path)
    assert facts.producer == Library("scikit-learn", sklearn.__version__)
    assert facts.inputs == (Signature("", "float64", (None, 4)),)
    assert facts.details["classes"] == "0, 1, 2"
    assert facts.details["file format"] == "joblib"
    assert facts.details.get("compression") == compression
    assert [one.name for one in facts.libraries] == ["joblib", "numpy", "scikit-learn"]


def _packed(name: str) -> Callable[[bytes], bytes]:
    return {
        "zlib": zlib.compress,
        "gzip": gzip.compress,
        "bz2": bz2.compress,
        "xz": lzma.compress,
        "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    }[name]


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_a_compressed_pickle_that_is_cut_corrupt_or_followed_by_more_is_refused(
    tmp_path: Path, iris: Any, compression: str
) -> None:
    whole = _packed(compression)(pickle.dumps(iris))
    path = tmp_path / "m.pkl"
    assert inspect_model(write(path, whole)).details["compression"] == compression
    for content in (whole[:-1] if compression != "lzma" else whole[:-8], whole[: len(whole) // 2], whole + b"\0"):
        with pytest.raises(ModelUnreadableError):
            inspect_model(write(path, content))
    with pytest.raises(ModelUnreadableError):
        inspect_model(write(path, whole + whole))


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_what_unpacks_to_far_more_than_a_model_is_refused(tmp_path: Path, compression: str) -> None:
    bomb = _packed(compression)(b"\x80\x04\x8e" + (80 << 20).to_bytes(8, "little") + bytes(80 << 20) + b".")
    with pytest.raises(ModelUnreadableError, match="unpacks to more than"):
        inspect_model(write(tmp_path / "m.pkl", bomb))


def test_lzma_that_wants_a_huge_dictionary_is_refused(tmp_path: Path) -> None:
    header = b"\x5d" + (0xFFFFFFFF).to_bytes(4, "little") + b"\xff" * 8
    with pytest.raises(ModelUnreadableError, match="compression is corrupt"):
        inspect_model(write(tmp_path / "m.pkl", header.replace(b"\x5d\xff\xff", b"\x5d\x00\x00") + bytes(50)))


def test_lz4_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelUnsupportedError, match="lz4") as refused:
        inspect_model(write(tmp_path / "m.joblib", b"\x04\x22\x4d\x18" + bytes(20)))
    assert "joblib.dump" in str(refused.value.hint)


def _instances(cls: type) -> list[Any]:
    """One instance of an estimator, set up as scikit-learn's own tests do; none where they have none either."""
    try:
        return list(_construct_instances(cls))[:1]
    except SkipTest:
        return []


def test_every_estimator_of_scikit_learn_is_on_the_allow_list(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    features, classes = np.abs(generator.normal(size=(40, 6))), np.arange(40) % 2
    inspected = set()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, cls in all_estimators():
            for model in _instances(cls):
                for target in (classes, np.c_[classes, classes]):
                    try:
                        model.fit(features, target)
                    except Exception:
                        continue
                    break
                joblib.dump(model, tmp_path / "m.pkl")
                inspect_model(tmp_path / "m.pkl")
                inspect_model(write(tmp_path / "m.pkl", pickle.dumps(model, 2)))
                inspected.add(name)
    assert len(inspected) > 180


def test_the_outermost_estimator_names_the_version(tmp_path: Path, iris: Any) -> None:
    state = pickle.dumps(iris)
    version = sklearn.__version__.encode()
    first, last = state.index(version), state.rindex(version)
    assert first == last  # The text is written once and referred to by all estimators.
    old = inspect_model(write(tmp_path / "m.pkl", state.replace(version, b"1.5.2")))
    assert old.producer == Library("scikit-learn", "1.5.2")


def test_what_models_hold_besides_estimators_is_allowed(tmp_path: Path) -> None:
    features, classes = np.abs(np.random.default_rng(0).normal(size=(60, 4))), np.arange(60) % 3
    models = [
        make_pipeline(StandardScaler(), FunctionTransformer(np.tanh), SVC(random_state=np.random.RandomState(0))),
        GridSearchCV(RandomForestClassifier(3), {"max_depth": [2, 3]}, scoring="accuracy", cv=2),
        GradientBoostingClassifier(n_estimators=3),
    ]
    for model in models:
        model.fit(features, np.array(["a", "b", "c"])[classes])
        for protocol in PROTOCOLS:
            facts = inspect_model(write(tmp_path / "m.pkl", pickle.dumps(model, protocol)))
            assert facts.inputs == (Signature("", "float64", (None, 4)),)
    assert facts.details["classes"] == "a, b, c"


def test_texts_are_the_input_of_a_text_vectorizer(tmp_path: Path) -> None:
    model = make_pipeline(TfidfVectorizer(), SVC()).fit(["a b", "bb cc", "cc dd"], [0, 1, 0])
    assert inspect_model(write(tmp_path / "m.pkl", pickle.dumps(model))).inputs == (Signature("", "string", (None,)),)


def test_the_names_of_the_columns_are_reported(tmp_path: Path, iris: Any) -> None:
    model = pickle.loads(pickle.dumps(iris))
    model[0].feature_names_in_ = np.array(["a", "b", "c", "d"], dtype=object)
    joblib.dump(model, tmp_path / "m.pkl")
    facts = inspect_model(tmp_path / "m.pkl")
    assert facts.columns == tuple(Column(name, "float64") for name in "abcd")
    assert Library("pandas") in facts.libraries


def test_a_plain_object_needs_no_library(tmp_path: Path) -> None:
    facts = inspect_model(write(tmp_path / "m.pkl", pickle.dumps({"a": 1})))
    assert (facts.libraries, facts.producer, facts.details["object"]) == ((), None, "dict")


def test_a_function_of_cloudpickle_is_refused_unless_trusted(tmp_path: Path) -> None:
    path = write(tmp_path / "m.pkl", cloudpickle.dumps(lambda x: x + 1))
    with pytest.raises(ModelUnsafeError, match="Python code of its own") as refused:
        inspect_model(path)
    facts = inspect_model(path, trusted=True)
    assert facts.untrusted == tuple(refused.value.imports)
    assert [one.name for one in facts.libraries] == ["cloudpickle"]
    assert facts.details["file format"] == "cloudpickle"


def test_a_class_of_the_script_itself_is_refused_even_when_trusted(tmp_path: Path) -> None:
    path = write(tmp_path / "m.pkl", b"c__main__\nModel\n.")
    with pytest.raises(ModelUnsupportedError, match="needs Model of the script that wrote it"):
        inspect_model(path, trusted=True)


@pytest.mark.parametrize(
    ("written", "text"),
    [(rb"a\x41\101\n\\\'", "aAA\n\\'"), (rb"\0\7\77\1778", "\0\x07?\x7f8"), (rb"\\x41", r"\x41"), (b"", "")],
)
def test_escapes_of_python_2_are_read_as_python_3_reads_them(tmp_path: Path, written: bytes, text: str) -> None:
    content = b"(dS'a'\nS'" + written + b"'\ns."
    assert pickle.loads(content) == {"a": text}
    assert inspect_model(write(tmp_path / "m.pkl", content)).details["object"] == "dict"


@pytest.mark.parametrize("escape", [rb"\400", rb"\q", rb"\x4", rb"\8", rb"\u0041", b"a\\", rb"\x4g"])
def test_escapes_that_no_pickler_writes_are_refused(tmp_path: Path, escape: bytes) -> None:
    with pytest.raises(ModelUnreadableError, match="an escape that no pickler writes"):
        inspect_model(write(tmp_path / "m.pkl", b"S'" + escape + b"'\n."))


def test_names_of_python_2_are_read_as_python_3_renames_them(tmp_path: Path) -> None:
    old = write(tmp_path / "m.pkl", b"\x80\x02c__builtin__\nset\n](K\x01e\x85R.")
    assert inspect_model(old).imports == ("builtins.set",)
    new = write(tmp_path / "m.pkl", b"\x80\x03c__builtin__\nset\n](K\x01e\x85R.")
    with pytest.raises(ModelUnsafeError, match=r"__builtin__\.set"):
        inspect_model(new)


shapes = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
dtypes = st.one_of(
    hnp.scalar_dtypes(),
    hnp.byte_string_dtypes(max_len=5),
    hnp.unicode_string_dtypes(max_len=5),
    hnp.array_dtypes(hnp.scalar_dtypes(), max_size=3),
)
arrays = st.one_of(
    st.builds(np.zeros, shapes, dtypes), hnp.arrays(object, shapes, elements=st.one_of(st.none(), st.text(max_size=5)))
)
plain = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.dates())
values = st.recursive(
    st.one_of(plain, arrays),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.text(max_size=5), inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.frozensets(plain, max_size=4),
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(value=values, protocol=st.sampled_from(PROTOCOLS), compression=st.sampled_from([None, "zlib"]))
def test_whatever_picklers_write_is_read_to_its_end(
    tmp_path: Path, value: Any, protocol: int, compression: str | None
) -> None:
    path = tmp_path / "m.pkl"
    if compression_of(pickle.dumps(value, protocol)) is None:
        assert inspect_model(write(path, pickle.dumps(value, protocol)), format="pickle").untrusted == ()
    joblib.dump(value, path, compress=(compression, 1) if compression else 0, protocol=protocol)
    if compression or compression_of(path.read_bytes()) is None:
        assert inspect_model(path, format="pickle").untrusted == ()


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_the_imports_are_those_that_the_loaders_really_make(tmp_path: Path, iris: Any, protocol: int) -> None:
    made = set()

    class Plain(pickle.Unpickler):
        def find_class(self, module: str, name: str) -> Any:
            made.add(f"{module}.{name}")
            return super().find_class(module, name)

    class Loader(NumpyUnpickler):
        def find_class(self, module: str, name: str) -> Any:
            made.add(f"{module}.{name}")
            return super().find_class(module, name)

    value = [iris, np.array(["a", None], dtype=object), RandomForestClassifier(2).fit([[0], [1]], [0, 1])]
    path = write(tmp_path / "m.pkl", pickle.dumps(value, protocol))
    with path.open("rb") as file:
        Plain(file).load()
    assert inspect_model(path).imports == tuple(sorted(made))
    made.clear()
    joblib.dump(value, path, protocol=protocol)
    with path.open("rb") as file:
        Loader(str(path), file, ensure_native_byte_order=True).load()
    assert inspect_model(path).imports == tuple(sorted(made))
