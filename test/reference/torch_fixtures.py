"""Writes test/fixtures/torch.json.gz: small files of torch.save, with the tensors that torch.load(weights_only=True) finds in them.

    .venv/bin/python test/reference/torch_fixtures.py

A case without `tensors` is a file that the project refuses: another form, or a pickle that names more than tensors.
"""

import base64
import collections
import gzip
import io
import json
import os
import zipfile
from pathlib import Path

import torch

FIXTURE = Path(__file__).parent.parent / "fixtures" / "torch.json.gz"
DTYPES = {
    torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.float64: "F64", torch.int64: "I64",
    torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL",
}  # fmt: skip


def saved(value, **options):
    file = io.BytesIO()
    torch.save(value, file, **options)
    return file.getvalue()


def entries(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def zipped(files, force_zip64=False, compression=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = compression
            with archive.open(info, "w", force_zip64=force_zip64) as entry:
                entry.write(data)
    return file.getvalue()


def big_endian(data, size):
    """The same file as a big-endian machine writes it."""
    files = entries(data)
    turn = lambda b: b"".join(b[i : i + size][::-1] for i in range(0, len(b), size))
    return zipped({k: b"big" if k.endswith("/byteorder") else turn(v) if "/data/" in k else v for k, v in files.items()})


class Command:
    def __reduce__(self):
        return os.system, ("touch /tmp/never",)


torch.manual_seed(0)
base = torch.randn(6, 8)
every = {name: torch.randn(3, 5).mul(50).to(dtype) for dtype, name in DTYPES.items()}
module = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.LayerNorm(3))
shared = collections.OrderedDict(
    whole=base, row=base[2], rows=base[1:4], columns=base[:, 2:5], transposed=base.t(), steps=base[::2, ::3],
    again=base, cube=base.reshape(3, 2, 8).permute(2, 0, 1), alone=base[3, 4], none=base[:0], reshaped=base.reshape(8, 6),
)  # fmt: skip
half = collections.OrderedDict(a=torch.randn(4, 6).half(), b=torch.randn(4, 6).half().t(), c=torch.randn(7).bfloat16())

read = {
    "every type": saved(every),
    "a module, with versions of its parts": saved(module.state_dict()),
    "views of one storage": saved(shared),
    "halves": saved(half),
    "nothing": saved(collections.OrderedDict()),
    "a gradient is wanted": saved({"w": torch.ones(2, 2, requires_grad=True)}),
    "zip64 in every entry": zipped(entries(saved(shared)), force_zip64=True),
    "big-endian, 4 bytes": big_endian(saved(shared), 4),
    "big-endian, 2 bytes": big_endian(saved(half), 2),
    "before byteorder was written": zipped({k: v for k, v in entries(saved(shared)).items() if "byteorder" not in k}),
    "many": saved(collections.OrderedDict((f"layer.{i}.weight", torch.full((2,), float(i))) for i in range(300))),
}
torch.serialization.set_crc32_options(False)
read["without checksums"] = saved(shared)
torch.serialization.set_crc32_options(True)

script = io.BytesIO()
torch.jit.save(torch.jit.trace(module, torch.ones(1, 4)), script)
refused = {
    "a command": ("CONVERT_PICKLE_CODE", saved({"w": Command()})),
    "a parameter, which is called by another name": ("CONVERT_PICKLE_CODE", saved({"w": torch.nn.Parameter(base)})),
    "a sparse tensor": ("CONVERT_PICKLE_CODE", saved({"w": torch.eye(3).to_sparse()})),
    "a complex tensor": ("CONVERT_PICKLE_CODE", saved({"w": torch.ones(2, dtype=torch.complex64)})),
    "a set": ("CONVERT_PICKLE_CODE", saved({"w": {1}})),
    "a checkpoint of a training run": ("CONVERT_PICKLE", saved({"state_dict": shared, "epoch": 3})),
    "a tensor alone": ("CONVERT_PICKLE", saved(base)),
    "a number": ("CONVERT_PICKLE", saved(7)),
    "numbers as keys": ("CONVERT_PICKLE", saved({1: base})),
    "protocol 4": ("CONVERT_PICKLE", saved(shared, pickle_protocol=4)),
    "one element for many": ("CONVERT_TENSOR", saved({"w": torch.ones(1).expand(1000, 1000)})),
    "the form before 1.6": ("CONVERT_UNSUPPORTED", saved(shared, _use_new_zipfile_serialization=False)),
    "a TorchScript program": ("CONVERT_UNSUPPORTED", script.getvalue()),
    "compressed": ("CONVERT_ZIP", zipped(entries(saved(shared)), compression=zipfile.ZIP_DEFLATED)),
}  # fmt: skip


def described(tensor):
    data = tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes() if tensor.numel() else b""
    return {"dtype": DTYPES[tensor.dtype], "shape": list(tensor.shape), "data": text(data)}


def text(data):
    return base64.b64encode(data).decode()


cases = [
    {"name": name, "file": text(data), "tensors": {k: described(v.detach()) for k, v in torch.load(io.BytesIO(data), weights_only=True).items()}}
    for name, data in read.items()
]  # fmt: skip
cases += [{"name": name, "file": text(data), "refused": code} for name, (code, data) in refused.items()]
FIXTURE.write_bytes(gzip.compress(json.dumps(cases).encode(), mtime=0))
print(FIXTURE.stat().st_size, "bytes,", len(cases), "cases")
