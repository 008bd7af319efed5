"""The first charter of a lab: what members of a real federation do on offline machines and by telephone, at one go.

Each economy has one root key, which here lies in the lab's own directory. Everything else is made by the very steps that
`rmas root`, `rmas charter`, `rmas entry` and `rmas trust` take.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from certs.identity import CaName, NodeName
from certs.keystore import load_certificate
from certs.signing import KeySigner
from federation.bundle_codec import encode_notice_envelope
from federation.charter_codec import encode_document
from federation.directory import Grant
from federation.documents import Kind, ListName
from federation.routes import Route
from federation.status import Purpose
from federation.trust_statements import Endpoint
from node import chartering, entering, grants_file, joining, root_key
from node.accession import Joiner
from node.charter_draft import Draft
from node.chartering import Proposal
from node.clock import Clock
from node.errors import LabError, OperatorError
from node.layout import Layout
from node.local_policy import Asking, OwnPolicy
from node.member import DEFAULT_QUESTIONS_PER_DAY, DEFAULT_RATE_PER_SECOND
from node.trust_files import TrustKind
from node.trust_store import Document, Outcome, Taken, TrustStore

GRANTED_DAYS = 3650
REFERENCE = "lab: allows everything"


@dataclass(frozen=True, slots=True)
class Founder:
    """A node that takes part: where it lies, its name, its documents, what it answers, and where it is reached."""

    layout: Layout
    name: NodeName
    routes: tuple[Route, ...]
    kinds: tuple[Kind, ...]
    addresses: tuple[str, ...]


def root_file(roots: Path, economy: str) -> Path:
    """Where a lab keeps the root key of one economy."""
    return roots / f"{economy}.root"


def request(founder: Founder, roots: Path, clock: Clock) -> tuple[bytes, Joiner]:
    """A new root key for the founder's economy, and its request to be let in."""
    name = founder.name
    key = root_file(roots, name.economy)
    public = root_key.create(key, None, clock)
    covered = [(route.issuing_state, str(route.document_class)) for route in founder.routes]
    entry = entering.make(
        CaName(name.federation, name.economy),
        load_certificate(founder.layout.certs / "ca.pem"),
        1,
        entering.coverage_of(covered, founder.kinds),
        (),
        clock.now_ms(),
    )
    signed = entering.sign(entry, lambda: unlock(roots, name.economy))
    endpoints = [Endpoint(address, "", place) for place, address in enumerate(founder.addresses)]
    return joining.request(founder.layout, name, ((public,), 1), founder.routes, signed, endpoints, clock)


def first_charter(federation: str, joiners: Sequence[Joiner], roots: Path, clock: Clock) -> Proposal:
    """The charter that all these agree on, signed by each."""
    now_ms = clock.now_ms()
    proposal = chartering.propose(chartering.with_joiners(Draft(federation), joiners), [], now_ms)
    for joiner in joiners:
        proposal = approved(proposal, [], joiner.request.member.economy, roots, now_ms)
    return proposal


def approved(proposal: Proposal, parents: Sequence[Proposal], economy: str, roots: Path, now_ms: int) -> Proposal:
    """The proposal with the signature of one economy's root key."""
    reviewed = chartering.review(proposal, parents, now_ms)
    key = root_file(roots, economy)
    document = chartering.approve(reviewed, key, lambda: unlock(roots, economy), now_ms)
    return Proposal(document, proposal.charter)


def unlock(roots: Path, economy: str) -> KeySigner:
    """The root key of one economy; a lab's have no passphrase."""
    return root_key.unlock(root_file(roots, economy), _no_passphrase)


def _no_passphrase() -> str:
    raise OperatorError("LAB_ROOT", "A lab's root keys have no passphrase; this one was put there by somebody else.")


def found(
    federation: str, layouts: Mapping[str, Layout], joiners: Sequence[Joiner], roots: Path, clock: Clock
) -> Proposal:
    """The first charter of a lab, taken in by every node with everyone's documents; each lets all the others ask."""
    proposal = first_charter(federation, joiners, roots, clock)
    papers: list[Document] = [(TrustKind.CHARTER, encode_document(proposal.document))]
    for joiner in joiners:
        papers += documents_of(joiner)
    for economy, layout in layouts.items():
        store = TrustStore.create(layout, proposal.charter.digest, clock)
        require_taken(store.take_all(papers, clock.now_ms()))
        grants_file.change(layout, lambda _, own=economy: everything(own, list(layouts), clock))  # type: ignore[misc]
    return proposal


def documents_of(joiner: Joiner) -> list[Document]:
    """What a request carries, as it is taken in."""
    asked = joiner.request
    return [
        (TrustKind.ENTRY, encode_document(asked.entry)),
        (TrustKind.CRL, asked.crl),
        (TrustKind.NOTICE, encode_notice_envelope(asked.notice)),
    ]


def require_taken(taken: Sequence[Taken]) -> None:
    """Raises LabError LAB_TRUST when a document was refused."""
    refused = [one for one in taken if one.outcome is Outcome.REFUSED]
    if refused:
        raise LabError("LAB_TRUST", f"A document of the lab was refused: {refused[0].message}")


def everything(own: str, economies: Sequence[str], clock: Clock) -> OwnPolicy:
    """A policy that lets every other economy of the lab ask everything, and asks each."""
    until_ms = clock.now_ms() + round(timedelta(days=GRANTED_DAYS) / timedelta(milliseconds=1))
    policy = OwnPolicy()
    for economy in economies:
        if economy == own:
            continue
        policy = policy.allow_asking(Asking(economy, until_ms, REFERENCE)).allow(
            Grant(
                economy,
                frozenset(ListName),
                frozenset(Purpose),
                until_ms,
                REFERENCE,
                DEFAULT_RATE_PER_SECOND,
                DEFAULT_QUESTIONS_PER_DAY,
            )
        )
    return policy
