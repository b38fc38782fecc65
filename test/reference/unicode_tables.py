"""Writes src/tokenizer/unicode-tables.ts and word-tables.ts: what the pinned `tokenizers` does with each Unicode scalar value.

Nothing here is read from the Unicode database where the oracle can be asked: every class and mapping is found by giving
the oracle each of the 1,112,064 scalar values and looking at what comes out. Two things it cannot be asked directly:
the number of a combining class (it is asked whether there is one, and in which order it puts two of them; the numbers
are those of Python, which never change once given), and upper case (it only lowers): Python's, for the letter case of words.

    python test/reference/unicode_tables.py        # about a minute
"""

import json
import sys
import unicodedata
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers
import tokenizers

assert tokenizers.__version__ == "0.23.3", tokenizers.__version__
FOLDER = Path(__file__).parents[2] / "src" / "tokenizer"
SCALARS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
HANGUL = range(0xAC00, 0xAC00 + 11172)


def bert(**flags):
    off = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    return normalizers.BertNormalizer(**{**off, **flags}).normalize_str


# --- numbers as text: 5 bits a character, low bits first, a sixth bit says that more follow ---------------------------

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def pack(numbers):
    text = []
    for n in numbers:
        assert n >= 0
        while n > 31:
            text.append(ALPHABET[32 + n % 32])
            n //= 32
        text.append(ALPHABET[n])
    return "".join(text)


def zigzag(n):
    return 2 * n if n >= 0 else -2 * n - 1


def runs(points):
    """Ascending numbers → [first, last] of each unbroken run."""
    found = []
    for point in points:
        if found and found[-1][1] == point - 1:
            found[-1][1] = point
        else:
            found.append([point, point])
    return found


def pack_set(points):
    """Per run: gap since the end of the run before, length − 1."""
    numbers, end = [], 0
    for first, last in runs(sorted(points)):
        numbers += [first - end, last - first]
        end = last + 1
    return pack(numbers)


def pack_values(values):
    """code point → small number. Per run of one value: gap, length − 1, value."""
    numbers, end = [], 0
    points = sorted(values)
    i = 0
    while i < len(points):
        j = i
        while j + 1 < len(points) and points[j + 1] == points[j] + 1 and values[points[j + 1]] == values[points[i]]:
            j += 1
        numbers += [points[i] - end, j - i, values[points[i]]]
        end = points[j] + 1
        i = j + 1
    return pack(numbers)


def pack_shifts(mapping):
    """code point → code point by a constant distance. Per run: gap, 2 × (how many − 1) + (1: every second), distance."""
    numbers, end = [], 0
    points = sorted(mapping)
    i = 0
    while i < len(points):
        shift = mapping[points[i]] - points[i]
        best = i, 1
        for step in (1, 2):
            j = i
            while j + 1 < len(points) and points[j + 1] == points[j] + step and mapping[points[j + 1]] - points[j + 1] == shift:
                j += 1
            if j > best[0]:
                best = j, step
        j, step = best
        numbers += [points[i] - end, 2 * (j - i) + step - 1, zigzag(shift)]
        end = points[j] + 1
        i = j + 1
    return pack(numbers)


def checksum(mapping):
    """FNV-1a over all values of a mapping to strings, a code point at a time: unicode.ts checks what an engine gives."""
    h = 0x811C9DC5
    for c in sorted(mapping):
        for value in mapping[c]:
            h = (h ^ ord(value)) * 0x01000193 & 0xFFFFFFFF
    return h


# --- asking the oracle ------------------------------------------------------------------------------------------------


def between(ask, c):
    """What becomes of c between two letters that nothing changes."""
    answer = ask("a" + chr(c) + "b")
    assert answer[0] == "a" and answer[-1] == "b"
    return answer[1:-1]


clean, strip, lower = bert(clean_text=True), bert(strip_accents=True), bert(lowercase=True)
nfd = normalizers.NFD().normalize_str
pre = pre_tokenizers.BertPreTokenizer().pre_tokenize_str

cleaned = {c: between(clean, c) for c in SCALARS}
removed = [c for c in SCALARS if cleaned[c] == ""]
spaced = [c for c in SCALARS if cleaned[c] == " "]
assert all(cleaned[c] in ("", " ", chr(c)) for c in SCALARS)

words = {c: [word for word, _ in pre("a" + chr(c) + "b")] for c in SCALARS}
whitespace = [c for c in SCALARS if words[c] == ["a", "b"]]
punctuation = [c for c in SCALARS if words[c] == ["a", chr(c), "b"]]
assert all(len(words[c]) > 1 or words[c] == ["a" + chr(c) + "b"] for c in SCALARS)
assert set(spaced) <= set(whitespace)

stripped = {c: between(strip, c) for c in SCALARS}
marks = [c for c in SCALARS if stripped[c] == ""]
set_of_marks = set(marks)
bases = {c: s for c, s in stripped.items() if s not in ("", chr(c))}
for c in HANGUL:  # by arithmetic, as the Unicode standard defines it (§3.12)
    l, v, t = (c - 0xAC00) // 588, (c - 0xAC00) % 588 // 28, (c - 0xAC00) % 28
    assert bases.pop(c) == chr(0x1100 + l) + chr(0x1161 + v) + (chr(0x11A7 + t) if t else "")
# Unicode never changes a decomposition, so any engine gives that of a character which the oracle decomposes.
for c, s in bases.items():
    assert s == "".join(x for x in unicodedata.normalize("NFD", chr(c)) if ord(x) not in set_of_marks), hex(c)

full = {c: between(nfd, c) for c in SCALARS}
for c, s in bases.items():  # so that leaving marks out of a decomposition cannot move what is kept of it
    assert s[0] == full[c][0] or not any(map(unicodedata.combining, full[c])), hex(c)


def reorders(c):
    """Whether the oracle knows a combining class for c: it then changes places with a mark of another class."""
    return any(nfd("a" + x) != "a" + x for x in (chr(c) + "\u0334", "\u0345" + chr(c))) or c in (0x0334, 0x0345)


classes = {}
for c in SCALARS:
    first = full[c][0]
    if unicodedata.combining(first) and (c in marks or len(full[c]) == 1) and reorders(ord(first)):
        classes[c] = unicodedata.combining(first)
known = {c for c in SCALARS if full[c] == chr(c) and reorders(c)}
assert known <= set(classes), [hex(c) for c in known - set(classes)]
members = {k: next(c for c in classes if classes[c] == k and full[c] == chr(c)) for k in set(classes.values())}
for c in known:
    for k, member in members.items():
        ordered = sorted([chr(c), chr(member)], key=lambda x: classes[ord(x)])
        assert nfd("a" + chr(c) + chr(member)) == "a" + "".join(ordered), (hex(c), k)

lowered = {c: lower(chr(c)) for c in SCALARS if lower(chr(c)) != chr(c)}
double = {c: s for c, s in lowered.items() if len(s) > 1}
assert double == {0x130: "i\u0307"}, double
shifts = {c: ord(s) for c, s in lowered.items() if len(s) == 1}

single_word = Tokenizer(models.WordPiece({"[UNK]": 0}, unk_token="[UNK]"))
single_word.add_tokens([AddedToken("[S]", single_word=True, normalized=False)])
word_characters = [c for c in SCALARS if "[S]" not in single_word.encode("[S]" + chr(c), add_special_tokens=False).tokens]

# Letter case of words. Upper: what has a lower-case mapping. Lower: what has an upper-case mapping and is not upper;
# nearly all of those are the lower-case form of an upper letter, so that only the others need a table.
images = set(shifts.values())
has_upper = {c for c in SCALARS if chr(c).upper() != chr(c) and chr(c).lower() == chr(c) and c != 0x345}
only_lower = has_upper - images
unexpected = {c for c in images - has_upper if unicodedata.category(chr(c)) != "Cn"}
# The oracle's lower-casing is newer than Python 3.11's: four old letters were given an upper case in Unicode 16.
assert unexpected - set(shifts) <= {0x19B, 0x264, 0xA7D3, 0xA7D5}, [hex(c) for c in unexpected]
assert {c for c in SCALARS if chr(c).lower() != chr(c)} <= set(lowered)

def write(name, why, tables, numbers={}):
    lines = ["/**", " * Generated by test/reference/unicode_tables.py out of tokenizers 0.23.3: do not edit. " + why[0]]
    lines += [f" * {line}" for line in why[1:]] + [" */"]
    for key, (text, meaning) in tables.items():
        lines += [f"/** {meaning}. */", f"export const {key} =", f"  '{text}'"]
        print(f"{key:16} {len(text):6} characters", file=sys.stderr)
    for key, (number, meaning) in numbers.items():
        lines += [f"/** {meaning}. */", f"export const {key} = 0x{number:x}"]
    target = FOLDER / name
    target.write_text("\n".join(lines) + "\n")
    print(f"{target}: {target.stat().st_size} bytes", file=sys.stderr)


write(
    "unicode-tables.ts",
    [
        "Numbers are packed 5 bits a",
        "character; unicode.ts unpacks them and says what they mean. With these, answers do not depend on the Unicode version",
        "of the engine that runs this code, and are those of the oracle, whose own tables are of several ages.",
    ],
    {
        "REMOVED": (pack_set(removed), "Clean_text drops these: NUL, U+FFFD, controls, formats, private use"),
        "SPACED": (pack_set(spaced), "Clean_text makes a space of these"),
        "WHITESPACE": (pack_set(whitespace), "The pre-tokenizer splits at these, and drops them"),
        "PUNCTUATION": (pack_set(punctuation), "The pre-tokenizer makes a word of each of these"),
        "MARKS": (pack_set(marks), "Strip_accents drops these: nonspacing marks"),
        "CLASSES": (pack_values(classes), "Canonical combining classes other than 0"),
        "DECOMPOSED": (pack_set(bases), "These have a canonical decomposition, Hangul apart"),
        "LOWER": (pack_shifts(shifts), "Lower case where it is one code point"),
        "ONLY_LOWER": (pack_set(only_lower), "Lower-case letters that are not the lower case of any letter"),
    },
    {"BASES_CHECKSUM": (checksum(bases), "Of the decompositions of DECOMPOSED without their nonspacing marks")},
)
write(
    "word-tables.ts",
    ["A file of its own,", "since few models need it."],
    {"WORD_CHARACTERS": (pack_set(word_characters), "\\w of the oracle's regular expressions, for single_word tokens")},
)
print(json.dumps({k: len(v) for k, v in dict(removed=removed, spaced=spaced, whitespace=whitespace, punctuation=punctuation, marks=marks, classes=classes, bases=bases, lower=shifts, only_lower=only_lower, words=word_characters).items()}), file=sys.stderr)
