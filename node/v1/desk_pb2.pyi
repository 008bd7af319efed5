from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DocumentInput(_message.Message):
    __slots__ = ("id", "mrz", "issuing_state", "document_class", "document_number", "date_of_birth", "date_of_expiry")
    ID_FIELD_NUMBER: _ClassVar[int]
    MRZ_FIELD_NUMBER: _ClassVar[int]
    ISSUING_STATE_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_CLASS_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_NUMBER_FIELD_NUMBER: _ClassVar[int]
    DATE_OF_BIRTH_FIELD_NUMBER: _ClassVar[int]
    DATE_OF_EXPIRY_FIELD_NUMBER: _ClassVar[int]
    id: str
    mrz: _containers.RepeatedScalarFieldContainer[str]
    issuing_state: str
    document_class: str
    document_number: str
    date_of_birth: str
    date_of_expiry: str
    def __init__(self, id: _Optional[str] = ..., mrz: _Optional[_Iterable[str]] = ..., issuing_state: _Optional[str] = ..., document_class: _Optional[str] = ..., document_number: _Optional[str] = ..., date_of_birth: _Optional[str] = ..., date_of_expiry: _Optional[str] = ...) -> None: ...

class LookupRequest(_message.Message):
    __slots__ = ("documents", "purpose", "captured", "officer", "peer", "deadline_ms", "protect")
    DOCUMENTS_FIELD_NUMBER: _ClassVar[int]
    PURPOSE_FIELD_NUMBER: _ClassVar[int]
    CAPTURED_FIELD_NUMBER: _ClassVar[int]
    OFFICER_FIELD_NUMBER: _ClassVar[int]
    PEER_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_MS_FIELD_NUMBER: _ClassVar[int]
    PROTECT_FIELD_NUMBER: _ClassVar[int]
    documents: _containers.RepeatedCompositeFieldContainer[DocumentInput]
    purpose: str
    captured: str
    officer: str
    peer: str
    deadline_ms: int
    protect: bool
    def __init__(self, documents: _Optional[_Iterable[_Union[DocumentInput, _Mapping]]] = ..., purpose: _Optional[str] = ..., captured: _Optional[str] = ..., officer: _Optional[str] = ..., peer: _Optional[str] = ..., deadline_ms: _Optional[int] = ..., protect: _Optional[bool] = ...) -> None: ...

class LookupResponse(_message.Message):
    __slots__ = ("results",)
    RESULTS_FIELD_NUMBER: _ClassVar[int]
    results: _containers.RepeatedCompositeFieldContainer[LookupResult]
    def __init__(self, results: _Optional[_Iterable[_Union[LookupResult, _Mapping]]] = ...) -> None: ...

class LookupResult(_message.Message):
    __slots__ = ("id", "verdict", "reason", "code", "advice", "message", "outcomes", "responder", "data_as_of", "stale", "expired", "answered_at", "request_digest", "case_number", "test", "timing_us", "mrz_problem")
    class OutcomesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class DataAsOfEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class TimingUsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    VERDICT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    ADVICE_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    OUTCOMES_FIELD_NUMBER: _ClassVar[int]
    RESPONDER_FIELD_NUMBER: _ClassVar[int]
    DATA_AS_OF_FIELD_NUMBER: _ClassVar[int]
    STALE_FIELD_NUMBER: _ClassVar[int]
    EXPIRED_FIELD_NUMBER: _ClassVar[int]
    ANSWERED_AT_FIELD_NUMBER: _ClassVar[int]
    REQUEST_DIGEST_FIELD_NUMBER: _ClassVar[int]
    CASE_NUMBER_FIELD_NUMBER: _ClassVar[int]
    TEST_FIELD_NUMBER: _ClassVar[int]
    TIMING_US_FIELD_NUMBER: _ClassVar[int]
    MRZ_PROBLEM_FIELD_NUMBER: _ClassVar[int]
    id: str
    verdict: str
    reason: str
    code: str
    advice: str
    message: str
    outcomes: _containers.ScalarMap[str, str]
    responder: str
    data_as_of: _containers.ScalarMap[str, str]
    stale: _containers.RepeatedScalarFieldContainer[str]
    expired: bool
    answered_at: str
    request_digest: str
    case_number: str
    test: bool
    timing_us: _containers.ScalarMap[str, int]
    mrz_problem: MrzProblem
    def __init__(self, id: _Optional[str] = ..., verdict: _Optional[str] = ..., reason: _Optional[str] = ..., code: _Optional[str] = ..., advice: _Optional[str] = ..., message: _Optional[str] = ..., outcomes: _Optional[_Mapping[str, str]] = ..., responder: _Optional[str] = ..., data_as_of: _Optional[_Mapping[str, str]] = ..., stale: _Optional[_Iterable[str]] = ..., expired: _Optional[bool] = ..., answered_at: _Optional[str] = ..., request_digest: _Optional[str] = ..., case_number: _Optional[str] = ..., test: _Optional[bool] = ..., timing_us: _Optional[_Mapping[str, int]] = ..., mrz_problem: _Optional[_Union[MrzProblem, _Mapping]] = ...) -> None: ...

class MrzProblem(_message.Message):
    __slots__ = ("field", "code", "readings")
    FIELD_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    READINGS_FIELD_NUMBER: _ClassVar[int]
    field: str
    code: str
    readings: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, field: _Optional[str] = ..., code: _Optional[str] = ..., readings: _Optional[_Iterable[str]] = ...) -> None: ...

class StatusRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class StatusResponse(_message.Message):
    __slots__ = ("json",)
    JSON_FIELD_NUMBER: _ClassVar[int]
    json: str
    def __init__(self, json: _Optional[str] = ...) -> None: ...

class RecordChange(_message.Message):
    __slots__ = ("list", "action", "source", "reference", "issuing_state", "document_class", "document_number", "number_to", "status", "reported_on", "date_of_birth", "date_of_expiry", "reason")
    LIST_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    REFERENCE_FIELD_NUMBER: _ClassVar[int]
    ISSUING_STATE_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_CLASS_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_NUMBER_FIELD_NUMBER: _ClassVar[int]
    NUMBER_TO_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    REPORTED_ON_FIELD_NUMBER: _ClassVar[int]
    DATE_OF_BIRTH_FIELD_NUMBER: _ClassVar[int]
    DATE_OF_EXPIRY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    list: str
    action: str
    source: str
    reference: str
    issuing_state: str
    document_class: str
    document_number: str
    number_to: str
    status: str
    reported_on: str
    date_of_birth: str
    date_of_expiry: str
    reason: str
    def __init__(self, list: _Optional[str] = ..., action: _Optional[str] = ..., source: _Optional[str] = ..., reference: _Optional[str] = ..., issuing_state: _Optional[str] = ..., document_class: _Optional[str] = ..., document_number: _Optional[str] = ..., number_to: _Optional[str] = ..., status: _Optional[str] = ..., reported_on: _Optional[str] = ..., date_of_birth: _Optional[str] = ..., date_of_expiry: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class PutRecordsRequest(_message.Message):
    __slots__ = ("changes",)
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    changes: _containers.RepeatedCompositeFieldContainer[RecordChange]
    def __init__(self, changes: _Optional[_Iterable[_Union[RecordChange, _Mapping]]] = ...) -> None: ...

class PutRecordsResponse(_message.Message):
    __slots__ = ("report_json", "refused")
    REPORT_JSON_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    report_json: str
    refused: bool
    def __init__(self, report_json: _Optional[str] = ..., refused: _Optional[bool] = ...) -> None: ...

class AdoptImportRequest(_message.Message):
    __slots__ = ("staged",)
    STAGED_FIELD_NUMBER: _ClassVar[int]
    staged: str
    def __init__(self, staged: _Optional[str] = ...) -> None: ...

class AdoptImportResponse(_message.Message):
    __slots__ = ("report_json", "refused", "workers_restarted")
    REPORT_JSON_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    WORKERS_RESTARTED_FIELD_NUMBER: _ClassVar[int]
    report_json: str
    refused: bool
    workers_restarted: int
    def __init__(self, report_json: _Optional[str] = ..., refused: _Optional[bool] = ..., workers_restarted: _Optional[int] = ...) -> None: ...
