"""Pickles that would do what no model does. None of them is ever loaded here."""

from __future__ import annotations

import contextlib
import os
import pickle
import struct
from typing import TYPE_CHECKING, Any

import joblib
import numpy as np
import pytest

from chartgen.errors import ModelError, ModelUnreadableError, ModelUnsafeError, ModelUnsupportedError
from chartgen.inspect import inspect_model
from tests.inspect.conftest import Call

if TYPE_CHECKING:
    from pathlib import Path


def text(value: str) -> bytes:
    """SHORT_BINUNICODE."""
    data = value.encode()
    return b"\x8c" + bytes([len(data)]) + data


def imported(module: str, name: str) -> bytes:
    """STACK_GLOBAL."""
    return text(module) + text(name) + b"\x93"


WRAPPER = imported("joblib.numpy_pickle", "NumpyArrayWrapper")
DTYPE = imported("numpy", "dtype") + text("u1") + b"\x89\x88\x87R(K\x03" + text("|") + b"NNNJ\xff\xff\xff\xff"
DTYPE += b"J\xff\xff\xff\xffK\x00tb"


def described(size: int, *, dtype: bytes = DTYPE) -> bytes:
    """The state of joblib's placeholder for an array of so many bytes."""
    state = b"}(" + text("subclass") + imported("numpy", "ndarray") + text("shape") + b"K" + bytes([size]) + b"\x85"
    return state + text("order") + text("C") + text("dtype") + dtype + b"u"


def wrapped(size: int, *, dtype: bytes = DTYPE) -> bytes:
    """joblib's placeholder for an array of bytes, of which `size` raw ones follow."""
    return WRAPPER + b")\x81" + described(size, dtype=dtype) + b"b"


SYSTEM = b"cos\nsystem\n"
EVIL = {
    "system": (pickle.dumps(Call(os.system, "true")), "posix.system"),
    "system in protocol 0": (pickle.dumps(Call(os.system, "true"), 0), "posix.system"),
    "eval": (pickle.dumps(Call(eval, "1")), "builtins.eval"),
    "eval of Python 2": (b"c__builtin__\neval\n(S'1'\ntR.", "builtins.eval"),
    "numpy's runstring": (b"cnumpy.testing\nrunstring\n(S'1'\n}tR.", "numpy.testing.runstring"),
    "a name of a name": (b"\x80\x04" + imported("builtins", "list.__init__") + b".", "builtins.list.__init__"),
    "getattr": (b"\x80\x04" + imported("builtins", "getattr") + b"N" + text("x") + b"\x86R.", "builtins.getattr"),
    "ufunc by name": (b"cnumpy.core\n_ufunc_reconstruct\n(S'os'\nS'system'\ntR.", "numpy.core._ufunc_reconstruct"),
    "an instance": (b"(S'true'\nios\nsystem\n.", "os.system"),
    "an object": (b"(" + SYSTEM + b"S'true'\no.", "os.system"),
    "a new object": (b"\x80\x02" + SYSTEM + b")\x81.", "os.system"),
    "a new object with keywords": (b"\x80\x04" + imported("os", "system") + b")}\x92.", "os.system"),
    "from the memo": (b"\x80\x04" + text("os") + b"\x94" + text("system") + b"\x940h\x00h\x01\x93.", "os.system"),
    "in escapes": (b"S'\\x6fs'\nV\\u0073ystem\n\x93.", "os.system"),
    "thrown away": (b"\x80\x04" + imported("os", "system") + b"0N.", "os.system"),
    "a distribution of SciPy": (b"cscipy.stats._distn_infrastructure\nrv_frozen\n.", "rv_frozen"),
    "partial": (b"cfunctools\npartial\n.", "functools.partial"),
    "a metric that is called": (b"csklearn.metrics._classification\naccuracy_score\n)R.", "accuracy_score"),
    "an odd name": ("c\u202eos\nsys\x1b[2Jtem\n.".encode(), "\\u202eos"),
}


@pytest.mark.parametrize("case", list(EVIL))
def test_a_name_that_is_not_on_the_list_is_refused(tmp_path: Path, case: str) -> None:
    data, name = EVIL[case]
    path = tmp_path / "evil.pkl"
    path.write_bytes(data)
    with pytest.raises(ModelUnsafeError) as refused:
        inspect_model(path, format="pickle")
    assert name in refused.value.message
    assert refused.value.message.isprintable()
    assert any(name in one for one in refused.value.imports)
    assert "model.trusted: true" in str(refused.value.hint)
    assert any(name in ascii(one) for one in inspect_model(path, format="pickle", trusted=True).untrusted)


def test_all_refused_names_are_listed_at_once(tmp_path: Path) -> None:
    path = tmp_path / "evil.pkl"
    path.write_bytes(pickle.dumps([Call(os.system, "true"), Call(eval, "1"), Call(np.load, "x")]))
    with pytest.raises(ModelUnsafeError) as refused:
        inspect_model(path)
    assert refused.value.imports == ("builtins.eval", "numpy.load", "posix.system")


@pytest.mark.parametrize("compress", [0, 3])
@pytest.mark.parametrize("protocol", range(6))
def test_a_name_is_found_among_joblibs_arrays(tmp_path: Path, compress: int, protocol: int) -> None:
    hidden = np.array([1, Call(os.system, "true")], dtype=object)
    path = tmp_path / "evil.pkl"
    for value in ([np.zeros(50), Call(os.system, "true"), np.zeros(5)], {"a": np.zeros(3), "b": hidden}):
        joblib.dump(value, path, compress=compress, protocol=protocol)
        with pytest.raises(ModelUnsafeError, match=r"posix\.system"):
            inspect_model(path)


REFUSED_ALWAYS = {
    "a computed name": (b"\x80\x04" + text("os") + imported("builtins", "str") + b")R\x93.", ModelUnsafeError),
    "an extension": (b"\x80\x02\x82\x01.", ModelUnsafeError),
    "a persistent id": (b"Pa\n.", ModelUnsupportedError),
    "a binary persistent id": (b"\x80\x02K\x01Q.", ModelUnsupportedError),
    "an outside buffer": (b"\x80\x05\x97.", ModelUnsupportedError),
    "arrays in other files": (b"cjoblib.numpy_pickle\nNDArrayWrapper\n.", ModelUnsupportedError),
    "joblib in escapes": (b"S'jobl\\x69b.numpy_pickle'\nS'NumpyArrayWrapper'\n\x93.", ModelUnreadableError),
    "joblib's module in escapes in part": (
        b"V" + b"joblib\\u002enumpy_pickle\n" + text("NumpyArrayWrapper") + b"\x93)\x81" + described(4) + b"bNNNN.",
        ModelUnreadableError,
    ),
    "joblib's module in escapes in part, in quotes": (
        b"S'joblib.numpy_pickl\\145'\n"
        + text("NumpyArrayWrapper")
        + b"\x93)\x81"
        + described(4)
        + b"b"
        + b"N" * 4
        + b".",
        ModelUnreadableError,
    ),
    "an odd header of lzma": (b"]\0\1" + bytes(40), ModelUnreadableError),
    "a placeholder without an array": (b"\x80\x04" + WRAPPER + b")\x81.", ModelUnsafeError),
    "a called placeholder": (b"\x80\x04" + WRAPPER + b")R.", ModelUnsafeError),
    "a placeholder in a tuple": (b"\x80\x04" + WRAPPER + b")\x81\x85}b.", ModelUnsafeError),
    "a placeholder's class in a tuple": (b"\x80\x04" + WRAPPER + b"\x85.", ModelUnsafeError),
    "a placeholder taken twice": (b"\x80\x04" + WRAPPER + b")\x81\x94h\x00.", ModelUnsafeError),
    "placeholders without end": (b"\x80\x04" + WRAPPER + b"\x94" + b"h\x00" * 5000, ModelUnsafeError),
    "something after the end": (pickle.dumps(1) + b"x", ModelUnreadableError),
    "a frame that is crossed": (b"\x80\x04\x95" + struct.pack("<Q", 3) + text("abc") + b".", ModelUnreadableError),
    "a frame within a frame": (
        b"\x80\x04\x95" + struct.pack("<Q", 30) + b"\x95" + struct.pack("<Q", 3) + b"N" * 20 + b".",
        ModelUnreadableError,
    ),
    "a frame over an array": (
        b"\x80\x04\x95" + struct.pack("<Q", len(wrapped(4)) + 2) + wrapped(4) + b"abcd" + b"N.",
        ModelUnreadableError,
    ),
    "a length beyond the file": (b"\x80\x04\x8e" + b"\xff" * 8 + b".", ModelUnreadableError),
    "a memo entry of no number": (b"Np1_0\n.", ModelUnreadableError),
    "a memo without end": (b"\x80\x02Nr\xff\xff\xff\x7f.", ModelUnreadableError),
    "an unset memo entry": (b"\x80\x02h\x05.", ModelUnreadableError),
    "an empty stack": (b"\x80\x02R.", ModelUnreadableError),
    "bytes of Python 2": (b"\x80\x02U\x01\xff.", ModelUnreadableError),
}


@pytest.mark.parametrize("trusted", [False, True])
@pytest.mark.parametrize("name", list(REFUSED_ALWAYS))
def test_what_cannot_be_followed_is_refused_even_when_trusted(tmp_path: Path, name: str, trusted: bool) -> None:
    content, error = REFUSED_ALWAYS[name]
    path = tmp_path / "evil.pkl"
    path.write_bytes(content)
    with pytest.raises(error):
        inspect_model(path, format="pickle", trusted=trusted)


ODD = {
    "a call of what is made": imported("builtins", "list") + b")R)R",
    "a state that is set twice": imported("builtins", "list") + b")\x81}b}b",
    "the attribute `append`": imported("builtins", "list") + b")\x81}" + text("append") + b"Nsb",
    "a state of something imported": imported("builtins", "list") + b"}b",
    "another codec": imported("_codecs", "encode") + text("x") + text("rot13") + b"\x86R",
}


@pytest.mark.parametrize("name", list(ODD))
def test_what_no_pickler_writes_needs_trust(tmp_path: Path, name: str) -> None:
    path = tmp_path / "odd.pkl"
    path.write_bytes(b"\x80\x04" + ODD[name] + b".")
    with pytest.raises(ModelUnsafeError, match="does what no program that writes models does"):
        inspect_model(path)
    assert "unusual" in inspect_model(path, trusted=True).details


def test_a_call_within_an_arrays_raw_bytes_is_data_and_one_after_it_is_not(tmp_path: Path) -> None:
    call = SYSTEM + b"(S't'\ntR"
    path = tmp_path / "array.pkl"
    path.write_bytes(b"\x80\x04" + wrapped(len(call)) + call + b".")
    assert "os.system" not in inspect_model(path).imports
    path.write_bytes(b"\x80\x04" + wrapped(len(call)) + call + call + b"\x86.")
    with pytest.raises(ModelUnsafeError, match=r"os\.system"):
        inspect_model(path)


@pytest.mark.parametrize(
    "content",
    [
        b"(" * 500_000 + b".",
        b"\x80\x04]\x94" + b"h\x00\x85\x94" * 100_000 + b".",
        b"\x80\x02]" + b"]a" * 200_000 + b".",
        b"N" + b"2" * 900_000 + b".",
        b"N" + b"2" * 100_000 + b"(" + b"2" * 100 + b"t.",
        b"\x80\x04N" + b"\x94" * 500_000 + b".",
    ],
    ids=["marks", "nested tuples", "appends", "duplicates", "a tuple", "memo"],
)
def test_what_grows_without_end_is_read_or_refused_in_time(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bomb.pkl"
    path.write_bytes(content)
    with contextlib.suppress(ModelError):
        inspect_model(path, format="pickle")


def test_doubling_by_the_memo_takes_no_memory(tmp_path: Path) -> None:
    content = (
        b"\x80\x04]\x940"
        + b"(h\x00h\x00h\x00h\x00l\x94" * 3
        + b"".join(b"(" + b"h%c" % index * 10 + b"t\x94" for index in range(1, 200))
    )
    path = tmp_path / "bomb.pkl"
    path.write_bytes(content + b".")
    assert inspect_model(path).imports == ()


def test_a_file_that_only_looks_like_a_pickle_is_refused(tmp_path: Path, evil: Path) -> None:
    value: Any = evil.read_bytes()
    (tmp_path / "text.pkl").write_bytes(b"This is a text.")
    with pytest.raises(ModelUnreadableError, match=r"valid pickle|truncated"):
        inspect_model(tmp_path / "text.pkl")
    (tmp_path / "cut.pkl").write_bytes(value[:-1])
    with pytest.raises(ModelUnreadableError, match="truncated"):
        inspect_model(tmp_path / "cut.pkl")


ESTIMATOR = imported("sklearn.dummy", "DummyRegressor") + b")\x81"
INNER = imported("numpy", "dtype") + b"(" + text("O8") + b"\x89\x88tR"
# A record with an object in it that says it has none: NumPy would take the array's bytes for an address.
RECORD = imported("numpy", "dtype") + b"(" + text("V8") + b"\x89\x88tR(K\x03" + text("|") + b"N" + text("a") + b"\x85}"
RECORD += text("a") + INNER + b"K\x00\x86sK\x08K\x01K\x00tb"
MENTIONED = imported("numpy", "max")
DISGUISED = {
    "a class that is given to copyreg": imported("copyreg", "__newobj__") + b"(" + MENTIONED + text("x") + b"tR",
    "a class that is given to copyreg's older form": imported("copyreg", "_reconstructor")
    + b"(" + MENTIONED + MENTIONED + text("x") + b"tR",
    "a function that is given to a constructor": imported("numpy.random._pickle", "__generator_ctor")
    + b"(" + text("x") + MENTIONED + b"tR",
    "an array that is made with a shape": imported("numpy._core.multiarray", "_reconstruct")
    + b"(" + imported("numpy", "ndarray") + b"K\x08\x85C\x01OtR",
    "a hook behind many attributes": ESTIMATOR
    + b"}(" + b"".join(text(f"k{key}") + b"K\x01" for key in range(600)) + text("append") + MENTIONED + b"ub",
    "a hook in a dictionary of attributes": ESTIMATOR
    + b"N}" + text("__dict__") + b"}" + text("append") + MENTIONED + b"ss\x86b",
    "another class": ESTIMATOR + b"N}" + text("__class__") + MENTIONED + b"s\x86b",
    "an element type that contradicts itself": RECORD,
    "an array that opens a file": imported("numpy", "memmap"),
}  # fmt: skip


@pytest.mark.parametrize("case", DISGUISED)
def test_a_call_in_disguise_needs_trust(tmp_path: Path, case: str) -> None:
    path = tmp_path / "evil.pkl"
    path.write_bytes(b"\x80\x04" + DISGUISED[case] + b"0" + ESTIMATOR + b".")
    with pytest.raises(ModelUnsafeError):
        inspect_model(path)


def test_words_of_a_vocabulary_are_no_attributes(tmp_path: Path) -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer

    path = tmp_path / "words.pkl"
    path.write_bytes(pickle.dumps(TfidfVectorizer(token_pattern=r"\S+").fit(["append add extend __class__ __dict__"])))
    assert inspect_model(path).untrusted == ()


def test_code_of_cloudpickle_is_refused_with_what_it_is_and_the_ways_out(tmp_path: Path) -> None:
    import cloudpickle

    class Model:
        def predict(self, rows: Any) -> Any:
            return rows

    path = tmp_path / "m.pkl"
    for value in (Model(), lambda rows: rows):
        path.write_bytes(cloudpickle.dumps(value))
        with pytest.raises(ModelUnsafeError, match="holds Python code of its own: cloudpickle writes") as refused:
            inspect_model(path)
        assert "_make_function" not in refused.value.message
        assert "cloudpickle.cloudpickle._make_function" in refused.value.imports
        assert "handler" in (refused.value.hint or "")
        assert "model.trusted: true" in (refused.value.hint or "")


def test_what_such_a_pickle_imports_besides_is_named(tmp_path: Path) -> None:
    import cloudpickle

    path = tmp_path / "m.pkl"
    path.write_bytes(cloudpickle.dumps([lambda: 1, Call(os.system, "true")]))
    with pytest.raises(ModelUnsafeError, match=r"it would import posix\.system as well"):
        inspect_model(path)


def test_a_call_of_nothing_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.pkl"
    path.write_bytes(b"\x80\x04N)R0" + ESTIMATOR + b".")
    with pytest.raises(ModelUnsafeError, match="a call of something that is made"):
        inspect_model(path, format="pickle")
