"""Asks the reference implementation of safetensors which files it opens, what it reads, and what it writes.

    .venv/bin/python test/reference/safetensors_fixtures.py

writes test/fixtures/safetensors.json.gz:
    cases    every malformed and unusual file that we could think of: bytes, and what the reference makes of them
    flips    a valid file, and for each of its bytes the 256-bit mask of the values with which it still opens
    written  tensors and metadata, and the file that the reference makes of them
"""

import base64
import gzip
import json
import struct
from pathlib import Path

import numpy as np
from safetensors import TensorSpec, deserialize, serialize

BITS = {
    "BOOL": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32,
    "C64": 64, "F64": 64, "I64": 64, "U64": 64,
}  # fmt: skip


def file(header, data=b"", length=None):
    header = header if isinstance(header, bytes) else header.encode("utf-8", "surrogatepass")
    return struct.pack("<Q", len(header) if length is None else length) + header + data


def entry(start, end, dtype="F32", shape=None, extra=""):
    shape = [(end - start) // 4] if shape is None else shape
    return f'{{"dtype":"{dtype}","shape":{json.dumps(shape)},"data_offsets":[{start},{end}]{extra}}}'


def one(text, data=b"\0\0\0\0"):
    """A file with one tensor "a", whose entry is given."""
    return file('{"a":' + text + "}", data)


def build_cases():
    ok = entry(0, 4)
    cases = {
        # length and framing
        "empty file": b"",
        "three bytes": b"\1\2\3",
        "seven bytes": b"\2\0\0\0\0\0\0",
        "length only": struct.pack("<Q", 2),
        "zero length": struct.pack("<Q", 0),
        "zero length, data": struct.pack("<Q", 0) + b"{}",
        "no tensors": file("{}"),
        "no tensors, padded": file("{}      "),
        "no tensors, one byte of data": file("{}", b"\0"),
        "header one byte short": file("{}", length=3),
        "header of 2^63 bytes": file("{}", length=2**63),
        "header of 2^64 - 1 bytes": file("{}", length=2**64 - 1),
        "header of 2^53 bytes": file("{}", length=2**53),
        "header of 100,000,001 bytes": file("{}", length=100_000_001),
        "header of 100,000,000 bytes, missing": file("{}", length=100_000_000),
        "length cuts the header": file("{}   ", length=1),
        # text
        "byte order mark": file("\ufeff{}"),
        "not UTF-8": file(b'{"\xff":' + ok.encode() + b"}", b"\0" * 4),
        "overlong UTF-8": file(b'{"\xc0\xaf":' + ok.encode() + b"}", b"\0" * 4),
        "surrogate in UTF-8": file('{"\ud800":' + ok + "}", b"\0" * 4),
        "UTF-16": file("{}".encode("utf-16")),
        "leading space": file(" {}"),
        "leading line break": file("\n{}"),
        "trailing spaces": file("{}" + " " * 13),
        "trailing tabs and line breaks": file("{}\n\r\t"),
        "trailing NUL": file("{}\0"),
        "trailing brace": file("{}}"),
        "two objects": file("{}{}"),
        "trailing comma": file('{"a":' + ok + ",}", b"\0" * 4),
        "leading comma": file('{,"a":' + ok + "}", b"\0" * 4),
        "no comma": file('{"a":' + ok + ' "b":' + entry(4, 8) + "}", b"\0" * 8),
        "no colon": file('{"a" ' + ok + "}", b"\0" * 4),
        "unclosed object": file('{"a":' + ok, b"\0" * 4),
        "unclosed string": file('{"a'),
        "single quotes": file("{'a':" + ok + "}", b"\0" * 4),
        "unquoted key": file("{a:" + ok + "}", b"\0" * 4),
        "comment": file("{/**/}"),
        "array": file("[]"),
        "string": file('"a"'),
        "number": file("1"),
        "null": file("null"),
        "random text": file("hello world"),
        "HTML": b"<!DOCTYPE html><html><body>Not found</body></html>",
        "Git LFS pointer": b"version https://git-lfs.github.com/spec/v1\noid sha256:0000\nsize 12345\n",
        "spaces everywhere": file('{ "a" : { "dtype" : "F32" , "shape" : [ 1 ] , "data_offsets" : [ 0 , 4 ] } } ', b"\0" * 4),
        "line breaks everywhere": file('{\n"a"\t:\r{"dtype":"F32",\n"shape":[\n1],"data_offsets":[0,\n4]}}', b"\0" * 4),
        "no-break space": file('{"a":\u00a0' + ok + "}", b"\0" * 4),
        # strings
        "empty name": file('{"":' + ok + "}", b"\0" * 4),
        "escaped name": file('{"\\u0061\\n\\t\\b\\f\\r\\/\\\\\\"":' + ok + "}", b"\0" * 4),
        "escaped pair": file('{"\\ud83d\\ude00":' + ok + "}", b"\0" * 4),
        "escaped pair in capitals": file('{"\\uD83D\\uDE00":' + ok + "}", b"\0" * 4),
        "escaped NUL": file('{"\\u0000":' + ok + "}", b"\0" * 4),
        "raw control character": file('{"a\nb":' + ok + "}", b"\0" * 4),
        "raw DEL": file('{"\x7f":' + ok + "}", b"\0" * 4),
        "bad escape": file('{"\\x61":' + ok + "}", b"\0" * 4),
        "short escape": file('{"\\u61":' + ok + "}", b"\0" * 4),
        "escape at the end": file('{"\\'),
        "unicode escape at the end": file('{"\\u00'),
        "signed escape": file('{"\\u+061":' + ok + "}", b"\0" * 4),
        "lone high surrogate": file('{"\\ud800":' + ok + "}", b"\0" * 4),
        "lone low surrogate": file('{"\\udc00":' + ok + "}", b"\0" * 4),
        "high surrogate, then text": file('{"\\ud800abcdef":' + ok + "}", b"\0" * 4),
        "two high surrogates": file('{"\\ud800\\ud800":' + ok + "}", b"\0" * 4),
        "reversed surrogates": file('{"\\ude00\\ud83d":' + ok + "}", b"\0" * 4),
        "lone surrogate in metadata": file('{"__metadata__":{"a":"\\ud800"}}'),
        "lone surrogate in an unknown field": one(entry(0, 4, extra=',"x":"\\ud800"')),
        "prototype names": file(
            '{"__proto__":' + ok + ',"constructor":' + entry(4, 8) + ',"toString":' + entry(8, 12)
            + ',"hasOwnProperty":' + entry(12, 16) + "}", b"\0" * 16),
        "prototype names in metadata": file('{"__metadata__":{"__proto__":"a","constructor":"b"}}'),
        "very long name": file('{"' + "x" * 20000 + '":' + ok + "}", b"\0" * 4),
        "astral name": file('{"\U0001f600\u4e2d":' + ok + "}", b"\0" * 4),
        # repetitions
        "name twice": file('{"a":' + ok + ',"a":' + ok + "}", b"\0" * 4),
        "name twice, back to back": file('{"a":' + ok + ',"a":' + entry(4, 8) + "}", b"\0" * 8),
        "name twice, once escaped": file('{"a":' + ok + ',"\\u0061":' + ok + "}", b"\0" * 4),
        "metadata twice": file('{"__metadata__":{},"__metadata__":{}}'),
        "metadata twice, once escaped": file('{"__metadata__":{},"\\u005f_metadata__":{}}'),
        "metadata key twice": file('{"__metadata__":{"a":"1","a":"2"}}'),
        "metadata key twice, once escaped": file('{"__metadata__":{"a":"1","\\u0061":"2"}}'),
        "dtype twice": one(entry(0, 4, extra=',"dtype":"F32"')),
        "shape twice": one(entry(0, 4, extra=',"shape":[1]')),
        "data_offsets twice": one(entry(0, 4, extra=',"data_offsets":[0,4]')),
        "dtype twice, once escaped": one(entry(0, 4, extra=',"\\u0064type":"F32"')),
        # entries
        "entry null": one("null"),
        "entry a number": one("1"),
        "entry a string": one('"F32"'),
        "entry an array": one('["F32",[1],[0,4]]'),
        "entry empty": one("{}"),
        "no dtype": one('{"shape":[1],"data_offsets":[0,4]}'),
        "no shape": one('{"dtype":"F32","data_offsets":[0,4]}'),
        "no data_offsets": one('{"dtype":"F32","shape":[1]}'),
        "fields in another order": one('{"data_offsets":[0,4],"shape":[1],"dtype":"F32"}'),
        "unknown field": one(entry(0, 4, extra=',"x":1')),
        "unknown fields of every kind": one(
            entry(0, 4, extra=',"p":null,"q":true,"r":false,"s":[1,"2",{}],"t":{"u":[]},"v":-1.5e-3,"w":0,"x":1E+2,"y":0.0')),
        "unknown field, bad literal": one(entry(0, 4, extra=',"x":nul')),
        "unknown field, bad number": one(entry(0, 4, extra=',"x":01')),
        "unknown field, number without digits": one(entry(0, 4, extra=',"x":-')),
        "unknown field, NaN": one(entry(0, 4, extra=',"x":NaN')),
        "unknown field, 1e999": one(entry(0, 4, extra=',"x":1e999')),
        "unknown field, -1e999": one(entry(0, 4, extra=',"x":-1e999')),
        "unknown field, 1e999 in a list": one(entry(0, 4, extra=',"x":[[1e999]]')),
        "unknown field, 400 digits": one(entry(0, 4, extra=',"x":' + "9" * 400)),
        "unknown field, 1e308": one(entry(0, 4, extra=',"x":1e308')),
        "unknown field, 300 digits": one(entry(0, 4, extra=',"x":' + "9" * 300)),
        "unknown field, 1e-999": one(entry(0, 4, extra=',"x":1e-999')),
        "unknown field, point without digits": one(entry(0, 4, extra=',"x":1.')),
        "unknown field, exponent without digits": one(entry(0, 4, extra=',"x":1e')),
        "unknown field, trailing comma": one(entry(0, 4, extra=',"x":[1,]')),
        "unknown field twice": one(entry(0, 4, extra=',"x":1,"x":1')),
        "dtype null": one('{"dtype":null,"shape":[1],"data_offsets":[0,4]}'),
        "dtype a number": one('{"dtype":1,"shape":[1],"data_offsets":[0,4]}'),
        "dtype an object": one('{"dtype":{"F32":null},"shape":[1],"data_offsets":[0,4]}'),
        "dtype unknown": one(entry(0, 4, "F31")),
        "dtype in lower case": one(entry(0, 4, "f32")),
        "dtype empty": one(entry(0, 4, "")),
        "dtype escaped": one(entry(0, 4, "F\\u0033\\u0032")),
        "dtype of PyTorch": one(entry(0, 4, "float32")),
        "dtype a prototype name": one(entry(0, 4, "constructor")),
        "shape null": one('{"dtype":"F32","shape":null,"data_offsets":[0,4]}'),
        "shape a number": one('{"dtype":"F32","shape":1,"data_offsets":[0,4]}'),
        "shape an object": one('{"dtype":"F32","shape":{"0":1},"data_offsets":[0,4]}'),
        "shape of strings": one('{"dtype":"F32","shape":["1"],"data_offsets":[0,4]}'),
        "shape with null": one('{"dtype":"F32","shape":[null],"data_offsets":[0,4]}'),
        "shape nested": one('{"dtype":"F32","shape":[[1]],"data_offsets":[0,4]}'),
        "scalar": one(entry(0, 4, shape=[])),
        "sixty dimensions": one(entry(0, 4, shape=[1] * 60)),
        "empty tensor": one(entry(0, 0, shape=[0]), b""),
        "empty tensor of three dimensions": one(entry(0, 0, shape=[5, 0, 7]), b""),
        "offsets null": one('{"dtype":"F32","shape":[1],"data_offsets":null}'),
        "one offset": one('{"dtype":"F32","shape":[1],"data_offsets":[4]}'),
        "three offsets": one('{"dtype":"F32","shape":[1],"data_offsets":[0,4,4]}'),
        "no offsets": one('{"dtype":"F32","shape":[1],"data_offsets":[]}'),
        # numbers
        "negative shape": one('{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}'),
        "negative shapes": one('{"dtype":"F32","shape":[-1,-1],"data_offsets":[0,4]}'),
        "negative offset": one('{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}'),
        "negative zero": one('{"dtype":"F32","shape":[1],"data_offsets":[-0,4]}'),
        "fractional shape": one('{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}'),
        "shape 1.0": one('{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}'),
        "shape 1e0": one('{"dtype":"F32","shape":[1e0],"data_offsets":[0,4]}'),
        "offset 4E0": one('{"dtype":"F32","shape":[1],"data_offsets":[0,4E0]}'),
        "leading zero": one('{"dtype":"F32","shape":[01],"data_offsets":[0,4]}'),
        "two zeros": one('{"dtype":"F32","shape":[1],"data_offsets":[00,4]}'),
        "plus sign": one('{"dtype":"F32","shape":[+1],"data_offsets":[0,4]}'),
        "hexadecimal": one('{"dtype":"F32","shape":[0x1],"data_offsets":[0,4]}'),
        "shape true": one('{"dtype":"F32","shape":[true],"data_offsets":[0,4]}'),
        # sizes
        "shape too large": one(entry(0, 4, shape=[2])),
        "shape too small": one(entry(0, 8, shape=[1]), b"\0" * 8),
        "wrong dtype for its span": one(entry(0, 4, "F64", [1])),
        "reversed offsets": one('{"dtype":"F32","shape":[1],"data_offsets":[4,0]}'),
        "shape of 2^32 squared": one(entry(0, 4, shape=[2**32, 2**32])),
        "shape of 2^62, times 4 bytes": one(entry(0, 0, shape=[2**62])),
        "shape of 2^64": one('{"dtype":"F32","shape":[18446744073709551616],"data_offsets":[0,4]}'),
        "shape of 2^53 + 1": one('{"dtype":"U8","shape":[9007199254740993],"data_offsets":[0,4]}'),
        "shape of 400 digits": one('{"dtype":"U8","shape":[' + "9" * 400 + '],"data_offsets":[0,4]}'),
        "offsets of 2^53": one('{"dtype":"U8","shape":[4],"data_offsets":[9007199254740992,9007199254740996]}'),
        "zero, then 2^62 squared": one(entry(0, 0, shape=[0, 2**62, 2**62]), b""),
        "zero, then 2^52 squared": one(entry(0, 0, shape=[0, 2**52, 2**52]), b""),
        "2^62 squared, then zero": one(entry(0, 0, shape=[2**62, 2**62, 0]), b""),
        "2^40 squared, then zero": one(entry(0, 0, shape=[2**40, 2**40, 0]), b""),
        "2^52, then zero": one(entry(0, 0, shape=[2**52, 0]), b""),
        # layout
        "overlap": file('{"a":' + entry(0, 8) + ',"b":' + entry(4, 12) + "}", b"\0" * 12),
        "same span twice": file('{"a":' + ok + ',"b":' + ok + "}", b"\0" * 4),
        "one inside another": file('{"a":' + entry(0, 12) + ',"b":' + entry(4, 8) + "}", b"\0" * 12),
        "hole": file('{"a":' + ok + ',"b":' + entry(8, 12) + "}", b"\0" * 12),
        "first offset not 0": one(entry(4, 8), b"\0" * 8),
        "first offset not 0, data fits": one(entry(4, 8), b"\0" * 4),
        "last tensor first": file('{"a":' + entry(4, 8) + ',"b":' + entry(0, 4) + "}", b"\0\0\0\0\1\1\1\1"),
        "empty tensor between": file('{"a":' + ok + ',"b":' + entry(4, 4, shape=[0]) + ',"c":' + entry(4, 8) + "}", b"\0" * 8),
        "empty tensor between, listed last": file(
            '{"a":' + ok + ',"c":' + entry(4, 8) + ',"b":' + entry(4, 4, shape=[0]) + "}", b"\0" * 8),
        "empty tensor inside another": file('{"a":' + entry(0, 8) + ',"b":' + entry(4, 4, shape=[0]) + "}", b"\0" * 8),
        "empty tensor past the end": file('{"a":' + ok + ',"b":' + entry(8, 8, shape=[0]) + "}", b"\0" * 4),
        "trailing byte": one(ok, b"\0" * 5),
        "missing byte": one(ok, b"\0" * 3),
        "no data": one(ok, b""),
        "unaligned": file('{"a":' + entry(0, 1, "U8", [1]) + ',"b":' + entry(1, 5) + "}", b"\0\0\0\x80\x3f"),
        # metadata
        "metadata": file('{"__metadata__":{"format":"pt","author":"\\u00e9"}}'),
        "metadata empty": file('{"__metadata__":{}}'),
        "metadata last": file('{"a":' + ok + ',"__metadata__":{"format":"pt"}}', b"\0" * 4),
        "metadata null": file('{"__metadata__":null}'),
        "metadata a string": file('{"__metadata__":"pt"}'),
        "metadata an array": file('{"__metadata__":[]}'),
        "metadata a tensor": file('{"__metadata__":' + ok + "}", b"\0" * 4),
        "metadata with a number": file('{"__metadata__":{"a":1}}'),
        "metadata with null": file('{"__metadata__":{"a":null}}'),
        "metadata with an object": file('{"__metadata__":{"a":{}}}'),
        "metadata with an array": file('{"__metadata__":{"a":["b"]}}'),
        "metadata of another case": file('{"__METADATA__":{}}'),
        # elements of four and six bits
        "F4, two elements": one(entry(0, 1, "F4", [2]), b"\x21"),
        "F4, three elements": one(entry(0, 2, "F4", [3]), b"\x21\x03"),
        "F6, four elements": one(entry(0, 3, "F6_E2M3", [4]), b"\1\2\3"),
        "F6, three elements": one(entry(0, 3, "F6_E3M2", [3]), b"\1\2\3"),
    }
    for dtype, bits in BITS.items():
        cases[f"every dtype: {dtype}"] = one(entry(0, bits, dtype, [4, 2]), bytes(range(bits)))
    cases["BOOL of 2 and 255"] = one(entry(0, 2, "BOOL", [2]), b"\2\xff")
    for depth in [100, 120, 123, 124, 125, 126, 127, 128, 129, 130, 1000, 100_000]:
        cases[f"{depth} brackets"] = one(entry(0, 4, extra=',"x":' + "[" * depth + "]" * depth))
        cases[f"{depth} unclosed brackets"] = one(entry(0, 4, extra=',"x":' + "[" * depth))
        cases[f"{depth} braces"] = one(entry(0, 4, extra=',"x":' + '{"a":' * depth + "1" + "}" * depth))
    cases["100000 brackets as an entry"] = file('{"a":' + "[" * 100_000)
    cases["100000 brackets as the header"] = file("[" * 100_000)
    cases["100000 braces as metadata"] = file('{"__metadata__":' + '{"a":' * 100_000)
    return cases


def read(data):
    """What the reference makes of a file: its tensors by name, or nothing and why."""
    try:
        tensors = deserialize(data)
    except BaseException as error:  # noqa: BLE001 (a panic of the reference is no Exception)
        return None, f"{type(error).__name__}: {error}"[:200]
    return {
        name: [tensor["dtype"], list(tensor["shape"]), base64.b64encode(bytes(tensor["data"])).decode()]
        for name, tensor in tensors
    }, None


def build_flips():
    data = file(
        '{"__metadata__":{"a":"b"},"x":' + entry(0, 4, "U8", [2, 2]) + ',"yz":' + entry(4, 12, "F32", [2]) + "}  ",
        bytes(range(12)),
    )
    masks = []
    for at in range(len(data)):
        mask = bytearray(32)
        for value in range(256):
            if read(data[:at] + bytes([value]) + data[at + 1 :])[0] is not None:
                mask[value >> 3] |= 1 << (value & 7)
        masks.append(mask.hex())
    return {"file": base64.b64encode(data).decode(), "masks": masks}


NAMES = {
    "BOOL": "bool", "F4": "float4_e2m1fn_x2", "U8": "uint8", "I8": "int8", "F8_E5M2": "float8_e5m2",
    "F8_E4M3": "float8_e4m3fn", "F8_E8M0": "float8_e8m0fnu", "F8_E4M3FNUZ": "float8_e4m3fnuz",
    "F8_E5M2FNUZ": "float8_e5m2fnuz", "I16": "int16", "U16": "uint16", "F16": "float16", "BF16": "bfloat16",
    "I32": "int32", "U32": "uint32", "F32": "float32", "C64": "complex64", "F64": "float64", "I64": "int64",
    "U64": "uint64",
}  # fmt: skip


def written(tensors, metadata=None):
    """`tensors`: (name, dtype, shape, bytes)."""
    arrays = [np.frombuffer(data, dtype=np.uint8) for _, _, _, data in tensors]
    specs = {
        name: TensorSpec(
            dtype=NAMES[dtype],
            # The reference is told how many bytes hold two elements of four bits each.
            shape=[*shape[:-1], shape[-1] // 2] if dtype == "F4" else shape,
            data_ptr=array.ctypes.data,
            data_len=array.nbytes,
        )
        for (name, dtype, shape, _), array in zip(tensors, arrays, strict=True)
    }
    result = bytes(serialize(specs, metadata=metadata))
    return {
        "tensors": [[name, dtype, shape, base64.b64encode(data).decode()] for name, dtype, shape, data in tensors],
        "metadata": metadata,
        "file": base64.b64encode(result).decode(),
    }


def build_written():
    random = np.random.default_rng(7)
    every = [(f"t.{dtype}", dtype, [2, 4], random.bytes(BITS[dtype])) for dtype in NAMES]
    names = ["b", "a", "Z", "", "é", "\U0001f600", "\uffee", "a\"b\\c\n\x01\x7f\u2028", "a.b", "aa", "__proto__", "\x00"]
    return [
        written([]),
        written([], {"format": "pt"}),
        written([("a", "F32", [1], b"\0\0\x80\x3f")], {"format": "pt"}),
        written([("a", "F32", [], b"\0\0\x80\x3f"), ("b", "I64", [0], b"")]),
        written([("a", "U8", [n], random.bytes(n)) for n in [5]], {"é\n\"": "\U0001f600\t"}),
        written(every),
        written(every[::-1], {"format": "np"}),
        written([(name, "U8", [1], bytes([i])) for i, name in enumerate(names)]),
        written([(f"layer.{i}.weight", ["F32", "F16", "I8"][i % 3], [3], random.bytes([12, 6, 3][i % 3])) for i in range(40)]),
    ]


def main():
    cases = []
    for name, data in build_cases().items():
        tensors, error = read(data)
        cases.append({"name": name, "file": base64.b64encode(data).decode(), "tensors": tensors, "error": error})
    fixture = {"cases": cases, "flips": build_flips(), "written": build_written()}
    path = Path(__file__).parent.parent / "fixtures" / "safetensors.json.gz"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(gzip.compress(json.dumps(fixture, ensure_ascii=True).encode(), 9, mtime=0))
    print(f"{path.name}: {path.stat().st_size} bytes, {len(cases)} cases, {sum(c['tensors'] is not None for c in cases)} open")


if __name__ == "__main__":
    main()
