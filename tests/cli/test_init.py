"""`chartgen init`: the first service file of a model."""

from __future__ import annotations

import pickle
import re
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from chartgen.chart.build import build
from chartgen.inspect.facts import ModelFacts, Signature
from chartgen.names import is_release_name
from chartgen.service.load import load
from chartgen.starter import service_name, service_text
from tests.helpers import EXAMPLES, ONNX_MODEL, PICKLE_MODEL, chartgen

EXAMPLE = re.compile(r"^(\s*)#(?=\w|  )")


def uncommented(text: str, key: str) -> str:
    """The file with the example of one key made real, as a person would who takes the `#` away."""
    lines, inside = [], False
    for line in text.splitlines():
        found = EXAMPLE.match(line)
        if found:
            inside = line.strip().startswith(f"#{key}:") or (inside and line.startswith("#  "))
        lines.append(EXAMPLE.sub(r"\1", line) if found and inside else line)
    return "\n".join(lines) + "\n"


def examples(text: str) -> list[str]:
    return re.findall(r"^\s*#(\w+):", text, re.MULTILINE)


@pytest.fixture(params=[ONNX_MODEL, PICKLE_MODEL], ids=["onnx", "pickle"])
def model(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return Path(shutil.copy(request.param, tmp_path))


def test_what_is_written_is_valid_and_printed(model: Path, tmp_path: Path) -> None:
    done = chartgen("init", model.name, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "service.yaml\n", "")
    assert chartgen("validate", cwd=tmp_path).returncode == 0
    written = yaml.safe_load((tmp_path / "service.yaml").read_text())
    assert (written["name"], written["model"]["file"]) == (model.stem, model.name)
    assert written["sample"] == {"input": [0.0] * (64 if model.suffix == ".onnx" else 4)}


def test_the_sample_of_a_model_that_was_fitted_on_a_table_is_one_of_its_rows(tmp_path: Path) -> None:
    shutil.copy(EXAMPLES / "rents-table" / "rents.pkl", tmp_path)
    assert chartgen("init", "rents.pkl", cwd=tmp_path).returncode == 0
    assert chartgen("validate", cwd=tmp_path).returncode == 0
    text = (tmp_path / "service.yaml").read_text()
    assert "Its input: a table with the columns district, area, rooms, balcony." in text.replace("\n# ", " ")
    row = {"district": "harbour", "area": 0.0, "rooms": 0.0, "balcony": 0.0}
    assert yaml.safe_load(text)["sample"] == {"input": row}


def test_every_example_is_valid_when_its_comment_sign_goes_alone_and_with_all_others(
    model: Path, tmp_path: Path
) -> None:
    chartgen("init", model.name, cwd=tmp_path)
    text = (tmp_path / "service.yaml").read_text()
    assert {"cpu", "memory", "replicas", "env", "pod", "runtime", "version", "output"} <= set(examples(text))
    every = text
    for key in examples(text):
        every = uncommented(every, key)
        for content in (uncommented(text, key), every):
            assert content != text
            (tmp_path / "service.yaml").write_text(content)
            build(load([tmp_path / "service.yaml"]))
    assert not examples(every)


def test_an_editor_finds_the_schema_that_the_first_line_names(model: Path, tmp_path: Path) -> None:
    chartgen("init", model.name, "-o", "services/mine.yaml", cwd=tmp_path)
    file = tmp_path / "services" / "mine.yaml"
    named = re.match(r"# yaml-language-server: \$schema=(.+)\n", file.read_text())
    assert named
    schema = file.parent / named[1]
    assert schema.read_text() == chartgen("schema").stdout
    validator = jsonschema.Draft202012Validator(yaml.safe_load(schema.read_text()))
    assert not list(validator.iter_errors(yaml.safe_load(file.read_text())))
    assert chartgen("validate", "-f", file).returncode == 0, "the model is found from another folder"


def test_without_a_schema_there_is_one_file(model: Path, tmp_path: Path) -> None:
    chartgen("init", model.name, "--no-schema", cwd=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([model.name, "service.yaml"])
    assert "yaml-language-server" not in (tmp_path / "service.yaml").read_text()


def test_a_file_that_is_there_is_kept_unless_forced(model: Path, tmp_path: Path) -> None:
    (tmp_path / "service.yaml").write_text("precious")
    done = chartgen("init", model.name, cwd=tmp_path)
    assert done.returncode == 4
    assert "--force" in done.stderr
    assert (tmp_path / "service.yaml").read_text() == "precious"
    assert not (tmp_path / "service.schema.json").exists()
    assert chartgen("init", model.name, "--force", cwd=tmp_path).returncode == 0
    assert chartgen("validate", cwd=tmp_path).returncode == 0


def test_a_schema_of_somebody_else_is_kept_and_an_old_one_of_ours_replaced(model: Path, tmp_path: Path) -> None:
    schema = tmp_path / "service.schema.json"
    schema.write_text('{"$id": "https://example.com/mine"}')
    assert chartgen("init", model.name, cwd=tmp_path).returncode == 4
    assert not (tmp_path / "service.yaml").exists()
    schema.write_text('{"$id": "urn:chartgen:service:v0"}')
    assert chartgen("init", model.name, cwd=tmp_path).returncode == 0
    assert schema.read_text() == chartgen("schema").stdout


@pytest.mark.parametrize(
    ("stem", "name"),
    [("iris", "iris"), ("My Model_v2.final", "my-model-v2-final"), ("2024-05", "model-2024-05"), ("модель", "model"),
     ("", "model"), ("--x--", "x"), ("a" * 80, "a" * 53), ("a" * 52 + "-b", "a" * 52)],
)  # fmt: skip
def test_a_name_is_made_of_any_file_name(stem: str, name: str) -> None:
    assert service_name(stem) == name
    assert is_release_name(name)


def test_a_name_that_no_service_can_have_is_refused(model: Path, tmp_path: Path) -> None:
    assert chartgen("init", model.name, "--name", "No Name", cwd=tmp_path).returncode == 2


def test_a_model_that_is_refused_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(b"")
    assert chartgen("init", "m.onnx", cwd=tmp_path).returncode == 3
    assert [path.name for path in tmp_path.iterdir()] == ["m.onnx"]


def test_a_model_that_does_not_say_what_goes_in_gets_a_guess_and_a_warning(tmp_path: Path) -> None:
    from sklearn.linear_model import LinearRegression

    (tmp_path / "m.pkl").write_bytes(pickle.dumps(LinearRegression()))
    done = chartgen("init", "m.pkl", cwd=tmp_path)
    assert done.returncode == 0
    assert "replace the `sample`" in done.stderr
    assert "REPLACE THIS" in (tmp_path / "service.yaml").read_text()


def test_several_inputs_of_unknown_shape_are_guessed_by_their_names_and_types() -> None:
    inputs = (Signature("user", "int64", None), Signature("item", "string", None), Signature("age", "float32", (None,)))
    written = yaml.safe_load(service_text("m.pt", ModelFacts("torch", 1, "0" * 64, inputs=inputs), "a"))
    assert written["sample"] == {"input": {"user": [[0]], "item": [[""]], "age": [0.0]}}


HOSTILE = ["a b", "- x", "{{ .Values }}", "é\n#x", "k: v", '"', "'", "\x85", "*a", "no", "😀", "x" * 300, ""]


@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_the_names_in_a_model_and_of_its_file_do_no_harm(text: str) -> None:
    inputs = (Signature(text, "int64", (None, 2)), Signature("other", "string", (3,)))
    facts = ModelFacts("onnx", 1, "0" * 64, inputs=inputs)
    written = yaml.safe_load(service_text(f"{text}.onnx", facts, "a"))
    assert written["model"] == {"file": f"{text}.onnx"}
    assert written["sample"] == {"input": {text: [[0, 0]], "other": ["", "", ""]}}


@pytest.mark.parametrize(
    ("shape", "dtype", "sample"),
    [((None, 2), "float32", [0.0, 0.0]), ((1, 2), "float32", [0.0, 0.0]), ((2, 2), "bool", [[False] * 2] * 2),
     ((None,), "string", [""]), ((), "int8", 0), ((None, "h", 2), "float64", [[0.0, 0.0]])],
)  # fmt: skip
def test_the_sample_has_the_shape_of_the_input(shape: tuple[Any, ...], dtype: str, sample: object) -> None:
    facts = ModelFacts("onnx", 1, "0" * 64, inputs=(Signature("x", dtype, shape),))
    assert yaml.safe_load(service_text("m.onnx", facts, "a"))["sample"]["input"] == sample


def test_a_sample_that_fills_the_screen_is_left_out() -> None:
    facts = ModelFacts("onnx", 1, "0" * 64, inputs=(Signature("x", "float32", (None, 3, 224, 224)),))
    text = service_text("m.onnx", facts, "a")
    assert "150,528 numbers" in text
    assert "sample" not in yaml.safe_load(text)


@pytest.mark.parametrize("form", ["table", "json", "yaml", "name"])
def test_the_name_of_a_form_is_no_path(model: Path, tmp_path: Path, form: str) -> None:
    done = chartgen("init", model.name, "-o", form, cwd=tmp_path)
    assert done.returncode == 2
    assert "the path of the service file, not a form of the output" in done.stderr
    assert f"`-o ./{form}`" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == [model.name]
    assert chartgen("init", model.name, "-o", f"./{form}", cwd=tmp_path).stdout == f"{form}\n"
    assert chartgen("validate", "-f", form, cwd=tmp_path).returncode == 0


def test_a_dash_is_standard_output_which_validate_can_read(model: Path, tmp_path: Path) -> None:
    done = chartgen("init", model.name, "-o", "-", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert [path.name for path in tmp_path.iterdir()] == [model.name]
    assert "yaml-language-server" not in done.stdout
    assert yaml.safe_load(done.stdout)["model"] == {"file": model.name}
    assert chartgen("validate", "-f", "-", input=done.stdout, cwd=tmp_path).returncode == 0


def test_a_missing_model_and_a_bad_name_are_told_in_the_words_of_init(tmp_path: Path) -> None:
    missing = chartgen("init", "nofile.pkl", cwd=tmp_path).stderr
    assert "nofile.pkl: there is no such file" in missing
    assert "model.file" not in missing
    assert "at most 53 characters" in chartgen("init", "m.pkl", "--name", "BAD", cwd=tmp_path).stderr
