"""The rows of the matrix of revocation lists: what is wrong, the list, and the refusal."""

from collections.abc import Callable
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from certs import errors
from certs.certificates import encode_der
from tests.certs.crl_forge import (
    ENUMERATED,
    INTEGER,
    NUMBER,
    REASON,
    UNKNOWN,
    entry,
    extension,
    forge_crl,
    resign_crl,
    with_entries,
    with_extensions,
    with_signature,
)
from tests.certs.forge import NOW, new_key, tlv
from tests.certs.hostile import AUS, NZL, SECOND, hostile

DAY = timedelta(days=1)
NUMBERED = extension(NUMBER, tlv(INTEGER, b"\x01"))


def leaf_signed(issuer: x509.Name | None = None) -> bytes:
    return forge_crl(LEAF_KEY, issuer or LEAF.subject)


def with_number(octets: bytes) -> bytes:
    return with_extensions(extension(NUMBER, tlv(INTEGER, octets)))


def reason(code: int) -> bytes:
    return extension(REASON, tlv(ENUMERATED, bytes([code])))


def unknown_critical() -> bytes:
    return extension(UNKNOWN, b"\x05\x00", critical=True)


def distribution(**only: object) -> x509.IssuingDistributionPoint:
    point = {
        "full_name": None,
        "relative_name": None,
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "only_some_reasons": None,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    return x509.IssuingDistributionPoint(**{**point, **only})  # type: ignore[arg-type]


def times_swapped(members: list[bytes]) -> list[bytes]:
    return [*members[:3], members[4], members[3], *members[5:]]


def with_unused_bit() -> bytes:
    """The last bit of the signature is 0 and said to be unused, which the library lets pass."""
    return with_signature(
        next(der for der in iter(forge_crl, b"") if der[-1] % 2 == 0), lambda bits: b"\x01" + bits[1:]
    )


LEAF_KEY = new_key()
LEAF = hostile(key=LEAF_KEY)
MANY = dict.fromkeys(range(1 << 128, (1 << 128) + 7500), NOW)

# What is wrong, the list, the refusal.
HOSTILE: list[tuple[str, Callable[[], bytes], type[errors.CrlRefused]]] = [
    ("a CA of the same name", lambda: forge_crl(new_key()), errors.UnknownCrlIssuer),
    ("another CA", lambda: forge_crl(AUS.key, AUS.ca.subject), errors.UnknownCrlIssuer),
    ("the CA's key under another name", lambda: forge_crl(NZL.key, AUS.ca.subject), errors.UnknownCrlIssuer),
    ("a leaf", leaf_signed, errors.UnknownCrlIssuer),
    ("a leaf under the CA's name", lambda: leaf_signed(NZL.ca.subject), errors.UnknownCrlIssuer),
    ("SHA-384", lambda: forge_crl(algorithm=hashes.SHA384()), errors.WeakCrl),
    ("RSA", lambda: forge_crl(rsa.generate_private_key(65537, 2048)), errors.WeakCrl),
    ("P-384", lambda: forge_crl(ec.generate_private_key(ec.SECP384R1())), errors.UnknownCrlIssuer),
    ("no number", lambda: forge_crl(number=None), errors.MalformedCrl),
    ("no extensions", lambda: resign_crl(lambda members: members[:6]), errors.MalformedCrl),
    ("a number of 21 octets", lambda: with_number(b"\x00" + b"\x80" + bytes(19)), errors.MalformedCrl),
    ("a number of 100 octets", lambda: with_number(b"\x7f" + bytes(99)), errors.MalformedCrl),
    ("a negative number", lambda: with_number(b"\xff"), errors.MalformedCrl),
    ("two numbers", lambda: with_extensions(NUMBERED, NUMBERED), errors.MalformedCrl),
    ("no end", lambda: resign_crl(lambda members: [*members[:4], *members[5:]]), errors.MalformedCrl),
    ("good for eleven days", lambda: forge_crl(end=NOW + 11 * DAY), errors.CrlLifetimeTooLong),
    ("good for ten years", lambda: forge_crl(end=NOW + 3650 * DAY), errors.CrlLifetimeTooLong),
    ("ends as it starts", lambda: forge_crl(end=NOW), errors.CrlLifetimeTooLong),
    ("ends before it starts", lambda: resign_crl(times_swapped), errors.CrlLifetimeTooLong),
    ("version 1", lambda: resign_crl(lambda members: members[1:]), errors.MalformedCrl),
    ("version 1, in words", lambda: resign_crl(lambda members: [b"\x02\x01\x00", *members[1:]]), errors.MalformedCrl),
    ("version 3", lambda: resign_crl(lambda members: [b"\x02\x01\x02", *members[1:]]), errors.MalformedCrl),
    ("a delta", lambda: forge_crl(more=[(x509.DeltaCRLIndicator(1), True)]), errors.PartialCrl),
    ("a delta that hides it", lambda: forge_crl(more=[(x509.DeltaCRLIndicator(1), False)]), errors.PartialCrl),
    ("indirect", lambda: forge_crl(more=[(distribution(indirect_crl=True), True)]), errors.PartialCrl),
    (
        "some certificates alone",
        lambda: forge_crl(more=[(distribution(only_contains_ca_certs=True), False)]),
        errors.PartialCrl,
    ),
    (
        "some reasons alone",
        lambda: forge_crl(
            more=[(distribution(only_some_reasons=frozenset([x509.ReasonFlags.key_compromise])), True)],
        ),
        errors.PartialCrl,
    ),
    ("an unknown critical extension", lambda: with_extensions(NUMBERED, unknown_critical()), errors.PartialCrl),
    (
        "an unknown critical extension in an entry",
        lambda: with_entries(entry(b"\x05", unknown_critical())),
        errors.PartialCrl,
    ),
    (
        "an entry for another CA",
        lambda: forge_crl(entry_more=[(x509.CertificateIssuer([x509.DirectoryName(AUS.ca.subject)]), True)]),
        errors.PartialCrl,
    ),
    (
        "an entry for another CA that hides it",
        lambda: forge_crl(entry_more=[(x509.CertificateIssuer([x509.DirectoryName(AUS.ca.subject)]), False)]),
        errors.PartialCrl,
    ),
    ("an entry that takes one off", lambda: with_entries(entry(b"\x05", reason(8))), errors.PartialCrl),
    ("a reason of nobody", lambda: with_entries(entry(b"\x05", reason(99))), errors.MalformedCrl),
    ("a negative serial number", lambda: with_entries(entry(b"\xff")), errors.MalformedCrl),
    ("serial number 0", lambda: with_entries(entry(b"\x00")), errors.MalformedCrl),
    ("a serial number of 21 octets", lambda: with_entries(entry(b"\x00\x80" + bytes(19))), errors.MalformedCrl),
    ("a serial number with a zero before it", lambda: with_entries(entry(b"\x00\x05")), errors.MalformedCrl),
    ("a serial number twice", lambda: with_entries(entry(b"\x05"), entry(b"\x05")), errors.MalformedCrl),
    ("revoked from tomorrow on", lambda: forge_crl(revoked={5: NOW + SECOND}), errors.MalformedCrl),
    ("a byte after it", lambda: forge_crl() + b"\x00", errors.MalformedCrl),
    ("a byte missing", lambda: forge_crl()[:-1], errors.MalformedCrl),
    ("nothing", lambda: b"", errors.MalformedCrl),
    ("a certificate", lambda: encode_der(NZL.ca), errors.MalformedCrl),
    ("unused bits in the signature", with_unused_bit, errors.MalformedCrl),
    ("a length in the long form", lambda: b"\x30\x83\x00" + forge_crl()[2:], errors.MalformedCrl),
    ("more than 256 KiB", lambda: forge_crl(revoked=MANY), errors.MalformedCrl),
]
