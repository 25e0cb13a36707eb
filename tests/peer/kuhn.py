# SPDX-License-Identifier: MIT
"""UTF-8 that is valid and UTF-8 that is not, after the tables of Markus Kuhn's decoder test, RFC 3629 and Unicode table 3-7."""


def h(text):
    return bytes.fromhex(text)


# Every octet sequence here is well-formed, code points that Unicode calls noncharacters included.
VALID = [c.encode() for c in ("κόσμε", "Hello-µ@ßöäüàá-UTF-8!!", "電話 ☎ 𝄞", "\0", "\x7f", "\x80", "\u07ff", "\u0800", "\ud7ff", "\ue000",
                              "\ufffd", "\ufffe", "\uffff", "\ufeff", "\ufdd0", "\ufdef", "\U00010000", "\U000fffff",
                              "\U00100000", "\U0010ffff")]
VALID += [chr(plane << 16 | low).encode() for plane in range(1, 17) for low in (0xFFFE, 0xFFFF)]

_LONELY = [bytes([lead]) for lead in range(0xC0, 0xFE)]
_TOO_LARGE = [h("f4908080"), h("f5808080"), h("f7bfbfbf"), h("f888808080"), h("fbbfbfbfbf"), h("fc8480808080"), h("fdbfbfbfbfbf")]
_CONTINUATIONS = [h("80bf80bf80bf80"[:2 * n]) for n in range(1, 8)] + [bytes([b]) for b in range(0x80, 0xC0)] + [bytes(range(0x80, 0xC0))]
_IMPOSSIBLE = [h("fe"), h("ff"), h("fefeffff")]
_OVERLONG = [h(text) for text in ("c0af", "e080af", "f08080af", "f8808080af", "fc80808080af", "c1bf", "e09fbf", "f08fbfbf", "f887bfbfbf",
                                  "fc83bfbfbfbf", "c080", "e08080", "f0808080", "f880808080", "fc8080808080")]
_SURROGATES = [h(text) for text in ("eda080", "edadbf", "edae80", "edafbf", "edb080", "edbe80", "edbfbf", "eda080edb080", "eda080edbfbf",
                                    "edadbfedb080", "edadbfedbfbf", "edae80edb080", "edae80edbfbf", "edafbfedb080", "edafbfedbfbf")]
# Sequences whose last octet is missing: wrong at the end of a message and wherever anything else follows.
UNFINISHED = [h(text) for text in ("c3", "df", "e1", "e180", "e0a0", "efbf", "ed9f", "f0", "f090", "f09080", "f3bfbf", "f48f", "f48fbf")]

# Wrong wherever a blank follows; each has a first octet at which it can be known.
INVALID = {}
for _name, _table in (("lonely", [lead + b" " for lead in _LONELY]), ("all-lonely", [b" ".join(_LONELY) + b" "]), ("large", _TOO_LARGE),
                      ("continuation", _CONTINUATIONS), ("impossible", _IMPOSSIBLE), ("overlong", _OVERLONG),
                      ("surrogate", _SURROGATES), ("unfinished", [s + b" " for s in UNFINISHED]),
                      ("unfinished-all", [b"".join(UNFINISHED)])):
    for _index, _octets in enumerate(_table):
        INVALID["%s %d %s" % (_name, _index, _octets[:6].hex())] = _octets


def follows(lead):
    """Unicode table 3-7: the ranges of the octets behind this one; None where no sequence may begin."""
    tail = (0x80, 0xBF)
    if lead < 0x80:
        return []
    if 0xC2 <= lead <= 0xDF:
        return [tail]
    if 0xE0 <= lead <= 0xEF:
        return [{0xE0: (0xA0, 0xBF), 0xED: (0x80, 0x9F)}.get(lead, tail), tail]
    if 0xF0 <= lead <= 0xF4:
        return [{0xF0: (0x90, 0xBF), 0xF4: (0x80, 0x8F)}.get(lead, tail), tail, tail]
    return None


def first_bad(octets):
    """Index of the octet with which no valid text can go on. (Python's own decoder sees a surrogate one octet late.)"""
    wanted = []
    for index, octet in enumerate(octets):
        if wanted:
            low, high = wanted.pop(0)
            if not low <= octet <= high:
                return index
        else:
            wanted = follows(octet)
            if wanted is None:
                return index
    return None


assert all(first_bad(octets) is not None for octets in INVALID.values())
assert all(octets.decode() for octets in VALID)
