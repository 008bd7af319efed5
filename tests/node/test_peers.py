"""Who is asked follows the directory: members come, go and move, and nobody else's connection notices."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from federation.directory import Directory, Member
from federation.lookup import Question
from federation.status import Purpose
from node.peers import Peers
from node.putting import Answered
from node.responders import Peer
from tests.world import World


class Client:
    """A client that says what was done with it."""

    def __init__(self, economy: str) -> None:
        self.economy = economy
        self.did: list[str] = []

    def start(self) -> None:
        self.did.append("started")

    async def close(self, grace: float = 0.0) -> None:
        self.did.append("drained" if grace else "closed")


class Built(Peer):
    """A peer with one such client."""

    def __init__(self, member: Member) -> None:
        self.economy = member.economy
        self.client = Client(member.economy)
        self.clients = (self.client,) if member.nodes else ()  # type: ignore[assignment]


class Own:
    """This economy's own lists."""

    async def put(
        self, questions: Sequence[Question], purpose: Purpose, deadline: float, officer: bytes
    ) -> Sequence[Answered]:
        del questions, purpose, deadline, officer
        raise AssertionError("nobody asks here")


@pytest.fixture
def directory(world: World) -> Directory:
    return world.directory


def without(directory: Directory, economy: str) -> Directory:
    return replace(directory, members={code: one for code, one in directory.members.items() if code != economy})


def moved(directory: Directory, economy: str) -> Directory:
    member = directory.members[economy]
    nodes = tuple(replace(node, addresses=("198.51.100.9:443",)) for node in member.nodes)
    return replace(directory, members={**directory.members, economy: replace(member, nodes=nodes)})


def run(directory: Directory, *later: Directory) -> tuple[Peers, list[Built]]:
    built: list[Built] = []

    def build(member: Member) -> Built:
        built.append(Built(member))
        return built[-1]

    async def steps() -> Peers:
        peers = Peers("NZL", Own(), build)
        for one in (directory, *later):
            peers.take_up(one)
            await asyncio.sleep(0)
        return peers

    return asyncio.run(steps()), built


def test_every_member_but_ourselves_is_a_peer(directory: Directory) -> None:
    peers, built = run(directory)
    assert {peer.economy for peer in peers} == {"AUS", "USA"}
    assert set(peers.responders) == {"NZL", "AUS", "USA"}
    assert [one.client.did for one in built] == [["started"], ["started"]]


def test_the_same_directory_again_changes_nothing(directory: Directory) -> None:
    _, built = run(directory, directory)
    assert [one.client.did for one in built] == [["started"], ["started"]]


def test_a_member_that_leaves_is_asked_no_more_and_its_connections_drain(directory: Directory) -> None:
    peers, built = run(directory, without(directory, "AUS"))
    assert set(peers.responders) == {"NZL", "USA"}
    assert {one.economy: one.client.did for one in built} == {"AUS": ["started", "drained"], "USA": ["started"]}


def test_a_member_that_comes_is_asked_from_then_on(directory: Directory) -> None:
    peers, _ = run(without(directory, "AUS"), directory)
    assert set(peers.responders) == {"NZL", "AUS", "USA"}


def test_a_member_that_moves_gets_new_connections_and_nobody_else_does(directory: Directory) -> None:
    peers, built = run(directory, moved(directory, "AUS"))
    assert [(one.economy, one.client.did) for one in built] == [
        ("AUS", ["started", "drained"]),
        ("USA", ["started"]),
        ("AUS", ["started"]),
    ]
    assert peers.responders["AUS"] is built[2]


def test_a_member_without_nodes_is_a_peer_that_cannot_be_asked(directory: Directory) -> None:
    empty = replace(directory.members["AUS"], nodes=())
    peers, _ = run(replace(directory, members={**directory.members, "AUS": empty}))
    assert {peer.economy for peer in peers} == {"AUS", "USA"}
    assert set(peers.responders) == {"NZL", "USA"}
