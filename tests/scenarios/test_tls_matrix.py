"""Every wrong way into a live peer port: it ends in the handshake, or in a signed refusal, and disturbs nobody."""

from __future__ import annotations

import json
import os
import socket
from time import monotonic

import psutil
import pytest

from federation.documents import Kind
from federation.errors import Refused
from federation.service import OPEN_SESSION_METHOD
from federation.status import RefusalCode
from node import lab as labs
from node import lab_control, lab_process
from tests.foreign_node import Credentials, ForeignNode, Line, question_about
from tests.hostile_callers import HOSTILE, Cas, Hostile
from tests.pair import eventually
from tests.raw_h2 import OK, Closed, connect
from tests.running import LabRun

pytestmark = pytest.mark.slow

HANDSHAKE_SECONDS = 5
MEBIBYTE = 1 << 20
TOLD = "handshake failed"
PLAIN = {
    "HTTP/1": b"GET / HTTP/1.1\r\nHost: node1.aus.lab\r\n\r\n",
    "HTTP/2 in the clear": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000040000000000"),
    "an upgrade to it": b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
    "random octets": os.urandom(2000),
    "a record without end": b"\x16\x03\x01\xff\xff" + bytes(70_000),
    "nothing at all": b"",
}


@pytest.fixture(scope="module")
def cas(lab: LabRun, nzl: ForeignNode) -> Cas:
    return Cas(nzl, ForeignNode(lab.path / "PHL"))


def is_answered(line: Line, lab: LabRun) -> bool:
    (outcome,) = line.ask(question_about(lab.specimen("AUS", "stolen"))).outcomes
    return outcome[Kind.REPORTED]


def refusal_of(nzl: ForeignNode, aus_port: int, row: Hostile, shown: Credentials | None) -> RefusalCode | None:
    """How a hostile caller is refused, signed; None when it hears nothing at all. Fails when it is served."""
    sent = nzl.open_session("AUS")
    choices = {"versions": row.versions, "protocols": row.protocols}
    try:
        with nzl.connect("AUS", aus_port, shown=shown, **choices) as connection:
            reply = connection.call(OPEN_SESSION_METHOD.encode(), sent.data)
    except Closed:
        return None
    if reply.grpc_status != OK:
        return None
    with pytest.raises(Refused) as refused:
        nzl.opened(reply.message, sent, "AUS")
    return refused.value.code


@pytest.mark.parametrize("row", HOSTILE, ids=str)
def test_a_hostile_caller_ends_in_the_handshake_or_hears_a_signed_refusal(
    row: Hostile, lab: LabRun, nzl: ForeignNode, cas: Cas, aus_port: int, line: Line
) -> None:
    """ATTACKS A08 A09 A10 C01 C02 C03 C04 C05 C06 C07 C08 C09 C12."""
    assert refusal_of(nzl, aus_port, row, row.show(cas)) is row.refusal
    assert is_answered(line, lab)


def test_what_does_not_speak_tls_is_cut_off_within_the_time_of_a_handshake(
    lab: LabRun, aus_port: int, line: Line
) -> None:
    """ATTACKS C12."""
    started = monotonic()
    connections = {name: connect(aus_port) for name in PLAIN}
    for name, octets in PLAIN.items():
        connections[name].sendall(octets)
    for name, connection in connections.items():
        connection.settimeout(HANDSHAKE_SECONDS + 2)
        heard = rest(connection)
        # At most TLS's own alert (RFC 8446 6, content type 21), never a frame or a line of HTTP.
        assert heard == b"" or heard[0] == 21, name
    assert monotonic() - started < HANDSHAKE_SECONDS + 2
    assert is_answered(line, lab)


def rest(connection: socket.socket) -> bytes:
    """What comes until the other side ends the connection."""
    heard = b""
    try:
        while octets := connection.recv(4096):
            heard += octets
    except ConnectionResetError:
        pass
    finally:
        connection.close()
    return heard


def test_the_whole_matrix_leaves_a_worker_no_larger(
    lab: LabRun, nzl: ForeignNode, cas: Cas, aus_port: int, line: Line
) -> None:
    """ATTACKS C09: a worker that kept what strangers send would grow by megabytes."""
    made = [(row, row.show(cas)) for row in HOSTILE]
    (aus,) = [one for one in lab_control.status(labs.load(lab.path)) if one["economy"] == "AUS"]
    _supervisor, *workers = [psutil.Process(pid) for pid in aus["pids"]]

    def strangers_come() -> None:
        for row, credentials in made:
            refusal_of(nzl, aus_port, row, credentials)

    strangers_come()
    before = sum(worker.memory_info().rss for worker in workers)
    for _ in range(4):
        strangers_come()
    assert sum(worker.memory_info().rss for worker in workers) - before < 5 * MEBIBYTE
    assert is_answered(line, lab)


def test_the_log_says_in_its_own_form_why_a_handshake_failed(
    lab: LabRun, nzl: ForeignNode, cas: Cas, aus_port: int
) -> None:
    """ATTACKS C01 C02 C04: and what a library warns of meanwhile."""
    for row in HOSTILE:
        if row.attack in ("C01", "C02", "C04") or row.what == "serial number 0":
            refusal_of(nzl, aus_port, row, row.show(cas))

    def causes() -> set[str]:
        text = (lab.path / "AUS" / lab_process.LOG_FILE).read_text()
        return {line.get("cause", "") for line in map(json.loads, text.splitlines()) if line["event"] == TOLD}

    wanted = {"peer did not return a certificate", "unable to get local issuer certificate", "certificate has expired"}
    eventually(lambda: wanted <= causes())
