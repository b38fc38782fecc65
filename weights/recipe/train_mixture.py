"""Stages 2 and 3: go on from a model with the mixture of mixture.py, in stage 3 with what the teacher thinks of it (--soft). CPU, fp32,
resumable after every epoch.

The learning rate rises for half an epoch, stays, and falls in a straight line over the last epochs, in which the other
sets come half as often, so that CoNLL-2003's conventions stay. What is evaluated and saved is a moving average of the
weights. The scores after an epoch are those one may choose on: held-out documents of eng.train and the five dev sets.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import BertForTokenClassification

import conll
from conll import DEV, IGNORE, LABEL_ID, LABELS, TAG_ID, UNKNOWN, Encoder, Pieces, Sentence
from evaluate import load
from mixture import Mixture
from soft_labels import TEMPERATURE, SoftLabels
from train import batches, begun, parameter_groups, predict, shared_arguments, tensors

WITHOUT_MISC = {"wnut17", "btc", "uner-ewt", "crossner"}
MAYBE_MISC = [LABEL_ID[x] for x in ("O", "B-MISC", "I-MISC")]


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--start", required=True, help="folder of the model to go on from, float or int8")
    p.add_argument("--train", required=True, help="eng.train")
    p.add_argument("--data", required=True, help="folder with the openly licensed sets, SET-train.conll and SET-dev.conll")
    p.add_argument("--epochs", type=int, required=True)
    p.add_argument("--last", type=int, default=2, help="epochs over which the learning rate falls")
    p.add_argument("--warmup", type=float, default=0.5, help="epochs over which it rises")
    p.add_argument("--dropout", type=float, default=0.1)
    p.add_argument("--soft", help="stage 3: what soft_labels.py wrote")
    p.add_argument("--neighbours", help="stage 3: the folder that soft_labels.py took the words' neighbours from")
    p.add_argument("--trust", type=float, default=0.5, help="stage 3: the teacher's part of the loss where there is a tag")
    shared_arguments(p)
    p.set_defaults(lr=7e-5, decay=0.92, head_lr=2e-4, pieces=1200)
    return p.parse_args()


def loss_of(
    logits: torch.Tensor,
    labels: torch.Tensor,
    inner: torch.Tensor,
    weight: float,
    soft: torch.Tensor | None = None,
    trust: float = 0.5,
) -> torch.Tensor:
    """Cross entropy as in train.py; where the tag is "O or MISC", minus the log of the three labels' probability; where it may be
    any, none. Where the teacher's view is known (`soft` [batch, pieces, labels], rows of zeros elsewhere), the Kullback-Leibler divergence from
    it at its temperature takes the part `trust` of the loss, and all of it where there is no tag (Hinton et al. 2015, section 2)."""
    logp = logits.log_softmax(-1)
    maybe = logp[..., MAYBE_MISC].logsumexp(-1, keepdim=True)
    flat = torch.cat([logp, maybe, torch.zeros_like(maybe)], -1).view(-1, len(LABELS) + 2)
    target = torch.where(labels == IGNORE, inner, labels).view(-1)
    weights = (labels != IGNORE).float().view(-1) + weight * (inner != IGNORE).float().view(-1)
    each = torch.nn.functional.nll_loss(flat, target, ignore_index=IGNORE, reduction="none")
    if soft is not None:
        q = soft.view(-1, len(LABELS))
        asked = q.sum(1, keepdim=True)
        q = q / asked.clamp_min(1.0)
        far = torch.nn.functional.kl_div((logits.view(q.shape) / TEMPERATURE).log_softmax(-1), q, reduction="none").sum(1) * TEMPERATURE**2
        part = torch.where(target == TAG_ID[UNKNOWN], 1.0, trust) * (asked[:, 0] > 0)
        each = (1 - part) * each + part * far
    return (weights * each).sum() / weights.sum()


def without_misc(tags: list[str]) -> list[str]:
    return ["O" if t.endswith("MISC") else t for t in tags]


def dev_sets(data: str | Path, every: dict[str, int]) -> dict[str, list[Sentence]]:
    return {n: [s for d in conll.read(Path(data) / f"{n}-dev.conll") for s in d][:: every.get(n, 1)] for n in DEV}


def scores(model: BertForTokenClassification, encoder: Encoder, sets: dict[str, list[Sentence]]) -> dict[str, float]:
    out = {}
    for name, sentences in sets.items():
        found = predict(model, encoder, [list(s.words) for s in sentences])
        if name in WITHOUT_MISC:
            found = [without_misc(t) for t in found]
        out[name] = conll.score([s.tags for s in sentences], found).f1
    return out


def share_of_rate(at: float, a: argparse.Namespace) -> float:
    """The learning rate as a share of the highest, `at` epochs after the start."""
    fall = (a.epochs - at) / a.last
    return min(1.0, at / a.warmup, a.floor + (1 - a.floor) * max(0.0, fall))


def resumes(a: argparse.Namespace, out: Path) -> bool:
    return a.resume and (out / "resume.pt").exists()


def train(
    model: torch.nn.Module,
    a: argparse.Namespace,
    out: Path,
    say: Callable[[str], None],
    examples_of: Callable[[int, random.Random], list[Pieces]],
    dev: Callable[[], dict[str, float]],
    trust: float = 0.5,
) -> None:
    """The loop of stages 2 and 3 and of the teacher. `examples_of` gives what an epoch reads, `dev` the scores of the model as it is,
    `trust` is loss_of's. Writes resume.pt, epoch-N.safetensors and model.safetensors to `out`."""
    names, parameters = zip(*((n, p) for n, p in model.named_parameters() if p.requires_grad), strict=True)
    optimizer = torch.optim.AdamW(parameter_groups(model, a), betas=(0.9, 0.98), eps=1e-6, fused=True)
    ema = {k: v.detach().clone() for k, v in model.state_dict().items()}
    first = step = 0
    if resumes(a, out):
        saved = torch.load(out / "resume.pt", weights_only=True)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        ema, first, step = saved["ema"], saved["epoch"], saved["step"]
        say(f"resumed after epoch {first}")

    for epoch in range(first, a.epochs):
        rng = random.Random(1000 * a.seed + epoch)
        torch.manual_seed(1000 * a.seed + epoch)
        work = batches(examples_of(epoch, rng), a.pieces, rng)
        model.train()
        losses, spent, started = 0.0, 0, time.time()
        for k, batch in enumerate(work):
            share = share_of_rate(epoch + k / len(work), a)
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * share
            inputs = tensors(batch)
            labels, inner, soft = inputs.pop("labels"), inputs.pop("inner"), inputs.pop("soft", None)
            loss = loss_of(model(**inputs).logits, labels, inner, a.inner, soft, trust)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0, foreach=True)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            losses += loss.item()
            spent += inputs["input_ids"].numel()
            step += 1
            if step % 4 == 0:  # every fourth step is as good an average and a quarter of the memory traffic
                keep = min(a.ema**4, (1 + step) / (40 + step))
                torch._foreach_lerp_([ema[n] for n in names], [p.detach() for p in parameters], 1 - keep)
            if k % 25 == 24:
                say(f"epoch {epoch + 1} step {k + 1}/{len(work)} loss {losses / (k + 1):.4f} {spent / (time.time() - started):.0f} pieces/s")
        spent_s = time.time() - started
        state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "ema": ema, "epoch": epoch + 1, "step": step}
        torch.save(state, out / "resume.pt.new")
        (out / "resume.pt.new").rename(out / "resume.pt")
        save_file(ema, out / f"epoch-{epoch + 1}.safetensors", {"format": "pt"})
        trained = {k: v.clone() for k, v in model.state_dict().items()}
        model.load_state_dict(ema)
        say(f"epoch {epoch + 1} loss {losses / len(work):.4f} | {text_of(dev())} | {spent_s:.0f} s")
        model.load_state_dict(trained)
    save_file(ema, out / "model.safetensors", {"format": "pt"})


def main() -> None:
    a = arguments()
    out, say = begun(a)
    encoder = Encoder(Path(a.start) / "vocab.txt")
    held_out, documents = conll.hold_out(a.train, a.holdout)
    sets = {"held-out": [s for d in held_out for s in d], **dev_sets(a.data, {"crossner": 3})}
    mixture = Mixture(documents, a.data, encoder)
    if a.soft:
        mixture.add_soft(SoftLabels(a.soft), a.neighbours)
    say(f"{vars(a)}")
    model = load(a.start)
    model.config.hidden_dropout_prob = a.dropout
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = a.dropout
    for layer in model.bert.encoder.layer:
        layer.attention.self.dropout.p = 0.0  # lets torch use its fused attention
    model.config.save_pretrained(out)
    (out / "vocab.txt").write_text((Path(a.start) / "vocab.txt").read_text(encoding="utf-8"), encoding="utf-8")
    dev = partial(scores, model, encoder, sets)
    if not resumes(a, out):
        say("start | " + text_of(dev()))

    def examples_of(epoch: int, rng: random.Random) -> list[Pieces]:
        return mixture.epoch(rng, epoch >= a.epochs - a.last)

    train(model, a, out, say, examples_of, dev, a.trust)


def text_of(found: dict[str, float]) -> str:
    mean = sum(found.values()) / len(found)
    return " ".join(f"{k} {v:.2f}" for k, v in found.items()) + f" mean {mean:.2f}"


if __name__ == "__main__":
    main()
