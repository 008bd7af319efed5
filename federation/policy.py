"""Who may ask what, for which purpose, and how often (docs/spec/4-lookup.md, 4.6).

Each check raises ``Refused`` and marks the questions that are the cause, so that an asker can drop those and ask the
rest. What is compared here never depends on whether a record exists.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256

from federation.directory import Directory, Grant, Member
from federation.documents import Kind, ListName
from federation.errors import Refused
from federation.lookup import ALL_KINDS, ISSUED_KINDS, Question, kinds_of
from federation.status import Purpose, RefusalCode

SPECIMEN_STATE = "UTO"
DATE_PAIRS_A_DAY = 5
NUMBERS_REMEMBERED = 50_000


def _refusal(code: RefusalCode, marks: Iterable[object], message: str) -> Refused:
    """A refusal for the questions whose mark is true."""
    return Refused(code, message, causes=bytes(map(bool, marks)))


def check_routes(questions: Sequence[Question], purpose: Purpose, directory: Directory, economy: str) -> None:
    """Only what the member list routes to this economy, and specimens only under TEST.

    Raises:
        Refused: PURPOSE for a real issuing state under TEST, NOT_MINE for what another member answers for, and for
            specimens under a purpose that is not TEST.
    """
    if purpose is Purpose.TEST:
        real = [q.document.issuing_state != SPECIMEN_STATE for q in questions]
        if any(real):
            raise _refusal(RefusalCode.PURPOSE, real, "TEST asks for specimens alone")
        return
    # Specimens are among the foreign: no route table takes a route that leads to them.
    resolve = directory.routes.resolve
    foreign = [resolve(q.document) != economy for q in questions]
    if any(foreign):
        raise _refusal(RefusalCode.NOT_MINE, foreign, "the member list routes a document elsewhere")


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
    unserved = []
    for question in questions:
        coverage = member.covers(question.document)
        served = coverage.kinds & there if coverage is not None else 0
        unserved.append(question.kinds & ~served)
    if any(unserved):
        raise _refusal(RefusalCode.NO_DATA, unserved, "a list asked is not served here, or was not imported in full")


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
    withheld = ~grant.kinds
    if kinds_of(questions) & withheld:
        marks = [q.kinds & withheld for q in questions]
        raise _refusal(RefusalCode.NO_GRANT, marks, "the grant leaves out a list asked")
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

    @property
    def per_second(self) -> int:
        """Questions a second, as granted."""
        return self._per_second

    def take(self, questions: int, now_ms: int) -> None:
        """Spend one token a question (``now_ms`` monotonic); raises ``Refused`` (RATE) with the seconds to wait."""
        with self._lock:
            elapsed = now_ms - self._at_ms
            if elapsed > 0:
                self._tokens = min(self._burst, self._tokens + elapsed * self._per_second / 1000)
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
        day = now_ms // 86_400_000
        with self._lock:
            if day != self._day:
                self._turn_to(day)
            asked = self._asked.setdefault(economy, {})
            beyond = self._beyond
            marks = [q.kinds & Kind.ISSUED_DATES and beyond(asked, q) for q in questions]
        if any(marks):
            raise _refusal(RefusalCode.BUDGET, marks, "more than five date pairs on one number today")

    def _turn_to(self, day: int) -> None:
        self._day = day
        self._keyed = sha256(self._key + day.to_bytes(8, "big"))
        self._asked.clear()

    def _beyond(self, asked: dict[bytes, tuple[bytes, ...]], question: Question) -> bool:
        document = question.document
        # A secret prefix is enough here: digests are cut short and never leave this process. The dates are digested
        # behind the number, so that equal dates on two numbers do not show.
        keyed = self._keyed.copy()
        keyed.update(f"{document.issuing_state}|{document.document_class}|{document.document_number}".encode())
        number = keyed.digest()[:8]
        keyed.update(f"|{question.birth}|{question.expiry}".encode())
        pair = keyed.digest()[:4]
        pairs = asked.get(number, ())
        if pair in pairs:
            return False
        if len(pairs) >= DATE_PAIRS_A_DAY:
            return True
        if not pairs and len(asked) >= NUMBERS_REMEMBERED:
            asked.pop(next(iter(asked)))
        asked[number] = (*pairs, pair)
        return False
