"""Numbered documents take each other's place one way only: the greater number (docs/spec/9-trust.md)."""

from __future__ import annotations

from typing import Protocol, TypeVar

from federation.errors import BadDocument
from federation.status import DocumentCode


class Numbered(Protocol):
    """A document with a number of its own, and the digest that names it."""

    @property
    def number(self) -> int:
        """1 or more."""

    @property
    def digest(self) -> bytes:
        """32 octets."""


_N = TypeVar("_N", bound=Numbered)


def newer(held: _N | None, new: _N) -> _N:
    """``new``, when it may stand in the place of what is held of the same member or node; the same one again may.

    Raises BadDocument: OLDER for a smaller number, CONFLICT for the same number and another content: then somebody signed
    two of one number, and both are evidence.
    """
    if held is None or new.number > held.number or new.digest == held.digest:
        return new
    if new.number < held.number:
        message = f"Number {new.number} is older than number {held.number}, which is held; get the newest."
        raise BadDocument(DocumentCode.OLDER, message)
    message = f"There are two documents of number {new.number}; keep both, and have a higher one made."
    raise BadDocument(DocumentCode.CONFLICT, message)
