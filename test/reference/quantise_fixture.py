"""Writes test/fixtures/quantise.safetensors.gz: rows of weights, and what weights/recipe/quantise.py makes of them.

    .venv/bin/python test/reference/quantise_fixture.py
"""

import gzip
import sys
from pathlib import Path

import torch
from safetensors.torch import save

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "weights" / "recipe"))
from quantise import quantise  # noqa: E402

torch.manual_seed(1)
rows = torch.randn(48, 96) * torch.logspace(-6, 1, 48)[:, None]
rows[8:16, 5] *= 12  # one weight far out
rows[16:24] = rows[16:24].sign() * rows[16:24].abs().pow(3)  # heavy tails
rows[24] = 0
rows[25, 1:] = 0
codes, scales = quantise(rows)
FIXTURE = ROOT / "test" / "fixtures" / "quantise.safetensors.gz"
FIXTURE.write_bytes(gzip.compress(save({"rows": rows, "codes": codes.float(), "scales": scales.reshape(-1)}), mtime=0))
print(FIXTURE.stat().st_size, "bytes")
