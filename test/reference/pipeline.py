"""Writes test/fixtures/pipeline.json.gz: what transformers' token-classification pipeline answers, for test/ner/parity.test.ts.

    HF_HUB_OFFLINE=1 .venv/bin/python test/reference/pipeline.py

Three small models with weights from random_model.py (so no weights are stored), each with the same small vocabulary.
Texts on which a change of the logits by 2e-5 would change anything but a score are left out: there, rounding decides.
"""

import gzip
import json
import random
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from transformers import BertTokenizer, TokenClassificationPipeline

from pipeline_texts import BY_HAND, generated, vocabulary
from random_model import random_bert

torch.set_num_threads(1)
STRATEGIES = ["none", "simple", "first", "average", "max"]
SHAPE = dict(layers=2, hidden=32, heads=4, intermediate=64, positions=512)
SHORT = 24  # model_max_length where windows are wanted
BIO = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
MODELS = {
    "cased": dict(types=2, labels=BIO, std=0.3, seed=27, config=dict(do_lower_case=False)),
    "uncased": dict(types=2, labels=["O", "PER", "B-LOC", "I-LOC", "X-A", "I-A-B"], std=0.3, seed=27,
                    config=dict(do_lower_case=True)),
    "word-case": dict(types=5, labels=BIO, std=0.3, seed=29,
                      config=dict(do_lower_case=True, token_type_rule="word-case")),
}


class Noisy(TokenClassificationPipeline):
    """The pipeline, with two things added: noise on the logits, and token types by letter case."""

    noise = 0.0
    word_case = False
    seen: dict = {}

    def preprocess(self, sentence, **parameters):
        words = sentence if isinstance(sentence, list) else None
        for inputs in super().preprocess(sentence, **parameters):
            if self.word_case:
                chunk = inputs["offset_mapping"][0].tolist()
                special = inputs["special_tokens_mask"][0].tolist()
                sources = [None if s else sentence if words is None else words[inputs["word_ids"][i]]
                           for i, s in enumerate(special)]
                types = word_case_types(self.tokenizer, sources, chunk, inputs["input_ids"][0].tolist(),
                                        None if words is None else inputs["word_ids"])
                inputs["token_type_ids"] = torch.tensor([types])
            yield inputs

    def _forward(self, inputs):
        # Each strategy asks for the same logits again.
        key = (tuple(inputs["input_ids"][0].tolist()), tuple(inputs["token_type_ids"][0].tolist()))
        if key not in self.seen:
            self.seen[key] = super()._forward(dict(inputs))["logits"]
        logits = self.seen[key]
        if self.noise:
            logits = logits + self.noise * (2 * torch.rand(logits.shape) - 1)
        rest = ("special_tokens_mask", "offset_mapping", "sentence", "is_last", "input_ids")
        return {"logits": logits, **{name: inputs.get(name) for name in (*rest, "word_ids", "word_to_chars_map")}}


def word_case_types(tokenizer, sources, offsets, ids, word_ids):
    """Letter case of the pre-tokenizer's word that each piece lies in: see src/tokenizer/word-case.ts."""
    types = []
    cache = {}
    for i, source in enumerate(sources):
        # Only added tokens that were typed, and those of the template, have no case.
        if source is None or tokenizer.convert_ids_to_tokens(ids[i]) in tokenizer.all_special_tokens and \
                source[offsets[i][0]:offsets[i][1]] in tokenizer.all_special_tokens:
            types.append(0)
            continue
        key = (source, None if word_ids is None else word_ids[i])
        if key not in cache:
            encoding = tokenizer(source, add_special_tokens=False, return_offsets_mapping=True)
            spans = {}
            for (start, end), word in zip(encoding["offset_mapping"], encoding.word_ids()):
                first, last = spans.get(word, (start, end))
                spans[word] = (min(first, start), max(last, end))
            cache[key] = sorted(spans.values())
        start = offsets[i][0]
        word = next(source[a:b] for a, b in cache[key] if a <= start < b)
        types.append(case_of(word))
    return types


def case_of(word):
    cases = []
    for char in word:
        if char.lower() != char:
            cases.append("u")
        elif char.upper() != char and char != "\u0345":
            cases.append("l")
    upper, lower = cases.count("u"), cases.count("l")
    if not cases:
        return 0
    if upper == 0:
        return 1
    if upper == 1 and cases[0] == "u":
        return 2
    return 3 if lower == 0 else 4


def answers(pipe, case):
    found = {}
    for strategy in STRATEGIES:
        options = dict(ignore_labels=case["ignore"])
        if strategy != "none":
            options["aggregation_strategy"] = strategy
        if case["stride"] is not None:
            options["stride"] = case["stride"]
        if "words" in case:
            options.update(is_split_into_words=True, delimiter=case["delimiter"])
            [entities] = pipe(case["words"], **options)
        else:
            entities = pipe(case["text"], **options)
        # label, score, [index,] word, start, end: the order of the fields is part of the answer
        found[strategy] = [list(entity.values()) for entity in entities]
    return found


def close(a, b):
    return b is not None and without_scores(a) == without_scores(b) and all(
        abs(x[1] - y[1]) < 1e-5 for strategy in a for x, y in zip(a[strategy], b[strategy]))


def without_scores(found):
    return [[entity[:1] + entity[2:] for entity in entities] for entities in found.values()]


def cases_of(texts, words):
    draw = random.Random(5)
    cases = []
    for i, text in enumerate(texts):
        ignore = [[], ["O"], ["O", "LOC", "B-PER"]][i % 3]
        cases.append(dict(text=text, stride=None, ignore=ignore))
        cases.append(dict(text=text, stride=[0, 3, 7, 12, 21][i % 5], ignore=ignore))
        if words and i % 3 == 0 and text.split():
            parts = text.split(" ") if i % 2 else text.split()
            delimiter = draw.choice([" ", "", "_", "😀 "])
            stride = draw.choice([None, 4])
            cases.append(dict(words=parts, delimiter=delimiter, stride=stride, ignore=ignore))
    return cases


def run(name, pieces, texts, words):
    parameters = dict(MODELS[name])
    config = {"tokenizer_class": "BertTokenizer", **parameters.pop("config")}
    model = random_bert(**SHAPE, vocab=len(pieces), **parameters)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "vocab.txt").write_text("".join(f"{piece}\n" for piece in pieces), encoding="utf-8")
        Path(folder, "tokenizer_config.json").write_text(json.dumps(config))
        tokenizer = BertTokenizer.from_pretrained(folder)
    pipe = Noisy(model=model, tokenizer=tokenizer)
    pipe.seen = {}
    pipe.word_case = name == "word-case"
    kept, dropped, labels = [], 0, {}
    for case in cases_of(texts, words):
        tokenizer.model_max_length = 512 if case["stride"] is None else SHORT
        pipe.noise = 0.0
        expected = answers(pipe, case)
        pipe.noise = 2e-5
        if any(without_scores(answers(pipe, case)) != without_scores(expected) for _ in range(3)):
            dropped += 1
            continue
        for entity in expected["first"]:
            labels[entity[0]] = labels.get(entity[0], 0) + 1
        for entities in expected.values():
            for entity in entities:
                entity[1] = round(float(entity[1]), 5)
        # Most texts are shorter than a window: their answers with stride are those without.
        same = bool(kept) and case.get("text") == kept[-1].get("text", 0) and close(expected, kept[-1]["expected"])
        kept.append({**case, "expected": None if same else expected})
    print(name, len(kept), "kept,", dropped, "dropped;", labels, file=sys.stderr)
    return {"model": {**SHAPE, "vocab": len(pieces), **parameters}, "tokenizer_config": config, "cases": kept}


torch.manual_seed(0)
texts = BY_HAND + generated(310, 1)
pieces = vocabulary(texts, skip="яΩ本")
fixture = {
    "short": SHORT,
    "vocab": pieces,
    "models": {
        "cased": run("cased", pieces, texts, words=True),
        "uncased": run("uncased", pieces, texts[::3], words=True),
        "word-case": run("word-case", pieces, texts[1::3], words=True),
    },
}
path = Path(__file__).parent.parent / "fixtures" / "pipeline.json.gz"
path.parent.mkdir(exist_ok=True)
path.write_bytes(gzip.compress(json.dumps(fixture, ensure_ascii=False, separators=(",", ":")).encode(), 9, mtime=0))
print(path.name, path.stat().st_size, "bytes,", len(texts), "texts", file=sys.stderr)
