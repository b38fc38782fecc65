"""Text for the teacher to tag: CoNLL-2003's sentences with other names and other words, and text without labels.

A model of 12 layers has learnt more from 13,000 sentences than their tags say; sentences near to them bring it out. Words are replaced
as TinyBERT does for its task-specific distillation (Jiao et al. 2020, section 3.3), with the neighbours in the start's own word table.
What comes out depends on the seed alone, so that soft labels find their sentence again.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from safetensors.torch import load_file

import conll
from conll import DEV, UNKNOWN, Sentence, spans
from everyday import TEST, folded
from names import Names

SEEDS = (101, 102, 103, 104)  # of the altered copies
UNLABELLED = 0.6  # of the lines that will do
NEIGHBOURS = 8
WORD = re.compile(r"[a-z]{3,}")
AROUND = re.compile(r"([^\w@#$]*)(.*?)((?:(?<=\w)['’]s)?)(\W*)", re.DOTALL)
URL = re.compile(r"https?:|www\.|\.com|/r/|&\w+;|\w\(|\]\(")


def split(part: str) -> list[str]:
    """What stands between spaces, as the sets' words are: punctuation around it and 's at its end are words of their own."""
    before, core, ending, after = AROUND.fullmatch(part).groups()
    return [w for w in (before, core, ending, after) if w]


class Neighbours:
    """Of each whole word of the vocabulary the words next to it, by the cosine of their rows in the word table."""

    def __init__(self, start: str | Path) -> None:
        vocab = conll.vocabulary(Path(start) / "vocab.txt")
        state = load_file(Path(start) / "model.safetensors")
        table = next(v for k, v in state.items() if k.endswith("embeddings.word_embeddings.weight")).float().numpy()
        rows = [k for k, t in enumerate(vocab) if WORD.fullmatch(t)]
        self.words = [vocab[k] for k in rows]
        self.at = {w: k for k, w in enumerate(self.words)}
        self.table = table[rows] / np.linalg.norm(table[rows], axis=1, keepdims=True)
        self.known: dict[str, list[str]] = {}

    def of(self, word: str) -> list[str]:
        """The neighbours of a lower-case word; none if the vocabulary cuts it."""
        if word not in self.known:
            k = self.at.get(word)
            near = [] if k is None else np.argpartition(-(self.table @ self.table[k]), NEIGHBOURS)[: NEIGHBOURS + 1]
            self.known[word] = [self.words[j] for j in sorted(near) if j != k]
        return self.known[word]

    def replaced(self, word: str, rng: random.Random) -> str:
        near = self.of(word.lower())
        if not near:
            return word
        new = rng.choice(near)
        return new.upper() if word.isupper() else new.capitalize() if word[0].isupper() else new


Mentions = dict[str, list[tuple[str, ...]]]  # the names of a set by type, to put in each other's place


def copies(documents: list[list[Sentence]], start: str | Path) -> list[list[list[Sentence]]]:
    """For each of SEEDS, each document once more: half of its names are others, from the same set or from Faker, and one word in eight
    is a neighbour."""
    names, near, mentions = Names(), Neighbours(start), Mentions()
    for s in (s for d in documents for s in d):
        for first, end, type_ in sorted(spans(s.tags)):
            mentions.setdefault(type_, []).append(s.words[first:end])
    return [[list(changed(d, rng, names, near, mentions)) for d in documents] for rng in map(random.Random, SEEDS)]


def changed(
    document: list[Sentence], rng: random.Random, names: Names, near: Neighbours, mentions: Mentions
) -> Iterator[Sentence]:
    known: dict[tuple[str, ...], tuple[str, ...]] = {}
    for s in document:
        words: list[str] = []
        at = 0
        for start, end, type_ in [*sorted(spans(s.tags)), (len(s.words), len(s.words), "")]:
            words += [near.replaced(w, rng) if rng.random() < 0.125 else w for w in s.words[at:start]]
            old = s.words[start:end]
            if old and old not in known:
                other = names.like(old, type_, rng) if rng.random() < 0.4 else None
                known[old] = old if rng.random() < 0.5 else tuple(other or rng.choice(mentions[type_]))
            words += known[old] if old else ()
            at = end
        yield Sentence(tuple(words), (UNKNOWN,) * len(words))


def unlabelled(data: Path) -> list[list[Sentence]]:
    """Lines of 5 to 60 words without addresses and markup, no line twice and none of a file that one may only choose on; of retweets,
    and of lines without a capital after their first word, only one in three. Then UNLABELLED of them, by lot."""
    never = [TEST, *(data / f"{n}-dev.conll" for n in DEV)]
    seen = {folded(s.words) for file in never for d in conll.read(file) for s in d}
    rng = random.Random(7)
    out: list[list[Sentence]] = []
    for line in (data / "unlabelled.txt").read_text(encoding="utf-8").split("\n"):
        words = tuple(w for part in line.split() for w in split(part))
        key = folded(words) if words else ""
        if not 5 <= len(words) <= 60 or URL.search(line) or max(map(len, words)) > 24 or key in seen:
            continue
        seen.add(key)
        named = words[0] != "RT" and any(c.isupper() for w in words[1:] for c in w[:1])
        if named or rng.random() < 1 / 3:
            out.append([Sentence(words, (UNKNOWN,) * len(words))])
    return rng.sample(out, round(UNLABELLED * len(out)))
