"""Text that people of other economies wrote and ours will read: one line, and nothing that steers what is around it.

Names written with look-alikes stay what they are: they are shown, and never compared with anything.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from federation.errors import BadDocument
from federation.status import DocumentCode

MAX_TEXT_CHARACTERS: Final = 200
# All of C (control, format with the bidirectional and zero-width ones, surrogates, private use, unassigned), line ends.
_UNPRINTABLE: Final = ("C", "Zl", "Zp")


def require_plain(text: str, field: str) -> str:
    """The text itself, when it has 1 to 200 printable characters, none of them a space at an end or a mark at its start.

    Raises BadDocument INVALID_NAME, which names the field and never repeats the text.
    """
    if not 1 <= len(text) <= MAX_TEXT_CHARACTERS:
        raise _invalid(field, f"has not 1 to {MAX_TEXT_CHARACTERS} characters")
    if any(unicodedata.category(character).startswith(_UNPRINTABLE) for character in text):
        raise _invalid(field, "has a character that is not printed")
    # A mark at the start would change the character before it, which is ours.
    if text != text.strip() or unicodedata.category(text[0]).startswith("M"):
        raise _invalid(field, "begins or ends with a space, or begins with an accent on nothing")
    return text


def require_form(text: str, field: str, form: re.Pattern[str], example: str) -> str:
    """The text itself, when it has at most 200 characters and is wholly of ``form``, whose characters are ASCII.

    Raises BadDocument INVALID_NAME, which names the field and gives ``example``.
    """
    if len(text) > MAX_TEXT_CHARACTERS or not text.isascii() or form.fullmatch(text) is None:
        raise _invalid(field, f"is not in its form, such as {example}")
    return text


def _invalid(field: str, cause: str) -> BadDocument:
    return BadDocument(DocumentCode.INVALID_NAME, f"The {field} {cause}; write it again, in plain text.")
