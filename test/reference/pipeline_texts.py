"""Texts for pipeline.py: written by hand, and generated from parts that are hard for tokenizers and offsets."""

import random

BY_HAND = """
My name is Wolfgang and I live in Berlin
Angela Merkel met Tim Cook at Apple's office in Berlin.
U.S. and U.K. officials met in Washington, D.C., on Monday
Jean-Luc Picard's ship, the U.S.S. Enterprise (NCC-1701-D), isn't in Paris.
we don't know who they're, but I'm sure we've met: that's O'Neill!
I do not think so . Do you ? No , I do not !
São Paulo, Zürich, Łódź, Kraków, Århus, İstanbul, Ṣan‘ā’
Москва и Санкт-Петербург находятся в России
Η Αθήνα είναι η πρωτεύουσα της Ελλάδας
東京は日本の首都です。北京是中国的首都
서울은 대한민국의 수도이다
القاهرة هي عاصمة مصر
ירושלים היא עיר עתיקה
नई दिल्ली भारत की राजधानी है
กรุงเทพมหานครเป็นเมืองหลวง
Emoji 👩‍👩‍👧‍👦 family, 🇩🇪 flag, 👍🏽 thumb in New York 🗽
𝒜lice and 𝔅ob moved to 𝕮hicago
𐐀𐐁 Deseret 𠀀𠮷 astral
e\u0301 and é, o\u0308 and ö, A\u030angstro\u0308m
zero\u200bwidth soft\u00adhyphen joiner\u200d end\ufeff
tabs\tand\nnewlines\r\nand\u00a0nbsp\u2003em\u3000wide
control\x00char\x07bell\x7fdelete \x1b[31mred\x1b[0m
[CLS] typed [SEP] specials [MASK] here [UNK] there [PAD]
the [MASK]ed man, x[SEP]y
http://www.example.org/path?x=1&y=2#z and a.b@c.de
100% of $5.00 = €4.50; 1,000,000 (one million) #hash @user
WOLFGANG LIVES IN BERLIN AND SO DOES ANGELA
mr. smith goes to washington with ms. jones
McDonald iPhone eBay USA1 90s 3M PCs YouTube
a
.
##gang and ##
' ' ' "" ''quoted'' “curly” ‘single’ «guillemets»
...---... !!! ??? (((nested)))
unaffable unbelievable Wolfsburg Berliner Merkelism Parisian
""".strip("\n").split("\n") + [
    "",
    " ",
    "\t\n  \u3000",
    "\u200b",
    "\x00",
    "  leading and trailing Berlin  ",
    "x" * 100 + " " + "y" * 101 + " Berlin",
    "\u0301\u0302 marks first",
    "Wolfgang " * 40,
    "Berlin, Paris, London. " * 25,
    "a b c d e f g h i j k l m n o p q r s t u v w x y z",
    "ﬁne ﬂow Ⅷ ½ ² ㎏ ﷺ",
    "ǅ ŉ ß ẞ ſ İ ı Σς",
    "मैं बर्लिन में रहता हूँ Wolfgang",
]

PARTS = """
Wolfgang Berlin Angela Merkel Paris London Apple Google Smith Jones Washington York Tim Cook Anna Maria Müller
lives works in at the of and said met with for from city company office president river bank
unbelievable Wolfsburg Londoner Parisian Merkels Smithson Yorkshire Cooking Googled officially
U.S. U.N. O'Neill Jean-Luc AT&T isn't I'm they're we've John's e-mail
I a An THE ACME iPhone McDonald eBay 3M 1996 1,000 3.14 90s
, . ! ? ; : ' " ( ) - – — … / & # @ % $ €
São Zürich Łódź naïve café coöperate e\u0301te\u0301 n\u0303 a\u030a\u0301
Москва Россия Иван Αθήνα Ελλάδα 東京 北京 日本 서울 القاهرة مصر ירושלים दिल्ली
😀 👩‍👧 🇩🇪 👍🏽 𝒜lice 𠀀 𐐀x ﬁne ½ ẞ İ
[SEP] [MASK] [UNK] ##x zero\u200bwidth soft\u00adhyphen \x00 \x07b
""".split()
GLUE = [" "] * 14 + ["", "", "  ", "\n", "\t", "\u00a0", "\u3000", "-"]


def generated(count, seed):
    draw = random.Random(seed)
    texts = []
    for _ in range(count):
        # Plain words are drawn as often as all the rest together.
        length = draw.choice([2, 4, 6, 9, 14, 25, 40])
        plain = PARTS[: PARTS.index("I")]
        texts.append("".join(
            draw.choice(plain if draw.random() < 0.5 else PARTS) + draw.choice(GLUE) for _ in range(length)
        ))
    return texts


def vocabulary(texts, skip):
    """A small vocabulary: special tokens, whole words, endings, and most characters of the texts by themselves."""
    words = """wolfgang Wolf wolf Berlin berlin Angela angela Mer mer Paris paris London london Apple apple Tim tim
        Wash wash York york the The of and in at is lives works said met with city office president unbelievable un
        Müller muller São sao Москва Россия росс Αθήνα αθηνα 東 京 北 日 서울 القاهرة مصر दिल""".split()
    endings = """gang kel ton ing ed er ers ian s e n r in on is le ly sburg able ism son ская ва""".split()
    characters = sorted({char for text in texts for char in text + text.lower() if not char.isspace()} - set(skip))
    singles = [char for i, char in enumerate(characters) if char.isascii() or i % 3]
    continued = [f"##{char}" for char in singles if char.isalnum()]
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words, *(f"##{e}" for e in endings), *singles, *continued]
    return [piece for piece in dict.fromkeys(pieces) if piece.isprintable() or len(piece) > 1]
