"""What the package issues, in gRPC's own TLS stack on loopback: the right pairs meet, all others do not.

The stack is the first of two gates; `certs.verify` is the second. Here stands what the first one does by itself.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from certs.certificates import decode_pem, encode_pem
from certs.errors import WrongPurpose
from certs.identity import CaName, NodeName
from certs.keys import encode_private
from certs.profiles import Role
from certs.roots import bundle
from certs.verify import verify_leaf
from tests.certs.forge import Economy, forge, forge_ca, new_key

# The TLS stack reads the machine's clock, so these certificates are of today.
NOW = datetime.now(UTC).replace(microsecond=0)
START = NOW - timedelta(hours=1)
END = NOW + timedelta(days=1)
NZL = Economy(CaName("lab", "NZL"), now=NOW)
AUS = Economy(CaName("lab", "AUS"), now=NOW)
USA = Economy(CaName("lab", "USA"), now=NOW)

Pair = tuple[ec.EllipticCurvePrivateKey, x509.Certificate]


def pair(economy: Economy) -> Pair:
    key = new_key()
    return key, economy.leaf(Role.TLS, key)


class Echo(grpc.GenericRpcHandler):
    """Answers every method with the caller's certificate, as gRPC hands it to a servicer."""

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:  # noqa: ARG002
        def peer(_request: bytes, context: grpc.ServicerContext) -> bytes:
            return bytes(context.auth_context()["x509_pem_cert"][0])

        return grpc.unary_unary_rpc_method_handler(peer)


@contextmanager
def serving(own: Pair, *callers: x509.Certificate) -> Iterator[int]:
    """A server with this certificate that takes callers under these CAs."""
    key, leaf = own
    credentials = grpc.ssl_server_credentials(
        [(encode_private(key), encode_pem(leaf))], bundle(callers, NOW), require_client_auth=True
    )
    with ThreadPoolExecutor(2) as threads:
        server = grpc.server(threads, handlers=[Echo()])
        port = server.add_secure_port("127.0.0.1:0", credentials)
        server.start()
        try:
            yield port
        finally:
            server.stop(None).wait()


class Refused(Exception):
    """The two did not meet: TLS gave up on one side or the other."""


def call(port: int, own: Pair | None, asked: NodeName, *trusted: x509.Certificate) -> x509.Certificate:
    """Ask the server for our certificate as it sees it; raise Refused when the two do not meet."""
    key, chain = (None, None) if own is None else (encode_private(own[0]), encode_pem(own[1]))
    credentials = grpc.ssl_channel_credentials(bundle(trusted, NOW), key, chain)
    options = [("grpc.ssl_target_name_override", asked.dns), ("grpc.enable_http_proxy", 0)]
    with grpc.secure_channel(f"127.0.0.1:{port}", credentials, options) as channel:
        method: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary("/any/Method")
        answer = method.future(b"", timeout=10)
        if answer.code() is grpc.StatusCode.UNAVAILABLE:
            raise Refused
        return decode_pem(answer.result())


@pytest.mark.parametrize(("here", "there"), [(NZL, AUS), (AUS, NZL)], ids=["NZL asks AUS", "AUS asks NZL"])
def test_two_economies_meet_and_the_server_learns_who_calls(here: Economy, there: Economy) -> None:
    caller = pair(here)
    with serving(pair(there), NZL.ca, AUS.ca) as port:
        seen = call(port, caller, there.node(), there.ca)
    assert seen == caller[1]
    assert verify_leaf(seen, [here.ca], Role.TLS, "lab", NOW).name == here.node()


def test_a_server_of_another_economy_is_refused_by_the_caller() -> None:
    """ATTACKS C02 C07, at the caller: another CA, or the right CA and another name than asked for."""
    with serving(pair(AUS), NZL.ca) as port:
        for asked, trusted in ((AUS.node(), USA.ca), (AUS.node("node2"), AUS.ca), (USA.node(), AUS.ca)):
            with pytest.raises(Refused):
                call(port, pair(NZL), asked, trusted)
        call(port, pair(NZL), AUS.node(), AUS.ca)


def signed(**changes: object) -> Pair:
    """A leaf under NZL's CA, wrong in what `changes` says."""
    key = new_key()
    return key, forge(NZL.key, NZL.ca.subject, key=key, **changes)  # type: ignore[arg-type]


def below_a_leaf() -> Pair:
    middle_key, middle = pair(NZL)
    key = new_key()
    return key, forge(middle_key, middle.subject, key=key, start=START, end=END)


CALLERS: list[tuple[str, Callable[[], Pair | None]]] = [
    ("C01 no certificate", lambda: None),
    ("C02 another CA", lambda: pair(USA)),
    ("C03 a CA of the same name", lambda: pair(Economy(CaName("lab", "NZL"), now=NOW))),
    ("C04 expired", lambda: signed(start=NOW - timedelta(days=2), end=NOW - timedelta(minutes=1))),
    ("C05 not yet valid", lambda: signed(start=NOW + timedelta(hours=1), end=END)),
    ("C06 signed by a leaf", below_a_leaf),
    ("C07 a name of another economy", lambda: signed(name=NodeName("lab", "AUS", "node1"), start=START, end=END)),
]


@pytest.mark.parametrize("make", [row[1] for row in CALLERS], ids=[row[0] for row in CALLERS])
def test_a_caller_without_a_current_leaf_of_a_member_is_refused(make: Callable[[], Pair | None]) -> None:
    """ATTACKS C01 C02 C03 C04 C05 C06 C07, at the server."""
    with serving(pair(AUS), NZL.ca, AUS.ca) as port:
        with pytest.raises(Refused):
            call(port, make(), AUS.node(), AUS.ca)
        call(port, pair(NZL), AUS.node(), AUS.ca)


def test_a_caller_with_a_message_leaf_is_refused() -> None:
    """ATTACKS A10: the extended usage of our own is none that TLS knows."""
    key = new_key()
    with serving(pair(AUS), NZL.ca) as port, pytest.raises(Refused):
        call(port, (key, NZL.leaf(Role.MESSAGE, key)), AUS.node(), AUS.ca)


def test_a_caller_without_extended_usage_passes_tls_and_is_refused_after_it() -> None:
    """ATTACKS C08: this one only the second gate refuses, so it must stand behind every call."""
    key, leaf = signed(start=START, end=END, without=[x509.ExtendedKeyUsage])
    with serving(pair(AUS), NZL.ca) as port:
        seen = call(port, (key, leaf), AUS.node(), AUS.ca)
    with pytest.raises(WrongPurpose):
        verify_leaf(seen, [NZL.ca], Role.TLS, "lab", NOW)


@pytest.mark.parametrize("reverse", [False, True])
def test_two_cas_of_one_economy_are_both_found_in_either_order(reverse: bool) -> None:
    """ATTACKS C11: a CA rolled over, an expired certificate of a CA key, and a foreign CA, at both ends."""
    successor = Economy(CaName("lab", "NZL"), now=NOW)
    expired = forge_ca(NZL.key, start=NOW - timedelta(days=9), end=NOW - timedelta(days=1))
    cas = [expired, NZL.ca, USA.ca, successor.ca]
    cas = cas[::-1] if reverse else cas
    with serving(pair(AUS), *cas) as port:
        for economy in (NZL, successor):
            call(port, pair(economy), AUS.node(), AUS.ca)
    for economy in (NZL, successor):
        with serving(pair(economy), AUS.ca) as port:
            call(port, pair(AUS), NZL.node(), *cas)
