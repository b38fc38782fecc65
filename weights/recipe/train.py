"""Trains the student from the pretrained start, in one run: the mixture of mixture.py, and what the teachers think of it.

    python train.py --start all-MiniLM-L6-v2 --train eng.train --data DATA --soft soft.npz --out runs/student
"""

from __future__ import annotations

import argparse
import random
from functools import partial
from pathlib import Path

import conll
from conll import Encoder, Pieces
from loop import begun, scores, shared_arguments, train
from mixture import Mixture
from model import build
from soft_labels import SoftLabels


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--start", required=True, help="folder of the pretrained start")
    p.add_argument("--soft", required=True, help="what soft_labels.py wrote")
    p.add_argument("--last", type=int, default=7, help="last epochs, in which the other sets come less often")
    p.add_argument("--all", action="store_true", help="read the held-out documents too, and do not score on them")
    shared_arguments(p)
    p.set_defaults(epochs=10, warmup=0.5, fall=9, lr=2e-4, pieces=1200, ema=0.998)
    return p.parse_args()


def main() -> None:
    a = arguments()
    out, say = begun(a)
    encoder = Encoder(Path(a.start) / "vocab.txt")
    held, documents = conll.hold_out(a.train)
    mixture = Mixture([*documents, *held] if a.all else documents, a.data, encoder)
    mixture.add_soft(SoftLabels(a.soft), a.start, documents)
    sets = conll.to_choose_on(None if a.all else a.train, a.data, {"crossner": 3})
    say(f"{vars(a)}")
    model = build(a.start)
    model.config.save_pretrained(out)
    (out / "vocab.txt").write_text((Path(a.start) / "vocab.txt").read_text(encoding="utf-8"), encoding="utf-8")

    def examples_of(epoch: int, rng: random.Random) -> list[Pieces]:
        return mixture.epoch(rng, epoch >= a.epochs - a.last)

    train(model, a, out, say, examples_of, partial(scores, model, encoder, sets))


if __name__ == "__main__":
    main()
