"""The trust documents of a node: taken in when they hold, kept whatever happens, read again by every process.

One call takes in one document or a whole bundle, and is one step: after a crash the set is as before or as after. What
is verified here is verified before it is written, and again by whoever loads it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from federation.bundle_codec import TrustBundle, decode_bundle, encode_bundle
from federation.charter_codec import decode_charter, decode_document
from federation.errors import BadDocument
from federation.membership import TrustDocuments
from federation.status import DocumentCode
from node.clock import Clock
from node.epoch import EpochReader
from node.errors import OperatorError
from node.layout import Layout
from node.secret_file import TRUST
from node.trust_files import EPOCH_FILE, INDISPENSABLE, Paper, TrustFiles, TrustKind
from node.trust_holdings import Holdings
from node.trust_reading import kind_of

Document = tuple[TrustKind | None, bytes]
"""A document and which kind it is said to be; None to find out by what it is."""


class Outcome(StrEnum):
    """What became of a document."""

    TAKEN = "taken"
    KNOWN = "known"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one document. ``name`` is that of its file, empty when it was refused.

    ``code`` and ``message`` (a sentence) say why it was refused, and of a charter that was taken, that there is a fork.
    """

    kind: TrustKind | None
    name: str
    outcome: Outcome
    code: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something about the documents held that people must see to: ``message`` is a sentence with cause and remedy."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """The documents that hold, and what people must see to."""

    documents: TrustDocuments
    alarms: tuple[Alarm, ...]


class TrustStore:
    """The trust documents of one node. Any number of processes may use it; one thread each."""

    def __init__(self, layout: Layout) -> None:
        """Raises OperatorError TRUST_KEY_... when the key of the floor is missing or exposed."""
        self._files = TrustFiles(layout.trust, TRUST.load(layout.trust_key))
        self._cached: tuple[bytes, Holdings] | None = None

    @classmethod
    def create(cls, layout: Layout, anchor: bytes, clock: Clock) -> TrustStore:
        """For a node that is to trust the charter of this digest (32 octets), read to it aloud, and what follows it.

        Raises OperatorError TRUST_EXISTS when it trusts one already.
        """

        def make_key() -> bytes:
            layout.trust_key.unlink(missing_ok=True)
            TRUST.create(layout.trust_key, clock)
            return TRUST.load(layout.trust_key)

        TrustFiles.create(layout.trust, anchor, make_key)
        return cls(layout)

    def anchor(self) -> bytes:
        """The digest of the charter that all rests upon. Raises OperatorError as `load`."""
        return self._files.snapshot().floor.anchor

    def watch(self) -> EpochReader:
        """A counter that moves with each change of the documents or of `grants.json`; then it is time to `load`."""
        return EpochReader(self._files.root / EPOCH_FILE)

    def load(self, now_ms: int) -> TrustDocuments:
        """The documents that hold at ``now_ms``, milliseconds since 1970. See `survey`."""
        return self.survey(now_ms).documents

    def survey(self, now_ms: int) -> Loaded:
        """The documents held, verified anew, and what people must see to.

        A charter, suspension or withdrawal that is gone or exchanged would let more be trusted than was, so nothing is.
        Any other counts as missing, which lets less be trusted, with an alarm; below its number none is taken again.

        Raises OperatorError: TRUST_MISSING, TRUST_UNREADABLE, TRUST_FLOOR_DAMAGED; TRUST_EMPTY, no charter was taken in;
        TRUST_ROLLED_BACK, a file is gone or is not what was held; TRUST_DAMAGED, one does not hold.
        """
        holdings = self._holdings(now_ms)
        gone = [paper for (kind, _), paper in sorted(holdings.lost.items()) if kind in INDISPENSABLE]
        if gone:
            message = (
                f"{self._files.root / gone[0].name} is gone or is not what it was: take in a bundle of a peer"
                " (`rmas trust take FILE`), or restore the newest backup as a whole."
            )
            raise OperatorError("TRUST_ROLLED_BACK", message)
        if holdings.succession is None:
            message = (
                "No charter is held yet: take in the one whose digest this node was given (`rmas trust take FILE`)."
            )
            raise OperatorError("TRUST_EMPTY", message)
        return Loaded(holdings.documents(), (*_alarms(holdings), *self._evidence()))

    def take_in(self, kind: TrustKind | None, data: bytes, now_ms: int) -> Taken:
        """Take in one document, if it holds; ``kind`` None finds out what it is. Durable on return.

        Raises OperatorError as `survey` (but not TRUST_ROLLED_BACK: taking in is how what is gone comes back), and
        TRUST_UNWRITTEN, TRUST_UNTOLD.
        """
        return self.take_all([(kind, data)], now_ms)[0]

    def take_bundle(self, data: bytes, now_ms: int) -> list[Taken]:
        """Take in all of a bundle that holds, in one step. Raises as `take_in`; BadDocument when it is no bundle."""
        bundle = decode_bundle(data)
        documents: list[Document] = [(None, one) for one in bundle.documents]
        documents += [(TrustKind.CRL, one) for one in bundle.crls]
        return self.take_all(documents + [(TrustKind.NOTICE, one) for one in bundle.notices], now_ms)

    def take_all(self, documents: Sequence[Document], now_ms: int) -> list[Taken]:
        """As `take_bundle`, in whatever order they are given: each is taken after those it rests on."""
        with self._files.alone():
            holdings = self._holdings(now_ms)
            self._cached = None
            before, lost = holdings.floor(), set(holdings.lost)
            taken = [_take(holdings, kind, data) for kind, data in _in_order(documents, holdings.anchor)]
            holdings.settle()
            if holdings.evidence:
                self._files.keep_evidence(holdings.evidence)
                holdings.evidence.clear()
            after = holdings.floor()
            if after != before or lost != set(holdings.lost):
                self._files.commit(after, holdings.octets)
            else:
                self._files.finish(self._files.snapshot().floor)
            self._cached = (self._files.stamp(), holdings)
        return taken

    def bundle(self, now_ms: int) -> bytes:
        """All documents held, in one file for others. Raises OperatorError as `survey`; BadDocument TOO_LARGE."""
        holdings = self._holdings(now_ms)
        held = [(paper.kind, holdings.octets[paper]) for _, paper in sorted(holdings.papers.items())]
        return encode_bundle(
            TrustBundle(
                tuple(data for kind, data in held if kind not in {TrustKind.CRL, TrustKind.NOTICE}),
                tuple(data for kind, data in held if kind is TrustKind.NOTICE),
                tuple(data for kind, data in held if kind is TrustKind.CRL),
            )
        )

    def _holdings(self, now_ms: int) -> Holdings:
        """What is held as of the floor on the disk; verified anew unless this process has done so for this very floor."""
        snapshot = self._files.snapshot()
        if self._cached is not None and self._cached[0] == snapshot.stamp and not snapshot.missing:
            self._cached[1].now_ms = now_ms
            return self._cached[1]
        try:
            holdings = Holdings(snapshot, now_ms)
        except BadDocument as error:
            message = (
                f"The charters in {self._files.root} do not hold: {error.message} Restore the newest backup as a whole, or"
                " use the version of this program that took them in."
            )
            raise OperatorError("TRUST_DAMAGED", message) from error
        self._cached = (snapshot.stamp, holdings)
        return holdings

    def _evidence(self) -> list[Alarm]:
        files = self._files.evidence()
        if not files:
            return []
        message = (
            f"{self._files.root / 'evidence'} holds {len(files)} documents that contradict each other: show them to the"
            " members who signed them, then move them away."
        )
        return [Alarm("TRUST_EVIDENCE", message)]


def _in_order(documents: Sequence[Document], anchor: bytes) -> list[Document]:
    """Each after those it rests on: the pinned charter, the others by version, then kind by kind."""
    placed: list[tuple[int, int, int, TrustKind | None, bytes]] = []
    for named, data in documents:
        kind = kind_of(data) if named is None else named
        version = _version(data, anchor) if kind is TrustKind.CHARTER else 0
        placed.append((_ORDER[kind], version, len(placed), kind, data))
    return [(kind, data) for *_, kind, data in sorted(placed, key=lambda one: one[:3])]


_ORDER: Final[Mapping[TrustKind | None, int]] = {None: -1, **{kind: place for place, kind in enumerate(TrustKind)}}


def _version(data: bytes, anchor: bytes) -> int:
    with suppress(BadDocument):
        document = decode_document(data)
        return -1 if document.digest == anchor else decode_charter(document.payload).version
    return 0


def _take(holdings: Holdings, kind: TrustKind | None, data: bytes) -> Taken:
    if kind is None:
        message = "This is no trust document; ask its sender for the file again."
        return Taken(None, "", Outcome.REFUSED, DocumentCode.MALFORMED, message)
    try:
        name, changed = holdings.take(kind, data)
    except BadDocument as error:
        return Taken(kind, "", Outcome.REFUSED, error.code, error.message)
    fork = next(iter(_forks(holdings)), None) if kind is TrustKind.CHARTER and changed else None
    outcome = Outcome.TAKEN if changed else Outcome.KNOWN
    return Taken(kind, name, outcome, fork.code, fork.message) if fork is not None else Taken(kind, name, outcome)


def _alarms(holdings: Holdings) -> list[Alarm]:
    found = _forks(holdings)
    for _, paper in sorted(holdings.lost.items()):
        message = (
            f"{_called(paper)} is gone from the disk or was exchanged, and counts as missing; fetch it from a peer."
        )
        found.append(Alarm("TRUST_LOST", message))
    for slot, error in sorted(holdings.set_aside.items()):
        message = f"{_called(holdings.papers[slot])} counts for nothing for now: {error.message}"
        found.append(Alarm("TRUST_SET_ASIDE", message))
    return found


def _forks(holdings: Holdings) -> list[Alarm]:
    succession = holdings.succession
    if succession is None or len(succession.tips) < 2:
        return []
    tips = ", ".join(map(str, succession.tips))
    if succession.beyond_repair:
        message = f"Charters contradict each other beyond repair ({tips}): nobody is trusted; agree on one, and pin it."
        return [Alarm("TRUST_BEYOND_REPAIR", message)]
    culprits = sorted({economy for fork in succession.forks for economy in fork.culprits})
    named = f"; {', '.join(culprits)} signed both sides" if culprits else ""
    message = (
        f"There are {len(succession.tips)} newest charters ({tips}){named}: only what all say is trusted, until a charter"
        " follows them all."
    )
    return [Alarm("TRUST_FORK", message)]


def _called(paper: Paper) -> str:
    return f"{paper.name.split('/')[0]}/{paper.label}"
