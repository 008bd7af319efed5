"""The desk API's edge: ``node.v1`` messages to use cases and back (proto/node/v1/desk.proto).

Wire types stop here. What a caller got wrong is INVALID_ARGUMENT with a sentence; everything else is a result.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import grpc
import grpc.aio

from federation.status import Purpose
from federation.verdict import Captured
from node.asking import Asker, Enquiry, Result
from node.enquiry import DocumentInput
from node.errors import OperatorError
from node.records import RecordChange
from node.times import rfc3339
from node.v1 import desk_pb2, desk_pb2_grpc

MAX_DOCUMENTS = 10_000


@dataclass(frozen=True, slots=True)
class Report:
    """What became of records or of an import: the JSON document the command prints."""

    json: str
    refused: bool
    workers_restarted: int = 0


@dataclass(frozen=True, slots=True)
class Doors:
    """What the desk leads to."""

    asker: Asker
    status: Callable[[], Awaitable[dict[str, Any]]]
    put_records: Callable[[Sequence[RecordChange]], Awaitable[Report]]
    adopt_import: Callable[[str], Awaitable[Report]]


class DeskServicer(desk_pb2_grpc.DeskServiceServicer):
    """Serves ``node.v1.DeskService`` on the local socket."""

    def __init__(self, doors: Doors, on_fault: Callable[[BaseException], None]) -> None:
        self._doors = doors
        self._on_fault = on_fault

    async def Lookup(  # noqa: N802  # named by the service
        self, request: desk_pb2.LookupRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> desk_pb2.LookupResponse:
        """One result a document, in order."""
        try:
            enquiry = _enquiry(request)
        except ValueError as error:
            await _invalid(context, str(error))
        try:
            results = await self._doors.asker.ask(enquiry)
        except Exception as error:  # noqa: BLE001  # the edge of a call: a fault at home is an answer like any other
            self._on_fault(error)
            results = self._doors.asker.fault(enquiry)
        return desk_pb2.LookupResponse(results=[result_to_wire(result) for result in results])

    async def Status(  # noqa: N802
        self, request: desk_pb2.StatusRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> desk_pb2.StatusResponse:
        """The document `rmas status --json` prints."""
        del request, context
        return desk_pb2.StatusResponse(json=json.dumps(await self._doors.status()))

    async def PutRecords(  # noqa: N802
        self, request: desk_pb2.PutRecordsRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> desk_pb2.PutRecordsResponse:
        """Durable, and served by every live worker, when it returns."""
        changes = [_change(change) for change in request.changes]
        report = await _or_failed(context, self._doors.put_records(changes))
        return desk_pb2.PutRecordsResponse(report_json=report.json, refused=report.refused)

    async def AdoptImport(  # noqa: N802
        self, request: desk_pb2.AdoptImportRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> desk_pb2.AdoptImportResponse:
        """In service, by every live worker, when it returns."""
        report = await _or_failed(context, self._doors.adopt_import(request.staged))
        return desk_pb2.AdoptImportResponse(
            report_json=report.json, refused=report.refused, workers_restarted=report.workers_restarted
        )


def serve(server: grpc.aio.Server, doors: Doors, on_fault: Callable[[BaseException], None]) -> None:
    """Have ``server`` answer ``node.v1.DeskService``."""
    desk_pb2_grpc.add_DeskServiceServicer_to_server(DeskServicer(doors, on_fault), server)


async def _or_failed(context: grpc.aio.ServicerContext[Any, Any], work: Awaitable[Report]) -> Report:
    """What an operator must mend is told in its own sentence; nothing was changed."""
    try:
        return await work
    except OperatorError as error:
        await context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"{error.code}: {error.message}")
        raise AssertionError("unreachable: abort raises") from error


async def _invalid(context: grpc.aio.ServicerContext[Any, Any], sentence: str) -> NoReturn:
    await context.abort(grpc.StatusCode.INVALID_ARGUMENT, sentence)
    raise AssertionError("unreachable: abort raises")


def _enquiry(request: desk_pb2.LookupRequest) -> Enquiry:
    if not 1 <= len(request.documents) <= MAX_DOCUMENTS:
        raise ValueError(f"A lookup takes 1 to {MAX_DOCUMENTS} documents; split it.")
    return Enquiry(
        tuple(_document(document) for document in request.documents),
        _member_of(Purpose, request.purpose or "BORDER_ENTRY", "purpose"),
        _captured(request.captured),
        request.officer,
        request.peer,
        request.deadline_ms,
        request.protect,
    )


def _member_of(kind: type[Purpose], name: str, what: str) -> Purpose:
    try:
        return kind[name]
    except KeyError as error:
        raise ValueError(f"There is no {what} {name[:30]!r}; take one of {', '.join(kind.__members__)}.") from error


def _captured(text: str) -> Captured | None:
    if not text:
        return None
    try:
        return Captured(text)
    except ValueError as error:
        raise ValueError(f"captured is one of {', '.join(Captured)}.") from error


def _document(document: desk_pb2.DocumentInput) -> DocumentInput:
    return DocumentInput(
        tuple(document.mrz),
        document.issuing_state,
        document.document_class,
        document.document_number,
        document.date_of_birth if document.HasField("date_of_birth") else None,
        document.date_of_expiry if document.HasField("date_of_expiry") else None,
        document.id,
    )


def _change(change: desk_pb2.RecordChange) -> RecordChange:
    names = [field.name for field in change.DESCRIPTOR.fields if field.name not in ("list", "action", "source")]
    return RecordChange(
        change.list,
        change.action,
        change.source or "main",
        {name: getattr(change, name) for name in names if getattr(change, name)},
    )


def result_to_wire(result: Result) -> desk_pb2.LookupResult:
    """A result as docs/reference/lookup-json.md has it."""
    answered, failure = result.answered, result.judgement.failure
    outcomes = {kind.name or "": "MATCH" if matched else "NO_MATCH" for kind, matched in answered.outcomes.items()}
    timing = {"total": result.total_us}
    if answered.server_time:
        timing["server"] = answered.server_time * 100
    wire = desk_pb2.LookupResult(
        id=result.id,
        verdict=result.judgement.verdict,
        reason=failure.reason if failure is not None else "",
        code=_code(failure.code) if failure is not None else "",
        advice=result.advice,
        message=result.message,
        outcomes=outcomes,
        responder=answered.responder,
        data_as_of={name: rfc3339(ms) for name, ms in answered.as_of.items()},
        stale=sorted(answered.stale),
        expired=result.expired,
        answered_at=rfc3339(answered.answered_at) if answered.answered_at else "",
        request_digest=answered.request_digest.hex(),
        case_number=result.case,
        test=result.test,
        timing_us=timing,
    )
    if result.problem is not None:
        problem = result.problem
        wire.mrz_problem.CopyFrom(
            desk_pb2.MrzProblem(field=problem.field, code=problem.code, readings=problem.readings)
        )
    return wire


def _code(code: Any) -> str:
    return code.name if code is not None else ""
