"""Writes what PyTorch computes, for test/layers:

    test/fixtures/bert-mini.safetensors.gz   every intermediate tensor of a 2-layer model; logits of F16, BF16 and I8 weights
    test/fixtures/bert-base.safetensors.gz   logits at BERT-base shape, 16 and 128 tokens; the same in float64 with int8 weights
    test/fixtures/distilbert.safetensors.gz  logits of a 2-layer DistilBERT with F32 and I8 weights

    HF_HUB_OFFLINE=1 .venv/bin/python test/reference/layers.py
"""

import gzip
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save

from random_model import BASE, MINI, random_bert, random_distilbert, random_ids

torch.set_num_threads(1)
FIXTURES = Path(__file__).parent.parent / "fixtures"
LENGTHS = [9, 1, 14]
STD = 0.15  # attention that is far from uniform


def run(model, lengths, types):
    """Each sequence by itself, without padding → name: values of all sequences, back to back."""
    rows = {}

    def keep(name):
        def hook(_module, _inputs, output):
            value = output[0] if isinstance(output, tuple) else output
            rows.setdefault(name, []).append(value[0].numpy())
        return hook

    handles = [model.bert.embeddings.register_forward_hook(keep("embedding"))]
    for i, layer in enumerate(model.bert.encoder.layer):
        for name, module in {
            "attention.self.query": layer.attention.self.query,
            "attention.self.key": layer.attention.self.key,
            "attention.self.value": layer.attention.self.value,
            "attention.self": layer.attention.self,
            "attention.output.dense": layer.attention.output.dense,
            "attention.output": layer.attention.output,
            "intermediate": layer.intermediate,
            "output.dense": layer.output.dense,
            "output": layer.output,
        }.items():
            handles.append(module.register_forward_hook(keep(f"layer.{i}.{name}")))
    for b, length in enumerate(lengths):
        ids = torch.from_numpy(random_ids(length, model.config.vocab_size, b))[None]
        type_ids = torch.from_numpy(random_ids(length, types, b + 100))[None]
        with torch.no_grad():
            out = model(input_ids=ids, token_type_ids=type_ids, output_attentions=True)
        rows.setdefault("logits", []).append(out.logits[0].numpy())
        for i, probabilities in enumerate(out.attentions):  # [1, H, n, n]
            rows.setdefault(f"layer.{i}.probabilities", []).append(probabilities.numpy().reshape(-1, 1))
    for handle in handles:
        handle.remove()
    return {name: np.concatenate(parts) for name, parts in rows.items()}


def stack_qkv(tensors):
    """Q, K and V side by side, as one product gives them: [T, 3·C]"""
    for i in range(MINI["layers"]):
        names = [f"layer.{i}.attention.self.{part}" for part in ("query", "key", "value")]
        tensors[f"layer.{i}.qkv"] = np.concatenate([tensors.pop(name) for name in names], axis=1)
    return tensors


def write(name, tensors):
    FIXTURES.mkdir(exist_ok=True)
    contiguous = {key: np.ascontiguousarray(value) for key, value in tensors.items()}
    (FIXTURES / name).write_bytes(gzip.compress(save(contiguous), mtime=0))
    print(name, (FIXTURES / name).stat().st_size, "bytes", sorted(tensors))


mini = stack_qkv(run(random_bert(**MINI, std=STD), LENGTHS, MINI["types"]))
for dtype in ("F16", "BF16", "I8"):
    mini[f"logits.{dtype}"] = run(random_bert(**MINI, std=STD, dtype=dtype), LENGTHS, MINI["types"])["logits"]
write("bert-mini.safetensors.gz", mini)

base = random_bert(**BASE)
logits = {f"logits.{length}": run(base, [length], BASE["types"])["logits"] for length in (16, 128)}
# int8 weights as they are, everything else in float64: what is left beside it is the rounding of activations.
exact = random_bert(**BASE, dtype="I8").double()
for length in (16, 128):
    logits[f"logits.I8.{length}"] = run(exact, [length], BASE["types"])["logits"].astype(np.float32)
write("bert-base.safetensors.gz", logits)

distil = {}
for dtype in ("F32", "I8"):
    model = random_distilbert(**MINI, std=STD, dtype=dtype)
    with torch.no_grad():
        rows = [model(torch.from_numpy(random_ids(n, MINI["vocab"], b))[None]).logits[0].numpy() for b, n in enumerate(LENGTHS)]
    distil[f"logits.{dtype}"] = np.concatenate(rows)
write("distilbert.safetensors.gz", distil)
