"""Speaking to this economy's own node over its Unix socket."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import grpc
from google.protobuf.message import Message

from federation.verdict import Advice, Verdict
from node.desk_messages import DeskLookup, DeskResult
from node.enquiry import DocumentInput, Problem
from node.errors import NodeDown, OperatorError
from node.v1 import desk_pb2

if TYPE_CHECKING:
    # Only named here: it stands among the store's parts, which a lookup need not wait for.
    from node.records import RecordChange

_OPTIONS = (
    ("grpc.enable_retries", 0),
    ("grpc.enable_http_proxy", 0),
    ("grpc.max_receive_message_length", 64 << 20),
    # No connection is shared or kept: the next desk may go by the same address (see `socket_address`) and be another's.
    ("grpc.use_local_subchannel_pool", 1),
)

_Response = TypeVar("_Response", bound=Message)


class Desk:
    """The calls of node.v1.DeskService, as proto/node/v1/desk.proto describes them.

    Each raises NodeDown when nobody answers within ``timeout`` seconds or the node fails on the request, and
    OperatorError when there is something to mend: INVALID_REQUEST for a request that is ill-formed, else the node's code.
    """

    def __init__(self, channel: grpc.Channel, path: Path) -> None:
        self._channel = channel
        self._path = path

    def lookup(self, documents: Sequence[DocumentInput], how: DeskLookup, timeout: float) -> tuple[DeskResult, ...]:
        """One result a document, in order; what could not be answered is a verdict, not an error."""
        request = desk_pb2.LookupRequest(
            documents=[_document(document) for document in documents],
            purpose=how.purpose,
            captured=how.captured,
            officer=how.officer,
            peer=how.peer,
            deadline_ms=how.deadline_ms,
            protect=how.protect,
        )
        results = self._call("Lookup", request, desk_pb2.LookupResponse, timeout).results
        if len(results) != len(documents):
            raise NodeDown("DESK_FAULT", "The node answered for another number of documents than it was asked about.")
        return tuple(_result(result) for result in results)

    def status(self, timeout: float = 5) -> dict[str, Any]:
        """What the node is doing: the document `rmas status --json` prints."""
        return _parsed(self._call("Status", desk_pb2.StatusRequest(), desk_pb2.StatusResponse, timeout).json)

    def put_records(self, changes: Sequence[RecordChange], timeout: float = 30) -> dict[str, Any]:
        """Change single records; durable and served when it returns. The report, as commands print it."""
        request = desk_pb2.PutRecordsRequest(
            changes=[
                desk_pb2.RecordChange(list=one.list_name, action=one.action, source=one.source, **one.fields)
                for one in changes
            ]
        )
        return _parsed(self._call("PutRecords", request, desk_pb2.PutRecordsResponse, timeout).report_json)

    def adopt_import(self, staged: str, timeout: float = 600) -> dict[str, Any]:
        """Put a staged import into service; every live worker serves it when it returns. The report."""
        request = desk_pb2.AdoptImportRequest(staged=staged)
        return _parsed(self._call("AdoptImport", request, desk_pb2.AdoptImportResponse, timeout).report_json)

    def _call(self, method: str, request: Message, response: type[_Response], timeout: float) -> _Response:
        call: grpc.UnaryUnaryMultiCallable[Message, _Response] = self._channel.unary_unary(
            f"/node.v1.DeskService/{method}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=response.FromString,
        )
        try:
            return call(request, timeout=timeout)
        except grpc.RpcError as error:
            raise _translate(self._path, error) from None


@contextmanager
def socket_address(path: Path) -> Iterator[str]:
    """An address by which gRPC reaches the socket at ``path``, however long that path is.

    The kernel takes at most 107 bytes. While the context lasts, this process holds the socket's directory open and
    names it through /proc/self/fd, which is short and, unlike a symbolic link in /tmp, nobody else's to change.
    Raises OperatorError SOCKET_PATH when the socket's own name is too long, NodeDown when its directory is missing.
    """
    if len(os.fsencode(path.name)) > 80:
        message = f"The name of the desk socket has {len(os.fsencode(path.name))} bytes; shorten `desk.socket` to 80."
        raise OperatorError("SOCKET_PATH", message)
    try:
        directory = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    except OSError as error:
        raise _down(path, error.strerror or "it cannot be opened") from None
    try:
        yield f"unix:/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)


@contextmanager
def connect(path: Path) -> Iterator[Desk]:
    """The desk behind the socket at ``path``.

    Raises NodeDown when there is no socket, OperatorError DESK_REFUSED when this user may not write to it.
    """
    if not path.exists():
        raise _down(path, "there is no such socket")
    if not os.access(path, os.W_OK):
        message = f"This user may not write to {path}; run as the node's user, or see `desk.mode`."
        raise OperatorError("DESK_REFUSED", message)
    with socket_address(path) as address, grpc.insecure_channel(address, options=_OPTIONS) as channel:
        yield Desk(channel, path)


def _parsed(text: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(text)
    return document


def _document(document: DocumentInput) -> desk_pb2.DocumentInput:
    return desk_pb2.DocumentInput(
        id=document.id,
        mrz=document.mrz,
        issuing_state=document.issuing_state,
        document_class=document.document_class,
        document_number=document.document_number,
        date_of_birth=document.date_of_birth,
        date_of_expiry=document.date_of_expiry,
    )


def _result(wire: desk_pb2.LookupResult) -> DeskResult:
    problem = wire.mrz_problem
    return DeskResult(
        verdict=Verdict(wire.verdict),
        advice=Advice(wire.advice),
        message=wire.message,
        id=wire.id,
        reason=wire.reason,
        code=wire.code,
        outcomes=dict(wire.outcomes),
        responder=wire.responder,
        data_as_of=dict(wire.data_as_of),
        stale=tuple(wire.stale),
        expired=wire.expired,
        answered_at=wire.answered_at,
        request_digest=wire.request_digest,
        case=wire.case_number,
        test=wire.test,
        timing_us=dict(wire.timing_us),
        problem=Problem(problem.field, problem.code, tuple(problem.readings)) if wire.HasField("mrz_problem") else None,
    )


def _translate(path: Path, error: Exception) -> OperatorError:
    # grpc raises objects that are both RpcError and Call, which its type stubs do not know.
    code, details = error.code(), error.details() or ""  # type: ignore[attr-defined]
    if code is grpc.StatusCode.UNAVAILABLE:
        return _down(path, "nobody answers there")
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return _down(path, "it did not answer in time")
    if code is grpc.StatusCode.FAILED_PRECONDITION and ": " in details:
        # The node's own words on what its operator must mend: code, colon, sentence.
        return OperatorError(*details.split(": ", 1))
    if code is grpc.StatusCode.INVALID_ARGUMENT:
        return OperatorError("INVALID_REQUEST", details or "The node refused the request as ill-formed.")
    if code is grpc.StatusCode.FAILED_PRECONDITION:
        cause, _, message = (details or "").partition(": ")
        return OperatorError(cause, message)
    return NodeDown("DESK_FAULT", f"The node failed on this request ({code.name}); its log says more.")


def _down(path: Path, cause: str) -> NodeDown:
    home = path.parent.parent if path.parent.name == "run" else "its directory"
    message = f"This economy's own node does not answer on {path}: {cause}; start it with `rmas serve -C {home}`."
    return NodeDown("NODE_DOWN", message)
