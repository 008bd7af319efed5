"""A certificate revocation list (X.509 CRL, RFC 5280 5) out of its bytes, strictly; `certs.crl` says what it is for.

Narrower than the RFC: the whole list of one CA, numbered, with an end, signed as certificates are. A reader then never
has to put a list together from parts, or to guess what a silence means.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import SignatureAlgorithmOID

from certs.errors import (
    CertificateRefused,
    CrlLifetimeTooLong,
    MalformedCrl,
    PartialCrl,
    UnknownCrlIssuer,
    WeakCrl,
)
from certs.keys import admit, public_key_id
from certs.profiles import BACKDATE
from certs.verify import require_ca_profile

# An entry has 36 bytes: room for 7,000, far more than the leaves one economy has.
MAX_CRL_BYTES: Final = 256 * 1024

# From `thisUpdate` to `nextUpdate`. Short, because until it ends a peer cut off from the CA's newer lists relies on it;
# not shorter, because ten unattended days must stop nothing.
MAX_DAYS: Final = 10

# RFC 5280 5.2.3 and 4.1.2.2: positive or zero, and positive, in at most 20 octets.
_LIMIT: Final = 1 << 159


@dataclass(frozen=True, slots=True)
class Crl:
    """One verified list. `issuer` is `keys.public_key_id` of the CA, so a renewed CA goes on with its old key's list.

    `revoked` maps serial number to the time of revocation, `reasons` those serial numbers for which a reason is given.
    Times are aware, UTC, whole seconds. `digest` is SHA-256 of what is signed and names the list; `der` is as received,
    and anybody can make a second `der` of one list (ECDSA), so compare and name lists by `digest` alone.
    """

    issuer: bytes
    number: int
    this_update: datetime
    next_update: datetime
    revoked: Mapping[int, datetime]
    reasons: Mapping[int, x509.ReasonFlags]
    digest: bytes
    der: bytes

    @property
    def pairs(self) -> frozenset[tuple[bytes, int]]:
        """What is revoked in the form `verify.verify_leaf` takes: (key id of the CA, serial number)."""
        return frozenset((self.issuer, serial) for serial in self.revoked)


def read(der: bytes, cas: Sequence[x509.Certificate]) -> Crl:
    """The list in exactly these bytes, signed by one of `cas`, which are of the economy whose list it is to be.

    Whatever its age: call `require_current` before relying on it, and `check_newer` before holding it. Raises
    MalformedCrl, WeakCrl, PartialCrl, UnknownCrlIssuer or CrlLifetimeTooLong.
    """
    # Size before parsing: what a stranger sends must cost us nothing by it.
    if len(der) > MAX_CRL_BYTES:
        raise MalformedCrl(f"a revocation list has at most {MAX_CRL_BYTES} bytes; roll the CA over to start a new one")
    try:
        crl = _decoded(der)
        # Before anything is read out of it: what no CA signed is nobody's word.
        ca = _issuing_ca(crl, cas)
        number = _number(crl)
        this_update, next_update = _times(crl)
        revoked, reasons = _entries(crl, this_update)
    except (
        ValueError,
        TypeError,
        UnsupportedAlgorithm,
        x509.InvalidVersion,
        x509.DuplicateExtension,
        x509.UnsupportedGeneralNameType,
    ) as broken:
        # The library reads parts when they are first touched, so its exceptions can come from any line above.
        raise MalformedCrl("these bytes are no revocation list in DER of version 2; have the CA make it again") from (
            broken
        )
    return Crl(
        issuer=public_key_id(admit(ca.public_key())),
        number=number,
        this_update=this_update,
        next_update=next_update,
        revoked=revoked,
        reasons=reasons,
        digest=hashlib.sha256(crl.tbs_certlist_bytes).digest(),
        der=der,
    )


def _decoded(der: bytes) -> x509.CertificateRevocationList:
    crl = x509.load_der_x509_crl(der)
    # The library takes a list without a version, too, and ignores how many bits of the signature are said to be unused:
    # said otherwise than "none", one list would have more spellings.
    if not _content(crl.tbs_certlist_bytes).startswith(b"\x02\x01\x01") or not der.endswith(b"\x00" + crl.signature):
        raise ValueError("not version 2, or a signature not of whole octets")
    if crl.signature_algorithm_oid != SignatureAlgorithmOID.ECDSA_WITH_SHA256:
        raise WeakCrl(
            "the revocation list is not signed with ecdsa-with-SHA256; have it made again with the CA's P-256 key"
        )
    return crl


def _content(element: bytes) -> bytes:
    """What is inside a DER element that the library has parsed already."""
    return element[2 if element[1] < 0x80 else 2 + (element[1] & 0x7F) :]


def _issuing_ca(crl: x509.CertificateRevocationList, cas: Sequence[x509.Certificate]) -> x509.Certificate:
    """The first of `cas` that signed `crl` and is a CA; whatever else is in `cas` must not matter."""
    for ca in cas:
        try:
            require_ca_profile(ca)
        except CertificateRefused:
            continue
        # By name, as RFC 5280 6.3.3 asks, and by signature; never by key identifier, which is anybody's to copy.
        if crl.issuer == ca.subject and crl.is_signature_valid(admit(ca.public_key())):
            return ca
    raise UnknownCrlIssuer(
        "none of the CAs given signed the revocation list; take it from the CA in the member's entry"
    )


def _number(crl: x509.CertificateRevocationList) -> int:
    """The number of a list that is whole. Extensions that are not critical and change nothing are let be."""
    numbers = []
    for extension in crl.extensions:
        if extension.critical or isinstance(extension.value, x509.DeltaCRLIndicator | x509.IssuingDistributionPoint):
            raise PartialCrl(
                "the revocation list is a delta, indirect or partitioned one, or has a critical extension we do not"
                " know; have the CA make one whole list of its own certificates"
            )
        if isinstance(extension.value, x509.CRLNumber):
            numbers.append(extension.value.crl_number)
    if len(numbers) != 1 or not 0 <= numbers[0] < _LIMIT:
        raise MalformedCrl("the revocation list has no number of at most 20 octets; have the CA number its lists")
    return numbers[0]


def _times(crl: x509.CertificateRevocationList) -> tuple[datetime, datetime]:
    this_update, next_update = crl.last_update_utc, crl.next_update_utc
    if next_update is None:
        raise MalformedCrl("the revocation list has no nextUpdate; have the CA say until when it holds")
    if not timedelta() < next_update - this_update <= timedelta(days=MAX_DAYS) + BACKDATE:
        raise CrlLifetimeTooLong(
            f"the revocation list is to hold for more than {MAX_DAYS} days, or ends before it starts; have it made"
            f" for 1 to {MAX_DAYS} days"
        )
    return this_update, next_update


def _entries(
    crl: x509.CertificateRevocationList, this_update: datetime
) -> tuple[dict[int, datetime], dict[int, x509.ReasonFlags]]:
    revoked: dict[int, datetime] = {}
    reasons: dict[int, x509.ReasonFlags] = {}
    for entry in crl:
        serial, since = entry.serial_number, entry.revocation_date_utc
        if not 0 < serial < _LIMIT or serial in revoked:
            raise MalformedCrl(
                "the revocation list has a serial number twice, or one not of 1 to 20 octets; have the CA make it again"
            )
        if since > this_update:
            # Revoked from some day on: half its readers would take it for revoked, half not.
            raise MalformedCrl(
                "the revocation list revokes from a time after it was made; have the CA's clock checked, and the list"
                " made again"
            )
        revoked[serial] = since
        reasons.update((serial, reason) for reason in _reasons(entry))
    return revoked, reasons


def _reasons(entry: x509.RevokedCertificate) -> Iterator[x509.ReasonFlags]:
    for extension in entry.extensions:
        value = extension.value
        if extension.critical or isinstance(value, x509.CertificateIssuer):
            raise PartialCrl(
                "the revocation list revokes for another CA, or with a critical extension we do not know; have the CA"
                " make one whole list of its own certificates"
            )
        if isinstance(value, x509.CRLReason):
            if value.reason is x509.ReasonFlags.remove_from_crl:
                raise PartialCrl("the revocation list takes something off another; have the CA make one whole list")
            yield value.reason
