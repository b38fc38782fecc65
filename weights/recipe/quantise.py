"""Float checkpoint → the folder that ships: int8 per output channel, in the naming of compressed-tensors.

    X.weight        I8  [N, K]     every linear layer but the classifier, and the word and position tables
    X.weight_scale  F32 [N, 1]     W ≈ weight · weight_scale, row by row, symmetric, −127 … 127
    everything else F32            biases, layer norms, the classifier (9 rows), the token types (5 rows)

The scale of a row is the one of 81 clip ratios that leaves the least squared error.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

QUANTIZATION = {
    "quant_method": "compressed-tensors",
    "format": "int-quantized",
    "quantization_status": "compressed",
    "config_groups": {
        "group_0": {
            "targets": ["Linear", "Embedding"],
            "weights": {"num_bits": 8, "type": "int", "symmetric": True, "strategy": "channel", "dynamic": False},
        }
    },
    "ignore": ["classifier", "bert.embeddings.token_type_embeddings"],
    "dequantize": True,  # transformers then gives plain float weights; leaving them int8 fails for embedding tables
}


def is_quantised(name: str, tensor: torch.Tensor) -> bool:
    return name.endswith(".weight") and tensor.ndim == 2 and "classifier" not in name and "token_type" not in name


def quantise(w: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """[N, K] float → int8 [N, K], scale [N, 1]."""
    top = w.abs().amax(1, keepdim=True).clamp_min(1e-12) / 127
    best, least = top.clone(), torch.full_like(top, float("inf"))
    for ratio in torch.linspace(0.6, 1.0, 81).flip(0):
        s = top * ratio
        error = ((w / s).round().clamp(-127, 127) * s - w).square().sum(1, keepdim=True)
        best = torch.where(error < least, s, best)
        least = torch.minimum(least, error)
    return (w / best).round().clamp(-127, 127).to(torch.int8), best


def dequantised(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The float state dict of a quantised one: all that reading this format takes."""
    return {
        k: v.float() * state[k + "_scale"] if k + "_scale" in state else v
        for k, v in state.items()
        if not k.endswith(".weight_scale")
    }


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("float_model", help="folder with config.json, model.safetensors, vocab.txt")
    p.add_argument("out")
    p.add_argument("--decoding", choices=["argmax", "constrained"], default="argmax", help="how the runtime reads the model by default")
    p.add_argument("--o-bias", type=float, default=0.0, help="added to the logit of O, after the temperature")
    p.add_argument("--temperature", type=float, default=1.0, help="the logits are divided by it")
    p.add_argument("--max-length", type=int, default=192, help="pieces that the runtime reads at once")
    a = p.parse_args()
    source, out = Path(a.float_model), Path(a.out)
    out.mkdir(parents=True, exist_ok=True)
    state = load_file(source / "model.safetensors")
    result: dict[str, torch.Tensor] = {}
    for name in sorted(state):
        tensor = state[name].float()
        if is_quantised(name, tensor):
            result[name], result[name + "_scale"] = quantise(tensor)
        else:
            result[name] = tensor.contiguous()
    save_file(result, out / "model.safetensors", {"format": "pt"})
    (out / "model.safetensors").chmod(0o644)

    config = json.loads((source / "config.json").read_text(encoding="utf-8"))
    known = {
        "architectures", "attention_probs_dropout_prob", "classifier_dropout", "hidden_act", "hidden_dropout_prob",
        "hidden_size", "id2label", "initializer_range", "intermediate_size", "label2id", "layer_norm_eps",
        "max_position_embeddings", "model_type", "num_attention_heads", "num_hidden_layers", "pad_token_id",
        "transformers_version", "type_vocab_size", "vocab_size",
    }  # fmt: skip
    config = {k: config[k] for k in sorted(known & config.keys())}
    config["attention_probs_dropout_prob"] = 0.1
    config["quantization_config"] = QUANTIZATION
    reading = {"decoding": a.decoding, "o_bias": a.o_bias, "temperature": a.temperature}
    if reading != {"decoding": "argmax", "o_bias": 0.0, "temperature": 1.0}:
        config["bert_ner"] = reading
    write(out / "config.json", config)
    write(out / "tokenizer_config.json", {
        "tokenizer_class": "BertTokenizer",
        "do_lower_case": True,
        "strip_accents": None,
        "tokenize_chinese_chars": True,
        "model_max_length": a.max_length,
        "token_type_rule": "word-case",
        "unk_token": "[UNK]",
        "sep_token": "[SEP]",
        "pad_token": "[PAD]",
        "cls_token": "[CLS]",
        "mask_token": "[MASK]",
    })  # fmt: skip
    (out / "vocab.txt").write_text((source / "vocab.txt").read_text(encoding="utf-8"), encoding="utf-8")
    print(f"{sum(f.stat().st_size for f in out.rglob('*') if f.is_file()):,} bytes in {out}")


def write(path: Path, value: dict) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
