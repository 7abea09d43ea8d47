"""The environments that `chartgen run` keeps: made once, shared, and removed when nobody uses them any more."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

from chartgen.local.environments import COMPLETE, KEPT_DAYS, held, in_use, lock_of, remove_unused
from chartgen.local.interpreter import Interpreter
from chartgen.local.libraries import environment_python

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

DAY = 24 * 60 * 60


def environment(cache: Path, name: str, days: float) -> Path:
    """An environment that was last used so many days ago."""
    folder = cache / name
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").touch()
    (folder / COMPLETE).touch()
    lock_of(folder).touch()
    aged(lock_of(folder), days)
    return folder


def aged(path: Path, days: float) -> None:
    os.utime(path, (time.time() - days * DAY,) * 2)


def names(cache: Path) -> set[str]:
    return {path.name for path in cache.iterdir() if path.is_dir() or path.suffix == ".lock"}


def test_what_was_not_used_for_long_is_removed_and_the_rest_stays(tmp_path: Path) -> None:
    environment(tmp_path, "old", KEPT_DAYS + 1)
    environment(tmp_path, "young", KEPT_DAYS - 1)
    half_made = environment(tmp_path, "half", KEPT_DAYS + 1)
    (half_made / COMPLETE).unlink()
    said: list[str] = []
    remove_unused(tmp_path, said.append)
    assert names(tmp_path) == {"young", "young.lock"}
    assert said == [f"Removed 2 of the environments in {tmp_path}: not used for 30 days"]


def test_they_are_looked_through_once_a_day(tmp_path: Path) -> None:
    said: list[str] = []
    remove_unused(tmp_path, said.append)
    environment(tmp_path, "old", KEPT_DAYS + 1)
    remove_unused(tmp_path, said.append)
    assert names(tmp_path) == {"old", "old.lock"}
    [looked] = [path for path in tmp_path.iterdir() if path.is_file() and path.suffix != ".lock"]
    aged(looked, 1.1)
    remove_unused(tmp_path, said.append)
    assert names(tmp_path) == set()
    assert len(said) == 1


def test_one_in_use_stays_however_old(tmp_path: Path) -> None:
    folder = environment(tmp_path, "old", KEPT_DAYS + 1)
    with in_use(folder / "bin" / "python"):
        aged(lock_of(folder), KEPT_DAYS + 1)
        remove_unused(tmp_path, lambda _line: None)
        assert names(tmp_path) == {"old", "old.lock"}
    assert time.time() - lock_of(folder).stat().st_mtime < DAY, "its use has just ended"


def test_several_use_one_at_a_time_and_who_makes_it_waits_for_them(tmp_path: Path) -> None:
    lock = tmp_path / "a.lock"
    alone = threading.Event()

    def make() -> None:
        with held(lock, alone=True):
            alone.set()

    with held(lock), held(lock):
        thread = threading.Thread(target=make)
        thread.start()
        assert not alone.wait(0.3)
    thread.join(10)
    assert alone.is_set()


def test_a_lock_that_was_removed_while_one_waited_for_it_is_made_anew(tmp_path: Path) -> None:
    lock = tmp_path / "a.lock"
    got = threading.Event()

    def use() -> None:
        with held(lock):
            assert lock.exists()
            got.set()

    with held(lock, alone=True):
        thread = threading.Thread(target=use)
        thread.start()
        assert not got.wait(0.3)
        lock.unlink()
    thread.join(10)
    assert got.is_set()


def test_a_new_one_is_shared_by_every_virtual_environment_of_a_python_and_an_old_one_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    cache = tmp_path / "cache" / "chartgen" / "environments"
    old = environment(cache, "old", KEPT_DAYS + 1)
    said: list[str] = []
    pythons = []
    for name in ("one", "two"):
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / name], check=True)
        own = Interpreter(tmp_path / name / "bin" / "python", ".".join(map(str, sys.version_info[:2])), True)
        pythons.append(environment_python("", own, said.append))
        shutil.rmtree(tmp_path / name)
    assert pythons[0] == pythons[1]
    assert subprocess.run([pythons[0], "-c", ""], check=True).returncode == 0
    assert not old.exists()
    assert [line.split()[0] for line in said] == ["Installing", "Removed"]
