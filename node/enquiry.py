"""From what a border system hands over to the question to put, or to why it is not put (docs/spec/6-verdicts.md).

Pure: no network, no clock. Everything that can be decided at home is decided here.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from federation.dates import expired
from federation.directory import Coverage, Directory
from federation.documents import Kind, TravelDocument, birth_characters, expiry_characters, travel_document
from federation.errors import InvalidDocument
from federation.lookup import ISSUED_KINDS, UNKNOWN_DATE, Question
from federation.mrz import parse
from federation.mrz_errors import MrzError
from federation.policy import SPECIMEN_STATE
from federation.status import Purpose
from federation.verdict import Failure, Reason


@dataclass(frozen=True, slots=True)
class DocumentInput:
    """A document as read or typed: an MRZ, or fields. A date of None is not at hand; ``""`` says "no expiry"."""

    mrz: tuple[str, ...] = ()
    issuing_state: str = ""
    document_class: str = ""
    document_number: str = ""
    date_of_birth: str | None = None
    date_of_expiry: str | None = None
    id: str = ""

    def __repr__(self) -> str:
        return "DocumentInput([withheld])"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a document that was read; ``readings`` are for the caller's screen alone, never for a log."""

    field: str
    code: str
    readings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Read:
    """A document as understood: normalised, dates as six characters or None when not at hand."""

    document: TravelDocument
    birth: str | None
    expiry: str | None


@dataclass(frozen=True, slots=True)
class Put:
    """A question to put to a member, and the kinds its entry promises for such a document."""

    economy: str
    question: Question
    promised: int


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What decides, beside the document, whether and whom to ask. ``peer`` is empty or the member named."""

    purpose: Purpose
    economy: str
    peer: str = ""
    protect: bool = False
    withhold: Collection[str] = ()


def read(given: DocumentInput) -> Read:
    """Understand a document.

    Raises:
        InvalidDocument: it is none; as ``MrzError`` with readings where a check digit failed.
    """
    if given.mrz:
        if given.document_number or given.issuing_state:
            raise InvalidDocument("TWO_FORMS", "mrz", "Give the MRZ or the fields of a document, not both.")
        zone = parse(given.mrz)
        return Read(zone.travel_document(), zone.birth, zone.expiry)
    return Read(
        travel_document(given.issuing_state, given.document_class, given.document_number),
        None if given.date_of_birth is None else birth_characters(given.date_of_birth),
        None if given.date_of_expiry is None else expiry_characters(given.date_of_expiry),
    )


def problem_of(error: InvalidDocument) -> Problem:
    """The part of an error that a caller may see as data."""
    return Problem(error.field, error.code, error.readings if isinstance(error, MrzError) else ())


def plan(document: Read, around: Circumstances, directory: Directory, today: date) -> Put | Failure:
    """Whom to ask which kinds, or why nobody is asked. The order decides which reason is given."""
    specimen = document.document.issuing_state == SPECIMEN_STATE
    if around.purpose is Purpose.TEST:
        return _plan_test(document, around, directory, specimen=specimen)
    if around.protect or document.document.issuing_state in around.withhold:
        return Failure(Reason.WITHHELD)
    economy = None if specimen else directory.routes.resolve(document.document)
    if economy is None:
        return Failure(Reason.NO_ROUTE)
    if around.peer and around.peer != economy:
        return Failure(Reason.NO_ROUTE, detail=f"{around.peer} was named to be asked, and {economy} answers for it.")
    member = directory.members[economy]
    coverage = member.covers(document.document)
    if coverage is None or not coverage.kinds & Kind.REPORTED:
        return Failure(Reason.NO_ROUTE, detail=f"{economy} does not promise its reported list for such documents.")
    own = directory.members.get(around.economy)
    if economy != around.economy and (own is None or economy not in own.ask):
        detail = f"Nobody said that {economy} is asked; `rmas peer allow {economy} --ask` does."
        return Failure(Reason.WITHHELD, detail=detail)
    kinds = _kinds(document, coverage, today)
    return Put(economy, _question(document, kinds), coverage.kinds)


def _plan_test(document: Read, around: Circumstances, directory: Directory, *, specimen: bool) -> Put | Failure:
    if not specimen:
        detail = f"TEST asks for specimens, issuing state {SPECIMEN_STATE}, alone."
        return Failure(Reason.INVALID_DOCUMENT, detail=detail)
    if around.peer not in directory.members:
        return Failure(Reason.NO_ROUTE, detail="TEST needs the member to ask, by its code.")
    promised = int(Kind.REPORTED | Kind.ISSUED | Kind.ISSUED_DATES)
    dated = document.birth is not None and document.expiry is not None
    return Put(around.peer, _question(document, promised if dated else promised & ~Kind.ISSUED_DATES), promised)


def _kinds(document: Read, coverage: Coverage, today: date) -> int:
    """The kinds promised for which everything needed is at hand; what is left out shows as not confirmed."""
    kinds = coverage.kinds
    if coverage.expiry_from is not None and not _covered(document.expiry, coverage.expiry_from, today):
        kinds &= ~ISSUED_KINDS
    if document.birth is None or document.expiry is None:
        kinds &= ~Kind.ISSUED_DATES
    return kinds


def _covered(expiry: str | None, expiry_from: str, today: date) -> bool:
    """Whether an expiry is at hand and on or after the first date covered; no expiry at all is after every date."""
    if expiry is None:
        return False
    if expiry == UNKNOWN_DATE:
        return True
    first = date.fromisoformat(expiry_from)
    # `expired` settles the century against today; a document that ended before the first day covered is not covered.
    horizon = today.year + 50 - first.year
    return not expired(expiry, first, horizon_years=max(horizon, 0))


def _question(document: Read, kinds: int) -> Question:
    if kinds & Kind.ISSUED_DATES:
        return Question(kinds, document.document, document.birth or UNKNOWN_DATE, document.expiry or UNKNOWN_DATE)
    return Question(kinds, document.document)
