"""Choose the bias on O and the temperature on the development sets, and say how far the scores can be trusted.

    python calibrate.py .. --data DATA --report eng.testa

The sets: the five dev files and, with --train, the held-out documents of eng.train, equally weighted; a model of a run with --all has
read these. An entity's score is the mean of the probabilities of its words' tags; it is right if its words and its type are. Sets without
MISC are read without MISC. What --report names is read too, and stands in the tables, but in no mean and no choice.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

import conll
from conll import LABELS, MAYBE_MISC, WITHOUT_MISC, Encoder, Sentence
from decode import DECODERS, log_probabilities
from evaluate import dropped
from model import keep_memory, load, logits_of

BIASES = [-0.6, -0.4, -0.2, -0.1, 0.0, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0]
TEMPERATURES = [0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.8, 2.0, 2.2, 2.5]
THRESHOLDS = [0.0, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99]
BINS = 10


@dataclass(frozen=True)
class Set:
    name: str
    gold: list[list[str]]
    logits: list[np.ndarray]
    misc: bool

    def tags(self, decoder: str, temperature: float = 1.0, o_bias: float = 0.0) -> list[list[str]]:
        found = [DECODERS[decoder](log_probabilities(x, temperature, o_bias)) for x in self.logits]
        return found if self.misc else [dropped(t, ["MISC"]) for t in found]

    def f1(self, decoder: str, temperature: float = 1.0, o_bias: float = 0.0) -> float:
        return conll.score(self.gold, self.tags(decoder, temperature, o_bias)).f1

    def nll(self, temperature: float) -> float:
        """Mean negative log-likelihood of a word's gold tag; O counts with MISC in a set without it."""
        total, words = 0.0, 0
        for gold, x in zip(self.gold, self.logits, strict=True):
            logp = log_probabilities(x, temperature)
            target = logp[np.arange(len(gold)), [LABELS.index(t) for t in gold]]
            if not self.misc:
                maybe = np.logaddexp.reduce(logp[:, MAYBE_MISC], 1)
                target = np.where([t == "O" for t in gold], maybe, target)
            total, words = total - target.sum(), words + len(gold)
        return total / words

    def entities(self, decoder: str, temperature: float = 1.0, o_bias: float = 0.0) -> tuple[np.ndarray, np.ndarray, int]:
        """Scores of the entities found, whether each is right, and how many there are in the gold tags."""
        scores, right, gold_count = [], [], 0
        for gold, x, tags in zip(self.gold, self.logits, self.tags(decoder, temperature, o_bias), strict=True):
            p = np.exp(log_probabilities(x, temperature, o_bias))
            wanted = conll.spans(gold)
            gold_count += len(wanted)
            for start, end, type_ in conll.spans(tags):
                scores.append(np.mean([p[k, LABELS.index(tags[k])] for k in range(start, end)]))
                right.append((start, end, type_) in wanted)
        return np.array(scores), np.array(right), gold_count


def calibration_error(scores: np.ndarray, right: np.ndarray) -> float:
    """Expected calibration error: the mean over ten bins of |share right − mean score|, weighted by their entities."""
    at = np.minimum((scores * BINS).astype(int), BINS - 1)
    bins = [at == b for b in range(BINS)]
    return sum(abs(right[m].mean() - scores[m].mean()) * m.mean() for m in bins if m.any())


def load_sets(texts: dict[str, list[Sentence]], encoder: Encoder, model: torch.nn.Module) -> list[Set]:
    return [
        Set(n, [list(s.tags) for s in sentences], logits_of(model, encoder, [s.words for s in sentences]), n not in WITHOUT_MISC)
        for n, sentences in texts.items()
    ]


def row(*cells: object) -> None:
    print("| " + " | ".join(f"{c:.2f}" if isinstance(c, float) else str(c) for c in cells) + " |")


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("model")
    p.add_argument("--weights", default="model.safetensors")
    p.add_argument("--train")
    p.add_argument("--report", nargs="*", default=[], help="CoNLL files")
    p.add_argument("--data", required=True)
    p.add_argument("--decoding", choices=[*DECODERS], default="constrained")
    p.add_argument("--threads", type=int, default=1)
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    keep_memory()
    encoder, model = Encoder(Path(a.model) / "vocab.txt"), load(a.model, a.weights)
    sets = load_sets(conll.to_choose_on(a.train, a.data), encoder, model)
    shown = [*sets, *load_sets({Path(f).name: [s for d in conll.read(f) for s in d] for f in a.report}, encoder, model)]

    print("\nDecoding and the bias on O, F1")
    row("o_bias", *(s.name for s in shown), "mean")
    for decoder, bias in [("argmax", 0.0), *(("constrained", b) for b in BIASES)]:
        f1 = [s.f1(decoder, 1.0, bias) for s in shown]
        row(decoder if decoder == "argmax" else bias, *f1, sum(f1[: len(sets)]) / len(sets))

    print("\nTemperature: mean over the sets of the words' negative log-likelihood, and the entities' calibration error in percent")
    table = []
    for t in TEMPERATURES:
        found = [s.entities(a.decoding, t) for s in shown]
        errors = [100 * calibration_error(x, y) for x, y, _ in found]
        table.append((sum(s.nll(t) for s in sets) / len(sets), sum(errors[: len(sets)]) / len(sets), t, errors))
    row("temperature", "nll", "mean error", *(s.name for s in shown))
    for nll, error, t, errors in table:
        if t == 1.0 or t == min(table)[2] or error == min(x[1] for x in table):
            row(t, f"{nll:.4f}", error, *errors)
    best = min(table)[2]

    found = [s.entities(a.decoding, best) for s in sets]
    print(f"\nReliability at temperature {best}: score, entities, share that is right (all sets)")
    scores, right = np.concatenate([f[0] for f in found]), np.concatenate([f[1] for f in found])
    for b in range(BINS):
        m = np.minimum((scores * BINS).astype(int), BINS - 1) == b
        if m.any():
            row(f"{b / BINS:.1f} … {(b + 1) / BINS:.1f}", int(m.sum()), 100 * float(scores[m].mean()), 100 * float(right[m].mean()))

    for name, t in (("1", 1.0), (str(best), best)):
        found = [s.entities(a.decoding, t) for s in shown]
        print(f"\nThreshold at temperature {name}: precision / recall")
        row("threshold", *(s.name for s in shown))
        for least in THRESHOLDS:
            cells = []
            for x, y, gold in found:
                kept = x >= least
                cells.append(f"{100 * y[kept].mean() if kept.any() else 0:.1f} / {100 * y[kept].sum() / gold:.1f}")
            row(least, *cells)


if __name__ == "__main__":
    main()
