"""What the teachers think of each sentence, written down once, so that the student can learn from it many times.

The file holds no text: a hash of the sentence, and a byte a label, 255 · softmax(logits / 2), rounded down. Dividing by two keeps more of
what the teacher finds less likely (Hinton et al. 2015, "Distilling the Knowledge in a Neural Network").

    python soft_labels.py --start START --train eng.train --data DATA --mpnet all-mpnet-base-v2 --teacher runs/teacher --news runs/news \
        --out runs/teachers.npz
    python soft_labels.py --start START --train eng.train --data DATA --teachers runs/teachers.npz --students runs/first --out soft.npz

The first command asks the teachers. In what the second writes, students that learnt from them have half a say on CoNLL-2003 and its
copies: reading a sentence alone, a teacher does hardly better than a student, and both together do better than either
(Furlanello et al. 2018, "Born-Again Neural Networks"). On held-out documents that the teachers were not asked about, students have
all of it.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

import conll
from augment import SEEDS, copies, unlabelled
from conll import LABELS, Encoder, Sentence
from model import keep_memory, load, tensors

TEMPERATURE = 2.0
CONTEXT = 160  # pieces of a document that the teacher reads at once


def key_of(words: Sequence[str], alone: bool = False) -> int:
    """Of a sentence among those around it, or of the same one alone."""
    words = ["", *words] if alone else words
    return int.from_bytes(hashlib.blake2b(" ".join(words).encode(), digest_size=8).digest(), "little")


class SoftLabels:
    """The file in memory."""

    def __init__(self, path: str | Path) -> None:
        with np.load(path) as file:
            self.labels = file["labels"]
            ends = np.cumsum(file["words"].astype(np.int64))
            self.at = {k: (e - n, e) for k, e, n in zip(file["keys"].tolist(), ends.tolist(), file["words"].tolist(), strict=True)}

    def of(self, key: int) -> np.ndarray:
        """[words, labels] in 255ths; no words if the key is not in the file."""
        return self.labels[slice(*self.at.get(key, (0, 0)))]

    def added(self, s: Sentence, alone: bool = False) -> Sentence:
        """The sentence with what the teachers think of it; as it was if that is not in the file."""
        soft = self.of(key_of(s.words, alone))
        return Sentence(s.words, s.tags, soft) if len(soft) == len(s.words) else s


def save(path: str | Path, found: dict[int, np.ndarray]) -> None:
    np.savez_compressed(
        path,
        keys=np.array(list(found), np.uint64),
        words=np.array([len(x) for x in found.values()], np.uint16),
        labels=np.concatenate(list(found.values())),
    )


Texts = dict[str, list[list[Sentence]]]


def news_texts(train: str, start: Path) -> Texts:
    held, documents = conll.hold_out(train)
    return {"held-out": held, "conll": documents, **{f"copy-{n}": copy for n, copy in zip(SEEDS, copies(documents, start), strict=True)}}


def other_texts(data: Path) -> Texts:
    return {
        **{n: [[s] for d in conll.read(data / f"{n}-train.conll") for s in d] for n in ("wnut17", "btc", "tweebank")},
        "unlabelled": unlabelled(data),
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
def tag(teacher: torch.nn.Module, encoder: Encoder, documents: list[list[Sentence]], alone: bool = False) -> dict[int, np.ndarray]:
    """What the teacher thinks of each sentence, read with those around it or `alone`."""
    passages = ([s] for d in documents for s in d) if alone else (w for d in documents for w in windows(d, encoder))
    work = [(p, encoder.wrap([encoder.sentence(s.words) for s in p])) for p in passages]
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
                found[key_of(s.words, alone)], first = first[: len(s.words)], first[len(s.words) :]
        at += len(rows)
    return found


def mixed(views: Sequence[np.ndarray], shares: Sequence[float]) -> np.ndarray:
    """The weighted mean of several views of one sentence, [words, labels] in 255ths, rounded down."""
    rows = [v / np.maximum(1, v.sum(1, keepdims=True, dtype=np.float32)) for v in views]
    return np.floor(255 * sum(share * r for share, r in zip(shares, rows, strict=True))).astype(np.uint8)


def half_teachers(teachers: np.ndarray, students: Sequence[np.ndarray]) -> np.ndarray:
    """The mean of the teachers' view and the students', half each; the students' alone of a sentence that no teacher labelled."""
    n = len(students)
    if not len(teachers):
        return mixed(students, [1 / n] * n)
    return mixed([teachers, *students], [0.5, *[0.5 / n] * n])


def of_teachers(a: argparse.Namespace, encoder: Encoder, news: Texts) -> Iterator[tuple[str, dict[int, np.ndarray]]]:
    from teacher import load_teacher  # here, as the teacher's training imports the format of its labels

    teacher, of_news = (load_teacher(a.mpnet, a.start / "vocab.txt", f / "model.safetensors") for f in (a.teacher, a.news))
    for name, documents in news.items():
        yield name, tag(of_news, encoder, documents) | tag(of_news, encoder, documents, alone=True)
    for name, documents in other_texts(a.data).items():
        yield name, tag(teacher, encoder, documents)


def with_students(a: argparse.Namespace, encoder: Encoder, news: Texts) -> Iterator[tuple[str, dict[int, np.ndarray]]]:
    teachers, students = SoftLabels(a.teachers), [load(f) for f in a.students]
    yield "teachers", {k: teachers.of(k) for k in teachers.at}
    for name, documents in news.items():
        for alone in (False, True):
            theirs = [tag(s, encoder, documents, alone) for s in students]
            known = theirs[0].keys() if name == "held-out" else theirs[0].keys() & teachers.at.keys()
            yield name, {k: half_teachers(teachers.of(k), [x[k] for x in theirs]) for k in known}


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--start", type=Path, required=True, help="folder of the student's start (its words' neighbours)")
    p.add_argument("--train", required=True, help="eng.train")
    p.add_argument("--data", type=Path, required=True)
    p.add_argument("--mpnet", help="folder of all-mpnet-base-v2")
    p.add_argument("--teacher", type=Path, help="folder of the teacher for all but CoNLL-2003 and its copies")
    p.add_argument("--news", type=Path, help="folder of the teacher for CoNLL-2003 and its copies")
    p.add_argument("--teachers", help="instead of asking teachers: a file of their labels")
    p.add_argument("--students", nargs="+", help="folders of the students to mix in")
    p.add_argument("--out", required=True)
    p.add_argument("--threads", type=int, default=2)
    a = p.parse_args()
    if not (a.teachers and a.students or a.mpnet and a.teacher and a.news):
        p.error("give --mpnet, --teacher and --news, or --teachers and --students")
    torch.set_num_threads(a.threads)
    keep_memory()
    encoder = Encoder(a.start / "vocab.txt")
    news = news_texts(a.train, a.start)
    found: dict[int, np.ndarray] = {}
    for name, labels in (with_students if a.teachers else of_teachers)(a, encoder, news):
        found |= labels
        print(f"{time.strftime('%H:%M:%S')} {name}: {sum(map(len, labels.values())):,} words", flush=True)
    save(a.out, found)
    print(f"{len(LABELS)} labels of {sum(map(len, found.values())):,} words, {Path(a.out).stat().st_size:,} bytes in {a.out}")


if __name__ == "__main__":
    main()
