"""Several files and the `--set` family: helm's rules, with helm itself as the oracle, and every value's origin kept."""

from __future__ import annotations

import contextlib
import copy
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from chartgen.errors import ServiceError, ServiceFileError
from chartgen.service.file import parse
from chartgen.service.merge import merge
from chartgen.service.node import Mapping, Source, find, key_position, to_data
from chartgen.service.overrides import Overrides, apply

# helm reads `y` and `n` as true and false, so no key has such a name.
BASE = "a: 1\nm: {x: 1, s: {z: [1, 2]}}\nl: [1, {k: v}]\nt: text\n"


def document(*texts: str) -> Mapping:
    return merge([parse(text.encode(), Source(f"{order}.yaml", order, Path("/"))) for order, text in enumerate(texts)])


def with_overrides(*texts: str, **overrides: tuple[str, ...]) -> Any:
    return to_data(apply(document(*texts), Overrides(**overrides), len(texts)))


def without_nulls(value: Any) -> Any:
    """Mappings without the keys that are null, as the document and helm's templates see them."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


@pytest.fixture(scope="module")
def echo_chart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A chart that prints its values."""
    chart = tmp_path_factory.mktemp("echo")
    (chart / "templates").mkdir()
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: echo\nversion: 0.1.0\n")
    (chart / "templates" / "values.yaml").write_text("values: {{ .Values | toJson | quote }}\n")
    return chart


def helm_values(helm: Path, chart: Path, *arguments: str) -> Any:
    done = subprocess.run([helm, "template", "x", chart, *arguments], capture_output=True, text=True, check=True)
    values = json.loads(yaml.safe_load(done.stdout)["values"])
    values.pop("global", None)
    return without_nulls(values)


HELM_CASES: list[dict[str, tuple[str, ...]]] = [
    {"set": ("a=2", "n=007,i=-5,j=+5,k=0,big=9223372036854775808,f=1.5,e=1e3")},
    {"set": ("b=true,c=FALSE,d=null,e=Null,s=,u=x",)},
    {"set": (r"a\.b=1,c=x\,y,d=p=q,e=a\\b",)},
    {"set": ("q={a,1,true},r={},s={x},t={a,b,}",)},
    {"set": ("l[0]=x,l[1].k=w,n[2].deep.er=1,g[1][1]=2",)},
    {"set": ("m.x=null,m.s.z[1]=9",)},
    {"set": ("a=first", "a=second")},
    {"set_string": ("a=1,b=true,c=null,d={1,2}",)},
    {"set_json": ('a=[1,{"b":[]}],c="x"', 'm={"new": 1}', "t=")},
    {"set_literal": (r"a=1,b=2\,{c}", "m.x= spaced ")},
    {"set_json": ("a=1",), "set": ("a=2",), "set_string": ("a=3",)},
    {"set": ("a=2",), "set_literal": ("a=4",), "set_json": ("b=5",)},
]


@pytest.mark.parametrize("case", HELM_CASES, ids=str)
def test_the_set_family_means_what_it_means_to_helm(
    case: dict[str, tuple[str, ...]], helm: Path, echo_chart: Path, tmp_path: Path
) -> None:
    base = tmp_path / "base.yaml"
    base.write_text(BASE)
    arguments = [f"--{option.replace('_', '-')}={value}" for option, values in case.items() for value in values]
    assert without_nulls(with_overrides(BASE, **case)) == helm_values(helm, echo_chart, "-f", str(base), *arguments)


def test_a_whole_json_object_is_merged_as_helm_4_merges_it(helm4: Path, echo_chart: Path, tmp_path: Path) -> None:
    base, argument = tmp_path / "base.yaml", '{"m": {"s": {"w": true}}, "t": 2}'
    base.write_text(BASE)
    expected = helm_values(helm4, echo_chart, "-f", str(base), f"--set-json={argument}")
    assert with_overrides(BASE, set_json=(argument,)) == expected


def test_what_was_taken_away_can_be_made_anew() -> None:
    assert with_overrides("m: {x: 1}", set=("m=null", "m.new=1")) == {"m": {"new": 1}}


def test_files_are_merged_as_helm_merges_them(helm: Path, echo_chart: Path, tmp_path: Path) -> None:
    over = "a: null\nm: {s: {z: [3], w: null}, x: {deep: 1}}\nl: []\nt: {now: {a: mapping}}\nnew: {r: null, o: {}}\n"
    for name, text in (("base.yaml", BASE), ("over.yaml", over)):
        (tmp_path / name).write_text(text)
    files = ["-f", str(tmp_path / "base.yaml"), "-f", str(tmp_path / "over.yaml")]
    assert to_data(document(BASE, over)) == helm_values(helm, echo_chart, *files)


SCALARS = st.none() | st.integers(-9, 9) | st.sampled_from(["", "x"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3)


def expected_merge(base: Any, over: Any) -> Any:
    """Helm's rule in its shortest form."""
    if not isinstance(over, dict):
        return over
    merged = dict(base) if isinstance(base, dict) else {}
    for key, value in over.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = expected_merge(merged.get(key), value)
    return merged


@given(st.lists(DOCUMENTS, min_size=1, max_size=4))
def test_files_are_merged_from_left_to_right(documents: list[dict[str, Any]]) -> None:
    expected: Any = {}
    for part in documents:
        expected = expected_merge(expected, part)
    assert to_data(document(*map(json.dumps, documents))) == expected


@given(DOCUMENTS)
def test_merging_a_file_with_itself_changes_nothing(part: dict[str, Any]) -> None:
    assert to_data(document(json.dumps(part), json.dumps(part))) == to_data(document(json.dumps(part)))


def test_every_value_keeps_the_place_of_the_file_that_gave_it() -> None:
    merged = document("name: a\nmodel:\n  file: x\nenv: {A: 1}\n", "env:\n  B: 2\nname: b\n")
    assert str(key_position(merged, ("name",))) == "1.yaml:3:1"
    assert str(key_position(merged, ("model", "file"))) == "0.yaml:3:3"
    assert str(key_position(merged, ("env", "A"))) == "0.yaml:4:7"
    assert str(key_position(merged, ("env", "B"))) == "1.yaml:2:3"


@pytest.mark.parametrize(
    ("short", "over", "merged"),
    [
        ("model: ./a.onnx", "model: {version: '2'}", {"model": {"file": "./a.onnx", "version": "2"}}),
        ("runtime: fastapi", "runtime: {image: i}", {"runtime": {"name": "fastapi", "image": "i"}}),
        ("cpu: 0.5", "cpu: {limit: 1.0}", {"cpu": {"request": "0.5", "limit": "1.0"}}),
        ("memory: 1Gi", "memory: {limit: 2Gi}", {"memory": {"request": "1Gi", "limit": "2Gi"}}),
        ("sample: [1]", "sample: {output: null}", {"sample": {"input": [1], "output": None}}),
        ("model: {file: a, version: '1'}", "model: ./b.onnx", {"model": "./b.onnx"}),
    ],
)
def test_a_long_form_is_laid_on_a_short_one_and_a_short_form_replaces_a_long_one(
    short: str, over: str, merged: dict[str, Any]
) -> None:
    assert to_data(document(short, over)) == merged


def test_set_extends_a_short_form() -> None:
    assert with_overrides("model: ./a.onnx", set_string=("model.version=2",)) == {
        "model": {"file": "./a.onnx", "version": "2"}
    }


def test_null_is_a_value_in_recorded_data_and_takes_away_elsewhere() -> None:
    text = "sample: {input: {a: [null], b: null}, output: null, tolerance: null}\ndescription: null\n"
    assert to_data(document(text)) == {"sample": {"input": {"a": [None], "b": None}, "output": None}}


def test_what_set_gives_to_variables_and_quantities_stays_as_written() -> None:
    assert with_overrides("{}", set=("env.A=1.10,env.B=TRUE,env.C=0o17,cpu=2,memory.limit=1e9",)) == {
        "env": {"A": "1.10", "B": "TRUE", "C": "0o17"},
        "cpu": "2",
        "memory": {"limit": "1e9"},
    }
    assert with_overrides("{}", set_json=("env.A=1.10,env.B=true",)) == {"env": {"A": "1.10", "B": "true"}}


def test_set_file_takes_the_content_of_a_file_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_bytes("a,b\r\nno = ä\n".encode())
    assert with_overrides("{}", set_file=(f"env.TOKEN={file}",)) == {"env": {"TOKEN": "a,b\r\nno = ä\n"}}
    with pytest.raises(ServiceFileError, match="there is no such file"):
        with_overrides("{}", set_file=(f"env.TOKEN={file}x",))
    file.write_bytes(b"\xff")
    with pytest.raises(ServiceFileError, match="the byte 0xff at offset 0 is not UTF-8"):
        with_overrides("{}", set_file=(f"env.TOKEN={file}",))


def test_an_override_is_told_by_its_key_and_never_by_its_value() -> None:
    changed = apply(document("{}"), Overrides(set=("model.version=secret,env[0]=x",)), 1)
    node = find(changed, ("model", "version"))
    assert node
    assert str(node.where) == "--set model.version=…"
    assert str(key_position(changed, ("env", 0))) == "--set env[0]=…"


def test_overriding_leaves_the_document_as_it_was() -> None:
    before = document(BASE)
    kept = copy.deepcopy(before)
    apply(before, Overrides(set=("m.s.z[0]=5,l[1].k=null,t=x",), set_json=('{"m": {"x": null}}',)), 1)
    assert before == kept


@pytest.mark.parametrize(
    ("option", "argument", "message"),
    [
        ("set", "a", "the key `a` has no value"),
        ("set", "a,b=1", "the key `a` has no value"),
        ("set", "a=1,b", "the key `b` has no value"),
        ("set", "=1", "a key is missing before `=`"),
        ("set", "a..b=1", "a key is missing before `.`"),
        ("set", ",", "a key is missing"),
        ("set", "a[x]=1", "`x` is no index; write a whole number from 0 to 65536"),
        ("set", "a[65537]=1", "`65537` is no index; write a whole number from 0 to 65536"),
        ("set", "a[0=1", "a `[` is not closed"),
        ("set", "a[0]b=1", "`b` follows the index [0]"),
        ("set", "a[0]", "there is no `=`"),
        ("set", "a={b", "a list starts with `{` and does not end with `}`"),
        ("set", "a=b\\", "a `\\` stands at the end, with nothing to escape"),
        ("set", ".".join("a" * 65) + "=1", "the key has more than 64 parts"),
        ("set", "t.x=1", '`t` is the text "text" at 0.yaml:4:4, in which `t.x` has no place'),
        ("set", "m[0]=1", "`m` is a mapping at 0.yaml:2:4, in which `m[0]` has no place"),
        ("set", "l.x=1", "`l` is a list at 0.yaml:3:4, in which `l.x` has no place"),
        ("set_json", "a=[1", "this is not JSON: Expecting ',' delimiter at character 5"),
        ("set_json", "a=NaN", "NaN is no number that JSON knows"),
        ("set_json", "a=1e999", "1e999 is larger than any number that JSON readers know"),
        ("set_json", '{"a":1,"a":2}', "the key `a` is here twice"),
        ("set_json", '{"a":1} b', "`b` follows the JSON object"),
        ("set_json", "a=" + "[" * 70 + "]" * 70, "the values lie deeper than 64 levels"),
        ("set_literal", "a", "the key `a` has no value"),
        ("set_string", "a=\udcff", "a text holds U+DCFF, which is no character"),
    ],
)
def test_an_argument_that_makes_no_sense_is_refused(option: str, argument: str, message: str) -> None:
    with pytest.raises(ServiceFileError) as caught:
        with_overrides(BASE, **{option: (argument,)})
    assert caught.value.message == message
    assert str(caught.value.where).startswith(f"--{option.replace('_', '-')} ")


ARGUMENTS = st.lists(st.sampled_from([*'abm.=,[]{}\\0158" ', "l[0]", "true", "null"]), max_size=12).map("".join)


@given(st.sampled_from(["set", "set_string", "set_json", "set_literal"]), ARGUMENTS | st.text(max_size=20))
def test_any_argument_is_understood_or_refused(option: str, argument: str) -> None:
    with contextlib.suppress(ServiceError):
        assert isinstance(with_overrides(BASE, **{option: (argument,)}), dict)


@given(st.dictionaries(st.text("ab.=[],\\{é ", min_size=1), st.text("ab.=[],\\{}é \n"), min_size=1, max_size=3))
def test_escapes_carry_any_key_and_text(values: dict[str, str]) -> None:
    def escaped(text: str) -> str:
        return "".join(f"\\{char}" for char in text)

    argument = ",".join(f"{escaped(key)}={escaped(value)}" for key, value in values.items())
    assert with_overrides("{}", set_string=(argument,)) == values
