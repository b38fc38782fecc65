"""The teachers: all-mpnet-base-v2 (12 layers of 768, Apache-2.0) on the student's mixture, and going on from there one for news, on
CoNLL-2003 and the everyday lines alone.

They are never shipped: soft_labels.py writes down what they think of the training text and of text without labels, and the student
learns from that. A teacher reads the pieces of the student's tokenizer, as MPNet's vocabulary is BERT's with other special tokens, and
letter case by a table of five rows that is added to what comes out of its lower layers, which are not trained.

    python teacher.py --start all-mpnet-base-v2 --vocab vocab.txt --train eng.train --data DATA --out runs/teacher
    python teacher.py … --go-on runs/teacher/model.safetensors --others 0 --lr 5e-5 --seed 2 --out runs/news
"""

from __future__ import annotations

import argparse
import random
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import torch
from safetensors.torch import load_file
from transformers import MPNetModel

import conll
from conll import LABELS, Encoder, Pieces
from loop import begun, scores, shared_arguments, train
from mixture import Mixture

SPECIAL = {"[CLS]": "<s>", "[SEP]": "</s>", "[PAD]": "<pad>"}
FROZEN = 4  # the lower layers stay as they are: a fifth of the time, and what they know of words is not news to anybody


class Teacher(torch.nn.Module):
    """Takes what the student takes: ids of its vocabulary, token types by the word-case rule, a mask; `logits` [batch, pieces, 9]."""

    def __init__(self, start: str | Path, vocab: str | Path) -> None:
        super().__init__()
        self.mpnet = MPNetModel.from_pretrained(start, add_pooling_layer=False, dtype=torch.float32)
        self.config = self.mpnet.config
        theirs = {t: k for k, t in enumerate(conll.vocabulary(Path(start) / "vocab.txt"))}
        ids = [theirs[SPECIAL.get(t, t)] for t in conll.vocabulary(vocab)]
        self.register_buffer("ids", torch.tensor(ids), persistent=False)
        self.token_type_embeddings = torch.nn.Embedding(5, self.config.hidden_size)
        torch.nn.init.normal_(self.token_type_embeddings.weight, std=0.005)
        self.dropout = torch.nn.Dropout(0.1)
        self.classifier = torch.nn.Linear(self.config.hidden_size, len(LABELS))
        torch.nn.init.normal_(self.classifier.weight, std=0.02)
        torch.nn.init.zeros_(self.classifier.bias)
        layers = self.mpnet.encoder.layer
        for part in (self.mpnet.embeddings, self.mpnet.encoder.relative_attention_bias, *layers[:FROZEN]):
            part.requires_grad_(False)
            for module in part.modules():
                if isinstance(module, torch.nn.Dropout):
                    module.p = 0.0
        for layer in layers:
            layer.attention.attn.dropout.p = 0.0

    def forward(
        self, input_ids: torch.Tensor, token_type_ids: torch.Tensor, attention_mask: torch.Tensor | None = None
    ) -> SimpleNamespace:
        mask = None if attention_mask is None else (1.0 - attention_mask[:, None, None, :].float()) * -1e9
        layers = self.mpnet.encoder.layer
        with torch.no_grad():
            states = self.mpnet.embeddings(input_ids=self.ids[input_ids])
            bias = self.mpnet.encoder.compute_position_bias(states)
            for layer in layers[:FROZEN]:
                states = layer(states, mask, bias)[0]
        states = states + self.token_type_embeddings(token_type_ids)
        for layer in layers[FROZEN:]:
            states = layer(states, mask, bias)[0]
        return SimpleNamespace(logits=self.classifier(self.dropout(states)))


def load_teacher(start: str | Path, vocab: str | Path, weights: str | Path) -> Teacher:
    teacher = Teacher(start, vocab)
    teacher.load_state_dict(load_file(weights), strict=True)
    return teacher.eval()


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--start", required=True, help="folder of all-mpnet-base-v2")
    p.add_argument("--vocab", required=True, help="the student's vocab.txt")
    p.add_argument("--go-on", help="model.safetensors of an earlier run to go on from")
    p.add_argument("--others", type=float, default=0.7, help="factor on the shares of all sets but CoNLL-2003; everyday lines come even at 0")
    shared_arguments(p)
    p.set_defaults(epochs=2, warmup=0.1, fall=1.9, lr=7e-5, pieces=900, ema=0.995)
    return p.parse_args()


def main() -> None:
    a = arguments()
    out, say = begun(a)
    encoder = Encoder(a.vocab)
    sets = conll.to_choose_on(a.train, a.data, {"crossner": 6})
    mixture = Mixture(conll.hold_out(a.train)[1], a.data, encoder)
    say(f"{vars(a)}")
    teacher = load_teacher(a.start, a.vocab, a.go_on) if a.go_on else Teacher(a.start, a.vocab)

    def examples_of(epoch: int, rng: random.Random) -> list[Pieces]:
        return mixture.epoch(rng, epoch > 0, a.others)

    train(teacher, a, out, say, examples_of, partial(scores, teacher, encoder, sets))


if __name__ == "__main__":
    main()
