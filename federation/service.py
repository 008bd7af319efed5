"""The gRPC edge of the answering side: raw bytes in, raw bytes out (docs/spec/8-transport.md).

Generic handlers without (de)serialisers keep the very bytes that were signed. What happens inside is the answerer's;
this module only knows where the caller's certificate is, and that an unexpected error must not become an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent import futures
from dataclasses import dataclass
from typing import Final, Protocol

import grpc

from federation.admission import Call
from federation.codec import MAX_MESSAGE_OCTETS
from federation.errors import Refused
from federation.fetching import FETCH_TRUST_METHOD
from federation.lookup import LOOKUP_METHOD
from federation.status import RefusalCode

OPEN_SESSION_METHOD = "/federation.v1.PeerService/OpenSession"

# An hour, then half a minute to finish: the backstop that bounds how long any connection outlives what was true when
# it was made. Keepalive and handshake limits: the defaults let dead and idle sockets stay for ever.
SERVER_OPTIONS: tuple[tuple[str, int], ...] = (
    ("grpc.so_reuseport", 1),
    ("grpc.max_receive_message_length", MAX_MESSAGE_OCTETS),
    ("grpc.max_send_message_length", MAX_MESSAGE_OCTETS),
    ("grpc.max_metadata_size", 8 * 1024),
    ("grpc.absolute_max_metadata_size", 16 * 1024),
    ("grpc.max_concurrent_streams", 64),
    ("grpc.max_connection_age_ms", 3_600_000),
    ("grpc.max_connection_age_grace_ms", 30_000),
    ("grpc.server_handshake_timeout_ms", 5_000),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
    ("grpc.http2.max_ping_strikes", 2),
    ("grpc.default_compression_algorithm", 0),
    ("grpc.enable_retries", 0),
)


# What a refusal of the one method without signatures is on the wire; whatever is not here: PERMISSION_DENIED.
FETCH_STATUS: Final[Mapping[RefusalCode, grpc.StatusCode]] = {
    RefusalCode.MALFORMED: grpc.StatusCode.INVALID_ARGUMENT,
    RefusalCode.NO_DATA: grpc.StatusCode.UNIMPLEMENTED,
    RefusalCode.OVERLOADED: grpc.StatusCode.RESOURCE_EXHAUSTED,
    RefusalCode.RATE: grpc.StatusCode.RESOURCE_EXHAUSTED,
}


class Answerer(Protocol):
    """Answers calls; a refusal is a sealed answer but where said, and nothing but a fault of this node raises."""

    def open_session(self, call: Call, data: bytes) -> bytes:
        """The bytes of an OpenSessionResponse to the bytes of an OpenSessionRequest."""

    def lookup(self, call: Call, data: bytes) -> bytes:
        """The bytes of a LookupResponse to the bytes of a LookupRequest."""

    def fetch_trust(self, call: Call, data: bytes) -> bytes:
        """The bytes of a FetchTrustResponse to the bytes of a FetchTrustRequest. Raises Refused."""


@dataclass(frozen=True, slots=True)
class ServerKeys:
    """The TLS half of a node: PEM of the key, of its chain, and of every member's CAs."""

    private_key: bytes
    chain: bytes
    member_cas: bytes


class ServerIdentity:
    """The TLS half that a running server presents and lets in, which can be exchanged for new connections.

    Connections already open keep what they were made with: whoever calls over one is checked again at each call.
    """

    def __init__(self, keys: ServerKeys) -> None:
        self._current = _configuration(keys)

    def replace(self, keys: ServerKeys) -> None:
        """From the next handshake on."""
        self._current = _configuration(keys)

    def credentials(self) -> grpc.ServerCredentials:
        """Credentials for one port, which looks here at each handshake. Client certificates are required."""
        served = self._current

        def fetch() -> grpc.ServerCertificateConfiguration | None:
            # On gRPC's own threads, within a handshake: nothing but handing over what was made before.
            nonlocal served
            if served is self._current:
                return None
            served = self._current
            return served

        # None says that nothing changed, though the type stubs do not know it.
        return grpc.dynamic_ssl_server_credentials(
            served,
            fetch,  # type: ignore[arg-type]
            require_client_authentication=True,
        )


def _configuration(keys: ServerKeys) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration([(keys.private_key, keys.chain)], keys.member_cas)


def _call(
    context: grpc.ServicerContext,
    connection: str = "",
    when_gone: Callable[[Callable[[], None]], bool] | None = None,
) -> Call:
    auth = context.auth_context()
    leaf = bytes(auth.get("x509_pem_cert", (b"",))[0])
    version = bytes(auth.get("ssl_tls_version", (b"",))[0]).decode("ascii", "replace")
    return Call(leaf, version, connection, when_gone)


def _no_status(error: Exception) -> None:
    del error


def _status_of(error: Exception) -> grpc.StatusCode | None:
    if not isinstance(error, Refused):
        return None
    return FETCH_STATUS.get(error.code, grpc.StatusCode.PERMISSION_DENIED)


class PeerHandler(grpc.GenericRpcHandler):
    """Routes exactly three method paths; every other path, however spelt, is UNIMPLEMENTED by gRPC itself (A05)."""

    def __init__(self, answerer: Answerer, on_fault: Callable[[BaseException], None]) -> None:
        self._methods = {
            OPEN_SESSION_METHOD: self._unary(answerer.open_session, lambda context: _call(context, context.peer())),
            LOOKUP_METHOD: self._unary(answerer.lookup, _call),
            FETCH_TRUST_METHOD: self._unary(
                answerer.fetch_trust, lambda context: _call(context, when_gone=context.add_callback), _status_of
            ),
        }
        self._on_fault = on_fault

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[bytes, bytes] | None:
        """The handler of a method path, or None."""
        return self._methods.get(handler_call_details.method)

    def _unary(
        self,
        answer: Callable[[Call, bytes], bytes],
        call: Callable[[grpc.ServicerContext], Call],
        refused: Callable[[Exception], grpc.StatusCode | None] = _no_status,
    ) -> grpc.RpcMethodHandler[bytes, bytes]:
        """``refused`` gives the status of an error that is no fault; a method that seals its refusals raises none."""

        def handle(data: bytes, context: grpc.ServicerContext) -> bytes:
            try:
                return answer(call(context), data)
            except Exception as error:  # the edge of a call: no detail may reach the peer (G14)
                status = refused(error)
                if status is None:
                    self._on_fault(error)
                    context.abort(grpc.StatusCode.INTERNAL, "internal error")
                else:
                    context.abort(status, "")
                raise AssertionError("unreachable: abort raises") from error

        return grpc.unary_unary_rpc_method_handler(handle)


def build_server(
    answerer: Answerer,
    identity: ServerIdentity,
    addresses: Sequence[str],
    threads: int,
    on_fault: Callable[[BaseException], None],
    further: Sequence[grpc.GenericRpcHandler] = (),
) -> grpc.Server:
    """A server bound to ``addresses`` with client certificates required; not started.

    More calls than threads can take soon are shed at once (RESOURCE_EXHAUSTED) instead of waiting past their deadline.

    Raises:
        OSError: an address cannot be bound.
    """
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=threads, thread_name_prefix="answer"),
        handlers=[PeerHandler(answerer, on_fault), *further],
        options=SERVER_OPTIONS,
        maximum_concurrent_rpcs=threads * 64,
    )
    for address in addresses:
        try:
            bound = server.add_secure_port(address, identity.credentials())
        except RuntimeError as error:
            raise OSError(f"cannot listen on {address}") from error
        if bound == 0:
            raise OSError(f"cannot listen on {address}")
    return server
