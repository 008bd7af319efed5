"""How a travel document is named in a list: by keyed digests, never by its number (docs/cryptography.md).

Passport numbers are a small space: an unkeyed hash of all of them takes seconds to make. So everything here hangs on
the pepper, and whoever has the files alone has nothing. HMAC-SHA-256 (RFC 2104), one derived key a use, so that no
digest made for one use means anything in another.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from federation.documents import TravelDocument
from node.store.errors import WrongPepper

PEPPER_OCTETS: Final = 32
KEY_OCTETS: Final = 16
# Entries of the reported list carry no dates; this stands where an issued one has its tag.
NO_DATES: Final = 0

_BLOCK: Final = 64
_INNER_PAD: Final = bytes(0x36 ^ octet for octet in range(256))
_OUTER_PAD: Final = bytes(0x5C ^ octet for octet in range(256))


class StoreKeys:
    """Stored keys, date tags and derived references under one pepper. Safe to use from several threads.

    Inner and outer hash are prepared once and copied: a one-shot HMAC lets go of the GIL for each of its short hashes,
    which costs a threaded server 40 microseconds a call.
    """

    __slots__ = ("_check", "_key_inner", "_key_outer", "_pepper", "_reference", "_tag_inner", "_tag_outer")

    def __init__(self, pepper: bytes) -> None:
        """``pepper``: 32 octets. Raises WrongPepper PEPPER_LENGTH for any other length."""
        if len(pepper) != PEPPER_OCTETS:
            raise WrongPepper("PEPPER_LENGTH", f"A pepper has {PEPPER_OCTETS} octets, this one {len(pepper)}.")
        self._pepper = pepper
        self._key_inner, self._key_outer = _prepare(_derive(pepper, b"document"))
        self._tag_inner, self._tag_outer = _prepare(_derive(pepper, b"dates"))
        self._reference = _derive(pepper, b"reference")
        self._check = _derive(pepper, b"check value")[:KEY_OCTETS]

    def __repr__(self) -> str:
        return "StoreKeys([pepper withheld])"

    def key(self, document: TravelDocument) -> bytes:
        """The 16 octets under which both lists hold this document."""
        return self.key_of(document.issuing_state, document.document_class, document.document_number)

    def key_of(self, issuing_state: str, document_class: str, document_number: str) -> bytes:
        """As `key`, from values that are normalised already."""
        inner = self._key_inner.copy()
        # State filled to three places and a class of one letter: no two documents share these octets.
        inner.update(f"1{issuing_state:<3}{document_class}{document_number}".encode())
        outer = self._key_outer.copy()
        outer.update(inner.digest())
        return outer.digest()[:KEY_OCTETS]

    def keys_of(self, named: Iterable[tuple[str, str]], numbers: Sequence[bytes]) -> list[bytes]:
        """The keys of many documents: issuing state and class of each, and its number; all normalised."""
        begun: dict[tuple[str, str], Callable[[], hashlib._Hash]] = {}
        outer_copy = self._key_outer.copy
        keys = []
        for name, number in zip(named, numbers, strict=True):
            copy = begun.get(name)
            if copy is None:
                start = self._key_inner.copy()
                start.update(f"1{name[0]:<3}{name[1]}".encode())
                copy = begun[name] = start.copy
            inner = copy()
            inner.update(number)
            outer = outer_copy()
            outer.update(inner.digest())
            keys.append(outer.digest()[:KEY_OCTETS])
        return keys

    def tags_of(self, keys: Sequence[bytes], dates: Sequence[bytes]) -> tuple[int, ...]:
        """The tags of many keys and the twelve characters of their dates."""
        inner_copy, outer_copy = self._tag_inner.copy, self._tag_outer.copy
        tags = []
        for key, both in zip(keys, dates, strict=True):
            inner = inner_copy()
            inner.update(key + both)
            outer = outer_copy()
            outer.update(inner.digest())
            tags.append(outer.digest()[:8])
        return struct.unpack(f">{len(tags)}q", b"".join(tags))

    def tag(self, key: bytes, birth: str, expiry: str) -> int:
        """What an issued record keeps of its dates: a signed 64-bit number.

        ``birth`` and ``expiry`` are the six characters of the machine readable zone each. The key is part of it, so
        that equal dates in two records do not show.
        """
        inner = self._tag_inner.copy()
        inner.update(key + birth.encode() + expiry.encode())
        outer = self._tag_outer.copy()
        outer.update(inner.digest())
        return int.from_bytes(outer.digest()[:8], "big", signed=True)

    def range_tag(self, first: bytes, last: bytes, count: int) -> int:
        """What a record of a range keeps to be known again: a digest of the keys at its ends and of its length."""
        inner = self._tag_inner.copy()
        # Longer than what `tag` digests, so the two can never meet.
        inner.update(first + last + count.to_bytes(8, "big"))
        outer = self._tag_outer.copy()
        outer.update(inner.digest())
        return int.from_bytes(outer.digest()[:8], "big", signed=True)

    def pepper(self) -> bytes:
        """The pepper, to be handed to a process of our own through a pipe and to nobody else."""
        return self._pepper

    def check_value(self) -> bytes:
        """16 octets that a store keeps, to know its pepper again; they tell nothing about it."""
        return self._check

    def reference(self, fields: Iterable[str]) -> str:
        """The reference of a record that came without one: the same for the same fields, in order, and for no others.

        ``K-`` and 24 characters of A-Z, 2-7 (120 bits).
        """
        # A NUL stands in no field, so ("a", "b") and ("ab", "") differ.
        digest = hmac.digest(self._reference, "\0".join(fields).encode(), "sha256")
        return "K-" + base64.b32encode(digest[:15]).decode()


def _derive(pepper: bytes, use: bytes) -> bytes:
    return hmac.digest(pepper, b"rmas stored keys version 1: " + use, "sha256")


def _prepare(key: bytes) -> tuple[hashlib._Hash, hashlib._Hash]:
    padded = key.ljust(_BLOCK, b"\0")
    return hashlib.sha256(padded.translate(_INNER_PAD)), hashlib.sha256(padded.translate(_OUTER_PAD))
