"""Certificate revocation lists (X.509 CRLs, RFC 5280 5): what an issuing CA took back, in a list that only it can make.

A list proves itself whoever passed it on and whenever: `read` looks at no clock. Whether it may still be relied on is
`require_current`'s to say; whether it may take the place of the one held is `check_newer`'s, which is what keeps a
revocation from being undone. Serial numbers and times are arguments.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from certs.authority import authority_key_identifier
from certs.crl_reading import MAX_CRL_BYTES, MAX_DAYS, Crl, read
from certs.errors import ConflictingCrl, CrlRefused, DroppedSerial, FutureCrl, IssueRefused, OlderCrl, StaleCrl
from certs.profiles import BACKDATE, PROFILES, Role

__all__ = [
    "ALARM_AGE",
    "KEPT",
    "LONGEST_LEAF",
    "MAX_CRL_BYTES",
    "MAX_DAYS",
    "Crl",
    "build",
    "check_newer",
    "is_overdue",
    "next_number",
    "next_revoked",
    "read",
    "require_current",
]

# A CA makes a new list every day, needed or not. One older than this means that it has stopped, with eight days left.
ALARM_AGE: Final = timedelta(hours=48)

# After this a revoked leaf has expired whatever was in it, since nothing in a list says when. Not the 30 days leaves are
# issued for by default, but what a CA may issue at most and every verifier accepts: else a revoked leaf of 90 days would
# come back to life after 30.
LONGEST_LEAF: Final = max(PROFILES[role].longest for role in (Role.TLS, Role.MESSAGE))

# A CA keeps an entry a day longer than peers demand, so that no difference of clocks makes a good list a refused one.
KEPT: Final = LONGEST_LEAF + timedelta(days=1)


def build(
    ca: x509.Certificate,
    ca_key: ec.EllipticCurvePrivateKey,
    number: int,
    revoked: Mapping[int, datetime],
    now: datetime,
    days: int = MAX_DAYS,
    reasons: Mapping[int, x509.ReasonFlags] | None = None,
) -> bytes:
    """DER of the CA's list number `number`, made at `now` and good for `days`; `read` accepts it.

    `revoked` maps serial number to time of revocation, `reasons` some of them to why. Take `next_number` and
    `next_revoked` of the list before. Raises IssueRefused when the key is not the CA's, the CA is not current or of
    another profile, days are not 1 to 10, or the list would be one that `read` refuses.
    """
    _require_aware(now)
    if ca_key.public_key() != ca.public_key():
        raise IssueRefused("the CA key is not the key of the CA certificate; take the pair made together")
    if not ca.not_valid_before_utc <= now <= ca.not_valid_after_utc:
        raise IssueRefused("the CA is not current, so its list would help nobody; check the clock, or roll the CA over")
    if not 1 <= days <= MAX_DAYS:
        raise IssueRefused(f"a revocation list is made for 1 to {MAX_DAYS} days")
    try:
        der = _signed(ca, ca_key, number, revoked, now, days, reasons or {})
        # What peers would refuse never leaves this CA.
        read(der, [ca])
    except (CrlRefused, ValueError, TypeError) as refused:
        raise IssueRefused(f"this CA cannot make this revocation list: {refused}") from refused
    return der


def require_current(crl: Crl, now: datetime) -> None:
    """Return if `crl` may be relied on at `now`; at `nextUpdate` itself it still may. Raises FutureCrl or StaleCrl."""
    _require_not_ahead(crl, now)
    if now > crl.next_update:
        raise StaleCrl(
            f"the revocation list {crl.number} of the CA ended on {crl.next_update:%Y-%m-%d %H:%M} UTC;"
            " fetch the next one, or have the CA make it"
        )


def is_overdue(crl: Crl, now: datetime) -> bool:
    """Whether the daily list has failed to come for long enough to raise an alarm (48 h); it may still be relied on."""
    return now - crl.this_update > ALARM_AGE


def check_newer(held: Crl | None, new: Crl, now: datetime) -> None:
    """Return if `new` may be held in the place of `held` (None: there was none). Both are of one CA key.

    The same list again is fine and changes nothing. Raises OlderCrl; ConflictingCrl; DroppedSerial when a serial number
    of `held` that cannot have expired by the time `new` was made is missing or revoked from an earlier time; and
    FutureCrl, since what is not made yet could drop everything. A list that is stale but newer passes: it revokes.
    """
    _require_not_ahead(new, now)
    if held is None:
        return
    if held.issuer != new.issuer:
        raise ValueError("lists of two CA keys do not follow each other")
    if new.number < held.number:
        raise OlderCrl(
            f"the revocation list has number {new.number}, below {held.number}, which is held; fetch the newest"
        )
    if new.number == held.number:
        if new.digest != held.digest:
            raise ConflictingCrl(
                f"the CA signed two different revocation lists of number {new.number}; keep both and ask its operator,"
                f" who makes list {new.number + 1} with all that either revokes"
            )
        return
    for serial, since in held.revoked.items():
        # Judged by the lists alone, so that every node judges alike.
        if new.this_update - since > LONGEST_LEAF:
            continue
        # A date moved back is a drop in two steps: the list after could leave the serial out as long expired.
        if serial not in new.revoked or new.revoked[serial] < since:
            raise DroppedSerial(
                f"the revocation list {new.number} drops or dates back serial number {serial:x}, which list"
                f" {held.number} revokes and whose certificate may still be valid; the CA must keep it for"
                f" {KEPT.days} days"
            )


def next_number(held: Crl | None) -> int:
    """The number of the CA's next list: one more than that of the one `held`, and 1 for the first."""
    return 1 if held is None else held.number + 1


def next_revoked(held: Crl | None, serials: Collection[int], now: datetime) -> dict[int, datetime]:
    """What the CA's next list revokes: what `held` does, but for what must have expired, and `serials` from `now` on.

    A serial number already revoked keeps its time. Nothing else takes one off the list: a revocation is for good.
    """
    _require_aware(now)
    kept = {} if held is None else {serial: since for serial, since in held.revoked.items() if now - since <= KEPT}
    return dict.fromkeys(serials, now.replace(microsecond=0)) | kept


def _signed(
    ca: x509.Certificate,
    ca_key: ec.EllipticCurvePrivateKey,
    number: int,
    revoked: Mapping[int, datetime],
    now: datetime,
    days: int,
    reasons: Mapping[int, x509.ReasonFlags],
) -> bytes:
    if not reasons.keys() <= revoked.keys():
        raise ValueError("a reason is given for a serial number that is not revoked")
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(ca.subject)
        .last_update(now)
        .next_update(now + timedelta(days=days))
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(authority_key_identifier(ca), critical=False)
    )
    # In one order whatever the order given.
    for serial, since in sorted(revoked.items()):
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(since)
        if serial in reasons:
            entry = entry.add_extension(x509.CRLReason(reasons[serial]), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(ca_key, SHA256()).public_bytes(Encoding.DER)


def _require_not_ahead(crl: Crl, now: datetime) -> None:
    _require_aware(now)
    # As far as a certificate may start before it is made, and for the same reason.
    if crl.this_update - now > BACKDATE:
        raise FutureCrl(
            f"the revocation list {crl.number} of the CA was made in the future; compare this clock with the CA's"
        )


def _require_aware(now: datetime) -> None:
    if now.tzinfo is None:
        raise ValueError("now must be an aware datetime in UTC")
