"""The student: MiniLM-L6 as a token classifier with letter case as five token types; loading, batches of pieces, logits of words."""

from __future__ import annotations

import ctypes
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from transformers import BertConfig, BertForTokenClassification

import conll
from conll import IGNORE, LABELS, Encoder, Pieces
from quantise import dequantised


def keep_memory() -> None:
    """glibc hands every large tensor back to the system and faults its pages in again at the next step. In a virtual
    machine that cost nine tenths of the time here. Keep freed memory in one heap instead. No effect outside glibc."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        for option, value in ((-4, 0), (-1, 2**31 - 1), (-2, 256 << 20), (-8, 1)):  # MMAP_MAX TRIM_THRESHOLD TOP_PAD ARENA_MAX
            libc.mallopt(option, value)


def build(start: str | Path) -> BertForTokenClassification:
    """The pretrained encoder with a new classifier, and five rows of token types: copies of row 0 plus noise of 0.005."""
    model = BertForTokenClassification.from_pretrained(
        start,
        num_labels=len(LABELS),
        id2label=dict(enumerate(LABELS)),
        label2id=conll.LABEL_ID,
        hidden_dropout_prob=0.1,
        attention_probs_dropout_prob=0.0,  # lets torch use its fused attention; 0.1 brings nothing measurable here
        attn_implementation="sdpa",
        dtype=torch.float32,
    )
    model.config.architectures = ["BertForTokenClassification"]
    rows = model.bert.embeddings.token_type_embeddings.weight.data[:1].repeat(5, 1)
    rows[1:] += 0.005 * torch.randn(4, rows.shape[1])
    model.bert.embeddings.token_type_embeddings = torch.nn.Embedding.from_pretrained(rows, freeze=False)
    model.config.type_vocab_size = 5
    return model


def load(folder: str | Path, weights: str = "model.safetensors") -> BertForTokenClassification:
    """A float or an int8 folder. Quantised weights are dequantised, so that the arithmetic is fp32."""
    config = json.loads((Path(folder) / "config.json").read_text(encoding="utf-8"))
    for ours in ("quantization_config", "bert_ner"):
        config.pop(ours, None)
    model = BertForTokenClassification(BertConfig(**config))
    model.load_state_dict(dequantised(load_file(Path(folder) / weights)), strict=True)
    return model.eval()


def tensors(batch: list[Pieces]) -> dict[str, torch.Tensor]:
    longest = max(len(e.ids) for e in batch)

    def pad(rows: list[list[int]], value: int) -> torch.Tensor:
        return torch.tensor([r + [value] * (longest - len(r)) for r in rows])

    out = {
        "input_ids": pad([e.ids for e in batch], 0),
        "token_type_ids": pad([e.types for e in batch], 0),
        "labels": pad([e.labels for e in batch], IGNORE),
        "inner": pad([e.inner for e in batch], IGNORE),
    }
    if any(e.soft is not None for e in batch):
        soft = np.zeros((len(batch), longest, len(LABELS)), np.float32)
        for row, e in zip(soft, batch, strict=True):
            if e.soft is not None:
                row[: len(e.ids)] = e.soft
        out["soft"] = torch.from_numpy(soft)
    if any(len(e.ids) != longest for e in batch):
        out["attention_mask"] = pad([[1] * len(e.ids) for e in batch], 0)
    return out


@torch.inference_mode()
def logits_of(model: torch.nn.Module, encoder: Encoder, sentences: Sequence[Sequence[str]]) -> list[np.ndarray]:
    """Of each sentence, read alone, the logits of its words, [words, labels]: those of their first pieces. Sentences of equal length
    share a batch, so that nothing is padded."""
    encoded = [encoder.wrap([encoder.sentence(words)]) for words in sentences]
    order: dict[int, list[int]] = {}
    for k, e in enumerate(encoded):
        order.setdefault(len(e.ids), []).append(k)
    found: list[np.ndarray] = [np.zeros((0, len(LABELS)))] * len(sentences)
    training = model.training
    model.eval()
    for length, members in order.items():
        step = max(1, 2000 // length)
        for at in range(0, len(members), step):
            rows = members[at : at + step]
            logits = model(
                input_ids=torch.tensor([encoded[k].ids for k in rows]),
                token_type_ids=torch.tensor([encoded[k].types for k in rows]),
            ).logits.numpy()
            for k, all_rows in zip(rows, logits, strict=True):
                found[k] = all_rows[np.array(encoded[k].labels) != IGNORE].astype(np.float64)
    model.train(training)
    return found
