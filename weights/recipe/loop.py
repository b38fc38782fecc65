"""How student and teacher are trained: arguments, batches, the loss, the loop. CPU, fp32, resumable after every epoch.

What is evaluated and saved is a moving average of the weights. The scores after an epoch are those one may choose on: the
five dev sets and, if it has not read them, the held-out documents of eng.train.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import save_file

from calibrate import load_sets
from conll import IGNORE, LABELS, MAYBE_MISC, TAG_ID, UNKNOWN, Encoder, Pieces, Sentence
from model import keep_memory, tensors
from soft_labels import TEMPERATURE

TRUST = 0.5  # the teachers' part of the loss where there is a tag


def shared_arguments(p: argparse.ArgumentParser) -> None:
    """What both training scripts take; each sets the defaults that are its own."""
    p.add_argument("--train", required=True, help="eng.train")
    p.add_argument("--data", required=True, help="folder with the openly licensed sets, SET-train.conll and SET-dev.conll")
    p.add_argument("--out", required=True)
    p.add_argument("--epochs", type=int)
    p.add_argument("--warmup", type=float, help="epochs over which the learning rate rises")
    p.add_argument("--fall", type=float, help="epochs over which it falls in a straight line")
    p.add_argument("--lr", type=float, help="of the top encoder layer")
    p.add_argument("--decay", type=float, default=0.92, help="learning-rate factor from each layer to the one below")
    p.add_argument("--head-lr", type=float, default=5e-4, help="of the classifier and the token-type table")
    p.add_argument("--floor", type=float, default=0.02, help="last learning rate as a share of the highest")
    p.add_argument("--pieces", type=int, help="pieces per batch, padding included")
    p.add_argument("--inner", type=float, default=0.3, help="weight of the loss at a word's pieces after the first")
    p.add_argument("--ema", type=float)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--resume", action="store_true")


def begun(a: argparse.Namespace) -> tuple[Path, Callable[[str], None]]:
    """Sets torch up as the arguments say; the run's folder, and its log: a line with the time, printed and added to log.txt."""
    keep_memory()
    torch.set_num_threads(a.threads)
    torch.manual_seed(a.seed)
    out = Path(a.out)
    out.mkdir(parents=True, exist_ok=True)
    log = (out / "log.txt").open("a")

    def say(text: str) -> None:
        line = time.strftime("%H:%M:%S ") + text
        print(line, flush=True)
        print(line, file=log, flush=True)

    return out, say


def parameter_groups(model: torch.nn.Module, a: argparse.Namespace) -> list[dict]:
    top = model.config.num_hidden_layers
    groups: dict[tuple[float, float], list[torch.nn.Parameter]] = {}
    for name, p in model.named_parameters():
        if name.startswith("classifier") or "token_type" in name:
            lr = a.head_lr
        elif ".layer." in name:
            depth = int(name.split(".layer.")[1].split(".")[0])
            lr = a.lr * a.decay ** (top - 1 - depth)
        else:
            lr = a.lr * a.decay**top
        groups.setdefault((lr, 0.01 if p.ndim == 2 else 0.0), []).append(p)
    return [{"params": ps, "lr": lr, "peak": lr, "weight_decay": wd} for (lr, wd), ps in groups.items()]


def share_of_rate(at: float, a: argparse.Namespace) -> float:
    """The learning rate as a share of the highest, `at` epochs after the start."""
    left = (a.epochs - at) / a.fall
    return min(1.0, at / a.warmup, a.floor + (1 - a.floor) * max(0.0, left))


def batches(examples: list[Pieces], budget: int, rng: random.Random) -> list[list[Pieces]]:
    """Examples of like length together, at most `budget` pieces each with padding, in random order."""
    ordered = sorted(examples, key=lambda e: len(e.ids) + rng.random())
    out: list[list[Pieces]] = [[]]
    for e in ordered:
        if out[-1] and len(e.ids) * (len(out[-1]) + 1) > budget:
            out.append([])
        out[-1].append(e)
    rng.shuffle(out)
    return out


def loss_of(
    logits: torch.Tensor,
    labels: torch.Tensor,
    inner: torch.Tensor,
    weight: float,
    soft: torch.Tensor | None = None,
) -> torch.Tensor:
    """Cross entropy at first pieces, plus `weight` times that at the pieces after them: only first pieces are scored, but on running
    text "O'Neill" is three words and "Marie-Claire" three, and all of them have to say the same. Where the tag is "O or MISC", minus
    the log of the three labels' probability; where it may be any, none. Where a teacher's view is known (`soft` [batch, pieces, labels],
    rows of zeros elsewhere), the Kullback-Leibler divergence from it at its temperature takes the part TRUST of the loss, and all of it
    where there is no tag (Hinton et al. 2015, section 2)."""
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
        part = torch.where(target == TAG_ID[UNKNOWN], 1.0, TRUST) * (asked[:, 0] > 0)
        each = (1 - part) * each + part * far
    return (weights * each).sum() / weights.sum()


def scores(model: torch.nn.Module, encoder: Encoder, sets: dict[str, list[Sentence]]) -> dict[str, float]:
    """F1 by argmax."""
    return {s.name: s.f1("argmax") for s in load_sets(sets, encoder, model)}


def train(
    model: torch.nn.Module,
    a: argparse.Namespace,
    out: Path,
    say: Callable[[str], None],
    examples_of: Callable[[int, random.Random], list[Pieces]],
    dev: Callable[[], dict[str, float]],
) -> None:
    """`examples_of` gives what an epoch reads, `dev` the scores of the model as it is. Writes resume.pt and epoch-N.safetensors, and at the
    end model.safetensors, to `out`."""
    names, parameters = zip(*((n, p) for n, p in model.named_parameters() if p.requires_grad), strict=True)
    optimizer = torch.optim.AdamW(parameter_groups(model, a), betas=(0.9, 0.98), eps=1e-6, fused=True)
    ema = {k: v.detach().clone() for k, v in model.state_dict().items()}
    first = step = 0
    if a.resume and (out / "resume.pt").exists():
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
            loss = loss_of(model(**inputs).logits, labels, inner, a.inner, soft)
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
        found = dev()
        mean = sum(found.values()) / len(found)
        text = " ".join(f"{k} {v:.2f}" for k, v in {**found, "mean": mean}.items())
        say(f"epoch {epoch + 1} loss {losses / len(work):.4f} | {text} | {spent_s:.0f} s")
        model.load_state_dict(trained)
    save_file(ema, out / "model.safetensors", {"format": "pt"})
