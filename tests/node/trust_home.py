"""A node's home with a trust store, and what a federation publishes as it travels."""

from __future__ import annotations

from pathlib import Path

from federation.bundle_codec import TrustBundle, encode_bundle, encode_notice_envelope
from federation.charter_codec import encode_document
from federation.signed import SignedDocument
from node import config
from node.clock import Clock
from node.layout import Layout
from node.trust_files import TrustKind
from node.trust_store import Outcome, Taken, TrustStore
from tests.federation.federation_of import FederationOf
from tests.virtual_time import NOW_MS


def layout_in(home: Path) -> Layout:
    """The home of New Zealand's node."""
    (home / "secrets").mkdir(parents=True, exist_ok=True)
    return Layout.of(home, config.from_mapping({"federation": "lab", "economy": "NZL", "node": "node1"}))


def created(home: Path, made: FederationOf, charter: int = 0) -> TrustStore:
    """A store that holds nothing yet, but for the digest of one of the charters."""
    return TrustStore.create(layout_in(home), made.charters[charter].digest, Clock())


def filled(home: Path, made: FederationOf) -> TrustStore:
    """A store that holds all that is published."""
    store = created(home, made)
    taken = store.take_bundle(bundle_of(made), NOW_MS)
    assert {one.outcome for one in taken} == {Outcome.TAKEN}, taken
    return store


def bundle_of(made: FederationOf) -> bytes:
    """All that is published, charters last, so that order is the store's to find."""
    documents = [*made.others, *made.entries.values(), *reversed(made.charters)]
    notices = tuple(encode_notice_envelope(one) for one in made.notices.values())
    return encode_bundle(TrustBundle(tuple(map(encode_document, documents)), notices, tuple(made.crls.values())))


def take(store: TrustStore, document: SignedDocument | bytes, now_ms: int = NOW_MS) -> Taken:
    """Take in one document, whatever it is."""
    data = document if isinstance(document, bytes) else encode_document(document)
    return store.take_in(None, data, now_ms)


def files(home: Path, kind: TrustKind | None = None) -> dict[str, bytes]:
    """The documents on the disk, by name below `trust/`."""
    root = home / "trust"
    ending = f"*.{kind}" if kind is not None else "*.*"
    return {str(path.relative_to(root)): path.read_bytes() for path in root.glob(f"*/{ending}")}
