"""What one epoch reads: CoNLL-2003 and openly licensed sets, everyday lines, names replaced, letter case changed.

Data flow:  sets ─ share of their documents ─► groups of sentences ─ replace names ─► change case ─ encode ─► examples

| set                     | share of an epoch, at first | in the last epochs | tags                  |
| ----------------------- | --------------------------- | ------------------ | --------------------- |
| CoNLL-2003 eng.train    | 1, and 0.4 in another case  | 1, and 0.4         | all                   |
| WNUT17, Broad Twitter   | 1                           | 0.5                | O means "O or MISC"   |
| Tweebank                | 2                           | 1                  | all                   |
| LitBank                 | 0.4                         | 0.2                | O means "O or MISC"   |
| everyday.txt            | 1                           | 1                  | all                   |
| altered CoNLL-2003      | 1.25                        | 1.25               | none, the teachers'   |
| unlabelled              | 0.5                         | 0.35               | none, the teachers'   |

The teachers' view comes with the sentences of all the sets but everyday.txt, of LitBank with every second document. They themselves read the
first five rows: CoNLL-2003 with 0.3 in another case, the other sets at 0.7 of these shares; the one for news none of them.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import conll
from augment import SEEDS, copies, unlabelled
from conll import CASES, UNSURE, Encoder, Pieces, Sentence
from everyday import Everyday
from names import Names
from soft_labels import SoftLabels

Group = list[Sentence]
LONGEST = 512  # positions of the model
RENAMED = 0.2  # of the groups have their names replaced
COPIES = 1.25  # altered copies of CoNLL-2003 in an epoch


@dataclass(frozen=True)
class Source:
    name: str
    documents: list[list[Sentence]]
    share: float
    last_share: float
    copies: float  # of the epoch's groups, this part comes again in another case …
    changed: float  # … and this part in another case only
    joined: float  # the chance that a sentence starts a passage


def unsure(documents: list[list[Sentence]]) -> list[list[Sentence]]:
    """Documents of a set without MISC, with the tag that says so."""
    return [[Sentence(s.words, tuple(UNSURE if t == "O" else t for t in s.tags)) for s in d] for d in documents]


def pieces_of(document: list[Sentence], size: int) -> list[list[Sentence]]:
    return [document[k : k + size] for k in range(0, len(document), size)]


class Mixture:
    def __init__(self, conll_documents: list[list[Sentence]], data: str | Path, encoder: Encoder) -> None:
        self.encoder, self.names = encoder, Names()
        self.soft: SoftLabels | None = None
        self.everyday, self.data = Everyday(self.names), Path(data)

        def part(name: str) -> list[list[Sentence]]:
            return [p for d in conll.read(self.data / f"{name}-train.conll") for p in pieces_of(d, 40)]

        self.sources = [
            Source("conll", conll_documents, 1, 1, 0.3, 0, 0.07),
            Source("wnut17", unsure(part("wnut17")), 1, 0.5, 0, 0.25, 0.02),
            Source("btc", unsure(part("btc")), 1, 0.5, 0, 0.25, 0.02),
            Source("tweebank", part("tweebank"), 2, 1, 0, 0.25, 0.02),
            Source("litbank", unsure(part("litbank")), 0.4, 0.2, 0, 0.2, 0.1),
        ]

    def add_soft(self, soft: SoftLabels, start: str | Path, copied: list[list[Sentence]]) -> None:
        """For the student: the teachers' view of every sentence, altered copies of the `copied` documents that only they tagged, text
        without labels."""
        self.sources = [replace(s, documents=[[soft.added(x) for x in d] for d in s.documents]) for s in self.sources]
        self.sources[0] = replace(self.sources[0], copies=0.4)
        self.soft = soft
        altered = [d for copy in copies(copied, start) for d in copy]
        for source in (
            Source("copies", altered, COPIES / len(SEEDS), COPIES / len(SEEDS), 0, 0.3, 0.07),
            Source("unlabelled", unlabelled(self.data), 0.5, 0.35, 0, 0.25, 0),
        ):
            known = [[y for x in d if (y := soft.added(x)).soft is not None] for d in source.documents]
            if sum(map(len, known)) < 0.9 * sum(map(len, source.documents)):
                raise SystemExit(f"{source.name}: no label for most of it. Are these its labels, and is PYTHONHASHSEED 0?")
            self.sources.append(replace(source, documents=known))

    def epoch(self, rng: random.Random, last: bool, others: float = 1.0) -> list[Pieces]:
        """`others` scales the shares of all sets but CoNLL-2003 and its copies."""
        out: list[Pieces] = []
        for s in self.sources:
            share = s.last_share if last else s.share
            documents = drawn(s.documents, share if s.name in ("conll", "copies") else share * others, rng)
            groups = [self.seen(g) for d in documents for g in passages(d, s.joined, rng, self.pieces)]
            out += self.examples(groups, s.copies, s.changed, rng)
        out += self.examples(passages(self.everyday.epoch(rng), 0.03, rng, self.pieces), 0, 0.3, rng)
        return out

    def examples(self, groups: list[Group], copies: float, changed: float, rng: random.Random) -> list[Pieces]:
        renamed = [self.renamed(g, rng) if rng.random() < RENAMED else g for g in groups]
        again = [cased(g, rng) for g in renamed if rng.random() < copies]
        kept = [cased(g, rng) if rng.random() < changed else g for g in renamed]
        encoded = [self.encoder.wrap([self.encoder.sentence(s.words, s.tags, s.soft) for s in g]) for g in kept + again]
        return [e for e in encoded if len(e.ids) <= LONGEST]  # longer names can push a passage over

    def seen(self, group: Group) -> Group:
        """A sentence shown alone with the label that was given to it alone: what the teachers read around it, the student cannot see."""
        return [self.soft.added(group[0], alone=True)] if self.soft and len(group) == 1 else group

    def pieces(self, sentence: Sentence) -> int:
        return sum(len(self.encoder.word(w)) for w in sentence.words)

    def renamed(self, group: Group, rng: random.Random) -> Group:
        known: dict[tuple[str, ...], list[str] | None] = {}
        changed = [self.names.replaced(s, rng, known) for s in group]
        return [s if new.words == s.words else new for s, new in zip(group, changed, strict=True)]


def drawn(documents: list[list[Sentence]], share: float, rng: random.Random) -> list[list[Sentence]]:
    """Each document `share` times on average: the whole part always, the rest by lot."""
    whole = int(share)
    return documents * whole + rng.sample(documents, round((share - whole) * len(documents)))


def passages(document: list[Sentence], joined: float, rng: random.Random, pieces: Callable[[Sentence], int]) -> list[Group]:
    """Single sentences, and now and then a passage: mostly 80 to 260 pieces, one in four up to 480."""
    groups: list[Group] = []
    k = 0
    while k < len(document):
        group = [document[k]]
        k += 1
        if rng.random() < joined:
            limit = rng.randint(260, 480) if rng.random() < 0.25 else rng.randint(80, 260)
            size = pieces(group[0])
            while k < len(document) and size + pieces(document[k]) < limit:
                size += pieces(document[k])
                group.append(document[k])
                k += 1
        groups.append(group)
    return groups


def cased(group: Group, rng: random.Random) -> Group:
    """The group in one other case, half of the time without the full stops at the ends of sentences."""
    change: Callable[[str], str] = CASES[rng.choices(["lower", "upper", "title"], [0.5, 0.35, 0.15])[0]]
    bare = rng.random() < 0.5
    out = []
    for s in group:
        words, tags, soft = tuple(map(change, s.words)), s.tags, s.soft
        if bare and len(words) > 2 and words[-1] == ".":
            words, tags, soft = words[:-1], tags[:-1], None if soft is None else soft[:-1]
        out.append(Sentence(words, tags, soft))
    return out
