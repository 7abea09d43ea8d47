"""The models within boosters, changed so that they say of themselves what is not so: refused, as the library is not.

Those of models/boosters are taken out of their pickles, changed and put into plain ones.
"""

from __future__ import annotations

import pickle
import pickletools
import struct
from pathlib import Path

import pytest

from chartgen.errors import ModelUnsafeError
from chartgen.inspect import inspect_model

MODELS = Path(__file__).parent / "models" / "boosters"
XGBOOST, LIGHTGBM = "xgboost.core", "lightgbm.basic"
BILLION = b"1000000000"
WEIGHTS, TREES, GROUPS = b"base_weights[$d#L", b"trees[#L", b"tree_info[#L"


def kept_in(name: str) -> bytes:
    """The model in a pickle: its longest constant."""
    longest = max(
        (
            argument
            for _, argument, _ in pickletools.genops((MODELS / name).read_bytes())
            if hasattr(argument, "encode") or isinstance(argument, bytes | bytearray)
        ),
        key=len,
    )
    return longest.encode() if isinstance(longest, str) else bytes(longest)


def inspected(folder: Path, library: str, content: bytes, protocol: int = 4) -> None:
    """Inspects a booster with a model in it."""
    value = pickle.dumps(content.decode() if library == LIGHTGBM else bytearray(content), protocol=max(protocol, 2))
    # Without the opcodes at its beginning, of the protocol and a frame, and at its end.
    begin = 11 if value[2:3] == b"\x95" else 2
    path = folder / "m.pkl"
    head = b"\x80" + bytes([protocol]) + f"c{library}\nBooster\n".encode() + b")\x81}X\x06\x00\x00\x00handle"
    path.write_bytes(head + value[begin:-1] + b"sb.")
    inspect_model(path)


def long(number: int) -> bytes:
    return struct.pack(">q", number)


def sized(text: bytes) -> bytes:
    return b"SL" + long(len(text)) + text


def numbers(key: bytes, *values: int) -> bytes:
    return key + b"[$l#L" + struct.pack(f">q{len(values)}i", len(values), *values)


XGB = {
    "an array of two billion": (WEIGHTS + long(7), WEIGHTS + long(2 * 10**9)),
    "an array of less than none": (WEIGHTS + long(7), WEIGHTS + long(-7)),
    "more trees": (TREES + long(3), TREES + long(10**9)),
    "more nodes": (b"num_nodes" + sized(b"7"), b"num_nodes" + sized(BILLION)),
    "more features": (b"num_feature" + sized(b"4"), b"num_feature" + sized(b"999999999")),
    "fewer features": (b"num_feature" + sized(b"4"), b"num_feature" + sized(b"1")),
    "more classes": (b"num_class" + sized(b"0"), b"num_class" + sized(b"999999999")),
    "a longer leaf": (b"size_leaf_vector" + sized(b"1"), b"size_leaf_vector" + sized(b"9")),
    "a tree of another output": (GROUPS + long(3) + b"i\0", GROUPS + long(3) + b"i\1"),
    "a round of other trees": (b"i\0i\1i\2i\3", b"i\0i\1i\2i\7"),
    "a way without an end": (numbers(b"left_children", 1, 3, 5), numbers(b"left_children", 0, 3, 5)),
    "two ways to one node": (numbers(b"left_children", 1, 3, 5), numbers(b"left_children", 1, 3, 3)),
    "a node far away": (numbers(b"right_children", 2, 4, 6), numbers(b"right_children", 2, 4, 1 << 30)),
    "a parent far away": (numbers(b"parents", (1 << 31) - 1, 0), numbers(b"parents", (1 << 31) - 1, -9)),
    "text in the place of UBJSON": (b"{L", b'{"'),
}  # fmt: skip


def changed(content: bytes, old: bytes, new: bytes) -> bytes:
    """The model with the first numbers of an array, or all that is the same, replaced."""
    if b"[$l#L" in old:  # The beginnings of arrays, whose lengths stay as they are.
        begin, *_ = old.partition(b"#L")
        place = content.index(begin) + len(begin) + 10
        values = new.partition(b"#L")[2][8:]
        return content[:place] + values + content[place + len(values) :]
    assert old in content
    return content.replace(old, new)


@pytest.mark.parametrize("protocol", [2, 4, 5])
@pytest.mark.parametrize("name", ["xgboost-booster.pkl", "xgboost-classifier.pkl", "categories/xgboost-categories.pkl"])
def test_xgboost_s_own_models_are_read_in_all_protocols(tmp_path: Path, name: str, protocol: int) -> None:
    inspected(tmp_path, XGBOOST, kept_in(name), protocol)


@pytest.mark.parametrize("case", XGB)
def test_a_model_of_xgboost_that_says_what_is_not_so_is_refused(tmp_path: Path, case: str) -> None:
    content = changed(kept_in("xgboost-booster.pkl"), *XGB[case])
    for protocol in (2, 5):
        with pytest.raises(ModelUnsafeError, match=r"the model of xgboost\.core\.Booster"):
            inspected(tmp_path, XGBOOST, content, protocol)


def test_a_category_far_away_is_refused(tmp_path: Path) -> None:
    content = kept_in("categories/xgboost-categories.pkl")
    key = b"\x0acategories[$l#L"
    place = next(at for at in range(len(content)) if content.startswith(key, at) and content[at + len(key) + 7])
    first = place + len(key) + 8
    with pytest.raises(ModelUnsafeError, match="more categories than any model"):
        inspected(tmp_path, XGBOOST, content[:first] + struct.pack(">i", 1 << 30) + content[first + 4 :])


LGB = {
    "more choices of categories": (b"num_cat=0", b"num_cat=" + BILLION + b"\ncat_boundaries=0 1\ncat_threshold=1"),
    "more leaves": (b"num_leaves=", b"num_leaves=9"),
    "more classes": (
        b"num_class=1\nnum_tree_per_iteration=1",
        b"num_class=100000000\nnum_tree_per_iteration=100000000",
    ),
    "other classes in the objective": (b"objective=regression", b"objective=multiclass num_class:9"),
    "more features": (b"max_feature_idx=3", b"max_feature_idx=200000000"),
    "a longer tree": (b"tree_sizes=", b"tree_sizes=99999"),
    "a way without an end": (b"left_child=", b"left_child=0 "),
    "a feature far away": (b"split_feature=", b"split_feature=9"),
    "a node that asks for categories": (b"decision_type=2", b"decision_type=3"),
    "a text that ends early": (b"version=v4", b"version=v4\0"),
    "a line that ends early": (b"version=v4", b"version=v4\rnum_class=9"),
}


def mended(content: bytes) -> bytes:
    """The model with the lengths of its trees as they are now."""
    head, *trees = content.split(b"\n\nTree=")
    if b"tree_sizes=99999" in head:
        return content
    *inner, last = trees
    last = last.partition(b"\n\n\nend of trees")[0] + b"\n"
    sizes = b" ".join(b"%d" % (len(tree) + 7) for tree in (*inner, last))
    begin, _, end = head.partition(b"tree_sizes=")
    return content.replace(head, begin + b"tree_sizes=" + sizes + b"".join(end.partition(b"\n")[1:]), 1)


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize(
    "name", ["lightgbm-booster.pkl", "lightgbm-classifier.pkl", "categories/lightgbm-categories.pkl"]
)
def test_lightgbm_s_own_models_are_read_in_all_protocols(tmp_path: Path, name: str, protocol: int) -> None:
    content = kept_in(name)
    assert mended(content) == content
    inspected(tmp_path, LIGHTGBM, content, protocol)


@pytest.mark.parametrize("case", LGB)
def test_a_model_of_lightgbm_that_says_what_is_not_so_is_refused(tmp_path: Path, case: str) -> None:
    old, new = LGB[case]
    content = kept_in("lightgbm-booster.pkl")
    assert old in content
    with pytest.raises(ModelUnsafeError, match=r"the model of lightgbm\.basic\.Booster"):
        inspected(tmp_path, LIGHTGBM, mended(content.replace(old, new)))


@pytest.mark.parametrize("kept", [b"K\x01", b"]", b"X\x04\x00\x00\x00tree", b"C\x03abc"])
@pytest.mark.parametrize("library", [XGBOOST, LIGHTGBM])
def test_what_is_no_model_at_all_is_refused(tmp_path: Path, library: str, kept: bytes) -> None:
    path = tmp_path / "m.pkl"
    path.write_bytes(b"\x80\x04" + f"c{library}\nBooster\n".encode() + b")\x81}\x8c\x06handle" + kept + b"sb.")
    with pytest.raises(ModelUnsafeError, match="is kept in another form than the library writes"):
        inspect_model(path)


def test_bytes_that_are_made_of_a_text_in_another_encoding_are_refused(tmp_path: Path) -> None:
    text = kept_in("xgboost-booster.pkl").decode("latin-1").encode()
    value = b"cbuiltins\nbytearray\nX" + struct.pack("<I", len(text)) + text + b"X\x05\x00\x00\x00utf-8\x86R"
    path = tmp_path / "m.pkl"
    path.write_bytes(b"\x80\x04cxgboost.core\nBooster\n)\x81}\x8c\x06handle" + value + b"sb.")
    with pytest.raises(ModelUnsafeError, match="is kept in another form than the library writes"):
        inspect_model(path)
