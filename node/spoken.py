"""Digests as people read them to each other: sixteen groups of four hexadecimal digits."""

from __future__ import annotations

import re

from node.errors import OperatorError

_FORM = re.compile(r"[0-9a-f]{64}")


def groups(digest: bytes) -> str:
    """A SHA-256 to be read aloud: `3f9a 01c2 …`."""
    digits = digest.hex()
    return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))


def parse(text: str) -> bytes:
    """The digest somebody typed from a telephone call: spaces, hyphens, colons and capitals do not matter.

    Raises OperatorError INVALID_FINGERPRINT.
    """
    digits = re.sub(r"[\s:-]", "", text).lower()
    if not _FORM.fullmatch(digits):
        message = "A fingerprint is 64 hexadecimal digits, in groups or not; have it read to you again."
        raise OperatorError("INVALID_FINGERPRINT", message)
    return bytes.fromhex(digits)
