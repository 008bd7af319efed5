"""The peer port below gRPC's client: paths and bodies as a stranger may spell them."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from types import ModuleType

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from google.protobuf.descriptor import MethodDescriptor

import federation.v1
import node.v1
from certs.signing import verify
from federation import codec
from federation.documents import Kind
from federation.envelope import PayloadType, digest_of
from federation.errors import Refused
from federation.fetching import FETCH_TRUST_METHOD
from federation.lookup import LOOKUP_METHOD, LookupAnswer
from federation.service import OPEN_SESSION_METHOD
from federation.session import OpenSessionAnswer
from federation.status import RefusalCode
from tests.foreign_node import ForeignNode, Line, question_about
from tests.raw_h2 import CANCELLED, INVALID_ARGUMENT, OK, UNIMPLEMENTED, Reply, frame
from tests.running import LabRun

LOOKUP, OPEN_SESSION = LOOKUP_METHOD.encode(), OPEN_SESSION_METHOD.encode()

# How each method answers: a method without a row here is a door that nobody has tried.
ANSWERS: dict[str, tuple[PayloadType, Callable[[bytes], LookupAnswer | OpenSessionAnswer]]] = {
    OPEN_SESSION_METHOD: (PayloadType.OPEN_SESSION_ANSWER, codec.decode_open_session_answer),
    LOOKUP_METHOD: (PayloadType.LOOKUP_ANSWER, codec.decode_lookup_answer),
}
ELSEWHERE = (
    "/grpc.health.v1.Health/Check",
    "/grpc.health.v1.Health/Watch",
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    "/grpc.channelz.v1.Channelz/GetServers",
)


def methods_of(package: ModuleType) -> Iterator[str]:
    """The path of every method that the protocol buffers of a package declare."""
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        declared = getattr(importlib.import_module(module.name), "DESCRIPTOR", None)
        for service in declared.services_by_name.values() if declared is not None else ():
            yield from (path_of(method) for method in service.methods)


def path_of(method: MethodDescriptor) -> str:
    return f"/{method.containing_service.full_name}/{method.name}"


@pytest.mark.parametrize(
    "path",
    [
        LOOKUP[1:],
        b"/" + LOOKUP,
        LOOKUP.replace(b"/Look", b"//Look"),
        LOOKUP + b"/",
        LOOKUP + b"\x00",
        LOOKUP + b" ",
        LOOKUP + b"?",
        LOOKUP + b"#",
        LOOKUP + b";v=1",
        LOOKUP.replace(b"Lookup", b"%4cookup"),
        LOOKUP.replace(b".v1.", b"%2ev1%2e"),
        LOOKUP.replace(b"/Lookup", b"%2FLookup"),
        LOOKUP.upper(),
        LOOKUP.lower(),
        b"/." + LOOKUP,
        b"/x/.." + LOOKUP,
        b"https://node1.aus.lab" + LOOKUP,
        LOOKUP.replace(b"v1", b"v2"),
        LOOKUP.replace(b"Lookup", b"Export"),
        LOOKUP.replace(b"Lookup", b""),
        b"/Lookup",
        b"/",
        b"*",
        b"",
        b"/" + b"a" * 4000,
    ],
    ids=repr,
)
def test_a_path_spelt_otherwise_leads_nowhere(path: bytes, lab: LabRun, nzl: ForeignNode, line: Line) -> None:
    """ATTACKS A05: the body is a lookup that would be answered, and still is when it comes by the right path."""
    sent = nzl.lookup(line.session, question_about(lab.specimen("AUS", "stolen")))
    reply = line.connection.receive(line.connection.send(path, frame(sent.data)))
    assert reply.grpc_status == (UNIMPLEMENTED if path else CANCELLED)
    assert reply.body == b""
    assert line.put(sent).outcomes[0][Kind.REPORTED]


@pytest.mark.parametrize("method", [b"GET", b"PUT", b"CONNECT"])
def test_another_method_of_http_leads_nowhere(method: bytes, lab: LabRun, nzl: ForeignNode, line: Line) -> None:
    """ATTACKS A05."""
    sent = nzl.lookup(line.session, question_about(lab.specimen("AUS", "stolen")))
    reply = line.connection.receive(line.connection.send(LOOKUP, frame(sent.data), {b":method": method}))
    assert reply.grpc_status != OK
    assert reply.body == b""
    assert line.put(sent).outcomes[0][Kind.REPORTED]


def test_a_body_for_the_other_method_is_refused_and_not_acted_on(lab: LabRun, nzl: ForeignNode, line: Line) -> None:
    """ATTACKS A05 A06."""
    lookup = nzl.lookup(line.session, question_about(lab.specimen("AUS", "stolen")))
    opening = nzl.open_session("AUS")
    with pytest.raises(Refused) as refused:
        nzl.opened(line.connection.call(OPEN_SESSION, lookup.data).message, lookup, "AUS")
    assert refused.value.code is RefusalCode.MALFORMED
    with pytest.raises(Refused) as refused:
        nzl.answer(line.connection.call(LOOKUP, opening.data).message, opening, line.session)
    assert refused.value.code is RefusalCode.METHOD
    assert line.put(lookup).outcomes[0][Kind.REPORTED]


def test_every_method_that_is_declared_is_tried_here() -> None:
    """ATTACKS A02."""
    assert set(methods_of(federation.v1)) == {*ANSWERS, FETCH_TRUST_METHOD}


@pytest.mark.parametrize("path", ANSWERS)
def test_every_method_refuses_garbage_and_signs_that(path: str, lab: LabRun, nzl: ForeignNode, line: Line) -> None:
    """ATTACKS A02."""
    right = nzl.lookup(line.session, question_about(lab.specimen("AUS", "stolen"))).data
    for what, message in garbage(right).items():
        assert refusal(path, lab, line.connection.call(path.encode(), message)) is RefusalCode.MALFORMED, what
    assert line.put(nzl.lookup(line.session, question_about(lab.specimen("AUS", "stolen")))).outcomes


def test_the_method_without_signatures_refuses_garbage_without_detail(
    lab: LabRun, nzl: ForeignNode, line: Line
) -> None:
    """ATTACKS A02."""
    right = nzl.lookup(line.session, question_about(lab.specimen("AUS", "stolen"))).data
    for what, message in garbage(right).items():
        reply = line.connection.call(FETCH_TRUST_METHOD.encode(), message)
        assert (reply.grpc_status, reply.body) == (INVALID_ARGUMENT, b""), what
        assert not reply.headers.get(b"grpc-message"), what


def garbage(right: bytes) -> dict[str, bytes]:
    """What no method takes, by what it is; ``right`` is what one of them does."""
    return {
        "nothing": b"",
        "zeros": bytes(1000),
        "half of a request": right[: len(right) // 2],
        "text": b"GET / HTTP/1.1\r\n\r\n",
        "a length without octets": b"\x0a\xff\xff\xff\x7f",
        "groups": b"\x0b" * 2000,
        "an empty envelope": b"\x0a\x00",
        "the largest message": b"\xff" * codec.MAX_MESSAGE_OCTETS,
    }


def refusal(path: str, lab: LabRun, reply: Reply) -> RefusalCode:
    """The code in an answer that AUS signed; raises BadSignature for any other."""
    assert reply.grpc_status == OK, reply.headers
    expected, decode = ANSWERS[path]
    certificate = x509.load_pem_x509_certificate((lab.path / "AUS/certs/message.pem").read_bytes())
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    envelope = codec.decode_response(reply.message)
    verify(key, envelope.signature, digest_of(expected, envelope.payload))
    return RefusalCode(decode(envelope.payload).refusal)


@pytest.mark.parametrize("path", [*methods_of(node.v1), *ELSEWHERE])
def test_what_is_not_for_peers_is_not_on_their_port(path: str, line: Line) -> None:
    """ATTACKS A02: the desk, health and what else gRPC can serve."""
    reply = line.connection.call(path.encode(), b"")
    assert (reply.grpc_status, reply.body) == (UNIMPLEMENTED, b"")
