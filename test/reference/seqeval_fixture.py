"""Writes test/fixtures/seqeval.json.gz: tag sequences, sound and broken, with what seqeval 1.2.2 says of them.

    HF_HUB_OFFLINE=1 python test/reference/seqeval_fixture.py
"""
import gzip
import json
import pathlib
import random
import warnings

from seqeval.metrics import classification_report
from seqeval.scheme import IOB2

warnings.simplefilter("ignore")
OUT = pathlib.Path(__file__).parent.parent / "fixtures" / "seqeval.json.gz"
TYPES = ["PER", "LOC", "ORG", "MISC", "X-Y"]
BROKEN = ["B", "I", "O-PER", "B-", "I-", "B-PER-", "I-PER-", "BPER", "B--PER"]
STRANGE = ["E-PER", "S-LOC", "E", "S", ".", "X-PER", "L-ORG", "[", "E-", "Ü-PER"]


def sound(rng, types, length):
    tags = []
    while len(tags) < length:
        if rng.random() < 0.5:
            tags.append("O")
        else:
            kind = rng.choice(types)
            tags += ["B-" + kind] + ["I-" + kind] * rng.randint(0, 2)
    return tags[:length]


def anything(rng, types, length, more):
    tags = ["O"] + ["B-" + t for t in types] + ["I-" + t for t in types] + more
    return [rng.choice(tags) for _ in range(length)]


def noisy(rng, tags, types, more):
    rate = rng.choice([0, 0.1, 0.3])
    return [t if rng.random() >= rate else anything(rng, types, 1, more)[0] for t in tags]


def rows(report):
    """Precision, recall, F1, support; rounded to nine decimals, to keep the file small. None: the mean over no types."""
    return [None if x != x else round(float(x), 9) for x in report[:3]] + [int(report[3])]


def ask(gold, guess, strict):
    try:
        names = classification_report(
            gold, guess, output_dict=True, zero_division=0, **({"mode": "strict", "scheme": IOB2} if strict else {}))
    except (ValueError, KeyError, AttributeError):
        return None
    return {
        name: rows([row["precision"], row["recall"], row["f1-score"], row["support"]]) for name, row in names.items()
    }


rng = random.Random(12)
cases = []
for n in range(4000):
    types = TYPES[: rng.randint(1, len(TYPES))]
    more = [[], [], BROKEN, BROKEN + STRANGE][n % 4]
    lengths = [rng.randint(1, 9) for _ in range(rng.randint(1, 6))]
    gold = [(sound(rng, types, k) if n % 2 == 0 else anything(rng, types, k, more)) for k in lengths]
    guess = [noisy(rng, tags, types, more) if n % 3 else anything(rng, types, len(tags), more) for tags in gold]
    if not any(t != "O" for tags in gold + guess for t in tags):
        continue
    cases.append({
        "gold": "|".join(" ".join(tags) for tags in gold),
        "guess": "|".join(" ".join(tags) for tags in guess),
        "default": ask(gold, guess, False),
        "strict": ask(gold, guess, True),
    })
OUT.parent.mkdir(exist_ok=True)
OUT.write_bytes(gzip.compress(json.dumps(cases, separators=(",", ":"), ensure_ascii=False).encode(), mtime=0))
print(OUT, OUT.stat().st_size, "bytes;", len(cases), "cases;", sum(c["strict"] is None for c in cases), "without strict")
