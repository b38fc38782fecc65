"""What the teacher thinks of each sentence, written down once, so that the student can learn from it many times.

The file holds no text: a hash of the sentence, and a byte a label, 255 · softmax(logits / 2), rounded down. Dividing by two keeps more of
what the teacher finds less likely (Hinton et al. 2015, "Distilling the Knowledge in a Neural Network").

    python soft_labels.py --teacher runs/teacher --start all-mpnet-base-v2 --student START --train eng.train --data DATA --out soft.npz
"""

from __future__ import annotations

import argparse
import hashlib
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

import conll
from augment import copies, unlabelled
from conll import DEV, LABELS, Encoder, Sentence
from everyday import TEST
from train import keep_memory, tensors

TEMPERATURE = 2.0
CONTEXT = 160  # pieces of a document that the teacher reads at once
SEEDS = (101, 102)
UNLABELLED = 0.6


def key_of(words: Sequence[str]) -> int:
    return int.from_bytes(hashlib.blake2b(" ".join(words).encode(), digest_size=8).digest(), "little")


class SoftLabels:
    """The file in memory. A sentence that is not in it has none."""

    def __init__(self, path: str | Path) -> None:
        with np.load(path) as file:
            self.labels = file["labels"]
            ends = np.cumsum(file["words"].astype(np.int64))
            self.at = {k: (e - n, e) for k, e, n in zip(file["keys"].tolist(), ends.tolist(), file["words"].tolist(), strict=True)}

    def added(self, s: Sentence) -> Sentence:
        start, end = self.at.get(key_of(s.words), (0, 0))
        return Sentence(s.words, s.tags, self.labels[start:end]) if end - start == len(s.words) else s


def save(path: str | Path, found: dict[int, np.ndarray]) -> None:
    np.savez_compressed(
        path,
        keys=np.array(list(found), np.uint64),
        words=np.array([len(x) for x in found.values()], np.uint16),
        labels=np.concatenate(list(found.values())),
    )


def untagged(documents: list[list[Sentence]], data: str | Path, start: str | Path) -> tuple[list[list[list[Sentence]]], list[list[Sentence]]]:
    """Text that only the teacher tags: altered copies of CoNLL-2003's documents, and lines without labels, none of which is in a file
    that one may only choose on."""
    never = [TEST, *(Path(data) / f"{n}-dev.conll" for n in DEV)]
    return copies(documents, start, SEEDS), unlabelled(Path(data) / "unlabelled.txt", UNLABELLED, never)


def texts(train: str | Path, data: str | Path, start: str | Path, holdout: float) -> dict[str, list[list[Sentence]]]:
    """All that the teacher tags, in documents."""
    data = Path(data)
    _, documents = conll.hold_out(train, holdout)
    altered, lines = untagged(documents, data, start)
    return {
        "conll": documents,
        **{f"copy-{seed}": copy for seed, copy in zip(SEEDS, altered, strict=True)},
        **{n: [[s] for d in conll.read(data / f"{n}-train.conll") for s in d] for n in ("wnut17", "btc", "tweebank")},
        "unlabelled": lines,
        "litbank": conll.read(data / "litbank-train.conll")[::2],
    }


def windows(document: list[Sentence], encoder: Encoder) -> list[list[Sentence]]:
    """The document in passages of whole sentences, of CONTEXT pieces at most if no sentence is longer."""
    out: list[list[Sentence]] = []
    room = 0
    for s in document:
        size = sum(len(encoder.word(w)) for w in s.words)
        if size > room or not out:
            out.append([])
            room = CONTEXT
        out[-1].append(s)
        room -= size
    return out


@torch.inference_mode()
def tag(teacher: torch.nn.Module, encoder: Encoder, documents: list[list[Sentence]]) -> dict[int, np.ndarray]:
    work = [(w, encoder.wrap([encoder.sentence(s.words) for s in w])) for d in documents for w in windows(d, encoder)]
    work = sorted((x for x in work if len(x[1].ids) <= 510), key=lambda x: len(x[1].ids))
    found: dict[int, np.ndarray] = {}
    at = 0
    while at < len(work):
        longest = len(work[at][1].ids)
        rows = work[at : at + max(1, 1500 // longest)]
        inputs = tensors([e for _, e in rows])
        labels = inputs.pop("labels").numpy()
        del inputs["inner"]
        logits = teacher(**inputs).logits
        soft = (255 * (logits / TEMPERATURE).softmax(-1)).to(torch.uint8).numpy()
        for (sentences, _), row, label in zip(rows, soft, labels, strict=True):
            first = row[label != conll.IGNORE]
            for s in sentences:
                found[key_of(s.words)], first = first[: len(s.words)], first[len(s.words) :]
        at += len(rows)
    return found


def main() -> None:
    from teacher import load_teacher  # here, as the teacher's training imports the format of its labels

    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--teacher", type=Path, required=True, help="folder of teacher.py")
    p.add_argument("--start", required=True, help="folder of all-mpnet-base-v2")
    p.add_argument("--student", type=Path, required=True, help="folder of the student's start (its words' neighbours)")
    p.add_argument("--train", required=True, help="eng.train")
    p.add_argument("--data", required=True)
    p.add_argument("--out", required=True)
    p.add_argument("--holdout", type=float, default=0.05)
    p.add_argument("--threads", type=int, default=2)
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    keep_memory()
    encoder = Encoder(a.student / "vocab.txt")
    teacher = load_teacher(a.start, a.student / "vocab.txt", a.teacher / "model.safetensors")
    found: dict[int, np.ndarray] = {}
    for name, documents in texts(a.train, a.data, a.student, a.holdout).items():
        started = time.time()
        found |= tag(teacher, encoder, documents)
        words = sum(len(s.words) for d in documents for s in d)
        print(f"{time.strftime('%H:%M:%S')} {name}: {words:,} words, {time.time() - started:.0f} s", flush=True)
        save(a.out, found)
    print(f"{len(LABELS)} labels of {sum(map(len, found.values())):,} words, {Path(a.out).stat().st_size:,} bytes in {a.out}")


if __name__ == "__main__":
    main()
