"""Fine-tune MiniLM-L6 for CoNLL-2003 entities, with letter case given back through five token types. CPU, fp32.

Every epoch is made anew from the training sentences:
  natural    every sentence once; a share of them joined with the sentences that follow (running text, no separator)
  perturbed  a random share of the same examples, all lower-case, ALL UPPER or Each Word Capitalised: the pieces stay
             the same (the vocabulary is lower-case), only the token types change
The model that is evaluated and saved is an exponential moving average of the weights.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import random
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from transformers import BertForTokenClassification

import conll
from conll import IGNORE, LABELS, Encoder, Pieces, Sentence


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--start", required=True, help="folder of the pretrained start (all-MiniLM-L6-v2) or of an earlier run")
    p.add_argument("--train", required=True, help="eng.train")
    p.add_argument("--dev", required=True, help="eng.testa: reported after every second epoch, never used to choose")
    p.add_argument("--epochs", type=int, default=6)
    p.add_argument("--warmup", type=float, default=0.06, help="share of the steps")
    p.add_argument("--perturbed", type=float, default=0.35, help="size of the case-perturbed copy")
    p.add_argument("--windows", type=float, default=0.07, help="chance that a sentence starts a multi-sentence example (0.07: a third of all sentences)")
    p.add_argument("--dropout", type=float, default=0.1)
    p.add_argument("--qat-epochs", type=int, default=0, help="last epochs with int8-rounded weights in the forward pass")
    shared_arguments(p)
    return p.parse_args()


def shared_arguments(p: argparse.ArgumentParser) -> None:
    """What every training script takes; one that needs other defaults sets them."""
    p.add_argument("--out", required=True)
    p.add_argument("--lr", type=float, default=1e-4, help="of the top encoder layer")
    p.add_argument("--decay", type=float, default=0.9, help="learning-rate factor from each layer to the one below")
    p.add_argument("--head-lr", type=float, default=5e-4, help="of the classifier and the token-type table")
    p.add_argument("--floor", type=float, default=0.02, help="last learning rate as a share of the highest")
    p.add_argument("--pieces", type=int, default=900, help="pieces per batch, padding included")
    p.add_argument("--inner", type=float, default=0.3, help="weight of the loss at a word's pieces after the first")
    p.add_argument("--holdout", type=float, default=0.05, help="share of CoNLL's training documents kept for choosing; 0 for none")
    p.add_argument("--ema", type=float, default=0.998)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--resume", action="store_true")


# ── data ──────────────────────────────────────────────────────────────────────────────────────────────────────────

CASES = {
    "lower": str.lower,
    "upper": str.upper,
    "title": lambda w: w[:1].upper() + w[1:].lower(),
}


def perturb(sentence: Sentence, rng: random.Random) -> tuple[list[str], list[str]]:
    change = CASES[rng.choices(["lower", "upper", "title"], [0.5, 0.35, 0.15])[0]]
    words, tags = [change(w) for w in sentence.words], list(sentence.tags)
    if len(words) > 2 and words[-1] == "." and rng.random() < 0.5:  # typed text often ends without a full stop
        words, tags = words[:-1], tags[:-1]
    return words, tags


def epoch_examples(documents: list[list[Sentence]], encoder: Encoder, a: argparse.Namespace, rng: random.Random) -> list[Pieces]:
    groups: list[list[Sentence]] = []
    for document in documents:
        k = 0
        while k < len(document):
            group = [document[k]]
            k += 1
            if rng.random() < a.windows:
                limit = rng.randint(60, 200)
                size = len(group[0].words)
                while k < len(document) and size + len(document[k].words) < limit * 0.7:
                    size += len(document[k].words)
                    group.append(document[k])
                    k += 1
            groups.append(group)
    natural = [encoder.wrap([encoder.sentence(s.words, s.tags) for s in g]) for g in groups]
    chosen = rng.sample(groups, int(a.perturbed * len(groups)))
    case = []
    for g in chosen:
        state = rng.getstate()
        parts = []
        for s in g:
            rng.setstate(state)  # one case for the whole example
            parts.append(encoder.sentence(*perturb(s, rng)))
        case.append(encoder.wrap(parts))
    return natural + case


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


# ── model ─────────────────────────────────────────────────────────────────────────────────────────────────────────

def build(a: argparse.Namespace) -> BertForTokenClassification:
    model = BertForTokenClassification.from_pretrained(
        a.start,
        num_labels=len(LABELS),
        id2label=dict(enumerate(LABELS)),
        label2id=conll.LABEL_ID,
        hidden_dropout_prob=a.dropout,
        attention_probs_dropout_prob=0.0,  # lets torch use its fused attention; 0.1 brings nothing measurable here
        attn_implementation="sdpa",
        dtype=torch.float32,
    )
    model.config.architectures = ["BertForTokenClassification"]
    table = model.bert.embeddings.token_type_embeddings
    if table.num_embeddings != 5:
        rows = table.weight.data[:1].repeat(5, 1)
        rows[1:] += 0.005 * torch.randn(4, rows.shape[1])
        model.bert.embeddings.token_type_embeddings = torch.nn.Embedding.from_pretrained(rows, freeze=False)
        model.config.type_vocab_size = 5
    return model


def parameter_groups(model: BertForTokenClassification, a: argparse.Namespace) -> list[dict]:
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


class RoundedWeight(torch.nn.Module):
    """Quantisation-aware training: the forward pass sees round(W/s)·s with s = max|row|/127, the gradient passes through."""

    def forward(self, w: torch.Tensor) -> torch.Tensor:
        s = (w.detach().abs().amax(1, keepdim=True) / 127).clamp_min(1e-12)
        return w + (torch.round(w.detach() / s) * s - w.detach())


def round_weights(model: BertForTokenClassification) -> None:
    for module in model.bert.modules():
        if isinstance(module, torch.nn.Linear):
            torch.nn.utils.parametrize.register_parametrization(module, "weight", RoundedWeight(), unsafe=True)


def plain_state(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {k.replace("parametrizations.weight.original", "weight"): v for k, v in state.items()}


# ── evaluation: one sentence at a time (sentences of equal length share a batch, so nothing is padded) ────────────

@torch.inference_mode()
def logits_of(model: BertForTokenClassification, encoder: Encoder, sentences: list[list[str]]) -> list[np.ndarray]:
    """Of each sentence the logits of its words, [words, labels]: those of their first pieces."""
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


def predict(model: BertForTokenClassification, encoder: Encoder, sentences: list[list[str]]) -> list[list[str]]:
    return [[LABELS[k] for k in rows.argmax(1)] for rows in logits_of(model, encoder, sentences)]


def evaluate(model: BertForTokenClassification, encoder: Encoder, sentences: list[Sentence], case: str = "") -> conll.Score:
    change = CASES.get(case, str)
    found = predict(model, encoder, [[change(w) for w in s.words] for s in sentences])
    return conll.score([s.tags for s in sentences], found)


def loss_of(logits: torch.Tensor, labels: torch.Tensor, inner: torch.Tensor, weight: float) -> torch.Tensor:
    """Cross entropy at first pieces, plus `weight` times that at the pieces after them: only first pieces are scored,
    but on running text "O'Neill" is three words and "Marie-Claire" three, and all of them have to say the same."""

    def total(target: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.cross_entropy(logits.view(-1, len(LABELS)), target.view(-1), ignore_index=IGNORE, reduction="sum")

    return (total(labels) + weight * total(inner)) / ((labels != IGNORE).sum() + weight * (inner != IGNORE).sum())


# ── training ──────────────────────────────────────────────────────────────────────────────────────────────────────

def keep_memory() -> None:
    """glibc hands every large tensor back to the system and faults its pages in again at the next step. In a virtual
    machine that cost nine tenths of the time here. Keep freed memory in one heap instead. No effect outside glibc."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        for option, value in ((-4, 0), (-1, 2**31 - 1), (-2, 256 << 20), (-8, 1)):  # MMAP_MAX TRIM_THRESHOLD TOP_PAD ARENA_MAX
            libc.mallopt(option, value)


def logger(out: Path) -> Callable[[str], None]:
    """Prints a line with the time, and adds it to log.txt."""
    log = (out / "log.txt").open("a")

    def say(text: str) -> None:
        line = time.strftime("%H:%M:%S ") + text
        print(line, flush=True)
        print(line, file=log, flush=True)

    return say


def begun(a: argparse.Namespace) -> tuple[Path, Callable[[str], None]]:
    """Sets torch up as the arguments say; the run's folder, and its log."""
    keep_memory()
    torch.set_num_threads(a.threads)
    torch.manual_seed(a.seed)
    out = Path(a.out)
    out.mkdir(parents=True, exist_ok=True)
    return out, logger(out)


def main() -> None:
    a = arguments()
    out, say = begun(a)
    encoder = Encoder(Path(a.start) / "vocab.txt")
    held_out, documents = conll.hold_out(a.train, a.holdout)
    holdout = [s for d in held_out for s in d]
    dev = [s for d in conll.read(a.dev) for s in d]
    say(f"{vars(a)}")
    say(f"{len(documents)} documents to train on, {len(held_out)} held out ({len(holdout)} sentences), dev {len(dev)} sentences")

    model = build(a)
    optimizer = torch.optim.AdamW(parameter_groups(model, a), betas=(0.9, 0.98), eps=1e-6, fused=True)
    ema = {k: v.detach().clone() for k, v in model.state_dict().items()}
    first, best = 0, -1.0
    if a.resume and (out / "resume.pt").exists():
        saved = torch.load(out / "resume.pt", weights_only=True)
        model.load_state_dict(saved["model"])
        optimizer.load_state_dict(saved["optimizer"])
        ema, first = saved["ema"], saved["epoch"]
        if (out / "best.json").exists():
            best = json.loads((out / "best.json").read_text())["held_out"] or best
        say(f"resumed after epoch {first}")

    started, spent = time.time(), 0
    steps_per_epoch = len(batches(epoch_examples(documents, encoder, a, random.Random(a.seed)), a.pieces, random.Random(a.seed)))
    total = steps_per_epoch * a.epochs
    averaged = [p for n, p in model.named_parameters()]
    names = [n for n, _ in model.named_parameters()]

    for epoch in range(first, a.epochs):
        rng = random.Random(1000 * a.seed + epoch)
        torch.manual_seed(1000 * a.seed + epoch)
        if a.qat_epochs and epoch == a.epochs - a.qat_epochs:
            round_weights(model)
            averaged = [p for n, p in model.named_parameters()]
            names = [n.replace("parametrizations.weight.original", "weight") for n, _ in model.named_parameters()]
            say("weights are rounded to int8 from here on")
        work = batches(epoch_examples(documents, encoder, a, rng), a.pieces, rng)
        model.train()
        losses = 0.0
        for k, batch in enumerate(work):
            step = epoch * steps_per_epoch + k
            warm = step / max(1, a.warmup * total)
            share = min(1.0, warm, a.floor + (1 - a.floor) * max(0.0, 1 - (step - a.warmup * total) / (total * (1 - a.warmup))))
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * share
            inputs = tensors(batch)
            labels, inner = inputs.pop("labels"), inputs.pop("inner")
            loss = loss_of(model(**inputs).logits, labels, inner, a.inner)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0, foreach=True)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            losses += loss.item()
            spent += inputs["input_ids"].numel()
            if step % 4 == 3:  # every fourth step is as good an average and a quarter of the memory traffic
                keep = min(a.ema**4, (1 + step) / (40 + step))
                torch._foreach_lerp_([ema[n] for n in names], [p.detach() for p in averaged], 1 - keep)
            if k % 25 == 24:
                say(f"epoch {epoch + 1} step {k + 1}/{len(work)} loss {losses / (k + 1):.4f} {spent / (time.time() - started):.0f} pieces/s")

        training = {k: v.clone() for k, v in model.state_dict().items()}
        torch.save({"model": plain_state(training), "optimizer": optimizer.state_dict(), "ema": ema, "epoch": epoch + 1}, out / "resume.pt.new")
        (out / "resume.pt.new").rename(out / "resume.pt")
        targets = dict(zip(names, averaged, strict=True))
        backup = {n: p.detach().clone() for n, p in targets.items()}
        for n, p in targets.items():
            p.data.copy_(ema[n])
        held = evaluate(model, encoder, holdout) if holdout else None
        last = epoch == a.epochs - 1
        cases = ["natural", "lower", "upper"] if last else ["natural"] if epoch % 2 else []
        testa = " ".join(f"{case} {evaluate(model, encoder, dev, case).f1:.2f}" for case in cases)
        say(f"epoch {epoch + 1} loss {losses / len(work):.4f} | held-out {held} | testa {testa or '-'} | {time.time() - started:.0f} s")
        save_file(ema, out / f"epoch-{epoch + 1}.safetensors", {"format": "pt"})
        if not held or held.f1 >= best:
            best = held.f1 if held else best
            model.config.save_pretrained(out)
            save_file(ema, out / "model.safetensors", {"format": "pt"})
            (out / "vocab.txt").write_text((Path(a.start) / "vocab.txt").read_text(encoding="utf-8"), encoding="utf-8")
            (out / "best.json").write_text(json.dumps({"epoch": epoch + 1, "held_out": held and held.f1, "testa": testa}))
        for n, p in targets.items():
            p.data.copy_(backup[n])


if __name__ == "__main__":
    main()
