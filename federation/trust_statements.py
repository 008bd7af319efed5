"""What stands in suspensions, withdrawals, entries and notices, as their signers wrote it (docs/spec/9-trust.md).

Values of the wire, of which only the form is known: federation.suspension, federation.entry and federation.notice make
of them what may be relied on. Times are milliseconds since 1970 UTC. Rows are ordered by their fields, in the order in
which they stand here: so lists ascend, on the wire too.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SuspensionStatement:
    """One member's lookups stop at ``starts_at``, say the members ``by``; ``charter_digest`` has 32 octets."""

    federation: str
    charter_version: int
    charter_digest: bytes
    economy: str
    starts_at: int
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WithdrawalStatement:
    """``economy`` leaves the federation of that charter, whose digest has 32 octets."""

    federation: str
    charter_version: int
    charter_digest: bytes
    economy: str
    signed_at: int


@dataclass(frozen=True, slots=True, order=True)
class CaRow:
    """An issuing CA, in DER, and its phase."""

    certificate: bytes
    phase: str


@dataclass(frozen=True, slots=True, order=True)
class CoverageRow:
    """``kinds`` is a sum of kinds; ``expiry_from`` is ``YYYY-MM-DD``, or empty when the issued list covers all."""

    issuing_state: str
    document_class: str
    kinds: int
    expiry_from: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Contact:
    """A duty desk. ``hours`` are its own, ``24/7`` or ``Mon-Fri 08:00-18:00``; ``email`` and ``deputy`` may be empty.

    ``time_zone`` is an IANA name, ``languages`` are BCP 47 tags. For people to read: nothing is ever found by them.
    """

    desk: str
    telephone: str
    email: str
    hours: str
    time_zone: str
    languages: tuple[str, ...]
    deputy: str = ""


@dataclass(frozen=True, slots=True)
class EntryStatement:
    """What a member says of itself; the keys of log and witness are 32 octets each, or empty."""

    federation: str
    economy: str
    number: int
    issued_at: int
    cas: tuple[CaRow, ...]
    coverage: tuple[CoverageRow, ...] = ()
    contacts: tuple[Contact, ...] = ()
    log_key: bytes = b""
    witness_key: bytes = b""


@dataclass(frozen=True, slots=True, order=True)
class Endpoint:
    """``address`` is ``host:port``; ``network`` says where from it is reached, empty for everywhere.

    The lowest ``priority`` is tried first.
    """

    address: str
    network: str = ""
    priority: int = 0


@dataclass(frozen=True, slots=True, order=True)
class Maintenance:
    """The node may be down from ``starts_at`` until ``ends_at``."""

    starts_at: int
    ends_at: int


@dataclass(frozen=True, slots=True)
class NoticeStatement:
    """What a node says of itself; ``node`` is its full name."""

    node: str
    number: int
    issued_at: int
    endpoints: tuple[Endpoint, ...]
    roles: tuple[str, ...]
    refresh_seconds: int
    maintenance: tuple[Maintenance, ...] = ()
