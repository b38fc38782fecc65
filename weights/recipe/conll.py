"""CoNLL-2003 files, the word-case rule, pieces, and entity F1. Everything that training and evaluation share.

Data flow:  file ─ read ─► documents of sentences of (word, tag) ─ encode ─► ids, type ids, labels, one row per piece
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import BertWordPieceTokenizer
from tokenizers.pre_tokenizers import BertPreTokenizer

LABELS = ["O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC", "B-MISC", "I-MISC"]
LABEL_ID = {label: i for i, label in enumerate(LABELS)}
UNSURE = "O|MISC"  # the tag of a word outside every name, in a set that has no MISC
UNSURE_ID = len(LABELS)  # never a label of the model: the loss takes it for the sum of the three it may be
UNKNOWN = "?"  # the tag of a word of text without labels: any of them
IGNORE = -100
HELD_OUT = 0.05  # of CoNLL's training documents
DEV = ["wnut17", "btc", "tweebank", "uner-ewt", "crossner"]  # sets with a part that one may choose on
WITHOUT_MISC = {"wnut17", "btc", "uner-ewt", "crossner"}
MAYBE_MISC = [LABEL_ID[x] for x in ("O", "B-MISC", "I-MISC")]
TAG_ID = {**LABEL_ID, UNSURE: UNSURE_ID, UNKNOWN: len(LABELS) + 1}


@dataclass(frozen=True)
class Sentence:
    """`soft` is what the teacher thinks of the words, [words, labels] in 255ths; None if it was not asked."""

    words: tuple[str, ...]
    tags: tuple[str, ...]  # IOB2
    soft: np.ndarray | None = None


def iob2(tags: Sequence[str]) -> list[str]:
    """IOB1 (B- only between two touching entities of one type) or IOB2 → IOB2. Works per sentence."""
    out: list[str] = []
    for i, tag in enumerate(tags):
        previous = tags[i - 1] if i else "O"
        starts = tag.startswith("I-") and (previous == "O" or previous[2:] != tag[2:])
        out.append("B-" + tag[2:] if starts else tag)
    return out


def read(path: str | Path) -> list[list[Sentence]]:
    """Documents of sentences. Columns are split on white space: the word is the first, the tag the last."""
    documents: list[list[Sentence]] = [[]]
    words: list[str] = []
    tags: list[str] = []

    def flush() -> None:
        if words:
            documents[-1].append(Sentence(tuple(words), tuple(iob2(tags))))
            words.clear()
            tags.clear()

    for line in Path(path).read_text(encoding="utf-8").splitlines():
        columns = line.split()
        if not columns:
            flush()
        elif columns[0] == "-DOCSTART-":
            flush()
            if documents[-1]:
                documents.append([])
        elif not line.startswith("# "):
            words.append(columns[0])
            tags.append(columns[-1])
    flush()
    return [d for d in documents if d]


def hold_out(path: str | Path) -> tuple[list[list[Sentence]], list[list[Sentence]]]:
    """The documents of eng.train to choose on, and those to train on: the same for every run and every script."""
    documents = read(path)
    random.Random(0).shuffle(documents)
    kept = int(HELD_OUT * len(documents))
    return documents[:kept], documents[kept:]


def to_choose_on(train: str | Path | None, data: str | Path, every: dict[str, int] | None = None) -> dict[str, list[Sentence]]:
    """All that one may choose on: the held-out documents, for a model that has not read them (`train` is eng.train), and the dev sets;
    `every` names those of which each n-th sentence will do."""
    held = {"held-out": hold_out(train)[0]} if train else {}
    sets = {**held, **{n: read(Path(data) / f"{n}-dev.conll") for n in DEV}}
    return {n: [s for d in documents for s in d][:: (every or {}).get(n, 1)] for n, documents in sets.items()}


# ── the word-case rule ────────────────────────────────────────────────────────────────────────────────────────────

def is_upper(c: str) -> bool:
    return c.lower() != c


def is_lower(c: str) -> bool:
    return not is_upper(c) and c.upper() != c and c != "\u0345"  # the one combining mark with a case mapping


def case_type(word: str) -> int:
    """Token type of one BertPreTokenizer word: 0 no cased letter, 1 lower, 2 Title, 3 UPPER, 4 mixed.

    "the" 1, "90s" 1, "Berlin" 2, "I" 2, "3M" 2, "UN" 3, "iPhone" 4, "McDonald" 4, "2026" 0, "," 0
    """
    cased = [is_upper(c) for c in word if is_upper(c) or is_lower(c)]
    upper = sum(cased)
    if not cased:
        return 0
    if upper == 0:
        return 1
    if upper == 1 and cased[0]:
        return 2
    return 3 if upper == len(cased) else 4


CASES: dict[str, Callable[[str], str]] = {
    "lower": str.lower,
    "upper": str.upper,
    "title": lambda w: w[:1].upper() + w[1:].lower(),
}


def vocabulary(path: str | Path) -> list[str]:
    return Path(path).read_text(encoding="utf-8").rstrip("\n").split("\n")


# ── words → pieces ────────────────────────────────────────────────────────────────────────────────────────────────

@dataclass(frozen=True)
class Pieces:
    """One sentence. `labels` holds the tag at a word's first piece, IGNORE elsewhere; `inner` the tag that the word's other
    pieces continue with (I-X after B-X), IGNORE elsewhere. [CLS] and [SEP] have neither. `soft` [pieces, labels] is the teacher's
    view of each piece in 255ths, rows of zeros where it has none."""

    ids: list[int]
    types: list[int]
    labels: list[int]
    inner: list[int]
    soft: np.ndarray | None = None


def continued(soft: np.ndarray) -> np.ndarray:
    """What a word's pieces after the first are: the probability of B-X goes to I-X."""
    out = soft.copy()
    for begin in range(1, len(LABELS), 2):
        out[:, begin + 1] += out[:, begin]  # the sum of a row is 255 at most
        out[:, begin] = 0
    return out


class Encoder:
    """WordPiece over pre-split words, with the case of each BertPreTokenizer word as the token type."""

    def __init__(self, vocab: str | Path) -> None:
        self.tokenizer = BertWordPieceTokenizer(str(vocab), lowercase=True)
        self.split = BertPreTokenizer()
        self.cls = self.tokenizer.token_to_id("[CLS]")
        self.sep = self.tokenizer.token_to_id("[SEP]")
        self.unk = self.tokenizer.token_to_id("[UNK]")
        self.cache: dict[str, list[tuple[int, int]]] = {}

    def word(self, word: str) -> list[tuple[int, int]]:
        """(id, type id) of each piece. A word that cleans away to nothing becomes one [UNK] so that it keeps a row."""
        pieces = self.cache.get(word)
        if pieces is None:
            encoding = self.tokenizer.encode(word, add_special_tokens=False)
            spans: dict[int, tuple[int, int]] = {}
            for (start, end), w in zip(encoding.offsets, encoding.word_ids, strict=True):
                first = spans.get(w, (start, end))[0]
                spans[w] = (first, end)
            special = {self.tokenizer.token_to_id(t) for t in ("[PAD]", "[CLS]", "[SEP]", "[MASK]")}
            pieces = [
                (i, 0 if i in special else case_type(word[slice(*spans[w])]))
                for i, w in zip(encoding.ids, encoding.word_ids, strict=True)
            ] or [(self.unk, 0)]
            self.cache[word] = pieces
        return pieces

    def sentence(self, words: Sequence[str], tags: Sequence[str] | None = None, soft: np.ndarray | None = None) -> Pieces:
        ids: list[int] = []
        types: list[int] = []
        labels: list[int] = []
        inner: list[int] = []
        for k, word in enumerate(words):
            pieces = self.word(word)
            ids += [i for i, _ in pieces]
            types += [t for _, t in pieces]
            tag = tags[k] if tags else "O"
            labels += [TAG_ID[tag]] + [IGNORE] * (len(pieces) - 1)
            inner += [IGNORE] + [TAG_ID[tag.replace("B-", "I-")]] * (len(pieces) - 1)
        if soft is None:
            return Pieces(ids, types, labels, inner)
        counts = [len(self.word(w)) for w in words]
        rows = np.repeat(continued(soft), counts, axis=0)
        rows[np.cumsum([0, *counts[:-1]])] = soft
        return Pieces(ids, types, labels, inner, rows)

    def wrap(self, sentences: Sequence[Pieces]) -> Pieces:
        """[CLS] sentence sentence … [SEP]: neighbours are joined as running text is, with nothing between."""
        edge = np.zeros((1, len(LABELS)), np.uint8)
        rows = [np.zeros((len(s.ids), len(LABELS)), np.uint8) if s.soft is None else s.soft for s in sentences]
        return Pieces(
            [self.cls, *(i for s in sentences for i in s.ids), self.sep],
            [0, *(t for s in sentences for t in s.types), 0],
            [IGNORE, *(x for s in sentences for x in s.labels), IGNORE],
            [IGNORE, *(x for s in sentences for x in s.inner), IGNORE],
            None if all(s.soft is None for s in sentences) else np.concatenate([edge, *rows, edge]),
        )


# ── the score ─────────────────────────────────────────────────────────────────────────────────────────────────────

def spans(tags: Sequence[str]) -> set[tuple[int, int, str]]:
    """Entities (first word, word after the last, type) by the rules of conlleval: an I- after O or after
    another type starts an entity, as B- does."""
    out: set[tuple[int, int, str]] = set()
    start, kind = 0, ""
    for i, tag in enumerate([*tags, "O"]):
        prefix, _, name = tag.partition("-")
        if kind and (prefix != "I" or name != kind):
            out.add((start, i, kind))
            kind = ""
        if prefix != "O" and not kind:
            start, kind = i, name
    return out


@dataclass(frozen=True)
class Score:
    precision: float
    recall: float
    f1: float
    gold: int
    found: int
    right: int

    def __str__(self) -> str:
        return f"P {self.precision:.2f} R {self.recall:.2f} F1 {self.f1:.2f}"


def score(gold: Iterable[Sequence[str]], found: Iterable[Sequence[str]], kind: str | None = None) -> Score:
    g = f = r = 0
    for a, b in zip(gold, found, strict=True):
        x, y = spans(a), spans(b)
        if kind:
            x, y = {s for s in x if s[2] == kind}, {s for s in y if s[2] == kind}
        g, f, r = g + len(x), f + len(y), r + len(x & y)
    p = 100 * r / f if f else 0.0
    q = 100 * r / g if g else 0.0
    return Score(p, q, 2 * p * q / (p + q) if p + q else 0.0, g, f, r)
