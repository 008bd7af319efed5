"""Taking back leaves of the economy's own CA, on the machine that has its key: the CA's numbered revocation list.

A list is made every day, revoked or not, since peers take no lookups under one older than ten days.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from certs import crl
from certs.crl import MAX_CRL_BYTES, Crl
from certs.errors import CertsError
from certs.keystore import KeyStore, load_certificate
from certs.profiles import Role
from node import carried
from node.clock import Clock
from node.errors import OperatorError
from node.exclusive import turn
from node.layout import Layout

_SERIAL = re.compile(r"(?:0x)?([0-9a-f]{1,40}|[0-9a-f]{2}(?::[0-9a-f]{2}){1,19})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reissued:
    """The CA's new list and where it lies; ``own`` names the leaves of this node that it takes back (`tls`, `message`)."""

    crl: Crl
    path: Path
    own: tuple[str, ...]


def crl_file(layout: Layout) -> Path:
    """Where the newest list of the CA of this home lies, in DER."""
    return layout.certs / "ca.crl"


def reissue(layout: Layout, serials: Sequence[int], known: Sequence[bytes], clock: Clock) -> Reissued:
    """Make and keep the CA's next list: what the newest one revokes, and ``serials``.

    The newest is that of this home or, where the home was restored from a backup, one of ``known``: lists in DER that came
    back from peers. Those of other CAs count for nothing.

    Raises CertsError: a key, the CA or the list is missing, damaged or not current; OperatorError CRL_DAMAGED.
    """
    ca = load_certificate(layout.certs / "ca.pem")
    key = KeyStore(layout.keys).load(Role.CA.value)
    with turn(layout.certs):
        held = newest(layout, ca, known)
        now = clock.now()
        der = crl.build(ca, key, crl.next_number(held), crl.next_revoked(held, serials, now), now)
        path = crl_file(layout)
        carried.write(path, der)
    return Reissued(crl.read(der, [ca]), path, tuple(_own(layout, serials)))


def serial_of(text: str, layout: Layout) -> int:
    """The serial number of a certificate of this CA: of the one in the file ``text``, or ``text`` itself in hexadecimal.

    Raises OperatorError: NOT_OUR_LEAF for a certificate of another CA, INVALID_SERIAL for neither file nor number.
    """
    path = Path(text)
    if path.is_file():
        leaf = load_certificate(path)
        try:
            leaf.verify_directly_issued_by(load_certificate(layout.certs / "ca.pem"))
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
            message = f"{path} is not of this CA; only the CA that issued a certificate can take it back."
            raise OperatorError("NOT_OUR_LEAF", message) from None
        return leaf.serial_number
    found = _SERIAL.fullmatch(text)
    serial = int(found[1].replace(":", ""), 16) if found else 0
    if not 0 < serial < 1 << 159:
        message = (
            "That is neither a certificate's file nor a serial number in hexadecimal; "
            "`openssl x509 -noout -serial` prints one."
        )
        raise OperatorError("INVALID_SERIAL", message)
    return serial


def newest(layout: Layout, ca: x509.Certificate, known: Sequence[bytes] = ()) -> Crl | None:
    """The newest list of this CA: of this home, or of ``known``, lists in DER. Raises OperatorError CRL_DAMAGED."""
    lists = [one for der in known if (one := _of_this_ca(der, ca)) is not None]
    path = crl_file(layout)
    if path.exists():
        try:
            lists.append(crl.read(carried.read(path, MAX_CRL_BYTES), [ca]))
        except CertsError as error:
            message = (
                f"{path} is not a list of this CA ({error}); put the newest one back, which any peer has, "
                "for a list that begins anew would be refused."
            )
            raise OperatorError("CRL_DAMAGED", message) from None
    return max(lists, key=lambda one: one.number, default=None)


def _of_this_ca(der: bytes, ca: x509.Certificate) -> Crl | None:
    try:
        return crl.read(der, [ca])
    except CertsError:
        return None


def _own(layout: Layout, serials: Sequence[int]) -> list[str]:
    roles = [role.value for role in (Role.TLS, Role.MESSAGE) if (layout.certs / f"{role.value}.pem").exists()]
    return [role for role in roles if load_certificate(layout.certs / f"{role}.pem").serial_number in serials]
