"""Writes test/fixtures/tokenizer/: two small tokenizers of our own, and hashes of what the pinned `tokenizers` does with them.

    python test/reference/tokenizer_fixtures.py                     # all; a few minutes
    python test/reference/tokenizer_fixtures.py default             # after a change of weights/vocab.txt: seconds
    python test/reference/tokenizer_fixtures.py show cased 0x1f600  # the oracle's answers for one block of code points
    python test/reference/tokenizer_fixtures.py show-strings uncased 17   # … or of generated strings

A million answers do not fit into a repository, a few hundred hashes do. test/tokenizer/oracle.ts computes the same strings
and the same hashes; a hash that differs names its block, and `show` prints what is expected there.

CoNLL-2003 and the published vocabularies are not in the repository. Where ../shared has them, hashes of the oracle's
answers are written too, never the text; the test that uses them says so where they are absent.
"""

import functools
import gzip
import json
import sys
from pathlib import Path

import tokenizers
from tokenizers import Tokenizer, normalizers

assert tokenizers.__version__ == "0.23.3", tokenizers.__version__
ROOT = Path(__file__).parents[2]
TARGET = ROOT / "test" / "fixtures" / "tokenizer"
SHARED = ROOT.parent / "shared"

BLOCK = 4096  # code points a hash
STRINGS = 100_000
STRING_BLOCK = 500  # strings a hash


# --- integers at random, the same here and in TypeScript --------------------------------------------------------------


class Random:
    """mulberry32."""

    def __init__(self, seed):
        self.state = seed & 0xFFFFFFFF

    def below(self, n):
        self.state = (self.state + 0x6D2B79F5) & 0xFFFFFFFF
        t = self.state
        t = (t ^ (t >> 15)) * (t | 1) & 0xFFFFFFFF
        t = (t ^ (t + ((t ^ (t >> 7)) * (t | 61) & 0xFFFFFFFF))) & 0xFFFFFFFF
        return (t ^ (t >> 14)) % n


class Fnv:
    """FNV-1a over 32-bit numbers."""

    def __init__(self):
        self.hash = 0x811C9DC5

    def add(self, *numbers):
        for n in numbers:
            self.hash = ((self.hash ^ (n & 0xFFFFFFFF)) * 0x01000193) & 0xFFFFFFFF

    def hex(self):
        return f"{self.hash:08x}"


# --- generated strings ------------------------------------------------------------------------------------------------

# Ranges of code points, by kind of text. The TypeScript side reads them from the fixture, so they are written down once.
ALPHABETS = {
    "ascii": [[0x61, 0x7A], [0x61, 0x7A], [0x41, 0x5A], [0x30, 0x39]],
    "latin": [[0x61, 0x7A], [0xC0, 0x24F], [0x1E00, 0x1EFF]],
    "greek-cyrillic": [[0x370, 0x3FF], [0x400, 0x52F], [0x1F00, 0x1FFF]],
    "cjk": [[0x4E00, 0x4E40], [0x3400, 0x3410], [0xF900, 0xFA20], [0x3041, 0x30FF], [0x3000, 0x3020]],
    "astral-cjk": [[0x20000, 0x20010], [0x2A700, 0x2A710], [0x2B810, 0x2B930], [0x2F800, 0x2FA20], [0x30000, 0x30008]],
    "hangul": [[0xAC00, 0xD7A3], [0x1100, 0x11FF]],
    "right-to-left": [[0x590, 0x5FF], [0x600, 0x6FF], [0x1E900, 0x1E94F], [0x200E, 0x200F], [0x202A, 0x202E]],
    "indic": [[0x900, 0x9FF], [0xB40, 0xBFF], [0xC80, 0xCFF], [0xD40, 0xDFF], [0xE00, 0xE7F], [0xF00, 0xFFF], [0x1B00, 0x1B7F]],
    "marks": [[0x300, 0x36F], [0x1D157, 0x1D172], [0x1D1BB, 0x1D1C0], [0x8D3, 0x8FF], [0x302A, 0x302F], [0x1DC0, 0x1DFF], [0xF71, 0xF81], [0x61, 0x65], [0xC0, 0xC5]],
    "emoji": [[0x1F468, 0x1F469], [0x200D, 0x200D], [0x200D, 0x200D], [0x1F3FB, 0x1F3FF], [0xFE0F, 0xFE0F], [0x2764, 0x2764], [0x1F600, 0x1F64F], [0x1F1E6, 0x1F1FF]],
    "controls": [[0, 0x20], [0x7F, 0xA0], [0x2000, 0x200F], [0x2028, 0x202F], [0xFEFF, 0xFEFF], [0xFFF9, 0xFFFD], [0xE000, 0xE001], [0xE0001, 0xE0001]],
    "punctuation": [[0x21, 0x2F], [0x3A, 0x40], [0x5B, 0x60], [0x7B, 0x7E], [0xA1, 0xBF], [0x2010, 0x205E], [0x2E00, 0x2E5D], [0xFF01, 0xFF0F]],
    "letters": [[0x10400, 0x1044F], [0x1C80, 0x1CBF], [0x10A0, 0x10FF], [0x13A0, 0x13FF], [0xAB70, 0xABBF], [0x24B6, 0x24E9], [0x2160, 0x217F], [0xA640, 0xA7CA], [0xFB00, 0xFB06]],
    "any": [[0, 0xD7FF], [0xE000, 0x10FFFF], [0x10000, 0x323AF], [0, 0x2FFF]],
}
SPECIALS = ["[CLS]", "[SEP]", "[MASK]", "[UNK]", "[PAD]", "[SE", "[sep]", "SEP]", "##", "[LEFT]", "[RIGHT]", "[WORD]", "New York", "new york", "NEW YORK", "Café", "cafe\u0301", "CAFÉ", "[SEP][CLS]", "[[SEP]]", "x[WORD]", "[WORD]é", " [LEFT] ", "  [RIGHT]  ", "[RIGHT][LEFT]", "don't", "do not", "n't", "'s"]
KINDS = list(ALPHABETS)


def generate(seed):
    random = Random(seed)
    parts = []
    for _ in range(1 + random.below(8)):
        choice = random.below(len(KINDS) + 3)
        if choice < len(KINDS):
            ranges = ALPHABETS[KINDS[choice]]
            length = 1 + random.below(9)
            parts += [pick(ranges, random) for _ in range(length)]
        elif choice == len(KINDS):
            parts.append(SPECIALS[random.below(len(SPECIALS))])
        elif choice == len(KINDS) + 1 and random.below(8) == 0:
            # 99 to 102 characters, in one of three widths of UTF-8 and two of UTF-16
            parts.append(["a", "é", "𐐨"][random.below(3)] * (99 + random.below(4)))
        else:
            parts.append(" ")
        if random.below(3) == 0:
            parts.append(" ")
    return "".join(parts)


def pick(ranges, random):
    first, last = ranges[random.below(len(ranges))]
    return chr(first + random.below(last - first + 1))


# --- the tokenizers ---------------------------------------------------------------------------------------------------


def outputs(lowercase):
    """Every character that normalization makes out of another one: a wrong mapping then gives another id."""
    normalizer = normalizers.BertNormalizer(clean_text=True, handle_chinese_chars=True, lowercase=lowercase)
    found = set()
    for c in range(0x110000):
        if not 0xD800 <= c < 0xE000:
            after = normalizer.normalize_str(chr(c))
            if after.strip() != chr(c):
                found |= set(after)
    return found - {" "}


def build_vocabulary(lowercase):
    pieces = ["[PAD]", "[unused0]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    random = Random(20 + lowercase)
    alone = set(map(chr, range(0x21, 0x7F))) | {chr(c) for c in (0xE9, 0xC9, 0x3C2, 0x3C3, 0x10428, 0x4E00, 0x20000)}
    if lowercase:
        alone |= outputs(True)
    letters = sorted(alone)
    pieces += letters + ["##" + x for x in letters]
    alphabet = "abcdefghijklmnopqrstuvwxyz" + ("" if lowercase else "ABCDEFGHIJKLMNOPQRSTUVWXYZ") + "éß"
    for _ in range(1500):
        word = "".join(alphabet[random.below(len(alphabet))] for _ in range(2 + random.below(2)))
        pieces.append(("##" if random.below(2) else "") + word)
    pieces += ["a" * 99, "##" + "a" * 30, "é" * 7, "##é" + "é", "don", "##'", "##t", "not", "cafe", "york"]
    return {piece: i for i, piece in enumerate(dict.fromkeys(pieces))}


def build_tokenizer(lowercase):
    vocab = build_vocabulary(lowercase)
    plain = dict(single_word=False, lstrip=False, rstrip=False, normalized=False, special=True)
    added = [dict(id=vocab[t], content=t, **plain) for t in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")]
    extra = [
        ("[LEFT]", dict(lstrip=True)),
        ("[RIGHT]", dict(rstrip=True)),
        ("[WORD]", dict(single_word=True)),
        ("New York", dict(normalized=True, special=False)),
        ("Café", dict(normalized=True, special=False, single_word=True)),
    ]
    added += [dict(id=len(vocab) + i, content=t, **{**plain, **flags}) for i, (t, flags) in enumerate(extra)]
    special = lambda name, type_id: {"SpecialToken": {"id": name, "type_id": type_id}}
    sequence = lambda name, type_id: {"Sequence": {"id": name, "type_id": type_id}}
    single = [special("[CLS]", 0), sequence("A", 0), special("[SEP]", 0)]
    names = {t: {"id": t, "ids": [vocab[t]], "tokens": [t]} for t in ("[CLS]", "[SEP]")}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": dict(type="BertNormalizer", clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=lowercase),
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": dict(type="TemplateProcessing", single=single, pair=single + [sequence("B", 1), special("[SEP]", 1)], special_tokens=names),
        "decoder": dict(type="WordPiece", prefix="##", cleanup=True),
        "model": dict(type="WordPiece", unk_token="[UNK]", continuing_subword_prefix="##", max_input_chars_per_word=100, vocab=vocab),
    }


# --- hashes of answers ------------------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=16)
def utf16_places(text):
    """Code point → UTF-16 unit."""
    places = [0]
    for c in text:
        places.append(places[-1] + (2 if ord(c) > 0xFFFF else 1))
    return places


def add_encoding(fnv, encoding, text_of=None):
    """`text_of`: the text that piece i is from, to count its offsets in UTF-16 units; without it they count code points."""
    fnv.add(len(encoding.ids))
    words = encoding.word_ids
    for i, offsets in enumerate(encoding.offsets):
        if text_of is not None and encoding.special_tokens_mask[i] == 0:
            places = utf16_places(text_of(i))
            offsets = [places[offset] for offset in offsets]
        fnv.add(encoding.ids[i], *offsets)
        fnv.add(-1 if words[i] is None else words[i], encoding.type_ids[i], encoding.special_tokens_mask[i])


def add_text(fnv, text):
    fnv.add(len(text), *map(ord, text))


def hash_string(fnv, tokenizer, text):
    """Everything that is compared of one generated string."""
    tokenizer.encode_special_tokens = False
    encoding = tokenizer.encode(text)
    add_encoding(fnv, encoding, lambda i: text)
    add_encoding(fnv, encoding)
    add_text(fnv, tokenizer.decode(encoding.ids))
    add_text(fnv, tokenizer.decode(encoding.ids, skip_special_tokens=False))
    words = text.split(" ")
    encoding = tokenizer.encode(words, is_pretokenized=True, add_special_tokens=False)
    word_ids = encoding.word_ids
    add_encoding(fnv, encoding, lambda i: words[word_ids[i]])
    if "[" in text:
        tokenizer.encode_special_tokens = True
        add_encoding(fnv, tokenizer.encode(text, text), lambda i: text)


def around(c):
    return f"a{chr(c)}b"


def code_points(block):
    return [c for c in range(block * BLOCK, (block + 1) * BLOCK) if not 0xD800 <= c < 0xE000]


def hash_code_points(tokenizer, block):
    fnv = Fnv()
    for c in code_points(block):
        encoding = tokenizer.encode(around(c), add_special_tokens=False)
        add_encoding(fnv, encoding, lambda i: around(c))
    return fnv.hex()


def hash_strings(tokenizer, block):
    fnv = Fnv()
    for seed in range(block * STRING_BLOCK, (block + 1) * STRING_BLOCK):
        hash_string(fnv, tokenizer, generate(seed))
    return fnv.hex()


def conll_sentences(name):
    sentences, words = [], []
    for line in (SHARED / "conll2003" / name).read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("-DOCSTART-"):
            words.append(line.split(" ")[0])
        elif words:
            sentences.append(words)
            words = []
    return sentences + ([words] if words else [])


def hash_conll(tokenizer, name):
    """Per 500 sentences: as text, and as words."""
    hashes = []
    sentences = conll_sentences(name)
    for first in range(0, len(sentences), 500):
        fnv = Fnv()
        for words in sentences[first : first + 500]:
            text = " ".join(words)
            encoding = tokenizer.encode(text)
            add_encoding(fnv, encoding, lambda i: text)
            add_text(fnv, tokenizer.decode(encoding.ids))
            encoding = tokenizer.encode(words, is_pretokenized=True)
            word_ids = encoding.word_ids
            add_encoding(fnv, encoding, lambda i: words[word_ids[i]])
        hashes.append(fnv.hex())
    return hashes


# --- files ------------------------------------------------------------------------------------------------------------


def write(name, value):
    data = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    path = TARGET / f"{name}.json.gz"
    path.write_bytes(gzip.compress(data, 9, mtime=0))
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size} bytes", file=sys.stderr)


def main():
    TARGET.mkdir(parents=True, exist_ok=True)
    for name, lowercase in (("cased", False), ("uncased", True)):
        json_text = build_tokenizer(lowercase)
        write(name, json_text)
        tokenizer = Tokenizer.from_str(json.dumps(json_text))
        write(
            f"{name}-hashes",
            {
                "codePoints": [hash_code_points(tokenizer, block) for block in range(0x110000 // BLOCK)],
                "strings": [hash_strings(tokenizer, block) for block in range(STRINGS // STRING_BLOCK)],
            },
        )
    write("strings", {"seeds": STRINGS, "block": STRING_BLOCK, "alphabets": ALPHABETS, "specials": SPECIALS, "codePointBlock": BLOCK, "sample": [generate(seed) for seed in range(20)]})
    default_hashes()
    published = SHARED / "dslim-bert-base-NER" / "tokenizer.json"
    if published.exists():
        tokenizer = Tokenizer.from_file(str(published))
        write("conll-hashes", {name: hash_conll(tokenizer, name) for name in ("eng.train", "eng.testa")})


def default_hashes():
    """The vocabulary of the model in weights/, as `transformers` builds a tokenizer out of vocab.txt."""
    folder = ROOT / "weights"
    vocab = {line: i for i, line in enumerate((folder / "vocab.txt").read_text(encoding="utf-8").split("\n")[:-1])}
    config = json.loads((folder / "tokenizer_config.json").read_text())
    value = build_tokenizer(config["do_lower_case"])
    value["model"]["vocab"] = vocab
    value["added_tokens"] = [{**token, "id": vocab[token["content"]]} for token in value["added_tokens"][:5]]
    for name, special in value["post_processor"]["special_tokens"].items():
        special["ids"] = [vocab[name]]
    tokenizer = Tokenizer.from_str(json.dumps(value))
    hashes = {"strings": [hash_strings(tokenizer, block) for block in range(20)]}
    if SHARED.exists():
        hashes |= {name: hash_conll(tokenizer, name) for name in ("eng.train", "eng.testa")}
    write("default-hashes", hashes)


def show(kind, name, block):
    tokenizer = Tokenizer.from_str(json.dumps(build_tokenizer(name == "uncased")))
    texts = map(around, code_points(block // BLOCK)) if kind == "show" else (generate(s) for s in range(block * STRING_BLOCK, (block + 1) * STRING_BLOCK))
    for text in texts:
        encoding = tokenizer.encode(text, add_special_tokens=kind != "show")
        print(json.dumps({"text": text, "ids": encoding.ids, "offsets": encoding.offsets, "wordIds": encoding.word_ids}))


if __name__ == "__main__":
    if sys.argv[1:] == ["default"]:  # the model in weights/ has another vocabulary
        default_hashes()
    elif len(sys.argv) == 4:
        show(sys.argv[1], sys.argv[2], int(sys.argv[3], 0))
    else:
        main()
