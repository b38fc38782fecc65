"""Entity F1 of a model folder (float or int8) with Python's transformers: one sentence at a time, each word tagged by its
first piece, conlleval rules."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from transformers import BertForTokenClassification

import conll
from conll import CASES, IGNORE, Encoder, Sentence
from decode import DECODERS, log_probabilities
from model import keep_memory, load, logits_of


def neighbours(lengths: list[int], k: int, size: int) -> tuple[int, int]:
    """Sentences a … b−1 around k, grown by one on each side in turn while they hold at most `size` pieces."""
    a, b, total = k, k + 1, lengths[k]
    grown = True
    while grown:
        grown = False
        if a > 0 and total + lengths[a - 1] <= size:
            a, total, grown = a - 1, total + lengths[a - 1], True
        if b < len(lengths) and total + lengths[b] <= size:
            b, total, grown = b + 1, total + lengths[b], True
    return a, b


@torch.inference_mode()
def logits_in_context(
    model: BertForTokenClassification, encoder: Encoder, documents: list[list[Sentence]], size: int
) -> list[np.ndarray]:
    """Each sentence read between its neighbours, as running text; the logits of its own words, [words, labels]."""
    found = []
    for document in documents:
        encoded = [encoder.sentence(s.words) for s in document]
        lengths = [len(e.ids) for e in encoded]
        for k, sentence in enumerate(encoded):
            a, b = neighbours(lengths, k, size)
            window = encoder.wrap(encoded[a:b])
            logits = model(input_ids=torch.tensor([window.ids]), token_type_ids=torch.tensor([window.types])).logits[0]
            at = 1 + sum(lengths[a:k])
            found.append(logits[[at + j for j, label in enumerate(sentence.labels) if label != IGNORE]].double().numpy())
    return found


def dropped(tags: Sequence[str], types: Sequence[str]) -> list[str]:
    return ["O" if t[2:] in types else t for t in tags]


def listed_names(path: str) -> set[str]:
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    lists = [line.partition(": ")[2] for line in lines if line and not line.startswith("#")]
    return {name.casefold() for names in lists for name in names.split("; ")}


def names_of(sentence: Sentence) -> set[str]:
    return {" ".join(sentence.words[start:end]).casefold() for start, end, _ in conll.spans(sentence.tags)}


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("model")
    p.add_argument("file")
    p.add_argument("--weights", default="model.safetensors")
    p.add_argument("--case", choices=["natural", *CASES], default="natural")
    p.add_argument("--context", type=int, nargs="?", const=256, help="with the neighbouring sentences, this many pieces at once (256)")
    p.add_argument("--decoding", choices=[*DECODERS], help="what config.json says, argmax if it says nothing")
    p.add_argument("--o-bias", type=float, help="likewise, or 0")
    p.add_argument("--drop", action="append", default=[], metavar="TYPE", help="leave a type out of what was found and of the gold tags")
    p.add_argument("--unlisted", metavar="NAMES", help="only sentences none of whose names stands in this list (names.txt)")
    p.add_argument("--seqeval", action="store_true", help="check the score against seqeval's (default and strict) too")
    p.add_argument("--predictions", help="write `word gold found` lines here")
    p.add_argument("--threads", type=int, default=1)
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    keep_memory()
    encoder = Encoder(Path(a.model) / "vocab.txt")
    model = load(a.model, a.weights)
    change = CASES.get(a.case, str)
    documents = [[Sentence(tuple(map(change, s.words)), s.tags) for s in d] for d in conll.read(a.file)]
    if a.unlisted:
        listed = listed_names(a.unlisted)
        documents = [[s for s in d if not names_of(s) & listed] for d in documents]
    sentences = [s for d in documents for s in d]
    if a.context:
        logits = logits_in_context(model, encoder, documents, a.context)
    else:
        logits = logits_of(model, encoder, [s.words for s in sentences])
    reading = json.loads((Path(a.model) / "config.json").read_text(encoding="utf-8")).get("bert_ner", {})
    decode = DECODERS[a.decoding or reading.get("decoding", "argmax")]
    temperature = reading.get("temperature", 1.0)
    o_bias = reading.get("o_bias", 0.0) if a.o_bias is None else a.o_bias
    found = [dropped(decode(log_probabilities(x, temperature, o_bias)), a.drop) for x in logits]
    gold = [dropped(s.tags, a.drop) for s in sentences]
    total = conll.score(gold, found)
    print(f"{a.case}{' in context' if a.context else ''}: {total}  ({total.gold} gold, {total.found} found, {total.right} right)")
    for kind in ("PER", "ORG", "LOC", "MISC"):
        print(f"  {kind:<4} {conll.score(gold, found, kind)}")
    if a.seqeval:
        from seqeval.metrics import f1_score
        from seqeval.scheme import IOB2

        g, f = [list(t) for t in gold], found
        print(f"  seqeval F1 {100 * f1_score(g, f):.2f}, strict IOB2 {100 * f1_score(g, f, mode='strict', scheme=IOB2):.2f}")
    if a.predictions:
        with open(a.predictions, "w", encoding="utf-8") as out:
            for s, tags in zip(sentences, found, strict=True):
                out.writelines(f"{w} {g} {t}\n" for w, g, t in zip(s.words, s.tags, tags, strict=True))
                out.write("\n")


if __name__ == "__main__":
    main()
