"""The schema's verdict is that of another validator, and its patterns are those of names.py."""

from __future__ import annotations

import copy
import json
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chartgen import names
from chartgen.errors import ServiceFileError
from chartgen.service.node import MAX_DEPTH, to_data
from chartgen.service.vocabulary import schema
from tests.service.documents import PLANNED, WHOLE, changed, document, findings, told

ORACLE = jsonschema_rs.validator_for(schema())
NAMES = st.text("aB1-.\n_", max_size=6) | st.text("a", min_size=50, max_size=66) | st.text(max_size=4)
VERSIONS = st.lists(st.sampled_from(["0", "1", "01", "10", ".", "-", "+", "a", "rc", "\n", "٣"]), max_size=9).map(
    "".join
)


@given(NAMES)
def test_names_are_those_that_helm_and_kubernetes_take(text: str) -> None:
    assert (told(changed("name", text)) == []) == names.is_release_name(text)
    assert (told(changed("namespace", text)) == []) == names.is_namespace(text)


@given(VERSIONS)
def test_versions_are_those_that_charts_have(text: str) -> None:
    assert (told(changed("version", text)) == []) == names.is_semver(text)


ATOMS = st.sampled_from(
    [
        *(None, True, 0, 1, -1, 2.5, 1e30),
        *("", "x", "iris", "1.2.0", "onnx", "torch", "A" * 64, "a\n"),
        *([], [1], [{}], {}, {"a": 1}, {"uri": "x"}, {"tls": {}}, {"request": 1}, {"type": "pvc"}),
        {"secretKeyRef": {"name": "a", "key": "b"}},
    ]
)


def _places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for key, item in inner for place in _places(item, (*at, key)))]


PLACES = [place for place in _places({**WHOLE, **PLANNED}) if place]


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    """A service with some values replaced, taken out or added."""
    data: Any = copy.deepcopy({**WHOLE, **PLANNED})
    for place in draw(st.lists(st.sampled_from(PLACES), max_size=4)):
        inner = data
        try:
            for step in place[:-1]:
                inner = inner[step]
            change = draw(st.sampled_from(["replace", "remove", "add"]))
            if change == "remove":
                del inner[place[-1]]
            elif change == "replace":
                inner[place[-1]] = draw(ATOMS)
            else:
                inner[draw(st.sampled_from(["extra", "file", "uri", "name", "enabled"]))] = draw(ATOMS)
        except (KeyError, IndexError, TypeError):
            continue
    return {key: value for key, value in data.items() if draw(st.booleans()) or key not in PLANNED}


def depth(value: object) -> int:
    """How many levels a value has, its leaves included."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(depth, inner), default=0)


@settings(max_examples=400)
@given(mutated())
def test_two_validators_give_one_verdict(data: dict[str, Any]) -> None:
    if depth(data) > MAX_DEPTH:
        with pytest.raises(ServiceFileError, match="lie deeper than"):
            findings(data)
        return
    found = findings(data)
    is_valid = ORACLE.is_valid(to_data(document(data)))
    if any("not supported yet" in finding.message for finding in found):
        # What comes later is declared, so only the other findings make it invalid for a plain validator.
        assert not is_valid or all("not supported yet" in finding.message for finding in found)
    else:
        assert is_valid == (found == [])
    assert json.dumps([str(finding.violation()) for finding in found])
