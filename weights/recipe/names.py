"""Names by kind: the lists of names.txt, and first names, surnames and towns of many countries from Faker (MIT).

They fill the slots of everyday.txt, and `replaced` puts them in the place of the names of a training sentence, so that
the model learns what a name stands between and not only the names of 1996.
"""

from __future__ import annotations

import random
from pathlib import Path

from faker import Faker

from conll import Sentence, spans

LOCALES = [
    "en_US", "en_US", "en_GB", "en_IN", "en_AU", "en_CA", "en_IE", "en_NZ", "de_DE", "de_AT", "fr_FR", "es_ES", "es_MX", "it_IT",
    "pt_BR", "pt_PT", "nl_NL", "pl_PL", "sv_SE", "no_NO", "da_DK", "fi_FI", "tr_TR", "cs_CZ", "hu_HU", "ro_RO", "hr_HR", "id_ID",
    "vi_VN", "yo_NG", "ha_NG", "zu_ZA", "fil_PH",
]  # fmt: skip
INVENTS_TOWNS = {*(x for x in LOCALES if x.startswith("en_")), "yo_NG", "ha_NG", "zu_ZA", "fil_PH", "vi_VN", "id_ID", "pt_BR"}
PER_LOCALE = 120


class Names:
    """`kinds[kind]` = (type, names); the type is "O" for job titles and greetings, which are no names."""

    def __init__(self, path: str | Path = Path(__file__).parent / "names.txt") -> None:
        self.kinds: dict[str, tuple[str, list[list[str]]]] = {}
        for line in Path(path).read_text(encoding="utf-8").splitlines():
            if line and not line.startswith("#"):
                head, _, names = line.partition(": ")
                kind, type_ = head.split()
                self.kinds[kind] = (type_, [n.split() for n in names.split("; ")])
        self.first, self.last, self.town = pools()
        self.nationalities = {" ".join(n) for n in self.kinds["nationality"][1]}

    def draw(self, kind: str, rng: random.Random) -> tuple[str, list[str]]:
        """(type, tokens) of one name of that kind."""
        if kind == "first":
            return "PER", [rng.choice(self.first)]
        if kind == "last":
            return "PER", rng.choice(self.last).split()
        if kind == "full":
            return "PER", [rng.choice(self.first), *rng.choice(self.last).split()]
        if kind == "town":
            return "LOC", rng.choice(self.town).split()
        type_, names = self.kinds[kind]
        return type_, rng.choice(names)

    def like(self, words: tuple[str, ...], type_: str, rng: random.Random) -> list[str] | None:
        """Another name of the same type and about the same form; None if this one should stay."""
        if type_ == "PER" and len(words) <= 2:
            return self.draw("full" if len(words) == 2 else rng.choice(["first", "last", "last"]), rng)[1]
        if type_ == "LOC":
            return self.draw(rng.choice(["town", "town", "city", "country"]), rng)[1]
        if type_ == "ORG" and rng.random() < 0.4:
            return self.draw(rng.choice(["company", "company", "firm", "agency", "team"]), rng)[1]
        if type_ == "MISC" and " ".join(words) in self.nationalities:
            return self.draw("nationality", rng)[1]
        return None

    def replaced(self, sentence: Sentence, rng: random.Random, known: dict[tuple[str, ...], list[str] | None]) -> Sentence:
        """The sentence with its names replaced by others of their type; `known` keeps one choice a name within a passage."""
        words: list[str] = []
        tags: list[str] = []
        at = 0
        for start, end, type_ in sorted(spans(sentence.tags)):
            old = sentence.words[start:end]
            key = (type_, *old)
            if key not in known:
                known[key] = self.like(old, type_, rng)
            new = known[key] or list(old)
            if all(w.isupper() for w in old) and sum(map(len, old)) > 4:
                new = [w.upper() for w in new]
            elif all(w.islower() for w in old):
                new = [w.lower() for w in new]
            words += [*sentence.words[at:start], *new]
            tags += [*sentence.tags[at:start], "B-" + type_, *["I-" + type_] * (len(new) - 1)]
            at = end
        return Sentence(tuple(words) + sentence.words[at:], tuple(tags) + sentence.tags[at:])


def pools() -> tuple[list[str], list[str], list[str]]:
    """First names, surnames and towns, the same ones in every run. A name counts as often as Faker draws it."""
    first: list[str] = []
    last: list[str] = []
    town: list[str] = []
    for k, locale in enumerate(LOCALES):
        fake = Faker(locale)
        fake.seed_instance(k)
        first += [fake.first_name() for _ in range(PER_LOCALE)]
        last += [fake.last_name() for _ in range(PER_LOCALE)]
        if locale not in INVENTS_TOWNS:
            town += [fake.city() for _ in range(PER_LOCALE)]
    return [n for n in first if usable(n) and " " not in n], [n for n in last if usable(n)], [n for n in town if usable(n)]


def usable(name: str) -> bool:
    letters = name.replace(" ", "").replace("-", "").replace("'", "")
    return len(name) > 1 and letters.isalpha() and len(name.split()) < 4
