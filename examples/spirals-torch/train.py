"""Trains the spirals example: a small neural network that tells three arms of a spiral apart, written by torch.export.

usage: python train.py [--seed N] [--out spirals.pt]
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import torch
from torch import nn


class Spirals(nn.Module):
    """Points of a plane to the arm that they lie on, and the probability of each arm."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(2, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 3))

    def forward(self, point: torch.Tensor) -> dict[str, torch.Tensor]:
        probabilities = self.layers(point).softmax(-1)
        return {"arm": probabilities.argmax(-1), "probabilities": probabilities}


def points(count: int = 400) -> tuple[torch.Tensor, torch.Tensor]:
    """Points on each of the three arms, and the number of their arm."""
    arms = torch.arange(3).repeat_interleave(count)
    radius = torch.rand(3 * count)
    angle = 4 * radius + arms * (2 * math.pi / 3) + 0.1 * torch.randn(3 * count)
    return torch.stack((radius * angle.cos(), radius * angle.sin()), dim=1), arms


def train(seed: int = 0) -> Spirals:
    torch.manual_seed(seed)
    model, (found, arms) = Spirals(), points()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(300):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model.layers(found), arms).backward()
        optimizer.step()
    return model.eval()


def save(model: Spirals, path: Path) -> None:
    # The size of the batch is free; without this the model would only take batches of the example's size.
    program = torch.export.export(model, (torch.zeros(2, 2),), dynamic_shapes=({0: torch.export.Dim("batch")},))
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)  # the paths of this computer
    with path.open("wb") as file:
        torch.export.save(program, file)


if __name__ == "__main__":
    cli = argparse.ArgumentParser(description=__doc__)
    cli.add_argument("--seed", type=int, default=0)
    cli.add_argument("--out", type=Path, default=Path(__file__).with_name("spirals.pt"))
    args = cli.parse_args()
    save(train(args.seed), args.out)
