"""Trust documents that come by hand, and those of this node's own making: both into the node's own store of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from federation.bundle_codec import MAX_BUNDLE_OCTETS, decode_bundle, encode_notice_envelope
from federation.charter_codec import encode_document
from federation.membership import TrustDocuments
from node import accession, carried
from node.clock import Clock
from node.errors import OperatorError
from node.layout import Layout
from node.trust_files import FLOOR_FILE, TrustKind
from node.trust_reading import kind_of
from node.trust_store import Document, Outcome, Taken, TrustStore


def open_store(layout: Layout) -> TrustStore:
    """The store of this node. Raises OperatorError TRUST_UNPINNED when it was told no charter to trust yet."""
    if not _is_pinned(layout):
        message = (
            "This node trusts no charter yet: have the digest of the one that lists it read to you by two members, "
            "then `rmas trust pin`."
        )
        raise OperatorError("TRUST_UNPINNED", message)
    return TrustStore(layout)


def take_files(store: TrustStore, files: Sequence[Path], clock: Clock) -> list[Taken]:
    """Take in what stands in these files, in one step and in the order in which one needs another.

    Each is a bundle, a single document, or a joiner's request, of which entry, CRL and notice are taken. Raises
    OperatorError FILE_UNREADABLE, and as `TrustStore.take_all`; BadDocument when one is none of these.
    """
    documents = [document for file in files for document in _documents(file, clock)]
    return store.take_all(documents, clock.now_ms())


def publish(layout: Layout, kind: TrustKind, data: bytes, clock: Clock) -> Taken | None:
    """Take in a document of this node's own making, from where it goes to the peers; None where no charter is pinned.

    What went wrong stands in what is returned: the document was made, and can be handed over by hand.
    """
    if not _is_pinned(layout):
        return None
    try:
        return TrustStore(layout).take_in(kind, data, clock.now_ms())
    except OperatorError as error:
        return Taken(kind, "", Outcome.REFUSED, error.code, error.message)


def held(layout: Layout, clock: Clock) -> TrustDocuments | None:
    """What this node holds, to number its own documents by; None where there is nothing, or it cannot be read."""
    try:
        return TrustStore(layout).load(clock.now_ms()) if _is_pinned(layout) else None
    except OperatorError:
        # A revocation must not wait until somebody has mended the store: the numbers in certs/ go on.
        return None


def _is_pinned(layout: Layout) -> bool:
    return (layout.trust / FLOOR_FILE).exists()


def _documents(file: Path, clock: Clock) -> list[Document]:
    data = carried.read(file, MAX_BUNDLE_OCTETS)
    if accession.is_request(data):
        request = accession.parse(file, data, clock.now()).request
        return [
            (TrustKind.ENTRY, encode_document(request.entry)),
            (TrustKind.CRL, request.crl),
            (TrustKind.NOTICE, encode_notice_envelope(request.notice)),
        ]
    if kind_of(data) is not None:
        return [(None, data)]
    bundle = decode_bundle(data)
    documents: list[Document] = [(None, one) for one in bundle.documents]
    documents += [(TrustKind.CRL, one) for one in bundle.crls]
    return documents + [(TrustKind.NOTICE, one) for one in bundle.notices]
