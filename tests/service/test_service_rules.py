"""The rules beyond the schema: files, images, package indexes, variables, annotations."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.service.conftest import Project

MINIMAL = "name: iris\nmodel: ./iris.onnx\n"

RELATIVE = "a path is relative to the folder of the service file that names it"
COPY = "copy what it gives to a file, and name that"
NO_TILDE = "`~` is not expanded; write the whole path, or one relative to the service file"


@pytest.mark.parametrize(
    ("model", "message", "hint"),
    [
        ("./irs.onnx", "there is no file {}/irs.onnx", "did you mean `./iris.onnx`?"),
        ("other/x.onnx", "there is no file {}/other/x.onnx", RELATIVE),
        ("~/iris.onnx", "there is no file {}/~/iris.onnx", NO_TILDE),
        ("folder", "{}/folder is a folder", "did you mean `folder/only.onnx`?"),
        ("empty", "{}/empty is a folder", "name one file in it"),
        (
            *("iris.onnx/x", "{}/iris.onnx/x cannot be read: Not a directory"),
            "see `ls -l {}/iris.onnx/x`, and name the file itself",
        ),
        ("/dev/null", "/dev/null is no regular file, but a device", COPY),
        ("pipe", "{}/pipe is no regular file, but a named pipe", COPY),
        (
            *("loop", "{}/loop cannot be read: its symbolic links lead in a circle"),
            "see `ls -l {}/loop`, and name the file itself",
        ),
        (
            *("./dangling.onnx", '{}/dangling.onnx is a symbolic link to "gone/to.onnx", where there is no file'),
            "put the file there, or name the file itself",
        ),
    ],
)
def test_a_model_that_cannot_be_read_is_told(project: Project, model: str, message: str, hint: str | None) -> None:
    (project.folder / "folder").mkdir()
    (project.folder / "folder" / "only.onnx").write_bytes(b"x")
    (project.folder / "empty").mkdir()
    (project.folder / "loop").symlink_to("loop")
    (project.folder / "dangling.onnx").symlink_to("gone/to.onnx")
    os.mkfifo(project.folder / "pipe")
    (violation,) = project.violations(f"name: iris\nmodel: {model}\n")
    assert violation.message == message.format(project.folder)
    assert violation.hint == (hint and hint.format(project.folder))
    assert violation.where.endswith("service.yaml:2:8")


def test_a_handler_is_judged_at_the_place_that_names_it(project: Project) -> None:
    (project.folder / "handler.py").write_text("def predict(inputs): pass\n")
    (violation,) = project.violations(MINIMAL + "runtime: {handler: handler.py}\n")
    assert violation.path == "runtime.handler"
    assert violation.message == f"{project.folder}/handler.py:1 `predict` cannot be called with 2 arguments"
    assert violation.expected == "def predict(model, inputs)"
    (project.folder / "handler.py").write_bytes(b"#" * 300_000)
    (violation,) = project.violations(MINIMAL + "runtime: {handler: handler.py}\n")
    assert violation.message == f"{project.folder}/handler.py is too large"


def test_a_handler_is_never_run(project: Project) -> None:
    (project.folder / "handler.py").write_text("open('ran', 'w')\ndef preprocess(value): pass\n")
    project.spec(MINIMAL + "runtime: {handler: handler.py}\n")
    assert not (project.folder / "ran").exists()


@pytest.mark.parametrize(
    "image", ["python:3.11-slim", "localhost:5000/a/b@sha256:" + "0" * 64, "[::1]:80/a__b", "A.b/c"]
)
def test_references_to_images_are_taken(project: Project, image: str) -> None:
    assert project.spec(MINIMAL + f"runtime: {{image: '{image}'}}").runtime.image == image


@pytest.mark.parametrize("image", ["Python", "a b", "a:", "a@sha256:0", "https://a/b", "a//b", "{{ x }}", "a\\n"])
def test_what_is_no_image_is_refused(project: Project, image: str) -> None:
    (violation,) = project.violations(MINIMAL + f'runtime: {{image: "{image}"}}')
    assert "is no reference to an image" in violation.message


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("https://user@example.com", "holds credentials"),
        ("https://:token@example.com/simple", "holds credentials"),
        ("user:hunter2@proxy:3128", "holds credentials"),
        ("https://user:hun/ter2@example.com", "the text is no address"),
        ("https://example.com/#user:hunter2@x", "holds credentials"),
        ("https://user:hunter2%40example.com/simple", "holds credentials"),
        ("ftp://example.com", '"ftp://example.com" is no address'),
        ("https://", '"https://" is no address'),
        ("https://a:b", '"https://a:b" is no address'),
        ("https://a/ b", '"https://a/ b" is no address'),
        ("https://[a", '"https://[a" is no address'),
    ],
)
def test_an_index_that_is_no_plain_address_is_refused(project: Project, address: str, message: str) -> None:
    (violation,) = project.violations(MINIMAL + f"runtime: {{packages: {{indexUrl: '{address}'}}}}")
    assert violation.message == message


@pytest.mark.parametrize(
    "option", ["--proxy=user:hunter2@proxy:80", "--index-url https://user:hunter2@example.com", "-i u:p@h"]
)
def test_an_option_with_credentials_is_refused_without_repeating_them(project: Project, option: str) -> None:
    (violation,) = project.violations(MINIMAL + f"runtime: {{packages: {{pipOptions: ['{option}']}}}}")
    assert violation.message == "holds credentials"


def test_hosts_without_a_proxy_hold_no_credentials(project: Project) -> None:
    (violation,) = project.violations(MINIMAL + "runtime: {packages: {noProxy: '.svc,user:hunter2@example.com'}}")
    assert violation.message == "holds credentials"


@pytest.mark.parametrize(
    "line",
    [
        "cpu: https://user:hunter2@example.com",
        "namespace: 'https://user:hunter2%40example.com'",
        "runtime: {image: 'user:hunter2 hunter2@example.com'}",
        "memory: https://user:hunter2@" + "x" * 80,
        "model: https://user:hunter2@example.com/a.onnx",
    ],
)
def test_no_message_repeats_credentials(project: Project, line: str) -> None:
    told = project.violations(f"name: iris\n{line}" if line.startswith("model") else MINIMAL + line)
    assert told
    assert not any("hunter2" in str(violation) for violation in told)


@pytest.mark.parametrize(
    "option",
    [
        *(
            "--target=/tmp",
            "--target",
            "-t=/tmp",
            "--no-binary=:all:",
            "--only-binary=:none:",
            "--index-url=https://a.b",
        ),
        *("--trusted-host=a.b", "--no-require-hashes", "--user", "--prefix=/x", "--no-deps", "--upgrade", "--isolated"),
        *("--no-index", "--pre", "--retries=many", "--tim=5", "--requirement=/x", "--find-links=https://a.b"),
    ],
)
def test_an_option_that_could_undo_what_is_installed_is_refused(project: Project, option: str) -> None:
    (violation,) = project.violations(MINIMAL + f"runtime: {{packages: {{pipOptions: ['{option}']}}}}")
    assert "is not open here" in violation.message
    assert "--retries=N" in str(violation.expected)


@pytest.mark.parametrize("key", ["checksum/model", "checksum/request", "kubectl.kubernetes.io/default-container"])
def test_the_annotations_of_the_chart_are_reserved(project: Project, key: str) -> None:
    (violation,) = project.violations(MINIMAL + f"pod:\n  annotations:\n    {key}: x\n")
    assert violation.message == "is one of the chart's own annotations"
    assert violation.where.endswith("service.yaml:5:5")
    assert project.spec(MINIMAL + f"service: {{annotations: {{{key}: x}}}}")


@pytest.mark.parametrize("owner", ["service", "ingress"])
def test_no_annotation_makes_a_hook_of_an_object_of_the_release(project: Project, owner: str) -> None:
    (violation,) = project.violations(MINIMAL + f"{owner}:\n  annotations:\n    helm.sh/hook: pre-install\n")
    assert violation.message == "would make a hook of the object, which Helm keeps no account of"
    assert violation.where.endswith("service.yaml:5:5")
    assert project.spec(MINIMAL + "service: {annotations: {helm.sh/resource-policy: keep}}")


def test_annotations_leave_room_for_those_of_the_chart(project: Project) -> None:
    (violation,) = project.violations(MINIMAL + f"pod: {{annotations: {{a: {'x' * (256 * 1024 - 100)}}}}}")
    assert violation.message == "the annotations come to 262,045 bytes"


def test_annotations_may_have_a_domain_in_capitals_and_any_text(project: Project) -> None:
    spec = project.spec(MINIMAL + 'pod: {annotations: {Example.COM/a: "{{ x }}\\r\\n\\u2028 "}}')
    assert spec.pod.annotations == {"Example.COM/a": "{{ x }}\r\n\u2028 "}


def test_addresses_with_an_at_sign_in_the_path_are_taken(project: Project) -> None:
    spec = project.spec(MINIMAL + "runtime: {packages: {indexUrl: 'https://[::1]:8080/a@b/simple?c=d'}}")
    assert spec.runtime.packages.index_url == "https://[::1]:8080/a@b/simple?c=d"


@pytest.mark.parametrize("name", ["Y", "on", "1e3", "a.b-c", "a b", "{{ x }}", "$(HOME)", "lower", "~"])
def test_any_printable_name_can_name_a_variable(project: Project, name: str) -> None:
    assert project.spec(MINIMAL + f"env: {{'{name}': x}}").env == {name: "x"}


def test_a_variable_longer_than_a_process_can_have_is_refused(project: Project) -> None:
    longest = "x" * (128 * 1024 - len("BIG=") - 1)
    assert project.spec(MINIMAL + f"env: {{BIG: {longest}}}").env == {"BIG": longest}
    (violation,) = project.violations(MINIMAL + f"env: {{BIG: {longest}x}}")
    assert violation.message == "the value is 131,068 bytes long"


def test_annotations_have_a_limit_together(project: Project) -> None:
    (violation,) = project.violations(MINIMAL + f"pod: {{annotations: {{a: {'x' * 200_000}, b: {'x' * 70_000}}}}}")
    assert violation.message == "the annotations come to 270,002 bytes"


def test_a_variable_without_a_value_is_not_dropped_in_silence(project: Project) -> None:
    (violation,) = project.violations(MINIMAL + "env:\n  A:\n  B: null\n")
    assert (violation.path, violation.message) == ("env.A", "has no value")
    assert project.spec(MINIMAL + "env: {A: x, B: y}", "env:\n  A:\n").env == {"B": "y"}


@pytest.mark.parametrize("label", ["app.kubernetes.io/name", "app.kubernetes.io/instance", "helm.sh/chart"])
def test_the_labels_of_the_chart_are_reserved(project: Project, label: str) -> None:
    (violation,) = project.violations(MINIMAL + f"pod: {{labels: {{{label}: x}}}}")
    assert violation.message == "is one of the chart's own labels"


@pytest.mark.parametrize(
    ("toleration", "path"),
    [
        ("{operator: Exist}", "operator"),
        ("{operator: [x]}", "operator"),
        ("{key: a, effect: noexecute, tolerationSeconds: 5}", "effect"),
        ("{key: a, effect: 1, tolerationSeconds: 5}", "effect"),
    ],
)
def test_what_only_follows_from_another_mistake_is_not_told(project: Project, toleration: str, path: str) -> None:
    (violation,) = project.violations(MINIMAL + f"pod: {{tolerations: [{toleration}]}}\n")
    assert violation.path == f"pod.tolerations[0].{path}"


@pytest.mark.parametrize(
    ("text", "path", "message"),
    [
        ('env: {"a\\0b": x}', 'env["a\\u0000b"]', "cannot name an environment variable"),
        ('namespace: "a\\0b"', "namespace", '"a\\u0000b" cannot stand here'),
        ('pod: {labels: {a: "a\\0b"}}', "pod.labels.a", '"a\\u0000b" cannot be the value of a label'),
        ('pod: {"a\\0b": 1}', 'pod["a\\u0000b"]', "there is no such key"),
        ('sample: [{"a\\0b": 1}]', 'sample[0]["a\\u0000b"]', "the key holds a NUL character"),
    ],
)
def test_a_nul_is_told_once(project: Project, text: str, path: str, message: str) -> None:
    (violation,) = project.violations(MINIMAL + text)
    assert (violation.path, violation.message) == (path, message)
