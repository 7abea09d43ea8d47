"""Makes the PyTorch files of the tests, and `answers.json`: what the modules themselves say for an input.

usage: python make.py     (in an environment with torch 2.13.0 and numpy)
"""

from __future__ import annotations

import enum
import json
import zipfile
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.export import Dim

HERE = Path(__file__).parent


class Network(nn.Module):
    """Four numbers to three."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Linear(4, 8)
        self.drop = nn.Dropout(0.5)
        self.out = nn.Linear(8, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(self.drop(torch.relu(self.hidden(x))))


class Texts(nn.Module):
    """Numbers of words and a weight for each text to several named results."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(10, 4)
        self.out = nn.Linear(4, 2)

    def forward(self, tokens: torch.Tensor, weight: torch.Tensor) -> dict[str, torch.Tensor]:
        hidden = self.embed(tokens).mean(1)
        return {"logits": self.out(hidden) * weight, "hidden": hidden}


class Images(nn.Module):
    """A picture to the number of its class and a score."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten())
        self.head = nn.Linear(32, 3)

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        scores = self.head(self.body(image)).softmax(1)
        return scores.argmax(1), scores


class Doubled(nn.Module):
    """What goes in twice, in double precision."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(2.0, dtype=torch.float64))

    def forward(self, x: torch.Tensor, extra: torch.Tensor | None = None) -> torch.Tensor:
        return x * self.scale if extra is None else x * self.scale + extra


class Way(enum.Enum):
    """What is done with the numbers."""

    PLAIN = 1
    TWICE = 2


class Named(nn.Module):
    """With a name that TorchScript keeps for itself, and an attribute of an enumeration."""

    def __init__(self) -> None:
        super().__init__()
        self.ops = nn.ModuleList([nn.Linear(4, 4), nn.ReLU()])
        self.out = nn.Linear(4, 2)
        self.way = Way.TWICE

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for each in self.ops:
            x = each(x)
        return self.out(x) * 2 if self.way == Way.TWICE else self.out(x)


class Bags(nn.Module):
    """Numbers of words, in bags."""

    def __init__(self) -> None:
        super().__init__()
        self.bag = nn.EmbeddingBag(10, 4)
        self.out = nn.Linear(4, 2)

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        return self.out(self.bag(words))


def main() -> None:
    """Writes the files."""
    torch.manual_seed(2026)
    network, texts, images = Network().eval(), Texts().eval(), Images().eval()
    batch = Dim("batch")
    row, words, picture = torch.rand(2, 4), torch.randint(0, 10, (2, 5)), torch.rand(2, 1, 4, 4)
    weight = torch.rand(2, 1)
    torch.jit.script(network.train()).save(HERE / "network-script.pt")  # saved in training mode, served in evaluation
    network.eval()
    torch.jit.trace(network, row).save(HERE / "network-trace.pt")
    torch.jit.freeze(torch.jit.script(texts)).save(HERE / "texts-frozen.pt")
    torch.jit.script(texts).save(HERE / "texts-script.pt")
    torch.jit.script(images).save(HERE / "images-script.pt")
    torch.jit.trace(images, picture).save(HERE / "images-trace.pt")
    torch.jit.script(Doubled().eval()).save(HERE / "doubled-script.pt")
    torch.jit.script(Network().eval().bfloat16()).save(HERE / "bfloat16-script.pt")
    export(network, (row,), ({0: batch},), "network-export.pt")
    length = Dim("length", max=64)
    export(texts, (words, weight), ({0: batch, 1: length}, {0: batch}), "texts-export.pt")
    export(images, (picture,), None, "images-export.pt")
    named_so = Named().eval()
    torch.jit.script(named_so).save(HERE / "named-script.pt")
    torch.jit.trace(named_so, row).save(HERE / "named-trace.pt")
    bags = Bags().eval()
    torch.jit.script(bags).save(HERE / "bags-script.pt")
    torch.save(network.state_dict(), HERE / "weights.pt")
    torch.save({"model": network.state_dict(), "epoch": 3}, HERE / "checkpoint.pt")
    torch.save(network, HERE / "module.pt")
    torch.save(network.state_dict(), HERE / "legacy.pt", _use_new_zipfile_serialization=False)
    rows = {"input": row.tolist(), "output": network(row).tolist()}
    word_rows = {
        "input": {"tokens": words.tolist(), "weight": weight.tolist()},
        "output": {name: value.tolist() for name, value in texts(words, weight).items()},
    }
    pictures = {"input": picture.tolist(), "output": named(images(picture))}
    answers = dict.fromkeys(("network-script", "network-trace", "network-export", "weights"), rows)
    answers |= dict.fromkeys(("texts-script", "texts-frozen", "texts-export"), word_rows)
    answers |= dict.fromkeys(("images-script", "images-trace", "images-export"), pictures)
    named_rows = {"input": row.tolist(), "output": named_so(row).tolist()}
    answers |= dict.fromkeys(("named-script", "named-trace"), named_rows)
    answers["bags-script"] = {"input": words.tolist(), "output": bags(words).tolist()}
    answers["doubled-script"] = {"input": [0.1, 0.2], "output": [0.2, 0.4]}
    (HERE / "answers.json").write_text(json.dumps(answers, indent=1) + "\n", encoding="utf-8")


def export(module: nn.Module, example: tuple[Any, ...], shapes: Any, name: str) -> None:
    program = torch.export.export(module, example, dynamic_shapes=shapes)
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)  # the paths of this computer
    with (HERE / name).open("wb") as file:
        torch.export.save(program, file)


def without_paths(path: Path) -> None:
    """Leaves out what a debugger would want, with the paths of this computer."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist() if not name.endswith(".debug_pkl")}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            compressed = zipfile.ZIP_DEFLATED if name.endswith(".py") else zipfile.ZIP_STORED
            archive.writestr(zipfile.ZipInfo(name), content, compressed)


def named(results: tuple[torch.Tensor, ...]) -> dict[str, Any]:
    return {f"output_{index}": value.tolist() for index, value in enumerate(results)}


if __name__ == "__main__":
    with torch.no_grad():
        main()
    for path in HERE.glob("*-*.pt"):
        if not path.stem.endswith("-export"):
            without_paths(path)
