"""Completion in the shells themselves."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import shlex
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from chartgen.cli import VERBS
from tests.helpers import chartgen, write_tree

if TYPE_CHECKING:
    from pathlib import Path

CONTEXTS = {"kind": "Config", "contexts": [{"name": "prod"}, {"name": "test"}]}


@pytest.fixture
def shell(tmp_path: Path) -> dict[str, str]:
    """An environment whose PATH has chartgen, and a helm that knows three releases and how it was called."""
    home = write_tree(tmp_path / "home", {"kubeconfig": json.dumps(CONTEXTS), "iris.onnx": "", "other": ""})
    programs = write_tree(
        tmp_path / "bin",
        {
            "chartgen": f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m chartgen "$@"\n',
            "helm": '#!/bin/sh\necho "$@" > "$HOME/asked"\nprintf "iris\\nirma\\ndigits\\n"\n',
        },
    )
    for program in programs.iterdir():
        program.chmod(0o755)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CHARTGEN", "HELM", "KUBE"))}
    return kept | {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home),
        "XDG_DATA_HOME": str(home),
        "KUBECONFIG": str(home / "kubeconfig"),
        "TERM": "dumb",
    }


def completed(line: str, env: dict[str, str]) -> list[str]:
    """What bash offers for a command line that ends where the cursor is."""
    words = line.split(" ")
    script = f"""
        source <(chartgen completion bash)
        [[ $(complete -p chartgen) == *-F* ]] || exit 1
        COMP_WORDS=({" ".join(shlex.quote(word) for word in words)}) COMP_CWORD={len(words) - 1}
        compopt() {{ echo "<$2>"; }}
        $(complete -p chartgen | sed 's/.*-F \\([^ ]*\\).*/\\1/') chartgen
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    argv = ["bash", "--norc", "-c", script]
    done = subprocess.run(argv, env=env, cwd=env["HOME"], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("chartgen roll", ["rollback"]),
        ("chartgen status i", ["iris", "irma"]),
        ("chartgen uninstall ", ["digits", "iris", "irma"]),
        ("chartgen render -o ", ["name", "json", "yaml"]),
        ("chartgen validate --outp", ["--output"]),
        ("chartgen list --kube-context t", ["test"]),
        ("chartgen completion f", ["fish"]),
        ("chartgen get iris man", ["manifest"]),
        ("chartgen validate -f ", ["<default>"]),
        ("chartgen inspect i", ["<default>"]),
        ("chartgen install --kubeconfig ", ["<default>"]),
    ],
)
def test_bash_offers(line: str, offered: list[str], shell: dict[str, str]) -> None:
    assert completed(line, shell) == offered


def test_every_verb_is_offered(shell: dict[str, str]) -> None:
    assert completed("chartgen ", shell) == list(VERBS)


def test_releases_are_those_of_the_namespace_and_cluster_of_the_command_line(
    shell: dict[str, str], tmp_path: Path
) -> None:
    completed("chartgen status -n models --kube-context test --kubeconfig other ", shell)
    asked = (tmp_path / "home" / "asked").read_text().split()
    assert {"list", "--short", "--namespace=models", "--kube-context=test", "--kubeconfig=other"} <= set(asked)


@pytest.mark.parametrize("helm", ["exit 1", "echo oops >&2; exit 1", "exec sleep 20"])
def test_what_fails_or_hangs_offers_nothing_and_says_nothing(helm: str, shell: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "bin" / "helm").write_text(f"#!/bin/sh\n{helm}\n")
    began = time.monotonic()
    assert completed("chartgen status ", shell) == []
    assert time.monotonic() - began < 12


def test_without_helm_nothing_is_offered(shell: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "bin" / "helm").unlink()
    assert completed("chartgen status ", shell | {"CHARTGEN_HELM": "/nowhere"}) == []


def test_a_release_is_offered_within_150_ms_beside_helm(shell: dict[str, str]) -> None:
    """As a ratio to the start of Python with click (80 ms where nothing else runs), so that a busy computer is fair."""
    env = shell | {"_CHARTGEN_COMPLETE": "bash_complete", "COMP_WORDS": "chartgen status i", "COMP_CWORD": "2"}
    bare = [sys.executable, "-c", "import click, yaml, subprocess"]
    ours = [sys.executable, "-m", "chartgen"]

    def seconds(argv: list[str]) -> float:
        began = time.perf_counter()
        subprocess.run(argv, env=env, capture_output=True, check=False)
        return time.perf_counter() - began

    pairs = [(seconds(bare), seconds(ours)) for _ in range(7)]
    assert min(own for _, own in pairs) < (80 + 150) / 80 * min(floor for floor, _ in pairs)


def test_fish_offers(shell: dict[str, str]) -> None:
    fish = shutil.which("fish")
    if fish is None:
        pytest.skip("no fish")
    script = "chartgen completion fish | source; complete -C 'chartgen roll'; complete -C 'chartgen status i'"
    done = subprocess.run([fish, "--no-config", "-c", script], env=shell, capture_output=True, text=True, check=True)
    assert [line.split("\t")[0] for line in done.stdout.splitlines()] == ["rollback", "iris", "irma"]


def test_zsh_completes_what_is_typed(shell: dict[str, str], tmp_path: Path) -> None:
    zsh = shutil.which("zsh")
    if zsh is None:
        pytest.skip("no zsh")
    start = "PS1='%% '; autoload -U compinit; compinit -u; source <(chartgen completion zsh); echo READY\n"
    (tmp_path / "home" / ".zshrc").write_text(start)
    seen = typed([zsh, "-i"], shell | {"ZDOTDIR": shell["HOME"]}, ["chartgen rollb\t", "dig\t", "\x15exit\r"])
    assert re.search(r"rollback[ \x08]+digits", seen), seen


def typed(argv: list[str], env: dict[str, str], keys: list[str]) -> str:
    """What a terminal shows of a program that says READY and then gets keys, each after it has fallen silent."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(argv[0], argv, env)
    seen, waiting, deadline = "", list(keys), time.monotonic() + 60
    while time.monotonic() < deadline:
        ready, _, _ = select.select([terminal], [], [], 2.0)
        if not ready:
            if waiting and "READY" in seen:
                os.write(terminal, waiting.pop(0).encode())
            continue
        try:
            seen += os.read(terminal, 65536).decode(errors="replace")
        except OSError:
            break
    os.close(terminal)
    os.waitpid(pid, 0)
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|[\x07\r]", "", seen)


def test_powershell_is_refused_with_what_there_is() -> None:
    done = chartgen("completion", "powershell")
    assert done.returncode == 2
    assert "bash" in done.stderr
