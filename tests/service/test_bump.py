"""Raising the version in a service file: the one word changes, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chartgen.errors import ServiceFileError
from chartgen.service.bump import plan_bump, raised


@pytest.mark.parametrize(
    ("version", "patch", "minor", "major"),
    [
        ("1.2.3", "1.2.4", "1.3.0", "2.0.0"),
        ("0.0.9", "0.0.10", "0.1.0", "1.0.0"),
        ("1.2.3-rc.1", "1.2.3", "1.3.0", "2.0.0"),
        ("1.2.0-rc.1", "1.2.0", "1.2.0", "2.0.0"),
        ("2.0.0-a", "2.0.0", "2.0.0", "2.0.0"),
    ],
)
def test_the_next_version(version: str, patch: str, minor: str, major: str) -> None:
    assert [raised(version, part) for part in ("patch", "minor", "major")] == [patch, minor, major]


@pytest.mark.parametrize(
    "text",
    [
        "name: a\nversion: 1.2.3\nmodel: m\n",
        "name: a\nversion: 1.2.3",
        "version:    1.2.3   # the version: 1.2.3\n# version: 1.2.3\nname: a\n",
        "version: '1.2.3'\nname: a",
        'version: "1.2.3" # x\r\nname: a\r\n\r\n',
        "\ufeffversion: 1.2.3\n",
        "\ufeff# é 😀\nname: é😀\u2028\nversion: 1.2.3\n",
        "model:\n  version: 9.9.9\nenv: {version: 8.8.8}\nversion: 1.2.3\npod:\n  labels: {version: x}\n",
        "{name: a, version: 1.2.3, model: {file: x, version: 3.3.3}}",
        '{"model": [version, 1.0.0], "version": "1.2.3"}',
        "---\n'version':\n  1.2.3\n...\n",
        "version: !!str 1.2.3\n",
        "? version\n: 1.2.3\n",
        "description: >-\n  version: 4.4.4\nversion: 1.2.3\n\n\n",
        "name: version\nother: 5.5.5\nversion: 1.2.3\n",
        "name:\twith tab\nversion:\t1.2.3\t# x\n",
        '{"description": "\\ud83d\\ude00 \\u007f\\ufffe", "version": "1.2.3"}',
        "description: 'a\x85b\u2029'\nversion: 1.2.3\n",
    ],
)
def test_every_other_byte_stays(text: str, tmp_path: Path) -> None:
    file = tmp_path / "service.yaml"
    file.write_bytes(text.encode())
    plan_bump([file], "minor").write()
    begin = text.rindex("1.2.3") if text.count("1.2.3") == 1 else text.index("1.2.3")
    assert file.read_bytes() == (text[:begin] + "1.3.0" + text[begin + 5 :]).encode()
    assert [path.name for path in tmp_path.iterdir()] == ["service.yaml"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name: a\n", "no version"),
        ("version: |\n  1.2.3\n", "single word"),
        ("v: &v 1.2.3\nversion: *v\n", "single word"),
        ("version: &v 1.2.3\nx: *v\n", "single word"),
        ("version: [1.2.3]\n", "single word"),
        ("version: 1.2\n", "1.2"),
        ("version:\n", "can be raised"),
        ("version: 1.0.999999999999999999\n", "would be 1.0.1000000000000000000"),
        ("name: [\n", "not YAML"),
        ('version: "1.\\x32.3"\n', "single word"),
    ],
)
def test_what_cannot_be_raised_is_said_and_left_alone(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "service.yaml"
    file.write_text(text)
    with pytest.raises(ServiceFileError, match=said):
        plan_bump([file], "patch")
    assert file.read_text() == text


def test_of_several_files_the_one_with_the_version_is_written(tmp_path: Path) -> None:
    base, over = tmp_path / "a.yaml", tmp_path / "b.yaml"
    base.write_text("name: a\n")
    over.write_text("version: 1.0.0\n")
    assert plan_bump([base, over], "patch").file == over
    base.write_text("version: 1.0.0\n")
    with pytest.raises(ServiceFileError, match=r"more than one file.*a\.yaml.*b\.yaml"):
        plan_bump([base, over], "patch")


def test_standard_input_has_no_version_to_write() -> None:
    with pytest.raises(ServiceFileError, match="standard input"):
        plan_bump(["-"], "patch")


def test_a_file_that_was_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "service.yaml"
    file.write_text("version: 1.0.0\n")
    planned = plan_bump([file], "patch")
    file.write_text("version: 1.0.0 # mine\n")
    with pytest.raises(ServiceFileError, match="changed meanwhile"):
        planned.write()
    assert file.read_text() == "version: 1.0.0 # mine\n"


def test_permissions_and_a_symbolic_link_stay(tmp_path: Path) -> None:
    real, link = tmp_path / "real.yaml", tmp_path / "service.yaml"
    real.write_text("version: 1.0.0\n")
    real.chmod(0o640)
    link.symlink_to(real.name)
    plan_bump([link], "patch").write()
    assert (link.readlink(), real.read_text(), real.stat().st_mode & 0o777) == (
        Path(real.name),
        "version: 1.0.1\n",
        0o640,
    )


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    file = tmp_path / "service.yaml"
    file.write_text("version: 1.0.0\n")
    planned = plan_bump([file], "patch")
    planned.check()
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(ServiceFileError, match="cannot be raised"):
            planned.check()
        with pytest.raises(ServiceFileError, match="cannot be raised"):
            planned.write()
    finally:
        tmp_path.chmod(0o700)
