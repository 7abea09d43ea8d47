"""Damaged PyTorch archives: the container, the pickles, the code and the programs in it.

Half of the damage is to the archive as it lies there; the other half is to a member of one that is packed anew, so that
it gets past the checksums.
"""

from __future__ import annotations

import pickletools
import random
import re
import time
import zipfile
from typing import TYPE_CHECKING

import pytest

from chartgen.errors import ModelError
from chartgen.inspect import inspect_model
from tests.inspect.archives import MODELS, zipped
from tests.inspect.test_mutations import SECONDS, little_memory, mutate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KINDS = {"TorchScript": "network-trace.pt", "torch.export": "texts-export.pt", "weights": "checkpoint.pt"}
READ = re.compile(r"\.pkl$|code/.*\.py$|\.json$|sample_inputs/|version$")


def container(whole: bytes) -> list[int]:
    """Where the headers of a zip archive are, and the numbers in them."""
    return sorted(found.start() + field for found in re.finditer(b"PK[\x01-\x06]{2}", whole) for field in range(46))


def joints(name: str, content: bytes) -> list[int]:
    """Where something begins in a member: an opcode, or a mark of JSON or of code."""
    if name.endswith(".pkl"):
        return [at for _, _, at in pickletools.genops(content) if at is not None]
    if name.endswith(("json", ".py")):
        return [found.start() for found in re.finditer(rb"[\"{}\[\]:,()\n.]", content)]
    return list(range(len(content)))


def damaged(whole: bytes, members: dict[str, bytes], generator: random.Random) -> Iterator[bytes]:
    places = container(whole)
    inner = {name: joints(name, content) for name, content in members.items() if READ.search(name) and content}
    while True:
        yield mutate(whole, places, generator)
        name = generator.choice(sorted(inner))
        yield zipped(members | {name: mutate(members[name], inner[name], generator)})


def _survives(folder: Path, kind: str, count: int) -> None:
    whole = (MODELS / KINDS[kind]).read_bytes()
    with zipfile.ZipFile(MODELS / KINDS[kind]) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    path = folder / "m.pt"
    refused = 0
    for _, content in zip(range(count), damaged(whole, members, random.Random(20_26)), strict=False):
        path.write_bytes(content)
        begin = time.process_time()
        try:
            inspect_model(path)
        except ModelError as error:
            assert error.message.isprintable(), content  # noqa: PT017 - either way of ending is right
            refused += 1
        assert time.process_time() - begin < SECONDS, content
    assert 0 < refused < count


@pytest.mark.parametrize("kind", ["TorchScript", "torch.export"])
def test_a_damaged_archive_is_refused_or_read_in_time(tmp_path: Path, kind: str) -> None:
    with little_memory():
        _survives(tmp_path, kind, 500)


@pytest.mark.full
@pytest.mark.parametrize("kind", KINDS)
def test_ten_thousand_damaged_archives_are(tmp_path: Path, kind: str) -> None:
    with little_memory():
        _survives(tmp_path, kind, 10_000)
