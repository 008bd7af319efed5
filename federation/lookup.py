"""Questions, request and answer statements, outcomes (docs/spec/4-lookup.md).

Pure values and their exact bytes. A question has one fixed form of 41 octets whatever the document, so neither its
length nor the order of fields can carry anything, and two nodes cannot encode the same question differently.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping, Sequence
from hashlib import sha256
from types import MappingProxyType

from federation.documents import DocumentClass, Kind, TravelDocument
from federation.errors import BadAnswer, InvalidDocument, Malformed, Refused
from federation.status import BadAnswerCode, Purpose, RefusalCode
from federation.values import value

PROTOCOL_VERSION = 1
LOOKUP_METHOD = "/federation.v1.PeerService/Lookup"
MAX_QUESTIONS = 500
SALT_OCTETS = 16
QUESTION_OCTETS = 41
OPENED_OCTETS = SALT_OCTETS + QUESTION_OCTETS
DIGEST_OCTETS = 32
UNKNOWN_DATE = "<<<<<<"
NO_MATCH, MATCH, NOT_ASKED = 1, 2, 3
KINDS = (Kind.REPORTED, Kind.ISSUED, Kind.ISSUED_DATES)
ALL_KINDS = int(Kind.REPORTED | Kind.ISSUED | Kind.ISSUED_DATES)
ISSUED_KINDS = int(Kind.ISSUED | Kind.ISSUED_DATES)

# Kinds, class, issuing state, number, birth, expiry: the places of spec 4.2.
_QUESTION = re.compile(
    rb"[\x01-\x07][PIV][A-Z](?:<<|[A-Z]<|[A-Z]{2})[A-Z0-9]{1,24}<{0,23}(?:[0-9]{2}|<<){3}(?:[0-9]{6}|<{6})"
)
# The random bytes and the octets of each question of a lookup, one after another.
_OPENED = struct.Struct(f"{SALT_OCTETS}s{QUESTION_OCTETS}s")
_OPENED_LENGTHS = range(OPENED_OCTETS, OPENED_OCTETS * MAX_QUESTIONS + 1, OPENED_OCTETS)
_OPENED_WHOLE = struct.Struct(f"{OPENED_OCTETS}s")
_PURPOSES = {purpose.value: purpose for purpose in Purpose}
_CLASSES = {member.value: member for member in DocumentClass}
_NO_DATES = UNKNOWN_DATE * 2


@value(frozen=True, slots=True)
class Question:
    """One document and the kinds asked of it. ``birth`` and ``expiry`` are six MRZ characters each.

    ``kinds`` is the sum of the ``Kind`` values asked. Both dates are unknown unless ISSUED_DATES is asked: what is not
    needed does not travel.
    """

    kinds: int
    document: TravelDocument
    birth: str = UNKNOWN_DATE
    expiry: str = UNKNOWN_DATE

    def __repr__(self) -> str:
        return f"Question(kinds={self.kinds}, document={self.document!r})"


def kinds_of(questions: Sequence[Question]) -> int:
    """The sum of the kinds that any of these questions asks."""
    kinds = 0
    for question in questions:
        kinds |= question.kinds
    return kinds


def encode_question(question: Question) -> bytes:
    """The 41 octets of a question: kinds, class, issuing state, number, birth, expiry, padded with ``<``."""
    document = question.document
    dates = question.birth + question.expiry if question.kinds & Kind.ISSUED_DATES else _NO_DATES
    text = f"{document.document_class}{document.issuing_state:<<3}{document.document_number:<<24}{dates}"
    return bytes((question.kinds,)) + text.encode("ascii")


def decode_question(octets: bytes) -> Question:
    """The question in exactly 41 octets.

    Raises:
        Malformed: the octets are not in the fixed form (spec 4.2).
    """
    if len(octets) != QUESTION_OCTETS or _QUESTION.fullmatch(octets) is None:
        raise Malformed("a question is not in the fixed form of 41 octets")
    kinds = octets[0]
    text = octets.decode("ascii")
    if not kinds & Kind.ISSUED_DATES and text[29:] != _NO_DATES:
        raise Malformed("a question carries dates that it does not ask about")
    document = TravelDocument(text[2:5].rstrip("<"), _CLASSES[text[1]], text[5:29].rstrip("<"))
    return Question(kinds, document, text[29:35], text[35:])


def question_digests(opened: bytes) -> bytes:
    """SHA-256 of each 57 octets (random bytes and question), concatenated; ``opened`` is a multiple of 57 long."""
    return b"".join([sha256(one).digest() for (one,) in _OPENED_WHOLE.iter_unpack(opened)])


def open_questions(opened: bytes, digests: bytes) -> list[Question]:
    """The questions beside a statement, checked against the digests inside it.

    Raises:
        Malformed: not 1 to 500 questions of 57 octets, another number of digests, or one not in the fixed form.
        Refused: BAD_SIGNATURE when a question is not the one whose digest was signed.
    """
    if len(opened) not in _OPENED_LENGTHS:
        raise Malformed(f"a lookup carries 1 to {MAX_QUESTIONS} questions of {OPENED_OCTETS} octets")
    if len(digests) * OPENED_OCTETS != len(opened) * DIGEST_OCTETS:
        raise Malformed("the statement signs another number of questions than it carries")
    if question_digests(opened) != digests:
        raise Refused(RefusalCode.BAD_SIGNATURE, "a question is not the one that was signed")
    return [decode_question(question) for _, question in _OPENED.iter_unpack(opened)]


@value(frozen=True, slots=True)
class Versions:
    """Which member list a node holds: charter version and digest, and one digest of every other document held."""

    charter_version: int
    charter_digest: bytes
    others_digest: bytes


@value(frozen=True, slots=True)
class LookupStatement:
    """What the asker signs. Times are milliseconds since 1970 UTC."""

    protocol_version: int
    method: str
    caller: str
    responder: str
    session_id: bytes
    sequence: int
    issued_at: int
    not_after: int
    purpose: int
    caller_tls_leaf: bytes
    versions: Versions
    question_digests: bytes


@value(frozen=True, slots=True)
class LookupAnswer:
    """What the responder signs: outcomes or a refusal, never both. Times are milliseconds, ``server_time`` 0.1 ms."""

    request_digest: bytes
    responder: str
    caller: str
    answered_at: int
    reported_as_of: int = 0
    issued_as_of: int = 0
    outcomes: bytes = b""
    server_time: int = 0
    refusal: int = 0
    retry_after: int = 0
    causes: bytes = b""


def purpose_of(statement: LookupStatement) -> Purpose:
    """The statement's purpose; raises ``Refused`` (PURPOSE) for a number outside the closed set."""
    purpose = _PURPOSES.get(statement.purpose)
    if purpose is None:
        raise Refused(RefusalCode.PURPOSE, "the purpose is none of the closed set")
    return purpose


def encode_outcome(kinds: int, reported: bool, issued: bool, dates: bool) -> int:
    """One question's outcomes as one octet: two bits a kind from the low end, the fourth pair always 3."""
    return _OUTCOMES[kinds][reported | issued << 1 | dates << 2]


def decode_outcome(octet: int, kinds: int) -> Mapping[Kind, bool]:
    """Kind to "is a match", for exactly the kinds asked; read-only.

    Raises:
        BadAnswer: MALFORMED for a 0, a 3 for a kind asked, a 1 or 2 for one not asked, or a wrong fourth pair.
    """
    outcome = _READ[kinds].get(octet)
    if outcome is None:
        raise BadAnswer(BadAnswerCode.MALFORMED, "an outcome does not fit the kinds asked")
    return outcome


def _octet(kinds: int, matches: int) -> int:
    """The outcome octet for kinds asked; bit n of ``matches`` says whether the n-th kind is a match."""
    octet = NOT_ASKED << 6
    for place in range(len(KINDS)):
        pair = (MATCH if matches >> place & 1 else NO_MATCH) if kinds >> place & 1 else NOT_ASKED
        octet |= pair << (2 * place)
    return octet


# By kinds asked and by matches: there are 8 of each, and every lookup goes through both tables.
_OUTCOMES = [[_octet(kinds, matches) for matches in range(8)] for kinds in range(ALL_KINDS + 1)]
_READ = [
    {
        _octet(kinds, matches): MappingProxyType(
            {kind: bool(matches >> place & 1) for place, kind in enumerate(KINDS) if kinds >> place & 1}
        )
        for matches in range(8)
    }
    for kinds in range(ALL_KINDS + 1)
]


_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ*~$=U"


def case_number(request_digest: bytes, index: int) -> str:
    """The case number of question ``index`` of a request: 10 Crockford base32 characters and a check character.

    Both sides derive it, so nothing is sent. The check character is the value modulo 37, as Crockford defines it.
    """
    derived = sha256(b"rmas case number v1\x00" + request_digest + index.to_bytes(2, "big")).digest()
    value = int.from_bytes(derived[:7], "big") >> 6
    characters = "".join(_CROCKFORD[value >> shift & 31] for shift in range(45, -1, -5))
    return characters + _CROCKFORD[value % 37]


def validate_questions(questions: Sequence[Question]) -> None:
    """Refuse to put together what a responder would refuse: other than 1 to 500 questions.

    Raises:
        InvalidDocument: the batch breaks a rule of spec 4.3.
    """
    if not 1 <= len(questions) <= MAX_QUESTIONS:
        raise InvalidDocument("BATCH_SIZE", "documents", f"A lookup carries 1 to {MAX_QUESTIONS} documents; split it.")
