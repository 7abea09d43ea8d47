"""Makes a PyTorch model with random weights, and its own answers; run with the Python of a pod that has torch.

usage: python make_torch.py FOLDER SEED     (writes model.pt and answers.npz)
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.export import Dim

FEATURES, CLASSES, ROWS = 5, 3, 4


def main(folder: Path, seed: int) -> None:
    """Writes both."""
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(FEATURES, 8), nn.Tanh(), nn.Linear(8, CLASSES), nn.Softmax(dim=1)).eval()
    inputs = torch.randn(ROWS, FEATURES)
    with torch.inference_mode():
        outputs = model(inputs)
    program = torch.export.export(model, (inputs,), dynamic_shapes=({0: Dim("rows")},))
    torch.export.save(program, folder / "model.pt")
    np.savez(folder / "answers.npz", inputs=inputs.numpy(), outputs=outputs.numpy())


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
