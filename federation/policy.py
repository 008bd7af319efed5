"""Who may ask what, for which purpose, and how often (docs/spec/4-lookup.md, 4.6).

Each check raises ``Refused`` and marks the questions that are the cause, so that an asker can drop those and ask the
rest. What is compared here never depends on whether a record exists.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from hashlib import sha256

from federation.directory import Directory, Grant, Member
from federation.documents import Kind, ListName
from federation.errors import Refused
from federation.lookup import ALL_KINDS, ISSUED_KINDS, Question
from federation.status import Purpose, RefusalCode

SPECIMEN_STATE = "UTO"
DATE_PAIRS_A_DAY = 5
NUMBERS_REMEMBERED = 50_000


def _refuse_marked(code: RefusalCode, marks: Sequence[bool], message: str) -> None:
    if any(marks):
        raise Refused(code, message, causes=bytes(marks))


def check_routes(questions: Sequence[Question], purpose: Purpose, directory: Directory, economy: str) -> None:
    """Only what the member list routes to this economy, and specimens only under TEST.

    Raises:
        Refused: PURPOSE for a real issuing state under TEST, NOT_MINE for what another member answers for, and for
            specimens under a purpose that is not TEST.
    """
    specimens = [q.document.issuing_state == SPECIMEN_STATE for q in questions]
    if purpose is Purpose.TEST:
        _refuse_marked(RefusalCode.PURPOSE, [not s for s in specimens], "TEST asks for specimens alone")
        return
    resolve = directory.routes.resolve
    foreign = [s or resolve(q.document) != economy for q, s in zip(questions, specimens, strict=True)]
    _refuse_marked(RefusalCode.NOT_MINE, foreign, "the member list routes a document elsewhere")


def _lists_of(kinds: int) -> tuple[ListName, ...]:
    lists = (ListName.REPORTED,) if kinds & Kind.REPORTED else ()
    return (*lists, ListName.ISSUED) if kinds & ISSUED_KINDS else lists


_LISTS = tuple(_lists_of(kinds) for kinds in range(ALL_KINDS + 1))


def lists_of(kinds: int) -> tuple[ListName, ...]:
    """The lists that kinds read: REPORTED the reported list, the others the issued list."""
    return _LISTS[kinds]


def check_lists(
    questions: Sequence[Question], purpose: Purpose, member: Member, imported: Callable[[ListName], bool]
) -> None:
    """Only kinds this member promises, from lists it has imported in full (specimens are always there).

    Raises:
        Refused: NO_DATA. An empty answer from a list that is not there would be a false no-match.
    """
    if purpose is Purpose.TEST:
        return
    there = (imported(ListName.REPORTED) and int(Kind.REPORTED)) | (imported(ListName.ISSUED) and ISSUED_KINDS)
    marks = []
    for question in questions:
        coverage = member.covers(question.document)
        served = coverage.kinds & there if coverage is not None else 0
        marks.append(bool(question.kinds & ~served))
    _refuse_marked(RefusalCode.NO_DATA, marks, "a list asked is not served here, or was not imported in full")


def check_grant(questions: Sequence[Question], purpose: Purpose, grant: Grant | None, now_ms: int) -> Grant:
    """Only what this economy granted the caller, while the grant runs; returns the grant.

    Raises:
        Refused: NO_GRANT when there is none, it has ended, or it leaves out a list; PURPOSE when it leaves out the
            purpose.
    """
    if grant is None or grant.until_ms <= now_ms:
        raise Refused(RefusalCode.NO_GRANT, "no current grant for this member")
    if purpose not in grant.purposes and purpose is not Purpose.TEST:
        raise Refused(RefusalCode.PURPOSE, "the grant does not name this purpose")
    granted = grant.kinds
    marks = [bool(q.kinds & ~granted) for q in questions]
    _refuse_marked(RefusalCode.NO_GRANT, marks, "the grant leaves out a list asked")
    return grant


class Rate:
    """A token bucket a member and worker: questions a second, with one second's burst (never under one full lookup)."""

    __slots__ = ("_at_ms", "_burst", "_lock", "_per_second", "_tokens")

    def __init__(self, per_second: int, now_ms: int, smallest_burst: int = 500) -> None:
        self._per_second = per_second
        self._burst = float(max(per_second, smallest_burst))
        self._tokens = self._burst
        self._at_ms = now_ms
        self._lock = threading.Lock()

    def take(self, questions: int, now_ms: int) -> None:
        """Spend one token a question (``now_ms`` monotonic); raises ``Refused`` (RATE) with the seconds to wait."""
        with self._lock:
            refill = (now_ms - self._at_ms) * self._per_second / 1000
            self._tokens = min(self._burst, self._tokens + max(refill, 0.0))
            self._at_ms = now_ms
            if self._tokens < questions:
                wait = (questions - self._tokens) / max(self._per_second, 1)
                raise Refused(RefusalCode.RATE, "more questions a second than granted", retry_after=int(wait) + 1)
            self._tokens -= questions


class DatePairs:
    """At most five date pairs a number, member, worker and day: else the dates on a stolen number could be guessed.

    Bounded: past 50,000 numbers a member the oldest is forgotten, which the day's budget makes dear. Digests are keyed
    by the day, so memory links nothing across days, and a restart forgets.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._day = -1
        self._keyed = sha256(key)
        self._lock = threading.Lock()
        self._asked: dict[str, dict[bytes, tuple[bytes, ...]]] = {}

    def check(self, economy: str, questions: Sequence[Question], now_ms: int) -> None:
        """Count the pairs of these questions; raises ``Refused`` (BUDGET) marking those beyond the fifth."""
        dated = [bool(q.kinds & Kind.ISSUED_DATES) for q in questions]
        if not any(dated):
            return
        with self._lock:
            self._turn_day(now_ms)
            asked = self._asked.setdefault(economy, {})
            marks = [is_dated and self._beyond(asked, q) for q, is_dated in zip(questions, dated, strict=True)]
        _refuse_marked(RefusalCode.BUDGET, marks, "more than five date pairs on one number today")

    def _turn_day(self, now_ms: int) -> None:
        day = now_ms // 86_400_000
        if day != self._day:
            self._day = day
            self._keyed = sha256(self._key + day.to_bytes(8, "big"))
            self._asked.clear()

    def _beyond(self, asked: dict[bytes, tuple[bytes, ...]], question: Question) -> bool:
        document = question.document
        number = self._digest(f"{document.issuing_state}|{document.document_class}|{document.document_number}")
        pair = self._digest(f"{question.birth}|{question.expiry}")[:4]
        pairs = asked.get(number, ())
        if pair in pairs:
            return False
        if len(pairs) >= DATE_PAIRS_A_DAY:
            return True
        if not pairs and len(asked) >= NUMBERS_REMEMBERED:
            asked.pop(next(iter(asked)))
        asked[number] = (*pairs, pair)
        return False

    def _digest(self, text: str) -> bytes:
        # A secret prefix is enough here: digests are cut short and never leave this process.
        keyed = self._keyed.copy()
        keyed.update(text.encode())
        return keyed.digest()[:8]
