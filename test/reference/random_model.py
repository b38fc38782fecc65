"""Random weights drawn from an integer counter hash, identically to test/helpers/random-model.js (which defines them)."""

import numpy as np
import torch
from transformers import BertConfig, BertForTokenClassification, DistilBertConfig, DistilBertForTokenClassification

LABELS = ["O", "B-MISC", "I-MISC", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC"]
BASE = dict(layers=12, hidden=768, heads=12, intermediate=3072, vocab=28996, positions=512, types=2)
MINI = dict(layers=2, hidden=64, heads=4, intermediate=128, vocab=1000, positions=512, types=2)


def mix(h):
    """Wellons' lowbias32 on an array of uint32."""
    h = (h ^ (h >> np.uint32(16))) * np.uint32(0x21F0AAAD)
    h = (h ^ (h >> np.uint32(15))) * np.uint32(0x735A2D97)
    return h ^ (h >> np.uint32(15))


def fnv1a(text):
    h = 0x811C9DC5
    for byte in text.encode("ascii"):
        h = ((h ^ byte) * 0x01000193) & 0xFFFFFFFF
    return h


def hashes(count, base):
    counter = np.arange(count, dtype=np.uint64).astype(np.uint32)
    return mix(counter * np.uint32(0x9E3779B9) + np.uint32(base & 0xFFFFFFFF))


def draw(count, base):
    """The four bytes of each hash, added up and centred: -510 … 510"""
    h = hashes(count, base)
    return h.view(np.uint8).reshape(-1, 4).sum(axis=1, dtype=np.int32) - 510


def random_ids(length, vocab, seed=0):
    return (hashes(length, fnv1a("ids") ^ seed) % np.uint32(vocab)).astype(np.int64)


def weight(key, shape, dtype="F32", seed=0, std=0.02):
    """float32 values of one tensor as a reader of the file sees them: rounded through `dtype`, widened again."""
    base = fnv1a(key) ^ seed
    total = draw(int(np.prod(shape)), base)
    if dtype == "I8" and len(shape) == 2:
        data = np.maximum(-127, total >> 2).astype(np.float32).reshape(shape)
        step = 1 + (np.arange(shape[0]) % 8).astype(np.float32) / np.float32(8)
        return data * (np.float32(std / 36.953) * step)[:, None]
    value = total.astype(np.float32) * np.float32(std / 147.80054)
    if "layernorm" in key.lower().replace("_", "") and key.endswith("weight"):
        value = np.float32(1) + value
    if dtype in ("F16", "BF16"):
        half = torch.float16 if dtype == "F16" else torch.bfloat16
        value = torch.from_numpy(value).to(half).float().numpy()
    return value.reshape(shape)


def random_bert(layers, hidden, heads, intermediate, vocab, positions, types, labels=LABELS, dtype="F32", seed=0,
                std=0.02, epsilon=1e-12):
    config = BertConfig(
        vocab_size=vocab, hidden_size=hidden, num_hidden_layers=layers, num_attention_heads=heads,
        intermediate_size=intermediate, max_position_embeddings=positions, type_vocab_size=types,
        layer_norm_eps=epsilon, id2label=dict(enumerate(labels)), label2id={l: i for i, l in enumerate(labels)},
    )
    config._attn_implementation = "eager"
    return filled(BertForTokenClassification(config).eval(), dtype, seed, std)


def random_distilbert(layers, hidden, heads, intermediate, vocab, positions, types, labels=LABELS, dtype="F32", seed=0, std=0.02):
    config = DistilBertConfig(
        vocab_size=vocab, dim=hidden, n_layers=layers, n_heads=heads, hidden_dim=intermediate, max_position_embeddings=positions,
        id2label=dict(enumerate(labels)), label2id={l: i for i, l in enumerate(labels)},
    )
    config._attn_implementation = "eager"
    return filled(DistilBertForTokenClassification(config).eval(), dtype, seed, std)


def filled(model, dtype, seed, std):
    state = {
        key: torch.from_numpy(weight(key, tuple(old.shape), dtype, seed, std))
        for key, old in model.state_dict().items()
        if not key.endswith("position_ids")
    }
    model.load_state_dict(state, strict=False)
    return model
