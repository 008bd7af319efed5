"""Suspensions, withdrawals, entries and notices, short to write: of a federation ``lab`` with the members asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from certs.authority import create_ca
from certs.identity import CaName
from federation.charter import Charter, read
from federation.errors import BadDocument
from federation.signed import SignedDocument
from federation.status import DocumentCode
from federation.trust_statements import (
    CaRow,
    Contact,
    CoverageRow,
    Endpoint,
    EntryStatement,
    Maintenance,
    NoticeStatement,
    SuspensionStatement,
    WithdrawalStatement,
)
from tests.charters import first, members, proposal
from tests.virtual_time import NOW, NOW_MS
from tests.world import authority, drawn_key

HOUR_MS = 3_600_000
ECONOMIES = ("AUS", "NZL", "PHL", "THA", "USA")


@cache
def charter(*economies: str) -> Charter:
    """The first charter of these economies, or of five."""
    return read(first(*(economies or ECONOMIES)))


@cache
def later_charter() -> Charter:
    """The charter after that of the five."""
    return read(proposal([charter()], members(*ECONOMIES)))


@cache
def ca(economy: str, label: str = "CA") -> x509.Certificate:
    """The CA of an economy as every world has it, or another one of its own."""
    if label == "CA":
        return authority(economy)[1]
    return create_ca(CaName("lab", economy), drawn_key(f"{economy} {label}"), 7, NOW)


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def ca_row(economy: str, label: str = "CA", phase: str = "ACTIVE") -> CaRow:
    return CaRow(der(ca(economy, label)), phase)


CONTACT = Contact(
    "Border Operations Centre",
    "+64 4 555 0100",
    "desk@border.example.nz",
    "24/7",
    "Pacific/Auckland",
    ("en", "mi"),
    "Ngaio, Te Tari Taiwhenua",
)
COVERAGE = (CoverageRow("NZL", "I", 1), CoverageRow("NZL", "P", 7, "2009-12-01"))


def entry(**changes: Any) -> EntryStatement:
    """New Zealand's entry, but for what the keywords change."""
    whole = EntryStatement("lab", "NZL", 1, NOW_MS, (ca_row("NZL"),), COVERAGE, (CONTACT,))
    return replace(whole, **changes)


def notice(**changes: Any) -> NoticeStatement:
    """The notice of New Zealand's node, but for what the keywords change."""
    whole = NoticeStatement(
        "rmas://lab/NZL/node1",
        1,
        NOW_MS,
        (Endpoint("198.51.100.64:7443"), Endpoint("rmas.border.example.nz:443", "internet", 10)),
        ("answer", "ask"),
        300,
        (Maintenance(NOW_MS, NOW_MS + HOUR_MS),),
    )
    return replace(whole, **changes)


def suspension(economy: str, *by: str, starts_at: int = NOW_MS, under: Charter | None = None) -> SuspensionStatement:
    under = under or charter()
    return SuspensionStatement("lab", under.version, under.digest, economy, starts_at, tuple(sorted(by)))


def withdrawal(economy: str, under: Charter | None = None) -> WithdrawalStatement:
    under = under or charter()
    return WithdrawalStatement("lab", under.version, under.digest, economy, NOW_MS)


def unsigned(payload_type: str, payload: bytes) -> SignedDocument:
    """A document of our encoding that nothing has looked at yet."""
    return SignedDocument(payload_type, payload)


def refused(act: Callable[..., object], *arguments: object) -> DocumentCode | None:
    """The code that ``act`` refuses these arguments with, in a sentence; None when it simply returns."""
    try:
        act(*arguments)
    except BadDocument as error:
        found = error
    else:
        return None
    assert found.message.endswith("."), found.message
    assert found.message.isascii(), found.message
    return found.code
