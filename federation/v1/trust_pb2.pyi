from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Signature(_message.Message):
    __slots__ = ("key_id", "signature")
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    key_id: bytes
    signature: bytes
    def __init__(self, key_id: _Optional[bytes] = ..., signature: _Optional[bytes] = ...) -> None: ...

class SignedDocument(_message.Message):
    __slots__ = ("payload_type", "payload", "signatures")
    PAYLOAD_TYPE_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    SIGNATURES_FIELD_NUMBER: _ClassVar[int]
    payload_type: str
    payload: bytes
    signatures: _containers.RepeatedCompositeFieldContainer[Signature]
    def __init__(self, payload_type: _Optional[str] = ..., payload: _Optional[bytes] = ..., signatures: _Optional[_Iterable[_Union[Signature, _Mapping]]] = ...) -> None: ...

class CharterStatement(_message.Message):
    __slots__ = ("federation", "version", "previous", "proposed_at", "votes_numerator", "votes_denominator", "members", "routes")
    FEDERATION_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    PREVIOUS_FIELD_NUMBER: _ClassVar[int]
    PROPOSED_AT_FIELD_NUMBER: _ClassVar[int]
    VOTES_NUMERATOR_FIELD_NUMBER: _ClassVar[int]
    VOTES_DENOMINATOR_FIELD_NUMBER: _ClassVar[int]
    MEMBERS_FIELD_NUMBER: _ClassVar[int]
    ROUTES_FIELD_NUMBER: _ClassVar[int]
    federation: str
    version: int
    previous: _containers.RepeatedScalarFieldContainer[bytes]
    proposed_at: int
    votes_numerator: int
    votes_denominator: int
    members: _containers.RepeatedCompositeFieldContainer[CharterMember]
    routes: _containers.RepeatedCompositeFieldContainer[CharterRoute]
    def __init__(self, federation: _Optional[str] = ..., version: _Optional[int] = ..., previous: _Optional[_Iterable[bytes]] = ..., proposed_at: _Optional[int] = ..., votes_numerator: _Optional[int] = ..., votes_denominator: _Optional[int] = ..., members: _Optional[_Iterable[_Union[CharterMember, _Mapping]]] = ..., routes: _Optional[_Iterable[_Union[CharterRoute, _Mapping]]] = ...) -> None: ...

class CharterMember(_message.Message):
    __slots__ = ("economy", "root_keys", "signatures_needed")
    ECONOMY_FIELD_NUMBER: _ClassVar[int]
    ROOT_KEYS_FIELD_NUMBER: _ClassVar[int]
    SIGNATURES_NEEDED_FIELD_NUMBER: _ClassVar[int]
    economy: str
    root_keys: _containers.RepeatedScalarFieldContainer[bytes]
    signatures_needed: int
    def __init__(self, economy: _Optional[str] = ..., root_keys: _Optional[_Iterable[bytes]] = ..., signatures_needed: _Optional[int] = ...) -> None: ...

class CharterRoute(_message.Message):
    __slots__ = ("issuing_state", "document_class", "pattern", "economy")
    ISSUING_STATE_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_CLASS_FIELD_NUMBER: _ClassVar[int]
    PATTERN_FIELD_NUMBER: _ClassVar[int]
    ECONOMY_FIELD_NUMBER: _ClassVar[int]
    issuing_state: str
    document_class: str
    pattern: str
    economy: str
    def __init__(self, issuing_state: _Optional[str] = ..., document_class: _Optional[str] = ..., pattern: _Optional[str] = ..., economy: _Optional[str] = ...) -> None: ...

class SuspensionStatement(_message.Message):
    __slots__ = ("federation", "charter_version", "charter_digest", "economy", "starts_at", "by")
    FEDERATION_FIELD_NUMBER: _ClassVar[int]
    CHARTER_VERSION_FIELD_NUMBER: _ClassVar[int]
    CHARTER_DIGEST_FIELD_NUMBER: _ClassVar[int]
    ECONOMY_FIELD_NUMBER: _ClassVar[int]
    STARTS_AT_FIELD_NUMBER: _ClassVar[int]
    BY_FIELD_NUMBER: _ClassVar[int]
    federation: str
    charter_version: int
    charter_digest: bytes
    economy: str
    starts_at: int
    by: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, federation: _Optional[str] = ..., charter_version: _Optional[int] = ..., charter_digest: _Optional[bytes] = ..., economy: _Optional[str] = ..., starts_at: _Optional[int] = ..., by: _Optional[_Iterable[str]] = ...) -> None: ...

class WithdrawalStatement(_message.Message):
    __slots__ = ("federation", "charter_version", "charter_digest", "economy", "signed_at")
    FEDERATION_FIELD_NUMBER: _ClassVar[int]
    CHARTER_VERSION_FIELD_NUMBER: _ClassVar[int]
    CHARTER_DIGEST_FIELD_NUMBER: _ClassVar[int]
    ECONOMY_FIELD_NUMBER: _ClassVar[int]
    SIGNED_AT_FIELD_NUMBER: _ClassVar[int]
    federation: str
    charter_version: int
    charter_digest: bytes
    economy: str
    signed_at: int
    def __init__(self, federation: _Optional[str] = ..., charter_version: _Optional[int] = ..., charter_digest: _Optional[bytes] = ..., economy: _Optional[str] = ..., signed_at: _Optional[int] = ...) -> None: ...

class EntryStatement(_message.Message):
    __slots__ = ("federation", "economy", "number", "issued_at", "cas", "log_key", "witness_key", "coverage", "contacts")
    FEDERATION_FIELD_NUMBER: _ClassVar[int]
    ECONOMY_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    ISSUED_AT_FIELD_NUMBER: _ClassVar[int]
    CAS_FIELD_NUMBER: _ClassVar[int]
    LOG_KEY_FIELD_NUMBER: _ClassVar[int]
    WITNESS_KEY_FIELD_NUMBER: _ClassVar[int]
    COVERAGE_FIELD_NUMBER: _ClassVar[int]
    CONTACTS_FIELD_NUMBER: _ClassVar[int]
    federation: str
    economy: str
    number: int
    issued_at: int
    cas: _containers.RepeatedCompositeFieldContainer[EntryCa]
    log_key: bytes
    witness_key: bytes
    coverage: _containers.RepeatedCompositeFieldContainer[EntryCoverage]
    contacts: _containers.RepeatedCompositeFieldContainer[EntryContact]
    def __init__(self, federation: _Optional[str] = ..., economy: _Optional[str] = ..., number: _Optional[int] = ..., issued_at: _Optional[int] = ..., cas: _Optional[_Iterable[_Union[EntryCa, _Mapping]]] = ..., log_key: _Optional[bytes] = ..., witness_key: _Optional[bytes] = ..., coverage: _Optional[_Iterable[_Union[EntryCoverage, _Mapping]]] = ..., contacts: _Optional[_Iterable[_Union[EntryContact, _Mapping]]] = ...) -> None: ...

class EntryCa(_message.Message):
    __slots__ = ("certificate", "phase")
    CERTIFICATE_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    certificate: bytes
    phase: str
    def __init__(self, certificate: _Optional[bytes] = ..., phase: _Optional[str] = ...) -> None: ...

class EntryCoverage(_message.Message):
    __slots__ = ("issuing_state", "document_class", "kinds", "expiry_from")
    ISSUING_STATE_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_CLASS_FIELD_NUMBER: _ClassVar[int]
    KINDS_FIELD_NUMBER: _ClassVar[int]
    EXPIRY_FROM_FIELD_NUMBER: _ClassVar[int]
    issuing_state: str
    document_class: str
    kinds: int
    expiry_from: str
    def __init__(self, issuing_state: _Optional[str] = ..., document_class: _Optional[str] = ..., kinds: _Optional[int] = ..., expiry_from: _Optional[str] = ...) -> None: ...

class EntryContact(_message.Message):
    __slots__ = ("desk", "telephone", "email", "hours", "time_zone", "languages", "deputy")
    DESK_FIELD_NUMBER: _ClassVar[int]
    TELEPHONE_FIELD_NUMBER: _ClassVar[int]
    EMAIL_FIELD_NUMBER: _ClassVar[int]
    HOURS_FIELD_NUMBER: _ClassVar[int]
    TIME_ZONE_FIELD_NUMBER: _ClassVar[int]
    LANGUAGES_FIELD_NUMBER: _ClassVar[int]
    DEPUTY_FIELD_NUMBER: _ClassVar[int]
    desk: str
    telephone: str
    email: str
    hours: str
    time_zone: str
    languages: _containers.RepeatedScalarFieldContainer[str]
    deputy: str
    def __init__(self, desk: _Optional[str] = ..., telephone: _Optional[str] = ..., email: _Optional[str] = ..., hours: _Optional[str] = ..., time_zone: _Optional[str] = ..., languages: _Optional[_Iterable[str]] = ..., deputy: _Optional[str] = ...) -> None: ...

class NoticeStatement(_message.Message):
    __slots__ = ("node", "number", "issued_at", "endpoints", "roles", "maintenance", "refresh_seconds")
    NODE_FIELD_NUMBER: _ClassVar[int]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    ISSUED_AT_FIELD_NUMBER: _ClassVar[int]
    ENDPOINTS_FIELD_NUMBER: _ClassVar[int]
    ROLES_FIELD_NUMBER: _ClassVar[int]
    MAINTENANCE_FIELD_NUMBER: _ClassVar[int]
    REFRESH_SECONDS_FIELD_NUMBER: _ClassVar[int]
    node: str
    number: int
    issued_at: int
    endpoints: _containers.RepeatedCompositeFieldContainer[NoticeEndpoint]
    roles: _containers.RepeatedScalarFieldContainer[str]
    maintenance: _containers.RepeatedCompositeFieldContainer[NoticeMaintenance]
    refresh_seconds: int
    def __init__(self, node: _Optional[str] = ..., number: _Optional[int] = ..., issued_at: _Optional[int] = ..., endpoints: _Optional[_Iterable[_Union[NoticeEndpoint, _Mapping]]] = ..., roles: _Optional[_Iterable[str]] = ..., maintenance: _Optional[_Iterable[_Union[NoticeMaintenance, _Mapping]]] = ..., refresh_seconds: _Optional[int] = ...) -> None: ...

class NoticeEndpoint(_message.Message):
    __slots__ = ("address", "network", "priority")
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    NETWORK_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    address: str
    network: str
    priority: int
    def __init__(self, address: _Optional[str] = ..., network: _Optional[str] = ..., priority: _Optional[int] = ...) -> None: ...

class NoticeMaintenance(_message.Message):
    __slots__ = ("starts_at", "ends_at")
    STARTS_AT_FIELD_NUMBER: _ClassVar[int]
    ENDS_AT_FIELD_NUMBER: _ClassVar[int]
    starts_at: int
    ends_at: int
    def __init__(self, starts_at: _Optional[int] = ..., ends_at: _Optional[int] = ...) -> None: ...

class TrustBundle(_message.Message):
    __slots__ = ("documents", "notices", "crls")
    DOCUMENTS_FIELD_NUMBER: _ClassVar[int]
    NOTICES_FIELD_NUMBER: _ClassVar[int]
    CRLS_FIELD_NUMBER: _ClassVar[int]
    documents: _containers.RepeatedScalarFieldContainer[bytes]
    notices: _containers.RepeatedScalarFieldContainer[bytes]
    crls: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, documents: _Optional[_Iterable[bytes]] = ..., notices: _Optional[_Iterable[bytes]] = ..., crls: _Optional[_Iterable[bytes]] = ...) -> None: ...
