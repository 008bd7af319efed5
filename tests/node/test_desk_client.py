from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest

from node import desk_client
from node.desk_messages import DeskLookup
from node.enquiry import DocumentInput
from node.errors import NodeDown, OperatorError
from node.records import RecordChange
from node.v1 import desk_pb2, desk_pb2_grpc

DOCUMENT = DocumentInput(document_number="N7654321")


class Servicer(desk_pb2_grpc.DeskServiceServicer):
    def __init__(self, status: str = "{}") -> None:
        self._status = status

    def Status(  # noqa: N802  named by the service
        self, request: desk_pb2.StatusRequest, context: grpc.ServicerContext
    ) -> desk_pb2.StatusResponse:
        del request, context
        return desk_pb2.StatusResponse(json=self._status)

    def Lookup(  # noqa: N802
        self, request: desk_pb2.LookupRequest, context: grpc.ServicerContext
    ) -> desk_pb2.LookupResponse:
        if request.peer == "few":
            return desk_pb2.LookupResponse()
        if request.purpose:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "There is no such purpose.")
        raise RuntimeError(request.documents[0].document_number)

    def PutRecords(  # noqa: N802
        self, request: desk_pb2.PutRecordsRequest, context: grpc.ServicerContext
    ) -> desk_pb2.PutRecordsResponse:
        (change,) = request.changes
        if change.document_number == "full":
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "STORE_FULL: There is no room: free some.")
        return desk_pb2.PutRecordsResponse(report_json=f'{{"{change.source}": "{change.reference}"}}')

    def AdoptImport(  # noqa: N802
        self, request: desk_pb2.AdoptImportRequest, context: grpc.ServicerContext
    ) -> desk_pb2.AdoptImportResponse:
        raise NotImplementedError


@contextmanager
def serving(path: Path, status: str = "{}") -> Iterator[None]:
    server = grpc.server(futures.ThreadPoolExecutor(2))
    desk_pb2_grpc.add_DeskServiceServicer_to_server(Servicer(status), server)
    with desk_client.socket_address(path) as address:
        server.add_insecure_port(address)
        server.start()
        try:
            yield
        finally:
            server.stop(None).wait()


@pytest.mark.parametrize("length", [0, 150])
def test_a_socket_is_reached_however_long_its_path(tmp_path: Path, length: int) -> None:
    """The kernel takes 107 octets of path; nodes lie where their operators put them."""
    directory = tmp_path / ("d" * length)
    directory.mkdir(exist_ok=True)
    path = directory / "desk.sock"
    with serving(path), desk_client.connect(path) as desk:
        assert desk.status() == {}


def test_who_speaks_to_two_desks_hears_each_from_itself(tmp_path: Path) -> None:
    """One after the other, both may go by the same address: it names a descriptor, and those are given out again."""
    paths = {name: tmp_path / name / "desk.sock" for name in ("nzl", "aus")}
    for path in paths.values():
        path.parent.mkdir()
    with serving(paths["nzl"], '{"economy": "nzl"}'), serving(paths["aus"], '{"economy": "aus"}'):
        for _ in range(50):
            for name, path in paths.items():
                with desk_client.connect(path) as desk:
                    assert desk.status() == {"economy": name}


def test_a_name_of_the_socket_itself_that_is_too_long_is_told_so(tmp_path: Path) -> None:
    with (
        pytest.raises(OperatorError) as caught,
        desk_client.socket_address(tmp_path / ("s" * 81)),
    ):
        pass
    assert caught.value.code == "SOCKET_PATH"


def test_no_socket_and_nobody_behind_it_are_a_node_that_is_down(tmp_path: Path) -> None:
    path = tmp_path / "run" / "desk.sock"
    with pytest.raises(NodeDown, match="there is no such socket"), desk_client.connect(path):
        pass
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX) as left, desk_client.socket_address(path) as address:
        left.bind(address.removeprefix("unix:"))
    with pytest.raises(NodeDown, match="nobody answers") as caught, desk_client.connect(path) as desk:
        desk.status()
    assert f"rmas serve -C {tmp_path}" in caught.value.message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to every socket")
def test_a_socket_of_somebody_else_is_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "desk.sock"
    path.touch(mode=0o400)
    with pytest.raises(OperatorError) as caught, desk_client.connect(path):
        pass
    assert caught.value.code == "DESK_REFUSED"


def test_what_the_node_calls_ill_formed_is_passed_on_in_its_words(tmp_path: Path) -> None:
    path = tmp_path / "desk.sock"
    with (
        serving(path),
        desk_client.connect(path) as desk,
        pytest.raises(OperatorError, match=r"There is no such purpose\.") as caught,
    ):
        desk.lookup([DOCUMENT], DeskLookup(purpose="FUN"), 5)
    assert caught.value.code == "INVALID_REQUEST"


def test_a_fault_of_the_node_does_not_tell_what_it_was_about(tmp_path: Path) -> None:
    path = tmp_path / "desk.sock"
    with serving(path), desk_client.connect(path) as desk, pytest.raises(NodeDown) as caught:
        desk.lookup([DOCUMENT], DeskLookup(), 5)
    assert caught.value.code == "DESK_FAULT"
    assert "N7654321" not in caught.value.message


def test_fewer_results_than_documents_are_a_fault_not_the_answers_of_others(tmp_path: Path) -> None:
    path = tmp_path / "desk.sock"
    with serving(path), desk_client.connect(path) as desk, pytest.raises(NodeDown) as caught:
        desk.lookup([DOCUMENT], DeskLookup(peer="few"), 5)
    assert caught.value.code == "DESK_FAULT"


def test_a_change_goes_out_and_its_report_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "desk.sock"
    with serving(path), desk_client.connect(path) as desk:
        report = desk.put_records([RecordChange("reported", "add", "police", {"reference": "R1"})])
    assert report == {"police": "R1"}


def test_what_the_operator_must_mend_comes_with_the_nodes_own_code_and_sentence(tmp_path: Path) -> None:
    path = tmp_path / "desk.sock"
    change = RecordChange("reported", "add", "police", {"document_number": "full"})
    with serving(path), desk_client.connect(path) as desk, pytest.raises(OperatorError) as caught:
        desk.put_records([change])
    assert (caught.value.code, caught.value.message) == ("STORE_FULL", "There is no room: free some.")
