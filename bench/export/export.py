"""Exports a model folder in Hugging Face layout for the peers, as their users would.

    python export.py FOLDER OUT [--ids IDS.json]

FOLDER  config.json and model.safetensors (F32, F16, BF16, or I8 with one scale per row)
OUT     onnx/model.onnx                       fp32, transformers' own BertForTokenClassification through torch.onnx
        onnx/model_optimized.onnx             the same after onnxruntime's transformer optimiser (fused attention, embedding,
                                              layer norm and GELU)
        onnx/model_quantized.onnx             dynamic int8, per tensor, of the first: what transformers.js's converter writes
        onnx/model_optimized_quantized.onnx   dynamic int8 of the second
        config.json, tokenizer.json           as transformers writes them
        reference.json                        PyTorch's fp32 logits for IDS, the oracle for all engines

Inputs: input_ids, attention_mask, token_type_ids, int64 [batch, tokens]. Output: logits, float32 [batch, tokens, labels].
"""

import argparse
import json
import logging
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
import transformers.models.bert.modeling_bert as bert
from onnx import numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers import optimizer
from onnxruntime.transformers.fusion_options import FusionOptions
from safetensors.torch import load_file
from transformers import AutoTokenizer, BertConfig, BertForTokenClassification

INPUTS = ["input_ids", "attention_mask", "token_type_ids"]
AXES = {0: "batch", 1: "tokens"}


def classic_mask(config, inputs_embeds, attention_mask, **_):
    """(1 − mask) · lowest float, as BERT's mask was written until transformers 4: the form that the optimiser knows."""
    mask = attention_mask[:, None, None, :].to(dtype=inputs_embeds.dtype)
    return (1.0 - mask) * torch.finfo(torch.float32).min


def classic_attention(module, query, key, value, attention_mask, scaling=None, dropout=0.0, **_):
    """softmax(Q·Kᵀ / √D + mask)·V with a division, the form that the optimiser knows."""
    scores = torch.matmul(query, key.transpose(2, 3)) / module.attention_head_size**0.5
    probabilities = torch.softmax(scores + attention_mask, -1)
    return torch.matmul(probabilities, value).transpose(1, 2).contiguous(), probabilities


def load(folder: Path) -> BertForTokenClassification:
    """The checkpoint in PyTorch, fp32. Every key must fit, but for a pooler that token classification does not use."""
    config = BertConfig.from_pretrained(folder, attn_implementation="eager")
    if hasattr(config, "quantization_config"):
        del config.quantization_config  # the weights are floats from here on
    stored = load_file(folder / "model.safetensors")
    weights = {}
    for key, tensor in stored.items():
        if key.endswith("_scale") or "pooler" in key or key.endswith("position_ids"):
            continue
        scale = stored.get(f"{key}_scale")
        tensor = tensor.float() if scale is None else tensor.float() * scale.float().reshape(-1, 1)
        weights[key if key.startswith(("bert.", "classifier.")) else f"bert.{key}"] = tensor
    model = BertForTokenClassification(config).eval()
    model.load_state_dict(weights, strict=True)
    return model


class Logits(torch.nn.Module):
    """Positional inputs, one output."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, attention_mask, token_type_ids):
        return self.model(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids).logits


def export(model: BertForTokenClassification, path: Path) -> None:
    """The exporter that Optimum and transformers.js's converter call (torch.onnx, opset 17)."""
    bert.create_bidirectional_mask = classic_mask
    bert.eager_attention_forward = classic_attention
    ids = torch.arange(32).reshape(2, 16)
    mask = torch.ones(2, 16, dtype=torch.long)
    mask[1, 9:] = 0
    torch.onnx.export(
        Logits(model),
        (ids, mask, torch.zeros_like(ids)),
        str(path),
        input_names=INPUTS,
        output_names=["logits"],
        dynamic_axes={name: AXES for name in [*INPUTS, "logits"]},
        opset_version=17,
        dynamo=False,
    )
    graph = onnx.load(path)
    name_heads(graph, model.config.num_attention_heads)
    onnx.save(graph, path)


def name_heads(model: onnx.ModelProto, heads: int) -> None:
    """[batch, tokens, −1, D] → [batch, tokens, heads, D]: transformers 5 leaves the number of heads to be inferred, which
    hides it from the optimiser."""
    constants = {node.output[0]: node for node in model.graph.node if node.op_type == "Constant"}
    for node in model.graph.node:
        constant = constants.get(node.input[2]) if node.op_type == "Concat" and len(node.input) == 4 else None
        if constant is not None and (numpy_helper.to_array(constant.attribute[0].t) == -1).all():
            constant.attribute[0].t.CopyFrom(numpy_helper.from_array(np.array([heads], np.int64)))


def optimise(source: Path, target: Path, config: BertConfig) -> dict:
    fused = optimizer.optimize_model(
        str(source),
        model_type="bert",
        num_heads=config.num_attention_heads,
        hidden_size=config.hidden_size,
        optimization_options=FusionOptions("bert"),
        opt_level=0,
    )
    fused.save_model_to_file(str(target))
    return {name: count for name, count in fused.get_fused_operator_statistics().items() if count > 0}


def quantise(source: Path, target: Path) -> None:
    """As transformers.js's converter for BERT: int8, one scale per tensor, products with constant matrices only."""
    quantize_dynamic(
        str(source),
        str(target),
        weight_type=QuantType.QInt8,
        per_channel=False,
        reduce_range=False,
        extra_options={"EnableSubgraph": True, "MatMulConstBOnly": True, "DefaultTensorType": onnx.TensorProto.FLOAT},
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Exports a model folder for the peers of the bench.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--ids", type=Path, help="JSON list of token ids whose logits become reference.json")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    torch.set_num_threads(1)

    onnx_folder = arguments.out / "onnx"
    onnx_folder.mkdir(parents=True, exist_ok=True)
    model = load(arguments.folder)
    if arguments.ids:
        ids = json.loads(arguments.ids.read_text())
        with torch.no_grad():
            logits = model(input_ids=torch.tensor([ids])).logits[0]
        (arguments.out / "reference.json").write_text(json.dumps({"ids": ids, "logits": logits.flatten().tolist()}))
    model.config.save_pretrained(arguments.out)
    if (arguments.folder / "tokenizer_config.json").exists():
        AutoTokenizer.from_pretrained(arguments.folder).save_pretrained(arguments.out)
    export(model, onnx_folder / "model.onnx")
    fused = optimise(onnx_folder / "model.onnx", onnx_folder / "model_optimized.onnx", model.config)
    layers = model.config.num_hidden_layers
    if fused.get("Attention") != layers:
        raise SystemExit(f"the optimiser fused {fused}: expected {layers} Attention")
    for name in ["model", "model_optimized"]:
        quantise(onnx_folder / f"{name}.onnx", onnx_folder / f"{name}_quantized.onnx")
    print(json.dumps(fused))


if __name__ == "__main__":
    main()
