"""The lines of everyday.txt as sentences. Templates are filled anew in every epoch; a line of the test file never comes out.

    python everyday.py 3          prints what epoch 3 would see, tagged words as word/TAG
"""

from __future__ import annotations

import random
import re
import sys
from pathlib import Path

import conll
from conll import Sentence
from names import Names

HERE = Path(__file__).parent
PART = re.compile(r"\{([A-Z]+) ([^}]*)\}|<([a-z]+)>|(\S+)")
TEST = HERE / "../../test/data/everyday.conll"
FILLS = 3  # how often a template is filled in an epoch


class Everyday:
    def __init__(self, names: Names, test: str | Path = TEST) -> None:
        self.names = names
        lines = (HERE / "everyday.txt").read_text(encoding="utf-8").splitlines()
        self.lines = [line for line in lines if line and not line.startswith("#")]
        self.forbidden = {folded(s.words) for d in conll.read(test) for s in d}

    def fill(self, line: str, rng: random.Random) -> Sentence:
        words: list[str] = []
        tags: list[str] = []
        for type_, name, kind, word in PART.findall(line):
            tokens = name.split() if type_ else [word]
            if kind:
                type_, tokens = self.names.draw(kind, rng)
            named = type_ not in ("", "O")
            words += tokens
            tags += ["B-" + type_, *["I-" + type_] * (len(tokens) - 1)] if named else ["O"] * len(tokens)
        return Sentence(tuple(words), tuple(tags))

    def epoch(self, rng: random.Random) -> list[Sentence]:
        out = []
        for line in self.lines:
            for _ in range(FILLS if re.search("<[a-z]+>", line) else 1):
                sentence = self.fill(line, rng)
                if folded(sentence.words) not in self.forbidden:
                    out.append(sentence)
        rng.shuffle(out)
        return out


def folded(words: tuple[str, ...]) -> str:
    """A line without case and punctuation: what two lines must not share."""
    return "".join(c for c in "".join(words).casefold() if c.isalnum()) or " ".join(words)


if __name__ == "__main__":
    for s in Everyday(Names()).epoch(random.Random(int(sys.argv[1]))):
        print(" ".join(w if t == "O" else f"{w}/{t}" for w, t in zip(s.words, s.tags, strict=True)))
