"""The closed sets of codes between nodes, and the one table that says who must act on each (docs/spec/5-refusals.md).

A code never changes its number or meaning; a new one needs a new protocol version.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum


class Purpose(IntEnum):
    """Why a question is asked; the numbers are those of ``LookupStatement.purpose``."""

    BORDER_ENTRY = 1
    BORDER_EXIT = 2
    PRE_DEPARTURE = 3
    VISA = 4
    INVESTIGATION = 5
    TEST = 6


class RefusalCode(IntEnum):
    """Why a responder does not answer; the numbers are those of ``refusal`` on the wire, where 0 means none."""

    NOT_MEMBER = 1
    CERT_BINDING = 2
    KEY_PURPOSE = 3
    BAD_SIGNATURE = 4
    MALFORMED = 5
    AUDIENCE = 6
    METHOD = 7
    VERSION = 8
    CHARTER_OLD = 9
    SESSION_UNKNOWN = 10
    REPLAY = 11
    CLOCK = 12
    NOT_MINE = 13
    NO_DATA = 14
    PURPOSE = 15
    NO_GRANT = 16
    RATE = 17
    BUDGET = 18
    OVERLOADED = 19
    SUSPENDED = 20


class BadAnswerCode(StrEnum):
    """Why an answer is not believed."""

    BAD_SIGNATURE = "BAD_SIGNATURE"
    DIGEST = "DIGEST"
    RESPONDER = "RESPONDER"
    COUNT = "COUNT"
    CLOCK = "CLOCK"
    DATA_REGRESSION = "DATA_REGRESSION"
    MALFORMED = "MALFORMED"


class DocumentCode(StrEnum):
    """Why a trust document is not taken in (docs/spec/9-trust.md)."""

    MALFORMED = "MALFORMED"
    TOO_LARGE = "TOO_LARGE"
    INVALID_NAME = "INVALID_NAME"
    OTHER_FEDERATION = "OTHER_FEDERATION"
    SHARED_KEY = "SHARED_KEY"
    BAD_SIGNATURE = "BAD_SIGNATURE"
    TOO_FEW_SIGNATURES = "TOO_FEW_SIGNATURES"
    TOO_FEW_VOTES = "TOO_FEW_VOTES"
    WRONG_VERSION = "WRONG_VERSION"
    WRONG_PREVIOUS = "WRONG_PREVIOUS"
    NOT_A_MEMBER = "NOT_A_MEMBER"
    WRONG_ISSUER = "WRONG_ISSUER"
    LAPSED = "LAPSED"
    OLDER = "OLDER"
    CONFLICT = "CONFLICT"
    DROPPED_SERIAL = "DROPPED_SERIAL"
    NOT_YET = "NOT_YET"


class ActedOnBy(StrEnum):
    """Who can do something about a refusal."""

    CALLER_DEVELOPER = "the caller's developer"
    CALLER_OPERATOR = "the caller's operator"
    RESPONDER_OPERATOR = "the responder's operator"
    POLICY = "the two agencies"
    NOBODY = "nobody: the node itself asks again"


REFUSALS: dict[RefusalCode, tuple[ActedOnBy, str]] = {
    RefusalCode.NOT_MEMBER: (
        ActedOnBy.CALLER_OPERATOR,
        (
            "a certificate of the caller is not a current one of a current member, or was revoked; "
            "check both certificates, their CA's list and the charter"
        ),
    ),
    RefusalCode.CERT_BINDING: (
        ActedOnBy.CALLER_OPERATOR,
        "TLS certificate, message certificate and statement do not name the same node; issue both for one name",
    ),
    RefusalCode.KEY_PURPOSE: (
        ActedOnBy.CALLER_OPERATOR,
        "a key was used for something it is not certified for; sign with the message key alone",
    ),
    RefusalCode.BAD_SIGNATURE: (ActedOnBy.CALLER_DEVELOPER, "the signature does not hold over the bytes received"),
    RefusalCode.MALFORMED: (ActedOnBy.CALLER_DEVELOPER, "the message is not in the form the specification fixes"),
    RefusalCode.AUDIENCE: (ActedOnBy.CALLER_DEVELOPER, "the statement names another node than the one it reached"),
    RefusalCode.METHOD: (ActedOnBy.CALLER_DEVELOPER, "the statement was made for another method"),
    RefusalCode.VERSION: (ActedOnBy.CALLER_OPERATOR, "no common protocol version, or TLS below 1.3; upgrade the node"),
    RefusalCode.CHARTER_OLD: (ActedOnBy.CALLER_OPERATOR, "the member list asked under is not the one in force here"),
    RefusalCode.SESSION_UNKNOWN: (ActedOnBy.NOBODY, "the session is not known to this worker; open a new one"),
    RefusalCode.REPLAY: (ActedOnBy.CALLER_DEVELOPER, "the sequence number was used before or is too far behind"),
    RefusalCode.CLOCK: (ActedOnBy.CALLER_OPERATOR, "the request's times do not fit the responder's clock"),
    RefusalCode.NOT_MINE: (ActedOnBy.CALLER_OPERATOR, "the member list routes this document to another member"),
    RefusalCode.NO_DATA: (ActedOnBy.RESPONDER_OPERATOR, "the list asked is not served, or was not imported in full"),
    RefusalCode.PURPOSE: (ActedOnBy.POLICY, "the purpose is not one the responder answers here"),
    RefusalCode.NO_GRANT: (ActedOnBy.POLICY, "the responder has no current grant for this member and list"),
    RefusalCode.RATE: (ActedOnBy.CALLER_OPERATOR, "more requests a second than the responder grants"),
    RefusalCode.BUDGET: (ActedOnBy.POLICY, "the day's questions, or the date pairs on one number, are used up"),
    RefusalCode.OVERLOADED: (ActedOnBy.RESPONDER_OPERATOR, "the responder cannot take this request now"),
    RefusalCode.SUSPENDED: (ActedOnBy.POLICY, "the member is suspended or blocked here"),
}
"""Code to who must act and a sentence for people; tested to name every code."""
