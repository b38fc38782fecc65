"""Writes test/fixtures/presidio.json.gz: requests to Presidio's anonymizer, and its answers. Needs presidio-anonymizer 2.2.366.

    python presidio_fixture.py

Each case is what its REST API takes (text, analyzer_results, anonymizers) with the text and items that it gives. Hashes have a
salt, since without one they are random. Texts, places and types are drawn at random with a fixed seed, close together, so that
results overlap, contain each other and touch.
"""

import gzip
import json
import random
from pathlib import Path

from presidio_anonymizer import AnonymizerEngine
from presidio_anonymizer.entities import InvalidParamError
from presidio_anonymizer.services.app_entities_convertor import AppEntitiesConvertor

SALT = "sixteen bytes or more"
OPERATORS = [
    {"type": "replace"},
    {"type": "replace", "new_value": "X"},
    {"type": "replace", "new_value": ""},
    {"type": "redact"},
    {"type": "mask", "masking_char": "*", "chars_to_mask": 4, "from_end": True},
    {"type": "mask", "masking_char": "é", "chars_to_mask": 99, "from_end": False},
    {"type": "mask", "masking_char": "", "chars_to_mask": 2, "from_end": False},
    {"type": "mask", "masking_char": "#", "chars_to_mask": -1, "from_end": False},
    {"type": "hash", "salt": SALT},
    {"type": "hash", "hash_type": "sha512", "salt": SALT},
]
BAD = [
    {"type": "mask", "masking_char": "**", "chars_to_mask": 4, "from_end": True},
    {"type": "mask", "masking_char": "*"},
    {"type": "hash", "hash_type": "md5", "salt": SALT},
    {"type": "hash", "salt": "short"},
    {"type": "replace", "new_value": 5},
    {"type": "nothing"},
    {},
]


def answer(case: dict) -> dict:
    """What the REST API does with a request."""
    request = json.loads(json.dumps(case))
    try:
        return json.loads(
            AnonymizerEngine()
            .anonymize(
                text=request.get("text", ""),
                operators=AppEntitiesConvertor.operators_config_from_json(request.get("anonymizers")),
                analyzer_results=AppEntitiesConvertor.analyzer_results_from_json(request.get("analyzer_results")),
            )
            .to_json()
        )
    except InvalidParamError:
        return {"refused": True}


def main() -> None:
    draw = random.Random(16)
    words = ["Ada", "Łódź", "😀😀", "x", "  ", "Jose\u0301", "12", "\n"]
    cases = []
    for _ in range(400):
        text = " ".join(draw.choice(words) for _ in range(draw.randint(1, 8)))
        results = []
        for _ in range(draw.randint(0, 6)):
            start = draw.randint(0, len(text))
            end = min(len(text), start + draw.randint(0, 8))
            score = draw.choice([0.5, 0.85, 1.0])
            results.append({"start": start, "end": end, "score": score, "entity_type": draw.choice(["A", "B", "PERSON"])})
        case = {"text": text, "analyzer_results": results}
        if draw.random() < 0.8:
            keys = draw.sample(["DEFAULT", "A", "B"], draw.randint(0, 3))
            case["anonymizers"] = {key: draw.choice(OPERATORS) for key in keys}
        cases.append(case)
    one = {"start": 0, "end": 3, "score": 0.5, "entity_type": "A"}
    cases += [{"text": "Ada x", "analyzer_results": [one], "anonymizers": {"A": bad}} for bad in BAD]
    changes = [{"start": 4, "end": 3}, {"end": 99}, {"start": -1}, {"entity_type": ""}, {"score": None}, {"start": None}]
    cases += [{"text": "Ada x", "analyzer_results": [{**one, **change}]} for change in changes]
    cases += [{"text": "Ada x"}]
    pairs = [{"request": case, "answer": answer(case)} for case in cases]
    path = Path(__file__).parent.parent / "fixtures" / "presidio.json.gz"
    path.write_bytes(gzip.compress(json.dumps(pairs, ensure_ascii=False).encode(), mtime=0))
    print(len(pairs), sum("refused" in pair["answer"] for pair in pairs))


if __name__ == "__main__":
    main()
