"""`--set-values` against the real `helm --set`: the same values come out, and no argument of helm's holds them."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chartgen.errors import InvalidManifestError
from chartgen.helm.client import HelmClient
from chartgen.lifecycle.assignments import assigned
from chartgen.lifecycle.target import ReleaseValues
from chartgen.lifecycle.values_files import from_files
from tests.helpers import chartgen, documents, of_kind, service_file, write_tree

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

DEFAULTS = {"a": {"b": 1, "c": [1, 2]}, "l": [{"x": 1, "y": 2}, {"x": 3}], "s": "text", "n": None}


@pytest.fixture(scope="session")
def shows_values(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A chart that prints its values."""
    files = {
        "Chart.yaml": '{"apiVersion": "v2", "name": "shows", "version": "0.1.0"}',
        "values.yaml": json.dumps(DEFAULTS),
        "templates/values.yaml": "values: {{ toJson .Values | quote }}\n",
    }
    return write_tree(tmp_path_factory.mktemp("charts") / "shows", files)


def helm_says(helm: Path, chart: Path, values: ReleaseValues) -> Any:
    """What helm itself makes of the same arguments; None when it refuses them."""
    words = [word for file in values.files for word in ("--values", str(file))]
    words += [word for argument in values.assignments for word in ("--set", argument)]
    words += [word for argument in values.texts for word in ("--set-string", argument)]
    done = subprocess.run([helm, "template", "r", chart, *words], capture_output=True, check=False)
    return _shown(done.stdout.decode()) if done.returncode == 0 else None


def chartgen_says(helm: Path, chart: Path, values: ReleaseValues) -> Any:
    """What comes out by way of chartgen; None when it refuses them."""
    try:
        return _shown(HelmClient(helm).template("r", chart, values.files, assigned(values)))
    except InvalidManifestError:
        return None


def _shown(manifest: str) -> Any:
    import yaml

    return json.loads(yaml.safe_load(manifest)["values"])


ARGUMENTS = [
    ["a.b=2"],
    ["a.b=2,a.d=x,s=y"],
    ["a.c[0]=9"],
    ["l[0].x=5"],
    ["l[1].z=5", "l[0].x=null"],
    ["l[2]=5"],
    ["l={x,y}"],
    ["l={}"],
    ["a=null"],
    ["n=null"],
    ["a.b=null"],
    ["new.deep.er=true"],
    ["s="],
    ["s=a\\,b", "new\\.dotted=1"],
    ["s=TRUE", "n=False"],
    ["s=007", "n=-5", "new=1e3"],
    ["s=0x1F", "n=1.5"],
    ["m[0][1]=x"],
    ["m[0]=x,m[0].y=z"],
    ["a=1,a.b=2"],
    ["s[0]=1,s.x=2"],
    ["a=null,a.b=1"],
    ["s=é\U0001f600\u2028\u0085\x7f\"'\\\\"],
    ["s=12345678901234567890"],
    ["s={{ .Release.Name }}"],
    ["s"],
    ["a.=1"],
    ["a[x]=1"],
    ["s={x"],
    ["s=fal\u017fe"],
]


@pytest.mark.parametrize("arguments", ARGUMENTS, ids=" ".join)
def test_each_form_is_what_helm_makes_of_it(helm: Path, shows_values: Path, arguments: list[str]) -> None:
    values = ReleaseValues(assignments=arguments)
    assert chartgen_says(helm, shows_values, values) == helm_says(helm, shows_values, values)


def test_text_stays_text(helm: Path, shows_values: Path) -> None:
    values = ReleaseValues(assignments=["s=x"], texts=["s=5", "new.a=true", "l[0]=null"])
    made = chartgen_says(helm, shows_values, values)
    assert made == helm_says(helm, shows_values, values)
    assert (made["s"], made["new"], made["l"]) == ("5", {"a": "true"}, ["null"])


KEYS = st.sampled_from(["a", "b", "l", "s", "n", "new", "x\\.y"])
STEPS = st.one_of(KEYS.map(lambda key: f".{key}"), st.integers(0, 2).map(lambda index: f"[{index}]"))
WORDS = st.one_of(
    st.sampled_from(["true", "false", "null", "0", "5", "-7", "08", "1.5", "text", "{x,1}", "a b", "\\,"]),
    st.text(st.characters(codec="utf-8", exclude_characters="\\,{}\x00", exclude_categories=["Cs"]), min_size=1),
)
ASSIGNMENTS = st.builds(
    lambda first, rest, value: f"{first}{''.join(rest)}={value}", KEYS, st.lists(STEPS, max_size=3), WORDS
)
TREES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.text("abc", max_size=3)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.sampled_from(["a", "b", "l", "s", "n"]), inner, max_size=3)
    ),
    max_leaves=6,
)
FILES = st.lists(st.dictionaries(st.sampled_from(["a", "l", "s", "n"]), TREES, max_size=3), max_size=2)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=FILES, assignments=st.lists(ASSIGNMENTS, min_size=1, max_size=3), texts=st.lists(ASSIGNMENTS, max_size=1))
def test_what_is_taken_is_what_helm_makes_of_it(  # noqa: PLR0917  # three fixtures, three drawn values
    helm: Path, shows_values: Path, tmp_path: Path, files: list[Any], assignments: list[str], texts: list[str]
) -> None:
    """Files first, then the assignments; what chartgen refuses, helm refuses too, but for items of a file's list."""
    paths = []
    for index, content in enumerate(files):
        paths.append(tmp_path / f"{index}.yaml")
        paths[-1].write_text(json.dumps(content))
    values = ReleaseValues(paths, assignments, texts)
    refusal, ours = "", None
    try:
        ours = assigned(values)
    except InvalidManifestError as error:
        refusal = str(error)
    if "one item of a list" in refusal:
        return
    shown = None if ours is None else _shown(HelmClient(helm).template("r", shows_values, paths, ours))
    assert shown == helm_says(helm, shows_values, values), refusal


@pytest.mark.parametrize("argument", ["a[0", "=1", "a[0].=1"])
def test_a_broken_key_is_refused_where_helm_passes_it_over(argument: str) -> None:
    with pytest.raises(InvalidManifestError, match="--set-values cannot be read"):
        assigned(ReleaseValues(assignments=[argument]))


def test_an_item_of_a_files_list_points_at_the_file(tmp_path: Path) -> None:
    (tmp_path / "v.yaml").write_text("a:\n  l: [{x: 1}]\n")
    values = ReleaseValues([tmp_path / "v.yaml"], ["a.l[0].x=2"])
    with pytest.raises(InvalidManifestError, match=r"a\.l: .*one item of a list that a values file sets") as caught:
        assigned(values)
    assert "--values-file" in (caught.value.hint or "")


def test_a_key_that_begins_like_null_is_read_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "values.yaml"
    file.write_text("nodeSelector: {~a: <<x, Nullable: nothing}\nempty:\nnone: null\n")
    wanted = {"nodeSelector": {"~a": "<<x", "Nullable": "nothing"}, "empty": None, "none": None}
    assert from_files([file]) == wanted


def test_numbers_that_helm_would_round_are_refused() -> None:
    assert assigned(ReleaseValues(assignments=["a=9007199254740992"])) == {"a": 2**53}
    with pytest.raises(InvalidManifestError, match="2\\^53"):
        assigned(ReleaseValues(assignments=["a=9007199254740993"]))


def test_text_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(InvalidManifestError, match="not UTF-8"):
        assigned(ReleaseValues(assignments=["a=\udcff"]))


@pytest.mark.parametrize(
    ("assignments", "content", "place"),
    [
        (["packages.indexUrl=https://user:hunter2@pypi.example.com/simple"], None, "packages.indexUrl"),
        (["packages.extraIndexUrls={https://x/y,https://hunter2@z/}"], None, "packages.extraIndexUrls[1]"),
        (["packages.proxy=user:hunter2@proxy:3128"], None, "packages.proxy"),
        (["packages.pipOptions={--proxy=http://u:hunter2@p:1}"], None, "packages.pipOptions[0]"),
        ([], "packages: {indexUrl: 'https://user:hunter2@pypi.example.com/simple'}", "packages.indexUrl"),
    ],
)
def test_credentials_are_refused_with_the_way_out(
    tmp_path: Path, assignments: Sequence[str], content: str | None, place: str
) -> None:
    files = [tmp_path / "v.yaml"] if content else []
    for file in files:
        file.write_text(content or "")
    with pytest.raises(InvalidManifestError) as caught:
        assigned(ReleaseValues(files, assignments))
    assert str(caught.value) == f"the value {place} holds credentials"
    assert "pipConfigSecret" in (caught.value.hint or "")
    assert "hunter2" not in f"{caught.value} {caught.value.expected} {caught.value.hint}"


@pytest.mark.parametrize("index", ["https://me:hunter2@pypi.example.com/simple", "https://me@pypi.example.com"])
def test_the_chart_itself_refuses_credentials_without_repeating_them(helm: Path, tmp_path: Path, index: str) -> None:
    done = chartgen("render", "-f", service_file(tmp_path), "--output-dir", tmp_path)
    argv = [helm, "template", "r", done.stdout.strip(), "--set", f"packages.indexUrl={index}"]
    refused = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "/packages/indexUrl" in refused.stderr
    assert "hunter2" not in refused.stderr


def test_resources_can_be_left_to_the_namespace(helm: Path, tmp_path: Path) -> None:
    done = chartgen("template", "-f", service_file(tmp_path), "--helm", helm, "--set-values", "resources=null")
    assert done.returncode == 0, done.stderr
    pod = of_kind(documents(done.stdout), "Deployment")["spec"]["template"]["spec"]
    assert not any("resources" in container for container in (*pod["initContainers"], *pod["containers"]))


def test_no_value_is_among_the_arguments_of_helm(helm: Path, tmp_path: Path) -> None:
    """Every user of a computer can see the arguments of every process."""
    wrapper, record = tmp_path / "helm", tmp_path / "arguments"
    wrapper.write_text(f'#!/bin/sh\nfor word in "$@"; do echo "$word" >>{record}; done\nexec {helm} "$@"\n')
    wrapper.chmod(0o755)
    file = service_file(tmp_path)
    done = chartgen(
        "template",
        "-f",
        file,
        "--helm",
        wrapper,
        "--set-values",
        "env.A=hunter2",
        "--set-values-string",
        "env.B=3",
        "-v",
    )
    assert done.returncode == 0, done.stderr
    assert "hunter2" in done.stdout
    assert "hunter2" not in record.read_text() + done.stderr
    assert "template\n" in record.read_text()
