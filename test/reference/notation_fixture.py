"""Writes test/fixtures/notations.json.gz: tags in notations other than B-PER, sound and broken, and the phrases that seqeval 1.2.2
reads in them.

    python test/reference/notation_fixture.py
"""
import gzip
import json
import pathlib
import random

from seqeval.metrics.sequence_labeling import get_entities

OUT = pathlib.Path(__file__).parent.parent / "fixtures" / "notations.json.gz"
# seqeval takes the first letter of a bare type for a prefix: none may be O or a letter that it knows, nor differ in it alone.
TYPES = ["PER", "LOC", "MISC-X", "TV_SHOW"]


def sound(rng, types, length, scheme):
    """Pairs (prefix, type); None is O."""
    tags = []
    while len(tags) < length:
        if rng.random() < 0.4:
            tags.append(None)
            continue
        kind, words = rng.choice(types), rng.randint(1, 4)
        if scheme == "IOB2":
            tags += [("B", kind)] + [("I", kind)] * (words - 1)
        elif words == 1:
            tags.append(("S", kind))
        else:
            tags += [("B", kind)] + [("I", kind)] * (words - 2) + [("E", kind)]
    return tags[:length]


def broken(rng, types, length, scheme):
    return [rng.choice([None] + [(p, t) for p in ("BI" if scheme == "IOB2" else "BIES") for t in types]) for _ in range(length)]


WRITERS = {
    "prefix -": lambda p, t: f"{p}-{t}",
    "prefix _": lambda p, t: f"{p}_{t}",
    "suffix -": lambda p, t: f"{t}-{p}",
    "suffix _": lambda p, t: f"{t}_{p}",
    "letters": lambda p, t: p,
    "types": lambda p, t: t,
    "BMES": lambda p, t: f"{'M' if p == 'I' else p}-{t}",
    "BMEWO": lambda p, t: f"{ {'I': 'M', 'S': 'W'}.get(p, p)}-{t}",
}


def phrases(notation, tags):
    """What seqeval reads; of the notations that it does not know, in the nearest that it knows."""
    if notation == "suffix -":
        found = get_entities([f"{t}-{p}" if (p, t) != ("", "") else "O" for p, t in pairs(tags)], suffix=True)
    elif notation == "letters":
        found = [("", start, end) for _, start, end in get_entities([p or "O" for p, _ in pairs(tags)])]
    elif notation == "types":
        names = {t[1:].split("-", maxsplit=1)[-1]: t for t in TYPES}
        found = [(names[t], start, end) for t, start, end in get_entities([t or "O" for _, t in pairs(tags)])]
    else:
        found = get_entities([f"{p}-{t}" if p else "O" for p, t in pairs(tags)])
    return [[t, start, end + 1] for t, start, end in found]


def pairs(tags):
    return [tag or ("", "") for tag in tags]


rng = random.Random(7)
cases = []
for n in range(1600):
    notation = list(WRITERS)[n % len(WRITERS)]
    scheme = "BIOES" if notation.startswith("BM") else rng.choice(["IOB2", "BIOES"])
    types = TYPES[: rng.randint(1, len(TYPES))]
    make = rng.choice([sound, sound, broken])
    tags = make(rng, types, rng.randint(1, 14), scheme)
    if not any(tags):
        continue
    cases.append({
        "notation": notation,
        "sound": make is sound,
        "tags": " ".join("O" if tag is None else WRITERS[notation](*tag) for tag in tags),
        "phrases": phrases(notation, tags),
    })
OUT.write_bytes(gzip.compress(json.dumps(cases, separators=(",", ":")).encode(), mtime=0))
print(OUT, OUT.stat().st_size, "bytes;", len(cases), "cases")
