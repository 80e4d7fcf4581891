"""Which of two old code pages a text is in: Western (Windows-1252) or Central European (Windows-1250). Both give every byte a letter, so
only the letters tell: a text is in the code page in which they are those of one language, and stand where that language has them.
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
# With so many signs that no Western text has in its words, a list may have words of other languages too.
SIGNS, MOSTLY_FITS = 2, 0.8


def _letters(code_page: str) -> dict[int, str]:
    """Byte → small letter; of what is no letter in this code page the sign."""
    return {byte: bytes([byte]).decode(code_page, "replace").lower() for byte in range(0x80, 0x100)}


_CENTRAL, _WESTERN = _letters(CP1250), _letters(CP1252)
_EITHER = {byte for byte in _CENTRAL if _CENTRAL[byte].isalpha() or _WESTERN[byte].isalpha()}
# Letters in Windows-1250 that are signs in Windows-1252, as in m³, 3¾ and 5 £: they count between letters, or at the beginning of a word.
_SIGNS = bytes(byte for byte in _EITHER if not _WESTERN[byte].isalpha())
_LETTER = rb"[A-Za-z\x8a\x8c-\x8f\x9a\x9c-\x9f\xc0-\xff]"
_WITHIN = rb"(?<=" + _LETTER + rb")[" + re.escape(_SIGNS) + rb"](?=" + _LETTER + rb")"
_FIRST = rb"(?<![^\s;\"])(?:[\xa3\xaf\x8f](?=" + _LETTER + rb"{2})|[\xaa\xba](?=[a-z\xe0-\xff]{2}))"
# ą, ł and ż beside one another, or beside ś and ź; ż ends a word, as no ¿ does.
_NEXT = rb"[\xb3\xb9\xbf\x9c\x9f]"
_RUN = rb"(?<=" + _LETTER + rb")[\xb3\xb9\xbf](?=" + _NEXT + rb")|(?<=" + _NEXT + rb")[\xb3\xb9\xbf](?=" + _LETTER + rb")"
_RUN += rb"|(?<=" + _LETTER + rb")\xbf(?!" + _LETTER + rb")"
_IN_WORDS = re.compile(_WITHIN + rb"|" + _FIRST + rb"|" + _RUN + rb"|[" + re.escape(bytes(_EITHER - set(_SIGNS))) + rb"]")
# What the two code pages read apart, as Windows-1252 reads it.
DIFFERING = {byte: bytes([byte]).decode(CP1252, "replace") for byte in _EITHER if _CENTRAL[byte] != _WESTERN[byte]}


# What stands beside a letter tells whether it is a vowel or a consonant: è, ø, à, å, æ and ò are vowels, and č, ř, ŕ, ĺ, ć and ň none.
_VOWEL = rb"[aeiouyAEIOUY\xc1\xc2\xc4\xc9\xcb\xcd\xce\xd3\xd4\xd6\xda\xdc\xdd\xe1\xe2\xe4\xe9\xeb\xed\xee\xf3\xf4\xf6\xfa\xfc\xfd]"
_CONSONANT = rb"[b-df-hj-np-tv-xzB-DF-HJ-NP-TV-XZ\x8a\x8e\x9a\x9e]"
_ACUTE = rb"[\xc1\xcd\xd3\xda\xdd\xe1\xed\xf3\xfa\xfd]"
_NONE_BEFORE, _NONE_BEHIND = rb"(?<!" + _LETTER + rb")", rb"(?!" + _LETTER + rb")"


def _beside(before: bytes, letters: bytes, behind: bytes) -> bytes:
    return rb"(?<=" + before + rb")" + letters + rb"(?=" + behind + rb")"


_TWO_SOUNDS = rb"[\xc0\xc5\xc6\xc8\xd2\xd8\xe0\xe5\xe6\xe8\xf2\xf8]"
_AS_WESTERN = re.compile(
    rb"|".join(
        [
            *(_beside(_CONSONANT, _TWO_SOUNDS, _CONSONANT), _beside(_CONSONANT, _TWO_SOUNDS, b"") + _NONE_BEHIND),
            *(_NONE_BEFORE + _beside(b"", _TWO_SOUNDS, _CONSONANT), _NONE_BEFORE + _TWO_SOUNDS + _NONE_BEHIND),
            rb"[\xd5\xf5](?=[eE])",  # limões; ő stands before an e in no word
            _beside(_VOWEL, rb"[\xd1\xf1]", _VOWEL),  # jalapeño; ń stands before no vowel
        ]
    )
)
_AS_CENTRAL = re.compile(
    rb"|".join(
        [
            *(_beside(_VOWEL, _TWO_SOUNDS, _VOWEL), _NONE_BEFORE + _beside(b"", _TWO_SOUNDS, _VOWEL)),
            _beside(_VOWEL, _TWO_SOUNDS, b"") + _NONE_BEHIND,
            _beside(_LETTER, rb"[\xcc\xd9\xec\xf9]", _LETTER),  # ě and ů; ì and ù end a word
            rb"(?<=" + _LETTER + rb")[\xd5\xf5](?![eE])",  # ő
            _beside(_VOWEL, rb"[\xd1\xf1]", _CONSONANT) + rb"|(?<=" + _VOWEL + rb")[\xd1\xf1]" + _NONE_BEHIND,  # ń
            rb"[\x8a\x8e\x9a\x9e](?=" + _LETTER + rb")|(?<=" + _LETTER + rb")[\x8a\x8e\x9a\x9e]",  # š and ž
            rb"(?<=" + _LETTER + rb")(?:[\xde\xfe]|\xba(?=" + _LETTER + rb"))",  # ţ and ş; þ begins a word
            # ś, which is œ: before no vowel, and behind a vowel or as the last letter. ć and ź beside it, or where æ and Ÿ are not.
            rb"[\x8c\x9c](?=[bgklmprwzBGKLMPRWZ\x9f\xe6])|(?<=[aeiouyAEIOUY\xb9\xea\xf3])[\x8c\x9c]|(?<=[A-Za-z\xea\xf3])\x9c"
            + _NONE_BEHIND,
            rb"(?<=\x9c)\xe6|" + _NONE_BEFORE + rb"[\xc6\xe6](?=[wW])|(?<=[a-z\xb9\xe0-\xff])\x9f|(?<=[aeiou])\xe6(?=[aeiou])",
            rb"[\xca\xea](?=[dgkzDGKZ]|[csCS][zZ]|[\x9c\xe6])",  # ę
            rb"[\x8d\x8f\x9d](?=" + _LETTER + rb")|(?<=" + _LETTER + rb")[\x8d\x9d]",  # ť and Ź are nothing in Windows-1252
            # ř, č, ď, ĺ and ň beside letters with an acute accent, or beside one another.
            rb"(?<=" + _ACUTE + rb")[\xc8\xd8\xe5\xe8\xf8]|[\xc8\xcf\xd2\xd8\xe8\xef\xf2\xf8](?=" + _ACUTE + rb"|[\xc9\xe9])",
            rb"[\xe8\xec\xf2\xf8\xf9](?=[\xe8\xec\xf2\xf8\xf9])|" + _NONE_BEFORE + rb"[\xcf\xef](?=" + _VOWEL + rb")",
            rb"[\xdb\xfb](?=[bghjkvzBGHJKVZ]|[sS][zZ])|" + _NONE_BEFORE + rb"(?:[\xdb\xfb]|[\xd5\xf5](?=[rR]|[sS][zZ]))",  # ű and ő
            rb"[\xc3\xe3](?=[b-df-hj-lnp-rtvwxB-DF-HJ-LNP-RTVWX]|[mM](?!ente))",  # ă; ã ends a syllable, and s or z may follow
            _WITHIN,
            _FIRST,
            _RUN,
        ]
    )
)


def told_apart(text: bytes) -> str:
    """CP1252, CP1250 or UNCLEAR. Where nothing speaks against it, a text is Western: that is what was agreed."""
    found = Counter(sign[0] for sign in _IN_WORDS.findall(text))
    as_western, as_central = len(_AS_WESTERN.findall(text)), len(_AS_CENTRAL.findall(text))
    if as_central <= as_western or not any(byte in DIFFERING for byte in found):
        return CP1252
    western, central = _fit(found, _WESTERN, WESTERN), _fit(found, _CENTRAL, CENTRAL)
    letters, signs = len({_CENTRAL[byte] for byte in found}), len(set(_SIGNS).intersection(found))
    fits = (central >= FITS and letters >= LETTERS) or (central >= MOSTLY_FITS and signs >= SIGNS)
    return CP1250 if fits and central - western >= APART else UNCLEAR


def _fit(found: Mapping[int, int], read_as: Mapping[int, str], languages: tuple[str, ...]) -> float:
    """The share of the letters that is of the language with the largest one."""
    return max(sum(number for byte, number in found.items() if read_as[byte] in known) for known in languages) / sum(found.values())
