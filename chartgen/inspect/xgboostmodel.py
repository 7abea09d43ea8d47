"""Whether a model of XGBoost is what it says: UBJSON (https://ubjson.org/) in the parts of it that XGBoost reads.

XGBoost compares the sizes of a tree's arrays, but neither what an array says of its own length, nor the numbers of
nodes, features and classes, all of which it uses as places in memory (`RegTree::LoadModel`, `GBTreeModel::LoadModel`).
"""

from __future__ import annotations

import re
import struct
import sys
from array import array
from typing import TYPE_CHECKING, Any

from chartgen.inspect.boosterbytes import UnsoundError

if TYPE_CHECKING:
    from chartgen.inspect.boosterbytes import BoosterBytes

_DEPTH = 32
_KEY_LIMIT, _TEXT_LIMIT = 4096, 4096
_PLAIN = {b"Z": None, b"T": True, b"F": False}
_NUMBERS = {b"d": ">f", b"D": ">d", b"i": ">b", b"U": ">B", b"I": ">h", b"l": ">i", b"L": ">q", b"C": ">b"}
# The same for Python's arrays, which are turned round afterwards.
_CODES = {b"i": "b", b"U": "B", b"I": "h", b"l": "i", b"L": "q"}
_NODES = ("left_children", "right_children", "parents", "split_indices")
_CATEGORIES = ("categories_nodes", "categories_segments", "categories_sizes")
_KEPT = frozenset({*_NODES, *_CATEGORIES, "categories"})
_TREE_KEYS = 64
# What there is for each node, as far as it is there.
_OF_NODES = (*_NODES, "default_left", "split_conditions", "loss_changes", "sum_hessian", "split_type")
_NUMBER = re.compile(r"[0-9]{1,9}")
# XGBoost keeps a bit for each category up to the highest of a node; it takes none above the limit for one.
_CATEGORY_LIMIT = 1 << 24
_BITS_LIMIT = 1 << 32
_FEATURES_LIMIT = 1 << 24
_OUTPUTS_FREE = 10_000

_OTHERWISE = "is not written in UBJSON as XGBoost writes it"
_TOO_MANY = "has more parts than any model of its size"
_NO_CATEGORIES = "does not say which categories its nodes ask for"
_NO_TREE = "has a tree whose nodes are no tree"


def check(source: BoosterBytes, most: int) -> None:
    """Reads a model to its end.

    Args:
        source: Its bytes.
        most: How many values it may have, which bounds the time.

    Raises:
        UnsoundError: It says of itself what is not so.
    """
    reader = _Reader(source, most)
    found = reader.value("", 0)
    if not source.at_end():
        raise UnsoundError("goes on behind its end")
    learner = _of(_of(found, "Model"), "learner")
    said = _of(learner, "learner_model_param")
    features = _number(said, "num_feature")
    outputs = max(1, _number(said, "num_class", 0), _number(said, "num_target", 1))
    if features > _FEATURES_LIMIT:
        raise UnsoundError(f"says that it takes {features} features")
    outer = _of(learner, "gradient_booster")
    model = _of(outer.get("gbtree", outer), "model")
    if "weights" in model:
        _check_linear(model["weights"], features, outputs)
        return
    trees, groups = model.get("trees"), model.get("tree_info")
    if not isinstance(trees, list) or not isinstance(groups, list) or len(trees) != len(groups):
        raise UnsoundError("does not say for each of its trees what it adds to")
    if outputs > max(_OUTPUTS_FREE, len(trees), *trees, 1):
        raise UnsoundError(f"says that it gives {outputs} numbers, and has {len(trees)} trees")
    if not all(isinstance(one, int) and 0 <= one < outputs for one in groups):
        raise UnsoundError("has a tree for an output that it has not")
    if any(one not in (1, outputs) for one in trees):
        raise UnsoundError("has a tree whose leaves give more or fewer numbers than it")
    if reader.most_feature >= features:
        raise UnsoundError(f"asks for the feature {reader.most_feature}, and says that it takes {features}")
    _check_order(model.get("iteration_indptr"), outer.get("weight_drop"), len(trees))


def _check_linear(weights: Any, features: int, outputs: int) -> None:
    if not isinstance(weights, list | range) or len(weights) != (features + 1) * outputs:
        raise UnsoundError("has more or fewer weights than features")


def _check_order(begins: Any, weights: Any, trees: int) -> None:
    """Checks which trees belong to which round, and what each of them counts."""
    if weights is not None and (not isinstance(weights, list | range) or len(weights) != trees):
        raise UnsoundError("does not say for each of its trees what it counts")
    if begins is None:
        return
    numbers = begins if isinstance(begins, list) and all(isinstance(one, int) for one in begins) else []
    if numbers[:1] != [0] or numbers[-1] != trees or numbers != sorted(numbers):
        raise UnsoundError("has rounds whose trees are not there")


def _of(value: Any, key: str) -> dict[str, Any]:
    found = value.get(key) if isinstance(value, dict) else None
    if not isinstance(found, dict):
        raise UnsoundError(f"has no `{key}` where XGBoost writes one")
    return found


def _number(values: dict[str, Any], key: str, default: int | None = None) -> int:
    said = values.get(key, default)
    if isinstance(said, str) and _NUMBER.fullmatch(said):
        said = int(said)
    if not isinstance(said, int):
        raise UnsoundError(f"has no number in `{key}`")
    return said


class _Reader:
    """Reads UBJSON into Python's own values; of an array that is of no use here, the length, as a range.

    Args:
        source: The bytes.
        most: How many values there may be.

    Attributes:
        most_feature: The highest number of a feature that a tree asks for; -1 for none.
    """

    def __init__(self, source: BoosterBytes, most: int) -> None:
        self._in = source
        self._left = most
        self._bits = 0
        self.most_feature = -1

    def value(self, key: str, depth: int, *, in_tree: bool = False) -> Any:
        """The next value.

        Args:
            key: The key that it stands under.
            depth: In how many others it lies.
            in_tree: Whether it lies within a tree.
        """
        self._left -= 1
        if self._left < 0 or depth > _DEPTH:
            raise UnsoundError(_TOO_MANY)
        marker = self._in.take(1)
        if marker in _NUMBERS:
            return struct.unpack(_NUMBERS[marker], self._in.take(struct.calcsize(_NUMBERS[marker])))[0]
        if marker == b"S":
            return self._text(_TEXT_LIMIT)
        if marker == b"{":
            return self._object(depth, in_tree=in_tree)
        if marker == b"[":
            return self._array(key, depth, in_tree=in_tree)
        if marker not in _PLAIN:
            raise UnsoundError(_OTHERWISE)
        return _PLAIN[marker]

    def _length(self) -> int:
        if self._in.take(1) != b"L":
            raise UnsoundError(_OTHERWISE)
        return self._size()

    def _size(self) -> int:
        size = int.from_bytes(self._in.take(8), "big", signed=True)
        if size < 0:
            raise UnsoundError("has a length below zero")
        return size

    def _text(self, limit: int) -> str | None:
        size = self._length()
        if size > limit:
            self._in.skip(size)
            return None
        return self._in.take(size).decode("utf-8", "replace")

    def _object(self, depth: int, *, in_tree: bool) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while (marker := self._in.take(1)) != b"}":
            size = self._size() if marker == b"L" else _KEY_LIMIT + 1
            if size > _KEY_LIMIT or (in_tree and len(found) > _TREE_KEYS):
                raise UnsoundError(_OTHERWISE)
            key = self._in.take(size).decode("utf-8", "replace")
            if key in found:
                raise UnsoundError(f"says `{key[:40]}` twice")
            found[key] = self.value(key, depth + 1, in_tree=in_tree)
        return found

    def _array(self, key: str, depth: int, *, in_tree: bool) -> Any:
        kind = self._in.take(1)
        if kind == b"$":
            return self._typed(key)
        if kind != b"#" or in_tree:
            raise UnsoundError(_OTHERWISE)
        count = self._length()
        if key != "trees":
            return [self.value("", depth + 1) for _ in range(count)]
        return [self._tree(self.value("", depth + 1, in_tree=True)) for _ in range(count)]

    def _typed(self, key: str) -> Any:
        kind = self._in.take(1)
        if kind not in _NUMBERS or kind == b"C" or self._in.take(1) != b"#":
            raise UnsoundError(_OTHERWISE)
        count, width = self._length(), struct.calcsize(_NUMBERS[kind])
        if key not in _KEPT or kind not in _CODES:
            self._in.skip(count * width)
            return range(count)
        self._left -= count
        if self._left < 0:
            raise UnsoundError(_TOO_MANY)
        numbers = array(_CODES[kind], self._in.take(count * width))
        if sys.byteorder == "little":
            numbers.byteswap()
        return numbers

    def _tree(self, tree: Any) -> int:
        """Checks a tree, and returns how many numbers a leaf of it gives."""
        said = _of(tree, "tree_param")
        nodes, size = _number(said, "num_nodes"), max(1, _number(said, "size_leaf_vector", 1))
        for key in _OF_NODES:
            if key in tree and not _has(tree[key], nodes):
                raise UnsoundError(f"says that a tree has {nodes} nodes, and `{key}` has more or fewer")
        if nodes < 1 or not all(isinstance(tree.get(key), array) for key in _NODES):
            raise UnsoundError("has a tree without nodes")
        if not _has(tree.get("base_weights"), *{nodes, nodes * size}):
            raise UnsoundError("has a tree with more or fewer weights than nodes")
        if size > 1:
            _check_leaves(tree, nodes, size)
        self._check_nodes(tree, nodes)
        self._check_categories(tree, nodes)
        return size

    def _check_nodes(self, tree: dict[str, Any], nodes: int) -> None:
        """Checks that each node has one node above it, so that every way down ends, and that all are there."""
        above, most = bytearray(nodes), self.most_feature
        ways = (tree[key] for key in ("left_children", "right_children", "split_indices"))
        for left, right, feature in zip(*ways, strict=True):
            if left == -1:
                continue
            if not (0 < left < nodes and 0 < right < nodes and left != right) or above[left] or above[right]:
                raise UnsoundError(_NO_TREE)
            above[left] = above[right] = 1
            if feature < 0:
                raise UnsoundError(f"asks for the feature {feature}")
            most = max(feature, most)
        self.most_feature = most
        parents = tree["parents"][1:]
        if parents and not 0 <= min(parents) <= max(parents) < nodes:
            raise UnsoundError(_NO_TREE)

    def _check_categories(self, tree: dict[str, Any], nodes: int) -> None:
        """Checks which categories go which way, by the nodes that ask for one."""
        if "split_type" not in tree and "categories" not in tree:
            return
        values = tree.get("categories")
        parts = [tree.get(key) for key in _CATEGORIES]
        if not isinstance(values, array) or not all(isinstance(part, array) for part in parts):
            raise UnsoundError(_NO_CATEGORIES)
        if len({len(part) for part in parts if part is not None}) != 1:
            raise UnsoundError(_NO_CATEGORIES)
        for node, begin, count in zip(*parts, strict=True):
            if not (0 <= node < nodes and begin >= 0 and 0 < count <= len(values) - begin):
                raise UnsoundError("has a node whose categories are not there")
            some = values[begin : begin + count]
            self._bits += max(some)
            if not 0 <= min(some) <= max(some) < _CATEGORY_LIMIT or self._bits > _BITS_LIMIT:
                raise UnsoundError("has more categories than any model")


def _has(value: Any, *counts: int) -> bool:
    return isinstance(value, array | range) and len(value) in counts


def _check_leaves(tree: dict[str, Any], nodes: int, size: int) -> None:
    """Checks leaves that give several numbers: they have a place each, which the newest releases keep as the right."""
    weights = tree.get("leaf_weights")
    if weights is None:
        if not _has(tree["base_weights"], nodes * size):
            raise UnsoundError("has a tree with more or fewer weights than nodes")
        return
    if not isinstance(weights, range) or len(weights) % size:
        raise UnsoundError("has a tree with more or fewer weights than leaves")
    leaves = len(weights) // size
    for left, right in zip(tree["left_children"], tree["right_children"], strict=True):
        if left == -1 and not -1 <= right < leaves:
            raise UnsoundError("has a leaf whose weights are not there")
