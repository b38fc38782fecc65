"""Writes test/fixtures/tokenizer/random.json.gz: tokenizers as no one publishes them, texts, and hashes of the oracle's answers.

    python test/reference/random_tokenizers.py

Every switch that a tokenizer.json of BERT's kind has is set at random: the normalizer's four steps, the prefix, the longest
word, templates and their type ids, the decoder, added tokens with each of their flags, inside of words and over spaces.
"""

import json
import random

from tokenizer_fixtures import Fnv, add_encoding, add_text, write
from tokenizers import Tokenizer

TOKENIZERS = 200
TEXTS = 12
LETTERS = "abcdeABCDEéÉßΣσς İıǅ北京𠀀한각가😀.,-[]#'_1 \t\n\u00a0\u0301\u0334\u0345\U0001d165\u200d\ufeff\x00\x0b\u0085"
ADDED = ["[CLS]", "[SEP]", "New York", "é", "É", "a", "A b", "[X]", " x", "x ", "北", "한", "_a"]
FLAGS = ("single_word", "lstrip", "rstrip", "normalized", "special")


class Choices(random.Random):
    def word(self, low, high):
        return "".join(self.choice(LETTERS) for _ in range(self.randint(low, high)))

    def flag(self):
        return self.random() < 0.5


def vocabulary(r, prefix):
    pieces = [r.choice(["[UNK]", "[UNK]", "<u>", "é"]), "[CLS]", "[SEP]"]
    for _ in range(r.choice([5, 30, 90])):
        word = r.word(1, 3).strip()
        pieces.append(prefix + word if r.flag() else word)
    for letter in LETTERS:
        pieces += [spelling for spelling in (letter, prefix + letter) if letter.strip() and r.random() < 0.6]
    return {piece: i for i, piece in enumerate(dict.fromkeys(filter(None, pieces)))}


def added_tokens(r, vocab):
    contents = [r.choice([r.word(1, 3), r.choice(list(vocab)), r.choice(ADDED)]) for _ in range(r.choice([0, 1, 3, 8]))]
    ids = dict(vocab)
    tokens = []
    for content in dict.fromkeys(filter(None, contents)):
        ids.setdefault(content, len(ids))
        tokens.append({"id": ids[content], "content": content, **{flag: r.random() < 0.4 for flag in FLAGS}})
    return sorted(tokens, key=lambda token: token["id"])


def post_processor(r):
    special = lambda name: {"SpecialToken": {"id": name, "type_id": r.choice([0, 0, 1, 5])}}
    sequence = lambda name: {"Sequence": {"id": name, "type_id": r.choice([0, 0, 1, 5])}}
    several = lambda name: [special(name) for _ in range(r.randint(0, 2))]
    ids = r.choice([[1], [1, 2]])
    names = {
        "[CLS]": {"id": "[CLS]", "ids": ids, "tokens": ["[CLS]", "[SEP]"][: len(ids)]},
        "[SEP]": {"id": "[SEP]", "ids": [2], "tokens": ["[SEP]"]},
    }
    single = several("[CLS]") + [sequence("A")] + several("[SEP]")
    pair = several("[CLS]") + [sequence("A"), special("[SEP]"), sequence("B")] + several("[SEP]")
    template = {"type": "TemplateProcessing", "single": single, "pair": pair, "special_tokens": names}
    return r.choice([None, {"type": "BertProcessing", "sep": ["[SEP]", 2], "cls": ["[CLS]", 1]}, template, template])


def tokenizer_json(r):
    prefix = r.choice(["##", "##", "##", "", "@@", "é", "##a"])
    vocab = vocabulary(r, prefix)
    steps = {step: r.flag() for step in ("clean_text", "handle_chinese_chars", "lowercase")}
    normalizer = {"type": "BertNormalizer", **steps, "strip_accents": r.choice([None, True, False])}
    model = {"type": "WordPiece", "unk_token": next(iter(vocab)), "continuing_subword_prefix": prefix}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added_tokens(r, vocab),
        "normalizer": None if r.random() < 0.1 else normalizer,
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": post_processor(r),
        "decoder": r.choice([None, {"type": "WordPiece", "prefix": r.choice([prefix, "##"]), "cleanup": r.flag()}]),
        "model": {**model, "max_input_chars_per_word": r.choice([100, 100, 3, 1, 0]), "vocab": vocab},
    }


def is_defined(tokenizer, value):
    """Of two added tokens that normalize alike the oracle takes either; one of which nothing is left it finds everywhere."""
    contents = [token["content"] for token in value["added_tokens"] if token["normalized"]]
    if tokenizer.normalizer is not None:
        contents = [tokenizer.normalizer.normalize_str(content) for content in contents]
    return len(set(contents)) == len(contents) and "" not in contents


def text(r, value):
    contents = [token["content"] for token in value["added_tokens"]] + ["[CLS]", "[SEP]"]
    pieces = list(value["model"]["vocab"])
    choose = lambda: r.choice([r.word(0, 6), " ", r.choice(pieces), r.choice(contents), r.choice(contents).upper(), r.choice(contents).lower()])
    return "".join(choose() for _ in range(r.randint(0, 6)))


def add_answers(fnv, tokenizer, a, b, ids):
    """Everything that is compared of two texts and some ids."""
    tokenizer.encode_special_tokens = False
    for special in (True, False):
        add_encoding(fnv, tokenizer.encode(a, add_special_tokens=special), lambda i: a)
        add_encoding(fnv, tokenizer.encode(a, b, add_special_tokens=special))
        add_text(fnv, tokenizer.decode(ids, skip_special_tokens=special))
    add_encoding(fnv, tokenizer.encode([a, b], is_pretokenized=True))
    tokenizer.encode_special_tokens = True
    add_encoding(fnv, tokenizer.encode(a))


def case(seed):
    """One tokenizer with its texts; None where the oracle has no one answer, or breaks off."""
    r = Choices(seed)
    value = tokenizer_json(r)
    tokenizer = Tokenizer.from_str(json.dumps(value))
    if not is_defined(tokenizer, value):
        return None
    fnv = Fnv()
    texts = []
    for _ in range(TEXTS):
        a, b = text(r, value), text(r, value)
        ids = [r.randrange(len(value["model"]["vocab"]) + 9) for _ in range(6)]
        try:
            add_answers(fnv, tokenizer, a, b, ids)
        except BaseException as error:  # a panic, where white space that one token took is wanted by the next
            if type(error).__name__ != "PanicException":
                raise
            return None
        texts.append([a, b, ids])
    return {"tokenizer": value, "texts": texts, "hash": fnv.hex()}


if __name__ == "__main__":
    cases = filter(None, map(case, range(10 * TOKENIZERS)))
    write("random", [next(cases) for _ in range(TOKENIZERS)])
