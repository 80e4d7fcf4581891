"""Which of two old code pages a text is in: Western (Windows-1252) or Central European (Windows-1250). Both give every byte a letter, so
only the letters tell: a text is in the code page in which they are those of one language.
"""

import re
from collections import Counter
from collections.abc import Mapping

CP1250, CP1252 = "cp1250", "cp1252"
# Neither of the two for sure.
UNCLEAR = "unclear"
# Letters outside ASCII of a language's words, and of those that shops borrow. Umlauts are the same bytes in both code pages.
WESTERN = (
    "äöüßàâæçéèêëîïñôœùûÿ",  # German, French, Dutch
    "àèéìòùäöüß",  # Italian
    "áéíóúüñç",  # Spanish, Catalan
    "áâãàçéêíóôõúü",  # Portuguese
    "åäæéöøüß",  # Danish, Norwegian, Swedish, Finnish
    "áæéíðóöþúý",  # Icelandic
)
CENTRAL = (
    "áčďéěíňóřšťúůýž",  # Czech
    "áäčďéíĺľňóôŕšťúýž",  # Slovak
    "ąćęłńóśźż",  # Polish
    "áéíóöőúüű",  # Hungarian
    "čćđšž",  # Slovene, Croatian, Bosnian
    "ăâîşţ",  # Romanian
)
# So large a share of a text's letters is its language's, so much larger is that than the other code page's, and so many letters there are.
FITS, APART, LETTERS = 0.95, 0.05, 3
# With so many signs that no Western text has in its words, a list may have words of other languages too. Below this share nothing speaks
# for Central Europe: a list of many countries fits no language.
SIGNS, MAY_FIT = 2, 0.8


def _letters(code_page: str) -> dict[int, str]:
    """Byte → small letter; of what is no letter in this code page the sign."""
    return {byte: bytes([byte]).decode(code_page, "replace").lower() for byte in range(0x80, 0x100)}


_CENTRAL, _WESTERN = _letters(CP1250), _letters(CP1252)
_EITHER = {byte for byte in _CENTRAL if _CENTRAL[byte].isalpha() or _WESTERN[byte].isalpha()}
# Letters in Windows-1250 that are signs in Windows-1252, as in m³, 3¾ and 5 £: they count between letters, or at the beginning of a word.
_SIGNS = bytes(byte for byte in _EITHER if not _WESTERN[byte].isalpha())
_LETTER = rb"[A-Za-z\xc0-\xff]"
_WITHIN = rb"(?<=" + _LETTER + rb")[" + re.escape(_SIGNS) + rb"](?=" + _LETTER + rb")"
_FIRST = rb"(?<![^\s;\"])[\xa3\xaf\x8f](?=" + _LETTER + rb"{2})"
_IN_WORDS = re.compile(_WITHIN + rb"|" + _FIRST + rb"|[" + re.escape(bytes(_EITHER - set(_SIGNS))) + rb"]")
# What the two code pages read apart, as Windows-1252 reads it.
DIFFERING = {byte: bytes([byte]).decode(CP1252, "replace") for byte in _EITHER if _CENTRAL[byte] != _WESTERN[byte]}


def told_apart(text: bytes) -> str:
    """CP1252, CP1250 or UNCLEAR. Where the letters fit both, a text is Western: that is what was agreed."""
    found = Counter(sign[0] for sign in _IN_WORDS.findall(text))
    if not any(byte in DIFFERING for byte in found):
        return CP1252
    western, central = _fit(found, _WESTERN, WESTERN), _fit(found, _CENTRAL, CENTRAL)
    letters, signs = len({_CENTRAL[byte] for byte in found}), len(set(_SIGNS).intersection(found))
    fits = (central >= FITS and letters >= LETTERS) or (central >= MAY_FIT and signs >= SIGNS)
    if fits and central - western >= APART:
        return CP1250
    return UNCLEAR if central > western and central >= MAY_FIT and letters > 1 else CP1252


def _fit(found: Mapping[int, int], read_as: Mapping[int, str], languages: tuple[str, ...]) -> float:
    """The share of the letters that is of the language with the largest one."""
    return max(sum(number for byte, number in found.items() if read_as[byte] in known) for known in languages) / sum(found.values())
