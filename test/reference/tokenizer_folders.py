"""Writes test/fixtures/tokenizer/folders.json.gz: folders of tokenizer files, texts, and what AutoTokenizer makes of them.

    python test/reference/tokenizer_folders.py

Which class is named, which files are there, and where tokens are declared is drawn at random. A case says either the answers, or
`refused`: the oracle fails, or answers with other ids than the files declare, where this project gives an error.
"""

import json
import os
import random
import tempfile

import transformers
from tokenizer_fixtures import write
from transformers import AutoTokenizer

transformers.logging.set_verbosity_error()

CASES = 800
BERT = ["BertTokenizer", "BertTokenizerFast", "DistilBertTokenizer", "DistilBertTokenizerFast", "ElectraTokenizerFast", "MobileBertTokenizer"]
PLAIN = ["PreTrainedTokenizerFast", "TokenizersBackend"]
PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "st", "##.", ".", "o", "'", "clock", "##clock", "Ada", "ada", "##a", "d", "é", "e", "北", "##e", "<unk>", "<s>", "New"]
TOKENS = ["o'clock", "st.", "[X]", "<mask>", "</s>", "<s>", "<ent>", "ada", "New", "Ada", "[MASK]", "[PAD]", "xé", " y"]
NAMES = ["unk", "sep", "pad", "cls", "mask", "bos", "eos"]
FLAGS = ("lstrip", "rstrip", "single_word", "normalized")


class Folder:
    def __init__(self, seed):
        self.r = random.Random(seed)
        self.pieces = [p for p in PIECES if p in PIECES[:4] or self.r.random() < 0.8]
        self.end = len(self.pieces)
        self.files = {}

    def chance(self, p):
        return self.r.random() < p

    def flags(self, token, typed=None):
        value = {"content": token, **{flag: self.chance(0.25) for flag in FLAGS}}
        return {"__type": "AddedToken", **value} if typed else value

    def token(self, typed):
        token = self.r.choice(TOKENS)
        return self.flags(token, typed) if typed is not None and self.chance(0.3) else token

    def names(self, typed):
        values = {}
        for name in self.r.sample(NAMES, self.r.randint(0, 4)):
            own = {"unk": "[UNK]", "sep": "[SEP]", "cls": "[CLS]"}.get(name)
            token = own if own is not None and self.chance(0.85) else self.r.choice(TOKENS)
            values[f"{name}_token"] = self.flags(token, typed) if self.chance(0.3) else token
        if self.chance(0.1):
            values["entity_token"] = self.token(None)
        if self.chance(0.05):
            values["mask_token"] = None
        return values

    def extras(self, values, typed):
        if self.chance(0.3):
            values["additional_special_tokens"] = [self.token(typed) for _ in range(self.r.randint(0, 2))]
        if self.chance(0.2):
            values["extra_special_tokens"] = [self.token(typed) for _ in range(self.r.randint(0, 2))]
        elif self.chance(0.1):
            values["extra_special_tokens"] = {"image_token": self.token(None), "box_token": self.token(None)}

    def numbered(self):
        """Tokens with ids: those of the vocabulary, or the next; now and then another."""
        ids, end = {}, self.end
        for token in self.r.sample(TOKENS, self.r.randint(0, 4)):
            if token in self.pieces:
                ids[token] = self.pieces.index(token)
            else:
                ids[token], end = end, end + 1
            if self.chance(0.03):
                ids[token] += 1
        return ids

    def build(self):
        r, files = self.r, self.files
        config = {}
        kind = r.choice(["none", "tokenizer_config", "tokenizer_config", "config"])
        name = r.choice(BERT + PLAIN + PLAIN)
        isPlain = kind != "none" and name in PLAIN
        model = {"model_type": "bert"}
        if kind == "tokenizer_config":
            config["tokenizer_class"] = name
        if kind == "config":
            model["tokenizer_class"] = name
        files["config.json"] = model
        config |= self.names(True)
        self.extras(config, True)
        if self.chance(0.4):
            config["added_tokens_decoder"] = {str(i): {**self.flags(t), "special": self.chance(0.5)} for t, i in self.numbered().items()}
        lower = self.chance(0.5)
        if not lower or self.chance(0.5):
            config["do_lower_case"] = lower
        if self.chance(0.2):
            config["strip_accents"] = r.choice([None, True, False])
        if config or self.chance(0.7):
            files["tokenizer_config.json"] = config
        if self.chance(0.4):
            values = self.names(None)
            self.extras(values, None)
            files["special_tokens_map.json"] = values
        if self.chance(0.4):
            files["added_tokens.json"] = self.numbered()
        if isPlain or self.chance(0.5):
            files["tokenizer.json"] = self.tokenizer_json(lower)
        else:
            spaces = lambda: r.choice(["", "", "", "", " ", "\t", "\u3000", "\r"])
            ending = r.choice(["\n", "\n", "\r\n"])
            files["vocab.txt"] = "".join(f"{piece}{spaces()}{ending}" for piece in self.pieces)
        return {name: value if isinstance(value, str) else json.dumps(value) for name, value in files.items()}

    def tokenizer_json(self, lower):
        vocab = {piece: i for i, piece in enumerate(self.pieces)}
        added = {t: vocab[t] for t in PIECES[:4]} if self.chance(0.7) else {}
        added |= self.numbered()
        added = [{"id": i, "special": self.chance(0.6), **self.flags(t)} for t, i in sorted(added.items(), key=lambda item: item[1])]
        special = lambda name, type_id: {"SpecialToken": {"id": name, "type_id": type_id}}
        sequence = lambda name, type_id: {"Sequence": {"id": name, "type_id": type_id}}
        single = [special("[CLS]", 0), sequence("A", 0), special("[SEP]", 0)]
        if self.chance(0.2):
            single = single[:2]
        names = {t: {"id": t, "ids": [vocab[t]], "tokens": [t]} for t in ("[CLS]", "[SEP]")}
        template = {"type": "TemplateProcessing", "single": single, "pair": single + [sequence("B", 1), special("[SEP]", 1)], "special_tokens": names}
        normalizer = {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": lower}
        model = {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": self.r.choice([100, 100, 3]), "vocab": vocab}
        return {
            "version": "1.0",
            "truncation": None,
            "padding": None,
            "added_tokens": added,
            "normalizer": normalizer,
            "pre_tokenizer": {"type": "BertPreTokenizer"},
            "post_processor": self.r.choice([template, None]),
            "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
            "model": model,
        }

    def texts(self):
        words = TOKENS + PIECES + [" ", " ", "  ", "Élan", "zz", "ADA", "st.x", "[UNK]", ","]
        return ["".join(self.r.choice([w, f" {w}"]) for w in self.r.choices(words, k=self.r.randint(1, 7))) for _ in range(6)]


def said_ids(files):
    """The ids that the files which count for it declare."""
    config = json.loads(files.get("tokenizer_config.json", "{}"))
    if "added_tokens_decoder" in config:
        return {token["content"]: int(i) for i, token in config["added_tokens_decoder"].items()}
    ids = json.loads(files.get("added_tokens.json", "{}"))
    for token in json.loads(files.get("tokenizer.json", '{"added_tokens": []}'))["added_tokens"]:
        ids[token["content"]] = token["id"]
    return ids


def is_refused(files, tokenizer, pieces):
    listed = said_ids(files)
    if any(tokenizer.convert_tokens_to_ids(token) != i for token, i in listed.items()):
        return True
    plain = type(tokenizer).__name__ == "TokenizersBackend"
    return not plain and (tokenizer.unk_token not in pieces or any(token not in pieces and token not in listed for token in (tokenizer.cls_token, tokenizer.sep_token)))


def is_consistent(files, pieces):
    """Whether the ids of tokenizer.json are those that its reader gives, and no other file has another token for one."""
    own = json.loads(files.get("tokenizer.json", '{"added_tokens": []}'))["added_tokens"]
    ids = {token: i for i, token in enumerate(pieces)}
    for token in own:
        ids.setdefault(token["content"], len(ids))
    other = json.loads(files.get("added_tokens.json", "{}"))
    return all(ids[token["content"]] == token["id"] for token in own) and not any(token["id"] == i and token["content"] != content for token in own for content, i in other.items())


def is_defined(tokenizer):
    """Of two added tokens that normalize alike the oracle takes either."""
    spell = tokenizer.backend_tokenizer.normalizer.normalize_str
    contents = [spell(token.content) for token in tokenizer.added_tokens_decoder.values() if token.normalized]
    return len(set(contents)) == len(contents)


def answer(files, texts, pieces):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            with open(os.path.join(folder, name), "w", encoding="utf-8", newline="") as file:
                file.write(text)
        try:
            tokenizer = AutoTokenizer.from_pretrained(folder)
            if not is_consistent(files, pieces):
                return {}
            if is_refused(files, tokenizer, pieces):
                return None
            if not is_defined(tokenizer):
                return {}
            answers = []
            for text in texts:
                encoding = tokenizer(text, return_offsets_mapping=True, return_token_type_ids=True)
                answers.append([encoding["input_ids"], sum(map(list, encoding["offset_mapping"]), []), encoding["token_type_ids"]])
            names = {name: getattr(tokenizer, f"{name}_token_id") for name in NAMES[:5] if getattr(tokenizer, f"{name}_token") is not None}
            return {"answers": answers, "special": names}
        except BaseException as error:
            return None if isinstance(error, Exception) or type(error).__name__ == "PanicException" else exit(1)


def case(seed):
    folder = Folder(seed)
    files, texts = folder.build(), folder.texts()
    result = answer(files, texts, folder.pieces)
    return {"files": files, "texts": texts, **({"refused": True} if result is None else result)}


if __name__ == "__main__":
    cases = [c for c in map(case, range(CASES)) if len(c) > 2]
    print(sum("refused" in case for case in cases), "of", CASES, "refused")
    write("folders", cases)
