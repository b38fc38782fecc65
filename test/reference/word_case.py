"""Writes test/fixtures/tokenizer/word-case.json.gz: the word-case rule, said once more in Python, over every code point
and over the generated strings, as hashes (see tokenizer_fixtures.py).

    python test/reference/word_case.py

Python 3.11 knows Unicode 14, the oracle's lower-casing Unicode 16. For characters that Python does not know, and for four
letters that were given an upper case since, the oracle is asked.
"""

import json
import unicodedata

from tokenizers import Tokenizer, normalizers

from tokenizer_fixtures import BLOCK, STRING_BLOCK, Fnv, build_tokenizer, code_points, generate, write

assert unicodedata.unidata_version == "14.0.0"
BLOCKS = 50  # of generated strings
lower = normalizers.Lowercase().normalize_str
LOWER_OF_NEW = {lower(chr(c)) for c in range(0x110000) if not 0xD800 <= c < 0xE000 and lower(chr(c)) != chr(c)}
CHANGED = set("\u019b\u0264\ua7d3\ua7d5")


def is_upper(c):
    return lower(c) != c if unicodedata.category(c) == "Cn" else c.lower() != c


def is_lower(c):
    if is_upper(c) or c == "\u0345":
        return False
    return c in LOWER_OF_NEW if unicodedata.category(c) == "Cn" or c in CHANGED else c.upper() != c


def word_case(word):
    cased = [is_upper(c) for c in word if is_upper(c) or is_lower(c)]
    upper = sum(cased)
    if not cased:
        return 0
    if upper == 0:
        return 1
    if upper == 1 and cased[0]:
        return 2
    return 3 if upper == len(cased) else 4


def add_types(fnv, text, encoding, added):
    """One type a piece. Added tokens, special or not, have none."""
    spans = {}
    for i, word in enumerate(encoding.word_ids):
        if word is not None:
            start, end = encoding.offsets[i]
            spans[word] = (spans.get(word, (start, end))[0], end)
    fnv.add(len(encoding.ids))
    for i, word in enumerate(encoding.word_ids):
        fnv.add(0 if word is None or encoding.ids[i] in added else word_case(text[slice(*spans[word])]))


def main():
    tokenizer = Tokenizer.from_str(json.dumps(build_tokenizer(True)))
    # Pieces that are also words of the vocabulary are never added tokens here: these ids are found only as such.
    added = set(tokenizer.get_added_tokens_decoder()) - {tokenizer.token_to_id("[UNK]")}
    points, strings = [], []
    for block in range(0x110000 // BLOCK):
        fnv = Fnv()
        for c in code_points(block):
            fnv.add(word_case(chr(c)))
        points.append(fnv.hex())
    for block in range(BLOCKS):
        fnv = Fnv()
        for seed in range(block * STRING_BLOCK, (block + 1) * STRING_BLOCK):
            text = generate(seed)
            if "[UNK]" not in text:
                add_types(fnv, text, tokenizer.encode(text), added)
        strings.append(fnv.hex())
    write("word-case", {"codePoints": points, "strings": strings})


if __name__ == "__main__":
    main()
