from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import onnxruntime
import pytest
import yaml
from onnx import TensorProto, helper

from chartgen import pins
from chartgen.errors import ModelUnsupportedError
from chartgen.inspect import Library, ModelFacts
from chartgen.pins import tables
from chartgen.pins.resolve import resolve

DIGEST = "0" * 64
ONNX = ModelFacts("onnx", 10, DIGEST, libraries=(Library("onnxruntime"),), opsets={"ai.onnx": 17})


PINS = Path(pins.__file__).parent
RUNTIMES = sorted(path.stem for path in (PINS / "sets").glob("*.yaml"))


def pickled(*libraries: Library) -> ModelFacts:
    return ModelFacts("pickle", 10, DIGEST, libraries=libraries)


def sklearn_model(version: str | None) -> ModelFacts:
    return pickled(Library("joblib"), Library("numpy"), Library("scikit-learn", version), Library("scipy"))


def lock_of(facts: ModelFacts, folder: Path, without: str = "") -> Path:
    """A lock file with what chartgen itself would choose, but for one package."""
    parts = re.split(r"(?m)^(?=\S)", resolve(facts, "fastapi", None).text)
    path = folder / "requirements.lock"
    path.write_text("".join(part for part in parts if not without or not part.startswith(f"{without}==")))
    return path


def test_an_onnx_pod_holds_the_server_and_onnxruntime_and_nothing_else() -> None:
    found = resolve(ONNX, "fastapi", None)
    assert {"fastapi", "uvicorn", "uvloop", "httptools", "orjson", "numpy", "onnxruntime"} <= set(found.versions)
    assert not {"scikit-learn", "scipy", "joblib", "cloudpickle"} & set(found.versions)
    assert found.warnings == ()


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_scikit_learn_pod_holds_the_version_that_wrote_the_model(runtime: str) -> None:
    versions = tables.library_sets(runtime, "scikit-learn")
    assert {version.rpartition(".")[0] for version in versions} == {"1.5", "1.6", "1.7", "1.8", "1.9"}
    for version in versions:
        found = resolve(sklearn_model(version), runtime, None)
        assert found.versions["scikit-learn"] == version
        assert found.warnings == ()
        assert "onnxruntime" not in found.versions


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_pod_holds_what_its_adapter_imports_and_all_that_this_needs(runtime: str) -> None:
    roots = tables.runtime_roots(runtime)
    assert roots is not None
    assert roots[0] == runtime
    for facts in (ONNX, pickled(), sklearn_model(None)):
        versions = resolve(facts, runtime, None).versions
        assert {*roots, "numpy", "orjson", "uvicorn"} <= set(versions)
        assert set(tables.runtime_set(runtime)) <= set(versions)


def test_the_runtimes_are_the_four() -> None:
    assert RUNTIMES == [*tables.RUNTIMES] == ["bentoml", "fastapi", "kserve", "mlserver"]


def test_a_mlserver_pod_has_the_uvloop_that_it_answers_with() -> None:
    assert resolve(ONNX, "mlserver", None).versions["uvloop"].startswith("0.21.")


def test_a_pod_with_a_version_that_one_of_its_packages_does_not_ask_for_says_so() -> None:
    assert resolve(ONNX, "kserve", None).overrides == ("psutil",)
    assert resolve(ONNX, "fastapi", None).overrides == ()


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_an_entry_of_a_table_is_the_same_alone_as_in_the_whole(runtime: str) -> None:
    table = yaml.safe_load((PINS / "sets" / f"{runtime}.yaml").read_text())
    assert tables.runtime_roots(runtime) == table["roots"]
    assert tables.runtime_overrides(runtime) == table.get("overrides", [])
    assert tables.runtime_set(runtime) == table["packages"]
    for name, versions in table["libraries"].items():
        assert list(tables.library_sets(runtime, name).items()) == list(versions.items())
    for name, versions in table["beside"].items():
        assert tables.beside(runtime, name) == versions
    for name, reasons in table.get("left_out", {}).items():
        assert tables.left_out(runtime, name) == reasons
        for reason in reasons.values():  # one sentence, and not all that a resolver says
            assert re.fullmatch(r"[\w.-]+ [\w.]+ needs [^ ]+ and [\w.-]+ [\w.]+ needs [^ ]+", reason)
    assert tables.library_sets(runtime, "libraries") == tables.library_sets(runtime, "1.5.0") == {}


def test_only_the_tables_of_the_runtime_in_hand_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    read, text = [], tables._text
    operators = f"onnxruntime-{_limits()[0]}.txt"
    monkeypatch.setattr(tables, "_text", lambda *path: (read.append(path), text(*path))[1])
    resolve(ONNX, "mlserver", None)
    assert {path[-1] for path in read} == {"mlserver.yaml", "packages.yaml", "onnxruntime.yaml", operators}


def test_a_version_that_does_not_go_with_a_runtime_is_refused_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chartgen.pins.resolve.left_out", lambda *_, **_gpu: {"1.5.2": "server 1 needs numpy>=3"})
    with pytest.raises(
        ModelUnsupportedError, match=r"scikit-learn 1\.5\.2 .* kserve: server 1 needs numpy>=3"
    ) as refused:
        resolve(sklearn_model("1.5.2"), "kserve", None)
    assert "`runtime: bentoml` or `runtime: fastapi` or `runtime: mlserver`" in str(refused.value.hint)
    assert "1.6.1" in str(refused.value.expected)
    assert resolve(sklearn_model("1.6.1"), "kserve", None).versions["scikit-learn"] == "1.6.1"


def test_a_library_of_which_no_version_goes_with_a_runtime_is_refused_with_the_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "chartgen.pins.resolve.left_out", lambda _, name, **_gpu: {"": "why"} if name == "catboost" else {}
    )
    with pytest.raises(ModelUnsupportedError, match=r"catboost 3\.0 does not install together .* kserve: why"):
        resolve(pickled(Library("catboost", "3.0")), "kserve", None)


@pytest.mark.parametrize(("written", "chosen"), [("1.5.9", "1.5.2"), ("1.6.dev0", "1.6.0"), ("1.9.0rc1", "1.9.0")])
def test_another_patch_of_the_same_minor_version_comes_with_a_warning(written: str, chosen: str) -> None:
    found = resolve(sklearn_model(written), "fastapi", None)
    assert found.versions["scikit-learn"] == chosen
    assert [written in warning and chosen in warning for warning in found.warnings] == [True]


@pytest.mark.parametrize("written", ["0.24.2", "1.4.2", "2.0.0", "nonsense", ""])
def test_another_minor_version_is_refused_with_both_and_the_way_out(written: str) -> None:
    with pytest.raises(ModelUnsupportedError) as refused:
        resolve(sklearn_model(written), "fastapi", None)
    assert written in refused.value.message
    assert "1.5.0 to 1.9" in refused.value.message
    assert "requirements.lock" in str(refused.value.hint)


def test_an_unknown_version_gets_the_newest_with_a_warning() -> None:
    found = resolve(sklearn_model(None), "fastapi", None)
    assert found.versions["scikit-learn"] == list(tables.library_sets("fastapi", "scikit-learn"))[-1]
    assert len(found.warnings) == 1


@pytest.mark.parametrize("name", ["numpy", "scipy", "joblib", "cloudpickle", None])
def test_a_pickle_of_plain_objects_gets_what_it_needs_and_numpy(name: str | None) -> None:
    found = resolve(pickled(*([Library(name)] if name else [])), "fastapi", None)
    assert {"numpy", name or "numpy"} <= set(found.versions)
    assert "scikit-learn" not in found.versions


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_pandas_goes_with_every_scikit_learn_and_leaves_its_numpy_as_it_is(runtime: str) -> None:
    for version, alone in tables.library_sets(runtime, "scikit-learn").items():
        model = sklearn_model(version)
        found = resolve(dataclasses.replace(model, libraries=(*model.libraries, Library("pandas"))), runtime, None)
        assert alone.items() <= found.versions.items()
        assert found.versions["pandas"].startswith("2.3" if version < "1.8" or runtime == "kserve" else "3.")
        assert found.warnings == ()


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_pandas_is_in_no_pod_that_needs_none(runtime: str) -> None:
    in_any = "pandas" in tables.runtime_set(runtime)
    for facts in (ONNX, pickled(), sklearn_model("1.7.2"), sklearn_model(None)):
        assert ("pandas" in resolve(facts, runtime, None).versions) is in_any
    assert "pandas" in resolve(pickled(Library("pandas")), runtime, None).versions


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("name", ["xgboost", "lightgbm"])
def test_a_booster_goes_with_every_scikit_learn_and_brings_nothing_for_gpus(name: str, runtime: str) -> None:
    for version, alone in tables.library_sets(runtime, "scikit-learn").items():
        model = sklearn_model(version)
        found = resolve(dataclasses.replace(model, libraries=(*model.libraries, Library(name))), runtime, None)
        assert alone.items() <= found.versions.items()
        assert ("xgboost-cpu" if name == "xgboost" else name) in found.versions
        assert not {"xgboost", "nvidia-nccl-cu12", "nvidia-nccl-cu13"} & set(found.versions)


@pytest.mark.parametrize(
    ("written", "chosen", "warnings"),
    [
        ("3.2.0", "3.2.0", 0),
        ("3.0.5", "3.0.5", 0),
        ("3.0.2", "3.0.5", 1),
        ("2.0.3", "2.1.4", 1),
        ("1.7.6", "2.1.4", 1),
        ("3.4.1", "3.2.0", 1),
        (None, "3.2.0", 1),
    ],
)
def test_xgboost_is_never_an_older_minor_version_where_that_gives_other_numbers(
    written: str | None, chosen: str, warnings: int
) -> None:
    found = resolve(pickled(Library("xgboost", written)), "fastapi", None)
    assert found.versions["xgboost-cpu"] == chosen
    assert len(found.warnings) == warnings


def test_a_model_of_an_xgboost_that_was_never_tried_is_refused() -> None:
    with pytest.raises(ModelUnsupportedError, match=r"xgboost 3\.5\.0, .* other numbers without saying so") as refused:
        resolve(pickled(Library("xgboost", "3.5.0")), "fastapi", None)
    assert "3.2.0" in str(refused.value.hint)


def test_a_model_of_lightgbm_3_is_refused() -> None:
    facts = dataclasses.replace(pickled(Library("lightgbm")), details={"LightGBM's format": "v3"})
    with pytest.raises(ModelUnsupportedError, match="format v3") as refused:
        resolve(facts, "fastapi", None)
    assert "`--package 'lightgbm<4'`" in str(refused.value.hint)


def test_a_booster_that_only_follows_scikit_learn_s_conventions_asks_nobody_for_its_version() -> None:
    model = pickled(Library("scikit-learn"), Library("xgboost", "3.2.0"))
    facts = dataclasses.replace(model, imports=("xgboost.core.Booster", "xgboost.sklearn.XGBRegressor"))
    assert resolve(facts, "fastapi", None).warnings == ()
    facts = dataclasses.replace(model, imports=(*facts.imports, "sklearn.pipeline.Pipeline"))
    assert len(resolve(facts, "fastapi", None).warnings) == 1


def test_a_library_that_goes_with_no_version_of_the_models_scikit_learn_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("chartgen.pins.choose.beside", lambda _, name: {"3.1.1": ["1.9.1"]} if name == "pandas" else {})
    model = pickled(Library("scikit-learn", "1.7.2"), Library("pandas"))
    with pytest.raises(ModelUnsupportedError, match=r"no pandas that goes with scikit-learn 1\.7\.2") as refused:
        resolve(model, "fastapi", None)
    assert "`chartgen lock`" in str(refused.value.hint)


def test_a_library_without_a_table_is_refused_by_name() -> None:
    with pytest.raises(ModelUnsupportedError, match="needs catboost, statsmodels") as refused:
        resolve(pickled(Library("statsmodels"), Library("catboost"), Library("numpy")), "fastapi", None)
    assert "requirements.lock" in str(refused.value.hint)


def test_an_unknown_runtime_is_refused() -> None:
    with pytest.raises(ModelUnsupportedError, match="runtime mine"):
        resolve(ONNX, "mine", None)


@pytest.mark.parametrize("facts", [ONNX, *map(sklearn_model, tables.library_sets("fastapi", "scikit-learn"))])
def test_the_text_is_pip_requirements_sorted_pinned_and_hashed(facts: ModelFacts) -> None:
    text = resolve(facts, "fastapi", None).text
    names = re.findall(r"(?m)^(\S+)==", text)
    assert names == sorted(set(names))
    one = r"[a-z0-9-]+==[0-9][0-9a-z.]* \\\n(?:    --hash=sha256:[0-9a-f]{64} \\\n)?    --hash=sha256:[0-9a-f]{64}\n"
    assert re.fullmatch(rf"(?:{one})+", text)


def test_every_wheel_is_there_for_both_machines() -> None:
    packages = yaml.safe_load((PINS / "packages.yaml").read_text())
    for runtime in RUNTIMES:
        table = yaml.safe_load((PINS / "sets" / f"{runtime}.yaml").read_text())
        sets = [table["packages"], *(found for each in table["libraries"].values() for found in each.values())]
        assert all(version in packages[name] for each in sets for name, version in each.items())
    of_one_machine = {"tensorflow-cpu": {"amd64"}, "tensorflow": {"arm64"}, "tensorflow-cpu-aws": {"arm64"}}
    for name, versions in packages.items():
        for version, wheels in versions.items():
            assert isinstance(version, str)
            assert "any" in wheels or set(wheels) == of_one_machine.get(name, {"amd64", "arm64"})


def test_sets_that_do_not_go_together_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "chartgen.pins.resolve.library_sets", lambda _, name, **_gpu: {"1": {name: "1", "shared": name}}
    )
    with pytest.raises(ModelUnsupportedError, match=r"onnxruntime needs shared onnxruntime, .* fastapi needs numpy"):
        resolve(ONNX, "fastapi", None)


def _limits() -> tuple[str, int, dict[str, int]]:
    version = list(tables.library_sets("fastapi", "onnxruntime"))[-1]
    limits = tables.onnx_limits(version)
    assert limits is not None
    return version, *limits


def test_a_newer_operator_set_or_ir_is_refused_with_both_numbers() -> None:
    version, ir, opsets = _limits()
    for domain, newest in opsets.items():
        resolve(dataclasses.replace(ONNX, opsets={domain: newest}), "fastapi", None)
        with pytest.raises(ModelUnsupportedError, match=f"set {newest + 1} of {domain}.* {version} has up to {newest}"):
            resolve(dataclasses.replace(ONNX, opsets={domain: newest + 1}), "fastapi", None)
    resolve(dataclasses.replace(ONNX, details={"IR version": str(ir)}), "fastapi", None)
    with pytest.raises(ModelUnsupportedError, match=f"IR version {ir + 1}, .* loads up to {ir}"):
        resolve(dataclasses.replace(ONNX, details={"IR version": str(ir + 1)}), "fastapi", None)


def _loads(ir: int, opsets: dict[str, int]) -> bool:
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    other = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", [value], [other])
    ids = [helper.make_opsetid(domain, version) for domain, version in opsets.items()]
    model = helper.make_model(graph, opset_imports=ids, ir_version=ir)
    options: Any = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        onnxruntime.InferenceSession(model.SerializeToString(), options)
    except Exception:
        return False
    return True


def test_the_installed_onnxruntime_loads_just_what_the_table_says() -> None:
    version, ir, opsets = _limits()
    if onnxruntime.__version__ != version:
        pytest.skip(f"onnxruntime {onnxruntime.__version__} is installed, the table is of {version}")
    assert (_loads(ir, {"": 17}), _loads(ir + 1, {"": 17})) == (True, False)
    for domain, newest in opsets.items():
        base = {} if domain == "ai.onnx" else {"": 17}
        assert (_loads(8, {**base, domain: newest}), _loads(8, {**base, domain: newest + 1})) == (True, False)


def test_a_lock_file_replaces_the_table(tmp_path: Path) -> None:
    facts = sklearn_model("1.5.2")
    lock = lock_of(facts, tmp_path)
    assert resolve(facts, "fastapi", lock) == resolve(facts, "fastapi", None)
    other = resolve(sklearn_model("1.4.0"), "fastapi", lock)
    assert "1.4.0" in other.warnings[0]


@pytest.mark.parametrize("missing", ["fastapi", "uvicorn", "orjson", "numpy", "scikit-learn"])
def test_a_lock_file_must_hold_the_server_and_the_models_library(tmp_path: Path, missing: str) -> None:
    facts = sklearn_model("1.5.2")
    with pytest.raises(ModelUnsupportedError, match=f"lacks {missing}"):
        resolve(facts, "fastapi", lock_of(facts, tmp_path, without=missing))


def test_a_lock_file_serves_a_library_without_a_table(tmp_path: Path) -> None:
    lock = lock_of(pickled(Library("numpy")), tmp_path)
    facts = pickled(Library("xgboost"), Library("some-module"))
    with pytest.raises(ModelUnsupportedError, match="lacks xgboost"):
        resolve(facts, "fastapi", lock)
    lock.write_text(lock.read_text() + f"xgboost==3.0 --hash=sha256:{DIGEST}\n")
    found = resolve(facts, "fastapi", lock)
    assert found.versions["xgboost"] == "3.0"
    assert ["some-module" in warning for warning in found.warnings] == [True]
