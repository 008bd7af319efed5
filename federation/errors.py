"""What can go wrong between nodes, by who must act.

FederationError
├── InvalidDocument      the person at the counter: what was read or typed is no travel document we can ask about
├── InvalidDirectory     our operator: the member list does not hold together
├── Malformed            their developer: bytes that are not what docs/spec/ says
├── Refused              policy: the responder says no, with a code of the closed set (docs/spec/5-refusals.md)
│   └── Distrusted       policy here: a member or key that nothing is exchanged with at present
├── BadDocument          whoever made or signed it: a trust document that does not prove what it says
└── BadAnswer            their developer or an attacker: an answer that must not be believed
"""

from __future__ import annotations

from federation.status import BadAnswerCode, DocumentCode, RefusalCode


class FederationError(Exception):
    """Anything this package raises on purpose."""


class InvalidDocument(FederationError):
    """A travel document that cannot be asked about.

    ``code`` is stable, ``field`` names the field as docs/glossary.md does, ``message`` is a sentence with cause and
    remedy. None of them ever holds a document number.
    """

    def __init__(self, code: str, field: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.field = field
        self.message = message


class InvalidDirectory(FederationError):
    """Routes that leave it in doubt who answers; the message names them and the remedy."""


class Malformed(FederationError):
    """Received bytes that docs/spec/ does not allow; the message names the rule, never the bytes."""


class Refused(FederationError):
    """A request the responder does not answer.

    ``retry_after`` is in seconds, 0 for none. ``causes`` holds one octet a question, 1 where it is a cause, and is
    empty when the request as a whole is the cause.
    """

    def __init__(self, code: RefusalCode, message: str, *, retry_after: int = 0, causes: bytes = b"") -> None:
        super().__init__(f"{code.name}: {message}")
        self.code = code
        self.message = message
        self.retry_after = retry_after
        self.causes = causes


class Distrusted(Refused):
    """A member blocked or suspended here, a key revoked, or a revocation list too old to know.

    A responder refuses with ``code``. An asker neither asks nor believes such a member; ``message`` is a sentence with
    cause and remedy.
    """


class BadAnswer(FederationError):
    """An answer that does not prove what it says; whatever it holds is never shown."""

    def __init__(self, code: BadAnswerCode, message: str) -> None:
        super().__init__(f"{code.name}: {message}")
        self.code = code


class BadDocument(FederationError):
    """A trust document that is not taken in; the message is a sentence with cause and remedy."""

    def __init__(self, code: DocumentCode, message: str) -> None:
        super().__init__(f"{code.name}: {message}")
        self.code = code
        self.message = message
