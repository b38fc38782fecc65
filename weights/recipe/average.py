"""The mean of several checkpoints of one run, weight by weight.

    python average.py runs/1 4 5          epoch-4 and epoch-5.safetensors → runs/1/model.safetensors
"""

from __future__ import annotations

import sys
from pathlib import Path

from safetensors.torch import load_file, save_file


def average(folder: Path, epochs: list[str]) -> None:
    states = [load_file(folder / f"epoch-{e}.safetensors") for e in epochs]
    mean = {k: sum(s[k] for s in states) / len(states) for k in states[0]}
    save_file(mean, folder / "model.safetensors", {"format": "pt"})


if __name__ == "__main__":
    average(Path(sys.argv[1]), sys.argv[2:])
