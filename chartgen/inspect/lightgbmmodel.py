"""Whether a model of LightGBM is what it says: the text of its model files (`gbdt_model_text.cpp`, `tree.cpp`).

LightGBM makes its arrays as long as the text says, goes from tree to tree by the lengths that it says, and follows the
numbers of nodes, features and categories without a look.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chartgen.inspect.boosterbytes import UnsoundError

if TYPE_CHECKING:
    from chartgen.inspect.boosterbytes import BoosterBytes

# LightGBM reads as many lines of a tree.
_LINES = 22
_HEAD_LINES = 64
_DIGITS = b"0123456789- "
_OUTPUTS_FREE = 10_000
_FEW = 9
_KEY = re.compile(rb"[a-z_]+")
# What reading a tree takes besides its leaves, in values.
_VALUES = 20
_END = b"end of trees"

_OTHERWISE = "is not written as LightGBM writes it"
_OTHER_LENGTH = "has a tree of another length than it says"


def check(source: BoosterBytes, most: int) -> None:
    """Reads a model to the end of its trees; what follows is text that predicts nothing.

    Args:
        source: Its bytes.
        most: How many values it may have, which bounds the time.

    Raises:
        UnsoundError: It says of itself what is not so.
    """
    head = _head(source)
    features = _number(head, b"max_feature_idx") + 1
    if features != _count(head, b"feature_names"):
        raise UnsoundError(f"says that it takes {features} features, and names more or fewer")
    sizes = _numbers(head.get(b"tree_sizes", b""))
    if not sizes:
        raise UnsoundError("has no tree")
    _check_outputs(head, len(sizes))
    for number, size in enumerate(sizes):
        tree, length = _tree(source, number)
        most -= _VALUES + tree.get(b"leaf_value", b"").count(b" ")
        if most < 0:
            raise UnsoundError("has more parts than any model of its size")
        # The empty line behind a tree is counted as its own.
        if size != length + 1 or source.take(1) != b"\n":
            raise UnsoundError(_OTHER_LENGTH)
        _check_tree(tree, features)
    line = b""
    while not line:
        line = source.line()
    if line != _END:
        raise UnsoundError("has other trees than it says")


def _head(source: BoosterBytes) -> dict[bytes, bytes]:
    """What stands before the first tree."""
    found: dict[bytes, bytes] = {}
    for _ in range(_HEAD_LINES):
        line = source.line()
        if not line:
            return found
        key, _, value = line.partition(b"=")
        odd = not _KEY.fullmatch(key) or (b"=" in value and key != b"feature_names")
        if key in found or odd or not _is_plain(line):
            raise UnsoundError(_OTHERWISE)
        found[key] = value
    raise UnsoundError(_OTHERWISE)


def _is_plain(line: bytes) -> bool:
    """Whether a line ends for LightGBM where it ends here: a zero byte ends the whole text, and `\\r` a line."""
    return b"\0" not in line and b"\r" not in line


def _check_outputs(head: dict[bytes, bytes], trees: int) -> None:
    """Checks that all parts of the model go by the same number of classes, for which room is made once."""
    count = _number(head, b"num_class")
    said = [part for part in head.get(b"objective", b"").split(b" ") if b"num_class" in part]
    if _number(head, b"num_tree_per_iteration") != count or any(one != b"num_class:%d" % count for one in said):
        raise UnsoundError("says in one place that it has more classes than in another")
    if not 0 < count <= max(_OUTPUTS_FREE, trees):
        raise UnsoundError(f"says that it has {count} classes, and has {trees} trees")


def _tree(source: BoosterBytes, number: int) -> tuple[dict[bytes, bytes], int]:
    """The next tree, and how many bytes it has with the empty line at its end."""
    line = source.line()
    tree: dict[bytes, bytes] = {}
    size = len(line) + 2
    if line != b"Tree=%d" % number:
        raise UnsoundError(_OTHER_LENGTH)
    while line := source.line():
        size += len(line) + 1
        key, equals, value = line.partition(b"=")
        if not equals or key in tree or len(tree) >= _LINES or not _is_plain(line):
            raise UnsoundError(_OTHERWISE)
        tree[key] = value
    return tree, size


def _check_tree(tree: dict[bytes, bytes], features: int) -> None:
    leaves = _number(tree, b"num_leaves")
    if not 0 < leaves == _count(tree, b"leaf_value"):
        raise UnsoundError(f"says that a tree has {leaves} leaves, and gives more or fewer numbers")
    _check_nodes(tree, leaves, features)
    _check_categories(tree)
    if tree.get(b"is_linear", b"0") != b"0":
        _check_linear(tree, leaves, features)


def _check_nodes(tree: dict[bytes, bytes], leaves: int, features: int) -> None:
    """Checks that each node has one node above it, so that every way down ends, and that all are there."""
    lefts, rights, asked = (_numbers(tree.get(key, b"")) for key in (b"left_child", b"right_child", b"split_feature"))
    if not len(lefts) == len(rights) == len(asked) == leaves - 1:
        raise UnsoundError(f"says that a tree has {leaves} leaves, and has more or fewer nodes")
    above = bytearray(leaves - 1)
    for child in (*lefts, *rights):
        if not -leaves <= child < leaves - 1 or child == 0 or (child > 0 and above[child]):
            raise UnsoundError("has a tree whose nodes are no tree")
        if child > 0:
            above[child] = 1
    if asked and not 0 <= min(asked) <= max(asked) < features:
        raise UnsoundError(f"asks for the feature {max(asked)}, and says that it takes {features}")


def _check_categories(tree: dict[bytes, bytes]) -> None:
    """Checks which categories go which way, by the nodes that ask for one."""
    count = _number(tree, b"num_cat")
    ends, values = _numbers(tree.get(b"cat_boundaries", b"")), _count(tree, b"cat_threshold")
    if count and (ends[:1] != [0] or len(ends) != count + 1 or ends != sorted(ends) or ends[-1] != values):
        raise UnsoundError(f"says that a tree has {count} choices of categories, which are not there")
    kinds, thresholds = _numbers(tree.get(b"decision_type", b"")), tree.get(b"threshold", b"").split(b" ")
    if len(kinds) > len(thresholds):
        raise UnsoundError("has a node that asks for nothing")
    for kind, threshold in zip(kinds, thresholds, strict=False):
        if kind & 1 and not (threshold.isdigit() and len(threshold) <= _FEW and int(threshold) < count):
            raise UnsoundError("has a node whose categories are not there")


def _check_linear(tree: dict[bytes, bytes], leaves: int, features: int) -> None:
    """Checks the linear models in the leaves."""
    counts, asked = _numbers(tree.get(b"num_features", b"")), _numbers(tree.get(b"leaf_features", b""))
    if not counts and not asked and b"leaf_coeff" not in tree:
        return
    if len(counts) != leaves or min(counts) < 0 or sum(counts) != len(asked):
        raise UnsoundError("has a leaf whose features are not there")
    if len(tree.get(b"leaf_coeff", b"").split()) != len(asked):
        raise UnsoundError("has a leaf whose features are not there")
    if asked and not 0 <= min(asked) <= max(asked) < features:
        raise UnsoundError(f"asks for the feature {max(asked)}, and says that it takes {features}")


def _count(values: dict[bytes, bytes], key: bytes) -> int:
    return values.get(key, b"").count(b" ") + 1


def _number(values: dict[bytes, bytes], key: bytes) -> int:
    said = values.get(key, b"")
    if not said.removeprefix(b"-").isdigit() or len(said) > _FEW:
        raise UnsoundError(f"has no number in `{key.decode()}`")
    return int(said)


def _numbers(line: bytes) -> list[int]:
    """The whole numbers of a line."""
    if line.translate(None, _DIGITS):
        raise UnsoundError("has something else where numbers are")
    try:
        return [int(one) for one in line.split()]
    except ValueError:
        raise UnsoundError("has something else where numbers are") from None
