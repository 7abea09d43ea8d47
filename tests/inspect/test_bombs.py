"""Small files that would take a walker much time or memory: every one of 4 MB ends soon, and in little room.

They are walked in a process of their own under a limit of memory; the time is measured in units of Python's own speed
on this machine, so that a slow or busy one changes nothing.
"""

from __future__ import annotations

import bz2
import json
import os
import struct
import subprocess
import sys
import zipfile
import zlib
from typing import TYPE_CHECKING

import pytest

from tests.inspect.archives import MODELS, zipped

if TYPE_CHECKING:
    from pathlib import Path

SIZE = 4 << 20
MEMORY = 200 << 20
# A unit is a million calls of a Python function, some 40 ms.
UNITS = 50

WALK = f"""
import json, resource, sys, time
from pathlib import Path
from chartgen.errors import ModelError
from chartgen.inspect import inspect_model
from chartgen.inspect.allowlist import may_call
from chartgen.inspect.picklevalues import Global

may_call(Global("a", "b"))  # the table is read once, whatever the file
status = Path("/proc/self/statm")
if status.exists():
    room = int(status.read_text().split()[0]) * resource.getpagesize() + {MEMORY}
    resource.setrlimit(resource.RLIMIT_AS, (room, room))

def nothing(): pass
begin = time.process_time()
for _ in range(1_000_000): nothing()
unit = time.process_time() - begin
for path in sys.argv[1:]:
    begin = time.process_time()
    try:
        inspect_model(Path(path))
        said = "read"
    except ModelError as error:
        said = error.message
    print(json.dumps([Path(path).stem, (time.process_time() - begin) / unit, said]), flush=True)
"""


def repeated(unit: bytes, head: bytes = b"\x80\x04") -> bytes:
    return head + unit * ((SIZE - len(head) - 1) // len(unit)) + b"."


def packed(content: bytes) -> bytes:
    """A compressed pickle of about 4 MB that unpacks to what is given, behind so much that cannot be compressed."""
    noise = os.urandom(SIZE)
    return zlib.compress(b"\x80\x04\x8e" + struct.pack("<Q", SIZE) + noise + content, 1)


DICT = b"\x80\x04cbuiltins\ndict\n\x94"
TEXT = b"X" + struct.pack("<I", 4000) + b"a" * 4000
SHORT = {
    "empty dictionaries": lambda: repeated(b"}"),
    "dictionaries that are remembered": lambda: repeated(b"}\x940"),
    "tuples in tuples": lambda: repeated(b"\x85", b"\x80\x04)"),
    "tuples of two of the one before": lambda: repeated(b"2\x86", b"\x80\x04)"),
    "tuples of two out of the memo": lambda: repeated(b"h\x00h\x00\x86\x94", b"\x80\x04)\x94"),
    "tuples of dictionaries that are remembered": lambda: repeated(b"(" + b"}V\nNs" * 128 + b"t\x940", b"\x80\x04N"),
    "dictionaries of an entry that are remembered": lambda: repeated(b"}V\nNs\x940", b"\x80\x04N"),
    "marks": lambda: repeated(b"("),
    "dictionaries between marks": lambda: repeated(b"(" + b"}" * 1000),
    "objects of objects": lambda: repeated(b"h\x00)R", DICT),
    "texts of four thousand bytes, compressed": lambda: packed(b"(" + TEXT * 60_000 + b"t"),
    "texts out of the memo, compressed": lambda: packed(b"]" + b"".join(TEXT + b"\x940" for _ in range(60_000))),
    "a frame of eight exbibytes": lambda: b"\x80\x04\x95" + b"\xff" * 7 + b"\x7fN.",
    "a number of two gibibytes": lambda: b"\x80\x04\x8b\xff\xff\xff\x7f" + b"\1" * SIZE,
    "a memo entry far away": lambda: b"\x80\x04Nr\xff\xff\xff\x7f.",
    "many names": lambda: b"\x80\x04" + b"".join(b"ca\n%d\n0" % i for i in range(SIZE // 10)) + b".",
    "texts of escapes, compressed": lambda: packed(b"(" + (b"S'" + b"\\x41" * 60 + b"'\n") * 60_000 + b"t"),
    "zeros, compressed a thousand times": lambda: packed(b"\x8e" + struct.pack("<Q", 4 << 30) + b"\0" * (300 << 20)),
    "opcodes, compressed a thousand times": lambda: packed(b"N0" * (40 << 20)),
}
LONG = {
    "lists": lambda: repeated(b"]"),
    "numbers": lambda: repeated(b"K\x01"),
    "dictionaries that are thrown away": lambda: repeated(b"}0", b"\x80\x04N"),
    "copies": lambda: repeated(b"2", b"\x80\x04}"),
    "short lists": lambda: repeated(b"(l0", b"\x80\x04N"),
    "texts": lambda: repeated(b"\x8c\x01a"),
    "states": lambda: repeated(b"Nb", DICT + b")R"),
    "entries": lambda: repeated(b"K\x01Ns", b"\x80\x04}"),
    "small frames": lambda: repeated(b"\x95" + b"\0" * 8, b"\x80\x04N"),
    "a long line": lambda: b"V" + b"a" * SIZE + b"\n.",
    "a long line of escapes": lambda: b"S'" + b"\\x41" * (SIZE // 4) + b"'\n.",
    "a long number": lambda: b"I" + b"9" * SIZE + b"\n.",
    "zeros, compressed by bzip2": lambda: bz2.compress(
        b"\x80\x04\x8e"
        + struct.pack("<Q", SIZE)
        + os.urandom(SIZE)
        + b"\x8e"
        + struct.pack("<Q", 1 << 30)
        + b"\0" * (300 << 20)
    ),
}


def scripted(old: str, new: str) -> bytes:
    """The TorchScript archive of a network whose code says something else, compressed."""
    with zipfile.ZipFile(MODELS / "network-script.pt") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    code = members["network-script/code/__torch__.py"].decode().replace(old, new)
    return zipped(members | {"network-script/code/__torch__.py": code.encode()}, zipfile.ZIP_DEFLATED)


def exported(unit: str) -> bytes:
    """A torch.export archive whose program is one list of a unit, compressed."""
    program = f'{{"schema_version":{{"major":8}},"a":[{unit * ((SIZE + (1 << 20)) // len(unit))}0]}}'
    members = {"archive_format": b"pt2", "models/model.json": program.encode()}
    return zipped({f"m/{name}": content for name, content in members.items()}, zipfile.ZIP_DEFLATED)


TORCH = {
    "an argument of a long name": lambda: scripted("x", "x" * 900_000),
    "an argument of a long type": lambda: scripted("x: Tensor", f"x: {'List[' * 700_000}Tensor"),
    "many calls": lambda: scripted("    hidden = self.hidden\n", "    a = (b).forward(c, )\n" * 160_000),
    "a line of calls": lambda: scripted("    hidden = self.hidden\n", f"    a = {'(b).forward(c, )' * 250_000}\n"),
    "operators without an end": lambda: scripted("torch.relu(", "torch.relu(" * 350_000),
    "empty objects": lambda: exported("{},"),
    "empty lists": lambda: exported("[],"),
    "objects in objects": lambda: exported('{"a":{"a":{"a":0}}},'),
    "numbers": lambda: exported("1,"),
    "short texts": lambda: exported('"ab",'),
}


def _walk(folder: Path, bombs: dict[str, object], suffix: str = ".pkl") -> None:
    paths = []
    for name, make in bombs.items():
        path = folder / f"{name}{suffix}"
        path.write_bytes(make())  # type: ignore[operator]
        paths.append(path)
    done = subprocess.run([sys.executable, "-c", WALK, *paths], capture_output=True, text=True, check=False)
    ended = [json.loads(line) for line in done.stdout.splitlines()]
    assert [name for name, _, _ in ended] == list(bombs), done.stderr
    assert {name: said for name, units, said in ended if units > UNITS} == {}, ended


def test_small_bombs_end_soon_and_in_little_room(tmp_path: Path) -> None:
    _walk(tmp_path, SHORT)


def test_those_within_archives_of_pytorch_do_as_well(tmp_path: Path) -> None:
    _walk(tmp_path, TORCH, ".pt")


@pytest.mark.full
def test_so_do_the_others(tmp_path: Path) -> None:
    _walk(tmp_path, LONG)


def test_a_large_vocabulary_is_no_bomb(tmp_path: Path) -> None:
    import pickle

    from chartgen.inspect import inspect_model

    path = tmp_path / "m.pkl"
    for value in ({f"w{n}": n for n in range(200_000)}, [(n, 1.0) for n in range(200_000)], tuple(range(200_000))):
        path.write_bytes(pickle.dumps(value))
        assert inspect_model(path).format == "pickle"


def test_more_text_than_any_model_remembers_is_refused_with_that_reason(tmp_path: Path) -> None:
    from chartgen.errors import ModelUnreadableError
    from chartgen.inspect import inspect_model

    path = tmp_path / "m.pkl"
    path.write_bytes(packed((TEXT + b"\x940") * 17_500 + (b"X\x00\x01\x00\x00" + b"a" * 256 + b"\x940") * 420_000))
    with pytest.raises(ModelUnreadableError, match="it holds more small objects and texts than any model"):
        inspect_model(path, format="pickle")
