"""The shipped model in Python's transformers, on raw text.

Two things differ from an ordinary checkpoint. The weights are int8: with the package compressed-tensors installed,
`from_pretrained` reads them by itself; without it, the four lines of `quantise.dequantised` do. And the token types carry
letter case, which no Python tokenizer fills in: `word_case` below does.

    python load_in_transformers.py .. "Angela Merkel met Tim Cook at Apple's office in Berlin."
"""

from __future__ import annotations

import sys

import torch
from transformers import AutoModelForTokenClassification, AutoTokenizer, BatchEncoding
from transformers.utils import is_compressed_tensors_available

from conll import case_type


def word_case(text: str, encoding: BatchEncoding) -> list[int]:
    """Token types of one text: the letter case of the word that each piece belongs to, 0 for [CLS] and [SEP]."""
    words = encoding.word_ids()
    offsets = encoding["offset_mapping"]
    spans: dict[int, tuple[int, int]] = {}
    for word, (start, end) in zip(words, offsets, strict=True):
        if word is not None:
            spans[word] = (spans.get(word, (start, end))[0], end)
    return [0 if w is None else case_type(text[slice(*spans[w])]) for w in words]


def main(folder: str, text: str) -> None:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    if is_compressed_tensors_available():
        model = AutoModelForTokenClassification.from_pretrained(folder).eval()
    else:
        from model import load

        model = load(folder)
    encoding = tokenizer(text, return_offsets_mapping=True)
    with torch.inference_mode():
        logits = model(
            input_ids=torch.tensor([encoding["input_ids"]]), token_type_ids=torch.tensor([word_case(text, encoding)])
        ).logits[0]
    for token, row in zip(encoding.tokens(), logits.softmax(-1), strict=True):
        best = int(row.argmax())
        print(f"{token:<15} {model.config.id2label[best]:<7} {row[best]:.4f}")


if __name__ == "__main__":
    main(*sys.argv[1:3])
