"""The directory that follows from the documents held (docs/spec/9-trust.md, 9.10).

Charters say who the members are and who answers for what, entries which CAs are theirs and what they promise, notices
where their nodes are, revocation lists and suspensions who does not count for now. What this economy lets others do is
its own, and in none of the documents.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from certs.crl import Crl
from federation.directory import Directory, Grant, Member, Node, Standing
from federation.entry import Entry
from federation.notice import Notice
from federation.routes import Route, RouteTable
from federation.succession import Succession
from federation.suspension import Suspension, Withdrawal, counted, withdrawn


@dataclass(frozen=True, slots=True)
class TrustDocuments:
    """The documents held, each verified.

    ``entries`` (by economy) hold under the root keys of the members in force: whoever takes in a charter reads them
    again. ``crls`` are by ``certs.keys.public_key_id`` of their CA, ``notices`` by the node's URI. Suspensions and
    withdrawals were judged by the charter they name.
    """

    succession: Succession
    suspensions: tuple[Suspension, ...] = ()
    withdrawals: tuple[Withdrawal, ...] = ()
    entries: Mapping[str, Entry] = field(default_factory=dict)
    crls: Mapping[bytes, Crl] = field(default_factory=dict)
    notices: Mapping[str, Notice] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LocalPolicy:
    """What this economy decides alone: whom it grants what, whom it asks, whom it blocks.

    ``lifted`` names suspensions that do not count here, by their digest in hexadecimal. ``networks`` are those this node
    is in: endpoints for other networks are not tried.
    """

    grants: Mapping[str, Grant] = field(default_factory=dict)
    ask: frozenset[str] = frozenset()
    blocked: frozenset[str] = frozenset()
    lifted: frozenset[str] = frozenset()
    networks: frozenset[str] = frozenset()


def assemble(documents: TrustDocuments, economy: str, local: LocalPolicy, now_ms: int) -> Directory:
    """The directory as ``economy`` sees it, from documents verified before and its own policy.

    ``now_ms`` only leaves out suspensions that are over. What comes to pass later, a suspension's start or end or the
    end of a revocation list, needs no new directory. Who has left answers for nothing, and nobody in its place.
    """
    membership = documents.succession.effective()
    left = departed(documents)
    members = {
        code: _member(membership.federation, code, documents, membership.routes, local, own=code == economy)
        for code in membership.members
        if code not in left
    }
    suspended = suspensions_counted(documents, local.lifted)
    standings = {
        # Other members stop what is exchanged with them, and nothing within an economy.
        code: _standing(member, documents.crls, () if code == economy else suspended.get(code, ()), now_ms)
        for code, member in members.items()
    }
    vacant = {route.economy for route in membership.routes} - members.keys()
    return Directory(
        membership.federation,
        membership.digest,
        members,
        RouteTable(membership.routes, vacant),
        standings,
        local.blocked,
        membership.version,
        others_digest(documents),
    )


def others_digest(documents: TrustDocuments) -> bytes:
    """SHA-256 over the digests, ascending, of all documents held but the charters: equal where the same are held."""
    return sha256(b"".join(sorted(_digests(documents)))).digest()


def departed(documents: TrustDocuments) -> frozenset[str]:
    """The members of the charters in force that have withdrawn, and signed no charter since."""
    held = documents.succession.held
    signed: dict[str, set[tuple[int, bytes]]] = {}
    for digest, one in held.items():
        for signers in one.votes.values():
            for economy in signers:
                signed.setdefault(economy, set()).add((one.charter.version, digest))
    ours = [one for one in documents.withdrawals if one.charter_digest in held]
    return withdrawn(ours, documents.succession.effective().version, signed)


def suspensions_counted(
    documents: TrustDocuments, lifted: frozenset[str] = frozenset()
) -> Mapping[str, tuple[Suspension, ...]]:
    """The suspensions that count, by member, each for its whole time, without those ``lifted`` here.

    Those made under an earlier charter count as well: a charter that admits somebody else ends no suspension, and in a
    fork there is no charter of which all are members.
    """
    found: dict[str, list[Suspension]] = {}
    for charter in {one.charter_digest for one in documents.suspensions} & documents.succession.held.keys():
        for one in counted(documents.suspensions, charter):
            if one.digest.hex() not in lifted:
                found.setdefault(one.economy, []).append(one)
    return {
        economy: tuple(sorted(some, key=lambda one: (one.starts_at, one.digest))) for economy, some in found.items()
    }


def _digests(documents: TrustDocuments) -> Iterator[bytes]:
    yield from (one.digest for one in documents.suspensions)
    yield from (one.digest for one in documents.withdrawals)
    yield from (one.digest for one in documents.entries.values())
    yield from (one.digest for one in documents.crls.values())
    yield from (one.digest for one in documents.notices.values())


def _member(
    federation: str,
    code: str,
    documents: TrustDocuments,
    routes: Iterable[Route],
    local: LocalPolicy,
    *,
    own: bool,
) -> Member:
    """A member as the documents and, for ourselves, our own policy show it. Without an entry it has no CA: nobody can
    prove to be one of its nodes.
    """
    entry = documents.entries.get(code)
    nodes = [
        _node(notice, local.networks)
        for _, notice in sorted(documents.notices.items())
        if (notice.node.federation, notice.node.economy) == (federation, code)
    ]
    return Member(
        code,
        entry.certificates if entry is not None else (),
        tuple(nodes),
        tuple(route for route in routes if route.economy == code),
        {(row.issuing_state, row.document_class): row for row in entry.coverage} if entry is not None else {},
        local.grants if own else {},
        local.ask if own else frozenset(),
    )


def _node(notice: Notice, networks: frozenset[str]) -> Node:
    addresses = [one.address for one in notice.endpoints if not one.network or one.network in networks]
    return Node(notice.node, notice.roles, tuple(dict.fromkeys(addresses)))


def _standing(member: Member, crls: Mapping[bytes, Crl], suspensions: Iterable[Suspension], now_ms: int) -> Standing:
    held = [crls[key] for key in sorted(member.ca_keys) if key in crls]
    return Standing(
        tuple((one.starts_at, one.ends_at) for one in suspensions if one.ends_at > now_ms),
        {crl.issuer: int(crl.next_update.timestamp()) * 1000 for crl in held},
        frozenset(pair for crl in held for pair in crl.pairs),
    )
