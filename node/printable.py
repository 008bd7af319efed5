"""Text of others, made safe to print: it can neither steer a terminal nor start a line of its own, nor show a number."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

TEXT_LIMIT: Final = 500
# Cc control, Cf format (bidirectional, zero width), Zl and Zp line ends, Cs lone surrogates, Co and Cn private, unassigned.
_UNPRINTABLE: Final = frozenset({"Cc", "Cf", "Zl", "Zp", "Cs", "Co", "Cn"})
_LONG_NUMBER: Final = re.compile(r"[A-Za-z0-9<]*(?:[0-9][A-Za-z<]?){5}[A-Za-z0-9<]*")


def escape(text: str) -> str:
    """``text`` with every unprintable character written as ``\\uXXXX``, cut to a limit."""
    cut = text if len(text) <= TEXT_LIMIT else text[:TEXT_LIMIT] + "…"
    return "".join(f"\\u{ord(c):04x}" if unicodedata.category(c) in _UNPRINTABLE else c for c in cut)


def mask(text: str) -> str:
    """``text`` with everything that could be a document number replaced by ``#``, for texts that others made."""
    return _LONG_NUMBER.sub("#", text)
