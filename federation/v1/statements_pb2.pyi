from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class OpenSessionStatement(_message.Message):
    __slots__ = ("protocol_versions", "caller", "responder", "nonce", "caller_tls_leaf", "issued_at", "not_after", "charter_version", "charter_digest", "versions_digest")
    PROTOCOL_VERSIONS_FIELD_NUMBER: _ClassVar[int]
    CALLER_FIELD_NUMBER: _ClassVar[int]
    RESPONDER_FIELD_NUMBER: _ClassVar[int]
    NONCE_FIELD_NUMBER: _ClassVar[int]
    CALLER_TLS_LEAF_FIELD_NUMBER: _ClassVar[int]
    ISSUED_AT_FIELD_NUMBER: _ClassVar[int]
    NOT_AFTER_FIELD_NUMBER: _ClassVar[int]
    CHARTER_VERSION_FIELD_NUMBER: _ClassVar[int]
    CHARTER_DIGEST_FIELD_NUMBER: _ClassVar[int]
    VERSIONS_DIGEST_FIELD_NUMBER: _ClassVar[int]
    protocol_versions: _containers.RepeatedScalarFieldContainer[int]
    caller: str
    responder: str
    nonce: bytes
    caller_tls_leaf: bytes
    issued_at: int
    not_after: int
    charter_version: int
    charter_digest: bytes
    versions_digest: bytes
    def __init__(self, protocol_versions: _Optional[_Iterable[int]] = ..., caller: _Optional[str] = ..., responder: _Optional[str] = ..., nonce: _Optional[bytes] = ..., caller_tls_leaf: _Optional[bytes] = ..., issued_at: _Optional[int] = ..., not_after: _Optional[int] = ..., charter_version: _Optional[int] = ..., charter_digest: _Optional[bytes] = ..., versions_digest: _Optional[bytes] = ...) -> None: ...

class OpenSessionAnswer(_message.Message):
    __slots__ = ("request_digest", "responder", "caller", "session_id", "protocol_version", "answered_at", "charter_version", "charter_digest", "versions_digest", "max_questions", "max_message_octets", "idle_seconds", "refusal", "retry_after")
    REQUEST_DIGEST_FIELD_NUMBER: _ClassVar[int]
    RESPONDER_FIELD_NUMBER: _ClassVar[int]
    CALLER_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_VERSION_FIELD_NUMBER: _ClassVar[int]
    ANSWERED_AT_FIELD_NUMBER: _ClassVar[int]
    CHARTER_VERSION_FIELD_NUMBER: _ClassVar[int]
    CHARTER_DIGEST_FIELD_NUMBER: _ClassVar[int]
    VERSIONS_DIGEST_FIELD_NUMBER: _ClassVar[int]
    MAX_QUESTIONS_FIELD_NUMBER: _ClassVar[int]
    MAX_MESSAGE_OCTETS_FIELD_NUMBER: _ClassVar[int]
    IDLE_SECONDS_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    RETRY_AFTER_FIELD_NUMBER: _ClassVar[int]
    request_digest: bytes
    responder: str
    caller: str
    session_id: bytes
    protocol_version: int
    answered_at: int
    charter_version: int
    charter_digest: bytes
    versions_digest: bytes
    max_questions: int
    max_message_octets: int
    idle_seconds: int
    refusal: int
    retry_after: int
    def __init__(self, request_digest: _Optional[bytes] = ..., responder: _Optional[str] = ..., caller: _Optional[str] = ..., session_id: _Optional[bytes] = ..., protocol_version: _Optional[int] = ..., answered_at: _Optional[int] = ..., charter_version: _Optional[int] = ..., charter_digest: _Optional[bytes] = ..., versions_digest: _Optional[bytes] = ..., max_questions: _Optional[int] = ..., max_message_octets: _Optional[int] = ..., idle_seconds: _Optional[int] = ..., refusal: _Optional[int] = ..., retry_after: _Optional[int] = ...) -> None: ...

class LookupStatement(_message.Message):
    __slots__ = ("protocol_version", "method", "caller", "responder", "session_id", "sequence", "issued_at", "not_after", "purpose", "caller_tls_leaf", "charter_version", "charter_digest", "versions_digest", "question_digests")
    PROTOCOL_VERSION_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    CALLER_FIELD_NUMBER: _ClassVar[int]
    RESPONDER_FIELD_NUMBER: _ClassVar[int]
    SESSION_ID_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    ISSUED_AT_FIELD_NUMBER: _ClassVar[int]
    NOT_AFTER_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    CALLER_TLS_LEAF_FIELD_NUMBER: _ClassVar[int]
    CHARTER_VERSION_FIELD_NUMBER: _ClassVar[int]
    CHARTER_DIGEST_FIELD_NUMBER: _ClassVar[int]
    VERSIONS_DIGEST_FIELD_NUMBER: _ClassVar[int]
    QUESTION_DIGESTS_FIELD_NUMBER: _ClassVar[int]
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
    charter_version: int
    charter_digest: bytes
    versions_digest: bytes
    question_digests: bytes
    def __init__(self, protocol_version: _Optional[int] = ..., method: _Optional[str] = ..., caller: _Optional[str] = ..., responder: _Optional[str] = ..., session_id: _Optional[bytes] = ..., sequence: _Optional[int] = ..., issued_at: _Optional[int] = ..., not_after: _Optional[int] = ..., purpose: _Optional[int] = ..., caller_tls_leaf: _Optional[bytes] = ..., charter_version: _Optional[int] = ..., charter_digest: _Optional[bytes] = ..., versions_digest: _Optional[bytes] = ..., question_digests: _Optional[bytes] = ...) -> None: ...

class LookupAnswer(_message.Message):
    __slots__ = ("request_digest", "responder", "caller", "answered_at", "reported_as_of", "issued_as_of", "outcomes", "server_time", "refusal", "retry_after", "causes")
    REQUEST_DIGEST_FIELD_NUMBER: _ClassVar[int]
    RESPONDER_FIELD_NUMBER: _ClassVar[int]
    CALLER_FIELD_NUMBER: _ClassVar[int]
    ANSWERED_AT_FIELD_NUMBER: _ClassVar[int]
    REPORTED_AS_OF_FIELD_NUMBER: _ClassVar[int]
    ISSUED_AS_OF_FIELD_NUMBER: _ClassVar[int]
    OUTCOMES_FIELD_NUMBER: _ClassVar[int]
    SERVER_TIME_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    RETRY_AFTER_FIELD_NUMBER: _ClassVar[int]
    CAUSES_FIELD_NUMBER: _ClassVar[int]
    request_digest: bytes
    responder: str
    caller: str
    answered_at: int
    reported_as_of: int
    issued_as_of: int
    outcomes: bytes
    server_time: int
    refusal: int
    retry_after: int
    causes: bytes
    def __init__(self, request_digest: _Optional[bytes] = ..., responder: _Optional[str] = ..., caller: _Optional[str] = ..., answered_at: _Optional[int] = ..., reported_as_of: _Optional[int] = ..., issued_as_of: _Optional[int] = ..., outcomes: _Optional[bytes] = ..., server_time: _Optional[int] = ..., refusal: _Optional[int] = ..., retry_after: _Optional[int] = ..., causes: _Optional[bytes] = ...) -> None: ...
