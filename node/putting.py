"""Putting questions to one member, so that no question fails for another's sake (docs/spec/4-lookup.md, 4.8).

Batches of up to 500, never two date pairs on one number in one request; what a refusal marks is dropped and the rest
asked again once; a refused batch without marks is asked again in halves; and what was refused for lack of data, grant
or budget is put once more with REPORTED alone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from federation.channel import PeerTooSlow, PeerUnreachable
from federation.documents import Kind, ListName
from federation.errors import BadAnswer, Distrusted, Refused
from federation.lookup import MAX_QUESTIONS, Question
from federation.status import RefusalCode
from federation.verdict import Failure, Reason
from node.spool import SpoolFull

# Refusals that one question can bring upon its neighbours.
_OF_ONE_QUESTION = frozenset(
    {RefusalCode.MALFORMED, RefusalCode.NOT_MINE, RefusalCode.NO_DATA, RefusalCode.NO_GRANT, RefusalCode.BUDGET}
)
# Enough to single out a few bad questions among 500; past it the rest share the refusal.
HALVINGS = 40
NO_ROOM = "Its record of lookups has no room."
_ASK_LESS = frozenset({RefusalCode.NO_DATA, RefusalCode.NO_GRANT, RefusalCode.BUDGET})


@dataclass(frozen=True, slots=True)
class Answered:
    """What is known of one question: outcomes by kind or a failure, and where they came from."""

    outcomes: Mapping[Kind, bool] = field(default_factory=dict)
    failure: Failure | None = None
    as_of: Mapping[ListName, int] = field(default_factory=dict)
    stale: frozenset[ListName] = frozenset()
    responder: str = ""
    request_digest: bytes = b""
    index: int = 0
    answered_at: int = 0
    server_time: int = 0
    answer_digest: bytes = bytes(32)


AskOnce = Callable[[Sequence[Question]], Awaitable[Sequence[Answered]]]
"""Puts one request; raises what ``PeerClient.ask`` raises, or SpoolFull when it could not be recorded and did not leave."""


def batches(questions: Sequence[Question], places: Sequence[int]) -> Iterator[list[int]]:
    """Split ``places`` into requests of up to 500, no number twice with dates in one."""
    left = list(places)
    while left:
        batch: list[int] = []
        dated: set[tuple[str, str, str]] = set()
        rest: list[int] = []
        for place in left:
            document = questions[place].document
            number = (document.issuing_state, str(document.document_class), document.document_number)
            twice = bool(questions[place].kinds & Kind.ISSUED_DATES) and number in dated
            if len(batch) < MAX_QUESTIONS and not twice:
                batch.append(place)
                if questions[place].kinds & Kind.ISSUED_DATES:
                    dated.add(number)
            else:
                rest.append(place)
        yield batch
        left = rest


async def put_all(questions: Sequence[Question], ask: AskOnce) -> list[Answered]:
    """One ``Answered`` a question, in order; never raises for what a peer did."""
    answers = await _Putting(questions, ask).put(range(len(questions)))
    less = [
        place
        for place, answer in answers.items()
        if _wants_less(answer.failure) and questions[place].kinds != Kind.REPORTED
    ]
    if less:
        reduced = [replace(question, kinds=int(Kind.REPORTED)) for question in questions]
        answers.update(await _Putting(reduced, ask).put(less))
    return [answers[place] for place in range(len(questions))]


def _wants_less(failure: Failure | None) -> bool:
    return failure is not None and failure.reason is Reason.REFUSED and failure.code in _ASK_LESS


class _Putting:
    """Puts questions by their place, and counts what it asks again: a peer that refuses all gets no flood for it."""

    def __init__(self, questions: Sequence[Question], ask: AskOnce) -> None:
        self._questions = questions
        self._ask = ask
        self._halvings_left = HALVINGS

    async def put(self, places: Iterable[int]) -> dict[int, Answered]:
        """What is known of the questions at ``places``."""
        answers: dict[int, Answered] = {}
        for batch in batches(self._questions, list(places)):
            answers.update(await self._put(batch, marked_before=False))
        return answers

    async def _put(self, batch: list[int], *, marked_before: bool) -> dict[int, Answered]:
        try:
            answers = await self._ask([self._questions[place] for place in batch])
        except Distrusted as error:
            return _all(batch, Failure(Reason.PEER_DISTRUSTED, detail=error.message))
        except Refused as refusal:
            return await self._after(batch, refusal, marked_before=marked_before)
        except BadAnswer as error:
            return _all(batch, Failure(Reason.BAD_ANSWER, error.code))
        except PeerTooSlow:
            return _all(batch, Failure(Reason.DEADLINE))
        except PeerUnreachable:
            return _all(batch, Failure(Reason.PEER_UNREACHABLE))
        except SpoolFull:
            # This request did not leave; what earlier ones brought home, a match above all, is not lost with it.
            return _all(batch, Failure(Reason.LOCAL_FAULT, detail=NO_ROOM))
        return dict(zip(batch, answers, strict=True))

    async def _after(self, batch: list[int], refusal: Refused, *, marked_before: bool) -> dict[int, Answered]:
        failure = _failure(refusal)
        marked = {place for place, mark in zip(batch, refusal.causes, strict=False) if mark}
        if marked and not marked_before:
            rest = [place for place in batch if place not in marked]
            answers = _all(sorted(marked), failure)
            return answers | await self._put(rest, marked_before=True) if rest else answers
        if len(batch) == 1 or refusal.code not in _OF_ONE_QUESTION or not self._halvings_left:
            return _all(batch, failure)
        self._halvings_left -= 1
        middle = len(batch) // 2
        first = await self._put(batch[:middle], marked_before=marked_before)
        return first | await self._put(batch[middle:], marked_before=marked_before)


def _failure(refusal: Refused) -> Failure:
    if refusal.code is not RefusalCode.CLOCK:
        return Failure(Reason.REFUSED, refusal.code)
    said = refusal.message
    return Failure(Reason.REFUSED, refusal.code, f"{said[:1].upper()}{said[1:]}.")


def _all(batch: Sequence[int], failure: Failure) -> dict[int, Answered]:
    return dict.fromkeys(batch, Answered(failure=failure))
