"""Writes normalisation-v1.json beside it: ``python tests/vectors/make_normalisation_v1.py``.

It is a second implementation of docs/spec/1-documents.md on purpose, written one character at a time and sharing no
code with `federation`: that two of them agree is what the vectors are for. Another economy's developer may start here.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
LOWER = "abcdefghijklmnopqrstuvwxyz"
DIGITS = "0123456789"

# The codes that the cases below use, out of ICAO 9303-3 section 5.
ISSUERS = [
    "NZL",
    "AUS",
    "USA",
    "PHL",
    "CHN",
    "HKG",
    "TWN",
    "D",
    "GBD",
    "RKS",
    "UNO",
    "UNA",
    "UNK",
    "EUE",
    "XOM",
    "XPO",
    "UTO",
]
NATIONALITIES_ONLY = ["XXA", "XXB", "XXC", "XXX"]
WITHDRAWN = ["YUG", "ZAR", "DDR"]
CLASSES = {"P": "P", "I": "I", "A": "I", "C": "I", "V": "V"}
KINDS = {"REPORTED": 1, "ISSUED": 2, "ISSUED_DATES": 4}


class Refused(Exception):
    """A code of docs/spec/1-documents.md, 1.6."""


def upper(text: str) -> str:
    return "".join(UPPER[LOWER.index(character)] if character in LOWER else character for character in text)


def number(text: str) -> str:
    kept = ""
    for character in text:
        if character in "< -":
            continue
        if character not in UPPER + LOWER + DIGITS:
            raise Refused("NUMBER_CHARACTER")
        kept += upper(character)
    if not kept:
        raise Refused("NUMBER_EMPTY")
    if len(kept) > 24:
        raise Refused("NUMBER_TOO_LONG")
    return kept


def state(text: str) -> str:
    while text[:1] == " ":
        text = text[1:]
    while text and text[-1] in "< ":
        text = text[:-1]
    code = upper(text)
    if code == "DEU":
        return "D"
    if code in ISSUERS:
        return code
    if code in NATIONALITIES_ONLY:
        raise Refused("STATE_IS_NATIONALITY")
    raise Refused("STATE_WITHDRAWN" if code in WITHDRAWN else "STATE_UNKNOWN")


def document_class(text: str) -> str:
    while text[:1] == " ":
        text = text[1:]
    while text[-1:] == " ":
        text = text[:-1]
    code = upper(text)
    if code[:1] not in CLASSES or len(code) > 2 or code[1:] not in ("", "<", *UPPER):
        raise Refused("CLASS_UNKNOWN")
    return CLASSES[code[:1]]


def days_in(year: int, month: int) -> int:
    if month == 2:
        return 29 if year % 400 == 0 or (year % 4 == 0 and year % 100 != 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def parts(text: str) -> tuple[int, int, int]:
    if len(text) != 10 or text[4] != "-" or text[7] != "-":
        raise Refused("DATE_FORM")
    if any(character not in DIGITS for character in text[:4] + text[5:7] + text[8:]):
        raise Refused("DATE_FORM")
    return int(text[:4]), int(text[5:7]), int(text[8:])


def six(year: int, month: int, day: int) -> str:
    if year and not 1900 <= year <= 2099:
        raise Refused("DATE_YEAR")
    longest = days_in(year or 2000, month) if month else 31
    if month > 12 or day > longest:
        raise Refused("DATE_CALENDAR")
    return "".join(f"{part % 100:02}" if part else "<<" for part in (year, month, day))


def birth(text: str) -> str:
    if not text:
        raise Refused("DATE_MISSING")
    return six(*parts(text))


def expiry(text: str) -> str:
    if not text:
        return "<<<<<<"
    year, month, day = parts(text)
    if not (year and month and day):
        raise Refused("DATE_PARTIAL")
    return six(year, month, day)


def octets(kinds: list[str], document: dict[str, str], birth_six: str, expiry_six: str) -> bytes:
    dates = birth_six + expiry_six if "ISSUED_DATES" in kinds else "<" * 12
    text = document["document_class"]
    text += (document["issuing_state"] + "<<<")[:3]
    text += (document["document_number"] + "<" * 24)[:24]
    return bytes([sum(KINDS[kind] for kind in kinds)]) + (text + dates).encode("ascii")


NUMBERS = [
    "LA123456", "la123456", "LA 123456", "LA-123456", "LA123456<<<", "  LA123456  ", "l-a<1 2-3<4 5 6", "0", "O", "O0O0",
    "A", "A" * 24, "A" * 24 + "<<<<", "A" * 25, "A" * 23 + "-" + "B", "<" * 40 + "7", "", "<<<<<<<<<", " - ", "LA123456\t",
    "LA123456\n", "LA/123456", "LA.123456", "LA_123456", "LA123456\x00", "\ufeffLA123456", "L\u0410123456", "\u039b123456",
    "L\uff21123456", "\uff11\uff12\uff13", "\u0661\u0662\u0663", "LA\u200d123456", "\u202eLA123456", "LA123456\u0301",
    "LA\u00a0123456", "LA\u2010123456", "LA\u2013123456", "\u0131A123456", "\u017fA123456", "\u00dfA123456", "\ufb01123456",
    "K\u212a23456", "\U0001f6c2",
]  # fmt: skip
STATES = [
    "NZL", "nzl", "Nzl", " NZL ", "NZL<", "D", "D<<", "d", "d<<", "D  ", "DEU", "deu", "DEU<", "HKG", "TWN", "UNO", "UNA",
    "UNK", "EUE", "XOM", "XPO", "GBD", "RKS", "UTO", "XXA", "XXB", "xxb", "XXC", "XXX", "YUG", "ZAR", "DDR", "", "<<<",
    "NZ", "NZLL", "N Z", "<NZL", "UT0", "554", "D<D", "N\u017dL", "\u039dZL", "\uff2e\uff3a\uff2c", "NZL\n", "A\u0130S", "QQQ",
]  # fmt: skip
CLASS_TEXTS = [
    "P", "p", "P<", "PD", "pd", "PP", " P ", "I", "I<", "ID", "IP", "A", "AC", "C", "C<", "V", "V<", "VN", "v<", "", "<", "X",
    "D", "P1", "PPP", "Pd", "<P", "passport", "\u0420", "\uff30", "P\u017f", "P\n",
]  # fmt: skip
BIRTHS = [
    "1960-04-12", "1900-01-01", "2099-12-31", "1960-00-00", "1960-04-00", "1960-00-12", "0000-00-00", "0000-04-12",
    "0000-02-29", "0000-02-30", "2000-02-29", "1900-02-29", "1996-02-29", "1999-02-29", "1960-00-31", "1960-04-31",
    "1960-13-01", "1960-12-32", "1960-99-00", "1899-12-31", "2100-01-01", "9999-12-31", "", "1960-4-12", "12-04-1960",
    "19600412", "1960/04/12", "600412", "1960-04-12 ", "1960-04-12\n", "1960-04-12T00:00:00Z", "\u0661960-04-12", "-960-04-12",
    "1960-<<-<<",
]  # fmt: skip
EXPIRIES = [
    "2031-01-02", "", "2032-02-29", "2031-02-29", "2099-12-31", "1999-12-31", "2031-00-00", "2031-01-00", "0000-01-02",
    "0000-00-00", "9999-12-31", "2031-13-01", "2031-1-2", "310102", "2031-01-02\u200b",
]  # fmt: skip
QUESTIONS: list[tuple[list[str], tuple[str, str, str], str, str]] = [
    (["REPORTED"], ("NZL", "P", "LA123456"), "", ""),
    (["REPORTED"], ("NZL", "P", "LA123456"), "1960-04-12", "2031-01-02"),
    (["REPORTED", "ISSUED"], ("deu", "ID", "c01x-0006 h"), "", ""),
    (["REPORTED", "ISSUED", "ISSUED_DATES"], ("AUS", "PA", "N1234567"), "1960-04-12", "2031-01-02"),
    (["REPORTED", "ISSUED", "ISSUED_DATES"], ("PHL", "P<", "P1234567A"), "1960-00-00", ""),
    (["ISSUED_DATES"], ("USA", "V", "A" * 24), "0000-00-00", "2031-01-02"),
    (["ISSUED"], ("UTO", "I<", "D23145890734"), "", ""),
]


def cases(rule: Callable[[str], str], texts: list[str]) -> list[dict[str, str]]:
    made = []
    for text in texts:
        try:
            made.append({"text": text, "result": rule(text)})
        except Refused as refused:
            made.append({"text": text, "code": str(refused)})
    return made


def question(kinds: list[str], texts: tuple[str, str, str], born: str, expires: str) -> dict[str, object]:
    issuing_state, class_text, number_text = texts
    document = {
        "issuing_state": state(issuing_state),
        "document_class": document_class(class_text),
        "document_number": number(number_text),
    }
    birth_six, expiry_six = (birth(born) if born else "<<<<<<"), expiry(expires)
    encoded = octets(kinds, document, birth_six, expiry_six)
    return {
        "kinds": kinds,
        "issuing_state": issuing_state,
        "document_class": class_text,
        "document_number": number_text,
        "birth": birth_six,
        "expiry": expiry_six,
        "normalised": document,
        "octets": encoded.hex(),
    }


def vectors() -> dict[str, object]:
    """The whole file as a value."""
    return {
        "normalisation": 1,
        "specification": "docs/spec/1-documents.md",
        "document_number": cases(number, NUMBERS),
        "issuing_state": cases(state, STATES),
        "document_class": cases(document_class, CLASS_TEXTS),
        "date_of_birth": cases(birth, BIRTHS),
        "date_of_expiry": cases(expiry, EXPIRIES),
        "questions": [question(*row) for row in QUESTIONS],
    }


def text() -> str:
    """The file as written: ASCII, so that no editor changes a look-alike."""
    return json.dumps(vectors(), indent=1) + "\n"


if __name__ == "__main__":
    Path(__file__).with_name("normalisation-v1.json").write_text(text(), encoding="ascii")
