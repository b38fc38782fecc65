"""Tags from log-probabilities under IOB2's rule that I-X follows B-X or I-X only, and what moves them: a bias on O, a temperature."""

from __future__ import annotations

import numpy as np

from conll import LABELS

ILLEGAL = -1e9
TRANSITIONS = np.array(
    [[0.0 if b[:2] != "I-" or a[2:] == b[2:] else ILLEGAL for b in LABELS] for a in LABELS]  # from a (row) to b (column)
)
START = np.array([ILLEGAL if b[:2] == "I-" else 0.0 for b in LABELS])


def log_probabilities(logits: np.ndarray, temperature: float = 1.0, o_bias: float = 0.0) -> np.ndarray:
    """[words, labels] logits → log-probabilities of softmax(logits / temperature + o_bias at O)."""
    x = logits / temperature
    x = np.concatenate([x[:, :1] + o_bias, x[:, 1:]], 1)
    return x - np.logaddexp.reduce(x, 1, keepdims=True)


def argmax(logp: np.ndarray) -> list[str]:
    return [LABELS[k] for k in logp.argmax(1)]


def constrained(logp: np.ndarray) -> list[str]:
    """The most probable legal sequence (Viterbi). If the likeliest labels are legal, they are it."""
    likeliest = logp.argmax(1)
    if START[likeliest[0]] == 0 and not TRANSITIONS[likeliest[:-1], likeliest[1:]].any():
        return [LABELS[k] for k in likeliest]
    best = logp[0] + START
    back = []
    for row in logp[1:]:
        through = best[:, None] + TRANSITIONS
        back.append(through.argmax(0))
        best = through.max(0) + row
    path = [int(best.argmax())]
    for pointers in reversed(back):
        path.append(int(pointers[path[-1]]))
    return [LABELS[k] for k in reversed(path)]


DECODERS = {"argmax": argmax, "constrained": constrained}
