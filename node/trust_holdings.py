"""The trust documents a node holds, while others are taken in: what holds, what takes whose place, and what does no more.

The same rules read a document that arrives and one that lay on the disk, so nothing is trusted that was not verified by
this process. Nothing here touches a file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from cryptography import x509

from certs import crl
from certs.crl import Crl
from certs.errors import CrlRefused
from federation.charter import Membership
from federation.charter_codec import decode_charter, decode_document, encode_document
from federation.entry import Entry
from federation.errors import BadDocument
from federation.membership import TrustDocuments
from federation.newer import Numbered, newer
from federation.notice import Notice
from federation.signed import SignedDocument
from federation.status import DocumentCode
from federation.succession import Succession, start
from federation.suspension import Suspension, Withdrawal
from node import trust_reading as reading
from node.trust_files import Floor, Mark, Paper, Snapshot, TrustKind
from node.trust_reading import Reading, Value
from node.trust_room import OF_MEMBERS, Slot, make_room_for_member, make_room_for_suspension


class Holdings:
    """A set of documents that only grows by what holds. ``now_ms`` is milliseconds since 1970, and may be set anew."""

    def __init__(self, snapshot: Snapshot, now_ms: int) -> None:
        """What a floor names, each read again. What is missing, or cannot be placed without it, stands in ``lost``.

        Raises BadDocument when a charter does not hold though all are there.
        """
        self.now_ms = now_ms
        self.anchor = snapshot.floor.anchor
        self.succession: Succession | None = None
        self.marks: dict[Slot, Mark] = dict(snapshot.floor.marks or {})
        self.papers: dict[Slot, Paper] = {}
        self.octets: dict[Paper, bytes] = {}
        self.values: dict[Slot, Value] = {}
        self.set_aside: dict[Slot, BadDocument] = {}
        self.lost: dict[Slot, Paper] = {(paper.kind, paper.key): paper for paper in snapshot.missing}
        self.evidence: dict[Paper, bytes] = {}
        self._waiting: list[SignedDocument] = []
        self._stale: set[TrustKind] = set()
        self._cas: tuple[Mapping[str, Entry], Mapping[x509.Name, tuple[str, ...]]] | None = None
        self._revoked: frozenset[tuple[bytes, int]] | None = None
        charters = [data for paper, data in snapshot.octets.items() if paper.kind is TrustKind.CHARTER]
        for paper, data in snapshot.octets.items():
            if paper.kind is not TrustKind.CHARTER:
                self._keep(paper, data)
        self._place([decode_document(data) for data in charters])
        self.settle()

    @property
    def lacks_charters(self) -> bool:
        """Whether a charter is gone that was held: until it is back nobody knows who is a member."""
        return any(kind is TrustKind.CHARTER for kind, _ in self.lost)

    @property
    def membership(self) -> Membership:
        """Whom to trust. Raises BadDocument NOT_YET while no charter is held, or one is lost."""
        if self.succession is None or self.lacks_charters:
            message = "The charter is not held, or one that was held is gone; take that in first."
            raise BadDocument(DocumentCode.NOT_YET, message)
        return self.succession.effective()

    def floor(self) -> Floor:
        """What is held now, and the marks that may still matter."""
        papers = {**self.lost, **self.papers}
        in_use = {slot for slot in self.marks if slot in papers or slot[0] is TrustKind.ENTRY}
        marks = {
            slot: mark for slot, mark in self.marks.items() if slot in in_use or not 0 < mark.until_ms < self.now_ms
        }
        return Floor(self.anchor, tuple(papers[slot] for slot in sorted(papers)), dict(sorted(marks.items())))

    def documents(self) -> TrustDocuments:
        """All that holds. Raises BadDocument as `membership`."""
        self.settle()
        _ = self.membership
        assert self.succession is not None
        crls = [one for one in self._values(TrustKind.CRL) if isinstance(one, Crl)]
        notices = [one for one in self._values(TrustKind.NOTICE) if isinstance(one, Notice)]
        return TrustDocuments(
            self.succession,
            tuple(one for one in self._values(TrustKind.SUSPENSION) if isinstance(one, Suspension)),
            tuple(one for one in self._values(TrustKind.WITHDRAWAL) if isinstance(one, Withdrawal)),
            self.entries,
            {one.issuer: one for one in crls},
            {one.node.uri: one for one in notices},
        )

    @property
    def entries(self) -> dict[str, Entry]:
        """The entries that hold, by economy."""
        return {one.economy: one for one in self._values(TrustKind.ENTRY) if isinstance(one, Entry)}

    def take(self, kind: TrustKind, data: bytes) -> tuple[str, bool]:
        """Take a document in if it holds: the name of its file, and whether anything has changed by it.

        Raises BadDocument; of a CONFLICT both sides stand in ``evidence``.
        """
        reading.require_size(kind, data)
        if kind is TrustKind.CHARTER:
            return self._take_charter(decode_document(data))
        self.settle()
        found = self._read(kind, data, self._now)
        try:
            changed = self._admit(found)
            if changed and kind in OF_MEMBERS:
                displaced = make_room_for_member(self.octets, found, data, self._now)
                self._drop(*([displaced] if displaced is not None else []))
        except BadDocument as error:
            if error.code is DocumentCode.CONFLICT:
                self._keep_evidence(found.paper, data)
            raise
        if changed:
            self._keep(found.paper, data)
            self._hold(found)
            self._stale |= set(OF_MEMBERS[OF_MEMBERS.index(kind) + 1 :]) if kind in OF_MEMBERS else set()
        return found.paper.name, changed

    def settle(self) -> None:
        """Read again what rests on something that has changed; set aside what holds no more, or let it go."""
        for kind in [kind for kind in TrustKind if kind in self._stale]:
            self._stale.discard(kind)
            for slot in [slot for slot in self.papers if slot[0] is kind]:
                self._read_again(slot)

    def _take_charter(self, document: SignedDocument) -> tuple[str, bool]:
        before = self.succession
        self.succession = start(document, self.anchor) if before is None else before.take(document)
        if self.succession is not before:
            waiting, self._waiting = self._waiting, []
            self._place(waiting)
            self._keep_rivals(document.digest)
        return self.papers[TrustKind.CHARTER, document.digest.hex()].name, self.succession is not before

    def _place(self, documents: Sequence[SignedDocument]) -> None:
        """Charters that lay on the disk, as far as they can be placed; then all of the succession, as papers."""
        if self.succession is None:
            pinned = [one for one in documents if one.digest == self.anchor]
            documents = [one for one in documents if one.digest != self.anchor]
            self.succession = start(pinned[0], self.anchor) if pinned else None
        if self.succession is not None:
            self.succession, refused = self.succession.take_all(documents)
            if refused and not self.lacks_charters:
                raise refused[0][1]
            self._waiting = [document for document, _ in refused]
        else:
            self._waiting = list(documents)
        for document in self._waiting:
            paper = reading.charter_paper(*_named(document))
            self.lost[TrustKind.CHARTER, paper.key] = paper
        for held in self.succession.held.values() if self.succession is not None else ():
            data = encode_document(held.document)
            self._keep(reading.charter_paper(held.charter.digest, held.charter.version, data), data)
        self._stale = set(TrustKind) - {TrustKind.CHARTER}

    def _keep_rivals(self, digest: bytes) -> None:
        assert self.succession is not None
        for fork in self.succession.forks:
            if digest in {one.digest for one in fork.rivals}:
                for one in fork.rivals:
                    paper = self.papers[TrustKind.CHARTER, one.digest.hex()]
                    self.evidence[paper] = self.octets[paper]

    def _keep_evidence(self, paper: Paper, data: bytes) -> None:
        self.evidence[paper] = data
        held = self.papers.get((paper.kind, paper.key))
        if held is not None:
            self.evidence[held] = self.octets[held]

    def _read(self, kind: TrustKind, data: bytes, now: datetime) -> Reading:
        membership = self.membership
        assert self.succession is not None
        charters = {digest: held.charter for digest, held in self.succession.held.items()}
        match kind:
            case TrustKind.SUSPENSION:
                return reading.read_suspended(data, charters)
            case TrustKind.WITHDRAWAL:
                return reading.read_withdrawn(data, charters)
            case TrustKind.ENTRY:
                return reading.read_entered(data, membership)
            case TrustKind.CRL:
                if self._cas is None:
                    self._cas = (self.entries, reading.issuers(self.entries))
                return reading.read_listed(data, *self._cas)
            case _:
                if self._revoked is None:
                    lists = [one for one in self._values(TrustKind.CRL) if isinstance(one, Crl)]
                    self._revoked = frozenset(pair for one in lists for pair in one.pairs)
                return reading.read_noted(data, self.entries, self._revoked, membership.federation, now)

    def _read_again(self, slot: Slot) -> None:
        paper = self.papers[slot]
        data = self.octets[paper]
        try:
            now = self._now
            if paper.kind is TrustKind.NOTICE:
                # Its leaf was current when it came; where a node was found last must not be forgotten with its leaf.
                now = min(now, reading.leaf_end(data))
            found = self._read(paper.kind, data, now)
            self._check_mark(found)
        except BadDocument as error:
            self.values.pop(slot, None)
            self.set_aside[slot] = error
            if self._is_over(paper):
                self._drop(slot)
        else:
            self._hold(found)

    def _is_over(self, paper: Paper) -> bool:
        """Whether a document that holds no more is of no use either: its member has gone, or its CA, or its leaf."""
        if paper.kind not in OF_MEMBERS or self.succession is None or self.lacks_charters:
            return False
        economy = reading.economy_of(paper)
        if not any(economy in tip.members for tip in self.succession.tips):
            return True
        entry = self.entries.get(economy)
        if paper.kind is TrustKind.ENTRY or entry is None:
            return False
        return paper.kind is TrustKind.NOTICE or paper.key.split("/")[1] not in reading.ca_keys(entry)

    def _admit(self, found: Reading) -> bool:
        """Whether ``found`` takes a place that it did not have. Raises BadDocument when it must not."""
        value, slot = found.value, (found.paper.kind, found.paper.key)
        held = self.values.get(slot)
        if held is not None and (held.digest == value.digest or isinstance(held, Withdrawal)):
            return False
        if isinstance(value, Suspension):
            self._drop(*make_room_for_suspension(self.values, value, slot, self.now_ms))
            return True
        if isinstance(value, Crl):
            try:
                crl.check_newer(held if isinstance(held, Crl) else None, value, self._now)
            except CrlRefused as error:
                raise reading.bad_list(error) from error
        self._check_mark(found)
        return True

    def _check_mark(self, found: Reading) -> None:
        mark = self.marks.get((found.paper.kind, found.mark))
        if mark is not None and not isinstance(found.value, Suspension | Withdrawal):
            held: Numbered = mark
            new: Numbered = found.value
            newer(held, new)

    def _keep(self, paper: Paper, data: bytes) -> None:
        slot = (paper.kind, paper.key)
        before = self.papers.get(slot)
        if before is not None:
            self.octets.pop(before, None)
        self.lost.pop(slot, None)
        self.papers[slot] = paper
        self.octets[paper] = data

    def _hold(self, found: Reading) -> None:
        slot = (found.paper.kind, found.paper.key)
        self.values[slot] = found.value
        self.set_aside.pop(slot, None)
        if found.mark:
            self.marks[found.paper.kind, found.mark] = Mark(found.paper.number, found.paper.digest, found.until_ms)
        self._forget_derived()

    def _drop(self, *slots: Slot) -> None:
        for slot in slots:
            self.octets.pop(self.papers.pop(slot), None)
            self.values.pop(slot, None)
            self.set_aside.pop(slot, None)
            if slot[0] is TrustKind.NOTICE:
                # What a stolen or removed key numbered shuts nobody out: notices of its leaf are not taken any more.
                self.marks.pop(slot, None)
        self._forget_derived()

    def _forget_derived(self) -> None:
        self._cas = None
        self._revoked = None

    def _values(self, kind: TrustKind) -> list[Value]:
        return [self.values[slot] for slot in sorted(self.values) if slot[0] is kind]

    @property
    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.now_ms / 1000, UTC)


def _named(document: SignedDocument) -> tuple[bytes, int, bytes]:
    return document.digest, decode_charter(document.payload).version, encode_document(document)
