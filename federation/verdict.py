"""Outcomes to verdict, and verdict to advice (docs/spec/6-verdicts.md).

The table is the heart of the node: ``CLEAR`` stands in exactly one row, and only for a fresh no-match on the reported
list together with a fresh match of the dates on the issued list. Whatever is missing, stale or wrong falls through to
a lesser verdict; nothing falls through to ``CLEAR``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from federation.documents import Kind, ListName
from federation.status import REFUSALS, BadAnswerCode, Purpose, RefusalCode


class Verdict(StrEnum):
    """What the border sees."""

    CLEAR = "CLEAR"
    NOT_REPORTED = "NOT_REPORTED"
    ALERT = "ALERT"
    MISMATCH = "MISMATCH"
    NOT_RECOGNISED = "NOT_RECOGNISED"
    NO_ANSWER = "NO_ANSWER"


class Reason(StrEnum):
    """Why there is no answer."""

    NO_ROUTE = "NO_ROUTE"
    PEER_UNREACHABLE = "PEER_UNREACHABLE"
    DEADLINE = "DEADLINE"
    REFUSED = "REFUSED"
    BAD_ANSWER = "BAD_ANSWER"
    DATA_STALE = "DATA_STALE"
    LIST_UNAVAILABLE = "LIST_UNAVAILABLE"
    PEER_DISTRUSTED = "PEER_DISTRUSTED"
    CLOCK = "CLOCK"
    INVALID_DOCUMENT = "INVALID_DOCUMENT"
    WITHHELD = "WITHHELD"
    LOCAL_FAULT = "LOCAL_FAULT"


class Advice(StrEnum):
    """What to do next, as a proposal: the receiving economy decides."""

    CONTINUE = "CONTINUE"
    READ_AGAIN = "READ_AGAIN"
    REFER = "REFER"
    ASK_LATER = "ASK_LATER"


class Captured(StrEnum):
    """How the document's data were read; stays at home."""

    MRZ = "mrz"
    CHIP = "chip"
    TYPED = "typed"


EXIT_CODES: dict[Verdict, int] = {
    Verdict.CLEAR: 0,
    Verdict.NOT_REPORTED: 5,
    Verdict.ALERT: 10,
    Verdict.MISMATCH: 15,
    Verdict.NOT_RECOGNISED: 20,
    Verdict.NO_ANSWER: 30,
}
"""Exit code of ``rmas lookup`` for one document."""

GRAVITY = (10, 30, 20, 15, 5, 0)
"""Exit codes of several documents, gravest first."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a question has no outcomes: a reason, and the code behind REFUSED and BAD_ANSWER."""

    reason: Reason
    code: RefusalCode | BadAnswerCode | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known about one document when its verdict is due.

    ``promised`` is the sum of the kinds the entry promises for such a document. ``outcomes`` holds the kinds answered
    by a verified answer: True for a match. ``stale`` names the lists whose data were too old. ``failure`` says why
    ``REPORTED`` has no outcome.
    """

    promised: int
    outcomes: Mapping[Kind, bool] = field(default_factory=dict)
    stale: frozenset[ListName] = frozenset()
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict; ``failure`` is set with NO_ANSWER and with nothing else. ``unconfirmed`` goes with NOT_REPORTED."""

    verdict: Verdict
    failure: Failure | None = None
    unconfirmed: str = ""


class _Said(StrEnum):
    MATCH = "match"
    NO_MATCH = "no match"
    NOT_SERVED = "not served"
    ANYTHING_ELSE = "anything else"


def _issued(evidence: Evidence, kind: Kind) -> _Said:
    if not evidence.promised & kind:
        return _Said.NOT_SERVED
    if kind not in evidence.outcomes or ListName.ISSUED in evidence.stale:
        return _Said.ANYTHING_ELSE
    return _Said.MATCH if evidence.outcomes[kind] else _Said.NO_MATCH


def judge(evidence: Evidence) -> Judgement:
    """The verdict for one document: the rows of docs/spec/6-verdicts.md, in order."""
    reported = evidence.outcomes.get(Kind.REPORTED)
    if reported:
        return Judgement(Verdict.ALERT)
    if reported is None:
        return Judgement(Verdict.NO_ANSWER, evidence.failure or Failure(Reason.LOCAL_FAULT))
    if ListName.REPORTED in evidence.stale:
        return Judgement(Verdict.NO_ANSWER, Failure(Reason.DATA_STALE))
    issued, dates = _issued(evidence, Kind.ISSUED), _issued(evidence, Kind.ISSUED_DATES)
    vouched = issued in (_Said.MATCH, _Said.NOT_SERVED)
    if vouched and dates is _Said.NO_MATCH:
        return Judgement(Verdict.MISMATCH)
    if issued is _Said.NO_MATCH:
        return Judgement(Verdict.NOT_RECOGNISED)
    if vouched and dates is _Said.MATCH:
        return Judgement(Verdict.CLEAR)
    return Judgement(Verdict.NOT_REPORTED, unconfirmed="dates" if issued is _Said.MATCH else "issued")


MESSAGES: dict[Verdict, str] = {
    Verdict.CLEAR: "The issuer recognises this document with these dates and does not report it.",
    Verdict.ALERT: "The issuer reports this document as lost, stolen or otherwise invalid.",
    Verdict.MISMATCH: "The issuer knows this number with other dates; read the document again.",
    Verdict.NOT_RECOGNISED: "The issuer knows no such document; read the document again.",
}

UNCONFIRMED: dict[str, str] = {
    "issued": "Not on the issuer's reported list. The issuer has not confirmed that it issued this document.",
    "dates": "Not on the issuer's reported list, and issued. Its dates are not confirmed.",
}

REASON_MESSAGES: dict[Reason, str] = {
    Reason.NO_ROUTE: "Not asked: nobody who could be asked answers for this document.",
    Reason.PEER_UNREACHABLE: "No answer: the issuer's node cannot be reached.",
    Reason.DEADLINE: "No answer: the issuer's node did not answer in time.",
    Reason.REFUSED: "No answer: the issuer's node refused the question",
    Reason.BAD_ANSWER: "No answer: what came back cannot be believed",
    Reason.DATA_STALE: "No answer: the issuer's reported list is too old for a no-match to count.",
    Reason.LIST_UNAVAILABLE: "No answer: the issuer's reported list is not available.",
    Reason.PEER_DISTRUSTED: "No answer: the issuer's node is not trusted here at present.",
    Reason.CLOCK: "No answer: this node's own clock is suspect; tell its operator.",
    Reason.INVALID_DOCUMENT: "Not asked: what was read or typed is not a valid travel document.",
    Reason.WITHHELD: "Not asked: a rule of this economy keeps this question at home.",
    Reason.LOCAL_FAULT: "No answer: this economy's own node has a fault; tell its operator.",
}


def message(judgement: Judgement, stale: frozenset[ListName] = frozenset()) -> str:
    """One sentence or two for a person at the counter; holds nothing of the document."""
    failure = judgement.failure
    if failure is not None:
        text = REASON_MESSAGES[failure.reason]
        if isinstance(failure.code, RefusalCode):
            text += f" ({failure.code.name}: {REFUSALS[failure.code][1]})."
        elif failure.code is not None:
            text += f" ({failure.code.value})."
        return f"{text} {failure.detail}".rstrip()
    if judgement.verdict is Verdict.NOT_REPORTED:
        return UNCONFIRMED[judgement.unconfirmed]
    old = " Its list is old: confirm with the issuer's desk." if ListName.REPORTED in stale else ""
    return MESSAGES[judgement.verdict] + (old if judgement.verdict is Verdict.ALERT else "")


_REREAD = frozenset({Verdict.MISMATCH, Verdict.NOT_RECOGNISED})
_GO_ON = frozenset({Verdict.CLEAR, Verdict.NOT_REPORTED})
_GO_ON_REASONS = frozenset({Reason.NO_ROUTE, Reason.WITHHELD})


def advise(
    judgement: Judgement,
    captured: Captured,
    overrides: Mapping[str, Advice] | None = None,
    purpose: Purpose = Purpose.BORDER_ENTRY,
) -> Advice:
    """The default advice, or the economy's own.

    ``overrides`` maps ``VERDICT`` or ``NO_ANSWER:REASON``, perhaps with ``/mrz``, ``/chip`` or ``/typed`` and then
    ``@PURPOSE`` behind it, to advice; the more exact key wins, the way of capture before the purpose.
    """
    if overrides:
        situations = [judgement.verdict.value]
        if judgement.failure is not None:
            situations.insert(0, f"{judgement.verdict}:{judgement.failure.reason}")
        for situation in situations:
            for further in (f"/{captured}@{purpose.name}", f"/{captured}", f"@{purpose.name}", ""):
                if situation + further in overrides:
                    return overrides[situation + further]
    return _default_advice(judgement, captured)


def _default_advice(judgement: Judgement, captured: Captured) -> Advice:
    if judgement.verdict in _GO_ON:
        return Advice.CONTINUE
    if judgement.verdict in _REREAD and captured is Captured.TYPED:
        return Advice.READ_AGAIN
    if judgement.failure is None:
        return Advice.REFER
    if judgement.failure.reason in _GO_ON_REASONS:
        return Advice.CONTINUE
    return Advice.READ_AGAIN if judgement.failure.reason is Reason.INVALID_DOCUMENT else Advice.ASK_LATER


def purpose_deadline_ms(purpose: Purpose) -> int:
    """How long a desk question may take: 3 s, before departure 4 s."""
    return 4000 if purpose is Purpose.PRE_DEPARTURE else 3000
