"""What stands where a peer's port should be is not the peer: it hears no question, and nothing it says is believed."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from certs.identity import CaName, NodeName
from certs.profiles import Role
from federation.verdict import Reason, Verdict
from tests.asking_node import ask_at
from tests.certs.forge import Economy, new_key
from tests.false_port import FalsePort
from tests.foreign_node import TLS_1_2, Credentials, ForeignNode, tls_context
from tests.hostile_callers import NOW, Cas
from tests.running import LabRun

AUS = NodeName("lab", "AUS", "node1")


def stranger(**_: Any) -> Credentials:
    key = new_key()
    return Credentials(key, (Economy(CaName("lab", "AUS"), now=NOW).leaf(Role.TLS, key),))


# What is shown in place of AUS's certificate, given the nodes of the lab.
FALSE: dict[str, Callable[[dict[str, ForeignNode]], ssl.SSLContext | None]] = {
    "plain text": lambda nodes: None,
    "a CA of the same name": lambda nodes: shown(stranger()),
    "another member": lambda nodes: shown(nodes["PHL"].credentials()),
    "the caller itself": lambda nodes: shown(nodes["NZL"].credentials()),
    "another node of the member": lambda nodes: shown(under_aus(nodes, name=NodeName("lab", "AUS", "node2"))),
    "expired": lambda nodes: shown(under_aus(nodes, end=NOW - timedelta(minutes=1))),
    "a message leaf": lambda nodes: shown(nodes["AUS"].credentials("message")),
    "TLS 1.2 with another's certificate": lambda nodes: shown(stranger(), versions=TLS_1_2),
    "HTTP/1 alone": lambda nodes: shown(nodes["AUS"].credentials(), protocols=("http/1.1",)),
}


def shown(credentials: Credentials, **choices: Any) -> ssl.SSLContext:
    return tls_context(credentials, server=True, **choices)


def under_aus(nodes: dict[str, ForeignNode], **changes: Any) -> Credentials:
    return Cas(nodes["AUS"], nodes["PHL"]).leaf(**{"name": AUS, **changes})


@pytest.fixture(scope="module")
def nodes(lab: LabRun) -> dict[str, ForeignNode]:
    return {economy: ForeignNode(lab.path / economy) for economy in ("NZL", "AUS", "PHL")}


@pytest.mark.parametrize("make", FALSE.values(), ids=FALSE)
def test_a_false_port_hears_no_question(
    make: Callable[[dict[str, ForeignNode]], ssl.SSLContext | None],
    lab: LabRun,
    nodes: dict[str, ForeignNode],
    tmp_path: Path,
) -> None:
    """ATTACKS A09, C02, C04, C07: the asker goes no further than the handshake, and the verdict is no answer."""
    with FalsePort(make(nodes)) as port:
        result = ask_at(nodes["NZL"], "AUS", port.number, lab.specimen("AUS", "issued"), tmp_path)
    assert result.judgement.verdict is Verdict.NO_ANSWER
    assert result.judgement.failure is not None
    assert result.judgement.failure.reason is Reason.PEER_UNREACHABLE
    assert port.connections
    assert not port.handshakes


def test_a_port_with_the_stolen_tls_key_is_trusted_for_nothing_it_says(
    lab: LabRun, nodes: dict[str, ForeignNode], tmp_path: Path
) -> None:
    """ATTACKS A09: gRPC's client takes TLS 1.2 from it too; what decides is the message key, which it has not."""
    with FalsePort(shown(nodes["AUS"].credentials(), versions=TLS_1_2)) as port:
        result = ask_at(nodes["NZL"], "AUS", port.number, lab.specimen("AUS", "issued"), tmp_path)
    assert result.judgement.verdict is Verdict.NO_ANSWER
    assert port.handshakes


def test_the_true_port_is_asked_and_believed(lab: LabRun, nodes: dict[str, ForeignNode], tmp_path: Path) -> None:
    address = nodes["NZL"].node.directory.members["AUS"].nodes[0].addresses[0]
    port = int(address.rpartition(":")[2])
    specimen = lab.specimen("AUS", "issued")
    assert ask_at(nodes["NZL"], "AUS", port, specimen, tmp_path).judgement.verdict is Verdict.CLEAR
