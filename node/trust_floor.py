"""The floor: which trust documents are held, and the highest numbers ever held; as values, and as authenticated octets.

It alone is no document that proves itself, so it is authenticated under a key of this node (`secrets/trust`): an edit is
seen at the next load, and so is a file deleted or exchanged beneath it, for the floor names the digest of each.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

from federation.bundle_codec import MAX_NOTICE_OCTETS
from federation.charter_codec import MAX_CHARTER_OCTETS, MAX_DOCUMENT_OCTETS

SCHEMA: Final = 1
_LABEL: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,79}")


class ForeignFloor(Exception):
    """Nobody who has this node's key wrote these octets."""


class OtherSchema(Exception):
    """Another version of this program wrote them."""


class TrustKind(StrEnum):
    """The kinds of document that trust rests on, in the order in which one needs the other."""

    CHARTER = "charter"
    WITHDRAWAL = "withdrawal"
    SUSPENSION = "suspension"
    ENTRY = "entry"
    CRL = "crl"
    NOTICE = "notice"


# One that is missing lets more be trusted: then nothing is. Any other that is missing lets less be trusted.
INDISPENSABLE: Final = frozenset({TrustKind.CHARTER, TrustKind.WITHDRAWAL, TrustKind.SUSPENSION})
MAX_OCTETS: Final[Mapping[TrustKind, int]] = {
    **dict.fromkeys(TrustKind, MAX_DOCUMENT_OCTETS),
    TrustKind.CHARTER: MAX_CHARTER_OCTETS,
    TrustKind.NOTICE: MAX_NOTICE_OCTETS,
}
FOLDERS: Final[Mapping[TrustKind, str]] = {kind: f"{kind}s" for kind in TrustKind} | {TrustKind.ENTRY: "entries"}


@dataclass(frozen=True, slots=True)
class Mark:
    """The highest number ever held under a name, and the digest of that document.

    From ``until_ms`` on (milliseconds since 1970; 0 for never) nothing below it could be taken for current anyway.
    """

    number: int
    digest: bytes
    until_ms: int = 0


@dataclass(frozen=True, slots=True)
class Paper:
    """A document that is held: ``key`` says of what it is the one held, ``label`` names its file for people.

    ``digest`` names what it says, ``content`` its octets (both SHA-256).
    """

    kind: TrustKind
    key: str
    label: str
    number: int
    digest: bytes
    content: bytes

    @property
    def name(self) -> str:
        """Where its file lies below `trust/`."""
        if _LABEL.fullmatch(self.label) is None:
            raise ValueError("a label is 1 to 80 of letters, digits and hyphen")
        return f"{FOLDERS[self.kind]}/{self.label}-{self.content.hex()[:32]}.{self.kind}"


@dataclass(frozen=True, slots=True)
class Floor:
    """What is held since the last change: papers, and marks by kind and key.

    ``anchor`` is the digest of the charter pinned, ``epoch`` where the counter stands once all have been told.
    """

    anchor: bytes
    papers: tuple[Paper, ...] = ()
    marks: Mapping[tuple[TrustKind, str], Mark] | None = None
    epoch: int = 0


def encode(floor: Floor, key: bytes) -> bytes:
    """The floor as a file, authenticated under ``key`` (32 octets)."""
    body = json.dumps(
        {
            "schema": SCHEMA,
            "anchor": floor.anchor.hex(),
            "epoch": floor.epoch,
            "papers": [
                [paper.kind, paper.key, paper.label, paper.number, paper.digest.hex(), paper.content.hex()]
                for paper in floor.papers
            ],
            "marks": [
                [kind, name, mark.number, mark.digest.hex(), mark.until_ms]
                for (kind, name), mark in (floor.marks or {}).items()
            ],
        },
        indent=1,
    ).encode()
    return _mac(body, key) + b"\n" + body


def decode(data: bytes, key: bytes) -> Floor:
    """The floor in a file. Raises ForeignFloor, OtherSchema."""
    mac, _, body = data.partition(b"\n")
    # Before anything is made of it: what nobody here wrote decides nothing.
    if not hmac.compare_digest(mac, _mac(body, key)):
        raise ForeignFloor
    value = json.loads(body)
    if value["schema"] != SCHEMA:
        raise OtherSchema
    return _floor(value)


def _mac(body: bytes, key: bytes) -> bytes:
    return hmac.new(key, b"rmas trust floor\n" + body, sha256).hexdigest().encode()


def _floor(value: Any) -> Floor:
    return Floor(
        bytes.fromhex(value["anchor"]),
        tuple(
            Paper(TrustKind(kind), key, label, number, bytes.fromhex(digest), bytes.fromhex(content))
            for kind, key, label, number, digest, content in value["papers"]
        ),
        {
            (TrustKind(kind), key): Mark(number, bytes.fromhex(digest), until_ms)
            for kind, key, number, digest, until_ms in value["marks"]
        },
        value["epoch"],
    )
