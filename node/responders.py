"""The members this node asks: peers over the network, and its own lists without one (docs/spec/6-verdicts.md, 6.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from federation import policy
from federation.channel import PeerUnreachable
from federation.client import PeerClient
from federation.documents import ListName
from federation.errors import BadAnswer, Refused
from federation.exchange import Answer, Sent
from federation.lookup import SALT_OCTETS, Question, decode_outcome, encode_question, question_digests
from federation.status import BadAnswerCode, Purpose, RefusalCode
from federation.trust import Trust
from node.answering import Lists, look_up
from node.clock import Clock
from node.putting import Answered
from node.spool import Entry, Event, Spool
from node.state import State
from node.store.errors import StoreError


@dataclass(frozen=True, slots=True)
class Ages:
    """From which age a list is too old: its no-match (reported) or match (issued) does not count any more."""

    reported: timedelta = timedelta(hours=48)
    issued: timedelta = timedelta(days=8)

    def stale(self, dated: Mapping[ListName, int], now_ms: int) -> frozenset[ListName]:
        """The lists cut longer ago than that; ``dated`` and ``now_ms`` in milliseconds since 1970."""
        longest = {ListName.REPORTED: self.reported, ListName.ISSUED: self.issued}
        return frozenset(name for name, ms in dated.items() if now_ms - ms > longest[name] / timedelta(milliseconds=1))


class Peer:
    """Another economy: its answering nodes, best first."""

    def __init__(
        self, economy: str, clients: Sequence[PeerClient], ages: Ages, state: State, spool: Spool, clock: Clock
    ) -> None:
        self.economy = economy
        self.clients = tuple(clients)
        self._ages = ages
        self._state = state
        self._spool = spool
        self._clock = clock

    async def put(
        self, questions: Sequence[Question], purpose: Purpose, deadline: float, officer: bytes
    ) -> Sequence[Answered]:
        """Ask the first node that is not known to be down; raises what ``PeerClient.ask`` raises."""
        if not self.clients:
            raise PeerUnreachable(f"{self.economy} has no answering node")
        client = next((c for c in self.clients if c.up is not False), self.clients[0])

        def record(sent: Sent) -> None:
            # Before the request leaves, so that no question is ever put without a trace at home (oracle 8).
            self._spool.append(
                Entry(
                    Event.ASKING,
                    self._clock.now_ms(),
                    self.economy,
                    purpose,
                    len(questions),
                    sent.request_digest,
                    officer=officer,
                )
            )

        # What was the highest when we asked: of two answers under way across an import, the later may arrive first.
        floors = {name: self._state.highest_as_of(client.name, name) for name in ListName}
        answer, sent = await client.ask(questions, purpose, deadline, record)
        if purpose is not Purpose.TEST:
            self._check_regression(client.name, answer, floors)
        return self._answered(answer, sent, client.name, purpose)

    def _check_regression(self, node: str, answer: Answer, floors: Mapping[ListName, int]) -> None:
        """A node whose list went back in time has lost records; what it does not find proves nothing (B13)."""
        for name, ms in answer.as_of.items():
            if ms < floors[name]:
                raise BadAnswer(BadAnswerCode.DATA_REGRESSION, "a list is older than it was before")
        self._state.raise_as_of(node, answer.as_of)

    def _answered(self, answer: Answer, sent: Sent, node: str, purpose: Purpose) -> list[Answered]:
        stale = frozenset[ListName]()
        if purpose is not Purpose.TEST:
            stale = self._ages.stale(answer.as_of, self._clock.now_ms())
        return [
            Answered(
                outcome,
                None,
                _asked_of(question, answer.as_of),
                stale & set(policy.lists_of(question.kinds)),
                node,
                sent.request_digest,
                index,
                answer.answered_at,
                answer.server_time,
                answer.answer_digest,
            )
            for index, (question, outcome) in enumerate(zip(sent.questions, answer.outcomes, strict=True))
        ]


class Own:
    """This economy's own documents: the same checks, the same reading, the same records; only the network is left out."""

    def __init__(
        self, name: str, economy: str, trust: Trust, lists: Lists, ages: Ages, spool: Spool, clock: Clock
    ) -> None:
        self._name = name
        self._economy = economy
        self._trust = trust
        self._lists = lists
        self._ages = ages
        self._spool = spool
        self._clock = clock

    async def put(
        self, questions: Sequence[Question], purpose: Purpose, deadline: float, officer: bytes
    ) -> Sequence[Answered]:
        """Read the own lists; raises ``Refused`` as a peer would."""
        del deadline  # nothing here waits
        now_ms = self._clock.now_ms()
        opened = b"".join(self._clock.random(SALT_OCTETS) + encode_question(q) for q in questions)
        digest = sha256(b"rmas own lookup v1\x00" + question_digests(opened)).digest()
        self._record(Event.ASKED, purpose, len(questions), digest, officer)
        try:
            answered = self._read(questions, purpose, digest, now_ms)
        except Refused as refusal:
            self._record(Event.REFUSED, purpose, len(questions), digest, officer, refusal.code)
            raise
        self._record(Event.ANSWERED, purpose, len(questions), digest, officer)
        return answered

    def _read(self, questions: Sequence[Question], purpose: Purpose, digest: bytes, now_ms: int) -> list[Answered]:
        try:
            view = self._lists.reader.view()
            directory = self._trust.directory
            policy.check_routes(questions, purpose, directory, self._economy)
            own = directory.members.get(self._economy)
            if own is None:
                raise Refused(RefusalCode.NOT_MINE, "this economy is a member no more")
            policy.check_lists(questions, purpose, own, lambda name: view.data_as_of(name) is not None)
            outcomes, reported, issued = look_up(questions, purpose, view, self._lists, now_ms)
        except StoreError as error:
            raise Refused(RefusalCode.NO_DATA, "the lists cannot be read") from error
        dated = {name: ms for name, ms in ((ListName.REPORTED, reported), (ListName.ISSUED, issued)) if ms}
        stale = self._ages.stale(dated, now_ms)
        return [
            Answered(
                decode_outcome(octet, question.kinds),
                None,
                _asked_of(question, dated),
                stale & set(policy.lists_of(question.kinds)),
                self._name,
                digest,
                index,
                now_ms,
            )
            for index, (question, octet) in enumerate(zip(questions, outcomes, strict=True))
        ]

    def _record(
        self, event: Event, purpose: Purpose, questions: int, digest: bytes, officer: bytes, code: int = 0
    ) -> None:
        at_ms = self._clock.now_ms()
        self._spool.append(Entry(event, at_ms, self._economy, purpose, questions, digest, code=code, officer=officer))


def _asked_of(question: Question, dated: Mapping[ListName, int]) -> dict[ListName, int]:
    return {name: dated[name] for name in policy.lists_of(question.kinds) if name in dated}
