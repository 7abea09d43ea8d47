"""What a pickle keeps as a value, to be called once the model is asked, and what it has called with what."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import joblib
import numpy as np
import pytest

from chartgen.errors import ModelUnsafeError
from chartgen.inspect import inspect_model
from tests.inspect.test_pickle_unsafe import imported, text

if TYPE_CHECKING:
    from pathlib import Path

BOOSTER = imported("xgboost.core", "Booster")
TRANSFORMER = imported("sklearn.preprocessing._function_transformer", "FunctionTransformer") + b")\x81"
MANY = b"".join(text(f"f{index}") + b"N" for index in range(600))
PLAINLY = imported("copyreg", "_reconstructor") + b"(" + BOOSTER + imported("builtins", "object") + b"N"


def state(*entries: bytes) -> bytes:
    """A dictionary."""
    return b"}(" + b"".join(entries) + b"u"


def joblibs_array_of_objects(content: bytes) -> bytes:
    """The pickle that joblib writes of an array of objects, with something else in the place of the array."""
    whole = io.BytesIO()
    joblib.dump(np.array([None], dtype=object), whole, protocol=2)
    outer = whole.getvalue().removeprefix(b"\x80\x02")
    return outer[: outer.rindex(b"\x80")] + b"\x80\x02" + content + b"."


KEPT = {
    "an attribute": state(text("func"), BOOSTER),
    "an attribute behind many others": state(MANY, text("func"), BOOSTER),
    "an attribute of slots": b"N" + state(MANY, text("func"), BOOSTER) + b"\x86",
    "a dictionary": state(text("kw_args"), state(text("metric"), BOOSTER)),
    "a dictionary's key": state(text("kw_args"), state(BOOSTER, b"N")),
    "a list": state(text("kw_args"), b"](" + b"N" * 600 + BOOSTER + b"e"),
    "a list, one by one": state(text("kw_args"), b"]" + BOOSTER + b"a"),
    "a list of protocol 0": state(text("kw_args"), b"(" + BOOSTER + b"l"),
    "a frozen set": state(text("kw_args"), b"(" + BOOSTER + b"\x91"),
    "a set": state(text("kw_args"), b"\x8f(" + BOOSTER + b"\x90"),
    "a tuple": state(text("kw_args"), BOOSTER + b"\x85"),
    "a tuple of marks": state(text("kw_args"), b"(N" + BOOSTER + b"t"),
    "a long tuple": state(text("kw_args"), b"(" + b"N" * 600 + BOOSTER + b"t"),
    "what an object holds": state(text("kw_args"), imported("collections", "deque") + b")R(" + BOOSTER + b"e"),
    "an object's entries": state(
        text("kw_args"), imported("collections", "OrderedDict") + b")R(" + text("metric") + BOOSTER + b"u"
    ),
    "an array of objects": state(
        text("kw_args"), imported("numpy._core.multiarray", "_reconstruct") + b"("
        + imported("numpy", "ndarray") + b"K\x00\x85C\x01btR(K\x01K\x01\x85" + imported("numpy", "dtype")
        + b"(" + text("O8") + b"\x89\x88tR(K\x03" + text("|") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tb\x89]"
        + BOOSTER + b"atb"
    ),
    "the memo": BOOSTER + b"\x940" + state(text("func"), b"h\x00"),
    "a tuple that makes it elsewhere": PLAINLY + b"t\x94R0" + state(text("func"), b"h\x00"),
    "a tuple that makes it, as the state": PLAINLY + b"t\x94R0h\x00",
    "the state itself": BOOSTER,
    "the place of joblib's array": state(text("func"), joblibs_array_of_objects(b"cxgboost.core\nBooster\n")),
}  # fmt: skip


@pytest.mark.parametrize("case", KEPT)
def test_what_may_be_made_without_arguments_only_is_kept_nowhere_to_be_called_later(tmp_path: Path, case: str) -> None:
    path = tmp_path / "m.pkl"
    path.write_bytes(b"\x80\x04" + TRANSFORMER + KEPT[case] + b"b.")
    with pytest.raises(ModelUnsafeError, match=r"kept, to be called later|in the place of an array"):
        inspect_model(path, format="pickle")


@pytest.mark.parametrize("protocol", range(6))
def test_several_objects_of_such_a_class_are_models(tmp_path: Path, protocol: int) -> None:
    made = {0: PLAINLY + b"tR", 1: PLAINLY + b"tR"}.get(protocol, BOOSTER + b"\x94)\x81h\x00)\x81\x86")
    path = tmp_path / "m.pkl"
    path.write_bytes(
        b"\x80" + bytes([max(protocol, 2)]) + TRANSFORMER + state(text("func"), b"N", text("l"), made) + b"b."
    )
    assert inspect_model(path, format="pickle").untrusted == ()
