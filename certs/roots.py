"""The CA certificates a TLS stack is given to trust."""

from collections.abc import Iterable
from datetime import datetime

from cryptography import x509

from certs.certificates import encode_pem
from certs.errors import KeyNotAllowed, UnknownIssuer
from certs.keys import admit, public_key_id


def bundle(cas: Iterable[x509.Certificate], now: datetime) -> bytes:
    """PEM of those of `cas` that are current at `now`, one for each CA key: the one that ends last.

    gRPC's stack takes the first root whose name and key fit and looks no further when that one has expired: an old
    certificate of a renewed CA, standing first, would shut out every leaf of that economy. A CA key outside the allowed
    kinds is left out as well. Trusting a CA for TLS says nothing about whose leaf it may sign: `verify.verify_leaf` does.

    Raises UnknownIssuer when nothing is left, because a stack may read an empty bundle as "trust what the system trusts".
    """
    by_key: dict[bytes, x509.Certificate] = {}
    for ca in cas:
        if not ca.not_valid_before_utc <= now <= ca.not_valid_after_utc:
            continue
        try:
            key = public_key_id(admit(ca.public_key()))
        except KeyNotAllowed:
            continue
        known = by_key.get(key)
        if known is None or known.not_valid_after_utc < ca.not_valid_after_utc:
            by_key[key] = ca
    if not by_key:
        raise UnknownIssuer("none of the CAs is current, so no peer could be trusted; fetch or publish a current CA")
    # In one order whatever the order given: equal trust gives equal bytes, so a reload can see that nothing changed.
    return b"".join(encode_pem(by_key[key]) for key in sorted(by_key))
