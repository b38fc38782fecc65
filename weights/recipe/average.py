"""The mean of several checkpoints of one run, weight by weight: epoch-9 and epoch-10.safetensors → runs/student/model.safetensors.

    python average.py runs/student 9 10
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file


def mean(folder: Path, epochs: list[str]) -> dict[str, torch.Tensor]:
    states = [load_file(folder / f"epoch-{e}.safetensors") for e in epochs]
    return {k: sum(s[k] for s in states) / len(states) for k in states[0]}


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("folder", type=Path)
    p.add_argument("epochs", nargs="+")
    a = p.parse_args()
    save_file(mean(a.folder, a.epochs), a.folder / "model.safetensors", {"format": "pt"})


if __name__ == "__main__":
    main()
