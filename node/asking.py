"""Asking about documents: read, plan, put, judge, record, show (docs/spec/6-verdicts.md, in its order).

Every document that comes in gets exactly one result. Whatever fails on the way ends as NO_ANSWER with its reason;
``CLEAR`` comes from ``federation.verdict.judge`` alone, and only from outcomes of a verified answer.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from federation.dates import expired
from federation.documents import Kind
from federation.errors import InvalidDocument
from federation.lookup import Question, case_number
from federation.status import Purpose, RefusalCode
from federation.trust import Trust
from federation.verdict import (
    Advice,
    Captured,
    Evidence,
    Failure,
    Judgement,
    Reason,
    Verdict,
    advise,
    judge,
    message,
    purpose_deadline_ms,
)
from node.clock import Clock
from node.enquiry import Circumstances, DocumentInput, Problem, Put, Read, plan, problem_of, read
from node.putting import NO_ROOM, Answered, put_all
from node.spool import Entry, Event, Spool, SpoolFull

_VERDICT_NUMBERS = {verdict: number for number, verdict in enumerate(Verdict, start=1)}


@dataclass(frozen=True, slots=True)
class Enquiry:
    """What a border system hands over in one call. ``deadline_ms`` of 0 means the purpose's own."""

    documents: tuple[DocumentInput, ...]
    purpose: Purpose = Purpose.BORDER_ENTRY
    captured: Captured | None = None
    officer: str = ""
    peer: str = ""
    deadline_ms: int = 0
    protect: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """One document's verdict and everything the border may know of it (docs/reference/lookup-json.md)."""

    id: str
    judgement: Judgement
    advice: Advice
    message: str
    answered: Answered = field(default_factory=Answered)
    expired: bool = False
    case: str = ""
    test: bool = False
    total_us: int = 0
    problem: Problem | None = None


class Responder(Protocol):
    """One member as this node asks it: a peer over the network, or this economy's own lists."""

    async def put(
        self, questions: Sequence[Question], purpose: Purpose, deadline: float, officer: bytes
    ) -> Sequence[Answered]:
        """Put one request; raises what ``federation.client.PeerClient.ask`` raises."""


@dataclass(frozen=True, slots=True)
class Rules:
    """This economy's own rules for asking."""

    economy: str
    withhold: frozenset[str] = frozenset()
    advice: Mapping[str, Advice] = field(default_factory=dict)
    officer_key: bytes = bytes(32)


@dataclass(slots=True)
class _Case:
    """One document on its way through the steps."""

    given: DocumentInput
    read: Read | None = None
    put: Put | None = None
    failure: Failure | None = None
    problem: Problem | None = None
    answered: Answered = field(default_factory=Answered)


class Asker:
    """Asks members on behalf of this economy's own systems."""

    def __init__(
        self,
        trust: Trust,
        responders: Mapping[str, Responder],
        rules: Rules,
        spool: Spool,
        clock: Clock,
        on_fault: Callable[[BaseException], None],
    ) -> None:
        """``on_fault`` hears of what an operator must see; whoever asked gets LOCAL_FAULT for it."""
        self._trust = trust
        self._responders = responders
        self._rules = rules
        self._spool = spool
        self._clock = clock
        self._on_fault = on_fault

    async def ask(self, enquiry: Enquiry) -> list[Result]:
        """One result a document, in order. Raises nothing a caller must handle."""
        started = self._clock.monotonic()
        deadline = asyncio.get_running_loop().time() + (
            (enquiry.deadline_ms or purpose_deadline_ms(enquiry.purpose)) / 1000
        )
        officer = self._pseudonym(enquiry.officer)
        # 1. Read each document, and decide at home what can be decided at home.
        cases = [self._prepare(given, enquiry) for given in enquiry.documents]
        # 2. Put the questions, one member beside the other: a slow one delays nobody else's travellers.
        await self._put(cases, enquiry.purpose, deadline, officer)
        # 3. Judge, and record before anything is shown.
        spent = int((self._clock.monotonic() - started) * 1_000_000)
        return [self._conclude(case, enquiry, officer, spent) for case in cases]

    def fault(self, enquiry: Enquiry) -> list[Result]:
        """What to say of documents when asking itself broke: never a verdict, always an answer."""
        judgement = Judgement(Verdict.NO_ANSWER, Failure(Reason.LOCAL_FAULT))
        advice = advise(judgement, enquiry.captured or Captured.TYPED, self._rules.advice, enquiry.purpose)
        test = enquiry.purpose is Purpose.TEST
        return [Result(given.id, judgement, advice, message(judgement), test=test) for given in enquiry.documents]

    def _pseudonym(self, officer: str) -> bytes:
        if not officer:
            return bytes(16)
        return hmac.digest(self._rules.officer_key, officer.encode(), hashlib.sha256)[:16]

    def _prepare(self, given: DocumentInput, enquiry: Enquiry) -> _Case:
        case = _Case(given)
        try:
            case.read = read(given)
        except InvalidDocument as error:
            case.failure = Failure(Reason.INVALID_DOCUMENT, detail=error.message)
            case.problem = problem_of(error)
            return case
        around = Circumstances(
            enquiry.purpose, self._rules.economy, enquiry.peer, enquiry.protect, self._rules.withhold
        )
        planned = plan(case.read, around, self._trust.directory, self._clock.now().date())
        if isinstance(planned, Failure):
            case.failure = planned
        else:
            case.put = planned
        return case

    async def _put(self, cases: Sequence[_Case], purpose: Purpose, deadline: float, officer: bytes) -> None:
        by_economy: dict[str, list[_Case]] = {}
        for case in cases:
            if case.put is not None:
                by_economy.setdefault(case.put.economy, []).append(case)
        done = await asyncio.gather(
            *(self._put_to(economy, asked, purpose, deadline, officer) for economy, asked in by_economy.items()),
            return_exceptions=True,
        )
        # What broke on the way to one member is a fault for its documents alone.
        for asked, error in zip(by_economy.values(), done, strict=True):
            if error is not None:
                for case in asked:
                    case.answered, case.failure = Answered(), Failure(Reason.LOCAL_FAULT)
                self._on_fault(error)

    async def _put_to(
        self, economy: str, cases: Sequence[_Case], purpose: Purpose, deadline: float, officer: bytes
    ) -> None:
        responder = self._responders.get(economy)
        if responder is None:
            failure = self._nobody_to_ask(economy)
            for case in cases:
                case.failure = failure
            return
        questions = [case.put.question for case in cases if case.put is not None]

        async def ask(batch: Sequence[Question]) -> Sequence[Answered]:
            # Anew for each batch: a peer that moves meanwhile is asked where it is now.
            return await self._responders.get(economy, responder).put(batch, purpose, deadline, officer)

        answers = await put_all(questions, ask)
        for case, answer in zip(cases, answers, strict=True):
            case.answered, case.failure = answer, _final(answer.failure)

    def _nobody_to_ask(self, economy: str) -> Failure:
        member = self._trust.directory.members.get(economy)
        if member is not None and any("answer" in node.roles for node in member.nodes):
            return Failure(Reason.PEER_DISTRUSTED, detail=f"None of the CAs listed for {economy} is current.")
        return Failure(Reason.PEER_UNREACHABLE, detail=f"{economy} has no answering node.")

    def _conclude(self, case: _Case, enquiry: Enquiry, officer: bytes, spent_us: int) -> Result:
        promised = case.put.promised if case.put is not None else 0
        answered = case.answered
        judgement = judge(Evidence(promised, answered.outcomes, answered.stale, case.failure))
        try:
            self._record_shown(case, enquiry, judgement, officer)
        except SpoolFull:
            # What cannot be recorded is not shown (oracle 8), except what keeps a stolen document from passing.
            if judgement.verdict is not Verdict.ALERT:
                failure = Failure(Reason.LOCAL_FAULT, detail=NO_ROOM)
                judgement, answered = Judgement(Verdict.NO_ANSWER, failure), Answered()
        captured = enquiry.captured or (Captured.MRZ if case.given.mrz else Captured.TYPED)
        expiry = case.read.expiry if case.read is not None else None
        return Result(
            case.given.id,
            judgement,
            advise(judgement, captured, self._rules.advice, enquiry.purpose),
            message(judgement, answered.stale),
            answered,
            expiry is not None and expired(expiry, self._clock.now().date()),
            _case_of(answered),
            enquiry.purpose is Purpose.TEST,
            spent_us,
            case.problem,
        )

    def _record_shown(self, case: _Case, enquiry: Enquiry, judgement: Judgement, officer: bytes) -> None:
        withheld = judgement.failure is not None and judgement.failure.reason is Reason.WITHHELD
        self._spool.append(
            Entry(
                Event.WITHHELD if withheld else Event.SHOWN,
                self._clock.now_ms(),
                case.put.economy if case.put is not None else "",
                enquiry.purpose,
                case.answered.index,
                case.answered.request_digest or bytes(32),
                case.answered.answer_digest,
                verdict=_VERDICT_NUMBERS[judgement.verdict],
                officer=officer,
            )
        )


def _final(failure: Failure | None) -> Failure | None:
    """REPORTED alone refused for lack of data means that the list is not there: a reason of its own, without a code."""
    if failure is not None and failure.reason is Reason.REFUSED and failure.code is RefusalCode.NO_DATA:
        return Failure(Reason.LIST_UNAVAILABLE)
    return failure


def _case_of(answered: Answered) -> str:
    """A case number for each REPORTED match and each ISSUED or ISSUED_DATES no-match; both sides derive the same."""
    hit = answered.outcomes.get(Kind.REPORTED) or False in (
        answered.outcomes.get(Kind.ISSUED, True),
        answered.outcomes.get(Kind.ISSUED_DATES, True),
    )
    return case_number(answered.request_digest, answered.index) if hit else ""
