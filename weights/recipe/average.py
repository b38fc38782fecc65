"""The mean of several checkpoints of one run, weight by weight, and with it a share of the model that the run went on from.

    python average.py runs/1 8 9                              epoch-8 and epoch-9.safetensors → runs/1/model.safetensors
    python average.py runs/2 5 6 --start runs/1-int8 --share 0.2      four fifths of their mean, one fifth of the start

The share of the start gives back what it did better (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models").
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from quantise import dequantised


def mean(folder: Path, epochs: list[str], start: Path | None = None, share: float = 0.0) -> dict[str, torch.Tensor]:
    states = [load_file(folder / f"epoch-{e}.safetensors") for e in epochs]
    out = {k: sum(s[k] for s in states) / len(states) for k in states[0]}
    if start and share:
        before = dequantised(load_file(start / "model.safetensors"))
        out = {k: torch.lerp(v, before[k], share) for k, v in out.items()}
    return out


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("folder", type=Path)
    p.add_argument("epochs", nargs="+")
    p.add_argument("--start", type=Path)
    p.add_argument("--share", type=float, default=0.0)
    a = p.parse_args()
    save_file(mean(a.folder, a.epochs, a.start, a.share), a.folder / "model.safetensors", {"format": "pt"})


if __name__ == "__main__":
    main()
