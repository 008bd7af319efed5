"""A running server shows another certificate and lets in other members, without an open connection noticing."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import grpc
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from certs.authority import create_ca, issue
from certs.csr import CertificateRequest
from certs.identity import CaName, NodeName
from certs.keys import encode_private, fingerprint
from certs.profiles import Role
from federation.admission import Call
from federation.lookup import LOOKUP_METHOD
from federation.service import ServerIdentity, ServerKeys, build_server
from tests.certs.forge import new_key

NOW = datetime.now(UTC) - timedelta(hours=1)


class Ca:
    """One economy's CA, and leaves of it."""

    def __init__(self, economy: str) -> None:
        self.economy = economy
        self._key = new_key()
        self.certificate = create_ca(CaName("lab", economy), self._key, 1, NOW)
        self.pem = self.certificate.public_bytes(Encoding.PEM)

    def leaf(self, serial: int) -> tuple[bytes, bytes, bytes]:
        """Key and certificate in PEM, and the certificate's SHA-256."""
        key = new_key()
        request = CertificateRequest(NodeName("lab", self.economy, "node1"), Role.TLS, key.public_key())
        certificate = issue(self.certificate, self._key, request, serial, NOW, 30)
        return encode_private(key), certificate.public_bytes(Encoding.PEM), fingerprint(certificate)


class Echo:
    """Answers with the question."""

    def open_session(self, call: Call, data: bytes) -> bytes:
        del call
        return data

    def lookup(self, call: Call, data: bytes) -> bytes:
        del call
        return data

    def fetch_trust(self, call: Call, data: bytes) -> bytes:
        del call
        return data


class Running:
    """A server of AUS whose identity can be replaced, and its port."""

    def __init__(self) -> None:
        self.ca = Ca("AUS")
        self.first, self.second = self.ca.leaf(2), self.ca.leaf(3)
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"


@pytest.fixture
def running() -> Iterator[tuple[Running, ServerIdentity, Ca]]:
    at, nzl = Running(), Ca("NZL")
    identity = ServerIdentity(ServerKeys(at.first[0], at.first[1], nzl.pem))
    server = build_server(Echo(), identity, [at.address], 2, lambda _: None)
    server.start()
    yield at, identity, nzl
    server.stop(None).wait(5)


def channel(at: Running, ca: Ca) -> grpc.Channel:
    key, chain, _ = ca.leaf(9)
    credentials = grpc.ssl_channel_credentials(at.ca.pem, key, chain)
    options = (("grpc.ssl_target_name_override", "node1.aus.lab"), ("grpc.use_local_subchannel_pool", 1))
    return grpc.secure_channel(at.address, credentials, options=options)


def echoed(over: grpc.Channel) -> bytes:
    call: Callable[..., bytes] = over.unary_unary(LOOKUP_METHOD)
    return call(b"asked", timeout=10)


def shown(at: Running, ca: Ca, tmp_path: Path) -> bytes:
    """The SHA-256 of the certificate that a new connection is shown."""
    key, chain, _ = ca.leaf(9)
    held = tmp_path / "caller.pem"
    held.write_bytes(key + chain)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(cadata=at.ca.pem.decode())
    context.load_cert_chain(held)
    context.set_alpn_protocols(["h2"])
    with socket.create_connection(("127.0.0.1", at.port), 10) as plain, context.wrap_socket(plain) as line:
        der = line.getpeercert(binary_form=True)
    assert der is not None
    return sha256(der).digest()


def test_new_connections_are_shown_the_new_certificate_and_open_ones_go_on(
    running: tuple[Running, ServerIdentity, Ca], tmp_path: Path
) -> None:
    at, identity, nzl = running
    with channel(at, nzl) as held:
        assert echoed(held) == b"asked"
        assert shown(at, nzl, tmp_path) == at.first[2]
        identity.replace(ServerKeys(at.second[0], at.second[1], nzl.pem))
        assert shown(at, nzl, tmp_path) == at.second[2]
        assert echoed(held) == b"asked"


def test_a_member_that_joins_is_let_in_from_then_on(running: tuple[Running, ServerIdentity, Ca]) -> None:
    at, identity, nzl = running
    fji = Ca("FJI")
    with channel(at, fji) as early, pytest.raises(grpc.RpcError) as refused:
        echoed(early)
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
    identity.replace(ServerKeys(at.first[0], at.first[1], nzl.pem + fji.pem))
    with channel(at, fji) as later:
        assert echoed(later) == b"asked"


def test_a_member_that_leaves_makes_no_new_connection(running: tuple[Running, ServerIdentity, Ca]) -> None:
    at, identity, nzl = running
    identity.replace(ServerKeys(at.first[0], at.first[1], Ca("FJI").pem))
    with channel(at, nzl) as late, pytest.raises(grpc.RpcError) as refused:
        echoed(late)
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
