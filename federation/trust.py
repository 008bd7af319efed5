"""Whose certificate this is, as of now (docs/spec/2-names-and-certificates.md, 2.6).

TLS lets in leaves of every member's CA. Here each leaf is held against the CAs *of the economy its name claims*, so one
member's CA cannot make a certificate for another. A verified leaf is kept until the directory changes or its time is
over; a new directory means a new ``Trust``.
"""

from __future__ import annotations

from datetime import datetime

from cryptography import x509

from certs.certificates import decode_der, decode_pem
from certs.errors import CertsError
from certs.identity import name_of
from certs.profiles import Role
from certs.verify import VerifiedLeaf, verify_leaf
from federation.directory import Directory
from federation.errors import Refused
from federation.status import RefusalCode

CACHE_SIZE = 4096


class Trust:
    """Verifies leaves against one directory, and remembers the verified ones by their exact bytes."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self._verified: dict[tuple[bytes, Role], VerifiedLeaf] = {}

    def leaf(self, encoded: bytes, role: Role, now: datetime) -> VerifiedLeaf:
        """The leaf in these bytes, verified for ``role`` at ``now``: DER, or for TLS also one block of PEM.

        Raises:
            Refused: NOT_MEMBER when it is no current certificate of a current member, KEY_PURPOSE when it is one for
                another role.
        """
        leaf = self._verified.get((encoded, role))
        if leaf is None:
            leaf = self._verify(encoded, role, now)
            if len(self._verified) >= CACHE_SIZE:
                self._verified.clear()
            self._verified[encoded, role] = leaf
        if not leaf.not_before <= now <= leaf.not_after:
            raise Refused(RefusalCode.NOT_MEMBER, "the certificate is outside its dates")
        return leaf

    def _verify(self, encoded: bytes, role: Role, now: datetime) -> VerifiedLeaf:
        try:
            # gRPC hands a peer's leaf over as PEM; a statement carries DER, and one encoding only.
            as_text = role is Role.TLS and encoded.startswith(b"-----")
            certificate = decode_pem(encoded) if as_text else decode_der(encoded)
            name = name_of(certificate)
        except CertsError as error:
            raise Refused(RefusalCode.NOT_MEMBER, f"the certificate names no node: {error}") from error
        member = self.directory.members.get(name.economy)
        if member is None or name.federation != self.directory.federation:
            raise Refused(RefusalCode.NOT_MEMBER, "the certificate names no member of this federation")
        try:
            return verify_leaf(certificate, member.cas, role, self.directory.federation, now)
        except CertsError as error:
            misused = _is_other_role(certificate, member.cas, role, now, self.directory)
            code = RefusalCode.KEY_PURPOSE if misused else RefusalCode.NOT_MEMBER
            raise Refused(code, str(error)) from error


def _is_other_role(
    certificate: x509.Certificate,
    cas: tuple[x509.Certificate, ...],
    role: Role,
    now: datetime,
    directory: Directory,
) -> bool:
    """Whether the certificate is good for the other leaf role: then its key was used for the wrong thing (A10)."""
    other = Role.TLS if role is Role.MESSAGE else Role.MESSAGE
    try:
        verify_leaf(certificate, cas, other, directory.federation, now)
    except CertsError:
        return False
    return True


def bind(tls: VerifiedLeaf, message: VerifiedLeaf) -> None:
    """Both leaves name one node, and are two keys.

    Raises:
        Refused: CERT_BINDING for two names (A04), KEY_PURPOSE for one public key in two roles.
    """
    if tls.name != message.name:
        raise Refused(RefusalCode.CERT_BINDING, "the TLS leaf and the message leaf name two nodes")
    if tls.spki == message.spki:
        raise Refused(RefusalCode.KEY_PURPOSE, "one public key serves TLS and messages")
