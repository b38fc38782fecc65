"""Scores of several means of epochs on what one may choose on: the five dev sets, and the held-out documents of eng.train.

    python choose.py runs/student --train eng.train --data DATA 10 9,10 8,9,10

A candidate is a list of epochs. Each cell is F1 by argmax and by constrained decoding; the last column is the mean of the latter.
crossner is read in every third sentence.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch

from average import mean
from calibrate import load_sets, row
from conll import Encoder, to_choose_on
from model import keep_memory, load


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("folder", type=Path)
    p.add_argument("candidates", nargs="+")
    p.add_argument("--train", help="eng.train, for its held-out documents; not for a run with --all")
    p.add_argument("--data", required=True)
    p.add_argument("--threads", type=int, default=2)
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    keep_memory()
    encoder, model = Encoder(a.folder / "vocab.txt"), load(a.folder, f"epoch-{a.candidates[0].split(',')[0]}.safetensors")
    texts = to_choose_on(a.train, a.data, {"crossner": 3})
    row("epochs", *texts, "mean")
    for candidate in a.candidates:
        model.load_state_dict(mean(a.folder, candidate.split(",")), strict=True)
        sets = load_sets(texts, encoder, model)
        pairs = [(s.f1("argmax"), s.f1("constrained")) for s in sets]
        row(candidate, *(f"{x:.2f} {y:.2f}" for x, y in pairs), sum(y for _, y in pairs) / len(pairs))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
