"""Every object with an end, as plain data: what ends when, and how loudly to say so.

It is for leaves, CAs and revocation lists, and as well for what this package knows nothing of: grants, keys of
backups, whatever the caller lists. Nothing is looked up here, and nothing is judged but the time that is left.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509

from certs.crl import Crl

# Days left at which an alarm grows louder. 0 is what has ended.
LEVELS: Final = (0, 1, 3, 7, 14, 30)

# What is replaced by schedule is due at two thirds of its life. As long as more than the last third is left nothing is
# amiss: leaves of 30 days would else be under alarm from the day they are made to the day they are replaced.
_LAST_PART: Final = 3


@dataclass(frozen=True, slots=True)
class Dated:
    """One object that ends: a kind (`tls leaf`), its owner (`NZL`), which of them it is (`rmas://lab/NZL/node1`).

    `not_after` is aware, UTC, the last second in which it is good. `lasts` is its whole life when something replaces it
    by schedule; None for what a person must remember.
    """

    what: str
    whose: str
    name: str
    not_after: datetime
    lasts: timedelta | None = None


def of_certificate(what: str, whose: str, name: str, certificate: x509.Certificate) -> Dated:
    """A certificate that is replaced by schedule. A CA is rolled over by a person: give it as a plain `Dated`."""
    return Dated(
        what,
        whose,
        name,
        certificate.not_valid_after_utc,
        certificate.not_valid_after_utc - certificate.not_valid_before_utc,
    )


def of_crl(what: str, whose: str, name: str, crl: Crl) -> Dated:
    """A revocation list, which the CA replaces every day. `crl.is_overdue` says sooner that it has stopped."""
    return Dated(what, whose, name, crl.next_update, crl.next_update - crl.this_update)


def by_expiry(objects: Iterable[Dated]) -> list[Dated]:
    """`objects`, what ends first first; those that end together in one order whatever the order given."""
    return sorted(objects, key=lambda dated: (dated.not_after, dated.whose, dated.what, dated.name))


def alarm_level(dated: Dated, now: datetime) -> int | None:
    """The smallest of LEVELS that its days left have come down to, None while there is no cause for alarm.

    0 once it has ended. `now` is aware, UTC.
    """
    left = dated.not_after - now
    if left < timedelta():
        return 0
    if dated.lasts is not None and left * _LAST_PART >= dated.lasts:
        return None
    return next((level for level in LEVELS[1:] if left <= timedelta(days=level)), None)
