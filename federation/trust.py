"""Whose certificate this is, as of now (docs/spec/2-names-and-certificates.md, 2.6), and whether it counts.

TLS lets in leaves of every member's CA. Here each leaf is held against the CAs *of the economy its name claims*, so one
member's CA cannot make a certificate for another. A verified leaf is kept until the directory changes or its time is
over; what may change between two calls is looked at in each, so it bites on connections and sessions already open.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from cryptography import x509

from certs.certificates import decode_der, decode_pem
from certs.errors import CertsError
from certs.identity import name_of
from certs.profiles import Role
from certs.verify import VerifiedLeaf, verify_leaf
from federation.directory import Directory
from federation.errors import Distrusted, Refused
from federation.status import RefusalCode

CACHE_SIZE = 4096


@dataclass(frozen=True, slots=True)
class _InForce:
    """A directory, and what was verified against this one and no other."""

    directory: Directory
    verified: dict[tuple[bytes, Role], VerifiedLeaf] = field(default_factory=dict)


class Trust:
    """Verifies leaves against the directory in force, and remembers the verified ones by their exact bytes.

    One object serves all of a process, answering and asking, so that ``adopt`` changes everything at once. Its methods
    may be called from several threads.
    """

    __slots__ = ("_in_force",)

    def __init__(self, directory: Directory) -> None:
        self._in_force = _InForce(directory)

    @property
    def directory(self) -> Directory:
        """The directory in force."""
        return self._in_force.directory

    def adopt(self, directory: Directory) -> None:
        """Let ``directory`` be in force from the next check on, for leaves verified before as well."""
        self._in_force = _InForce(directory)

    def leaf(self, encoded: bytes, role: Role, now: datetime) -> VerifiedLeaf:
        """The leaf in these bytes, good for lookups at ``now``: ``identify``, ``check_fresh``, ``check_member`` together.

        Raises:
            Refused: NOT_MEMBER when it is no current certificate of a current member, KEY_PURPOSE when it is one for
                another role. As Distrusted: NOT_MEMBER when it is revoked or its CA's revocation list is too old,
                SUSPENDED when the member is suspended or blocked.
        """
        leaf = self.identify(encoded, role, now)
        self.check_fresh(leaf, now)
        self.check_member(leaf.name.economy, now)
        return leaf

    def identify(self, encoded: bytes, role: Role, now: datetime) -> VerifiedLeaf:
        """Whose leaf this is: DER, or for TLS also one block of PEM. It may still not count for lookups.

        Documents that prove themselves are exchanged with anyone whom this names; lookups need ``leaf``.

        Raises:
            Refused: NOT_MEMBER when it is no current certificate of a current member, or revoked (as Distrusted);
                KEY_PURPOSE when it is one for another role.
        """
        in_force = self._in_force
        leaf = in_force.verified.get((encoded, role))
        if leaf is None:
            leaf = _verify(encoded, role, now, in_force.directory)
            if len(in_force.verified) >= CACHE_SIZE:
                in_force.verified.clear()
            in_force.verified[encoded, role] = leaf
        _check_identity(leaf, in_force.directory, now)
        return leaf

    def check(self, leaf: VerifiedLeaf, now: datetime) -> None:
        """Whether a leaf that was verified once, perhaps when a session was opened, still holds at ``now``.

        Raises:
            Refused: NOT_MEMBER when its time is over, or its member or CA is one no more; as Distrusted when it is
                revoked, or nobody knows because its CA's revocation list is too old.
        """
        _check_identity(leaf, self._in_force.directory, now)
        self.check_fresh(leaf, now)

    def check_fresh(self, leaf: VerifiedLeaf, now: datetime) -> None:
        """Whether the revocation list that would name this leaf is still fresh at ``now``.

        Without one nobody knows whether a stolen key was revoked, so it counts for nothing.

        Raises:
            Distrusted: NOT_MEMBER; the message names the CA, since when, and what to do.
        """
        standing = self._in_force.directory.standings.get(leaf.name.economy)
        until_ms = standing.crl_until_ms.get(leaf.issuer, 0) if standing is not None else 0
        if _milliseconds(now) > until_ms:
            raise _without_list(leaf, until_ms)

    def check_member(self, economy: str, now: datetime) -> None:
        """Whether lookups are exchanged with this member at ``now``.

        Raises:
            Distrusted: SUSPENDED when it is suspended, or blocked by this economy.
        """
        directory = self._in_force.directory
        if economy in directory.blocked:
            message = f"{economy} is blocked here; `rmas peer unblock {economy}` lets it in again."
            raise Distrusted(RefusalCode.SUSPENDED, message)
        standing = directory.standings.get(economy)
        if standing is None or not standing.suspended:
            return
        now_ms = _milliseconds(now)
        for from_ms, until_ms in standing.suspended:
            if from_ms <= now_ms < until_ms:
                message = (
                    f"{economy} is suspended until {_text(until_ms)}; lookups go on then, or once it is lifted here."
                )
                raise Distrusted(RefusalCode.SUSPENDED, message)


def _check_identity(leaf: VerifiedLeaf, directory: Directory, now: datetime) -> None:
    if not leaf.not_before <= now <= leaf.not_after:
        raise Refused(RefusalCode.NOT_MEMBER, "the certificate is outside its dates")
    economy = leaf.name.economy
    member = directory.members.get(economy)
    if member is None or leaf.issuer not in member.ca_keys:
        raise Refused(RefusalCode.NOT_MEMBER, "the certificate's issuer is no CA of a member any more")
    standing = directory.standings.get(economy)
    if standing is not None and (leaf.issuer, leaf.serial) in standing.revoked:
        message = f"{economy} has revoked the certificate of {leaf.name}; the node needs a new one under a new key."
        raise Distrusted(RefusalCode.NOT_MEMBER, message)


def _without_list(leaf: VerifiedLeaf, until_ms: int) -> Distrusted:
    economy = leaf.name.economy
    age = f"has been too old since {_text(until_ms)}" if until_ms else "is not held here"
    message = (
        f"The revocation list of {economy}'s CA {leaf.issuer.hex()[:16]} {age}; take in a fresh one,"
        f" which {economy} issues with `rmas ca crl`."
    )
    return Distrusted(RefusalCode.NOT_MEMBER, message)


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _text(ms: int) -> str:
    return f"{datetime.fromtimestamp(ms // 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _verify(encoded: bytes, role: Role, now: datetime, directory: Directory) -> VerifiedLeaf:
    try:
        # gRPC hands a peer's leaf over as PEM; a statement carries DER, and one encoding only.
        as_text = role is Role.TLS and encoded.startswith(b"-----")
        certificate = decode_pem(encoded) if as_text else decode_der(encoded)
        name = name_of(certificate)
    except CertsError as error:
        raise Refused(RefusalCode.NOT_MEMBER, f"the certificate names no node: {error}") from error
    member = directory.members.get(name.economy)
    if member is None or name.federation != directory.federation:
        raise Refused(RefusalCode.NOT_MEMBER, "the certificate names no member of this federation")
    try:
        return verify_leaf(certificate, member.cas, role, directory.federation, now)
    except CertsError as error:
        misused = _is_other_role(certificate, member.cas, role, now, directory)
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
