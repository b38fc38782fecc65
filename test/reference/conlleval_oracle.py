"""Writes test/fixtures/conlleval.json.gz: files of predictions, options, and the report that conlleval's rules demand.

An oracle from the rules of the script of 2004-01-26, on purpose unlike src/ner/score-conlleval.ts: that one walks both
columns once with a few variables; this one marks all beginnings and ends first, then looks from each common beginning
for the next end. printf's rounding comes from Python's %, which is C's. Needs the standard library only.

    python test/reference/conlleval_oracle.py
"""
import gzip
import json
import pathlib
import random
import re

OUT = pathlib.Path(__file__).parent.parent / "fixtures" / "conlleval.json.gz"


# (tag before, tag) between which a phrase begins, (tag, next tag) between which one ends, if their types are the same.
BEGINS = {("B", "B"), ("I", "B"), ("O", "B"), ("O", "I"), ("O", "E"), ("E", "E"), ("E", "I")}
ENDS = {("B", "B"), ("B", "O"), ("I", "B"), ("I", "O"), ("E", "E"), ("E", "I"), ("E", "O")}


def begins(p, pt, t, tt):
    return t in ("[", "]") or (p, t) in BEGINS or (t not in ("O", ".") and pt != tt)


def ends(t, tt, n, nt):
    return t in ("[", "]") or (t, n) in ENDS or (t not in ("O", ".") and tt != nt)


def split_tag(tag):
    prefix, hyphen, kind = tag.partition("-")
    return (prefix, "" if kind == "0" else kind) if hyphen else (tag, "")


def perl_split(line, delimiter):
    fields = [field or "" for field in re.split(delimiter, line)]
    while fields and fields[-1] == "":
        fields.pop()
    return fields


def report(text, raw=False, delimiter=" ", outside="O"):
    rows, tokens, right, width = [], 0, 0, None
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    for line in lines:
        fields = perl_split(line, delimiter)
        if fields and width is None:
            width = len(fields)
        if fields and len(fields) != width:
            return None
        if not fields or fields[0] == "-X-":
            rows.append((("O", ""), ("O", "")))
            continue
        if len(fields) < 2:
            return None
        pair = fields[-2:]
        if raw:
            pair = ["O" if tag in (outside, "O") else "B-" + tag for tag in pair]
        gold, guess = map(split_tag, pair)
        rows.append((gold, guess))
        tokens += 1
        right += gold == guess
    n = len(rows)
    padded = [(("O", ""), ("O", ""))] + rows
    begin = [[begins(*padded[i][s], *padded[i + 1][s]) for i in range(n)] for s in (0, 1)]
    end = [[ends(*rows[i][s], *rows[i + 1][s]) if i + 1 < n else False for i in range(n)] for s in (0, 1)]
    finals = set()
    for i in range(n):
        if not (begin[0][i] and begin[1][i] and rows[i][0][1] == rows[i][1][1]):
            continue
        for j in range(i, n):
            if rows[j][0][1] != rows[j][1][1]:
                break
            if j + 1 == n or (end[0][j] and end[1][j]):
                finals.add(j)
                break
            if end[0][j] or end[1][j]:
                break
    gold = [rows[i][0][1] for i in range(n) if begin[0][i]]
    found = [rows[i][1][1] for i in range(n) if begin[1][i]]
    correct = [rows[j][0][1] for j in sorted(finals)]

    def figures(g, f, c):
        p = 100 * c / f if f else 0
        r = 100 * c / g if g else 0
        return "precision: %6.2f%%; recall: %6.2f%%; FB1: %6.2f" % (p, r, 2 * p * r / (p + r) if p + r else 0)

    out = "processed %d tokens with %d phrases; found: %d phrases; correct: %d.\n" % (
        tokens, len(gold), len(found), len(correct))
    if tokens == 0:
        return out
    out += "accuracy: %6.2f%%; %s\n" % (100 * right / tokens, figures(len(gold), len(found), len(correct)))
    twice = [""] if "" in gold and "" in found else []  # the script misses this repetition
    for kind in sorted([*{*gold, *found}, *twice]):
        counts = gold.count(kind), found.count(kind), correct.count(kind)
        out += "%17s: %s  %d\n" % (kind, figures(*counts), counts[1])
    return out


TYPES = ["PER", "LOC", "ORG", "MISC", "X-Y", "a_type_of_many_letters"]


def tag(rng, prefixes, types):
    prefix = rng.choice(prefixes)
    if prefix == "O":
        return "O"
    return prefix if types is None else prefix + "-" + rng.choice(types)


def case(rng):
    style = rng.randrange(6)
    prefixes = ["OOOBI", "OIIIB", "OBIESE", "OBIE[].X", "OBI", "OOBIES"][style]
    types = TYPES[: rng.randint(1, len(TYPES))]
    raw = rng.random() < 0.15
    outside = rng.choice(["O", "NIL"]) if raw else "O"
    delimiter, glue = rng.choice([(" ", " ")] * 6 + [(r"\t", "\t"), (r"\s+", "  "), (r"\|", "|"), (",", ",")])
    extra = rng.randint(0, 2)
    agreement = rng.random()
    boundary = "-X-" + (glue + "O") * (extra + 2)

    def one():
        if raw:
            return rng.choice([outside, "O", *types])
        if style == 3 and rng.random() < 0.2:
            return rng.choice(["B", "I", "E", "O-PER", "X", ".", "B-", "-PER", "I--A", "B-0", "O"])
        return tag(rng, prefixes, types)

    lines = []
    for _ in range(rng.randint(0, 6)):
        for _ in range(rng.randint(0, 7)):
            gold = one()
            guess = gold if rng.random() < agreement else one()
            lines.append(glue.join(["w"] + ["n"] * extra + [gold, guess]))
        lines.append(rng.choice(["", "", boundary]))
    if rng.random() < 0.02 and lines:
        lines.insert(rng.randrange(len(lines)), glue.join(["w", "n", "n", "n", "O", "O"]))
    text = "\n".join(lines) + rng.choice(["", "\n"])
    args = (["-r"] if raw else []) + (["-o", outside] if outside != "O" else [])
    args += ["-d", delimiter] if delimiter != " " else []
    return {"args": args, "text": text, "report": report(text, raw, delimiter, outside)}


def many(rng):
    """A long file, for ties of rounding and for counts of many digits."""
    lines = []
    for _ in range(64):
        gold = rng.choice(["O", "B-PER", "B-LOC"])
        lines += [f"w {gold} {gold if rng.random() < 0.6 else 'O'}"] + ([""] if rng.random() < 0.3 else [])
    text = "\n".join(lines) + "\n"
    return {"args": [], "text": text, "report": report(text)}


rng = random.Random(20030531)
cases = [case(rng) for _ in range(4000)] + [many(rng) for _ in range(200)]
OUT.parent.mkdir(exist_ok=True)
OUT.write_bytes(gzip.compress(json.dumps(cases, separators=(",", ":")).encode(), mtime=0))
print(OUT, OUT.stat().st_size, "bytes;", sum(c["report"] is None for c in cases), "of", len(cases), "are errors")
